"""Networks written as ONNX take any number of pictures and say what they said in torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")


def test_a_written_network_answers_as_the_trained_one(tmp_path: Path) -> None:
    from aisle.learning.package_net import PackageNet
    from aisle.learning.package_training import export_package
    from aisle.vision.recognisers.packages import SIDE_PX, PackageEmbedding

    torch.manual_seed(1)
    net = PackageNet()
    export_package(net, tmp_path / "package.onnx")
    pictures = np.random.default_rng(2).integers(0, 255, (3, SIDE_PX, SIDE_PX, 3), np.uint8)
    with torch.no_grad():
        wanted = net(torch.from_numpy(pictures)).numpy()
    np.testing.assert_allclose(PackageEmbedding(tmp_path / "package.onnx").of(list(pictures)), wanted, atol=1e-4)

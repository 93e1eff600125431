"""Networks as ONNX files, all written the same way: one input of any number of pictures, one output."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn


def export(net: nn.Module, example: Tensor, path: Path, names: tuple[str, str]) -> None:
    """Write the network as ONNX; `example` (1, ...) shows its input, `names` are those of input and output.

    The number of pictures stays open.  The network is left in the state for use (`eval`), not for training.
    """
    net.eval()
    given, told = names
    with warnings.catch_warnings():  # the older exporter writes fewer nodes, and ONNX Runtime runs them faster
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            net,
            (example,),
            str(path),
            input_names=[given],
            output_names=[told],
            dynamic_axes={given: {0: "n"}, told: {0: "n"}},
            dynamo=False,
        )

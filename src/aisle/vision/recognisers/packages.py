"""The project's own embedding of packages: small enough for a shop's own computer, shipped with its card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from aisle.vision.detectors.sessions import Engine, expect_input, open_session
from aisle.vision.seen import FloatArray, Image, expect_picture

SIDE_PX = 96
LENGTH = 128
SHIPPED = Path(__file__).parent.parent / "models" / "package.onnx"


class PackageEmbedding:
    """`Embedding` by the network in an ONNX file; ModelFileError when it is missing, damaged or another one."""

    size = LENGTH

    def __init__(self, path: Path = SHIPPED, engine: Engine | None = None) -> None:
        self._session = open_session(path, engine)
        self._name = expect_input(path, self._session, (None, SIDE_PX, SIDE_PX, 3))

    def of(self, crops: Sequence[Image]) -> FloatArray:
        """(n, 128) unit vectors of n crops of any size; each is brought to a square, its sides repeated."""
        for i, crop in enumerate(crops):
            expect_picture(crop, f"crop {i}")
        if not crops:
            return np.zeros((0, LENGTH))
        batch = np.stack([squared(crop, SIDE_PX) for crop in crops])
        return np.asarray(self._session.run(None, {self._name: batch})[0], np.float64)


def squared(crop: Image, side_px: int) -> Image:
    """The crop scaled to fit a square, its border repeated where it does not fill it."""
    height, width = crop.shape[:2]
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    left, top = (side_px - size[0]) // 2, (side_px - size[1]) // 2
    return np.asarray(
        cv2.copyMakeBorder(small, top, side_px - size[1] - top, left, side_px - size[0] - left, cv2.BORDER_REPLICATE),
        np.uint8,
    )

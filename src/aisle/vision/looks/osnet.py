"""Tells people apart with OSNet (K. Zhou et al., "Omni-scale feature learning for person re-identification", 2019).

The published weights were trained on data that is for research only; a shop needs weights of its own, or
`colours.ColourStripes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from aisle.vision.detectors.sessions import Engine, ModelFileError, expect_input, open_session
from aisle.vision.looks.appearance import Mask, checked
from aisle.vision.seen import FloatArray, Image

SIZE_PX = (128, 256)  # width, height
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)  # red, green, blue, of the ImageNet pictures
SPREAD = np.array([0.229, 0.224, 0.225], dtype=np.float32)
AT_ONCE = 16


class OsNet:
    """`Looks` by a network of that family; ModelFileError when the file is another network."""

    same = 0.72
    slope = 25.0

    def __init__(self, model: Path, engine: Engine | None = None) -> None:
        self._session = open_session(model, engine)
        self._input = expect_input(model, self._session, (None, 3, SIZE_PX[1], SIZE_PX[0]))
        told = self._session.get_outputs()[0].shape
        if len(told) != 2 or not isinstance(told[1], int):
            raise ModelFileError(f"{model}: it tells {told}; a network for looks tells [n, d]")
        self._size = int(told[1])

    @property
    def size(self) -> int:
        return self._size

    def of(self, crops: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> FloatArray:
        """See `Looks`; masks are checked but not used, the network was trained on whole boxes."""
        checked(crops, masks)
        out = np.zeros((len(crops), self.size))
        for start in range(0, len(crops), AT_ONCE):
            some = crops[start : start + AT_ONCE]
            batch = np.stack([_prepared(crop) for crop in some])
            told = np.asarray(self._session.run(None, {self._input: batch})[0], dtype=np.float64)
            out[start : start + len(some)] = told / np.maximum(np.linalg.norm(told, axis=1, keepdims=True), 1e-12)
        return out


def _prepared(crop: Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    sized = cv2.resize(crop, SIZE_PX, interpolation=cv2.INTER_LINEAR)
    rgb = sized[..., ::-1].astype(np.float32) / np.float32(255.0)
    return np.ascontiguousarray(((rgb - MEAN) / SPREAD).transpose(2, 0, 1))

"""The speed of the way from the scan camera to the screen, over the first few pictures of a trip."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from aisle.bench.cart_speed import REACH_FPS, REACH_MS, judge_speed
from aisle.store.model import FloatArray
from aisle.vision.seen import Image

MOST = 30


class CoarseColours:
    """A picture shrunk to four by four: as an embedding small enough that a gallery is learnt at once."""

    size = 48

    def of(self, crops: Sequence[Image]) -> FloatArray:
        small = [cv2.resize(crop, (4, 4), interpolation=cv2.INTER_AREA).astype(np.float64) for crop in crops]
        vectors = np.array([picture.ravel() - picture.mean() for picture in small]) + 1e-3
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def test_rows_of_a_few_pictures() -> None:
    heard: list[float] = []
    slow, fast = judge_speed(CoarseColours(), "coarse colours", MOST, heard.append)
    assert (slow.reach, slow.side, slow.unit) == (REACH_MS, "most", "ms")
    assert (fast.reach, fast.unit) == (REACH_FPS, "1/s")
    assert slow.on == fast.on and f"{MOST} pictures" in slow.on and "coarse colours" in slow.on
    assert slow.value is not None and fast.value is not None
    assert slow.value > 0.0 and fast.value > 0.0
    assert (slow.ok, fast.ok) == (slow.value <= REACH_MS, fast.value >= REACH_FPS)
    assert (len(heard), heard[-1]) == (MOST, 1.0)

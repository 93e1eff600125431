"""How much a picture differs from the empty shop, pixel by pixel: what tells a person from a shelf of bottles."""

from __future__ import annotations

import cv2
import numpy as np

from aisle.vision.seen import Bytes


def difference(picture: Bytes, background: Bytes) -> Bytes:
    """(h, w) bytes: twice the largest difference of the three colours, 255 at most; both pictures (h, w, 3)."""
    apart = cv2.absdiff(picture, background)
    most = cv2.max(cv2.max(apart[..., 0], apart[..., 1]), apart[..., 2])
    return np.asarray(cv2.add(most, most), np.uint8)

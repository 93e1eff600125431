"""JPEG pictures as cameras and recordings hand them over: decoded if they are pictures, and of a size shops have.

A few hundred bytes can claim to be a picture of four gigapixels.  So the size is read from the header first; nothing is
decoded that no camera of a shop can have taken.
"""

from __future__ import annotations

import cv2
import numpy as np

from aisle.sensing.readings import Image
from aisle.store.model import LARGEST_PICTURE_PX

_START = b"\xff\xd8"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15; the three between say other things
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a segment
_SCAN, _END = 0xDA, 0xD9


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as the frame header says (ITU-T T.81, B.2.2); None when there is none."""
    if not data.startswith(_START):
        return None
    at = len(_START)
    while (at := data.find(b"\xff", at)) >= 0:
        while at < len(data) and data[at] == 0xFF:
            at += 1
        marker = data[at] if at < len(data) else _END
        at += 1
        if marker == 0 or marker in _BARE:
            continue
        if marker in (_SCAN, _END) or at + 2 > len(data):
            return None
        if marker in _FRAMES:
            header = data[at : at + 7]
            return (int.from_bytes(header[5:7]), int.from_bytes(header[3:5])) if len(header) == 7 else None
        at += max(2, int.from_bytes(data[at : at + 2]))
    return None


def decoded_jpeg(data: bytes) -> Image | None:
    """The picture; None for what is no JPEG, broken, or of more than LARGEST_PICTURE_PX pixels."""
    size = jpeg_size(data)
    if size is None or not 0 < size[0] * size[1] <= LARGEST_PICTURE_PX:
        return None
    try:
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        return None
    return None if image is None else np.asarray(image, dtype=np.uint8)

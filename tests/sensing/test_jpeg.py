"""JPEG headers are read before pictures are decoded; what claims to be huge is refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from aisle.sensing.jpeg import decoded_jpeg, jpeg_size
from aisle.store.model import LARGEST_PICTURE_PX

PICTURE = np.random.default_rng(1).integers(0, 255, (30, 50, 3), np.uint8)


def written(*options: int) -> bytes:
    return bytes(cv2.imencode(".jpg", PICTURE, list(options))[1])


def claiming(width: int, height: int) -> bytes:
    """The picture with another size in its frame header."""
    data = bytearray(written())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = height.to_bytes(2) + width.to_bytes(2)
    return bytes(data)


PLAIN = written()
PICTURES = {
    "baseline": PLAIN,
    "progressive": written(cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "with restart markers": written(cv2.IMWRITE_JPEG_RST_INTERVAL, 2),
    "a smaller picture's header in a comment": PLAIN[:2]
    + b"\xff\xfe\x00\x0d\xff\xc0\x00\x08\x08\x00\x01\x00\x01\x01\x00"
    + PLAIN[2:],
    "fill bytes before a marker": PLAIN[:2] + b"\xff\xff\xff" + PLAIN[2:],
}


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES.keys())
def test_the_size_is_that_of_the_picture(data: bytes) -> None:
    assert jpeg_size(data) == (50, 30)
    image = decoded_jpeg(data)
    assert image is not None and image.shape == (30, 50, 3)


REFUSED = {
    "nothing": b"",
    "no picture": b"no picture at all",
    "another format": bytes(cv2.imencode(".png", PICTURE)[1]),
    "only a beginning": PLAIN[:40],
    "cut off in the frame header": PLAIN[: PLAIN.index(b"\xff\xc0") + 6],
    "the largest a header can say": claiming(65535, 65535),
    "a little too large": claiming(8001, LARGEST_PICTURE_PX // 8000),
    "no width": claiming(0, 30),
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_picture_of_a_shop_is_not_decoded(data: bytes) -> None:
    assert decoded_jpeg(data) is None

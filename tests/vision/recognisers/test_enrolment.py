"""Folders of pictures as people keep them: turned, broken, huge, in the wrong place; and vectors kept for next time."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.vision.recognisers.colours import ColourEmbedding
from aisle.vision.recognisers.enrolment import EnrolmentError, VectorIndex, enrolled, look_at
from aisle.vision.recognisers.pictures import (
    KEPT_SIDE_PX,
    LARGEST_PX,
    PictureError,
    decoded_picture,
    picture_size,
    pictures_in,
    read_picture,
)


class Counting(ColourEmbedding):
    """Counts the pictures it looked at."""

    def __init__(self) -> None:
        self.looked = 0

    def of(self, crops):  # type: ignore[no-untyped-def]
        self.looked += len(crops)
        return super().of(crops)


def jpeg(colour: tuple[int, int, int], size: tuple[int, int] = (40, 60), suffix: str = ".jpg") -> bytes:
    return cv2.imencode(suffix, np.full((*size, 3), colour, np.uint8))[1].tobytes()


def turned(data: bytes, orientation: int) -> bytes:
    """The JPEG with an EXIF orientation (TIFF tag 0x0112)."""
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def png_of(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    for name, colour in (("apple", (20, 20, 200)), ("lime", (20, 200, 30)), ("deep/plum", (150, 20, 120))):
        (tmp_path / name).mkdir(parents=True)
        for number in range(2):
            (tmp_path / name / f"{number}.jpg").write_bytes(jpeg(colour, (40 + number, 60)))
    return tmp_path


def test_folders_are_products_and_bad_pictures_stop_nothing(shelf: Path) -> None:
    (shelf / "apple" / "empty.jpg").write_bytes(b"")
    (shelf / "apple" / "notes.txt").write_text("not a picture")
    (shelf / "lime" / "photo.HEIC").write_bytes(b"\0" * 20)
    (shelf / "lost.jpg").write_bytes(jpeg((1, 2, 3)))
    found = enrolled(shelf, ColourEmbedding())
    assert found.gallery.gtins == ("apple", "deep/plum", "lime")
    assert [path.name for path in found.files] == ["0.jpg", "1.jpg"] * 3
    said = "\n".join(one.reason for one in found.refused)
    assert [one.path.name for one in found.refused] == ["lost.jpg", "empty.jpg", "photo.HEIC"]
    assert "lies in no product's folder" in said and "an empty file" in said and ".HEIC pictures are not read" in said


@pytest.mark.parametrize(
    ("name", "said"), [("missing", "no such folder"), ("apple", r"found no picture to enrol[^|]*lies in no product")]
)
def test_nothing_to_enrol(shelf: Path, name: str, said: str) -> None:
    with pytest.raises(EnrolmentError, match=said):
        enrolled(shelf / name, ColourEmbedding())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "an empty file"),
        (b"hello, I am text", "not a JPEG, PNG, WebP or BMP"),
        (jpeg((9, 9, 9))[:-300], "broken|not a JPEG"),
        (jpeg((9, 9, 9), (4, 60)), "60 × 4 pixels, must be 8 or more"),
        (png_of(60_000, 60_000), f"must be {LARGEST_PX // 10**6} million at most"),
        (png_of(100, 100), "cannot be decoded"),
    ],
    ids=["empty", "text", "cut off", "too small", "a bomb", "header only"],
)
def test_pictures_that_cannot_be_used(data: bytes, said: str) -> None:
    with pytest.raises(PictureError, match=f"a.jpg: .*({said})"):
        decoded_picture(data, "a.jpg")


@pytest.mark.parametrize(("orientation", "shape"), [(1, (40, 60)), (3, (40, 60)), (6, (60, 40)), (8, (60, 40))])
def test_pictures_stand_upright(orientation: int, shape: tuple[int, int]) -> None:
    assert decoded_picture(turned(jpeg((9, 90, 9)), orientation), "a.jpg").shape[:2] == shape


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp"])
def test_the_size_is_known_before_decoding(suffix: str) -> None:
    assert picture_size(jpeg((9, 90, 9), (40, 60), suffix)) == (60, 40)


def test_a_large_picture_is_made_smaller(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg((9, 90, 9), (900, 2500)))
    assert max(read_picture(tmp_path / "a.jpg").shape) == KEPT_SIDE_PX


@given(st.binary(max_size=80), st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"RIFF0000WEBP", b""]))
def test_any_bytes_are_a_picture_or_refused(data: bytes, start: bytes) -> None:
    with pytest.raises(PictureError, match=r"^x: "):
        decoded_picture(start + data, "x")


def test_vectors_are_kept_by_content(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("index") / "looks.npz"
    first, again = Counting(), Counting()
    index = VectorIndex(path, first)
    vectors = enrolled(shelf, first, index).gallery.vectors
    index.save()
    (shelf / "apple" / "0.jpg").rename(shelf / "apple" / "other.jpg")
    (shelf / "lime" / "1.jpg").write_bytes(jpeg((1, 2, 250)))
    kept = enrolled(shelf, again, VectorIndex(path, again)).gallery.vectors
    assert (first.looked, again.looked) == (6, 1)
    np.testing.assert_array_equal(kept[[1, 0, 2, 3, 4]], vectors[:5])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"\x93NUMPY"], ids=["empty", "broken", "another"])
def test_a_broken_index_is_made_anew(shelf: Path, content: bytes) -> None:
    path = shelf / "looks.npz"
    path.write_bytes(content)
    index = VectorIndex(path, ColourEmbedding())
    looked = look_at(list(pictures_in(shelf)), ColourEmbedding(), index)
    index.save()
    assert len(looked.files) == 6
    counting = Counting()
    assert len(look_at(list(pictures_in(shelf)), counting, VectorIndex(path, counting)).files) == 6
    assert counting.looked == 0


def test_vectors_of_another_embedding_are_not_used(shelf: Path) -> None:
    path = shelf / "looks.npz"
    first, other = Counting(), Counting()
    other.identity = "another"  # type: ignore[misc]
    index = VectorIndex(path, first)
    look_at(list(pictures_in(shelf)), first, index)
    index.save()
    look_at(list(pictures_in(shelf)), other, VectorIndex(path, other))
    assert other.looked == 6

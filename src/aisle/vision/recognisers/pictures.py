"""Pictures in folders as people keep them: turned as their camera says, broken, huge or no pictures at all.

One bad picture never stops the others: it is told in a line of its own (`Refused`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from aisle.sensing.jpeg import jpeg_size
from aisle.vision.seen import Image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
UNREAD_SUFFIXES = frozenset({".heic", ".heif", ".avif", ".tif", ".tiff", ".gif", ".jxl", ".dng", ".raw"})
"""Pictures by their name that are not read; they are refused by name instead of being passed over in silence."""
LARGEST_FILE_BYTES = 100_000_000
LARGEST_PX = 120_000_000
SMALLEST_SIDE_PX = 8
KEPT_SIDE_PX = 1024
"""Larger pictures are made smaller at once; no network looks at more."""


class PictureError(ValueError):
    """A picture that cannot be used; the message names the file, what was found and what would be right."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A picture that was left out, and why."""

    path: Path
    reason: str


def read_picture(path: Path) -> Image:
    """The picture, blue-green-red, upright as its EXIF says, no side above KEPT_SIDE_PX.  Raises PictureError."""
    return decoded_picture(file_content(path), str(path))


def file_content(path: Path) -> bytes:
    """The bytes of a picture file.  Raises PictureError."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE_BYTES:
            most = LARGEST_FILE_BYTES // 10**6
            raise PictureError(f"{path}: a file of {size / 1e6:.0f} MB, must be a picture of at most {most} MB")
        return path.read_bytes()
    except OSError as error:
        raise PictureError(f"{path}: cannot be read ({error.strerror})") from None


def decoded_picture(data: bytes, name: str) -> Image:
    """As `read_picture`, of a file's bytes."""
    if not data:
        raise PictureError(f"{name}: an empty file, must be a picture")
    claimed = picture_size(data)
    if claimed is None:
        raise PictureError(f"{name}: not a JPEG, PNG, WebP or BMP picture, or broken")
    width, height = claimed
    if min(width, height) < SMALLEST_SIDE_PX:
        raise PictureError(f"{name}: {width} × {height} pixels, must be {SMALLEST_SIDE_PX} or more each way")
    if width * height > LARGEST_PX:
        raise PictureError(f"{name}: {width} × {height} pixels, must be {LARGEST_PX // 10**6} million at most")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), _reading(max(width, height)))
    except cv2.error:
        image = None
    if image is None or image.ndim != 3:
        raise PictureError(f"{name}: broken: its {width} × {height} pixels cannot be decoded")
    return _small(np.asarray(image, np.uint8))


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels as the header says, before anything is decoded; None for other or broken files."""
    try:
        if data.startswith(b"\xff\xd8"):
            return jpeg_size(data)
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return struct.unpack_from(">II", data, 16) if data[12:16] == b"IHDR" else None
        if data.startswith(b"BM"):
            width, height = struct.unpack_from("<ii", data, 18)
            return abs(width), abs(height)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp_size(data)
    except struct.error:
        return None
    return None


def picture_suffix(data: bytes) -> str:
    """The suffix a file of this content should have, whatever it was called; that of a JPEG for what is no other."""
    starts = {b"\x89PNG": ".png", b"BM": ".bmp", b"RIFF": ".webp"}
    return next((suffix for start, suffix in starts.items() if data.startswith(start)), ".jpg")


def pictures_in(folder: Path) -> Iterator[Path]:
    """Every picture file under `folder`, also those that are refused later, by path; hidden ones are passed over."""
    for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix()):
        shown = not any(part.startswith(".") for part in path.relative_to(folder).parts)
        if shown and path.suffix.lower() in SUFFIXES | UNREAD_SUFFIXES and path.is_file():
            yield path


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """After Google's "WebP Container Specification"."""
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return None


def _reading(side_px: int) -> int:
    """How to decode a picture of this longer side: JPEG can be decoded smaller, which saves most of the time."""
    for factor, way in ((8, cv2.IMREAD_REDUCED_COLOR_8), (4, cv2.IMREAD_REDUCED_COLOR_4)):
        if side_px >= factor * KEPT_SIDE_PX:
            return int(way)
    return int(cv2.IMREAD_REDUCED_COLOR_2 if side_px >= 2 * KEPT_SIDE_PX else cv2.IMREAD_COLOR)


def _small(image: Image) -> Image:
    scale = KEPT_SIDE_PX / max(image.shape[:2])
    if scale >= 1.0:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)

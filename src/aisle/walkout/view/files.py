"""Writing pictures: one as PNG, JPEG or WebP, several as an animated WebP (PNG and GIF can move too)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from aisle.vision.seen import Image

STILL = (".png", ".jpg", ".jpeg", ".webp")
MOVING = (".webp", ".png", ".gif")
JPEG_QUALITY, WEBP_QUALITY = 88, 80


def write_still(image: Image, path: Path) -> None:
    """Write one picture, whole or not at all; the format is the name's.  Raises OSError when it cannot be written."""
    options = {
        ".jpg": [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY, cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_OPTIMIZE, 1],
        ".webp": [cv2.IMWRITE_WEBP_QUALITY, WEBP_QUALITY],
        ".png": [cv2.IMWRITE_PNG_COMPRESSION, 9],
    }
    suffix = path.suffix.lower().replace(".jpeg", ".jpg")
    done, data = cv2.imencode(suffix, image, options[suffix])
    if not done:
        raise OSError(f"{path}: the picture cannot be encoded as {suffix}")
    _write(path, np.asarray(data).tobytes())


def write_moving(images: Sequence[Image], path: Path, fps: float, quality: int = WEBP_QUALITY) -> None:
    """Write an animation that repeats for ever; `quality` (1 to 100) is that of a WebP.

    Raises OSError when it cannot be written.
    """
    animation = cv2.Animation()
    animation.frames = list(images)
    edges = np.round(np.arange(len(images) + 1) * 1000.0 / fps)
    animation.durations = [int(d) for d in np.diff(edges)]
    animation.loop_count = 0
    suffix = path.suffix.lower()
    options = [cv2.IMWRITE_WEBP_QUALITY, quality] if suffix == ".webp" else []
    done, data = cv2.imencodeanimation(suffix, animation, options)
    if not done:
        raise OSError(f"{path}: the animation cannot be encoded as {suffix}")
    _write(path, np.asarray(data).tobytes())


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    os.replace(part, path)

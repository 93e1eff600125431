"""Where a camera's pictures come from: a video file, a folder of pictures, a device, a stream on the network.

All through OpenCV, one picture at a time.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from aisle.sensing.readings import Image
from aisle.sensing.source_names import shown

NS = 1_000_000_000
FOLDER_FPS = 10.0  # of a folder of pictures, which does not say
OPEN_TIMEOUT_S, READ_TIMEOUT_S = 4.0, 3.0
PICTURES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
_DEVICE = "device:"


class SourceError(Exception):
    """A source that gives no picture; the message never holds what stands in its URL but scheme and host.

    `hopeless`: trying again will not help, as with a file that is not there.
    """

    def __init__(self, message: str, *, hopeless: bool = False) -> None:
        super().__init__(message)
        self.hopeless = hopeless


class PictureSource(Protocol):
    """One opened source.  `live`: it goes on whether or not somebody looks, and the clock says when."""

    live: bool

    def grab(self) -> int | None:
        """Go to the next picture: nanoseconds since the first (0 if live), None at the end.

        Raises SourceError when the source fails.
        """

    def picture(self) -> Image:
        """The grabbed picture, decoded; SourceError when it cannot be."""

    def jpeg(self) -> bytes | None:
        """The grabbed picture as the source itself holds it, None where it is no JPEG."""

    def close(self) -> None:
        """Let go of the source; closing twice is harmless."""


def open_source(source: str, folder: Path = Path(), *, silence_s: float = READ_TIMEOUT_S) -> PictureSource:
    """Open what a camera's `source` names; paths are relative to `folder`.

    `device:N` or a number is a device of this machine, something with `://` a stream, a folder a row of pictures in
    order of name, anything else a video file.  A stream that says nothing for `silence_s` counts as broken.  Raises
    SourceError.
    """
    _keep_quiet()
    if "://" in source:
        return _Video(source, shown(source), live=True, silence_s=silence_s)
    number = source.removeprefix(_DEVICE)
    if number.isascii() and number.isdigit():
        return _Video(int(number), f"device {number}", live=True)
    path = folder / source
    if path.is_dir():
        return _Folder(path)
    if source.startswith("/dev/"):
        return _Video(source, source, live=True)
    if not path.exists():
        raise SourceError(
            f"{path}: there is no such file; wanted a video file, a folder of pictures, device:N or a URL",
            hopeless=True,
        )
    return _Video(str(path), str(path), live=False)


class _Video:
    """A file, stream or device as OpenCV's VideoCapture gives it."""

    def __init__(self, source: str | int, name: str, *, live: bool, silence_s: float = READ_TIMEOUT_S) -> None:
        self.live, self._name, self._last_ns = live, name, -1
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, round(OPEN_TIMEOUT_S * 1000)]
        limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, round(silence_s * 1000)]
        device = isinstance(source, int) or source.startswith("/dev/")
        self._capture = (
            cv2.VideoCapture(source, cv2.CAP_ANY) if device else cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
        )
        if not self._capture.isOpened():
            self.close()
            raise SourceError(f"{name}: cannot be opened as video", hopeless=not live)
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self._step_ns = round(NS / fps) if 0.1 <= fps <= 1000 else round(NS / FOLDER_FPS)

    def grab(self) -> int | None:
        if not self._capture.grab():
            if not self.live and self._last_ns >= 0:
                return None
            trouble = "no picture comes" if self.live else "no picture in it"
            raise SourceError(f"{self._name}: {trouble}", hopeless=not self.live)
        if self.live:
            return 0
        at_ns = round(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        self._last_ns = at_ns if at_ns > self._last_ns else self._last_ns + self._step_ns  # some files do not say
        return self._last_ns

    def picture(self) -> Image:
        told, image = self._capture.retrieve()
        if not told or image is None or image.dtype != np.uint8:
            raise SourceError(f"{self._name}: a picture cannot be decoded", hopeless=not self.live)
        return coloured(np.asarray(image, dtype=np.uint8))

    def jpeg(self) -> bytes | None:
        return None

    def close(self) -> None:
        self._capture.release()


class _Folder:
    """Pictures in order of name, FOLDER_FPS a second; those that cannot be decoded are passed over."""

    live = False

    def __init__(self, folder: Path) -> None:
        self._paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES)
        self._at = -1
        self._data, self._image = b"", np.zeros((0, 0, 3), dtype=np.uint8)
        self._any = False
        if not self._paths:
            raise SourceError(f"{folder}: no pictures in it; wanted {', '.join(sorted(PICTURES))}", hopeless=True)

    def grab(self) -> int | None:
        while self._at + 1 < len(self._paths):
            self._at += 1
            path = self._paths[self._at]
            try:
                self._data = path.read_bytes()
                self._image = decoded(self._data, str(path))
            except OSError as error:
                raise SourceError(f"{path}: cannot be read ({error.strerror or error})", hopeless=True) from None
            except SourceError:
                continue
            self._any = True
            return round(self._at * NS / FOLDER_FPS)
        if not self._any:
            raise SourceError(f"{self._paths[0].parent}: not one picture in it can be decoded", hopeless=True)
        return None

    def picture(self) -> Image:
        return self._image

    def jpeg(self) -> bytes | None:
        return self._data if self._data[:3] == b"\xff\xd8\xff" else None

    def close(self) -> None:
        self._data = b""


def decoded(data: bytes, name: str) -> Image:
    """A picture file's pixels; SourceError, saying `name`, when it is none."""
    try:
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error:
        image = None
    if image is None:
        raise SourceError(f"{name}: a picture cannot be decoded")
    return np.asarray(image, dtype=np.uint8)


def coloured(image: Image) -> Image:
    """The picture with three colours, whatever the device gives."""
    if image.ndim == 2 or image.shape[2] == 1:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    return image[:, :, :3]


def _keep_quiet() -> None:
    """OpenCV and FFmpeg speak to the error stream, now and then of whole URLs: what matters is in SourceError."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

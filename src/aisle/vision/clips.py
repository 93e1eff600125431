"""Short clips of doubtful moments: who looks at them sees hands and goods, and nobody's face.

A clip is a folder of JPEG pictures with a `timeline.json`, so that every browser steps through it.  Heads are made
unrecognisable before anything is written, no name stands in it, and after the retention time it is gone.  See
docs/decisions/0119-clips-without-faces.md.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from aisle.sensing.jpeg import decoded_jpeg
from aisle.sensing.readings import FrameReading
from aisle.store.geometry import project
from aisle.store.model import Camera
from aisle.vision.seen import FloatArray, Image, PeopleSeen

NS = 1_000_000_000
TIMELINE = "timeline.json"
QUALITY = 80
CELLS = 4  # a head is left so many patches of colour wide and high
AROUND = 1.6  # head radii made unrecognisable: a head that turned or moved a little is still inside
UPPER = 0.25  # of a person whose head nobody found
LEAST_RADIUS_PX = 5.0
ABANDONED_S = 3600.0  # a clip not finished after this never will be
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_PART, _GONE = ".part", ".gone"


@dataclass(frozen=True, slots=True)
class Faces:
    """What must not be recognised in a picture: circles (n, 3) of x, y, radius, and boxes (m, 4) of x0, y0, x1, y1."""

    circles_px: FloatArray
    boxes_px: FloatArray

    @classmethod
    def of(cls, people: PeopleSeen) -> Faces:
        """Heads where they were seen, else the upper quarter of the person."""
        size = people.boxes_px[:, 2:] - people.boxes_px[:, :2]
        radius = np.maximum(0.11 * size.max(axis=1, initial=0.0), 0.22 * size.min(axis=1, initial=np.inf))
        radius = np.maximum(np.maximum(radius, 2.0 * np.nan_to_num(people.head_sigma_px)), LEAST_RADIUS_PX)
        known = np.isfinite(people.heads_px).all(axis=1)
        boxes = people.boxes_px[~known].copy()
        boxes[:, 3] = boxes[:, 1] + UPPER * (boxes[:, 3] - boxes[:, 1])
        return cls(np.concatenate([people.heads_px, radius[:, None]], axis=1)[known], boxes)

    def scaled(self, wide: float, high: float) -> Faces:
        """The same in a picture so many times as wide and as high."""
        circles = self.circles_px * (wide, high, max(wide, high))
        return Faces(circles, self.boxes_px * (wide, high, wide, high))


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that was written."""

    folder: Path
    frames: int
    cameras: tuple[str, ...]


class FrameMemory:
    """The newest pictures of all cameras, up to `most_bytes` of JPEG and `longest_s` back from the newest."""

    def __init__(self, most_bytes: int, longest_s: float = 120.0) -> None:
        self._most, self._longest_ns = most_bytes, round(longest_s * NS)
        self._frames: deque[FrameReading] = deque()
        self._bytes = 0
        self._newest_ns = 0

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def bytes_held(self) -> int:
        return self._bytes

    def add(self, frame: FrameReading) -> None:
        """Remember a picture, and forget the oldest that no longer fit."""
        self._frames.append(frame)
        self._bytes += len(frame.jpeg)
        self._newest_ns = max(self._newest_ns, frame.t_ns)
        while self._frames and (self._bytes > self._most or self._frames[0].t_ns < self._newest_ns - self._longest_ns):
            self._bytes -= len(self._frames.popleft().jpeg)

    def between(self, t0_ns: int, t1_ns: int, cameras: Iterable[str] | None = None) -> tuple[FrameReading, ...]:
        """Pictures taken from t0_ns to t1_ns, both included, in order of time; of some cameras or of all."""
        wanted = None if cameras is None else frozenset(cameras)
        found = (f for f in self._frames if t0_ns <= f.t_ns <= t1_ns and (wanted is None or f.camera in wanted))
        return tuple(sorted(found, key=lambda f: (f.t_ns, f.camera)))


def best_cameras(
    cameras: Sequence[Camera],
    place_m: tuple[float, float, float],
    outward: tuple[float, float] | None = None,
    *,
    usable: Callable[[str], bool] = lambda camera: True,
    free: Callable[[Camera], float] = lambda camera: 1.0,
    least: float = 0.0,
    most: int = 2,
) -> tuple[str, ...]:
    """The cameras that show a place best, the best first: in the picture, near, from the front, not at the edge.

    `outward` is the direction on the floor to which a shelf opens; cameras behind it see it from above at best.
    `free` says how much of the time (0 to 1) nothing stands between a camera and the place.  Whoever shows it less than
    `least` times as well as the best is left out.
    """
    views = ((_view(c, place_m, outward) * free(c), c.camera_id) for c in cameras if usable(c.camera_id))
    scored = sorted((view for view in views if view[0] > 0), key=lambda view: (-view[0], view[1]))
    return tuple(name for score, name in scored if score >= least * scored[0][0])[:most]


def unrecognisable(image: Image, faces: Faces) -> Image:
    """The picture with every face reduced to a few soft patches of colour; what is beside it stays as it is."""
    out = image.copy()
    circles = faces.circles_px[np.isfinite(faces.circles_px).all(axis=1)]
    for x, y, radius in circles.tolist():
        reach = AROUND * radius
        _soften(image, out, (x - reach, y - reach, x + reach, y + reach), round_off=True)
    for x0, y0, x1, y1 in faces.boxes_px[np.isfinite(faces.boxes_px).all(axis=1)].tolist():
        _soften(image, out, (x0, y0, x1, y1), round_off=False)
    return out


def _soften(image: Image, out: Image, box_px: tuple[float, float, float, float], round_off: bool) -> None:
    """Put patches of colour into a box of `out`, or into the circle within it."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box_px
    left, top = max(0, int(np.floor(x0))), max(0, int(np.floor(y0)))
    right, bottom = min(width, int(np.ceil(x1)) + 1), min(height, int(np.ceil(y1)) + 1)
    if right <= left or bottom <= top:
        return
    region = image[top:bottom, left:right]
    cells = (min(CELLS, region.shape[1]), min(CELLS, region.shape[0]))
    patches = cv2.resize(region, cells, interpolation=cv2.INTER_AREA)
    soft = cv2.resize(patches, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    if not round_off:
        out[top:bottom, left:right] = soft
        return
    x, y = np.arange(left, right) - (x0 + x1) / 2, np.arange(top, bottom) - (y0 + y1) / 2
    inside = x[None, :] ** 2 + y[:, None] ** 2 <= ((x1 - x0) / 2 + 1.0) ** 2
    out[top:bottom, left:right][inside] = soft[inside]


def write_clip(
    folder: Path,
    name: str,
    frames: Iterable[FrameReading],
    faces: Callable[[FrameReading], Faces | None],
    quality: int = QUALITY,
    about: Mapping[str, object] | None = None,
) -> Clip | None:
    """Write `folder/name` with one JPEG a picture and its timeline, whole or not at all; an older one is replaced.

    `faces` says what must not be recognised; pictures of which it does not know (None), or that cannot be decoded, are
    left out.  None when no picture is left.  The name may hold small letters, digits and hyphens: an event's number,
    never a person's.  `about` is told in the timeline: what the clip is of, as JSON knows it.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"a clip called {name!r}; wanted small letters, digits and hyphens, 80 at most")
    folder.mkdir(parents=True, exist_ok=True)
    part, final = folder / f".{name}{_PART}", folder / name
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        rows: list[dict[str, str | int]] = []
        for frame in sorted(frames, key=lambda f: (f.t_ns, f.camera)):
            hidden = faces(frame)
            image = decoded_jpeg(frame.jpeg)
            if hidden is None or image is None:
                continue
            file = f"{len(rows):05d}.jpg"
            told, data = cv2.imencode(".jpg", unrecognisable(image, hidden), [cv2.IMWRITE_JPEG_QUALITY, quality])
            if told:
                (part / file).write_bytes(data.tobytes())
                rows.append({"file": file, "camera": frame.camera, "t_ns": frame.t_ns})
        if not rows:
            return None
        cameras = tuple(sorted({str(row["camera"]) for row in rows}))
        times = [frame["t_ns"] for frame in rows]
        timeline = {**(about or {}), "t0_ns": times[0], "t1_ns": times[-1], "cameras": cameras, "frames": rows}
        (part / TIMELINE).write_text(json.dumps(timeline, indent=1) + "\n", encoding="ascii")
        if final.exists():
            _remove(final)
        part.rename(final)
        return Clip(final, len(rows), cameras)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sweep(folder: Path, now_ns: int, keep_s: float) -> tuple[str, ...]:
    """Delete the clips that ended more than `keep_s` ago, and what interrupted writing left; gives the clips' names.

    Anything in the folder that is no clip is left alone.  A clip whose timeline is damaged counts from when it was
    written.
    """
    gone = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not path.is_dir() or path.is_symlink():
            continue
        if path.name.startswith(".") and path.name.endswith((_PART, _GONE)):
            if path.name.endswith(_GONE) or now_ns - path.stat().st_mtime_ns > ABANDONED_S * NS:
                shutil.rmtree(path, ignore_errors=True)
        elif (path / TIMELINE).is_file() and now_ns - _ended_ns(path) > keep_s * NS:
            _remove(path)
            gone.append(path.name)
    return tuple(gone)


def _view(camera: Camera, place_m: tuple[float, float, float], outward: tuple[float, float] | None) -> float:
    """How well a camera shows a place: pixels per metre there, less towards the picture's edge and from the side."""
    place = np.array([place_m], dtype=np.float64)
    (u, v), (width, height) = project(camera, place)[0], camera.size_px
    if not (np.isfinite(u) and 0 <= u < width and 0 <= v < height):
        return 0.0
    away = np.subtract(camera.position_m, place_m)
    distance = max(0.3, float(np.linalg.norm(away)))
    margin = min(u, width - 1 - u, v, height - 1 - v) / (0.15 * min(width, height))
    score = float(min(camera.focal_px)) / distance * (0.3 + 0.7 * min(1.0, margin))
    if outward is not None:
        front = float(away[:2] @ np.asarray(outward)) / (distance * max(1e-9, float(np.hypot(*outward))))
        score *= 0.25 + 0.75 * max(0.0, front) if front > -0.2 else 0.1
    return float(score)


def _ended_ns(clip: Path) -> int:
    try:
        ended = json.loads((clip / TIMELINE).read_text(encoding="ascii"))["t1_ns"]
        if isinstance(ended, int):
            return ended
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return (clip / TIMELINE).stat().st_mtime_ns


def _remove(clip: Path) -> None:
    """Take a clip away at once, then delete it file by file."""
    gone = clip.with_name(f".{clip.name}{_GONE}")
    shutil.rmtree(gone, ignore_errors=True)
    os.replace(clip, gone)
    shutil.rmtree(gone, ignore_errors=True)

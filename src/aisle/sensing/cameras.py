"""Live cameras: a thread for each, of which the newest picture counts; nothing is ever queued up.

Whoever looks too slowly misses pictures, and knows how many; a camera that fails is tried again, ever more seldom; a
video file stands in for a camera, as fast as it was filmed or as fast as it is read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from aisle.sensing.camera_sources import NS, READ_TIMEOUT_S, PictureSource, SourceError, open_source
from aisle.sensing.readings import FrameReading, HealthEntry, Image
from aisle.store.model import Camera

Clock = Callable[[], int]
"""Nanoseconds since the Unix epoch."""

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0  # between tries to reach a camera; doubled each time
JPEG_QUALITY = 85
LONGEST_SLEEP_S = 0.05  # while a file's next picture is not due: so soon is a stop noticed
OUTAGE_S = 1.0  # a shorter one is not worth telling
MOST_OUTAGES = 1000  # told of each camera


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """A picture as it came, decoded and brought to the size the store's camera has."""

    camera: str
    device: str
    t_ns: int
    received_ns: int
    image: Image
    original: bytes | None = None  # the same picture as JPEG, where the source gave it so in the right size

    def reading(self, quality: int = JPEG_QUALITY) -> FrameReading:
        """The picture as a reading: compressed now, unless it came compressed."""
        jpeg = self.original or jpeg_of(self.image, quality)
        return FrameReading(self.device, self.t_ns, self.received_ns, self.camera, jpeg)


@dataclass(frozen=True, slots=True)
class CameraState:
    """How a camera does: `frames` were handed on, `dropped` came but were overtaken by newer ones.

    `trouble` is why there is no picture now, empty when there is; `over`: there will be no more.
    """

    frames: int = 0
    dropped: int = 0
    connections: int = 0
    trouble: str = ""
    over: bool = False


@dataclass(slots=True)
class _Line:
    """What a camera's thread and the reader share, under the lock."""

    camera: Camera
    state: CameraState = field(default_factory=CameraState)
    slot: LiveFrame | None = None
    live: bool = False  # the source goes on by itself
    lost_ns: int | None = None  # since when there is no picture
    outages: list[HealthEntry] = field(default_factory=list)


class LiveCameras:
    """The store's cameras while they run; use it as a context manager, or call `start` and `stop`.

    `paced` False reads files as fast as they come and drops none of their pictures, in one order of time whatever the
    threads do: then the same files give the same frames.  Streams and devices know only their own pace.  Files count
    time from `start`, so files filmed together stay together.  At most `most_fps` pictures a second of each camera
    are decoded.  `opened` is how a source is opened; see `camera_sources.open_source`.
    """

    def __init__(
        self,
        cameras: Sequence[Camera],
        clock: Clock,
        *,
        folder: Path = Path(),
        paced: bool = True,
        most_fps: float | None = None,
        opened: Callable[[str, Path], PictureSource] = open_source,
    ) -> None:
        self._clock, self._folder, self._paced, self._opened = clock, folder, paced, opened
        self._least_step_ns = round(NS / most_fps) if most_fps else 0
        self._lines = {c.camera_id: _Line(c) for c in cameras}
        self._news = threading.Condition()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._start_ns = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to read; every camera gets a thread."""
        self._start_ns = self._clock()
        for line in self._lines.values():
            name = f"camera-{line.camera.camera_id}"
            thread = threading.Thread(target=self._run, args=(line,), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End all threads and let go of all sources; `take` gives nothing from then on.

        Waits no longer than a stuck stream takes to be given up.
        """
        self._ended.set()
        with self._news:
            self._news.notify_all()
        for thread in self._threads:
            thread.join(READ_TIMEOUT_S + 1.0)
        self._threads.clear()

    def take(self, timeout_s: float) -> list[LiveFrame]:
        """The newest picture of each camera that has a new one, in order of time; none after `timeout_s` or the end.

        Unpaced, one picture: the earliest, once every file's next one is known.
        """
        with self._news:
            self._news.wait_for(lambda: self._ended.is_set() or self._due() or self.over, timeout_s)
            if self._ended.is_set():
                return []
            frames = self._due()
            for frame in frames:
                line = self._lines[frame.camera]
                line.slot = None
                line.state = replace(line.state, frames=line.state.frames + 1)
            if frames:
                self._news.notify_all()
            return frames

    def frames(self) -> Iterator[LiveFrame]:
        """Pictures as they come, until `stop` or until no source has any left."""
        while not self._ended.is_set():
            frames = self.take(1.0)
            yield from frames
            if not frames and self.over:
                return

    @property
    def over(self) -> bool:
        """No camera will give a picture any more, and all that came were taken."""
        return all(line.state.over and line.slot is None for line in list(self._lines.values()))

    @property
    def states(self) -> dict[str, CameraState]:
        """How each camera does, by its id."""
        with self._news:
            return {name: line.state for name, line in self._lines.items()}

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        """When cameras could not be reached, and why; whom that concerns is judged from the pictures that came."""
        with self._news:
            now = self._clock()
            out = []
            for line in self._lines.values():
                out += line.outages
                if line.lost_ns is not None and not self._ended.is_set() and now - line.lost_ns >= OUTAGE_S * NS:
                    out.append(_outage(line, now))
            return tuple(out)

    def _due(self) -> list[LiveFrame]:
        """What `take` may give now; ask it under the lock."""
        waiting = [line.slot for line in self._lines.values() if line.slot is not None]
        frames = sorted(waiting, key=lambda f: (f.t_ns, f.camera))
        if self._paced or not frames:
            return frames
        unknown = any(line.slot is None and not line.live and not line.state.over for line in self._lines.values())
        return [] if unknown else frames[:1]

    # ------------------------------------------------------------- a camera's thread
    def _run(self, line: _Line) -> None:
        wait_s = FIRST_WAIT_S
        try:
            while not self._ended.is_set():
                came, trouble = self._watch(line)
                if trouble is None or trouble.hopeless or (came and not line.live):  # a film is not begun again
                    break
                wait_s = FIRST_WAIT_S if came else wait_s
                self._ended.wait(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        finally:
            with self._news:
                line.state = replace(line.state, over=True)
                self._news.notify_all()

    def _watch(self, line: _Line) -> tuple[bool, SourceError | None]:
        """Read one opened source to its end: whether pictures came, and what ended it, None for its own end."""
        source, came = None, False
        try:
            source = self._opened(line.camera.source, self._folder)
            line.live = source.live
            last_ns: int | None = None
            while not self._ended.is_set():
                at_ns = source.grab()
                if at_ns is None:
                    return came, None
                t_ns = self._clock() if source.live else self._start_ns + at_ns
                if last_ns is not None and t_ns - last_ns < 0.95 * self._least_step_ns:
                    continue
                last_ns = t_ns
                frame = self._frame(line.camera, source, t_ns)
                if not came:
                    self._connected(line)
                came = True
                self._put(line, frame, source.live)
        except SourceError as error:
            self._lost(line, str(error))
            return came, error
        except (cv2.error, OSError, MemoryError) as error:  # a decoder's own fault: as good as a broken line
            trouble = SourceError(f"camera {line.camera.camera_id}: {type(error).__name__} while reading")
            self._lost(line, str(trouble))
            return came, trouble
        finally:
            if source is not None:
                source.close()
        return came, None

    def _frame(self, camera: Camera, source: PictureSource, t_ns: int) -> LiveFrame:
        image = source.picture()
        fits = image.shape[1::-1] == camera.size_px
        received_ns = self._clock() if self._paced or source.live else t_ns
        return LiveFrame(
            camera.camera_id,
            camera.camera_id,
            t_ns,
            max(t_ns, received_ns),
            image if fits else sized(image, camera.size_px),
            source.jpeg() if fits else None,
        )

    def _put(self, line: _Line, frame: LiveFrame, live: bool) -> None:
        if not live and self._paced:
            while (ahead_s := (frame.t_ns - self._clock()) / NS) > 0 and not self._ended.is_set():
                self._ended.wait(min(ahead_s, LONGEST_SLEEP_S))
        with self._news:
            if not live and not self._paced:
                self._news.wait_for(lambda: line.slot is None or self._ended.is_set())
            if line.slot is not None:
                line.state = replace(line.state, dropped=line.state.dropped + 1)
            line.slot = frame
            self._news.notify_all()

    def _connected(self, line: _Line) -> None:
        with self._news:
            if line.lost_ns is not None and self._clock() - line.lost_ns >= OUTAGE_S * NS:
                line.outages.append(_outage(line, self._clock()))
                del line.outages[:-MOST_OUTAGES]
            line.lost_ns = None
            line.state = replace(line.state, connections=line.state.connections + 1, trouble="")

    def _lost(self, line: _Line, trouble: str) -> None:
        with self._news:
            line.lost_ns = self._clock() if line.lost_ns is None else line.lost_ns
            line.state = replace(line.state, trouble=trouble)


def jpeg_of(image: Image, quality: int = JPEG_QUALITY) -> bytes:
    """The picture as a baseline JPEG."""
    told, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not told:
        raise ValueError(f"a picture of shape {image.shape} cannot be written as JPEG")
    return bytes(data.tobytes())


def sized(image: Image, size_px: tuple[int, int]) -> Image:
    """The picture at (width, height), averaged where it gets smaller."""
    smaller = image.shape[1] >= size_px[0]
    way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size_px, interpolation=way), dtype=np.uint8)


def _outage(line: _Line, until_ns: int) -> HealthEntry:
    since = line.lost_ns if line.lost_ns is not None else until_ns
    name = line.camera.camera_id
    return HealthEntry(
        "frame-loss",
        f"camera {name}",
        f"camera {name}: out of reach for {(until_ns - since) / NS:.1f} s ({line.state.trouble})",
        since,
        until_ns,
        camera=name,
    )

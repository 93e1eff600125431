"""Cameras film a world that has run: frames in order of receipt, rendered one by one as somebody asks for them.

No frame is kept: what streams out is gone, only the truth of each picture (a few numbers a person) stays, for
`film_truth` to write.  Several processes may each render a group of cameras; the frames are the same.
"""

from __future__ import annotations

import heapq
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from multiprocessing.queues import Queue
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import numpy.typing as npt

from aisle.sensing.readings import FrameReading
from aisle.simulation.pictures.daylight import light_at, relit
from aisle.simulation.pictures.fittings import Decor
from aisle.simulation.pictures.frame_truth import FrameTruth, frame_truth
from aisle.simulation.pictures.packages import label_set
from aisle.simulation.pictures.renderers import Kind, open_renderer
from aisle.simulation.pictures.scene import Light, Picture, Renderer
from aisle.simulation.pictures.sensor import Sensor, SensorTraits, jpeg, metered, motion_blurred
from aisle.simulation.pictures.staging import Staging
from aisle.simulation.pictures.whereabouts import Stay, stays_of
from aisle.simulation.world import World
from aisle.store.model import Camera

NS = 1_000_000_000
SPAN_S = 10.0
"""So long a camera's background is kept; what is touched meanwhile is drawn with the people."""
QUALITY = 80
SHUTTER_S = (0.004, 0.02)
"""How long shutters are open indoors."""
LEAST_LATENCY_S, MORE_LATENCY_S = 0.04, 0.015
JITTER_S = 0.002
LOST = 0.001
"""Share of frames that never arrive."""
_AHEAD = 24


@dataclass(frozen=True, slots=True)
class Filmed:
    """One frame as it was sent, and what it shows: `number` counts a camera's frames, `t` is the true time in s."""

    reading: FrameReading
    t: float
    truth: FrameTruth


@dataclass(frozen=True)
class Film:
    """Everything the frames of a recording depend on; `frames` renders them, each time the same.

    `fps` frames a second for `duration_s` seconds from `t0_ns` on; `seed` draws looks, light, clocks and noise.
    """

    world: World
    cameras: tuple[Camera, ...]
    fps: float
    t0_ns: int
    duration_s: float
    seed: int
    kind: Kind = "auto"
    jobs: int = 1
    ceiling_m: float | None = None
    shown: list[Filmed] = field(default_factory=list, compare=False)
    """What was sent since `frames` was last begun, without the pictures."""

    def __post_init__(self) -> None:
        if not 0 < self.fps <= 120:
            raise ValueError(f"fps is {self.fps:g}: more than 0 and at most 120 is needed")

    def readings(self) -> Iterator[FrameReading]:
        """Frames in order of receipt; their truth gathers in `shown`."""
        self.shown.clear()
        for filmed in self.frames():
            self.shown.append(replace(filmed, reading=_without_picture(filmed.reading)))
            yield filmed.reading

    def frames(self) -> Iterator[Filmed]:
        """Frames with their truth, in order of receipt."""
        if self.jobs > 1 and len(self.cameras) > 1:
            return _together(self, min(self.jobs, len(self.cameras)))
        return film(self, range(len(self.cameras)))

    def rng(self, *of: int) -> np.random.Generator:
        return np.random.default_rng([0xF11F, self.seed, *of])

    def staging(self) -> tuple[Staging, npt.NDArray[np.uint8]]:
        """The stage, and the labels its goods wear."""
        labels, layers = label_set(self.world.store)
        stage = Staging(
            self.world,
            layers,
            self.rng(2),
            decor=Decor.drawn(self.rng(1), self.ceiling_m),
            span_s=SPAN_S,
            looks=self.rng(3),
            stays=self.stays(),
        )
        return stage, labels

    def stays(self) -> tuple[Stay, ...]:
        """Where every item is at every moment."""
        return stays_of(self.world, self.rng(8))


def film(wish: Film, which: range | tuple[int, ...]) -> Iterator[Filmed]:
    """Frames of some of the cameras (by index), in order of receipt."""
    staging, labels = wish.staging()
    renderer = open_renderer(labels, wish.kind)
    day = _Daylight(wish, staging)
    eyes = {k: _Eye(wish, k, staging, renderer, day) for k in which}
    for shot in sorted((shot for k in which for shot in _schedule(wish, k)), key=lambda s: (s.received_ns, s.camera)):
        camera = wish.cameras[shot.camera]
        staged = staging.at(shot.t)
        picture = renderer.render(camera, replace(staged.scene, light=day.at(staged.scene.version)))
        data = eyes[shot.camera].sees(picture, shot.t, day.gain(shot.t), wish.fps)
        reading = FrameReading(camera.camera_id, shot.t_ns, shot.received_ns, camera.camera_id, data)
        yield Filmed(reading, shot.t, frame_truth(camera, staged, picture))


class _Eye:
    """One camera's sensor: exposure set to the empty shop, and the frame before, for what moves while it is open."""

    def __init__(self, wish: Film, number: int, staging: Staging, renderer: Renderer, day: _Daylight) -> None:
        camera, rng = wish.cameras[number], wish.rng(4, number)
        empty = replace(staging.empty(0.0), light=day.at(0))
        traits = SensorTraits.drawn(rng)
        exposure = metered(renderer.render(camera, empty).rgb, float(rng.uniform(0.40, 0.50)))
        self._sensor = Sensor(replace(traits, exposure=exposure, jpeg_quality=QUALITY), camera.size_px, rng)
        self._open_s = float(rng.uniform(*SHUTTER_S))
        self._rng = rng
        self._before: tuple[float, Picture] | None = None

    def sees(self, picture: Picture, t: float, gain: float, fps: float) -> bytes:
        """The frame as JPEG."""
        rgb = picture.rgb
        if self._before is not None and 0 < t - self._before[0] < 2.5 / fps:
            rgb = motion_blurred(picture, self._before[1], min(1.0, self._open_s / (t - self._before[0])))
        self._before = (t, picture)
        return jpeg(self._sensor.read(relit(rgb, gain), self._rng), self._sensor.traits.jpeg_quality)


@dataclass(frozen=True, slots=True)
class _Exposure:
    camera: int
    t: float
    t_ns: int
    received_ns: int


def _schedule(wish: Film, camera: int) -> list[_Exposure]:
    """When one camera exposes: its own phase and clock, a little jitter; frames overtake none of their own camera."""
    rng = wish.rng(6, camera)
    phase, clock = float(rng.uniform(0.0, 1.0 / wish.fps)), float(rng.normal(0.0, 0.004))
    count = int((wish.duration_s - phase) * wish.fps)
    t = np.maximum(0.0, phase + np.arange(count) / wish.fps + rng.normal(0.0, JITTER_S, count))
    late = LEAST_LATENCY_S + rng.exponential(MORE_LATENCY_S, count)
    received = np.maximum.accumulate(t + late)
    kept = np.flatnonzero(rng.random(count) >= LOST)
    return [
        _Exposure(
            camera,
            float(t[i]),
            wish.t0_ns + int((t[i] + clock) * NS),
            wish.t0_ns + int(received[i] * NS),
        )
        for i in kept
    ]


class _Daylight:
    """The light of the hour, drawn once a span, and clouds that dim and brighten it meanwhile."""

    def __init__(self, wish: Film, staging: Staging) -> None:
        self._staging = staging
        try:
            zone = ZoneInfo(wish.world.store.time_zone)
        except (KeyError, ValueError):
            zone = ZoneInfo("UTC")
        start = datetime.fromtimestamp(wish.t0_ns / NS, UTC).astimezone(zone)
        self._hour = start.hour + start.minute / 60.0 + start.second / 3600.0
        if not 7.0 <= self._hour <= 21.0:  # shops are open by day
            self._hour = 7.0 + (self._hour % 14.0)
        self._seed = wish.rng(7)
        knots = int(wish.duration_s / 7.0) + 3
        self._clouds = 1.0 + np.clip(np.cumsum(self._seed.normal(0.0, 0.012, knots)), -0.12, 0.12)
        self._draw = int(self._seed.integers(1 << 31))

    def at(self, span: int) -> Light:
        hour = self._hour + span * SPAN_S / 3600.0
        return light_at(self._staging.lamps_m, hour, np.random.default_rng(self._draw))

    def gain(self, t: float) -> float:
        return float(np.interp(t / 7.0, np.arange(len(self._clouds)), self._clouds))


def _without_picture(reading: FrameReading) -> FrameReading:
    return FrameReading(reading.device, reading.t_ns, reading.received_ns, reading.camera, b"")


# ------------------------------------------------------------- several processes
def _together(wish: Film, jobs: int) -> Iterator[Filmed]:
    """Every process renders each jobs-th camera; what they send is merged in order of receipt."""
    context = multiprocessing.get_context("spawn")
    queues: list[Queue[Filmed | str | None]] = [context.Queue(_AHEAD) for _ in range(jobs)]
    alone = replace(wish, jobs=1, shown=[])
    workers = [
        context.Process(target=_work, args=(alone, tuple(range(k, len(wish.cameras), jobs)), queues[k]), daemon=True)
        for k in range(jobs)
    ]
    try:
        with _undisturbed():
            for worker in workers:
                worker.start()
        yield from heapq.merge(*(_received(q) for q in queues), key=_order(wish))
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Processes begun inside leave Ctrl-C to this one, which ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _order(wish: Film) -> Callable[[Filmed], tuple[int, int]]:
    number = {camera.camera_id: k for k, camera in enumerate(wish.cameras)}
    return lambda filmed: (filmed.reading.received_ns, number[filmed.reading.camera])


def _work(wish: Film, which: tuple[int, ...], out: Queue[Filmed | str | None]) -> None:
    cv2.setNumThreads(1)
    try:
        for filmed in film(wish, which):
            out.put(filmed)
    except Exception as why:  # told to the process that asked
        out.put(f"{type(why).__name__}: {why}")
    out.put(None)


def _received(queue: Queue[Filmed | str | None]) -> Iterator[Filmed]:
    while (filmed := queue.get()) is not None:
        if isinstance(filmed, str):
            raise RuntimeError(f"a process that renders cameras failed: {filmed}")
        yield filmed

"""A short afternoon filmed by rendered cameras and watched by the shop's own eyes, while somebody looks on.

Nothing is given but pixels and weights: the tracker's readings are left out, and the truth is asked for only when all
is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from aisle.bench.sighted import Watched, floors
from aisle.sensing.readings import FrameReading, HealthEntry, PlateReading, Reading, TrackReading
from aisle.simulation.recording import Simulated, Watch
from aisle.simulation.shop import simulate_afternoon
from aisle.store.example import example_store
from aisle.store.model import Store
from aisle.vision.tracking.people import FloorPeople
from aisle.walkout.outcome import Outcome
from aisle.walkout.replay import NS, ReplayOptions, Session
from aisle.walkout.sight import Seen
from aisle.walkout.view.moment import Moment
from aisle.walkout.view.watching import ShopView

MINUTES = 1.6
"""Of an afternoon: people come within its first twenty seconds, and it lasts until the last has left."""
DRAWS = 24
"""So many afternoons are drawn at most until one is as long as asked for."""
LEAST = 0.7
"""Of the seconds asked for; a shorter afternoon shows too little."""


class SeeingEyes(Protocol):
    """Eyes that also say what they saw of the floor; `walkout.sight.Sight` is one."""

    def see(self, frame: FrameReading) -> Iterable[Seen]: ...

    def finish(self) -> Iterable[Seen]: ...

    @property
    def health(self) -> tuple[HealthEntry, ...]: ...


@dataclass(frozen=True, slots=True)
class FilmWish:
    """What is filmed: an afternoon of at most `seconds` with so many `shoppers`, by so many `cameras` that take `fps`
    pictures of `size_px` a second, rendered in `jobs` processes."""

    seed: int = 1
    seconds: float = 60.0
    shoppers: int = 4
    cameras: int = 4
    fps: float = 10.0
    size_px: tuple[int, int] = (640, 360)
    jobs: int = 2

    def fault(self) -> str | None:
        """What is wrong with the wish, and what would be right."""
        if not 20 <= self.seconds <= 3600:
            return f"seconds is {self.seconds:g}: 20 to 3600 are needed, for people to come, choose and leave"
        if self.seed < 0:
            return f"seed is {self.seed}: a whole number from 0 on is needed"
        return None


def short_afternoon(wish: FilmWish, store: Store | None = None) -> Simulated:
    """The first afternoon of the wish's seed that is over in time; the longest that is not, or the shortest, where
    none of `DRAWS` is as asked.  Which one is taken depends on nothing but its length."""
    watch = Watch(wish.cameras, wish.fps, wish.size_px, wish.jobs, tracks=False)
    best: tuple[float, Simulated] | None = None
    for draw in range(DRAWS):
        seed = DRAWS * wish.seed + draw
        drawn = simulate_afternoon(
            store or example_store(), seed=seed, minutes=MINUTES, visitors=wish.shoppers, watch=watch
        )
        length = drawn.truth.duration_s
        late = max(0.0, length - wish.seconds) * 100.0 + max(0.0, LEAST * wish.seconds - length)
        if best is None or late < best[0]:
            best = (late, drawn)
        if late == 0.0:
            break
    assert best is not None
    name = f"filmed-{wish.seed:04d}"
    return replace(best[1], name=name, truth=replace(best[1].truth, name=name))


class FilmedShop:
    """One run of a filmed shop; as a recording it is what the session knows of where readings come from.

    `look` is shown a moment every `every_s` seconds of the shop's time; `keep` gets every reading.  `cpu` is the
    process' CPU clock in seconds: what the eyes use of it is counted.
    """

    def __init__(
        self,
        simulated: Simulated,
        eyes: SeeingEyes,
        look: Callable[[Moment], None],
        *,
        every_s: float = 0.25,
        keep: Callable[[Reading], None] = lambda reading: None,
        cpu: Callable[[], float] = time.process_time,
    ) -> None:
        self.simulated, self.name, self.store = simulated, simulated.name, simulated.store
        self.session = Session(self, ReplayOptions())
        self.session.observed = self._observed
        self.frames = {camera.camera_id: 0 for camera in self.store.cameras}
        self.floor: list[FloorPeople] = []
        self.eyes_cpu_s = 0.0
        self._eyes, self._look, self._keep, self._cpu = eyes, look, keep, cpu
        self._every_ns = round(every_s * NS)
        self._wanted_ns: int | None = None
        self._watch = ShopView(self.store, self.name)

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        """What the eyes found wrong."""
        return self._eyes.health

    def readings(self) -> Iterator[Reading]:
        """None: what is heard goes straight into the session."""
        return iter(())

    def run(self) -> Outcome:
        """Film and watch to the end; RuntimeError when no camera can be rendered here."""
        for reading in self.simulated.readings():
            self._keep(reading)
            self._watch.see(reading)
            if isinstance(reading, FrameReading):
                self.frames[reading.camera] += 1
                self._take(self._looked(partial(self._eyes.see, reading)))
            elif isinstance(reading, PlateReading):
                self.session.push(reading)
        self._take(self._looked(self._eyes.finish))
        return self.session.finish()

    @property
    def real_time_cameras(self) -> float:
        """How many cameras one core's eyes keep up with: seconds filmed by all, over CPU seconds of looking."""
        fps = self.simulated.film.fps if self.simulated.film is not None else 10.0
        return sum(self.frames.values()) / fps / max(self.eyes_cpu_s, 1e-9)

    def true_names(self) -> dict[str, str]:
        """Who is who in truth: id found -> id simulated, told by where they were in their first seconds."""
        return floors(Watched(self.simulated, (), (), tuple(self.floor), 0.0, 0.0))[2]

    def _looked(self, look: Callable[[], Iterable[Seen]]) -> list[Seen]:
        began = self._cpu()
        seen = list(look())
        self.eyes_cpu_s += self._cpu() - began
        return seen

    def _take(self, slots: Iterable[Seen]) -> None:
        for slot in slots:
            self.floor.append(slot.floor)
            for evidence in slot.evidence:
                self.session.testify(evidence)
            self.session.push(slot.reading)

    def _observed(self, reading: TrackReading) -> None:
        if self._wanted_ns is None:
            self._wanted_ns = reading.t_ns
        while self._wanted_ns < reading.t_ns:
            self._look(self._moment(self._wanted_ns))
            self._wanted_ns += self._every_ns
        self._watch.track(reading, self.session)

    def _moment(self, t_ns: int) -> Moment:
        return replace(
            self._watch.moment(self.session, t_ns), source="live", title="simulated: pixels and weights only"
        )

"""Simulated visits watched by rendered cameras, nothing given: film, look, replay, and hold against the truth.

One process films a recording, lets `Sight` watch it and replays what it saw, once with the plates and once without.
Nothing of the truth reaches what is measured; only the scoring asks who somebody found really was, by where they came
in.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
from scipy.optimize import linear_sum_assignment

import aisle.simulation
from aisle.bench.scoring import ClaimedLine, ClaimedReceipt, Scored, score_receipts
from aisle.bench.tracking_score import FloorFrame
from aisle.bench.truth import Truth
from aisle.sensing.mcap_file import RecordingWriter
from aisle.sensing.readings import FrameReading, HealthEntry, PlateReading, Reading
from aisle.sensing.recordings import open_recording
from aisle.simulation.pictures.film_truth import tracks_of
from aisle.simulation.pictures.filming import Film
from aisle.simulation.recording import Simulated, Watch
from aisle.simulation.shop import simulate_afternoon
from aisle.simulation.truth import Truth as SimulatedTruth
from aisle.store.example import example_store
from aisle.store.model import Store
from aisle.vision.evidence import Evidence
from aisle.vision.tracking.people import FloorPeople
from aisle.walkout.eyes import shop_eyes
from aisle.walkout.outcome import Outcome
from aisle.walkout.replay import Replay, ReplayOptions
from aisle.walkout.sight import Seen

ENTRY_S = 4.0
"""Who somebody found is, is told by where they were in their first seconds."""
MINUTES = 1.75
"""Of an afternoon: people come within its first 30 seconds, and it lasts until the last has left."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One recording to make: so many shoppers, watched by so many cameras; the floor is judged by the first
    `floor_cameras` of them.  `films` is a folder to keep what was rendered in."""

    seed: int
    shoppers: int
    cameras: int = 6
    fps: float = 10.0
    size_px: tuple[int, int] = (640, 360)
    floor_cameras: int = 4
    films: Path | None = None


@dataclass(frozen=True)
class Watched:
    """What sight made of a recording, and what it cost: `cpu_s` without rendering, over `camera_s` of all cameras."""

    simulated: Shown
    readings: tuple[Reading, ...]
    evidence: tuple[Evidence, ...]
    floor: tuple[FloorPeople, ...]
    cpu_s: float
    camera_s: float


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of one recording."""

    wish: Wish
    with_plates: Scored
    cameras_only: Scored
    true_floor: tuple[FloorFrame, ...]
    found_floor: tuple[FloorFrame, ...]
    cpu_s: float
    camera_s: float
    seconds: float


@dataclass(slots=True)
class _Remembered:
    """A recording as sight saw it: the plates it had, and the people found."""

    name: str
    store: Store
    kept: tuple[Reading, ...]
    health: tuple[HealthEntry, ...] = ()

    def readings(self) -> Iterator[Reading]:
        return iter(self.kept)


class Shown(Protocol):
    """A simulated recording to be watched; `readings` may come from a film rendered before."""

    @property
    def name(self) -> str: ...

    @property
    def store(self) -> Store: ...

    @property
    def truth(self) -> SimulatedTruth: ...

    @property
    def film(self) -> Film | None: ...

    def readings(self) -> Iterator[Reading]: ...


@dataclass(frozen=True)
class _Kept:
    """A simulated recording whose frames were rendered before, into a file."""

    simulated: Simulated
    path: Path

    @property
    def name(self) -> str:
        return self.simulated.name

    @property
    def store(self) -> Store:
        return self.simulated.store

    @property
    def truth(self) -> SimulatedTruth:
        return self.simulated.truth

    @property
    def film(self) -> Film | None:
        return self.simulated.film

    def readings(self) -> Iterator[Reading]:
        return iter(open_recording(self.path).readings())


def filmed(wish: Wish, store: Store | None = None) -> Shown:
    """The recording a wish describes: plates and cameras, nobody told where people are.

    With `wish.films` it is rendered once: the file's name holds what the film depends on, the simulation's own code
    too.
    """
    simulated = simulate_afternoon(
        store or example_store(),
        seed=wish.seed,
        minutes=MINUTES,
        visitors=wish.shoppers,
        watch=Watch(cameras=wish.cameras, fps=wish.fps, size_px=wish.size_px, tracks=False),
    )
    if wish.films is None:
        return simulated
    name = f"{simulated.name}-{wish.shoppers}-{wish.cameras}-{_code_of(aisle.simulation)}.mcap"
    return rendered_once(simulated, wish.films / name)


def rendered_once(simulated: Simulated, path: Path) -> Shown:
    """The same recording, its readings in a file; they are made now where there is none yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with RecordingWriter(part, simulated.store) as writer:
            simulated.write(writer)
        part.replace(path)
    return _Kept(simulated, path)


def _code_of(package: ModuleType) -> str:
    """A short digest of a package's source files."""
    digest = hashlib.sha256()
    for path in sorted(Path(package.__path__[0]).rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def watched(simulated: Shown, cameras: int | None = None) -> Watched:
    """Let sight watch every frame of a recording, or those of its first few `cameras`."""
    seeing = simulated.store.cameras[:cameras]
    names = {camera.camera_id for camera in seeing}
    sight = shop_eyes(replace(simulated.store, cameras=seeing), jobs=1)
    readings: list[Reading] = []
    evidence: list[Evidence] = []
    floor: list[FloorPeople] = []
    cpu, frames = 0.0, 0

    def keep(slots: Iterator[Seen]) -> None:
        for slot in slots:
            readings.append(slot.reading)
            evidence.extend(slot.evidence)
            floor.append(slot.floor)

    for reading in simulated.readings():
        if not isinstance(reading, FrameReading):
            readings.append(reading)
            continue
        if reading.camera not in names:
            continue
        began = time.process_time()
        keep(sight.see(reading))
        cpu += time.process_time() - began
        frames += 1
    began = time.process_time()
    keep(sight.finish())
    cpu += time.process_time() - began
    readings.sort(key=lambda r: r.received_ns)
    fps = simulated.film.fps if simulated.film is not None else 10.0
    return Watched(simulated, tuple(readings), tuple(evidence), tuple(floor), cpu, frames / fps)


def receipts_of(seen: Watched, *, plates: bool = True) -> Outcome:
    """Replay what sight saw, with the plates or without them."""
    kept = tuple(r for r in seen.readings if plates or not isinstance(r, PlateReading))
    recording = _Remembered(seen.simulated.name, seen.simulated.store, kept)
    return Replay(recording, ReplayOptions(), seen.evidence).run()


def visit(wish: Wish) -> Visit:
    """Film, watch, replay and score one recording."""
    seen = watched(filmed(wish))
    true, found, names = floors(seen)
    if wish.floor_cameras < wish.cameras:
        true, found, _ = floors(watched(seen.simulated, wish.floor_cameras))
    return Visit(
        wish,
        scored(seen, receipts_of(seen), names),
        scored(seen, receipts_of(seen, plates=False), names),
        true,
        found,
        seen.cpu_s,
        seen.camera_s,
        seen.simulated.truth.duration_s,
    )


def scored(seen: Watched, outcome: Outcome, names: dict[str, str]) -> Scored:
    """Receipts against the truth, each under the name of whoever came in as that person."""
    t = seen.simulated.truth
    truth = Truth(
        name=t.name,
        case=t.case,
        group=t.group,
        resolvable=t.resolvable,
        receipts=t.receipts,
        roles=t.roles,
        seed=t.seed,
    )
    claimed = []
    for receipt in outcome.receipts:
        lines = tuple(ClaimedLine(n.gtin, n.quantity, n.probability) for n in receipt.lines)
        shopper = next((names[k] for k in (receipt.shopper, *receipt.tracks) if k in names), receipt.shopper)
        claimed.append(ClaimedReceipt(shopper, lines, receipt.probability))
    return score_receipts(truth, claimed)


def floors(seen: Watched) -> tuple[tuple[FloorFrame, ...], tuple[FloorFrame, ...], dict[str, str]]:
    """True and found places by slot (people by number), and whose name each id goes by: the optimal pairing over their
    first seconds."""
    film = seen.simulated.film
    if film is None:
        raise ValueError(f"{seen.simulated.name}: no camera watched; Watch(cameras=...) hangs some")
    columns = tracks_of(film)
    ids = [str(i) for i in columns["ids"]]
    found_ids = sorted({i for people in seen.floor for i in people.ids})
    row = {name: k for k, name in enumerate(found_ids)}
    first: dict[str, float] = {}
    near = np.zeros((len(found_ids), len(ids)))
    true: list[FloorFrame] = []
    found: list[FloorFrame] = []
    for people in seen.floor:
        t = (people.t_ns - film.t0_ns) * 1e-9
        k = int(np.clip(np.searchsorted(columns["t"], t), 0, len(columns["t"]) - 1))
        here = np.flatnonzero(columns["present"][k])
        places = columns["feet_m"][k, here].astype(np.float64)
        true.append((here, places))
        found.append((np.array([row[name] for name in people.ids], dtype=np.int64), people.positions_m))
        for name, place in zip(people.ids, people.positions_m, strict=True):
            if t - first.setdefault(name, t) <= ENTRY_S:
                near[row[name], here] += np.exp(-0.5 * (np.hypot(*(places - place).T) / 0.4) ** 2)
    pairs = zip(*linear_sum_assignment(-near), strict=True)
    names = {found_ids[i]: ids[j] for i, j in pairs if near[i, j] > 1.0}
    return tuple(true), tuple(found), names


def wishes(visits: int, seed: int, cameras: int, films: Path | None = None) -> list[Wish]:
    """Recordings of 1, 2, ... 6, 1, 2, ... shoppers until there are enough visits."""
    out: list[Wish] = []
    while sum(w.shoppers for w in out) < visits:
        out.append(Wish(seed + len(out), 1 + len(out) % 6, cameras, films=films))
    spare = sum(w.shoppers for w in out) - visits
    return [*out[:-1], replace(out[-1], shoppers=out[-1].shoppers - spare)]

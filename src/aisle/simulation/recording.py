"""From a world that has run to what its devices would have sent: readings in order of arrival, and the truth."""

from __future__ import annotations

import heapq
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from aisle.sensing.readings import HealthEntry, PlateReading, Reading, TrackReading
from aisle.simulation.acts import sway
from aisle.simulation.dynamics import Dynamics
from aisle.simulation.plates import HZ, Gondola, Signal
from aisle.simulation.tracks import Frames, track
from aisle.simulation.truth import Truth, events_of, receipts_of
from aisle.simulation.world import World
from aisle.store.model import Camera, Facing, Store

if TYPE_CHECKING:
    from aisle.simulation.pictures.filming import Film

BATCH = 12
NS = 1_000_000_000
FIRST_DAY_S = 1_767_225_600
"""Simulated shops open on or after 2026-01-01."""
AFTERWARDS_S = 3.0

Cells = Literal["plate", "shelf"]


@dataclass(frozen=True, slots=True)
class Watch:
    """Which devices watch a simulated shop.

    `cameras` is how many hang in the shop (0: none; the store's own are taken first), each filming `fps` pictures a
    second of `size_px`, rendered in `jobs` processes.  Without `plates` nothing is weighed; without `tracks` nobody
    tells where people are, so that only pixels do.
    """

    cameras: int = 0
    fps: float = 10.0
    size_px: tuple[int, int] = (640, 360)
    jobs: int = 1
    plates: bool = True
    tracks: bool = True


EVERYTHING_BUT_CAMERAS = Watch()


class ReadingSink(Protocol):
    """Whatever takes readings: a recording's writer, a list's append in tests."""

    def write(self, reading: Reading) -> None: ...


@dataclass(frozen=True)
class Simulated:
    """A simulated recording: also a `Recording` as the sensing room knows them, without a file.

    `sent` is what plates and tracker sent; frames are rendered by `film` while somebody reads, and never kept.
    """

    name: str
    store: Store
    truth: Truth
    sent: tuple[Reading, ...]
    film: Film | None = None

    def readings(self) -> Iterator[Reading]:
        """All readings in order of receipt."""
        if self.film is None:
            return iter(self.sent)
        frames: Iterator[Reading] = iter(self.film.readings())
        return heapq.merge(self.sent, frames, key=lambda reading: reading.received_ns)

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        return ()

    def write(self, sink: ReadingSink) -> None:
        for reading in self.readings():
            sink.write(reading)

    def write_truth(self, folder: Path) -> Path:
        """Write `<folder>/<name>.json`; returns its path.

        Where cameras film, `<name>.tracks.npz` beside it says where people and their hands were; and, once the frames
        have been written, `<name>.frames.npz` what each of them shows (`pictures.film_truth`).
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(self.truth.as_json(), indent=1) + "\n", encoding="utf-8")
        if self.film is not None:
            from aisle.simulation.pictures.film_truth import write_film_truth

            write_film_truth(self.film, folder, self.name)
        return path


def on_shelf_cells(store: Store) -> Store:
    """The same shop with one load cell under each board instead of one per plate."""
    return replace(
        store,
        shelves=tuple(replace(s, plate_edges_m=(s.plate_edges_m[0], s.plate_edges_m[-1])) for s in store.shelves),
        facings=tuple(replace(f, plates=(1,)) for f in store.facings),
    )


def with_second_facings(store: Store, share: float, rng: np.random.Generator) -> Store:
    """The same shop where a share of the facings shows a product that also stands somewhere else."""
    weighed = [f for f in store.facings if (p := store.products.get(f.gtin)) is not None and p.weight_g is not None]
    changed: dict[int, Facing] = {}
    for i, facing in enumerate(store.facings):
        other = weighed[int(rng.integers(len(weighed)))] if weighed else facing
        width = store.products[other.gtin].width_m if weighed else None
        if rng.random() < share and (width or 0.08) <= facing.x1_m - facing.x0_m:
            changed[i] = replace(facing, gtin=other.gtin)
    return replace(store, facings=tuple(changed.get(i, f) for i, f in enumerate(store.facings)))


def record(
    world: World,
    *,
    name: str,
    case: str,
    group: str,
    resolvable: str,
    seed: int,
    watching: Dynamics,
    rng: np.random.Generator,
    watch: Watch = EVERYTHING_BUT_CAMERAS,
) -> Simulated:
    """Let plates, tracker and cameras watch what happened.

    `watching` are the dynamics of the tracker (rough tracks, or the world's own); `watch` says which devices there are.
    """
    t0_ns = (FIRST_DAY_S + int(rng.integers(0, 300 * 86_400))) * NS + int(rng.integers(0, NS // 1000)) * 1000
    end = max([who.t_out for who in world.people if math.isfinite(who.t_out)], default=0.0) + AFTERWARDS_S
    batches = math.ceil(end * HZ / BATCH)
    duration = batches * BATCH / HZ
    numbers = sorted({s.gondola for s in world.store.shelves})
    for number in numbers:
        _background_sway(world, number, duration)
    gondolas: dict[int, Gondola] = {}
    arrivals: list[tuple[int, int, Reading]] = []
    for number in numbers:
        gondola = gondolas[number] = Gondola.drawn(world.store, number, world.dynamics, rng)
        touching = [e for e in world.effects if e.gondola == number]
        signal = gondola.render(batches * BATCH, world.stock.start, touching, world.dynamics, rng)
        for reading in _batches(signal, number, t0_ns, world.dynamics, rng):
            if watch.plates:
                arrivals.append((reading.received_ns, len(arrivals), reading))
    frames = track(world.people, duration, watching, rng)
    for frame in _track_readings(frames, t0_ns, rng):
        if watch.tracks:
            arrivals.append((frame.received_ns, len(arrivals), frame))
    arrivals.sort(key=lambda a: a[:2])
    staff = frozenset(who.ident for who in world.people if who.role == "staff")
    truth = Truth(
        name=name,
        case=case,
        group=group,
        resolvable=resolvable,
        seed=seed,
        noise=watching.name,
        t0=t0_ns / NS,
        duration_s=duration,
        roles={who.ident: who.role for who in world.people},
        receipts=receipts_of(world),
        links=frames.links,
        events=events_of(world, gondolas, t0_ns / NS),
    )
    film = _film(world, watch, t0_ns, duration, seed) if watch.cameras else None
    cameras = film.cameras if film is not None else world.store.cameras
    store = replace(world.store, staff=world.store.staff | staff, cameras=cameras)
    return Simulated(name, store, truth, tuple(reading for _, _, reading in arrivals), film)


def _film(world: World, watch: Watch, t0_ns: int, duration_s: float, seed: int) -> Film:
    """The cameras' part, with random numbers of its own, so that plates and tracks do not depend on it."""
    from aisle.simulation.pictures.filming import Film
    from aisle.simulation.pictures.rigs import CEILING_M, rig

    own = tuple(camera for camera in world.store.cameras if camera.size_px == watch.size_px)[: watch.cameras]
    hung: tuple[Camera, ...] = ()
    if len(own) < watch.cameras:
        rng = np.random.default_rng([0xCA3, seed])
        hung = rig(world.store, watch.cameras - len(own), watch.size_px, rng=rng)
        taken = {camera.camera_id for camera in own}
        hung = tuple(c if c.camera_id not in taken else replace(c, camera_id=f"{c.camera_id}-hung") for c in hung)
    return Film(world, own + hung, watch.fps, t0_ns, duration_s, seed, jobs=watch.jobs, ceiling_m=CEILING_M)


def _background_sway(world: World, gondola: int, duration_s: float) -> None:
    for _ in range(int(world.rng.poisson(world.dynamics.truck_per_min * duration_s / 60.0))):
        sway(world, gondola, float(world.rng.uniform(0, duration_s)))


def _batches(signal: Signal, gondola: int, t0_ns: int, d: Dynamics, rng: np.random.Generator) -> Iterator[PlateReading]:
    """Cut a gondola's signal into batches of 12; some never arrive."""
    count = len(signal) // BATCH
    clock_ns = int(rng.normal(0, d.clock_error_s) * NS)
    lost = rng.random(count) < d.batch_loss
    for _ in range(int(rng.poisson(d.burst_loss_per_min * count * BATCH / HZ / 60.0))):
        first = int(rng.integers(count))
        lost[first : first + math.ceil(float(rng.uniform(*d.burst_loss_s)) * HZ / BATCH)] = True
    late = d.latency_s[0] + rng.exponential(d.latency_s[1], count)
    for i in range(count):
        if lost[i]:
            continue
        taken_ns = t0_ns + i * BATCH * NS // HZ
        received_ns = taken_ns + BATCH * NS // HZ + int(late[i] * NS)
        yield PlateReading(
            f"gondola-{gondola}",
            taken_ns + clock_ns,
            received_ns,
            gondola,
            float(HZ),
            signal[i * BATCH : (i + 1) * BATCH],
        )


def _track_readings(frames: Frames, t0_ns: int, rng: np.random.Generator) -> Iterator[TrackReading]:
    """One reading per frame, people in the order they came in."""
    late = 0.05 + rng.exponential(0.015, len(frames.t))
    for i, t in enumerate(frames.t):
        who = np.flatnonzero(frames.seen[i])
        taken_ns = t0_ns + int(t * NS)
        yield TrackReading(
            "people",
            taken_ns,
            taken_ns + int(late[i] * NS),
            tuple(frames.id_at(int(j), float(t)) for j in who),
            frames.heads_m[i, who],
            frames.head_scores[i, who],
            frames.wrists_m[i, who],
            frames.wrist_scores[i, who],
        )

"""One simulated trip from sign-in to the lane: composed of shopping and situations, turned into readings and truth."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from aisle.sensing.cart.readings import CartReading, LookReading, MotionReading, ScaleReading, ScanReading, TapReading
from aisle.sensing.readings import HealthEntry
from aisle.simulation.cart.behaviour import Habits, between_goods, ordinary
from aisle.simulation.cart.catalogue import Catalogue
from aisle.simulation.cart.cell import CellModel, MotionTrack, ScaleTrack, motion_track, scale_track, weigh
from aisle.simulation.cart.faults import Clock, gone, spoil_scale
from aisle.simulation.cart.looks import LookModel
from aisle.simulation.cart.situations import Situation, load_all
from aisle.simulation.cart.stage import Fault, Shown, Stage
from aisle.simulation.cart.truth import Doubt, Moved, TripTruth, lines_of

NS = 1_000_000_000
FIRST_DAY_S = 1_767_225_600  # simulated shops open on or after 2026-01-01

_LOOKS, _HABITS = LookModel(), Habits()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted of a trip: about how many pieces, which situations, which devices."""

    items: int = 25
    situations: tuple[str, ...] = ()
    looks: LookModel | None = _LOOKS
    scanner: bool = True
    habits: Habits = _HABITS
    cell: CellModel | None = None


@dataclass(frozen=True)
class SimulatedTrip:
    """A simulated trip: a `CartTrip` as the sensing room knows them, without a file, and its truth.

    Scale and motion are kept as arrays; `readings` makes objects of them while somebody reads.
    """

    name: str
    cart_id: str
    network: bool
    scale: ScaleTrack
    motion: MotionTrack
    others: tuple[ScanReading | TapReading | LookReading, ...]
    """Scans, taps and sights in order of receipt."""
    truth: TripTruth
    shown: tuple[Shown, ...] = ()
    """What was before the scan camera, for those who draw it; seconds since the trip began."""
    faults: tuple[Fault, ...] = ()

    def readings(self) -> Iterator[CartReading]:
        """All readings in order of receipt."""
        scale: Iterator[CartReading] = (
            ScaleReading(t, r, g)
            for t, r, g in zip(
                self.scale.t_ns.tolist(), self.scale.received_ns.tolist(), self.scale.grams.tolist(), strict=True
            )
        )
        m = self.motion
        motion: Iterator[CartReading] = (
            MotionReading(t, r, moving, rms)
            for t, r, moving, rms in zip(
                m.t_ns.tolist(), m.received_ns.tolist(), m.moving.tolist(), m.accel_rms.tolist(), strict=True
            )
        )
        others: Iterator[CartReading] = iter(self.others)
        return heapq.merge(others, motion, scale, key=lambda reading: reading.received_ns)

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        return ()

    @cached_property
    def lasts_s(self) -> float:
        return (self.truth.end_ns - self.truth.start_ns) / NS


def simulate_trip(catalogue: Catalogue, seed: int, plan: Plan | None = None, name: str | None = None) -> SimulatedTrip:
    """The trip with this seed.  Raises ValueError for a situation nobody knows, or fewer than one item.

    The situations are woven in at chance places among ordinary shopping.
    """
    plan = plan or Plan()
    rng = np.random.default_rng([0xCA27, seed])
    chosen = _situations(plan.situations)
    if plan.items < 1:
        raise ValueError(f"a trip of {plan.items} items: at least 1 is needed")
    cell = plan.cell or CellModel.drawn(rng)
    stage = Stage(catalogue, cell, rng, plan.looks, plan.scanner)
    _shop(stage, plan, chosen)
    start_ns = (FIRST_DAY_S + int(rng.integers(0, 300 * 86_400))) * NS + int(rng.integers(NS))
    return _recorded(stage, seed, start_ns, tuple(s.name for s in chosen), name or f"trip-{seed:05d}")


def mixed_plan(number: int, rng: np.random.Generator, items: int = 25, each: int = 2) -> Plan:
    """The `number`-th of many trips: the situations take turns, so that each is met equally often."""
    names = list(load_all())
    start = number * each
    order = np.random.default_rng([0x5EED, start // len(names)]).permutation(len(names))
    chosen = tuple(names[int(order[(start + k) % len(names)])] for k in range(each))
    size = items if rng.random() < 0.5 else int(np.clip(rng.lognormal(np.log(items), 0.35), 3, 3 * items))
    return Plan(size, chosen)


def _situations(names: Sequence[str]) -> tuple[Situation, ...]:
    known = load_all()
    for name in names:
        if name not in known:
            raise ValueError(f"situation {name!r} is not known; one of {', '.join(known)} would be right")
    return tuple(known[name] for name in names)


def _shop(stage: Stage, plan: Plan, chosen: tuple[Situation, ...]) -> None:
    """Play the whole trip."""
    stage.wait(stage.between(1.5, 4.0))
    stage.tap("start")
    stage.wait(stage.between(1.0, 4.0))
    placed = 0
    for one in chosen:
        if one.early:
            placed += one.play(stage, plan.habits)
    later = [one for one in chosen if not one.early]
    # after how many pieces each is played: not before there is something in the basket, not after the last
    due = sorted(float(stage.rng.uniform(0.08, 0.9)) * plan.items for _ in later)
    mixed = [later[int(i)] for i in stage.rng.permutation(len(later))]
    queue = list(zip(due, sorted(mixed, key=lambda one: one.late), strict=True))
    while placed < plan.items or queue:
        between_goods(stage, plan.habits)
        if queue and placed >= queue[0][0]:
            placed += queue.pop(0)[1].play(stage, plan.habits)
        else:
            placed += ordinary(stage, plan.habits)
    stage.walk(stage.between(10.0, 25.0))
    stage.wait(stage.between(1.5, 5.0))
    stage.tap("pay")
    stage.wait(stage.between(3.0, 6.0))


def _recorded(stage: Stage, seed: int, start_ns: int, names: tuple[str, ...], name: str) -> SimulatedTrip:
    rng, lasts_s = stage.rng, stage.now_s
    grams, accel = weigh(stage.forces, lasts_s, stage.cell, rng)
    scale = spoil_scale(scale_track(grams, start_ns, stage.cell, rng), start_ns, stage.faults, stage.cell)
    motion = motion_track(stage.forces, accel, lasts_s, start_ns, rng)
    clock = Clock(start_ns, tuple(stage.faults))
    heard = gone(motion.t_ns, start_ns, stage.faults, ("power",))
    motion = MotionTrack(
        clock.shifted(motion.t_ns[~heard]), clock.shifted(motion.received_ns[~heard]),
        motion.moving[~heard], motion.accel_rms[~heard],
    )  # fmt: skip
    scale = clock.scale(scale)
    events = tuple(_moved(stage, clock))
    by_weight = frozenset(e.gtin for e in events if e.gtin and stage.catalogue.articles[e.gtin].by_weight)
    truth = TripTruth(
        name=name,
        seed=seed,
        situations=names,
        start_ns=start_ns,
        end_ns=clock.ns(lasts_s),
        lines=lines_of(events, by_weight),
        doubts=tuple(
            Doubt(clock.ns(d.t0_s), clock.ns(min(d.t1_s, lasts_s)), d.kind, d.gtin)
            for d in sorted(stage.doubts, key=lambda d: d.t0_s)
        ),
        events=events,
        by_weight=by_weight,
        cart_id=f"cart-{1 + seed % 40:02d}",
        network=stage.network,
    )
    others = tuple(sorted(_others(stage, clock, rng), key=lambda reading: reading.received_ns))
    return SimulatedTrip(
        name, truth.cart_id, stage.network, scale, motion, others, truth, tuple(stage.shown), tuple(stage.faults)
    )


def _moved(stage: Stage, clock: Clock) -> Iterator[Moved]:
    for move in sorted(stage.moves, key=lambda m: m.t_s):
        p = move.piece
        yield Moved(
            clock.ns(move.t_s), move.kind, p.number, p.code, round(p.gross_g, 2), round(p.net_g, 2), p.count, p.thing
        )


def _others(
    stage: Stage, clock: Clock, rng: np.random.Generator
) -> Iterator[ScanReading | TapReading | LookReading]:  # fmt: skip
    """Scans, taps and sights that were heard, with a few milliseconds of delay."""
    dark = [f for f in stage.faults if f.kind in ("power", "camera")]
    dead = [f for f in stage.faults if f.kind == "power"]
    for t, code, symbology in stage.scans:
        late = int(rng.integers(2_000_000, 12_000_000))
        if not any(f.t0_s <= t < f.t1_s for f in dead):
            yield ScanReading(clock.ns(t), clock.ns(t) + late, code, symbology)
    for t, tap, value in stage.taps:
        late = int(rng.integers(1_000_000, 9_000_000))
        if not any(f.t0_s <= t < f.t1_s for f in dead):
            yield TapReading(clock.ns(t), clock.ns(t) + late, tap, value)
    for sight in stage.sights:
        late = int(rng.integers(25_000_000, 70_000_000))
        if not any(f.t0_s <= sight.t_s < f.t1_s for f in dark):
            yield LookReading(clock.ns(sight.t_s), clock.ns(sight.t_s) + late, sight.gtins, sight.nats)

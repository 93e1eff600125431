"""What good cameras would testify of a simulated recording: made from its truth, with the errors cameras make.

Wrists get a stated spread, hands a probability of holding something, shelves a before and after for every visit of
hands, things in hands a posterior over products.  Each is wrong in a share of the cases; the errors hang together as
those of real cameras do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from aisle.belief.people import People
from aisle.belief.visits import Visits
from aisle.sensing.readings import HealthEntry, PlateReading, Reading, TrackReading
from aisle.simulation.recording import Simulated
from aisle.store.model import Store
from aisle.vision.evidence import Evidence, ItemSight, ShelfSight, known_at_ns

FloatArray = npt.NDArray[np.float64]
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Sharpness:
    """How good the cameras are; shares are of cases."""

    holding_right: float = 0.88
    holding_block_s: float = 0.5  # how long an error about a hand lasts
    shelf_hidden: float = 0.10
    shelf_right: float = 0.75  # of changes: seen as what and where they are
    shelf_elsewhere: float = 0.05  # seen a hand's breadth or two off
    shelf_invented: float = 0.05  # of sights: something that was not
    items: bool = False
    item_right: float = 0.8
    shelves: bool = True
    hands: bool = True


@dataclass(frozen=True)
class Sighted:
    """A recording as cameras would have made it, and what they testify beside it."""

    name: str
    store: Store
    sent: tuple[Reading, ...]
    evidence: tuple[Evidence, ...]

    def readings(self) -> Iterator[Reading]:
        return iter(self.sent)

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        return ()


def sighted(
    simulated: Simulated,
    seed: int,
    sharpness: Sharpness | None = None,
    *,
    plates: bool = True,
    silent_from_s: float = 1e9,
) -> Sighted:
    """The recording with the testimony of cameras; without `plates`, or with all of them silent from a time on."""
    s = sharpness or Sharpness()
    rng = np.random.default_rng([0x5EE, seed])
    tracks = [r for r in simulated.sent if isinstance(r, TrackReading)]
    deeds = _deeds(simulated, tracks)
    holding = _Holding(deeds, s, rng)
    first = tracks[0].t_ns if tracks else 0
    sent: list[Reading] = []
    for r in simulated.sent:
        if isinstance(r, TrackReading):
            sent.append(holding.told(r, simulated.truth.links) if s.hands else r)
        elif isinstance(r, PlateReading) and plates and r.t_ns < first + silent_from_s * NS:
            sent.append(r)
    evidence: list[Evidence] = []
    if s.shelves:
        evidence += _shelf_sights(simulated, tracks, deeds, s, rng)
    if s.items:
        evidence += _item_sights(simulated, deeds, s, rng)
    return Sighted(simulated.name, simulated.store, tuple(sent), tuple(sorted(evidence, key=known_at_ns)))


@dataclass(frozen=True, slots=True)
class _Deed:
    kind: str
    t_ns: int
    person: str
    track: str
    hand: int
    shelf: int
    x_m: float
    gtin: str
    item: int


def _deeds(simulated: Simulated, tracks: Sequence[TrackReading]) -> list[_Deed]:
    shelf_of = {s.key: i for i, s in enumerate(simulated.store.shelves)}
    times = np.array([r.t_ns for r in tracks])
    out = []
    for e in simulated.truth.events:
        if e["kind"] not in ("pick", "put") or e["gondola"] is None:
            continue
        index = shelf_of[e["gondola"], e["shelf"]]
        shelf = simulated.store.shelves[index]
        edges = np.asarray(shelf.plate_edges_m)
        on = np.array(e["plates"]) - 1
        x = float(np.mean((edges[on] + edges[on + 1]) / 2))
        t_ns = round(e["timestamp"] * NS)
        track, hand = _hand(
            tracks, times, t_ns, e["target_id"], simulated.truth.links, np.array(shelf.world(x, 0.05, 0.1))
        )
        out.append(_Deed(e["kind"], t_ns, e["target_id"], track, hand, index, x, e["barcode"], e["item"]))
    return out


def _hand(
    tracks: Sequence[TrackReading], times: npt.NDArray[Any], t_ns: int, who: str, links: dict[str, str], at: FloatArray
) -> tuple[str, int]:
    """Track id of a person just then, and which of their wrists was nearest to a place."""
    near: list[tuple[float, str, int]] = []
    a, b = np.searchsorted(times, (t_ns - NS // 3, t_ns + NS // 3))
    for r in tracks[a:b]:
        for i, ident in enumerate(r.ids):
            if links.get(ident, ident) == who:
                for hand in (0, 1):
                    d = float(np.linalg.norm(r.wrists_m[i, hand] - at))
                    near.append((d if np.isfinite(d) else 9.0, ident, hand))
    return min(near)[1:] if near else (who, 1)


class _Holding:
    """Which hand is full when, and what a camera makes of it."""

    def __init__(self, deeds: list[_Deed], s: Sharpness, rng: np.random.Generator) -> None:
        self._s, self._rng = s, rng
        self._full: dict[tuple[str, int], list[tuple[int, int]]] = {}
        self._blocks: dict[tuple[str, int, int], bool] = {}
        by_hand: dict[tuple[str, int], list[_Deed]] = {}
        for d in deeds:
            by_hand.setdefault((d.person, d.hand), []).append(d)
        for key, mine in by_hand.items():
            spans = self._full.setdefault(key, [])
            for d, after in zip(mine, [*mine[1:], None], strict=True):
                if d.kind == "pick":
                    end = d.t_ns + round(rng.uniform(1.5, 4.0) * NS)
                    if after is not None and after.kind == "put" and after.item == d.item:
                        end = max(end, after.t_ns)
                    elif after is not None:
                        end = min(end, after.t_ns - round(0.8 * NS))
                    spans.append((d.t_ns, end))
                else:
                    spans.append((d.t_ns - round(rng.uniform(0.8, 1.6) * NS), d.t_ns))

    def told(self, r: TrackReading, links: dict[str, str]) -> TrackReading:
        p = np.full((len(r.ids), 2), np.nan, np.float32)
        for i, ident in enumerate(r.ids):
            who = links.get(ident, ident)
            for hand in (0, 1):
                if np.isfinite(r.wrists_m[i, hand, 0]):
                    full = any(a <= r.t_ns < b for a, b in self._full.get((who, hand), ()))
                    sure = float(np.clip(self._s.holding_right + self._rng.normal(0, 0.05), 0.55, 0.98))
                    p[i, hand] = sure if full == self._right(who, hand, r.t_ns) else 1.0 - sure
        sigma = np.where(np.isfinite(r.wrists_m[..., 0]), np.float32(0.05), np.float32(np.nan)).astype(np.float32)
        return replace(r, holding=p, wrist_sigma_m=sigma)

    def _right(self, who: str, hand: int, t_ns: int) -> bool:
        key = (who, hand, t_ns // round(self._s.holding_block_s * NS))
        if key not in self._blocks:
            self._blocks[key] = bool(self._rng.random() < self._s.holding_right)
        return self._blocks[key]


def _shelf_sights(
    simulated: Simulated, tracks: Sequence[TrackReading], deeds: list[_Deed], s: Sharpness, rng: np.random.Generator
) -> Iterator[ShelfSight]:
    people, visits = People(store=simulated.store), Visits(simulated.store.shelves)
    everywhere = np.arange(len(simulated.store.shelves))
    found = []
    for n, r in enumerate(tracks):
        people.observe(r)
        if n % 20 == 0:
            found += visits.over(people, people.seconds(r.t_ns), everywhere)
    found += visits.over(people, people.seconds(tracks[-1].t_ns) + 10.0, everywhere) if tracks else []
    for v in found:
        if rng.random() < s.shelf_hidden:
            continue
        t0, t1 = people.nanoseconds(v.t0_s - 0.4), people.nanoseconds(v.t1_s + 0.4)
        bins = simulated.store.shelves[v.shelf].plate_edges_m[0] + np.arange(
            0.025, simulated.store.shelves[v.shelf].length_m, 0.05
        )
        told = {"pick": rng.normal(-1.5, 0.5, len(bins)), "put": rng.normal(-1.5, 0.5, len(bins))}
        for d in deeds:
            if d.shelf == v.shelf and t0 <= d.t_ns <= t1:
                u = rng.random()
                if u < s.shelf_right + s.shelf_elsewhere:
                    off = rng.normal(0, 0.02) if u < s.shelf_right else rng.choice((-1, 1)) * rng.uniform(0.1, 0.25)
                    _mark(told[d.kind], bins, d.x_m + off, rng)
        if rng.random() < s.shelf_invented:
            _mark(told[str(rng.choice(("pick", "put")))], bins, float(rng.choice(bins)), rng)
        yield ShelfSight(v.shelf, t0, t1, bins, told["pick"], told["put"])


def _mark(ratio: FloatArray, bins: FloatArray, x_m: float, rng: np.random.Generator) -> None:
    near = np.abs(bins - x_m) < 0.055
    ratio[near] = rng.normal(2.5, 0.7, int(near.sum()))


def _item_sights(
    simulated: Simulated, deeds: list[_Deed], s: Sharpness, rng: np.random.Generator
) -> Iterator[ItemSight]:
    gtins = tuple(sorted(simulated.store.products))
    for d in deeds:
        if rng.random() < 0.3:  # nobody saw it well
            continue
        shown = d.gtin if rng.random() < s.item_right else str(rng.choice(gtins))
        wrong = (1.0 - s.item_right) / (len(gtins) - 1)
        posterior = np.array([s.item_right if g == shown else wrong for g in gtins])
        at = d.t_ns + round((0.7 if d.kind == "pick" else -0.7) * NS)
        yield ItemSight(at, d.track, d.hand, gtins, np.log(posterior * len(gtins)), -1.0)

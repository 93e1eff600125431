"""The shop in motion: one clock, one stock, the people, and the log of what really happened.

People are generators that yield the time at which they want to act next; the
world resumes whoever is earliest, so that several people share one stock
without ever seeing its future.  What they do leaves *effects* (forces on
boards, read by `plates`) and *deeds* (the truth, read by `truth`).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from aisle.simulation.dynamics import Dynamics
from aisle.simulation.floor import BODY_M, Floor, Point
from aisle.simulation.people import Body, Person, Role
from aisle.simulation.stock import Item, Spot, Stock
from aisle.store.model import Shelf, Store

Script = Generator[float, None, None]
DeedKind = Literal["pick", "put", "touch", "hold", "lean", "slide", "handover", "drop"]


@dataclass(frozen=True, slots=True)
class Load:
    """A load comes or goes for good: `grams` (negative: lifted) from `t` on, complete after `rise_s`."""

    spot: Spot
    width_m: float
    slant: float
    t: float
    rise_s: float
    grams: float
    ring_share: float
    course: float  # exponent of the course: below 1 jerks, above 1 hesitates

    @property
    def gondola(self) -> int:
        return self.spot.gondola


@dataclass(frozen=True, slots=True)
class Press:
    """A passing force: a hand, an elbow, an item half lifted (negative); `waver` is its relative unsteadiness."""

    spot: Spot
    width_m: float
    t: float
    lasts_s: float
    grams: float
    waver: float
    peak: float  # where in its course it is strongest, 0..1

    @property
    def gondola(self) -> int:
        return self.spot.gondola


@dataclass(frozen=True, slots=True)
class Sway:
    """The whole gondola trembles: `rms_g` on a plate of its top board."""

    gondola: int
    t: float
    lasts_s: float
    rms_g: float


Effect = Load | Press | Sway


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing somebody really did (seconds since the start of the recording)."""

    kind: DeedKind
    t: float
    person: str
    item: Item | None = None
    spot: Spot | None = None
    to: str | None = None
    lasts_s: float | None = None


@dataclass(slots=True)
class World:
    """Everything that is true.  Build with `World.of`."""

    store: Store
    dynamics: Dynamics
    rng: np.random.Generator
    stock: Stock
    floor: Floor
    people: list[Person] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    now: float = 0.0
    stations: dict[str, Point] = field(default_factory=dict)  # where people stand or are heading
    _queue: list[tuple[float, int, Script]] = field(default_factory=list)
    _turn: int = 0

    @classmethod
    def of(cls, store: Store, dynamics: Dynamics, rng: np.random.Generator) -> World:
        return cls(store, dynamics, rng, Stock(store, dynamics, rng), Floor.of(store))

    # ------------------------------------------------------------- the clock
    def start(self, t: float, script: Script) -> None:
        """Let a script begin at `t`."""
        heapq.heappush(self._queue, (t, self._turn, script))
        self._turn += 1

    def run(self, scripts: Iterable[tuple[float, Script]] = ()) -> float:
        """Resume scripts in order of time until all have ended; returns the time of the last act."""
        for t, script in scripts:
            self.start(t, script)
        while self._queue:
            t, _, script = heapq.heappop(self._queue)
            self.now = max(self.now, t)
            wake = next(script, None)
            if wake is not None:
                self.start(max(wake, self.now), script)
        return self.now

    # ----------------------------------------------------------------- people
    def person(self, role: Role = "customer") -> Person:
        """Somebody steps through the entrance now."""
        rng = self.rng
        ident = str(rng.integers(10**14, 10**15))
        x, y = self.gate_point("entry")
        xy = (x + float(rng.normal(0, 0.06)), y + float(rng.normal(0, 0.06)))
        who = Person(ident, role, Body.drawn(self.dynamics, rng), self.now, xy)
        who.steps.append((self.now, *xy))
        who.turns.append((self.now, math.pi / 2))
        self.people.append(who)
        return who

    def gate_point(self, kind: Literal["entry", "exit"]) -> Point:
        """Half a step inside a gate of that kind; before the first gondola where the store has no gates."""
        gates = [g for g in self.store.gates if g.kind in (kind, "both")]
        if not gates:
            shelf = self.store.shelves[0]
            x, y, _ = shelf.world(shelf.plate_edges_m[0] - 1.0, -1.6)
            return (x, y)
        gate = gates[int(self.rng.integers(len(gates)))]
        u = float(self.rng.uniform(0.3, 0.7))
        x, y = (gate.a_m[d] + u * (gate.b_m[d] - gate.a_m[d]) for d in (0, 1))
        points = self.store.floor_m or tuple(s.world(s.length_m / 2)[:2] for s in self.store.shelves)
        cx, cy = (sum(p[d] for p in points) / len(points) for d in (0, 1))
        nx, ny = gate.a_m[1] - gate.b_m[1], gate.b_m[0] - gate.a_m[0]
        size = math.hypot(nx, ny) or 1.0
        side = 0.35 if nx * (cx - x) + ny * (cy - y) > 0 else -0.35
        return (x + side * nx / size, y + side * ny / size)

    def shelf(self, spot: Spot) -> Shelf:
        return self.store.shelf_at[spot.key]

    def standing_point(
        self, who: Person, spot: Spot, aside_m: float | None = None, off_m: float | None = None
    ) -> Point:
        """Where `who` stands to reach `spot`: free floor, not in somebody, as near as they usually stand."""
        rng, shelf = self.rng, self.shelf(spot)
        best, best_room = None, -math.inf
        others = [p for k, p in self.stations.items() if k != who.ident]
        for attempt in range(16):
            aside = float(rng.normal(0, self.dynamics.stand_aside_m)) * (1 + 0.15 * attempt)
            if aside_m is not None:
                aside = aside_m + 0.02 * attempt * (-1) ** attempt
            off = float(rng.uniform(*self.dynamics.stand_off_m)) if off_m is None else off_m
            x, y, _ = shelf.world(spot.x_m + aside, -off)
            if float(self.floor.clearance(np.array([x, y]))) < BODY_M or not self.floor.inside((x, y)):
                continue
            room = min((math.dist((x, y), p) for p in others), default=math.inf)
            if room > best_room:
                best, best_room = (x, y), room
            if room > 0.45:
                break
        if best is None:
            x, y, _ = shelf.world(spot.x_m, -max(BODY_M + 0.05, self.dynamics.stand_off_m[0]))
            best = (x, y)
        return best

    def away(self, t: float) -> bool:
        """Has everybody left by `t`?"""
        return all(p.t_out <= t for p in self.people)

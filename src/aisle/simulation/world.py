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

from aisle.simulation.crossing import Crowd
from aisle.simulation.dynamics import Dynamics
from aisle.simulation.floor import BODY_M, Floor, Point
from aisle.simulation.people import Body, Person, Role
from aisle.simulation.stock import Item, Spot, Stock
from aisle.store.model import Shelf, Store

Script = Generator[float, None, None]
APART_M = 0.55
"""So far from one another people stand at shelves where there is room."""
SHOULDERS_M = 0.45
"""So far apart they stand where they mean to stand side by side."""
ENTRY_GAP_S, ENTRY_APART_M = 1.2, 0.6
"""People come through a gate one after another."""
ENTRY_TICKS = 30
SAME_GATE_M = 2.0
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
        """Somebody at the entrance, who is not in the shop before they `enter`."""
        rng = self.rng
        ident = str(rng.integers(10**14, 10**15))
        x, y = self.gate_point("entry")
        xy = (x + float(rng.normal(0, 0.06)), y + float(rng.normal(0, 0.06)))
        return Person(ident, role, Body.drawn(self.dynamics, rng), self.now, xy)

    def can_enter(self, who: Person) -> bool:
        """Is the last who came through that gate far enough in, and nobody about to be there?"""
        for p in self.people:
            if self.now - p.t_in < ENTRY_GAP_S and math.dist(p.steps[0][1:], who.xy) < SAME_GATE_M:
                return False
        soon = Crowd.of(self.people, self.now).apart(np.tile(who.xy, (ENTRY_TICKS, 1)))
        return bool(soon.min(initial=math.inf) >= ENTRY_APART_M)

    def enter(self, who: Person) -> None:
        """Step through the entrance now."""
        who.t_in = self.now
        who.steps.append((self.now, *who.xy))
        who.turns.append((self.now, math.pi / 2))
        self.people.append(who)
        self.stations[who.ident] = who.xy

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
        wanted = APART_M if aside_m is None else SHOULDERS_M
        for attempt in range(16):
            aside = float(rng.normal(0, self.dynamics.stand_aside_m)) * (1 + 0.15 * attempt)
            if aside_m is not None:
                aside = aside_m + 0.02 * attempt * (-1) ** attempt
            off = float(rng.uniform(*self.dynamics.stand_off_m)) if off_m is None else off_m
            x, y, _ = shelf.world(spot.x_m + aside, -off)
            if float(self.floor.clearance(np.array([x, y]))) < BODY_M or not self.floor.inside((x, y)):
                continue
            room = self.room(who, (x, y))
            if room > best_room:
                best, best_room = (x, y), room
            if room >= wanted:
                break
        if best is None:
            x, y, _ = shelf.world(spot.x_m, -max(BODY_M + 0.05, self.dynamics.stand_off_m[0]))
            best = (x, y)
        return best

    def room(self, who: Person, place: Point) -> float:
        """Metres from a place to where the nearest of the others stands or is heading."""
        return min((math.dist(place, p) for k, p in self.stations.items() if k != who.ident), default=math.inf)

    def away(self, t: float) -> bool:
        """Has everybody left by `t`?"""
        return all(p.t_out <= t for p in self.people)

"""One trip while it is being played: the shopper's hands, the basket, and what every device gets of it.

Acts move `now_s` on and leave behind forces on the load cell, scans, taps, sights, and what really happened.  Nothing
here decides what a shopper does; that is `behaviour` and `situations`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from aisle.simulation.cart.catalogue import Article, Catalogue, Piece, Stockroom
from aisle.simulation.cart.cell import Burst, CellModel, Forces, Roll, Step
from aisle.simulation.cart.looks import LookModel, Sight, empty_hand, showing

Manner = Literal["gently", "dropped", "thrown"]
FaultKind = Literal["stuck", "unplugged", "invalid", "camera", "power", "clock", "scale-clock", "drift", "capacity"]
FOREVER_S = 1e9
NOTICED_S = 10.0
_DEAF = ("stuck", "unplugged", "invalid")
TOLD_S = 20.0
"""How soon after goods were shown or placed the cart says that a person is needed for them."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a device from `t0_s` to `t1_s`; `size` is seconds of clocks, grams an hour of drift, grams
    of capacity."""

    kind: FaultKind
    t0_s: float
    t1_s: float
    size: float = 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """A piece placed or removed at a moment."""

    t_s: float
    kind: Literal["placed", "removed"]
    piece: Piece


@dataclass(frozen=True, slots=True)
class Shown:
    """A piece (None: an empty hand) before the scan camera, for those who draw it; `code`: its code is turned there."""

    t_s: float
    lasts_s: float
    piece: Piece | None
    code: bool = False


@dataclass(frozen=True, slots=True)
class DoubtAt:
    """From `t0_s` to `t1_s` a prompt of this kind is right."""

    t0_s: float
    t1_s: float
    kind: str
    gtin: str | None


@dataclass
class Stage:
    """The trip so far.  `looks` None: no recogniser; `scanner` False: codes are read by the camera alone."""

    catalogue: Catalogue
    cell: CellModel
    rng: np.random.Generator
    looks: LookModel | None = field(default_factory=LookModel)
    scanner: bool = True
    now_s: float = 0.0
    forces: Forces = field(default_factory=Forces)
    scans: list[tuple[float, str, str]] = field(default_factory=list)
    taps: list[tuple[float, str, object]] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    doubts: list[DoubtAt] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    basket: dict[int, Piece] = field(default_factory=dict)
    network: bool = True

    def __post_init__(self) -> None:
        self.stock = Stockroom(self.catalogue, self.rng)

    # ------------------------------------------------------------ chance
    def between(self, low: float, high: float) -> float:
        """Uniform."""
        return float(self.rng.uniform(low, high))

    def about(self, median: float, spread: float, high: float = FOREVER_S) -> float:
        """Log-normal about a median."""
        return min(float(self.rng.lognormal(math.log(median), spread)), high)

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def article(self, *, scannable: bool | None = None, light: bool = False) -> Article:
        """Something off the shopping list."""
        while True:
            found = self.catalogue.ordinary[int(self.rng.choice(len(self.catalogue.ordinary), p=self.catalogue.demand))]
            if scannable is not None and found.scannable is not scannable:
                continue
            if light and found.net_g > 30.0:
                continue
            return found

    def packaged(self) -> Piece:
        """An ordinary packaged piece with a code that stands for one."""
        while True:
            found = self.article(scannable=True)
            if found.kind == "package":
                return self.stock.piece(found)

    # ------------------------------------------------------------ time and walking
    def wait(self, seconds: float) -> None:
        self.now_s += seconds

    def walk(self, seconds: float, rough: float = 1.0) -> None:
        """Roll on.  People stop now and then, and creep along shelves slower than the motion sensor notices."""
        end = self.now_s + seconds
        while self.now_s < end - 0.8:
            part = min(self.about(7.0, 0.6), end - self.now_s)
            creeping = self.chance(0.06)
            speed = self.between(0.08, 0.2) if creeping else self.between(0.6, 1.2)
            self.forces.rolls.append(Roll(self.now_s, self.now_s + part, rough, speed, not creeping))
            self.now_s += part
            if self.now_s < end - 2.0 and self.chance(0.4):
                self.now_s += self.between(0.6, 2.5)
        self.now_s = max(self.now_s, end)

    @contextmanager
    def rolling(self, rough: float = 1.0) -> Iterator[None]:
        """What happens inside happens while the cart rolls."""
        start = self.now_s
        self.now_s += self.between(0.8, 2.0)
        yield
        self.now_s += self.between(0.6, 2.0)
        self.forces.rolls.append(Roll(start, self.now_s, rough, self.between(0.5, 1.1)))

    # ------------------------------------------------------------ devices
    def scan(self, piece: Piece) -> None:
        """Read the code of a piece with the hand scanner, the piece in hand; or hold its code before the camera."""
        self.wait(self.about(0.9, 0.4, 4.0))
        self._needs_person(piece)
        if self.scanner:
            self.scans.append((self.now_s, piece.printed or piece.code, piece.symbology or "EAN13"))
            # what the scanner reads points at the scanner; the camera sees whatever side it sees
            self.show(piece, self.now_s - self.between(0.2, 0.8), self.between(0.4, 1.2), self.chance(0.25))
            return
        seconds = self.about(1.2, 0.3, 2.5)
        self.show(piece, self.now_s, seconds, code=True)
        self.wait(seconds)

    def read_again(self) -> None:
        """The scanner reads the piece still before it once more."""
        if self.scanner and self.scans:
            self.scans.append((self.now_s, *self.scans[-1][1:]))

    def tap(self, kind: str, value: object = None) -> None:
        """Touch the screen: looking and hitting take about a second."""
        self.wait(self.about(1.0, 0.4, 4.0))
        self.taps.append((self.now_s, kind, value))

    def type_plu(self, piece: Piece) -> None:
        """Key in a look-up code (or touch its tile), and the number of pieces where the screen asks for it."""
        self.wait(self.about(2.2, 0.5, 9.0))
        self.tap("plu", piece.code)

    def show(self, piece: Piece, from_s: float, lasts_s: float, code: bool = False) -> None:
        """A piece before the scan camera, or its `code`."""
        from_s = max(from_s, 0.1)
        self.shown.append(Shown(from_s, lasts_s, piece, code))
        if self.looks is not None:
            inside = list(self.basket.values())[-4:]
            self.sights += showing(piece, from_s, lasts_s, self.catalogue, self.looks, inside, self.rng)

    # ------------------------------------------------------------ the basket
    def place(
        self,
        *pieces: Piece,
        manner: Manner = "gently",
        seen: float = 0.9,
        together: bool = False,
    ) -> None:
        """Put pieces in, one after another or `together` in one movement; each passes the camera with chance `seen`."""
        rng = self.rng
        for at, piece in enumerate(pieces):
            if at == 0 or not together:
                self.wait(self.between(0.35, 1.1) if at == 0 else self.between(0.6, 1.8))
            if self.chance(seen):
                self.show(piece, self.now_s - self.between(0.25, 0.9), self.about(0.5, 0.4, 1.6))
            self._needs_person(piece)
            landed = self.now_s + (float(rng.uniform(0.0, 0.25)) if together else 0.0)
            self._land(piece, landed, manner)
            self.basket[piece.number] = piece
            self.moves.append(Move(landed, "placed", piece))
        self.wait(self.between(0.25, 0.7))
        if self.chance(0.14):
            self.rummage(self.between(0.8, 3.0))

    def lift(self, piece: Piece, seen: float = 0.55) -> None:
        """Take a piece out."""
        self.wait(self.between(0.4, 1.0))
        if self.chance(0.5):
            self.rummage(self.between(0.5, 2.5))
        if self.chance(0.35):  # some push themselves off, or press things aside
            self._burst("press", self.between(0.2, 0.6), self.between(20.0, 150.0))
            self.wait(0.25)
        rise = self.between(0.15, 0.5)
        self.forces.steps.append(Step(self.now_s, -piece.gross_g, rise))
        self.forces.jolts.append((self.now_s, self.now_s + 0.3, 0.05))
        self.basket.pop(piece.number)
        self.moves.append(Move(self.now_s, "removed", piece))
        self.wait(rise + 0.1)
        if self.chance(seen):
            self.show(piece, self.now_s, self.about(0.6, 0.4, 1.6))

    def rummage(self, seconds: float) -> None:
        """A hand in the basket moves things about."""
        self._burst("rummage", seconds, self.about(22.0, 0.6, 160.0))
        self.forces.jolts.append((self.now_s, self.now_s + seconds, 0.06))
        if self.looks is not None and self.chance(0.5):
            self.sights += empty_hand(self.now_s, self.catalogue, self.looks, self.rng)
        self.shown.append(Shown(self.now_s, min(seconds, 1.0), None))
        self.wait(seconds)

    def lean(self, seconds: float, grams: float) -> None:
        """Somebody leans on the rim, holds on to it, pulls at it (negative)."""
        self.forces.bursts.append(Burst("hold", self.now_s, seconds, grams, abs(grams) * self.between(0.06, 0.25)))

    def hang(self, grams: float, seconds: float) -> None:
        """A bag hangs on the rim for a while; it swings."""
        self.forces.bursts.append(Burst("hold", self.now_s, seconds, grams, grams * self.between(0.001, 0.006)))

    # ------------------------------------------------------------ truth
    def doubt(
        self, kind: str, gtin: str | None = None, from_s: float | None = None, lasts_s: float = FOREVER_S
    ) -> None:
        """From now (or `from_s`) on a prompt of this kind is right."""
        start = self.now_s if from_s is None else from_s
        self.doubts.append(DoubtAt(start, start + lasts_s, kind, gtin))

    def clear(self, kind: str, gtin: str | None = None, grace_s: float = 5.0) -> None:
        """The cause of the open doubts of this kind and product is gone."""
        for at, doubt in enumerate(self.doubts):
            if doubt.kind == kind and doubt.gtin == gtin and doubt.t1_s > self.now_s:
                self.doubts[at] = DoubtAt(doubt.t0_s, self.now_s + grace_s, kind, gtin)

    def scale_ill(self) -> bool:
        """Whether the scale fails, and has failed for long enough that the screen says so."""
        if any(f.kind in _DEAF and f.t0_s + NOTICED_S <= self.now_s < f.t1_s for f in self.faults):
            return True
        load = sum(piece.gross_g for piece in self.basket.values())
        return any(f.kind == "capacity" and load > f.size - 1000.0 for f in self.faults)

    def inside(self, kinds: Sequence[str] = ("package",)) -> list[Piece]:
        """Goods of these kinds in the basket, in order of placing."""
        articles = self.catalogue.articles
        return [p for p in self.basket.values() if p.code and articles[p.code].kind in kinds]

    def _needs_person(self, piece: Piece) -> None:
        """Age-restricted and tagged goods: the cart is right to say so from the moment they are shown."""
        article = self.catalogue.articles.get(piece.code)
        if article is None:
            return
        for kind, needed in (
            ("check age", article.product.minimum_age > 0),
            ("remove tag", article.product.cart.security_tag),
        ):
            if needed:
                self.doubt(kind, piece.code, from_s=max(self.now_s - 1.0, 0.0), lasts_s=TOLD_S)

    # ------------------------------------------------------------ forces
    def _burst(self, kind: str, seconds: float, grams: float, at_s: float | None = None) -> None:
        self.forces.bursts.append(Burst(kind, self.now_s if at_s is None else at_s, seconds, grams))

    def _land(self, piece: Piece, t_s: float, manner: Manner) -> None:
        """The forces of one piece arriving: the hand goes with it, or it falls."""
        rng, weight = self.rng, piece.gross_g
        if manner == "gently":
            rise = self.between(0.15, 0.55)
            if self.chance(0.65):  # the hand presses while it lets go
                self._burst("press", self.between(0.2, 1.0), self.about(55.0, 0.7, 320.0), t_s)
            if self.chance(0.3):
                self._burst("fall", self.between(0.1, 0.25), weight * self.between(0.1, 0.5), t_s + rise * 0.7)
            self.forces.jolts.append((t_s, t_s + rise, 0.05))
        else:
            rise = 0.05
            high = self.between(0.8, 2.2) if manner == "dropped" else self.between(2.0, 6.0)
            peak = min(weight * high, 9000.0 if manner == "thrown" else 4000.0)
            self._burst("fall", self.between(0.25, 0.8), peak, t_s)
            if manner == "thrown" and self.chance(0.4):  # it bounces once
                self._burst("fall", self.between(0.2, 0.4), 0.5 * peak, t_s + float(rng.uniform(0.2, 0.45)))
            self.forces.jolts.append((t_s, t_s + 0.4, min(0.05 + peak / 6000.0, 1.5)))
        self.forces.steps.append(Step(t_s, weight, rise))

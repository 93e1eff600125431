"""One hypothesis of what lies in the basket, as frozen values.

A piece is one thing that went in at one change of the weight; pieces of a product are kept apart, for each has a weight
of its own by which it is known when it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from aisle.belief.basket.evidence import Shown


class Kind(StrEnum):
    """What a piece is."""

    GOODS = "goods"  # a product of the shop, `Piece.gtin`
    UNKNOWN = "unknown"  # an item nobody has named
    OWN = "own"  # the shopper's bag or phone
    LOAD = "load"  # a hand on the rim, a bag hung there: it will leave


@dataclass(frozen=True, slots=True)
class Piece:
    """A thing in the basket: `count` alike when they were weighed together, weighing `mean_g` in all."""

    number: int
    event: int  # the level at which it came
    kind: Kind
    gtin: str
    count: int
    mean_g: float
    var_g: float
    placed_ns: int
    shown: Shown | None = None  # by which it was named; None: by sight
    extra: int = 0  # so many more than were shown

    @property
    def named(self) -> bool:
        """Whether a code or a tap named it."""
        return self.shown is not None


@dataclass(frozen=True, slots=True)
class Pending:
    """Shown and not placed yet; `left` pieces are still expected."""

    shown: Shown
    left: int


@dataclass(frozen=True, slots=True)
class Gone:
    """A piece that left, at the level `event`; `said`: the shopper said so."""

    piece: Piece
    event: int
    t_ns: int
    said: bool
    count: int = 1


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """`level_g` is what the cell reads, give or take `level_var`; `fresh` pieces are known better along with it."""

    logw: float
    level_g: float = 0.0
    level_var: float = 1.0
    pieces: tuple[Piece, ...] = ()
    pending: tuple[Pending, ...] = ()
    gone: tuple[Gone, ...] = ()
    fresh: tuple[int, ...] = ()

    def weighted(self, nats: float) -> Hypothesis:
        """The same, likelier by so much."""
        return replace(self, logw=self.logw + nats)

    @property
    def signature(self) -> tuple[tuple[str, int], ...]:
        """The products and how many pieces of each; weighed goods count placings."""
        counts: dict[str, int] = {}
        for piece in self.pieces:
            if piece.kind is Kind.GOODS:
                counts[piece.gtin] = counts.get(piece.gtin, 0) + piece.count
        return tuple(sorted(counts.items()))

    @property
    def state(self) -> tuple[object, ...]:
        """What hypotheses have to share to be one."""
        held = tuple(sorted((p.event, p.kind.value, p.gtin, p.count, p.named) for p in self.pieces))
        waits = tuple((w.shown.number, w.left) for w in self.pending)
        left = tuple((g.piece.number, g.event, g.said) for g in self.gone)
        return held, waits, left


def without(h: Hypothesis, at: int, count: int) -> Hypothesis:
    """The hypothesis with so many pieces fewer at a place."""
    piece = h.pieces[at]
    left = piece.count - count
    kept = (replace(piece, count=left, mean_g=piece.mean_g * left / piece.count),) if left > 0 else ()
    return replace(h, pieces=(*h.pieces[:at], *kept, *h.pieces[at + 1 :]))

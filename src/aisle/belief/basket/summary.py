"""What the hypotheses say together: the lines of the receipt with their odds, and what is doubtful at each change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aisle.belief.basket.goods import Goods, Selling
from aisle.belief.basket.state import Hypothesis, Kind, Pending, Piece

PROVEN = 0.95


@dataclass(frozen=True, slots=True)
class LineOdds:
    """One product (`pieces` of the best basket), `count` of it with `probability`; at least `proven` for sure."""

    gtin: str
    count: int
    pieces: tuple[Piece, ...]
    probability: float
    proven: int


Thing = tuple[str, str, int]
"""Kind, GTIN, count of something that went in."""


@dataclass(frozen=True, slots=True)
class InDoubt:
    """What one change may have brought in that is still there: things with probabilities, the likeliest first.

    `unnamed` is the probability that no code or tap has named it; `piece` is what the best basket takes it for.
    """

    event: int
    t_ns: int
    things: tuple[tuple[Thing, float], ...]
    unnamed: float
    extra: float
    grams: float


@dataclass(frozen=True, slots=True)
class OutDoubt:
    """What one change may have taken out, with probabilities; what has come back does not count."""

    event: int
    t_ns: int
    products: tuple[tuple[str, float], ...]
    said: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A showing whose goods are not in the basket, with probability `odds`; `left` pieces are missing."""

    pending: Pending
    odds: float


@dataclass(frozen=True, slots=True)
class Summary:
    """The best basket and its odds, and every doubt."""

    best: Hypothesis
    lines: tuple[LineOdds, ...]
    probability: float
    ins: tuple[InDoubt, ...]
    outs: tuple[OutDoubt, ...]
    waiting: tuple[Waiting, ...]

    @property
    def unexplained_g(self) -> float:
        """Of the best basket: the weight of what nobody has named."""
        return math.fsum(p.mean_g for p in self.best.pieces if p.kind in (Kind.UNKNOWN, Kind.LOAD))


def summed(hypotheses: Sequence[Hypothesis], goods: Mapping[str, Goods]) -> Summary:
    """The sum of weighed hypotheses."""
    odds = [math.exp(h.logw) for h in hypotheses]
    total = math.fsum(odds)
    odds = [p / total for p in odds]
    baskets: dict[tuple[tuple[str, int], ...], float] = {}
    clean: dict[tuple[tuple[str, int], ...], float] = {}
    signatures = [h.signature for h in hypotheses]
    for h, mine, p in zip(hypotheses, signatures, odds, strict=True):
        baskets[mine] = baskets.get(mine, 0.0) + p
        if all(piece.kind is Kind.GOODS or piece.kind is Kind.OWN for piece in h.pieces):
            clean[mine] = clean.get(mine, 0.0) + p
    signature = max(baskets, key=lambda s: (baskets[s], s))
    best = hypotheses[signatures.index(signature)]
    return Summary(
        best,
        _lines(best, [dict(mine) for mine in signatures], odds, goods),
        min(1.0, clean.get(signature, 0.0)),
        _ins(hypotheses, odds),
        _outs(hypotheses, odds),
        _waiting(hypotheses, odds),
    )


def _lines(
    best: Hypothesis, counts: Sequence[Mapping[str, int]], odds: Sequence[float], goods: Mapping[str, Goods]
) -> tuple[LineOdds, ...]:
    found: dict[str, list[Piece]] = {}
    for piece in best.pieces:
        if piece.kind is Kind.GOODS:
            found.setdefault(piece.gtin, []).append(piece)
    lines = []
    for gtin, pieces in found.items():
        count = sum(piece.count for piece in pieces)
        exact = math.fsum(p for c, p in zip(counts, odds, strict=True) if c.get(gtin, 0) == count)
        proven = count
        while proven and math.fsum(p for c, p in zip(counts, odds, strict=True) if c.get(gtin, 0) >= proven) < PROVEN:
            proven -= 1
        weighed = gtin in goods and goods[gtin].selling is Selling.BY_WEIGHT
        if not weighed:
            lines.append(LineOdds(gtin, count, tuple(pieces), min(1.0, exact), proven))
            continue
        lines += [LineOdds(gtin, 1, (piece,), min(1.0, exact), min(1, proven)) for piece in pieces]
    return tuple(lines)


def _ins(hypotheses: Sequence[Hypothesis], odds: Sequence[float]) -> tuple[InDoubt, ...]:
    things: dict[int, dict[Thing, float]] = {}
    unnamed: dict[int, float] = {}
    extra: dict[int, float] = {}
    known: dict[int, Piece] = {}
    for h, p in zip(hypotheses, odds, strict=True):
        here: dict[int, float] = {}
        for piece in h.pieces:
            e = piece.event
            known.setdefault(e, piece)
            thing = (piece.kind.value, piece.gtin, piece.count)
            things.setdefault(e, {})[thing] = things.get(e, {}).get(thing, 0.0) + p
            here[e] = max(here.get(e, 0.0), 0.0 if piece.named or piece.kind is Kind.OWN else 1.0)
            if piece.extra:
                extra[e] = extra.get(e, 0.0) + p
        for e, share in here.items():
            unnamed[e] = unnamed.get(e, 0.0) + share * p
    return tuple(
        InDoubt(
            e,
            known[e].placed_ns,
            tuple(sorted(things[e].items(), key=lambda entry: (-entry[1], entry[0]))),
            min(1.0, unnamed.get(e, 0.0)),
            min(1.0, extra.get(e, 0.0)),
            known[e].mean_g,
        )
        for e in sorted(things)
    )


def _outs(hypotheses: Sequence[Hypothesis], odds: Sequence[float]) -> tuple[OutDoubt, ...]:
    products: dict[int, dict[str, float]] = {}
    when: dict[int, tuple[int, bool]] = {}
    for h, p in zip(hypotheses, odds, strict=True):
        for gone in h.gone:
            found = products.setdefault(gone.event, {})
            found[gone.piece.gtin] = found.get(gone.piece.gtin, 0.0) + p
            when.setdefault(gone.event, (gone.t_ns, gone.said))
    return tuple(
        OutDoubt(e, when[e][0], tuple(sorted(products[e].items(), key=lambda entry: (-entry[1], entry[0]))), when[e][1])
        for e in sorted(products)
    )


def _waiting(hypotheses: Sequence[Hypothesis], odds: Sequence[float]) -> tuple[Waiting, ...]:
    found: dict[int, Pending] = {}
    chance: dict[int, float] = {}
    for h, p in zip(hypotheses, odds, strict=True):
        for one in h.pending:
            if one.left > 0 or one.shown.leaves:
                found.setdefault(one.shown.number, one)
                chance[one.shown.number] = chance.get(one.shown.number, 0.0) + p
    return tuple(Waiting(found[n], min(1.0, chance[n])) for n in sorted(found))

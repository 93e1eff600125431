"""What a showing, and a number that was said, make of a hypothesis: the branches with their odds.

A code may be of what goes in next, of what has just gone in without a name, of one piece too many, or be the same piece
read again; a number may be of pieces in one bag or of pieces put in one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from aisle.belief.basket.evidence import Shown
from aisle.belief.basket.goods import Goods, Selling, log_normal_density
from aisle.belief.basket.moves import counted as pieces_nats
from aisle.belief.basket.moves import unknown_density
from aisle.belief.basket.settings import BasketSettings
from aisle.belief.basket.state import Hypothesis, Kind, Pending, Piece, without

NS = 1_000_000_000
LEAST_G = 4.0  # nothing lighter gets a name


class Showings:
    """Branches hypotheses; `said_own` says whether a piece was announced as the shopper's own."""

    def __init__(self, goods: Mapping[str, Goods], settings: BasketSettings, said_own: Callable[[Piece], bool]) -> None:
        self._goods, self._settings, self._said_own = goods, settings, said_own

    def coming(self, h: Hypothesis, shown: Shown) -> Iterable[Hypothesis]:
        """A product was shown: it goes in next, or is already in, or was shown before."""
        s = self._settings
        left = shown.quantity if shown.quantity is not None else 1
        double = self._double(h, shown)
        if double > 0.0:
            yield h.weighted(math.log(double))
            h = h.weighted(math.log1p(-double))
        named = False
        for i, piece in enumerate(h.pieces):
            late = (shown.t_ns - piece.placed_ns) / NS < s.names_s
            if piece.extra > 0 and piece.gtin == shown.gtin and late and shown.quantity is None:
                named = True  # the piece that was one too many is the one shown now
                fresh = replace(piece, extra=piece.extra - 1)
                yield replace(h.weighted(math.log(0.85)), pieces=(*h.pieces[:i], fresh, *h.pieces[i + 1 :]))
                continue
            if piece.named or piece.kind not in (Kind.UNKNOWN, Kind.GOODS):
                continue
            age = (shown.t_ns - piece.placed_ns) / NS
            if age > s.names_s or piece.mean_g < LEAST_G:
                continue
            same = piece.kind is Kind.GOODS and piece.gtin == shown.gtin
            named = True
            for count, fit in self._named(h, piece, shown, same):
                fresh = replace(piece, kind=Kind.GOODS, gtin=shown.gtin, shown=shown, count=count)
                yield replace(h.weighted(fit), pieces=(*h.pieces[:i], fresh, *h.pieces[i + 1 :]))
        loaded = any(
            p.kind in (Kind.LOAD, Kind.OWN) and not self._said_own(p) and shown.t_ns - p.placed_ns < s.names_s * NS
            for p in h.pieces
        )
        waits = (
            math.log(0.15) if named else math.log(0.3) if loaded else 0.0
        )  # who put something in is about to name it
        yield replace(h.weighted(waits), pending=(*h.pending, Pending(shown, left)))

    def _named(self, h: Hypothesis, piece: Piece, shown: Shown, same: bool) -> Iterable[tuple[int, float]]:
        """How well a piece that is already in is the one a code names: counts with nats."""
        prior = math.log(0.85)
        if same:
            yield piece.count, prior
            return
        goods = self._goods.get(shown.gtin)
        blank = unknown_density(piece.mean_g)
        if piece.kind is Kind.GOODS:  # taken for another product by sight, which is wrong now and then
            prior += self._settings.mistaken
            guess = self._goods.get(piece.gtin)
            blank = guess.density(piece.mean_g / piece.count, piece.var_g) if guess is not None else blank
        if goods is None or goods.weight is None or goods.selling is Selling.BY_WEIGHT:
            fit = goods.density(piece.mean_g, piece.var_g) if goods is not None else blank
            yield 1, prior + fit - blank
            return
        counts = range(1, 13) if goods.selling is Selling.BY_PIECE and shown.quantity is None else range(1, 3)
        for count in counts:
            wanted = shown.quantity or 1
            share = pieces_nats(count) if len(counts) > 2 else self._settings.priors.extra
            share = 0.0 if len(counts) <= 2 and count == wanted else share
            mean, var = goods.weight.of(count)
            yield count, prior + share + log_normal_density(piece.mean_g - mean, var + piece.var_g) - blank

    def leaving(self, h: Hypothesis, shown: Shown) -> Iterable[Hypothesis]:
        """A product was shown that the shopper says leaves: it has left, or will."""
        recent = [
            i
            for i, g in enumerate(h.gone)
            if g.piece.gtin == shown.gtin and not g.said and shown.t_ns - g.t_ns < self._settings.names_s * NS
        ]
        if recent:
            i = recent[-1]
            said = replace(h.gone[i], said=True)
            yield replace(h.weighted(math.log(0.85)), gone=(*h.gone[:i], said, *h.gone[i + 1 :]))
        holds = any(p.gtin == shown.gtin for p in h.pieces)
        odds = (0.15 if recent else 1.0) * (1.0 if holds else 0.05)
        yield replace(h.weighted(math.log(odds)), pending=(*h.pending, Pending(shown, 1)))

    def _double(self, h: Hypothesis, shown: Shown) -> float:
        """The chance that this is the same piece read once more."""
        s = self._settings
        if shown.typed:
            return 0.0
        last = [w.shown.t_ns for w in h.pending if w.shown.gtin == shown.gtin and not w.shown.leaves]
        last += [p.shown.t_ns for p in h.pieces if p.shown is not None and p.gtin == shown.gtin]
        since = (shown.t_ns - max(last)) / NS if last else math.inf
        return next((odds for limit, odds in zip(s.double_s, s.double_odds, strict=True) if since < limit), 0.0)

    def blindly(self, h: Hypothesis, shown: Shown, number: int) -> Hypothesis:
        """Without a scale, what is shown goes in, and what is said to leave leaves."""
        if shown.leaves:
            at = next((i for i in reversed(range(len(h.pieces))) if h.pieces[i].gtin == shown.gtin), None)
            return h if at is None else without(h, at, 1)
        if self._double(h, shown) > 0.5:
            return h
        goods = self._goods.get(shown.gtin)
        count = shown.quantity or 1
        mean, var = goods.weight.of(count) if goods is not None and goods.weight is not None else (0.0, 1e6)
        piece = Piece(number, -number, Kind.GOODS, shown.gtin, count, mean, var, shown.t_ns, shown)
        return replace(h, pieces=(*h.pieces, piece))

    def counted(self, h: Hypothesis, count: int, weighing: bool) -> Iterable[Hypothesis]:
        """The shopper says that there are so many of what was shown last."""
        placed = [p for p in h.pieces if p.shown is not None]
        last = max((p.shown.number for p in placed if p.shown is not None), default=-1)
        waits = h.pending[-1] if h.pending and not h.pending[-1].shown.leaves else None
        if waits is not None and waits.left > 0 and waits.shown.number > last:
            shown = replace(waits.shown, quantity=count)
            yield replace(h, pending=(*h.pending[:-1], Pending(shown, count)))
            return
        h = replace(h, pending=tuple(w for w in h.pending if w.left > 0 or w.shown.number != last))
        mine = [p for p in placed if p.shown is not None and p.shown.number == last]
        if not mine:
            yield h
            return
        if sum(p.count for p in mine) < count:
            more = self._beside(h, mine[0], count - sum(p.count for p in mine))
            if more is not None:
                yield from self.counted(more, count, weighing)
                h = h.weighted(math.log(0.2))
        there = sum(p.count for p in mine)
        pieces = tuple(
            replace(p, shown=replace(p.shown, quantity=count), extra=0) if p in mine and p.shown is not None else p
            for p in h.pieces
        )
        if there == count:
            yield replace(h, pieces=pieces)
            return
        goods = self._goods.get(mine[0].gtin)
        if goods is not None and goods.selling is Selling.BY_PIECE and goods.weight is not None and len(mine) == 1:
            piece = mine[0]  # the weight was taken for another number of pieces
            fits = [
                log_normal_density(piece.mean_g - m, v + piece.var_g) for m, v in map(goods.weight.of, (count, there))
            ]
            told = tuple(replace(p, count=count) if p.number == piece.number else p for p in pieces)
            yield replace(h.weighted(fits[0] - fits[1] - pieces_nats(there)), pieces=told)
            return
        if not weighing:
            piece = mine[0]
            kept = tuple(p for p in pieces if p.number != piece.number)
            yield replace(h, pieces=(*kept, replace(piece, count=count)))
            return
        if there < count:  # the others are still to come
            shown_last = next(p.shown for p in pieces if p.shown is not None and p.shown.number == last)
            yield replace(
                h.weighted(math.log(0.3)), pieces=pieces, pending=(*h.pending, Pending(shown_last, count - there))
            )
        else:
            yield replace(h.weighted(math.log(0.1)), pieces=pieces)

    def _beside(self, h: Hypothesis, named: Piece, missing: int) -> Hypothesis | None:
        """With a thing named too that came in about then and may be of the same kind; None: there is none."""
        goods = self._goods.get(named.gtin)
        for i, piece in enumerate(h.pieces):
            near = abs(piece.placed_ns - named.placed_ns) < self._settings.names_s * NS
            same = piece.kind is Kind.GOODS and piece.gtin == named.gtin and piece.count <= missing
            if (
                piece.named
                or not near
                or piece.mean_g < LEAST_G
                or not (same or piece.kind is Kind.UNKNOWN)
                or named.shown is None
            ):
                continue
            fit = 0.0
            if not same and goods is not None:
                fit = goods.density(piece.mean_g, piece.var_g) - unknown_density(piece.mean_g)
            now = replace(piece, kind=Kind.GOODS, gtin=named.gtin, shown=named.shown)
            return replace(h.weighted(math.log(0.8) + fit), pieces=(*h.pieces[:i], now, *h.pieces[i + 1 :]))
        return None

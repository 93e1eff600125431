"""The ways to explain one change of the basket's weight: what went in, what came out, with their odds.

A way is a set of parts.  Each part has a prior and either a weight known with some variance, or is *free*: its weight
is whatever the others leave, with a density.  Parts of showings, of things nobody showed, of pieces that leave, of
pieces that come back and of loads that are no goods at all are combined; what fits badly is dropped on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from aisle.belief.basket.evidence import Shown, Sight
from aisle.belief.basket.goods import (
    Goods,
    Selling,
    Weight,
    learnt,
    log_normal_density,
    skewed_density,
    weighed_density,
)
from aisle.belief.basket.state import Gone, Hypothesis, Kind, Pending, Piece

FloatArray = npt.NDArray[np.float64]
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class MovePriors:
    """How people use a cart: log odds of what they do, to be read as shares of changes or of showings."""

    placed: float = math.log(0.92)  # what was just shown goes in next
    placed_late: float = math.log(0.4)  # ... and what was shown long ago
    late_s: float = 25.0
    kept_back: float = math.log(0.12)  # something went in, and what was shown before it did not
    by_ones: float = math.log(0.25)  # of several that were said, one goes in
    fewer: float = math.log(0.06)  # ... or some
    more: float = math.log(0.4)  # of loose pieces nobody counted, another one follows
    extra: float = math.log(0.015)  # one more than was shown
    unshown: float = math.log(0.08)  # goods go in that nobody showed
    trusted: float = 0.9  # ... but the camera saw: the share in which it is what was seen
    taken: float = math.log(0.06)  # something leaves, unsaid
    taken_said: float = math.log(0.92)
    taken_shown: float = math.log(0.15)  # scanned without a word, and it is the one that leaves
    returned: float = math.log(0.35)  # what was just lifted out comes back
    returned_s: float = 60.0
    load: float = math.log(0.02)  # a hand, a bag on the rim
    lift: float = math.log(0.01)  # something bears the basket
    load_leaves: float = math.log(0.5)
    own: float = math.log(0.96)  # of changes while the shopper said that their own things move
    not_own: float = math.log(0.03)
    own_unsaid: float = math.log(0.003)
    both: float = math.log(0.15)  # something in and something out within one change
    two_out: float = math.log(0.1)
    jump: float = math.log(0.02)  # the cell itself shifts ...
    jump_g: float = 5.0  # ... by about this


UNKNOWN_G, UNKNOWN_NATS = 350.0, 1.2
LOAD_G, LOAD_NATS = 700.0, 1.3
MOST_PENDING = 5
MOST_PIECES = 12
ELSE = 0.2  # how often, to one product of the shop, something else is before the camera
SAME_NS = 1_200_000_000  # a look so near a scan is of the same thing
UNLIKELY = -7.0
PLAIN = -7.0
NEAR = 10.0
FAR = 60.0  # nats: a part that fits worse than the best by so much is not looked at


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that moved.  `sign`: +1 in, -1 out.  `density` is given where the weight is free."""

    logp: float
    mean_g: float
    var_g: float
    sign: int
    put: Callable[[float, float], Piece] | None = None
    """Of an incoming thing: the piece it becomes, of the weight and variance it turned out to have."""
    pending: int | None = None  # the showing used up, by its place in `Hypothesis.pending`
    used: int = 0
    out: Piece | None = None
    out_count: int = 0
    gone: int | None = None  # what comes back, by its place in `Hypothesis.gone`
    density: Callable[[float], float] | None = None
    weight: Weight | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Way:
    """Parts that together explain a change, and how likely that is (nats)."""

    score: float
    parts: tuple[Part, ...] = ()
    jump: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """A change of `grams` give or take `var_g`, between `since_ns` and `until_ns`; `own`: their own things move."""

    event: int
    grams: float
    var_g: float
    since_ns: int
    until_ns: int
    own: bool
    sights: tuple[Sight, ...]


class Mover:
    """Lists ways; `number` gives out numbers for pieces, the same for the same order of calls."""

    def __init__(self, goods: Mapping[str, Goods], priors: MovePriors) -> None:
        self.goods = goods
        self.priors = priors

    def ways(self, h: Hypothesis, change: Change, narrow: float) -> list[Way]:
        """The ways of one hypothesis within `narrow` nats of its best, the likeliest first."""
        p = self.priors
        ways = [Way(log_normal_density(change.grams, change.var_g))]
        ways.append(Way(p.jump + log_normal_density(change.grams, change.var_g + p.jump_g**2), jump=True))
        if change.own:
            ways += self._own(h, change)
        shift = p.not_own if change.own else 0.0
        ins = list(self._in_sets(h, change))
        outs = list(self._outs(h, change))
        for way in self._combined(ins, outs, change):
            ways.append(Way(way.score + shift, way.parts) if shift else way)
        best = max(way.score for way in ways)
        return sorted((w for w in ways if w.score > best - narrow), key=lambda w: -w.score)

    # ------------------------------------------------------------ combining
    def _combined(self, ins: Sequence[tuple[Part, ...]], outs: Sequence[Part], change: Change) -> Iterator[Way]:
        p = self.priors
        best = shown = -math.inf
        for parts in ins:
            score = self._score(parts, change)
            if parts and parts[0].pending is not None:
                shown = max(shown, score)
            if score > best - FAR:
                best = max(best, score)
                yield Way(score, parts)
        for out in outs:
            score = self._score((out,), change)
            best = max(best, score)
            yield Way(score, (out,))
        if shown > PLAIN:
            return  # what was shown explains it
        yield from self._pairs(
            [parts for parts in ins if len(parts) > 0 and all(part.density is None for part in parts)],
            [(out,) for out in outs if out.density is None],
            change,
            best,
        )
        firm = [out for out in outs if out.density is None and out.logp > UNLIKELY]
        for parts in ins:
            if len(parts) == 1 and parts[0].density is not None:
                for out in firm:
                    yield Way(self._score((*parts, out), change) + p.both, (*parts, out))

    def _pairs(
        self, ins: Sequence[tuple[Part, ...]], outs: Sequence[tuple[Part, ...]], change: Change, best: float
    ) -> Iterator[Way]:
        """Something in and something out, and two things out: all pairs of known weight at once."""
        if not outs:
            return
        in_nats, in_g, in_var = _sums(ins)
        out_nats, out_g, out_var = _sums(outs)
        p = self.priors
        for nats, grams, var, cost, first in (
            (in_nats, in_g, in_var, p.both, ins),
            (out_nats, out_g, out_var, p.two_out, outs),
        ):
            rest = change.grams - grams[:, None] - out_g[None, :]
            spread = change.var_g + var[:, None] + out_var[None, :]
            score = nats[:, None] + out_nats[None, :] + cost + _densities(rest, spread)
            top = max(best, float(score.max(initial=-math.inf)))
            for i, k in np.argwhere(score > top - NEAR).tolist():
                if first is not outs or (i < k and outs[i][0].out is not outs[k][0].out):
                    yield Way(float(score[i, k]), (*first[i], *outs[k]))

    def _score(self, parts: Sequence[Part], change: Change) -> float:
        rest, var, logp = change.grams, change.var_g, 0.0
        free: Part | None = None
        for part in parts:
            logp += part.logp
            if part.density is not None:
                if free is not None:
                    return -math.inf
                free = part
                continue
            rest -= part.sign * part.mean_g
            var += part.var_g
        if free is None:
            if len(parts) == 1 and parts[0].weight is not None:
                logp += parts[0].weight.too_light(parts[0].mean_g + rest, parts[0].count)
            return logp + log_normal_density(rest, var)
        assert free.density is not None
        return logp + free.density(free.sign * rest)

    # ------------------------------------------------------------ what goes in
    def _in_sets(self, h: Hypothesis, change: Change) -> Iterator[tuple[Part, ...]]:
        """Sets of parts that go in: of the showings, any that are likely; or one thing nobody showed."""
        p = self.priors
        choices = [(i, list(self._shown(h, i, w, change))) for i, w in enumerate(h.pending) if not w.shown.leaves]
        choices = choices[-MOST_PENDING:]
        sets: list[tuple[Part, ...]] = [()]
        for _, parts in choices:
            sets += [(*s, part) for s in sets for part in parts]
        fresh = [
            i for i, _ in choices if h.pending[i].left > 0 and change.since_ns - h.pending[i].shown.t_ns < p.late_s * NS
        ]
        for s in sets:
            if s:
                used = {part.pending for part in s}
                back = p.kept_back * sum(1 for i in fresh if i not in used)
                first = s[0]
                yield (_more(first, back), *s[1:]) if back else s
        back = p.kept_back * len(fresh)
        yield from ((_more(part, back),) for part in self._unshown(change))
        for i, gone in enumerate(h.gone):
            if not gone.said and change.until_ns - gone.t_ns < p.returned_s * NS and gone.piece.kind is not Kind.LOAD:
                yield (self._back(h, i, gone, change, back),)

    def _shown(self, h: Hypothesis, place: int, waiting: Pending, change: Change) -> Iterator[Part]:
        p, shown = self.priors, waiting.shown
        goods = self.goods.get(shown.gtin) or Goods(shown.gtin, Selling.PACKAGED, None)
        age = (change.since_ns - shown.t_ns) / NS
        placed = p.placed if age < p.late_s else p.placed_late - min((age - p.late_s) / 30.0, 3.0)
        placed += _sight_of(change.sights, shown)
        if goods.selling is Selling.BY_WEIGHT or goods.weight is None:
            yield self._free(place, waiting, goods, placed, change)
            return
        for weight, trust in _known(h, goods):
            if shown.tare_g is not None:
                weight = replace(weight, mean_g=weight.mean_g + shown.tare_g)
            for count, logp in self._counts(goods, waiting):
                mean, var = weight.of(count)
                put = _putter(change, Kind.GOODS, goods.gtin, count, shown, max(0, count - max(waiting.left, 0)))
                if goods.selling is Selling.BY_PIECE and shown.quantity is None:
                    put = _putter(change, Kind.GOODS, goods.gtin, count, shown, 0)
                used = min(count, waiting.left)
                nats = placed + trust + logp
                yield Part(nats, mean, var, 1, put, pending=place, used=used, weight=weight, count=count)

    def _counts(self, goods: Goods, waiting: Pending) -> Iterator[tuple[int, float]]:
        p, wanted = self.priors, waiting.left
        if goods.selling is Selling.BY_PIECE and waiting.shown.quantity is None:
            more = p.more if wanted < 1 else 0.0
            for count in range(1, MOST_PIECES + 1):
                yield count, counted(count) + more
            return
        if wanted < 1:
            yield 1, p.extra
            return
        whole = math.log(0.6) if wanted > 1 else 0.0
        yield wanted, whole
        yield wanted + 1, p.extra
        yield wanted + 2, 1.5 * p.extra
        for count in range(1, min(wanted, MOST_PIECES)):
            yield count, p.by_ones if count == 1 else p.fewer

    def _free(self, place: int, waiting: Pending, goods: Goods, logp: float, change: Change) -> Part:
        shown = waiting.shown
        put = _putter(change, Kind.GOODS, goods.gtin, 1, shown, 0)
        if waiting.left < 1:
            logp += self.priors.extra
        tare = shown.tare_g if shown.tare_g is not None else goods.tare_g
        if shown.grams is not None:
            packed = shown.grams + tare + 6.0
            return Part(logp, packed, 8.0**2 + (0.02 * shown.grams) ** 2, 1, put, place, 1)
        if goods.selling is Selling.BY_WEIGHT:
            return Part(logp, 0.0, 0.0, 1, put, place, 1, density=lambda g: weighed_density(g - tare))
        return Part(logp, 0.0, 0.0, 1, put, place, 1, density=unknown_density)

    def _unshown(self, change: Change) -> Iterator[Part]:
        """Things nobody showed: what the camera saw, something unknown, the shopper's own, a load."""
        p = self.priors
        seen = _seen(change.sights, len(self.goods))
        told = min(p.trusted * sum(math.exp(logp) for _, logp in seen), 0.97)
        unknown = p.unshown + math.log1p(-told)
        yield Part(unknown, 0.0, 0.0, 1, _putter(change, Kind.UNKNOWN, "", 1, None, 0), density=unknown_density)
        yield Part(p.own_unsaid, 0.0, 0.0, 1, _putter(change, Kind.OWN, "", 1, None, 0), density=unknown_density)
        yield Part(p.load, 0.0, 0.0, 1, _putter(change, Kind.LOAD, "", 1, None, 0), density=_load_density)
        yield Part(p.lift, 0.0, 0.0, -1, _putter(change, Kind.LOAD, "", 1, None, 0, -1), density=_load_density)
        for gtin, logp in seen:
            goods = self.goods.get(gtin)
            if goods is None:
                continue
            logp += p.unshown + math.log(p.trusted)
            if goods.selling is Selling.BY_WEIGHT or goods.weight is None:
                density = weighed_density if goods.selling is Selling.BY_WEIGHT else unknown_density
                tare = goods.tare_g
                put = _putter(change, Kind.GOODS, gtin, 1, None, 0)
                yield Part(logp, 0.0, 0.0, 1, put, density=lambda g, f=density, t=tare: f(g - t))  # type: ignore[misc]
                continue
            counts = range(1, MOST_PIECES + 1) if goods.selling is Selling.BY_PIECE else range(1, 3)
            for count in counts:
                mean, var = goods.weight.of(count)
                share = counted(count) if goods.selling is Selling.BY_PIECE else (count - 1) * p.extra
                put = _putter(change, Kind.GOODS, gtin, count, None, 0)
                yield Part(logp + share, mean, var, 1, put, weight=goods.weight, count=count)

    def _back(self, h: Hypothesis, place: int, gone: Gone, change: Change, back: float) -> Part:
        p, piece = self.priors, gone.piece
        fade = 0.0 if change.until_ns - gone.t_ns < 15 * NS else -1.0

        def put(grams: float, var: float) -> Piece:
            return Piece(
                piece.number, piece.event, piece.kind, piece.gtin, gone.count, grams, var, piece.placed_ns,
                piece.shown, piece.extra,
            )  # fmt: skip

        share = gone.count / piece.count
        return Part(p.returned + fade + back, piece.mean_g * share, piece.var_g * share + 1.0, 1, put, gone=place)

    # ------------------------------------------------------------ what comes out
    def _outs(self, h: Hypothesis, change: Change) -> Iterator[Part]:
        p = self.priors
        said = {w.shown.gtin: i for i, w in enumerate(h.pending) if w.shown.leaves}
        shown = {w.shown.gtin: i for i, w in enumerate(h.pending) if not w.shown.leaves}
        goods = [piece for piece in h.pieces if piece.kind is Kind.GOODS]
        seen = dict(_seen(change.sights, len(self.goods)))
        unlikely = math.log(max(1, len({piece.gtin for piece in goods})))
        alike: set[tuple[str, int, int]] = set()
        for piece in reversed(h.pieces):
            same = (piece.gtin, piece.count, round(piece.mean_g / (2.0 + piece.var_g**0.5)))
            if piece.kind is Kind.GOODS and same in alike:
                continue  # which of two equal pieces leaves makes no difference
            alike.add(same)
            if piece.kind is Kind.LOAD:
                logp, place = p.load_leaves, None
            elif piece.kind is Kind.OWN:
                logp, place = p.taken + p.taken, None
            elif piece.kind is Kind.UNKNOWN:
                logp, place = math.log(0.15), None
            elif piece.gtin in said:
                logp, place = p.taken_said, said[piece.gtin]
            elif piece.gtin in shown:
                logp, place = p.taken_shown, shown[piece.gtin]
            else:
                logp, place = p.taken - unlikely, None
                if said:
                    logp -= 3.0
                logp += min(max(0.5 * seen.get(piece.gtin, -1.0), -1.0), 0.0) if seen else 0.0
            sign = -1
            if piece.kind is Kind.LOAD and piece.mean_g < 0:
                yield Part(logp, -piece.mean_g, piece.var_g, 1, out=piece, out_count=1)
                continue
            for count in range(1, min(piece.count, MOST_PIECES) + 1):
                share = count / piece.count
                whole = count == piece.count
                spread = 0.0 if whole else (0.25 * piece.mean_g / piece.count) ** 2 * count
                cost = 0.0 if whole and piece.count == 1 else math.log(0.5) if count == 1 or whole else math.log(0.2)
                yield Part(
                    logp + cost, piece.mean_g * share, piece.var_g * share * share + spread + 0.5, sign,
                    pending=place, used=1, out=piece, out_count=count,
                )  # fmt: skip
            loose = self.goods.get(piece.gtin)
            if piece.kind is Kind.GOODS and loose is not None and loose.selling is Selling.BY_WEIGHT:
                most = piece.mean_g
                yield Part(
                    logp + math.log(0.1), 0.0, 0.0, -1, pending=place, used=0, out=piece, out_count=0,
                    density=lambda g, m=most: -math.log(m) if 5.0 < g < m - 5.0 else -40.0,  # type: ignore[misc]
                )  # fmt: skip

    def _own(self, h: Hypothesis, change: Change) -> Iterator[Way]:
        p = self.priors
        put = _putter(change, Kind.OWN, "", 1, None, 0)
        if change.grams > 0:
            yield Way(p.own - 7.0, (Part(0.0, 0.0, 0.0, 1, put, density=lambda g: 0.0),))
            return
        own = [piece for piece in h.pieces if piece.kind is Kind.OWN]
        for piece in own:
            part = Part(0.0, piece.mean_g, piece.var_g + 1.0, -1, out=piece, out_count=1)
            yield Way(p.own + self._score((part,), change), (part,))
        put = _putter(change, Kind.OWN, "", 1, None, 0, -1)  # taken out although it was there from the start
        yield Way(p.own - 9.0, (Part(0.0, 0.0, 0.0, -1, put, density=lambda g: 0.0),))


def _sums(sets: Sequence[tuple[Part, ...]]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(n,) nats, grams with their sign, and variances of sets of parts of known weight."""
    rows = [
        (sum(q.logp for q in parts), sum(q.sign * q.mean_g for q in parts), sum(q.var_g for q in parts))
        for parts in sets
    ]
    table = np.array(rows, dtype=np.float64).reshape(len(sets), 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _densities(off: FloatArray, variance: FloatArray) -> FloatArray:
    """`log_normal_density` of arrays."""
    z2 = off * off / variance
    core = np.where(z2 < 16.0, -0.5 * z2, -8.0 - 2.0 * (np.sqrt(z2) - 4.0))
    return np.asarray(core - 0.5 * np.log(6.283185307 * variance))


def _putter(
    change: Change, kind: Kind, gtin: str, count: int, shown: Shown | None, extra: int, sign: int = 1
) -> Callable[[float, float], Piece]:
    def put(grams: float, var: float) -> Piece:
        return Piece(0, change.event, kind, gtin, count, sign * grams, var, change.since_ns, shown, extra)

    return put


def counted(count: int) -> float:
    """Log odds of so many pieces of loose goods taken at once."""
    return -1.2 * math.log(count) - 1.0


def _known(h: Hypothesis, goods: Goods) -> list[tuple[Weight, float]]:
    """The product's weight, with nats: as the pieces of it in the basket have taught it, and as if they were none."""
    assert goods.weight is not None
    weight = goods.weight
    if goods.selling is Selling.PACKAGED:
        for piece in (*h.pieces, *(g.piece for g in h.gone[-3:])):
            if piece.kind is Kind.GOODS and piece.gtin == goods.gtin:
                weight = learnt(weight, piece.mean_g, piece.var_g, piece.count)
    return [(weight, 0.0)] if weight is goods.weight else [(weight, -0.03), (goods.weight, -3.5)]


def _more(part: Part, nats: float) -> Part:
    return replace(part, logp=part.logp + nats)


def _seen(sights: Sequence[Sight], products: int) -> list[tuple[str, float]]:
    """Products the camera thinks were shown around a change, with the log of their probability."""
    best: dict[str, float] = {}
    for sight in sights:
        top = max(sight.nats.values(), default=0.0)
        total = math.log(sum(math.exp(n - top) for n in sight.nats.values()) + ELSE * products * math.exp(-top)) + top
        for gtin, nats in sight.nats.items():
            if nats > top - 7.0:
                best[gtin] = max(best.get(gtin, -math.inf), nats - total)
    return sorted(best.items(), key=lambda entry: (-entry[1], entry[0]))[:8]


def _sight_of(sights: Sequence[Sight], shown: Shown) -> float:
    """How much likelier or not what was seen makes it that the shown product is the one that goes in, in nats.

    A camera that sees another product speaks against it, but never alone: it is wrong too often.
    """
    best: float | None = None
    for sight in sights:
        near = sight.t0_ns - SAME_NS < shown.t_ns < sight.t1_ns + SAME_NS
        near = near or (shown.typed and sight.t1_ns > shown.t_ns)
        top = max(sight.nats.values(), default=0.0)
        if near and top > 2.0:
            mine = sight.nats.get(shown.gtin, min(sight.rest, 0.0))
            nats = max(0.4 * (mine - top), -2.5)
            best = nats if best is None else max(best, nats)
    return best or 0.0


def unknown_density(grams: float) -> float:
    return skewed_density(grams, UNKNOWN_G, UNKNOWN_NATS)


def _load_density(grams: float) -> float:
    return skewed_density(grams, LOAD_G, LOAD_NATS)

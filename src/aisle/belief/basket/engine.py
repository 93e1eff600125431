"""The basket as a small set of hypotheses, carried from change to change.

Every level of the cell is explained from the level before it: by nothing, by what was shown, by what nobody showed, by
what left (`moves.py`).  Showings, taps and answers weigh hypotheses and branch them.  What the same pieces, showings
and departures make up is one hypothesis; the beam keeps the best.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from aisle.belief.basket.answers import named, numbered
from aisle.belief.basket.evidence import Shown, Sight
from aisle.belief.basket.goods import Goods, Selling, goods_of, log_normal_density
from aisle.belief.basket.moves import Change, Mover, Part, Way
from aisle.belief.basket.settings import BasketSettings
from aisle.belief.basket.showings import Showings
from aisle.belief.basket.state import Gone, Hypothesis, Kind, Pending, Piece
from aisle.belief.basket.weights import WeightBook
from aisle.scales.basket import Level
from aisle.store.model import Product

NS = 1_000_000_000


class BasketBelief:
    """Feed showings, sights and levels in order of time; `hypotheses` are sorted, the likeliest first."""

    def __init__(
        self, products: Mapping[str, Product], settings: BasketSettings | None = None, book: WeightBook | None = None
    ) -> None:
        """`book` is what earlier trips have taught of the products' weights."""
        self.settings = settings or BasketSettings()
        self.goods: dict[str, Goods] = {gtin: _learnt(goods_of(product), book) for gtin, product in products.items()}
        self.hypotheses: list[Hypothesis] = [Hypothesis(0.0)]
        self.weighing = True
        self._mover = Mover(self.goods, self.settings.priors)
        self._showings = Showings(self.goods, self.settings, self._said_own)
        self._numbers = 0
        self._level: Level | None = None
        self._sights: list[Sight] = []
        self._own: list[tuple[int, int | None]] = []
        self._time_ns = 0
        self.revision = 0

    # ------------------------------------------------------------ the scale
    def weigh(self, level: Level) -> None:
        """The basket's cell at rest, once more."""
        self.time(level.t1_ns)
        before, self._level = self._level, level
        if before is None:
            self.weighing = True
            self.hypotheses = [replace(h, level_g=level.grams, level_var=level.sigma_g**2) for h in self.hypotheses]
            return
        if not self.weighing:
            self.weighing = True
            self.hypotheses = [replace(h, level_g=level.grams, level_var=25.0) for h in self.hypotheses]
            return
        s = self.settings
        seconds = max(0.0, (level.t1_ns - before.t1_ns) / NS)
        if level.number == before.number:
            self.hypotheses = [_followed(h, level, s.drift_var * seconds, early=_early(level)) for h in self.hypotheses]
            return
        self._prune(self._changed(level, seconds))

    def _changed(self, level: Level, seconds: float) -> Iterable[Hypothesis]:
        s = self.settings
        own = self._own_between(level.since_ns, level.t0_ns)
        sights = tuple(
            sight
            for sight in self._sights
            if sight.t1_ns > level.since_ns - s.sight_before_s * NS and sight.t0_ns < level.t0_ns + s.sight_after_s * NS
        )
        for h in self.hypotheses:
            moved = abs(level.grams - h.level_g)
            creep = (s.creep_share * moved) ** 2 + (0.3 * s.creep_share * h.level_g) ** 2
            var = h.level_var + level.sigma_g**2 + s.drift_var * seconds + creep
            d = level.grams - h.level_g
            if abs(d) < 2.0 and d * d < 4.0 * var and not h.pending:
                yield _followed(h, level, s.drift_var * seconds, early=True).weighted(log_normal_density(d, var))
                continue
            change = Change(level.number, d, var, level.since_ns, level.t0_ns, own, sights)
            for way in self._mover.ways(h, change, s.narrow):
                yield self._applied(h, way, level, var)

    def _applied(self, h: Hypothesis, way: Way, level: Level, var: float) -> Hypothesis:
        if not way.parts:
            followed = _followed(h, level, max(0.0, var - h.level_var - level.sigma_g**2), early=not way.jump)
            return followed.weighted(way.score)
        d = level.grams - h.level_g
        pieces, pending, gone = list(h.pieces), list(h.pending), list(h.gone)
        rest, spread = d, var
        for part in way.parts:
            if part.density is None:
                rest -= part.sign * part.mean_g
                spread += part.var_g
        fresh = []
        used: dict[int, int] = {}
        back: set[int] = set()
        for part in way.parts:
            mean, variance = _weighed(part, rest, spread, var)
            if part.put is not None:
                piece = part.put(mean, variance)
                if part.gone is None:
                    self._numbers += 1
                    piece = replace(piece, number=self._numbers)
                else:
                    back.add(part.gone)
                pieces.append(piece)
                fresh.append(piece.number)
            elif part.out is not None:
                self._take(part, mean, level, pending, pieces, gone)
            if part.pending is not None:
                used[part.pending] = used.get(part.pending, 0) + max(part.used, 1)
        waiting = []
        for i, one in enumerate(pending):
            left = one.left - used.get(i, 0)
            if left > 0 or i not in used:
                waiting.append(replace(one, left=left))
            elif self._uncounted(one.shown):
                waiting.append(replace(one, left=0))  # others of them may follow
        kept = [g for i, g in enumerate(gone) if i not in back][-self.settings.most_gone :]
        return Hypothesis(
            h.logw + way.score, level.grams, level.sigma_g**2, tuple(pieces), tuple(waiting), tuple(kept), tuple(fresh)
        )

    def _uncounted(self, shown: Shown) -> bool:
        goods = self.goods.get(shown.gtin)
        return goods is not None and goods.selling is Selling.BY_PIECE and shown.quantity is None and not shown.leaves

    def _take(
        self, part: Part, mean: float, level: Level, pending: list[Pending], pieces: list[Piece], gone: list[Gone]
    ) -> None:
        piece = part.out
        assert piece is not None
        at = next((i for i, one in enumerate(pieces) if one.number == piece.number), None)
        if at is None:
            return
        said = part.pending is not None
        if part.density is not None:  # some of a bag of loose goods
            pieces[at] = replace(piece, mean_g=piece.mean_g - mean, var_g=piece.var_g + level.sigma_g**2)
            return
        left = piece.count - part.out_count
        if left > 0:
            pieces[at] = replace(piece, count=left, mean_g=piece.mean_g - mean)
        else:
            del pieces[at]
        if piece.kind is not Kind.LOAD:
            gone.append(Gone(piece, level.number, level.since_ns, said, part.out_count))

    # ------------------------------------------------------------ showings and taps
    def show(self, shown: Shown) -> None:
        """A product was named, by a code or the keypad."""
        self.time(shown.t_ns)
        if not self.weighing:
            self.hypotheses = self._blindly(shown)
            return
        branch = self._showings.leaving if shown.leaves else self._showings.coming
        self._prune(b for h in self.hypotheses for b in branch(h, shown))

    def _blindly(self, shown: Shown) -> list[Hypothesis]:
        self._numbers += 1
        return [self._showings.blindly(h, shown, self._numbers) for h in self.hypotheses]

    def quantity(self, t_ns: int, count: int) -> None:
        """So many of what was shown last."""
        self.time(t_ns)
        self._prune(b for h in self.hypotheses for b in self._showings.counted(h, count, self.weighing))

    def contain(self, number: int, tare_g: float) -> None:
        """The goods of a showing lie in a container of this weight."""

        def told(h: Hypothesis) -> Hypothesis:
            pending = tuple(
                replace(w, shown=replace(w.shown, tare_g=tare_g)) if w.shown.number == number else w for w in h.pending
            )
            pieces = tuple(
                replace(p, shown=replace(p.shown, tare_g=tare_g)) if p.shown and p.shown.number == number else p
                for p in h.pieces
            )
            return replace(h, pending=pending, pieces=pieces)

        self.hypotheses = [told(h) for h in self.hypotheses]

    def see(self, sight: Sight) -> None:
        """What the camera thinks of one showing; the same number again replaces it."""
        self._sights = [*[one for one in self._sights if one.number != sight.number][-12:], sight]

    def own_things(self, t_ns: int, moving: bool) -> None:
        """The shopper's own things go in or out from now on, or no longer."""
        self.time(t_ns)
        if moving:
            self._own.append((t_ns, None))
        elif self._own and self._own[-1][1] is None:
            self._own[-1] = (self._own[-1][0], t_ns)

    def answer(self, event: int, gtin: str | None, kind: Kind = Kind.GOODS, count: int = 1) -> None:
        """A person says what went in at a change: a product, or a thing of another kind."""
        self._prune([named(h, event, gtin, kind, count) for h in self.hypotheses])

    def answer_count(self, event: int, gtin: str, count: int) -> None:
        """A person says how many of a product they put in around a change."""
        self._prune([numbered(h, event, gtin, count) for h in self.hypotheses])

    def answer_gone(self, event: int, gtin: str) -> None:
        """A person says which product left at a change."""
        self._prune(
            h.weighted(0.0 if any(g.event == event and g.piece.gtin == gtin for g in h.gone) else -30.0)
            for h in self.hypotheses
        )

    def confirm(self, condition: Callable[[Hypothesis], bool]) -> None:
        """A person says that something holds: hypotheses in which it does not are given up, unless none is left."""
        kept = [h for h in self.hypotheses if condition(h)]
        self._prune(kept or self.hypotheses)

    def forget_shown(self, number: int) -> None:
        """What was shown will not go in."""
        self._prune(
            [replace(h, pending=tuple(w for w in h.pending if w.shown.number != number)) for h in self.hypotheses]
        )

    # ------------------------------------------------------------ time and faults
    def scale_failed(self, t_ns: int) -> None:
        """The cell cannot be trusted from now on: showings alone tell what goes in, those still waiting included."""
        self.time(t_ns)
        if not self.weighing:
            return
        self.weighing = False
        waiting = self.hypotheses[0].pending if self.hypotheses else ()
        self.hypotheses = [replace(h, pending=()) for h in self.hypotheses]
        for one in waiting:
            if (t_ns - one.shown.t_ns) < self.settings.names_s * NS:
                self.hypotheses = self._blindly(replace(one.shown, quantity=one.left))
        self._prune(self.hypotheses)

    def time(self, t_ns: int) -> None:
        """Let it be at least this late: loads that stay grow unlikely, old showings are given up."""
        if t_ns - self._time_ns < NS and self._time_ns:
            return
        before, self._time_ns = self._time_ns, t_ns
        if before == 0:
            return
        s = self.settings
        out = []
        changed = False
        for h in self.hypotheses:
            nats = 0.0
            for piece in h.pieces:
                if piece.shown is None and piece.kind is not Kind.OWN:
                    nats += self._stayed(piece, t_ns) - self._stayed(piece, before)
            for one in h.pending:
                if not one.shown.leaves and one.left > 0:
                    since = one.shown.t_ns
                    nats += _ramp(t_ns - since, s.waits_s, s.waits_nats) - _ramp(
                        before - since, s.waits_s, s.waits_nats
                    )
            if any(self._over(w, t_ns) for w in h.pending):
                h = replace(h, pending=tuple(w for w in h.pending if not self._over(w, t_ns)))
                changed = True
            changed = changed or nats != 0.0
            out.append(h.weighted(nats) if nats else h)
        if changed:
            self._prune(out)

    def _over(self, waiting: Pending, t_ns: int) -> bool:
        age_s = (t_ns - waiting.shown.t_ns) / NS
        return age_s > (self.settings.pending_s if waiting.left > 0 else self.settings.names_s)

    def _stayed(self, piece: Piece, t_ns: int) -> float:
        """What it speaks against a thing without a name that it is still there, in nats."""
        s, age_ns = self.settings, t_ns - piece.placed_ns
        if piece.kind is Kind.LOAD:
            return max(-(max(0, age_ns) / NS) / s.load_s, s.load_floor)
        return _ramp(age_ns, s.unnamed_s, s.unnamed_nats)

    def _said_own(self, piece: Piece) -> bool:
        return piece.kind is Kind.OWN and self._own_between(piece.placed_ns, piece.placed_ns)

    def _own_between(self, a_ns: int, b_ns: int) -> bool:
        room = int(self.settings.own_room_s * NS)
        return any(a_ns < (t1 if t1 is not None else b_ns) + room and t0 - room < b_ns for t0, t1 in self._own)

    # ------------------------------------------------------------ the beam
    def _prune(self, hypotheses: Iterable[Hypothesis]) -> None:
        best: dict[tuple[object, ...], Hypothesis] = {}
        sums: dict[tuple[object, ...], float] = {}
        for h in hypotheses:
            if h.logw == -math.inf:
                continue
            key = h.state
            if key not in best:
                best[key], sums[key] = h, h.logw
                continue
            sums[key] = _log_sum(sums[key], h.logw)
            if h.logw > best[key].logw:
                best[key] = h
        top = max(sums.values())
        likely = [replace(best[k], logw=sums[k]) for k in best if sums[k] > top + self.settings.floor]
        kept = sorted(likely, key=lambda h: (-h.logw, repr(h.state)))[: self.settings.beam]
        total = top + math.log(sum(math.exp(h.logw - top) for h in kept))
        self.hypotheses = [replace(h, logw=h.logw - total) for h in kept]
        self.revision += 1


def _learnt(goods: Goods, book: WeightBook | None) -> Goods:
    if book is None or goods.weight is None or goods.selling is not Selling.PACKAGED:
        return goods
    return replace(goods, weight=book.weight(goods.gtin, goods.weight))


def _ramp(age_ns: int, span_s: tuple[float, float], nats: float) -> float:
    """Nats that come due evenly while an age passes through a span."""
    first, last = span_s
    return nats * min(max((age_ns / NS - first) / (last - first), 0.0), 1.0)


def _early(level: Level) -> bool:
    return level.rolling or level.t1_ns - level.t0_ns < 4 * NS


def _followed(h: Hypothesis, level: Level, drift_var: float, early: bool) -> Hypothesis:
    """Nothing moved: the level is known better; what has just come in is what is known better with it."""
    prior = h.level_var + drift_var
    gain = prior / (prior + level.sigma_g**2)
    step = gain * (level.grams - h.level_g)
    pieces = h.pieces
    if early and h.fresh:
        mine = [p for p in pieces if p.number in h.fresh]
        total = sum(p.var_g for p in mine)
        share = h.level_var / prior if prior > 0 else 0.0
        if total > 0:
            pieces = tuple(
                replace(
                    p,
                    mean_g=p.mean_g + share * step * (p.var_g / total),
                    var_g=max(p.var_g - gain * share * h.level_var * (p.var_g / total) ** 2, 0.05),
                )
                if p in mine
                else p
                for p in pieces
            )
    return replace(h, level_g=h.level_g + step, level_var=(1.0 - gain) * prior + 0.02, pieces=pieces)


def _weighed(part: Part, rest: float, spread: float, var: float) -> tuple[float, float]:
    """The weight of a part and its variance, after what the whole change weighed."""
    if part.density is not None:
        return max(part.sign * rest, 0.0), spread
    gain = part.var_g / spread if spread > 0 else 0.0
    return part.mean_g + part.sign * gain * rest, max(part.var_g * (1.0 - gain), 0.05)


def _log_sum(a: float, b: float) -> float:
    top = max(a, b)
    return top + math.log(math.exp(a - top) + math.exp(b - top))

"""The basket as a small set of hypotheses, carried from change to change.

Every level of the cell is explained from the level before it: by nothing, by what was shown, by what nobody showed, by
what left (`moves.py`).  Showings, taps and answers weigh hypotheses and branch them.  What the same pieces, showings
and departures make up is one hypothesis; the beam keeps the best.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from aisle.belief.basket.evidence import Shown, Sight
from aisle.belief.basket.goods import Goods, Selling, goods_of, log_normal_density
from aisle.belief.basket.moves import Change, MovePriors, Mover, Part, Way, counted, unknown_density
from aisle.belief.basket.state import Gone, Hypothesis, Kind, Pending, Piece
from aisle.scales.basket import Level
from aisle.store.model import Product

NS = 1_000_000_000
LEAST_G = 4.0  # nothing lighter gets a name
TOGETHER_NS = 12 * NS  # pieces put in so near to each other are counted together


@dataclass(frozen=True, slots=True)
class BasketSettings:
    """`beam` hypotheses are kept, none more than `floor` nats below the best; `narrow` bounds the ways followed."""

    beam: int = 24
    floor: float = -10.0
    narrow: float = 10.0
    priors: MovePriors = field(default_factory=MovePriors)
    drift_var: float = 0.004  # g² a second
    creep_share: float = 0.0006  # of the load, after a change
    sight_before_s: float = 6.0  # before a change, what was seen counts
    sight_after_s: float = 1.5
    names_s: float = 25.0  # a code names what went in so long before
    double_s: tuple[float, float, float] = (1.2, 3.0, 6.0)
    double_odds: tuple[float, float, float] = (0.7, 0.35, 0.12)
    load_s: float = 7.0  # loads leave: this is how long they stay
    load_floor: float = -6.0
    pending_s: float = 240.0
    waits_s: tuple[float, float] = (15.0, 50.0)  # what is shown goes in, or it grows unlikely that it was to ...
    waits_nats: float = -3.0
    unnamed_s: tuple[float, float] = (8.0, 25.0)  # ... and what is in gets its name, or is something else
    unnamed_nats: float = -1.4
    mistaken: float = math.log(0.3)  # of things taken for another product by sight, one gets its right name
    own_room_s: float = 1.0
    most_gone: int = 6


class BasketBelief:
    """Feed showings, sights and levels in order of time; `hypotheses` are sorted, the likeliest first."""

    def __init__(self, products: Mapping[str, Product], settings: BasketSettings | None = None) -> None:
        self.settings = settings or BasketSettings()
        self.goods: dict[str, Goods] = {gtin: goods_of(product) for gtin, product in products.items()}
        self.hypotheses: list[Hypothesis] = [Hypothesis(0.0)]
        self.weighing = True
        self._mover = Mover(self.goods, self.settings.priors)
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
            self.hypotheses = [self._blindly(h, shown) for h in self.hypotheses]
            return
        branch = self._leaving if shown.leaves else self._coming
        self._prune(b for h in self.hypotheses for b in branch(h, shown))

    def _coming(self, h: Hypothesis, shown: Shown) -> Iterable[Hypothesis]:
        s = self.settings
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
        goods = self.goods.get(shown.gtin)
        blank = unknown_density(piece.mean_g)
        if piece.kind is Kind.GOODS:  # taken for another product by sight, which is wrong now and then
            prior += self.settings.mistaken
            guess = self.goods.get(piece.gtin)
            blank = guess.density(piece.mean_g / piece.count, piece.var_g) if guess is not None else blank
        if goods is None or goods.weight is None or goods.selling is Selling.BY_WEIGHT:
            fit = goods.density(piece.mean_g, piece.var_g) if goods is not None else blank
            yield 1, prior + fit - blank
            return
        counts = range(1, 13) if goods.selling is Selling.BY_PIECE and shown.quantity is None else range(1, 3)
        for count in counts:
            wanted = shown.quantity or 1
            share = counted(count) if len(counts) > 2 else self.settings.priors.extra
            share = 0.0 if len(counts) <= 2 and count == wanted else share
            mean, var = goods.weight.of(count)
            yield count, prior + share + log_normal_density(piece.mean_g - mean, var + piece.var_g) - blank

    def _leaving(self, h: Hypothesis, shown: Shown) -> Iterable[Hypothesis]:
        recent = [
            i
            for i, g in enumerate(h.gone)
            if g.piece.gtin == shown.gtin and not g.said and shown.t_ns - g.t_ns < self.settings.names_s * NS
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
        s = self.settings
        if shown.typed:
            return 0.0
        last = [w.shown.t_ns for w in h.pending if w.shown.gtin == shown.gtin and not w.shown.leaves]
        last += [p.shown.t_ns for p in h.pieces if p.shown is not None and p.gtin == shown.gtin]
        since = (shown.t_ns - max(last)) / NS if last else math.inf
        return next((odds for limit, odds in zip(s.double_s, s.double_odds, strict=True) if since < limit), 0.0)

    def _blindly(self, h: Hypothesis, shown: Shown) -> Hypothesis:
        """Without a scale, what is shown goes in, and what is said to leave leaves."""
        self._numbers += 1
        if shown.leaves:
            at = next((i for i in reversed(range(len(h.pieces))) if h.pieces[i].gtin == shown.gtin), None)
            return h if at is None else _without(h, at, 1)
        if self._double(h, shown) > 0.5:
            return h
        goods = self.goods.get(shown.gtin)
        count = shown.quantity or 1
        mean, var = goods.weight.of(count) if goods is not None and goods.weight is not None else (0.0, 1e6)
        piece = Piece(self._numbers, -self._numbers, Kind.GOODS, shown.gtin, count, mean, var, shown.t_ns, shown)
        return replace(h, pieces=(*h.pieces, piece))

    def quantity(self, t_ns: int, count: int) -> None:
        """So many of what was shown last."""
        self.time(t_ns)
        self._prune(b for h in self.hypotheses for b in self._counted(h, count))

    def _counted(self, h: Hypothesis, count: int) -> Iterable[Hypothesis]:
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
                yield from self._counted(more, count)
                h = h.weighted(math.log(0.2))
        there = sum(p.count for p in mine)
        pieces = tuple(
            replace(p, shown=replace(p.shown, quantity=count), extra=0) if p in mine and p.shown is not None else p
            for p in h.pieces
        )
        if there == count:
            yield replace(h, pieces=pieces)
            return
        goods = self.goods.get(mine[0].gtin)
        if goods is not None and goods.selling is Selling.BY_PIECE and goods.weight is not None and len(mine) == 1:
            piece = mine[0]  # the weight was taken for another number of pieces
            fits = [
                log_normal_density(piece.mean_g - m, v + piece.var_g) for m, v in map(goods.weight.of, (count, there))
            ]
            told = tuple(replace(p, count=count) if p.number == piece.number else p for p in pieces)
            yield replace(h.weighted(fits[0] - fits[1] - counted(there)), pieces=told)
            return
        if not self.weighing:
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
        goods = self.goods.get(named.gtin)
        for i, piece in enumerate(h.pieces):
            near = abs(piece.placed_ns - named.placed_ns) < self.settings.names_s * NS
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
        """A person says what went in at a change: a product, or a thing of another kind.

        What was shown before and is this product waits no longer.
        """

        def told(h: Hypothesis) -> Hypothesis:
            mine = [i for i, p in enumerate(h.pieces) if p.event == event]
            mine = [i for i in mine if not h.pieces[i].named] or [i for i in mine if h.pieces[i].gtin == gtin]
            if not mine:
                return h.weighted(-3.0)
            at = mine[-1]
            was = h.pieces[at]
            shown, pending = was.shown, h.pending
            if shown is None and gtin is not None:
                waits = next((w for w in pending if w.shown.gtin == gtin and not w.shown.leaves), None)
                shown = waits.shown if waits is not None else Shown(0, was.placed_ns, gtin, count, typed=True)
                pending = tuple(w for w in pending if w is not waits)
            now = replace(was, kind=kind, gtin=gtin or "", count=count, shown=shown, extra=0)
            pieces = (*h.pieces[:at], now, *h.pieces[at + 1 :])
            unweighed = next((p for p in pieces if p.gtin == gtin and p.event < 0 and p.count == count), None)
            if unweighed is not None and now.number != unweighed.number:  # the scale had failed, and saw it in the end
                pieces = tuple(p for p in pieces if p is not unweighed)
            return replace(h, pieces=pieces, pending=pending)

        self._prune([told(h) for h in self.hypotheses])

    def answer_count(self, event: int, gtin: str, count: int) -> None:
        """A person says how many of a product they put in around a change, all those put in one by one together."""

        def told(h: Hypothesis) -> Hypothesis:
            mine = [p for p in h.pieces if p.event == event and p.gtin == gtin]
            if not mine:
                return h.weighted(-3.0)
            near = [
                p
                for p in h.pieces
                if p.kind is Kind.GOODS and p.gtin == gtin and abs(p.placed_ns - mine[0].placed_ns) < TOGETHER_NS
            ]
            others = sum(p.count for p in near) - mine[0].count
            fresh = {}
            for p in near:
                shown = p.shown or Shown(0, p.placed_ns, gtin, count, typed=True)
                mine_now = max(1, count - others) if p is mine[0] else p.count
                fresh[p.number] = replace(p, shown=replace(shown, quantity=count), count=mine_now, extra=0)
            waits = tuple(w for w in h.pending if w.shown.gtin != gtin or w.left > 0)
            return replace(h, pieces=tuple(fresh.get(p.number, p) for p in h.pieces), pending=waits)

        self._prune([told(h) for h in self.hypotheses])

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
                self.hypotheses = [self._blindly(h, replace(one.shown, quantity=one.left)) for h in self.hypotheses]
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


def _without(h: Hypothesis, at: int, count: int) -> Hypothesis:
    piece = h.pieces[at]
    left = piece.count - count
    kept = (replace(piece, count=left, mean_g=piece.mean_g * left / piece.count),) if left > 0 else ()
    return replace(h, pieces=(*h.pieces[:at], *kept, *h.pieces[at + 1 :]))


def _log_sum(a: float, b: float) -> float:
    top = max(a, b)
    return top + math.log(math.exp(a - top) + math.exp(b - top))

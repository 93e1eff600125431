"""Every way a weight change can have come about, with its log odds.

An explanation is a short list of acts (who, took or put back, what, how many)
or none.  Its score is the log of prior times density of the change times how
well the actors' hands fit, all jointly over the place on the shelf.  Scores of
all explanations of one change, and of the same change cut at other plateaus,
compare with each other.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aisle.belief.change_fit import ChangeFit
from aisle.belief.footprint import Columns, Footprints, Places, columns, facing_places, footprints
from aisle.belief.state import Held, Item, Key, ShelfState, Stray, Value
from aisle.store.model import Facing, Product, Shelf, Store

FloatArray = npt.NDArray[np.float64]

MOST_ARRANGEMENTS = 240
NOBODY = ""  # a person no tracker saw


@dataclass(frozen=True, slots=True)
class Priors:
    """Log prior odds: what shoppers and staff do, before looking at the plates."""

    take: float = math.log(0.80)
    put: float = math.log(0.20)
    units: tuple[float, ...] = (-0.15, -2.3, -3.4, -4.2, -5.2, -6.2)  # one, two, three ... of one product in one movement
    home: float = math.log(0.75)  # an item put back goes where it came from
    elsewhere: float = math.log(0.25)
    two_products: float = math.log(0.035)  # one movement, two products
    two_people: float = math.log(0.03)  # two people within one change
    swap: float = math.log(0.008)  # one put, one taken, within one change
    nothing: float = math.log(0.25)
    slid: float = math.log(0.03)
    relabelled: float = math.log(0.004)  # the planogram is wrong here
    unknown: float = math.log(0.0015)  # something the shop does not know
    unseen: float = -7.0  # a person no tracker saw
    stray_again: float = math.log(0.6)  # a stray is as inviting as a facing
    of_others: float = math.log(0.004)  # puts back what somebody else took
    spread: float = 0.006  # units of one product differ by this share of their weight
    spread_g: float = 0.6
    rough_spread: float = 0.03  # now and then much more
    rough_share: float = 0.12


class Act(NamedTuple):
    """One person, one product, taken (-1) or put on the shelf (+1)."""

    who: str
    sign: int
    gtin: str | None
    quantity: int
    how: str  # "facing", "stray", "relabelled", "home", "elsewhere", "restock", "unknown"


class Explanation(NamedTuple):
    """Acts, their joint score, and the variables as they are afterwards."""

    score: float
    acts: tuple[Act, ...]
    after: tuple[tuple[Key, Value], ...]
    why: str = ""


class _Part(NamedTuple):
    """Some units of one product among several that moved; `facing` -1: anywhere on the shelf."""

    facing: int
    gtin: str
    weight_g: float
    var_g2: float
    sign: int
    units: int


class Board:
    """What the engine knows of one shelf before anything happens: tiles, facings, products by weight."""

    def __init__(self, store: Store, index: int, shelf: Shelf, facing_of: dict[str, list[tuple[int, int]]], priors: Priors) -> None:
        self.store, self.index, self.shelf, self.priors = store, index, shelf, priors
        self.facings = store.facings_at.get(shelf.key, ())
        self.facing_of = facing_of

    @cached_property
    def prints(self) -> Footprints:
        return footprints(self.shelf)

    @cached_property
    def bins_m(self) -> FloatArray:
        return self.prints.bins_m

    def places(self, facing: int, gtin: str) -> Places:
        key = (facing, gtin)
        found = self._places.get(key)
        if found is None:
            product = self.store.products.get(gtin)
            found = facing_places(self.prints, self.facings[facing], product.width_m if product else None)
            self._places[key] = found
        return found

    def columns(self, facing: int, gtin: str) -> list[Columns]:
        key = (facing, gtin)
        found = self._columns.get(key)
        if found is None:
            found = self._columns[key] = columns(self.prints, self.places(facing, gtin))
        return found

    @cached_property
    def anywhere(self) -> list[Columns]:
        return columns(self.prints, self.prints.everywhere, 0.06)[::2]

    @cached_property
    def _columns(self) -> dict[tuple[int, str], list[Columns]]:
        return {}

    @cached_property
    def _places(self) -> dict[tuple[int, str], Places]:
        return {}


class Scene:
    """One stretch of a shelf between two plateaus, and who may have been there.

    `reach` is (actors, bins): log ratio of each actor reaching to each place;
    actor 0 is nobody seen.  `staff` tells which actors are staff.
    """

    def __init__(
        self,
        board: Board,
        fit: ChangeFit,
        actors: tuple[str, ...],
        reach: FloatArray,
        staff: frozenset[str],
        event: int,
        totals: Totals,
    ) -> None:
        self.board, self.fit, self.actors, self.reach = board, fit, actors, reach
        self.staff, self.event, self.totals = staff, event, totals
        self.priors = board.priors
        self.crowd = -math.log(max(1, len(actors) - 1))
        self._singles: dict[tuple[int, str, int], FloatArray] = {}
        self._puts: dict[tuple[str | None, float, float], tuple[FloatArray, FloatArray, float, float]] = {}

    # ------------------------------------------------------------ densities
    def _reach_at(self, places: Places) -> FloatArray:
        """(actors,) log mean reach ratio over a set of places."""
        bins = self.board.prints.bin[places.tiles]
        return _logsumexp(self.reach[:, bins] + places.log_prior)

    def single(self, facing: int, gtin: str, sign: int) -> FloatArray:
        """(actors,) log density of the change and the actor's reach if one unit left (-1) or joined (+1) a facing."""
        key = (facing, gtin, sign)
        found = self._singles.get(key)
        if found is None:
            product = self.board.store.products.get(gtin)
            if product is None or product.weight_g is None or not self._near(sign * product.weight_g, product.weight_g):
                found = np.full(len(self.actors), -np.inf)
            else:
                found = self._one(self.board.places(facing, gtin), product.weight_g, self._spread(product), sign)
            self._singles[key] = found
        return found

    def _spread(self, product: Product) -> float:
        if product.weight_sigma_g is not None:
            return product.weight_sigma_g**2
        assert product.weight_g is not None
        return (self.priors.spread * product.weight_g) ** 2 + self.priors.spread_g**2

    def _near(self, want_g: float, loose_g: float) -> bool:
        """Could the sum of the change be `want_g`, items of about `loose_g` being moved?"""
        slack = 6.0 * math.sqrt(self.fit.sum_var) + 0.10 * abs(loose_g) + 6.0
        return abs(self.fit.sum_g - want_g) < slack

    def _one(self, places: Places, weight_g: float, var_g2: float, sign: int, rough: bool = True) -> FloatArray:
        rows, prior = self.fit.at(places)
        if not len(rows):
            return np.full(len(self.actors), -np.inf)
        ll = self.fit.one(rows, weight_g, var_g2, sign)
        if rough:
            p = self.priors
            wide = self.fit.one(rows, weight_g, (p.rough_spread * weight_g + 2.0) ** 2, sign)
            ll = np.logaddexp(math.log1p(-p.rough_share) + ll, math.log(p.rough_share) + wide)
        tiles = places.tiles[self.fit.row[places.tiles] >= 0]
        return _logsumexp(self.reach[:, self.board.prints.bin[tiles]] + (ll + prior))

    def several(self, parts: list[_Part]) -> float:
        """Log density if several items moved, each part at any of its columns, all widths that may be."""
        total = -math.inf
        sets = [self.board.columns(p.facing, p.gtin) if p.facing >= 0 else self.board.anywhere for p in parts]
        count = math.prod(len(x) for x in sets)
        for choice in itertools.product(*sets):
            total = float(np.logaddexp(total, self._arranged(parts, choice) - math.log(count)))
        return total

    def _arranged(self, parts: list[_Part], where: tuple[Columns, ...]) -> float:
        columns = self.fit.columns
        picks = [
            list(itertools.combinations_with_replacement(range(len(c.share)), p.units))
            for p, c in zip(parts, where, strict=True)
        ]
        arrangements = list(itertools.product(*picks))
        if len(arrangements) > MOST_ARRANGEMENTS:  # evenly thinned: many columns differ little
            keep = np.linspace(0, len(arrangements) - 1, MOST_ARRANGEMENTS).astype(int)
            arrangements = [arrangements[i] for i in keep]
        n = self.fit.n
        mean = np.zeros((len(arrangements), n))
        doubt: list[FloatArray] = []
        spread = np.zeros(n)
        for i, (p, c) in enumerate(zip(parts, where, strict=True)):
            at = np.array([a[i] for a in arrangements])  # (arrangements, units)
            share = c.share[:, columns]
            slope = c.slope[:, columns]
            mine = share[at].sum(axis=1)
            mean += p.sign * p.weight_g * mine
            doubt.append((math.sqrt(p.var_g2 / p.units) * mine)[:, None, :])
            doubt.append(slope[at] * (p.weight_g / math.sqrt(12.0)))
            spread += (0.008 * p.weight_g) ** 2 * p.units * (share.max(axis=0) > 0.005)
        return self.fit.several(mean, np.concatenate(doubt, axis=1), spread)

    # --------------------------------------------------------- explanations
    @cached_property
    def facings_near(self) -> list[int]:
        """Facings that touch plates that changed."""
        moved = np.abs(self.fit.d) > np.maximum(3.0 * np.sqrt(self.fit.r), 0.06 * np.max(np.abs(self.fit.d), initial=0.0))
        if not moved.any():
            moved = np.ones(self.fit.n, bool)
        columns = self.fit.columns[moved]
        edges = self.board.shelf.plate_edges_m
        lo, hi = edges[columns[0]] - 0.03, edges[columns[-1] + 1] + 0.03
        return [i for i, f in enumerate(self.board.facings) if f.x1_m > lo and f.x0_m < hi]

    def explanations(self, held: dict[str, Held], shelf: ShelfState) -> list[Explanation]:
        """Everything that can have happened, given what each actor holds and what stands on the shelf."""
        p = self.priors
        out: list[Explanation] = []
        where = -math.log(self.totals.facings)
        out.append(Explanation(p.nothing - math.log(self.totals.shelves) + self.fit.nothing(), (), (), "nothing moved"))
        slid = p.slid + where + self.fit.slid()
        out.append(Explanation(slid, (), (), "pushed along the shelf"))
        sign = -1 if self.fit.sum_g < 0 else 1
        skey: Key = ("s", self.board.index)
        relabel = dict(shelf.relabelled)
        if sign < 0:
            self._takes(out, held, relabel, where)
            self._relabelled(out, held, shelf, relabel, where, skey)
            self._stray_takes(out, held, shelf, where, skey)
        else:
            self._puts_back(out, held, shelf, skey)
            self._restocks(out, relabel, where)
        self._swaps(out, held, shelf, relabel, where, skey)
        self._unknown(out, held, shelf, sign, where, skey)
        return out

    def _takes(self, out: list[Explanation], held: dict[str, Held], relabel: dict[int, str], where: float) -> None:
        p = self.priors
        for f in self.facings_near:
            gtin = relabel.get(f, self.board.facings[f].gtin)
            ll = self.single(f, gtin, -1)
            for a, who in enumerate(self.actors):
                if ll[a] > -np.inf:
                    self._add_take(out, p.take + where + p.units[0] + self.crowd + float(ll[a]), [(who, gtin, 1, "facing")], held)
        self._multi(out, held, relabel, where)

    def _multi(self, out: list[Explanation], held: dict[str, Held], relabel: dict[int, str], where: float) -> None:
        """Several units of one product, two products, two people."""
        p = self.priors
        store = self.board.store
        gone = -self.fit.sum_g
        known = []
        for f in self.facings_near:
            gtin = relabel.get(f, self.board.facings[f].gtin)
            product = store.products.get(gtin)
            if product is not None and product.weight_g:
                known.append((f, gtin, product))
        for f, gtin, product in known:
            assert product.weight_g is not None
            places = self.board.places(f, gtin)
            var = self._spread(product) * 1.5
            most = min(len(p.units), int(gone / product.weight_g + 1.6))
            for k in range(2, most + 1):
                if not self._near(-k * product.weight_g, 0.5 * k * product.weight_g):
                    continue
                reach = self._reach_at(places)
                ll = self.several([_Part(f, gtin, product.weight_g, var, -1, k)])
                stack = float(np.max(self._one(places, k * product.weight_g, k * var, -1) - reach)) if k <= 4 else -math.inf
                ll = float(np.logaddexp(math.log(0.6) + ll, math.log(0.4) + stack))
                for a, who in enumerate(self.actors):
                    score = p.take + where + p.units[k - 1] + self.crowd + ll + float(reach[a])
                    self._add_take(out, score, [(who, gtin, k, "facing")], held)
                if len(self.actors) > 2:
                    self._shared(out, held, ll + where, reach, gtin, k)
        for i, (f, gtin, product) in enumerate(known):
            for g, other_gtin, other in known[i + 1 :]:
                if gtin == other_gtin:
                    continue
                for k, m in ((1, 1), (2, 1), (1, 2)):
                    assert product.weight_g is not None and other.weight_g is not None
                    both = k * product.weight_g + m * other.weight_g
                    if not self._near(-both, 0.5 * both):
                        continue
                    here, there = self.board.places(f, gtin), self.board.places(g, other_gtin)
                    ll = self.several(
                        [
                            _Part(f, gtin, product.weight_g, self._spread(product) * 1.5, -1, k),
                            _Part(g, other_gtin, other.weight_g, self._spread(other) * 1.5, -1, m),
                        ]
                    )
                    base = p.take + where - math.log(6.0) + p.units[k - 1] + p.units[m - 1] + 2 * self.crowd + ll
                    r1, r2 = self._reach_at(here), self._reach_at(there)
                    for a, who in enumerate(self.actors):
                        for b, other_who in enumerate(self.actors):
                            if a == b:
                                score = base - self.crowd + p.two_products + 0.5 * float(r1[a] + r2[a])
                            else:
                                score = base + p.two_people + float(r1[a] + r2[b])
                            self._add_take(out, score, [(who, gtin, k, "facing"), (other_who, other_gtin, m, "facing")], held)

    def _shared(self, out: list[Explanation], held: dict[str, Held], base: float, reach: FloatArray, gtin: str, k: int) -> None:
        """k units of one product, shared out over two people."""
        p = self.priors
        for a in range(1, len(self.actors)):
            for b in range(a + 1, len(self.actors)):
                for m in range(1, k):
                    score = p.take + base + p.two_people + p.units[m - 1] + p.units[k - m - 1] + 2 * self.crowd
                    score += float(reach[a] + reach[b])
                    self._add_take(out, score, [(self.actors[a], gtin, m, "facing"), (self.actors[b], gtin, k - m, "facing")], held)

    def _relabelled(
        self, out: list[Explanation], held: dict[str, Held], shelf: ShelfState, relabel: dict[int, str], where: float, skey: Key
    ) -> None:
        p = self.priors
        gone = -self.fit.sum_g
        slack = 5.0 * math.sqrt(self.fit.sum_var) + 0.035 * gone + 3.0
        candidates = self.totals.weighing(gone - slack, gone + slack)
        if not candidates:
            return
        for f in self.facings_near:
            planned = relabel.get(f, self.board.facings[f].gtin)
            prior = p.take + where + p.relabelled - math.log(self.totals.products) + p.units[0] + self.crowd
            for product in candidates:
                if product.gtin == planned:
                    continue
                ll = self.single(f, product.gtin, -1)
                for a, who in enumerate(self.actors):
                    if ll[a] > -np.inf:
                        self._add_take(
                            out,
                            prior + float(ll[a]),
                            [(who, product.gtin, 1, "relabelled")],
                            held,
                            ((skey, shelf.relabel(f, product.gtin)),),
                        )

    def _stray_takes(self, out: list[Explanation], held: dict[str, Held], shelf: ShelfState, where: float, skey: Key) -> None:
        p = self.priors
        edges = self.board.shelf.plate_edges_m
        for stray in shelf.strays:
            want = stray.grams[self.fit.columns]
            if not self._near(-float(stray.grams.sum()), float(stray.grams.sum())):
                continue
            ll = self.fit.diagonal(-want, stray.var[self.fit.columns] + (0.01 * want) ** 2)
            middle = 0.5 * (np.asarray(edges[:-1]) + np.asarray(edges[1:]))
            x = stray.x_m if len(middle) == 1 else float((middle * np.maximum(stray.grams, 0)).sum() / max(np.maximum(stray.grams, 0).sum(), 1e-9))
            place = int(np.argmin(np.abs(self.board.bins_m - x)))
            near = self.reach[:, max(0, place - 1) : place + 2].max(axis=1)
            for a, who in enumerate(self.actors):
                score = p.take + where + p.stray_again + self.crowd + ll + float(near[a])
                mine = held.get(who)
                after: tuple[tuple[Key, Value], ...] = ((skey, shelf.minus(stray)),)
                if mine is not None and who not in self.staff:
                    item = Item(stray.item.gtin, stray.item.weight_g, stray.item.var_g2, self.event)
                    after = (*after, (("p", who), mine.plus(item)))
                out.append(Explanation(score, (Act(who, -1, stray.item.gtin, 1, "stray"),), after))

    def _put_density(self, item: Item) -> tuple[FloatArray, FloatArray]:
        """(actors,) log densities of the item put back home (-inf when its home is elsewhere) and anywhere on this shelf."""
        key = (item.gtin, round(item.weight_g, 2), round(item.var_g2, 2))
        found = self._puts.get(key)
        if found is None:
            none = np.full(len(self.actors), -np.inf)
            if not self._near(item.weight_g, item.weight_g):
                found = (none, none, 0.0, 0.0)
            else:
                var = item.var_g2 + (0.002 * item.weight_g) ** 2
                anywhere = self._one(self.board.prints.everywhere, item.weight_g, var, 1, rough=False)
                home = none
                for shelf, f in self.board.facing_of.get(item.gtin or "", ()):
                    if shelf == self.board.index:
                        places = self.board.places(f, item.gtin or "")
                        home = np.logaddexp(home, self._one(places, item.weight_g, var, 1, rough=False))
                found = (home, anywhere, 0.0, 0.0)
            self._puts[key] = found
        return found[0], found[1]

    def _puts_back(self, out: list[Explanation], held: dict[str, Held], shelf: ShelfState, skey: Key) -> None:
        p = self.priors
        span = math.log(self.board.shelf.length_m / self.totals.length_m)
        for a, who in enumerate(self.actors):
            mine = held.get(who)
            if mine is None or who in self.staff or not mine.items:
                continue
            distinct = _distinct(mine.items)
            pick = p.put + self.crowd - math.log(len(distinct))
            for item in distinct:
                home, anywhere = self._put_density(item)
                if home[a] > -np.inf:
                    score = pick + p.home + float(home[a])
                    out.append(Explanation(score, (Act(who, 1, item.gtin, 1, "home"),), ((("p", who), mine.minus(item)),)))
                if anywhere[a] > -np.inf:
                    score = pick + p.elsewhere + span + float(anywhere[a])
                    after: tuple[tuple[Key, Value], ...] = ((("p", who), mine.minus(item)), (skey, shelf.plus(self._stray(item))))
                    out.append(Explanation(score, (Act(who, 1, item.gtin, 1, "elsewhere"),), after))
            for i, one in enumerate(distinct):  # two things set down together
                for two in (x for x in mine.items if x is not one and (x in distinct[i + 1 :] or x.gtin == one.gtin)):
                    total = one.weight_g + two.weight_g
                    if not self._near(total, total):
                        continue
                    ll = self._one(self.board.prints.everywhere, total, one.var_g2 + two.var_g2 + (0.01 * total) ** 2, 1, rough=False)
                    home_both = all(any(s == self.board.index for s, _ in self.board.facing_of.get(x.gtin or "", ())) for x in (one, two))
                    score = pick + p.two_products + (p.home if home_both else p.elsewhere + span) + float(ll[a])
                    acts = (Act(who, 1, one.gtin, 1, "home"), Act(who, 1, two.gtin, 1, "home"))
                    out.append(Explanation(score, acts, ((("p", who), mine.minus(one).minus(two)),)))
            for other, theirs in held.items():  # what somebody else took and handed over
                if other == who or not theirs.items:
                    continue
                for item in _distinct(theirs.items):
                    home, anywhere = self._put_density(item)
                    best = float(np.logaddexp(p.home + home[a], p.elsewhere + span + anywhere[a]))
                    if best > -np.inf:
                        out.append(
                            Explanation(
                                p.put + p.of_others + self.crowd - math.log(len(theirs.items)) + best,
                                (Act(who, 1, item.gtin, 1, "home"),),
                                ((("p", other), theirs.minus(item)),),
                            )
                        )

    def _stray(self, item: Item) -> Stray:
        n = self.board.shelf.plate_count
        grams, var = np.zeros(n), np.full(n, 4.0)
        grams[self.fit.columns] = self.fit.d
        var[self.fit.columns] = self.fit.r
        rows, prior = self.fit.at(self.board.prints.everywhere)
        ll = self.fit.one(rows, item.weight_g, item.var_g2 + 1.0, 1) + prior
        x = self.board.prints.x_m[self.board.prints.everywhere.tiles[self.fit.row >= 0]]
        who = self.reach.max(axis=0)[self.board.prints.bin[self.board.prints.everywhere.tiles[self.fit.row >= 0]]]
        w = np.exp(ll + who - np.max(ll + who)) if len(ll) else np.ones(0)
        return Stray(item, float((w * x).sum() / w.sum()) if len(w) else 0.0, grams, var)

    def _restocks(self, out: list[Explanation], relabel: dict[int, str], where: float) -> None:
        """Staff put goods on the shelf; nobody's basket changes."""
        p = self.priors
        for a, who in enumerate(self.actors):
            if who not in self.staff:
                continue
            for f in self.facings_near:
                gtin = relabel.get(f, self.board.facings[f].gtin)
                product = self.board.store.products.get(gtin)
                if product is None or not product.weight_g:
                    continue
                ll = self.single(f, gtin, 1)
                base = math.log(0.5) + where + self.crowd
                if ll[a] > -np.inf:
                    out.append(Explanation(base + float(ll[a]), (Act(who, 1, gtin, 1, "restock"),), ()))
                places = self.board.places(f, gtin)
                most = min(12, int(self.fit.sum_g / product.weight_g + 1.6))
                for k in range(2, most + 1):
                    if self._near(k * product.weight_g, 0.5 * k * product.weight_g):
                        many = self.several([_Part(f, gtin, product.weight_g, self._spread(product) * 1.5, 1, k)])
                        score = base - 1.0 - 0.3 * k + many + float(self._reach_at(places)[a])
                        out.append(Explanation(score, (Act(who, 1, gtin, k, "restock"),), ()))

    def _swaps(
        self, out: list[Explanation], held: dict[str, Held], shelf: ShelfState, relabel: dict[int, str], where: float, skey: Key
    ) -> None:
        """One thing put down and another taken within one change."""
        p = self.priors
        if float(np.max(np.abs(self.fit.d), initial=0.0)) < 8.0 or self.fit.n < 2:
            return
        for a, who in enumerate(self.actors):
            mine = held.get(who)
            if mine is None or who in self.staff:
                continue
            for item in _distinct(mine.items):
                for f in self.facings_near:
                    gtin = relabel.get(f, self.board.facings[f].gtin)
                    product = self.board.store.products.get(gtin)
                    if product is None or not product.weight_g:
                        continue
                    if not self._near(item.weight_g - product.weight_g, 0.3 * item.weight_g):
                        continue
                    places = self.board.places(f, gtin)
                    home = [h for s, h in self.board.facing_of.get(item.gtin or "", ()) if s == self.board.index]
                    ll = self.several(
                        [
                            _Part(f, gtin, product.weight_g, self._spread(product), -1, 1),
                            _Part(home[0] if home else -1, item.gtin or "", item.weight_g, item.var_g2, 1, 1),
                        ]
                    )
                    score = p.swap + where + self.crowd - math.log(len(mine.items)) + ll + float(self._reach_at(places)[a])
                    got = Item(gtin, product.weight_g, self._spread(product), self.event)
                    acts = (Act(who, 1, item.gtin, 1, "home" if home else "elsewhere"), Act(who, -1, gtin, 1, "facing"))
                    out.append(Explanation(score, acts, ((("p", who), mine.minus(item).plus(got)),)))

    def _unknown(
        self, out: list[Explanation], held: dict[str, Held], shelf: ShelfState, sign: int, where: float, skey: Key
    ) -> None:
        """Something the shop does not know came or went; only the strongest hand is asked."""
        p = self.priors
        w = abs(self.fit.sum_g)
        if w < 5.0:
            return
        rows, prior = self.fit.at(self.board.prints.everywhere)
        if not len(rows):
            return
        sigma = np.sqrt(self.fit.weight_var[rows])
        # weight log-uniform between 5 g and 5 kg: integrate the density over the unknown weight
        ll = self.fit.base[rows] + np.log(sigma * np.sqrt(2 * np.pi)) - np.log(np.maximum(np.abs(self.fit.weight[rows]), 5.0) * math.log(1000.0))
        tiles = self.board.prints.everywhere.tiles[self.fit.row >= 0]
        total = _logsumexp(self.reach[:, self.board.prints.bin[tiles]] + (ll + prior))
        span = math.log(self.board.shelf.length_m / self.totals.length_m)
        for a, who in enumerate(self.actors):
            score = p.unknown + span + self.crowd + float(total[a])
            item = Item(None, w, self.fit.sum_var, self.event)
            after: tuple[tuple[Key, Value], ...] = ()
            if sign < 0 and who in held and who not in self.staff:
                after = ((("p", who), held[who].plus(item)),)
            elif sign > 0:
                after = ((skey, shelf.plus(self._stray(item))),)
            out.append(Explanation(score, (Act(who, sign, None, 1, "unknown"),), after, "something the shop does not know"))

    def _add_take(
        self,
        out: list[Explanation],
        score: float,
        parts: list[tuple[str, str, int, str]],
        held: dict[str, Held],
        more: tuple[tuple[Key, Value], ...] = (),
    ) -> None:
        if score == -math.inf:
            return
        after: dict[Key, Value] = dict(more)
        acts = []
        for who, gtin, k, how in parts:
            acts.append(Act(who, -1, gtin, k, how))
            mine = after.get(("p", who)) or held.get(who)
            if isinstance(mine, Held) and who not in self.staff:
                items = self._lifted(gtin, k, alone=len(parts) == 1)
                after[("p", who)] = mine.plus(*items)
        out.append(Explanation(score, tuple(acts), tuple(after.items())))

    def _lifted(self, gtin: str, k: int, alone: bool) -> tuple[Item, ...]:
        key = (gtin, k, alone)
        found = self._items.get(key)
        if found is None:
            product = self.board.store.products[gtin]
            assert product.weight_g is not None
            w, var = product.weight_g, self._spread(product) * 2.0
            if k == 1 and alone:  # weighed as it was lifted: the measured weight, corrected for what leaks
                rows = self.fit.row[self.fit.row >= 0]
                best = int(rows[np.argmax(self.fit.one(rows, w, var * 4, -1))]) if len(rows) else -1
                if best >= 0:
                    seen, seen_var = -float(self.fit.weight[best]), float(self.fit.weight_var[best]) + 0.5
                    prior_var = (0.015 * w) ** 2 + 1.0
                    gain = prior_var / (prior_var + seen_var)
                    w, var = w + gain * (seen - w), prior_var * (1 - gain)
            found = tuple(Item(gtin, w, var, self.event) for _ in range(k))
            self._items[key] = found
        return found

    @cached_property
    def _items(self) -> dict[tuple[str, int, bool], tuple[Item, ...]]:
        return {}


class Totals:
    """Counts over the whole shop that priors need, and products by weight."""

    def __init__(self, store: Store) -> None:
        self.shelves = max(1, len(store.shelves))
        self.facings = max(1, len(store.facings))
        self.length_m = max(0.1, sum(s.length_m for s in store.shelves))
        planned = {f.gtin for f in store.facings}
        listed = [p for p in store.products.values() if p.weight_g and p.gtin in planned]
        self.products = max(1, len(listed))
        self._sorted = sorted(listed, key=lambda p: (p.weight_g or 0.0, p.gtin))
        self._weights = np.array([p.weight_g for p in self._sorted])

    def weighing(self, low_g: float, high_g: float) -> list[Product]:
        a, b = np.searchsorted(self._weights, [low_g, high_g])
        return self._sorted[a:b]


def boards(store: Store, priors: Priors) -> list[Board]:
    """One board per shelf, in store order."""
    facing_of: dict[str, list[tuple[int, int]]] = {}
    for i, shelf in enumerate(store.shelves):
        for j, f in enumerate(store.facings_at.get(shelf.key, ())):
            facing_of.setdefault(f.gtin, []).append((i, j))
    return [Board(store, i, s, facing_of, priors) for i, s in enumerate(store.shelves)]


def _distinct(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """One item per product; units weighed individually stay apart when their weights differ."""
    out: list[Item] = []
    for item in items:
        if not any(o.gtin == item.gtin and abs(o.weight_g - item.weight_g) < 0.5 * math.sqrt(o.var_g2 + item.var_g2) for o in out):
            out.append(item)
    return tuple(out)


def _logsumexp(a: FloatArray) -> FloatArray:
    """Along the last axis; -inf where all are."""
    top = a.max(axis=-1)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(safe + np.log(np.exp(a - safe[..., None]).sum(axis=-1)))


__all__ = ["NOBODY", "Act", "Board", "Explanation", "Facing", "Priors", "Scene", "Totals", "boards"]

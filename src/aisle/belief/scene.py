"""One stretch of a shelf between two plateaus: how well any items and any people fit it.

Densities of the change are joined with the reach of each actor place by place,
so that on a shelf with one load cell a hand can tell what its weight cannot.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aisle.belief.board import Board, Totals
from aisle.belief.change_fit import LOG_2PI, ChangeFit
from aisle.belief.footprint import Places
from aisle.belief.state import Item, Stray
from aisle.belief.testimony import SILENT, Testimony
from aisle.store.model import Product

FloatArray = npt.NDArray[np.float64]

NOBODY = ""  # a person no tracker saw
MOST_ARRANGEMENTS = 300
LOOSE_UNKNOWN = math.log(0.003)  # share of unknown things that are several at once, anyhow


class Part(NamedTuple):
    """Some units of one product among several that moved; `facing` -1: anywhere on the shelf."""

    facing: int
    gtin: str
    weight_g: float
    var_g2: float
    sign: int
    units: int


class Spots(NamedTuple):
    """The tiles of some places as the change and the hands see them; never empty.

    `odds` is what each actor makes of each tile if a thing of its best weight moved there: density times
    the square root of `var_g2`, prior and reach, all over exp(`top`).
    """

    weight_g: FloatArray  # (tiles,) signed best weight
    var_g2: FloatArray  # (tiles,)
    odds: FloatArray  # (tiles, actors)
    top: float


class Scene:
    """The change, the place, and who may have been there.

    `reach` is (actors, bins): log ratio of each actor having reached to each
    place, `hands` (actors, 2, bins) the same for each hand alone; actor 0 is
    somebody nobody saw.  `by_body` tells for which actors only
    the body was seen, no hands; `t_s` is when the change was over.  `staff` are
    the actors who work here.  `asked` when only a hand made anybody look.  `told` is what cameras
    say beside where hands were.
    """

    def __init__(
        self,
        board: Board,
        fit: ChangeFit,
        actors: tuple[str, ...],
        reach: FloatArray,
        hands: FloatArray,
        by_body: tuple[bool, ...],
        t_s: float,
        staff: frozenset[str],
        event: int,
        totals: Totals,
        asked: bool = False,
        told: Testimony = SILENT,
    ) -> None:
        self.board, self.fit, self.actors, self.reach = board, fit, actors, reach
        self.hands, self.by_body, self.t_s = hands, by_body, t_s
        self.staff, self.event, self.totals, self.asked = staff, event, totals, asked
        self.told = told
        # what hands and pictures together make of each place, for things that went and that came
        self.drawn = {-1: reach, 0: reach, 1: reach}
        if told.places is not None:
            self.drawn |= {-1: reach + told.places[0], 1: reach + told.places[1]}
        self.crowd = -math.log(max(1, len(actors) - 1))  # each actor present is as likely to act
        self.nowhere = np.full(len(actors), -np.inf)
        self._singles: dict[tuple[int, str, int], FloatArray] = {}
        self._puts: dict[tuple[str | None, float, float], tuple[FloatArray, FloatArray]] = {}
        self._lifted: dict[tuple[str, int, bool], tuple[Item, ...]] = {}
        self._spots_of: dict[tuple[Places, int], Spots | None] = {}
        self._reach_over: dict[tuple[Places, int], FloatArray] = {}
        self._each_hand: dict[Places, FloatArray] = {}

    # ------------------------------------------------------------------- reach
    def reach_over(self, places: Places, sign: int) -> FloatArray:
        """(actors,) log mean ratio of having reached to a set of places; sign -1, 1: with something gone, new there."""
        found = self._reach_over.get((places, sign))
        if found is None:
            found = logsumexp(self.drawn[sign][:, self.board.prints.bin[places.tiles]] + places.log_prior)
            self._reach_over[places, sign] = found
        return found

    def seen_over(self, places: Places, sign: int) -> float:
        """Log mean ratio of pictures that something is gone from (-1) or new at (1) one of the places."""
        if self.told.places is None:
            return 0.0
        return float(self.reach_over(places, sign)[0] - self.reach_over(places, 0)[0])  # nobody seen reaches evenly

    def reach_both(self, one: Places, two: Places) -> FloatArray:
        """(actors,) log ratio of one person having reached to two places within the change.

        With a hand for each, both hands speak; with one hand (or a body) for
        both, the worse place decides.
        """
        r1, r2 = self.reach_over(one, 0), self.reach_over(two, 0)
        same = np.minimum(r1, r2) + 0.25 * np.maximum(0.0, np.maximum(r1, r2))
        h1, h2 = self._hands_over(one), self._hands_over(two)
        apart = np.maximum(h1[:, 0] + h2[:, 1], h1[:, 1] + h2[:, 0])
        return np.maximum(same, apart)

    def _hands_over(self, places: Places) -> FloatArray:
        """(actors, 2) log mean reach ratio of each hand alone over a set of places."""
        found = self._each_hand.get(places)
        if found is None:
            found = logsumexp(self.hands[:, :, self.board.prints.bin[places.tiles]] + places.log_prior)
            self._each_hand[places] = found
        return found

    def taken_at(self, x_m: float) -> FloatArray:
        """(actors,) best ratio, within a hand's breadth of a place, that somebody reached there and something went."""
        i = int(np.argmin(np.abs(self.board.bins_m - x_m)))
        return np.asarray(self.drawn[-1][:, max(0, i - 1) : i + 2].max(axis=1))

    # --------------------------------------------------------------- densities
    def near(self, want_g: float, loose_g: float) -> bool:
        """Could the sum of the change be `want_g`, `loose_g` of goods being moved?"""
        return abs(self.fit.sum_g - want_g) < 6.0 * math.sqrt(self.fit.sum_var) + 0.10 * abs(loose_g) + 6.0

    def bound(self, want_g: float, loose_g: float, var_g2: float) -> float:
        """No arrangement of items with this total can fit better than this log density."""
        var = self.fit.sum_var + var_g2 + (0.03 * loose_g + 1.0) ** 2
        return self.peak - 0.5 * (self.fit.sum_g - want_g) ** 2 / var

    @cached_property
    def peak(self) -> float:
        return -0.5 * (self.fit.n * LOG_2PI + float(np.log(self.fit.r).sum()))

    @cached_property
    def best_reach(self) -> float:
        return float(self.reach.max())

    @cached_property
    def best_drawn(self) -> float:
        """No place and nobody has a higher ratio."""
        return float(max(d.max() for d in self.drawn.values()))

    def single(self, facing: int, gtin: str, sign: int) -> FloatArray:
        """(actors,) log density of change and reach if one unit left (-1) or joined (+1) a facing."""
        key = (facing, gtin, sign)
        found = self._singles.get(key)
        if found is None:
            product = self.board.store.products.get(gtin)
            if product is None or not product.weight_g or not self.near(sign * product.weight_g, product.weight_g):
                found = self.nowhere
            else:
                found = self.one(self.board.places(facing, gtin), product.weight_g, self.board.spread(product), sign)
            self._singles[key] = found
        return found

    def singles(self, products: list[Product], sign: int) -> FloatArray:
        """(products, facings near, actors): `single` of each product on each facing near, -inf where it cannot be."""
        out = np.full((len(products), len(self.facings_near), len(self.actors)), -np.inf)
        likely = [i for i, p in enumerate(products) if p.weight_g and self.near(sign * p.weight_g, p.weight_g)]
        weight = np.array([products[i].weight_g for i in likely])[:, None]
        var = np.array([self.board.spread(products[i]) for i in likely])[:, None]
        alike: dict[float | None, list[int]] = {}  # products as wide stand in the same places
        for k, i in enumerate(likely):
            alike.setdefault(products[i].width_m, []).append(k)
        for mine in alike.values():
            rows, gtin = [likely[k] for k in mine], products[likely[mine[0]]].gtin
            for at, f in enumerate(self.facings_near):
                out[rows, at] = self.one(self.board.places(f, gtin), weight[mine], var[mine], sign)
        return out

    def one(
        self, places: Places, weight_g: float | FloatArray, var_g2: float | FloatArray, sign: int, rough: bool = True
    ) -> FloatArray:
        """(actors,) log density of change and reach if one thing of that weight came or went at one of the places.

        (things, actors) for weights and variances of several things, both (things, 1).
        """
        spots = self._spots(places, sign)
        if spots is None:
            return self.nowhere
        off2 = (sign * spots.weight_g - weight_g) ** 2
        fit = _bell(off2, spots.var_g2 + var_g2)
        if rough:
            p = self.board.priors
            wide = _bell(off2, spots.var_g2 + (p.rough_spread * weight_g + 2.0) ** 2)
            fit = (1.0 - p.rough_share) * fit + p.rough_share * wide
        with np.errstate(divide="ignore"):
            return np.asarray(spots.top + np.log(fit @ spots.odds))

    def _spots(self, places: Places, sign: int) -> Spots | None:
        if self.told.places is None:
            sign = 1
        if (places, sign) not in self._spots_of:
            rows, prior, bins = self._rows(places)
            spots = None
            if len(rows):
                base, var = self.fit.base[rows] + prior, self.fit.weight_var[rows]
                top = float(base.max())
                odds = (np.exp(base - top) * np.sqrt(var))[:, None] * np.exp(self.drawn[sign].T[bins])
                spots = Spots(self.fit.weight[rows], var, odds, top)
            self._spots_of[places, sign] = spots
        return self._spots_of[places, sign]

    def _rows(self, places: Places) -> tuple[npt.NDArray[np.int64], FloatArray, npt.NDArray[np.int64]]:
        """Rows of the fit for the places' tiles, log prior and reach bin of each."""
        rows = self.fit.row[places.tiles]
        ok = rows >= 0
        return rows[ok], places.log_prior[ok], self.board.prints.bin[places.tiles[ok]]

    def several(self, parts: list[Part]) -> float:
        """Log density if several items moved, each at any of its places, any width that may be."""
        columns = self.fit.columns
        made = [self.board.arrangements(p.facing, p.gtin, p.units) for p in parts]
        sizes = [len(m.log_weight) for m in made]
        index = np.arange(math.prod(sizes))
        if len(index) > MOST_ARRANGEMENTS:  # evenly thinned: neighbouring columns differ little
            index = np.linspace(0, len(index) - 1, MOST_ARRANGEMENTS).astype(np.int64)
        mean = np.zeros((self.fit.n, len(index)))
        weight = np.zeros(len(index))
        spread = np.zeros(self.fit.n)
        doubt: list[FloatArray] = []
        for at, p, m in zip(np.unravel_index(index, sizes), parts, made, strict=True):
            share = m.share[columns][:, at]
            mean += (p.sign * p.weight_g) * share
            weight += m.log_weight[at]
            doubt.append((math.sqrt(p.var_g2 / p.units) * share)[None])
            doubt.append(m.slope[:, columns][:, :, at] * (p.weight_g / math.sqrt(12.0)))
            spread += (0.008 * self.fit.soft * p.weight_g) ** 2 * p.units * m.touched[columns]
        weight += math.log(math.prod(sizes) / len(index))
        return self.fit.several(mean, np.concatenate(doubt), weight, spread)

    def outside(self, facings: tuple[tuple[int, str], ...], loose_g: float) -> float:
        """Log penalty for what changed on plates none of these facings can have changed."""
        touched = np.zeros(self.fit.n, bool)
        for f, gtin in facings:
            touched |= self.board.arrangements(f, gtin, 1).touched[self.fit.columns]
        rest = ~touched
        return float(-0.5 * np.sum(self.fit.d[rest] ** 2 / (self.fit.r[rest] + (0.02 * loose_g) ** 2)))

    @cached_property
    def unknown(self) -> FloatArray:
        """(actors,) log density of change and reach if one thing of any weight came or went anywhere on the shelf."""
        drawn = self.drawn[-1 if self.fit.sum_g < 0 else 1]
        rows, prior, bins = self._rows(self.board.prints.everywhere)
        # several unknown things at once may have made any pattern
        loose = logsumexp(drawn - math.log(drawn.shape[1])) + self.fit.anything() + LOOSE_UNKNOWN
        if not len(rows):
            return loose
        # weight log-uniform between 5 g and 5 kg: the density integrated over the unknown weight
        heft = np.maximum(np.abs(self.fit.weight[rows]), 5.0) * math.log(1000.0)
        ll = self.fit.base[rows] + 0.5 * (LOG_2PI + np.log(self.fit.weight_var[rows])) - np.log(heft)
        return np.logaddexp(loose, logsumexp(drawn[:, bins] + (ll + prior)))

    def put(self, item: Item) -> tuple[FloatArray, FloatArray]:
        """(actors,) log densities of a held item put back home (-inf: its home is elsewhere), and anywhere here."""
        key = (item.gtin, round(item.weight_g, 2), round(item.var_g2, 2))
        found = self._puts.get(key)
        if found is None:
            if not self.near(item.weight_g, item.weight_g):
                found = (self.nowhere, self.nowhere)
            else:
                var = item.var_g2 + (0.002 * item.weight_g) ** 2
                anywhere = self.one(self.board.prints.everywhere, item.weight_g, var, 1, rough=False)
                home = self.nowhere
                for f in self.board.homes(item.gtin):
                    places = self.board.places(f, item.gtin or "")
                    home = np.logaddexp(home, self.one(places, item.weight_g, var, 1, rough=False))
                found = (home, anywhere)
            self._puts[key] = found
        return found

    def stray(self, stray: Stray) -> FloatArray:
        """(actors,) log density of change and reach if a stray was taken from where it stands."""
        total = float(stray.grams.sum())
        if not self.near(-total, total):
            return self.nowhere
        want = stray.grams[self.fit.columns]
        ll = self.fit.diagonal(-want, stray.var[self.fit.columns] + (0.01 * want) ** 2)
        return self.taken_at(stray.x_m) + ll

    # ------------------------------------------------------------------ results
    @cached_property
    def facings_near(self) -> list[int]:
        """Facings that touch plates that changed."""
        size = np.abs(self.fit.d)
        moved = size > np.maximum(3.0 * np.sqrt(self.fit.r), 0.06 * np.max(size, initial=0.0))
        columns = self.fit.columns[moved if moved.any() else np.ones(self.fit.n, bool)]
        edges = self.board.shelf.plate_edges_m
        lo, hi = edges[columns[0]] - 0.03, edges[columns[-1] + 1] + 0.03
        return [i for i, f in enumerate(self.board.facings) if f.x1_m > lo and f.x0_m < hi]

    def lifted(self, product: Product, units: int, alone: bool) -> tuple[Item, ...]:
        """The units as they are held from now on; one lifted alone is known by its own measured weight."""
        key = (product.gtin, units, alone)
        found = self._lifted.get(key)
        if found is None:
            w, var = product.weight_g or 0.0, self.board.spread(product) * 2.0
            if units == 1 and alone and len(self.fit.base):
                best = int(np.argmax(self.fit.one(np.arange(len(self.fit.base)), w, var * 4, -1)))
                seen, seen_var = -float(self.fit.weight[best]), float(self.fit.weight_var[best]) + 0.5
                known = (0.015 * w) ** 2 + 1.0
                gain = known / (known + seen_var)
                w, var = w + gain * (seen - w), known * (1 - gain)
            found = self._lifted[key] = tuple(Item(product.gtin, w, var, self.event) for _ in range(units))
        return found

    def weighed(self, acts: tuple[tuple[int, int, str | None], ...]) -> tuple[float, float]:
        """Grams that came or went, and their standard deviation, given the acts (sign, units, gtin) behind them.

        One unit of a known product is weighed by the plates and by what is known
        of its weight, each in proportion to how sure it is, without what only leans on
        plates beside it; anything else is the sum over the plates.
        """
        if len(acts) == 1 and acts[0][1] == 1 and len(self.fit.base):
            sign, _, gtin = acts[0]
            product = self.board.store.products.get(gtin or "")
            if product is not None and product.weight_g:
                w, spread = product.weight_g, self.board.spread(product)
                best = int(np.argmax(self.fit.one(np.arange(len(self.fit.base)), w, spread, sign)))
                seen, var = sign * float(self.fit.weight[best]), float(self.fit.weight_var[best])
                gain = spread / (spread + var)
                return sign * (w + gain * (seen - w)), math.sqrt(var * gain)
        return self.fit.sum_g, math.sqrt(self.fit.sum_var)

    def standing(self, item: Item) -> Stray:
        """The item as a stray where this change put it."""
        n = self.board.shelf.plate_count
        grams, var = np.zeros(n), np.full(n, 4.0)
        grams[self.fit.columns] = self.fit.d
        var[self.fit.columns] = self.fit.r
        rows, prior, bins = self._rows(self.board.prints.everywhere)
        x = 0.0
        if len(rows):
            ll = self.fit.one(rows, item.weight_g, item.var_g2 + 1.0, 1) + prior + self.drawn[1].max(axis=0)[bins]
            w = np.exp(ll - ll.max())
            tiles = self.board.prints.everywhere.tiles[self.fit.row[self.board.prints.everywhere.tiles] >= 0]
            x = float((w * self.board.prints.x_m[tiles]).sum() / w.sum())
        elif not self.fit.n:  # no plate says anything: where hands and pictures have it
            w = np.exp(self.drawn[1].max(axis=0) - self.drawn[1].max())
            x = float((w * self.board.bins_m).sum() / w.sum())
            share = self.board.prints.share[int(np.argmin(np.abs(self.board.prints.x_m - x)))]
            grams, var = item.weight_g * share, (0.5 * item.weight_g * share) ** 2 + 4.0
        return Stray(item, x, grams, var)


def _bell(off2: FloatArray, var: FloatArray) -> FloatArray:
    """exp(-off2 / 2 var) / sqrt(var): a Gaussian without its constant."""
    return np.asarray(np.exp(-0.5 * off2 / var) / np.sqrt(var))


def logsumexp(a: FloatArray) -> FloatArray:
    """Along the last axis; -inf where all are."""
    top = a.max(axis=-1)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(safe + np.log(np.exp(a - safe[..., None]).sum(axis=-1)))

"""Every way a weight change can have come about, with its log odds.

An explanation is a short list of acts (who, took or put back, what, how many)
or none.  Its score is the log of prior times density of the change times how
well the actors' hands fit.  Scores of all explanations of one change, and of
the same change cut at other plateaus, compare with each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from aisle.belief.draft import Act, Draft
from aisle.belief.footprint import Places
from aisle.belief.priors import Priors
from aisle.belief.scene import NOBODY, Part, Scene
from aisle.belief.state import Held, Item, ShelfState
from aisle.store.model import Product

MOST_UNITS = 48  # of one product in one movement (a crate)
BUSY_S = 0.8  # two acts closer together are one movement of the body ...
BUSY_REACH = 0.5  # ... which speaks for the second with no more than this log ratio
AT_HAND = -1.0  # log ratio of reach above which somebody is at the shelf
BUSY_HANDS = 1.5  # and who is seen by the hands hardly acts twice so fast


class Coming(NamedTuple):
    """One thing somebody may put down while another takes: log prior, the item, its facing (-1: none here)."""

    prior: float
    item: Item
    facing: int
    places: Places
    act: Act
    put: tuple[tuple[str, Item], ...]


class Explainer:
    """Enumerates explanations of one scene; what does not depend on who holds what is worked out once."""

    def __init__(self, scene: Scene, narrow: float) -> None:
        self.scene, self.narrow = scene, narrow
        self.priors: Priors = scene.board.priors
        self.where = -math.log(scene.totals.facings)
        self.span = math.log(scene.board.shelf.length_m / scene.totals.length_m)
        self.gone = scene.fit.sum_g < 0
        self.at_hand = [a for a in range(1, len(scene.actors)) if scene.reach[a].max() > AT_HAND]
        self._base = list(self._nothing())
        self._takes: dict[tuple[str, ...], list[Draft]] = {}
        self._unknown = list(self._unlisted())
        self._distinct: dict[Held, tuple[Item, ...]] = {}
        self._swaps: dict[tuple[str | None, float, float, int, int, str], float] = {}
        self._swap_near: dict[tuple[int, tuple[str, ...]], tuple[list[tuple[int, Product, float]], Item]] = {}

    def explanations(self, held: dict[str, Held], shelf: ShelfState) -> list[Draft]:
        """Best first, given what each actor holds and what stands on the shelf; all within `narrow` of the best."""
        relabel = dict(shelf.relabelled)
        drafts = list(self._base)
        near = tuple(relabel.get(f, self.scene.board.facings[f].gtin) for f in self.scene.facings_near)
        if self.gone:
            drafts += self._taken(near)
            drafts += self._strays(shelf)
        else:
            drafts += self._put_back(held)
            drafts += self._restocked(near)
        drafts += self._unknown
        drafts += self._swapped(held, near, max(d.score for d in drafts))
        drafts += self._crossed(held, near, max(d.score for d in drafts))
        drafts = self._told_once(drafts, held)
        if self.scene.told:
            drafts = [d._replace(score=d.score + self._in_hand(d)) for d in drafts]
        top = max(d.score for d in drafts)
        return sorted((d for d in drafts if d.score >= top - self.narrow), key=lambda d: -d.score)

    def _told_once(self, drafts: list[Draft], held: dict[str, Held]) -> list[Draft]:
        """A body that leans speaks for one reach: who just acted did not lean for this too; and hands are busy."""
        s = self.scene
        used = {
            who: max(0.0, float(s.reach[a].max()) - BUSY_REACH) if s.by_body[a] else BUSY_HANDS
            for a, who in enumerate(s.actors)
            if who in held and abs(s.t_s - held[who].busy_s) < BUSY_S
        }
        if not used:
            return drafts
        return [d._replace(score=d.score - sum(used.get(a.who, 0.0) for a in d.acts)) for d in drafts]

    def _in_hand(self, d: Draft) -> float:
        """What hands held before and after says of the acts."""
        return self.scene.told.of_acts(self.scene.actors, ((a.who, a.sign, a.gtin) for a in d.acts))

    # ---------------------------------------------------------- what happened
    def _nothing(self) -> Iterator[Draft]:
        p, s = self.priors, self.scene
        still = p.nothing - math.log(s.totals.shelves)
        if s.asked:
            still = float(np.logaddexp(still, p.idle + self.where + s.best_reach))
        yield Draft(still + s.fit.nothing(), (), why="nothing moved")
        yield Draft(p.slid + self.where + s.fit.slid(), (), why="pushed along the shelf")

    def _taken(self, near: tuple[str, ...]) -> list[Draft]:
        """Things that left facings, `near` naming the product of each facing near."""
        found = self._takes.get(near)
        if found is None:
            found = list(self._one_taken(near))
            best = max((d.score for d in (*found, *self._base)), default=-math.inf)
            found += self._many_taken(near, best)
            best = max((d.score for d in (*found, *self._base)), default=-math.inf)
            found += self._mislabelled(near, best)
            found = [d for d in found if d.score >= best - self.narrow - 1.0]
            self._takes[near] = found
        return found

    def _one_taken(self, near: tuple[str, ...]) -> Iterator[Draft]:
        p, s = self.priors, self.scene
        prior = p.take + self.where + p.of_units(1) + s.crowd
        for f, gtin in zip(s.facings_near, near, strict=True):
            ll = s.single(f, gtin, -1)
            for a, who in enumerate(s.actors):
                if ll[a] > -math.inf:
                    yield Draft(prior + float(ll[a]), (Act(who, -1, gtin, 1, "facing"),))

    def _weighed(self, near: tuple[str, ...]) -> list[tuple[int, Product]]:
        products = self.scene.board.store.products
        return [
            (f, products[g])
            for f, g in zip(self.scene.facings_near, near, strict=True)
            if g in products and products[g].weight_g
        ]

    def _many_taken(self, near: tuple[str, ...], best: float) -> Iterator[Draft]:
        """Several units of one product, two products, two people."""
        p, s = self.priors, self.scene
        known = self._weighed(near)
        hopeless = best - self.narrow - s.best_drawn
        for f, product in known:
            w = product.weight_g or 0.0
            var = s.board.spread(product) * 1.5
            for k in range(2, min(MOST_UNITS, int(-s.fit.sum_g / w + 1.6)) + 1):
                prior = p.take + self.where + s.crowd
                most = max(p.of_units(k), p.two_people + 2 * p.of_units(1) + s.crowd + s.best_drawn)
                if not s.near(-k * w, 0.5 * k * w):
                    continue
                limit = s.bound(-k * w, k * w, k * var) + s.outside(((f, product.gtin),), k * w)
                if prior + most + limit < hopeless:
                    continue
                places = s.board.places(f, product.gtin)
                reach = s.reach_over(places, -1)
                loose = s.several([Part(f, product.gtin, w, var, -1, k)])
                stack = float(np.max(s.one(places, k * w, k * var, -1) - reach))
                ll = prior + float(np.logaddexp(math.log(0.9) + loose, math.log(0.1) + stack))
                for a, who in enumerate(s.actors):
                    yield Draft(ll + p.of_units(k) + float(reach[a]), (Act(who, -1, product.gtin, k, "facing"),))
                both = ll + s.crowd + p.two_people + s.seen_over(places, -1)
                yield from self._shared(product.gtin, k, both, s.reach_over(places, 0))
        for i, (f, one) in enumerate(known):
            for g, two in known[i + 1 :]:
                if one.gtin != two.gtin:
                    yield from self._two_taken(f, one, g, two, hopeless)

    def _shared(self, gtin: str, k: int, base: float, reach: np.typing.NDArray[np.float64]) -> Iterator[Draft]:
        """k units of one product, shared out over two people."""
        units, actors = self.priors.of_units, self.scene.actors
        for a in range(1, len(actors)):
            for b in range(a + 1, len(actors)):
                for m in range(1, k):
                    score = base + units(m) + units(k - m) + float(reach[a] + reach[b])
                    yield Draft(
                        score, (Act(actors[a], -1, gtin, m, "facing"), Act(actors[b], -1, gtin, k - m, "facing"))
                    )

    def _two_taken(self, f: int, one: Product, g: int, two: Product, hopeless: float) -> Iterator[Draft]:
        p, s = self.priors, self.scene
        for k, m in ((1, 1), (2, 1), (1, 2)):
            both = k * (one.weight_g or 0.0) + m * (two.weight_g or 0.0)
            var = 1.5 * (k * s.board.spread(one) + m * s.board.spread(two))
            prior = p.take + self.where - math.log(6.0) + p.of_units(k) + p.of_units(m) + s.crowd
            prior += p.third if k + m > 2 else 0.0
            most = max(p.two_products, p.two_people + s.crowd) + 2.0 * s.best_drawn - s.best_reach
            if not s.near(-both, 0.5 * both):
                continue
            limit = s.bound(-both, both, var) + s.outside(((f, one.gtin), (g, two.gtin)), both)
            if prior + most + limit < hopeless:
                continue
            ll = prior + s.several(
                [
                    Part(f, one.gtin, one.weight_g or 0.0, s.board.spread(one) * 1.5, -1, k),
                    Part(g, two.gtin, two.weight_g or 0.0, s.board.spread(two) * 1.5, -1, m),
                ]
            )
            here, there = s.board.places(f, one.gtin), s.board.places(g, two.gtin)
            ll += s.seen_over(here, -1) + s.seen_over(there, -1)
            r1, r2, hands = s.reach_over(here, 0), s.reach_over(there, 0), s.reach_both(here, there)
            for a, who in enumerate(s.actors):
                for b, other in enumerate(s.actors):
                    if a == b:
                        score = ll + p.two_products + float(hands[a])
                    elif NOBODY in (who, other):
                        continue
                    else:
                        score = ll + s.crowd + p.two_people + float(r1[a] + r2[b])
                    yield Draft(score, (Act(who, -1, one.gtin, k, "facing"), Act(other, -1, two.gtin, m, "facing")))

    def _mislabelled(self, near: tuple[str, ...], best: float) -> list[Draft]:
        """The planogram is wrong here: any product of that weight may stand on a facing near."""
        p, s = self.priors, self.scene
        gone = -s.fit.sum_g
        slack = 5.0 * math.sqrt(s.fit.sum_var) + 0.035 * gone + 3.0
        prior = p.take + self.where + p.relabelled - math.log(s.totals.products) + p.of_units(1) + s.crowd
        if prior + s.peak + s.best_drawn < best - self.narrow:
            return []
        out = []
        products = s.totals.weighing(gone - slack, gone + slack)
        ll = s.singles(products, -1)
        for i, j, a in np.argwhere(prior + ll > best - self.narrow).tolist():
            gtin = products[i].gtin
            if gtin != near[j]:
                act = Act(s.actors[a], -1, gtin, 1, "relabelled")
                out.append(Draft(prior + float(ll[i, j, a]), (act,), relabel=(s.facings_near[j], gtin)))
        out.sort(key=lambda d: -d.score)
        return out[:8]

    def _strays(self, shelf: ShelfState) -> Iterator[Draft]:
        p, s = self.priors, self.scene
        standing = [(x, p.stray_again, "stray") for x in shelf.strays] + [
            (x, p.fresh_again, "facing") for x in shelf.fresh
        ]
        for stray, again, how in standing:
            ll = s.stray(stray)
            for a, who in enumerate(s.actors):
                if ll[a] > -math.inf:
                    score = p.take + self.where + again + s.crowd + float(ll[a])
                    yield Draft(score, (Act(who, -1, stray.item.gtin, 1, how),), taken=stray)

    def _put_back(self, held: dict[str, Held]) -> Iterator[Draft]:
        p, s = self.priors, self.scene
        for a, who in enumerate(s.actors):
            mine = held.get(who)
            if mine is not None and mine.items and who not in s.staff:
                different = self._different(mine)
                pick = p.put + s.crowd - math.log(len(different))
                for item in different:
                    home, anywhere = s.put(item)
                    if home[a] > -math.inf:
                        act = Act(who, 1, item.gtin, 1, "home")
                        yield Draft(pick + p.home + float(home[a]), (act,), put=((who, item),), home=item)
                    if anywhere[a] > -math.inf:
                        act = Act(who, 1, item.gtin, 1, "elsewhere")
                        score = pick + p.elsewhere + self.span + float(anywhere[a])
                        yield Draft(score, (act,), put=((who, item),), stray=item)
                yield from self._two_put_back(a, who, mine, different, pick)
            if mine is not None and who not in s.staff:
                yield from self._put_back_for_others(a, who, held)

    def _different(self, held: Held) -> tuple[Item, ...]:
        found = self._distinct.get(held)
        if found is None:
            found = self._distinct[held] = distinct(held.items)
        return found

    def _two_put_back(self, a: int, who: str, mine: Held, different: tuple[Item, ...], pick: float) -> Iterator[Draft]:
        """Two things set down together, seen as one weight in one place."""
        p, s = self.priors, self.scene
        for i, one in enumerate(different):
            for two in (x for x in mine.items if x is not one and (x in different[i + 1 :] or x.gtin == one.gtin)):
                total = one.weight_g + two.weight_g
                if not s.near(total, total):
                    continue
                var = one.var_g2 + two.var_g2 + (0.01 * total) ** 2
                ll = float(s.one(s.board.prints.everywhere, total, var, 1, rough=False)[a])
                home = s.board.homes(one.gtin) and s.board.homes(two.gtin)
                score = pick + p.two_products + (p.home if home else p.elsewhere + self.span) + ll
                acts = (Act(who, 1, one.gtin, 1, "home"), Act(who, 1, two.gtin, 1, "home"))
                yield Draft(score, acts, put=((who, one), (who, two)))

    def _put_back_for_others(self, a: int, who: str, held: dict[str, Held]) -> Iterator[Draft]:
        """What somebody else took and handed over."""
        p, s = self.priors, self.scene
        for other, theirs in held.items():
            if other == who or not theirs.items:
                continue
            for item in self._different(theirs):
                home, anywhere = s.put(item)
                ll = float(np.logaddexp(p.home + home[a], p.elsewhere + self.span + anywhere[a]))
                if ll > -math.inf:
                    score = p.put + p.of_others + s.crowd - math.log(len(theirs.items)) + ll
                    yield Draft(score, (Act(who, 1, item.gtin, 1, "home"),), put=((other, item),))

    def _restocked(self, near: tuple[str, ...]) -> Iterator[Draft]:
        """Staff put goods on the shelf; nobody's basket changes."""
        p, s = self.priors, self.scene
        for a, who in enumerate(s.actors):
            if who not in s.staff:
                continue
            base = p.restock + self.where + s.crowd
            for f, product in self._weighed(near):
                ll = float(s.single(f, product.gtin, 1)[a])
                if ll > -math.inf:
                    item = s.lifted(product, 1, alone=False)[0]
                    yield Draft(base + ll, (Act(who, 1, product.gtin, 1, "restock"),), home=item)
                w = product.weight_g or 0.0
                for k in range(2, min(MOST_UNITS, int(s.fit.sum_g / w + 1.6)) + 1):
                    if s.near(k * w, 0.5 * k * w):
                        var = s.board.spread(product) * 1.5
                        ll = s.several([Part(f, product.gtin, w, var, 1, k)])
                        score = base - 1.0 - 0.3 * k + ll + float(s.reach_over(s.board.places(f, product.gtin), 1)[a])
                        yield Draft(score, (Act(who, 1, product.gtin, k, "restock"),))

    def _swapped(self, held: dict[str, Held], near: tuple[str, ...], best: float) -> Iterator[Draft]:
        """One thing put down and another taken within one change."""
        s = self.scene
        if s.fit.n < 2 or s.fit.largest_g < 8.0:
            return
        prior = self.priors.swap + self.where + s.crowd
        for a, who in enumerate(s.actors):
            mine = held.get(who)
            if mine is None or who in s.staff:
                continue
            many = math.log(len(mine.items)) if mine.items else 0.0
            for item in self._different(mine):
                for f, product, limit in self._swap_candidates(item, near):
                    if prior - many + limit < best - self.narrow:
                        break
                    home = s.board.homes(item.gtin)
                    to = s.board.places(home[0], item.gtin or "") if home else s.board.prints.everywhere
                    seen = s.seen_over(to, 1)
                    ll = self._swap_density(item, home[0] if home else -1, f, product)
                    reach = float(s.reach_over(s.board.places(f, product.gtin), -1)[a]) + seen
                    put = Act(who, 1, item.gtin, 1, "home" if home else "elsewhere")
                    acts = (put, Act(who, -1, product.gtin, 1, "facing"))
                    yield Draft(prior - many + ll + reach, acts, put=((who, item),))

    def _swap_candidates(self, item: Item, near: tuple[str, ...]) -> list[tuple[int, Product, float]]:
        """(facing, product, no density can be above this) that may have been taken for the item, most likely first."""
        key = (id(item), near)
        found = self._swap_near.get(key)
        if found is None:
            s = self.scene
            home = s.board.homes(item.gtin)
            rows = []
            for f, product in self._weighed(near):
                left = item.weight_g - (product.weight_g or 0.0)
                if s.near(left, 0.3 * item.weight_g):
                    limit = (
                        s.bound(left, item.weight_g, s.board.spread(product) + item.var_g2)
                        + 2.0 * s.best_drawn
                        - s.best_reach
                    )
                    if home:
                        limit += s.outside(((f, product.gtin), (home[0], item.gtin or "")), item.weight_g)
                    rows.append((f, product, limit))
            rows.sort(key=lambda r: -r[2])
            found = self._swap_near[key] = (rows, item)  # the item is kept: its id must not be used again
        return found[0]

    def _swap_density(self, item: Item, home: int, f: int, product: Product) -> float:
        s = self.scene
        key = (item.gtin, item.weight_g, item.var_g2, home, f, product.gtin)
        found = self._swaps.get(key)
        if found is None:
            put = Part(home, item.gtin or "", item.weight_g, item.var_g2, 1, 1)
            took = Part(f, product.gtin, product.weight_g or 0.0, s.board.spread(product), -1, 1)
            found = self._swaps[key] = s.several([took, put])
        return found

    def _crossed(self, held: dict[str, Held], near: tuple[str, ...], best: float) -> Iterator[Draft]:
        """One puts something down, or restocks, while another takes: on one load cell only the difference shows."""
        s = self.scene
        here = self.at_hand
        if len(here) < 2:
            return
        known = self._weighed(near)
        prior = self.priors.take + self.where - math.log(len(s.facings_near)) + self.priors.two_people + 2.0 * s.crowd
        for a in here:
            for coming in self._coming(s.actors[a], held, known):
                for f, product in known:
                    left = coming.item.weight_g - (product.weight_g or 0.0)
                    loose = coming.item.weight_g + (product.weight_g or 0.0)
                    if f == coming.facing or not s.near(left, 0.3 * loose):
                        continue
                    limit = s.bound(left, loose, s.board.spread(product) + coming.item.var_g2) + 2.0 * s.best_drawn
                    if prior + coming.prior + limit < best - self.narrow:
                        continue
                    ll = self._swap_density(coming.item, coming.facing, f, product)
                    put = float(s.reach_over(coming.places, 1)[a])
                    took = s.reach_over(s.board.places(f, product.gtin), -1)
                    for b in here:
                        if b != a:
                            acts = (coming.act, Act(s.actors[b], -1, product.gtin, 1, "facing"))
                            yield Draft(prior + coming.prior + ll + put + float(took[b]), acts, put=coming.put)

    def _coming(self, who: str, held: dict[str, Held], known: list[tuple[int, Product]]) -> Iterator[Coming]:
        """What one person may put on this shelf: staff any product of it, a shopper what they hold."""
        p, s = self.priors, self.scene
        if who in s.staff:
            for f, product in known:
                item = s.lifted(product, 1, alone=False)[0]
                act = Act(who, 1, product.gtin, 1, "restock")
                yield Coming(p.restock, item, f, s.board.places(f, product.gtin), act, ())
            return
        mine = self._different(held[who]) if who in held else ()
        for item in mine:
            home = s.board.homes(item.gtin)
            where = p.home if home else p.elsewhere + self.span
            places = s.board.places(home[0], item.gtin or "") if home else s.board.prints.everywhere
            act = Act(who, 1, item.gtin, 1, "home" if home else "elsewhere")
            yield Coming(
                p.put + where - math.log(len(mine)), item, home[0] if home else -1, places, act, ((who, item),)
            )

    def _unlisted(self) -> Iterator[Draft]:
        """Something the shop does not know came or went."""
        p, s = self.priors, self.scene
        if abs(s.fit.sum_g) < 5.0:
            return
        item = Item(None, abs(s.fit.sum_g), s.fit.sum_var, s.event)
        for a, who in enumerate(s.actors):
            score = p.unknown + self.span + s.crowd + float(s.unknown[a])
            act = Act(who, -1 if self.gone else 1, None, 1, "unknown")
            yield Draft(score, (act,), stray=None if self.gone else item, why="something the shop does not know")


def distinct(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """One item per product; units weighed one by one stay apart when their weights differ."""
    out: list[Item] = []
    for item in items:
        same = (o for o in out if o.gtin == item.gtin)
        if all(abs(o.weight_g - item.weight_g) >= 0.5 * math.sqrt(o.var_g2 + item.var_g2) for o in same):
            out.append(item)
    return tuple(out)

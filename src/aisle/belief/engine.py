"""Joint inference over all evidence: groups of entangled hypotheses, extended event by event.

An episode of weight change is a chain of plateaus.  A hypothesis walks along
it, and at each plateau either takes it for real (and explains the change since
the last real one) or takes it for a hand that rested and goes on.  The whole
chain is thus explained at once: a long hold, a waver or a touch does not become
several takes, and two takes in quick succession need not become one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from aisle.belief.board import Board, Totals, boards
from aisle.belief.by_sight import ReachPriors
from aisle.belief.change_fit import ChangeFit
from aisle.belief.draft import Act
from aisle.belief.events import EventRecord, odds
from aisle.belief.exchanges import Exchange, entangled
from aisle.belief.explain import Explainer
from aisle.belief.gain import CellGain
from aisle.belief.grips import GripSettings
from aisle.belief.people import People, Reach, ReachSettings, Track
from aisle.belief.posterior import BasketPosterior, basket_posterior
from aisle.belief.priors import Priors
from aisle.belief.scene import NOBODY, Scene
from aisle.belief.sights import Sights, SightSettings
from aisle.belief.state import (
    AS_TRACKED,
    CROSSED,
    Group,
    Held,
    Hypothesis,
    Key,
    Resting,
    ShelfState,
    Value,
    merged,
    product,
    split,
)
from aisle.belief.storyline import Step, Stretch, Way, chief, wavered
from aisle.belief.testimony import testimony
from aisle.scales.change import Episode, Plateau
from aisle.sensing.readings import TrackReading
from aisle.store.model import Store
from aisle.vision.evidence import Evidence, IdentityDoubt, ItemSight, ShelfSight

FloatArray = npt.NDArray[np.float64]
_T = TypeVar("_T")
LINGERS = 1.5  # a hand that never left after a change speaks for holding on, up to this times its log ratio ...
LINGERS_S = 3.0  # ... growing by once the ratio in so many seconds
Reaches = dict[tuple[str, float, float], Reach]
"""Person, from, to (seconds) -> their reach to the shelf of one episode."""


@dataclass(frozen=True, slots=True)
class BeliefSettings:
    beam: int = 80  # hypotheses kept per group
    floor: float = -9.5  # and how far below the best one, in nats
    narrow: float = 9.5  # explanations further below a hypothesis' best one are not followed
    most_plateaus: int = 8
    floor_wait_s: float = 4.0  # a hand at the floor is judged when what was taken before it is known
    patience_s: float = 12.0  # a hand rests on a shelf no longer than this without anything changing
    sequential: bool = False  # decide every plateau at once by its best single explanation: the baseline
    priors: Priors = field(default_factory=Priors)
    reach: ReachSettings = field(default_factory=ReachSettings)
    sights: SightSettings = field(default_factory=SightSettings)
    grips: GripSettings = field(default_factory=GripSettings)
    seen: ReachPriors = field(default_factory=ReachPriors)


class BeliefEngine:
    """Feed tracks and episodes in time order; ask for posteriors at any moment."""

    def __init__(self, store: Store, settings: BeliefSettings | None = None) -> None:
        self.store = store
        self.settings = settings or BeliefSettings()
        self.people = People(self.settings.reach, store)
        self.boards = boards(store, self.settings.priors)
        self.totals = Totals(store)
        self.gain = CellGain()
        self.sights = Sights(self.settings.sights)
        self.exchanges: list[Exchange] = []  # oldest first
        self.groups: list[Group] = []
        self.events: list[EventRecord] = []
        self.closed: dict[str, BasketPosterior] = {}
        self._next_event = 0

    # ------------------------------------------------------------- evidence
    def observe(self, reading: TrackReading) -> None:
        """Where people, heads and wrists are."""
        self.people.observe(reading)

    def see(self, evidence: Evidence) -> None:
        """What cameras testify; has to be known before the event it speaks of is explained."""
        if isinstance(evidence, ShelfSight):
            self.sights.see_shelf(evidence)
        elif isinstance(evidence, ItemSight):
            person = self.people.identities.person_of.get(evidence.track_id)
            if person is not None:
                self.sights.see_item(person, evidence)
        else:
            self._doubt(evidence)

    def _doubt(self, doubt: IdentityDoubt) -> None:
        """Two tracks may have been exchanged: a variable of its own, joined to whatever either does from now on."""
        identities, p = self.people.identities, doubt.probability
        a, b = (identities.person_of.get(t) for t in (doubt.a, doubt.b))
        if a is None or b is None or a == b or p <= 0.0:
            return
        if self.settings.sequential or p >= 1.0 or self.store.staff & {a, b}:
            identities.doubt(doubt.a, doubt.b, p)
            return
        exchange = Exchange(self.new_event(), self.people.seconds(doubt.t_ns), a, b)
        self.exchanges.append(exchange)
        odds = [(math.log1p(-p), AS_TRACKED), (math.log(p), CROSSED)]
        hyps = [Hypothesis(logw, (value,), (None,)) for logw, value in odds]
        self.groups.append(Group((exchange.key,), sorted(hyps, key=lambda h: -h.logw)))

    def explain(self, episode: Episode) -> None:
        """Take in one episode of weight change; tracks must be known up to its end."""
        self._floor(self.people.seconds(episode.plateaus[-1].t0_ns) - self.settings.floor_wait_s)
        plateaus = chief(episode.plateaus, self.settings.most_plateaus)
        board = self.boards[episode.shelf]
        t0 = self.people.seconds(plateaus[0].t1_ns)
        t1 = self.people.seconds(plateaus[-1].t0_ns)
        reaches: Reaches = {}
        actors = self._actors(episode, t0, t1, reaches)
        exchanges, people = entangled(self.exchanges, actors[1:], t1)
        who = (*actors[1:], *sorted(people.difference(actors)))
        keys: list[Key] = [("s", episode.shelf), *(("p", a) for a in who if a not in self.store.staff)]
        owners = tuple(o for o in self._owners(plateaus, actors) if o not in people)
        keys += [*(("p", o) for o in owners), *(x.key for x in exchanges)]
        touched = [g for g in self.groups if any(k in g.keys for k in keys)]
        rest_of = [g for g in self.groups if g not in touched]
        s = self.settings
        group = product(touched, keys, s.beam, -30.0)
        shelf_at = group.keys.index(keys[0])
        plates = (episode.first_plate, episode.first_plate + len(plateaus[0].head_g))
        # walk the chain: (index of last real plateau, what already rested there, hypothesis)
        front: list[Step] = []
        for h in group.hypotheses:
            shelf = h.values[shelf_at]
            assert isinstance(shelf, ShelfState)
            rest = shelf.resting
            if rest is not None and not (rest.plates[0] <= plates[1] and plates[0] <= rest.plates[1]):
                rest = None
            if rest is not None:
                h = h.weighted(self._untouched(rest, episode.shelf, plateaus[0].t1_ns))
            front.append(Step(0, rest, h))
        scenes: dict[tuple[int, int, int], Stretch] = {}
        last = len(plateaus) - 1
        for j in range(1, last + 1):
            nxt: list[Way] = []
            rested = -math.inf if s.sequential else self._rested(plateaus[j], episode, actors, j == last)
            for b, rest, h in front:
                scene = scenes.get((b, j, id(rest)))
                if scene is None:
                    scene = scenes[b, j, id(rest)] = self._scene(
                        episode, plateaus, b, j, rest, actors, owners, group.keys, reaches, exchanges
                    )
                if rested > -9.0:
                    load = scene.temporary - scene.told_before
                    if j - 1 > b or rest is not None:  # what rested already wavers
                        load = float(np.logaddexp(load, math.log(0.7) + wavered(plateaus, b, j, rest, scene.first)))
                    nxt.append(Way(h.logw + (rested + load), b, rest, h, scene, None, j == last))
                real = math.log1p(-math.exp(rested)) - scene.told_before
                options = scene.options(h)
                top = options[0].score
                for o in options:
                    if o.score < top - s.narrow:
                        break
                    nxt.append(Way(h.logw + real + o.score, j, None, h, scene, o, j == last))
                    if s.sequential:
                        break
            front = self._prune(nxt)
        group.hypotheses = merged((f.hypothesis for f in front), 1 if s.sequential else s.beam, s.floor)
        self._record(scenes, group)
        if board.shelf.plate_count == 1:
            self._learn_gain(scenes, group)
        self.groups = rest_of + (split(group) if not s.sequential else [group])

    def settle(self, t_ns: int) -> None:
        """Make up the mind about hands still thought to rest on shelves `patience_s` before `t_ns`, or at the floor."""
        self._floor(self.people.seconds(t_ns) - self.settings.floor_wait_s)
        for g in self.groups:
            for at, key in enumerate(g.keys):
                if key[0] == "s" and any(_pending(h.values[at], t_ns, self.settings.patience_s) for h in g.hypotheses):
                    g.hypotheses = merged(
                        (self._settled(h, at, int(key[1]), t_ns) for h in g.hypotheses), self.settings.beam, -60.0
                    )

    def _floor(self, until: float) -> None:
        """A hand at the floor may have left one of the things held there: nobody pays for it."""
        waiting = []
        for t, who in self.people.contacts:
            if t > until:
                waiting.append((t, who))
                continue
            for g in self.groups:
                if ("p", who) in g.keys:
                    at = g.keys.index(("p", who))
                    hyps = [x for h in g.hypotheses for x in self._dropped(h, at)]
                    g.hypotheses = merged(hyps, self.settings.beam, self.settings.floor)
        self.people.contacts = waiting

    def _dropped(self, h: Hypothesis, at: int) -> list[Hypothesis]:
        held = h.values[at]
        assert isinstance(held, Held)
        q = self.settings.priors.dropped
        if not held.items or self.settings.sequential:
            return [h]
        out = [h.weighted(math.log1p(-q))]
        for item in held.items:
            values = (*h.values[:at], held.minus(item), *h.values[at + 1 :])
            out.append(Hypothesis(h.logw + math.log(q / len(held.items)), values, h.choices))
        return out

    def _settled(self, h: Hypothesis, at: int, shelf: int, t_ns: int) -> Hypothesis:
        if not _pending(h.values[at], t_ns, self.settings.patience_s):
            return h
        state = h.values[at]
        assert isinstance(state, ShelfState) and state.resting is not None
        values = (*h.values[:at], state.rest(None), *h.values[at + 1 :])
        never_left = -5.0  # what still lies there after so long is no hand, whoever lingers
        nobody = min(0.0, self._untouched(state.resting, shelf, t_ns))
        return Hypothesis(h.logw + never_left + nobody, values, h.choices)

    def _untouched(self, rest: Resting, shelf: int, until_ns: int) -> float:
        """Log odds that something rested on: not while nobody was there, rather while a hand never left.

        Who has taken something draws the hand back; one that stays for seconds still holds what it gripped.
        """
        t0, t1 = self.people.seconds(rest.last_ns), self.people.seconds(until_ns)
        if t1 - t0 < 0.4:
            return 0.0
        board = self.boards[shelf]
        edges = board.shelf.plate_edges_m
        near = board.bins_m[(board.bins_m >= edges[rest.plates[0]]) & (board.bins_m <= edges[rest.plates[1]])]
        hands = [self.people.resting(k, board.shelf, near, t0, t1) for k in self.people.present(t0, t1)]
        hand = max(hands, default=-4.0)
        return 2.0 * hand if hand < 0.0 else hand * min(LINGERS, (t1 - t0) / LINGERS_S)

    def _prune(self, ways: list[Way]) -> list[Step]:
        """Go the ways that are not hopeless, and merge those that come to the same place with the same hypothesis."""
        s = self.settings
        if s.sequential:
            return [max(ways, key=lambda w: w.logw).gone()]
        top = max(w.logw for w in ways)
        places: dict[tuple[int, int], list[Step]] = {}
        for w in ways:
            if w.logw > top + s.floor - 4.0:
                places.setdefault((w.base, id(w.rest)), []).append(w.gone())
        out: list[Step] = []
        for steps in places.values():
            hyps = [f.hypothesis for f in steps]
            shift = max(h.logw for h in hyps)
            total = shift + math.log(math.fsum(math.exp(h.logw - shift) for h in hyps))
            out.extend(Step(steps[0].base, steps[0].rest, h.weighted(total)) for h in merged(hyps, s.beam, s.floor))
        return out

    def _rested(self, p: Plateau, episode: Episode, actors: tuple[str, ...], final: bool) -> float:
        """Log probability that a plateau was only a hand resting.

        Short or wavering ones mostly were, quiet ones hardly, and none on which no hand lay.
        """
        waver = 6.0 * min(0.8, max(0.0, p.unrest - 1.25))
        x = waver - 4.0 if final else waver + 0.9 - 1.6 * min(p.seconds, 2.5)
        board = self.boards[episode.shelf]
        edges = board.shelf.plate_edges_m
        near = (board.bins_m >= edges[episode.first_plate]) & (
            board.bins_m <= edges[episode.first_plate + len(p.head_g)]
        )
        t0, t1 = self.people.seconds(p.t0_ns), self.people.seconds(p.t1_ns)
        hand = -6.0
        for a in actors[1:]:
            hand = max(hand, self.people.resting(self.people.tracks[a], board.shelf, board.bins_m[near], t0, t1))
        x += max(-3.5, min(2.0, hand))
        return -math.log1p(math.exp(-max(-9.0, min(3.0, x))))

    def _reach(self, track: Track, board: Board, t0: float, t1: float, known: Reaches) -> Reach:
        """What is `known` already, or worked out now."""
        key = (track.ident, t0, t1)
        if key not in known:
            known[key] = self.people.reach(track, board.shelf, board.bins_m, t0, t1)
        return known[key]

    def _actors(self, episode: Episode, t0: float, t1: float, reaches: Reaches) -> tuple[str, ...]:
        """Nobody seen, then everybody who can have reached there at some time of the episode."""
        board = self.boards[episode.shelf]
        n = len(episode.plateaus[0].head_g)
        edges = board.shelf.plate_edges_m
        lo, hi = edges[episode.first_plate] - 0.1, edges[episode.first_plate + n] + 0.1
        near = (board.bins_m >= lo) & (board.bins_m <= hi)
        out = [NOBODY]
        for track in self.people.present(t0, t1):
            r = self._reach(track, board, t0, t1, reaches)
            if r.places[near].max(initial=-np.inf) > -9.0:
                out.append(track.ident)
        return tuple(out)

    def _owners(self, plateaus: Sequence[Plateau], actors: tuple[str, ...]) -> tuple[str, ...]:
        """Who else may own what was put down here: it was handed over.

        Asked only when something came to the shelf that nobody near can hold.
        """
        came = float(np.nansum(plateaus[-1].head_g - plateaus[0].tail_g))
        if came < 10.0 or self.settings.sequential:
            return ()
        slack = 0.06 * came + 8.0
        fits: list[str] = []
        for g in self.groups:
            for at, key in enumerate(g.keys):
                if key[0] == "p" and key[1] not in self.closed:
                    best = g.hypotheses[0].values[at]
                    if isinstance(best, Held) and any(abs(i.weight_g - came) < slack for i in best.items):
                        fits.append(str(key[1]))
        return () if set(fits) & set(actors) else tuple(sorted(fits))

    def _scene(
        self,
        episode: Episode,
        plateaus: Sequence[Plateau],
        b: int,
        j: int,
        rest: Resting | None,
        actors: tuple[str, ...],
        owners: tuple[str, ...],
        keys: tuple[Key, ...],
        reaches: Reaches,
        exchanges: Sequence[Exchange],
    ) -> Stretch:
        board = self.boards[episode.shelf]
        before, after = plateaus[b], plateaus[j]
        n = board.shelf.plate_count
        lo, hi = episode.first_plate, episode.first_plate + len(after.head_g)
        grams, var = np.zeros(n), np.full(n, 2.0)
        plates = (lo, hi)
        grams[lo:hi] = after.head_g - before.tail_g
        var[lo:hi] = after.head_var + before.tail_var
        since = before.t1_ns
        if rest is not None:
            grams, var = grams + rest.grams, var + rest.var
            lo, hi, since = min(lo, rest.plates[0]), max(hi, rest.plates[1]), rest.since_ns
        fit = ChangeFit(board.prints, lo, *(self.gain.corrected(grams, var) if n == 1 else (grams[lo:hi], var[lo:hi])))
        t0, t1 = self.people.seconds(since), self.people.seconds(after.t0_ns)
        reach = np.full((len(actors), len(board.bins_m)), self.settings.priors.unseen)
        by_body = [False] * len(actors)
        hands = np.full((len(actors), 2, len(board.bins_m)), -np.inf)
        for i, a in enumerate(actors[1:], 1):
            r = self._reach(self.people.tracks[a], board, t0, t1, reaches)
            reach[i], by_body[i] = r.places, r.hands is None
            if r.hands is not None:
                hands[i] = r.hands
        event = self.new_event()
        span, grips, whole = (since, after.t0_ns), self.settings.grips, len(plateaus) == 2
        told = testimony(self.sights, self.people, grips, board, actors, hands, span, whole=whole)
        staff, totals = self.store.staff, self.totals
        scene = Scene(board, fit, actors, reach, hands, tuple(by_body), t1, staff, event, totals, episode.asked, told)
        resting = Resting(grams, var, (lo, hi), since, after.t1_ns)
        explainer, skey = Explainer(scene, self.settings.narrow), ("s", episode.shelf)
        return Stretch(explainer, keys, skey, owners, resting, after.t0_ns, rest is not None, plates, exchanges)

    def _record(self, scenes: dict[tuple[int, int, int], Stretch], group: Group) -> None:
        """Keep the events the surviving hypotheses believe in; `final_events` weighs them again when all is known."""
        mine = {of.scene.event: of for of in scenes.values()}
        weights = odds([group], min(mine))
        for event, of in mine.items():
            if event not in weights:
                continue
            ranked = sorted(weights[event].items(), key=lambda kv: (-kv[1], kv[0]))
            fit = of.scene.fit
            size = np.abs(fit.d)
            moved = fit.columns[size > np.maximum(3.0 * np.sqrt(fit.r), 0.04 * float(size.max()))]
            acts = of.table[ranked[0][0]].acts
            grams, sigma = of.scene.weighed(tuple((a.sign, a.quantity, a.gtin) for a in acts))
            self.events.append(
                EventRecord(
                    event,
                    of.scene.board.index,
                    tuple(int(i) + 1 for i in (moved if len(moved) else fit.columns)),
                    of.resting.since_ns,
                    of.t1_ns,
                    grams,
                    sigma,
                    [(of.table[k].acts, of.table[k].why, p) for k, p in ranked],
                    tuple(k for k, _ in ranked),
                )
            )

    def final_events(self, least: float = 0.5) -> list[EventRecord]:
        """Events in which somebody acted, with odds given all evidence so far, in time order."""
        weights = odds(self.groups)
        out = []
        for r in self.events:
            now = weights.get(r.event)
            if now is not None:
                ranked = sorted(((now.get(k, 0.0), k) for k in r.whats), key=lambda x: (-x[0], x[1]))
                told = dict(zip(r.whats, r.explanations, strict=True))
                r = replace(r, explanations=[(*told[k][:2], p) for p, k in ranked if p > 0], whats=())
            together: dict[
                tuple[tuple[Act, ...], str], float
            ] = {}  # hypotheses that differ elsewhere tell the same of this event
            for acts, why, p in r.explanations:
                together[acts, why] = together.get((acts, why), 0.0) + p
            rows = sorted(together.items(), key=lambda x: -x[1])
            r = replace(r, explanations=[(acts, why, p) for (acts, why), p in rows], whats=())
            if r.acted >= least:
                out.append(r)
        return sorted(out, key=lambda r: (r.t0_ns, r.shelf, r.event))

    def _learn_gain(self, scenes: dict[tuple[int, int, int], Stretch], group: Group) -> None:
        """A take nobody doubts weighs the shelf's load cell against the catalogue."""
        best = group.hypotheses[0]
        if best.logw < math.log(0.97):
            return
        sure = {c.event: c.what for c in best.choices if c is not None}
        for of in scenes.values():
            what = sure.get(of.scene.event)
            acts = of.table[what].acts if what is not None else ()
            if len(acts) == 1 and acts[0].how == "facing":
                product = self.store.products[acts[0].gtin or ""]
                want = (product.weight_g or 0.0) * acts[0].quantity
                if want > 0:
                    var = (of.scene.board.spread(product) + float(of.resting.var[0])) / want**2
                    self.gain.learn(-float(of.resting.grams[0]) / want, var)

    def new_event(self) -> int:
        """The number of an event nobody has heard of yet."""
        self._next_event += 1
        return self._next_event - 1

    # ------------------------------------------------------------- posteriors
    def follows(self, shopper: str) -> bool:
        """Is there still something open about this shopper?"""
        return any(("p", shopper) in g.keys for g in self.groups)

    def close(self, shopper: str) -> BasketPosterior:
        """The shopper has left and the receipt is final: keep the posterior, forget the variable."""
        post = self.posterior(shopper)
        self.closed[shopper] = post
        if shopper in self.people.tracks:
            self.people.tracks[shopper].forget()
        self._forget(("p", shopper))
        for x in [x for x in self.exchanges if {x.a, x.b} <= self.closed.keys()]:
            self.exchanges.remove(x)
            self._forget(x.key)
        return post

    def _forget(self, key: Key) -> None:
        for n, g in enumerate(self.groups):
            if key in g.keys:
                at = g.keys.index(key)
                keys = g.keys[:at] + g.keys[at + 1 :]
                rest = [Hypothesis(h.logw, _without(h.values, at), _without(h.choices, at)) for h in g.hypotheses]
                self.groups[n : n + 1] = [Group(keys, merged(rest, len(rest), -60.0))] if keys else []
                break

    def posterior(self, shopper: str, most: int = 12) -> BasketPosterior:
        """The posterior over baskets of one shopper, the `most` probable ones."""
        before = self.closed.get(shopper)
        for g in self.groups:
            if ("p", shopper) in g.keys:
                now = basket_posterior(shopper, g, most)
                return now if before is None else before.followed_by(now, most)
        return before or BasketPosterior(shopper, (((), 1.0),))


def _pending(value: Value, t_ns: int, patience_s: float) -> bool:
    return (
        isinstance(value, ShelfState)
        and value.resting is not None
        and (t_ns - value.resting.last_ns) * 1e-9 >= patience_s
    )


def _without(values: tuple[_T, ...], at: int) -> tuple[_T, ...]:
    return values[:at] + values[at + 1 :]


__all__ = ["BasketPosterior", "BeliefEngine", "BeliefSettings", "EventRecord"]

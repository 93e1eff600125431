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
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aisle.belief.change_fit import ChangeFit
from aisle.belief.board import Totals, boards
from aisle.belief.explain import Act, Explainer, Explanation
from aisle.belief.priors import Priors
from aisle.belief.scene import NOBODY, Scene
from aisle.belief.people import People, ReachSettings
from aisle.belief.state import (
    Choice,
    Group,
    Held,
    Hypothesis,
    Key,
    Resting,
    ShelfState,
    Value,
    merged,
    normalised,
    product,
    split,
)
from aisle.scales.change import Episode, Plateau
from aisle.sensing.readings import TrackReading
from aisle.store.model import Store

FloatArray = npt.NDArray[np.float64]


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


@dataclass(slots=True)
class EventRecord:
    """One change between two plateaus some hypothesis took for real, and how it was explained at the time."""

    event: int
    shelf: int
    first_plate: int
    t0_ns: int
    t1_ns: int
    grams: FloatArray
    sigma_g: float
    explanations: list[tuple[tuple[Act, ...], str, float]]  # acts, note, probability
    whats: tuple[int, ...] = ()  # what `Choice.what` calls each of them


@dataclass(frozen=True, slots=True)
class BasketPosterior:
    """What one shopper holds: baskets (sorted gtin, with multiplicity) and their probabilities, most probable first."""

    shopper: str
    baskets: tuple[tuple[tuple[str, ...], float], ...]

    def line_probability(self, gtin: str, quantity: int) -> float:
        """P(exactly this many of this product)."""
        return min(1.0, math.fsum(p for b, p in self.baskets if b.count(gtin) == quantity))


class BeliefEngine:
    """Feed tracks and episodes in time order; ask for posteriors at any moment."""

    def __init__(self, store: Store, settings: BeliefSettings | None = None) -> None:
        self.store = store
        self.settings = settings or BeliefSettings()
        self.people = People(self.settings.reach, store.shelves)
        self.boards = boards(store, self.settings.priors)
        self.totals = Totals(store)
        self.gain = CellGain()
        self.groups: list[Group] = []
        self.events: list[EventRecord] = []
        self._next_event = 0

    # ------------------------------------------------------------- evidence
    def observe(self, reading: TrackReading) -> None:
        """Where people, heads and wrists are."""
        self.people.observe(reading)

    def explain(self, episode: Episode) -> None:
        """Take in one episode of weight change; tracks must be known up to its end."""
        self._floor(self.people.seconds(episode.plateaus[-1].t0_ns) - self.settings.floor_wait_s)
        plateaus = _chief(episode.plateaus, self.settings.most_plateaus)
        board = self.boards[episode.shelf]
        t0 = self.people.seconds(plateaus[0].t1_ns)
        t1 = self.people.seconds(plateaus[-1].t0_ns)
        actors = self._actors(episode, t0, t1)
        keys: list[Key] = [("s", episode.shelf), *(("p", a) for a in actors[1:] if a not in self.store.staff)]
        touched = [g for g in self.groups if any(k in g.keys for k in keys)]
        rest_of = [g for g in self.groups if g not in touched]
        s = self.settings
        group = product(touched, keys, s.beam, -30.0)
        shelf_at = group.keys.index(keys[0])
        plates = (episode.first_plate, episode.first_plate + len(plateaus[0].head_g))
        # walk the chain: (index of last real plateau, what already rested there, hypothesis)
        front: list[_Step] = []
        for h in group.hypotheses:
            shelf = h.values[shelf_at]
            assert isinstance(shelf, ShelfState)
            rest = shelf.resting
            if rest is not None and not (rest.plates[0] <= plates[1] and plates[0] <= rest.plates[1]):
                rest = None
            if rest is not None:
                h = h.weighted(self._untouched(rest, episode.shelf, plateaus[0].t1_ns))
            front.append(_Step(0, rest, h))
        scenes: dict[tuple[int, int, int], _SceneOf] = {}
        last = len(plateaus) - 1
        for j in range(1, last + 1):
            nxt: list[_Step] = []
            rested = -math.inf if s.sequential else self._rested(plateaus[j], episode, actors, j == last)
            for b, rest, h in front:
                scene = scenes.get((b, j, id(rest)))
                if scene is None:
                    scene = scenes[b, j, id(rest)] = self._scene(episode, plateaus, b, j, rest, actors, group.keys)
                if rested > -9.0:
                    hold = h if j < last else scene.hold(h)
                    load = scene.temporary
                    if j - 1 > b or rest is not None:  # what rested already wavers
                        load = float(np.logaddexp(load, math.log(0.7) + self._wavered(plateaus, b, j, rest, scene)))
                    nxt.append(_Step(b, rest, hold.weighted(rested + load)))
                real = math.log1p(-math.exp(rested))
                options = scene.options(h)
                top = options[0].score
                for o in options:
                    if o.score < top - s.narrow:
                        break
                    nxt.append(_Step(j, None, scene.step(h, o, h.logw + real)))
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
        never_left = -5.0  # what still lies there after so long is no hand
        return Hypothesis(h.logw + never_left + self._untouched(state.resting, shelf, t_ns), values, h.choices)

    def _untouched(self, rest: Resting, shelf: int, until_ns: int) -> float:
        """Log penalty for thinking a hand rested on while nobody was there."""
        t0, t1 = self.people.seconds(rest.last_ns), self.people.seconds(until_ns)
        if t1 - t0 < 0.4:
            return 0.0
        board = self.boards[shelf]
        edges = board.shelf.plate_edges_m
        near = board.bins_m[(board.bins_m >= edges[rest.plates[0]]) & (board.bins_m <= edges[rest.plates[1]])]
        hands = [self.people.resting(k, board.shelf, near, t0, t1) for k in self.people.present(t0, t1)]
        return 2.0 * min(0.0, max(hands, default=-4.0))

    @staticmethod
    def _wavered(plateaus: Sequence[Plateau], b: int, j: int, rest: Resting | None, scene: _SceneOf) -> float:
        """Log density of the move from the last resting level to this one, were it the same hand or item wavering."""
        n = len(plateaus[j].head_g)
        move = plateaus[j].head_g - plateaus[j - 1].tail_g
        var = plateaus[j].head_var + plateaus[j - 1].tail_var
        load = plateaus[j - 1].tail_g - plateaus[b].tail_g
        if rest is not None:
            lo = scene.first
            load = load + rest.grams[lo : lo + n]
        known = np.isfinite(move) & np.isfinite(load)
        fit = ChangeFit.plain(move[known], var[known])
        share = load[known]
        cov = 0.18**2 * np.outer(share, share) + np.diag((0.05 * share) ** 2)
        return fit.gaussian(np.zeros(len(share)), cov)

    def _prune(self, front: list[_Step]) -> list[_Step]:
        """Merge steps that stand at the same place with the same hypothesis, drop the hopeless."""
        s = self.settings
        if s.sequential:
            return [max(front, key=lambda f: f.hypothesis.logw)]
        top = max(f.hypothesis.logw for f in front)
        places: dict[tuple[int, int], list[_Step]] = {}
        for f in front:
            if f.hypothesis.logw > top + s.floor - 4.0:
                places.setdefault((f.base, id(f.rest)), []).append(f)
        out: list[_Step] = []
        for steps in places.values():
            hyps = [f.hypothesis for f in steps]
            shift = max(h.logw for h in hyps)
            total = shift + math.log(math.fsum(math.exp(h.logw - shift) for h in hyps))
            out.extend(_Step(steps[0].base, steps[0].rest, h.weighted(total)) for h in merged(hyps, s.beam, s.floor))
        return out

    def _rested(self, p: Plateau, episode: Episode, actors: tuple[str, ...], final: bool) -> float:
        """Log probability that a plateau was only a hand resting.

        Short or wavering ones mostly were, quiet ones hardly, and none on which no hand lay.
        """
        waver = 7.0 * min(0.8, max(0.0, p.unrest - 1.25))
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

    def _actors(self, episode: Episode, t0: float, t1: float) -> tuple[str, ...]:
        """Nobody seen, then everybody who can have reached there at some time of the episode."""
        board = self.boards[episode.shelf]
        n = len(episode.plateaus[0].head_g)
        edges = board.shelf.plate_edges_m
        lo, hi = edges[episode.first_plate] - 0.1, edges[episode.first_plate + n] + 0.1
        near = (board.bins_m >= lo) & (board.bins_m <= hi)
        out = [NOBODY]
        for track in self.people.present(t0, t1):
            r = self.people.reach(track, board.shelf, board.bins_m, t0, t1)
            if r[near].max(initial=-np.inf) > -9.0:
                out.append(track.ident)
        return tuple(out)

    def _scene(
        self,
        episode: Episode,
        plateaus: Sequence[Plateau],
        b: int,
        j: int,
        rest: Resting | None,
        actors: tuple[str, ...],
        keys: tuple[Key, ...],
    ) -> _SceneOf:
        board = self.boards[episode.shelf]
        before, after = plateaus[b], plateaus[j]
        n = board.shelf.plate_count
        lo, hi = episode.first_plate, episode.first_plate + len(after.head_g)
        grams, var = np.zeros(n), np.full(n, 2.0)
        grams[lo:hi] = after.head_g - before.tail_g
        var[lo:hi] = after.head_var + before.tail_var
        since = before.t1_ns
        if rest is not None:
            grams, var = grams + rest.grams, var + rest.var
            lo, hi, since = min(lo, rest.plates[0]), max(hi, rest.plates[1]), rest.since_ns
        fit = ChangeFit(board.prints, lo, *(self.gain.corrected(grams, var) if n == 1 else (grams[lo:hi], var[lo:hi])))
        t0, t1 = self.people.seconds(since), self.people.seconds(after.t0_ns)
        reach = np.full((len(actors), len(board.bins_m)), self.settings.priors.unseen)
        for i, a in enumerate(actors[1:], 1):
            reach[i] = self.people.reach(self.people.tracks[a], board.shelf, board.bins_m, t0, t1)
        event = self._next_event
        self._next_event += 1
        scene = Scene(board, fit, actors, reach, self.store.staff, event, self.totals)
        resting = Resting(grams, var, (lo, hi), since, after.t1_ns)
        return _SceneOf(Explainer(scene, self.settings.narrow), keys, ("s", episode.shelf), resting, after.t0_ns, rest is not None, episode.first_plate)

    def _record(self, scenes: dict[tuple[int, int, int], _SceneOf], group: Group) -> None:
        """Keep the events the surviving hypotheses believe in, with the odds of their explanations."""
        weights: dict[int, dict[int, float]] = {}
        for h in group.hypotheses:
            p = math.exp(h.logw)
            for chain in h.choices:
                while chain is not None:
                    weights.setdefault(chain.event, {}).setdefault(chain.what, 0.0)
                    weights[chain.event][chain.what] += p
                    chain = chain.before
        for of in scenes.values():
            odds = weights.get(of.scene.event)
            if not odds:
                continue
            ranked = sorted(odds.items(), key=lambda kv: -kv[1])
            told = [(of.table[k].acts, of.table[k].why, p) for k, p in ranked]
            self.events.append(
                EventRecord(
                    of.scene.event,
                    of.scene.board.index,
                    of.resting.plates[0],
                    of.resting.since_ns,
                    of.t1_ns,
                    of.scene.fit.d,
                    math.sqrt(of.scene.fit.sum_var),
                    told,
                    tuple(k for k, _ in ranked),
                )
            )

    def _learn_gain(self, scenes: dict[tuple[int, int, int], _SceneOf], group: Group) -> None:
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
                    self.gain.learn(-float(of.resting.grams[0]) / want, of.scene.board.spread(product) / want**2 + float(of.resting.var[0]) / want**2)

    # ------------------------------------------------------------- posteriors
    def posterior(self, shopper: str, most: int = 12) -> BasketPosterior:
        """The posterior over baskets of one shopper, the `most` probable ones."""
        key: Key = ("p", shopper)
        for g in self.groups:
            if key in g.keys:
                found = g.marginal(key)
                rows = sorted(((_basket(v), p) for p, v in found.values()), key=lambda r: (-r[1], r[0]))
                return BasketPosterior(shopper, tuple(rows[:most]))
        return BasketPosterior(shopper, (((), 1.0),))


@dataclass(slots=True)
class CellGain:
    """What a shelf on one load cell shows for each gram on it.

    Cells of a shelf over-report when goods lean on more than one support: on the
    real store's shelf sums 2.7 %, on others less.  Starts there and learns.
    """

    mean: float = 1.020
    var: float = 0.009**2
    own: float = 0.0045**2  # cells of one shop differ by this

    def corrected(self, grams: FloatArray, var: FloatArray) -> tuple[FloatArray, FloatArray]:
        """True grams and their variance."""
        return grams / self.mean, var / self.mean**2 + grams**2 * (self.var + self.own)

    def learn(self, seen: float, var: float) -> None:
        k = self.var / (self.var + self.own + var)
        self.mean += k * (seen - self.mean)
        self.var *= 1.0 - k


class _SceneOf:
    """A scene with the variables of its group: explanations per hypothesis, cached by what matters to them."""

    def __init__(
        self, explainer: Explainer, keys: tuple[Key, ...], shelf: Key, resting: Resting, t1_ns: int, consumes: bool, first: int
    ) -> None:
        self.explainer = explainer
        self.scene = scene = explainer.scene
        self.keys, self.resting, self.t1_ns, self.consumes = keys, resting, t1_ns, consumes
        self.at = {k: i for i, k in enumerate(keys)}
        self.shelf_at = self.at[shelf]
        self.people = [(k[1], i) for k, i in self.at.items() if k[0] == "p" and k[1] in scene.actors]
        self.temporary = scene.fit.temporary()
        self.first = first
        self.table: list[Explanation] = []
        self._cache: dict[tuple[int, ...], list[_Option]] = {}
        self._alive: list[tuple[Value, ...]] = []

    def options(self, h: Hypothesis) -> list[_Option]:
        values = h.values
        key = (id(values[self.shelf_at]), *(id(values[i]) for _, i in self.people))
        found = self._cache.get(key)
        if found is None:
            held = {str(who): v for who, i in self.people if isinstance(v := values[i], Held)}
            shelf = values[self.shelf_at]
            assert isinstance(shelf, ShelfState)
            shelf = shelf.rest(None) if self.consumes else shelf
            options = self.explainer.explanations(held, shelf)
            found = [_Option(e.score, len(self.table) + k, e) for k, e in enumerate(options)]
            self.table.extend(options)
            self._cache[key] = found
            self._alive.append(values)  # ids in the key must not be used again
        return found

    def hold(self, h: Hypothesis) -> Hypothesis:
        """The hypothesis that what is there now only rests there."""
        values = list(h.values)
        shelf = values[self.shelf_at]
        assert isinstance(shelf, ShelfState)
        values[self.shelf_at] = shelf.rest(self.resting)
        return Hypothesis(h.logw, tuple(values), h.choices)

    def step(self, h: Hypothesis, option: _Option, logw: float) -> Hypothesis:
        new: list[Value] = list(h.values)
        for key, value in option.explanation.after:
            new[self.at[key]] = value
        shelf = new[self.shelf_at]
        if self.consumes and isinstance(shelf, ShelfState) and shelf.resting is not None:
            new[self.shelf_at] = shelf.rest(None)
        chain = Choice(self.scene.event, option.index, h.choices[0] if h.choices else None)
        return Hypothesis(logw + option.score, tuple(new), (chain, *h.choices[1:]))


class _Option(NamedTuple):
    score: float
    index: int  # in the scene's table
    explanation: Explanation


class _Step(NamedTuple):
    """How far a hypothesis has come along the plateaus of an episode."""

    base: int  # index of the last plateau it takes for real
    rest: Resting | None  # what already rested there when the episode began
    hypothesis: Hypothesis


def _pending(value: Value, t_ns: int, patience_s: float) -> bool:
    return (
        isinstance(value, ShelfState)
        and value.resting is not None
        and (t_ns - value.resting.last_ns) * 1e-9 >= patience_s
    )


def _chief(plateaus: tuple[Plateau, ...], most: int) -> tuple[Plateau, ...]:
    """First, last and the longest between: enough for any sensible story, bounded for any other."""
    if len(plateaus) <= most:
        return plateaus
    inner = sorted(range(1, len(plateaus) - 1), key=lambda i: -plateaus[i].seconds)[: most - 2]
    return tuple(plateaus[i] for i in sorted((0, *inner, len(plateaus) - 1)))


def _basket(v: Value) -> tuple[str, ...]:
    assert isinstance(v, Held)
    return tuple(sorted(i.gtin for i in v.items if i.gtin is not None))


__all__ = ["BasketPosterior", "BeliefEngine", "BeliefSettings", "EventRecord", "normalised"]

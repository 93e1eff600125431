"""How a hypothesis goes on along the plateaus of an episode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aisle.belief.change_fit import ChangeFit
from aisle.belief.draft import Draft, after
from aisle.belief.exchanges import Exchange, behind, renamed
from aisle.belief.explain import Explainer
from aisle.belief.state import Choice, Held, Hypothesis, Key, Resting, ShelfState, Value
from aisle.scales.change import Plateau

FloatArray = npt.NDArray[np.float64]


class Option(NamedTuple):
    score: float
    number: int  # in the stretch's table
    draft: Draft


class Step(NamedTuple):
    """How far a hypothesis has come along the plateaus of an episode."""

    base: int  # index of the last plateau it takes for real
    rest: Resting | None  # what already rested there when the episode began
    hypothesis: Hypothesis


class Way(NamedTuple):
    """How a hypothesis may go on, with the log weight it then has: most are hopeless and never gone."""

    logw: float
    base: int  # as in the step it leads to
    rest: Resting | None
    hypothesis: Hypothesis  # before it goes on
    stretch: Stretch
    option: Option | None  # None: what is there now only rests there
    last: bool  # with the last plateau of the episode

    def gone(self) -> Step:
        """The step it leads to."""
        h = self.hypothesis
        if self.option is not None:
            h = self.stretch.step(h, self.option, self.logw)
        else:
            h = (self.stretch.hold(h) if self.last else h).at(self.logw)
        return Step(self.base, self.rest, h)


class Stretch:
    """One stretch between two plateaus, with the variables of its group: explanations per hypothesis, cached."""

    def __init__(
        self,
        explainer: Explainer,
        keys: tuple[Key, ...],
        shelf: Key,
        owners: tuple[str, ...],
        resting: Resting,
        t1_ns: int,
        consumes: bool,
        plates: tuple[int, int],
        exchanges: Sequence[Exchange] = (),
    ) -> None:
        self.explainer = explainer
        self.scene = scene = explainer.scene
        self.keys, self.resting, self.t1_ns, self.consumes = keys, resting, t1_ns, consumes
        self.at = {k: i for i, k in enumerate(keys)}
        self.shelf_at = self.at[shelf]
        self.exchanges = exchanges
        near = {*scene.actors, *owners, *(who for x in exchanges for who in (x.a, x.b))}
        self.people = [(str(k[1]), i) for k, i in self.at.items() if k[0] == "p" and k[1] in near]
        self.crossings = [self.at[x.key] for x in exchanges]
        self.told = (self.shelf_at, *(i for _, i in self.people), *self.crossings)  # whose history this belongs to
        self.temporary = scene.fit.temporary()
        self.first = plates[0]
        self.told_before = scene.fit.beyond(*plates) if consumes else 0.0  # charged when it began to rest
        self.table: list[Draft] = []
        self._cache: dict[tuple[int, ...], list[Option]] = {}
        self._alive: list[tuple[Value, ...]] = []
        self._after: dict[int, tuple[tuple[Key, Value], ...]] = {}  # number of an option -> what follows from it

    def options(self, h: Hypothesis) -> list[Option]:
        values = h.values
        key = tuple(id(values[i]) for i in self.told)
        found = self._cache.get(key)
        if found is None:
            names = behind(self.exchanges, self.at, values)
            held, shelf = self._world(values)
            bodies = {b: held[names.get(b, b)] for b in held if names.get(b, b) in held} if names else held
            drafts = [renamed(d, names) for d in self.explainer.explanations(bodies, shelf)]
            found = [Option(d.score, len(self.table) + k, d) for k, d in enumerate(drafts)]
            self.table.extend(drafts)
            self._cache[key] = found
            self._alive.append(values)  # ids in the key must not be used again
        return found

    def _world(self, values: tuple[Value, ...]) -> tuple[dict[str, Held], ShelfState]:
        """What each person of the group holds, and what stands on the shelf."""
        held = {who: v for who, i in self.people if isinstance(v := values[i], Held)}
        shelf = values[self.shelf_at]
        assert isinstance(shelf, ShelfState)
        return held, shelf.rest(None) if self.consumes else shelf

    def hold(self, h: Hypothesis) -> Hypothesis:
        """The hypothesis that what is there now only rests there."""
        values = list(h.values)
        shelf = values[self.shelf_at]
        assert isinstance(shelf, ShelfState)
        values[self.shelf_at] = shelf.rest(self.resting)
        return Hypothesis(h.logw, tuple(values), h.choices)

    def step(self, h: Hypothesis, option: Option, logw: float) -> Hypothesis:
        new: list[Value] = list(h.values)
        changes = self._after.get(option.number)
        if changes is None:
            changes = self._after[option.number] = after(self.scene, option.draft, *self._world(h.values))
        for key, value in changes:
            new[self.at[key]] = value
        shelf = new[self.shelf_at]
        if self.consumes and isinstance(shelf, ShelfState) and shelf.resting is not None:
            new[self.shelf_at] = shelf.rest(None)
        told = list(h.choices)
        for i in self.told:
            told[i] = Choice(self.scene.event, option.number, told[i])
        return Hypothesis(logw, tuple(new), tuple(told))


def wavered(plateaus: Sequence[Plateau], b: int, j: int, rest: Resting | None, first: int) -> float:
    """Log density of the move from the last resting level to this one, were it the same hand or item wavering."""
    n = len(plateaus[j].head_g)
    move = plateaus[j].head_g - plateaus[j - 1].tail_g
    var = plateaus[j].head_var + plateaus[j - 1].tail_var
    load = plateaus[j - 1].tail_g - plateaus[b].tail_g
    if rest is not None:
        lo = first
        load = load + rest.grams[lo : lo + n]
    known = np.isfinite(move) & np.isfinite(load)
    fit = ChangeFit.plain(move[known], var[known])
    share = load[known]
    cov = 0.18**2 * np.outer(share, share) + np.diag((0.05 * share) ** 2)
    return fit.gaussian(np.zeros(len(share)), cov)


def chief(plateaus: tuple[Plateau, ...], most: int) -> tuple[Plateau, ...]:
    """First, last and the longest between: enough for any sensible story, bounded for any other."""
    if len(plateaus) <= most:
        return plateaus
    inner = sorted(range(1, len(plateaus) - 1), key=lambda i: -plateaus[i].seconds)[: most - 2]
    return tuple(plateaus[i] for i in sorted((0, *inner, len(plateaus) - 1)))

"""Takes a reach into the joint inference where plates are silent or there are none.

What a change of weight is to the engine, a hand that was among goods is here: an event that joins the hypotheses of
the person and of the shelves they can have touched, explained by what cameras saw, and taken apart again afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aisle.belief.by_sight import Onlooker, Outlook, Told, in_hand, outlook
from aisle.belief.change_fit import ChangeFit
from aisle.belief.draft import after
from aisle.belief.engine import BeliefEngine
from aisle.belief.events import EventRecord, odds
from aisle.belief.exchanges import Exchange, behind, entangled, renamed
from aisle.belief.reaches import Grasp
from aisle.belief.scene import NOBODY, Scene
from aisle.belief.state import Choice, Group, Held, Hypothesis, Key, ShelfState, Value, merged, product, split

FloatArray = npt.NDArray[np.float64]
LEAST = 1e-3  # shelves touched less probably are left out


class _Option(NamedTuple):
    number: int
    told: Told


@dataclass(slots=True)
class _Story:
    """How the hypotheses of one group go on over one reach; what does not depend on them is worked out once."""

    onlooker: Onlooker
    outlooks: tuple[Outlook, ...]
    at: dict[Key, int]
    shelves_at: tuple[int, ...]
    exchanges: Sequence[Exchange]
    told: tuple[int, ...]  # whose history this event belongs to
    narrow: float
    table: list[Told]
    known: dict[tuple[int, ...], tuple[list[_Option], tuple[Value, ...]]]

    def onward(self, h: Hypothesis) -> list[Hypothesis]:
        event = self.outlooks[0].scene.event
        body = self.onlooker.grasp.person
        names = behind(self.exchanges, self.at, h.values)
        who = names.get(body, body)
        held = h.values[self.at["p", who]]
        assert isinstance(held, Held)
        shelves = [v for i in self.shelves_at if isinstance(v := h.values[i], ShelfState)]
        out = []
        for option in self._options(h, held, shelves, names):
            values = list(h.values)
            d, at = option.told.draft, option.told.at
            for key, value in after(self.outlooks[at].scene, d, {who: held}, shelves[at]):
                values[self.at[key]] = value
            choices = list(h.choices)
            for i in self.told:
                choices[i] = Choice(event, option.number, choices[i])
            out.append(Hypothesis(h.logw + d.score, tuple(values), tuple(choices)))
        return out

    def _options(self, h: Hypothesis, held: Held, shelves: list[ShelfState], names: Mapping[str, str]) -> list[_Option]:
        key = tuple(id(h.values[i]) for i in self.told)
        if key not in self.known:
            told = [Told(at, renamed(d, names)) for at, d in self.onlooker.explanations(held, shelves, self.narrow)]
            options = [_Option(len(self.table) + k, t) for k, t in enumerate(told)]
            self.table.extend(told)
            self.known[key] = (options, h.values)  # the values are kept: their ids must not be used again
        return self.known[key][0]


def explain_reach(
    engine: BeliefEngine, grasp: Grasp, among: Sequence[Grasp], weighed: Mapping[int, npt.NDArray[np.bool_]]
) -> bool:
    """Take in one reach; tracks and sights must be known up to a little after its end.

    `among` are all reaches of that time; `weighed[shelf]` (bins,) says where plates weigh, so that sight has nothing
    to explain: a shelf that is not named has none.  False when the reach cannot have been elsewhere.
    """
    if grasp.person in engine.store.staff:
        return False
    free: list[tuple[int, FloatArray]] = []
    for i, (shelf, places) in enumerate(zip(grasp.shelves, grasp.places, strict=True)):
        here = np.where(weighed[shelf], -60.0, places) if shelf in weighed else places
        if float(np.exp(here).sum()) > LEAST:
            free.append((i, here))
    if not free:
        return False
    left = 1.0 - sum(float(np.exp(p).sum()) for _, p in free)
    s = engine.settings
    event = engine.new_event()
    sights, people = engine.sights, engine.people
    outlooks = tuple(
        outlook(grasp, i, _scene(engine, grasp, i, event), p, sights, people, among, s.seen) for i, p in free
    )
    told = in_hand(grasp, sights, people, among, s.grips)
    exchanges, behind_it = entangled(engine.exchanges, (grasp.person,), grasp.t1_s)
    shelves: list[Key] = [("s", grasp.shelves[i]) for i, _ in free]
    keys: list[Key] = [*(("p", who) for who in sorted(behind_it)), *shelves, *(x.key for x in exchanges)]
    touched = [g for g in engine.groups if any(k in g.keys for k in keys)]
    rest = [g for g in engine.groups if g not in touched]
    group = product(touched, keys, s.beam, -30.0)
    at = {k: i for i, k in enumerate(group.keys)}
    story = _Story(
        Onlooker(grasp, outlooks, left, told, s.seen),
        outlooks,
        at,
        tuple(at[k] for k in shelves),
        exchanges,
        tuple(at[k] for k in keys),
        s.narrow,
        [],
        {},
    )
    onward = (x for h in group.hypotheses for x in story.onward(h))
    group.hypotheses = merged(onward, 1 if s.sequential else s.beam, s.floor)
    _record(engine, story, group)
    engine.groups = rest + split(group)
    return True


def _scene(engine: BeliefEngine, grasp: Grasp, at: int, event: int) -> Scene:
    """A change on shelf `grasp.shelves[at]` of which no plate tells anything."""
    board = engine.boards[grasp.shelves[at]]
    n = board.shelf.plate_count
    fit = ChangeFit(board.prints, 0, np.full(n, np.nan), np.full(n, np.nan))
    places = np.stack([np.full(len(board.bins_m), engine.settings.priors.unseen), grasp.places[at]])
    hands = np.full((2, 2, len(board.bins_m)), -np.inf)
    actors, staff = (NOBODY, grasp.person), engine.store.staff
    return Scene(board, fit, actors, places, hands, (False, False), grasp.t1_s, staff, event, engine.totals)


def _record(engine: BeliefEngine, story: _Story, group: Group) -> None:
    event = story.outlooks[0].scene.event
    weights = odds([group], event).get(event)
    if not weights:
        return
    ranked = sorted(weights.items(), key=lambda kv: (-kv[1], kv[0]))
    best = next((story.table[k] for k, _ in ranked if story.table[k].draft.acts), story.table[ranked[0][0]])
    look = story.outlooks[best.at]
    board, products = look.scene.board, engine.store.products
    acts = [(a, products[a.gtin]) for a in story.table[ranked[0][0]].draft.acts if a.gtin in products]
    grams = math.fsum(a.sign * a.quantity * (p.weight_g or 0.0) for a, p in acts)
    sigma = math.sqrt(math.fsum(a.quantity * board.spread(p) for a, p in acts))
    x = float(board.bins_m[int(np.argmax(look.went))])
    plate = int(np.clip(np.searchsorted(board.shelf.plate_edges_m, x, side="right"), 1, board.shelf.plate_count))
    people, grasp = engine.people, story.onlooker.grasp
    engine.events.append(
        EventRecord(
            event,
            board.index,
            (plate,),
            people.nanoseconds(grasp.t0_s),
            people.nanoseconds(grasp.t1_s),
            grams,
            sigma,
            [(story.table[k].draft.acts, story.table[k].draft.why, p) for k, p in ranked],
            tuple(k for k, _ in ranked),
        )
    )

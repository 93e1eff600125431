"""A reach explained by sight alone, where no plate weighs: took, put back, or nothing.

Beforehand hands that go in among goods take something half of the time.  Where the hand was, what the shelf looked
like before and after, and what the hand held before and after say the rest; all are log ratios to nothing having
happened, so they add up.  Weights say nothing here, one way or the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aisle.belief.draft import Act, Draft
from aisle.belief.explain import distinct
from aisle.belief.grips import GripSettings, content, ratios
from aisle.belief.people import People
from aisle.belief.reaches import Grasp
from aisle.belief.scene import NOBODY, Scene, logsumexp
from aisle.belief.sights import Sights
from aisle.belief.state import Held, ShelfState
from aisle.belief.testimony import PUT, TAKE, Testimony

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ReachPriors:
    """Log prior of what one hand among the goods does; measured on simulated shoppers, ten reaches in a minute."""

    take: float = math.log(0.50)
    second: float = 0.06  # share of takes that are of two at once, of a hand that is out again soon ...
    second_long: float = 0.34  # ... and what adds to it when the hand stays ...
    stays_s: tuple[float, float] = (1.2, 2.2)  # ... the more the longer between these
    third: float = 0.006
    put_home: float = math.log(0.22)  # who holds what belongs just there puts it back so often
    put_elsewhere: float = math.log(0.025)
    stray: float = math.log(0.35)  # against taking from the facing it stands in
    nothing: float = math.log(0.40)
    unknown: float = math.log(0.002)
    rival: float = 0.6  # how probably another reach to the same place did what the pictures show


class Outlook(NamedTuple):
    """One shelf as a reach may have touched it: per place, log probabilities joined with what pictures show."""

    scene: Scene
    went: FloatArray  # (bins,) reached here, and something is gone
    came: FloatArray  # (bins,) reached here, and something is new


class Told(NamedTuple):
    """One explanation, and the shelf (index in the outlooks) it happened on."""

    at: int
    draft: Draft


class Onlooker:
    """Enumerates explanations of one reach."""

    def __init__(
        self, grasp: Grasp, outlooks: Sequence[Outlook], weighed: float, told: Testimony, priors: ReachPriors
    ) -> None:
        """`weighed` is how probably the hand was where plates weigh, which is explained elsewhere."""
        self.grasp, self.outlooks, self.told, self.priors = grasp, outlooks, told, priors
        self._weighed = grasp.inside + math.log(max(weighed, 1e-12)) + self._any_act()
        stays = float(np.clip((grasp.t1_s - grasp.t0_s - priors.stays_s[0]) / np.diff(priors.stays_s)[0], 0.0, 1.0))
        two = priors.second + priors.second_long * stays
        self._units = tuple(math.log(u) for u in (1.0 - two - priors.third, two, priors.third))

    def _any_act(self) -> float:
        """Log ratio of the hand's content if it took or put something, or nothing, where plates weigh."""
        grip = self.told.grips[1] if self.told.grips else None
        return 0.0 if grip is None else float(np.log(0.4 + 0.5 * math.exp(grip[TAKE]) + 0.1 * math.exp(grip[PUT])))

    def explanations(self, held: Held, shelves: Sequence[ShelfState], narrow: float) -> list[Told]:
        """Best first, all within `narrow` of the best."""
        told = [
            Told(0, Draft(self.priors.nothing, (), why="nothing moved")),
            Told(0, Draft(self._weighed, (), why="at goods that are weighed")),
        ]
        for at, (outlook, shelf) in enumerate(zip(self.outlooks, shelves, strict=True)):
            told += (Told(at, self._joined(d)) for d in self._took(outlook, shelf))
            told += (Told(at, self._joined(d)) for d in self._put(outlook, held))
        top = max(t.draft.score for t in told)
        return sorted((t for t in told if t.draft.score >= top - narrow), key=lambda t: -t.draft.score)

    def _joined(self, d: Draft) -> Draft:
        """With what was seen in the hand, and that the hand went in."""
        acts = ((a.who, a.sign, a.gtin) for a in d.acts)
        return d._replace(score=d.score + self.grasp.inside + self.told.of_acts((NOBODY, self.grasp.person), acts))

    def _took(self, outlook: Outlook, shelf: ShelfState) -> Iterator[Draft]:
        p, board, who = self.priors, outlook.scene.board, self.grasp.person
        labels = dict(shelf.relabelled)
        with np.errstate(divide="ignore"):
            per_facing = logsumexp(outlook.went + np.log(board.cover)) if board.facings else np.empty(0)
        for f, place in enumerate(per_facing.tolist()):
            gtin = labels.get(f, board.facings[f].gtin)
            if place > -math.inf and gtin in board.store.products:
                for k, units in enumerate(self._units, 1):
                    yield Draft(p.take + units + place, (Act(who, -1, gtin, k, "facing"),))
        for stray in shelf.strays:
            near = np.exp(-0.5 * ((board.bins_m - stray.x_m) / 0.05) ** 2)
            place = float(logsumexp(outlook.went + np.log(np.maximum(near, 1e-12))))
            yield Draft(p.take + p.stray + place, (Act(who, -1, stray.item.gtin, 1, "stray"),), taken=stray)
        anywhere = float(logsumexp(outlook.went))
        yield Draft(p.unknown + anywhere, (Act(who, -1, None, 1, "unknown"),), why="something the shop does not know")

    def _put(self, outlook: Outlook, held: Held) -> Iterator[Draft]:
        p, board, who = self.priors, outlook.scene.board, self.grasp.person
        different = distinct(held.items)
        anywhere = float(logsumexp(outlook.came))
        for item in different:
            homes = board.homes(item.gtin)
            if homes:
                cover = np.minimum(1.0, board.cover[homes].sum(axis=0))
                with np.errstate(divide="ignore"):
                    place = float(logsumexp(outlook.came + np.log(cover)))
                if place > -math.inf:
                    act = Act(who, 1, item.gtin, 1, "home")
                    yield Draft(p.put_home + place, (act,), put=((who, item),), home=item)
            act = Act(who, 1, item.gtin, 1, "elsewhere")
            score = p.put_elsewhere - math.log(len(different)) + anywhere
            yield Draft(score, (act,), put=((who, item),), stray=item)


def outlook(
    grasp: Grasp,
    at: int,
    scene: Scene,
    places: FloatArray,
    sights: Sights,
    people: People,
    among: Sequence[Grasp],
    priors: ReachPriors,
) -> Outlook:
    """Shelf `grasp.shelves[at]` as the reach may have touched it.

    `places` (bins,) are the log probabilities of the reach without those that are weighed.  Other reaches `among`
    those the same pictures span may have done what is seen: the pictures then say less of this one.
    """
    shelf, board = grasp.shelves[at], scene.board
    sight = sights.spanning(shelf, people.nanoseconds(grasp.t0_s), people.nanoseconds(grasp.t1_s))
    if sight is None:
        return Outlook(scene, places, places)
    t0, t1 = people.seconds(sight.t0_ns), people.seconds(sight.t1_ns)
    free = np.ones(len(board.bins_m))
    for other in among:
        near = other.near(shelf) if other is not grasp and t0 <= other.t0_s and other.t1_s <= t1 else None
        if near is not None:
            free *= 1.0 - priors.rival * near * min(1.0, math.exp(other.inside))
    gone, new = sights.by_place(sight, board.bins_m)
    return Outlook(scene, places + _shared(gone, free), places + _shared(new, free))


def _shared(ratio: FloatArray, free: FloatArray) -> FloatArray:
    """A log ratio of pictures that rivals may have caused, `free` being how probably none of them did."""
    return np.asarray(ratio - np.log((1.0 - free) * np.exp(ratio) + free))


def in_hand(grasp: Grasp, sights: Sights, people: People, among: Sequence[Grasp], settings: GripSettings) -> Testimony:
    """What the reaching hand held before and after, as far as that hand did nothing else meanwhile."""
    track = people.tracks[grasp.person]
    mine = [g for g in among if g is not grasp and (g.person, g.hand) == (grasp.person, grasp.hand)]
    since = max((g.t1_s for g in mine if g.t1_s <= grasp.t0_s), default=-math.inf)
    until = min((g.t0_s for g in mine if g.t0_s >= grasp.t1_s), default=math.inf)
    before = content(track, max(since, grasp.t0_s - settings.window_s), grasp.t0_s, settings)
    after = content(track, grasp.t1_s, min(until, grasp.t1_s + settings.window_s), settings)
    grip = ratios(before, after, settings)[grasp.hand]
    own = np.zeros(2)
    own[grasp.hand] = 1.0
    span = (people.nanoseconds(grasp.t0_s), people.nanoseconds(grasp.t1_s))
    items = {(grasp.person, sign): sights.in_hands(grasp.person, sign, *span, own) for sign in (-1, 1)}
    return Testimony(None, (None, grip), {k: v for k, v in items.items() if v})

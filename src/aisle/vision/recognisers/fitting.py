"""A recogniser fitted to the pictures that happen to be enrolled, its odds found by leaving some of them out.

Nothing but those pictures is needed.  In each of some rounds one scene of every product is left out and asked for, and
then some whole products are.  So both kinds of asking are known, each with as much enrolled as can be: one of ours, and
something else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

from aisle.vision.recognisers.gallery import Embedding, Gallery, Measure, Odds, Recogniser, fit_odds
from aisle.vision.recognisers.two_covariances import TwoCovariances, fit_frame, fit_space
from aisle.vision.seen import Flags, FloatArray, Indices

ROUNDS = 6
FEWEST_REPEATED = 3
"""Products with two pictures or more from which on the spread within products is learnt from pictures."""
FEWEST_ASKED = 24
"""Left-out pictures of enrolled products, and of others, from which on the odds are fitted."""
USUAL = Odds(sharpness=5.0, else_like=-0.1)
"""Odds of the learnt measure where too few pictures are there to fit them."""
NEAREST = Odds(sharpness=33.0, else_like=0.72)
"""Odds of the nearest picture's cosine; both as found on photographs of groceries, few enrolled of few products."""
ELSE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Likeness of pictures that were left out: rows of `likeness` hold -inf for products not enrolled in their round;
    `truth` (n,) is each one's product, -1 where it was not enrolled."""

    likeness: FloatArray  # (n, products)
    truth: Indices  # (n,)


@dataclass(frozen=True, slots=True)
class Fitted:
    """A measure and its odds; `left_out` is None where there were too few pictures to leave some out."""

    measure: Measure
    odds: Odds
    left_out: LeftOut | None = None

    def recogniser(self, embedding: Embedding, gallery: Gallery) -> Recogniser:
        return Recogniser(embedding, gallery, self.odds, self.measure)


def fitted(gallery: Gallery) -> Fitted:
    """The best that can be made of what is enrolled: the nearest picture where there are few, else what all teach."""
    vectors, of, products = gallery.vectors, gallery.of_product, len(gallery.gtins)
    if int((np.bincount(of, minlength=products) >= 2).sum()) < FEWEST_REPEATED:
        return Fitted(gallery, NEAREST)
    frame = fit_frame(vectors)
    told = leave_out(frame.of(vectors), of)
    measure = TwoCovariances.of(frame.outside(fit_space(frame.of(vectors), of)), vectors, of, products)
    known = int((told.truth >= 0).sum())
    if min(known, len(told.truth) - known) < FEWEST_ASKED:
        return Fitted(measure, USUAL)
    return Fitted(measure, fit_odds(told.likeness, told.truth, ELSE_SHARE, USUAL), told)


def leave_out(vectors: FloatArray, of: Indices, rounds: int = ROUNDS) -> LeftOut:
    """What would be said of the enrolled pictures (n, d) if they were not enrolled; see the module for the rounds.

    Pictures of a product are left out scene by scene: of pictures taken in one go each would give the others away.
    """
    scene = scenes(vectors, of, rounds)
    told = []
    for number in range(rounds):
        told.append(_asked(vectors, of, scene != number, scene == number))
        told.append(_asked(vectors, of, of % rounds != number, of % rounds == number))
    return LeftOut(np.concatenate([one.likeness for one in told]), np.concatenate([one.truth for one in told]))


def _asked(vectors: FloatArray, of: Indices, enrolled: Flags, asked: Flags) -> LeftOut:
    """What is said of pictures `asked` (n,) where only those `enrolled` (n,) are."""
    products = int(of.max()) + 1
    there = np.unique(of[enrolled])
    if len(there) < 2 or not asked.any():
        return LeftOut(np.zeros((0, products)), np.zeros(0, np.intp))
    place = np.full(products, -1)
    place[there] = np.arange(len(there))
    mine = place[of[enrolled]]
    measure = TwoCovariances.of(fit_space(vectors[enrolled], mine), vectors[enrolled], mine, len(there))
    likeness = np.full((int(asked.sum()), products), -np.inf)
    likeness[:, there] = measure.likeness(vectors[asked])
    return LeftOut(likeness, np.where(place[of[asked]] >= 0, of[asked], -1))


def scenes(vectors: FloatArray, of: Indices, rounds: int) -> Indices:
    """(n,) 0 to `rounds` - 1: which scene of its product each picture is of, as far as pictures tell.

    The pictures of a product fall into groups of like ones (J. H. Ward, "Hierarchical grouping to optimize an objective
    function", 1963), `rounds` of them where there are as many pictures; the first group has another number for each
    product.
    """
    out = np.zeros(len(of), np.intp)
    for product in np.unique(of):
        mine = np.flatnonzero(of == product)
        groups = np.zeros(1, np.intp)
        if len(mine) > 1:
            groups = fcluster(linkage(vectors[mine], "ward"), rounds, "maxclust").astype(np.intp) - 1
        out[mine] = (groups + product) % rounds
    return out

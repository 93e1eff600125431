"""What pieces of a product really weigh, learnt from trips, and whether one cart's scale agrees with it.

Each product keeps the mean and spread of pieces that were named by a code and weighed alone.  A cart's errors against
that, in standard deviations, are added up over its trips: a scale that weighs wrong is wrong with every product alike,
a shopper with one.  After US 7,533,799 (accumulated error per scale tells a faulty scale from a thief).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from aisle.belief.basket.goods import Weight

LEAST_PIECES = 3  # of a product, before its mean says anything
LEAST_SHARE, LEAST_G = 0.004, 0.8  # pieces and scales differ by at least so much
PIECES = 40.0  # older pieces count less once so many were weighed: recipes and packaging change
SUSPECT_SIGMAS, SUSPECT_SHARE, SUSPECT_PIECES = 6.0, 0.01, 20
LATELY = 60.0  # errors of so many pieces ago hardly count


class ProductWeight(msgspec.Struct, frozen=True):
    """`pieces` weighed `mean_g` on average, with variance `var_g`."""

    pieces: float
    mean_g: float
    var_g: float


class ScaleErrors(msgspec.Struct, frozen=True):
    """Of one scale: pieces compared, the sum of their errors in standard deviations, the relative error of late."""

    pieces: float = 0.0
    sigmas: float = 0.0
    share: float = 0.0

    @property
    def faulty(self) -> bool:
        """Whether the errors point one way too surely, and are large enough to matter."""
        if self.pieces < SUSPECT_PIECES:
            return False
        return abs(self.sigmas) / math.sqrt(self.pieces) > SUSPECT_SIGMAS and abs(self.share) > SUSPECT_SHARE


class WeightBook:
    """The products' weights as pieces have taught them, and one scale's errors against them."""

    def __init__(self, known: Mapping[str, ProductWeight] | None = None, errors: ScaleErrors | None = None) -> None:
        self.known = dict(known or {})
        self.errors = errors or ScaleErrors()

    def weighed(self, gtin: str, grams: float) -> None:
        """One more piece, weighed alone: first held against what is known, then learnt from."""
        before = self.known.get(gtin)
        if before is None:
            self.known[gtin] = ProductWeight(1.0, grams, 0.0)
            return
        spread = _spread(before)
        if before.pieces >= LEAST_PIECES:
            off = grams - before.mean_g
            fade, share = 1.0 - 1.0 / LATELY, max(-0.2, min(0.2, off / before.mean_g))
            self.errors = ScaleErrors(
                fade * self.errors.pieces + 1.0,
                fade * self.errors.sigmas + max(-4.0, min(4.0, off / spread)),
                self.errors.share + 0.1 * (share - self.errors.share),
            )
            if abs(off) > 6.0 * spread:
                return  # another thing than its code says, most likely
        pieces = min(before.pieces + 1.0, PIECES)
        mean = before.mean_g + (grams - before.mean_g) / pieces
        var = before.var_g + ((grams - before.mean_g) * (grams - mean) - before.var_g) / pieces
        self.known[gtin] = ProductWeight(pieces, mean, max(var, 0.0))

    def weight(self, gtin: str, prior: Weight) -> Weight:
        """What a piece weighs: the prior where too few were weighed."""
        found = self.known.get(gtin)
        if found is None or found.pieces < LEAST_PIECES:
            return prior
        spread = _spread(found)
        return Weight(found.mean_g, spread * spread / found.pieces + spread * spread, spread * spread, prior.least_g)


def _spread(known: ProductWeight) -> float:
    least = LEAST_SHARE * known.mean_g + LEAST_G
    return max(math.sqrt(known.var_g), least) * (1.0 + 2.0 / known.pieces)

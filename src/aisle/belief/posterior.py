"""What one shopper holds, read off a group of hypotheses: baskets and their probabilities."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aisle.belief.state import Group, Held

Basket = tuple[str, ...]  # sorted GTINs, with multiplicity


@dataclass(frozen=True, slots=True)
class BasketPosterior:
    """What one shopper holds: baskets (sorted gtin, with multiplicity) and their probabilities.

    The first is the one to bill, the others follow most probable first.  A probability is that of the basket being
    exactly this, with nothing the shop does not know in it: they sum to one less the chance of such a thing.
    """

    shopper: str
    baskets: tuple[tuple[Basket, float], ...]

    def line_probability(self, gtin: str, quantity: int) -> float:
        """P(exactly this many of this product)."""
        return min(1.0, math.fsum(p for b, p in self.baskets if b.count(gtin) == quantity))

    def followed_by(self, later: BasketPosterior, most: int) -> BasketPosterior:
        """Somebody who came back after this was closed: what they took before and since, together."""
        both: dict[Basket, float] = {}
        for a, p in self.baskets:
            for b, q in later.baskets:
                basket = tuple(sorted(a + b))
                both[basket] = both.get(basket, 0.0) + p * q
        return _ranked(self.shopper, tuple(sorted(self.baskets[0][0] + later.baskets[0][0])), both, most)


def basket_posterior(shopper: str, group: Group, most: int) -> BasketPosterior:
    """The `most` probable baskets of a shopper of the group.

    A basket with something unknown in it is billed without, and counts as not right.
    """
    billed: dict[Basket, float] = {}
    right: dict[Basket, float] = {}
    for p, value in group.marginal(("p", shopper)).values():
        assert isinstance(value, Held)
        basket = tuple(sorted(i.gtin for i in value.items if i.gtin is not None))
        billed[basket] = billed.get(basket, 0.0) + p
        right[basket] = right.get(basket, 0.0) + (p if len(basket) == len(value.items) else 0.0)
    return _ranked(shopper, max(billed, key=lambda b: (billed[b], b)), right, most)


def _ranked(shopper: str, first: Basket, odds: dict[Basket, float], most: int) -> BasketPosterior:
    rest = sorted((r for r in odds.items() if r[0] != first), key=lambda r: (-r[1], r[0]))
    return BasketPosterior(shopper, tuple([(first, odds[first]), *rest][:most]))

"""What one piece of a product weighs on the scale, before and after the first was weighed.

A product's net weight is without packaging, its tolerance covers packaging and variation.  The gross weight therefore
lies above the net one, by how much is not known until a piece has been on the scale; then the others weigh about the
same.  Loose produce has no packaging, and pieces that differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from aisle.store.codes import PLU_LENGTHS
from aisle.store.model import Product

PACKAGING = 0.4  # of the tolerance, above the net weight, is where packaged goods are expected ...
SPREAD = 0.55  # ... give or take this share of it
NO_TOLERANCE = 0.12  # of the net weight, where nobody says
LEAST_SIGMA_G = 1.5
UNIT_SHARE, UNIT_G = 0.012, 1.0  # how much pieces of one packaged product differ from each other
LEAST_SHARE = 0.97  # of the net weight is what a package weighs at least
PIECE_SHARE = 0.18  # how much single fruits differ, where nobody says
TYPICAL_SHARE = 0.15  # how far the typical fruit may be from today's
WEIGHED_G, WEIGHED_NATS = 600.0, 0.8  # what a bag of loose goods weighs: log-normal


class Selling(StrEnum):
    """How the price is made."""

    PACKAGED = "packaged"
    BY_WEIGHT = "by weight"
    BY_PIECE = "by piece"  # loose, counted


@dataclass(frozen=True, slots=True)
class Weight:
    """Of one piece: normal, `unit_var` between pieces and `shared_var` of what all pieces have in common, in g².

    No piece weighs less than about `least_g`: packaging adds to what is inside, and never takes away.
    """

    mean_g: float
    shared_var: float
    unit_var: float
    least_g: float = 0.0

    def of(self, count: int) -> tuple[float, float]:
        """Mean and variance of so many pieces together."""
        return count * self.mean_g, count * count * self.shared_var + count * self.unit_var

    def too_light(self, grams: float, count: int) -> float:
        """Nats against so many pieces weighing so little."""
        missing = count * self.least_g - grams
        return 0.0 if missing <= 0.0 else max(-0.5 * (missing / (0.03 * self.mean_g + 1.0)) ** 2, -12.0)


@dataclass(frozen=True, slots=True)
class Goods:
    """One product as the scale knows it; `weight` is None for what is sold by weight or was never weighed."""

    gtin: str
    selling: Selling
    weight: Weight | None
    tare_g: float = 0.0
    quantity_required: bool = False

    def density(self, grams: float, variance: float) -> float:
        """Log density (per gram) of one placing of this product weighing `grams`, measured with `variance`."""
        if self.weight is not None and self.selling is not Selling.BY_WEIGHT:
            mean, var = self.weight.of(1)
            return log_normal_density(grams - mean, var + variance) + self.weight.too_light(grams, 1)
        return weighed_density(grams - self.tare_g)


def goods_of(product: Product) -> Goods:
    """What the store's files say of a product's weight."""
    loose = len(product.gtin) in PLU_LENGTHS
    if product.sold_by_weight:
        return Goods(product.gtin, Selling.BY_WEIGHT, None, product.cart.tare_g)
    selling = Selling.BY_PIECE if loose else Selling.PACKAGED
    weight = None
    if product.weight_g is not None:
        weight = _piece(product) if loose else _package(product)
    return Goods(product.gtin, selling, weight, product.cart.tare_g, product.cart.quantity_required)


def catalogue_of(products: Mapping[str, Product]) -> dict[str, Goods]:
    """All products of a store by their code."""
    return {gtin: goods_of(product) for gtin, product in products.items()}


def learnt(prior: Weight, grams: float, variance: float, count: int) -> Weight:
    """The weight of a piece after `count` of them together weighed `grams`."""
    each, var = grams / count, prior.unit_var / count + variance / (count * count)
    gain = prior.shared_var / (prior.shared_var + var)
    mean = prior.mean_g + gain * (each - prior.mean_g)
    return Weight(mean, (1.0 - gain) * prior.shared_var, prior.unit_var, prior.least_g)


def log_normal_density(off: float, variance: float) -> float:
    """Log density of a normal variable so far off its mean; with tails a little heavier than that."""
    z2 = off * off / variance
    core = -0.5 * z2 if z2 < 16.0 else -8.0 - 2.0 * (math.sqrt(z2) - 4.0)
    return core - 0.5 * math.log(6.283185307 * variance)


def weighed_density(grams: float) -> float:
    """Log density of the weight of one bag or piece of loose goods."""
    return skewed_density(grams, WEIGHED_G, WEIGHED_NATS)


def skewed_density(grams: float, median_g: float, spread: float) -> float:
    """Log density of a log-normal weight; far below zero where it is not positive."""
    if grams <= 1.0:
        return -40.0
    z = math.log(grams / median_g) / spread
    return -0.5 * z * z - math.log(grams * spread * 2.506628)


def _package(product: Product) -> Weight:
    assert product.weight_g is not None
    net = product.weight_g
    tolerance = product.weight_sigma_g if product.weight_sigma_g is not None else NO_TOLERANCE * net
    shared = max(SPREAD * tolerance, LEAST_SIGMA_G)
    return Weight(net + PACKAGING * tolerance, shared**2, (UNIT_SHARE * net + UNIT_G) ** 2, LEAST_SHARE * net)


def _piece(product: Product) -> Weight:
    assert product.weight_g is not None
    typical = product.weight_g
    spread = product.weight_sigma_g if product.weight_sigma_g is not None else PIECE_SHARE * typical
    return Weight(typical, (TYPICAL_SHARE * typical) ** 2, max(spread, 0.08 * typical, LEAST_SIGMA_G) ** 2)

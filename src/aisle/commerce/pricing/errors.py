"""What can be wrong with a basket that is to be priced: typed, with where, what was found and what would be right."""

from __future__ import annotations


class PricingError(ValueError):
    """A basket cannot be priced. `code` is stable, `where` names the line or coupon; nothing was half done."""

    code = "pricing_failed"

    def __init__(self, where: str, found: str, expected: str) -> None:
        super().__init__(f"{where}: found {found}; expected {expected}")
        self.where = where
        self.found = found
        self.expected = expected

    @property
    def message(self) -> str:
        """The whole finding as one sentence for people at the shop."""
        return str(self)


class UnknownProductError(PricingError):
    """A line with a code that the shop does not sell."""

    code = "unknown_product"


class QuantityError(PricingError):
    """A count of units that is not from 1 to 999, or not 1 for goods sold by weight."""

    code = "quantity_invalid"


class WeightError(PricingError):
    """Goods sold by weight without a net weight, or with one that no customer carries."""

    code = "weight_invalid"


class PriceMissingError(PricingError):
    """Nobody set a price for this product at that time, or a price read off the goods makes no sense."""

    code = "price_missing"


class CouponUnknownError(PricingError):
    """A coupon code that no promotion of the shop knows."""

    code = "coupon_unknown"


class CouponExpiredError(PricingError):
    """A coupon whose promotion runs neither now nor ran when anything was taken."""

    code = "coupon_expired"


class DuplicateLineError(PricingError):
    """Two lines of one basket with the same name."""

    code = "line_duplicate"


class TimeZoneMissingError(PricingError):
    """A time that does not say in which zone it is."""

    code = "time_zone_missing"

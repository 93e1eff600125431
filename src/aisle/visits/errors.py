"""What the desk refuses, each with a stable code and the status an HTTP answer would carry.

Every error says what was found and what would be right, and leaves the visit exactly as it was.
"""

from __future__ import annotations

from typing import ClassVar


class VisitError(Exception):
    """A command was refused and changed nothing.

    `code` is stable and for programs, `status` HTTP-like, `message` for people; `found` and `expected` say what is
    wrong and what would be right.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409

    def __init__(self, message: str, *, found: object = "", expected: object = "") -> None:
        super().__init__(message)
        self.message = message
        self.found = str(found)
        self.expected = str(expected)


class UnknownVisitError(VisitError):
    """No visit has this id."""

    code = "unknown_visit"
    status = 404


class UnknownCustomerError(VisitError):
    """No customer has this id."""

    code = "unknown_customer"
    status = 404


class UnknownDisputeError(VisitError):
    """No dispute has this id."""

    code = "unknown_dispute"
    status = 404


class UnknownLineError(VisitError):
    """The receipt has no such line."""

    code = "unknown_line"
    status = 422


class UnknownProductError(VisitError):
    """The shop sells no product with this GTIN."""

    code = "unknown_product"
    status = 422


class QuantityError(VisitError):
    """A quantity or weight nobody can carry out of a shop."""

    code = "quantity_invalid"
    status = 422


class BasketInvalidError(VisitError):
    """A basket that contradicts itself: a line named twice, odds outside 0..1."""

    code = "basket_invalid"
    status = 422


class IdInvalidError(VisitError):
    """An id that no device or customer can have: empty, too long, not printable."""

    code = "id_invalid"
    status = 422


class MomentInvalidError(VisitError):
    """A moment far from now: a device's clock that was never set."""

    code = "moment_invalid"
    status = 422


class CardNumberError(VisitError):
    """What looks like a card's number came where a provider's token belongs. It was kept nowhere."""

    code = "card_number_refused"
    status = 422


class PriceMissingError(VisitError):
    """Goods without a price at the moment asked for."""

    code = "price_missing"
    status = 422


class CurrencyMismatchError(VisitError):
    """An amount in another currency than the shop's."""

    code = "currency_mismatch"
    status = 422


class CodeExpiredError(VisitError):
    """An entry code older than it may be, or from the future."""

    code = "code_expired"
    status = 410


class CodeReplayedError(VisitError):
    """An entry code that already opened a gate."""

    code = "code_replayed"
    status = 409


class CodeForgedError(VisitError):
    """An entry code that was not signed by this shop, or was changed."""

    code = "code_forged"
    status = 403


class InDebtError(VisitError):
    """An earlier visit of the same payer is not paid."""

    code = "in_debt"
    status = 402


class NoCardError(VisitError):
    """A customer without a card on file."""

    code = "no_card"
    status = 402


class TransitionError(VisitError):
    """What was asked for does not fit the state the visit is in."""

    code = "transition"
    status = 409


class StaleRevisionError(VisitError):
    """A basket older than the one already journalled."""

    code = "stale_revision"
    status = 409


class CouponError(VisitError):
    """A coupon this shop does not know, or one that is used up."""

    code = "coupon_invalid"
    status = 422


class OverRefundError(VisitError):
    """More units than the receipt still has."""

    code = "over_refund"
    status = 422


class PaymentUnderWayError(VisitError):
    """The visit is being paid at this moment."""

    code = "payment_under_way"
    status = 409

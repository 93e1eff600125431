"""What may come in at all: ids that fit their columns, moments near now, numbers a database can keep.

Whatever a device or a browser sends is held against these bounds before anything else looks at it, so that nothing
fails half way for being too long, too large or not printable.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from aisle.commerce.payments.card_numbers import looks_like_card_number
from aisle.visits.errors import (
    BasketInvalidError,
    CardNumberError,
    IdInvalidError,
    MomentInvalidError,
    QuantityError,
    UnknownProductError,
)
from aisle.visits.policy import SECOND_NS, VisitPolicy

if TYPE_CHECKING:
    from aisle.visits.events import BasketLine

LONGEST_ID = 64
LARGEST_NUMBER = 2**53 - 1  # what every program that reads JSON keeps exactly
_YEAR_NS = 366 * 86_400 * SECOND_NS


def is_id(text: str) -> bool:
    """Whether a text may be an id: 1 to 64 printable characters and no slash."""
    return 0 < len(text) <= LONGEST_ID and text.isprintable() and "/" not in text


def check_id(what: str, text: str) -> None:
    """Raises IdInvalidError unless `text` may be an id."""
    if not is_id(text):
        raise IdInvalidError(
            f"{what}: this is no id", found=f"{len(text)} characters", expected="1 to 64 printable ones, no slash"
        )


def check_number(what: str, number: int) -> None:
    """Raises BasketInvalidError for numbers that are negative or beyond what JSON keeps exactly."""
    if not 0 <= number <= LARGEST_NUMBER:
        raise BasketInvalidError(f"{what} is out of bounds", found=number, expected=f"0 to {LARGEST_NUMBER}")


def check_moment(what: str, at_ns: int, now_ns: int) -> None:
    """Raises MomentInvalidError for a moment more than a year away: a clock that was never set, or another unit."""
    if abs(at_ns - now_ns) > _YEAR_NS:
        raise MomentInvalidError(
            f"{what}: this moment is more than a year away", found=at_ns, expected=f"Unix ns near {now_ns}"
        )


def check_token(token: str) -> None:
    """Raises CardNumberError for what looks like a card's number; tokens never do. The text is not repeated."""
    if looks_like_card_number(token):
        raise CardNumberError(
            "this looks like a card number: it was not kept", found="12 to 19 digits", expected="the provider's token"
        )


def check_lines(
    lines: Sequence[BasketLine], sold: Collection[str], policy: VisitPolicy, now_ns: int, *, least: int = 1
) -> None:
    """Raises a typed error for the first line that cannot be: product, quantity, weight, odds, names, moments."""
    for line in lines:
        check_id("line", line.line_id)
        if line.gtin not in sold:
            raise UnknownProductError(
                f"line {line.line_id}: the shop sells no such product", found=line.gtin, expected="a GTIN it sells"
            )
        _check_amounts(line, policy, least)
    if len({line.line_id for line in lines}) != len(lines):
        named = [line.line_id for line in lines]
        raise BasketInvalidError("a line is named twice", found=named, expected="each once")
    for line in lines:
        check_moment(f"line {line.line_id}", line.taken_at_ns, now_ns)


def _check_amounts(line: BasketLine, policy: VisitPolicy, least: int) -> None:
    if not least <= line.quantity <= policy.largest_quantity:
        raise QuantityError(
            f"line {line.line_id}: nobody takes so many",
            found=line.quantity,
            expected=f"{least} to {policy.largest_quantity}",
        )
    if line.weight_g is not None and not 0 < line.weight_g <= policy.largest_weight_g:
        raise QuantityError(
            f"line {line.line_id}: nothing weighs so much",
            found=f"{line.weight_g} g",
            expected=f"1 to {policy.largest_weight_g} g",
        )
    if not 0.0 <= line.probability <= 1.0:
        raise BasketInvalidError(
            f"line {line.line_id}: odds are from 0 to 1", found=line.probability, expected="0 to 1"
        )
    for number in (line.label_minor, line.proven_quantity):
        if number is not None:
            check_number(f"line {line.line_id}: a price or count", number)

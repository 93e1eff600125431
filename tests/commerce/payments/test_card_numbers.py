"""What looks like a card number is refused, what does not is let through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.payments.card_numbers import looks_like_card_number, refuse_card_numbers
from aisle.commerce.payments.port import CardNumberError


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("4242424242424242", id="sixteen digits"),
        pytest.param("4242 4242 4242 4242", id="in groups"),
        pytest.param("3782-822463-10005", id="fifteen, with hyphens"),
        pytest.param("630412345678", id="twelve"),
        pytest.param("6304123456789012345", id="nineteen"),
        pytest.param("number=4242424242424243;", id="within other text, mistyped"),
    ],
)
def test_card_numbers_are_refused_without_repeating_them(text: str) -> None:
    with pytest.raises(CardNumberError) as refused:
        refuse_card_numbers("tok_visa", text)
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "tok_visa",
        "pm_1P5kttEzVBJFlm8c9vwcMvTh",
        "pm_12345678901234567890",
        "pm_000001",
        "",
        "12345678901",
        "tok_visa/0123456789",
    ],
)
def test_tokens_are_let_through(text: str) -> None:
    refuse_card_numbers(text)


@given(st.integers(12, 19).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)))
def test_twelve_to_nineteen_digits_are_always_seen(digits: str) -> None:
    assert looks_like_card_number(digits)
    assert looks_like_card_number(" ".join([digits[:4], digits[4:8], digits[8:]]))

"""Entry codes: whatever is changed in one, it opens no gate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.visits.codes import Codes
from aisle.visits.errors import CodeExpiredError, CodeForgedError
from aisle.visits.policy import SECOND_NS

OLD, NEW = b"an old signing key", b"a new signing key!"
NOW = 1_790_000_000 * SECOND_NS
IDS = st.text("abcXYZ019_-", min_size=1, max_size=64)


@given(customer=IDS, nonce=IDS, age_s=st.integers(-5, 30))
def test_a_fresh_code_says_who_it_is(customer: str, nonce: str, age_s: int) -> None:
    code = Codes((OLD,)).issue(customer, NOW, nonce)
    opened = Codes((NEW, OLD)).open(code, NOW + age_s * SECOND_NS)
    assert (opened.customer_id, opened.nonce) == (customer, nonce)
    assert len(code) < 2 * 64 + 45


@given(place=st.integers(0, 45), letter=st.characters())
def test_a_changed_code_opens_nothing(place: int, letter: str) -> None:
    codes = Codes((OLD,))
    code = codes.issue("anna", NOW, "n" * 16)
    changed = code[:place] + letter + code[place + 1 :]
    with pytest.raises(CodeForgedError):
        codes.open(changed if changed != code else code + "x", NOW)


@given(text=st.text(max_size=80))
def test_any_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(CodeForgedError):
        Codes((OLD,)).open(text, NOW)


@pytest.mark.parametrize("age_s", [31, 86_400, -60], ids=["a second late", "a day late", "from the future"])
def test_an_old_code_is_refused(age_s: int) -> None:
    codes = Codes((OLD,))
    with pytest.raises(CodeExpiredError):
        codes.open(codes.issue("anna", NOW, "n"), NOW + age_s * SECOND_NS)


@pytest.mark.parametrize("customer", ["", "a b", "a.b", "a" * 65, "ü"])
def test_ids_a_code_cannot_carry_are_refused_when_it_is_made(customer: str) -> None:
    with pytest.raises(ValueError, match="letters, digits"):
        Codes((OLD,)).issue(customer, NOW, "n")

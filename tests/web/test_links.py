"""Signed addresses: what was made opens, anything else does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.web.links import SignedLinks

LINKS = SignedLinks("https://shop.example/", b"s" * 32)
GOOD = LINKS.receipt("v1").rpartition("/")[2]


def test_addresses_stand_under_the_base_with_one_slash() -> None:
    assert LINKS.receipt("v1").startswith("https://shop.example/receipts/v1.")
    assert LINKS.pay("t0ken") == "https://shop.example/pay/t0ken"
    assert len(GOOD) == len("v1.") + 22


def test_the_secret_is_never_printed() -> None:
    assert "sss" not in repr(LINKS)


@given(st.text(max_size=40))
def test_every_visit_opens_by_its_own_address(visit_id: str) -> None:
    signed = LINKS.receipt(visit_id).removeprefix("https://shop.example/receipts/")
    assert LINKS.visit_of(signed) == visit_id
    assert SignedLinks(LINKS.base, b"t" * 32).visit_of(signed) is None


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param("", id="nothing"),
        pytest.param("v1", id="no signature"),
        pytest.param("v1.", id="empty signature"),
        pytest.param(GOOD[:-1], id="cut off"),
        pytest.param(GOOD + "A", id="longer"),
        pytest.param("v2" + GOOD[2:], id="another visit"),
        pytest.param(GOOD.replace("v1.", "v1.."), id="another dot"),
        pytest.param("v1." + "é" * 22, id="not ASCII"),
        pytest.param("v1.\udcff", id="a lone surrogate"),
    ],
)
def test_forged_addresses_open_nothing(signed: str) -> None:
    assert LINKS.visit_of(signed) is None

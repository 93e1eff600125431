"""Rules a shop writes for its codes are checked when they are made, and read what they say."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aisle.store.barcodes.rules import COUNTRIES, CodeRules, Match, NumberRule, minor_units

BAD = {
    "letter": (("20IIIIIPVVVVK", "price", 2), "pattern"),
    "too short": (("20IVK", "price", 2), "pattern"),
    "kind": (("20IIIIICVVVVK", "pounds", 2), "kind 'pounds'"),
    "no value": (("20IIIIIIIIIIK", "price", 2), "needs a V"),
    "value for nothing": (("20IIIIICVVVVK", "none", 0), "needs no V"),
    "verifier of six": (("20IIICVVVVVVK", "price", 2), "four or five digits"),
    "check digit inside": (("2KIIIIICVVVV0", "price", 2), "must be the last"),
    "decimals": (("20IIIIICVVVVK", "price", 9), "0 to 6"),
}
AMOUNTS = {
    "cents": (275, 2, "EUR", 275),
    "whole crowns": (12, 0, "SEK", 1200),
    "yen": (275, 0, "JPY", 275),
    "yen have no cents": (275, 2, "JPY", None),
    "yen with empty cents": (27500, 2, "JPY", 275),
    "fils": (275, 2, "KWD", 2750),
}


@pytest.mark.parametrize(("made", "message"), BAD.values(), ids=BAD.keys())
def test_rule_that_makes_no_sense_is_refused(made: tuple[str, str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NumberRule(*made)


@pytest.mark.parametrize(("value", "decimals", "currency", "minor"), AMOUNTS.values(), ids=AMOUNTS.keys())
def test_amount_in_minor_units(value: int, decimals: int, currency: str, minor: int | None) -> None:
    assert minor_units(value, decimals, currency) == minor


def test_match_takes_the_letters_apart() -> None:
    rule = NumberRule("29IIIIIVVVVVK", "kg", 3)
    assert rule.match("2912345012552") == Match("12345", 1255, fault="check digit 2, must be 7")
    assert rule.scaled(1255) == Decimal(1255)


def test_every_country_has_rules_of_thirteen_digits() -> None:
    assert {len(rule.pattern) for rules in COUNTRIES.values() for rule in rules} == {13}


def test_country_goes_before_the_currencys() -> None:
    assert CodeRules("EUR", country="FI").all_numbers == COUNTRIES["FI"]
    assert CodeRules("ILS").all_numbers == ()

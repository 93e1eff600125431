"""Every language says everything, and money, shares and days look as each place writes them."""

from __future__ import annotations

import datetime as dt
import string
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.receipts.words import LANGUAGES, plain, tongue, words_of
from aisle.store.prices import decimals_of

NBSP, THIN = "\u00a0", "\u202f"


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_with_the_same_parts(language: str) -> None:
    english = {key: fields(text) for key, text in words_of("en").items()}
    assert {key: fields(text) for key, text in words_of(language).items()} == english | {
        key: fields(words_of(language)[key]) for key in OPTIONAL_PARTS
    }


OPTIONAL_PARTS = ("waits_one",)  # a language may leave out the count where it is one


@pytest.mark.parametrize(
    ("tag", "minor", "currency", "expected"),
    [
        pytest.param("en-US", 1578, "USD", "$15.78", id="dollars at home"),
        pytest.param("en-GB", 123456789, "GBP", "£1,234,567.89", id="grouped pounds"),
        pytest.param("de-DE", 1578, "EUR", f"15,78{NBSP}€", id="German euros"),
        pytest.param("fr-FR", 123456, "EUR", f"1{THIN}234,56{NBSP}€", id="French euros"),
        pytest.param("de-CH", 1578, "CHF", f"CHF{NBSP}15.78", id="Swiss francs"),
        pytest.param("es-ES", -60, "EUR", f"−0,60{NBSP}€", id="a reduction"),
        pytest.param("en-US", 1578, "JPY", "¥1,578", id="yen have no decimals"),
        pytest.param("de-DE", 1578, "JPY", f"1.578{NBSP}¥", id="yen in German"),
        pytest.param("en-US", 1578, "BHD", f"BHD{NBSP}1.578", id="dinars have three"),
        pytest.param("en-US", 1578, "IQD", f"IQD{NBSP}1.578", id="as kept, not as spoken"),
    ],
)
def test_money_looks_as_the_place_writes_it(tag: str, minor: int, currency: str, expected: str) -> None:
    assert tongue(tag).money(minor, currency) == expected


@given(minor=st.integers(-(10**10), 10**10), currency=st.sampled_from(["USD", "JPY", "BHD", "EUR"]))
def test_amounts_keep_every_digit(minor: int, currency: str) -> None:
    written = tongue("en-US").amount(minor, currency)
    digits = written.replace("−", "").replace(",", "")
    assert int(digits.replace(".", "")) == abs(minor)
    assert len(digits.partition(".")[2]) == decimals_of(currency)


@pytest.mark.parametrize(
    ("tag", "share", "expected"),
    [
        ("en-US", "0.0625", "6.25%"), ("en-US", "0.07", "7%"), ("en-US", "0.10", "10%"), ("en-US", "0", "0%"),
        ("de-DE", "0.07", f"7{NBSP}%"), ("fr-FR", "0.055", f"5,5{NBSP}%"), ("en-US", "0.08875", "8.875%"),
    ],
)  # fmt: skip
def test_shares_keep_their_decimals(tag: str, share: str, expected: str) -> None:
    assert tongue(tag).share(Decimal(share)) == expected


@pytest.mark.parametrize(
    ("probability", "expected"), [(0.9949, "99%"), (0.97, "97%"), (0.29, "29%"), (0.0, "0%"), (0.999, "99%")]
)
def test_nothing_looks_surer_than_it_is(probability: float, expected: str) -> None:
    assert tongue("en-US").sureness(probability) == expected


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("de-AT", "de-AT"), ("fr_CA", "fr-CA"), ("ja-JP", "en-US"), ("", "en-US"), ("x" * 500, "en-US"),
        ("../../etc", "en-US"), ("en", "en"), ("zh-Hant-TW", "en-US"), ("de-XX-bad-bad", "en-US"),
    ],
)  # fmt: skip
def test_a_tag_nobody_knows_is_answered_in_english(asked: str, spoken: str) -> None:
    assert tongue(asked).tag == spoken


@given(st.text(max_size=60))
def test_any_tag_gives_a_language(tag: str) -> None:
    assert tongue(tag).say("total")


def test_times_and_days_are_those_of_the_place() -> None:
    moment = dt.datetime(2026, 11, 22, 18, 41, tzinfo=dt.UTC)
    assert (tongue("en-US").time(moment), tongue("de").time(moment)) == (f"6:41{THIN}PM", "18:41")
    assert tongue("de").day(moment) == "Sonntag, 22. November 2026"
    assert tongue("fr").day(moment) == "dimanche 22 novembre 2026"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two\r\nlines", "two lines"), ("tab\tand\x00nul", "tab and nul"), ("\u202egnorts", "gnorts"),
        ("oil, 1 l", f"oil, 1{NBSP}l"), ("1 lamb", "1 lamb"), ("  ", ""),
    ],
)  # fmt: skip
def test_names_stay_on_one_line(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text())
def test_plain_text_holds_no_control_character(text: str) -> None:
    assert {unicodedata.category(character) for character in plain(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()

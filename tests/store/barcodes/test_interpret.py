"""What each kind of code means in a shop: products, weights, prices, coupons, stickers, and clear refusals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.store.barcodes.interpret import interpret
from aisle.store.barcodes.meaning import (
    CouponCode,
    CouponKind,
    Details,
    Meaning,
    MeasureCode,
    PriceCode,
    ProductCode,
    StickerCode,
    UnknownCode,
)
from aisle.store.barcodes.numbers import Catalogue, price_verifier
from aisle.store.barcodes.rules import CodeRules, NumberRule
from aisle.store.barcodes.symbology import Scan, Symbology
from aisle.store.codes import check_digit, in_store_gtin

TODAY = date(2026, 11, 27)
STICKERS = (
    NumberRule("98IIIIIIIIIIIIIVVV", "percent"),  # the original GTIN-13, then the discount
    NumberRule("2970VVVVVxxxK", "price", 2),
)
GERMAN = CodeRules("EUR", stickers=STICKERS)
AMERICAN = CodeRules("USD")
SHOP = Catalogue(["4006381333931", "036000291452", "4011", in_store_gtin(7), "2012340000005", "4210", "049000006346"])


def gtin(body: str) -> str:
    """The digits with their check digit."""
    return body + check_digit(body)


HEAVY = gtin("9400638133393")  # a variable-measure GTIN-14


def american(item: str, cents: str) -> str:
    """A US price-embedded UPC-A."""
    return gtin(f"2{item}{price_verifier(cents)}{cents}")


def german(prefix: str, item: str, value: str) -> str:
    return gtin(f"{prefix}{item}{price_verifier(value)}{value}")


def read(text: str, symbology: Symbology = Symbology.EAN13, rules: CodeRules = GERMAN) -> Meaning:
    return interpret(Scan(text, symbology), rules, SHOP, TODAY)


PRODUCTS = {
    "filed GTIN-13": (read("4006381333931"), ProductCode("4006381333931", True)),
    "filed as UPC, read as EAN-13": (read("0036000291452"), ProductCode("036000291452", True)),
    "not filed": (read("5000213101025"), ProductCode("5000213101025", False)),
    "UPC-E as printed": (read("04963406", Symbology.UPCE), ProductCode("049000006346", True)),
    "EAN-8 of the same look": (read("12345670", Symbology.EAN8), ProductCode("12345670", False)),
    "shop's own number": (read(in_store_gtin(7)), ProductCode(in_store_gtin(7), True)),
    "loose bananas": (read("4011", Symbology.TYPED), ProductCode("4011", True, plu=True)),
    "organic, not filed": (read("94011", Symbology.TYPED), ProductCode("94011", False, plu=True, organic=True)),
    "DataBar": (read("0104006381333931", Symbology.DATABAR), ProductCode("4006381333931", True)),
    "Digital Link with lot and date": (
        read("https://id.gs1.org/01/04006381333931/10/A1?17=261231", Symbology.QR),
        ProductCode("4006381333931", True, details=Details(lot="A1", use_by=date(2026, 12, 31))),
    ),
}
INSIDE = {
    "German weight": (
        read(german("28", "1234", "01255")),
        MeasureCode((gtin("281234000000"), "1234"), grams=Decimal(1255)),
    ),
    "German price": (read(german("22", "4210", "00399")), PriceCode((gtin("224210000000"), "4210"), 399, known="4210")),
    "German pieces": (
        read(german("25", "4210", "00006")),
        MeasureCode((gtin("254210000000"), "4210"), count=6, known="4210"),
    ),
    "US price with verifier": (
        read(american("04011", "0275"), Symbology.UPCA, AMERICAN),
        PriceCode(("0" + gtin("20401100000"), "4011", "04011"), 275, known="4011"),
    ),
    "Swedish weight in 10 g": (
        read(gtin("241234560125"), rules=CodeRules("SEK")),
        MeasureCode((gtin("241234560000"), "123456"), grams=Decimal(1250)),
    ),
    "DataBar Expanded weight and price": (
        read(f"]e001{HEAVY}31030012503922299", Symbology.DATABAR_EXPANDED),
        MeasureCode((HEAVY, "4006381333931"), grams=Decimal(1250), price_minor=299, known="4006381333931"),
    ),
    "DataBar Expanded price with currency": (
        read("]e00104006381333931393297800399", Symbology.DATABAR_EXPANDED),
        PriceCode(("4006381333931",), 399, known="4006381333931"),
    ),
    "weight in pounds": (
        read(f"]e001{HEAVY}3202000100", Symbology.DATABAR_EXPANDED, AMERICAN),
        MeasureCode((HEAVY, "4006381333931"), grams=Decimal("453.59237"), known="4006381333931"),
    ),
}
COUPONS = {
    "US five-series": (gtin("51234567890"), CouponKind.US_5),
    "EAN 99": (gtin("991234567890"), CouponKind.EAN_99),
    "common currency": (gtin("981123456789"), CouponKind.CURRENCY),
    "bottle receipt": (gtin("980123456789"), CouponKind.REFUND),
    "global coupon number": ("(255)" + gtin("950110153000"), CouponKind.GCN),
    "US paperless": ("(8112)0106141411234562891101201212085010048000214025610048000310123196000", CouponKind.US_8112),
}
REFUSED = {
    "check digit": (read("4006381333932"), "check digit 2, must be 1"),
    "US verifier": (read(gtin("204011" + "7" + "0275"), Symbology.UPCA, AMERICAN), "verifier 7 of the value 0275"),
    "price of nothing": (read(german("22", "4210", "00000")), "is zero"),
    "another shop's number": (read(in_store_gtin(8)), "a number some shop gave to itself"),
    "no UPC-E": (read("04963407", Symbology.UPCE), "no UPC-E"),
    "no PLU": (read("1234", Symbology.TYPED), "no PLU"),
    "nine digits": (read("123456789"), "9 digits"),
    "another currency": (read("]e00104006381333931393284000399", Symbology.DATABAR_EXPANDED), "must be in EUR"),
    "parts of a cent": (read("]e001040063813339313923399", Symbology.DATABAR_EXPANDED), "no whole amount of EUR"),
    "advertisement": (read("https://www.example.com/cats", Symbology.QR), "names no product"),
    "words": (read("hello", Symbology.QR), "neither digits nor GS1"),
    "broken weight": (read(f"]e001{HEAVY}31030012", Symbology.DATABAR_EXPANDED), "AI 3103 needs 6 digits"),
    "empty": (read(""), "neither digits nor GS1"),
    "endless": (read("7" * 4000), "4000 characters"),
}


@pytest.mark.parametrize(("found", "expected"), PRODUCTS.values(), ids=PRODUCTS.keys())
def test_code_of_a_product(found: Meaning, expected: ProductCode) -> None:
    assert found == expected


@pytest.mark.parametrize(("found", "expected"), INSIDE.values(), ids=INSIDE.keys())
def test_weight_or_price_inside_a_code(found: Meaning, expected: Meaning) -> None:
    assert found == expected


@pytest.mark.parametrize(("text", "kind"), COUPONS.values(), ids=COUPONS.keys())
def test_coupon_is_never_a_product(text: str, kind: CouponKind) -> None:
    found = read(text, rules=AMERICAN)
    assert isinstance(found, CouponCode) and found.kind is kind


@pytest.mark.parametrize(("found", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_code_that_cannot_be_used_says_why(found: Meaning, reason: str) -> None:
    assert isinstance(found, UnknownCode) and reason in found.reason


def test_sticker_names_the_product_it_covers() -> None:
    assert read("984006381333931030", Symbology.QR) == StickerCode(
        "984006381333931030", ("4006381333931",), Decimal(30), known="4006381333931"
    )


def test_sticker_with_a_price_belongs_to_the_piece_it_is_on() -> None:
    code = gtin("297000149000")
    assert read(code) == StickerCode(code, price_minor=149)


def test_shops_own_rule_goes_before_its_countrys() -> None:
    rules = replace(GERMAN, numbers=(NumberRule("28IIIIIVVVVVK", "kg", 3),))
    assert read(gtin("281234501255"), rules=rules) == MeasureCode((gtin("281234500000"), "12345"), grams=Decimal(1255))


@given(st.text(max_size=60), st.sampled_from(Symbology), st.sampled_from(["EUR", "USD", "SEK", "JPY", "KWD", "XXX"]))
def test_no_text_is_an_error(text: str, symbology: Symbology, currency: str) -> None:
    found = interpret(Scan(text, symbology), CodeRules(currency, stickers=STICKERS), Catalogue(), TODAY)
    assert isinstance(found, Meaning)


@given(st.text("0123456789", max_size=30), st.sampled_from(Symbology))
def test_digits_with_a_wrong_check_digit_are_never_goods(digits: str, symbology: Symbology) -> None:
    found = interpret(Scan(digits, symbology), CodeRules("USD"), Catalogue(), TODAY)
    right = len(digits) in (4, 5) or digits[-1:] == check_digit(digits[:-1]) or digits.startswith("01")
    assert right or isinstance(found, UnknownCode) or (isinstance(found, CouponCode) and found.terms is None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["01", "10", "17", "3103", "3922", "3932", "8110", "99", "7"]),
            st.text("0123456789A\x1d", max_size=20),
        ),
        max_size=5,
    )
)
def test_no_element_string_is_an_error_or_costs_less_than_nothing(fields: list[tuple[str, str]]) -> None:
    text = "]e0" + "".join(ai + data for ai, data in fields)
    found = interpret(Scan(text, Symbology.DATABAR_EXPANDED), CodeRules("EUR"), Catalogue(), TODAY)
    assert (getattr(found, "price_minor", None) or 1) > 0 and (getattr(found, "grams", None) or 1) > 0

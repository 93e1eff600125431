"""store.toml: what a shop's own codes mean, as it writes it down."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from aisle.store.barcodes.catalogue import store_catalogue
from aisle.store.barcodes.interpret import interpret
from aisle.store.barcodes.meaning import Meaning, MeasureCode, PriceCode, ProductCode, StickerCode, UnknownCode
from aisle.store.barcodes.rules import CodeRules, NumberRule
from aisle.store.barcodes.symbology import Scan, Symbology
from aisle.store.codes import check_digit
from aisle.store.folder import load_store
from aisle.store.model import Store
from aisle.store.problems import StoreError

PRODUCTS = """\
gtin,name,price,sold_by_weight,plu
036000291452,Tea,2.99,no,
2000000000077,Limes,0.39,no,4048
,Bananas,1.99,yes,4011
2612340000008,Ham,12.90,yes,
"""
RULES = """\
country = "DE"

[[number]]
pattern = "26IIIIxVVVVVK"
kind = "kg"
decimals = 3

[[sticker]]
pattern = "99xxxxxxxxVVK"
kind = "percent"
"""


def shop(folder: Path, toml: str = RULES) -> Store:
    (folder / "store.toml").write_text(f'name = "Corner"\ncurrency = "EUR"\n{toml}', encoding="utf-8")
    (folder / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    return load_store(folder)


def complete(body: str) -> str:
    return body + check_digit(body)


def test_the_rules_are_read(tmp_path: Path) -> None:
    assert shop(tmp_path).code_rules == CodeRules(
        "EUR", "DE", (NumberRule("26IIIIxVVVVVK", "kg", 3),), (NumberRule("99xxxxxxxxVVK", "percent"),)
    )


def test_without_a_country_the_currency_tells(tmp_path: Path) -> None:
    assert shop(tmp_path, "").code_rules == CodeRules("EUR")


SCANS: dict[str, tuple[str, Symbology, Meaning]] = {
    "twelve digits as thirteen": ("0036000291452", Symbology.EAN13, ProductCode("036000291452", True)),
    "twelve digits as fourteen": ("00036000291452", Symbology.DATABAR, ProductCode("036000291452", True)),
    "looked up, filed so": ("4011", Symbology.TYPED, ProductCode("4011", True, plu=True)),
    "looked up, filed under a number": ("4048", Symbology.TYPED, ProductCode("2000000000077", True, plu=True)),
    "looked up, not sold": ("4225", Symbology.TYPED, ProductCode("4225", False, plu=True)),
    "weight inside, by the shop's rule": (
        complete("261234000456"),
        Symbology.EAN13,
        MeasureCode(
            (complete("261234000000"), "1234"), grams=Decimal(456), known=complete("261234000000")
        ),
    ),
    "sticker": (complete("990000000030"), Symbology.EAN13, StickerCode(complete("990000000030"), percent=Decimal(30))),
}  # fmt: skip


@pytest.mark.parametrize(("code", "symbology", "meaning"), SCANS.values(), ids=SCANS.keys())
def test_codes_mean_what_the_shop_says(tmp_path: Path, code: str, symbology: Symbology, meaning: Meaning) -> None:
    store = shop(tmp_path)
    assert interpret(Scan(code, symbology), store.code_rules, store_catalogue(store), date(2026, 5, 1)) == meaning


def test_the_country_decides_what_a_code_holds(tmp_path: Path) -> None:
    american = shop(tmp_path, 'country = "US"')
    today, catalogue = date(2026, 5, 1), store_catalogue(american)
    scan = Scan("0212345928752", Symbology.EAN13)
    assert isinstance(interpret(scan, american.code_rules, catalogue, today), PriceCode)
    assert isinstance(interpret(scan, CodeRules("EUR"), catalogue, today), UnknownCode)


FAULTS = {
    "country in words": ('country = "Germany"', "country", "two capital letters"),
    "pattern in words": ('[[number]]\npattern = "price"\nkind = "price"', "number[1].pattern", "8 to 40 of the digits"),
    "no value": ('[[number]]\npattern = "22IIIIIIIIIIK"\nkind = "price"', "number[1].pattern", "kind price needs a V"),
    "kind": ('[[number]]\npattern = "22IIIIIVVVVVK"\nkind = "percent"', "number[1].kind", "price or kg or lb or count"),
    "no pattern": ('[[sticker]]\nkind = "none"', "sticker[1].pattern", "a text"),
    "sticker's kind": ('[[sticker]]\npattern = "99IIIIIVVVVVK"\nkind = "kg"', "sticker[1].kind", "percent or price"),
    "decimals": (
        '[[number]]\npattern = "22IIIIIVVVVVK"\nkind = "kg"\ndecimals = 7', "number[1].decimals", "from 0 to 6",
    ),
    "field misspelt": (
        '[[number]]\npatern = "22"\npattern = "22IIIIIVVVVVK"\nkind = "kg"', "number[1].patern", "pattern",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("toml", "field", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_in_the_rules_words(tmp_path: Path, toml: str, field: str, expected: str) -> None:
    with pytest.raises(StoreError) as caught:
        shop(tmp_path, toml)
    (problem,) = caught.value.report.errors
    assert (problem.file, problem.field) == ("store.toml", field)
    assert expected in problem.expected

"""promotions.toml: every kind is read as meant, and every fault is told with its place."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aisle.store.model import Product
from aisle.store.offers import (
    AmountOff,
    Bundle,
    BuyGet,
    CountForPrice,
    FixedPrice,
    Goods,
    Limits,
    Part,
    Percent,
    Promotion,
    Threshold,
    Window,
)
from aisle.store.problems import Findings, Problem
from aisle.store.promotions_file import read_promotions

TEA, BUN, BEER = "2000000001012", "2000000001029", "2000000001036"
PRODUCTS = {
    TEA: Product(TEA, "Tea", 52.0, 229, "Leaf & Lake", "drinks"),
    BUN: Product(BUN, "Bun", 80.0, 99, "Millwright", "bakery"),
    BEER: Product(BEER, "Beer", 562.0, 189, "Tin Lantern", "drinks"),
}
HEAD = '[[promotion]]\nid = "p"\nname = "P"\n'


def read(folder: Path, text: str) -> tuple[tuple[Promotion, ...], list[Problem]]:
    (folder / "promotions.toml").write_text(text, encoding="utf-8")
    findings = Findings("promotions.toml")
    return read_promotions(folder, "EUR", PRODUCTS, findings), findings.problems


# what a promotion says beside its id and name, and what it must be read as
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "percent": ('kind = "percent"\nshare = "0.25"', {"benefit": Percent(Decimal("0.25"))}),
    "amount": ('kind = "amount"\namount = "0.50"', {"benefit": AmountOff(50)}),
    "fixed price": ('kind = "fixed_price"\nprice = "0.99"', {"benefit": FixedPrice(99)}),
    "kilogram price": ('kind = "fixed_price"\nprice = "9.99"\nfrom_g = 3000', {"benefit": FixedPrice(999, 3000)}),
    "n for a price": ('kind = "count_for_price"\ncount = 3\nprice = "5"', {"benefit": CountForPrice(3, 500)}),
    "buy and get": ('kind = "buy_get"\nbuy = 2\nget = 1', {"benefit": BuyGet(2, 1)}),
    "buy one, get another": (
        'kind = "buy_get"\nbuy = 1\nget = 1\nshare = "0.5"\nbrands = ["Millwright"]\n'
        f'get_goods = {{ gtins = ["{TEA}"] }}',
        {
            "benefit": BuyGet(1, 1, Decimal("0.5"), Goods(frozenset({TEA}))),
            "goods": Goods(brands=frozenset({"Millwright"})),
        },
    ),
    "bundle": (
        f'kind = "bundle"\nprice = "2.50"\npart = [{{ gtins = ["{TEA}"] }}, {{ count = 2, categories = ["bakery"] }}]',
        {"benefit": Bundle((Part(1, Goods(frozenset({TEA}))), Part(2, Goods(categories=frozenset({"bakery"})))), 250)},
    ),
    "threshold": (
        f'kind = "threshold"\nspend = "50.00"\namount = "5.00"\nwithout = ["{BEER}"]\nwithout_categories = ["bakery"]',
        {
            "benefit": Threshold(5000, minor=500),
            "goods": Goods(without=frozenset({BEER}), without_categories=frozenset({"bakery"})),
        },
    ),
    "threshold with a share": (
        'kind = "threshold"\nspend = "50.00"\nshare = "0.1"',
        {"benefit": Threshold(5000, share=Decimal("0.1"))},
    ),
    "days and windows": (
        'kind = "percent"\nshare = "1"\nstarts = 2026-01-01\nends = "2026-01-31"\n'
        'window = [{ days = ["mon", "sun"], opens = "16:00", closes = 18:30:00 }, {}]',
        {
            "benefit": Percent(Decimal(1)),
            "starts": dt.date(2026, 1, 1),
            "ends": dt.date(2026, 1, 31),
            "windows": (Window(frozenset({0, 6}), dt.time(16), dt.time(18, 30)), Window()),
        },
    ),
    "conditions": (
        'kind = "amount"\namount = "1"\nmembers = true\ncoupon = "C"\nissuer = "manufacturer"\n'
        'limits = { visit = 1, customer = 2, campaign = 3 }\ngroup = "g"\ncombines = ["h", "g"]\nexclusive = true',
        {
            "benefit": AmountOff(100),
            "members": True,
            "coupon": "C",
            "issuer": "manufacturer",
            "limits": Limits(1, 2, 3),
            "group": "g",
            "combines": frozenset({"g", "h"}),
            "exclusive": True,
        },
    ),
}


@pytest.mark.parametrize(("text", "expected"), KINDS.values(), ids=KINDS.keys())
def test_a_promotion_is_read(text: str, expected: dict[str, Any], tmp_path: Path) -> None:
    assert read(tmp_path, HEAD + text) == ((Promotion("p", "P", **expected),), [])


# what a promotion says, and the one error: place, found, expected
FAULTS = {
    "no kind": ("", "kind", "nothing", "percent or amount or"),
    "unknown kind": ('kind = "gift"\nshare = "1"', "kind", '"gift"', "percent or amount or"),
    "field of another kind": ('kind = "percent"\nshare = "1"\nbuy = 2', "buy", "kind buy_get", "kind percent: share,"),
    "goods of a bundle": (
        f'kind = "bundle"\nprice = "1"\npart = [{{ gtins = ["{TEA}"] }}]\ngtins = ["{BUN}"]',
        "gtins",
        "a field of kind percent or",
        "kind bundle: price, part",
    ),
    "misspelt field": ('kind = "percent"\nshare = "1"\nmember = true', "member", "unknown", "members"),
    "no share": ('kind = "percent"', "share", "nothing", "above 0 and up to 1"),
    "share of nothing": ('kind = "percent"\nshare = "0.0"', "share", '"0.0"', "above 0 and up to 1"),
    "share over 1": ('kind = "percent"\nshare = "1.01"', "share", '"1.01"', "above 0 and up to 1"),
    "share as per cent": ('kind = "percent"\nshare = "25 %"', "share", '"25 %"', 'as text, such as "0.07"'),
    "share as a number": ('kind = "percent"\nshare = 0.25', "share", "0.25", "as text"),
    "amount as a number": ('kind = "amount"\namount = 1.5', "amount", "1.5", "an amount above 0 in EUR as text"),
    "amount of nothing": ('kind = "amount"\namount = "0.00"', "amount", '"0.00"', "above 0"),
    "amount below nothing": ('kind = "amount"\namount = "-1"', "amount", '"-1"', "above 0"),
    "tenths of a cent": ('kind = "amount"\namount = "0.005"', "amount", '"0.005"', "at most 2 decimals"),
    "no price": ('kind = "fixed_price"', "price", "nothing", "an amount in EUR"),
    "none for a price": ('kind = "count_for_price"\ncount = 0\nprice = "1"', "count", "0", "from 1 to 1000"),
    "buy nothing": ('kind = "buy_get"\nbuy = 0\nget = 1', "buy", "0", "from 1 to 1000"),
    "get nothing": ('kind = "buy_get"\nbuy = 1\nget = 0', "get", "0", "from 1 to 1000"),
    "bundle of nothing": ('kind = "bundle"\nprice = "1"', "part", "no parts", "[[promotion.part]]"),
    "empty part list": ('kind = "bundle"\nprice = "1"\npart = []', "part", "no parts", "[[promotion.part]]"),
    "part with a misspelt field": (
        'kind = "bundle"\nprice = "1"\npart = [{ category = ["bakery"] }]',
        "part[1].category",
        "an unknown field",
        "categories",
    ),
    "nothing off": ('kind = "threshold"\nspend = "9"', "amount", "neither amount nor share", "one of the two"),
    "two things off": (
        'kind = "threshold"\nspend = "9"\namount = "1"\nshare = "1"',
        "amount",
        "amount and share",
        "one of the two",
    ),
    "spend nothing": ('kind = "threshold"\nspend = "0"\namount = "1"', "spend", '"0"', "above 0"),
    "not sold": ('kind = "percent"\nshare = "1"\ngtins = ["4011"]', "gtins", '"4011"', "a product of products.csv"),
    "no such category": (
        'kind = "percent"\nshare = "1"\ncategories = ["drink"]',
        "categories",
        '"drink"',
        "a category of products.csv",
    ),
    "no such brand": ('kind = "percent"\nshare = "1"\nbrands = ["X"]', "brands", '"X"', "a brand of products.csv"),
    "not sold in exchange": (
        'kind = "buy_get"\nbuy = 1\nget = 1\nget_goods = { gtins = ["4011"] }',
        "get_goods.gtins",
        '"4011"',
        "a product of products.csv",
    ),
    "day that is none": ('kind = "percent"\nshare = "1"\nstarts = "1 May"', "starts", '"1 May"', "2026-01-31"),
    "ends before it starts": (
        'kind = "percent"\nshare = "1"\nstarts = 2026-02-01\nends = 2026-01-31',
        "ends",
        "2026-01-31",
        "a day not before starts, 2026-02-01",
    ),
    "day of the week": (
        'kind = "percent"\nshare = "1"\nwindow = [{ days = ["monday"] }]',
        "window[1].days",
        '"monday"',
        "mon, tue",
    ),
    "time that is none": (
        'kind = "percent"\nshare = "1"\nwindow = [{ opens = "4 pm" }]',
        "window[1].opens",
        '"4 pm"',
        'such as "16:00"',
    ),
    "time of another zone": (
        'kind = "percent"\nshare = "1"\nwindow = [{ opens = "16:00+02:00" }]',
        "window[1].opens",
        '"16:00+02:00"',
        "a local time of day",
    ),
    "closes before it opens": (
        'kind = "percent"\nshare = "1"\nwindow = [{ opens = "22:00", closes = "02:00" }]',
        "window[1].closes",
        "02:00",
        "after opens, 22:00",
    ),
    "limit of nothing": ('kind = "percent"\nshare = "1"\nlimits = { visit = 0 }', "limits.visit", "0", "from 1"),
    "manufacturer without a code": (
        'kind = "amount"\namount = "1"\nissuer = "manufacturer"',
        "coupon",
        "nothing",
        "the code of the manufacturer's coupon",
    ),
}


@pytest.mark.parametrize(("text", "place", "found", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_place(text: str, place: str, found: str, expected: str, tmp_path: Path) -> None:
    problem = read(tmp_path, HEAD + text)[1][0]
    assert (problem.level, problem.field) == ("error", f"promotion[1].{place}")
    assert found in problem.found
    assert expected in problem.expected


TWICE = {
    "ids": ('[[promotion]]\nid = "p"\nname = "Q"\nkind = "percent"\nshare = "1"', "id", "an id no other promotion has"),
    "coupons": (
        '[[promotion]]\nid = "q"\nname = "Q"\nkind = "percent"\nshare = "1"\ncoupon = "C"',
        "coupon",
        "a code of its own: promotion[1] has this one",
    ),
}


@pytest.mark.parametrize(("second", "field", "expected"), TWICE.values(), ids=TWICE.keys())
def test_what_must_be_unique(second: str, field: str, expected: str, tmp_path: Path) -> None:
    (problem,) = read(tmp_path, f'{HEAD}kind = "percent"\nshare = "1"\ncoupon = "C"\n{second}')[1]
    assert (problem.field, problem.expected) == (f"promotion[2].{field}", expected)


def test_several_faults_of_one_promotion_are_found_together(tmp_path: Path) -> None:
    text = f'{HEAD}kind = "buy_get"\nbuy = 0\nget = "one"\nshare = 2\ngtins = ["4011"]\nstarts = 7\nprice = "1"'
    places = {problem.field for problem in read(tmp_path, text)[1]}
    assert places == {f"promotion[1].{name}" for name in ("buy", "get", "share", "gtins", "starts", "price")}

"""Taxes of a basket: exact, rounded where the law wants it, and adding up whichever way they are summed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.money import rounded
from aisle.commerce.pricing.priced import TaxLine
from aisle.commerce.pricing.tax import Taxable, Taxed, TaxTable
from aisle.store.offers import Taxes, TaxRate
from aisle.store.tax_file import packaged_taxes

TODAY = dt.date(2026, 5, 10)
VAT = (TaxRate("standard", Decimal("0.19")), TaxRate("reduced", Decimal("0.07")))
CITY = (
    TaxRate("general", Decimal("0.04"), "State"),
    TaxRate("general", Decimal("0.045"), "City"),
    TaxRate("general", Decimal("0.00375"), "Transport"),
    TaxRate("grocery", Decimal(0), "State"),
)


def line(category: str, share: str, net: int, tax: int, authority: str = "") -> TaxLine:
    return TaxLine(category, authority, share, net, tax)


# the taxes, the lines (category, amount[, deposit]), the tax lines, the tax of each line and of each deposit
CASES: dict[str, tuple[Taxes, list[tuple[Any, ...]], list[TaxLine], list[int], list[int]]] = {
    "nothing": (Taxes(rates=VAT), [], [], [], []),
    "one line of 1.19": (Taxes(rates=VAT), [("standard", 119)], [line("standard", "0.19", 100, 19)], [19], [0]),
    "rounded half up": (Taxes(rates=VAT), [("reduced", 100)], [line("reduced", "0.07", 93, 7)], [7], [0]),
    "per rate": (
        Taxes(rates=VAT),
        [("standard", 79), ("reduced", 59), ("standard", 79), ("standard", 79)],
        [line("standard", "0.19", 199, 38), line("reduced", "0.07", 55, 4)],
        [13, 4, 13, 12],
        [0, 0, 0, 0],
    ),
    "per line": (
        Taxes(rates=VAT, rounding="line"),
        [("standard", 79), ("standard", 79), ("standard", 79)],
        [line("standard", "0.19", 198, 39)],
        [13, 13, 13],
        [0, 0, 0],
    ),
    "per receipt": (
        Taxes(False, (TaxRate("a", Decimal("0.05")), TaxRate("b", Decimal("0.05"))), "receipt"),
        [("a", 10), ("b", 10)],
        [line("a", "0.05", 10, 1), line("b", "0.05", 10, 0)],
        [1, 0],
        [0, 0],
    ),
    "deposit like the goods": (
        Taxes(rates=VAT),
        [("reduced", 129, 0), ("standard", 99, 25)],
        [line("standard", "0.19", 104, 20), line("reduced", "0.07", 121, 8)],
        [8, 16],
        [0, 4],
    ),
    "deposit not taxed": (
        Taxes(rates=VAT, deposit_category=""),
        [("standard", 119, 25)],
        [line("standard", "0.19", 100, 19)],
        [19],
        [0],
    ),
    "deposit at its own rate": (
        Taxes(rates=VAT, deposit_category="reduced"),
        [("standard", 119, 107)],
        [line("standard", "0.19", 100, 19), line("reduced", "0.07", 100, 7)],
        [19],
        [7],
    ),
    "three authorities on top": (
        Taxes(included=False, rates=CITY),
        [("general", 1000)],
        [
            line("general", "0.04", 1000, 40, "State"),
            line("general", "0.045", 1000, 45, "City"),
            line("general", "0.00375", 1000, 4, "Transport"),
        ],
        [89],
        [0],
    ),
    "exempt goods have a line of nothing": (
        Taxes(included=False, rates=CITY),
        [("grocery", 1000)],
        [line("grocery", "0", 1000, 0, "State")],
        [0],
        [0],
    ),
    "no rate, no line": (Taxes(rates=VAT), [("", 500), ("books", 500, 20)], [], [0, 0], [0, 0]),
    "goods for nothing": (Taxes(rates=VAT), [("standard", 0)], [], [0], [0]),
}


@pytest.mark.parametrize(("taxes", "lines", "expected", "on_lines", "on_deposits"), CASES.values(), ids=CASES.keys())
def test_tax_lines(
    taxes: Taxes, lines: list[tuple[Any, ...]], expected: list[TaxLine], on_lines: list[int], on_deposits: list[int]
) -> None:
    taxed = TaxTable(taxes).tax_lines([Taxable(*line_) for line_ in lines], TODAY)
    assert taxed == Taxed(tuple(expected), tuple(on_lines), tuple(on_deposits), sum(on_lines) + sum(on_deposits))


# day, category -> share of value-added tax in Germany
GERMANY = {
    "before": (dt.date(2020, 6, 30), "standard", "0.19"),
    "first low day": (dt.date(2020, 7, 1), "standard", "0.16"),
    "last low day": (dt.date(2020, 12, 31), "standard", "0.16"),
    "after": (dt.date(2021, 1, 1), "standard", "0.19"),
    "reduced, low": (dt.date(2020, 9, 1), "reduced", "0.05"),
    "reduced, today": (TODAY, "reduced", "0.07"),
}


@pytest.mark.parametrize(("day", "category", "share"), GERMANY.values(), ids=GERMANY.keys())
def test_rates_have_their_days(day: dt.date, category: str, share: str) -> None:
    assert [rate.share for rate in TaxTable(packaged_taxes("DE")).rates(category, day)] == [Decimal(share)]


def test_of_an_authority_the_rate_that_starts_last_counts() -> None:
    later = TaxRate("general", Decimal("0.05"), "State", starts=dt.date(2026, 1, 1))
    rates = TaxTable(Taxes(False, (later, *CITY))).rates("general", TODAY)
    assert [(rate.authority, rate.share) for rate in rates] == [
        ("State", Decimal("0.05")),
        ("City", Decimal("0.045")),
        ("Transport", Decimal("0.00375")),
    ]


def test_negative_amounts_are_refused() -> None:
    with pytest.raises(ValueError, match="found an amount of -1 on line 2; expected none below 0"):
        TaxTable(Taxes(rates=VAT)).tax_lines([Taxable("standard", 5), Taxable("standard", -1)], TODAY)


CATEGORIES = ["a", "b", "c"]
rates = st.builds(
    TaxRate,
    st.sampled_from(CATEGORIES),
    st.decimals(0, 1, places=4) | st.decimals(0, Decimal("0.25"), places=2),
    st.sampled_from(["", "State", "City"]),
)
tables = st.builds(
    Taxes,
    st.booleans(),
    st.lists(rates, max_size=6).map(tuple),
    st.sampled_from(["line", "rate", "receipt"]),
    st.sampled_from(["", "goods", *CATEGORIES]),
).map(TaxTable)
taxables = st.builds(
    Taxable, st.sampled_from(["", *CATEGORIES]), st.integers(0, 20) | st.integers(0, 10**7), st.sampled_from([0, 8, 25])
)
baskets = st.lists(taxables, max_size=12)


@given(tables, baskets)
def test_all_sums_agree(table: TaxTable, lines: list[Taxable]) -> None:
    taxed = table.tax_lines(lines, TODAY)
    assert sum(tax.tax_minor for tax in taxed.taxes) == taxed.total_minor
    assert sum(taxed.lines_minor) + sum(taxed.deposits_minor) == taxed.total_minor


@given(tables, baskets)
def test_no_tax_is_negative_or_more_than_what_is_taxed(table: TaxTable, lines: list[Taxable]) -> None:
    taxed = table.tax_lines(lines, TODAY)
    assert min((tax.tax_minor for tax in taxed.taxes), default=0) >= 0
    most = 1 if table.taxes.included else 3  # three authorities may take all of it each
    pairs = [
        *((line_.amount_minor, tax) for line_, tax in zip(lines, taxed.lines_minor, strict=True)),
        *((line_.deposit_minor, tax) for line_, tax in zip(lines, taxed.deposits_minor, strict=True)),
    ]
    assert [pair for pair in pairs if not 0 <= pair[1] <= most * pair[0]] == []


@given(tables, baskets)
def test_net_and_tax_of_a_group_are_its_gross(table: TaxTable, lines: list[Taxable]) -> None:
    taxed = table.tax_lines(lines, TODAY)
    gross = {category: 0 for category in CATEGORIES}
    for taxable in lines:
        of_deposit = taxable.category if table.taxes.deposit_category == "goods" else table.taxes.deposit_category
        for category, amount in ((taxable.category, taxable.amount_minor), (of_deposit, taxable.deposit_minor)):
            gross[category] = gross.get(category, 0) + amount
    for category, of_group in groupby(taxed.taxes, key=lambda tax: tax.category):
        group = list(of_group)
        inside = sum(tax.tax_minor for tax in group) * table.taxes.included
        assert {tax.net_minor for tax in group} == {gross[category] - inside}


@given(tables, baskets, st.data())
def test_a_dearer_basket_bears_no_less_tax(table: TaxTable, lines: list[Taxable], data: st.DataObject) -> None:
    more = [Taxable(t.category, t.amount_minor + data.draw(st.integers(0, 99)), t.deposit_minor) for t in lines]
    assert table.tax_lines(more, TODAY).total_minor >= table.tax_lines(lines, TODAY).total_minor


@given(st.booleans(), st.lists(rates, max_size=6), baskets)
def test_a_receipt_rounded_as_a_whole_is_the_exact_tax_rounded(
    included: bool, some: list[TaxRate], lines: list[Taxable]
) -> None:
    table = TaxTable(Taxes(included, tuple(some), "receipt"))
    exact = Fraction(0)
    for taxable in lines:
        share = sum((Fraction(rate.share) for rate in table.rates(taxable.category, TODAY)), Fraction(0))
        amount = taxable.amount_minor + taxable.deposit_minor
        exact += amount * share / (1 + share if included else 1)
    assert table.tax_lines(lines, TODAY).total_minor == rounded(exact)

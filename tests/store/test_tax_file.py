"""tax.toml: a jurisdiction by name, rates of the shop's own over it, and every fault with its place."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from aisle.store.example import example_store
from aisle.store.folder import check_store, write_store
from aisle.store.offers import Taxes, TaxRate
from aisle.store.problems import Findings, Problem
from aisle.store.tax_file import jurisdictions, packaged_taxes, read_taxes, taxes_text

TODAY = dt.date(2026, 11, 1)


def read(folder: Path, text: str) -> tuple[Taxes, list[Problem]]:
    (folder / "tax.toml").write_text(text, encoding="utf-8")
    findings = Findings("tax.toml")
    return read_taxes(folder, findings)[0], findings.problems


def total(taxes: Taxes, category: str, day: dt.date) -> Decimal:
    """All shares on a category on a day."""
    first, last = dt.date.min, dt.date.max
    valid = [rate for rate in taxes.rates if (rate.starts or first) <= day <= (rate.ends or last)]
    return sum((rate.share for rate in valid if rate.category == category), Decimal(0))


def test_rates_of_ones_own(tmp_path: Path) -> None:
    text = """
        included = false
        rounding = "line"
        deposits = "general"
        manufacturer_coupons_reduce = true
        [[rate]]
        category = "general"
        share = "0.05"
        authority = "County"
        starts = 2026-01-01
        ends = "2026-12-31"
        [[rate]]
        category = "exempt"
        share = "0"
    """
    county = TaxRate("general", Decimal("0.05"), "County", dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    expected = Taxes(False, (county, TaxRate("exempt", Decimal(0))), "line", "general", True)
    assert read(tmp_path, text) == (expected, [])
    assert read(tmp_path, taxes_text(expected)) == (expected, [])


def test_without_the_file_nothing_is_taxed(tmp_path: Path) -> None:
    assert read_taxes(tmp_path, Findings("tax.toml")) == (Taxes(), frozenset())


@pytest.mark.parametrize("name", jurisdictions())
def test_a_jurisdiction_is_read_and_written_by_its_name(name: str, tmp_path: Path) -> None:
    taxes, problems = read(tmp_path, f'jurisdiction = "{name}"')
    assert (taxes, problems) == (packaged_taxes(name), [])
    assert f'jurisdiction = "{name}"' in taxes_text(taxes)


# jurisdiction, category, day -> share of all authorities together
KNOWN = {
    "Germany, standard": ("DE", "standard", TODAY, "0.19"),
    "Germany, second half of 2020": ("DE", "standard", dt.date(2020, 12, 31), "0.16"),
    "Germany, reduced in 2020": ("DE", "reduced", dt.date(2020, 7, 1), "0.05"),
    "Austria, staples before": ("AT", "staples", dt.date(2026, 6, 30), "0.10"),
    "Austria, staples": ("AT", "staples", TODAY, "0.049"),
    "France, food": ("FR", "food", TODAY, "0.055"),
    "France, standard in 2013": ("FR", "standard", dt.date(2013, 12, 31), "0.196"),
    "New York City, sweets": ("US-NY-NYC", "candy", TODAY, "0.08875"),
    "New York City, food": ("US-NY-NYC", "grocery", TODAY, "0"),
    "New Jersey, soft drinks": ("US-NJ", "soft_drinks", TODAY, "0.06625"),
    "California, sweets": ("US-CA", "candy", TODAY, "0"),
    "California, soft drinks": ("US-CA", "soft_drinks", TODAY, "0.0725"),
    "Austin": ("US-TX-AUSTIN", "general", TODAY, "0.0825"),
    "Idaho, food": ("US-ID", "grocery", TODAY, "0.06"),
    "Oregon": ("US-OR", "general", TODAY, "0"),
}


@pytest.mark.parametrize(("name", "category", "day", "share"), KNOWN.values(), ids=KNOWN.keys())
def test_known_rates(name: str, category: str, day: dt.date, share: str) -> None:
    assert total(packaged_taxes(name), category, day) == Decimal(share)


@pytest.mark.parametrize("name", jurisdictions())
def test_dated_rates_of_an_authority_follow_one_another(name: str) -> None:
    """No two overlap, so that adding them up by day is right."""
    spans: dict[tuple[str, str], list[tuple[dt.date, dt.date]]] = {}
    for rate in packaged_taxes(name).rates:
        span = (rate.starts or dt.date.min, rate.ends or dt.date.max)
        spans.setdefault((rate.category, rate.authority), []).append(span)
    edges = [[day for span in sorted(of_one) for day in span] for of_one in spans.values()]
    assert [days for days in edges if days != sorted(set(days))] == []


def test_a_rate_of_ones_own_replaces_that_of_its_authority(tmp_path: Path) -> None:
    taxes, problems = read(tmp_path, 'jurisdiction = "DE"\nrate = [{ category = "reduced", share = "0.06" }]')
    assert problems == []
    assert [rate.share for rate in taxes.rates if rate.category == "reduced"] == [Decimal("0.06")]
    assert total(taxes, "standard", TODAY) == Decimal("0.19")


def test_a_rate_of_another_authority_comes_on_top(tmp_path: Path) -> None:
    district = '{ category = "general", share = "0.01", authority = "Transit district" }'
    taxes, problems = read(tmp_path, f'jurisdiction = "US-CA"\nrate = [{district}]')
    assert (total(taxes, "general", TODAY), problems) == (Decimal("0.0825"), [])


RATE = "[[rate]]\ncategory = "
FAULTS = {
    "unknown jurisdiction": ('jurisdiction = "DEU"', "jurisdiction", '"DEU"', "DE"),
    "share as a number": (f'{RATE}"a"\nshare = 0.19', "rate[1].share", "0.19", 'as text, such as "0.07"'),
    "share over 1": (f'{RATE}"a"\nshare = "19"', "rate[1].share", '"19"', "from 0 to 1"),
    "no share": (f'{RATE}"a"', "rate[1].share", "nothing", "from 0 to 1"),
    "no category": ('[[rate]]\nshare = "0"', "rate[1].category", "nothing", "a text"),
    "category of blanks": (f'{RATE}" a"\nshare = "0"', "rate[1].category", '" a"', "without blanks"),
    "category with a meaning": (f'{RATE}"goods"\nshare = "0"', "rate[1].category", '"goods"', "a name other than"),
    "unknown rounding": ('rounding = "never"', "rounding", '"never"', "line or rate or receipt"),
    "unknown deposits": ('deposits = "bottles"', "deposits", '"bottles"', "goods or none"),
    "ends before it starts": (
        f'{RATE}"a"\nshare = "0"\nstarts = 2026-02-01\nends = 2026-01-01',
        "rate[1].ends",
        "2026-01-01",
        "a day not before starts",
    ),
    "two at once": (
        f'{RATE}"a"\nshare = "0.1"\n{RATE}"a"\nshare = "0.2"',
        "rate[2].starts",
        '"a" from ever',
        "a start of its own: rate[1] has this one",
    ),
    "misspelt field": (f'{RATE}"a"\nshare = "0"\nstart = 2026-01-01', "rate[1].start", "an unknown field", "starts"),
}


@pytest.mark.parametrize(("text", "place", "found", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_place(text: str, place: str, found: str, expected: str, tmp_path: Path) -> None:
    problem = read(tmp_path, text)[1][0]
    assert (problem.field, problem.found) == (place, found)
    assert expected in problem.expected


def test_the_former_tax_table_says_what_to_write_where(tmp_path: Path) -> None:
    write_store(example_store(), tmp_path)
    (tmp_path / "tax.toml").unlink()
    with (tmp_path / "store.toml").open("a", encoding="utf-8") as out:
        out.write('\n[tax]\nincluded = true\n[tax.rates]\nreduced = "0.07"\nstandard = "0.19"\n')
    (problem,) = check_store(tmp_path).errors
    assert (problem.file, problem.field, problem.found) == ("store.toml", "tax", "a table [tax]")
    assert problem.expected == (
        'no tax here; write in tax.toml: included = true; [[rate]] category = "reduced", share = "0.07"; '
        '[[rate]] category = "standard", share = "0.19"'
    )

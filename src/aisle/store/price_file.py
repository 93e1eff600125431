"""`prices.csv`: prices with dates, and member prices, laid over the standing prices of `products.csv`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from aisle.store.model import Product
from aisle.store.offers import Price
from aisle.store.prices import format_amount
from aisle.store.problems import Findings, shown
from aisle.store.table import Row, read_table, write_table

FILE = "prices.csv"
COLUMNS = ("gtin", "price", "member_price", "starts", "ends")
REQUIRED = ("gtin", "price")
FIRST_YEAR, LAST_YEAR = 1970, 2199
_DAY = dt.timedelta(days=1)
_EXPECTED = f"a day (2026-01-31) or a local time (2026-01-31T18:00) from {FIRST_YEAR} to {LAST_YEAR}"


def read_prices(folder: Path, currency: str, products: Mapping[str, Product], findings: Findings) -> tuple[Price, ...]:
    """The prices in file order; none when the file is missing, which is no fault."""
    if not (folder / FILE).exists():
        return ()
    prices: list[Price] = []
    lines: dict[tuple[str, dt.datetime | None], int] = {}
    for row in read_table(folder / FILE, COLUMNS, REQUIRED, findings):
        price = _price(row, currency, products)
        first = lines.setdefault((price.gtin, price.starts), row.line)
        if row.sound and first != row.line:
            row.error(
                "starts", row.cell("starts") or "nothing", f"a start of its own: the price of line {first} has it"
            )
        prices.append(price)
    return tuple(prices)


def prices_text(prices: Sequence[Price], currency: str) -> str:
    """The file's text, one line per price."""
    return write_table(COLUMNS, (_cells(price, currency) for price in prices))


def _price(row: Row, currency: str, products: Mapping[str, Product]) -> Price:
    gtin = row.text("gtin", required=True)
    if gtin and gtin not in products:
        row.error("gtin", shown(gtin), "a product of products.csv")
    minor, member = row.required_amount("price", currency), row.amount("member_price", currency)
    if row.sound and member is not None and member > minor:
        row.error("member_price", row.cell("member_price"), f"at most the price, {row.cell('price')}")
    starts, ends = _moment(row, "starts", dt.timedelta()), _moment(row, "ends", _DAY)
    if starts is not None and ends is not None and ends <= starts:
        row.error("ends", row.cell("ends"), f"an end after the start, {row.cell('starts')}")
    return Price(gtin, minor, member, starts, ends)


def _moment(row: Row, column: str, day_lasts: dt.timedelta) -> dt.datetime | None:
    """A local time; a mere day means its midnight and `day_lasts` more. None for an empty cell or a wrong one."""
    cell = row.text(column)
    if not cell:
        return None
    moment = _parsed(cell, day_lasts)
    if moment is None or moment.tzinfo is not None or not FIRST_YEAR <= moment.year <= LAST_YEAR:
        row.error(column, shown(cell), _EXPECTED)
        return None
    return moment


def _parsed(cell: str, day_lasts: dt.timedelta) -> dt.datetime | None:
    try:
        return dt.datetime.combine(dt.date.fromisoformat(cell), dt.time()) + day_lasts
    except (ValueError, OverflowError):
        pass
    try:
        return dt.datetime.fromisoformat(cell)
    except ValueError:
        return None


def _cells(price: Price, currency: str) -> list[str]:
    member = "" if price.member_minor is None else format_amount(price.member_minor, currency)
    starts = "" if price.starts is None else price.starts.isoformat()
    ends = "" if price.ends is None else price.ends.isoformat()
    if price.starts is not None and price.starts.time() == dt.time():
        starts = price.starts.date().isoformat()
    if price.ends is not None and price.ends.time() == dt.time():
        ends = (price.ends - _DAY).date().isoformat()
    return [price.gtin, format_amount(price.price_minor, currency), member, starts, ends]

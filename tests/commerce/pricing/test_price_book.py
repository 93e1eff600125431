"""The price in force at a moment: dated over standing, the latest start first, local times across clock changes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.pricing.price_book import PriceBook
from aisle.store.model import Product, Store
from aisle.store.offers import Price

TEA, FREEBIE, ODD = "2000000001012", "local-leaflet", "2000000001029"
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
SHOP = Store(
    name="Corner Shop",
    currency="EUR",
    time_zone="Europe/Berlin",
    products={
        TEA: Product(TEA, "Tea", 52.0, 229),
        FREEBIE: Product(FREEBIE, "Leaflet", None, 0),
        ODD: Product(ODD, "Nobody priced it", None, 0),
    },
    shelves=(),
    facings=(),
)


def book(*prices: Price) -> PriceBook:
    return PriceBook(dataclasses.replace(SHOP, prices=prices))


def day(number: int) -> dt.datetime:
    return dt.datetime(2026, 5, number)


# the prices of the tea in May, and what it costs on the 10th at noon
FORCE = {
    "no dated price": ((), 229),
    "an open one": ((Price(TEA, 199),), 199),
    "one that has begun": ((Price(TEA, 199, starts=day(10)),), 199),
    "one to come": ((Price(TEA, 199, starts=day(11)),), 229),
    "one that has ended": ((Price(TEA, 199, starts=day(1), ends=day(10)),), 229),
    "the later start counts": ((Price(TEA, 199, starts=day(9)), Price(TEA, 209, starts=day(3))), 199),
    "also when it is dearer": ((Price(TEA, 249, starts=day(9)), Price(TEA, 209, starts=day(3))), 249),
    "the earlier comes back": ((Price(TEA, 199, starts=day(8), ends=day(9)), Price(TEA, 209, starts=day(3))), 209),
    "a start beats no start": ((Price(TEA, 209, starts=day(3)), Price(TEA, 199)), 209),
    "of two alike the later line": ((Price(TEA, 209), Price(TEA, 199)), 199),
    "free for a day": ((Price(TEA, 0, starts=day(10), ends=day(11)),), 0),
    "an end before its start": ((Price(TEA, 1, starts=day(12), ends=day(9)),), 229),
}


@pytest.mark.parametrize(("prices", "expected"), FORCE.values(), ids=FORCE.keys())
def test_the_price_in_force(prices: tuple[Price, ...], expected: int) -> None:
    assert book(*prices).shelf(TEA, dt.datetime(2026, 5, 10, 12, tzinfo=BERLIN)) == expected


def test_a_start_is_included_and_an_end_is_not() -> None:
    prices = book(Price(TEA, 199, starts=day(10), ends=day(11)))
    ends = [day(10), day(11)]
    tick = dt.timedelta(microseconds=1)
    moments = [moment.replace(tzinfo=BERLIN) for end in ends for moment in (end - tick, end)]
    assert [prices.shelf(TEA, moment) for moment in moments] == [229, 199, 199, 229]


# local times are the shop's: midnight in Berlin is 22:00 UTC in summer, 23:00 in winter
MIDNIGHTS = {"summer": (dt.datetime(2026, 7, 1), 22), "winter": (dt.datetime(2026, 12, 1), 23)}


@pytest.mark.parametrize(("local", "hour"), MIDNIGHTS.values(), ids=MIDNIGHTS.keys())
def test_times_are_the_shops(local: dt.datetime, hour: int) -> None:
    prices = book(Price(TEA, 199, starts=local))
    there = dt.datetime(local.year, local.month - 1, 30, hour, tzinfo=dt.UTC)
    assert prices.shelf(TEA, there) == 199
    assert prices.shelf(TEA, there - dt.timedelta(seconds=1)) == 229


def test_a_standing_price_of_nothing_is_no_price() -> None:
    noon = dt.datetime(2026, 5, 10, 12, tzinfo=dt.UTC)
    prices = book(Price(FREEBIE, 0))
    assert (prices.shelf(FREEBIE, noon), prices.shelf(ODD, noon), prices.shelf("4011", noon)) == (0, None, None)


def test_member_prices_belong_to_their_price() -> None:
    prices = book(Price(TEA, 229, member_minor=199), Price(TEA, 219, starts=day(10)))
    assert [prices.member(TEA, day(n).replace(tzinfo=BERLIN)) for n in (9, 10)] == [199, None]
    assert prices.member(ODD, day(9).replace(tzinfo=BERLIN)) is None


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone; expected one with a zone"):
        book().shelf(TEA, day(1))


hours = st.integers(0, 200).map(lambda hour: dt.datetime(2026, 3, 26) + dt.timedelta(hours=hour))
some_prices = st.lists(
    st.builds(Price, st.just(TEA), st.integers(0, 500), st.none() | st.just(1), st.none() | hours, st.none() | hours),
    max_size=8,
)


@given(some_prices, hours)
def test_the_time_line_says_what_going_through_the_list_says(prices: list[Price], at: dt.datetime) -> None:
    moment = at.replace(tzinfo=BERLIN).astimezone(dt.UTC)
    past = dt.datetime.min.replace(tzinfo=dt.UTC)
    in_utc = [
        (
            p.starts.replace(tzinfo=BERLIN).astimezone(dt.UTC) if p.starts else past,
            p.ends.replace(tzinfo=BERLIN).astimezone(dt.UTC) if p.ends else None,
            place,
        )
        for place, p in enumerate(prices)
    ]
    valid = [(start, place) for start, end, place in in_utc if start <= moment and (end is None or moment < end)]
    newest = max(valid, default=None)
    expected = (229, None) if newest is None else (prices[newest[1]].price_minor, prices[newest[1]].member_minor)
    asked = book(*prices)
    assert (asked.shelf(TEA, moment), asked.member(TEA, moment)) == expected

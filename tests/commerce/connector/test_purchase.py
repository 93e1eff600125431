"""A settled visit becomes a purchase that every reader of the format takes."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.connector.purchase import Arrival, Goods, MappingError, SettledVisit, purchase_of, written
from aisle.commerce.connector.reading import read_purchase
from commerce.connector.messages import START_NS, VISIT


def test_a_visit_as_it_travels() -> None:
    document = json.loads(written(purchase_of(VISIT)))
    assert document["idempotentShoppingTripId"] == "visit-1"
    assert document["shoppingTrip"]["startTime"] == "2026-11-22T17:41:00Z"
    assert document["shoppingTrip"]["endTime"] == "2026-11-22T17:57:00Z"
    [event] = document["shoppingTrip"]["authEvents"]
    assert event["scanResult"] == {"id": "ada", "type": "SHOPPER"}
    assert document["cartItems"] == [
        {
            "id": "012345678905",
            "type": "SKU",
            "quantity": {"value": "2", "unit": "unit"},
            "externalIdentifiers": [{"id": "012345678905", "type": "UPC"}],
            "lineItemId": "line-1",
        },
        {
            "id": "4011",
            "type": "SKU",
            "quantity": {"value": "0.486", "unit": "kg"},
            "externalIdentifiers": [{"id": "4011", "type": "PLU"}],
            "lineItemId": "line-2",
        },
    ]
    assert (document["shopperIdentity"], document["paymentSource"]) == ({"id": "ada"}, {"id": "card-1"})


def test_the_same_visit_is_the_same_message() -> None:
    assert written(purchase_of(VISIT)) == written(purchase_of(VISIT))


@pytest.mark.parametrize(
    ("way", "payload", "location", "kind"),
    [
        ("code", "SCAN_CODE", "ENTRY", "SHOPPER"), ("card", "FINANCIAL", "ENTRY", "SHOPPER"),
        ("guest", "SCAN_CODE", "ENTRY", "SHOPPER"), ("staff", "SCAN_CODE", "ENTRY", "ASSOCIATE"),
        ("manual", "SCAN_CODE", "MANUAL_ENTRY", "SHOPPER"),
    ],
)  # fmt: skip
def test_ways_to_arrive(way: str, payload: str, location: str, kind: str) -> None:
    visit = dataclasses.replace(VISIT, arrivals=(Arrival(way, START_NS, "ada"),))  # type: ignore[arg-type]
    [event] = purchase_of(visit).shopping_trip.auth_events
    assert event.scan_result is not None
    assert (event.payload_type, event.location, event.scan_result.type) == (payload, location, kind)


@pytest.mark.parametrize(
    ("gtin", "kinds"),
    [
        ("96385074", ["EAN"]), ("4006381333931", ["EAN"]), ("012345678905", ["UPC"]), ("10012345678902", ["GTIN"]),
        ("94011", ["PLU"]), ("local-bread", []), ("123456", []), ("٣٣٣٣", []),
    ],
)  # fmt: skip
def test_codes_are_called_what_the_trade_calls_them(gtin: str, kinds: list[str]) -> None:
    [item] = purchase_of(dataclasses.replace(VISIT, goods=(Goods("l", gtin, 1),))).cart_items
    assert [known.type for known in item.external_identifiers] == kinds


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"arrivals": ()}, "no arrival", id="nobody came"),
        pytest.param({"goods": (Goods("l", "4011", 10**10),)}, "expected 0 to 9999999999", id="too many"),
        pytest.param({"goods": (Goods("l", "4011", 1, weight_g=10**10),)}, "quantity", id="too heavy"),
        pytest.param({"goods": (Goods("l", "4011", -1),)}, "quantity of -1", id="fewer than none"),
        pytest.param({"goods": (Goods("", "4011", 1),)}, "the line's id", id="a line without id"),
        pytest.param({"store_id": "x" * 256}, "256 characters", id="a long store id"),
    ],
)
def test_what_cannot_be_said_is_named(change: dict[str, object], said: str) -> None:
    with pytest.raises(MappingError, match=said):
        purchase_of(dataclasses.replace(VISIT, **change))  # type: ignore[arg-type]


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(str.strip)
visits = st.builds(
    SettledVisit,
    visit_id=names,
    store_id=names,
    entered_at_ns=st.integers(0, 4 * 10**18),
    left_at_ns=st.integers(0, 4 * 10**18),
    arrivals=st.lists(
        st.builds(Arrival, st.sampled_from(["code", "card", "guest", "staff", "manual"]), st.integers(0, 4 * 10**18)),
        min_size=1,
        max_size=4,
    ).map(tuple),
    goods=st.lists(
        st.builds(Goods, names, names, st.integers(0, 99), st.none() | st.integers(0, 99_999)),
        max_size=4,
        unique_by=lambda goods: goods.line_id,
    ).map(tuple),
)


@given(visits)
def test_every_visit_that_can_be_said_is_understood(visit: SettledVisit) -> None:
    purchase = purchase_of(visit)
    assert read_purchase(written(purchase)) == purchase

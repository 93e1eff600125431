"""Every purchase the format allows is read; every fault is named with its place, all of them at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.connector.purchase import Purchase, written
from aisle.commerce.connector.reading import LONGEST_BODY, ConnectorError, Fault, read_purchase
from commerce.connector.messages import GONE, WHOLE, changed

LONG = "x" * 256
EVENT = WHOLE["shoppingTrip"]["authEvents"][0]
SECOND = EVENT | {"id": "aaaaaaaa-bbbb-4ccc-8ddd-ffffffffffff"}
TRIP, EVENT_0, ITEM_0 = "/shoppingTrip", "/shoppingTrip/authEvents/0", "/cartItems/0"


def read(document: object) -> Purchase:
    return read_purchase(json.dumps(document).encode())


def faults_of(body: bytes) -> tuple[Fault, ...]:
    with pytest.raises(ConnectorError) as raised:
        read_purchase(body)
    return raised.value.faults


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(WHOLE, id="a whole purchase"),
        pytest.param(changed("/cartItems", []), id="an empty cart"),
        pytest.param(changed("/cartItems/0/type", "SCANCODE"), id="a scanned code"),
        pytest.param(changed("/cartItems/0/quantity", {"value": "1.0", "unit": "unit"}), id="a unit written 1.0"),
        pytest.param(changed("/cartItems/0/quantity", {"value": "1.25", "unit": "LB"}), id="a weight in pounds"),
        pytest.param(changed("/cartItems/0/quantity/value", "9999999999"), id="ten characters"),
        pytest.param(changed("/cartItems/0/lineItemId", GONE), id="no line id"),
        pytest.param(changed("/cartItems/0/externalIdentifiers", GONE), id="no other codes"),
        pytest.param(changed(f"{EVENT_0}/payloadType", "SCAN_CODE"), id="entry by code"),
        pytest.param(changed(f"{EVENT_0}/scanResult/type", "ASSOCIATE"), id="an associate's trip"),
        pytest.param(changed(f"{EVENT_0}/scanResult/type", "CASH"), id="a shopper with cash"),
        pytest.param(changed(f"{EVENT_0}/scanResult/type", "LOYALTY"), id="a loyalty shopper"),
        pytest.param(changed(f"{TRIP}/authEvents", [EVENT, SECOND]), id="a group"),
        pytest.param(changed(f"{EVENT_0}/location", "MANUAL_IN_STORE"), id="let in by hand"),
        pytest.param(changed(f"{EVENT_0}/location", GONE), id="no location"),
        pytest.param(changed(f"{EVENT_0}/timestamp", GONE), id="no time of entry"),
        pytest.param(changed(f"{EVENT_0}/scanResult", GONE), id="nobody known"),
        pytest.param(changed("/shopperIdentity", GONE), id="no shopper"),
        pytest.param(changed("/shopperDeviceId", None), id="no device"),
        pytest.param(changed("/paymentSource", None), id="no payment source"),
        pytest.param(changed(f"{TRIP}/endTime", WHOLE["shoppingTrip"]["startTime"]), id="in and out at once"),
        pytest.param(changed(f"{TRIP}/startTime", "2026-11-22T18:41:00.25+01:00"), id="another zone"),
        pytest.param(changed("/comesLater", {"a": 1}), id="a field of the future"),
        pytest.param(changed("/cartItems/0/comesLater", [1]), id="a field of the future within"),
        pytest.param(changed("/storeId", "x" * 255), id="the longest store id"),
    ],
)
def test_what_the_format_allows_is_read_and_written_alike(document: dict[str, Any]) -> None:
    purchase = read(document)
    assert read_purchase(written(purchase)) == purchase


@pytest.mark.parametrize(
    ("pointer", "value", "code"),
    [
        pytest.param("/requestId", GONE, "missing", id="no request id"),
        pytest.param("/requestId", "12", "no_uuid", id="a request id of another form"),
        pytest.param("/requestId", LONG, "too_long", id="a long request id"),
        pytest.param("/idempotentShoppingTripId", GONE, "missing", id="no trip id"),
        pytest.param("/idempotentShoppingTripId", " ", "empty", id="an empty trip id"),
        pytest.param("/idempotentShoppingTripId", LONG, "too_long", id="a long trip id"),
        pytest.param("/storeId", GONE, "missing", id="no store"),
        pytest.param("/storeId", LONG, "too_long", id="a long store id"),
        pytest.param("/storeId", 7, "wrong_type", id="a store id that is a number"),
        pytest.param(TRIP, GONE, "missing", id="no trip"),
        pytest.param(TRIP, "trip", "wrong_type", id="a trip that is text"),
        pytest.param(f"{TRIP}/startTime", GONE, "missing", id="no start"),
        pytest.param(f"{TRIP}/endTime", None, "missing", id="no end"),
        pytest.param(f"{TRIP}/startTime", "22.11.2026", "no_time", id="a start of another form"),
        pytest.param(f"{TRIP}/startTime", "2026-11-22T17:41:00", "no_time", id="a start without zone"),
        pytest.param(f"{TRIP}/startTime", "0001-01-01T00:00:00+14:00", "no_time", id="a start before all time"),
        pytest.param(f"{TRIP}/endTime", "2026-11-22T17:40:59Z", "ends_before_start", id="an end before the start"),
        pytest.param(f"{TRIP}/authEvents", GONE, "missing", id="no arrivals"),
        pytest.param(f"{TRIP}/authEvents", [], "wrong_length", id="nobody arrived"),
        pytest.param(f"{TRIP}/authEvents", {}, "wrong_type", id="arrivals that are no list"),
        pytest.param(EVENT_0, 1, "wrong_type", id="an arrival that is a number"),
        pytest.param(f"{EVENT_0}/id", GONE, "missing", id="no arrival id"),
        pytest.param(f"{EVENT_0}/id", "x", "no_uuid", id="an arrival id of another form"),
        pytest.param(f"{EVENT_0}/id", LONG, "too_long", id="a long arrival id"),
        pytest.param(f"{EVENT_0}/timestamp", "then", "no_time", id="an arrival at no time"),
        pytest.param(f"{EVENT_0}/payloadType", GONE, "missing", id="no payload type"),
        pytest.param(f"{EVENT_0}/payloadType", "CHEQUE", "unknown_value", id="an unknown payload type"),
        pytest.param(f"{EVENT_0}/location", "ROOF", "unknown_value", id="an unknown location"),
        pytest.param(f"{EVENT_0}/scanResult/id", GONE, "missing", id="a scan without id"),
        pytest.param(f"{EVENT_0}/scanResult/id", LONG, "too_long", id="a long scan id"),
        pytest.param(f"{EVENT_0}/scanResult/type", "GHOST", "unknown_value", id="an unknown scan type"),
        pytest.param("/cartItems", GONE, "missing", id="no cart"),
        pytest.param("/cartItems", "none", "wrong_type", id="a cart that is text"),
        pytest.param("/cartItems", [{}] * 2_001, "wrong_length", id="a cart beyond reason"),
        pytest.param(f"{ITEM_0}/id", GONE, "missing", id="an item without id"),
        pytest.param(f"{ITEM_0}/id", LONG, "too_long", id="a long item id"),
        pytest.param(f"{ITEM_0}/type", GONE, "missing", id="no item type"),
        pytest.param(f"{ITEM_0}/type", "BOX", "unknown_value", id="an unknown item type"),
        pytest.param(f"{ITEM_0}/quantity", GONE, "missing", id="no quantity"),
        pytest.param(f"{ITEM_0}/quantity/value", GONE, "missing", id="no value"),
        pytest.param(f"{ITEM_0}/quantity/value", 2, "wrong_type", id="a value that is a number"),
        pytest.param(f"{ITEM_0}/quantity/value", "1.000000000", "too_long", id="a value of eleven characters"),
        pytest.param(f"{ITEM_0}/quantity/value", "-1", "no_number", id="a negative value"),
        pytest.param(f"{ITEM_0}/quantity/value", "1e3", "no_number", id="a value with an exponent"),
        pytest.param(f"{ITEM_0}/quantity/value", "٣", "no_number", id="digits of another script"),
        pytest.param(f"{ITEM_0}/quantity/value", "1.5", "no_whole_number", id="a unit and a half"),
        pytest.param(f"{ITEM_0}/quantity/unit", GONE, "missing", id="no unit"),
        pytest.param(f"{ITEM_0}/quantity/unit", "stone", "unknown_value", id="an unknown unit"),
        pytest.param(f"{ITEM_0}/externalIdentifiers/0/type", "QR", "unknown_value", id="an unknown kind of code"),
        pytest.param(f"{ITEM_0}/externalIdentifiers/0/id", LONG, "too_long", id="a long code"),
        pytest.param("/cartItems/1/lineItemId", "line-1", "duplicate", id="the same line twice"),
        pytest.param(f"{ITEM_0}/lineItemId", LONG, "too_long", id="a long line id"),
        pytest.param("/shopperIdentity/id", LONG, "too_long", id="a long shopper id"),
        pytest.param("/shopperIdentity/id", GONE, "missing", id="a shopper without id"),
        pytest.param("/shopperDeviceId", LONG, "too_long", id="a long device id"),
        pytest.param("/paymentSource/id", "", "empty", id="an empty payment source"),
    ],
)
def test_each_fault_is_named_with_its_place(pointer: str, value: object, code: str) -> None:
    [fault] = faults_of(json.dumps(changed(pointer, value)).encode())
    assert (fault.pointer, fault.code) == (pointer, code)
    assert fault.expected


def test_all_faults_are_told_at_once() -> None:
    faults = faults_of(b'{"cartItems": [{"quantity": {"value": "x"}}], "shoppingTrip": {}}')
    assert [(fault.pointer, fault.code) for fault in faults] == [
        ("/requestId", "missing"),
        ("/idempotentShoppingTripId", "missing"),
        ("/storeId", "missing"),
        ("/shoppingTrip/startTime", "missing"),
        ("/shoppingTrip/endTime", "missing"),
        ("/shoppingTrip/authEvents", "missing"),
        ("/cartItems/0/id", "missing"),
        ("/cartItems/0/type", "missing"),
        ("/cartItems/0/quantity/unit", "missing"),
        ("/cartItems/0/quantity/value", "no_number"),
    ]


def test_two_arrivals_with_one_id_are_one_too_many() -> None:
    [fault] = faults_of(json.dumps(changed(f"{TRIP}/authEvents", [EVENT, EVENT])).encode())
    assert (fault.pointer, fault.code) == (f"{TRIP}/authEvents/1/id", "duplicate")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"", "no_json", id="nothing"),
        pytest.param(b"{", "no_json", id="half a document"),
        pytest.param(b"\xff\xfe", "no_json", id="no text"),
        pytest.param(b"[" * 100_000, "no_json", id="endless depth"),
        pytest.param(b"{}" + b" " * LONGEST_BODY, "too_long", id="endless length"),
        pytest.param(b"[]", "wrong_type", id="a list"),
        pytest.param(b"null", "wrong_type", id="null"),
        pytest.param(b"1e999", "no_json", id="a number beyond all"),
    ],
)
def test_bodies_that_are_no_document(body: bytes, code: str) -> None:
    assert [fault.code for fault in faults_of(body)] == [code]


def test_the_number_of_faults_told_has_an_end() -> None:
    assert len(faults_of(json.dumps(changed("/cartItems", [{}] * 500)).encode())) == 100


@given(st.binary(max_size=300))
def test_any_bytes_give_faults(body: bytes) -> None:
    assert faults_of(body)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    "/requestId", TRIP, f"{TRIP}/startTime", f"{TRIP}/endTime", f"{TRIP}/authEvents", EVENT_0, f"{EVENT_0}/id",
    f"{EVENT_0}/scanResult", "/cartItems", ITEM_0, f"{ITEM_0}/quantity", f"{ITEM_0}/quantity/value",
    f"{ITEM_0}/externalIdentifiers", f"{ITEM_0}/lineItemId", "/paymentSource", "/storeId", "/new",
]  # fmt: skip


def outcome(document: object) -> str:
    try:
        return type(read(document)).__name__
    except ConnectorError as error:
        return f"{len(error.faults) > 0}"


@given(pointer=st.sampled_from(PLACES), value=values)
def test_any_value_anywhere_gives_a_purchase_or_faults(pointer: str, value: object) -> None:
    assert outcome(changed(pointer, value)) in {"Purchase", "True"}

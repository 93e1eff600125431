"""The ordering connector from the retailer's side: a posted cart becomes one visit, priced, charged, receipted."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aisle.commerce.payments.port import ProviderUnavailableError
from aisle.web.keys import Role
from commerce.connector.messages import WHOLE
from web.shop_kit import COLA, MILK, START_NS, Kit, open_kit

BEGAN = dt.datetime.fromtimestamp(START_NS // 10**9 - 900, dt.UTC).isoformat().replace("+00:00", "Z")
ENDED = dt.datetime.fromtimestamp(START_NS // 10**9 - 60, dt.UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    with open_kit(tmp_path) as kit:
        yield kit


def cart(customer_id: str | None, *items: tuple[str, str, str], trip: str = "trip-1") -> dict[str, Any]:
    """A purchase of (code, value, unit) items."""
    document = copy.deepcopy(WHOLE)
    document["idempotentShoppingTripId"] = trip
    document["shoppingTrip"].update(startTime=BEGAN, endTime=ENDED)
    document["shoppingTrip"]["authEvents"][0]["timestamp"] = BEGAN
    document["cartItems"] = [
        {"id": code, "type": "SKU", "quantity": {"value": value, "unit": unit}, "lineItemId": f"line-{place}"}
        for place, (code, value, unit) in enumerate(items)
    ]
    del document["paymentSource"], document["shopperIdentity"]
    return document | ({"shopperIdentity": {"id": customer_id}} if customer_id else {})


def post(kit: Kit, document: dict[str, Any]) -> Any:
    return kit.ask(Role.DEVICE, "POST", "/v1/order/purchases", document)


def test_a_cart_is_priced_and_charged_once_however_often_it_comes(kit: Kit) -> None:
    customer_id, phone = kit.customer()
    document = cart(customer_id, (MILK, "2", "unit"), (COLA, "1", "unit"))
    answers = [post(kit, document) for _ in range(3)]
    kit.work()
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["purchaseId"] for answer in answers}) == 1
    receipt = kit.ask(phone, "GET", f"/v1/visits/{answers[0].json()['purchaseId']}/receipt").json()
    assert receipt["status"] == "final"
    assert [line["quantity"] for line in receipt["priced"]["lines"]] == [2, 1]
    assert sum(payment["minor"] for payment in receipt["payments"]) == receipt["priced"]["total_minor"]
    assert len(kit.ask(phone, "GET", "/v1/visits").json()["items"]) == 1


def test_an_empty_cart_is_charged_nothing(kit: Kit) -> None:
    customer_id, phone = kit.customer()
    made = post(kit, cart(customer_id)).json()["purchaseId"]
    kit.work()
    assert kit.ask(phone, "GET", f"/v1/visits/{made}").json()["total_minor"] == 0
    assert sum(kit.shop.desk.balances().values()) == 0


def test_a_card_that_was_presented_pays(kit: Kit) -> None:
    document = cart(None, (COLA, "1", "unit")) | {"paymentSource": {"id": "tok_mastercard"}}
    made = post(kit, document).json()["purchaseId"]
    kit.work()
    assert kit.ask(Role.OPERATOR, "GET", f"/v1/visits/{made}").json()["state"] == "settled"


@pytest.mark.parametrize(
    ("items", "pointer"),
    [
        ([("4000000000000", "1", "unit")], "/cartItems/0/id"),
        ([(MILK, "1", "unit"), (COLA, "0.5", "kg")], "/cartItems/1/quantity/unit"),
        ([(COLA, "1.5", "unit")], "/cartItems/0/quantity/value"),
        ([(COLA, "-1", "unit")], "/cartItems/0/quantity/value"),
    ],
    ids=["no such product", "a can by weight", "half a can", "less than nothing"],
)
def test_a_cart_that_does_not_fit_the_shop_is_refused_whole(
    kit: Kit, items: list[tuple[str, str, str]], pointer: str
) -> None:
    customer_id, phone = kit.customer()
    answer = post(kit, cart(customer_id, *items))
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["faults"]] == [pointer]
    assert kit.ask(phone, "GET", "/v1/visits").json()["items"] == []


def test_a_trip_of_tomorrow_is_refused(kit: Kit) -> None:
    document = cart(kit.customer()[0], (COLA, "1", "unit"))
    document["shoppingTrip"]["endTime"] = "2990-01-01T00:00:00Z"
    assert post(kit, document).json()["faults"][0]["pointer"] == "/shoppingTrip/endTime"


@pytest.mark.parametrize("seen", [False, True], ids=["nothing seen yet", "a basket seen"])
def test_a_cart_of_a_customer_who_is_in_the_shop_is_a_visit_of_its_own(seen: bool, kit: Kit) -> None:
    customer_id, phone = kit.customer()
    inside = kit.enter(customer_id, phone)
    kit.revise(inside, *([kit.line("a", COLA)] if seen else []))
    made = post(kit, cart(customer_id, (MILK, "2", "unit")))
    kit.revise(inside, kit.line("a", COLA, 2))
    assert (made.status_code, kit.leave(inside).status_code) == (201, 204)
    kit.work()
    bought = {
        visit["visit_id"]: [(line["gtin"], line["quantity"]) for line in receipt["priced"]["lines"]]
        for visit in kit.ask(phone, "GET", "/v1/visits").json()["items"]
        for receipt in [kit.ask(phone, "GET", f"/v1/visits/{visit['visit_id']}/receipt").json()]
    }
    assert bought == {inside: [(COLA, 2)], made.json()["purchaseId"]: [(MILK, 2)]}


def test_a_cart_paid_by_a_card_that_is_in_the_shop_is_a_visit_of_its_own(kit: Kit) -> None:
    body = {"way": "card", "gate_id": "entrance", "token": "tok_visa/anna"}
    inside = kit.ask(Role.DEVICE, "POST", "/v1/entries", body).json()["visit_id"]
    made = post(kit, cart(None, (COLA, "1", "unit")) | {"paymentSource": {"id": "tok_visa/anna"}})
    kit.work()
    states = [kit.shop.desk.visit(name).state for name in (inside, made.json()["purchaseId"])]
    assert states == ["shopping", "settled"]


def test_a_cart_nobody_could_carry_leaves_no_visit_behind(kit: Kit) -> None:
    customer_id, phone = kit.customer()
    assert post(kit, cart(customer_id, (MILK, "5000", "unit"))).status_code == 422
    assert kit.ask(phone, "GET", "/v1/visits").json()["items"] == []


def test_while_the_bank_is_silent_a_cart_may_come_again(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_given: object, **_more: object) -> None:
        raise ProviderUnavailableError("the bank does not answer")

    document = cart(kit.customer()[0], (COLA, "1", "unit"))
    with monkeypatch.context() as patched:
        patched.setattr(kit.shop.provider, "authorise", silent)
        answer = post(kit, document)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:aisle:problem:authorising")
    kit.clock.pass_s(10)
    kit.work()
    assert post(kit, document).status_code == 201

"""Bad input over HTTP: a problem with a stable code, what was found and what would be right; nothing half done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aisle.commerce.payments.webhooks import sign
from aisle.web.keys import Role
from web.shop_kit import COLA, MILK, Kit, open_kit


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    with open_kit(tmp_path) as kit:
        yield kit


def settled(kit: Kit, **line: Any) -> tuple[str, str]:
    """A settled visit with one line "a", and its shopper's token."""
    customer_id, phone = kit.customer()
    visit_id = kit.enter(customer_id, phone)
    kit.revise(visit_id, kit.line("a", COLA, **line))
    kit.leave(visit_id)
    kit.work()
    return visit_id, phone


def _basket(*lines: dict[str, Any]) -> Callable[[Kit], Any]:
    def ask(kit: Kit) -> Any:
        visit_id = kit.enter(*kit.customer())
        return kit.revise(visit_id, *({"taken_at_ns": kit.clock(), **line} for line in lines))

    return ask


def _old_code(kit: Kit) -> Any:
    code = kit.code(*kit.customer())
    kit.clock.pass_s(31)
    return _at_the_gate(kit, code)


def _used_code(kit: Kit) -> Any:
    code = kit.code(*kit.customer())
    _at_the_gate(kit, code)
    return _at_the_gate(kit, code)


def _forged_code(kit: Kit) -> Any:
    return _at_the_gate(kit, kit.code(*kit.customer())[:-1] + "!")


def _at_the_gate(kit: Kit, code: str) -> Any:
    return kit.ask(Role.DEVICE, "POST", "/v1/entries", {"way": "code", "gate_id": "entrance", "code": code})


def _declined_card(kit: Kit) -> Any:
    return _at_the_gate(kit, kit.code(*kit.customer("tok_insufficient_funds")))


def _card_number(kit: Kit) -> Any:
    body = {"name": "Mira", "email": "mira@example.com", "card_token": "4242424242424242"}
    return kit.ask(Role.ASSOCIATE, "POST", "/v1/customers", body)


def _wrong_signature(kit: Kit) -> Any:
    headers = {"Stripe-Signature": sign(b"{}", "another secret", kit.clock() // 10**9)}
    return kit.client.post("/v1/webhooks/payments", content=b"{}", headers=headers)


def _stale_basket(kit: Kit) -> Any:
    visit_id = kit.enter(*kit.customer())
    body = {"source_revision": 3, "lines": []}
    kit.ask(Role.DEVICE, "PUT", f"/v1/visits/{visit_id}/basket", body)
    return kit.ask(Role.DEVICE, "PUT", f"/v1/visits/{visit_id}/basket", body)


def _over_refund(kit: Kit) -> Any:
    visit_id, _ = settled(kit, quantity=2)
    return kit.ask(Role.ASSOCIATE, "POST", f"/v1/visits/{visit_id}/refunds", {"line_id": "a", "quantity": 3})


def _unknown_line(kit: Kit) -> Any:
    visit_id, _ = settled(kit)
    return kit.ask(Role.ASSOCIATE, "POST", f"/v1/visits/{visit_id}/refunds", {"line_id": "z"})


def _somebody_elses(kit: Kit) -> Any:
    visit_id, _ = settled(kit)
    _, other = kit.customer(email="noa@example.com")
    return kit.ask(other, "GET", f"/v1/visits/{visit_id}/receipt")


def _gate_asks_for_customers(kit: Kit) -> Any:
    return kit.ask(Role.DEVICE, "GET", "/v1/customers")


def _nobody(kit: Kit) -> Any:
    return kit.client.get("/v1/visits")


def _unknown_coupon(kit: Kit) -> Any:
    visit_id = kit.enter(*kit.customer())
    return kit.ask(Role.DEVICE, "POST", f"/v1/visits/{visit_id}/coupons", {"code": "FREE"})


def _another_gate(kit: Kit) -> Any:
    body = {"way": "code", "gate_id": "backdoor", "code": kit.code(*kit.customer())}
    return kit.ask(Role.DEVICE, "POST", "/v1/entries", body)


def _receipt_while_shopping(kit: Kit) -> Any:
    customer_id, phone = kit.customer()
    visit_id = kit.enter(customer_id, phone)
    return kit.ask(phone, "GET", f"/v1/visits/{visit_id}/receipt")


def _leave_twice(kit: Kit) -> Any:
    visit_id, _ = settled(kit)
    return kit.leave(visit_id)


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        (_basket({"line_id": "a", "gtin": "4000000000000", "quantity": 1}), 422, "unknown_product"),
        (_basket({"line_id": "a", "gtin": MILK, "quantity": -1}), 422, "quantity_invalid"),
        (_basket({"line_id": "a", "gtin": MILK, "quantity": 1000}), 422, "quantity_invalid"),
        (_basket({"line_id": "a", "gtin": MILK, "quantity": 1, "weight_g": 10**9}), 422, "quantity_invalid"),
        (_basket(*[{"line_id": "a", "gtin": MILK, "quantity": 1}] * 2), 422, "basket_invalid"),
        (_basket({"line_id": "a", "gtin": MILK, "quantity": 1, "probability": 2}), 422, "request_invalid"),
        (_basket({"line_id": "a", "gtin": MILK, "quantity": 1, "colour": "red"}), 422, "request_invalid"),
        (_old_code, 410, "code_expired"),
        (_used_code, 409, "code_replayed"),
        (_forged_code, 403, "code_forged"),
        (_declined_card, 402, "card_declined"),
        (_card_number, 422, "card_number_refused"),
        (_wrong_signature, 403, "signature_invalid"),
        (_stale_basket, 409, "stale_revision"),
        (_over_refund, 422, "over_refund"),
        (_unknown_line, 422, "unknown_line"),
        (_somebody_elses, 404, "not_found"),
        (_gate_asks_for_customers, 403, "role_not_allowed"),
        (_nobody, 401, "unauthenticated"),
        (_unknown_coupon, 422, "coupon_invalid"),
        (_leave_twice, 409, "transition"),
        (_another_gate, 422, "unknown_gate"),
        (_receipt_while_shopping, 409, "transition"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else str(value),
)
def test_bad_input_gets_a_problem(kit: Kit, ask: Callable[[Kit], Any], status: int, code: str) -> None:
    answer = ask(kit)
    document = answer.json()
    assert (answer.status_code, document["type"]) == (status, f"urn:aisle:problem:{code}")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert document["status"] == status
    assert len(document["detail"]) > 10


def test_a_refused_basket_changes_nothing(kit: Kit) -> None:
    visit_id = kit.enter(*kit.customer())
    kit.revise(visit_id, kit.line("a", COLA))
    before = kit.ask(Role.OPERATOR, "GET", f"/v1/visits/{visit_id}/journal").json()
    kit.revise(visit_id, kit.line("a", COLA, 2), kit.line("b", "4000000000000"))
    assert kit.ask(Role.OPERATOR, "GET", f"/v1/visits/{visit_id}/journal").json() == before


def test_who_owes_stays_outside_until_it_is_paid(kit: Kit) -> None:
    customer_id, phone = kit.customer("tok_decline_on_capture")
    visit_id = kit.enter(customer_id, phone)
    kit.revise(visit_id, kit.line("a", COLA))
    kit.leave(visit_id)
    kit.work()
    refused = _at_the_gate(kit, kit.code(customer_id, phone))
    assert (refused.status_code, refused.json()["type"]) == (402, "urn:aisle:problem:in_debt")
    paid = kit.ask(phone, "POST", f"/v1/visits/{visit_id}/payment", {"card_token": "tok_mastercard"})
    kit.work()
    assert paid.status_code == 204
    assert kit.ask(phone, "GET", f"/v1/visits/{visit_id}").json()["state"] == "settled"
    assert _at_the_gate(kit, kit.code(customer_id, phone)).status_code == 201


def test_a_missing_field_is_found_as_nothing(kit: Kit) -> None:
    visit_id = kit.enter(*kit.customer())
    told = kit.revise(visit_id, {"line_id": "a", "gtin": COLA, "quantity": 1}).json()
    assert [(fault["pointer"], fault["found"]) for fault in told["faults"]] == [("/lines/0/taken_at_ns", "nothing")]

"""Repeats over HTTP: the number of a message belongs to one request, and a repeat of it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aisle.web.keys import Role
from web.shop_kit import COLA, WINE, Kit, open_kit


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    with open_kit(tmp_path) as kit:
        yield kit


def test_money_given_back_by_a_person_is_answered_alike_twice(kit: Kit) -> None:
    visit_id = kit.enter(*kit.customer())
    kit.revise(visit_id, kit.line("a", WINE, 3))
    kit.leave(visit_id)
    kit.work()
    body = {"line_id": "a", "quantity": 3, "reason": "broken"}
    path = f"/v1/visits/{visit_id}/refunds"
    answers = [kit.ask(Role.ASSOCIATE, "POST", path, body, idempotency_key="once") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


def test_signing_up_twice_does_not_bring_an_old_card_back(kit: Kit) -> None:
    body = {"name": "Mira", "email": "mira@example.com", "card_token": "tok_visa"}
    made = kit.ask(Role.ASSOCIATE, "POST", "/v1/customers", body, idempotency_key="once").json()
    customer_id = made["customer"]["customer_id"]
    kit.ask(made["token"], "PUT", f"/v1/customers/{customer_id}/card", {"card_token": "tok_mastercard"})
    again = kit.ask(Role.ASSOCIATE, "POST", "/v1/customers", body, idempotency_key="once").json()
    assert (again["customer"]["customer_id"], again["customer"]["card_brand"]) == (customer_id, "mastercard")


def test_a_key_used_for_another_visit_is_refused(kit: Kit) -> None:
    visits = [kit.enter(*kit.customer(f"tok_visa/{name}")) for name in ("anna", "bert")]
    for visit_id in visits:
        kit.revise(visit_id, kit.line("a", COLA))
    answers = [
        kit.ask(Role.DEVICE, "POST", f"/v1/visits/{visit_id}/leave", {}, idempotency_key="same") for visit_id in visits
    ]
    assert [answer.status_code for answer in answers] == [204, 409]


def test_a_language_longer_than_any_is_refused(kit: Kit) -> None:
    body = {"name": "Mira", "email": "mira@example.com", "locale": "de-abcdefgh-abcdefgh"}
    assert kit.ask(Role.ASSOCIATE, "POST", "/v1/customers", body).status_code == 422

"""Books against the provider: each way to differ is found and named, and equal books agree."""

from __future__ import annotations

import json

import pytest

from aisle.commerce.money import Money
from aisle.commerce.payments import ledger
from aisle.commerce.payments.ledger import Posting
from aisle.commerce.payments.port import Hold, HoldStatus
from aisle.commerce.payments.reconcile import compare, look, taken
from aisle.commerce.payments.sandbox import Sandbox
from commerce.payments.benches import START_NS, Clock, numbered


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def paid(visit_id: str = "v1", hold_id: str = "h1", minor: int = 400) -> tuple[Posting, ...]:
    return ledger.payment(visit_id, hold_id, usd(minor), 5)


def given_back(minor: int) -> tuple[Posting, ...]:
    return (
        Posting("v1/refund/h1/r1", "refunds:food@0", minor, "USD", 6),
        Posting("v1/refund/h1/r1", ledger.CLEARING, -minor, "USD", 6),
    )


def hold(status: HoldStatus, captured: int, refunded: int = 0, currency: str = "USD") -> Hold:
    amounts = (Money(minor, currency) for minor in (500, captured, refunded))
    return Hold("h1", status, *amounts, None, "v1")


@pytest.mark.parametrize(
    ("postings", "holds", "found"),
    [
        pytest.param((), [], [], id="nothing on either side"),
        pytest.param(paid(), [hold("captured", 400)], [], id="captured, both know"),
        pytest.param((*paid(), *given_back(90)), [hold("captured", 400, 90)], [], id="given back, both know"),
        pytest.param((), [hold("cancelled", 0)], [], id="cancelled"),
        pytest.param((), [hold("expired", 0)], [], id="lapsed"),
        pytest.param(paid(), [], [("missing at provider", 400, 0)], id="the provider knows of no hold"),
        pytest.param((), [hold("captured", 400)], [("missing in ledger", 0, 400)], id="the ledger knows of no capture"),
        pytest.param(paid(), [hold("captured", 399)], [("captured differs", 400, 399)], id="captured less"),
        pytest.param(
            paid(), [hold("held", 0)], [("captured differs", 400, 0), ("left open", 0, 500)], id="not captured"
        ),
        pytest.param(
            paid(), [hold("captured", 400, 90)], [("refunded differs", 0, 90)], id="given back behind our back"
        ),
        pytest.param(
            (*paid(), *given_back(90)), [hold("captured", 400)], [("refunded differs", 90, 0)], id="not given back"
        ),
        pytest.param(paid(), [hold("captured", 400, 0, "EUR")], [("currency differs", 400, 400)], id="other currency"),
        pytest.param((), [hold("held", 0)], [("left open", 0, 500)], id="left open"),
        pytest.param(paid()[:1], [hold("captured", 400)], [("unbalanced", 400, 0)], id="half an entry"),
    ],
)
def test_differences_are_named(
    postings: tuple[Posting, ...], holds: list[Hold], found: list[tuple[str, int, int]]
) -> None:
    outcome = compare("sandbox", postings, holds, {"v1"})
    assert [(one.kind, one.ledger, one.provider) for one in outcome.differences] == found
    assert {one.visit_id for one in outcome.differences} <= {"v1"}
    assert outcome.agrees is (not found)


def test_a_hold_of_a_visit_that_goes_on_may_stand() -> None:
    assert compare("sandbox", (), [hold("held", 0)], set()).agrees


def test_a_debt_paid_counts_like_a_payment() -> None:
    postings = (*ledger.owed("v1", usd(400), 1), *ledger.debt_paid("v1", "h1", usd(400), 2))
    assert taken(postings)["h1"].captured == 400


def test_the_report_for_people() -> None:
    outcome = compare("sandbox", paid(), [hold("captured", 399)], {"v1"})
    assert outcome.to_text().splitlines() == [
        "1 hold compared with sandbox.",
        "Taken less given back: ledger 4.00 USD, provider 3.99 USD.",
        "captured differs: hold h1 of visit v1: ledger 4.00 USD, provider 3.99 USD",
        "1 differences.",
    ]
    assert compare("sandbox", (), [], set()).to_text().splitlines()[-1] == "The books agree."


def test_the_report_for_programs() -> None:
    report = json.loads(compare("sandbox", paid(), [hold("captured", 399)], {"v1"}).to_json())
    assert (report["agrees"], report["holds"]) == (False, 1)
    assert report["differences"][0]["kind"] == "captured differs"


def test_old_holds_are_asked_for_one_by_one() -> None:
    clock = Clock()
    sandbox = Sandbox(None, clock, numbered())
    card = sandbox.register("anna", "tok_visa", key="r")
    first, second = (sandbox.authorise(card, usd(500), reference=v, key=v).hold_id for v in ("v1", "v2"))
    clock.pass_hours(48)
    for visit_id, hold_id in (("v1", first), ("v2", second)):
        sandbox.capture(hold_id, usd(400), key=f"{visit_id}:capture")
    postings = (
        *ledger.payment("v1", first, usd(400), clock()),
        *ledger.payment("v2", second, usd(400), START_NS),
        *ledger.payment("v3", "gone", usd(100), clock()),
    )
    outcome = look(sandbox, postings, clock() - 1, {"v1", "v2", "v3"})
    assert [(one.kind, one.hold_id) for one in outcome.differences] == [("missing at provider", "gone")]
    assert outcome.ledger_minor == {"USD": 500}
    sandbox.close()

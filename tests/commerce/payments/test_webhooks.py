"""Webhooks: only what is rightly and freshly signed gets in, and what gets in says where to look."""

from __future__ import annotations

import json

import pytest
import stripe

from aisle.commerce.payments.port import Notice, SignatureError
from aisle.commerce.payments.webhooks import WebhookBodyError, read_notice, sign, verify

AT_S = 1_800_000_000
NOW_NS = AT_S * 1_000_000_000
SECRET = "whsec_test"
BODY = b'{"id":"evt_1"}'


def event(kind: str, about: dict[str, object]) -> bytes:
    return json.dumps(
        {"id": "evt_1", "type": kind, "created": AT_S, "data": {"object": about}, "livemode": False}
    ).encode()


def test_what_is_signed_gets_in() -> None:
    verify(BODY, sign(BODY, SECRET, AT_S), [SECRET], NOW_NS)


def test_the_signature_is_the_one_of_stripes_own_package() -> None:
    header = sign(BODY, SECRET, AT_S)
    assert stripe.WebhookSignature.verify_header(BODY, header, SECRET, tolerance=None)
    assert stripe.WebhookSignature.generate_signature_header(BODY.decode(), SECRET, AT_S) == header


@pytest.mark.parametrize(
    ("secrets", "offset_s"),
    [
        pytest.param(["whsec_new", SECRET], 0, id="while the secret is changed"),
        pytest.param([SECRET], 300, id="just in time"),
        pytest.param([SECRET], -300, id="a clock ahead"),
    ],
)
def test_honest_messages_get_in(secrets: list[str], offset_s: int) -> None:
    verify(BODY, sign(BODY, SECRET, AT_S), secrets, NOW_NS + offset_s * 1_000_000_000)


def test_one_of_several_signatures_is_enough() -> None:
    verify(BODY, sign(BODY, "whsec_old", AT_S) + "," + sign(BODY, SECRET, AT_S).split(",")[1], [SECRET], NOW_NS)


MAC = sign(BODY, SECRET, AT_S).split("v1=")[1]


@pytest.mark.parametrize(
    ("body", "header", "secrets", "offset_s"),
    [
        pytest.param(BODY + b" ", sign(BODY, SECRET, AT_S), [SECRET], 0, id="another body"),
        pytest.param(BODY, sign(BODY, "whsec_other", AT_S), [SECRET], 0, id="another secret"),
        pytest.param(BODY, f"t={AT_S + 1},v1={MAC}", [SECRET], 0, id="another moment"),
        pytest.param(BODY, sign(BODY, SECRET, AT_S), [SECRET], 301, id="too old"),
        pytest.param(BODY, sign(BODY, SECRET, AT_S), [SECRET], -301, id="from the future"),
        pytest.param(BODY, "", [SECRET], 0, id="no header"),
        pytest.param(BODY, f"v1={MAC}", [SECRET], 0, id="no moment"),
        pytest.param(BODY, f"t={AT_S}", [SECRET], 0, id="no signature"),
        pytest.param(BODY, f"t={AT_S},v0={MAC}", [SECRET], 0, id="an older scheme"),
        pytest.param(BODY, f"t=soon,v1={MAC}", [SECRET], 0, id="a moment that is no number"),
        pytest.param(BODY, f"t={'9' * 5000},v1={MAC}", [SECRET], 0, id="a moment without end"),
        pytest.param(BODY, f"t={AT_S},v1=ünlesbar", [SECRET], 0, id="not hexadecimal"),
        pytest.param(BODY, sign(BODY, "", AT_S), [""], 0, id="an empty secret"),
        pytest.param(BODY, sign(BODY, SECRET, AT_S), [], 0, id="no secret"),
    ],
)
def test_everything_else_stays_out(body: bytes, header: str, secrets: list[str], offset_s: int) -> None:
    with pytest.raises(SignatureError) as refused:
        verify(body, header, secrets, NOW_NS + offset_s * 1_000_000_000)
    assert SECRET not in str(refused.value)


INTENT = {"object": "payment_intent", "id": "pi_1", "metadata": {"aisle_reference": "v1"}, "amount": 500}
CHARGE = {"object": "charge", "id": "ch_1", "payment_intent": "pi_1", "metadata": {}}


@pytest.mark.parametrize(
    ("kind", "about", "expected"),
    [
        pytest.param("payment_intent.amount_capturable_updated", INTENT, ("held", "pi_1", "v1"), id="held"),
        pytest.param("payment_intent.succeeded", INTENT, ("captured", "pi_1", "v1"), id="captured"),
        pytest.param("payment_intent.canceled", INTENT, ("cancelled", "pi_1", "v1"), id="cancelled"),
        pytest.param("charge.refunded", CHARGE, ("refunded", "pi_1", ""), id="refunded, by the charge"),
        pytest.param("charge.dispute.created", CHARGE, ("charged_back", "pi_1", ""), id="charged back"),
        pytest.param("payment_intent.brand_new", INTENT, ("look_again", "pi_1", "v1"), id="unknown kind"),
        pytest.param(
            "customer.updated", {"object": "customer", "id": "cus_1"}, ("look_again", "", ""), id="no payment"
        ),
    ],
)
def test_a_notice_says_where_to_look(kind: str, about: dict[str, object], expected: tuple[str, str, str]) -> None:
    body = event(kind, about)
    notice = read_notice(body, sign(body, SECRET, AT_S), [SECRET], NOW_NS)
    assert notice == Notice("evt_1", *expected, NOW_NS)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id":1}', b"\xff"], ids=repr)
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookBodyError):
        read_notice(body, sign(body, SECRET, AT_S), [SECRET], NOW_NS)

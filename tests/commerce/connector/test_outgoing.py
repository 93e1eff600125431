"""Webhooks that only Aisle can have sent, whole and fresh, and secrets that can be exchanged."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.connector.outgoing import (
    SecretError,
    WebhookError,
    Webhooks,
    new_secret,
    signature,
    signed_headers,
    signing_key,
    verify,
)
from aisle.commerce.connector.post import Done, HttpTransport, Permanent, TryLater
from commerce.connector.retailer import retailer

OLD, NEW = new_secret(lambda n: b"o" * n), new_secret(lambda n: b"n" * n)
KEY = signing_key(NEW)
NOW = dt.datetime(2026, 11, 22, 18, 0, tzinfo=dt.UTC)
NOW_S = int(NOW.timestamp())
BODY = b'{"type":"visit.settled","visit":"visit-1"}'


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of the standard's reference libraries: known secret, id, time and body, known signature."""
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_webhook_arrives_signed() -> None:
    with retailer((200, {}, b"")) as shop:
        webhooks = Webhooks(shop.url + "/hooks?a=1", (NEW,), HttpTransport(), clock=lambda: NOW)
        assert webhooks.post("visit-1:settled:1", BODY) == Done(200)
        [(path, headers, body)] = shop.requests
    assert path == "/hooks?a=1"
    assert verify([KEY], headers, body, NOW_S + 60) == "visit-1:settled:1"


@pytest.mark.parametrize(
    ("status", "kind"), [(410, Permanent), (404, Permanent), (503, TryLater), (429, TryLater), (202, Done)]
)
def test_answers(status: int, kind: type) -> None:
    with retailer((status, {}, b"")) as shop:
        assert isinstance(Webhooks(shop.url, (NEW,), clock=lambda: NOW).post("m", BODY), kind)


def test_while_a_secret_is_exchanged_both_fit() -> None:
    headers = signed_headers([KEY, signing_key(OLD)], "m", NOW_S, BODY)
    assert verify([signing_key(OLD)], headers, BODY, NOW_S) == verify([KEY], headers, BODY, NOW_S) == "m"


@pytest.mark.parametrize(
    ("change", "body", "now_s", "code"),
    [
        pytest.param({}, BODY + b" ", NOW_S, "signature", id="another body"),
        pytest.param({"webhook-id": "n"}, BODY, NOW_S, "signature", id="another id"),
        pytest.param({"webhook-timestamp": str(NOW_S + 1)}, BODY, NOW_S, "signature", id="another time"),
        pytest.param({"webhook-signature": ""}, BODY, NOW_S, "signature", id="no signature"),
        pytest.param({"webhook-signature": "v1,é"}, BODY, NOW_S, "signature", id="a signature that is none"),
        pytest.param({"webhook-timestamp": "x"}, BODY, NOW_S, "headers", id="no time"),
        pytest.param({"webhook-id": "a.b"}, BODY, NOW_S, "headers", id="an id with a dot"),
        pytest.param({}, BODY, NOW_S + 301, "time", id="too old"),
        pytest.param({}, BODY, NOW_S - 301, "time", id="from the future"),
    ],
)
def test_what_is_not_ours_is_refused(change: dict[str, str], body: bytes, now_s: int, code: str) -> None:
    headers = signed_headers([KEY], "m", NOW_S, BODY) | change
    with pytest.raises(WebhookError) as raised:
        verify([KEY], headers, body, now_s)
    assert raised.value.code == code


@given(st.binary(max_size=200), st.from_regex(r"[A-Za-z0-9_:-]{1,40}", fullmatch=True))
def test_what_is_signed_is_verified(body: bytes, message_id: str) -> None:
    assert verify([KEY], signed_headers([KEY], message_id, NOW_S, body), body, NOW_S) == message_id


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_!!", "whsec_" + base64.b64encode(b"short").decode(), base64.b64encode(b"x" * 32).decode(),
     "whsec_" + base64.b64encode(b"x" * 65).decode()],
)  # fmt: skip
def test_secrets_that_will_not_do_are_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(SecretError) as raised:
        Webhooks("https://shop.example", (secret,))
    assert secret.removeprefix("whsec_") == "" or secret not in str(raised.value)


def test_no_secret_is_no_signature() -> None:
    with pytest.raises(SecretError, match="at least one"):
        Webhooks("https://shop.example", ())


def test_secrets_are_not_shown() -> None:
    assert NEW not in repr(Webhooks("https://shop.example", (NEW,)))


def test_an_id_that_could_be_misread_is_refused() -> None:
    with pytest.raises(ValueError, match="message id"):
        signed_headers([KEY], "a.1", NOW_S, BODY)

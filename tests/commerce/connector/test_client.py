"""Posting purchases to a retailer that is fine, busy, away, slow or of another opinion."""

from __future__ import annotations

import datetime as dt
import socket
import threading

import pytest

from aisle.commerce.connector.client import OrderConnector
from aisle.commerce.connector.post import Answer, Done, HttpTransport, Permanent, TryLater
from aisle.commerce.connector.purchase import purchase_of
from aisle.commerce.connector.reading import read_purchase
from commerce.connector.messages import VISIT
from commerce.connector.retailer import retailer

NOW = dt.datetime(2026, 11, 22, 18, 0, tzinfo=dt.UTC)
PURCHASE = purchase_of(VISIT)


def connector(url: str, *, token: str = "secret", timeout_s: float = 5.0, deadline_s: float = 5.0) -> OrderConnector:
    return OrderConnector(url, token, HttpTransport(timeout_s, deadline_s), clock=lambda: NOW)


def test_a_purchase_arrives_with_its_token() -> None:
    with retailer() as shop:
        assert connector(shop.url + "/").post(PURCHASE) == Done(201, "purchase-1")
        [(path, headers, body)] = shop.requests
    assert (path, headers["authorization"], headers["content-type"]) == (
        "/v1/order/purchases", "Bearer secret", "application/json",
    )  # fmt: skip
    assert read_purchase(body) == PURCHASE


def test_posting_again_buys_nothing_more() -> None:
    with retailer() as shop:
        first, second = connector(shop.url).post(PURCHASE), connector(shop.url).post(PURCHASE)
        assert shop.purchases == {"visit-1": "purchase-1"}
    assert (first, second) == (Done(201, "purchase-1"), Done(200, "purchase-1", repeated=True))


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        pytest.param(409, {}, b'{"purchaseId":"p"}', Done(409, "p", repeated=True), id="there already"),
        pytest.param(409, {}, b"exists", Done(409, "", repeated=True), id="there already, unnamed"),
        pytest.param(201, {}, b"{}", Done(201), id="made without a name"),
        pytest.param(204, {}, b"", Done(204), id="taken without a word"),
        pytest.param(429, {"Retry-After": "7"}, b"", TryLater("the peer answered 429", 7.0), id="seconds to wait"),
        pytest.param(
            503, {"Retry-After": "Sun, 22 Nov 2026 18:02:00 GMT"}, b"busy",
            TryLater("the peer answered 503: busy", 120.0), id="a date to wait for",
        ),
        pytest.param(503, {"Retry-After": "soon"}, b"", TryLater("the peer answered 503"), id="no sensible wait"),
        pytest.param(500, {}, b"oops", TryLater("the peer answered 500: oops"), id="a fault over there"),
        pytest.param(408, {}, b"", TryLater("the peer answered 408"), id="too slow for them"),
        pytest.param(400, {}, b'{"message":"endTime"}', Permanent(400, '{"message":"endTime"}'), id="not understood"),
        pytest.param(401, {}, b"who?", Permanent(401, "who?"), id="a wrong token"),
        pytest.param(302, {"Location": "https://evil.example/"}, b"", Permanent(302, ""), id="sent elsewhere"),
        pytest.param(501, {}, b"", Permanent(501, ""), id="not built"),
        pytest.param(400, {}, b"x" * 9_000, Permanent(400, "x" * 500), id="a long complaint"),
        pytest.param(400, {}, b"\xff\x00", Permanent(400, "\ufffd\x00"), id="no text"),
    ],
)  # fmt: skip
def test_answers(status: int, headers: dict[str, str], body: bytes, expected: Answer) -> None:
    with retailer((status, headers, body)) as shop:
        assert connector(shop.url).post(PURCHASE) == expected
        assert len(shop.requests) == 1


def test_a_retailer_that_is_away_is_asked_again_later() -> None:
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        answer = connector(f"http://127.0.0.1:{gone.getsockname()[1]}").post(PURCHASE)
    assert isinstance(answer, TryLater)


def test_a_silent_retailer_is_asked_again_later() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        answer = connector(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.1).post(PURCHASE)
    assert isinstance(answer, TryLater)


def test_a_dripping_retailer_meets_the_deadline() -> None:
    with retailer((201, {}, b"x" * 15), drip_s=0.04) as shop:
        answer = connector(shop.url, deadline_s=0.1).post(PURCHASE)
    assert isinstance(answer, TryLater)


def test_an_answer_that_is_no_http_is_asked_again_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        speaker = threading.Thread(target=mumble, args=(server,))
        speaker.start()
        answer = connector(f"http://127.0.0.1:{server.getsockname()[1]}").post(PURCHASE)
        speaker.join()
    assert isinstance(answer, TryLater)


def mumble(server: socket.socket) -> None:
    """Answers one client with something that is no HTTP."""
    client, _ = server.accept()
    with client:
        client.recv(65_536)
        client.sendall(b"220 mail.example ready\r\n\r\n")


@pytest.mark.parametrize(
    "url",
    ["http://shop.example", "ftp://shop.example", "shop.example", "https://", "https://user:pw@shop.example",
     "https://shop.example/a b", "https://shop.example:99999", "https://shöp.example", "https://shop.example/\r\nX: 1"],
)  # fmt: skip
def test_a_token_travels_to_safe_addresses_only(url: str) -> None:
    with pytest.raises(ValueError, match="found the address"):
        OrderConnector(url, "secret")


def test_plain_http_must_be_asked_for() -> None:
    assert OrderConnector("http://retailer", "secret", plain_http=True).url == "http://retailer"


def test_a_token_is_neither_shown_nor_able_to_break_out() -> None:
    assert "secret" not in repr(OrderConnector("https://shop.example", "secret"))
    with pytest.raises(ValueError, match="found a token"):
        OrderConnector("https://shop.example", "a\r\nX-Evil: 1")

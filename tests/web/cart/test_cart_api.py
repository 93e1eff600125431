"""A cart's server: what may be asked, what comes back, and how a fault is told."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from aisle.cart.checkout import Settled
from aisle.cart.screen_state import AuditItem, ScreenState
from aisle.web.cart.guards import Allowance, Guard
from cart.screen_kit import BANANAS, BREAD, TEA, WINE
from web.cart.live_kit import CARDS, Kit, open_kit


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    """A cart with a trip going on, for questions that change nothing."""
    with open_kit(tmp_path_factory.mktemp("cart")) as kit:
        kit.begin(TEA)
        yield kit


def problem(answer: object) -> tuple[int, str]:
    document = answer.json()  # type: ignore[attr-defined]
    assert answer.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    return document["status"], document["type"].removeprefix("urn:aisle:problem:")


def test_from_sign_in_to_receipt(tmp_path: Path) -> None:
    with open_kit(tmp_path, Settled("paid", receipt="The receipt")) as kit:
        assert kit.get("/v1/screen").json()["phase"] == "idle"
        kit.begin(TEA, BREAD, email="mira@example.com", card="tok_visa", language="de")
        shopping = kit.until("shopping")
        assert (shopping["language"], shopping["total"]["minor"], len(shopping["lines"])) == ("de", 578, 2)
        kit.tap("pay")
        paid = kit.until("paid")
        assert (paid["receipt"], paid["total"]["minor"]) == ("The receipt", 578)
        (due,) = kit.lane.asked
        assert (due.shopper.email, due.shopper.card_token, due.language) == ("mira@example.com", "tok_visa", "de")
        assert kit.post("/v1/finish").json()["phase"] == "idle"


def test_another_card_is_tried(tmp_path: Path) -> None:
    with open_kit(tmp_path, Settled("card", words="lane_card"), Settled("paid")) as kit:
        kit.begin(TEA, card="tok_declined")
        kit.tap("pay")
        over = time.monotonic() + 5
        while not kit.live.screen.notices and time.monotonic() < over:
            time.sleep(0.01)
        assert [(notice.kind, notice.state) for notice in kit.live.screen.notices] == [("lane", "error")]
        kit.post("/v1/payment", {"card": "tok_visa"})
        kit.until("paid")
        assert [due.shopper.card_token for due in kit.lane.asked] == ["tok_declined", "tok_visa"]


def test_staff_resolve_what_the_lane_wants(tmp_path: Path) -> None:
    check = Settled("check", audit=(AuditItem("flag:age", "age"),), words="lane_check")
    with open_kit(tmp_path, check, Settled("paid")) as kit:
        kit.begin(WINE)
        kit.tap("pay")
        token = kit.post("/v1/staff/sign-in", {"number": "17", "pin": "4711"}).json()["token"]
        over = time.monotonic() + 5
        while not (kit.live.screen.staff and kit.live.screen.staff.audit) and time.monotonic() < over:
            time.sleep(0.01)
        assert kit.post("/v1/staff/acts", {"kind": "resolve_audit", "about": "flag:age"}, token).status_code == 200
        kit.until("paid")


def test_staff_correct_a_line(tmp_path: Path) -> None:
    with open_kit(tmp_path) as kit:
        kit.begin(TEA)
        token = kit.post("/v1/staff/sign-in", {"pin": "17.4711"}).json()["token"]
        body = {"kind": "set_quantity", "about": TEA, "quantity": 2, "reason": "two in one hand"}
        assert kit.post("/v1/staff/acts", body, token).json()["total"]["minor"] == 458
        assert problem(kit.post("/v1/staff/acts", {**body, "reason": ""}, token)) == (422, "reason_missing")
        kit.post("/v1/staff/sign-out", token=token)
        assert problem(kit.post("/v1/staff/acts", body, token)) == (401, "staff_only")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        pytest.param("/v1/taps", {"tap": "dance"}, "request_invalid", id="no such tap"),
        pytest.param("/v1/taps", {"tap": "pay", "value": 5}, "request_invalid", id="a value where none is"),
        pytest.param("/v1/taps", {"tap": "plu", "value": ""}, "request_invalid", id="no code"),
        pytest.param("/v1/taps", {"tap": "plu", "value": "a b"}, "request_invalid", id="a code with a space"),
        pytest.param("/v1/taps", {"tap": "quantity", "value": 0}, "request_invalid", id="none of it"),
        pytest.param("/v1/taps", {"tap": "own_bag", "value": "yes?"}, "request_invalid", id="neither true nor false"),
        pytest.param("/v1/taps", {"tap": "answer", "value": {"prompt": "p1"}}, "request_invalid", id="half an answer"),
        pytest.param("/v1/taps", {"tap": "help", "more": 1}, "request_invalid", id="an unknown field"),
        pytest.param("/v1/taps", [], "request_invalid", id="a list"),
        pytest.param("/v1/sign-in", {"email": "nobody"}, "request_invalid", id="no address"),
        pytest.param("/v1/sign-in", {"card": "tok_other"}, "card_unknown", id="a card nobody offered"),
        pytest.param("/v1/payment", {"card": "x" * 300}, "request_invalid", id="a card too long"),
        pytest.param("/v1/staff/sign-in", {"number": "17"}, "request_invalid", id="no PIN"),
    ],
)
def test_requests_that_are_none(kit: Kit, path: str, body: object, code: str) -> None:
    assert problem(kit.post(path, body)) == (422, code)


@pytest.mark.parametrize(
    ("path", "body", "found"),
    [
        pytest.param("/v1/sign-in", {}, (409, "cart_busy"), id="somebody shops already"),
        pytest.param("/v1/finish", {}, (409, "not_paid"), id="not paid"),
        pytest.param("/v1/taps", {"tap": "remove", "value": "no-line"}, (409, "line_unknown"), id="no such line"),
        pytest.param("/v1/staff/acts", {"kind": "void"}, (401, "staff_only"), id="nobody of the staff"),
        pytest.param("/v1/staff/sign-in", {"number": "17", "pin": "0000"}, (403, "staff_unknown"), id="a wrong PIN"),
    ],
)
def test_what_does_not_fit_now(kit: Kit, path: str, body: object, found: tuple[int, str]) -> None:
    assert problem(kit.post(path, body)) == found


def test_the_screen_is_what_it_is_described_as(kit: Kit) -> None:
    answer = kit.get("/v1/screen")
    state = msgspec.json.decode(answer.content, type=ScreenState)
    assert state.total.amount == "€2.29"
    assert answer.headers["etag"] == f'"{state.revision}"'
    assert kit.get("/v1/screen", if_none_match=answer.headers["etag"]).status_code == 304
    described = kit.get("/openapi.json").json()
    assert "ScreenState" in described["components"]["schemas"]
    assert {"/v1/screen", "/v1/taps", "/v1/tiles", "/v1/staff/acts", "/healthz"} <= described["paths"].keys()


def test_tiles_come_with_their_prices(kit: Kit) -> None:
    found = kit.get("/v1/tiles?q=ban").json()["tiles"]
    assert [(tile["value"], tile["name"], tile["price"]) for tile in found] == [(BANANAS, "Bananas", "€1.69/kg")]
    assert len(kit.get("/v1/tiles?most=1").json()["tiles"]) == 1
    assert problem(kit.get("/v1/tiles?q=" + "x" * 61))[0] == 422


def test_words_and_cards(kit: Kit) -> None:
    german = kit.get("/v1/words?language=de").json()
    assert (german["language"], german["words"]["pay"], german["languages"]["fr"]) == ("de", "Zahlen", "Français")
    assert kit.get("/v1/cards").json() == {"cards": CARDS}


def test_pictures(tmp_path: Path) -> None:
    picture = tmp_path / "1.jpg"
    picture.write_bytes(b"\xff\xd8\xff")
    with open_kit(tmp_path / "cart", pictures=picture) as kit:
        found = kit.get(f"/v1/pictures/{TEA}")
        assert (found.content, found.headers["content-type"]) == (b"\xff\xd8\xff", "image/jpeg")
        assert problem(kit.get("/v1/pictures/unknown")) == (404, "not_found")
        assert kit.get("/v1/pictures/..%2f..%2fetc").status_code in (404, 422)


def test_health_says_what_is_wrong(tmp_path: Path) -> None:
    with open_kit(tmp_path) as kit:
        assert kit.get("/healthz").json()["ok"]
        kit.live.watch.expect("scale", "scale")
        kit.live.watch.troubled("scale", "unplugged")
        kit.until("out of service")
        answer = kit.get("/healthz")
        assert (answer.status_code, answer.json()["devices"][0]["trouble"]) == (503, "unplugged")
        assert problem(kit.post("/v1/sign-in")) == (409, "cart_busy")
        kit.live.watch.heard("scale", time.time_ns())
        kit.until("idle")


def test_the_page_loads_nothing_from_elsewhere(kit: Kit) -> None:
    page = kit.get("/")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "style=" not in page.text
    assert "<script>" not in page.text
    for name in ("tokens.css", "cart.css", "cart.js", "dom.js", "views.js", "sheets.js"):
        found = kit.get(f"/static/{name}")
        assert found.status_code == 200
        assert "http://" not in found.text
        assert kit.get(f"/static/{name}", if_none_match=found.headers["etag"]).status_code == 304
    assert kit.get("/static/secret.py").status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "", "127.0.0.1.evil.example:80"])
def test_unknown_names_reach_no_cart(kit: Kit, host: str) -> None:
    assert kit.get("/v1/screen", host=host).status_code == 421


def test_a_long_body_is_not_read(kit: Kit) -> None:
    assert problem(kit.post("/v1/taps", {"tap": "plu", "value": "x" * 20_000})) == (413, "body_too_large")


def test_touches_are_bounded() -> None:
    now_s = 0.0
    allowance = Allowance(lambda: now_s, per_s=10.0, burst=3.0)
    assert [allowance.take() > 0 for _ in range(4)] == [False, False, False, True]
    now_s = 0.1
    assert allowance.take() == 0.0


def test_a_storm_of_touches_is_told_to_wait(tmp_path: Path) -> None:
    with open_kit(tmp_path) as kit:
        quick = TestClient(Guard(kit.client.app, None, Allowance(lambda: 0.0, burst=2.0)))
        answers = [
            quick.post("/v1/sign-in", json={}),
            *(quick.post("/v1/taps", json={"tap": "help"}) for _ in range(2)),
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[-1].headers["retry-after"] == "1"
        assert quick.get("/v1/screen").status_code == 200


def test_after_five_wrong_pins_the_door_is_shut(tmp_path: Path) -> None:
    with open_kit(tmp_path) as kit:
        found = [kit.post("/v1/staff/sign-in", {"number": "17", "pin": "0000"}) for _ in range(6)]
        assert [answer.status_code for answer in found] == [403] * 5 + [429]
        assert json.loads(found[-1].content)["type"] == "urn:aisle:problem:staff_locked"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
TAPS = st.sampled_from(
    ["plu", "quantity", "remove", "own_bag", "personal_item", "answer", "container", "help", "language", "large_text"]
)


@given(st.fixed_dictionaries({"tap": TAPS | st.text(max_size=10), "value": JSON}) | JSON)
def test_any_touch_is_taken_or_told(kit: Kit, body: object) -> None:
    answer = kit.post("/v1/taps", body)
    assert answer.status_code in (200, 409, 422, 429)
    assert answer.headers["content-type"] in ("application/json", "application/problem+json")
    assert kit.get("/v1/screen").status_code == 200


def test_what_cannot_be_kept_is_not_done(tmp_path: Path) -> None:
    with open_kit(tmp_path) as kit:
        (tmp_path / "trips").rename(tmp_path / "gone")
        assert problem(kit.post("/v1/sign-in")) == (503, "journal_unwritable")
        assert kit.get("/v1/screen").json()["phase"] == "idle"
        (tmp_path / "gone").rename(tmp_path / "trips")
        kit.begin(TEA)

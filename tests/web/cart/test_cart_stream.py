"""The screen as a stream over a real connection: every change arrives, a break resumes behind the last one."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aisle.bootstrap.cart_serving import serving
from cart.screen_kit import BREAD, TEA, Till
from web.cart.live_kit import Kit, live_cart, open_kit


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Kit, int]]:
    with open_kit(tmp_path) as kit, serving(kit.live, "127.0.0.1", 0) as there:
        yield kit, there.port


@contextmanager
def listening(port: int, last: str | None = None) -> Iterator[Iterator[tuple[int, dict[str, Any]]]]:
    """Events of the stream as they come."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/v1/screen/stream", headers={} if last is None else {"Last-Event-ID": last})
    answer = connection.getresponse()
    assert answer.status == 200
    yield events(answer)
    connection.close()


def events(answer: http.client.HTTPResponse) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    while line := answer.readline().decode().rstrip("\r\n") or "-":
        kind, _, value = line.partition(": ")
        number = int(value) if kind == "id" else number
        if kind == "data":
            yield number, json.loads(value)


def test_changes_arrive_in_order(served: tuple[Kit, int]) -> None:
    kit, port = served
    with listening(port) as stream:
        first, state = next(stream)
        assert state["phase"] == "idle"
        kit.begin(TEA)
        seen = [next(stream)]
        while not seen[-1][1]["lines"]:
            seen.append(next(stream))
    numbers = [first, *(number for number, _ in seen)]
    assert numbers == sorted(set(numbers))
    assert seen[-1][1]["total"]["minor"] == 229


def test_a_break_resumes_behind_the_last_event(served: tuple[Kit, int]) -> None:
    kit, port = served
    kit.begin(TEA)
    with listening(port) as stream:
        last, _ = next(stream)
    kit.tap("plu", BREAD)
    with listening(port, str(last)) as stream:
        number, state = next(stream)
    assert number > last
    assert len(state["lines"]) == 2


def test_who_has_seen_everything_waits_for_the_next_change(served: tuple[Kit, int]) -> None:
    kit, port = served
    kit.begin(TEA)
    revision = kit.live.screen.revision
    with listening(port, str(revision)) as stream:
        kit.tap("large_text", True)
        number, state = next(stream)
    assert number > revision
    assert state["large_text"]


@pytest.mark.parametrize("last", ["", "never", "-3", "0"])
def test_any_last_event_id_will_do(served: tuple[Kit, int], last: str) -> None:
    _, port = served
    with listening(port, last) as stream:
        assert next(stream)[1]["phase"] == "idle"


def test_after_a_restart_the_screen_is_there_before_the_journal_is_folded(tmp_path: Path) -> None:
    with open_kit(tmp_path) as kit:
        kit.begin(TEA, BREAD)
        before = kit.live.screen
    again = live_cart(tmp_path, Till())
    assert (again.screen.trip_id, again.screen.lines, again.screen.revision > before.revision) == (
        before.trip_id, before.lines, True,
    )  # fmt: skip
    again.start()
    assert len(again.touch("plu", TEA).lines) == 2
    again.stop()


@pytest.mark.parametrize(
    "kept", [pytest.param(b"", id="empty"), pytest.param(b"{", id="torn"), pytest.param(b"{}", id="none")]
)
def test_a_kept_screen_that_is_none_is_left_aside(tmp_path: Path, kept: bytes) -> None:
    with open_kit(tmp_path) as kit:
        kit.begin(TEA)
    (tmp_path / "screen.json").write_bytes(kept)
    with open_kit(tmp_path) as kit:
        assert len(kit.until("shopping")["lines"]) == 1

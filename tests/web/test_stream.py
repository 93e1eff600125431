"""The live basket as a stream: every change arrives, a break resumes behind the last one, the end is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aisle.web.keys import Role
from web.shop_kit import COLA, MILK, Kit, open_kit


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    with open_kit(tmp_path) as kit:
        yield kit


def events(text: str) -> list[tuple[str, str, str]]:
    """(event, id, data) of each event of a stream."""
    blocks = [
        dict(line.split(": ", 1) for line in block.splitlines())
        for block in text.replace("\r", "").split("\n\n")
        if block
    ]
    return [(block["event"], block["id"], block["data"]) for block in blocks if "event" in block]


def stream(kit: Kit, visit_id: str, key: Role | str, **headers: str) -> list[tuple[str, str, str]]:
    return events(kit.ask(key, "GET", f"/v1/visits/{visit_id}/basket/stream", **headers).text)


def test_changes_arrive_while_they_happen(kit: Kit) -> None:
    customer_id, phone = kit.customer()
    visit_id = kit.enter(customer_id, phone)

    def shop() -> None:
        time.sleep(0.3)
        kit.revise(visit_id, kit.line("a", COLA))
        time.sleep(0.3)
        kit.leave(visit_id)
        kit.work()

    shopping = threading.Thread(target=shop)
    shopping.start()
    told = stream(kit, visit_id, phone)
    shopping.join()
    baskets = [json.loads(data) for kind, _, data in told if kind == "basket"]
    assert [len(basket["priced"]["lines"]) for basket in baskets][:2] == [0, 1]
    assert told[-1][0] == "end"
    assert told[-1][2] == "settled"
    assert [int(number) for _, number, _ in told] == sorted(int(number) for _, number, _ in told)


def test_a_break_resumes_behind_the_last_event(kit: Kit) -> None:
    visit_id = kit.enter(*kit.customer())
    first = kit.revise(visit_id, kit.line("a", COLA)).json()["revision"]
    kit.revise(visit_id, kit.line("a", COLA), kit.line("b", MILK))
    kit.leave(visit_id)
    kit.work()
    resumed = stream(kit, visit_id, Role.DEVICE, last_event_id=str(first))
    assert [kind for kind, _, _ in resumed] == ["basket", "end"]
    assert len(json.loads(resumed[0][2])["priced"]["lines"]) == 2
    assert [kind for kind, _, _ in stream(kit, visit_id, Role.DEVICE, last_event_id=resumed[-1][1])] == ["end"]


@pytest.mark.parametrize("last", ["", "never", "-3", "9" * 40])
def test_any_last_event_id_will_do(kit: Kit, last: str) -> None:
    visit_id = kit.enter(*kit.customer())
    kit.revise(visit_id)
    kit.leave(visit_id)
    kit.work()
    assert stream(kit, visit_id, Role.DEVICE, last_event_id=last)[-1][0] == "end"

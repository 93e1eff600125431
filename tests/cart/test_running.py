"""A cart from one shopper to the next, and after a restart; sessions, journals and prices are the real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aisle.cart.checkout import Settled
from aisle.cart.notes import Overridden
from aisle.cart.running import RefusedError, RunningCart, steady_lines
from aisle.cart.screen import Connection
from aisle.cart.screen_state import AuditItem
from aisle.cart.session import CartSession
from aisle.cart.shopper import Shopper
from aisle.cart.staff import StaffAct
from aisle.cart.trip import Phase, PromptKind, Trip
from aisle.sensing.cart.readings import ScanReading, TapReading
from cart.screen_kit import BREAD, PESTO, TEA, WINE, Clock, line, running, shop, trip

MIRA = Shopper(name="Mira", email="mira@example.com")


def tap(clock: Clock, kind: str, value: object = None) -> TapReading:
    now_ns = clock.pass_s(1)
    return TapReading(now_ns, now_ns, kind, value)


def scan(clock: Clock, code: str) -> ScanReading:
    now_ns = clock.pass_s(1)
    return ScanReading(now_ns, now_ns, code, "EAN13")


def shopping(folder: Path, clock: Clock, *codes: str) -> RunningCart:
    cart = running(folder, clock)
    cart.sign_in(MIRA, "en", clock.pass_s(1))
    for code in codes:
        cart.feed(scan(clock, code))
        clock.pass_s(5)
    return cart


def names(cart: RunningCart, clock: Clock) -> list[str]:
    return sorted(one.gtin for one in cart.trip(clock()).lines for _ in range(one.quantity))


def test_from_sign_in_to_receipt(tmp_path: Path) -> None:
    clock = Clock()
    cart = shopping(tmp_path, clock, TEA, BREAD)
    assert cart.phase is Phase.SHOPPING
    cart.touch(tap(clock, "pay"))
    assert cart.phase is Phase.PAYING
    due = cart.due
    assert due is not None
    assert (due.shopper, due.attempt, due.digest is not None) == (MIRA, 1, True)
    cart.settled(due, Settled("paid", receipt="the receipt"), clock.pass_s(1))
    shown = cart.state(clock(), 1)
    assert (shown.phase, shown.receipt, shown.total.minor) == ("paid", "the receipt", 578)
    cart.leave(clock())
    assert cart.phase is Phase.IDLE
    cart.sign_in(Shopper(), "de", clock.pass_s(1))
    assert cart.state(clock(), 2).lines == ()


def test_a_receipt_nobody_reads_makes_room_by_itself(tmp_path: Path) -> None:
    clock = Clock()
    cart = shopping(tmp_path, clock, TEA)
    cart.touch(tap(clock, "pay"))
    assert cart.due is not None
    cart.settled(cart.due, Settled("paid"), clock())
    assert not cart.beat(clock.pass_s(30))
    assert cart.beat(clock.pass_s(30))
    assert cart.phase is Phase.IDLE


@pytest.mark.parametrize(
    "shopped", [pytest.param((), id="nothing yet"), pytest.param((TEA, BREAD, TEA), id="three items")]
)
def test_a_restart_goes_on_with_the_trip(tmp_path: Path, shopped: tuple[str, ...]) -> None:
    clock = Clock()
    before = shopping(tmp_path, clock, *shopped)
    before.touch(tap(clock, "language", "de"))
    before.touch(tap(clock, "large_text", True))
    before.act(StaffAct("a1", "add_line", "17", clock.pass_s(1), reason="seen", gtin=PESTO))
    shown = before.state(clock(), 0)
    del before  # killed: nothing is closed
    after = running(tmp_path, clock)
    assert after.resume()
    assert after.state(clock(), 0) == shown
    assert after.shopper == MIRA
    after.feed(scan(clock, WINE))
    assert WINE in names(after, clock)


def test_a_restart_while_paying_asks_the_lane_again(tmp_path: Path) -> None:
    clock = Clock()
    shopping(tmp_path, clock, TEA).touch(tap(clock, "pay"))
    after = running(tmp_path, clock)
    assert after.resume()
    assert after.phase is Phase.PAYING
    assert after.due is not None
    assert [one.gtin for one in after.due.trip.lines] == [TEA]


def test_after_a_paid_trip_there_is_nothing_to_take_up(tmp_path: Path) -> None:
    clock = Clock()
    cart = shopping(tmp_path, clock, TEA)
    cart.touch(tap(clock, "pay"))
    assert cart.due is not None
    cart.settled(cart.due, Settled("paid"), clock())
    assert not running(tmp_path, clock).resume()


def test_what_was_taken_out_leaves_the_receipt(tmp_path: Path) -> None:
    clock = Clock()
    cart = shopping(tmp_path, clock, TEA, BREAD)
    cart.touch(tap(clock, "remove", TEA))
    cart.beat(clock.pass_s(5))
    assert names(cart, clock) == [BREAD]


def test_an_unknown_code_is_told_and_put_away(tmp_path: Path) -> None:
    clock = Clock()
    cart = shopping(tmp_path, clock, "4000000009999")
    (question,) = cart.state(clock(), 0).questions
    assert question.kind == PromptKind.UNKNOWN_CODE.value
    cart.touch(tap(clock, "answer", {"prompt": question.prompt_id, "choice": "none"}))
    assert cart.state(clock(), 0).questions == ()


def test_a_question_of_the_lane_is_answered_and_asked_again(tmp_path: Path) -> None:
    clock = Clock()
    cart = shopping(tmp_path, clock, TEA, "4000000009999")
    cart.touch(tap(clock, "pay"))
    assert cart.due is not None
    cart.settled(cart.due, Settled("question", words="lane_question"), clock())
    cart.due = None
    cart.touch(tap(clock, "large_text", True))
    assert cart.due is None
    (question,) = cart.state(clock(), 0).questions
    cart.touch(tap(clock, "answer", {"prompt": question.prompt_id, "choice": "none"}))
    assert cart.due is not None
    assert cart.due.attempt == 2


def test_a_check_by_staff_lets_the_trip_be_paid(tmp_path: Path) -> None:
    clock = Clock()
    cart = shopping(tmp_path, clock, WINE)
    cart.touch(tap(clock, "pay"))
    assert cart.due is not None
    assert "age" in cart.due.trip.flags
    cart.settled(cart.due, Settled("check", audit=(AuditItem("flag:age", "age"),), words="lane_check"), clock())
    cart.signed_in_staff("Ada")
    shown = cart.state(clock(), 0)
    assert shown.staff is not None
    assert [item.audit_id for item in shown.staff.audit] == ["flag:age"]
    cart.act(StaffAct("a1", "resolve_audit", "17", clock.pass_s(1), "flag:age"))
    assert cart.due is not None
    assert (cart.due.attempt, cart.due.trip.flags) == (2, frozenset())


def test_overrides_are_journalled_with_name_and_reason(tmp_path: Path) -> None:
    clock = Clock()
    cart = shopping(tmp_path, clock, TEA)
    cart.act(StaffAct("a1", "set_quantity", "17", clock.pass_s(1), TEA, "one was broken", quantity=2))
    assert names(cart, clock) == [TEA, TEA]
    journal = cart._journal
    assert journal.trip_id is not None
    noted = [n.entry for n in journal.entries(journal.trip_id) if isinstance(n.entry, Overridden)]
    assert noted == [Overridden(clock(), "17", f"set_quantity {TEA}", "one was broken")]


@pytest.mark.parametrize(
    ("kind", "phase"), [("void", Phase.IDLE), ("transfer", Phase.IDLE), ("start_over", Phase.SHOPPING)]
)
def test_staff_may_end_a_trip(tmp_path: Path, kind: str, phase: Phase) -> None:
    clock = Clock()
    cart = shopping(tmp_path, clock, TEA)
    cart.act(StaffAct("a1", kind, "17", clock.pass_s(1), reason="asked for"))  # type: ignore[arg-type]
    assert cart.phase is phase
    assert cart.trip(clock()).lines == ()


def test_a_broken_device_stops_the_next_shopper_not_this_one(tmp_path: Path) -> None:
    clock = Clock()
    cart = shopping(tmp_path, clock, TEA)
    assert cart.devices((("camera", "The scan camera shows nothing."),))
    shown = cart.state(clock(), 0)
    assert (shown.phase, [question.kind for question in shown.questions]) == ("shopping", ["camera fault"])
    cart.touch(tap(clock, "pay"))
    assert cart.due is not None
    assert cart.due.trip.faults == ("The scan camera shows nothing.",)
    cart.settled(cart.due, Settled("paid"), clock())
    cart.leave(clock())
    assert cart.phase is Phase.OUT_OF_SERVICE
    with pytest.raises(RefusedError, match="not free"):
        cart.sign_in(MIRA, "en", clock())
    assert cart.devices(())
    assert cart.phase is Phase.IDLE


def test_what_does_not_fit_now_is_refused(tmp_path: Path) -> None:
    clock = Clock()
    cart = running(tmp_path, clock)
    with pytest.raises(RefusedError) as idle:
        cart.touch(tap(clock, "pay"))
    cart.sign_in(MIRA, "en", clock())
    with pytest.raises(RefusedError) as twice:
        cart.sign_in(MIRA, "en", clock())
    with pytest.raises(RefusedError) as unknown:
        cart.touch(tap(clock, "remove", "nothing"))
    with pytest.raises(RefusedError) as early:
        cart.leave(clock())
    assert [caught.value.code for caught in (idle, twice, unknown, early)] == [
        "nobody_shops", "cart_busy", "line_unknown", "not_paid",
    ]  # fmt: skip


def test_without_network_the_screen_says_so(tmp_path: Path) -> None:
    clock = Clock()
    cart = shopping(tmp_path, clock)
    assert cart.connected(Connection(False, clock()))
    assert not cart.connected(Connection(False, clock()))
    assert [notice.kind for notice in cart.state(clock(), 0).notices] == ["offline"]


def test_lines_keep_their_names() -> None:
    mixed = trip(replace(line(TEA, at_s=9), line_id="l7"), line(BREAD), line(TEA, at_s=2))
    assert [one.line_id for one in steady_lines(mixed).lines] == [f"{TEA}.2", BREAD, TEA]


class Stuck(CartSession):
    """A session whose scale was stuck to the end."""

    @property
    def trip(self) -> Trip:
        return replace(super().trip, faults=("The scale is stuck.",))


def test_what_only_the_last_trip_has_met_waits_for_staff(tmp_path: Path) -> None:
    clock = Clock()
    cart = running(tmp_path, clock)
    cart._make = lambda trip_id: Stuck(shop(), trip_id, "cart-1", weighs=False)
    cart.sign_in(MIRA, "en", clock())
    cart.touch(tap(clock, "pay"))
    assert cart.due is not None
    cart.settled(cart.due, Settled("paid"), clock())
    cart.leave(clock())
    assert (cart.phase, cart.state(clock(), 0).faults) == (Phase.OUT_OF_SERVICE, ("The scale is stuck.",))
    cart.devices(())
    assert cart.phase is Phase.OUT_OF_SERVICE
    cart.act(StaffAct("a1", "device_checked", "17", clock()))
    assert cart.phase is Phase.IDLE

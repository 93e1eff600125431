"""Purchases on their way: on disk before they are sent, there again after every cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.cart.purchase import CartPurchase, Payer
from aisle.cart.purchase_queue import PurchaseQueue, Refusal
from cart.lane_kit import anna, attempt, by_card


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "purchases.queue"


def test_what_waits_is_there_after_a_restart(path: Path) -> None:
    first, second = anna("t1"), anna("t2", coupons=("A",), trusted=True)
    queue = PurchaseQueue(path)
    for purchase in (first, second, first):
        queue.put(purchase)
    queue.close()
    assert PurchaseQueue(path).waiting() == (first, second)


def test_what_the_shop_has_waits_no_more(path: Path) -> None:
    queue = PurchaseQueue(path)
    queue.put(anna("t1"))
    queue.took("t1", "visit-1")
    queue.put(anna("t1"))
    queue.close()
    again = PurchaseQueue(path)
    assert (again.waiting(), again.of_trip("t1"), again.visit_of("t1")) == ((), None, "visit-1")


def test_another_card_takes_the_place_of_the_one_refused(path: Path) -> None:
    queue = PurchaseQueue(path)
    queue.put(by_card("tok_declined", "t1"))
    queue.refused(Refusal("t1", 0, "card_declined", "no"))
    assert (queue.waiting(), queue.for_people()) == ((), ())
    other = attempt(anna("t1"), 1, payer=Payer(card_token="tok_visa"))
    queue.put(other)
    queue.close()
    assert PurchaseQueue(path).waiting() == (other,)


def test_goods_outside_that_the_shop_refuses_stay_for_people(path: Path) -> None:
    queue = PurchaseQueue(path)
    queue.put(anna("t1", trusted=True))
    refusal = Refusal("t1", 0, "purchase_differs", "it came before with other goods")
    queue.refused(refusal)
    queue.close()
    assert PurchaseQueue(path).for_people() == ((anna("t1", trusted=True), refusal),)


def test_cut_at_every_byte_nothing_that_was_whole_is_lost(path: Path, tmp_path: Path) -> None:
    queue = PurchaseQueue(path)
    sizes: list[tuple[int, tuple[CartPurchase, ...]]] = []
    for number in range(3):
        queue.put(anna(f"t{number}"))
        sizes.append((path.stat().st_size, queue.waiting()))
    queue.took("t0", "v")
    content = path.read_bytes()
    for size in range(8, len(content), 7):
        cut = tmp_path / f"cut-{size}"
        cut.write_bytes(content[:size])
        expected = [waiting for end, waiting in sizes if end <= size]
        assert PurchaseQueue(cut).waiting() == (expected[-1] if expected else ())


def test_a_long_file_with_nothing_in_it_is_made_anew(path: Path) -> None:
    queue = PurchaseQueue(path)
    for number in range(4):
        queue.put(anna(f"t{number}", reasons=("x" * 300_000,)))
        queue.took(f"t{number}", "v")
    queue.close()
    assert PurchaseQueue(path).waiting() == ()
    assert path.stat().st_size < 100

"""What only the sandbox does: its test cards, its terms, its webhooks and what goes wrong on purpose."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from aisle.commerce.money import Money
from aisle.commerce.payments.port import (
    AuthenticationRequiredError,
    Card,
    CardDeclinedError,
    Hold,
    HoldExpiredError,
    KeyReusedError,
    ProviderUnavailableError,
)
from aisle.commerce.payments.sandbox import Delivery, Sandbox, Terms
from aisle.commerce.payments.sandbox_faults import Faults
from aisle.commerce.payments.webhooks import read_notice
from commerce.payments.benches import HOUR_NS, START_NS, Clock, numbered

SECRET = "whsec_shop"
Answer = TypeVar("Answer")


def usd(minor: int) -> Money:
    return Money(minor, "USD")


class Shop:
    """A shop that listens: what was delivered to it, and whether it is open for deliveries."""

    def __init__(self, faults: Faults | None = None, terms: Terms | None = None, path: Path | None = None) -> None:
        self.clock = Clock()
        self.delivered: list[Delivery] = []
        self.listens = True
        self.sandbox = Sandbox(
            path, self.clock, numbered(), webhooks=self.take, secret=SECRET, faults=faults or Faults(), terms=terms
        )

    def take(self, delivery: Delivery) -> bool:
        self.delivered.append(delivery)
        return self.listens

    def hold(self, token: str = "tok_visa", minor: int = 5000, visit: str = "v1") -> str:
        card = self.sandbox.register(visit, token, key=f"{visit}:register")
        return self.sandbox.authorise(card, usd(minor), reference=visit, key=f"{visit}:hold").hold_id

    def kinds(self) -> list[str]:
        return [read_notice(one.body, one.signature, [SECRET], self.clock()).kind for one in self.delivered]


@pytest.fixture
def shop() -> Iterator[Shop]:
    opened = Shop()
    yield opened
    opened.sandbox.close()


@pytest.mark.parametrize(
    ("token", "hours"),
    [
        pytest.param("tok_visa", 4 * 24 + 18, id="visa, not started by the customer"),
        pytest.param("tok_mastercard", 7 * 24, id="others"),
        pytest.param("tok_expires_soon", 1, id="a card whose holds lapse soon"),
    ],
)
def test_holds_last_as_long_as_the_brand_says(shop: Shop, token: str, hours: int) -> None:
    hold_id = shop.hold(token)
    assert shop.sandbox.hold(hold_id).expires_at_ns == START_NS + hours * HOUR_NS
    shop.clock.pass_hours(hours)
    with pytest.raises(HoldExpiredError):
        shop.sandbox.capture(hold_id, usd(1), key="late")


def test_terms_can_be_others() -> None:
    shop = Shop(terms=Terms(hold_s=3600, by_brand={}))
    assert shop.sandbox.hold(shop.hold()).expires_at_ns == START_NS + HOUR_NS
    shop.sandbox.close()


def test_a_limited_card_is_limited_over_all_its_payments(shop: Shop) -> None:
    hold_id = shop.hold("tok_limit_5000", 4000)
    with pytest.raises(CardDeclinedError):
        shop.sandbox.increment(hold_id, usd(5001), key="raise")
    with pytest.raises(CardDeclinedError) as declined:
        shop.hold("tok_limit_5000", 1001, "v2")
    assert declined.value.decline_code == "insufficient_funds"
    shop.sandbox.cancel(hold_id, key="cancel")
    assert shop.hold("tok_limit_5000", 5000, "v3")


def test_a_capture_may_be_declined(shop: Shop) -> None:
    hold_id = shop.hold("tok_decline_on_capture")
    with pytest.raises(CardDeclinedError):
        shop.sandbox.capture(hold_id, usd(100), key="capture")
    assert shop.sandbox.hold(hold_id).status == "held"


def test_a_named_token_is_a_card_of_its_own(shop: Shop) -> None:
    prints = {shop.sandbox.register(n, f"tok_visa/{n}", key=n).fingerprint for n in ("anna", "bert")}
    assert len(prints) == 2


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_is_neither_empty_nor_endless(shop: Shop, key: str) -> None:
    with pytest.raises(ValueError, match="expected 1 to 255"):
        shop.sandbox.cancel("h", key=key)


def test_one_key_is_for_one_operation(shop: Shop) -> None:
    hold_id = shop.hold()
    with pytest.raises(KeyReusedError):
        shop.sandbox.cancel(hold_id, key="v1:hold")


def test_answers_outlive_the_process(tmp_path: Path) -> None:
    first = Shop(path=tmp_path / "sandbox.db")
    hold_id = first.hold()
    answer = first.sandbox.capture(hold_id, usd(4000), key="capture")
    first.sandbox.close()
    second = Shop(path=tmp_path / "sandbox.db")
    second.sandbox.refund(hold_id, usd(10), key="refund")
    assert second.sandbox.capture(hold_id, usd(4000), key="capture") == answer
    second.sandbox.close()


# Webhooks


def test_every_change_is_announced_and_signed(shop: Shop) -> None:
    hold_id = shop.hold()
    shop.sandbox.increment(hold_id, usd(6000), key="raise")
    shop.sandbox.capture(hold_id, usd(5500), key="capture")
    shop.sandbox.refund(hold_id, usd(100), key="refund")
    assert shop.sandbox.deliver() == 4
    assert shop.kinds() == ["held", "held", "captured", "refunded"]
    assert shop.sandbox.next_delivery_ns() is None


def test_a_lapse_is_announced(shop: Shop) -> None:
    shop.hold()
    shop.clock.pass_hours(200)
    shop.sandbox.deliver()
    assert shop.kinds() == ["held", "expired"]


def test_a_confirmation_is_announced_once(shop: Shop) -> None:
    card = shop.sandbox.register("v1", "tok_authentication_required", key="r")
    with pytest.raises(AuthenticationRequiredError) as wanted:
        shop.sandbox.authorise(card, usd(100), reference="v1", key="h")
    shop.sandbox.confirm(wanted.value.hold_id)
    shop.sandbox.confirm(wanted.value.hold_id)
    shop.sandbox.deliver()
    assert shop.kinds() == ["needs_action", "held"]


def test_what_is_not_taken_comes_again_ever_later(shop: Shop) -> None:
    shop.listens = False
    shop.hold()
    assert shop.sandbox.deliver() == 0
    assert shop.sandbox.next_delivery_ns() == START_NS + 60 * 1_000_000_000
    shop.clock.pass_hours(1 / 60)
    shop.sandbox.deliver()
    assert shop.sandbox.next_delivery_ns() == shop.clock() + 120 * 1_000_000_000
    shop.listens = True
    shop.clock.pass_hours(2 / 60)
    assert shop.sandbox.deliver() == 1
    assert len({one.event_id for one in shop.delivered}) == 1
    assert shop.kinds()[-1] == "held"


def test_webhooks_come_late_twice_and_out_of_order() -> None:
    shop = Shop(Faults(seed=1, late=0.7, late_s=600, repeated=0.5))
    for n in range(20):
        shop.sandbox.cancel(shop.hold(visit=f"v{n}"), key=f"v{n}:cancel")
    shop.sandbox.deliver()
    at_once = len(shop.delivered)
    for _ in range(60):
        shop.clock.pass_hours(10 / 3600)
        shop.sandbox.deliver()
    ids = [one.event_id for one in shop.delivered]
    assert 0 < at_once < len(ids)
    assert len(set(ids)) == 40 < len(ids)
    assert ids != sorted(ids)
    shop.sandbox.close()


# What goes wrong between the shop and the provider


def test_a_lost_request_did_nothing_and_a_lost_answer_did_all() -> None:
    lost = Shop(Faults(lost_requests=1.0))
    with pytest.raises(ProviderUnavailableError):
        lost.hold()
    assert lost.sandbox.holds(0) == ()
    lost.sandbox.close()
    late = Shop(Faults(lost_answers=1.0))
    with pytest.raises(ProviderUnavailableError):
        late.sandbox.register("v1", "tok_visa", key="register")
    card = Card("cus_000001", "pm_000002", "visa", "4242")
    with pytest.raises(ProviderUnavailableError):
        late.sandbox.authorise(card, usd(100), reference="v1", key="hold")
    assert [hold.held for hold in late.sandbox.holds(0)] == [usd(100)]
    late.sandbox.close()


def test_whoever_asks_again_gets_the_one_hold_that_was_made() -> None:
    shop = Shop(Faults(seed=3, lost_requests=0.3, lost_answers=0.3))
    card = insist(lambda: shop.sandbox.register("v1", "tok_visa", key="register"))

    def hold(n: int) -> Callable[[], Hold]:
        return lambda: shop.sandbox.authorise(card, usd(100), reference=f"v{n}", key=f"v{n}")

    holds = [insist(hold(n)) for n in range(30)]
    assert shop.sandbox.holds(0) == tuple(holds)
    shop.sandbox.close()


def insist(call: Callable[[], Answer]) -> Answer:
    """Ask until an answer comes, as an outbox does."""
    for _ in range(50):
        with suppress(ProviderUnavailableError):
            return call()
    raise TimeoutError("no answer in 50 calls")


def test_threads_with_one_key_make_one_hold(shop: Shop) -> None:
    card = shop.sandbox.register("v1", "tok_visa", key="register")
    found: list[str] = []

    def work() -> None:
        found.append(shop.sandbox.authorise(card, usd(100), reference="v1", key="hold").hold_id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1

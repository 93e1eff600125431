"""What only the adapter for Stripe does: keys on every call, lost answers, its errors, its ways of counting."""

from __future__ import annotations

import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator

import pytest

from aisle.commerce.money import Money
from aisle.commerce.payments.port import (
    Card,
    HoldExpiredError,
    IncrementUnsupportedError,
    PaymentError,
    PaymentProvider,
    ProviderUnavailableError,
)
from aisle.commerce.payments.stripe import StripeProvider
from commerce.payments.benches import START_NS, Clock
from commerce.payments.fake_stripe import API_KEY, FakeStripe


def usd(minor: int) -> Money:
    return Money(minor, "USD")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[FakeStripe]:
    opened = FakeStripe(clock)
    yield opened
    opened.close()


@pytest.fixture
def provider(server: FakeStripe, clock: Clock) -> Iterator[StripeProvider]:
    opened = StripeProvider(API_KEY, clock, base_address=server.address, retries=0)
    yield opened
    opened.close()


@pytest.fixture
def card(provider: StripeProvider) -> Card:
    return provider.register("anna", "pm_card_visa", key="register")


def test_every_change_carries_a_key(server: FakeStripe, provider: StripeProvider, card: Card) -> None:
    hold = provider.authorise(card, usd(5000), reference="v1", key="v1:hold")
    provider.capture(hold.hold_id, usd(4000), key="v1:capture")
    provider.refund(hold.hold_id, usd(100), key="v1:refund")
    keys = [key for method, _, key in server.company.calls if method == "POST"]
    assert keys == [
        "customer:anna", "register:setup", "register:confirm", "v1:hold", "v1:capture", "v1:refund",
    ]  # fmt: skip


STEPS: dict[str, Callable[[PaymentProvider, Card, str], object]] = {
    "hold": lambda provider, card, _: provider.authorise(card, usd(700), reference="v2", key="v2:hold"),
    "capture": lambda provider, card, hold_id: provider.capture(hold_id, usd(300), key="v1:capture"),
    "cancel": lambda provider, card, hold_id: provider.cancel(hold_id, key="v1:cancel"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("hours", [0, 30])
@pytest.mark.parametrize("calls_before", [0, 1, 2])
def test_a_lost_answer_is_asked_for_again(
    server: FakeStripe, provider: StripeProvider, card: Card, clock: Clock, step: str, hours: int, calls_before: int
) -> None:
    hold_id = provider.authorise(card, usd(500), reference="v1", key="v1:hold").hold_id
    server.company.outage = [""] * calls_before + ["after"]
    first = unavailable_or(lambda: STEPS[step](provider, card, hold_id))
    server.company.outage = []
    clock.pass_hours(hours)
    again = STEPS[step](provider, card, hold_id)
    assert first in (again, "unavailable")
    assert len(server.company.intents) == (2 if step == "hold" else 1)
    assert STEPS[step](provider, card, hold_id) == again


def unavailable_or(call: Callable[[], object]) -> object:
    try:
        return call()
    except ProviderUnavailableError:
        return "unavailable"


def test_a_fault_that_stripe_keeps_under_a_key_is_seen_through(
    server: FakeStripe, provider: StripeProvider, card: Card
) -> None:
    held = [provider.authorise(card, usd(500), reference=f"v{n}", key=f"v{n}:hold").hold_id for n in range(2)]
    server.company.outage = ["", "after"]
    assert provider.capture(held[0], usd(300), key="v0:capture").captured == usd(300)
    server.company.outage = ["after"]
    assert provider.cancel(held[1], key="v1:cancel").status == "cancelled"


@pytest.mark.parametrize("hours", [0, 30])
def test_a_refund_whose_answer_was_lost_is_not_made_twice(
    server: FakeStripe, provider: StripeProvider, card: Card, clock: Clock, hours: int
) -> None:
    hold_id = provider.authorise(card, usd(500), reference="v1", key="v1:hold").hold_id
    provider.capture(hold_id, usd(500), key="v1:capture")
    server.company.outage = ["", "", "after"]
    assert unavailable_or(lambda: provider.refund(hold_id, usd(200), key="v1:refund")) == "unavailable"
    clock.pass_hours(hours)
    provider.refund(hold_id, usd(200), key="v1:refund")
    assert provider.hold(hold_id).refunded == usd(200)


def test_a_refund_the_bank_did_not_take_is_an_error(server: FakeStripe, provider: StripeProvider, card: Card) -> None:
    hold_id = provider.authorise(card, usd(500), reference="v1", key="v1:hold").hold_id
    provider.capture(hold_id, usd(500), key="v1:capture")
    refund = provider.refund(hold_id, usd(200), key="v1:refund")
    server.company.refunds[refund.refund_id]["status"] = "failed"
    with pytest.raises(PaymentError, match="did not take the refund"):
        provider.refund(hold_id, usd(200), key="v1:refund")


def test_the_card_that_was_put_on_file_is_the_customers_own(provider: StripeProvider, card: Card) -> None:
    assert card.token != "pm_card_visa"
    assert provider.register("anna", card.token, key="register:again") == card


def test_a_wrong_api_key_is_said_without_showing_it(server: FakeStripe, clock: Clock) -> None:
    secret = "sk_live_very_secret"
    provider = StripeProvider(secret, clock, base_address=server.address, retries=0)
    with pytest.raises(ProviderUnavailableError, match="refused the API key") as refused:
        provider.hold("pi_1")
    shown = "".join(traceback.format_exception(refused.value)) + repr(provider) + repr(refused.value)
    assert secret not in shown
    provider.close()


def test_a_server_that_is_not_there_is_unavailable(clock: Clock) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        provider = StripeProvider(API_KEY, clock, base_address=address, retries=0, timeout_s=1)
        with pytest.raises(ProviderUnavailableError):
            provider.hold("pi_1")
        provider.close()


def test_increments_are_asked_for_only_when_switched_on(
    server: FakeStripe, provider: StripeProvider, card: Card
) -> None:
    hold_id = provider.authorise(card, usd(500), reference="v1", key="v1:hold").hold_id
    with pytest.raises(IncrementUnsupportedError):
        provider.increment(hold_id, usd(600), key="v1:raise")
    details = server.company.intents[hold_id]["latest_charge"]["payment_method_details"]["card"]
    assert details["incremental_authorization"]["status"] == "unavailable"


@pytest.mark.parametrize(
    ("amount", "number"),
    [
        pytest.param(Money(1234, "EUR"), 1234, id="hundredths"),
        pytest.param(Money(1234, "JPY"), 1234, id="no hundredths, counted whole"),
        pytest.param(Money(1234, "ISK"), 123_400, id="no hundredths, counted in hundredths all the same"),
    ],
)
def test_amounts_are_counted_as_stripe_counts(
    server: FakeStripe, provider: StripeProvider, card: Card, amount: Money, number: int
) -> None:
    hold = provider.authorise(card, amount, reference="v1", key="v1:hold")
    provider.capture(hold.hold_id, amount, key="v1:capture")
    provider.refund(hold.hold_id, amount, key="v1:refund")
    assert server.company.intents[hold.hold_id]["amount_received"] == number
    assert provider.hold(hold.hold_id).refunded == amount


def test_long_lists_are_read_to_the_end_and_others_payments_left_out(
    server: FakeStripe, provider: StripeProvider, card: Card, clock: Clock
) -> None:
    server.company.page_size = 2
    made = [provider.authorise(card, usd(100 + n), reference=f"v{n}", key=f"v{n}:hold") for n in range(5)]
    server.company.intents["pi_web_shop"] = {**server.company.intents[made[0].hold_id], "id": "pi_x", "metadata": {}}
    assert provider.holds(START_NS) == tuple(made)
    clock.pass_hours(30)
    assert provider.authorise(card, usd(100), reference="v0", key="v0:hold") == made[0]


def test_a_refused_capture_of_a_lapsed_hold_says_so(
    server: FakeStripe, provider: StripeProvider, card: Card, clock: Clock
) -> None:
    hold_id = provider.authorise(card, usd(500), reference="v1", key="v1:hold").hold_id
    clock.pass_hours(5 * 24)
    with pytest.raises(HoldExpiredError):
        provider.capture(hold_id, usd(300), key="v1:capture")
    assert provider.hold(hold_id).status == "expired"


def test_without_the_package_the_error_says_what_to_install() -> None:
    run = "import sys; sys.modules['stripe'] = None; import aisle.commerce.payments.stripe"
    outcome = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False)
    assert outcome.returncode == 1
    assert "pip install 'aisle[stripe]'" in outcome.stderr.splitlines()[-1]

"""The providers the contract suite runs on, each with its clock, its tokens and its customer."""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import stripe

from aisle.commerce.payments.port import Card, PaymentProvider
from aisle.commerce.payments.sandbox import Sandbox
from aisle.commerce.payments.stripe import StripeProvider
from commerce.payments.fake_stripe import API_KEY, FakeStripe

HOUR_NS = 3_600_000_000_000
START_NS = 1_800_000_000_000_000_000


@dataclass
class Clock:
    """Time that passes only when a test lets it."""

    now_ns: int = START_NS

    def __call__(self) -> int:
        return self.now_ns

    def pass_hours(self, hours: float) -> None:
        self.now_ns += int(hours * HOUR_NS)


def numbered() -> Callable[[], str]:
    """Ids that are the same in every run."""
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):06d}"


@dataclass
class Bench:
    """A provider under test, the tokens for each kind of card, and what the customer does at the bank."""

    provider: PaymentProvider
    clock: Clock
    tokens: Mapping[str, str]
    confirm: Callable[[str], object]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def card(self, kind: str = "visa") -> Card:
        n = next(self.numbers)
        return self.provider.register(f"customer-{n}", self.tokens[kind], key=f"register:{n}")


SANDBOX_TOKENS = {
    "visa": "tok_visa",
    "mastercard": "tok_mastercard",
    "declined": "tok_declined",
    "insufficient funds": "tok_insufficient_funds",
    "declined on file": "tok_decline_on_register",
    "wants authentication": "tok_authentication_required",
    "no increment": "tok_no_increment",
    "declined increment": "tok_decline_on_increment",
}
STRIPE_TOKENS = {
    "visa": "pm_card_visa",
    "mastercard": "pm_card_mastercard",
    "declined": "pm_card_chargeCustomerFail",
    "insufficient funds": "pm_card_visa_chargeDeclinedInsufficientFunds",
    "declined on file": "pm_card_visa_chargeDeclined",
    "wants authentication": "pm_card_authenticationRequired",
    "no increment": "pm_card_amex",
    "declined increment": "pm_card_discover",
}


class Reopened:
    """A sandbox on a file that is opened for each call and closed after it."""

    name = "sandbox"

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock, self._ids = path, clock, numbered()

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **named: Any) -> Any:
            sandbox = Sandbox(self._path, self._clock, self._ids)
            try:
                return getattr(sandbox, name)(*args, **named)
            finally:
                sandbox.close()

        return call


@contextmanager
def sandbox_in_memory(_: Path) -> Iterator[Bench]:
    clock = Clock()
    sandbox = Sandbox(None, clock, numbered())
    try:
        yield Bench(sandbox, clock, SANDBOX_TOKENS, sandbox.confirm)
    finally:
        sandbox.close()


@contextmanager
def sandbox_on_file(folder: Path) -> Iterator[Bench]:
    clock = Clock()
    sandbox = Reopened(folder / "provider.db", clock)
    yield Bench(cast(PaymentProvider, sandbox), clock, SANDBOX_TOKENS, sandbox.confirm)


@contextmanager
def stripe_with_fake(_: Path) -> Iterator[Bench]:
    clock = Clock()
    server = FakeStripe(clock)
    provider = StripeProvider(API_KEY, clock, base_address=server.address, increments=True, retries=0)
    try:
        yield Bench(provider, clock, STRIPE_TOKENS, server.company.customer_confirms)
    finally:
        provider.close()
        server.close()


class LocalStripeClient(stripe.RequestsClient):
    """Speaks to localstripe: leaves out what it does not know, and adds what its intents lack.

    Its intents have no amount_received, its charges no details of the card, its lists nothing to narrow them by.
    """

    UNKNOWN = ("automatic_payment_methods", "created", "customer")

    def __init__(self) -> None:
        super().__init__(timeout=10)
        self.received: dict[str, int] = {}

    def request(self, method: Any, url: Any, headers: Any, post_data: Any = None) -> Any:
        split = urlsplit(url)
        if split.path == "/v1/payment_intents" and method == "get":
            url = split._replace(query=self._known(split.query)).geturl()
        if post_data is not None:
            unknown = self.UNKNOWN[:1]
            post_data = urlencode([pair for pair in parse_qsl(post_data) if not pair[0].startswith(unknown)])
        content, status, answered = super().request(method, url, headers, post_data)
        if split.path.endswith("/capture") and status == 200:
            self.received[split.path.split("/")[3]] = int(dict(parse_qsl(post_data))["amount_to_capture"])
        return json.dumps(self._completed(json.loads(content))).encode(), status, answered

    def _known(self, query: str) -> str:
        return urlencode([pair for pair in parse_qsl(query) if not pair[0].startswith(self.UNKNOWN)])

    def _completed(self, body: Any) -> Any:
        for one in body.get("data", [body]):
            if one.get("object") == "payment_intent":
                one.update(amount_received=self.received.get(one["id"], 0), cancellation_reason=None)
                charge = one["latest_charge"]
                one["latest_charge"] = (
                    {**charge, "payment_method_details": None} if isinstance(charge, dict) else charge
                )
        return body


@contextmanager
def localstripe_process(folder: Path) -> Iterator[str]:
    """localstripe in a process of its own, its state in `folder`; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = (
        f"from aiohttp import web; from localstripe.server import app; web.run_app(app, host='127.0.0.1', port={port})"
    )
    quiet = subprocess.DEVNULL
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", run], env=environment, stdout=quiet, stderr=quiet
    ) as it:
        try:
            _wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            it.terminate()


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"localstripe does not answer on port {port}")


@contextmanager
def stripe_with_localstripe(address: str) -> Iterator[Bench]:
    clock = Clock(time.time_ns())
    urllib.request.urlopen(urllib.request.Request(f"{address}/_config/data", method="DELETE")).close()
    client = LocalStripeClient()
    provider = StripeProvider(API_KEY, clock, base_address=address, retries=0, http_client=client)
    try:
        yield Bench(provider, clock, STRIPE_TOKENS, lambda hold_id: None)
    finally:
        provider.close()

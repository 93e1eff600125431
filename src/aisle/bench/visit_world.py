"""A small world round a visits' desk that can be broken at any step: shoppers, a payment provider, a mailbox, a clock.

A *crash* is an exception raised before or after any commit and before or after any call outside. All objects of the
program are then thrown away and made anew from the database; the world outside (provider, mailbox, devices) goes on and
repeats what it got no answer to. Everything follows from a seed.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from aisle.commerce.money import Money
from aisle.commerce.payments.port import (
    Card,
    Hold,
    PaymentError,
    PaymentProvider,
    ProviderUnavailableError,
    Refund,
)
from aisle.commerce.payments.sandbox import Delivery, Sandbox
from aisle.commerce.payments.sandbox_faults import NO_FAULTS, Faults
from aisle.commerce.payments.webhooks import read_notice
from aisle.commerce.receipts.receipt import Receipt
from aisle.store.model import Store
from aisle.visits.closing import Price
from aisle.visits.customers import Customer
from aisle.visits.database import Database
from aisle.visits.desk import Desk
from aisle.visits.handlers import Payments, mailing
from aisle.visits.journal import MessageId
from aisle.visits.outbox import Outbox
from aisle.visits.policy import SECOND_NS, VisitPolicy

T = TypeVar("T")
SECRET = "whsec_world"
START_NS = 1_790_000_000 * SECOND_NS


class Crash(BaseException):
    """The program ends here, in the middle of whatever it did."""


class Breaker:
    """Counts the moments at which the program may break, and breaks it where `plan(count)` says so."""

    def __init__(self, plan: Callable[[int], bool]) -> None:
        self.plan = plan
        self.moments = 0
        self.crashes = 0

    def __call__(self, moment: str) -> None:
        self.moments += 1
        if self.plan(self.moments):
            self.crashes += 1
            raise Crash(f"{moment} ({self.moments})")


class FragileProvider:
    """A provider whose every call may be the last thing the program does, before it is made or once it is answered."""

    def __init__(self, provider: PaymentProvider, breaker: Breaker) -> None:
        self._provider = provider
        self._breaker = breaker
        self.name = provider.name

    def register(self, reference: str, token: str, *, key: str) -> Card:
        return self._around(lambda: self._provider.register(reference, token, key=key))

    def authorise(self, card: Card, amount: Money, *, reference: str, key: str) -> Hold:
        return self._around(lambda: self._provider.authorise(card, amount, reference=reference, key=key))

    def increment(self, hold_id: str, amount: Money, *, key: str) -> Hold:
        return self._around(lambda: self._provider.increment(hold_id, amount, key=key))

    def capture(self, hold_id: str, amount: Money, *, key: str) -> Hold:
        return self._around(lambda: self._provider.capture(hold_id, amount, key=key))

    def cancel(self, hold_id: str, *, key: str) -> Hold:
        return self._around(lambda: self._provider.cancel(hold_id, key=key))

    def refund(self, hold_id: str, amount: Money, *, key: str) -> Refund:
        return self._around(lambda: self._provider.refund(hold_id, amount, key=key))

    def hold(self, hold_id: str) -> Hold:
        return self._around(lambda: self._provider.hold(hold_id))

    def holds(self, since_ns: int) -> tuple[Hold, ...]:
        return self._provider.holds(since_ns)

    def _around(self, call: Callable[[], T]) -> T:
        self._breaker("before a call to the provider")
        try:
            answer = call()
        except PaymentError:
            self._breaker("after a refusal of the provider")
            raise
        self._breaker("after a call to the provider")
        return answer


@dataclass(frozen=True, slots=True)
class Mail:
    """A receipt in somebody's mailbox."""

    visit_id: str
    version: int
    status: str
    to: str


Action = Callable[["World", MessageId], Any]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is done for so long."""

    seconds: float


Script = Generator[Action | Wait, Any, None]


class World:
    """The desk with everything round it. `act` does one thing as often as it takes until it is answered."""

    def __init__(
        self,
        database: Database,
        store: Store,
        price: Price,
        *,
        plan: Callable[[int], bool] = lambda _count: False,
        faults: Faults = NO_FAULTS,
        policy: VisitPolicy | None = None,
    ) -> None:
        self.store = store
        self.now_ns = START_NS
        self.breaker = Breaker(plan)
        self.sandbox = Sandbox(
            None, self.clock, self._provider_ids, webhooks=self._webhook, secret=SECRET, faults=faults
        )
        self.mailbox: list[Mail] = []
        self.database, self._price, self._policy = database, price, policy or VisitPolicy()
        self._acts = self._made = self._provider_made = 0
        self._start()

    def clock(self) -> int:
        """Now, in Unix ns; it moves only when the world moves it."""
        return self.now_ns

    def act(self, action: Action) -> Any:
        """Do one thing; after a crash the same again, with the same message number."""
        self._acts += 1
        message = MessageId("world", "1", self._acts)
        while True:
            self._made = 0
            try:
                return action(self, message)
            except Crash:
                self.restart()

    def run(self, script: Script) -> None:
        """Act out one script, alone in the world."""
        self.run_together(iter((script,)))

    def run_together(self, scripts: Iterator[Script], gap_s: float = 0.0) -> None:
        """Act out many scripts, one beginning every `gap_s`; the clock goes from one event to the next."""
        waiting: list[tuple[int, int, Script]] = []
        coming, count = next(scripts, None), 0
        while coming is not None or waiting:
            if coming is not None and (not waiting or count * gap_s * SECOND_NS + START_NS <= waiting[0][0]):
                self.now_ns = max(self.now_ns, START_NS + round(count * gap_s * SECOND_NS))
                script, coming, count = coming, next(scripts, None), count + 1
            else:
                at_ns, _, script = heapq.heappop(waiting)
                self.now_ns = max(self.now_ns, at_ns)
            wait = self._until_it_waits(script)
            if wait is not None:
                heapq.heappush(waiting, (self.now_ns + round(wait.seconds * SECOND_NS), self._acts, script))

    def _until_it_waits(self, script: Script) -> Wait | None:
        answer: Any = None
        while True:
            try:
                step = script.send(answer)
            except StopIteration:
                return None
            if isinstance(step, Wait):
                return step
            answer = self.act(step)

    def restart(self) -> None:
        """Throw the program away and start it anew from its database."""
        self._start()

    def close(self) -> None:
        """The end of the world."""
        self.database.close()
        self.sandbox.close()

    def _start(self) -> None:
        while True:
            self.database = self.database.reopened(self.breaker)
            try:
                self.desk = Desk(
                    self.database,
                    self.store,
                    price=self._price,
                    clock=self.clock,
                    ids=self._ids,
                    code_keys=(b"the world's own signing key",),
                    policy=self._policy,
                )
                handlers = Payments(FragileProvider(self.sandbox, self.breaker)).handlers()
                self.outbox = Outbox(self.desk, {**handlers, "mail": mailing(self.desk, self._send)})
                self.outbox.recover()
                return
            except Crash:
                continue

    def _ids(self) -> str:
        self._made += 1
        return f"a{self._acts}-{self._made}"

    def _provider_ids(self) -> str:
        self._provider_made += 1
        return f"p{self._provider_made}"

    def _webhook(self, delivery: Delivery) -> bool:
        notice = read_notice(delivery.body, delivery.signature, (SECRET,), self.now_ns)
        self.desk.notice(notice)
        return True

    def _send(self, receipt: Receipt, customer: Customer) -> str:
        self.breaker("before a mail")
        self.mailbox.append(Mail(receipt.visit_id, receipt.version, receipt.status, customer.email))
        self.breaker("after a mail")
        return customer.email


def customer(customer_id: str, token: str) -> Action:
    """A customer with a card on file; the form that registers it is sent again until it gets through."""

    def keep(world: World, message: MessageId) -> None:
        card = None
        while card is None:
            with suppress(ProviderUnavailableError):
                card = world.sandbox.register(customer_id, token, key=f"{customer_id}:{token}")
        known = Customer(customer_id, email=f"{customer_id}@example.org", card=card)
        world.desk.save_customer(known, message=message)

    return keep


def pump(world: World, _message: MessageId) -> None:
    """The background work until it rests: what time made due, what the outbox holds, what the provider tells."""
    while world.desk.settle_due() + world.outbox.run_until_idle() + world.sandbox.deliver() > 0:
        pass


def patience(visit_id: str) -> Action:
    """How many seconds until something more may happen to a visit: its next effect is tried again; None: it rests."""

    def look(world: World, _message: MessageId) -> float | None:
        due = [row.due_at_ns for row in world.outbox.of_visit(visit_id) if row.state == "pending"]
        return max(0.001, (min(due) - world.now_ns) / SECOND_NS) if due else None

    return look

"""The sandbox against a model of what a provider may do, over any sequence of calls, repeats and passing time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, precondition, rule

from aisle.commerce.money import Money
from aisle.commerce.payments.port import Card, Hold, PaymentError, Refund
from aisle.commerce.payments.sandbox import Sandbox
from commerce.payments.benches import Clock, numbered

AMOUNTS = st.sampled_from([-1, 0, 1, 400, 1_000, 2_500, 5_000, 6_000])  # few, so that they meet
TOKENS = st.sampled_from(
    ["tok_visa", "tok_mastercard", "tok_expires_soon", "tok_no_increment", "tok_limit_5000", "tok_decline_on_capture"]
)


def outcome(call: Callable[[], Hold | Refund | Card]) -> object:
    """What a call came to: its answer, or the error's code and words."""
    try:
        return call()
    except PaymentError as error:
        return error.code, str(error)


@dataclass
class Model:
    """What must be true of one hold, whatever was asked."""

    most_held: int
    captures: int = 0
    captured: int = 0
    refunds: dict[str, int] = field(default_factory=dict)


class Provider(RuleBasedStateMachine):
    holds: Bundle[str] = Bundle("holds")
    calls: Bundle[Callable[[], Hold | Refund]] = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.sandbox = Sandbox(None, self.clock, numbered())
        self.models: dict[str, Model] = {}
        self.keys = numbered()
        self.said: dict[int, object] = {}

    def teardown(self) -> None:
        self.sandbox.close()

    def said_by(self, call: Callable[[], Hold | Refund]) -> object:
        self.said[id(call)] = (call, answer := outcome(call))
        return answer

    @initialize(target=holds)
    def begin(self) -> str:
        return self.authorise("tok_visa", 5_000)

    @precondition(lambda self: len(self.models) < 2)  # few, so that much happens to each
    @rule(target=holds, token=TOKENS, minor=st.sampled_from([400, 2_500, 5_000]))
    def another(self, token: str, minor: int) -> str:
        return self.authorise(token, minor)

    def authorise(self, token: str, minor: int) -> str:
        key = self.keys()
        card = self.sandbox.register("anna", token, key=f"register:{key}")
        hold = outcome(lambda: self.sandbox.authorise(card, Money(minor, "USD"), reference="v", key=key))
        hold_id = hold.hold_id if isinstance(hold, Hold) else "none"
        self.models.setdefault(hold_id, Model(minor))
        return hold_id

    @rule(target=calls, hold_id=holds, minor=AMOUNTS)
    def increment(self, hold_id: str, minor: int) -> Callable[[], Hold | Refund]:
        key = self.keys()
        call = lambda: self.sandbox.increment(hold_id, Money(minor, "USD"), key=key)  # noqa: E731
        answer = self.said_by(call)
        if isinstance(answer, Hold):
            assert answer.held.minor == minor >= self.models[hold_id].most_held
            self.models[hold_id].most_held = minor
        return call

    @rule(target=calls, hold_id=holds, minor=AMOUNTS)
    def capture(self, hold_id: str, minor: int) -> Callable[[], Hold | Refund]:
        key = self.keys()
        call = lambda: self.sandbox.capture(hold_id, Money(minor, "USD"), key=key)  # noqa: E731
        if isinstance(self.said_by(call), Hold):
            model = self.models[hold_id]
            assert model.captured in (0, minor)
            model.captured = minor
        return call

    @rule(target=calls, hold_id=holds)
    def cancel(self, hold_id: str) -> Callable[[], Hold | Refund]:
        key = self.keys()
        call = lambda: self.sandbox.cancel(hold_id, key=key)  # noqa: E731
        if isinstance(self.said_by(call), Hold):
            assert self.models[hold_id].captured == 0
        return call

    @rule(target=calls, hold_id=holds, minor=AMOUNTS)
    def refund(self, hold_id: str, minor: int) -> Callable[[], Hold | Refund]:
        key = self.keys()
        call = lambda: self.sandbox.refund(hold_id, Money(minor, "USD"), key=key)  # noqa: E731
        answer = self.said_by(call)
        if isinstance(answer, Refund):
            self.models[hold_id].refunds[answer.refund_id] = minor
        return call

    @rule(call=calls)
    def repeat(self, call: Callable[[], Hold | Refund]) -> None:
        assert outcome(call) == self.said[id(call)][1]  # type: ignore[index]

    @rule(hours=st.sampled_from([0.5, 1, 24, 24 * 8]))
    def pass_time(self, hours: float) -> None:
        self.clock.pass_hours(hours)

    @invariant()
    def the_books_hold_what_was_answered(self) -> None:
        for hold in self.sandbox.holds(0):
            model = self.models[hold.hold_id]
            assert hold.held.minor == model.most_held
            assert hold.captured.minor == model.captured <= hold.held.minor
            assert hold.refunded.minor == sum(model.refunds.values()) <= hold.captured.minor
            assert (hold.status == "captured") is (model.captured > 0)


Provider.TestCase.settings = settings(max_examples=50, stateful_step_count=40)
TestProvider = Provider.TestCase

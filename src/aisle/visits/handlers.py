"""Handlers of the effects on money, on any payment provider; and the frame of the one that mails receipts."""

from __future__ import annotations

from collections.abc import Callable

from aisle.commerce.money import Money
from aisle.commerce.payments.port import (
    AuthenticationRequiredError,
    CardDeclinedError,
    Hold,
    HoldExpiredError,
    IncrementUnsupportedError,
    KeyReusedError,
    PaymentError,
    PaymentProvider,
    ProviderUnavailableError,
)
from aisle.commerce.receipts.receipt import Receipt
from aisle.visits.customers import Customer
from aisle.visits.desk import Desk
from aisle.visits.effects import Effect, EffectKind
from aisle.visits.model import Step
from aisle.visits.outbox import Handler, PermanentError, TryLater
from aisle.visits.outcomes import Cancelled, Captured, Done, Failed, HoldStands, Outcome, RefundMade, Seen, Sent

# What a bank may say that the visit can go on from; everything else a provider refuses is a fault a person looks at.
_ANSWERS = (CardDeclinedError, AuthenticationRequiredError, HoldExpiredError, IncrementUnsupportedError)


class Payments:
    """The handlers of money, for one provider."""

    def __init__(self, provider: PaymentProvider) -> None:
        self._provider = provider

    def handlers(self) -> dict[EffectKind, Handler]:
        """One handler for each kind of effect on money."""
        return {
            "authorise": self._answered(self._authorise),
            "increment": self._answered(self._increment),
            "capture": self._answered(self._capture),
            "cancel": self._answered(self._cancel),
            "refund": self._answered(self._refund),
            "look": self._answered(self._look),
        }

    def _answered(self, call: Callable[[Effect], Outcome]) -> Handler:
        """A call with the provider's errors sorted: try again, an answer, or for a person."""

        def handle(effect: Effect) -> Outcome:
            try:
                return call(effect)
            except ProviderUnavailableError as error:
                raise TryLater(str(error)) from error
            except AuthenticationRequiredError as error:
                return Failed(error.code, str(error), error.decline_code, error.hold_id)
            except _ANSWERS as error:
                return Failed(error.code, str(error), error.decline_code)
            except PaymentError as error:
                if effect.kind == "authorise" and not isinstance(error, KeyReusedError):
                    return Failed(error.code, str(error))  # the card is gone, its token used, the amount not allowed
                raise PermanentError(f"{error.code}: {error}") from error

        return handle

    def _authorise(self, effect: Effect) -> Outcome:
        step = _step(effect)
        card = step.card
        if card is None:
            card = self._provider.register(effect.visit_id, step.token, key=f"{effect.key}:card")
        amount = Money(step.minor, effect.body.currency)
        hold = self._provider.authorise(card, amount, reference=effect.visit_id, key=effect.key)
        return HoldStands(hold.hold_id, hold.held.minor, hold.expires_at_ns, card)

    def _increment(self, effect: Effect) -> Outcome:
        step = _step(effect)
        hold = self._provider.increment(step.hold_id, Money(step.minor, effect.body.currency), key=effect.key)
        return HoldStands(hold.hold_id, hold.held.minor, hold.expires_at_ns)

    def _capture(self, effect: Effect) -> Outcome:
        step = _step(effect)
        hold = self._provider.capture(step.hold_id, Money(step.minor, effect.body.currency), key=effect.key)
        return Captured(hold.hold_id, hold.captured.minor)

    def _cancel(self, effect: Effect) -> Outcome:
        step = _step(effect)
        hold: Hold = self._provider.cancel(step.hold_id, key=effect.key)
        return Cancelled(hold.hold_id)

    def _refund(self, effect: Effect) -> Outcome:
        amount = Money(effect.body.minor, effect.body.currency)
        return RefundMade(self._provider.refund(effect.body.hold_id, amount, key=effect.key).refund_id)

    def _look(self, effect: Effect) -> Outcome:
        return Seen(self._provider.hold(effect.body.hold_id))


SendReceipt = Callable[[Receipt, Customer], str]


def mailing(desk: Desk, send: SendReceipt) -> Handler:
    """The handler of receipts: `send` mails one to a customer and says the address ("": the customer has none).

    It may raise TryLater or PermanentError. A receipt that a newer one has overtaken is not sent any more.
    """

    def handle(effect: Effect) -> Outcome:
        receipt = desk.receipt(effect.visit_id)
        visit = desk.visit(effect.visit_id)
        if receipt.version > effect.body.version or visit.customer_id is None:
            return Done()
        return Sent(effect.body.version, send(receipt, desk.customer(visit.customer_id)))

    return handle


def _step(effect: Effect) -> Step:
    if effect.body.step is None:
        raise PermanentError(f"effect {effect.key} names no step")
    return effect.body.step

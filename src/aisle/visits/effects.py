"""What a committed journal entry makes due outside: calls to the payment provider, mails, messages to others.

Pure. The desk writes these effects into the outbox in the same transaction as the entry they follow from. Their `key`
is unique and the idempotency key towards the outside.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from aisle.visits import events as ev
from aisle.visits.model import Step, Visit
from aisle.visits.policy import VisitPolicy

EffectKind = Literal["authorise", "increment", "capture", "cancel", "refund", "look", "mail", "order", "webhook"]
MONEY: frozenset[EffectKind] = frozenset({"authorise", "increment", "capture", "cancel", "refund", "look"})


class EffectBody(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a handler needs: for a payment the step, for a refund its hold and amount, for a receipt its version."""

    currency: str = ""
    step: Step | None = None
    hold_id: str = ""
    minor: int = 0
    dispute_id: str = ""
    version: int = 0
    event: str = ""


class Effect(msgspec.Struct, frozen=True):
    """One thing to be done outside, at least once, under the same key each time."""

    kind: EffectKind
    key: str
    visit_id: str
    body: EffectBody = EffectBody()


def effects_of(before: Visit, event: ev.Event, after: Visit, policy: VisitPolicy) -> tuple[Effect, ...]:
    """The effects of `event`, which took the visit from `before` to `after`."""
    visit_id, effects = after.visit_id, []
    if after.step is not None and after.step != before.step:
        body = EffectBody(currency=after.currency, step=after.step)
        effects.append(Effect(after.step.kind, after.step.key, visit_id, body))
    if isinstance(event, ev.DisputeDecided):
        effects += _refunds(after, event)
    if after.receipt_version > before.receipt_version and "mail" in policy.tell:
        body = EffectBody(version=after.receipt_version)
        effects.append(Effect("mail", f"{visit_id}:mail:{after.receipt_version}", visit_id, body))
    if isinstance(event, ev.Settled) and after.priced is not None and "order" in policy.tell:
        effects.append(Effect("order", f"{visit_id}:order", visit_id))
    if "webhook" in policy.tell and after.state != before.state:
        body = EffectBody(event=after.state)
        effects.append(Effect("webhook", f"{visit_id}:webhook:{after.revision}", visit_id, body))
    return tuple(effects)


def _refunds(after: Visit, event: ev.DisputeDecided) -> list[Effect]:
    dispute = after.dispute(event.dispute_id)
    return [
        Effect(
            "refund",
            refund.key,
            after.visit_id,
            EffectBody(
                currency=after.currency, hold_id=refund.hold_id, minor=refund.minor, dispute_id=event.dispute_id
            ),
        )
        for refund in (dispute.refunds if dispute else ())
    ]

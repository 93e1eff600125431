"""What happens when a shopper has said "pay": the port through which a cart reaches its lane, and what comes back.

The lane may be a shop embedded in the same program, one across the network, or none at all; `bootstrap` says which.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

from aisle.cart.journal import Digest
from aisle.cart.screen_state import AuditItem
from aisle.cart.shopper import Shopper
from aisle.cart.staff import StaffAct
from aisle.cart.trip import Trip

Outcome = Literal["paid", "check", "question", "card", "later", "refused"]


class Due(msgspec.Struct, frozen=True):
    """A trip that wants to be paid. `attempt` counts the tries of this trip; `acts` are what staff decided on it.

    `language` is that of the screen, and of the receipt.
    """

    trip: Trip
    shopper: Shopper
    ended_ns: int
    attempt: int
    language: str = "en"
    acts: tuple[StaffAct, ...] = ()
    digest: Digest | None = None


class Settled(msgspec.Struct, frozen=True):
    """What the lane says.

    "paid": all done, `receipt` is its text; "check": a person looks at `audit` first; "question": the open prompts are
    to be answered first; "card": this card does not pay, another may; "later": nothing can be said now, try again;
    "refused": this trip cannot be paid on the cart. `words` names words of the screen for the last three.
    """

    outcome: Outcome
    receipt: str = ""
    audit: tuple[AuditItem, ...] = ()
    words: str = ""
    total_minor: int | None = None
    reference: str = ""


class Checkout(Protocol):
    """The lane as a cart sees it. Called in a thread of its own; the same `Due` may come again after a restart."""

    @property
    def online(self) -> bool:
        """Whether the shop answered when it was last asked."""

    def identify(self, code: str, shown_ns: int) -> Shopper | None:
        """Whose phone this code is from; None where nobody can say now, or it is nobody's."""

    def settle(self, due: Due) -> Settled:
        """Carry the payment as far as it goes now. Never raises for what can go wrong outside."""

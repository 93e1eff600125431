"""The cards of the sandbox: which test token stands for which behaviour of a bank.

A token may carry a name behind a slash ("tok_visa/anna"): another card of the same behaviour, with its own fingerprint,
so that a crowd of simulated shoppers does not share one card.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BankCard:
    """How a bank treats a card.

    `decline`/`register_decline`/`increment_decline`/`capture_decline` are the decline codes it answers
    with ("": it agrees). `authenticate`: it wants the customer to confirm each hold. `increments`: holds may be raised.
    `lapses_after_s` overrides how long its holds last. `limit_minor`: no more than this may be held and captured, less
    what was refunded, over all payments together.
    """

    brand: str
    last4: str
    decline: str = ""
    register_decline: str = ""
    increment_decline: str = ""
    capture_decline: str = ""
    authenticate: bool = False
    increments: bool = True
    lapses_after_s: int | None = None
    limit_minor: int | None = None


TEST_CARDS = {
    "tok_visa": BankCard("visa", "4242"),
    "tok_mastercard": BankCard("mastercard", "4444"),
    "tok_amex": BankCard("amex", "0005"),
    "tok_no_increment": BankCard("visa", "1881", increments=False),
    "tok_declined": BankCard("visa", "0341", decline="generic_decline"),
    "tok_insufficient_funds": BankCard("visa", "9995", decline="insufficient_funds"),
    "tok_lost": BankCard("visa", "9987", decline="lost_card"),
    "tok_limit_5000": BankCard("visa", "5000", limit_minor=5_000),
    "tok_authentication_required": BankCard("visa", "3184", authenticate=True),
    "tok_expires_soon": BankCard("visa", "3600", lapses_after_s=3_600),
    "tok_decline_on_register": BankCard("visa", "0002", register_decline="generic_decline"),
    "tok_decline_on_increment": BankCard("visa", "7107", increment_decline="insufficient_funds"),
    "tok_decline_on_capture": BankCard("visa", "6662", capture_decline="generic_decline"),
}


def card_behind(token: str) -> BankCard | None:
    """The card behind a test token, None when there is no such token."""
    return TEST_CARDS.get(token.partition("/")[0])

"""What the shop has decided about visits: amounts, patience, who is asked, how often outside calls are repeated."""

from __future__ import annotations

from dataclasses import dataclass, field

SECOND_NS = 1_000_000_000

# A hold of about 50 in the currencies most shops use; others must name theirs.
_HOLDS = {"EUR": 5_000, "USD": 5_000, "GBP": 5_000, "CHF": 5_000, "JPY": 7_500, "BHD": 20_000}


@dataclass(frozen=True, slots=True)
class Retries:
    """When a call out is repeated: after `first_s`, then twice as late each time, at most every `longest_s`.

    After `tries` in all it is parked and shown to people.
    """

    first_s: float = 1.0
    longest_s: float = 300.0
    tries: int = 12

    def after_s(self, tried: int) -> float:
        """How long to wait after the `tried`-th try (1 is the first)."""
        return float(min(self.longest_s, self.first_s * 2.0 ** min(tried - 1, 30)))


@dataclass(frozen=True, slots=True)
class VisitPolicy:
    """The shop's rules for visits.

    `hold_minor` (by currency) is held at the gate; nothing is held in a currency not named. An entry code is good for
    `code_valid_s`. Who left may come back into the same visit within `reentry_grace_s` while it is not priced; a
    confident visit is priced at once unless `reentry_wait_s` holds it back. `evidence_wait_s` after leaving the basket
    is taken as it is, complete or not. Nobody seen for `abandon_after_s`: the visit is closed. More than
    `review_risk_minor` at risk asks a person, who has `review_due_s`. A hold in the second half of its life that lapses
    within `renew_before_s` is replaced. `tell` names the effects on others the shop has set up: "mail", "order",
    "webhook". `lease_s` is how long one process has for one call out before another may repeat it.
    """

    hold_minor: dict[str, int] = field(default_factory=lambda: dict(_HOLDS))
    code_valid_s: float = 30.0
    reentry_grace_s: float = 300.0
    reentry_wait_s: float = 0.0
    evidence_wait_s: float = 60.0
    abandon_after_s: float = 4 * 3600.0
    review_risk_minor: int = 100
    review_due_s: float = 600.0
    renew_before_s: float = 3600.0
    largest_quantity: int = 999
    largest_weight_g: int = 200_000
    tell: frozenset[str] = frozenset({"mail"})
    retries: Retries = Retries()
    lease_s: float = 60.0

    def hold_for(self, currency: str) -> int:
        """What is held at the gate in this currency (minor units)."""
        return self.hold_minor.get(currency, 0)


def after(at_ns: int, seconds: float) -> int:
    """A moment `seconds` after another, in Unix ns."""
    return at_ns + round(seconds * SECOND_NS)

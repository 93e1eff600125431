"""Whether a shopper who asks for a line back gets it at once, and what later truth says about the shopper.

A claim is granted at once where that costs the shop less than looking: small amounts, lines the belief itself was not
sure of, shoppers whose claims have not been false. All else a person looks at. Nobody is refused by a formula: "deny"
is only for what cannot be, such as more units than the line had.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

Verdict = Literal["grant", "review", "deny"]
Outcome = Literal["granted", "found_true", "found_false"]


class ClaimError(ValueError):
    """A claim, standing or policy whose numbers make no sense."""

    def __init__(self, field: str, found: object, expected: str) -> None:
        super().__init__(f"{field}: found {found!r}; expected {expected}")
        self.field = field
        self.found = found
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's history as far as refunds go.

    `visits` counts settled visits; `claims` the claims made; `granted` those paid at once, `found_true` and
    `found_false` those whose truth became known (a claim paid at once and looked at later counts in both).
    `refunded_minor` was given back in the last 30 days, in the shop's currency.
    """

    visits: int = 0
    claims: int = 0
    granted: int = 0
    found_true: int = 0
    found_false: int = 0
    refunded_minor: int = 0

    def __post_init__(self) -> None:
        for name in ("visits", "claims", "granted", "found_true", "found_false", "refunded_minor"):
            if getattr(self, name) < 0:
                raise ClaimError(f"standing.{name}", getattr(self, name), "0 or more")

    @property
    def unresolved(self) -> int:
        """Claims paid at once whose truth nobody knows yet."""
        return max(0, self.granted - self.found_true - self.found_false)


@dataclass(frozen=True, slots=True)
class Claim:
    """A line, or units of it, asked back.

    `amount_minor` is what the stored allocation of these units comes to; `refundable_minor` and `refundable_quantity`
    what is still left of the line. `probability` is the belief's own that the line was right. `reason` is the shopper's
    choice, kept for people; it does not move the decision.
    """

    amount_minor: int
    quantity: int
    probability: float
    refundable_minor: int
    refundable_quantity: int
    standing: Standing = Standing()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundPolicy:
    """What the shop has decided. Amounts are minor units of its currency; the defaults are meant for cents.

    `review_minor`: what a look by a person costs. `goodwill_minor`: what it costs to let somebody wait who is right.
    `asks_when_wrong`: how often a wrong line is asked back at all. `false_claims` and `prior_visits`: before anything
    is known of a customer, so many of so many visits bring a false claim (the two counts of a Beta prior).
    `unresolved_weight`: how much of a false claim one is whose truth is unknown. `surest`: lines are never taken to be
    surer than this, whatever the belief says. At most `instant_minor` is granted at once for one claim and
    `window_minor` within 30 days; more is always looked at.
    """

    instant_minor: int = 1_500
    window_minor: int = 4_000
    review_minor: int = 100
    goodwill_minor: int = 200
    asks_when_wrong: float = 0.8
    false_claims: float = 1.0
    prior_visits: float = 100.0
    unresolved_weight: float = 0.25
    surest: float = 0.9995

    def __post_init__(self) -> None:
        for name in ("instant_minor", "window_minor", "review_minor", "goodwill_minor"):
            if getattr(self, name) < 0:
                raise ClaimError(f"policy.{name}", getattr(self, name), "0 or more")
        for name in ("asks_when_wrong", "surest"):
            if not 0 < getattr(self, name) < 1:
                raise ClaimError(f"policy.{name}", getattr(self, name), "a share between 0 and 1, both excluded")
        if not 0 < self.false_claims < self.prior_visits < math.inf:
            raise ClaimError("policy.false_claims", self.false_claims, "above 0 and below policy.prior_visits")
        if not 0 <= self.unresolved_weight <= 1:
            raise ClaimError("policy.unresolved_weight", self.unresolved_weight, "a share from 0 to 1")


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done with a claim, and why.

    `why` is a stable word: "cheap" (granted), "amount", "window", "doubtful" (looked at), "nothing_left",
    "too_many", "too_much" (impossible). `wrong` is the probability that the line was wrong, given that it was claimed;
    `grant_minor` and `review_minor` are what granting and looking are expected to cost.
    """

    verdict: Verdict
    why: str
    wrong: float = 0.0
    grant_minor: float = 0.0
    review_minor: float = 0.0


def false_claim_rate(standing: Standing, policy: RefundPolicy) -> float:
    """How probable it is that a visit of this customer brings a false claim: one less honesty, so to say.

    Each visit is a trial that does or does not bring a false claim; with a Beta(a, b) prior the expected rate is
    ``(a + false + w * unresolved) / (a + b + visits)``, where a = `false_claims`, a + b = `prior_visits` and w =
    `unresolved_weight`. Source: the Beta-Bernoulli conjugate pair, e.g. Gelman et al., Bayesian Data Analysis, 2.4.
    """
    false = policy.false_claims + standing.found_false + policy.unresolved_weight * standing.unresolved
    return min(1.0, false / (policy.prior_visits + standing.visits))


def probably_wrong(claim: Claim, policy: RefundPolicy) -> float:
    """The probability that the claimed line was wrong, given that it was claimed.

    By Bayes' rule with p the belief's probability of the line, q = `asks_when_wrong` and f = `false_claim_rate`:
    ``(1 - p) q / ((1 - p) q + p f)``.
    """
    right = min(claim.probability, policy.surest)
    odds_right = right * false_claim_rate(claim.standing, policy) / ((1 - right) * policy.asks_when_wrong)
    return 1 / (1 + odds_right)


def decide(claim: Claim, policy: RefundPolicy) -> Decision:
    """Grant, look, or (for what cannot be) deny.

    With w = `probably_wrong`, granting is expected to cost ``(1 - w) * amount``: the money given for a line that was
    right. Looking costs ``review + w * goodwill``: a person's time, and the patience of somebody who is right. The
    claim is granted when the first is no more than the second and both limits hold. A less sure line, a smaller amount
    or a better history never make the answer worse. Raises ClaimError for numbers that make no sense.
    """
    _check(claim)
    impossible = _impossible(claim)
    if impossible:
        return Decision("deny", impossible)
    wrong = probably_wrong(claim, policy)
    grant_minor = (1 - wrong) * claim.amount_minor
    review_minor = policy.review_minor + wrong * policy.goodwill_minor
    why = _why_review(claim, policy) or ("doubtful" if grant_minor > review_minor else "")
    return Decision("review" if why else "grant", why or "cheap", wrong, grant_minor, review_minor)


def claimed(standing: Standing) -> Standing:
    """The standing after a claim was made, whatever comes of it."""
    return replace(standing, claims=standing.claims + 1)


def after(standing: Standing, outcome: Outcome, minor: int = 0) -> Standing:
    """The standing after something became known of a claim.

    "granted": paid at once, `minor` given back, the truth unknown. "found_true": somebody looked and the shopper was
    right (`minor` given back now, 0 when it was paid before). "found_false": somebody looked and the line was right.
    Raises ClaimError for a negative amount.
    """
    if minor < 0:
        raise ClaimError("minor", minor, "0 or more")
    standing = replace(standing, refunded_minor=standing.refunded_minor + minor)
    if outcome == "granted":
        return replace(standing, granted=standing.granted + 1)
    if outcome == "found_true":
        return replace(standing, found_true=standing.found_true + 1)
    return replace(standing, found_false=standing.found_false + 1)


def _check(claim: Claim) -> None:
    if not 0 <= claim.probability <= 1:
        raise ClaimError("probability", claim.probability, "a probability from 0 to 1")
    if claim.quantity < 1:
        raise ClaimError("quantity", claim.quantity, "1 or more")
    if claim.amount_minor < 0:
        raise ClaimError("amount_minor", claim.amount_minor, "0 or more")


def _impossible(claim: Claim) -> str:
    if claim.refundable_quantity < 1:
        return "nothing_left"
    if claim.quantity > claim.refundable_quantity:
        return "too_many"
    return "too_much" if claim.amount_minor > claim.refundable_minor else ""


def _why_review(claim: Claim, policy: RefundPolicy) -> str:
    if claim.amount_minor > policy.instant_minor:
        return "amount"
    return "window" if claim.standing.refunded_minor + claim.amount_minor > policy.window_minor else ""

"""Claims: small and plausible ones at once, the rest to a person, and never a worse answer for a better case."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.refunds import (
    Claim,
    ClaimError,
    Outcome,
    RefundPolicy,
    Standing,
    after,
    claimed,
    decide,
    false_claim_rate,
    probably_wrong,
)

POLICY = RefundPolicy()
WILLING = {"deny": 0, "review": 1, "grant": 2}


def claim(amount: int = 249, probability: float = 0.97, standing: Standing = Standing(), quantity: int = 1) -> Claim:  # noqa: B008
    return Claim(amount, quantity, probability, refundable_minor=100_000, refundable_quantity=10, standing=standing)


def willingness(asked: Claim) -> int:
    return WILLING[decide(asked, POLICY).verdict]


standings = st.builds(
    Standing,
    visits=st.integers(0, 500),
    claims=st.integers(0, 40),
    granted=st.integers(0, 20),
    found_true=st.integers(0, 20),
    found_false=st.integers(0, 20),
    refunded_minor=st.integers(0, 5_000),
)
claims = st.builds(claim, st.integers(0, 5_000), st.floats(0, 1), standings, st.integers(1, 12))


@pytest.mark.parametrize(
    ("asked", "verdict", "why"),
    [
        pytest.param(claim(), "grant", "cheap", id="a small doubtful line of a new customer"),
        pytest.param(claim(probability=0.6, amount=1_400), "grant", "cheap", id="a dear line the belief doubted"),
        pytest.param(claim(probability=1.0), "review", "doubtful", id="a line that was certain"),
        pytest.param(claim(probability=1.0, amount=90), "grant", "cheap", id="cents are never worth a look"),
        pytest.param(claim(amount=1_501, probability=0.0), "review", "amount", id="above the limit of one claim"),
        pytest.param(claim(standing=Standing(refunded_minor=3_800)), "review", "window", id="above the month's limit"),
        pytest.param(claim(standing=Standing(visits=9, found_false=5)), "review", "doubtful", id="often false before"),
        pytest.param(claim(quantity=11), "deny", "too_many", id="more units than there are"),
        pytest.param(claim(amount=100_001), "deny", "too_much", id="more money than was paid"),
        pytest.param(
            dataclasses.replace(claim(), refundable_quantity=0), "deny", "nothing_left", id="all back already"
        ),
    ],
)
def test_decisions(asked: Claim, verdict: str, why: str) -> None:
    found = decide(asked, POLICY)
    assert (found.verdict, found.why) == (verdict, why)


def test_the_figures_are_those_of_the_formula() -> None:
    standing = Standing(visits=20, granted=3, found_true=1, found_false=1)
    rate = (1 + 1 + 0.25 * 1) / (100 + 20)
    wrong = 0.03 * 0.8 / (0.03 * 0.8 + 0.97 * rate)
    found = decide(claim(standing=standing), POLICY)
    assert false_claim_rate(standing, POLICY) == pytest.approx(rate)
    assert found.wrong == pytest.approx(wrong)
    assert (found.grant_minor, found.review_minor) == (
        pytest.approx((1 - wrong) * 249),
        pytest.approx(100 + wrong * 200),
    )


@given(claims, st.floats(0, 1))
def test_a_less_sure_line_is_given_back_more_willingly(asked: Claim, other: float) -> None:
    low, high = sorted((asked.probability, other))
    assert willingness(dataclasses.replace(asked, probability=low)) >= willingness(
        dataclasses.replace(asked, probability=high)
    )


@given(claims, st.integers(0, 5_000))
def test_a_smaller_amount_is_given_back_more_willingly(asked: Claim, less: int) -> None:
    smaller = dataclasses.replace(asked, amount_minor=max(0, asked.amount_minor - less))
    assert willingness(smaller) >= willingness(asked)


@given(claims)
def test_false_claims_make_the_shop_more_careful(asked: Claim) -> None:
    worse = dataclasses.replace(asked, standing=after(asked.standing, "found_false"))
    assert willingness(worse) <= willingness(asked)


@given(claims)
def test_a_claim_that_proved_true_never_harms(asked: Claim) -> None:
    better = dataclasses.replace(asked, standing=after(asked.standing, "found_true"))
    assert willingness(better) >= willingness(asked)


@given(claims, st.integers(1, 200))
def test_quiet_visits_earn_trust(asked: Claim, visits: int) -> None:
    standing = dataclasses.replace(asked.standing, visits=asked.standing.visits + visits)
    assert willingness(dataclasses.replace(asked, standing=standing)) >= willingness(asked)


@given(claims)
def test_what_was_refunded_lately_makes_the_shop_more_careful(asked: Claim) -> None:
    worse = dataclasses.replace(asked, standing=after(asked.standing, "granted", 500))
    assert willingness(worse) <= willingness(asked)


@given(claims)
def test_only_the_impossible_is_denied(asked: Claim) -> None:
    found = decide(asked, POLICY)
    possible = asked.quantity <= asked.refundable_quantity and asked.amount_minor <= asked.refundable_minor
    assert (found.verdict == "deny") is not possible
    assert 0 <= found.wrong <= 1


@given(claims)
def test_what_is_granted_is_never_dearer_than_looking(asked: Claim) -> None:
    found = decide(asked, POLICY)
    assert found.verdict != "grant" or found.grant_minor <= found.review_minor
    assert found.verdict != "grant" or asked.standing.refunded_minor + asked.amount_minor <= POLICY.window_minor


@given(st.lists(st.sampled_from(["granted", "found_true", "found_false"]), max_size=30))
def test_a_standing_counts_what_happened(outcomes: list[Outcome]) -> None:
    standing = Standing()
    for outcome in outcomes:
        standing = after(claimed(standing), outcome, 7)
    assert standing.claims == len(outcomes)
    assert standing.granted + standing.found_true + standing.found_false == len(outcomes)
    assert standing.refunded_minor == 7 * len(outcomes)


def test_a_claim_paid_at_once_and_found_true_later_leaves_no_doubt() -> None:
    paid = after(Standing(), "granted", 249)
    assert (paid.unresolved, after(paid, "found_true").unresolved) == (1, 0)
    assert false_claim_rate(after(paid, "found_true"), POLICY) == false_claim_rate(Standing(), POLICY)


def test_a_small_thief_is_found_out() -> None:
    """Who asks every visit for something small back is looked at before the month's limit does it."""
    standing, granted = Standing(visits=1), 0
    while decide(claim(amount=249, probability=0.98, standing=standing), POLICY).verdict == "grant":
        standing = dataclasses.replace(after(claimed(standing), "granted", 249), visits=standing.visits + 1)
        granted += 1
    assert granted == 11
    assert standing.refunded_minor < POLICY.window_minor


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"probability": 1.1}, "probability"), ({"probability": -0.1}, "probability"),
        ({"probability": math.nan}, "probability"),
        ({"quantity": 0}, "quantity"), ({"amount_minor": -1}, "amount_minor"),
    ],
)  # fmt: skip
def test_numbers_without_sense_are_named(change: dict[str, float], field: str) -> None:
    with pytest.raises(ClaimError) as raised:
        decide(dataclasses.replace(claim(), **change), POLICY)  # type: ignore[arg-type]
    assert raised.value.field == field


@pytest.mark.parametrize(
    "change",
    [
        {"instant_minor": -1}, {"asks_when_wrong": 0.0}, {"surest": 1.0}, {"false_claims": 100.0},
        {"prior_visits": math.inf}, {"unresolved_weight": 1.5}, {"false_claims": math.nan},
    ],
)  # fmt: skip
def test_a_policy_without_sense_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ClaimError, match="policy"):
        RefundPolicy(**change)  # type: ignore[arg-type]


def test_a_standing_without_sense_is_refused() -> None:
    with pytest.raises(ClaimError, match=r"standing\.visits"):
        Standing(visits=-1)
    with pytest.raises(ClaimError, match="minor"):
        after(Standing(), "granted", -1)


def test_the_probability_that_a_line_was_wrong_stays_one_at_the_ends() -> None:
    assert probably_wrong(claim(probability=0.0), POLICY) == 1.0
    assert 0 < probably_wrong(claim(probability=1.0), POLICY) < 0.1

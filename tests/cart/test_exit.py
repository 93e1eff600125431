"""The cart's way out, as a pure machine: whatever comes in whatever order, it unlocks once, and only for a reason."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.cart.doubts import Worth
from aisle.cart.exit import (
    OWING,
    PATIENCE_NS,
    Beat,
    Bought,
    Call,
    Event,
    ExitState,
    Keep,
    LetGo,
    Offered,
    Refused,
    RolledBack,
    Send,
    Stage,
    Told,
    Unlock,
    Unreached,
    offer_of,
    step,
)
from aisle.cart.lane import LaneDecision, LanePolicy, Named
from aisle.cart.merge import Merged
from aisle.cart.purchase import Payer
from aisle.cart.trip import Phase, Trip, TripLine
from cart.lane_kit import CRISPS, STORE, TILL, WATER

T0 = 1_774_000_000 * 10**9
WORTH = Worth(STORE, TILL.book)
POLICY = LanePolicy()
CARD = Payer(card_token="tok_visa/x")


def offered(payer: Payer = CARD, quantity: int = 2, at_ns: int = T0, **more: Any) -> Offered:
    lines = (TripLine("a", WATER, quantity, 1.0, T0), TripLine("b", CRISPS, 1, 1.0, T0))
    trip = Trip("t", "7", Phase.PAYING, T0, T0, lines, **more)
    return Offered(offer_of(trip, "lane", payer, TILL, WORTH, at_ns), at_ns)


def told(decided: Any = "green", **more: Any) -> Told:
    return Told(LaneDecision("t", decided, 500, "EUR", T0, **more))


def bought(state: Any = "settled") -> Bought:
    return Bought(Merged("t", "v", state, "EUR", 500, 500, 1), T0)


def run(*events: Event, policy: LanePolicy = POLICY) -> tuple[ExitState, list[Any]]:
    state, done = ExitState(), []
    for event in events:
        state, effects = step(state, event, policy)
        done += effects
    return state, done


@pytest.mark.parametrize(
    ("events", "stage", "unlocked"),
    [
        ([offered(), told(), bought()], Stage.GONE, 1),
        ([offered(), told(), bought(), bought(), told(), Beat(T0)], Stage.GONE, 1),
        ([offered(), told(), bought("settling")], Stage.PAYING, 0),
        ([offered(), told(), bought("settling"), Beat(T0 + 10**9), bought()], Stage.GONE, 1),
        ([offered(), told(), bought("owing")], Stage.PAYING, 0),
        ([offered(), told(), bought("owing"), Beat(T0 + 4 * 10**9), bought()], Stage.GONE, 1),
        ([offered(), told("question", prompt_id="p")], Stage.QUESTION, 0),
        ([offered(), told("check", check="sight")], Stage.STAFF, 0),
        ([offered(), told("person", persons=(Named("age", WATER),))], Stage.STAFF, 0),
        ([offered(Payer()), told()], Stage.NEEDS_PAYER, 0),
        ([offered(), told(), Refused(402, "payer_refused", "no")], Stage.REFUSED, 0),
        ([offered(), told(), Refused(409, "purchase_differs", "no")], Stage.STAFF, 0),
        ([offered(), told(), RolledBack()], Stage.PAYING, 0),
        ([offered(), told("question"), RolledBack()], Stage.AWAY, 0),
        ([offered(), Unreached(T0)], Stage.ASKING, 0),
        ([offered(), Unreached(T0), Unreached(T0 + PATIENCE_NS)], Stage.GONE, 1),
        ([offered(), Unreached(T0), told("check"), Unreached(T0 + PATIENCE_NS)], Stage.STAFF, 0),
        ([offered(), LetGo("kim", T0)], Stage.ASKING, 0),
        ([offered(faults=("x",)), Unreached(T0), Unreached(T0 + PATIENCE_NS)], Stage.WAITING, 0),
        ([offered(faults=("x",)), Unreached(T0), Unreached(T0 + PATIENCE_NS), LetGo("kim", T0)], Stage.GONE, 1),
    ],
    ids=[
        "paid", "told again", "the bank is asked", "the bank answers", "the bank took it back", "and the debt is paid",
        "a question", "a check", "a person", "nobody pays", "another card", "other goods", "not while paying",
        "back into the shop", "no network", "on trust", "the network came back", "nobody lets go with a network",
        "in doubt", "let go by a person",
    ],
)  # fmt: skip
def test_the_way_out(events: list[Event], stage: Stage, unlocked: int) -> None:
    state, done = run(*events)
    assert (state.stage, sum(isinstance(effect, Unlock) for effect in done)) == (stage, unlocked)


@pytest.mark.parametrize(
    ("given", "policy", "why"),
    [
        (offered(quantity=900), LanePolicy(), "more than may leave on trust"),
        (offered(flags=frozenset({"age"})), LanePolicy(), "a person is needed"),
        (offered(faults=("the scale is stuck",)), LanePolicy(), "something is in doubt"),
        (offered(Payer()), LanePolicy(), "nobody pays yet"),
        (offered(), LanePolicy(offline="wait"), "carts wait for the shop"),
    ],
    ids=["above the limit", "needs a person", "in doubt", "nobody pays", "the shop wants to wait"],
)
def test_what_may_not_leave_on_trust_waits(given: Offered, policy: LanePolicy, why: str) -> None:
    state, done = run(given, Unreached(T0), *[Unreached(T0 + PATIENCE_NS)] * 3, policy=policy)
    assert (state.stage, state.why, [effect.why for effect in done if isinstance(effect, Call)]) == (
        Stage.WAITING, why, [why],
    )  # fmt: skip


@pytest.mark.parametrize(
    "between",
    [[], [RolledBack()], [Offered(offered(Payer()).offer, T0), told()]],
    ids=["at once", "rolled back", "no card"],
)
def test_after_a_refusal_the_next_is_another_attempt(between: list[Event]) -> None:
    _, done = run(
        offered(), told(), Refused(402, "payer_refused", "no"), *between, offered(quantity=1, at_ns=T0 + 9), told()
    )
    assert [effect.purchase.attempt for effect in done if isinstance(effect, Keep)] == [0, 1]


def test_what_the_lane_held_back_does_not_leave_when_the_network_is_gone() -> None:
    state, _ = run(offered(), told("check", check="sight"), offered(), Unreached(T0), Unreached(T0 + PATIENCE_NS))
    assert (state.stage, state.why) == (Stage.WAITING, "a person is needed")


def test_a_bank_that_took_it_back_calls_a_person_once() -> None:
    state, done = run(offered(), told(), bought("owing"), Beat(T0 + 4 * 10**9), bought("owing"))
    assert (state.why, [effect.why for effect in done if hasattr(effect, "why")]) == (OWING, [OWING])


def test_what_is_sent_again_is_what_was_kept() -> None:
    _, done = run(
        offered(), told(risk_minor=7, reasons=("checked: by kim",)), Unreached(T0), Beat(T0 + 10**9), bought()
    )
    kept = [effect.purchase for effect in done if isinstance(effect, Keep)]
    sent = [effect.purchase for effect in done if isinstance(effect, Send)]
    assert (sent, len(kept)) == ([kept[0], kept[0]], 1)
    assert (kept[0].risk_minor, kept[0].sealed) == (7, "checked")


EVENTS = st.one_of(
    st.builds(offered, st.sampled_from([CARD, Payer()]), st.sampled_from([1, 2, 900]), st.just(T0)),
    st.builds(told, st.sampled_from(["green", "question", "check", "person"])),
    st.builds(bought, st.sampled_from(["settled", "settling", "owing", "in_review"])),
    st.builds(Refused, st.sampled_from([402, 403, 409, 422]), st.just("code"), st.just("no")),
    st.builds(Unreached, st.integers(T0, T0 + 3 * PATIENCE_NS)),
    st.builds(Beat, st.integers(T0, T0 + 3 * PATIENCE_NS)),
    st.builds(LetGo, st.just("kim"), st.just(T0)),
    st.just(RolledBack()),
)


@settings(max_examples=150, deadline=None)
@given(events=st.lists(EVENTS, max_size=25))
def test_whatever_comes_it_unlocks_once_and_never_without_a_purchase_on_disk(events: list[Event]) -> None:
    state, done = run(*events)
    unlocks = [place for place, effect in enumerate(done) if isinstance(effect, Unlock)]
    assert len(unlocks) == (state.stage is Stage.GONE)
    kept = [effect.purchase for effect in done if isinstance(effect, Keep)]
    assert [effect for effect in done[: unlocks[0]] if isinstance(effect, Keep)] != [] if unlocks else True
    assert len({purchase.attempt for purchase in kept}) == len(kept) or not any(p.trusted for p in kept)
    assert all(effect.purchase in kept for effect in done if isinstance(effect, Send))
    assert sorted(purchase.attempt for purchase in kept) == [purchase.attempt for purchase in kept]

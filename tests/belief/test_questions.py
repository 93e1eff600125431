"""The question that helps most, and what an answer does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.belief.draft import Act
from aisle.belief.engine import BasketPosterior
from aisle.belief.questions import (
    NOTHING,
    OTHER,
    REVIEWER_ERROR,
    Option,
    Question,
    Seen,
    condition,
    entropy,
    expected_risk_minor,
    information,
    question_for,
    seen_of,
)
from belief.shop_kit import GRAMS, PRICES, Shop

TOOK_A: Seen = (("anna", -1, "a", 1),)
TOOK_B: Seen = (("anna", -1, "b", 1),)


def doubtful() -> Shop:
    """Anna put back beans or corn (equal weight) at a third place; before, something sure happened."""
    shop = Shop()
    shop.takes("anna", "soap")
    shop.takes("anna", "beans")
    shop.takes("anna", "corn")
    shop.puts("anna", "corn", at="wine")
    return shop


def asked(shop: Shop, who: str = "anna") -> Question:
    question = question_for(shop.engine, who)
    assert question is not None
    return question


def answer(question: Question, *words: str) -> Option:
    return next(o for o in question.options if all(w in o.text for w in words))


# ------------------------------------------------------------------- the question
def test_the_doubtful_event_is_asked_about() -> None:
    shop = doubtful()
    question = asked(shop)
    assert question.event == shop.last.event
    assert (question.gondola, question.shelf) == (2, 2)
    assert question.plates == shop.last.plates
    assert question.t_ns == shop.last.t0_ns
    assert "gondola 2, shelf 2" in question.text
    assert question.gain > 0.3
    assert math.fsum(o.probability for o in question.options) == pytest.approx(1.0)
    assert answer(question, "anna put back 1 × corn").probability > 0.2
    assert answer(question, "anna put back 1 × beans").probability > 0.2


def test_sure_baskets_ask_nothing() -> None:
    shop = Shop()
    shop.takes("anna", "soap")
    assert question_for(shop.engine, "anna") is None
    assert question_for(shop.engine, "nobody by that name") is None


def test_one_question_is_enough() -> None:
    shop = doubtful()
    question = asked(shop)
    condition(shop.engine, question.event, answer(question, "corn"))
    assert question_for(shop.engine, "anna", sure=0.95) is None


def test_who_is_asked_when_only_the_person_is_open() -> None:
    shop = Shop(hands=False)
    shop.stand("anna", "soap", -0.12)
    shop.stand("bob", "soap", 0.12)
    shop.watch(3.0)
    t_ns = shop.t_ns
    shop.watch(3.0)
    shop.engine.explain(shop.episode("soap", ("soap", -GRAMS["soap"]), t_ns=t_ns))
    for who in ("anna", "bob"):
        texts = {o.text for o in asked(shop, who).options}
        assert {"shopper anna took 1 × soap", "shopper bob took 1 × soap"} <= texts


# --------------------------------------------------------------------- the answer
@pytest.mark.parametrize(
    ("word", "left"),
    [pytest.param("corn", ("beans", "soap"), id="corn"), pytest.param("beans", ("corn", "soap"), id="beans")],
)
def test_an_answer_decides(word: str, left: tuple[str, ...]) -> None:
    shop = doubtful()
    question = asked(shop)
    assert condition(shop.engine, question.event, answer(question, word))
    assert shop.basket("anna") == left
    assert 0.9 < shop.sure("anna") < 1.0


def test_an_answer_changes_what_stands_where_too() -> None:
    shop = doubtful()
    question = asked(shop)
    condition(shop.engine, question.event, answer(question, "corn"))
    shop.takes("bob", "corn", at="wine")
    assert shop.basket("bob") == ("corn",)
    assert shop.sure("bob") > 0.85


def test_the_gain_is_what_the_answers_bring() -> None:
    """Ask, imagine every answer, weigh them: the mean probability of the best basket rises by `gain`."""
    question = asked(doubtful())
    before = doubtful().sure("anna")
    after = 0.0
    rivals = len([o for o in question.options if o.probability > 0]) - 1
    for option in (o for o in question.options if o.probability > 0):
        shop = doubtful()
        condition(shop.engine, question.event, option)
        heard = option.probability * (1 - REVIEWER_ERROR) + (1 - option.probability) * REVIEWER_ERROR / rivals
        after += heard * shop.sure("anna")
    assert after - before == pytest.approx(question.gain, abs=0.02)


def test_nothing_is_ruled_out() -> None:
    shop = doubtful()
    question = asked(shop)
    condition(shop.engine, question.event, answer(question, "corn"))
    assert dict(shop.engine.posterior("anna").baskets)[("corn", "soap")] > 0.001
    condition(shop.engine, question.event, answer(question, "beans"))
    condition(shop.engine, question.event, answer(question, "beans"))
    assert shop.basket("anna") == ("corn", "soap")


def test_an_answer_nobody_thought_of_changes_little() -> None:
    shop = doubtful()
    question = asked(shop)
    before = shop.engine.posterior("anna").baskets[:2]
    condition(shop.engine, question.event, (("zoe", -1, "soap", 9),))
    assert [p for _, p in shop.engine.posterior("anna").baskets[:2]] == pytest.approx([p for _, p in before], abs=0.01)


def test_weights_still_sum_to_one() -> None:
    shop = doubtful()
    condition(shop.engine, asked(shop).event, OTHER)
    for g in shop.engine.groups:
        assert math.fsum(math.exp(h.logw) for h in g.hypotheses) == pytest.approx(1.0)


def test_unknown_events_are_refused() -> None:
    with pytest.raises(ValueError, match="event 4711"):
        condition(doubtful().engine, 4711, NOTHING)


# ------------------------------------------------------------------- information
@pytest.mark.parametrize(
    ("views", "baskets", "weights", "gain"),
    [
        pytest.param([TOOK_A, TOOK_B], [("a",), ("b",)], [0.5, 0.5], 0.48, id="decides"),
        pytest.param([TOOK_A, TOOK_B], [("a",), ("b",)], [0.9, 0.1], 0.08, id="mostly known"),
        pytest.param([TOOK_A, TOOK_B], [("x",), ("x",)], [0.5, 0.5], 0.0, id="does not matter"),
        pytest.param([TOOK_A, TOOK_A], [("a",), ("b",)], [0.5, 0.5], 0.0, id="cannot be told"),
        pytest.param([TOOK_A, TOOK_B], [("a",), ("b",)], [0.99, 0.01], 0.0, id="reviewers err more often"),
    ],
)
def test_expected_gain(views: list[Seen], baskets: list[tuple[str, ...]], weights: list[float], gain: float) -> None:
    assert information(views, baskets, weights) == pytest.approx(gain, abs=1e-9)


@given(
    st.lists(
        st.tuples(st.sampled_from([TOOK_A, TOOK_B, NOTHING, OTHER]), st.sampled_from("abc"), st.floats(0.01, 1)),
        min_size=1,
    )
)
def test_information_never_hurts(rows: list[tuple[Seen, str, float]]) -> None:
    whole = math.fsum(w for *_, w in rows)
    views, baskets, weights = [r[0] for r in rows], [(r[1],) for r in rows], [r[2] / whole for r in rows]
    for utility in ("right", "entropy"):
        assert information(views, baskets, weights, utility) >= -1e-9  # type: ignore[arg-type]


# -------------------------------------------------------------------------- money
@pytest.mark.parametrize(
    ("baskets", "risk"),
    [
        pytest.param(((("a",), 1.0),), 0, id="sure"),
        pytest.param(((("a",), 0.9), ((), 0.1)), 10, id="one in ten of 1.00"),
        pytest.param(((("a", "b"), 0.8), (("a",), 0.1), (("a", "a"), 0.1)), 40, id="both ways"),
        pytest.param(((("a",), 0.995), ((), 0.005)), 1, id="half a cent is a cent"),
        pytest.param(((("z",), 0.5), ((), 0.5)), 0, id="no price"),
        pytest.param((), 0, id="nothing known"),
    ],
)
def test_expected_money_at_risk(baskets: tuple[tuple[tuple[str, ...], float], ...], risk: int) -> None:
    assert expected_risk_minor(BasketPosterior("x", baskets), {"a": 100, "b": 250}) == risk


def test_money_at_risk_falls_with_the_answer() -> None:
    shop = doubtful()
    before = expected_risk_minor(shop.engine.posterior("anna"), PRICES)
    question = asked(shop)
    condition(shop.engine, question.event, answer(question, "corn"))
    assert expected_risk_minor(shop.engine.posterior("anna"), PRICES) < before


def test_entropy_of_two_equals_is_one_bit() -> None:
    assert entropy(BasketPosterior("x", ((("a",), 0.5), ((), 0.5)))) == pytest.approx(math.log(2))
    assert entropy(BasketPosterior("x", ((("a",), 1.0),))) == 0.0


def test_seen_counts_what_acts_do_not_where_from() -> None:
    acts = (Act("anna", -1, "a", 1, "facing"), Act("anna", -1, "a", 1, "stray"), Act("bob", 1, None, 1, "unknown"))
    assert seen_of(acts) == (("anna", -1, "a", 2), ("bob", 1, "", 1))

"""What an honest shopper answers, and what the recogniser says: tables of cases."""

from dataclasses import replace

import numpy as np
import pytest

from aisle.simulation.cart.catalogue import Stockroom, grocery
from aisle.simulation.cart.judging import justified
from aisle.simulation.cart.looks import LookModel, showing
from aisle.simulation.cart.truth import Doubt, Moved, TripTruth, lines_of, truthful_answer

S = 10**9
EVENTS = (
    Moved(10 * S, "placed", 1, "4006381333931", 500.0, 480.0),
    Moved(20 * S, "placed", 2, "4011", 803.0, 800.0, 5),
    Moved(30 * S, "placed", 3, "5000112637922", 340.0, 330.0),
    Moved(30 * S + 1, "placed", 4, "5000112637922", 341.0, 330.0),
    Moved(60 * S, "placed", 5, "", 200.0, 200.0, 1, "phone"),
    Moved(90 * S, "removed", 1, "4006381333931", 500.0, 480.0),
)
TRUTH = TripTruth("t", 1, (), 0, 200 * S, lines_of(EVENTS, frozenset({"4011"})), (), EVENTS, frozenset({"4011"}))


def test_lines_are_what_lies_in_the_basket() -> None:
    assert TRUTH.lines == ({"gtin": "4011", "grams": 800.0}, {"gtin": "5000112637922", "quantity": 2})


@pytest.mark.parametrize(
    ("t_s", "kind", "options", "gtin", "answer"),
    [
        (11, "scan item", (), None, "4006381333931"),
        (21, "choose item", ("4017", "4011"), None, "4011"),
        (22, "choose item", ("4017*2", "4011*1"), None, "4011*1"),
        (61, "scan item", ("own", "none"), None, "own"),
        (31, "check count", ("5000112637922*1", "5000112637922*2"), "5000112637922", "5000112637922*2"),
        (31, "enter quantity", ("5000112637922*2",), "5000112637922", "5000112637922*2"),
        (91, "choose removed", ("5000112637922", "4006381333931"), None, "4006381333931"),
        (50, "choose removed", ("4011",), None, "none"),
        (40, "place item", ("none",), "9521000000017", "none"),
        (95, "place item", ("none",), "4006381333931", "none"),
        (12, "check age", (), None, None),
    ],
    ids=lambda case: str(case),
)
def test_an_honest_shopper_answers(t_s: int, kind: str, options: tuple[str, ...], gtin: str, answer: str) -> None:
    assert truthful_answer(TRUTH, t_s * S, kind, options, gtin) == answer


@pytest.mark.parametrize(("scannable", "low", "high"), [(False, 0.7, 0.9), (True, 0.55, 0.85)])
def test_the_recogniser_is_right_as_often_as_its_model_says(scannable: bool, low: float, high: float) -> None:
    shop, model, rng = grocery(np.random.default_rng(1)), LookModel(), np.random.default_rng(2)
    room = Stockroom(shop, rng)
    known = [a for a in shop.ordinary if a.scannable is scannable and model.knows(a)]
    firsts = [
        sight.gtins[0] == article.code
        for article in (known[int(i)] for i in rng.integers(len(known), size=400))
        for sight in showing(room.piece(article), 0.0, 0.3, shop, model, [], rng)
    ]
    assert low < float(np.mean(firsts)) < high


def test_what_nobody_enrolled_looks_like_nothing() -> None:
    shop, rng = grocery(np.random.default_rng(1)), np.random.default_rng(3)
    own = Stockroom(shop, rng).own("umbrella", 400.0)
    best = [sight.nats[0] for _ in range(100) for sight in showing(own, 0.0, 0.3, shop, LookModel(), [], rng)]
    assert float(np.mean(np.array(best) > 0.0)) < 0.15


DOUBTED = replace(
    TRUTH, doubts=(Doubt(20 * S, 200 * S, "scan item", "4011"), Doubt(30 * S, 50 * S, "check age", "5000112637922"))
)


@pytest.mark.parametrize(
    ("t_s", "kind", "gtin", "right"),
    [
        (25, "scan item", None, True),
        (25, "choose item", "4017", True),  # near the moment the cart may think of another product
        (150, "choose item", "4017", False),
        (150, "choose item", "4011", True),
        (10, "scan item", "4011", False),
        (25, "choose removed", None, False),
        (35, "check age", "5000112637922", True),
        (35, "scale fault", None, False),
        (90, "check age", "5000112637922", False),
    ],
    ids=str,
)
def test_a_prompt_is_right_near_a_doubt_of_its_family(t_s: int, kind: str, gtin: str | None, right: bool) -> None:
    assert justified(DOUBTED, t_s * S, kind, gtin) is right

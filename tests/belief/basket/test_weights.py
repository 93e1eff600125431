"""Weights learnt from trips, and scales held against them."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.belief.basket.goods import Weight
from aisle.belief.basket.weights import ScaleErrors, WeightBook

PRIOR = Weight(500.0, 150.0**2, 7.0**2, 480.0)


def taught(grams: list[float], book: WeightBook | None = None, gtin: str = "4006381333931") -> WeightBook:
    book = book or WeightBook()
    for each in grams:
        book.weighed(gtin, each)
    return book


def test_two_pieces_teach_nothing_yet() -> None:
    assert taught([612.0, 615.0]).weight("4006381333931", PRIOR) == PRIOR


def test_after_some_pieces_the_weight_is_what_they_weigh_and_narrow() -> None:
    weight = taught([612.0, 615.0, 610.0, 613.0]).weight("4006381333931", PRIOR)
    assert weight.mean_g == pytest.approx(612.5)
    assert weight.shared_var < 10.0**2
    assert weight.least_g == PRIOR.least_g


def test_another_thing_under_its_code_does_not_spoil_it() -> None:
    weight = taught([612.0, 615.0, 610.0, 613.0, 250.0]).weight("4006381333931", PRIOR)
    assert weight.mean_g == pytest.approx(612.5)


@pytest.mark.parametrize(
    ("gain", "faulty"),
    [(1.0, False), (1.003, False), (1.03, True), (0.97, True)],
    ids=["true", "fair", "heavy", "light"],
)
def test_a_scale_that_weighs_wrong_is_wrong_with_all_products(gain: float, faulty: bool) -> None:
    rng = np.random.default_rng(3)
    weights = {f"product {n}": float(rng.uniform(100.0, 1500.0)) for n in range(40)}
    book = WeightBook()
    for gtin, grams in weights.items():
        taught([grams * float(rng.normal(1.0, 0.005)) for _ in range(6)], book, gtin)
    book.errors = ScaleErrors()
    for gtin, grams in weights.items():
        book.weighed(gtin, gain * grams * float(rng.normal(1.0, 0.005)))
    assert book.errors.faulty is faulty


def test_a_shopper_who_swaps_once_is_no_faulty_scale() -> None:
    book = WeightBook()
    for n in range(30):
        taught([300.0 + n, 301.0 + n, 299.0 + n, 300.5 + n], book, f"product {n}")
    book.weighed("product 3", 900.0)
    assert not book.errors.faulty

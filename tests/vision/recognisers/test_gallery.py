"""Open-set recognition: odds that sum to one, strangers that stay strangers, fitted odds that mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from aisle.vision.recognisers.gallery import Gallery, Odds, Recogniser, fit_odds, posteriors, worth_each

LENGTH = 16


class Pointing:
    """An embedding for tests: a crop's first pixel says which axis it points along."""

    size = LENGTH

    def of(self, crops):  # type: ignore[no-untyped-def]
        return np.eye(LENGTH)[[int(crop[0, 0, 0]) for crop in crops]]


def crop(axis: int) -> np.ndarray:
    return np.full((8, 6, 3), axis, np.uint8)


PICTURES = {"a": [crop(0), crop(1)], "b": [crop(2)], "c": [crop(3)]}


@pytest.mark.parametrize(("axis", "best"), [(0, "a"), (1, "a"), (2, "b"), (3, "c")])
def test_any_picture_of_a_product_names_it(axis: int, best: str) -> None:
    embedding = Pointing()
    (told,) = Recogniser(embedding, Gallery.of(PICTURES, embedding)).recognise([crop(axis)])
    assert told.gtins[0] == best
    assert told.probabilities[0] > 0.95 > 0.05 > told.unknown
    assert told.log_likelihoods[0] > 0 > told.log_likelihoods[1]


def test_a_stranger_is_unknown() -> None:
    embedding = Pointing()
    (told,) = Recogniser(embedding, Gallery.of(PICTURES, embedding)).recognise([crop(9)])
    assert told.unknown > 0.95


def test_a_new_picture_joins_the_product_it_is_of() -> None:
    embedding = Pointing()
    gallery = Gallery.of(PICTURES, embedding)
    gallery.enrol("b", embedding.of([crop(7)]))
    assert gallery.gtins == ("a", "b", "c")
    assert Recogniser(embedding, gallery).recognise([crop(7)])[0].gtins[0] == "b"


def test_an_empty_gallery_knows_nothing() -> None:
    (told,) = Recogniser(Pointing(), Gallery(LENGTH)).recognise([crop(1)])
    assert told.gtins == () and told.unknown == 1.0


def test_vectors_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"product x: vectors of shape \(1, 3\), must be \(k, 16\)"):
        Gallery(LENGTH).enrol("x", np.ones((1, 3)))


@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(0, 6)), elements=st.floats(-1, 1)),
    st.floats(0.1, 200),
    st.floats(-1, 1),
)
@settings(max_examples=60, deadline=None)
def test_odds_sum_to_one(likeness: np.ndarray, sharpness: float, else_like: float) -> None:
    told = posteriors(likeness, Odds(sharpness, else_like))
    assert np.isfinite(told).all() and (told >= 0).all()
    np.testing.assert_allclose(told.sum(axis=1), 1.0)


def test_fitted_odds_mean_what_they_say() -> None:
    rng = np.random.default_rng(4)
    n, products, share = 4000, 12, 0.2
    truth = np.where(rng.random(n) < share, -1, rng.integers(products, size=n))
    likeness = rng.normal(0.45, 0.1, (n, products))
    known = np.flatnonzero(truth >= 0)
    likeness[known, truth[known]] = rng.normal(0.75, 0.12, len(known))
    half = n // 2
    odds = fit_odds(likeness[:half], truth[:half], else_share=share)
    told = posteriors(likeness[half:], odds)
    winner = told.argmax(axis=1)
    right = np.where(winner == products, -1, winner) == truth[half:]
    claimed = told.max(axis=1)
    for low, high in ((0.5, 0.8), (0.8, 0.95), (0.95, 1.0)):
        inside = (claimed >= low) & (claimed < high)
        assert abs(claimed[inside].mean() - right[inside].mean()) < 0.08


def test_odds_need_both_kinds() -> None:
    with pytest.raises(ValueError, match="found only one kind"):
        fit_odds(np.zeros((3, 2)), np.array([0, 1, 1]))


@pytest.mark.parametrize(("pictures", "least", "most"), [(1, 1.0, 1.0), (3, 1.5, 2.0), (100, 2.0, 2.5)])
def test_many_pictures_of_one_item_are_worth_more_than_one_and_fewer_than_all(
    pictures: int, least: float, most: float
) -> None:
    assert least <= pictures * worth_each(pictures) <= most

"""Products learnt from few pictures and many: who it is, who it is not, and scores that mean what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.vision.recognisers.fitting import FEWEST_ASKED, fitted, leave_out, scenes
from aisle.vision.recognisers.gallery import Gallery, posteriors
from aisle.vision.recognisers.two_covariances import TwoCovariances, fit_frame, fit_space

SIZE = 24


class World:
    """Products in a space where two thirds of the directions say nothing but are loud."""

    def __init__(self, products: int, seed: int = 5) -> None:
        self._rng = np.random.default_rng(seed)
        self._noise = np.where(np.arange(SIZE) < 8, 0.35, 1.6)
        self.places = self._rng.normal(size=(products, SIZE)) * np.where(np.arange(SIZE) < 8, 1.0, 0.3)

    def pictures(self, product: int, count: int) -> np.ndarray:
        seen = self.places[product] + self._rng.normal(size=(count, SIZE)) * self._noise
        return seen / np.linalg.norm(seen, axis=1, keepdims=True)


def gallery_of(world: World, products: range, each: int) -> Gallery:
    gallery = Gallery(SIZE)
    for product in products:
        gallery.enrol(str(product), world.pictures(product, each))
    return gallery


def right_share(gallery: Gallery, likeness: np.ndarray, truth: np.ndarray) -> float:
    return float((np.array([int(gtin) for gtin in gallery.gtins])[likeness.argmax(axis=1)] == truth).mean())


@pytest.mark.parametrize("each", [3, 10, 40])
def test_it_finds_what_the_nearest_picture_misses(each: int) -> None:
    world = World(20)
    gallery = gallery_of(world, range(20), each)
    asked = np.concatenate([world.pictures(product, 15) for product in range(20)])
    truth = np.repeat(np.arange(20), 15)
    learnt = right_share(gallery, fitted(gallery).measure.likeness(asked), truth)
    nearest = right_share(gallery, gallery.likeness(asked), truth)
    assert learnt > nearest + 0.1


def test_scores_mean_what_they_say_and_strangers_are_strange() -> None:
    world = World(40)
    gallery = gallery_of(world, range(30), 16)
    told = fitted(gallery)
    assert told.left_out is not None
    asked = np.concatenate([world.pictures(product, 20) for product in range(40)])
    truth = np.repeat(np.arange(40), 20)
    odds = posteriors(told.measure.likeness(asked), told.odds)
    best = odds[:, :-1].argmax(axis=1)
    score = odds[:, :-1].max(axis=1)
    known = truth < 30
    assert np.mean(score[known]) > np.mean(score[~known]) + 0.3
    assert abs(score[known].mean() - (best == truth)[known].mean()) < 0.1
    assert np.mean(odds[~known, -1] > odds[known, -1].mean()) > 0.85


def test_a_new_product_is_known_at_once_without_fitting_anew() -> None:
    world = World(21)
    gallery = gallery_of(world, range(20), 10)
    space = fit_space(gallery.vectors, gallery.of_product)
    measure = TwoCovariances.of(space, gallery.vectors, gallery.of_product, 20)
    asked = world.pictures(20, 30)
    before = measure.likeness(asked)
    measure.enrol(20, world.pictures(20, 4))
    after = measure.likeness(asked)
    np.testing.assert_allclose(after[:, :20], before)
    assert np.mean(after.argmax(axis=1) == 20) > 0.6


def test_more_pictures_of_a_product_make_it_surer() -> None:
    world = World(12)
    gallery = gallery_of(world, range(12), 12)
    space = fit_space(gallery.vectors, gallery.of_product)
    asked, shown = world.pictures(3, 200), world.pictures(3, 12)
    few, many = (
        TwoCovariances.of(space, shown[:count], np.zeros(count, np.intp), 1).likeness(asked).mean() for count in (1, 12)
    )
    assert many > few > 0


def test_a_product_without_pictures_is_like_one_never_enrolled() -> None:
    world = World(6)
    gallery = gallery_of(world, range(6), 5)
    space = fit_space(gallery.vectors, gallery.of_product)
    measure = TwoCovariances.of(space, gallery.vectors, gallery.of_product, 7)
    np.testing.assert_allclose(measure.likeness(world.pictures(2, 4))[:, 6], 0.0, atol=1e-9)


@pytest.mark.parametrize(
    ("products", "each"),
    [(0, 0), (1, 1), (1, 9), (2, 1), (9, 1), (2, 2), (3, 2), (3, 30)],
    ids=["nothing", "one picture", "one product", "two pictures", "one each", "two each", "three", "many of few"],
)
def test_whatever_is_enrolled_gives_probabilities(products: int, each: int) -> None:
    world = World(10)
    gallery = gallery_of(world, range(products), each)
    told = fitted(gallery)
    odds = posteriors(told.measure.likeness(world.pictures(0, 5)), told.odds)
    assert odds.shape == (5, products + 1)
    np.testing.assert_allclose(odds.sum(axis=1), 1.0)


@given(st.integers(2, 9), st.integers(1, 6), st.integers(0, 3), st.integers(0, 99))
@settings(max_examples=25)
def test_even_odd_vectors_give_finite_numbers(products: int, each: int, same: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(products * each, SIZE))
    vectors[: same * each] = vectors[0]  # the same picture again, under several products
    of = np.repeat(np.arange(products), each)
    likeness = TwoCovariances.of(fit_space(vectors, of), vectors, of, products).likeness(vectors)
    assert np.isfinite(likeness).all()


def test_one_product_has_nothing_to_differ_from() -> None:
    with pytest.raises(ValueError, match="found 1 products, two or more"):
        fit_space(np.ones((3, SIZE)), np.zeros(3, np.intp))


def test_pictures_of_one_scene_are_left_out_together() -> None:
    taken = np.array([0, 3, 1, 2, 1, 0, 3, 2])
    vectors = np.eye(SIZE)[[*taken, 8, 9, 10]] + np.random.default_rng(1).normal(0, 0.01, (11, SIZE))
    out = scenes(vectors, np.array([0] * 8 + [1] * 2 + [2]), 4)
    assert len(set(zip(taken.tolist(), out[:8].tolist(), strict=True))) == len(set(out[:8].tolist())) == 4
    assert out[8] != out[9] and out[10] == 2


def test_a_picture_left_out_is_not_measured_by_itself() -> None:
    world = World(8)
    gallery = gallery_of(world, range(8), 8)
    told = leave_out(gallery.vectors, gallery.of_product)
    known = told.truth >= 0
    assert known.sum() >= FEWEST_ASKED and (~known).sum() >= FEWEST_ASKED
    assert np.isfinite(told.likeness[known, told.truth[known]]).all()
    assert np.isneginf(told.likeness[~known]).any(axis=1).all()


@pytest.mark.parametrize("each", [4, 12, 60], ids=["few", "as many as axes", "many"])
def test_spread_is_that_of_pictures_never_seen(each: int) -> None:
    world = World(20)
    gallery = gallery_of(world, range(20), each)
    space = fit_space(gallery.vectors, gallery.of_product)
    asked = np.concatenate([world.pictures(product, 40) for product in range(20)])
    raw = (asked - space.middle) @ space.axes
    means = raw.reshape(20, 40, -1).mean(axis=1, keepdims=True)
    spread = ((raw.reshape(20, 40, -1) - means) ** 2).sum() / (20 * 39) / raw.shape[1]
    assert 0.7 < spread < 1.4


def test_strangers_may_differ_where_nothing_enrolled_does() -> None:
    world = World(4)
    gallery = gallery_of(world, range(4), 12)
    space = fit_space(gallery.vectors, gallery.of_product)
    assert len(space.between) > 4 and space.between.min() > 0


def test_a_space_is_the_same_in_a_frame_and_outside() -> None:
    world = World(9)
    gallery = gallery_of(world, range(9), 5)
    frame = fit_frame(gallery.vectors)
    inside = fit_space(frame.of(gallery.vectors), gallery.of_product)
    asked = world.pictures(2, 6)
    np.testing.assert_allclose(frame.outside(inside).of(asked), inside.of(frame.of(asked)), atol=1e-9)


def test_the_same_pictures_give_the_same_answers() -> None:
    first, second = (fitted(gallery_of(World(8), range(8), 6)) for _ in range(2))
    assert first.odds == second.odds
    asked = World(8, seed=6).pictures(3, 5)
    np.testing.assert_array_equal(first.measure.likeness(asked), second.measure.likeness(asked))


def test_products_left_out_are_asked_with_all_others_enrolled() -> None:
    world = World(12)
    gallery = gallery_of(world, range(12), 6)
    told = leave_out(gallery.vectors, gallery.of_product, 4)
    strangers = told.truth < 0
    assert strangers.sum() == 12 * 6
    assert (np.isfinite(told.likeness[strangers]).sum(axis=1) == 9).all()
    assert (np.isfinite(told.likeness[~strangers]).sum(axis=1) == 12).all()

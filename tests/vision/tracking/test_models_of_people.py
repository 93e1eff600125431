"""Motion, sight and looks: the small models the floor tracker rests on."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.store.model import FloatArray
from aisle.vision.tracking.appearance import MOST_NATS, Appearance, Spread, blended, cosines
from aisle.vision.tracking.coverage import Coverage, covered
from aisle.vision.tracking.motion import Motion
from aisle.vision.tracking.smoothing import smoothed


def test_prediction_in_one_step_or_in_two() -> None:
    motion = Motion(walking_q=1.0, standing_q=1.0)
    mean, cov = motion.newborn(1)
    mean[0, 2:4] = (1.0, -0.5)
    once = motion.predict(mean, cov, 0.4)
    twice = motion.predict(*motion.predict(mean, cov, 0.2), 0.2)
    assert twice[0] == pytest.approx(once[0], rel=1e-9)
    assert np.sqrt(np.diagonal(twice[1][0])) == pytest.approx(np.sqrt(np.diagonal(once[1][0])), rel=0.02)


def test_people_slow_down_and_straighten_up() -> None:
    motion = Motion()
    mean, cov = motion.newborn(1)
    mean[0] = (0.0, 0.0, 1.0, 0.0, 0.3, 0.0, 1.0, 1.6)
    later, wide = motion.predict(mean, cov, 10.0)
    assert later[0, 0] == pytest.approx(motion.slow_down_s, abs=0.1)
    assert later[0, 2:4] == pytest.approx((0.0, 0.0), abs=0.05)
    assert later[0, 4:6] == pytest.approx((0.0, 0.0), abs=1e-3)
    assert later[0, 6] == pytest.approx(1.6, abs=1e-3)
    assert np.linalg.eigvalsh(wide[0]).min() > 0


def test_afterwards_one_knows_better() -> None:
    """A walk measured at both ends only: in the middle the filter guesses, the smoother knows."""
    motion, rng = Motion(), np.random.default_rng(3)
    times = np.arange(30) * 0.1
    true = np.column_stack([times, np.zeros(30)])
    mean, cov = motion.newborn(1)
    H, R = np.eye(2, 8), 0.05**2 * np.eye(2)
    means: list[FloatArray] = []
    covs: list[FloatArray] = []
    for k in range(30):
        mean, cov = motion.predict(mean, cov, 0.1)
        measured = float(k < 10 or k > 24)
        K = measured * cov[0] @ H.T @ np.linalg.inv(H @ cov[0] @ H.T + R)
        mean = mean + (K @ (true[k] + rng.normal(0, 0.05, 2) - mean[0, :2]))[None]
        cov = cov - (K @ H @ cov[0])[None]
        means.append(np.asarray(mean[0], np.float64))
        covs.append(np.asarray(cov[0], np.float64))
    after, sure = smoothed(motion, times, np.array(means), np.array(covs))
    off = after[:, :2] - true
    assert (off[12:24] ** 2).sum() < 0.8 * ((np.array(means)[12:24, :2] - true[12:24]) ** 2).sum()
    assert sure[22, 0, 0] < 0.5 * covs[22][0, 0]
    assert np.abs(off[:, 0] / np.sqrt(sure[:, 0, 0])).max() < 3.0
    assert (np.trace(sure, axis1=1, axis2=2) <= np.trace(np.array(covs), axis1=1, axis2=2) + 1e-9).all()
    assert after[-1] == pytest.approx(means[-1])
    with pytest.raises(ValueError, match="ascend"):
        smoothed(motion, times[::-1], np.array(means), np.array(covs))


def test_a_camera_learns_where_it_sees() -> None:
    coverage = Coverage(2, np.zeros(2), np.array([4.0, 4.0]), 0.8)
    there, cameras = np.array([[1.2, 1.2]]), np.array([0, 1])
    for _ in range(60):
        coverage.learn(cameras, there, np.array([[0.0], [1.0]]), np.ones((2, 1)))
    assert coverage.chance(cameras, there)[:, 0] == pytest.approx([0.07, 0.98], abs=0.02)
    assert coverage.chance(cameras, np.array([[3.2, 3.2]]))[:, 0] == pytest.approx([0.8, 0.8])
    assert coverage.chance(cameras, np.array([[-5.0, 99.0]])).shape == (2, 1)  # beyond the border: its nearest cell


def test_nothing_is_learnt_without_weight() -> None:
    coverage = Coverage(1, np.zeros(2), np.ones(2), 0.8)
    coverage.learn(np.array([0]), np.zeros((1, 2)), np.zeros((1, 1)), np.zeros((1, 1)))
    assert coverage.chance(np.array([0]), np.zeros((1, 2)))[0, 0] == pytest.approx(0.8)


# heads, feet, depths of two people in one picture; share of each that is hidden
HIDDEN = {
    "side by side": ([[0.0, -0.2], [1.0, -0.2]], [[0.0, 0.2], [1.0, 0.2]], [4.0, 4.5], [0.0, 0.0]),
    "right behind": ([[0.0, -0.2], [0.0, -0.2]], [[0.0, 0.2], [0.0, 0.2]], [4.0, 5.0], [0.0, 1.0]),
    "as far as each other": ([[0.0, -0.2], [0.0, -0.2]], [[0.0, 0.2], [0.0, 0.2]], [4.0, 4.1], [0.0, 0.0]),
    "behind the camera": ([[0.0, -0.2], [np.nan, np.nan]], [[0.0, 0.2], [np.nan, np.nan]], [4.0, np.nan], [0.0, 0.0]),
}


@pytest.mark.parametrize(("heads", "feet", "depths", "share"), HIDDEN.values(), ids=HIDDEN.keys())
def test_hidden_behind_others(
    heads: list[list[float]], feet: list[list[float]], depths: list[float], share: list[float]
) -> None:
    assert covered(np.array([heads]), np.array([feet]), np.array([depths]))[0] == pytest.approx(share)


def test_looks_are_learnt() -> None:
    appearance = Appearance()
    assert appearance.log_ratio(np.array([0.92]))[0] > 0 > appearance.log_ratio(np.array([0.7]))[0]
    rng = np.random.default_rng(1)
    for _ in range(40):
        appearance.same.learn(rng.normal(0.95, 0.02, 20))
        appearance.different.learn(rng.normal(0.85, 0.03, 20))
    assert appearance.same.mean == pytest.approx(0.95, abs=0.02)
    assert appearance.log_ratio(np.array([0.85]))[0] < 0 < appearance.log_ratio(np.array([0.96]))[0]


def test_looks_never_decide_alone() -> None:
    ratios = Appearance().log_ratio(np.array([-1.0, -0.5, 1.0, np.nan]))
    assert np.abs(ratios).max() <= MOST_NATS
    assert ratios[3] == 0.0


def test_spread_is_mean_and_deviation() -> None:
    spread = Spread(0.5, 0.3, count=1.0)
    values = np.random.default_rng(2).normal(0.7, 0.1, 4000)
    for part in np.split(values, 100):
        spread.learn(part)
    assert (spread.mean, spread.sigma) == pytest.approx((values.mean(), values.std()), abs=0.02)


def test_running_means() -> None:
    means, weights = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, 3.0])
    after, more = blended(means, weights, np.array([[0.0, 2.0], [0.0, 0.0]]), np.array([2.0, 0.0]))
    assert after == pytest.approx(np.array([[1.0 / 3.0, 2.0 / 3.0], [0.0, 2.0]]))
    assert more.tolist() == [3.0, 3.0]


def test_cosines_of_people_without_looks() -> None:
    found = cosines(np.array([[3.0, 0.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert found[0].tolist() == [1.0, 0.0]
    assert np.isnan(found[1]).all()

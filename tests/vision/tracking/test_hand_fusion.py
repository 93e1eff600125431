"""Hands out of sightings: crossings win over guesses that agree with nobody, and a lone ray is taken where expected."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.store.geometry import project
from aisle.vision.tracking.hand_fusion import Rays, found
from aisle.vision.tracking.lens import Eyes
from vision.tracking.walkers_kit import corners

EYES = Eyes.of(corners())
LEFT, RIGHT = np.array([3.8, 3.0, 0.9]), np.array([4.2, 3.0, 0.9])
REACHING = np.array([4.1, 3.6, 1.4])
EXPECTED = np.stack([LEFT, RIGHT])
PRECISION = np.stack([np.eye(3) / 0.15**2] * 2)


def rays(sightings: list[tuple[int, np.ndarray, float, float]]) -> Rays:
    """(camera, place in space, score, sigma in pixels) as exact sightings."""
    sightings = sorted(sightings, key=lambda s: s[0])
    camera = np.array([c for c, _, _, _ in sightings])
    pixels = np.concatenate([project(corners()[c], place[None]) for c, place, _, _ in sightings])
    points, _ = EYES.straightened(camera, pixels)
    sigma = np.array([s for _, _, _, s in sightings]) / EYES.focal_px[camera, 0]
    scores = np.array([s for _, _, s, _ in sightings])
    return Rays(EYES.position_m[camera], EYES.rotation[camera], points, sigma, scores, camera)


def test_two_hands_seen_by_all_cameras_are_both_found() -> None:
    seen = rays([(c, hand, 0.8, 2.0) for c in (0, 1, 2) for hand in (LEFT, REACHING)])
    hands = found(seen, EXPECTED, PRECISION, 0.03)
    assert [h.explains.sum() for h in hands] == [3, 3]
    order = sorted(hands, key=lambda h: h.place_m[1])
    np.testing.assert_allclose([h.place_m for h in order], [LEFT, REACHING], atol=0.02)


def test_guesses_of_where_a_hidden_hand_hangs_do_not_pull_the_seen_one() -> None:
    guess = np.array([4.25, 2.9, 0.85])
    seen = rays(
        [(c, LEFT, 0.8, 2.0) for c in (0, 1, 2)]
        + [(0, REACHING, 0.7, 2.0), (1, REACHING, 0.7, 2.0), (2, guess, 0.4, 9.0)]
    )
    hands = found(seen, EXPECTED, PRECISION, 0.03)
    reaching = max(hands, key=lambda h: h.place_m[1])
    np.testing.assert_allclose(reaching.place_m, REACHING, atol=0.03)
    assert reaching.explains.tolist() == [False, True, False, True, False, False]


def test_one_ray_alone_is_taken_where_it_passes_the_hand_expected() -> None:
    near = RIGHT + np.array([0.0, 0.05, 0.0])
    (hand,) = found(rays([(1, near, 0.8, 2.0)]), EXPECTED, PRECISION, 0.03)
    assert np.linalg.norm(hand.place_m - near) < 0.06


@pytest.mark.parametrize("score", [0.02, 0.05])
def test_what_hardly_anybody_believes_is_no_hand(score: float) -> None:
    far = np.array([6.0, 5.0, 1.0])
    assert found(rays([(0, far, score, 9.0)]), EXPECTED, PRECISION, 0.03) == []


def test_one_camera_lends_a_hand_no_more_than_one_sighting() -> None:
    seen = rays([(0, LEFT, 0.6, 3.0), (0, LEFT + np.array([0.02, 0.0, 0.0]), 0.6, 3.0), (1, LEFT, 0.6, 3.0)])
    first = found(seen, EXPECTED, PRECISION, 0.03)[0]
    assert first.explains.sum() == 2

"""Cameras made ready agree with the store's geometry, and their derivatives with differences."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.store.geometry import at_height, project, undistorted
from aisle.vision.tracking.lens import Eyes
from vision.tracking.walkers_kit import camera

LENSES = {
    "straight": (),
    "barrel": (-0.25, 0.06, 0.001, -0.0005),
    "wide": (-0.3, 0.1, 0.0, 0.0, -0.01),
}


@pytest.mark.parametrize("distortion", LENSES.values(), ids=LENSES.keys())
def test_lens_undone(distortion: tuple[float, ...]) -> None:
    lens = camera("a", 0.1, 0.1, distortion)
    pixels = np.random.default_rng(1).uniform((0, 0), (639, 359), (200, 2))
    points, slopes = Eyes.of([lens]).straightened(np.zeros(200, np.intp), pixels)
    off_px = (points - undistorted(lens, pixels, 60)) * 330.0
    assert np.abs(off_px).max() < 0.05
    half = np.array([0.5, 0.0])
    moved = undistorted(lens, pixels + half, 60) - undistorted(lens, pixels - half, 60)
    assert slopes[:, :, 0] == pytest.approx(moved, rel=0.03, abs=5e-5)


def test_seen_where_projected() -> None:
    cameras = [camera("a", 0.1, 0.1, ()), camera("b", 7.9, 5.9, ())]
    points = np.random.default_rng(2).uniform((1, 1, 0), (7, 5, 2), (30, 3))
    uv, slopes, _ = Eyes.of(cameras).see(np.array([0, 1]), points)
    for row, lens in enumerate(cameras):
        assert uv[row] * 330.0 + lens.centre_px == pytest.approx(project(lens, points), abs=1e-9)
    step = np.array([0.0, 1e-5, 0.0])
    ahead = Eyes.of(cameras).see(np.array([0, 1]), points + step)[0]
    assert (ahead - uv) / 1e-5 == pytest.approx(slopes[..., 1], rel=1e-3, abs=1e-4)


def test_floor_points() -> None:
    lens = camera("a", 0.1, 0.1)
    eyes = Eyes.of([lens])
    pixels = np.array([[320.0, 200.0], [100.0, 300.0], [320.0, -2000.0]])
    flat, _ = eyes.straightened(np.zeros(3, np.intp), pixels)
    found = eyes.at_height(np.zeros(3, np.intp), flat, 0.0)
    assert found[:2] == pytest.approx(at_height(lens, pixels[:2], 0.0)[:, :2], abs=5e-3)
    assert np.isnan(found[2]).all()  # above the horizon there is no floor


def test_inside_is_soft() -> None:
    eyes = Eyes.of([camera("a", 0.1, 0.1, ())])
    x0, _, x1, _ = eyes.tangents[0]
    points = np.array([[[0.0, 0.0], [x0, 0.0], [x1 + 0.1, 0.0], [np.nan, np.nan]]])
    assert eyes.inside(np.array([0]), points)[0] == pytest.approx([1.0, 0.5, 0.0, 0.0])

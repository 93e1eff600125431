"""Poses out of known places: the truth is found, wrong places are named, and stated errors are the errors made."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aisle.store.geometry import at_height, project
from aisle.store.model import FloatArray
from aisle.vision.calibration.faults import CalibrationError
from aisle.vision.calibration.places import Places
from aisle.vision.calibration.pose import fit_pose
from aisle.vision.calibration.quality import floor_error, leave_one_out, seen_floor, warnings_of
from vision.calibration.places_kit import FLOOR, MARKS, clicked, corner_camera, lost

CAMERA = corner_camera()
LATTICE = seen_floor(CAMERA, FLOOR)


def on_floor_off(found: object, true_pixels: FloatArray) -> FloatArray:
    return np.asarray(at_height(found, true_pixels, 0.0)[:, :2] - LATTICE)  # type: ignore[arg-type]


TRUE_PIXELS = project(CAMERA, np.column_stack([LATTICE, np.zeros(len(LATTICE))]))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    x=st.floats(0.2, 6.8), y=st.floats(0.2, 5.8), height=st.floats(2.2, 3.5),
    aim_x=st.floats(2.0, 5.0), aim_y=st.floats(2.0, 4.0),
)  # fmt: skip
def test_exact_places_give_the_exact_pose(x: float, y: float, height: float, aim_x: float, aim_y: float) -> None:
    camera = corner_camera((x, y, height), (aim_x, aim_y, 0.0), ())
    marks = np.column_stack([seen_floor(camera, FLOOR), np.zeros(len(seen_floor(camera, FLOOR)))])
    fit = fit_pose(lost(camera), clicked(camera, marks[:: max(1, len(marks) // 8)]))
    assert math.dist(fit.camera.position_m, camera.position_m) < 1e-3


SCATTERS = {
    "eight clicked marks": (8, True, 0.05),
    "ten clicked marks": (10, True, 0.05),
    "ten marks, the lens unknown": (10, False, 0.12),
}


@pytest.mark.parametrize(("count", "focal_known", "off_m"), SCATTERS.values(), ids=SCATTERS.keys())
def test_noisy_places_give_the_pose_within_centimetres(count: int, focal_known: bool, off_m: float) -> None:
    places = clicked(CAMERA, MARKS[:count], np.random.default_rng(4))
    fit = fit_pose(lost(CAMERA), places, focal_known=focal_known)
    assert float(np.sqrt(np.mean(on_floor_off(fit.camera, TRUE_PIXELS) ** 2))) < off_m


def test_the_stated_error_on_the_floor_is_the_error_made() -> None:
    """Over many calibrations the error has the covariance said of it: two squared sigmas a place, on average."""
    generator = np.random.default_rng(11)
    squares = []
    for _ in range(12):
        fit = fit_pose(lost(CAMERA), clicked(CAMERA, MARKS[:8], generator))
        off = on_floor_off(fit.camera, TRUE_PIXELS)
        covariance = floor_error(fit, LATTICE).covariances_m2
        squares.append(np.einsum("ni,nij,nj->n", off, np.linalg.inv(covariance), off).mean())
    assert 1.2 < float(np.mean(squares)) < 3.2


def test_wrong_places_are_named_and_left_out() -> None:
    places = clicked(CAMERA, MARKS, np.random.default_rng(2))
    pixels = places.pixels.copy()
    pixels[3] += (35.0, -20.0)
    pixels[7] = pixels[0]
    fit = fit_pose(lost(CAMERA), replace(places, pixels=pixels))
    assert fit.outliers == ("mark 4", "mark 8")
    assert math.dist(fit.camera.position_m, CAMERA.position_m) < 0.1


def test_four_places_off_the_floor_too_give_a_pose() -> None:
    marks = np.array([(2.0, 3.0, 0.0), (5.0, 2.0, 0.4), (6.0, 4.5, 1.5), (2.6, 5.1, 0.9), (4.0, 4.0, 0.0)])
    fit = fit_pose(lost(CAMERA), clicked(CAMERA, marks))
    assert math.dist(fit.camera.position_m, CAMERA.position_m) < 1e-3


def test_corners_measured_together_do_not_count_as_many_measurements() -> None:
    """A board laid 5 mm off moves the floor beside it by as much, however many corners it has."""
    corners = np.array([(2.0 + 0.06 * i, 3.0 - 0.06 * j, 0.0) for j in range(5) for i in range(8)])
    exact = clicked(CAMERA, corners, sigma_px=0.25)
    apart = replace(exact, sigma_m=np.full(40, 0.005))
    board = Places.of_group(exact.names, corners, exact.pixels)
    beside = np.array([[2.2, 2.9]])
    off = [floor_error(fit_pose(lost(CAMERA), places), beside).off_m[0] for places in (board, apart)]
    assert off[0] > 0.005
    assert off[1] < 0.003


def test_leaving_out_one_after_the_other_finds_what_the_fit_hides() -> None:
    fit = fit_pose(lost(CAMERA), clicked(CAMERA, MARKS, np.random.default_rng(5)))
    out = leave_one_out(fit)
    assert out is not None
    assert out.names == fit.places.names
    assert np.sqrt(np.mean(out.off_px**2)) > fit.rms_px


LINE = np.array([(1.0 + 0.5 * k, 2.5 + 0.25 * k, 0.0) for k in range(8)])
HUDDLE = np.array([(3.0 + 0.1 * (k % 3), 3.0 + 0.1 * (k // 3), 0.0) for k in range(8)])
WEAK = {
    "nearly in one line": (LINE + [(0, 0.1 * (k % 2), 0) for k in range(8)], "nearly in one line"),
    "close together": (HUDDLE, "spread them over it"),
    "four of them": (MARKS[:4], "leave next to nothing to check"),
}


@pytest.mark.parametrize(("marks", "said"), WEAK.values(), ids=WEAK.keys())
def test_weak_sets_of_places_are_warned_of(marks: FloatArray, said: str) -> None:
    fit = fit_pose(lost(CAMERA), clicked(CAMERA, marks))
    assert any(said in warning for warning in warnings_of(fit, floor_error(fit, LATTICE)))


def test_a_good_set_of_places_is_not_warned_of() -> None:
    fit = fit_pose(lost(CAMERA), clicked(CAMERA, MARKS, np.random.default_rng(3)))
    assert warnings_of(fit, floor_error(fit, LATTICE)) == ()


HOPELESS = {
    "three places": (MARKS[:3], True, "at least 4 are needed"),
    "five places, lens unknown": (MARKS[:5], False, "at least 6 are needed when the focal length is not known"),
    "all on one line": (LINE, True, "on one line"),
    "x and y swapped": (MARKS[:, [1, 0, 2]], True, "mirrored floor"),
}


@pytest.mark.parametrize(("said_m", "focal_known", "message"), HOPELESS.values(), ids=HOPELESS.keys())
def test_hopeless_places_are_refused_with_the_reason(said_m: FloatArray, focal_known: bool, message: str) -> None:
    seen = said_m[:, [1, 0, 2]] if "mirrored" in message else said_m
    places = replace(clicked(CAMERA, seen), points_m=said_m)
    with pytest.raises(CalibrationError, match=message):
        fit_pose(lost(CAMERA), places, focal_known=focal_known)


def test_places_at_random_fit_no_pose() -> None:
    generator = np.random.default_rng(8)
    places = replace(clicked(CAMERA, MARKS), pixels=generator.uniform((0, 0), (1280, 720), (10, 2)))
    with pytest.raises(CalibrationError, match="pixels belong"):
        fit_pose(lost(CAMERA), places)


def test_the_same_places_give_the_same_pose_to_the_last_bit() -> None:
    places = clicked(CAMERA, MARKS, np.random.default_rng(6))
    assert fit_pose(lost(CAMERA), places).camera == fit_pose(lost(CAMERA), places).camera

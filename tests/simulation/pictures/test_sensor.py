"""What a sensor does to a picture, measured on flat fields and moving patches."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from aisle.simulation.pictures.scene import FIRST_PERSON, Picture
from aisle.simulation.pictures.sensor import Sensor, SensorTraits, averaged, jpeg, metered, motion_blurred

QUIET = SensorTraits(1.0, (1.0, 1.0, 1.0), 0.0, 1e9, 0.0, 0.0, 0.0)
SIZE = (96, 64)


def _flat(level: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((SIZE[1], SIZE[0], 3), level, dtype=np.uint8)


def _read(traits: SensorTraits, level: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    rng = np.random.default_rng(5)
    return Sensor(traits, SIZE, rng).read(_flat(level), rng).astype(np.float64)


def test_a_perfect_sensor_changes_nothing() -> None:
    assert np.array_equal(_read(QUIET, 137), _flat(137))


@pytest.mark.parametrize("level", [60, 120, 220])
def test_noise_is_that_of_counted_electrons(level: int) -> None:
    electrons = (level / 255) ** 2 * 2000.0
    wanted = 255 * np.sqrt(electrons + 5.0**2) / 2000.0 / (2 * level / 255)
    assert _read(replace(QUIET, full_well_e=2000.0, read_noise_e=5.0), level).std() == pytest.approx(wanted, rel=0.06)


def test_twice_the_light_is_root_two_brighter_as_shown() -> None:
    assert _read(replace(QUIET, exposure=2.0), 100).mean() == pytest.approx(141.4, abs=0.6)


def test_corners_get_less_light() -> None:
    seen = _read(replace(QUIET, vignetting=0.36), 200)
    assert seen[0, 0, 0] == pytest.approx(160, abs=1)
    assert seen[32, 48, 0] == pytest.approx(200, abs=1)


def test_balance_shifts_colours() -> None:
    red, green, blue = _read(replace(QUIET, balance=(1.21, 1.0, 0.81)), 100).mean(axis=(0, 1))
    assert (red, green, blue) == pytest.approx((110, 100, 90), abs=0.6)


def test_the_same_generator_gives_the_same_picture() -> None:
    traits = SensorTraits.drawn(np.random.default_rng(3))
    assert np.array_equal(_read(traits, 90), _read(traits, 90))


def test_automatic_exposure_reaches_its_aim() -> None:
    exposure = metered(_flat(60), wanted=0.5)
    assert _read(replace(QUIET, exposure=exposure), 60).mean() / 255 == pytest.approx(0.5, abs=0.01)


def test_averaging_is_done_in_light() -> None:
    assert averaged([_flat(0), _flat(200)]).mean() == pytest.approx(141.4, abs=0.6)


def test_a_jpeg_is_nearly_the_picture() -> None:
    rng = np.random.default_rng(0)
    picture = cv2.GaussianBlur(rng.integers(0, 255, (64, 96, 3)).astype(np.uint8), (0, 0), 6)
    read = cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg(picture, 90), np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert np.abs(read.astype(int) - picture).mean() < 2.0
    assert len(jpeg(picture, 30)) < len(jpeg(picture, 95))


def test_what_moves_is_smeared_along_its_way_and_the_rest_stays_sharp() -> None:
    before, now = _patch_at(20), _patch_at(40)
    blurred = motion_blurred(now, before, 0.5)
    row = blurred[32, :, 0].astype(int)
    assert (np.diff(row) != 0).sum() > 8
    assert row[45] == 250
    assert np.array_equal(blurred[:15], now.rgb[:15])
    column = blurred[:, 45, 0].astype(int)
    assert (np.diff(column) != 0).sum() <= 4


@pytest.mark.parametrize("share", [0.0, 0.01], ids=["shutter shut", "way below a pixel"])
def test_hardly_any_way_leaves_the_picture_alone(share: float) -> None:
    assert np.array_equal(motion_blurred(_patch_at(40), _patch_at(20), share), _patch_at(40).rgb)


@pytest.mark.parametrize(
    ("traits", "message"),
    [
        pytest.param({"exposure": 0.0}, "more than 0", id="no light"),
        pytest.param({"vignetting": 1.0}, "below 1", id="black corners"),
        pytest.param({"jpeg_quality": 0}, "1 to 100", id="quality"),
    ],
)
def test_wrong_traits_are_refused(traits: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(QUIET, **traits)  # type: ignore[arg-type]


def test_a_picture_of_another_size_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="96 x 64"):
        Sensor(QUIET, SIZE, rng).read(np.zeros((10, 10, 3), dtype=np.uint8), rng)


def test_no_frames_cannot_be_averaged() -> None:
    with pytest.raises(ValueError, match="at least one"):
        averaged([])


def _patch_at(x: int) -> Picture:
    rgb = np.full((64, 96, 3), 40, dtype=np.uint8)
    ids = np.zeros((64, 96), dtype=np.uint32)
    rgb[20:44, x : x + 20], ids[20:44, x : x + 20] = 250, FIRST_PERSON
    return Picture(rgb, ids, np.ones((64, 96), dtype=np.float32))

"""Shelves compared before and after hands: the place that changed is told, light and people are not taken for goods."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from aisle.simulation.pictures.rigs import pinhole
from aisle.store.example import example_store
from aisle.store.geometry import project
from aisle.store.model import Store
from aisle.vision.evidence import ShelfSight
from aisle.vision.seen import Image, PeopleSeen
from aisle.vision.shelf_strip import PX_PER_M, clear_heights_m, strip_of
from aisle.vision.shelf_watch import ShelfWatch
from aisle.vision.tracking.people import FloorPeople

NS = 1_000_000_000
SHOP = example_store()
SHELF = 2  # gondola 1, third board
BOARD = SHOP.shelves[SHELF]
FRONT = pinhole("front", (640, 360), 70.0, BOARD.world(0.6, -1.6, 1.2), BOARD.world(0.6, 0.0, 0.1))
BEHIND = pinhole("behind", (640, 360), 70.0, BOARD.world(0.6, 1.9, 1.2), BOARD.world(0.6, 0.0, 0.1))
FAR = pinhole("far", (640, 360), 100.0, BOARD.world(0.6, -30.0, 1.2), BOARD.world(0.6, 0.0, 0.1))
STORE: Store = replace(SHOP, cameras=(FRONT,))


def picture(gone_at_m: float | None = None, light: float = 1.0, seed: int = 0) -> Image:
    """The board with ten painted packages, one of them taken; a wall behind, some noise."""
    image = np.full((360, 640, 3), (90, 100, 95), np.int16)
    for k in range(10):
        x = 0.06 + 0.115 * k
        if gone_at_m is not None and abs(x + 0.04 - gone_at_m) < 0.05:
            continue
        corners = np.array([BOARD.world(x + a, 0.05, b) for a, b in ((0, 0), (0.08, 0), (0.08, 0.16), (0, 0.16))])
        quad = np.round(project(FRONT, corners)).astype(np.int32)
        colour = [int(c) for c in np.random.default_rng(k).integers(40, 230, 3)]
        cv2.fillPoly(image, [quad], colour)
    noisy = image * light + np.random.default_rng(seed).normal(0, 2.0, image.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def people(wrist_m: tuple[float, float, float] | None) -> FloorPeople:
    n = 0 if wrist_m is None else 1
    wrists = np.full((n, 2, 3), np.nan)
    if wrist_m is not None:
        wrists[0, :] = wrist_m
    return FloorPeople(
        0,
        ("p",) * n,
        np.array([BOARD.world(0.6, -0.5)[:2]] * n).reshape(n, 2),
        np.zeros((n, 2, 2)),
        np.zeros((n, 2)),
        np.full((n, 3), 1.6),
        np.ones(n),
        wrists,
        np.full((n, 2), 0.03),
        np.ones((n, 2)),
        np.full((n, 2), np.nan),
        np.ones(n),
        np.ones(n),
        np.full(n, 1.6),
        np.ones(n, dtype=bool),
    )


def watched(after: Image, box: tuple[float, float, float, float] | None = None) -> list[ShelfSight]:
    """Four seconds of quiet, a second with a hand at the middle of the board, five seconds of `after`."""
    watch, out = ShelfWatch(STORE), []
    nobody = PeopleSeen.nobody()
    shopper = PeopleSeen.boxed(np.array([box or (200.0, 0.0, 440.0, 360.0)]), np.array([0.9]))
    hand = BOARD.world(0.6, 0.1, 0.1)
    for k in range(100):
        reaching = 40 <= k < 50
        shown = picture(seed=k) if k < 50 else after
        seen = shopper if reaching or (box is not None and k >= 50) else nobody
        at = people(hand if reaching else None)
        out += watch.see(k * NS // 10, {"front": shown}, {"front": seen}, at)
    return [s for s in out if s.shelf == SHELF]


def test_a_strip_is_the_board_at_a_fixed_scale() -> None:
    height = clear_heights_m(SHOP.shelves)[SHELF]
    strip = strip_of(FRONT, BOARD, height)
    assert strip is not None and strip.inside.all()
    assert strip.from_px.shape[:2] == (round(height * PX_PER_M), round(BOARD.length_m * PX_PER_M))
    middle = strip.from_px[-1, 38]
    np.testing.assert_allclose(middle, project(FRONT, np.array([BOARD.world(38.5 / 64, 0.05, 0.5 / 64)]))[0], atol=2.0)


@pytest.mark.parametrize("camera", [BEHIND, FAR], ids=["behind the shelf", "too far"])
def test_cameras_that_cannot_tell_goods_have_no_strip(camera) -> None:  # type: ignore[no-untyped-def]
    assert strip_of(camera, BOARD, 0.2) is None


PLACES = (0.10, 0.445, 0.675, 1.02)


@pytest.mark.parametrize("gone_at_m", PLACES)
def test_the_place_of_what_is_gone_stands_out(gone_at_m: float) -> None:
    (sight,) = watched(picture(gone_at_m, seed=200))
    assert abs(sight.bins_m[sight.gone.argmax()] - gone_at_m) < 0.07
    assert sight.gone.max() > 2.0
    elsewhere = np.abs(sight.bins_m - gone_at_m) > 0.14
    assert sight.gone[elsewhere].max() < 0.0


def test_nothing_taken_speaks_against_a_change_everywhere() -> None:
    (sight,) = watched(picture(seed=200))
    assert sight.gone.max() < 0.0


def test_other_light_is_no_change() -> None:
    (sight,) = watched(picture(light=0.7, seed=200))
    assert sight.gone.max() < 0.5


def test_what_stays_hidden_says_nothing() -> None:
    (sight,) = watched(picture(0.675, seed=200), box=(330.0, 0.0, 640.0, 360.0))
    assert (sight.gone[sight.bins_m > 0.75] == 0.0).all()
    assert (sight.gone[sight.bins_m < 0.5] < 0.0).all()

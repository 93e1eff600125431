"""Boards and tags in traced pictures: corners to a fraction of a pixel, the lens within its stated error."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.store.geometry import project
from aisle.store.model import FloatArray
from aisle.vision.calibration.boards import (
    Checkerboard,
    TagBoard,
    View,
    board_views,
    checkerboard_corners,
    floor_board_places,
    found_tags,
)
from aisle.vision.calibration.faults import CalibrationError
from aisle.vision.calibration.lens import fit_lens
from aisle.vision.calibration.places import Places, Tag, TagPlan, crossing, square_corners
from aisle.vision.calibration.pose import fit_pose
from vision.calibration.boards_kit import (
    checkerboard_surface,
    held_board,
    lens_camera,
    picture_of,
    tag_surface,
)

CAMERA = lens_camera()
BOARD = Checkerboard(7, 4, 0.03)
X, Y = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])


def seen_views(count: int, noise_px: float, seed: int = 1) -> list[View]:
    """Views of the board as the camera's own projection gives them, with noise."""
    generator = np.random.default_rng(seed)
    views = []
    for k in range(count):
        surface = held_board(CAMERA, generator, BOARD.columns, BOARD.rows, BOARD.square_m)
        first = surface.origin_m + 2 * BOARD.square_m * (surface.right + surface.down)
        flat = BOARD.points_m
        points = first + flat[:, :1] * surface.right + flat[:, 1:2] * surface.down
        pixels = project(CAMERA, points) + generator.normal(0.0, noise_px, (len(points), 2))
        views.append(View(f"{k}.png", flat, pixels))
    return views


def test_the_lens_comes_out_within_its_stated_error() -> None:
    lens = fit_lens(seen_views(14, 0.15), CAMERA.size_px)
    off = np.subtract((*lens.focal_px, *lens.centre_px), (*CAMERA.focal_px, *CAMERA.centre_px))
    assert np.all(np.abs(off) < 4.0 * np.array((*lens.focal_sigma_px, *lens.centre_sigma_px)))
    assert lens.rms_px == pytest.approx(0.15 * np.sqrt(2), rel=0.15)
    assert lens.distortion[0] == pytest.approx(CAMERA.distortion[0], abs=0.02)


def test_a_picture_that_disagrees_is_left_out_by_name() -> None:
    views = seen_views(12, 0.15)
    views[5] = View(
        "5.png", views[5].points_m, views[5].pixels * 1.02 + np.array([0.0, 3.0]) * views[5].points_m[:, :1]
    )
    bent = views[5].pixels + 4.0 * np.sin(np.arange(len(views[5].pixels)))[:, None]
    views[5] = View("5.png", views[5].points_m, bent)
    assert fit_lens(views, CAMERA.size_px).left_out == ("5.png",)


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(CalibrationError, match="found in 3 usable pictures; at least 4"):
        fit_lens(seen_views(3, 0.1), CAMERA.size_px)


def test_few_pictures_are_warned_of() -> None:
    assert any("only 5 pictures" in w for w in fit_lens(seen_views(5, 0.1), CAMERA.size_px).warnings)


def test_corners_of_a_traced_checkerboard_are_found_in_order() -> None:
    picture = picture_of(
        CAMERA, [checkerboard_surface(7, 4, 0.1, np.array([1.9, 2.2, 0.0]), -X, Y)], np.random.default_rng(1)
    )
    corners = checkerboard_corners(picture, BOARD)
    assert corners is not None
    flat = Checkerboard(7, 4, 0.1).points_m
    true = project(CAMERA, np.array([1.9, 2.2, 0.0]) - flat[:, :1] * X + flat[:, 1:2] * Y)
    assert float(np.sqrt(np.mean((corners - true) ** 2))) < 0.3


PLAN = TagPlan(
    "36h11",
    tuple(
        Tag(k, (x, y, z), square_corners((x, y, z), 0.3, turned, faces))
        for k, (x, y, z, turned, faces) in enumerate(
            [(2.0, 1.9, 0, 10, None), (2.6, 1.5, 0, -40, None), (1.6, 2.5, 0, 90, None), (2.7, 2.5, 0.8, 0, 215)]
        )
    ),
)


@pytest.fixture(scope="module")
def tagged() -> dict[int, FloatArray]:
    surfaces = [tag_surface(tag.ident, tag.corners_m) for tag in PLAN.tags if tag.corners_m is not None]
    return found_tags(picture_of(CAMERA, surfaces, np.random.default_rng(2)), "36h11")


def test_tags_are_found_where_they_are_without_bias(tagged: dict[int, FloatArray]) -> None:
    places = PLAN.places(tagged)
    off = places.pixels - project(CAMERA, places.points_m)
    assert len(tagged) == 4
    assert np.all(np.abs(off.mean(axis=0)) < 0.15)
    assert float(np.sqrt(np.mean(off**2))) < 0.3


def test_tags_give_the_pose(tagged: dict[int, FloatArray]) -> None:
    fit = fit_pose(CAMERA, PLAN.places(tagged))
    off = np.abs(np.subtract(fit.camera.position_m, CAMERA.position_m))
    assert np.all(off < np.maximum(0.03, 3.0 * fit.position_sigma_m))


def test_tags_nobody_measured_the_turn_of_count_by_their_middle(tagged: dict[int, FloatArray]) -> None:
    places = TagPlan("36h11", tuple(Tag(t.ident, t.centre_m, None) for t in PLAN.tags)).places(tagged)
    assert places.names == ("tag 0", "tag 1", "tag 2", "tag 3")
    assert np.abs(places.pixels - project(CAMERA, places.points_m)).max() < 0.5


def test_a_checkerboard_on_the_floor_gives_the_pose() -> None:
    surface = checkerboard_surface(7, 4, 0.12, np.array([1.3, 2.4, 0.0]), X, -Y)
    picture = picture_of(CAMERA, [surface], np.random.default_rng(3))
    fit = fit_pose(CAMERA, floor_board_places(picture, Checkerboard(7, 4, 0.12), (1.3, 2.4), 0.0))
    assert np.all(np.abs(np.subtract(fit.camera.position_m, CAMERA.position_m)) < 0.04)


def test_a_board_that_looks_the_same_from_both_ends_is_refused() -> None:
    with pytest.raises(CalibrationError, match="looks the same from both ends"):
        floor_board_places(np.zeros((480, 640, 3), np.uint8), Checkerboard(7, 5, 0.1), (0, 0), 0)


def test_a_picture_without_the_board_is_named() -> None:
    blank = np.full((240, 320, 3), 90, np.uint8)
    assert board_views([("wall.jpg", blank)], BOARD) == ([], ("wall.jpg",))


def test_a_board_of_tags_is_read_tag_by_tag() -> None:
    board = TagBoard(3, 2, 0.2, 0.1)
    corners = [
        np.array([1.4 + 0.3 * c, 2.4 - 0.3 * r, 0.0]) + 0.2 * np.array([[0, 0, 0], [1, 0, 0], [1, -1, 0], [0, -1, 0]])
        for r in range(2)
        for c in range(3)
    ]
    picture = picture_of(CAMERA, [tag_surface(k, c) for k, c in enumerate(corners)], np.random.default_rng(4))
    (view,), without = board_views([("b.png", picture)], board)
    there = np.array([1.4, 2.4, 0.0]) + view.points_m * (1, -1, 1)
    assert without == ()
    assert float(np.sqrt(np.mean((view.pixels - project(CAMERA, there)) ** 2))) < 0.4


def test_diagonals_cross_where_a_square_has_its_middle() -> None:
    square = np.array([(1.8, 1.8, 0), (2.2, 1.8, 0), (2.2, 2.2, 0), (1.8, 2.2, 0)], dtype=float)
    straight = lens_camera(distortion=())
    assert crossing(project(straight, square)) == pytest.approx(project(straight, np.array([[2.0, 2.0, 0.0]]))[0])


def test_groups_stay_apart_when_places_are_put_together() -> None:
    a = Places.of_group(["t.1", "t.2"], np.zeros((2, 3)), np.zeros((2, 2)))
    assert Places.together([a, Places.together([]), a]).group.tolist() == [0, 0, 1, 1]

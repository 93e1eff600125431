"""The whole picture: pure, of the asked size, whole for every number of cameras and shoppers, people where they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aisle.store.model import Camera, Store
from aisle.vision.seen import Image
from aisle.walkout.view.canvas import Rect
from aisle.walkout.view.composition import camera_grid, compose
from aisle.walkout.view.moment import Moment
from aisle.walkout.view.theme import person_colour
from walkout.view.moments_kit import ABOVE, COLA, CRISPS, NORTH, basket, moment, person

WIDTH = 960


def has_colour(image: Image, colour: tuple[int, int, int]) -> bool:
    return bool(np.any(np.all(image == np.array(colour, dtype=np.uint8), axis=2)))


@pytest.mark.parametrize(
    ("width", "height"), [(480, 270), (960, 540), (1920, 1080)], ids=["smallest", "half", "full"]
)  # fmt: skip
def test_pictures_have_the_asked_width_and_sixteen_to_nine(width: int, height: int) -> None:
    assert compose(moment(NORTH), width).shape == (height, width, 3)


def test_a_picture_too_small_to_read_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 480"):
        compose(moment(), 400)


def test_the_same_moment_gives_the_same_bytes_and_is_left_alone() -> None:
    now = moment(NORTH, ABOVE)
    before = now.shots["north"].image.copy()
    assert np.array_equal(compose(now, WIDTH), compose(now, WIDTH))
    assert np.array_equal(now.shots["north"].image, before)


NO_STORE = Store("Empty", "EUR", "UTC", {}, (), ())
MOMENTS = {
    "an empty shop": Moment(NO_STORE, 0, 0.0),
    "a plan only": replace(moment(NORTH), source="plan", shots={}, people=(), baskets=()),
    "no cameras": moment(),
    "one camera": moment(NORTH),
    "seven cameras": moment(*(replace(NORTH, camera_id=f"c{k}") for k in range(7))),
    "twenty shoppers": replace(moment(NORTH), baskets=tuple(basket(k, *[COLA, CRISPS] * 9) for k in range(1, 21))),
    "thirty people": replace(moment(NORTH), people=tuple(person(k, 0.2 * k, 3.0) for k in range(1, 31))),
    "somebody without a place": replace(
        moment(NORTH), people=(replace(person(1, 1, 1), head_m=np.full(3, np.nan), tail_m=np.zeros((0, 2))),)
    ),
}


@pytest.mark.parametrize("now", MOMENTS.values(), ids=MOMENTS.keys())
def test_every_moment_can_be_drawn(now: Moment) -> None:
    assert compose(now, WIDTH).std() > 1.0


def test_people_are_drawn_in_their_colour_and_are_gone_when_they_are() -> None:
    now = replace(moment(NORTH, ABOVE), baskets=(), happenings=())
    assert has_colour(compose(now, WIDTH), person_colour(1))
    assert not has_colour(compose(replace(now, people=()), WIDTH), person_colour(1))


PARTS = {
    "people": {"people": ()},
    "baskets": {"baskets": ()},
    "happenings": {"happenings": ()},
    "health": {"health": ()},
    "pictures": {"shots": {}},
    "the clock": {"t_ns": moment().t_ns + 1_000_000_000},
    "the title": {"title": "tuesday"},
}


@pytest.mark.parametrize("change", PARTS.values(), ids=PARTS.keys())
def test_every_part_of_the_moment_shows(change: dict[str, object]) -> None:
    now = moment(NORTH)
    assert not np.array_equal(compose(now, WIDTH), compose(replace(now, **change), WIDTH))  # type: ignore[arg-type]


ROOM = Rect(0.0, 0.0, 1270.0, 760.0)
GRIDS = {"one": (1, (1, 1)), "two": (2, (2, 1)), "four": (4, (2, 2)), "six": (6, (3, 2)), "nine": (9, (3, 3))}


@pytest.mark.parametrize(("count", "grid"), GRIDS.values(), ids=GRIDS.keys())
def test_cameras_share_the_room_so_that_pictures_are_largest(count: int, grid: tuple[int, int]) -> None:
    columns, rows = camera_grid(count, ROOM, 16 / 9)
    assert columns * rows >= count
    assert (columns, rows) == grid


def test_cameras_of_other_shapes_are_drawn_too() -> None:
    tall = Camera("tall", "0", (360, 640), (400.0, 400.0), (179.5, 319.5), NORTH.position_m, NORTH.rotation_vector)
    assert compose(moment(tall, NORTH), WIDTH).shape == (540, 960, 3)

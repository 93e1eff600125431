"""The pen: text keeps to its room, drawing keeps to its rectangle, see-through is see-through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.walkout.view.canvas import Canvas, Rect, circle

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def canvas(scale: float = 1.0) -> Canvas:
    return Canvas((200.0, 100.0), BLACK, scale)


@given(st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "Zs")), max_size=60), st.floats(20, 190))
def test_text_is_cut_to_its_room(text: str, room: float) -> None:
    pen = canvas()
    assert pen.text((5, 50), text, WHITE, room=room) <= room + 0.5


def test_text_that_fits_is_not_cut() -> None:
    assert canvas().cut("Cola", 150) == "Cola"


ALIGNED = {"left": (100, 200), "right": (0, 100), "middle": (60, 140)}


@pytest.mark.parametrize(("align", "columns"), ALIGNED.items(), ids=ALIGNED.keys())
def test_text_is_aligned(align: str, columns: tuple[int, int]) -> None:
    pen = canvas()
    pen.text((100, 50), "Aisle", WHITE, align=align)  # type: ignore[arg-type]
    lit = np.flatnonzero(pen.image.any(axis=(0, 2)))
    assert columns[0] - 2 <= lit.min()
    assert lit.max() <= columns[1] + 2


def test_nothing_is_drawn_outside_the_rectangle() -> None:
    pen = canvas()
    inner = pen.inside(Rect(50, 20, 40, 40))
    inner.disc((50, 20), 30, WHITE)
    inner.line([(0, 0), (200, 100)], WHITE, 4, 0.5)
    inner.text((10, 40), "far too long for it", WHITE)
    outside = pen.image.copy()
    outside[20:60, 50:90] = 0
    assert not outside.any()
    assert pen.image.any()


def test_coordinates_stay_the_same_inside_a_rectangle() -> None:
    whole, part = canvas(), canvas()
    whole.disc((60, 50), 8, WHITE)
    part.inside(Rect(40, 30, 60, 60)).disc((60, 50), 8, WHITE)
    assert np.array_equal(whole.image, part.image)


def test_half_see_through_is_half() -> None:
    pen = canvas()
    pen.fill(Rect(10, 10, 50, 50), WHITE, alpha=0.5)
    assert pen.image[30, 30].tolist() == [128, 128, 128]


def test_a_disc_has_the_asked_size() -> None:
    pen = canvas(2.0)
    pen.disc((100, 50), 20, WHITE)
    assert pen.image[:, :, 0].sum() / 255 == pytest.approx(np.pi * 40**2, rel=0.03)


ODD = {
    "not a number": np.full((4, 2), np.nan),
    "one point": np.zeros((1, 2)),
    "none": np.zeros((0, 2)),
    "far away": np.array([[1e7, 1e7], [2e7, 1e7]]),
}


@pytest.mark.parametrize("points", ODD.values(), ids=ODD.keys())
def test_odd_lines_draw_nothing(points: np.ndarray) -> None:
    pen = canvas()
    pen.line(points, WHITE, 2.0)
    pen.line(points, WHITE, 2.0, 0.5)
    assert not pen.image.any()


def test_lines_are_drawn_up_to_a_gap_and_after_it() -> None:
    pen = canvas()
    pen.line([(10, 50), (40, 50), (np.nan, np.nan), (100, 50), (140, 50)], WHITE, 2.0)
    lit = pen.image[:, :, 0].any(axis=0)
    assert (lit[20], lit[70], lit[120]) == (True, False, True)


def test_pictures_have_round_corners() -> None:
    pen = canvas()
    pen.picture(np.full((50, 50, 3), 255, np.uint8), Rect(20, 20, 60, 60), 12.0)
    assert not pen.image[20, 20].any()
    assert pen.image[50, 50].tolist() == [255, 255, 255]


def test_circles_are_round() -> None:
    assert np.linalg.norm(circle((3.0, 4.0), 2.0) - (3.0, 4.0), axis=1) == pytest.approx(2.0)

"""People seen keep their arrays in step; boxes are widened; what is no picture is refused."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.vision.seen import PeopleSeen, expect_picture, widened

BOXES = np.array([[10.0, 20.0, 30.0, 60.0], [0.0, 0.0, 4.0, 2.0]])
MARGINS = {
    "one for all": (2.0, [[8.0, 18.0, 32.0, 62.0], [-2.0, -2.0, 6.0, 4.0]]),
    "one a box": (np.array([[1.0], [2.0]]), [[9.0, 19.0, 31.0, 61.0], [-2.0, -2.0, 6.0, 4.0]]),
    "one a box and axis": (np.array([[1.0, 0.0], [0.0, 3.0]]), [[9.0, 20.0, 31.0, 60.0], [0.0, -3.0, 4.0, 5.0]]),
}


@pytest.mark.parametrize(("margins", "wide"), MARGINS.values(), ids=MARGINS.keys())
def test_boxes_are_widened_on_every_side(margins: np.ndarray | float, wide: list[list[float]]) -> None:
    np.testing.assert_allclose(widened(BOXES, margins), wide)


def test_no_box_stays_no_box() -> None:
    assert widened(np.zeros((0, 4)), 3.0).shape == (0, 4)


NO_PICTURES = {
    "grey": np.zeros((4, 4), np.uint8),
    "four colours": np.zeros((4, 4, 4), np.uint8),
    "floats": np.zeros((4, 4, 3)),
    "empty": np.zeros((0, 4, 3), np.uint8),
}


@pytest.mark.parametrize("image", NO_PICTURES.values(), ids=NO_PICTURES.keys())
def test_what_is_no_picture_is_refused_by_name(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"crop 3: found .*must be uint8 \(height, width, 3\)"):
        expect_picture(image, "crop 3")


def test_arrays_out_of_step_are_refused() -> None:
    seen = PeopleSeen.boxed(BOXES, np.array([0.5, 0.6]))
    arrays = {name: getattr(seen, name) for name in PeopleSeen.__slots__}
    with pytest.raises(ValueError, match=r"heads_px has shape \(1, 2\); 2 people need \(2, 2\)"):
        PeopleSeen(**{**arrays, "heads_px": np.zeros((1, 2))})
    assert len(seen[np.array([True, False])]) == 1

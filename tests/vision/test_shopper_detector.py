"""The shopper detector undoes what the targets do: from perfect maps it gives back the labelled people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.learning.picture_set import LabelledPerson
from aisle.learning.shopper_targets import targets
from aisle.vision.detectors.shopper import ShopperDetector, fitted
from aisle.vision.detectors.shopper_layout import (
    BOX,
    CHANNELS,
    FEET,
    FEET_SPREAD,
    HAND_OFFSET,
    HEAD_OFFSET,
    HOLDING,
    OWNER,
    SIZE_PX,
    STRIDE,
)

PICTURE = (360, 640, 3)


def person(
    x: float, y: float, size: float = 80.0, holding: tuple[str | None, str | None] = (None, "a")
) -> LabelledPerson:
    return LabelledPerson(
        box=(x - 0.3 * size, y - 0.15 * size, x + 0.3 * size, y + size),
        visible=1.0,
        cut=0.0,
        head=(x, y),
        parts={"head": 1.0},
        feet=(x + 3.0, y + size),
        wrists=((x - 0.25 * size, y + 0.4 * size), (x + 0.25 * size, y + 0.5 * size)),
        wrists_visible=(True, True),
        holding=holding,
    )


class Perfect:
    """A network that says exactly what it should of the people it was given."""

    def __init__(self, people: list[LabelledPerson], scale: float) -> None:
        warp = np.array([[scale, 0.0, 0.0], [0.0, scale, 0.0]])
        self.wanted = targets(people, warp, SIZE_PX)
        self.pictures: list[np.ndarray] = []

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        self.pictures.append(pictures)
        told = np.zeros((len(pictures), CHANNELS, SIZE_PX[1] // STRIDE, SIZE_PX[0] // STRIDE), np.float32)
        told[:, :2] = np.where(self.wanted.heat > 0.99, 4.0, -6.0)
        for row in self.wanted.heads:
            cell = told[:, :, int(row[0]), int(row[1])]
            cell[:, BOX], cell[:, FEET], cell[:, HEAD_OFFSET], cell[:, FEET_SPREAD] = row[2:6], row[6:8], row[8:10], -3
        for row in self.wanted.hands:
            cell = told[:, :, int(row[0]), int(row[1])]
            cell[:, HAND_OFFSET], cell[:, OWNER], cell[:, HOLDING] = row[2:4], row[4:6], 8.0 * row[6] - 4.0
        return told


SCALE = fitted(np.zeros(PICTURE, np.uint8))[1]
PEOPLE = {
    "one": [person(200, 100)],
    "two apart": [person(120, 80), person(420, 150, holding=("a", None))],
    "two side by side": [person(300, 100), person(345, 104, holding=("a", "b"))],
    "small and far": [person(320, 60, size=40.0)],
    "at the corner": [person(612, 20)],
}


@pytest.mark.parametrize("people", PEOPLE.values(), ids=PEOPLE.keys())
def test_perfect_maps_give_the_people_back(people: list[LabelledPerson]) -> None:
    seen = ShopperDetector(Perfect(people, SCALE)).detect([np.zeros(PICTURE, np.uint8)], [None])[0]
    order = np.argsort(seen.heads_px[:, 0])
    seen = seen[order]
    assert len(seen) == len(people)
    np.testing.assert_allclose(seen.heads_px, [p.head for p in people], atol=0.05)
    np.testing.assert_allclose(seen.feet_px, [p.feet for p in people], atol=0.05)
    np.testing.assert_allclose(seen.boxes_px, np.clip([p.box for p in people], 0, [640, 360, 640, 360]), atol=0.05)
    for i, p in enumerate(people):
        inside = [k for k in (0, 1) if 0 <= p.wrists[k][0] < 640 and 0 <= p.wrists[k][1] < 360]
        known = np.isfinite(seen.hands_px[i, :, 0])
        found = sorted((*seen.hands_px[i, k], seen.holding[i, k]) for k in np.flatnonzero(known))
        np.testing.assert_allclose(
            [f[:2] for f in found], sorted(p.wrists[k] for k in inside), atol=0.05, err_msg="hands"
        )
        wanted = [p.holding[k] is not None for k in sorted(inside, key=lambda k: p.wrists[k])]
        assert [f[2] > 0.5 for f in found] == wanted


def test_the_fourth_channel_is_the_difference_to_the_empty_shop() -> None:
    network = Perfect([], SCALE)
    picture, empty = np.full(PICTURE, 90, np.uint8), np.full(PICTURE, 60, np.uint8)
    ShopperDetector(network).detect([picture, picture], [empty, None])
    (batch,) = network.pictures
    assert set(np.unique(batch[0, :216, :, 3])) == {60}
    assert set(np.unique(batch[1, :, :, 3])) == {0}
    assert set(np.unique(batch[0, 216:])) == {0}, "padding stays black"


def test_no_picture_needs_no_network() -> None:
    network = Perfect([], SCALE)
    assert ShopperDetector(network).detect([], []) == []
    assert network.pictures == []


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_any_maps_give_sound_people(seed: int) -> None:
    rng = np.random.default_rng(seed)
    maps = rng.normal(0, 3, (1, CHANNELS, SIZE_PX[1] // STRIDE, SIZE_PX[0] // STRIDE)).astype(np.float32)
    seen = ShopperDetector(lambda pictures: maps).detect([np.zeros(PICTURE, np.uint8)], [None])[0]
    assert len(seen) <= 64
    assert np.isfinite(seen.boxes_px).all() and (seen.boxes_px >= 0).all()
    assert ((seen.scores > 0.3) & (seen.scores <= 1)).all()
    assert (seen.feet_sigma_px > 0).all()
    known = np.isfinite(seen.hands_px[..., 0])
    assert (known == np.isfinite(seen.holding)).all() and (known == (seen.hand_scores > 0)).all()

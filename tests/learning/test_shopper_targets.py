"""What the network is asked to say: peaks where heads and hands are, nothing asked where the label cannot know."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from aisle.learning.picture_set import LabelledPerson
from aisle.learning.shopper_targets import targets
from aisle.vision.detectors.shopper_layout import HAND, HEAD, SIZE_PX, STRIDE

UNMOVED = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
SOMEBODY = LabelledPerson(
    box=(100, 40, 160, 180),
    visible=0.9,
    cut=0.0,
    head=(130, 52),
    parts={"head": 0.9},
    feet=(131, 180),
    wrists=((105, 110), (155, 112)),
    wrists_visible=(True, True),
    holding=(None, "a"),
)


def test_a_head_and_two_hands_peak_in_their_cells() -> None:
    wanted = targets([SOMEBODY], UNMOVED, SIZE_PX)
    assert wanted.heat[HEAD].max() == 1.0
    assert tuple(np.argwhere(wanted.heat[HEAD] == 1.0)[0]) == (52 // STRIDE, 130 // STRIDE)
    assert {tuple(c) for c in np.argwhere(wanted.heat[HAND] == 1.0)} == {(27, 26), (28, 38)}
    assert wanted.hands[:, 6].tolist() == [0.0, 1.0]


UNASKED = {
    "hardly visible": replace(SOMEBODY, visible=0.05),
    "head hidden": replace(SOMEBODY, parts={"head": 0.1}),
    "head outside": replace(SOMEBODY, head=(130, -20)),
}


@pytest.mark.parametrize("person", UNASKED.values(), ids=UNASKED.keys())
def test_who_cannot_be_told_is_neither_wanted_nor_refused(person: LabelledPerson) -> None:
    wanted = targets([person], UNMOVED, SIZE_PX)
    assert len(wanted.heads) == 0
    assert wanted.heat[HEAD].max() == 0.0
    assert wanted.ask[HEAD, 60 // STRIDE, 130 // STRIDE] == 0.0
    assert wanted.ask[HEAD, 200 // STRIDE, 300 // STRIDE] == 1.0


def test_a_hidden_hand_is_not_asked_for() -> None:
    wanted = targets([replace(SOMEBODY, wrists_visible=(False, True))], UNMOVED, SIZE_PX)
    assert len(wanted.hands) == 1
    assert wanted.ask[HAND, 110 // STRIDE, 105 // STRIDE] == 0.0
    assert wanted.ask[HAND, 112 // STRIDE, 155 // STRIDE] == 1.0


def test_a_moved_picture_moves_everything() -> None:
    warp = np.array([[-0.5, 0.0, 200.0], [0.0, 0.5, 10.0]])
    wanted = targets([SOMEBODY], warp, SIZE_PX)
    row, column, left, top, right, bottom, feet_x, feet_y, *_ = (float(v) for v in wanted.heads[0])
    assert (row, column) == (36 // STRIDE, 135 // STRIDE)
    np.testing.assert_allclose([left + right, top + bottom], [60 * 0.5 / 32, 140 * 0.5 / 32], rtol=1e-6)
    np.testing.assert_allclose([feet_x, feet_y], [-0.5 / 32, 64 / 32], rtol=1e-6)

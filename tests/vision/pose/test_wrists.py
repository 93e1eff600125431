"""The wrist finder: cut-outs and back, two wrists at most, the network's inputs as it was trained."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.vision.detectors.sessions import ModelFileError
from aisle.vision.pose.wrists import (
    CHANNELS,
    HOLDING,
    OFFSET,
    SHOWN,
    SIDE_PX,
    SPREAD,
    STRIDE,
    WRIST,
    CloseLook,
    WristFinder,
    cutouts,
    head_mark,
)
from aisle.vision.seen import PeopleSeen

BOXES = {
    "tall": (100.0, 50.0, 160.0, 250.0),
    "wide": (10.0, 300.0, 210.0, 350.0),
    "tiny": (320.0, 20.0, 324.0, 30.0),
    "over the edge": (-40.0, -10.0, 60.0, 190.0),
}
CELLS = SIDE_PX // STRIDE


def finder() -> WristFinder:
    return WristFinder()


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES.keys())
def test_a_box_lies_within_its_cut_out(box: tuple[float, float, float, float]) -> None:
    (warp,) = cutouts(np.array([box]))
    corners = np.array([box[:2], box[2:]]) @ warp[:, :2].T + warp[:, 2]
    assert (corners >= 0).all() and (corners <= SIDE_PX - 1).all()
    np.testing.assert_allclose(corners.mean(axis=0), (SIDE_PX - 1) / 2, atol=1e-9)


@pytest.mark.parametrize("box", BOXES.values(), ids=BOXES.keys())
def test_peaks_come_back_in_the_picture(box: tuple[float, float, float, float]) -> None:
    maps = cutouts(np.array([box]))
    told = np.full((1, CHANNELS, CELLS, CELLS), -6.0, np.float32)
    wanted = []
    for row, column, holds in ((5, 7, 3.0), (15, 18, -3.0)):
        told[0, WRIST, row, column] = 4.0 - 0.1 * row
        told[0, OFFSET, row, column] = (0.25, -0.4)
        told[0, HOLDING, row, column] = holds
        told[0, SHOWN, row, column] = 3.0
        told[0, SPREAD, row, column] = 0.0
        at = (np.array([column + 0.25, row - 0.4]) + 0.5) * STRIDE - 0.5
        wanted.append(np.linalg.inv(maps[0, :, :2]) @ (at - maps[0, :, 2]))
    seen = finder().wrists(told, maps)
    np.testing.assert_allclose(seen.places_px[0], wanted, atol=1e-6)
    assert (seen.scores[0] > 0.9).all() and (seen.holding[0] > 0.5).tolist() == [True, False]
    np.testing.assert_allclose(seen.sigma_px[0], np.sqrt(2.0) * STRIDE / maps[0, 0, 0])  # a spread of one cell


def test_never_more_than_two_and_none_beside_another() -> None:
    told = np.full((1, CHANNELS, CELLS, CELLS), -6.0, np.float32)
    for row, column, logit in ((4, 4, 5.0), (4, 5, 4.9), (10, 10, 4.0), (20, 20, 3.0)):
        told[0, WRIST, row, column] = logit
        told[0, OFFSET, row, column] = 0.0
    maps = cutouts(np.array([BOXES["tall"]]))
    places = finder().wrists(told, maps).places_px[0] @ maps[0, :, :2].T + maps[0, :, 2]
    np.testing.assert_allclose(places, (np.array([[4, 4], [10, 10]]) + 0.5) * STRIDE - 0.5, atol=1e-6)


def test_a_wrist_that_shows_is_trusted_more_than_a_guess() -> None:
    told = np.full((1, CHANNELS, CELLS, CELLS), -6.0, np.float32)
    for row, shown in ((4, 2.0), (15, -6.0)):
        told[0, WRIST, row, 9], told[0, SHOWN, row, 9] = 1.0 + 0.2 * shown, shown
    seen, guessed = finder().wrists(told, cutouts(np.array([BOXES["tall"]]))).scores[0]
    assert seen > guessed > 0.0


def test_what_no_peak_says_stays_unknown() -> None:
    told = np.full((1, CHANNELS, CELLS, CELLS), -6.0, np.float32)
    seen = finder().wrists(told, cutouts(np.array([BOXES["tall"]])))
    assert np.isnan(seen.places_px).all() and np.isnan(seen.holding).all() and np.isnan(seen.sigma_px).all()
    assert (seen.scores == 0).all()


def test_the_network_is_shown_picture_difference_and_head() -> None:
    image, empty = np.full((360, 640, 3), 120, np.uint8), np.full((360, 640, 3), 100, np.uint8)
    seen = PeopleSeen.boxed(np.array([BOXES["tall"]]), np.array([0.9]))
    seen.heads_px[:] = (130.0, 60.0)
    (inputs,), (warp,) = finder().looked(image, empty, seen)
    assert inputs.shape == (SIDE_PX, SIDE_PX, 5)
    assert set(np.unique(inputs[10:-10, 30:-30, :3])) == {120} and set(np.unique(inputs[10:-10, 30:-30, 3])) == {40}
    peak = np.unravel_index(inputs[..., 4].argmax(), inputs.shape[:2])
    np.testing.assert_allclose(peak[::-1], warp[:, :2] @ (130.0, 60.0) + warp[:, 2], atol=0.51)
    assert finder().looked(image, None, seen)[0][..., 3].max() == 0


def test_a_head_nobody_saw_leaves_no_mark() -> None:
    assert head_mark(np.array([np.nan, 3.0])).max() == 0


def test_a_close_look_keeps_the_people_and_asks_once_for_all() -> None:
    class Found:
        def detect(self, images, backgrounds):  # type: ignore[no-untyped-def]
            return [
                PeopleSeen.boxed(np.array([BOXES["tall"]] * k).reshape(k, 4), np.full(k, 0.9))
                for k in range(len(images))
            ]

    pictures = [np.full((360, 640, 3), 90, np.uint8)] * 3
    seen = CloseLook(Found(), finder()).detect(pictures, [None, None, None])
    assert [len(s) for s in seen] == [0, 1, 2]
    assert CloseLook(Found(), finder()).detect([], []) == []


def test_a_file_that_is_no_wrist_network_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "no.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelFileError, match=r"no\.onnx"):
        WristFinder(tmp_path / "no.onnx")

"""Hand finders find the hands that are there, and say what is missing when they cannot be opened."""

import builtins
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from aisle.vision.detectors.objects import surest
from aisle.vision.pose.hands import HandFinder, HandsSeen, LiteNetwork, MissingExtraError
from aisle.vision.pose.movenet import SIDE_PX, MoveNetHands, square, square_crop
from aisle.vision.pose.palms import DOUBLES, PalmFinder, anchors, decoded
from aisle.vision.seen import Image

MAKERS: dict[str, Callable[[Path], HandFinder]] = {
    "movenet": lambda models: MoveNetHands(models / "movenet-lightning-192-int8.tflite"),
    "palms": lambda models: PalmFinder(models / "palm-detection-256-int8.tflite"),
}


def film_frame(path: Path, frame: int) -> Image:
    film = cv2.VideoCapture(str(path))
    for _ in range(frame):
        film.grab()
    return np.asarray(film.read()[1], dtype=np.uint8)


@pytest.fixture(params=list(MAKERS))
def finder(request: pytest.FixtureRequest, data_folder: Path) -> HandFinder:
    return MAKERS[request.param](data_folder / "models")


def test_the_reaching_hand_is_found(finder: HandFinder, data_folder: Path) -> None:
    picture = film_frame(data_folder / "nanostore" / "footage" / "cps-test-01-nodepth-cam3.mp4", 110)
    seen = finder.hands(picture, np.array([[318.0, 100.0, 487.0, 352.0]]))
    reach = np.hypot(*(seen.hands_px[0] - [440, 212]).T)
    assert np.nanmin(reach) < 20
    assert seen.scores[0].max() > 0.5


def test_nobody_has_no_hands(finder: HandFinder) -> None:
    seen = finder.hands(np.full((90, 160, 3), 90, dtype=np.uint8), np.zeros((0, 4)))
    assert seen.hands_px.shape == (0, 2, 2)


def test_a_palm_on_a_bottle(data_folder: Path) -> None:
    picture = film_frame(data_folder / "footage" / "bottle-picks.mp4", 360)
    boxes, scores = PalmFinder(data_folder / "models" / "palm-detection-256-int8.tflite").palms(picture)
    assert len(boxes) == 1
    assert 0.9 < scores[0] <= 1.0
    assert np.abs(0.5 * (boxes[0, :2] + boxes[0, 2:]) - [76, 61]).max() < 25


def test_anchors_are_the_networks() -> None:
    middles = anchors()
    assert middles.shape == (2944, 2)
    assert middles[:2].tolist() == [[4.0, 4.0], [4.0, 4.0]]
    assert middles[2048].tolist() == [8.0, 8.0]
    assert middles[2560:2566].tolist() == [[16.0, 16.0]] * 6


def test_palms_are_decoded_and_weeded_out() -> None:
    boxes = decoded(
        np.array([[2.0, -3.0, 10.0, 20.0], [3.0, -3.0, 10.0, 20.0], [90.0, 0.0, 8.0, 8.0]]), np.ones((3, 2))
    )
    assert boxes[0].tolist() == [-2.0, -12.0, 8.0, 8.0]
    assert surest(boxes, np.array([0.6, 0.9, 0.7]), DOUBLES).tolist() == [1, 2]


def test_a_square_round_a_box_may_leave_the_picture() -> None:
    corner, side = square(np.array([0.0, 0.0, 40.0, 80.0]))
    assert (corner.tolist(), side) == ([-30.0, -10.0], 100.0)
    crop = square_crop(np.full((80, 40, 3), (10, 20, 30), dtype=np.uint8), corner, side)
    assert crop.shape == (SIDE_PX, SIDE_PX, 3)
    assert crop[96, 96].tolist() == [30, 20, 10]
    assert crop[96, 10].tolist() == [0, 0, 0]


def test_shapes_must_fit() -> None:
    with pytest.raises(ValueError, match="1 people need"):
        HandsSeen(np.zeros((2, 2, 2)), np.zeros((1, 2)))


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"hands\.tflite: there is no such file"):
        LiteNetwork(tmp_path / "hands.tflite", (8, 8))
    (tmp_path / "broken.tflite").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"broken\.tflite: not a TensorFlow Lite network"):
        LiteNetwork(tmp_path / "broken.tflite", (8, 8))


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hands.tflite").write_bytes(b"anything")
    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.startswith("ai_edge_litert"):
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"install aisle\[litert\]"):
        LiteNetwork(tmp_path / "hands.tflite", (8, 8))

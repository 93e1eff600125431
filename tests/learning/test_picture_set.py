"""Picture sets are read whole or refused with the line at fault; augmentation moves labels as it moves pixels."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from aisle.learning.augmentation import augmented
from aisle.learning.picture_set import PictureSetError, read_labels, read_pictures

LINE = {
    "file": "a.jpg",
    "background": "b.jpg",
    "view": "corner",
    "people": [
        {
            "box": [10, 10, 50, 90],
            "visible": 0.8,
            "cut": 0.0,
            "head": [30, 18],
            "parts": {"head": 0.9, "body": 0.8},
            "feet": [30, 90],
            "wrists": [[12, 50], [48, 50]],
            "wrists_visible": [True, False],
            "holding": ["2000000001019", None],
            "walking": True,
        }
    ],
}


def write(folder: Path, lines: list[str]) -> None:
    for name, grey in (("a.jpg", 200), ("b.jpg", 100)):
        cv2.imwrite(str(folder / name), np.full((90, 160, 3), grey, np.uint8))
    (folder / "truth.jsonl").write_text("\n".join(lines), encoding="utf-8")


def test_a_set_is_scaled_and_padded(tmp_path: Path) -> None:
    write(tmp_path, [json.dumps(LINE)])
    pictures = read_pictures(tmp_path, (80, 64))
    assert pictures.images.shape == pictures.backgrounds.shape == (1, 64, 80, 3)
    assert pictures.scale.tolist() == [0.5]
    assert pictures.images[0, :45].min() > 190 and pictures.images[0, 45:].max() == 0
    assert pictures.labels[0].people[0].scaled(0.5).head == (15.0, 9.0)


FAULTS = {
    "no object": (["[]"], "line 1"),
    "box of three": ([json.dumps(LINE), json.dumps(LINE).replace("[10, 10, 50, 90]", "[1, 2, 3]")], "line 2"),
    "cut off": ([json.dumps(LINE)[:-9]], "line 1"),
    "empty": ([], "not one picture"),
}


@pytest.mark.parametrize(("lines", "said"), FAULTS.values(), ids=FAULTS.keys())
def test_faulty_sets_are_refused(tmp_path: Path, lines: list[str], said: str) -> None:
    write(tmp_path, lines)
    with pytest.raises(PictureSetError, match=said):
        read_labels(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(PictureSetError, match=r"truth\.jsonl: cannot be read"):
        read_labels(tmp_path)
    write(tmp_path, [json.dumps({**LINE, "background": "c.jpg"})])
    with pytest.raises(PictureSetError, match=r"c\.jpg: no readable picture"):
        read_pictures(tmp_path, (80, 64))


@pytest.mark.parametrize("seed", range(6))
def test_labels_move_with_the_pixels(seed: int) -> None:
    image = np.zeros((224, 384, 3), np.uint8)
    cv2.circle(image, (200, 100), 9, (255, 255, 255), -1)
    out, warp = augmented(image, np.zeros_like(image), 0.6, np.random.default_rng(seed))
    there = warp[:, :2] @ (np.array([200.0, 100.0]) / 0.6) + warp[:, 2]
    bright = np.argwhere(out[:, :, :3].min(axis=2) > 0.7 * out[:, :, :3].max())
    near = np.hypot(*(bright[:, ::-1] - there).T) < 12
    assert near.sum() > 60


def test_the_same_seed_gives_the_same_view() -> None:
    image = np.random.default_rng(1).integers(0, 255, (224, 384, 3), np.uint8)
    views = [augmented(image, image, 0.6, np.random.default_rng(3)) for _ in range(2)]
    assert (views[0][0] == views[1][0]).all() and (views[0][1] == views[1][1]).all()

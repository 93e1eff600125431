"""Heads in one camera's pictures: covered also where the detector missed them, and never where nobody looked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from aisle.store.geometry import look_at, project
from aisle.store.model import Camera
from aisle.vision.clips import AROUND, Faces
from aisle.vision.head_paths import HeadPaths
from aisle.vision.seen import PeopleSeen
from aisle.vision.tracking.people import FloorPeople

NS = 1_000_000_000
T0 = 1_770_000_000 * NS
EYE = (0.0, 0.0, 2.6)
CAMERA = Camera("north", "", (640, 360), (400.0, 400.0), (320.0, 180.0), EYE, look_at(EYE, (4.0, 0.0, 1.2)))
HEAD_M = 0.115  # as wide as a face is


def at(k: float) -> int:
    return T0 + round(k * NS / 10)


def head_m(k: float, speed_m_s: float = 1.4) -> np.ndarray:
    """Somebody crossing the picture at a brisk pace, four metres away."""
    return np.array([4.0, -1.5 + speed_m_s * k / 10, 1.6])


def seen(*heads_m: np.ndarray) -> PeopleSeen:
    if not heads_m:
        return PeopleSeen.nobody()
    heads = project(CAMERA, np.array(heads_m))
    feet = project(CAMERA, np.array(heads_m) * (1.0, 1.0, 0.0))
    boxes = np.concatenate([heads - (20.0, 12.0), np.stack([heads[:, 0] + 20.0, feet[:, 1]], axis=1)], axis=1)
    people = PeopleSeen.boxed(boxes, np.full(len(heads), 0.9))
    return replace(people, heads_px=heads, head_sigma_px=np.ones(len(heads)))


def floor(k: float, *heads_m: np.ndarray) -> FloorPeople:
    n = len(heads_m)
    heads = np.array(heads_m).reshape(n, 3)
    return FloorPeople(
        at(k),
        tuple(f"p{i}" for i in range(n)),
        heads[:, :2],
        np.tile(np.eye(2) * 0.01, (n, 1, 1)),
        np.zeros((n, 2)),
        heads,
        np.ones(n),
        np.full((n, 2, 3), np.nan),
        np.full((n, 2), np.nan),
        np.zeros((n, 2)),
        np.full((n, 2), np.nan),
        np.ones(n),
        np.ones(n),
        np.full(n, 1.6),
        np.ones(n, dtype=bool),
    )


def walked(missed: set[int], slots: int = 21) -> HeadPaths:
    paths = HeadPaths(CAMERA)
    for k in range(slots):
        paths.see(at(k), seen() if k in missed else seen(head_m(k)), floor(k))
    return paths


def covers(faces: Faces | None, point_m: np.ndarray) -> bool:
    """Whether the whole face about the point is made unrecognisable."""
    assert faces is not None
    (x, y), face_px = project(CAMERA, point_m[None])[0], 400.0 * HEAD_M / 4.0
    apart = np.hypot(faces.circles_px[:, 0] - x, faces.circles_px[:, 1] - y)
    return bool((apart + face_px <= AROUND * faces.circles_px[:, 2]).any())


MISSED = {
    "in no picture": set[int](),
    "in one picture": {7},
    "in three pictures running": {7, 8, 9},
    "for most of a second": set(range(6, 15)),
    "in every other one": set(range(1, 21, 2)),
    "in the first half second": set(range(5)),
    "in the last half second": set(range(16, 21)),
}


@pytest.mark.parametrize("missed", MISSED.values(), ids=MISSED.keys())
def test_a_face_the_detector_missed_is_covered_all_the_same(missed: set[int]) -> None:
    paths = walked(missed)
    assert [k for k in range(21) if not covers(paths.at(at(k)), head_m(k))] == []


def test_what_is_covered_is_a_head_and_not_the_picture() -> None:
    faces = walked({7, 8}).at(at(7))
    assert faces is not None
    assert len(faces.circles_px) == 1
    assert AROUND * faces.circles_px[0, 2] < 60.0


def test_two_who_cross_are_both_covered_while_one_hides_the_other() -> None:
    paths = HeadPaths(CAMERA)
    for k in range(21):
        a, b = head_m(k), head_m(20 - k)
        paths.see(at(k), seen(a) if 8 <= k <= 12 else seen(a, b), floor(k))
    for k in range(21):
        assert covers(paths.at(at(k)), head_m(k)) and covers(paths.at(at(k)), head_m(20 - k))


def test_somebody_this_camera_never_finds_is_covered_by_where_the_others_have_them() -> None:
    paths = HeadPaths(CAMERA)
    for k in range(10):
        paths.see(at(k), seen(), floor(k, head_m(k)) if k > 3 else floor(k))
    assert [k for k in range(10) if not covers(paths.at(at(k)), head_m(k))] == []


def test_a_sighting_beside_the_head_does_not_uncover_it() -> None:
    paths = HeadPaths(CAMERA)
    for k in range(10):
        off = np.array([0.0, 0.0, -0.35]) if k == 5 else np.zeros(3)
        paths.see(at(k), seen(head_m(k) + off), floor(k))
    assert covers(paths.at(at(5)), head_m(5))


def test_where_only_the_person_was_found_the_upper_part_is_covered_and_leads_on() -> None:
    paths = HeadPaths(CAMERA)
    paths.see(at(0), PeopleSeen.boxed(np.array([[300.0, 100.0, 340.0, 260.0]]), np.ones(1)), floor(0))
    paths.see(at(1), seen(), floor(1))
    here, after = paths.at(at(0)), paths.at(at(1))
    assert here is not None and here.boxes_px.tolist() == [[300.0, 100.0, 340.0, 140.0]]
    assert after is not None and after.circles_px[0, :2].tolist() == [320.0, 120.0]


def test_a_picture_nobody_looked_at_has_no_answer() -> None:
    paths = walked(set())
    assert paths.at(at(3.5)) is None
    assert paths.at(at(500)) is None


def test_long_ago_nobody_is_guessed_at() -> None:
    paths = HeadPaths(CAMERA)
    paths.see(at(0), seen(head_m(0)), floor(0))
    paths.see(at(1), seen(head_m(1)), floor(1))
    for k in range(2, 60):
        paths.see(at(k), seen(), floor(k))
    faces = paths.at(at(40))
    assert faces is not None and len(faces.circles_px) == 0


def test_what_is_forgotten_takes_no_memory() -> None:
    paths = walked({3})
    paths.forget(at(15))
    assert paths.at(at(14)) is None
    assert covers(paths.at(at(15)), head_m(15))
    paths.forget(at(100))
    assert (paths.at(at(20)), paths._paths, paths._followed) == (None, [], {})

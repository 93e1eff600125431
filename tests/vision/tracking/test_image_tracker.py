"""One camera's boxes: ids that last through gaps, unsure boxes and crossings."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.vision.seen import PeopleSeen
from aisle.vision.tracking.image import ImageTracker, PicturePeople
from vision.tracking.walkers_kit import FloatArray, numbers

STEP_NS = 40_000_000
SIZE = (640, 480)


def box(x: float, y: float = 240.0, tall: float = 160.0) -> list[float]:
    return [x - 0.2 * tall, y - tall / 2, x + 0.2 * tall, y + tall / 2]


def boxes(rows: list[list[float]], scores: list[float], looks: FloatArray | None = None) -> PeopleSeen:
    return PeopleSeen.boxed(np.array(rows).reshape(-1, 4), np.array(scores), looks)


def followed(frames: list[PeopleSeen]) -> list[PicturePeople]:
    tracker = ImageTracker(SIZE, numbers())
    return [tracker.step(i * STEP_NS, seen) for i, seen in enumerate(frames)]


def walk(count: int, scores: list[float] | None = None) -> list[PeopleSeen]:
    return [boxes([box(100.0 + 5.0 * i)], [(scores or [0.9] * count)[i]]) for i in range(count)]


def without(frames: list[PeopleSeen], a: int, b: int) -> list[PeopleSeen]:
    return [PeopleSeen.nobody() if a <= i < b else seen for i, seen in enumerate(frames)]


WAYS = {
    "in plain view": walk(40),
    "not seen for half a second": without(walk(40), 18, 30),
    "half hidden, unsure for a while": walk(40, [0.9] * 15 + [0.25] * 15 + [0.9] * 10),
}


@pytest.mark.parametrize("frames", WAYS.values(), ids=WAYS.keys())
def test_one_person_one_id(frames: list[PeopleSeen]) -> None:
    people = followed(frames)
    assert people[-1].ids == ("p0",)
    assert {ident for p in people for ident in p.ids} == {"p0"}
    assert people[-1].boxes_px[0] == pytest.approx(frames[-1].boxes_px[0], abs=4.0)
    assert people[-1].which.tolist() == [0]


def test_unsure_boxes_begin_nobody() -> None:
    assert [len(p) for p in followed(walk(30, [0.3] * 30))] == [0] * 30


def test_people_who_cross_keep_their_ids() -> None:
    frames = [boxes([box(100.0 + 8.0 * i), box(500.0 - 8.0 * i, 236.0, 150.0)], [0.9, 0.9]) for i in range(50)]
    people = followed(frames)
    right = people[-1].ids[int(people[-1].boxes_px[:, 0].argmax())]
    left_first = people[5].ids[int(people[5].boxes_px[:, 0].argmin())]
    assert right == left_first
    assert {ident for p in people for ident in p.ids} == {"p0", "p1"}


def test_looks_tell_who_came_out_from_behind() -> None:
    """Two stand in one place hidden, and go back the way each came: motion alone would swap them."""
    looks = np.eye(4)[:2]
    there = [boxes([box(100.0 + 8.0 * i), box(500.0 - 8.0 * i)], [0.9, 0.9], looks) for i in range(24)]
    back = [boxes([box(292.0 - 8.0 * i), box(308.0 + 8.0 * i)], [0.9, 0.9], looks) for i in range(24)]
    people = followed([*there, *[PeopleSeen.nobody(4)] * 10, *back])
    west = [p.ids[int(p.boxes_px[:, 0].argmin())] for p in (people[10], people[-1])]
    assert west[0] == west[1]


def test_unknown_looks_are_no_looks() -> None:
    looks = np.eye(4)[:1]
    unknown = np.full((1, 4), np.nan)
    frames = [boxes([box(100.0 + 5.0 * i)], [0.9], unknown if i % 3 else looks) for i in range(30)]
    people = followed(frames)
    assert people[-1].ids == ("p0",)
    assert people[-1].confidence[0] > 0.9


def test_order_of_time_is_asked_for() -> None:
    tracker = ImageTracker(SIZE, numbers())
    tracker.step(0, PeopleSeen.nobody())
    tracker.step(STEP_NS, PeopleSeen.nobody())
    with pytest.raises(ValueError, match="in order"):
        tracker.step(0, PeopleSeen.nobody())

"""The watch keeps people of the shop, and only them, as one identity each, also where no detector knows a body."""

from collections.abc import Sequence

import numpy as np
import pytest

from aisle.vision.looks.colours import ColourStripes
from aisle.vision.seen import FloatArray, Image, PeopleSeen
from aisle.vision.watch.identities import grouped
from aisle.vision.watch.presence import Bytes, Floor, present, standing
from aisle.vision.watch.shop import ShopWatch, WatchedCamera
from aisle.vision.watch.tracks import Track

SIZE = (180, 320)  # height, width
FLOOR = Floor(((20, 30), (220, 30), (220, 400), (20, 400)))  # to the right of it is the street
S = 1_000_000_000
Box = tuple[int, int, int, int]
RED, GREEN = (40, 40, 190), (60, 160, 60)


def floats(*boxes: Box) -> FloatArray:
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def nothing_apart() -> Bytes:
    return np.zeros((SIZE[0] // 2, SIZE[1] // 2), dtype=np.uint8)


def apart(*boxes: Box) -> Bytes:
    out = nothing_apart()
    for x0, y0, x1, y1 in boxes:
        out[y0 // 2 : y1 // 2, x0 // 2 : x1 // 2] = 255
    return out


@pytest.mark.parametrize(
    ("box", "differs", "kept"),
    [
        ((60, 20, 100, 140), True, True),
        ((60, 20, 100, 140), False, False),
        ((250, 20, 290, 140), True, False),
        ((60, 120, 120, 180), True, True),
        ((260, 120, 320, 180), True, False),
    ],
    ids=["a shopper", "a chair", "the street", "a head at the lower edge", "a head of the street at the lower edge"],
)
def test_only_who_stands_on_the_floor_and_was_not_always_there(box: Box, differs: bool, kept: bool) -> None:
    known = np.ones((SIZE[0] // 2, SIZE[1] // 2), dtype=np.bool_)
    map_ = apart(box) if differs else nothing_apart()
    seen = present(floats(box), np.array([0.8]), map_, known, FLOOR, SIZE)
    assert seen.whole.tolist() == [True] * kept
    assert len(seen.rejected_px) == (not kept)


@pytest.mark.parametrize(
    ("blob", "kept"),
    [((60, 0, 90, 100), True), ((250, 0, 290, 100), False), ((60, 80, 66, 84), False)],
    ids=["legs", "somebody behind the glass", "a speck"],
)
def test_parts_of_people_are_blobs_before_the_floor(blob: Box, kept: bool) -> None:
    seen = present(floats(), np.zeros(0), apart(blob), None, FLOOR, SIZE)
    assert seen.whole.tolist() == [False] * kept
    assert seen.boxes_px.tolist() == [list(blob)] * kept


def test_feet_are_where_the_body_ends() -> None:
    leaning = apart((100, 20, 120, 100), (70, 96, 82, 140))
    x, y = standing(np.array([66.0, 20.0, 124.0, 150.0]), SIZE, leaning)
    assert abs(x - 75) < 3
    assert abs(y - 138) < 4


def test_a_floor_has_three_corners() -> None:
    with pytest.raises(ValueError, match="floor: found 2 corners"):
        Floor(((0, 0), (1, 1)))


def track(number: int, camera: str, first_s: float, last_s: float, look: Sequence[float]) -> Track:
    box = np.array([0.0, 0.0, 10.0, 20.0])
    out = Track(number, camera, box, round(first_s * S), round(last_s * S), round(last_s * S), box[:2])
    for _ in range(3):
        out.seen_as(np.array(look) / np.linalg.norm(look), 0)
    return out


@pytest.mark.parametrize(
    ("tracks", "numbers"),
    [
        ([track(1, "a", 0, 5, (1, 0)), track(2, "b", 3, 9, (1, 0.1))], {1: 1, 2: 1}),
        ([track(1, "a", 0, 5, (1, 0)), track(2, "b", 3, 9, (0, 1))], {1: 1, 2: 2}),
        ([track(1, "a", 0, 5, (1, 0)), track(2, "a", 3, 9, (1, 0))], {1: 1, 2: 2}),
        ([track(1, "a", 0, 5, (1, 0)), track(2, "a", 8, 9, (1, 0))], {1: 1, 2: 1}),
        (
            [track(1, "a", 0, 5, (1, 0)), track(2, "a", 0, 5, (0, 1)), track(3, "b", 7, 9, (0.1, 1))],
            {1: 1, 2: 2, 3: 2},
        ),
        ([], {}),
    ],
    ids=["two cameras", "two people", "two at a time in one camera", "back again", "who of two", "nobody"],
)
def test_identities_go_by_looks_and_by_time(tracks: list[Track], numbers: dict[int, int]) -> None:
    found = grouped(tracks, ColourStripes())
    assert {number: identity.number for number, identity in found.items()} == numbers
    assert all(0.5 <= identity.probability <= 1.0 for identity in found.values())


class Boxes:
    """Finds what it is told, picture by picture."""

    def __init__(self, frames: Sequence[Sequence[Sequence[Box]]]) -> None:
        self._frames = list(frames)

    def detect(self, images: Sequence[Image], backgrounds: Sequence[Image | None]) -> list[PeopleSeen]:
        return [PeopleSeen.boxed(floats(*boxes), np.full(len(boxes), 0.8)) for boxes in self._frames.pop(0)]


def room(*people: tuple[Box, tuple[int, int, int]], seed: int = 0) -> Image:
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    picture = np.repeat((110 + 12 * ((x // 40 + y // 40) % 2))[..., None], 3, axis=2).astype(np.float64)
    for (x0, y0, x1, y1), colour in people:
        picture[max(0, y0) : y1, x0:x1] = colour
        picture[max(0, y0) : y1 : 8, x0:x1] = (230, 230, 230)
    noise = np.random.default_rng(seed).normal(0.0, 1.5, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def test_one_shopper_is_one_person_over_gaps_and_cameras() -> None:
    """In camera a he walks out of the picture until only legs show, which no detector knows; in b he comes later."""
    at_a: list[Box] = [(60, 60 - 4 * min(i, 22), 100, 170 - 4 * min(i, 22)) for i in range(60)]
    at_b: list[Box | None] = [None if i < 20 or 32 <= i < 50 else (40 + i, 50, 80 + i, 150) for i in range(60)]
    found = [
        [[box] if box[1] >= -20 else [], [] if other is None else [other]]
        for box, other in zip(at_a, at_b, strict=True)
    ]
    watch = ShopWatch([WatchedCamera("a", FLOOR), WatchedCamera("b", FLOOR)], Boxes(found), ColourStripes())
    for camera in ("a", "b"):
        watch.learn(camera, [room(seed=i) for i in range(20)])
    told = []
    for i, (box, other) in enumerate(zip(at_a, at_b, strict=True)):
        people = [] if other is None else [(other, RED)]
        pictures = {"a": room((box, RED), seed=i), "b": room(*people, seed=i)}
        told.append(watch.step(i * S // 10, pictures))
    who = {c: [[watch.identity_of(s.track_id) for s in seen[c]] for seen in told] for c in ("a", "b")}
    assert all(len(seen) == 1 and seen[0] is not None and seen[0].number == 1 for seen in who["a"][3:])
    assert not told[-1]["a"][0].whole
    assert [bool(seen) for seen in who["b"]].count(True) >= 16
    assert {i.number for seen in who["b"] for i in seen if i is not None} == {1}
    assert len({s.track_id for seen in told for s in seen["b"]}) == 2


def test_an_unknown_camera_is_refused() -> None:
    watch = ShopWatch([WatchedCamera("a", FLOOR)], Boxes([]), ColourStripes())
    with pytest.raises(ValueError, match="camera: found 'c', must be one of a"):
        watch.step(0, {"c": room()})

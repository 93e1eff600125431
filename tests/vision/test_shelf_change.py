"""What is gone, new or moved is told from drawn shelves, large and small; light, shadows and arms tell nothing."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from aisle.vision.region_watch import FacingChange, RegionWatch
from aisle.vision.seen import Image
from aisle.vision.shelf_change import compared, to_picture

Product = tuple[int, int, tuple[int, int, int]]  # x, width, colour
RED, GREEN, BLUE = (40, 40, 190), (60, 150, 50), (180, 90, 40)
SIZE = (90, 240)  # height, width
S = 100_000_000  # a tenth of a second


def shelf(*products: Product, light: float = 1.0, seed: int = 0) -> Image:
    """A board before a wall with upright packages of 60 pixels' height: a label, an edge, a shine."""
    picture = np.full((*SIZE, 3), (120, 126, 130), dtype=np.float64)
    picture[:, :, :] += np.linspace(-8, 8, SIZE[1])[None, :, None]
    picture[78:] = (185, 190, 195)
    for x, width, colour in products:
        picture[18:78, x : x + width] = colour
        picture[18:78, x : x + 2] = picture[18:78, x + width - 2 : x + width] = np.array(colour) * 0.5
        picture[34:58, x + 4 : x + width - 4] = (225, 225, 215)
        for row in range(37, 56, 6):
            picture[row : row + 2, x + 6 : x + width - 6] = (40, 40, 60)
    noise = np.random.default_rng(seed).normal(0.0, 1.5, picture.shape)
    return np.clip(cv2.GaussianBlur(picture * light + noise, (3, 3), 0), 0, 255).astype(np.uint8)


A, B, C = (30, 34, RED), (100, 34, GREEN), (170, 34, BLUE)


def told(before: Image, after: Image) -> list[tuple[str, int]]:
    """Kinds, and middles of the places to the next ten pixels."""
    return [(c.kind, round((c.box[0] + c.box[2]) / 20)) for c in compared(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ((A, B, C), (A, C), [("gone", 12)]),
        ((A, C), (A, B, C), [("new", 12)]),
        ((A, B, C), (A,), [("gone", 12), ("gone", 19)]),
        ((A,), (A, B, C), [("new", 12), ("new", 19)]),
        ((A, B), (B, C), [("gone", 5), ("new", 19)]),
        ((A, B, C), (A, B, C), []),
    ],
    ids=["one taken", "one put back", "two taken", "two put back", "taken and put elsewhere", "nothing"],
)
def test_takes_and_returns(before: Sequence[Product], after: Sequence[Product], changes: list[tuple[str, int]]) -> None:
    assert told(shelf(*before), shelf(*after, seed=1)) == changes


@pytest.mark.parametrize("light", [0.75, 1.2], ids=["darker", "brighter"])
def test_light_is_no_change(light: float) -> None:
    assert told(shelf(A, B, C), shelf(A, B, C, light=light, seed=1)) == []
    assert told(shelf(A, B, C), shelf(A, C, light=light, seed=1)) == [("gone", 12)]


def test_a_shadow_is_no_change() -> None:
    after = shelf(A, C, seed=1).astype(np.float64)
    shade = cv2.GaussianBlur(np.where(np.abs(np.arange(240) - 120) < 30, 0.72, 1.0)[None].repeat(90, 0), (31, 31), 0)
    assert told(shelf(A, C), (after * shade[..., None]).astype(np.uint8)) == []


def test_a_shaken_camera_is_no_change() -> None:
    after = np.roll(shelf(A, B, C, seed=1), 1, axis=1)
    assert told(shelf(A, B, C), after) == []


def test_what_was_pushed_aside_has_moved() -> None:
    changes = compared(shelf(A, B), shelf(A, (108, 34, GREEN), seed=1))
    assert [c.kind for c in changes] == ["moved"]
    assert changes[0].shift_px == (8.0, 0.0)


@pytest.mark.parametrize("scale", [0.5, 0.35], ids=["17 pixels wide", "12 pixels wide"])
def test_small_pictures_do(scale: float) -> None:
    small = [cv2.resize(p, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for p in (shelf(A, B), shelf(A))]
    changes = compared(np.asarray(small[0], dtype=np.uint8), np.asarray(small[1], dtype=np.uint8))
    assert [c.kind for c in changes] == ["gone"]
    assert changes[0].probability > 0.8


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="after: found"):
        compared(shelf(A), shelf(A)[:50])


def test_boxes_go_back_into_the_picture() -> None:
    back = np.array([[2.0, 0.0, 10.0], [0.0, 2.0, 20.0], [0.0, 0.0, 1.0]])
    assert to_picture((1, 2, 3, 4), back).tolist() == [12.0, 24.0, 16.0, 28.0]


def arm(picture: Image, x: int) -> Image:
    out = picture.copy()
    out[:50, x : x + 22] = (110, 140, 205)
    return out


def watched(pictures: Sequence[Image], people: Sequence[bool] | None = None) -> list[FacingChange]:
    watch = RegionWatch("facing", ((0, 0), (240, 0), (240, 90), (0, 90)), (240, 90))
    box = np.array([[60.0, 0.0, 160.0, 90.0]])
    found: list[FacingChange] = []
    for i, picture in enumerate(pictures):
        here = box if people is not None and people[i] else None
        found += watch.update(i * S, picture, here)
    return found


def test_a_region_tells_when_the_arm_has_left() -> None:
    full, less = [shelf(A, B, C, seed=i) for i in range(10)], [shelf(A, C, seed=i) for i in range(10)]
    reaching = [arm(full[0], 100 + i) for i in range(6)]
    resting = [arm(full[i], 106) for i in range(10)]  # a second without moving
    leaving = [arm(less[0], 106 - 4 * i) for i in range(8)]
    found = watched([*full, *reaching, *resting, *leaving, *less])
    assert [(c.kind, c.region) for c in found] == [("gone", "facing")]
    assert found[0].t0_ns < 11 * S
    assert found[0].t1_ns > 33 * S
    assert abs(found[0].box_px[[0, 2]].mean() - 117) < 8


def test_nothing_is_told_while_somebody_stands_before_it() -> None:
    full, less = [shelf(A, B, C, seed=i) for i in range(10)], [shelf(A, C, seed=i) for i in range(30)]
    assert watched([*full, *less], [False] * 10 + [True] * 30) == []
    assert len(watched([*full, *less], [False] * 10 + [True] * 10 + [False] * 20)) == 1


def test_a_region_wants_an_area() -> None:
    with pytest.raises(ValueError, match="region 'x'"):
        RegionWatch("x", ((0, 0), (1, 0), (2, 0), (3, 0)), (100, 50))

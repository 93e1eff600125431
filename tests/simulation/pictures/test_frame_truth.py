"""What a picture shows is counted right, on pictures painted by hand."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from aisle.simulation.pictures.cast import Posed
from aisle.simulation.pictures.frame_truth import FrameTruth, PersonSeen, frame_truth, items_seen
from aisle.simulation.pictures.rigs import pinhole
from aisle.simulation.pictures.scene import FIRST_ITEM, FIRST_PERSON, HEAD, LEFT_HAND, Figure, Light, Picture, Scene
from aisle.simulation.pictures.staging import Actor, Staged

CAMERA = pinhole("c", (160, 90), 90.0, (0.0, 0.0, 1.0), (1.0, 0.0, 1.0))  # a metre at 4 m is 20 pixels
FAR_M = 4.0
DARK = Light((0, 0, 0), (0, 0, 1), (0, 0, 0), np.zeros((0, 3), np.float32), (0, 0, 0))


def board(y0: float, y1: float, z0: float, z1: float, cells: int = 24) -> Figure:
    """A "person" as flat as a board, 4 m ahead: its upper quarter is the head, a strip at its left the left hand."""
    ys, zs = np.meshgrid(np.linspace(y0, y1, cells), np.linspace(z0, z1, cells), indexing="ij")
    points = np.stack([np.full(ys.shape, FAR_M), ys, zs], axis=-1).reshape(-1, 3).astype(np.float32)
    index = np.arange(cells * cells).reshape(cells, cells)
    a, b, c, d = (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:])
    triangles = np.concatenate([np.stack([a, c, b], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])
    part = np.zeros(len(points), np.uint8)
    part[points[:, 2] > z1 - (z1 - z0) / 4] = HEAD
    part[points[:, 1] > y1 - 0.1] = LEFT_HAND
    normals = np.tile(np.array([-1, 0, 0], np.float32), (len(points), 1))
    flat = np.zeros(len(points), np.float32)
    return Figure(0, points, normals, normals, points, flat, part, triangles.astype(np.int32))


def staged(figure: Figure) -> Staged:
    y0, y1 = float(figure.points_m[:, 1].min()), float(figure.points_m[:, 1].max())
    top = float(figure.points_m[:, 2].max())
    posed = Posed(
        figure=figure,
        hands=np.tile(np.eye(4, dtype=np.float32), (2, 1, 1)),
        head_m=np.array([FAR_M, (y0 + y1) / 2, top - 0.1]),
        wrists_m=np.array([[FAR_M, y1, 1.0], [FAR_M, y0, 1.0]]),
        feet_m=np.array([FAR_M, (y0 + y1) / 2]),
        ankles_m=np.zeros((2, 3)),
        load=None,
    )
    return Staged(0.0, Scene((), 0, (), (figure,), DARK), (Actor(7, 3, posed, (None, None)),))


def painted(x0: int, x1: int, y0: int, y1: int) -> Picture:
    """A wall 6 m away and person 3 in a rectangle of pixels 4 m away."""
    ids = np.zeros((90, 160), np.uint32)
    depth = np.full((90, 160), 6.0, np.float32)
    ids[y0:y1, x0:x1] = FIRST_PERSON + 8 * 3
    depth[y0:y1, x0:x1] = FAR_M
    return Picture(np.zeros((90, 160, 3), np.uint8), ids, depth)


def seen(figure: Figure, picture: Picture) -> PersonSeen:
    (person,) = frame_truth(CAMERA, staged(figure), picture).people
    return person


# A board from y -1 to 1 and z 0 to 2 covers columns 59.5 to 99.5 and rows 24.5 to 64.5.
WHOLE = (60, 100, 25, 65)


def test_a_person_in_full_view() -> None:
    person = seen(board(-1, 1, 0, 2), painted(*WHOLE))
    assert person.person == 7
    assert person.box == (60, 25, 100, 65)
    assert person.pixels == 1600
    assert person.visible == pytest.approx(1.0, abs=0.03)
    assert person.cut == 0.0
    assert person.head_px == pytest.approx((79.5, 26.5), abs=0.01)
    assert person.feet_px == pytest.approx((79.5, 64.5), abs=0.01)


@pytest.mark.parametrize(
    ("shown", "visible", "head"),
    [
        pytest.param((60, 100, 45, 65), 0.5, 0.0, id="upper half hidden"),
        pytest.param((60, 100, 25, 35), 0.25, 1.0, id="only the head shows"),
        pytest.param((60, 70, 25, 65), 0.25, 0.25, id="behind a post"),
    ],
)
def test_what_is_hidden_does_not_count(shown: tuple[int, int, int, int], visible: float, head: float) -> None:
    person = seen(board(-1, 1, 0, 2), painted(*shown))
    assert person.visible == pytest.approx(visible, abs=0.06)
    assert person.parts["head"] == pytest.approx(head, abs=0.12)
    assert person.cut == 0.0
    assert person.whole[:2] == pytest.approx((60, 25), abs=1)
    assert person.whole[2:] == pytest.approx((100, 65), abs=1)


def test_what_lies_outside_the_frame_is_cut_not_hidden() -> None:
    person = seen(board(3.0, 5.0, 0, 2), painted(0, 20, 25, 65))
    assert person.cut == pytest.approx(0.5, abs=0.05)
    assert person.visible == pytest.approx(1.0, abs=0.06)
    assert person.whole[0] == 0


@pytest.mark.parametrize(
    ("before_m", "visible"),
    [
        pytest.param(3.95, True, id="its own sleeve"),
        pytest.param(3.0, False, id="something before it"),
        pytest.param(6.0, True, id="nothing before it"),
    ],
)
def test_wrists_are_seen_by_depth(before_m: float, visible: bool) -> None:
    picture = painted(*WHOLE)
    picture.depth_m[:] = before_m
    assert seen(board(-1, 1, 0, 2), picture).wrists_visible == (visible, visible)


def test_a_wrist_outside_the_frame_is_not_seen() -> None:
    assert seen(board(3.0, 5.0, 0, 2), painted(0, 20, 25, 65)).wrists_visible == (False, True)


def test_nobody_of_whom_nothing_shows() -> None:
    nobody = painted(0, 0, 0, 0)
    assert frame_truth(CAMERA, staged(board(-1, 1, 0, 2)), nobody) == FrameTruth(())


def test_plain_values_say_when_a_point_has_no_place() -> None:
    person = replace(seen(board(-1, 1, 0, 2), painted(*WHOLE)), head_px=(float("nan"), 3.0))
    assert person.as_json()["head"] == [None, 3.0]


def test_items_have_boxes() -> None:
    ids: npt.NDArray[np.uint32] = np.zeros((20, 30), np.uint32)
    ids[2:5, 3:9] = FIRST_ITEM + 12
    ids[10:11, 0:30] = FIRST_ITEM + 4
    ids[15, 15] = FIRST_ITEM + 5
    ids[0, 0] = FIRST_PERSON
    found = {i.item: (i.box, i.pixels) for i in items_seen(ids, least_px=2)}
    assert found == {12: ((3, 2, 9, 5), 18), 4: ((0, 10, 30, 11), 30)}

"""Cameras are hung where they see."""

import math

import numpy as np
import pytest

from aisle.simulation.pictures.rigs import RigKind, pinhole, rig, some_view, varied
from aisle.store.example import example_store
from aisle.store.geometry import project, rotation_matrix, sees
from aisle.store.model import Camera

STORE = example_store()
KINDS: tuple[RigKind, ...] = ("ceiling", "straight-down", "aisle", "shelf-edge", "cart")


def share_seen(cameras: tuple[Camera, ...]) -> float:
    """Share of the facings that some camera has before it and in its picture."""
    tops = {s.gondola: max(o.shelf for o in STORE.shelves if o.gondola == s.gondola) for s in STORE.shelves}
    seen = [
        any(sees(c, STORE.shelf_at[(f.gondola, f.shelf)], f, tops[f.gondola] == f.shelf) for c in cameras)
        for f in STORE.facings
    ]
    return sum(seen) / len(seen)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_hangs_inside_the_room_under_its_ceiling(kind: RigKind) -> None:
    cameras = rig(STORE, 3, kind=kind, rng=np.random.default_rng(1), ceiling_m=2.7)
    assert len({c.camera_id for c in cameras}) == 3
    for camera in cameras:
        x, y, z = camera.position_m
        assert -0.1 < x < 7.1
        assert -0.1 < y < 6.1
        assert 0.8 < z < 2.7


def test_four_ceiling_cameras_see_every_facing_and_one_sees_fewer() -> None:
    assert share_seen(rig(STORE, 4)) == 1.0
    assert share_seen(rig(STORE, 1)) < 1.0


def test_gondolas_hide_what_stands_behind_them() -> None:
    """With walls as high as the ceiling in the room, a camera beside the middle gondola cannot do all alone."""
    alone = rig(STORE, 1)[0]
    again = rig(STORE, 2)
    assert again[0] == alone
    assert math.dist(again[0].position_m, again[1].position_m) > 1.0


def test_straight_down_looks_straight_down() -> None:
    (camera,) = rig(STORE, 1, kind="straight-down")
    assert rotation_matrix(camera.rotation_vector)[2] == pytest.approx([0.0, 0.0, -1.0], abs=1e-6)


@pytest.mark.parametrize(
    ("fov_deg", "focal_px"),
    [pytest.param(90.0, 320.0, id="right angle"), pytest.param(53.130102, 640.0, id="half as wide as far")],
)
def test_field_of_view_is_from_left_to_right(fov_deg: float, focal_px: float) -> None:
    camera = pinhole("c", (640, 360), fov_deg, (0.0, 0.0, 1.0), (1.0, 0.0, 1.0))
    assert camera.focal_px[0] == pytest.approx(focal_px, rel=1e-6)
    assert project(camera, np.array([[5.0, 0.0, 1.0]]))[0] == pytest.approx([319.5, 179.5])


def test_mounting_by_hand_moves_little_and_bends_mildly() -> None:
    camera = rig(STORE, 1)[0]
    turned = []
    for seed in range(20):
        other = varied(camera, np.random.default_rng(seed))
        cosine = rotation_matrix(other.rotation_vector)[2] @ rotation_matrix(camera.rotation_vector)[2]
        turned.append(math.degrees(math.acos(min(1.0, cosine))))
        assert math.dist(other.position_m, camera.position_m) < 0.2
        assert -0.2 < other.distortion[0] < 0.0
    assert 0.5 < np.median(turned) < 4.0


def test_the_same_draw_hangs_the_same_cameras() -> None:
    first, second = (rig(STORE, 3, rng=np.random.default_rng(7)) for _ in range(2))
    assert first == second
    assert some_view(STORE, "aisle", np.random.default_rng(3), camera_id="a") == some_view(
        STORE, "aisle", np.random.default_rng(3), camera_id="a"
    )


def test_no_camera_is_no_rig() -> None:
    with pytest.raises(ValueError, match="at least one camera"):
        rig(STORE, 0)

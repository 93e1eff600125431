"""The bent picture against `store.geometry.project`, which says where points fall behind the same lens."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from aisle.simulation.pictures.lens import lens_of
from aisle.simulation.pictures.renderers import open_renderer
from aisle.simulation.pictures.scene import FIRST_ITEM, Picture, Scene, Thing
from aisle.store.geometry import project
from aisle.store.model import Camera, FloatArray
from simulation.pictures.small_shop import LENS, LIGHT, box, camera

NO_LABELS = np.zeros((0, 4, 4, 3), dtype=np.uint8)
BARREL = (-0.28, 0.09, 0.0006, -0.0008)
PINCUSHION = (0.12, 0.02, 0.0, 0.0)
RATIONAL = (0.4, 0.02, 0.0003, 0.0001, 0.001, 0.75, 0.06, 0.003)


LENSES = pytest.mark.parametrize("lens", [BARREL, PINCUSHION, RATIONAL], ids=["barrel", "pincushion", "rational"])


@LENSES
def test_the_map_agrees_with_project(lens: tuple[float, ...]) -> None:
    """Where a point falls behind the lens, the map names the pixel where it falls without one."""
    seen_by = _seen_by(lens)
    made = lens_of(seen_by)
    assert made.across is not None and made.down is not None
    y, z = np.meshgrid(np.linspace(-2.1, 2.1, 30), np.linspace(-0.2, 2.1, 20))
    points = np.stack([np.full(y.size, 3.0), y.ravel(), z.ravel()], axis=1)
    bent, straight = project(seen_by, points), project(made.pinhole, points)
    inside = ((bent > 0) & (bent < np.array(seen_by.size_px) - 1)).all(axis=1)
    at = bent[inside].astype(np.float32)
    named = [cv2.remap(m, at[:, :1], at[:, 1:], cv2.INTER_LINEAR)[:, 0] for m in (made.across, made.down)]
    assert inside.sum() > 300
    assert np.abs(np.stack(named, axis=1) - straight[inside]).max() < 0.05


@LENSES
def test_things_are_seen_where_project_says(lens: tuple[float, ...]) -> None:
    """The middles of plates all over the picture, found in ids, against their projections: whole pixels, no bias."""
    seen_by = _seen_by(lens)
    marks = tuple(
        box((3.0, y, z), (0.002, 0.05, 0.05), FIRST_ITEM + k)
        for k, (y, z) in enumerate((y, z) for y in np.linspace(-2.1, 2.1, 9) for z in np.linspace(-0.2, 2.1, 6))
    )
    ids = open_renderer(NO_LABELS, "arrays").render(seen_by, Scene(marks, 1, (), (), LIGHT)).ids
    errors = np.array([_error(ids, mark, seen_by) for mark in marks])
    errors = errors[np.isfinite(errors).all(axis=1)]
    assert len(errors) > 40
    assert np.abs(errors.mean(axis=0)).max() < 0.15
    assert np.hypot(*errors.T).mean() < 0.5


def test_corners_are_filled() -> None:
    seen_by = camera((0.0, 0.0, 1.0), (3.0, 0.0, 1.0), distortion=LENS)
    wall = box((4.0, 0.0, -20.0), (0.1, 60.0, 40.0), tint=(0.5, 0.5, 0.5))
    picture = open_renderer(NO_LABELS, "arrays").render(seen_by, Scene((wall,), 1, (), (), LIGHT))
    assert np.isfinite(picture.depth_m).all()
    assert picture.rgb.min() > 0


def test_ids_and_depth_are_never_mixed() -> None:
    lens = lens_of(camera(distortion=LENS))
    width, height = lens.pinhole.size_px
    halves = (np.arange(width) >= width // 2)[None, :].repeat(height, axis=0)
    drawn = Picture(
        np.zeros((height, width, 3), np.uint8),
        np.where(halves, 1000, 2000).astype(np.uint32),
        np.where(halves, 1.0, 9.0).astype(np.float32),
    )
    bent = lens.bent(drawn)
    assert set(np.unique(bent.ids)) == {1000, 2000}
    assert set(np.unique(bent.depth_m)) == {1.0, 9.0}
    assert np.array_equal(bent.ids == 1000, bent.depth_m == 1.0)


def test_a_straight_lens_changes_nothing() -> None:
    lens = lens_of(camera())
    drawn = Picture(np.ones((180, 320, 3), np.uint8), np.ones((180, 320), np.uint32), np.ones((180, 320), np.float32))
    assert lens.bent(drawn) is drawn
    assert lens.pinhole == camera()


def _seen_by(lens: tuple[float, ...]) -> Camera:
    return camera((0.0, 0.0, 1.0), (3.0, 0.0, 1.0), size_px=(640, 360), distortion=lens)


def _error(ids: npt.NDArray[np.uint32], mark: Thing, seen_by: Camera) -> FloatArray:
    """(2,) pixels from the projection to the middle of a mark's pixels; NaN where it is cut or unseen."""
    expected = project(seen_by, np.array([[2.999, mark.matrix[1, 3], mark.matrix[2, 3] + 0.025]]))[0]
    rows, columns = np.nonzero(ids == mark.ident)
    whole = (len(rows) > 0) and (ids[[0, -1]] != mark.ident).all() and (ids[:, [0, -1]] != mark.ident).all()
    return np.array([columns.mean(), rows.mean()]) - expected if whole else np.full(2, np.nan)

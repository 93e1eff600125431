"""Bends pinhole pictures as a camera's lens does.

Renderers draw straight lines.  For a camera with distortion they draw a pinhole picture a little larger, so that the
bent picture is filled to its corners, and this takes every pixel from where its ray passes.  Colour is interpolated;
ids and depth are taken from the nearest pixel, so that truth stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.scene import Float32, Picture
from aisle.store.geometry import undistorted
from aisle.store.model import Camera

LARGEST_GROWTH = 3.0
"""A pinhole picture never becomes wider than this many times the camera's: beyond, corners stay black."""


@dataclass(frozen=True, slots=True)
class Lens:
    """`pinhole` is the camera to draw for; the maps say for each pixel where in its picture to look."""

    pinhole: Camera
    across: Float32 | None  # (h, w) pixels of the pinhole picture; None: the camera has no distortion
    down: Float32 | None
    nearest: npt.NDArray[np.int32] | None  # (h * w,) flat index; -1 outside

    def bent(self, picture: Picture) -> Picture:
        """The picture as it falls on the sensor behind the lens."""
        if self.across is None or self.down is None or self.nearest is None:
            return picture
        shape = self.across.shape
        rgb = cv2.remap(picture.rgb, self.across, self.down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        outside = self.nearest < 0
        ids = np.take(picture.ids.ravel(), self.nearest, mode="clip")
        depth = np.take(picture.depth_m.ravel(), self.nearest, mode="clip")
        ids[outside], depth[outside] = 0, np.inf
        return Picture(np.asarray(rgb, dtype=np.uint8), ids.reshape(shape), depth.reshape(shape))


@lru_cache(maxsize=24)
def lens_of(camera: Camera) -> Lens:
    """How to draw for `camera`; remembered, because carts and shops keep their cameras."""
    if not any(camera.distortion):
        return Lens(replace(camera, distortion=()), None, None, None)
    width, height = camera.size_px
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).reshape(-1, 2)
    straight = undistorted(camera, grid.astype(np.float64), rounds=40) * camera.focal_px
    reach = np.array(camera.size_px) * LARGEST_GROWTH / 2
    low = np.maximum(np.floor(straight.min(axis=0)) - 1, -reach)
    high = np.minimum(np.ceil(straight.max(axis=0)) + 1, reach)
    size = (int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1)
    pinhole = replace(camera, size_px=size, centre_px=(float(-low[0]), float(-low[1])), distortion=())
    places = straight - low
    nearest = np.rint(places).astype(np.intp)
    inside = ((nearest >= 0) & (nearest < size)).all(axis=1)
    flat = np.where(inside, nearest[:, 1] * size[0] + nearest[:, 0], -1).astype(np.int32)
    maps = places.astype(np.float32).reshape(height, width, 2)
    return Lens(pinhole, np.ascontiguousarray(maps[..., 0]), np.ascontiguousarray(maps[..., 1]), flat)

"""The cameras as the tracker uses them, all at once: pixels as points of perfect lenses, floor points with derivatives.

Everything after this file works in normalised image coordinates (tangents of angles), where a camera is linear algebra:
the lens is undone once per detection, and pixel noise goes through the lens's local derivative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aisle.store.geometry import rotation_matrix, undistorted
from aisle.store.model import Camera, FloatArray
from aisle.vision.seen import Indices

BEHIND_M = 0.05
"""Nearer to the camera's plane than this a point is not seen."""
TABLE = 129
MARGIN = 0.15
"""The table of a lens reaches so far beyond the picture, as a share of its size."""


@dataclass(frozen=True)
class Eyes:
    """c cameras made ready: `rotation` (c, 3, 3) floor to camera, `position_m` (c, 3), `focal_px` (c, 2), `tangents`
    (c, 4) the picture's borders x0, y0, x1, y1 in normalised coordinates (the box round the undistorted border), and
    `table` (c, TABLE, TABLE, 2), the undistorted points of a grid of pixels that begins at `from_px` (c, 2) and goes on
    by `step_px` (c, 2)."""

    rotation: FloatArray
    position_m: FloatArray
    focal_px: FloatArray
    tangents: FloatArray
    table: FloatArray
    from_px: FloatArray
    step_px: FloatArray

    def __len__(self) -> int:
        return len(self.rotation)

    @classmethod
    def of(cls, cameras: Sequence[Camera]) -> Eyes:
        size = np.array([camera.size_px for camera in cameras], dtype=np.float64)
        start, step = -MARGIN * size, (1.0 + 2.0 * MARGIN) * size / (TABLE - 1)
        tables = []
        for number, camera in enumerate(cameras):
            axes = (start[number, d] + step[number, d] * np.arange(TABLE) for d in (0, 1))
            grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
            tables.append(undistorted(camera, grid.reshape(-1, 2)).reshape(TABLE, TABLE, 2))
        return cls(
            np.stack([rotation_matrix(camera.rotation_vector) for camera in cameras]),
            np.array([camera.position_m for camera in cameras], dtype=np.float64),
            np.array([camera.focal_px for camera in cameras], dtype=np.float64),
            np.stack([_border(camera) for camera in cameras]),
            np.stack(tables),
            start,
            step,
        )

    def straightened(self, camera: Indices, pixels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Pixels (n, 2) of the cameras with these numbers (n,) as normalised points of perfect lenses (n, 2), with
        their derivatives (n, 2, 2) by the pixel.

        Read bilinearly from tables made once (the error is below a hundredth of a pixel for the lenses of shops);
        points further outside the picture than a table goes take its border's slope. NaN stays NaN.
        """
        at = (pixels - self.from_px[camera]) / self.step_px[camera]
        cell = np.minimum(np.maximum(np.where(at == at, at, 0.0), 0.0), TABLE - 2.0).astype(np.intp)
        part = at - cell
        x, y = cell[:, 0], cell[:, 1]
        u, v = part[:, 0, None], part[:, 1, None]
        a, b = self.table[camera, x, y], self.table[camera, x + 1, y]
        c, d = self.table[camera, x, y + 1], self.table[camera, x + 1, y + 1]
        twist = a - b - c + d
        slopes = np.empty((len(pixels), 2, 2))
        slopes[:, :, 0] = ((b - a) + v * twist) / self.step_px[camera, 0, None]
        slopes[:, :, 1] = ((c - a) + u * twist) / self.step_px[camera, 1, None]
        return a + u * (b - a) + v * (c - a) + u * v * twist, slopes

    def see(self, cameras: Indices, points_m: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Floor points (n, 3) in each of `cameras` (k,): normalised points (k, n, 2), derivatives (k, n, 2, 3) by the
        floor point, depths (k, n).  Points behind a camera are NaN."""
        R = self.rotation[cameras]
        X = (points_m[None] - self.position_m[cameras][:, None]) @ R.transpose(0, 2, 1)
        z = np.where(X[..., 2] > BEHIND_M, X[..., 2], np.nan)
        uv = X[..., :2] / z[..., None]
        slopes = (R[:, None, :2] - uv[..., None] * R[:, None, 2:]) / z[..., None, None]
        return uv, slopes, z

    def at_height(self, camera: Indices, points: FloatArray, height_m: float) -> FloatArray:
        """Where normalised points (n, 2) of cameras (n,) meet the plane `height_m` above the floor: (n, 2), NaN where
        they never do."""
        rays = np.concatenate([points, np.ones((len(points), 1))], axis=1)[:, None] @ self.rotation[camera]
        position = self.position_m[camera]
        with np.errstate(divide="ignore", invalid="ignore"):
            far = (height_m - position[:, 2]) / rays[:, 0, 2]
        far[~(np.isfinite(far) & (far > 0))] = np.nan
        return np.asarray(position[:, :2] + far[:, None] * rays[:, 0, :2])

    def inside(self, cameras: Indices, points: FloatArray) -> FloatArray:
        """Share (k, ..., n), 0 to 1, to which normalised points (k, ..., n, 2) lie within the pictures of `cameras`
        (k,): a soft border of 2 % of the size."""
        borders = self.tangents[cameras].reshape(-1, *(1,) * (points.ndim - 2), 4)
        soft = 0.02 * (borders[..., 2:] - borders[..., :2]).max(axis=-1)
        inwards = np.minimum(points - borders[..., :2], borders[..., 2:] - points)
        reach = np.minimum(inwards[..., 0], inwards[..., 1])
        reach = np.where(reach == reach, reach, -1.0)
        return np.asarray(np.minimum(np.maximum(reach / soft + 0.5, 0.0), 1.0))


def _border(camera: Camera) -> FloatArray:
    """The box (4,) round a picture's border with the lens undone."""
    width, height = camera.size_px[0] - 1.0, camera.size_px[1] - 1.0
    x, y, zero = np.linspace(0.0, width, 9), np.linspace(0.0, height, 9), np.zeros(9)
    sides = ((x, zero), (x, zero + height), (zero, y), (zero + width, y))
    edge = undistorted(camera, np.concatenate([np.stack(side, axis=1) for side in sides]))
    return np.concatenate([edge.min(axis=0), edge.max(axis=0)])

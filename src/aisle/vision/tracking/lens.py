"""One camera as the tracker uses it: pixels become points of a perfect lens once, floor points get their derivatives.

Everything after this file works in normalised image coordinates (tangents of angles), where a camera is linear algebra:
the lens is undone once per picture, and pixel noise goes through the lens's local derivative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aisle.store.geometry import rotation_matrix, undistorted
from aisle.store.model import Camera, FloatArray

BEHIND_M = 0.05
"""Nearer to the camera's plane than this a point is not seen."""
TABLE = 129
MARGIN = 0.15
"""The table of the lens reaches so far beyond the picture, as a share of its size."""


@dataclass(frozen=True)
class Eye:
    """A camera made ready: `rotation` (3, 3) floor to camera, `position_m` (3,), `tangents` (4,) the picture's borders
    x0, y0, x1, y1 in normalised coordinates (the box round the undistorted border), `table` (TABLE, TABLE, 2) the
    undistorted points of a grid of pixels reaching a little beyond the picture, None for a lens without distortion."""

    camera: Camera
    rotation: FloatArray
    position_m: FloatArray
    tangents: FloatArray
    table: FloatArray | None
    table_from_px: FloatArray
    table_step_px: FloatArray

    @classmethod
    def of(cls, camera: Camera) -> Eye:
        width, height = camera.size_px
        x, y = np.linspace(0.0, width - 1.0, 9), np.linspace(0.0, height - 1.0, 9)
        border = np.concatenate(
            [
                np.stack([x, np.zeros(9)], axis=1),
                np.stack([x, np.full(9, height - 1.0)], axis=1),
                np.stack([np.zeros(9), y], axis=1),
                np.stack([np.full(9, width - 1.0), y], axis=1),
            ]
        )
        edge = undistorted(camera, border)
        size = np.asarray(camera.size_px, dtype=np.float64)
        start, step = -MARGIN * size, (1.0 + 2.0 * MARGIN) * size / (TABLE - 1)
        table = None
        if any(camera.distortion):
            grid = np.stack(np.meshgrid(*(start[d] + step[d] * np.arange(TABLE) for d in (0, 1)), indexing="ij"), -1)
            table = undistorted(camera, grid.reshape(-1, 2)).reshape(TABLE, TABLE, 2)
        return cls(
            camera,
            rotation_matrix(camera.rotation_vector),
            np.asarray(camera.position_m, dtype=np.float64),
            np.concatenate([edge.min(axis=0), edge.max(axis=0)]),
            table,
            start,
            step,
        )

    def straightened(self, pixels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Pixels (n, 2) as normalised points of a perfect lens (n, 2), with derivatives (n, 2, 2) by the pixel.

        Read bilinearly from a table made once (its error is below a thousandth of a pixel for the lenses of shops);
        points further outside the picture than the table goes take its border cell's slope. NaN stays NaN.
        """
        if self.table is None:
            focal = np.asarray(self.camera.focal_px)
            slopes = np.zeros((len(pixels), 2, 2))
            slopes[:, 0, 0], slopes[:, 1, 1] = 1.0 / focal
            return (pixels - np.asarray(self.camera.centre_px)) / focal, slopes
        at = (pixels - self.table_from_px) / self.table_step_px
        cell = np.where(at == at, at, 0.0).astype(np.intp)
        np.clip(cell, 0, TABLE - 2, out=cell)
        part = at - cell
        x, y = cell[:, 0], cell[:, 1]
        u, v = part[:, 0, None], part[:, 1, None]
        a, b, c, d = self.table[x, y], self.table[x + 1, y], self.table[x, y + 1], self.table[x + 1, y + 1]
        along_x, along_y = (b - a) * (1.0 - v) + (d - c) * v, (c - a) * (1.0 - u) + (d - b) * u
        slopes = np.empty((len(pixels), 2, 2))
        slopes[:, :, 0], slopes[:, :, 1] = along_x / self.table_step_px[0], along_y / self.table_step_px[1]
        return a + u * (b - a) + v * (c - a) + u * v * (a - b - c + d), slopes

    def see(self, points_m: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Floor points (n, 3) -> normalised points (n, 2), their derivatives (n, 2, 3) by the floor point, depths (n,).

        Points behind the camera are NaN.
        """
        X = (points_m - self.position_m) @ self.rotation.T
        z = np.where(X[:, 2] > BEHIND_M, X[:, 2], np.nan)
        uv = X[:, :2] / z[:, None]
        R = self.rotation
        slopes = (R[None, :2] - uv[:, :, None] * R[None, 2:3]) / z[:, None, None]
        return uv, slopes, z

    def at_height(self, points: FloatArray, height_m: float) -> FloatArray:
        """Where normalised points (n, 2) meet the plane `height_m` above the floor: (n, 2), NaN where they never do."""
        rays = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ self.rotation
        with np.errstate(divide="ignore", invalid="ignore"):
            far = (height_m - self.position_m[2]) / rays[:, 2]
        far[~(np.isfinite(far) & (far > 0))] = np.nan
        return np.asarray(self.position_m[:2] + far[:, None] * rays[:, :2])

    def inside(self, points: FloatArray) -> FloatArray:
        """Share (0 to 1) to which normalised points (n, 2) lie within the picture: a soft border of 2 % of its size."""
        x0, y0, x1, y1 = self.tangents
        soft = 0.02 * max(x1 - x0, y1 - y0)
        reach = np.minimum(
            np.minimum(points[:, 0] - x0, x1 - points[:, 0]), np.minimum(points[:, 1] - y0, y1 - points[:, 1])
        )
        return np.asarray(np.clip(np.where(reach == reach, reach, -soft) / soft + 0.5, 0.0, 1.0))

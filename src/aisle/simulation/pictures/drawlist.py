"""Things as arrays, and which of them a camera draws, how finely and in what order.

Both renderers draw from these, so that the same thing has the same triangles in both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.scene import Float32, Thing
from aisle.simulation.pictures.shapes import COARSE_BELOW_PX, SHAPES
from aisle.store.geometry import rotation_matrix
from aisle.store.model import Camera, FloatArray

NEAR_M, FAR_M = 0.03, 60.0
_CORNERS = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0.0, 1.0)])
_ROW = 22


@dataclass(frozen=True, slots=True)
class Things:
    """n things as parallel arrays."""

    shapes: npt.NDArray[np.int32]  # (n,) index in SHAPES
    labels: npt.NDArray[np.int32]  # (n,) layer, -1 for plain
    idents: npt.NDArray[np.uint32]  # (n,)
    matrices: Float32  # (n, 4, 4)
    tints: Float32  # (n, 3)

    @classmethod
    def of(cls, things: Sequence[Thing], labels: int) -> Things:
        """Raises ValueError for a label that is none of the `labels` layers or a matrix of another form."""
        for thing in things:
            if not -1 <= thing.label < labels:
                raise ValueError(f"thing {thing.ident}: label {thing.label}; expected -1 to {labels - 1}")
            if thing.matrix.shape != (4, 4):
                raise ValueError(f"thing {thing.ident}: matrix of shape {thing.matrix.shape}; expected (4, 4)")
        return cls(
            np.array([SHAPES.index(t.shape) for t in things], dtype=np.int32),
            np.array([t.label for t in things], dtype=np.int32),
            np.array([t.ident for t in things], dtype=np.uint32),
            np.array([t.matrix for t in things], dtype=np.float32).reshape(-1, 4, 4),
            np.array([t.tint for t in things], dtype=np.float32).reshape(-1, 3),
        )

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Things:
        return Things(
            self.shapes[chosen],
            self.labels[chosen],
            self.idents[chosen],
            self.matrices[chosen],
            self.tints[chosen],
        )

    @property
    def sizes_m(self) -> Float32:
        """(n, 3) lengths of the three axes."""
        return np.asarray(np.linalg.norm(self.matrices[:, :3, :3], axis=1), dtype=np.float32)

    def rows(self) -> npt.NDArray[np.float32]:
        """One row a thing that says all about it, for telling which things changed."""
        rows = np.empty((len(self), _ROW), dtype=np.float32)
        rows[:, 0], rows[:, 1] = self.shapes, self.labels
        rows[:, 2] = np.ascontiguousarray(self.idents).view(np.float32)
        rows[:, 3:19] = self.matrices.reshape(-1, 16)
        rows[:, 19:] = self.tints
        return rows


@dataclass(frozen=True, slots=True)
class Places:
    """Where things fall in a picture: boxes in pixels (x0, y0, x1, y1), distances and longest sides in pixels."""

    boxes_px: FloatArray  # (n, 4); the whole picture for what reaches behind the camera
    depths_m: FloatArray  # (n,) of the nearest corner along the optical axis
    sides_px: FloatArray  # (n,)
    visible: npt.NDArray[np.bool_]  # (n,)


def camera_matrix(camera: Camera) -> FloatArray:
    """(4, 4): the floor frame to the camera's frame (z forward, x right, y down)."""
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_matrix(camera.rotation_vector)
    matrix[:3, 3] = -matrix[:3, :3] @ np.asarray(camera.position_m)
    return matrix


def places(camera: Camera, things: Things) -> Places:
    """Where things fall in the picture of a camera without distortion."""
    width, height = camera.size_px
    view = camera_matrix(camera)
    joined = view[:3] @ things.matrices.astype(np.float64)  # (n, 3, 4)
    corners = np.einsum("nij,kj->nki", joined[:, :, :3], _CORNERS) + joined[:, None, :, 3]
    nearest, farthest = corners[:, :, 2].min(axis=1), corners[:, :, 2].max(axis=1)
    depth = np.maximum(corners[:, :, 2:], NEAR_M)
    pixels = corners[:, :, :2] / depth * camera.focal_px + np.asarray(camera.centre_px)
    boxes = np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1)
    boxes[nearest < NEAR_M] = (-1.0, -1.0, width, height)
    middle = np.maximum((nearest + farthest) / 2, NEAR_M)
    sides = things.sizes_m.max(axis=1) / middle * max(camera.focal_px) if len(things) else np.zeros(0)
    visible = (
        (farthest > NEAR_M)
        & (nearest < FAR_M)
        & (boxes[:, 2] >= -0.5)
        & (boxes[:, 0] <= width - 0.5)
        & (boxes[:, 3] >= -0.5)
        & (boxes[:, 1] <= height - 0.5)
    )
    return Places(boxes, nearest, np.asarray(sides), visible)


def grades(found: Places) -> npt.NDArray[np.int32]:
    """(n,) FINE or COARSE."""
    return (found.sides_px < COARSE_BELOW_PX).astype(np.int32)


def near_first(found: Places) -> npt.NDArray[np.intp]:
    """The visible things, nearest first: what they hide then costs little."""
    order = np.argsort(found.depths_m, kind="stable")
    return np.asarray(order[found.visible[order]])

"""Which points a camera sees: the pinhole model, without the walls between.

Enough to find a facing that no camera can possibly see; occlusion by people and goods is `vision`'s business.
"""

from __future__ import annotations

import numpy as np

from aisle.store.model import Camera, Facing, FloatArray, Shelf

Point = tuple[float, float, float]


def rotation_matrix(vector: Point) -> FloatArray:
    """Rodrigues' formula: the (3, 3) rotation about `vector` by its length in radians."""
    v = np.asarray(vector, dtype=np.float64)
    angle = float(np.linalg.norm(v))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = v / angle
    K = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    R: FloatArray = np.eye(3) + np.sin(angle) * K + (1.0 - np.cos(angle)) * (K @ K)
    return R


def rotation_vector(matrix: FloatArray) -> Point:
    """The inverse of `rotation_matrix`: axis times angle, the angle in [0, pi]."""
    R = np.asarray(matrix, dtype=np.float64)
    angle = float(np.arccos(np.clip((np.trace(R) - 1.0) / 2.0, -1.0, 1.0)))
    axis = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    length = float(np.linalg.norm(axis))
    if length < 1e-9 and angle < 1.0:
        return (0.0, 0.0, 0.0)
    if length < 1e-9:  # half a turn: the axis is the eigenvector of R for 1, read off the largest diagonal
        S = (R + np.eye(3)) / 2.0
        axis = S[:, int(np.argmax(np.diag(S)))]
        length = float(np.linalg.norm(axis))
    x, y, z = axis / length * angle
    return (float(x), float(y), float(z))


def look_at(position_m: Point, target_m: Point) -> Point:
    """The rotation vector of a level camera at `position_m` with `target_m` in the middle of its picture."""
    forward = np.subtract(target_m, position_m).astype(np.float64)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    if np.linalg.norm(right) < 1e-6:  # straight up or down: the floor's x axis runs to the right
        right = np.array([1.0, 0.0, 0.0])
    right /= np.linalg.norm(right)
    return rotation_vector(np.stack([right, np.cross(forward, right), forward]))


def project(camera: Camera, points_m: FloatArray) -> FloatArray:
    """Floor-frame points (n, 3) -> pixels (n, 2), NaN for points behind the camera; lens distortion left out."""
    R = rotation_matrix(camera.rotation_vector)
    X = (np.asarray(points_m, dtype=np.float64) - np.asarray(camera.position_m)) @ R.T
    depth = np.where(X[:, 2] > 1e-6, X[:, 2], np.nan)
    return np.asarray(X[:, :2] / depth[:, None] * np.asarray(camera.focal_px) + np.asarray(camera.centre_px))


def sees(camera: Camera, shelf: Shelf, facing: Facing, is_top: bool) -> bool:
    """Whether the middle of the facing's front edge lies in the camera's picture.

    A camera behind the shelf's front sees it only from above, on the topmost board.
    """
    middle = np.array([shelf.world((facing.x0_m + facing.x1_m) / 2, 0.0, 0.05)])
    if not is_top and shelf.local(np.asarray(camera.position_m))[1] > 0:
        return False
    u, v = project(camera, middle)[0]
    return bool(0 <= u < camera.size_px[0] and 0 <= v < camera.size_px[1])

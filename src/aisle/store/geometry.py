"""Between the floor and a camera's picture: pinhole, lens distortion, rays; without the walls between.

Occlusion by people and goods is `vision`'s business.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from aisle.store.model import Camera, Facing, FloatArray, Shelf

Point = tuple[float, float, float]
Flags = npt.NDArray[np.bool_]


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
    """Floor-frame points (n, 3) -> pixels (n, 2) through the lens; NaN for points behind the camera."""
    R = rotation_matrix(camera.rotation_vector)
    X = (np.asarray(points_m, dtype=np.float64) - np.asarray(camera.position_m)) @ R.T
    depth = np.where(X[:, 2] > 1e-6, X[:, 2], np.nan)
    return np.asarray(distorted(camera, X[:, :2] / depth[:, None]) * camera.focal_px + np.asarray(camera.centre_px))


def distorted(camera: Camera, points: FloatArray) -> FloatArray:
    """Normalised image points (n, 2) of a perfect lens -> those of this camera's (Brown-Conrady, OpenCV's order).

    Far outside the picture the polynomial folds back on itself; such points are left undistorted.
    """
    if not any(camera.distortion):
        return points
    k1, k2, p1, p2, k3, k4, k5, k6 = (*camera.distortion, *(0.0,) * (8 - len(camera.distortion)))
    x, y = points[:, 0], points[:, 1]
    r2 = x * x + y * y
    radial = (1.0 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1.0 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    bent = np.stack(
        [
            x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x),
            y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y,
        ],
        axis=1,
    )
    corner = np.maximum(camera.centre_px, np.subtract(camera.size_px, camera.centre_px)) / np.asarray(camera.focal_px)
    return np.asarray(np.where((r2 > 2.5 * float(corner @ corner))[:, None], points, bent))


def undistorted(camera: Camera, pixels: FloatArray, rounds: int = 12) -> FloatArray:
    """Pixels (n, 2) -> normalised image points (n, 2) of a perfect lens, by fixed-point iteration."""
    seen = (np.asarray(pixels, dtype=np.float64) - np.asarray(camera.centre_px)) / np.asarray(camera.focal_px)
    if not any(camera.distortion):
        return np.asarray(seen)
    points = seen
    for _ in range(rounds):
        points = points + (seen - distorted(camera, points))
    return np.asarray(points)


def rays(camera: Camera, pixels: FloatArray) -> FloatArray:
    """Unit directions (n, 3) in the floor frame, from the camera through pixels (n, 2)."""
    points = undistorted(camera, pixels)
    directions = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ rotation_matrix(camera.rotation_vector)
    return np.asarray(directions / np.linalg.norm(directions, axis=1, keepdims=True))


def at_height(camera: Camera, pixels: FloatArray, height_m: float | FloatArray) -> FloatArray:
    """Where pixels (n, 2) meet the plane at a height above the floor: (n, 3) metres, NaN where they never do."""
    directions = rays(camera, pixels)
    with np.errstate(divide="ignore", invalid="ignore"):
        far = (np.asarray(height_m) - camera.position_m[2]) / directions[:, 2]
    far = np.where(np.isfinite(far) & (far > 0), far, np.nan)
    return np.asarray(np.asarray(camera.position_m) + far[:, None] * directions)


def inside_outline(points_m: FloatArray, outline_m: FloatArray, slack_m: float) -> Flags:
    """Which points (n, 2) lie within an outline (k, 2), or no farther from its border than `slack_m`: even-odd rule."""
    a, b = outline_m, np.roll(outline_m, -1, axis=0)
    x, y = points_m[:, 0, None], points_m[:, 1, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        crosses = ((a[:, 1] > y) != (b[:, 1] > y)) & (
            x < a[:, 0] + (y - a[:, 1]) * (b[:, 0] - a[:, 0]) / (b[:, 1] - a[:, 1])
        )
    side = b - a
    from_a = points_m[:, None] - a
    along = np.clip((from_a * side).sum(axis=2) / np.maximum((side**2).sum(axis=1), 1e-12), 0.0, 1.0)
    off = from_a - along[..., None] * side
    near = np.hypot(off[..., 0], off[..., 1]).min(axis=1) <= slack_m
    return np.asarray((crosses.sum(axis=1) % 2 == 1) | near)


def sees(camera: Camera, shelf: Shelf, facing: Facing, is_top: bool) -> bool:
    """Whether the middle of the facing's front edge lies in the camera's picture.

    A camera behind the shelf's front sees it only from above, on the topmost board.
    """
    middle = np.array([shelf.world((facing.x0_m + facing.x1_m) / 2, 0.0, 0.05)])
    if not is_top and shelf.local(np.asarray(camera.position_m))[1] > 0:
        return False
    u, v = project(camera, middle)[0]
    return bool(0 <= u < camera.size_px[0] and 0 <= v < camera.size_px[1])

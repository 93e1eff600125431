"""Places on a floor as a known camera sees them, with known errors: the truth calibrations are held against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aisle.store.geometry import look_at, project
from aisle.store.model import Camera, FloatArray
from aisle.vision.calibration.places import Places

FLOOR = ((0.0, 0.0), (7.0, 0.0), (7.0, 6.0), (0.0, 6.0))
MARKS = np.array(
    [(1.6, 2.4, 0), (2.6, 5.1, 0), (6.4, 4.6, 0), (4.2, 3.0, 0), (5.0, 2.0, 0), (2.0, 3.0, 0), (3.0, 4.0, 0),
     (5.5, 4.0, 0), (3.4, 2.2, 0), (1.4, 4.2, 0)], dtype=np.float64,
)  # fmt: skip


def corner_camera(
    position_m: tuple[float, float, float] = (0.3, 0.3, 2.7),
    target_m: tuple[float, float, float] = (3.6, 3.2, 0.6),
    distortion: tuple[float, ...] = (-0.14, 0.04, 0.0008, -0.0006),
) -> Camera:
    """A camera high up in a corner of the shop."""
    turned = look_at(position_m, target_m)
    return Camera("c1", "0", (1280, 720), (760.0, 758.0), (641.0, 357.0), position_m, turned, distortion)


def lost(camera: Camera) -> Camera:
    """The same camera and lens with nothing known of where it hangs."""
    return replace(camera, position_m=(0.0, 0.0, 0.0), rotation_vector=(0.0, 0.0, 0.0))


def clicked(
    camera: Camera,
    points_m: FloatArray,
    generator: np.random.Generator | None = None,
    *,
    sigma_px: float = 1.0,
    sigma_m: float = 0.01,
) -> Places:
    """The places as somebody measures and clicks them; exactly, without a generator."""
    n = len(points_m)
    true, pixels = points_m, project(camera, points_m)
    if generator is not None:
        true = points_m + generator.normal(0.0, sigma_m, points_m.shape)
        pixels = project(camera, true) + generator.normal(0.0, sigma_px, (n, 2))
    return Places(
        tuple(f"mark {k}" for k in range(1, n + 1)),
        points_m,
        pixels,
        np.full(n, sigma_px),
        np.arange(n),
        np.full(n, sigma_m),
        np.zeros(n),
    )

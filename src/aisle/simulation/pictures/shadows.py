"""Shadows people cast on the floor: soft ellipses under the body and dark ones under the feet.

Many lamps make many faint shadows that run into one soft patch, and daylight draws it out away from the window; where
soles touch, nothing reaches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aisle.simulation.pictures.scene import Figure, Float32, Light
from aisle.store.model import FloatArray

HEIGHT_M = 0.004
"""Above the floor: higher than the floor's own unevenness, lower than everything that stands on it."""
_SOLE_M = 0.1


@dataclass(frozen=True, slots=True)
class Blobs:
    """k ellipses on the floor, darkest in the middle: a point p is inside when |inverse (p - middle)| < 1."""

    middles_m: Float32  # (k, 2)
    axes_m: Float32  # (k, 2, 2) columns are the half axes
    strengths: Float32  # (k,) share of light taken away in the middle


def blobs_of(figures: Sequence[Figure], light: Light) -> Blobs:
    """The shadows of all figures; those far from the floor cast none."""
    found: list[tuple[FloatArray, FloatArray, float]] = []
    lean = _lean(light)
    for figure in figures:
        points = figure.points_m[::2]  # half of them say as much
        low = points[points[:, 2] < 1.1]
        if len(low) >= 3:
            middle, axes = _ellipse(low[:, :2].astype(np.float64), 2.6, 0.26)
            found.append((middle + 0.35 * lean, _stretched(axes, lean), 0.42))
        soles = points[points[:, 2] < _SOLE_M, :2].astype(np.float64)
        for foot in _feet(soles):
            middle, axes = _ellipse(foot, 2.5, 0.07)
            found.append((middle, axes, 0.6))
    return Blobs(
        np.array([m for m, _, _ in found], dtype=np.float32).reshape(-1, 2),
        np.array([a for _, a, _ in found], dtype=np.float32).reshape(-1, 2, 2),
        np.array([s for _, _, s in found], dtype=np.float32),
    )


def _lean(light: Light) -> FloatArray:
    """Where daylight pushes the shadow, at most half a metre a metre of height."""
    sun = np.asarray(light.sun, dtype=np.float64)
    share = sum(light.sun_colour) / max(sum(light.sun_colour) + sum(light.lamp_colour) + sum(light.ambient), 1e-9)
    return np.asarray(-sun[:2] / max(float(sun[2]), 0.5) * share)


def _ellipse(points: FloatArray, spread: float, least_m: float) -> tuple[FloatArray, FloatArray]:
    middle = points.mean(axis=0)
    values, vectors = _spread(points - middle)
    return middle, vectors * np.maximum(spread * np.sqrt(np.maximum(values, 0.0)), least_m)


def _spread(offsets: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Variances along the two main axes, ascending, and those axes as columns."""
    return np.linalg.eigh(offsets.T @ offsets / len(offsets))


def _stretched(axes: FloatArray, lean: FloatArray) -> FloatArray:
    """The ellipse drawn out along `lean`."""
    length = float(np.linalg.norm(lean))
    if length < 1e-6:
        return axes
    along = lean / length
    return np.asarray((np.eye(2) + 1.2 * length * np.outer(along, along)) @ axes)


def _feet(soles: FloatArray) -> list[FloatArray]:
    """The points near the floor, parted into left and right where they lie apart."""
    if len(soles) < 6:
        return []
    offset = soles - soles.mean(axis=0)
    _, vectors = _spread(offset)
    along = offset @ vectors[:, 1]
    return [foot for foot in (soles[along > 0], soles[along <= 0]) if len(foot) >= 3]

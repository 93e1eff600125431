"""Light and surface as numbers both renderers read: lamps in a coarse grid, and noise for folds, hair and plaster.

A grid of directed light costs one look-up a pixel however many lamps hang from the ceiling.  Every cell holds the first
four spherical-harmonic coefficients of what all lamps send there (R. Ramamoorthi and P. Hanrahan, "An efficient
representation for irradiance environment maps", SIGGRAPH 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from aisle.simulation.pictures.openness import Openness
from aisle.simulation.pictures.scene import Float32, Light

CELL_M = 0.3
NOISE_CELLS = 32


@dataclass(frozen=True, slots=True)
class LampGrid:
    """`values` (nz, ny, nx, 4): light on a surface with normal n is max(0, w + (x, y, z) . n); the first cell's middle
    lies at `origin_m`."""

    origin_m: tuple[float, float, float]
    cell_m: float
    values: Float32


def lamp_grid(light: Light, room: Openness) -> LampGrid:
    """The light of the lamps in the space the openness grid covers; a lamp sends 1 / (1 + d^2), most of it down."""
    shape = np.array(room.values.shape[::-1])
    extent = (shape - 1) * room.cell_m
    counts = np.ceil(extent / CELL_M).astype(int) + 1
    z, y, x = np.meshgrid(*(np.arange(counts[k]) * CELL_M + room.origin_m[k] for k in (2, 1, 0)), indexing="ij")
    cells = np.stack([x, y, z], axis=-1)
    values = np.zeros((*cells.shape[:3], 4), dtype=np.float64)
    for lamp in np.asarray(light.lamps_m, dtype=np.float64).reshape(-1, 3):
        towards = lamp - cells
        square = np.maximum((towards**2).sum(axis=-1, keepdims=True), 0.04)
        towards /= np.sqrt(square)
        strength = (0.3 + 0.7 * np.clip(towards[..., 2:], 0.0, 1.0)) / (1.0 + square)
        values[..., :3] += 0.5 * strength * towards
        values[..., 3:] += 0.25 * strength
    return LampGrid(room.origin_m, CELL_M, values.astype(np.float32))


@cache
def noise_grid() -> Float32:
    """(32, 32, 32, 4): a smooth, repeating noise; first its gradient (x, y, z), then its value, all within -1..1."""
    rng = np.random.default_rng(0x0F01D5)
    coarse = gaussian_filter(rng.normal(size=(16, 16, 16)), 0.6, mode="wrap")
    value = zoom(coarse, NOISE_CELLS / 16, order=3, mode="grid-wrap", grid_mode=True)
    value /= np.abs(value).max()
    slope = [(np.roll(value, -1, axis) - np.roll(value, 1, axis)) for axis in (2, 1, 0)]
    grid = np.stack([*slope, value], axis=-1)
    grid[..., :3] /= np.abs(grid[..., :3]).max()
    return np.ascontiguousarray(grid, dtype=np.float32)

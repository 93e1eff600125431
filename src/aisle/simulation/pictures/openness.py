"""How open to the room every point of the shop is: soft shadows under boards, in corners and beside gondolas.

The building's boxes are put into a coarse grid; light then walks through it layer by layer, from the ceiling downwards
and from the four walls inwards, is blocked where matter is and spreads a little at every step.  One grid a building is
enough for both renderers; goods are too small to matter to it.  The method is a propagation volume in the spirit of
A. Kaplanyan and C. Dachsbacher, "Cascaded light propagation volumes for real-time indirect illumination", I3D 2010,
reduced to one number a cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from aisle.simulation.pictures.drawlist import Things
from aisle.simulation.pictures.scene import Float32
from aisle.store.model import FloatArray

CELL_M = 0.07
_SPREAD = np.array([0.25, 0.5, 0.25], dtype=np.float32)
_DOWN_SHARE = 0.6
_LARGEST_CELLS = 6_000_000


@dataclass(frozen=True, slots=True)
class Openness:
    """`values` (nz, ny, nx) from 0 (closed in) to 1 (open); cell (0, 0, 0) has its middle at `origin_m`."""

    origin_m: tuple[float, float, float]
    cell_m: float
    values: Float32


def openness_of(structure: Things) -> Openness:
    """The openness round things that belong to the building (their shapes are taken as boxes)."""
    if not len(structure):
        return Openness((0.0, 0.0, 0.0), 1.0, np.ones((1, 1, 1), dtype=np.float32))
    low, high = _reach(structure)
    cell = max(CELL_M, float(np.prod(high - low) / _LARGEST_CELLS) ** (1 / 3))
    counts = np.ceil((high - low) / cell).astype(int) + 1
    clear = _clear(structure, low, cell, counts)
    down = _walked(clear[::-1], entering=_inside(clear[::-1], clearance=3))[::-1]  # lamps hang under the ceiling
    across = np.zeros_like(clear)
    for axis, backwards in ((1, False), (1, True), (2, False), (2, True)):
        turned = np.moveaxis(clear, axis, 0)
        turned = turned[::-1] if backwards else turned
        walked = _walked(np.ascontiguousarray(turned), entering=_inside(turned))
        across += np.moveaxis(walked[::-1] if backwards else walked, 0, axis)
    values = _DOWN_SHARE * down + (1.0 - _DOWN_SHARE) * across / 4.0
    return Openness((float(low[0]), float(low[1]), float(low[2])), cell, np.ascontiguousarray(values, dtype=np.float32))


def _reach(structure: Things) -> tuple[FloatArray, FloatArray]:
    """The box round everything, never below the floor."""
    half = np.abs(structure.matrices[:, :3, :3].astype(np.float64)) @ np.array([0.5, 0.5, 0.5])
    middle = _middles(structure)
    low, high = (middle - half).min(axis=0), (middle + half).max(axis=0)
    low[2] = max(low[2], -CELL_M)
    return low, np.maximum(high, low + CELL_M)


def _middles(structure: Things) -> FloatArray:
    return np.asarray(structure.matrices[:, :3, 3] + 0.5 * structure.matrices[:, :3, 2], dtype=np.float64)


def _clear(structure: Things, low: FloatArray, cell: float, counts: FloatArray) -> Float32:
    """(nz, ny, nx): how much of the light that enters a cell leaves it."""
    clear = np.ones((counts[2], counts[1], counts[0]), dtype=np.float32)
    sizes = structure.sizes_m.astype(np.float64)
    for matrix, size, middle in zip(structure.matrices, sizes, _middles(structure), strict=True):
        axes = matrix[:3, :3].astype(np.float64) / np.maximum(size, 1e-9)
        half = np.abs(axes) @ (size / 2 + cell)
        first = np.clip(np.floor((middle - half - low) / cell).astype(int), 0, counts - 1)
        last = np.clip(np.ceil((middle + half - low) / cell).astype(int), 0, counts - 1) + 1
        grid = [low[k] + cell * np.arange(first[k], last[k]) - middle[k] for k in range(3)]
        z, y, x = np.meshgrid(grid[2], grid[1], grid[0], indexing="ij")
        share = np.ones_like(x)
        for axis, length in zip(axes.T, size, strict=True):
            offset = np.abs(axis[0] * x + axis[1] * y + axis[2] * z)
            share *= np.clip((max(length, cell) / 2 + cell / 2 - offset) / cell, 0.0, 1.0)
        part = clear[first[2] : last[2], first[1] : last[1], first[0] : last[0]]
        part *= (1.0 - np.minimum(1.0, 1.6 * share)).astype(np.float32)
    return clear


def _inside(layers: Float32, clearance: int = 0) -> int:
    """The first layer within the building's shell (plus some `clearance`): light starts there."""
    shell = layers[: max(1, len(layers) // 4)].reshape(max(1, len(layers) // 4), -1).mean(axis=1) < 0.5
    return int(np.flatnonzero(shell)[-1]) + 1 + clearance if shell.any() else 0


def _walked(clear: Float32, entering: int = 0) -> Float32:
    """Light that enters at layer `entering` at full strength and walks through the layers in order."""
    out = np.ones_like(clear)
    light = np.ones(clear.shape[1:], dtype=np.float32)
    for layer in range(entering, len(clear)):
        light = np.asarray(cv2.sepFilter2D(light, -1, _SPREAD, _SPREAD, borderType=cv2.BORDER_REPLICATE))
        out[layer] = light
        light = light * clear[layer]
    return out

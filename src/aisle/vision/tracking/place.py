"""The floor as the tracker needs it: where people may be, where they come in, where they leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.store.geometry import inside_outline
from aisle.store.model import Camera, FloatArray, Gate

AROUND_M = 12.0
"""Without an outline the floor is taken to reach so far from the cameras."""
SLACK_M = 0.25
"""Estimates of people at a wall may fall this far outside."""


@dataclass(frozen=True)
class Place:
    """`outline_m` (k, 2) may be empty (no border); `entries_m` and `exits_m` are the middles of the gates (n, 2)."""

    outline_m: FloatArray
    entries_m: FloatArray
    exits_m: FloatArray
    low_m: FloatArray
    high_m: FloatArray

    @classmethod
    def of(cls, cameras: Sequence[Camera], floor_m: Sequence[tuple[float, float]], gates: Sequence[Gate]) -> Place:
        outline = np.array(floor_m, dtype=np.float64).reshape(-1, 2)
        middles = {
            gate.gate_id: ((gate.a_m[0] + gate.b_m[0]) / 2, (gate.a_m[1] + gate.b_m[1]) / 2, gate.kind)
            for gate in gates
        }
        entries = [m[:2] for m in middles.values() if m[2] != "exit"]
        exits = [m[:2] for m in middles.values() if m[2] != "entry"]
        if len(outline):
            low, high = outline.min(axis=0), outline.max(axis=0)
        else:
            hung = np.array([camera.position_m[:2] for camera in cameras], dtype=np.float64).reshape(-1, 2)
            low, high = hung.min(axis=0) - AROUND_M, hung.max(axis=0) + AROUND_M
        return cls(outline, np.array(entries).reshape(-1, 2), np.array(exits).reshape(-1, 2), low, high)

    def inside(self, points_m: FloatArray) -> npt.NDArray[np.bool_]:
        """Whether points (n, 2) are on the floor, give or take `SLACK_M`."""
        if not len(self.outline_m):
            return np.ones(len(points_m), dtype=bool)
        return inside_outline(points_m, self.outline_m, SLACK_M)

    @staticmethod
    def near(points_m: FloatArray, gates_m: FloatArray, within_m: float) -> npt.NDArray[np.bool_]:
        """Whether points (n, 2) are within `within_m` of any of the gates (k, 2)."""
        if not len(gates_m):
            return np.zeros(len(points_m), dtype=bool)
        off = points_m[:, None] - gates_m
        return np.asarray((np.hypot(off[..., 0], off[..., 1]) < within_m).any(axis=1))

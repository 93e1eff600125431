"""Where plates lie along a shelf: the small arithmetic that loaders, the example and checks share."""

from __future__ import annotations

from itertools import pairwise

# A facing that only grazes a plate does not stand on it: packs are rounder than their planogram.
GRAZE_M = 0.005


def even_edges(plates: int, width_m: float) -> tuple[float, ...]:
    """The plates + 1 borders of equal plates of `width_m`, from 0, free of accumulated rounding."""
    return tuple(round(i * width_m, 9) for i in range(plates + 1))


def plates_touched(edges_m: tuple[float, ...], x0_m: float, x1_m: float) -> tuple[int, ...]:
    """1-based plates that the stretch [x0_m, x1_m] stands on: those it overlaps by more than a graze.

    A stretch too narrow to reach beyond the graze anywhere stands on the plate it overlaps most; one wholly
    beside the plates stands on none.
    """
    overlaps = [min(right, x1_m) - max(left, x0_m) for left, right in pairwise(edges_m)]
    touched = tuple(plate for plate, overlap in enumerate(overlaps, start=1) if overlap > GRAZE_M)
    if touched or not overlaps or max(overlaps) < 0:
        return touched
    return (overlaps.index(max(overlaps)) + 1,)

"""How good people's places on the floor are, for made detections, rendered cameras and real ones alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from aisle.bench.mot_metrics import FloatArray, IntArray, Moment, MotScores, floor_similarity, score

FloorFrame = tuple[IntArray, FloatArray]
"""Ids (n,) and places (n, 2) in metres of one frame."""


@dataclass(frozen=True, slots=True)
class FloorScores:
    """`error_median_m`, `error_p90_m` of matched people; `switches_per_10_min` are identity switches by CLEAR-MOT."""

    error_median_m: float
    error_p90_m: float
    switches_per_10_min: float
    tracks: MotScores


def judged_floor(truth: Sequence[FloorFrame], found: Sequence[FloorFrame], within_m: float) -> MotScores:
    """Scores on the ground plane: found people match true ones within `within_m`."""
    if len(truth) != len(found):
        raise ValueError(f"{len(found)} frames found for {len(truth)} true ones; there must be one for each")
    return score(
        [
            Moment(t_ids, f_ids, floor_similarity(t_places, f_places, within_m))
            for (t_ids, t_places), (f_ids, f_places) in zip(truth, found, strict=True)
        ]
    )


def score_floor_tracks(
    truth: Sequence[FloorFrame], found: Sequence[FloorFrame], seconds: float, within_m: float = 0.5
) -> FloorScores:
    """Judge tracks on the floor: per frame the true ids and places and the found ones, over `seconds` in all.

    A frame's pairs for the error are the nearest ones within `within_m`, whatever their ids.
    """
    tracks = judged_floor(truth, found, within_m)
    errors = [_errors(t_places, f_places, within_m) for (_, t_places), (_, f_places) in zip(truth, found, strict=True)]
    every = np.concatenate(errors or [np.zeros(0)])
    median, high = np.percentile(every, (50, 90)) if len(every) else (np.nan, np.nan)
    return FloorScores(float(median), float(high), tracks.switches * 600.0 / seconds, tracks)


def _errors(truth_m: FloatArray, found_m: FloatArray, within_m: float) -> FloatArray:
    off = truth_m[:, None] - found_m[None]
    far = np.hypot(off[..., 0], off[..., 1])
    rows, columns = linear_sum_assignment(np.minimum(far, within_m))
    paired = far[rows, columns]
    return np.asarray(paired[paired < within_m])

"""What a people tracker would say about the simulated people: noisy, biased, sometimes blind."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.simulation.dynamics import Dynamics
from aisle.simulation.people import Person
from aisle.store.model import FloatArray

Float32 = npt.NDArray[np.float32]
NEIGHBOUR_M = 0.8


@dataclass(frozen=True, slots=True)
class Frames:
    """All frames of one recording: n moments, k people.

    `ids[j]` are the track ids of person j with the time from which each holds; `seen` (n, k),
    `heads_m` (n, k, 3), `wrists_m` (n, k, 2, 3), scores alike; NaN where not seen.
    """

    t: FloatArray
    ids: tuple[tuple[tuple[float, str], ...], ...]
    seen: npt.NDArray[np.bool_]
    heads_m: Float32
    head_scores: Float32
    wrists_m: Float32
    wrist_scores: Float32

    def id_at(self, person: int, t: float) -> str:
        return [name for since, name in self.ids[person] if since <= t][-1]

    @property
    def links(self) -> dict[str, str]:
        """Every track id -> the id its person got at the entrance."""
        return {name: names[0][1] for names in self.ids for _, name in names}


def track(people: list[Person], duration_s: float, dynamics: Dynamics, rng: np.random.Generator) -> Frames:
    """Watch `people` for `duration_s` seconds."""
    d = dynamics
    hz = float(rng.uniform(*d.track_hz))
    n, k = int(duration_s * hz), len(people)
    t = np.sort(np.arange(n) / hz + rng.normal(0, 0.004, n))
    t = np.maximum(t, 0.0)
    heads, wrists = np.full((n, k, 3), np.nan), np.full((n, k, 2, 3), np.nan)
    truth, seen = np.full((n, k, 3), np.nan), np.zeros((n, k), dtype=bool)
    ids = []
    for j, who in enumerate(people):
        a, b = np.searchsorted(t, (who.t_in, who.t_out))
        names = [(-math.inf, who.ident)]
        here = t[a:b]
        m = len(here)
        if m > 1:
            pose = who.pose(here, phase=float(rng.uniform(0, 6.28)))
            truth[a:b, j] = pose.head_m
            bias = _wander(here, d.head_bias_m, rng)
            heads[a:b, j] = pose.head_m + bias + rng.normal(0, d.head_noise_m, (m, 3))
            hand_noise = rng.normal(0, d.wrist_noise_m, (m, 2, 3)) + _wander(here, 0.6 * d.wrist_noise_m, rng)[:, None]
            wrists[a:b, j] = pose.wrists_m + 0.5 * bias[:, None] + hand_noise
            blind = rng.random((m, 2)) < d.wrist_missing + d.wrist_hidden_at_shelf * pose.reaching
            wrists[a:b, j][blind] = np.nan
            visible = np.ones(m, dtype=bool)
            for start, end in _losses(here, d.dropout_per_min, d.dropout_s, rng):
                visible &= (here < start) | (here > end)
            for start, end in _losses(here, d.lost_per_min, d.lost_s, rng):
                if who.t_in + 1.5 < start and end < who.t_out - 0.5:
                    visible &= (here < start) | (here > end)
                    names.append((end, str(rng.integers(10**14, 10**15))))
            seen[a:b, j] = visible
        ids.append(tuple(names))
    if d.wrong_wrist > 0:
        _mistake_wrists(truth, wrists, seen, d.wrong_wrist, rng)
    heads[~seen], wrists[~seen] = np.nan, np.nan
    head_scores = np.clip(rng.normal(0.9, 0.05, (n, k)), 0.4, 0.99)
    wrist_scores = np.where(np.isnan(wrists[..., 0]), 0.0, np.clip(rng.normal(0.82, 0.1, (n, k, 2)), 0.2, 0.99))
    return Frames(
        t,
        tuple(ids),
        seen,
        heads.astype(np.float32),
        head_scores.astype(np.float32),
        wrists.astype(np.float32),
        wrist_scores.astype(np.float32),
    )


def _wander(t: FloatArray, sd: float, rng: np.random.Generator) -> FloatArray:
    """A slow error (len(t), 3), renewed about every two seconds."""
    knots = np.arange(t[0], t[-1] + 4.0, 2.0)
    values = rng.normal(0, sd, (len(knots), 3))
    return np.stack([np.interp(t, knots, values[:, d]) for d in range(3)], axis=1)


def _losses(
    t: FloatArray, per_min: float, lasts: tuple[float, float], rng: np.random.Generator
) -> list[tuple[float, float]]:
    count = int(rng.poisson(per_min * (t[-1] - t[0]) / 60.0))
    starts = np.sort(rng.uniform(t[0], t[-1], count))
    out: list[tuple[float, float]] = []
    for start in starts:
        if not out or start > out[-1][1] + 0.5:
            out.append((float(start), float(start + rng.uniform(*lasts))))
    return out


def _mistake_wrists(
    truth: FloatArray, wrists: FloatArray, seen: npt.NDArray[np.bool_], chance: float, rng: np.random.Generator
) -> None:
    """Give people the wrist of a neighbour now and then (in place)."""
    original = wrists.copy()
    for j in range(wrists.shape[1]):
        for i in range(wrists.shape[1]):
            if i == j:
                continue
            with np.errstate(invalid="ignore"):
                near = np.hypot(*(truth[:, j, :2] - truth[:, i, :2]).T) < NEIGHBOUR_M
            hit = near & seen[:, i] & seen[:, j] & (rng.random(len(near)) < chance)
            hand = int(rng.integers(2))
            wrists[hit, j, hand] = original[hit, i, hand]

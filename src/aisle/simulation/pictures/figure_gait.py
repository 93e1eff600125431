"""Where the feet of a simulated person are: footprints planned along the way, so that no foot ever slides.

The gait's clock is what has been walked plus what has been turned (`progress_m`), never time: a foot stands on its
footprint for 60 % of a cycle and swings to the next for the rest (Perry, "Gait analysis", 1992).  Standing still adds
a closing step after a stop and a first step before the body goes; turning on the spot takes steps too.  All of it
follows from the script, so every moment can be asked for on its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.simulation.people import Person
from aisle.store.model import FloatArray

STEP_S = 1.0 / 30.0
STANCE = 0.3  # of a cycle, before and after the middle of the stance
TURN_M = 0.42  # walked per radian turned on the spot
STILL_M_S = 0.03
REST_S = 0.3  # shorter pauses do not close the feet
TURNING_S = 0.7  # a change of direction is spread over this long
HALF_WIDTH_M = 0.085  # of a track, at 1.75 m
HEEL_STRIKE, HEEL_OFF = 0.30, -0.62  # rad


@dataclass(frozen=True, slots=True)
class Feet:
    """Both feet at one moment, floor frame: where each stands or swings, `at_m` (2, 2); lifted by `lift_m` (2,);
    turned by `yaw_rad` (2,); pitched about heel (> 0) or ball (< 0) by `pitch_rad` (2,), toes bent by `toe_rad`."""

    at_m: FloatArray
    yaw_rad: FloatArray
    lift_m: FloatArray
    pitch_rad: FloatArray
    toe_rad: FloatArray
    planted: npt.NDArray[np.bool_]


class Walk:
    """The way of one person through the shop, and the footprints on it; `scale` is stature / 1.75 m."""

    def __init__(self, who: Person, scale: float) -> None:
        steps = np.array(sorted(who.steps), float)
        turns = np.array(sorted(who.turns), float)
        end = who.t_out if math.isfinite(who.t_out) else max(steps[-1, 0], turns[-1, 0]) + 2.0
        self.t = np.arange(who.t_in - 0.5, end + 0.5 + STEP_S, STEP_S)
        self.scale = scale
        self.cycle_m = scale * (0.70 + 0.33 * who.body.pace_m_s)
        around = self.t[:, None] + np.linspace(-0.2, 0.2, 5)
        self.xy_m: FloatArray = np.stack(
            [np.interp(around, steps[:, 0], steps[:, d]).mean(axis=1) for d in (1, 2)], axis=1
        )
        self.yaw_rad = _facing(self.t, turns)
        speed = np.hypot(*np.gradient(self.xy_m, STEP_S, axis=0).T)
        self.going = np.clip(_averaged(speed, 0.5) / max(who.body.pace_m_s, 0.3), 0.0, 1.1)
        turning = np.abs(np.gradient(self.yaw_rad, STEP_S))
        self._plan(np.minimum(speed + TURN_M * scale * turning, 2.6 * scale))

    def _plan(self, rate: FloatArray) -> None:
        """Progress over time, and a footprint for each stance that falls into it.

        A rest begins with a closing step, up to the next phase at which both feet stand (a quarter past a middle of
        a stance), and ends with an opening one, a quarter of a cycle long.
        """
        cycle, n = self.cycle_m, len(self.t)
        still = rate < STILL_M_S
        edges = np.flatnonzero(np.diff(np.r_[False, still, False].astype(int))).reshape(-1, 2)
        rests = [(a, b) for a, b in edges if b - a >= REST_S / STEP_S]
        moved = np.where(still, 0.0, rate) * STEP_S
        merged: list[tuple[int, int]] = []
        for a, b in rests:  # a shuffle of a few centimetres is none
            if merged and moved[merged[-1][1] : a].sum() < 0.06 * cycle:
                moved[merged[-1][1] : a] = 0.0
                merged[-1] = (merged[-1][0], b)
            else:
                merged.append((a, b))
        progress, start, total = np.empty(n), 0, 0.25 * cycle
        stands: list[tuple[float, int]] = []
        for a, b in merged:
            walked = total + np.cumsum(moved[start:a])
            progress[start:a] = walked
            total = float(walked[-1]) if a > start else total
            rest = total
            if a > 0:
                half = cycle / 2
                rest = (math.ceil((total + 0.2 * cycle - 0.25 * cycle) / half) + 0.5) * half
            leave = rest + (0.25 * cycle if b < n else 0.0)
            close, open_ = min(0.7, 0.6 * (b - a) * STEP_S), min(0.35, 0.35 * (b - a) * STEP_S)
            since, until = np.arange(b - a) * STEP_S, np.arange(b - a, 0, -1) * STEP_S
            progress[a:b] = total + (rest - total) * np.clip(since / close, 0, 1) if a > 0 else rest
            progress[a:b] += (leave - rest) * np.clip(1 - until / open_, 0, 1)
            stands.append((rest, (a + b) // 2))
            start, total = b, leave
        if start < n:
            progress[start:] = total + np.cumsum(moved[start:])
        self.progress_m = np.maximum.accumulate(progress)
        self._footprints(stands)

    def _footprints(self, stands: list[tuple[float, int]]) -> None:
        """`_prints[side]` (k, 3): x, y, yaw of stance number `_first` + k of that side (left: whole cycles)."""
        cycle = self.cycle_m
        self._first = math.floor(self.progress_m[0] / cycle) - 2
        count = math.ceil(self.progress_m[-1] / cycle) + 3 - self._first
        grid = np.arange(len(self.t), dtype=float)
        rising = self.progress_m + grid * 1e-9
        self._prints = np.empty((2, count, 3))
        for side in (0, 1):
            middles = (self._first + np.arange(count) + 0.5 * side) * cycle
            at = np.interp(middles, rising, grid)
            for rest, moment in stands:
                at = np.where(np.abs(middles - rest) < STANCE * cycle, moment, at)
            low = np.minimum(at.astype(int), len(self.t) - 2)
            part = at - low
            xy = self.xy_m[low] * (1 - part)[:, None] + self.xy_m[low + 1] * part[:, None]
            yaw = self.yaw_rad[low] * (1 - part) + self.yaw_rad[low + 1] * part
            aside = HALF_WIDTH_M * self.scale * (1 if side == 0 else -1)
            self._prints[side, :, 0] = xy[:, 0] - aside * np.sin(yaw)
            self._prints[side, :, 1] = xy[:, 1] + aside * np.cos(yaw)
            self._prints[side, :, 2] = yaw

    # ------------------------------------------------------------- at a moment
    def at(self, t: float) -> tuple[FloatArray, float, float, float]:
        """Place (2,), facing (rad), how briskly they go (0..1) and the gait's phase (rad, left mid-stance at 0)."""
        i = min(max((t - self.t[0]) / STEP_S, 0.0), len(self.t) - 1.001)
        low = int(i)
        u = i - low
        xy: FloatArray = self.xy_m[low] * (1 - u) + self.xy_m[low + 1] * u
        yaw, going, progress = (
            float(v[low] * (1 - u) + v[low + 1] * u) for v in (self.yaw_rad, self.going, self.progress_m)
        )
        return xy, yaw, going, 2 * math.pi * progress / self.cycle_m

    def feet(self, phase: float) -> Feet:
        """Both feet at a phase of the gait."""
        at, yaw, lift, pitch, toe, planted = (
            np.empty((2, 2)),
            np.empty(2),
            np.zeros(2),
            np.zeros(2),
            np.zeros(2),
            [True, True],
        )
        for side in (0, 1):
            turns = phase / (2 * math.pi) - 0.5 * side
            k = round(turns)
            p = turns - k
            i = k - self._first
            here = self._prints[side, i]
            back, on = self._prints[side, i - 1], self._prints[side, min(i + 1, self._prints.shape[1] - 1)]
            came, goes = _share(here, back, self.cycle_m), _share(on, here, self.cycle_m)
            if abs(p) <= STANCE:
                at[side], yaw[side] = here[:2], here[2]
                q = p + STANCE
                pitch[side] = came * HEEL_STRIKE * _ramp(0.10, 0.0, q) + goes * HEEL_OFF * _ramp(0.36, 0.6, q)
                toe[side] = max(0.0, -pitch[side])
                continue
            planted[side] = False
            (a, b), q = ((here, on), (p - STANCE) / 0.4) if p > 0 else ((back, here), (p + 1 - STANCE) / 0.4)
            share = goes if p > 0 else came
            u = q * q * (3 - 2 * q)
            at[side] = a[:2] * (1 - u) + b[:2] * u
            yaw[side] = a[2] * (1 - u) + b[2] * u
            lift[side] = (0.025 + 0.025 * share) * math.sin(math.pi * q) ** 1.5 * self.scale
            pitch[side] = share * (HEEL_OFF * _ramp(0.5, 0.0, q) + HEEL_STRIKE * _ramp(0.45, 1.0, q))
            toe[side] = max(0.0, -share * HEEL_OFF * _ramp(0.35, 0.0, q))
        return Feet(at, yaw, lift, pitch, toe, np.array(planted))


def _share(a: FloatArray, b: FloatArray, cycle_m: float) -> float:
    return min(1.0, math.hypot(a[0] - b[0], a[1] - b[1]) / (0.8 * cycle_m))


def _ramp(low: float, high: float, x: float) -> float:
    u = min(max((x - low) / (high - low), 0.0), 1.0)
    return u * u * (3 - 2 * u)


def _facing(t: FloatArray, turns: FloatArray) -> FloatArray:
    """Direction looked at (n,), turning the short way round and not at once."""
    wanted = np.unwrap(turns[:, 1])
    at = np.clip(np.searchsorted(turns[:, 0], t, side="right") - 1, 0, len(turns) - 1)
    return _averaged(wanted[at], TURNING_S)


def _averaged(values: FloatArray, over_s: float) -> FloatArray:
    half = max(1, round(over_s / STEP_S / 2))
    window = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(values, half, mode="edge")
    out: FloatArray = np.convolve(padded, window / window.sum(), "valid")
    return out

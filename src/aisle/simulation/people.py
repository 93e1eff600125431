"""Simulated people: where they stand, how they reach, and where head and hands are at any time.

A person is a script of facts (feet at a place at a time, turned that way, a hand
at a place from then to then); `pose` turns the script into positions.  Nothing
here knows about trackers: noise and losses are added in `tracks`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from aisle.simulation.dynamics import Dynamics
from aisle.simulation.floor import Point
from aisle.simulation.stock import Item
from aisle.store.model import FloatArray

Role = Literal["customer", "staff"]
LEFT, RIGHT = 0, 1


@dataclass(frozen=True, slots=True)
class Reach:
    """One hand goes to a place and comes back.

    Starts at `t_go`, is there from `t_there` to `t_leave`, back at `t_back` (seconds).
    `wrist_m` is where the wrist then is; `lean_m` how far the shoulder moves for it.
    """

    hand: int
    t_go: float
    t_there: float
    t_leave: float
    t_back: float
    wrist_m: tuple[float, float, float]
    lean_m: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Body:
    """What does not change about a person: lengths in metres, pace in m/s, `hurry` stretches all durations."""

    stature_m: float
    arm_m: float
    hand_m: float
    pace_m_s: float
    hurry: float
    over_lean: float
    head_gain: float  # the head moves this much of what the shoulder does
    first_hand: int

    @classmethod
    def drawn(cls, dynamics: Dynamics, rng: np.random.Generator) -> Body:
        stature = float(rng.uniform(*dynamics.stature_m))
        return cls(
            stature_m=stature,
            arm_m=stature * float(rng.uniform(*dynamics.arm_share)),
            hand_m=float(rng.uniform(*dynamics.hand_m)),
            pace_m_s=float(rng.uniform(*dynamics.pace_m_s)),
            hurry=float(rng.uniform(*dynamics.hurry)),
            over_lean=float(rng.uniform(*dynamics.over_lean)),
            head_gain=float(rng.uniform(0.7, 1.3)),
            first_hand=RIGHT if rng.random() < 0.85 else LEFT,
        )


@dataclass(frozen=True, slots=True)
class Pose:
    """Positions at n moments: feet (n, 2), head (n, 3), wrists (n, 2, 3), and whether that hand reaches (n, 2)."""

    feet_m: FloatArray
    head_m: FloatArray
    wrists_m: FloatArray
    reaching: FloatArray


@dataclass(slots=True)
class Person:
    """Somebody in the shop; `ident` is the track id the entrance gives."""

    ident: str
    role: Role
    body: Body
    t_in: float
    xy: Point
    t_out: float = math.inf
    steps: list[tuple[float, float, float]] = field(default_factory=list)  # t, x, y
    turns: list[tuple[float, float]] = field(default_factory=list)  # t, direction looked at (rad)
    reaches: list[Reach] = field(default_factory=list)
    held: list[Item] = field(default_factory=list)

    def shoulder(self, hand: int, facing_rad: float) -> FloatArray:
        """Where a shoulder is while standing upright, floor frame."""
        side = 0.11 * self.body.stature_m * (1 if hand == LEFT else -1)
        return np.array(
            [
                self.xy[0] - side * math.sin(facing_rad),
                self.xy[1] + side * math.cos(facing_rad),
                0.82 * self.body.stature_m,
            ]
        )

    def arm_to(self, hand: int, target_m: FloatArray, facing_rad: float) -> tuple[FloatArray, FloatArray]:
        """Wrist position and lean of the shoulder (each (3,), metres) that bring the finger tips to `target_m`.

        What the arm does not reach, the trunk does (and a little more): low boards make people stoop.
        """
        shoulder = self.shoulder(hand, facing_rad)
        gap = shoulder - target_m
        far = float(np.linalg.norm(gap))
        wrist = target_m + gap / max(far, 1e-6) * min(self.body.hand_m, far)
        missing = max(0.0, float(np.linalg.norm(shoulder - wrist)) - self.body.arm_m)
        lean = (wrist - shoulder) / max(float(np.linalg.norm(wrist - shoulder)), 1e-6)
        return wrist, lean * (missing * self.body.over_lean + 0.03)

    def pose(self, t: FloatArray, phase: float) -> Pose:
        """Head and hands at the moments `t` (n,), seconds; `phase` decorrelates gait and sway between people."""
        steps, h = np.array(sorted(self.steps)), self.body.stature_m
        # An average over 0.4 s rounds the corners of the way as feet do.
        offsets = np.linspace(-0.2, 0.2, 5)
        around = t[:, None] + offsets
        feet = np.stack([np.interp(around, steps[:, 0], steps[:, d]).mean(axis=1) for d in (1, 2)], axis=1)
        stride = [
            np.interp(t + 0.15, steps[:, 0], steps[:, d]) - np.interp(t - 0.15, steps[:, 0], steps[:, d])
            for d in (1, 2)
        ]
        pace = np.hypot(*stride) / 0.3
        turns = np.array(sorted(self.turns))
        at = np.clip(np.searchsorted(turns[:, 0], around, side="right") - 1, 0, len(turns) - 1)
        look = np.exp(1j * turns[at, 1]).mean(axis=1)
        ahead = np.stack([look.real, look.imag], axis=1) / np.maximum(np.abs(look), 1e-6)[:, None]
        left = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
        walk = np.clip(pace / self.body.pace_m_s, 0.0, 1.0)
        gait = np.sin(2 * np.pi * 0.9 * self.body.pace_m_s * t + phase)

        head = np.empty((len(t), 3))
        aside = 0.012 * walk * gait + 0.015 * np.sin(2 * np.pi * 0.31 * t + 2 * phase)
        head[:, :2] = feet + 0.05 * ahead + aside[:, None] * left
        head[:, 2] = 0.93 * h - 0.02 * walk * gait**2
        wrists = np.empty((len(t), 2, 3))
        for hand, sign in ((LEFT, 1.0), (RIGHT, -1.0)):
            carries = hand != self.body.first_hand
            swing = 0.16 * walk * gait * sign * (0.3 if carries else 1.0) + (0.20 if carries else 0.02)
            wrists[:, hand, :2] = feet + 0.13 * h * sign * left + swing[:, None] * ahead
            wrists[:, hand, 2] = (0.60 if carries else 0.47) * h
        reaching = np.zeros((len(t), 2))
        for r in self.reaches:
            a, b = np.searchsorted(t, (r.t_go, r.t_back))
            if a == b:
                continue
            there = minimum_jerk((t[a:b] - r.t_go) / (r.t_there - r.t_go))
            w = (there * minimum_jerk((r.t_back - t[a:b]) / (r.t_back - r.t_leave)))[:, None]
            head[a:b] += w * np.asarray(r.lean_m) * self.body.head_gain
            other = 1 - r.hand
            wrists[a:b, other] += 0.6 * (1 - reaching[a:b, other, None]) * w * np.asarray(r.lean_m)
            wrists[a:b, r.hand] += w * (np.asarray(r.wrist_m) - wrists[a:b, r.hand])
            reaching[a:b, r.hand] = np.maximum(reaching[a:b, r.hand], w[:, 0])
        head[:, 2] = np.maximum(head[:, 2], 0.35 * h)
        return Pose(feet, head, wrists, reaching)


def minimum_jerk(u: FloatArray) -> FloatArray:
    """Minimum-jerk course from 0 to 1 (Flash and Hogan, 1985)."""
    u = np.clip(u, 0.0, 1.0)
    return u * u * u * (10.0 + u * (6.0 * u - 15.0))

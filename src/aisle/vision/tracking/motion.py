"""How people move and stand: the linear model behind prediction, coasting and smoothing.

The state of a person is (x, y, vx, vy, ex, ey, h, s): the body's place on the floor and its velocity, how far the head
is ahead of the body (people lean), the height of the middle of the head, and what that height is when they stand
upright.  All parts are Ornstein-Uhlenbeck processes (G. E. Uhlenbeck, L. S. Ornstein, "On the theory of the Brownian
motion", 1930): for short times the familiar constant velocity model, for long ones people slow down, straighten up and
do not walk off for ever.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from aisle.store.model import FloatArray

STATE = 8
PLACE, VELOCITY, LEAN, HEAD, STATURE = slice(0, 2), slice(2, 4), slice(4, 6), 6, 7


@dataclass(frozen=True, slots=True)
class Motion:
    """Seconds, metres.  The noises were set by hand, from how people walk and stand; no likelihood was maximised."""

    slow_down_s: float = 2.5  # a velocity is forgotten in about this time
    walking_q: float = 1.3  # white acceleration while walking, m^2/s^3
    standing_q: float = 0.12  # while standing
    stroll_m_s: float = 0.35  # between the two
    straighten_s: float = 0.8
    lean_m: float = 0.10  # spread of the head about the body
    stoop_s: float = 1.0
    stoop_m: float = 0.10  # spread of the head's height about the upright one
    head_m: float = 1.59  # middle of the head of people standing upright
    head_sigma_m: float = 0.12
    pace_m_s: float = 0.9  # spread of velocities of people just found

    def newborn(self, count: int) -> tuple[FloatArray, FloatArray]:
        """Means (n, 8) and covariances (n, 8, 8) of people of whom nothing is known but that they are at the origin,
        give or take 30 m."""
        mean = np.zeros((count, STATE))
        mean[:, HEAD] = mean[:, STATURE] = self.head_m
        cov = np.zeros((count, STATE, STATE))
        variances = [900.0, 900.0, self.pace_m_s**2, self.pace_m_s**2, self.lean_m**2, self.lean_m**2]
        cov[:, range(6), range(6)] = variances
        stature = self.head_sigma_m**2
        cov[:, HEAD, HEAD] = stature + self.stoop_m**2
        cov[:, HEAD, STATURE] = cov[:, STATURE, HEAD] = cov[:, STATURE, STATURE] = stature
        return mean, cov

    def step(self, dt_s: float, speed_m_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Transition (8, 8) and noise (n, 8, 8) over `dt_s` for people moving at `speed_m_s` (n,)."""
        keep = math.exp(-dt_s / self.slow_down_s)
        upright, straight = math.exp(-dt_s / self.stoop_s), math.exp(-dt_s / self.straighten_s)
        F = np.eye(STATE)
        F[0, 2] = F[1, 3] = self.slow_down_s * (1.0 - keep)
        F[2, 2] = F[3, 3] = keep
        F[4, 4] = F[5, 5] = straight
        F[6, 6], F[6, 7] = upright, 1.0 - upright
        walks = np.clip(speed_m_s / self.stroll_m_s, 0.0, 1.0)
        q = self.standing_q + (self.walking_q - self.standing_q) * walks
        Q = np.zeros((len(q), STATE, STATE))
        for axis in (0, 1):
            Q[:, axis, axis] = q * dt_s**3 / 3.0
            Q[:, axis, axis + 2] = Q[:, axis + 2, axis] = q * dt_s**2 / 2.0
            Q[:, axis + 2, axis + 2] = q * dt_s
            Q[:, axis + 4, axis + 4] = self.lean_m**2 * (1.0 - straight**2)
        Q[:, 6, 6] = self.stoop_m**2 * (1.0 - upright**2)
        Q[:, 7, 7] = 1e-5 * dt_s
        return F, Q

    def predict(self, mean: FloatArray, cov: FloatArray, dt_s: float) -> tuple[FloatArray, FloatArray]:
        """Means (n, 8) and covariances (n, 8, 8) `dt_s` later."""
        F, Q = self.step(dt_s, np.hypot(mean[:, 2], mean[:, 3]))
        return mean @ F.T, F @ cov @ F.T + Q

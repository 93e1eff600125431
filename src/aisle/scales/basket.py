"""The load cell of a cart's basket: samples in, levels out, weight in motion told from weight at rest.

A *level* is a stretch in which the cell reads the same but for its noise.  Samples are averaged over fifths of a
second; a frame that stays off the level ends it, and the next begins once enough frames in a row agree with each other:
few while the cart stands, more while it rolls, whose noise is learnt apart.  Each level is told when it has settled,
again when it is known better, now and then while it lasts, and when it ends.  What happened between two levels, and
whether anything did, is `belief.basket`'s to say.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

NS = 1_000_000_000
FRAME_NS = NS // 5
SETTLED_FRAMES, ROLLING_FRAMES = 3, 8  # that agree before a level counts, standing and rolling
SURE_FRAMES = 10  # after so many a level is told again, better known
TOLD_EVERY_NS = 20 * NS
TAIL_FRAMES = 15  # the end of a level is the mean of its last frames
GAP_NS = NS  # without samples for so long, a level is over
APART_SIGMAS = 4.5  # frames further off do not belong to the level
LEAST_G = 1.2  # and those nearer than this always do: quantisation
FORGET = 0.02  # of the noise learnt, a frame
REST_SIGMA_G, ROLLING_SIGMA_G = 1.0, 15.0  # of one frame, before anything is learnt
LEAST_SIGMA_G, MOST_REST_G, MOST_ROLLING_G = 0.15, 6.0, 120.0
HELD_G = 0.25  # what no averaging takes away
BANDED = 3.0  # neighbouring frames of a rolling cart are worth so many times less than independent ones
QUIET_ACCEL = 0.05  # m/s2; below it a cart that says it moves hardly does


@dataclass(frozen=True, slots=True)
class Level:
    """The basket weighs `grams` give or take `sigma_g` from `t0_ns` to `t1_ns`.

    `since_ns` is when the level before it ended: whatever happened, happened between then and `t0_ns`.  `number` counts
    levels; the same one is told several times.  `rolling`: the cart was moving.  `final`: it has just ended.
    """

    number: int
    since_ns: int
    t0_ns: int
    t1_ns: int
    grams: float
    sigma_g: float
    rolling: bool
    final: bool = False


@dataclass(frozen=True, slots=True)
class _Frame:
    t_ns: int
    grams: float
    spread: float  # of the samples within
    rolling: bool


class BasketScale:
    """Feed samples and motion in order of time; levels come back as they are known."""

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._frame_end = 0
        self._last_ns = 0
        self._rolling = False
        self._accel = 0.0
        self._rolled = False
        self._recent: deque[_Frame] = deque(maxlen=ROLLING_FRAMES)
        self._sigma = {False: REST_SIGMA_G, True: ROLLING_SIGMA_G}
        self._level: deque[_Frame] = deque(maxlen=TAIL_FRAMES)
        self._frames = 0  # of the level, all
        self._mean = 0.0
        self._off = 0
        self._number = 0
        self._t0_ns = 0
        self._since_ns = 0
        self._told_ns = 0

    @property
    def settled(self) -> bool:
        """Whether the basket weighs the same now as a moment ago."""
        return self._frames > 0

    def moves(self, moving: bool, accel_rms: float) -> None:
        """What the motion sensor says from now on."""
        self._rolling = moving and accel_rms > QUIET_ACCEL
        self._rolled = self._rolled or self._rolling

    def weigh(self, t_ns: int, grams: float) -> list[Level]:
        """One sample; the levels that are known because of it.  Samples not newer than the last count for nothing."""
        if t_ns <= self._last_ns or not math.isfinite(grams):
            return []
        told: list[Level] = []
        if self._last_ns and t_ns - self._last_ns > GAP_NS:
            told += self._ended(self._last_ns)
            self._samples, self._frame_end = [], 0
            self._recent.clear()
        self._last_ns = t_ns
        if self._frame_end == 0:
            self._frame_end = t_ns + FRAME_NS
        if t_ns >= self._frame_end:
            told += self._close_frame(t_ns)
        self._samples.append(grams)
        return told

    def _close_frame(self, t_ns: int) -> list[Level]:
        samples, end = self._samples, self._frame_end
        self._samples, self._frame_end = [], max(self._frame_end + FRAME_NS, t_ns)
        rolling, self._rolled = self._rolled, self._rolling
        if not samples:
            return []
        mean = sum(samples) / len(samples)
        spread = max(samples) - min(samples)
        return self._take(_Frame(end - FRAME_NS // 2, mean, spread, rolling))

    def _take(self, frame: _Frame) -> list[Level]:
        before = self._recent[-1] if self._recent else None
        self._recent.append(frame)
        if self._frames and frame.rolling == self._level[-1].rolling:
            room = APART_SIGMAS * self._sigma[frame.rolling] + LEAST_G
            if abs(frame.grams - self._mean) <= room:
                self._off = 0
                if before is not None and before.rolling == frame.rolling:
                    self._learn(frame.grams - before.grams, frame.rolling)
                return self._lasts(frame)
            self._off += 1
            if self._off < (3 if frame.rolling else 2):
                return []  # a bump
        told = self._ended(self._level[-1].t_ns) if self._frames else []
        return told + self._begun()

    def _lasts(self, frame: _Frame) -> list[Level]:
        self._level.append(frame)
        self._frames += 1
        weight = 1.0 / min(self._frames, TAIL_FRAMES)  # follows a slow drift
        self._mean += (frame.grams - self._mean) * weight
        if self._frames == SURE_FRAMES or frame.t_ns - self._told_ns >= TOLD_EVERY_NS:
            return [self._told(False)]
        return []

    def _begun(self) -> list[Level]:
        """A new level, if the last frames agree."""
        rolling = self._recent[-1].rolling
        wanted = ROLLING_FRAMES if rolling else SETTLED_FRAMES
        last = list(self._recent)[-wanted:]
        if len(last) < wanted or any(f.rolling != rolling for f in last):
            return []
        sigma = self._sigma[rolling]
        values = [f.grams for f in last]
        if max(values) - min(values) > (APART_SIGMAS if not rolling else 5.0) * sigma + LEAST_G:
            return []
        half = wanted // 2
        trend = sum(values[-half:]) / half - sum(values[:half]) / half if half else 0.0
        if abs(trend) > 3.0 * sigma * math.sqrt(2.0 / max(half, 1)) * (BANDED if rolling else 1.0) + LEAST_G:
            return []
        if not rolling and max(f.spread for f in last) > 14.0 * sigma + 2.0 * LEAST_G:
            return []  # still ringing within the frames
        self._number += 1
        self._level.clear()
        self._level.extend(last)
        self._frames, self._off = wanted, 0
        self._mean = sum(values) / wanted
        self._t0_ns = last[0].t_ns
        if self._since_ns == 0:
            self._since_ns = self._t0_ns
        return [self._told(False)]

    def _ended(self, t_ns: int) -> list[Level]:
        if not self._frames:
            return []
        told = [self._told(True)] if self._frames > SETTLED_FRAMES else []
        self._since_ns = t_ns
        self._frames, self._off = 0, 0
        self._level.clear()
        return told

    def _told(self, final: bool) -> Level:
        frames = list(self._level)
        rolling = frames[-1].rolling
        if final and len(frames) > SETTLED_FRAMES:
            frames = frames[:-1]  # the last may hold the beginning of what ended it
        grams = sum(f.grams for f in frames) / len(frames)
        variance = self._sigma[rolling] ** 2 * (BANDED if rolling else 1.0) / len(frames)
        self._told_ns = frames[-1].t_ns
        sigma = math.sqrt(variance + HELD_G**2)
        return Level(self._number, self._since_ns, self._t0_ns, frames[-1].t_ns, grams, sigma, rolling, final)

    def _learn(self, step_g: float, rolling: bool) -> None:
        """The noise of a frame from the step between two neighbours; a large step teaches no more than thrice it."""
        sigma = self._sigma[rolling]
        seen = min(step_g * step_g / 2.0, 9.0 * sigma * sigma)
        if rolling:
            seen *= 1.5  # neighbours of a band-limited noise are nearer to each other than it is wide
        sigma = math.sqrt((1.0 - FORGET) * sigma * sigma + FORGET * seen)
        self._sigma[rolling] = min(max(sigma, LEAST_SIGMA_G), MOST_ROLLING_G if rolling else MOST_REST_G)

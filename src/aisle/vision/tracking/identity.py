"""Who is still who: swaps of people who came too close to tell apart, and people lost and found again.

Two people are confusable while their whole states (place, velocity, stature) differ by less than the tracker knows
them: meeting someone face to face is harmless, walking arm in arm behind a shelf is not.  While they are, the
probability of a swap drifts towards one half; when they part, looks decide, and what doubt is left is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aisle.store.model import FloatArray
from aisle.vision.tracking.appearance import Appearance
from aisle.vision.tracking.crowd import Crowd
from aisle.vision.tracking.motion import Motion
from aisle.vision.tracking.people import Swap
from aisle.vision.tracking.settings import FloorSettings

NEAR_M = 1.0
MIX_S = 0.5  # in so long confusable people can have taken each other's way
PART_M, PART_S = 0.55, 0.6
TRIAL = 10  # looks per person that decide
LONGEST_S = 20.0
_PARTS = np.array([0, 1, 2, 3, 7])
_FLOOR = np.diag([0.06**2, 0.06**2, 0.25**2, 0.25**2, 0.05**2])
"""The model's own errors: people that differ by less cannot be told apart however often they were measured."""


@dataclass
class Encounter:
    """Two people close to each other: `a` and `b` are serials, `swapped` the probability so far, `nats` what looks say
    for the swap, from `looks_a`, `looks_b` (their looks before they met)."""

    a: int
    b: int
    looks_a: FloatArray
    looks_b: FloatArray
    swapped: float = 0.0
    parted_s: float = math.nan
    last_s: float = 0.0
    nats: float = 0.0
    trials: int = 0


@dataclass
class Encounters:
    """All pairs that may have been confused and are not resolved yet."""

    settings: FloorSettings
    appearance: Appearance
    open: dict[tuple[int, int], Encounter] = field(default_factory=dict)

    def busy(self, serials: Iterable[int]) -> npt.NDArray[np.bool_]:
        """Whether (n,) each person is in an encounter: their looks are not to be learnt from now."""
        met = {serial for pair in self.open for serial in pair}
        return np.array([serial in met for serial in serials], dtype=bool)

    def step(self, crowd: Crowd, t: float, dt_s: float) -> None:
        """Let confusable pairs mix for the time that has passed."""
        named = np.flatnonzero(crowd.confirmed)
        if len(named) < 2:
            return
        state = crowd.mean[named]
        i, j = np.triu_indices(len(named), 1)
        apart = np.hypot(*(state[i, :2] - state[j, :2]).T)
        near = apart < NEAR_M
        i, j, apart = i[near], j[near], apart[near]
        if not len(i):
            return
        off = (state[i] - state[j])[:, _PARTS]
        cov = crowd.cov[named][:, _PARTS[:, None], _PARTS]
        squared = (off[:, None] @ np.linalg.solve(cov[i] + cov[j] + _FLOOR, off[..., None]))[:, 0, 0]
        leak = min(1.0, dt_s / MIX_S) / (1.0 + np.exp(np.minimum(0.5 * squared, 50.0)))
        for k in np.flatnonzero((leak > 1e-4) | (apart < PART_M)):
            p, q = int(named[i[k]]), int(named[j[k]])
            key = (int(crowd.serial[p]), int(crowd.serial[q]))
            met = self.open.get(key)
            if met is None:
                if leak[k] <= 1e-4:
                    continue
                met = self.open[key] = Encounter(*key, crowd.look[p].copy(), crowd.look[q].copy())
            met.swapped += (1.0 - 2.0 * met.swapped) * float(leak[k])
            met.last_s, met.parted_s = t, math.nan
            met.nats, met.trials = 0.0, 0

    def look(self, serial: int, look: FloatArray, t: float) -> None:
        """A person in an encounter was seen clearly: whom do they look like?"""
        for met in self.open.values():
            if serial not in (met.a, met.b) or t - met.last_s < 0.3 or met.trials >= 2 * TRIAL:
                continue
            own, other = (met.looks_a, met.looks_b) if serial == met.a else (met.looks_b, met.looks_a)
            norms = np.linalg.norm(own), np.linalg.norm(other)
            if min(norms) > 0:
                to_own, to_other = float(own @ look / norms[0]), float(other @ look / norms[1])
                ratio = self.appearance.log_ratio(np.array([to_other, to_own]))
                met.nats += self.settings.looks_weight * float(ratio[0] - ratio[1])
                met.trials += 1

    def settle(self, crowd: Crowd, t: float, t_ns: int) -> list[Swap]:
        """Close the encounters of people who have parted; exchanges identities where a swap is the likelier story."""
        events: list[Swap] = []
        row = {int(serial): k for k, serial in enumerate(crowd.serial)}
        for key, met in list(self.open.items()):
            both = met.a in row and met.b in row
            waits = both and t - met.last_s < PART_S
            wants = both and crowd.look.shape[1] > 0 and met.trials < TRIAL and t - met.last_s < 3.0
            if (waits or wants) and t - met.last_s < LONGEST_S:
                continue
            del self.open[key]
            if met.swapped < 1e-6:
                continue
            prior = math.log(met.swapped / (1.0 - met.swapped))
            probability = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, prior + met.nats))))
            if both and probability > 0.5:
                crowd.exchange(row[met.a], row[met.b])
                probability = 1.0 - probability
            if not both:
                continue
            a, b = row[met.a], row[met.b]
            crowd.identity[[a, b]] *= 1.0 - probability
            if probability >= self.settings.notable_swap:
                events.append(Swap(t_ns, str(crowd.ids[a]), str(crowd.ids[b]), probability))
        return events


@dataclass(frozen=True, slots=True)
class Missing:
    """Somebody lost: who, in what state, since when."""

    person: str
    mean: FloatArray
    cov: FloatArray
    t: float
    look: FloatArray
    look_weight: float
    identity: float
    at_exit: bool


ENTERS_PER_S = 0.02
DOOR_M = 0.8
STRAY_DENSITY = 3e-4  # entrances per square metre away from every door
BACK_PER_S = 0.3  # the lost turn up again at about this rate


@dataclass
class Absentees:
    """People nobody sees any more, for as long as they may be found again."""

    settings: FloorSettings
    appearance: Appearance
    doors_m: FloatArray  # (k, 2)
    missing: list[Missing] = field(default_factory=list)

    def forget(self, t: float) -> None:
        self.missing = [m for m in self.missing if t - m.t <= self.settings.remember_s]

    def match(self, mean: FloatArray, look: FloatArray, t: float, motion: Motion) -> tuple[Missing | None, float]:
        """Who of the missing a person newly confirmed is, if not somebody entering; and how probable that is."""
        place = mean[:2]
        odds: list[tuple[float, Missing | None]] = [(math.log(ENTERS_PER_S) + self._door_density(place), None)]
        for absent in self.missing:
            gap = t - absent.t
            lead = min(gap, 1.0)
            sigma2 = float(absent.cov[0, 0] + absent.cov[1, 1]) / 2 + (0.25 + 0.5 * min(gap, 8.0)) ** 2
            off2 = float(((place - absent.mean[:2] - lead * absent.mean[2:4]) ** 2).sum())
            score = math.log(BACK_PER_S) - 0.5 * off2 / sigma2 - math.log(2 * math.pi * sigma2) - gap / 15.0
            tall = float(mean[7] - absent.mean[7])
            score += 0.5 - 0.5 * (tall / 0.10) ** 2 / (1.0 + (tall / 0.3) ** 2)
            if absent.at_exit:
                score += math.log(0.05)
            norms = float(np.linalg.norm(look)) * float(np.linalg.norm(absent.look))
            if norms > 0:
                ratio = self.appearance.log_ratio(np.array([float(look @ absent.look) / norms]))
                score += 1.5 * float(ratio[0])
            odds.append((score, absent))
        top = max(score for score, _ in odds)
        total = math.fsum(math.exp(score - top) for score, _ in odds)
        best, who = max(odds, key=lambda o: o[0])
        return who, math.exp(best - top) / total

    def _door_density(self, place: FloatArray) -> float:
        if not len(self.doors_m):
            return math.log(0.02)
        off2 = ((self.doors_m - place) ** 2).sum(axis=1)
        near = float(np.exp(-0.5 * off2 / DOOR_M**2).mean()) / (2 * math.pi * DOOR_M**2)
        return math.log(near + STRAY_DENSITY)

"""Who is who when the tracker loses people: new track ids joined to the person who was lost.

A receipt belongs to the id with which a person came in.  When a new id appears,
it is either somebody entering (at a door, nobody missing) or somebody lost a
moment ago and not far away.  Odds are kept: a doubtful link makes the receipts
of both persons less sure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """Metres, seconds, log odds."""

    still_m: float = 0.16  # a person lost and found at once is this near (standard deviation per axis)
    walk_m_s: float = 0.75  # and the farther the longer they were lost
    fresh_s: float = 2.0  # usually found again within
    longest_s: float = 30.0
    door_m: float = 0.7  # people enter within about this of where others entered
    enter_rate: float = 0.02  # entrances per second while somebody new appears anywhere
    stray_density: float = 3e-4  # per square metre: an entrance away from the door


@dataclass(slots=True)
class _Seen:
    t: float
    xy: FloatArray
    velocity: FloatArray


@dataclass(slots=True)
class Identities:
    """Maps track ids to persons (the id of their first track)."""

    settings: IdentitySettings = field(default_factory=IdentitySettings)
    person_of: dict[str, str] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)  # person -> probability that all links were right
    _last: dict[str, _Seen] = field(default_factory=dict)  # person -> last sighting
    _doors: list[FloatArray] = field(default_factory=list)

    def frame(self, t: float, idents: tuple[str, ...], xy: FloatArray) -> list[str]:
        """Persons of the tracks seen at `t`; `xy` is (k, 2) metres."""
        visible = {self.person_of[i] for i in idents if i in self.person_of}
        out = []
        for ident, place in zip(idents, xy, strict=True):
            person = self.person_of.get(ident)
            if person is None:
                person = self._born(ident, t, place, visible)
                visible.add(person)
            old = self._last.get(person)
            if old is None:
                self._last[person] = _Seen(t, np.array(place, np.float64), np.zeros(2))
            elif np.isfinite(place).all():
                dt = t - old.t
                if dt > 0:
                    k = min(1.0, dt / 0.5)
                    old.velocity += k * (np.clip((place - old.xy) / max(dt, 0.05), -2.0, 2.0) - old.velocity)
                old.t, old.xy = t, np.array(place, np.float64)
            out.append(person)
        return out

    def _born(self, ident: str, t: float, place: FloatArray, visible: set[str]) -> str:
        s = self.settings
        missing = [
            (p, seen) for p, seen in self._last.items() if p not in visible and 0.0 < t - seen.t <= s.longest_s
        ]
        entering = math.log(s.enter_rate) + self._door_density(place)
        odds: list[tuple[float, str | None]] = [(entering, None)]
        for person, seen in missing:
            gap = t - seen.t
            spread = s.still_m + s.walk_m_s * min(gap, 4.0) * 0.6
            ahead = seen.xy + seen.velocity * min(gap, 0.8)
            d2 = float(np.sum((place - ahead) ** 2)) / spread**2
            score = -0.5 * d2 - math.log(2 * math.pi * spread**2)
            score -= max(0.0, gap - s.fresh_s) * 0.5  # found again sooner rather than later
            if self._at_door(seen.xy):
                score += math.log(0.05)  # who is last seen at the door has left
            odds.append((score, person))
        top = max(o for o, _ in odds)
        total = math.fsum(math.exp(o - top) for o, _ in odds)
        best, who = max(odds, key=lambda o: (o[0], o[1] or ""))
        sure = math.exp(best - top) / total
        if who is None:
            self._doors.append(np.array(place, np.float64))
            who = ident
            self.confidence[who] = 1.0
        else:
            self.confidence[who] *= sure
        for o, other in odds:  # the rivals may have been this one
            if other is not None and other != who:
                self.confidence[other] *= 1.0 - math.exp(o - top) / total
        self.person_of[ident] = who
        return who

    def _door_density(self, place: FloatArray) -> float:
        """Log density (per square metre) of somebody entering there, learnt from who entered before."""
        s = self.settings
        if not self._doors:
            return 0.0
        doors = np.array(self._doors)
        d2 = np.sum((doors - place) ** 2, axis=1) / s.door_m**2
        near = float(np.mean(np.exp(-0.5 * d2))) / (2 * math.pi * s.door_m**2)
        return math.log(near + s.stray_density)

    def _at_door(self, xy: FloatArray) -> bool:
        return any(float(np.sum((xy - d) ** 2)) < self.settings.door_m**2 for d in self._doors)

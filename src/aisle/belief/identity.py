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

FloatArray = npt.NDArray[np.floating]


MOST_DOORS = 64  # entrances remembered


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """Metres, seconds, log odds."""

    still_m: float = 0.16  # a person lost and found at once is this near (standard deviation per axis)
    walk_m_s: float = 0.75  # and the farther the longer they were lost
    fresh_s: float = 2.0  # usually found again within
    long_s: float = 6.0
    longest_s: float = 30.0
    door_m: float = 0.7  # people enter within about this of where others entered
    enter_rate: float = 0.02  # entrances per second while somebody new appears anywhere
    stray_density: float = 3e-4  # per square metre: an entrance away from the door
    apart_m: float = 0.4  # two tracks of one person this far apart ...
    apart_s: float = 0.4  # ... for so long are two persons after all


@dataclass(slots=True)
class _Seen:
    t: float
    x: float
    y: float
    vx: float = 0.0
    vy: float = 0.0


@dataclass(slots=True)
class Identities:
    """Maps track ids to persons (the id of their first track)."""

    settings: IdentitySettings = field(default_factory=IdentitySettings)
    person_of: dict[str, str] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)  # person -> probability that all links were right
    _last: dict[str, _Seen] = field(default_factory=dict)  # person -> last sighting
    _beside: dict[str, float] = field(default_factory=dict)  # linked track -> since when it is seen beside its person
    staff: frozenset[str] = frozenset()  # track ids known to be staff
    entrances: list[tuple[float, float]] = field(default_factory=list)  # gates, and wherever people entered
    exits: list[tuple[float, float]] = field(default_factory=list)

    def frame(self, t: float, idents: tuple[str, ...], xy: FloatArray) -> list[str]:
        """Persons of the tracks seen at `t`; `xy` is (k, 2) metres."""
        self._part(t, idents, xy)
        persons = [self.person_of.get(i) for i in idents]
        out: list[str] = []
        for ident, known, place in zip(idents, persons, xy.tolist(), strict=True):
            person = known
            if person is None:
                person = self._born(ident, t, (place[0], place[1]), {p for p in (*persons, *out) if p is not None})
            old = self._last.get(person)
            if old is None:
                self._last[person] = _Seen(t, place[0], place[1])
            elif place[0] == place[0]:  # not NaN
                dt = t - old.t
                if dt > 0:
                    k, pace = min(1.0, dt / 0.5), max(dt, 0.05)
                    old.vx += k * (min(2.0, max(-2.0, (place[0] - old.x) / pace)) - old.vx)
                    old.vy += k * (min(2.0, max(-2.0, (place[1] - old.y) / pace)) - old.vy)
                old.t, old.x, old.y = t, place[0], place[1]
            out.append(person)
        return out

    def _part(self, t: float, idents: tuple[str, ...], xy: FloatArray) -> None:
        """Undo links of tracks that are seen beside the very person they were taken for."""
        beside: dict[str, float] = {}
        shown = {ident: i for i, ident in enumerate(idents)}
        for ident, i in shown.items():
            person = self.person_of.get(ident, ident)
            other = shown.get(person)
            if person == ident or other is None:
                continue
            if not math.dist(xy[i].tolist(), xy[other].tolist()) > self.settings.apart_m:  # NaN is not apart
                continue
            since = self._beside.get(ident, t)
            if t - since >= self.settings.apart_s:
                self.person_of[ident] = ident
                self.confidence[ident] = 1.0
            else:
                beside[ident] = since
        self._beside = beside

    def doubt(self, a: str, b: str, probability: float) -> None:
        """Two tracks may have exchanged who is who: neither person's links are as sure any more."""
        for track in (a, b):
            person = self.person_of.get(track)
            if person is not None:
                self.confidence[person] *= 1.0 - probability

    def _born(self, ident: str, t: float, place: tuple[float, float], visible: set[str]) -> str:
        s = self.settings
        self._last = {p: seen for p, seen in self._last.items() if t - seen.t <= s.longest_s}
        missing = [(p, seen) for p, seen in self._last.items() if p not in visible and 0.0 < t - seen.t <= s.longest_s]
        entering = math.log(s.enter_rate) + self._door_density(place)
        odds: list[tuple[float, str | None]] = [(entering, None)]
        for person, seen in missing:
            gap = t - seen.t
            spread = s.still_m + s.walk_m_s * min(gap, 4.0) * 0.6
            lead = min(gap, 0.8)
            off = math.hypot(place[0] - seen.x - lead * seen.vx, place[1] - seen.y - lead * seen.vy)
            d2 = (off / spread) ** 2
            score = -0.5 * d2 - math.log(2 * math.pi * spread**2)
            score -= max(0.0, gap - s.fresh_s) * 0.5  # found again sooner rather than later
            score -= max(0.0, gap - s.long_s) * 0.4  # and hardly at all after so long
            if self._at_door(seen.x, seen.y):
                score += math.log(0.05)  # who is last seen at the door has left
            if ident in self.staff and person not in self.staff:
                score += math.log(0.01)
            odds.append((score, person))
        top = max(o for o, _ in odds)
        total = math.fsum(math.exp(o - top) for o, _ in odds)
        best, who = max(odds, key=lambda o: (o[0], o[1] or ""))
        sure = math.exp(best - top) / total
        if who is None:
            self.entrances = [*self.entrances[-MOST_DOORS + 1 :], place]
            who = ident
            self.confidence[who] = 1.0
        else:
            self.confidence[who] *= sure
        for o, other in odds:  # the rivals may have been this one
            if other is not None and other != who:
                self.confidence[other] *= 1.0 - math.exp(o - top) / total
        self.person_of[ident] = who
        return who

    def _door_density(self, place: tuple[float, float]) -> float:
        """Log density (per square metre) of somebody entering there, learnt from who entered before."""
        s = self.settings
        if not self.entrances:
            return 0.0
        near = sum(math.exp(-0.5 * (math.dist(place, d) / s.door_m) ** 2) for d in self.entrances) / len(self.entrances)
        return math.log(near / (2 * math.pi * s.door_m**2) + s.stray_density)

    def _at_door(self, x: float, y: float) -> bool:
        return any(math.dist((x, y), d) < self.settings.door_m for d in (*self.entrances, *self.exits))

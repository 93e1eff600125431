"""Who was near, and whose hand was there: evidence from heads and wrists.

For a change on a shelf between two times every person gets a log-likelihood
ratio per place along the shelf: how much more probable is what the tracker saw
of this person if it was they who reached there, than if they did something else?
Wrists decide where they are seen; heads (nearness, lean, dip) where they are
not.  A person the tracker lost for a moment is taken to be somewhere between
where they were lost and found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aisle.belief.identity import Identities
from aisle.scales.plateaus import medians
from aisle.sensing.readings import TrackReading
from aisle.store.model import Shelf, Store

FloatArray = npt.NDArray[np.float64]

FAR = -12.0  # log ratio of somebody who cannot have reached there
KEEP_S = 45.0  # how long positions are remembered


@dataclass(frozen=True, slots=True)
class ReachSettings:
    """Spreads in metres; learnt on recordings with wrists, checked on others."""

    slack_s: float = 0.35  # the hand may be seen a little before and after the plates move
    hand_x_m: float = 0.055
    wrist_m: float = 0.035  # of which the tracker's own noise; one that says it is less sure widens the spreads
    hand_frames: int = 4  # sightings averaged: a hand only passing by is not there long
    hand_y_m: float = 0.08
    hand_z_m: float = 0.10
    hand_up_m: float = 0.32  # hands above the board by less than this are at the shelf
    hand_down_m: float = 0.12
    hand_gain: float = 3.6  # log ratio of a hand exactly there
    vague_m: float = 0.12  # a wrist less sure than this tells less of a place than the head does, and is passed over
    hand_missed: float = 0.03  # share of reaches in which the tracker's wrists are wrong or missing
    told_missed: float = 0.12  # the same of wrists that come with their uncertainty: out of pictures, some are others'
    head_side_m: float = 0.26
    head_out_m: float = 0.42  # a reaching person's head is this far before the shelf's edge
    head_out_sigma_m: float = 0.17
    arm_m: float = 0.5  # what is farther from the head on the floor plan takes a lean
    bend_s: float = 0.3  # the body moves while the plates do
    rest_s: float = 2.0  # and rested before and after
    bend_most: float = 3.5
    floor_m2: float = 10.0  # where else the head could be
    ground_m: float = 0.30  # a wrist lower than this and off the shelves is at the floor
    ground_frames: int = 3
    clear_m: float = 0.22  # so far before a shelf's edge counts as off it


class Reach(NamedTuple):
    """Log ratios that somebody reached to each place of a shelf within some time."""

    places: FloatArray  # (bins,) by hands and body together
    hands: FloatArray | None  # (2, bins) by each hand alone, None when no wrist was seen


@dataclass(slots=True)
class Track:
    """Positions of one track id, growing arrays."""

    ident: str
    n: int = 0
    t: FloatArray = field(default_factory=lambda: np.empty(64))
    head: FloatArray = field(default_factory=lambda: np.empty((64, 3)))
    wrist: FloatArray = field(default_factory=lambda: np.empty((64, 2, 3)))
    grip: FloatArray | None = None  # (64, 2, 2) per hand: probability that it holds something, sigma of its place in m
    first_t: float = 0.0
    low: int = 0  # frames in a row, nearly, with a hand at the floor
    stature_m: float = 0.0  # highest the head was seen, slowly forgotten

    def add(self, t: float, head: FloatArray, wrist: FloatArray, grip: FloatArray | None = None) -> None:
        if self.n and t <= self.t[self.n - 1]:
            return
        if self.n == 0:
            self.first_t = t
        if self.n == len(self.t):
            keep = int(np.searchsorted(self.t[: self.n], t - KEEP_S))
            if keep > self.n // 2:
                for name in self._arrays:
                    a = getattr(self, name)
                    a[: self.n - keep] = a[keep : self.n]
                self.n -= keep
            else:
                for name in self._arrays:
                    a = getattr(self, name)
                    setattr(self, name, np.concatenate([a, np.empty_like(a)]))
        i = self.n
        if grip is not None and self.grip is None:
            self.grip = np.full((len(self.t), 2, 2), np.nan)
        if self.grip is not None:
            self.grip[i] = np.nan if grip is None else grip
        self.t[i], self.head[i], self.wrist[i] = t, head, wrist
        self.n = i + 1

    def sure_wrists(self, frames: slice, vague_m: float) -> FloatArray:
        """Wrists (frames, 2, 3), NaN where the tracker did not know them to `vague_m` metres."""
        wrist = self.wrist[frames]
        if self.grip is None:
            return wrist
        with np.errstate(invalid="ignore"):
            return np.where((self.grip[frames, :, 1] > vague_m)[..., None], np.nan, wrist)

    def forget(self) -> None:
        """Keep only the last sighting: the person has left."""
        keep = slice(max(0, self.n - 1), self.n)
        for name in self._arrays:
            setattr(self, name, getattr(self, name)[keep].copy())
        self.n = len(self.t)

    @property
    def _arrays(self) -> tuple[str, ...]:
        return ("t", "head", "wrist") if self.grip is None else ("t", "head", "wrist", "grip")

    def span(self, t0: float, t1: float) -> tuple[int, int]:
        t = self.t[: self.n]
        return int(np.searchsorted(t, t0)), int(np.searchsorted(t, t1, side="right"))

    @property
    def last_t(self) -> float:
        return float(self.t[self.n - 1]) if self.n else -np.inf


class People:
    """Everybody the tracker sees, with enough memory to judge reaches of the last `KEEP_S` seconds."""

    def __init__(self, settings: ReachSettings | None = None, store: Store | None = None) -> None:
        self.settings = settings or ReachSettings()
        lowest: dict[int, Shelf] = {}
        for shelf in store.shelves if store else ():
            if shelf.gondola not in lowest or shelf.origin_m[2] < lowest[shelf.gondola].origin_m[2]:
                lowest[shelf.gondola] = shelf
        self._ground_shelves = tuple(lowest.values())  # the lowest of each gondola stands for its footprint
        self.contacts: list[tuple[float, str]] = []  # (seconds, person): a hand at the floor, not yet explained
        self.identities = Identities(staff=store.staff if store else frozenset())
        for gate in store.gates if store else ():
            middle = ((gate.a_m[0] + gate.b_m[0]) / 2, (gate.a_m[1] + gate.b_m[1]) / 2)
            if gate.kind != "exit":
                self.identities.entrances.append(middle)
            if gate.kind != "entry":
                self.identities.exits.append(middle)
        self.tracks: dict[str, Track] = {}  # by person: the id of their first track
        self._t0_ns: int | None = None

    def observe(self, reading: TrackReading) -> None:
        if self._t0_ns is None:
            self._t0_ns = reading.t_ns
        t = self.seconds(reading.t_ns)
        persons = self.identities.frame(t, reading.ids, reading.heads_m[:, :2]) if reading.ids else []
        grips = _grips(reading)
        for i, person in enumerate(persons):
            track = self.tracks.get(person)
            if track is None:
                track = self.tracks[person] = Track(person)
            track.add(t, reading.heads_m[i], reading.wrists_m[i], None if grips is None else grips[i])
            wrists = track.sure_wrists(slice(track.n - 1, track.n), self.settings.vague_m)[0]
            if wrists[0, 2] < self.settings.ground_m or wrists[1, 2] < self.settings.ground_m:
                self._low(track, t, wrists)
            elif track.low:
                track.low -= 1

    def _low(self, track: Track, t: float, wrists: FloatArray) -> None:
        """Count frames with a hand at the floor, away from every shelf; enough of them make a contact."""
        for w in wrists:
            if w[2] < self.settings.ground_m and not any(self._at_shelf(s, w) for s in self._ground_shelves):
                track.low += 2
                break
        if 2 * self.settings.ground_frames <= track.low < 100:
            self.contacts.append((t, track.ident))
            track.low = 160  # one contact until the hand has been up for a while

    def _at_shelf(self, shelf: Shelf, point: FloatArray) -> bool:
        x, y, _ = shelf.local(np.asarray(point, np.float64))
        return bool(-0.2 <= x <= shelf.length_m + 0.2 and y > -self.settings.clear_m)

    def seconds(self, t_ns: int) -> float:
        """Seconds since the first reading."""
        return (t_ns - (self._t0_ns if self._t0_ns is not None else t_ns)) * 1e-9

    def nanoseconds(self, t_s: float) -> int:
        """The time of a reading so many seconds after the first."""
        return (self._t0_ns or 0) + round(t_s * 1e9)

    def present(self, t0: float, t1: float, grace_s: float = 2.5) -> list[Track]:
        """Tracks seen within `grace_s` of the interval."""
        return [k for k in self.tracks.values() if k.n and k.first_t - grace_s <= t1 and k.last_t + grace_s >= t0]

    def reach(self, track: Track, shelf: Shelf, bins_m: FloatArray, t0: float, t1: float) -> Reach:
        """How probably `track` reached to each place of the shelf between t0 and t1 seconds."""
        a, b = track.span(t0 - self.settings.slack_s, t1 + self.settings.slack_s)
        window = slice(max(0, a - 1), b + 1 if b < track.n else b)
        recorded = track.sure_wrists(window, self.settings.vague_m)
        sigma = None if track.grip is None else _middle(track.grip[window, :, 1])
        wrist = shelf.local(smoothed_wrists(recorded))
        places = self._reach(track, wrist, sigma, shelf, bins_m, t0, t1)
        if not np.isfinite(recorded[..., 0]).any():
            return Reach(places, None)
        hands = [self._hands(wrist[:, i], None if sigma is None else sigma[:, i], shelf, bins_m) for i in (0, 1)]
        return Reach(places, np.stack([np.full(len(bins_m), FAR) if h is None else h for h in hands]))

    def _reach(
        self,
        track: Track,
        wrist: FloatArray,
        sigma: FloatArray | None,
        shelf: Shelf,
        bins_m: FloatArray,
        t0: float,
        t1: float,
    ) -> FloatArray:
        s = self.settings
        a, b = track.span(t0 - s.slack_s, t1 + s.slack_s)
        far = np.full(len(bins_m), FAR)
        if b - a < 2:
            return self._lost(track, shelf, bins_m, t0, t1)
        head = shelf.local(track.head[a:b])
        head = head[np.isfinite(head).all(axis=1)]
        if not len(head):  # the tracker saw no head, but maybe hands
            lost = self._lost(track, shelf, bins_m, t0, t1)
            own = None if track.grip is None else _middle(track.grip[a:b, :, 1])
            hands = self._hands(
                shelf.local(smoothed_wrists(track.sure_wrists(slice(a, b), s.vague_m))), own, shelf, bins_m
            )
            return lost if hands is None else np.maximum(lost, hands)
        if (
            np.min(np.abs(head[:, 1] + 0.4)) > 1.2
            or np.min(head[:, 0]) > bins_m[-1] + 1.3
            or np.max(head[:, 0]) < bins_m[0] - 1.3
        ):
            return far
        stand = self._head(head, bins_m, 0.0) + self._bend(track, shelf, bins_m, t0, t1)
        hands = self._hands(wrist, sigma, shelf, bins_m)
        if hands is None:
            return np.asarray(np.maximum(stand, FAR))
        share = s.hand_missed if sigma is None else s.told_missed
        if sigma is not None:  # a hand that was not seen may be the one
            unknown = float(np.isnan(wrist[..., 0]).mean())
            share += (1.0 - share) * unknown
        missed = np.log(share) + np.minimum(stand, 1.5)
        return np.asarray(np.maximum(np.logaddexp(np.log1p(-min(share, 0.999)) + hands, missed), FAR))

    def resting(self, track: Track, shelf: Shelf, bins_m: FloatArray, t0: float, t1: float) -> float:
        """Log ratio that a hand of this person lay there all through the interval, between -4 and 2."""
        a, b = track.span(t0 + 0.1, t1)
        if b - a < 2 or not len(bins_m):
            return -1.0
        s = self.settings
        w = shelf.local(smoothed_wrists(track.sure_wrists(slice(a, b), s.vague_m)))
        seen = np.isfinite(w[..., 0])
        if seen.any():
            out = np.maximum(0.0, -w[..., 1] - 0.02) / s.hand_y_m
            low = np.maximum(0.0, np.maximum(w[..., 2] - s.hand_up_m, -w[..., 2] - s.hand_down_m)) / s.hand_z_m
            side = np.maximum(0.0, np.maximum(bins_m[0] - w[..., 0], w[..., 0] - bins_m[-1])) / s.hand_x_m
            d2 = np.where(seen, out**2 + low**2 + side**2, np.inf).min(axis=1)
            d2 = d2[np.isfinite(d2)]
            return float(np.clip(2.0 - 0.5 * np.percentile(d2, 70), -4.0, 2.0))
        head = shelf.local(track.head[a:b])
        side = np.maximum(0.0, np.maximum(bins_m[0] - head[:, 0], head[:, 0] - bins_m[-1])) / s.head_side_m
        out = (-head[:, 1] - s.head_out_m) / (1.5 * s.head_out_sigma_m)
        return float(np.clip(1.0 - 0.5 * np.percentile(side**2 + out**2, 70), -4.0, 1.0))

    def _hands(
        self, wrist: FloatArray, sigma: FloatArray | None, shelf: Shelf, bins_m: FloatArray
    ) -> FloatArray | None:
        """(bins,) log ratio from hands alone, `wrist` (..., 3) in the shelf's frame; None when none was seen.

        `sigma` (...) is how sure the tracker was of each, NaN where it did not say.  Spreads grow with it, and what
        the hand's being there can tell falls as they do.
        """
        s = self.settings
        w = wrist.reshape(-1, 3)
        seen = np.isfinite(w[:, 0])
        w = w[seen]
        if not len(w):
            return None
        x_m: float | FloatArray = s.hand_x_m
        y_m: float | FloatArray = s.hand_y_m
        z_m: float | FloatArray = s.hand_z_m
        if sigma is not None:
            own = np.nan_to_num(sigma.reshape(-1)[seen], nan=0.0)
            more = np.sqrt(np.maximum(own**2 - s.wrist_m**2, 0.0))
            x_m, y_m, z_m = np.hypot(s.hand_x_m, more), np.hypot(s.hand_y_m, more), np.hypot(s.hand_z_m, more)
        out = np.maximum(0.0, np.maximum(-w[:, 1] - 0.02, w[:, 1] - shelf.depth_m - 0.05)) / y_m
        low = np.maximum(0.0, np.maximum(w[:, 2] - s.hand_up_m, -w[:, 2] - s.hand_down_m)) / z_m
        off = out * out + low * low
        near = off < 36.0
        if not near.any():
            return np.full(len(bins_m), s.hand_gain - 18.0)
        if sigma is None:
            side = (w[near, 0][:, None] - bins_m[None, :]) / s.hand_x_m
            d2 = off[near][:, None] + side * side
        else:
            wide = np.asarray(x_m)[near][:, None]
            side = (w[near, 0][:, None] - bins_m[None, :]) / wide
            d2 = off[near][:, None] + side * side + 2.0 * np.log(wide / s.hand_x_m)
        k = min(s.hand_frames, len(d2)) - 1
        best = np.partition(d2, k, axis=0)[: k + 1].mean(axis=0)
        return np.asarray(s.hand_gain - 0.5 * np.minimum(best, 36.0))

    def _head(self, head: FloatArray, bins_m: FloatArray, blur_m: float) -> FloatArray:
        """(bins,) best log ratio over frames from where the head was; `blur_m` when it is only guessed."""
        s = self.settings
        side_m = np.hypot(s.head_side_m, blur_m)
        out_m = np.hypot(s.head_out_sigma_m, blur_m)
        out = (-head[:, 1] - s.head_out_m) / out_m
        side = (head[:, 0][:, None] - bins_m[None, :]) / side_m
        z = out[:, None] ** 2 + side**2
        gain = np.log(s.floor_m2 / (2 * np.pi * side_m * out_m))
        k = max(1, len(z) // 3)
        best = np.partition(z, k - 1, axis=0)[:k].mean(axis=0)
        return np.asarray(gain - 0.5 * best)

    def _bend(self, track: Track, shelf: Shelf, bins_m: FloatArray, t0: float, t1: float) -> FloatArray:
        """(bins,) log ratio from how the body moves: leaning to what the arm does not reach, bowing to low shelves.

        Both are measured against where the head was shortly before and after.
        """
        s = self.settings
        a, b = track.span(t0 - s.bend_s, t1 + s.bend_s)
        i, _ = track.span(t0 - s.rest_s, t0)
        _, j = track.span(t1, t1 + s.rest_s)
        around = np.concatenate([track.head[i:a], track.head[b:j]])
        if b - a < 3 or len(around) < 6:
            return np.zeros(len(bins_m))
        moved = (
            float(np.linalg.norm(np.mean(track.head[i:a, :2], axis=0) - np.mean(track.head[b:j, :2], axis=0)))
            if (a - i > 2 and j - b > 2)
            else 0.0
        )
        if not (np.isfinite(around).all() and np.isfinite(track.head[a:b]).all()):
            return np.zeros(len(bins_m))
        rest = shelf.local(medians(around)[None])[0]
        during = shelf.local(track.head[a:b])
        kernel = np.ones(3) / 3
        go_x = np.convolve(during[:, 0] - rest[0], kernel, "valid")
        go_y = np.convolve(during[:, 1] - rest[1], kernel, "valid")
        dip = float(np.max(np.convolve(rest[2] - during[:, 2], kernel, "valid")))
        to_x, to_y = bins_m - rest[0], 0.12 - rest[1]
        far = np.hypot(to_x, to_y)
        lean = (go_x[:, None] * (to_x / far) + go_y[:, None] * (to_y / far)).max(axis=0)
        want = np.clip(0.8 * (far - s.arm_m) + 0.06, 0.04, 0.32)
        blur = 0.035 + 0.25 * moved  # who walks by moves without leaning
        spread = np.hypot(blur, 0.03 + 0.35 * want)
        reached = -0.5 * ((lean - want) / spread) ** 2 - np.log(spread)
        still = np.logaddexp(
            np.log(0.85) - 0.5 * ((lean - 0.02) / blur) ** 2 - np.log(blur),
            np.log(0.15) - 0.5 * (lean / 0.15) ** 2 - np.log(0.15),
        )
        bow = 0.7 * max(0.0, 1.05 - shelf.origin_m[2]) + 0.03
        bow_spread = 0.05 + 0.3 * bow
        bowed = -0.5 * ((dip - bow) / bow_spread) ** 2 - np.log(bow_spread)
        upright = np.logaddexp(
            np.log(0.85) - 0.5 * ((dip - 0.02) / 0.04) ** 2 - np.log(0.04),
            np.log(0.15) - 0.5 * ((dip - 0.3) / 0.25) ** 2 - np.log(0.25),
        )
        by_lean = np.clip(np.logaddexp(reached, -3.0) - np.logaddexp(still, -3.0), -s.bend_most, s.bend_most)
        by_bow = np.clip(np.logaddexp(bowed, -3.0) - np.logaddexp(upright, -3.0), -s.bend_most, s.bend_most)
        return np.asarray(by_lean + by_bow)

    def _lost(self, track: Track, shelf: Shelf, bins_m: FloatArray, t0: float, t1: float) -> FloatArray:
        """Nobody saw this track then: between where it was lost and found, the wider the longer."""
        i, _ = track.span((t0 + t1) / 2, (t0 + t1) / 2)
        before, after = i - 1, i
        gap_before = (t0 + t1) / 2 - track.t[before] if before >= 0 else np.inf
        gap_after = track.t[after] - (t0 + t1) / 2 if after < track.n else np.inf
        gap = min(gap_before, gap_after)
        if gap > 2.5:
            return np.full(len(bins_m), FAR)
        if not np.isfinite(track.head[[max(before, 0), min(after, track.n - 1)]]).all():
            return np.full(len(bins_m), FAR)
        if gap_before < 2.5 and gap_after < 2.5:
            u = gap_before / (gap_before + gap_after)
            head = track.head[before] * (1 - u) + track.head[after] * u
        else:
            head = track.head[before] if gap_before < gap_after else track.head[after]
        return np.maximum(self._head(shelf.local(head[None, :]), bins_m, 0.15 + 0.35 * gap) - 0.5, FAR)


def smoothed_wrists(wrist: FloatArray) -> FloatArray:
    """Median of three frames per coordinate: a wrist that jumps to somebody else's for one frame is dropped."""
    if len(wrist) < 3:
        return wrist
    before, now, after = wrist[:-2], wrist[1:-1], wrist[2:]
    if np.isfinite(wrist).all():
        return np.asarray(np.maximum(np.minimum(before, now), np.minimum(np.maximum(before, now), after)))
    stack = np.stack([before, now, after])
    order = np.sort(stack, axis=0)  # NaN last
    known = np.isfinite(stack).sum(axis=0)
    return np.asarray(np.where(known >= 3, order[1], np.where(known == 2, 0.5 * (order[0] + order[1]), order[0])))


def _middle(a: FloatArray) -> FloatArray:
    """What `smoothed_wrists` keeps of it: all frames but the first and the last."""
    return a[1:-1] if len(a) >= 3 else a


def _grips(reading: TrackReading) -> FloatArray | None:
    """(k, 2, 2) per person and hand: probability of holding, its sigma; None when the tracker knows neither."""
    if reading.holding is None and reading.wrist_sigma_m is None:
        return None
    unknown = np.full((len(reading.ids), 2), np.nan)
    holding = unknown if reading.holding is None else reading.holding
    sigma = unknown if reading.wrist_sigma_m is None else reading.wrist_sigma_m
    return np.stack([holding, sigma], axis=-1).astype(np.float64)

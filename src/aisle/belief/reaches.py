"""Hands that went in among the goods and came out again: what there is to explain where no plate weighs.

A reach is told once, when it is over, with how probable each place of each shelf is as the one reached to.  The
finger tips count, not the wrist: they are a hand's length further along the line from shoulder to wrist.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.belief.board import Board
from aisle.belief.people import People, Track, smoothed_wrists

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GraspSettings:
    """Seconds and metres."""

    gap_s: float = 0.45  # a hand away for less has not left
    over_s: float = 1.9  # a reach is over when the hand has been out for so long
    hand_m: float = 0.09  # from wrist to finger tips
    drop_m: float = 0.19  # from the middle of the head down to the shoulders
    side_m: float = 0.08  # finger tips this far beside, before, above and below a shelf are still in it
    front_m: float = 0.05
    up_m: float = 0.36
    down_m: float = 0.10
    grip_m: float = 0.10  # goods are gripped about this far above the board ...
    grip_sigma_m: float = 0.055
    along_sigma_m: float = 0.04  # ... and about where they stand, besides the tracker's noise
    wrist_m: float = 0.05  # that noise, where it is not told
    in_m: float = 0.07  # finger tips of who grips are about so far behind the front edge
    in_sigma_m: float = 0.06
    about_m: float = 0.40  # of who does not, anywhere within this
    in_share: float = 0.35  # exponent of that: who touches things goes in as well
    short: float = -2.0  # log ratio of gripping anything in no time at all ...
    per_s: float = 2.8  # ... which rises with every second in the shelf ...
    long: float = 0.7  # ... up to this
    least_frames: int = 2
    far: float = 12.0  # places less probable than the best by so many nats are out


@dataclass(frozen=True, slots=True, eq=False)
class Grasp:
    """One hand of one person was in shelves from `t0_s` to `t1_s` (`People.seconds`).

    `places[i]` (bins,) is the log probability that it reached to each place of shelf `shelves[i]`; all together sum to
    one.  `inside` is the log ratio of the hand being so deep and so long in there if it gripped something, to if not.
    """

    person: str
    hand: int
    t0_s: float
    t1_s: float
    shelves: tuple[int, ...]
    places: tuple[FloatArray, ...]
    inside: float

    def near(self, shelf: int) -> FloatArray | None:
        """(bins,) how probable each place of a shelf is, the best of all places being one; None: not there."""
        if shelf not in self.shelves:
            return None
        top = max(float(p.max()) for p in self.places)
        return np.asarray(np.exp(self.places[self.shelves.index(shelf)] - top))


class Grasps:
    """Follows every hand of everybody through all shelves."""

    def __init__(self, boards: Sequence[Board], settings: GraspSettings | None = None) -> None:
        self.settings = settings or GraspSettings()
        self.boards = boards
        shelves = [b.shelf for b in boards]
        turn = np.array([s.rotation_rad for s in shelves])
        self._along = np.stack([np.cos(turn), np.sin(turn)], axis=-1)
        self._behind = np.stack([-np.sin(turn), np.cos(turn)], axis=-1)
        self._origin = np.array([s.origin_m for s in shelves], np.float64).reshape(-1, 3)
        self._first = np.array([s.plate_edges_m[0] for s in shelves])[:, None]
        self._last = np.array([s.plate_edges_m[-1] for s in shelves])[:, None]
        self._depth = np.array([s.depth_m for s in shelves])[:, None]
        self._seen_s = -np.inf
        self._open: dict[tuple[str, int], tuple[float, float, int]] = {}  # first and last frame inside, how many

    def over(self, people: People, now_s: float) -> list[Grasp]:
        """Reaches that were over by `now_s`, everything seen up to then taken in; in order of their beginning."""
        done: list[Grasp] = []
        for track in people.tracks.values():
            if track.last_t > self._seen_s:
                done.extend(self._follow(track, now_s))
        self._seen_s = now_s
        for (person, hand), (first, last, frames) in sorted(self._open.items()):
            if last < now_s - self.settings.over_s:
                done.extend(self._grasp(people.tracks[person], hand, first, last, frames))
                del self._open[person, hand]
        return sorted(done, key=lambda g: (g.t0_s, g.person, g.hand))

    def _follow(self, track: Track, now_s: float) -> Iterator[Grasp]:
        a, b = track.span(np.nextafter(self._seen_s, np.inf), now_s)
        tips = self._tips(track, a, b)
        for hand in (0, 1):
            inside = self._inside(self._local(tips[:, hand])).any(axis=0)
            for t in track.t[a:b][inside].tolist():
                first, last, frames = self._open.get((track.ident, hand), (t, t, 0))
                if t - last > self.settings.gap_s:
                    yield from self._grasp(track, hand, first, last, frames)
                    first, frames = t, 0
                self._open[track.ident, hand] = (first, t, frames + 1)

    def _tips(self, track: Track, a: int, b: int) -> FloatArray:
        """(frames, 2, 3) finger tips in the frames a to b."""
        s = self.settings
        lo, hi = max(0, a - 1), min(track.n, b + 1)
        wrist = track.wrist[lo:hi]
        smooth = wrist.copy()
        if hi - lo >= 3:
            smooth[1:-1] = smoothed_wrists(wrist)
        smooth = smooth[a - lo : a - lo + b - a]
        shoulder = track.head[a:b, None, :] - np.array([0.0, 0.0, s.drop_m])
        arm = smooth - shoulder
        length = np.linalg.norm(arm, axis=-1, keepdims=True)
        ahead = np.where(np.isfinite(length), arm / np.maximum(length, 1e-6), 0.0)
        return np.asarray(smooth + s.hand_m * ahead)

    def _local(self, points: FloatArray) -> FloatArray:
        """(shelves, frames, 3) points (frames, 3) along, behind the front edge of, and above each shelf."""
        d = points[None] - self._origin[:, None]
        x = np.einsum("spc,sc->sp", d[..., :2], self._along)
        y = np.einsum("spc,sc->sp", d[..., :2], self._behind)
        return np.stack([x, y, d[..., 2]], axis=-1)

    def _inside(self, local: FloatArray) -> npt.NDArray[np.bool_]:
        """(shelves, frames) is the point in the shelf?"""
        s = self.settings
        x, y, z = local[..., 0], local[..., 1], local[..., 2]
        inside = (x > self._first - s.side_m) & (x < self._last + s.side_m) & (z > -s.down_m) & (z < s.up_m)
        return np.asarray(inside & (y > -s.front_m) & (y < self._depth + s.side_m))

    def _grasp(self, track: Track, hand: int, first: float, last: float, frames: int) -> Iterator[Grasp]:
        s = self.settings
        a, b = track.span(first, last)
        if frames < s.least_frames or b - a < s.least_frames:
            return
        tips = self._tips(track, a, b)[:, hand]
        local = self._local(tips)
        inside = self._inside(local)
        if not inside.any():
            return
        noise = s.wrist_m
        if track.grip is not None:
            told = track.grip[a:b, hand, 1]
            noise = float(np.median(told[np.isfinite(told)])) if np.isfinite(told).any() else noise
        shelves, places, depths = [], [], []
        for i in np.flatnonzero(inside.any(axis=1)).tolist():
            mine = local[i][inside[i]]
            deep = mine[mine[:, 1] >= np.median(mine[:, 1])]
            x, y, z = deep.mean(axis=0)
            blur = noise / np.sqrt(min(len(deep), 4))
            along, up = np.hypot(s.along_sigma_m, blur), np.hypot(s.grip_sigma_m, blur)
            fit = -0.5 * ((self.boards[i].bins_m - x) / along) ** 2 - 0.5 * ((z - s.grip_m) / up) ** 2
            sigma = np.hypot(s.in_sigma_m, blur)
            went_in = -0.5 * ((y - s.in_m) / sigma) ** 2 - np.log(sigma * np.sqrt(2 * np.pi)) + np.log(s.about_m)
            shelves.append(i)
            places.append(fit + np.log(len(mine)))
            depths.append(went_in)
        top = max(float(p.max()) for p in places)
        total = top + np.log(sum(float(np.exp(p - top).sum()) for p in places))
        best = int(np.argmax([p.max() for p in places]))
        kept = [(i, p - total) for i, p in zip(shelves, places, strict=True) if p.max() > top - s.far]
        yield Grasp(
            track.ident,
            hand,
            first,
            last,
            tuple(i for i, _ in kept),
            tuple(np.maximum(p, -60.0) for _, p in kept),
            s.in_share * float(np.clip(depths[best], -3.0, 1.0)) + min(s.long, s.short + s.per_s * (last - first)),
        )

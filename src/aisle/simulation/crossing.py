"""How people keep out of each other's way: ways planned in space and time round what the others have decided.

Prioritised planning (Erdmann and Lozano-Perez, 1987): whoever sets out gives way to all who have decided before, and
is from then on given way to.  The search is A* over places and times (Silver, 2005) on a small road map: the corners of
the fixtures and rings round those who are in the way.  It minimises seconds, where nearness to others costs extra: so
people wait a moment, step aside or squeeze past, whatever is least trouble, and nobody is ever stuck.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.simulation.floor import BODY_M, Floor, Point
from aisle.simulation.people import Person
from aisle.store.model import FloatArray

IntArray = npt.NDArray[np.int64]

TICK_S = 0.1
EASY_M = 0.62
"""Further apart (middle to middle), people do not mind one another."""
PASSING_M = (0.52, 0.68)
"""Radii of the rings of places where one goes round somebody."""
SQUEEZING_M = 0.32
"""Radius where the nearer ring is not free."""
ROUND = 8
WAIT_TICKS = 4
OUT_S = 0.8
"""So long somebody who has left still fills the gate."""
MINDED = 5
"""So many others, those who come nearest, one thinks of going round."""
LOOKS = 120
"""Places and times looked at before the best way found so far is taken."""
BRANCHES = 28
"""So many ways to go on, those of least detour, are thought of at a time."""
EAGER = 1.2
"""What is still to go counts this much more than what is behind: fewer looks, ways at most a fifth worse."""
NOWHERE_M = 1e6


def strain(apart_m: FloatArray) -> FloatArray:
    """What it costs to be so near to somebody, in seconds per second: 0.9 at half a metre, 16 at 0.3 m."""
    return np.asarray(0.5 * (np.clip(EASY_M - apart_m, 0.0, None) / 0.1) ** 3)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Where others are and will be: `places_m` (people, ticks, 2), every `TICK_S` from `since_s` on.

    The last tick holds for all time after it; whoever is not in the shop is far away.
    """

    since_s: float
    places_m: FloatArray

    @classmethod
    def of(cls, people: Iterable[Person], t: float) -> Crowd:
        """What `people` have decided by `t`: after their last step they stand there, unless they have left."""
        here = [who for who in people if who.t_out + OUT_S > t]
        ends = [who.t_out + OUT_S if math.isfinite(who.t_out) else who.steps[-1][0] for who in here]
        ticks = 2 + math.ceil((max(ends, default=t) - t) / TICK_S)
        places = np.empty((len(here), max(2, ticks), 2))
        moments = t + TICK_S * np.arange(places.shape[1])
        for k, who in enumerate(here):
            first = len(who.steps) - 1
            while first > 0 and who.steps[first][0] > t:
                first -= 1
            steps = np.array(sorted(who.steps[first:]))
            for d in (0, 1):
                places[k, :, d] = np.interp(moments, steps[:, 0], steps[:, d + 1])
            places[k, moments > who.t_out + OUT_S] = NOWHERE_M
        return cls(t, places)

    def __len__(self) -> int:
        return len(self.places_m)

    def at(self, ticks: IntArray) -> FloatArray:
        """Places (people, len(ticks), 2) at these ticks."""
        return self.places_m[:, np.minimum(ticks, self.places_m.shape[1] - 1)]

    def apart(self, way_m: FloatArray, first: int = 0) -> FloatArray:
        """Distances (people, ..., n) from ways (..., n, 2) walked from tick `first` on."""
        at = self.at(first + np.arange(way_m.shape[-2]))
        at = at.reshape(len(at), *[1] * (way_m.ndim - 2), *at.shape[1:])
        return np.asarray(np.sqrt(np.square(at - way_m).sum(axis=-1)))

    def staying(self, place: Point) -> FloatArray:
        """Strain (ticks,) of standing at `place` from that tick on; who is to stay near it for good does not count."""
        near = strain(np.hypot(*np.moveaxis(self.places_m - np.asarray(place), -1, 0)))
        passing = np.clip(near - near[:, -1:], 0.0, None).sum(axis=0)
        return np.asarray(np.cumsum(passing[::-1])[::-1] * TICK_S)


Timed = list[tuple[float, Point]]
"""A way: how many seconds after the start one is at which place."""


def way_through(floor: Floor, here: Point, goal: Point, pace_m_s: float, crowd: Crowd) -> Timed:
    """The way from `here` to `goal` that costs the least time and nearness.

    Alone it is the shortest way.  Raises ValueError when the fixtures leave no way.
    """
    straight: Timed = []
    t, last = 0.0, here
    for point in floor.route(here, goal):
        if math.dist(last, point) >= 1e-6:
            t += max(0.15, math.dist(last, point) / pace_m_s)
            straight.append((t, point))
            last = point
    if not len(crowd) or not straight:
        return straight
    line = _walked(here, straight)
    apart = crowd.apart(line)
    stay = crowd.staying(goal)
    trouble = float(strain(apart).sum() * TICK_S + stay[min(len(line) - 1, len(stay) - 1)])
    if trouble < 0.05:
        return straight
    rings = _rings(floor, crowd, line, apart)
    return _Search(floor, here, goal, pace_m_s, crowd, stay, rings, t + trouble).run() or straight


def _walked(here: Point, way: Timed) -> FloatArray:
    """Places (n, 2) on a way, tick by tick."""
    t = np.array([0.0, *(at for at, _ in way)])
    xy = np.array([here, *(point for _, point in way)])
    moments = TICK_S * np.arange(math.ceil(t[-1] / TICK_S) + 1)
    return np.stack([np.interp(moments, t, xy[:, d]) for d in (0, 1)], axis=1)


def _rings(floor: Floor, crowd: Crowd, line: FloatArray, apart: FloatArray) -> list[Point]:
    """Free places round all who come near a way, where they are when they are nearest."""
    places = crowd.at(np.arange(len(line)))
    out: list[Point] = []
    nearest = apart.min(axis=1)
    for k in [k for k in np.argsort(nearest)[:MINDED] if nearest[k] < 2 * EASY_M]:
        n = int(apart[k].argmin())
        ahead = line[min(n + 1, len(line) - 1)] - line[max(n - 1, 0)]
        turn = math.atan2(ahead[1], ahead[0]) + np.arange(ROUND) * 2 * np.pi / ROUND
        aside = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        near, far = (places[k, n] + radius * aside for radius in PASSING_M)
        tight = floor.clearance(near) < BODY_M
        near[tight] = (places[k, n] + SQUEEZING_M * aside)[tight]
        ring = np.concatenate([near, far])
        for x, y in ring[floor.clearance(ring) >= BODY_M]:
            if floor.inside((float(x), float(y))):
                out.append((float(x), float(y)))
    return out


class _Search:
    """A* over (place, tick): node 0 is the start, node 1 the goal."""

    def __init__(
        self,
        floor: Floor,
        here: Point,
        goal: Point,
        pace_m_s: float,
        crowd: Crowd,
        stay: FloatArray,
        rings: list[Point],
        bound: float,
    ) -> None:
        self.floor, self.stay, self.bound = floor, stay, bound
        nodes = np.array([here, goal, *floor.corners, *rings])
        length = np.hypot(*(nodes - nodes[0]).T) + np.hypot(*(nodes - nodes[1]).T)
        self.nodes = nodes[(length < bound * pace_m_s) | (np.arange(len(nodes)) < 2)]
        low, high = self.nodes.min(axis=0) - EASY_M, self.nodes.max(axis=0) + EASY_M
        near = ((crowd.places_m > low) & (crowd.places_m < high)).all(axis=2).any(axis=1)
        self.crowd = Crowd(crowd.since_s, crowd.places_m[near])
        self.tick_m = pace_m_s * TICK_S
        self.to_goal = np.hypot(*(self.nodes - self.nodes[1]).T) / pace_m_s
        self._seen: dict[int, tuple[IntArray, IntArray]] = {}

    def run(self) -> Timed | None:
        """The cheapest way; None when none better than the bound is found in time."""
        queue: list[tuple[float, int, int, float, int]] = [(float(self.to_goal[0]), 0, 0, 0.0, -1)]
        done: set[tuple[int, int]] = set()
        came: list[tuple[int, int, int]] = []  # node, tick, row of the one before
        while queue:
            if len(came) == LOOKS:
                queue = [entry for entry in queue if entry[1] < 0]
                heapq.heapify(queue)
                if not queue:
                    break
            _, node, tick, cost, before = heapq.heappop(queue)
            if node < 0:
                return self._told(came, ~node, tick, before)
            if (node, tick // WAIT_TICKS) in done:
                continue
            done.add((node, tick // WAIT_TICKS))
            came.append((node, tick, before))
            row = len(came) - 1
            targets, arrivals, costs = self._moves(node, tick, self.bound - cost)
            for there, at, extra in zip(targets.tolist(), arrivals.tolist(), costs.tolist(), strict=True):
                total = cost + extra
                if total + self.to_goal[there] < self.bound and (there, at // WAIT_TICKS) not in done:
                    # The goal is left as its complement once what staying there costs is counted.
                    sure = total + float(self.stay[min(at, len(self.stay) - 1)])
                    if there == 1 and sure < self.bound:
                        self.bound = sure
                        heapq.heappush(queue, (sure, ~1, at, sure, row))
                    heapq.heappush(queue, (total + EAGER * float(self.to_goal[there]), there, at, total, row))
        return None

    def _moves(self, node: int, tick: int, spare_s: float) -> tuple[IntArray, IntArray, FloatArray]:
        """Where one can go from a node, or wait: the nodes, ticks of arrival and costs of getting there.

        Left out is what costs more than `spare_s` all the way.
        """
        targets, ticks = self._visible(node)
        hoped = TICK_S * ticks + self.to_goal[targets]
        worth = np.argsort(hoped, kind="stable")[:BRANCHES]
        worth = worth[hoped[worth] < spare_s]
        targets, ticks = targets[worth], ticks[worth]
        if not len(targets):
            return targets, ticks, np.zeros(0)
        run = np.arange(1, int(ticks.max()) + 1)
        done = np.minimum(1.0, run / ticks[:, None])[..., None]
        ways = self.nodes[node] + done * (self.nodes[targets] - self.nodes[node])[:, None]
        gaps = self.crowd.at(tick + run)[:, None] - ways
        square = gaps[..., 0] ** 2 + gaps[..., 1] ** 2
        near = np.nonzero((square < EASY_M**2) & (run <= ticks[:, None]))
        strains = np.bincount(near[1], strain(np.sqrt(square[near])), len(targets))
        return targets, tick + ticks, TICK_S * (ticks + strains)

    def _visible(self, node: int) -> tuple[IntArray, IntArray]:
        """Nodes to which one can walk straight from `node`, and in how many ticks; itself, to wait there."""
        if node not in self._seen:
            gaps = self.nodes - self.nodes[node]
            lengths = np.hypot(*gaps.T)
            along = np.linspace(0.0, 1.0, max(2, math.ceil(float(lengths.max()) / 0.08)))
            lines = self.nodes[node] + along[:, None, None] * gaps
            free = (self.floor.clearance(lines) >= BODY_M - 1e-9).all(axis=0)
            free &= (lengths > 0.05) | (np.arange(len(lengths)) == node)
            free[node] = True
            ticks = np.maximum(2, np.ceil(lengths / self.tick_m)).astype(np.int64)
            ticks[node] = WAIT_TICKS
            self._seen[node] = (np.flatnonzero(free), ticks[free])
        return self._seen[node]

    def _told(self, came: list[tuple[int, int, int]], node: int, tick: int, row: int) -> Timed:
        way: Timed = [(tick * TICK_S, (float(self.nodes[node][0]), float(self.nodes[node][1])))]
        while row >= 0:
            node, tick, row = came[row]
            if tick > 0:
                way.append((tick * TICK_S, (float(self.nodes[node][0]), float(self.nodes[node][1]))))
        return way[::-1]

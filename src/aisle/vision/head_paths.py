"""Where heads were in one camera's pictures, also in those in which nobody found them.

A detector misses a head now and then, and the face it missed must not be shown.  So the heads of everybody followed
over the floor are thrown into the picture, heads that are nobody's are joined to paths, and at any moment every path
says where a head may be.  See docs/decisions/0134-clips-of-changes.md.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from aisle.store.geometry import project
from aisle.store.model import Camera, FloatArray
from aisle.vision.clips import LEAST_RADIUS_PX, Faces
from aisle.vision.seen import PeopleSeen
from aisle.vision.tracking.people import FloorPeople

NS = 1_000_000_000
MOST_GAP_S = 1.0  # over a longer one a path says nothing
BEYOND_S = 0.5  # so far a path is carried on beyond its ends ...
BEYOND_FIRST_S, BEYOND_EACH_S = 0.1, 0.1  # ... if it is long enough: a head seen once is more likely clutter
GROWS = 2.5  # radii a second by which a head may be elsewhere than its path says
STEP, PACE = 1.0, 20.0  # between two sightings a head moves no farther than so many radii, and so many a second
OFF = 0.5  # radii between two ways to tell where a head is: where they are farther apart both count
NEAR_S = 0.35  # neighbours of a sighting
HEAD_M = (0.12, 0.15)  # radius of a head with its hair: least, most
LOOSEST_M = 0.15  # by so much a head nobody found in the picture is widened at most
OWN = 2.0  # radii between the head found and where the floor has it: farther off it is somebody else's

Circle = tuple[float, float, float]
"""x, y, radius in pixels."""


@dataclass(slots=True)
class _Path:
    """One head, moment by moment."""

    t_ns: list[int] = field(default_factory=list)
    circles: list[Circle] = field(default_factory=list)

    def add(self, t_ns: int, circle: Circle) -> None:
        self.t_ns.append(t_ns)
        self.circles.append(circle)

    def at(self, t_ns: int) -> list[Circle]:
        """Where this head may be at a moment; empty where the path says nothing of it."""
        i = bisect_left(self.t_ns, t_ns)
        exact = i < len(self.t_ns) and self.t_ns[i] == t_ns
        before, after = i - 1, i + 1 if exact else i
        out = [self.circles[i]] if exact else []
        if before >= 0 and after < len(self.t_ns):
            gap_s = (self.t_ns[after] - self.t_ns[before]) / NS
            if gap_s <= (2 * NEAR_S if exact else MOST_GAP_S):
                between = self._between(before, after, t_ns)
                if not exact or _apart(between, out[0]) > OFF * out[0][2]:
                    out.append(between)
                return out
        if not exact:
            reach_s = min(BEYOND_S, BEYOND_FIRST_S + BEYOND_EACH_S * len(self.t_ns))
            ends = [(before, -1)] if before >= 0 else []
            ends += [(after, 1)] if after < len(self.t_ns) else []
            out += [self._beyond(k, way, t_ns) for k, way in ends if abs(t_ns - self.t_ns[k]) <= reach_s * NS]
        return out

    def forget(self, before_ns: int) -> bool:
        """Drop what is older; whether anything is left."""
        gone = bisect_left(self.t_ns, before_ns)
        del self.t_ns[:gone], self.circles[:gone]
        return bool(self.t_ns)

    def _between(self, a: int, b: int, t_ns: int) -> Circle:
        share = (t_ns - self.t_ns[a]) / (self.t_ns[b] - self.t_ns[a])
        x, y, r = ((1.0 - share) * p + share * q for p, q in zip(self.circles[a], self.circles[b], strict=True))
        return x, y, r * (1.0 + GROWS * min(t_ns - self.t_ns[a], self.t_ns[b] - t_ns) / NS)

    def _beyond(self, k: int, way: int, t_ns: int) -> Circle:
        """Carried on from sighting k as it moved there; `way` 1: backwards from the beginning of a stretch."""
        x, y, r = self.circles[k]
        inner = min(max(k + 2 * way, 0), len(self.t_ns) - 1)
        dt_s = (t_ns - self.t_ns[k]) / NS
        span_s = (self.t_ns[k] - self.t_ns[inner]) / NS
        if span_s and abs(span_s) <= 2 * NEAR_S:
            x += (x - self.circles[inner][0]) / span_s * dt_s
            y += (y - self.circles[inner][1]) / span_s * dt_s
        return x, y, r * (1.0 + GROWS * abs(dt_s))


@dataclass(frozen=True, slots=True)
class _Thrown:
    """Somebody's head as the floor tracker has it, in this camera's picture."""

    person: str
    circle: Circle
    px_per_m: float


class HeadPaths:
    """The heads in one camera's pictures; show it, in order of time, every picture somebody looked for people in."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._paths: list[_Path] = []  # of heads found that are nobody's on the floor
        self._followed: dict[str, _Path] = {}  # of people on the floor
        self._doubted: deque[tuple[int, Circle]] = deque()  # where the floor has heads that were found elsewhere
        self._seen: deque[tuple[int, Faces]] = deque()

    def see(self, t_ns: int, people: PeopleSeen, floor: FloorPeople) -> None:
        """What a detector saw in the picture taken at `t_ns`, and who was on the floor by then."""
        faces = Faces.of(people)
        self._seen.append((t_ns, faces))
        found, thrown = _circles(faces), self._thrown(floor)
        reach = [OWN * (a.circle[2] + HEAD_M[1] * a.px_per_m) for a in thrown]
        own = _pairs([a.circle for a in thrown], reach, found)
        for i, head in enumerate(thrown):
            path = self._followed.setdefault(head.person, _Path())
            circle = head.circle
            if i in own:
                x, y, r = found[own[i]]
                circle = (x, y, min(max(r, HEAD_M[0] * head.px_per_m), max(HEAD_M[1] * head.px_per_m, LEAST_RADIUS_PX)))
                if _apart(circle, head.circle) > OFF * head.circle[2]:
                    self._doubted.append((t_ns, head.circle))
            path.add(t_ns, circle)
        self._join(t_ns, [circle for j, circle in enumerate(found) if j not in own.values()])

    def at(self, t_ns: int) -> Faces | None:
        """What must not be recognised in the picture taken at `t_ns`; None when nobody looked at that picture."""
        looked = next((faces for seen_ns, faces in self._seen if seen_ns == t_ns), None)
        if looked is None:
            return None
        circles = [c for path in (*self._paths, *self._followed.values()) for c in path.at(t_ns)]
        circles += [c for doubted_ns, c in self._doubted if doubted_ns == t_ns]
        return Faces(np.array(circles, dtype=np.float64).reshape(-1, 3), looked.boxes_px)

    def forget(self, before_ns: int) -> None:
        """Nobody will ask of pictures before this."""
        while self._seen and self._seen[0][0] < before_ns:
            self._seen.popleft()
        while self._doubted and self._doubted[0][0] < before_ns:
            self._doubted.popleft()
        self._paths = [path for path in self._paths if path.forget(before_ns)]
        self._followed = {person: path for person, path in self._followed.items() if path.forget(before_ns)}

    def _join(self, t_ns: int, circles: list[Circle]) -> None:
        """Each head goes on with the path it can have come from, the nearest ones together; else it begins one."""
        open_now = [path for path in self._paths if t_ns - path.t_ns[-1] <= MOST_GAP_S * NS]
        reach = [(STEP + PACE * (t_ns - path.t_ns[-1]) / NS) * path.circles[-1][2] for path in open_now]
        pairs = _pairs([path.circles[-1] for path in open_now], reach, circles)
        for i, j in pairs.items():
            open_now[i].add(t_ns, circles[j])
        self._paths += [_Path([t_ns], [c]) for j, c in enumerate(circles) if j not in pairs.values()]

    def _thrown(self, floor: FloorPeople) -> list[_Thrown]:
        """The heads of people on the floor as this camera would see them if nothing stood between."""
        if not len(floor):
            return []
        heads = floor.heads_m
        points = project(self._camera, np.nan_to_num(heads))
        far = np.linalg.norm(heads - np.asarray(self._camera.position_m), axis=1)
        loose = np.sqrt(np.maximum(floor.cov[:, 0, 0], floor.cov[:, 1, 1]))
        scales = max(self._camera.focal_px) / np.maximum(far, HEAD_M[1])
        radii = np.maximum(scales * (HEAD_M[0] + np.minimum(loose, LOOSEST_M)), LEAST_RADIUS_PX)
        width, height = self._camera.size_px
        out = []
        for person, (x, y), r, scale in zip(floor.ids, points.tolist(), radii.tolist(), scales.tolist(), strict=True):
            if np.isfinite([x, y, r]).all() and -2 * r < x < width + 2 * r and -2 * r < y < height + 2 * r:
                out.append(_Thrown(person, (x, y, r), scale))
        return out


def _pairs(from_: list[Circle], reach_px: list[float], to: list[Circle]) -> dict[int, int]:
    """Which goes with which, so that they are nearest together; none farther apart than its reach."""
    if not from_ or not to:
        return {}
    a, b = np.array(from_), np.array(to)
    apart = np.hypot(a[:, None, 0] - b[None, :, 0], a[:, None, 1] - b[None, :, 1])
    cost = np.minimum(apart / np.array(reach_px)[:, None], 1.0)
    return {int(i): int(j) for i, j in zip(*linear_sum_assignment(cost), strict=True) if cost[i, j] < 1.0}


def _circles(faces: Faces) -> list[Circle]:
    """All faces as circles: a box becomes the one about its middle."""
    out: list[Circle] = [(x, y, r) for x, y, r in faces.circles_px.tolist()]
    for x0, y0, x1, y1 in _finite(faces.boxes_px).tolist():
        out.append(((x0 + x1) / 2, (y0 + y1) / 2, max(LEAST_RADIUS_PX, x1 - x0, y1 - y0) / 2))
    return out


def _finite(rows: FloatArray) -> FloatArray:
    return rows[np.isfinite(rows).all(axis=1)]


def _apart(a: Circle, b: Circle) -> float:
    return float(np.hypot(a[0] - b[0], a[1] - b[1]))

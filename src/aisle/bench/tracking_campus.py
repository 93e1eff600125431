"""Tracking on the floor with real people: the auditorium of the CAMPUS data set, two calibrated overlapping views.

There are tracks and no video, so detections are made from the true boxes of each view (`tracking_pictures.made_boxes`
says how they err).  Where somebody truly is: the foot points of the views that see them, weighted by how well each can
tell (the error of a foot point on the floor grows with the square of its distance).  The peer is what most systems do:
ByteTrack in each view, foot points on the floor, nearest tracks of the two views taken for one person.
Source: Y. Xu et al., "Multi-view people tracking via hierarchical trajectory composition", CVPR 2016.
"""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.io import loadmat
from scipy.optimize import linear_sum_assignment

from aisle.bench.bytetrack import ByteTrack
from aisle.bench.mot_metrics import FloatArray, IntArray
from aisle.bench.tracking_pictures import BoxFrame, BoxNoise, made_boxes
from aisle.bench.tracking_score import FloorFrame
from aisle.bench.truth import BenchError
from aisle.store.geometry import at_height, rotation_vector
from aisle.store.model import Camera
from aisle.vision.seen import PeopleSeen
from aisle.vision.tracking.floor import FloorTracker
from aisle.vision.tracking.settings import FloorSettings

VIEWS = ("view-HC3", "view-HC4")
SIZE_PX = (1920, 1080)
FPS = 30.0
WITHIN_M = 1.0  # the annotations of the two views differ by 0.3 m in the median, by 0.8 m in one case of twenty


@dataclass(frozen=True, slots=True)
class Campus:
    """Two cameras, per camera the true boxes of every frame, and where everybody seen is on the floor."""

    cameras: tuple[Camera, ...]
    boxes: tuple[list[BoxFrame], ...]
    floor: list[FloorFrame]


def read_campus(folder: Path, first: int = 0, last: int | None = None) -> Campus:
    """Frames `first` to `last` (without it: all) of `mot/campus-auditorium`; BenchError names a file that is not so."""
    cameras = tuple(_cameras(folder / "cam_param.mat")[view] for view in VIEWS)
    views = [_view(folder / f"{view}.txt.gz") for view in VIEWS]
    end = 1 + max(max(view, default=0) for view in views) if last is None else last
    nobody = (np.zeros(0, np.int64), np.zeros((0, 4)))
    boxes = tuple(
        [BoxFrame(*view.get(f, nobody), np.zeros((0, 4)), np.zeros(0)) for f in range(first, end)] for view in views
    )
    floor = [_placed(cameras, [per_view[i] for per_view in boxes]) for i in range(end - first)]
    return Campus(cameras, boxes, floor)


def _cameras(path: Path) -> dict[str, Camera]:
    """The calibration: s (u - cx, v - cy, 1) = K R (X - T), T being the camera's place."""
    out = {}
    for name, K, R, T, _, centre in (tuple(view) for view in loadmat(path)["cam_param"][0]):
        at = T.astype(np.float64).ravel()
        out[str(name[0])] = Camera(
            str(name[0]),
            "",
            SIZE_PX,
            (float(K[0, 0]), float(K[1, 1])),
            (float(centre[0, 0]), float(centre[0, 1])),
            (float(at[0]), float(at[1]), float(at[2])),
            rotation_vector(R.astype(np.float64)),
        )
    return out


def _view(path: Path) -> dict[int, tuple[IntArray, FloatArray]]:
    """Frame -> ids and boxes of the people in the picture (rows called lost are outside of it)."""
    rows: dict[int, list[list[int]]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                ident, x0, y0, x1, y1, frame, lost = (int(cell) for cell in line.split()[:7])
            except ValueError as error:
                raise BenchError(f"{path}, line {number}: found {line!r}, must be id x0 y0 x1 y1 frame lost") from error
            if not lost:
                rows.setdefault(frame, []).append([ident, x0, y0, x1, y1])
    return {
        frame: (np.array([r[0] for r in found], np.int64), np.array([r[1:] for r in found], np.float64))
        for frame, found in rows.items()
    }


def _feet(boxes: FloatArray) -> FloatArray:
    return np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]], axis=1) if len(boxes) else np.zeros((0, 2))


def _on_floor(camera: Camera, boxes: FloatArray) -> FloatArray:
    return at_height(camera, _feet(boxes), 0.0)[:, :2] if len(boxes) else np.zeros((0, 2))


def _placed(cameras: Sequence[Camera], frames: Sequence[BoxFrame]) -> FloorFrame:
    sums: dict[int, FloatArray] = {}
    for camera, frame in zip(cameras, frames, strict=True):
        for ident, place in zip(frame.truth.tolist(), _on_floor(camera, frame.truth_px), strict=True):
            if np.isfinite(place).all():
                weight = float(((place - camera.position_m[:2]) ** 2).sum()) ** -2
                sums[ident] = sums.get(ident, np.zeros(3)) + weight * np.array([*place, 1.0])
    ids = sorted(sums)
    places = np.array([sums[i][:2] / sums[i][2] for i in ids]).reshape(-1, 2)
    return np.array(ids, np.int64), places


def made_views(campus: Campus, seed: int, noise: BoxNoise) -> list[list[BoxFrame]]:
    """Detections made from truth, per camera."""
    return [made_boxes(frames, 100 * seed + number, noise, SIZE_PX) for number, frames in enumerate(campus.boxes)]


def floor_tracks(campus: Campus, views: Sequence[Sequence[BoxFrame]]) -> list[FloorFrame]:
    """What `FloorTracker` makes of the detections of both views."""
    count = itertools.count()
    settings = FloorSettings(farthest_m=40.0)
    tracker = FloorTracker(campus.cameras, lambda: str(next(count)), settings=settings)
    out = []
    for i in range(len(views[0])):
        seen = {
            camera.camera_id: PeopleSeen.boxed(view[i].boxes_px, view[i].scores)
            for camera, view in zip(campus.cameras, views, strict=True)
        }
        people = tracker.step(round(i * 1e9 / FPS), seen)
        out.append((np.array([int(p) for p in people.ids], np.int64), people.positions_m))
    return out


@dataclass
class NearestMerge:
    """The peer's second half: tracks of several views within `WITHIN_M` of each other become one person, for good."""

    person: dict[tuple[int, int], int] = field(default_factory=dict)  # (view, track) -> person
    _next: int = 0

    def step(self, views: Sequence[tuple[IntArray, FloatArray]]) -> FloorFrame:
        """Track ids (n,) and places (n, 2) per view -> persons and the means of their places."""
        people: dict[int, list[FloatArray]] = {}
        for view, (ids, places) in enumerate(views):
            taken: set[int] = set()
            fresh = []
            for ident, place in zip(ids.tolist(), places, strict=True):
                known = self.person.get((view, ident))
                if known is None or known in taken:
                    fresh.append((ident, place))
                    continue
                taken.add(known)
                people.setdefault(known, []).append(place)
            self._adopt(view, fresh, people, taken)
        named = sorted(people)
        return np.array(named, np.int64), np.array([np.mean(people[p], axis=0) for p in named]).reshape(-1, 2)

    def _adopt(
        self, view: int, fresh: list[tuple[int, FloatArray]], people: dict[int, list[FloatArray]], taken: set[int]
    ) -> None:
        """New tracks of a view join the nearest person whom this view does not see yet, or become a new one."""
        free = [p for p in people if p not in taken]
        left = list(range(len(fresh)))
        if free and fresh:
            there = np.array([np.mean(people[p], axis=0) for p in free])
            off = np.array([place for _, place in fresh])[:, None] - there
            far = np.hypot(off[..., 0], off[..., 1])
            for r, c in zip(*linear_sum_assignment(far), strict=True):
                if far[r, c] <= WITHIN_M:
                    self.person[(view, fresh[r][0])] = free[c]
                    people[free[c]].append(fresh[r][1])
                    left.remove(int(r))
        for r in left:
            ident, place = fresh[r]
            self.person[(view, ident)] = self._next
            people[self._next] = [place]
            self._next += 1


def merged_tracks(
    campus: Campus, views: Sequence[Sequence[BoxFrame]], ids: Sequence[Sequence[IntArray]]
) -> list[FloorFrame]:
    """Per-view track ids of every box (-1: none) as people on the floor, by nearest merge."""
    merge = NearestMerge()
    out = []
    for i in range(len(views[0])):
        there = []
        for camera, view, per_box in zip(campus.cameras, views, ids, strict=True):
            places = _on_floor(camera, view[i].boxes_px)
            good = (per_box[i] >= 0) & np.isfinite(places).all(axis=1)
            there.append((per_box[i][good], places[good]))
        out.append(merge.step(there))
    return out


def byte_track_views(views: Sequence[Sequence[BoxFrame]]) -> list[list[IntArray]]:
    """ByteTrack's ids in every view."""
    out = []
    for view in views:
        tracker = ByteTrack()
        out.append([tracker.step(frame.boxes_px, frame.scores) for frame in view])
    return out

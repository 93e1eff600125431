"""ByteTrack as a baseline that runs anywhere: compact, our own, equal in what it says to the `trackers` package.

Y. Zhang et al., "ByteTrack: multi-object tracking by associating every detection box", ECCV 2022, in the variant and
with the defaults of `trackers` 2.6 (corner state, constant velocity, overlap above 0.1, sure boxes from 0.6, new tracks
from 0.7, two frames until a track counts).  `aisle bench tracking --peers PYTHON` runs the package itself beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from aisle.bench.mot_metrics import FloatArray, box_similarity

NOISE, DRIFT = 0.1, 0.01  # of measured corners and of the state per frame


@dataclass(frozen=True, slots=True)
class ByteSettings:
    """Thresholds as the package names them; `buffer_frames` is how long a lost track is kept."""

    high: float = 0.6
    activate: float = 0.7
    overlap: float = 0.1
    consecutive: int = 2
    buffer_frames: int = 30


@dataclass
class _Track:
    """`state` is (x0, y0, x1, y1) and its velocity; one covariance (2, 2) serves all four corners alike."""

    state: FloatArray  # (8,)
    cov: FloatArray  # (2, 2) of a corner coordinate and its velocity
    ident: int = -1
    age: int = 0  # frames since the last sighting
    hits: int = 1  # sightings in a row

    def predict(self) -> None:
        self.state[:4] += self.state[4:]
        F = np.array([[1.0, 1.0], [0.0, 1.0]])
        self.cov = F @ self.cov @ F.T + DRIFT * np.eye(2)
        if self.age > 0:
            self.hits = 0
        self.age += 1

    def update(self, box: FloatArray) -> None:
        gain = self.cov[:, 0] / (self.cov[0, 0] + NOISE)
        off = box - self.state[:4]
        self.state[:4] += gain[0] * off
        self.state[4:] += gain[1] * off
        keep = np.array([[1.0 - gain[0], 0.0], [-gain[1], 1.0]])
        self.cov = keep @ self.cov @ keep.T + NOISE * np.outer(gain, gain)
        self.age, self.hits = 0, self.hits + 1


class ByteTrack:
    """One camera's tracker; `step` per frame."""

    def __init__(self, settings: ByteSettings | None = None) -> None:
        self.settings = settings or ByteSettings()
        self._tracks: list[_Track] = []
        self._next = 0

    def step(self, boxes_px: FloatArray, scores: FloatArray) -> npt.NDArray[np.int64]:
        """Track ids (n,) of the boxes (n, 4) with scores (n,), -1 for boxes without one."""
        s = self.settings
        ids = np.full(len(scores), -1, np.int64)
        for track in self._tracks:
            track.predict()
        self._tracks = [k for k in self._tracks if k.age <= s.buffer_frames]
        high, low = np.flatnonzero(scores >= s.high), np.flatnonzero(scores < s.high)
        rest, fresh = self._associate(list(range(len(self._tracks))), high, boxes_px, ids)
        self._associate(rest, low, boxes_px, ids)
        for j in fresh:
            if scores[j] >= s.activate:
                self._tracks.append(_Track(np.concatenate([boxes_px[j], np.zeros(4)]), np.eye(2)))
        self._tracks = [k for k in self._tracks if k.ident >= 0 or k.hits >= s.consecutive or k.age == 0]
        return ids

    def _associate(
        self, rows: list[int], columns: npt.NDArray[np.intp], boxes_px: FloatArray, ids: npt.NDArray[np.int64]
    ) -> tuple[list[int], list[int]]:
        """Match tracks to boxes by overlap; returns the tracks and boxes left over."""
        if not rows or not len(columns):
            return rows, columns.tolist()
        predicted = np.array([self._tracks[i].state[:4] for i in rows])
        overlap = box_similarity(predicted, boxes_px[columns])
        used_rows, used_columns = set(), set()
        for r, c in zip(*linear_sum_assignment(overlap, maximize=True), strict=True):
            if overlap[r, c] < self.settings.overlap:
                continue
            track = self._tracks[rows[r]]
            track.update(boxes_px[columns[c]])
            if track.ident < 0 and track.hits >= self.settings.consecutive:
                track.ident, self._next = self._next, self._next + 1
            ids[columns[c]] = track.ident
            used_rows.add(r)
            used_columns.add(c)
        return (
            [i for r, i in enumerate(rows) if r not in used_rows],
            [int(j) for c, j in enumerate(columns) if c not in used_columns],
        )

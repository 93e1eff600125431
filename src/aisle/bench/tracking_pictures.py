"""Tracking in one picture: our tracker against ByteTrack on the same boxes, judged by MOTA, IDF1 and HOTA.

`mot/tud-campus` under AISLE_DATA is a real street scene of 71 frames with eight people and a file of somebody's
detections (boxes without scores; the ids in it are not used).  The same truth with boxes made from it, with noise,
drops, unsure boxes of people half hidden and clutter, is there to see more than 222 boxes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisle.bench.bytetrack import ByteTrack
from aisle.bench.mot_metrics import FloatArray, IntArray, Moment, MotScores, box_similarity, score
from aisle.bench.truth import BenchError
from aisle.vision.seen import PeopleSeen
from aisle.vision.tracking.image import ImageTracker

FPS = 25.0
SIZE_PX = (640, 480)


@dataclass(frozen=True, slots=True)
class BoxFrame:
    """One frame: who is truly where (ids (n,), boxes (n, 4)), and the boxes (m, 4) a detector found, scores (m,)."""

    truth: IntArray
    truth_px: FloatArray
    boxes_px: FloatArray
    scores: FloatArray


def read_mot(path: Path) -> dict[int, tuple[IntArray, FloatArray]]:
    """A MOTChallenge text file: frame -> ids (n,), boxes (n, 4) as corners; BenchError names the line that is wrong."""
    rows: dict[int, list[tuple[float, ...]]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        cells = line.split(",")
        try:
            frame, ident, x, y, w, h = (float(cell) for cell in cells[:6])
        except ValueError as error:
            raise BenchError(f"{path}, line {number}: found {line!r}, must be frame,id,x,y,w,h,...") from error
        rows.setdefault(int(frame), []).append((ident, x, y, x + w, y + h))
    return {
        frame: (np.array([r[0] for r in found], np.int64), np.array([r[1:] for r in found]))
        for frame, found in sorted(rows.items())
    }


def tud_campus(folder: Path) -> list[BoxFrame]:
    """The frames of `mot/tud-campus` with the detections that came with it."""
    truth, found = read_mot(folder / "gt.txt"), read_mot(folder / "test.txt")
    nobody = (np.zeros(0, np.int64), np.zeros((0, 4)))
    frames = []
    for number in range(min(truth), max(truth) + 1):
        ids, boxes = truth.get(number, nobody)
        detected = found.get(number, nobody)[1]
        frames.append(BoxFrame(ids, boxes, detected, np.ones(len(detected))))
    return frames


@dataclass(frozen=True, slots=True)
class BoxNoise:
    """How boxes made from truth err: corners by `jitter` of the height, `missed` of the clear people, more of those
    behind others (who get low scores), `clutter` false boxes a frame."""

    jitter: float = 0.03
    missed: float = 0.08
    clutter: float = 0.4


def made_boxes(frames: Sequence[BoxFrame], seed: int, noise: BoxNoise, size_px: tuple[int, int]) -> list[BoxFrame]:
    """The same truth with boxes made from it."""
    rng = np.random.default_rng([0xB0C5, seed])
    out = []
    for frame in frames:
        boxes = frame.truth_px
        n = len(boxes)
        lower = boxes[None, :, 3] > boxes[:, None, 3]  # whose feet are lower stands nearer
        size = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1.0)
        overlap = box_similarity(boxes, boxes)
        shared = overlap * (size[:, None] + size[None]) / (1.0 + overlap)
        hidden = np.where(lower, shared / size[:, None], 0.0).max(axis=1, initial=0.0)
        seen = rng.random(n) > noise.missed + 0.85 * np.clip(hidden - 0.25, 0, 1)
        tall = (boxes[:, 3] - boxes[:, 1])[:, None]
        made = boxes + rng.normal(0, 1, (n, 4)) * noise.jitter * (1.0 + hidden[:, None]) * tall
        scores = np.clip(rng.normal(0.88, 0.07, n) - 0.6 * hidden, 0.05, 0.99)
        count = int(rng.poisson(noise.clutter))
        middle = rng.uniform(0, 1, (count, 2)) * size_px
        h = rng.uniform(0.1, 0.5, count) * size_px[1]
        false = np.concatenate([middle - np.stack([0.2 * h, h / 2], 1), middle + np.stack([0.2 * h, h / 2], 1)], axis=1)
        every = np.concatenate([made[seen], false])
        sure = np.concatenate([scores[seen], np.clip(rng.normal(0.4, 0.15, count), 0.05, 0.95)])
        every[:, 2:] = np.maximum(every[:, 2:], every[:, :2] + 2.0)
        order = rng.permutation(len(every))
        out.append(BoxFrame(frame.truth, frame.truth_px, every[order], sure[order]))
    return out


def judged_boxes(frames: Sequence[BoxFrame], found: Sequence[tuple[IntArray, FloatArray]]) -> MotScores:
    """Scores of tracks: per frame ids (m,) and boxes (m, 4)."""
    return score(
        [
            Moment(frame.truth, ids, box_similarity(frame.truth_px, boxes))
            for frame, (ids, boxes) in zip(frames, found, strict=True)
        ]
    )


def ours(
    frames: Sequence[BoxFrame], size_px: tuple[int, int], fps: float, *, carried: bool = True
) -> list[tuple[IntArray, FloatArray]]:
    """What `ImageTracker` makes of the boxes; without `carried` only people found in the frame."""
    tracker = ImageTracker(size_px, _numbers())
    out = []
    for i, frame in enumerate(frames):
        people = tracker.step(round(i * 1e9 / fps), PeopleSeen.boxed(frame.boxes_px, frame.scores))
        told = (people.which >= 0) | carried
        out.append((np.array([int(p) for p in people.ids], np.int64)[told], people.boxes_px[told]))
    return out


def byte_track(frames: Sequence[BoxFrame]) -> list[IntArray]:
    """What our ByteTrack makes of them: ids per box."""
    tracker = ByteTrack()
    return [tracker.step(frame.boxes_px, frame.scores) for frame in frames]


def kept(frames: Sequence[BoxFrame], ids: Sequence[IntArray]) -> list[tuple[IntArray, FloatArray]]:
    """The boxes that have an id."""
    return [(i[i >= 0], frame.boxes_px[i >= 0]) for frame, i in zip(frames, ids, strict=True)]


def _numbers() -> Callable[[], str]:
    count = itertools.count()
    return lambda: str(next(count))

"""Follows people in one camera's picture: which box now is who was where a moment ago.

Two passes, as in ByteTrack (Y. Zhang et al., "ByteTrack: multi-object tracking by associating every detection box",
2022): detectors' boxes first, what is only a difference from the background after.  Such blobs carry a person on, and
begin one only at the picture's edge, where bodies are cut so that no detector knows them.

Why not `tracking.image.ImageTracker`: it follows whole bodies by a Gaussian of place and shape, and has no word for a
part of one.  Fed with the same boxes and blobs (and wider noise) it keeps the shopper of the real footage as well in
three of four cameras, but in only 50 % of the frames of camera 1 (95 % here), where he is cut off above and in parts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from aisle.vision.detectors.objects import overlaps
from aisle.vision.seen import FloatArray, widened
from aisle.vision.watch.presence import Present

NS = 1_000_000_000
BESIDE = 0.15  # of the height: a gap up to which two boxes can be parts of one body
HELD = 0.6  # of a person's width: how far from the body what it holds may be
PART = 0.5  # a detector's box so much smaller than the person was shows a part; blobs beside it are the rest


@dataclass(frozen=True, slots=True)
class Habits:
    """How long people may be unseen and what it takes to believe in somebody new; seconds, probabilities."""

    lost_s: float = 1.5  # unseen for so long a track has ended
    blob_s: float = 2.0  # so long a blob away from the picture's edge carries a person on
    hits: int = 3  # sightings before a person found by a detector counts
    blob_hits: int = 6  # before one found as a blob does
    least: float = 0.4  # a detector's score that begins somebody
    near: float = 0.7  # of the mean size of two boxes: how far apart their middles may be
    idle_s: float = 20.0  # who never moved for so long is taken for a thing


@dataclass(slots=True)
class Track:
    """One person in one camera for as long as nothing interrupts."""

    track_id: int
    camera_id: str
    box_px: FloatArray
    first_ns: int
    last_ns: int
    firm_ns: int  # last time a detector or the picture's edge bore it out
    start_px: FloatArray
    speed_px_s: FloatArray = field(default_factory=lambda: np.zeros(2))
    whole: bool = False  # whether a detector found it in the newest picture
    whole_hits: int = 0
    hits: int = 0
    travelled_px: float = 0.0
    looks: FloatArray | None = None  # sum of unit vectors
    looks_count: int = 0
    looked_ns: int = -(10**18)

    def believed(self, habits: Habits) -> bool:
        return self.whole_hits >= habits.hits or self.hits >= habits.blob_hits

    def moves(self, habits: Habits) -> bool:
        """Whether this is a person who may be kept out of the background: one that has moved, or is new."""
        young = self.last_ns - self.first_ns < habits.idle_s * NS
        return young or self.travelled_px > 0.5 * float(self.box_px[2] - self.box_px[0])

    @property
    def look(self) -> FloatArray | None:
        """The mean of the looks so far as a unit vector."""
        return None if self.looks is None else np.asarray(self.looks / np.linalg.norm(self.looks))

    def seen_as(self, vector: FloatArray, t_ns: int) -> None:
        self.looks = vector.copy() if self.looks is None else self.looks + vector
        self.looks_count += 1
        self.looked_ns = t_ns

    def ahead(self, t_ns: int) -> FloatArray:
        """Where the box is expected."""
        shift = self.speed_px_s * min((t_ns - self.last_ns) / NS, 0.5)
        return np.asarray(self.box_px + np.concatenate([shift, shift]))


class CameraTracks:
    """The people in one camera's picture; fed in order of time.  `next_id` gives ids that are unique in the shop."""

    def __init__(self, camera_id: str, habits: Habits | None = None) -> None:
        self.camera_id = camera_id
        self.habits = habits or Habits()
        self.live: list[Track] = []

    def update(self, t_ns: int, seen: Present, next_id: int) -> tuple[list[Track], list[Track]]:
        """Take in one picture: the tracks seen in it (believed or not yet), and those that have just ended."""
        ended = [track for track in self.live if t_ns - track.last_ns > self.habits.lost_s * NS]
        self.live = [track for track in self.live if track not in ended]
        whole = np.flatnonzero(seen.whole)
        blobs = np.flatnonzero(~seen.whole)
        found = self._pair(t_ns, seen, whole)
        used = {int(i) for i in found.values()}
        carried = _carried(self.live, seen, blobs, t_ns)
        out = []
        for track in list(self.live):
            if track.track_id in found:
                box = seen.boxes_px[found[track.track_id]]
                part = not track.whole or _area(box) < PART * _area(track.box_px)
                if part and track.track_id in carried:
                    box = _round(seen.boxes_px[[found[track.track_id], *carried[track.track_id]]])
                self._see(track, box, t_ns, whole=True, firm=True)
                out.append(track)
            elif track.track_id in carried:
                parts = carried[track.track_id]
                firm = bool(seen.at_edge[parts].any())
                if firm or t_ns - track.firm_ns <= self.habits.blob_s * NS:
                    self._see(track, _round(seen.boxes_px[parts]), t_ns, whole=False, firm=firm)
                    used.update(int(i) for i in parts)
                    out.append(track)
        for i in (*whole, *blobs):
            strong = seen.scores[i] >= self.habits.least if seen.whole[i] else seen.at_edge[i]
            if int(i) not in used and strong and not _covered(seen.boxes_px[i], out, seen.whole[i]):
                out.append(self._begin(t_ns, seen, int(i), next_id))
                next_id += 1
        apart = [track for track in out if not self._held(track, out)]
        self.live = [track for track in self.live if track in apart or track not in out]
        return apart, ended

    def _held(self, track: Track, others: list[Track]) -> bool:
        """Whether what no detector ever took for a person is something another person holds."""
        bodies = [other.box_px for other in others if other.whole and other is not track]
        if track.whole_hits >= self.habits.hits or not bodies:
            return False
        return bool((_inside(_with_room(np.stack(bodies), HELD), track.box_px[None]) > 0.5).any())

    def _begin(self, t_ns: int, seen: Present, i: int, track_id: int) -> Track:
        box = seen.boxes_px[i].copy()
        whole = bool(seen.whole[i])
        track = Track(track_id, self.camera_id, box, t_ns, t_ns, t_ns, _middle(box), whole=whole)
        track.hits, track.whole_hits = 1, int(whole)
        self.live.append(track)
        return track

    def _pair(self, t_ns: int, seen: Present, whole: np.ndarray[tuple[int, ...], np.dtype[np.intp]]) -> dict[int, int]:
        """Track id -> index of the detector's box that continues it: the best joint assignment."""
        if not self.live or not len(whole):
            return {}
        expected = np.stack([track.ahead(t_ns) for track in self.live])
        boxes = seen.boxes_px[whole]
        shared = overlaps(expected, boxes)
        middles = [0.5 * (b[:, :2] + b[:, 2:]) for b in (expected, boxes)]
        sizes = [np.sqrt(np.prod(np.maximum(b[:, 2:] - b[:, :2], 1.0), axis=1)) for b in (expected, boxes)]
        far = np.linalg.norm(middles[0][:, None] - middles[1][None], axis=2)
        nearness = 1.0 - far / (self.habits.near * 0.5 * (sizes[0][:, None] + sizes[1][None]))
        inside = _inside(expected, boxes)
        parts = np.array([not track.whole for track in self.live])  # a detector may now see the body round a part
        inside[parts] = np.maximum(inside, _inside(boxes, expected).T)[parts]
        inside[parts] = np.where(_beside(expected, boxes), np.maximum(inside, 0.65), inside)[parts]
        gain = np.maximum(np.maximum(shared, 0.5 * nearness), 0.4 * inside)
        gain = np.where((shared > 0.15) | (nearness > 0) | (inside > 0.6), gain, 0.0)
        rows, columns = linear_sum_assignment(gain, maximize=True)
        return {
            self.live[row].track_id: int(whole[column])
            for row, column in zip(rows, columns, strict=True)
            if gain[row, column] > 0
        }

    def _see(self, track: Track, box: FloatArray, t_ns: int, *, whole: bool, firm: bool) -> None:
        step_s = max((t_ns - track.last_ns) / NS, 1e-3)
        if whole and track.whole:  # the middle of a part jumps without anybody moving
            speed = (_middle(box) - _middle(track.box_px)) / step_s
            track.speed_px_s = 0.6 * track.speed_px_s + 0.4 * speed
            track.travelled_px = max(track.travelled_px, float(np.linalg.norm(_middle(box) - track.start_px)))
        track.box_px = box.copy()
        track.last_ns = t_ns
        track.firm_ns = t_ns if firm else track.firm_ns
        track.whole = whole
        track.hits += 1
        track.whole_hits += int(whole)


def _carried(
    tracks: list[Track], seen: Present, blobs: np.ndarray[tuple[int, ...], np.dtype[np.intp]], t_ns: int
) -> dict[int, np.ndarray[tuple[int, ...], np.dtype[np.intp]]]:
    """Track id -> blobs that lie mostly in its box, each blob with the track it lies in most."""
    if not tracks or not len(blobs):
        return {}
    expected = np.stack([track.ahead(t_ns) for track in tracks])
    room = widened(expected, 0.25 * (expected[:, 2:] - expected[:, :2]))
    share = np.maximum(_inside(room, seen.boxes_px[blobs]), _inside(seen.boxes_px[blobs], expected).T)
    best = np.argmax(share, axis=0)
    fits = share[best, np.arange(len(blobs))] > 0.4
    return {tracks[i].track_id: blobs[fits & (best == i)] for i in range(len(tracks)) if (fits & (best == i)).any()}


def _inside(rooms: FloatArray, boxes: FloatArray) -> FloatArray:
    """(n, m) share of each of m boxes that lies in each of n."""
    low = np.maximum(rooms[:, None, :2], boxes[None, :, :2])
    high = np.minimum(rooms[:, None, 2:], boxes[None, :, 2:])
    area = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 1e-9), axis=1)
    return np.asarray(np.prod(np.clip(high - low, 0.0, None), axis=2) / area[None])


def _covered(box: FloatArray, tracks: list[Track], whole: bool) -> bool:
    """Whether the box is a part of, or a double of, somebody already seen in this picture.

    Beside a part of somebody, or as a blob beside anybody, it is taken for another part: an arm, a shadow, a bag.
    """
    if not tracks:
        return False
    boxes = np.stack([track.box_px for track in tracks])
    beside = _beside(boxes, box[None])[:, 0] & np.array([not (whole and track.whole) for track in tracks])
    held = (_inside(_with_room(boxes, 0.15 if whole else HELD), box[None]) > 0.5).any()
    return bool(beside.any() or held or (_inside(box[None], boxes) > 0.6).any())


def _with_room(boxes: FloatArray, share: float) -> FloatArray:
    """Boxes with so many of their widths added on every side."""
    return widened(boxes, share * (boxes[:, 2:3] - boxes[:, :1]))


def _beside(rooms: FloatArray, boxes: FloatArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """(n, m) whether the gap between boxes is small against the larger one's height."""
    gap = np.maximum(rooms[:, None, :2] - boxes[None, :, 2:], boxes[None, :, :2] - rooms[:, None, 2:]).max(axis=2)
    tall = np.maximum((rooms[:, 3] - rooms[:, 1])[:, None], (boxes[:, 3] - boxes[:, 1])[None])
    return np.asarray(gap < BESIDE * tall)


def _round(boxes: FloatArray) -> FloatArray:
    return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])


def _area(box: FloatArray) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _middle(box: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (box[:2] + box[2:]))

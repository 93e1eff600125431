"""Watches the goods: when hands have left a shelf, compares what stands there with what stood there before.

For each shelf and camera that sees its goods a strip is remembered, column by column as it was last seen free of
people.  Once hands were at the shelf and are gone, each column seen again is compared with what is remembered; how much
it changed becomes a log likelihood ratio by figures measured on drawn shops, added over the cameras.  What no camera
saw again in time says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from aisle.store.model import Store
from aisle.vision.evidence import ShelfSight
from aisle.vision.seen import Float32, FloatArray, Image, PeopleSeen, widened
from aisle.vision.shelf_strip import PX_PER_M, Strip, strips_of
from aisle.vision.tracking.people import FloorPeople

NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ShelfWatchSettings:
    """Metres, seconds and grey levels; `slope` and `middle` turn the log of a change into log odds (fitted)."""

    look_every: int = 4  # slots between two looks at quiet shelves
    near_m: float = 0.16  # a hand this near to a shelf's space is at it
    body_m: float = 0.75  # and so is somebody whose hands nobody sees, standing this near before it
    gone_s: float = 0.5  # hands away for so long have left
    wait_s: float = 3.5  # so long columns may take to come free again
    margin_px: float = 5.0  # about people's boxes
    samples: int = 2  # free looks that make a new memory
    noise: float = 2.0
    slope: float = 3.2
    middle: float = 2.1
    most: float = 4.0  # no camera says more than this
    least: float = -2.0
    share: float = 0.7  # of what further cameras say is new


@dataclass(slots=True)
class _Memory:
    """What one camera remembers of one shelf, by column; `t_ns` 0: never seen free."""

    strip: Strip
    mean: Float32  # (h, w, 3)
    t_ns: npt.NDArray[np.int64]  # (w,)
    after: Float32 = field(init=False)  # sum of free looks since hands left
    looks: npt.NDArray[np.intp] = field(init=False)  # (w,) how many

    def __post_init__(self) -> None:
        self.after = np.zeros_like(self.mean)
        self.looks = np.zeros(len(self.t_ns), np.intp)


@dataclass(slots=True)
class _Visit:
    """Hands at a shelf: since when, last when."""

    first_ns: int
    last_ns: int


class ShelfWatch:
    """Feed it slots of pictures with the people in them; it gives a sight of each shelf hands were at."""

    def __init__(self, store: Store, settings: ShelfWatchSettings | None = None) -> None:
        self.settings = settings or ShelfWatchSettings()
        self.store = store
        self._memories: dict[int, dict[str, _Memory]] = {}
        for (camera, shelf), strip in strips_of(store).items():
            h, w = strip.from_px.shape[:2]
            memory = _Memory(strip, np.zeros((h, w, 3), np.float32), np.zeros(w, np.int64))
            self._memories.setdefault(shelf, {})[camera] = memory
        self._visits: dict[int, _Visit] = {}
        self._slots = 0

    def see(
        self, t_ns: int, pictures: Mapping[str, Image], people: Mapping[str, PeopleSeen], floor: FloorPeople
    ) -> list[ShelfSight]:
        """Take one slot; returns the shelves whose comparison is complete by it."""
        boxes = {c: widened(seen.boxes_px, self.settings.margin_px) for c, seen in people.items()}
        at = self._at(floor)
        out = []
        for shelf, memories in self._memories.items():
            visit = self._visits.get(shelf)
            if shelf in at:
                if visit is None:
                    self._visits[shelf] = _Visit(t_ns, t_ns)
                elif visit.last_ns < t_ns - round(self.settings.gone_s * NS):  # back before all was seen
                    out += self._told(shelf, visit, t_ns)
                    self._visits[shelf] = _Visit(t_ns, t_ns)
                else:
                    visit.last_ns = t_ns
            elif visit is not None:
                if t_ns - visit.last_ns < self.settings.gone_s * NS:
                    continue
                waiting = [
                    self._look_after(m, t_ns, pictures[c], boxes[c]) for c, m in memories.items() if c in pictures
                ]
                if not any(waiting) or t_ns - visit.last_ns > (self.settings.gone_s + self.settings.wait_s) * NS:
                    out += self._told(shelf, visit, t_ns)
                    del self._visits[shelf]
            elif (self._slots + shelf) % self.settings.look_every == 0:
                for camera, memory in memories.items():
                    if camera in pictures:
                        self._remember(memory, t_ns, pictures[camera], boxes[camera])
        self._slots += 1
        return out

    # ---------------------------------------------------------------- inside
    def _at(self, floor: FloorPeople) -> set[int]:
        """Shelves with a hand at them, or with somebody before them whose hands are not seen."""
        out: set[int] = set()
        if not len(floor):
            return out
        s = self.settings
        wrists = floor.wrists_m.reshape(-1, 3)
        unseen = ~np.isfinite(floor.wrists_m[..., 0]).all(axis=1)
        standing = np.concatenate([floor.positions_m, np.ones((len(floor), 1))], axis=1)
        for index in self._memories:
            shelf = self.store.shelves[index]
            hand = shelf.local(wrists)
            with np.errstate(invalid="ignore"):
                inside = (
                    (hand[:, 0] > shelf.plate_edges_m[0] - s.near_m)
                    & (hand[:, 0] < shelf.plate_edges_m[-1] + s.near_m)
                    & (hand[:, 1] > -s.near_m)
                    & (hand[:, 1] < shelf.depth_m + s.near_m)
                    & (hand[:, 2] > -s.near_m)
                    & (hand[:, 2] < 0.30 + s.near_m)
                )
            body = shelf.local(standing)
            before = (
                unseen
                & (body[:, 0] > shelf.plate_edges_m[0] - 0.3)
                & (body[:, 0] < shelf.plate_edges_m[-1] + 0.3)
                & (body[:, 1] > -s.body_m)
                & (body[:, 1] < 0.0)
            )
            if inside.any() or before.any():
                out.add(index)
        return out

    def _remember(self, memory: _Memory, t_ns: int, picture: Image, boxes: FloatArray) -> None:
        free = memory.strip.clear(boxes)
        strip = memory.strip.of(picture).astype(np.float32)
        share = np.where(memory.t_ns > 0, 0.3, 1.0)[None, :, None]
        memory.mean = np.where(free[None, :, None], memory.mean + share * (strip - memory.mean), memory.mean)
        memory.t_ns[free] = t_ns

    def _look_after(self, memory: _Memory, t_ns: int, picture: Image, boxes: FloatArray) -> bool:
        """Look again; whether columns are still to come."""
        wanted = memory.strip.inside & (memory.looks < self.settings.samples)
        if not wanted.any():
            return False
        free = memory.strip.clear(boxes) & wanted
        if free.any():
            strip = memory.strip.of(picture).astype(np.float32)
            memory.after[:, free] += strip[:, free]
            memory.looks[free] += 1
        return bool((memory.strip.inside & (memory.looks < self.settings.samples)).any())

    def _told(self, shelf: int, visit: _Visit, t_ns: int) -> list[ShelfSight]:
        """What all cameras say of a shelf, and the memories brought up to date."""
        parts: list[FloatArray] = []
        first = visit.first_ns
        along: FloatArray | None = None
        for memory in self._memories[shelf].values():
            seen = memory.looks > 0
            both = seen & (memory.t_ns > 0)
            after = np.asarray(memory.after / np.maximum(1, memory.looks)[None, :, None], np.float32)
            if both.any():
                along = memory.strip.along_m
                parts.append(self._odds(change(memory.mean, after, both), both, memory.strip.scale))
                first = min(first, int(memory.t_ns[both].min()))
            memory.mean[:, seen] = after[:, seen]
            memory.t_ns[seen] = t_ns
            memory.after[:], memory.looks[:] = 0.0, 0
        if along is None:
            return []
        ordered = np.sort(np.stack(parts), axis=0)[::-1]
        strongest = np.take_along_axis(np.stack(parts), np.abs(np.stack(parts)).argmax(axis=0)[None], axis=0)[0]
        nats = strongest + self.settings.share * (ordered.sum(axis=0) - strongest)
        return [ShelfSight(shelf, first, t_ns, along, nats, nats)]

    def _odds(self, changed: FloatArray, seen: npt.NDArray[np.bool_], scale: float) -> FloatArray:
        s = self.settings
        nats = s.slope * (np.log(changed + s.noise) - s.middle)
        return np.where(seen, np.clip(nats, s.least, s.most), 0.0)


def change(before: Float32, after: Float32, seen: npt.NDArray[np.bool_]) -> FloatArray:
    """(w,) how much each column changed: grey levels, over about the width of a package, the light's change taken out.

    Light is one gain for each colour, the median over the columns seen; a column is as changed as its most changed
    third, for a small thing changes only a part of its height.
    """
    gains = np.median((after[:, seen] + 8.0) / (before[:, seen] + 8.0), axis=(0, 1))
    apart = np.abs(after - before * gains).max(axis=2)
    apart[:, ~seen] = 0.0
    width = max(3, round(0.06 * PX_PER_M) | 1)
    smooth = cv2.blur(apart, (width, 3))
    keep = max(1, len(smooth) // 3)
    return np.asarray(np.sort(smooth, axis=0)[-keep:].mean(axis=0), np.float64)

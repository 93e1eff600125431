"""The shop's eyes put together: pictures in; who is where, what changed on shelves and what is doubtful out.

Frames are gathered into slots of time; of each slot the detector looks at all pictures at once, and the floor tracker
takes what it saw.  Cameras that no longer see are left out until they do.  Nothing here asks the machine's clock: the
same frames give the same people.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import cv2
import numpy as np

from aisle.sensing.jpeg import decoded_jpeg
from aisle.sensing.readings import FrameReading, HealthEntry, TrackReading
from aisle.store.model import LARGEST_PICTURE_PX, Store
from aisle.vision.background import BackgroundModel
from aisle.vision.camera_health import CameraHealth
from aisle.vision.evidence import Evidence, IdentityDoubt
from aisle.vision.looks.appearance import Looks
from aisle.vision.looks.colours import ColourStripes
from aisle.vision.seen import FloatArray, Image, PeopleDetector, PeopleSeen, widened
from aisle.vision.shelf_watch import ShelfWatch
from aisle.vision.tracking.floor import FloorTracker
from aisle.vision.tracking.people import FloorPeople, Swap, track_reading

NS = 1_000_000_000
_T = TypeVar("_T")
_R = TypeVar("_R")
DEVICE = "sight"
MOST_JITTER = 0.3  # of a slot: what is farther from its camera's phase says nothing of it
PHASE_FOLLOWS = 0.1  # clocks drift: share of a frame's difference its camera's phase takes over
AHEAD_S = 1.0  # a picture's time may be so far after its receipt: clocks differ, and one from afar would end all slots
MOST_STRANGERS = 20  # cameras the store does not have, told by name: recordings may name as many as they like
OTHERS = "(others)"


@dataclass(frozen=True, slots=True)
class SightSettings:
    """`slot_s`: pictures this near in time are taken together; `wait_slots`: so long a slot waits for late ones."""

    slot_s: float = 0.1
    wait_slots: int = 2
    learn_every: int = 3  # slots between two looks at the background, once it is known
    looks_every: int = 3  # slots between two looks at what people wear
    least_look_px: int = 500  # smaller people say nothing about what they wear
    wrist_error_m: float = 0.035  # per axis, of the shipped wrists, beside what the tracker knows of
    least_wrist: float = 0.55  # wrists right less probably than this are not told: belief then goes by the head


@dataclass(frozen=True, slots=True)
class Seen:
    """One slot: what each camera saw, and who is where by it; `frames` are those that were looked at."""

    t_ns: int
    pictures: Mapping[str, Image]
    people: Mapping[str, PeopleSeen]
    floor: FloorPeople
    reading: TrackReading
    evidence: tuple[Evidence, ...]
    frames: Mapping[str, FrameReading] = field(default_factory=dict)


@dataclass(slots=True)
class _Slot:
    frames: dict[str, FrameReading] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)  # of frames that came decoded


class Sight:
    """Watches a store's calibrated cameras; frames go in in order of receipt.

    `detector` finds people in pictures, `looks` tells them apart by appearance, `make_id` names whoever is new.  Frames
    that cannot be decoded, of cameras the store does not have, from the future or too late for their slot are counted
    as health.
    """

    def __init__(
        self,
        store: Store,
        detector: PeopleDetector,
        make_id: Callable[[], str],
        *,
        looks: Looks | None = None,
        settings: SightSettings | None = None,
        jobs: int = 2,
    ) -> None:
        self.store, self.settings = store, settings or SightSettings()
        self.tracker = FloorTracker.of(store, make_id)
        self.shelves = ShelfWatch(store)
        self.cameras = CameraHealth(store.cameras)
        self._detector, self._looks = detector, looks or ColourStripes()
        self._backgrounds = {camera.camera_id: BackgroundModel() for camera in store.cameras}
        self._sizes = {camera.camera_id: camera.size_px for camera in store.cameras}
        self._slots: dict[int, _Slot] = {}
        self._phases: dict[str, float] = {}  # of each camera's frames within slots
        self._done = -3  # the last slot that is over; the first frame heard need not be the first taken
        self._heard: dict[str, int] = {}  # camera -> its last slot
        self._first_ns: int | None = None
        self._faults: dict[tuple[str, str], list[int]] = {}  # (camera, what) -> [count, first, last ns]
        self._strangers: set[str] = set()
        self._threads = ThreadPoolExecutor(jobs, thread_name_prefix="sight") if jobs > 1 else None
        self._slots_seen = 0
        self._told_ns = -(1 << 62)  # when the last slot was

    def see(self, frame: FrameReading, image: Image | None = None) -> Iterator[Seen]:
        """Take one frame, with its picture where somebody decoded it already; yields the slots complete by it."""
        if frame.camera not in self._backgrounds:
            self._strangers |= {frame.camera} if len(self._strangers) < MOST_STRANGERS else set()
            who = frame.camera if frame.camera in self._strangers else OTHERS
            known = ", ".join(self._backgrounds) or "none"
            self._fault(frame, f"of a camera the store does not have; it has {known}", who)
            return
        if frame.t_ns > frame.received_ns + AHEAD_S * NS:
            self._fault(frame, "received before it was taken, by its time stamps; set the camera's clock")
            return
        number = self._slot_of(frame)
        if number <= self._done:
            self._fault(frame, "came too late to be used")
            return
        slot = self._slots.setdefault(number, _Slot())
        slot.frames[frame.camera] = frame
        if image is not None:
            slot.images[frame.camera] = image
        self._heard[frame.camera] = number
        for ready in sorted(self._slots):
            if ready > number - self.settings.wait_slots and not self._complete(ready):
                break
            yield from self._look(ready)

    def tick(self, now_ns: int) -> None:
        """Time passes by the clock that stamps frames: cameras that are silent are noticed."""
        self.cameras.tick(now_ns)

    def finish(self) -> Iterator[Seen]:
        """The slots still waiting for late frames."""
        for ready in sorted(self._slots):
            yield from self._look(ready)

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        """What was wrong with frames and cameras so far."""
        frames = tuple(
            HealthEntry(
                "frame-loss",
                f"camera {camera}",
                f"camera {camera}: {count} frame{'s' if count > 1 else ''} {what}",
                first,
                last,
                camera=camera,
            )
            for (camera, what), (count, first, last) in sorted(self._faults.items())
        )
        return (*frames, *self.cameras.entries)

    # ---------------------------------------------------------------- inside
    def _slot_of(self, frame: FrameReading) -> int:
        """The slot a frame belongs to: each camera has a phase of its own, so that jitter moves no frame elsewhere."""
        if self._first_ns is None:
            self._first_ns = frame.t_ns
        slot_ns = self.settings.slot_s * NS
        since = (frame.t_ns - self._first_ns) / slot_ns
        phase = self._phases.setdefault(frame.camera, since - np.floor(since))
        number = round(since - phase)
        off = since - phase - number
        if abs(off) < MOST_JITTER:
            self._phases[frame.camera] = phase + PHASE_FOLLOWS * off
        return number

    def _complete(self, number: int) -> bool:
        """Whether every camera that still speaks has given its frame for this slot."""
        silent = number - 3 * self.settings.wait_slots
        alive = {c for c in self._backgrounds if self._heard.get(c, 0) >= silent}
        return alive <= self._slots[number].frames.keys()

    def _look(self, number: int) -> Iterator[Seen]:
        slot = self._slots.pop(number)
        self._done = max(self._done, number)
        names = [c for c in self._backgrounds if c in slot.frames]
        decoded = self._mapped(lambda c: self._decoded(slot.frames[c], slot.images.get(c)), names)
        pictures = {c: p for c, p in zip(names, decoded, strict=True) if p is not None}
        for camera, picture in pictures.items():
            self.cameras.see(camera, slot.frames[camera].t_ns, picture)
        pictures = {c: p for c, p in pictures.items() if self.cameras.usable(c)}
        if not pictures:
            return
        backgrounds = self._mapped(lambda c: self._backgrounds[c].picture, list(pictures))
        found = self._detector.detect(list(pictures.values()), backgrounds)
        people = dict(zip(pictures, found, strict=True))
        people = {c: self._with_looks(pictures[c], seen) for c, seen in people.items()}
        self._learn(pictures, people)
        self._slots_seen += 1
        t_ns = int(np.mean([slot.frames[c].t_ns - (self._first_ns or 0) for c in pictures])) + (self._first_ns or 0)
        t_ns = self._told_ns = max(t_ns, self._told_ns + 1)  # of cameras slower than slots, neighbours may overlap
        received_ns = max(frame.received_ns for frame in slot.frames.values())
        floor = self.tracker.step(t_ns, people)
        evidence: tuple[Evidence, ...] = (
            *(IdentityDoubt(e.t_ns, e.a, e.b, e.probability) for e in self.tracker.events if isinstance(e, Swap)),
            *self.shelves.see(t_ns, pictures, people, floor),
        )
        reading = track_reading(floor, DEVICE, received_ns, self.settings.least_wrist, self.settings.wrist_error_m)
        yield Seen(t_ns, pictures, people, floor, reading, evidence, {c: slot.frames[c] for c in pictures})

    def _decoded(self, frame: FrameReading, image: Image | None) -> Image | None:
        decoded = decoded_jpeg(frame.jpeg) if image is None else image
        if decoded is None:
            most = LARGEST_PICTURE_PX // 10**6
            self._fault(frame, f"cannot be decoded: no JPEG, or one of more than {most} megapixels")
            return None
        width, height = self._sizes[frame.camera]
        if decoded.shape[:2] == (height, width):
            return decoded
        return np.asarray(cv2.resize(decoded, (width, height), interpolation=cv2.INTER_AREA), np.uint8)

    def _learn(self, pictures: Mapping[str, Image], people: Mapping[str, PeopleSeen]) -> None:
        """Backgrounds learn in turn, so that no slot is slow; all of them while one is still unknown."""

        def learn(item: tuple[int, str]) -> None:
            i, camera = item
            model = self._backgrounds[camera]
            if model.picture is None or (self._slots_seen + i) % self.settings.learn_every == 0:
                model.update(pictures[camera], _with_room(people[camera].boxes_px))

        self._mapped(learn, list(enumerate(pictures)))

    def _with_looks(self, picture: Image, seen: PeopleSeen) -> PeopleSeen:
        looks = np.full((len(seen), self._looks.size), np.nan)
        if self._slots_seen % self.settings.looks_every:
            return replace(seen, looks=looks)
        corners = np.round(seen.boxes_px).astype(int)
        crops = [(i, picture[y0:y1, x0:x1]) for i, (x0, y0, x1, y1) in enumerate(corners.tolist())]
        large = [(i, crop) for i, crop in crops if crop.shape[0] * crop.shape[1] >= self.settings.least_look_px]
        if large:
            looks[[i for i, _ in large]] = self._looks.of([crop for _, crop in large])
        return replace(seen, looks=looks)

    def _mapped(self, what: Callable[[_T], _R], items: list[_T]) -> list[_R]:
        return list(self._threads.map(what, items) if self._threads is not None else map(what, items))

    def _fault(self, frame: FrameReading, what: str, camera: str | None = None) -> None:
        entry = self._faults.setdefault((camera or frame.camera, what), [0, frame.t_ns, frame.t_ns])
        entry[0] += 1
        entry[1], entry[2] = min(entry[1], frame.t_ns), max(entry[2], frame.t_ns)


def _with_room(boxes: FloatArray, share: float = 0.08) -> FloatArray:
    """Boxes with that share of their size added on every side: outlines are never exact."""
    return widened(boxes, share * (boxes[:, 2:] - boxes[:, :2]))

"""Cameras that no longer see: frozen, dark, covered, moved or losing pictures, noticed within five seconds.

Each picture costs a stamp; twice a second a camera's picture is looked at (`camera_view`).  What is wrong must stay so
for a while before it is told, and be gone for a while before it is forgotten.  See
docs/decisions/0118-blocks-that-find-themselves.md.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from aisle.sensing.readings import HealthEntry
from aisle.store.model import Camera
from aisle.vision.camera_view import Look, View
from aisle.vision.seen import Image

Fault = Literal["frozen", "dark", "covered", "moved", "frame-loss"]

NS = 1_000_000_000
LOOK_S = 0.5  # between two looks at a camera
SETTLING_LOOKS = 4  # before a picture becomes the reference: exposure and people at the door
AFTER_S: dict[Fault, float] = {"frozen": 3.0, "dark": 1.5, "covered": 3.0, "moved": 2.5, "frame-loss": 0.0}
"""So long a fault must last before it is told."""
WELL_S = 1.0  # so long it must be gone before it is over
RENEWED = 0.002  # share of pixels noise alone renews many times over, even after JPEG
DARK = 24.0  # grey level that hardly a pixel exceeds
OTHER = 0.5  # share of blocks that lie still and are not what they were: more is no person and no new goods
MOVED_PX = 3.0 / 640.0  # of the picture's width
VOTES = 0.3  # share of blocks that must be found before their shift counts
ADOPT_LOOKS = 20  # looks for which a block shows the same new thing before it is the shelf's new face
SILENCE_S = 1.0
RATE_S = 3.0  # over so long pictures are counted
LOSS = 0.5  # share of the usual rate
FORGET = 0.998  # with each picture: a camera set to a lower rate is not at fault for ever
MOST_ENTRIES = 1000  # closed ones of each camera

_SAID: dict[Fault, Callable[[float], str]] = {
    "frozen": lambda s: f"the same picture for {s:.1f} s",
    "dark": lambda s: f"nothing bright enough to be seen for {s:.1f} s",
    "covered": lambda s: f"most of the view hidden for {s:.1f} s; wipe or uncover the lens",
    "moved": lambda s: f"has not looked where it was calibrated for {s:.1f} s; turn it back or calibrate it again",
    "frame-loss": lambda s: f"less than half of its pictures for {s:.1f} s",
}


@dataclass(slots=True)
class _Course:
    """The course of one fault: since when it looks so, since when it no longer does, whether it was told."""

    since_ns: int | None = None
    well_ns: int | None = None
    last_ns: int = 0
    told: bool = False


@dataclass(slots=True)
class _Watch:
    """What is known of one camera."""

    camera: str
    view: View
    times: deque[int] = field(default_factory=deque)  # of the pictures of the last RATE_S
    usual: float = 0.0  # pictures in RATE_S
    first_ns: int | None = None
    newest_ns: int | None = None
    looked_ns: int | None = None
    looks: int = 0
    courses: dict[Fault, _Course] = field(default_factory=dict)
    entries: list[HealthEntry] = field(default_factory=list)


class CameraHealth:
    """Watches all cameras of a store; show it every picture with `see`, and tell it the time with `tick`.

    `references` are pictures taken when the cameras were calibrated; without one, a camera's first pictures stand for
    it, and what was wrong from the beginning goes unnoticed, except for darkness, a frozen picture and an empty view.
    Times come in order for each camera.
    """

    def __init__(self, cameras: Sequence[Camera], references: Mapping[str, Image] | None = None) -> None:
        known = references or {}
        self._watches = {c.camera_id: _Watch(c.camera_id, View(known.get(c.camera_id))) for c in cameras}
        self._begun_ns: int | None = None

    def see(self, camera: str, t_ns: int, image: Image) -> None:
        """A picture of this camera, taken at t_ns; pictures of cameras the store does not know are passed over."""
        watch = self._watches.get(camera)
        if watch is None:
            return
        self.tick(t_ns)
        watch.first_ns = t_ns if watch.first_ns is None else watch.first_ns
        watch.newest_ns = t_ns if watch.newest_ns is None else max(watch.newest_ns, t_ns)
        self._count(watch, t_ns)
        if watch.looked_ns is None or t_ns - watch.looked_ns >= LOOK_S * NS:
            watch.looked_ns = t_ns
            self._judge(watch, t_ns, watch.view.look(image))

    def tick(self, now_ns: int) -> None:
        """Time passes, by the clock that stamps the pictures: silent cameras are noticed."""
        self._begun_ns = now_ns if self._begun_ns is None else self._begun_ns
        for watch in self._watches.values():
            heard = watch.newest_ns if watch.newest_ns is not None else self._begun_ns
            if now_ns - heard > self._patience(watch):
                self._note(watch, "frame-loss", True, now_ns, since_ns=heard)

    def usable(self, camera: str) -> bool:
        """Whether what this camera shows may be believed now; a camera the store does not know may not."""
        watch = self._watches.get(camera)
        return watch is not None and not any(course.told for course in watch.courses.values())

    def faults(self, camera: str) -> tuple[Fault, ...]:
        """What is wrong with this camera now."""
        watch = self._watches.get(camera)
        return tuple(sorted(f for f, course in watch.courses.items() if course.told)) if watch else ()

    def recalibrated(self, camera: str) -> None:
        """The camera looks where it should: the next picture is its new reference."""
        watch = self._watches[camera]
        watch.view, watch.looks = View(), 0
        for fault in ("moved", "covered"):
            course = watch.courses.get(fault)
            if course is not None and course.told:
                self._close(watch, fault, course)
            watch.courses.pop(fault, None)

    @property
    def entries(self) -> tuple[HealthEntry, ...]:
        """What was wrong so far, by camera and time; what still is reaches up to the last picture or tick."""
        out = []
        for watch in self._watches.values():
            going_on = [_entry(watch.camera, f, c) for f, c in watch.courses.items() if c.told]
            out += sorted((*watch.entries, *going_on), key=lambda e: (e.t0_ns or 0, e.kind))
        return tuple(out)

    # ------------------------------------------------------------------ judging
    def _count(self, watch: _Watch, t_ns: int) -> None:
        times = watch.times
        times.append(t_ns)
        while times[0] <= t_ns - RATE_S * NS:
            times.popleft()
        whole = watch.first_ns is not None and t_ns - watch.first_ns >= RATE_S * NS
        if whole:
            watch.usual = max(len(times), FORGET * watch.usual)
        few = whole and len(times) < LOSS * watch.usual
        self._note(watch, "frame-loss", few, t_ns)

    def _patience(self, watch: _Watch) -> float:
        """Nanoseconds of silence that are still as usual."""
        if watch.usual == 0:
            return RATE_S * NS
        return max(SILENCE_S, 5 * RATE_S / watch.usual) * NS

    def _judge(self, watch: _Watch, t_ns: int, look: Look) -> None:
        view = watch.view
        watch.looks += 1
        dark = look.bright < DARK
        if not view.knows and not dark and watch.looks > SETTLING_LOOKS:
            view.refer_to_last()
        empty = watch.looks > SETTLING_LOOKS and not view.knows
        shifted = look.found >= VOTES and look.shift_px > MOVED_PX * view.width_px
        other = look.blank + look.foreign >= OTHER
        hidden = other and look.blank > look.foreign
        foreign = other and look.blank <= look.foreign and look.found < VOTES
        frozen = look.renewed < RENEWED
        self._note(watch, "dark", dark, t_ns)
        self._note(watch, "frozen", frozen and not dark, t_ns)
        self._note(watch, "covered", not dark and (hidden or empty or view.worn), t_ns)
        self._note(watch, "moved", not dark and not hidden and (shifted or foreign), t_ns)
        if look.found >= 0.5 and not shifted and not math.isnan(look.shift_px):
            view.adopt(ADOPT_LOOKS)

    def _note(self, watch: _Watch, fault: Fault, wrong: bool, t_ns: int, since_ns: int | None = None) -> None:
        """Follow a fault from one look to the next."""
        course = watch.courses.get(fault)
        if course is None:
            if not wrong:
                return
            course = watch.courses[fault] = _Course()
        if wrong:
            if course.since_ns is None:
                course.since_ns = since_ns if since_ns is not None else t_ns
            course.well_ns = None
            course.last_ns = max(course.last_ns, t_ns)
            course.told = course.told or t_ns - course.since_ns >= AFTER_S[fault] * NS
            return
        if not course.told:
            course.since_ns = None
            return
        course.well_ns = t_ns if course.well_ns is None else course.well_ns
        if t_ns - course.well_ns >= WELL_S * NS:
            self._close(watch, fault, course)
            del watch.courses[fault]

    def _close(self, watch: _Watch, fault: Fault, course: _Course) -> None:
        watch.entries.append(_entry(watch.camera, fault, course))
        del watch.entries[:-MOST_ENTRIES]


def _entry(camera: str, fault: Fault, course: _Course) -> HealthEntry:
    since, until = course.since_ns or 0, course.well_ns or course.last_ns
    where = f"camera {camera}"
    said = _SAID[fault]((until - since) / NS)
    return HealthEntry(fault, where, f"{where}: {said}", since, until, grave=True, camera=camera)

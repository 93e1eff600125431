"""A clip for every change: the pictures around it from the cameras that show it best, without faces, for a while.

The newest pictures are remembered as they came, with the heads seen in them.  When the core has found a change, and
what came after it has been seen, the clip is cut out and written; the receipts never wait for it and never depend on
it.  See docs/decisions/0134-clips-of-changes.md.
"""

from __future__ import annotations

import datetime
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from aisle.belief.events import EventRecord
from aisle.sensing.jpeg import jpeg_size
from aisle.sensing.readings import FrameReading, HealthEntry
from aisle.store.geometry import project
from aisle.store.model import Camera, Shelf, Store
from aisle.vision.clips import Clip, Faces, FrameMemory, best_cameras, sweep, write_clip
from aisle.vision.head_paths import BEYOND_S, HeadPaths
from aisle.vision.sight_lines import behind_shelves, free_of_people
from aisle.vision.tracking.people import FloorPeople
from aisle.walkout.clip_folder import ClipWish
from aisle.walkout.eyes import Glimpse

NS = 1_000_000_000
BEHIND_SHELVES = 0.05  # how well a camera counts from which goods hide the place
BEHIND_PEOPLE = 0.1  # and one from which somebody's body always hides it
BEFORE_M, ABOVE_M = 0.02, 0.08  # the place of a change: so far before the board's edge and so high above it


@dataclass(frozen=True, slots=True)
class ClipSettings:
    """Seconds and bytes.  Memory: up to `most_bytes` of JPEG a camera, no older than `remember_s`."""

    before_s: float = 1.5
    after_s: float = 1.5
    longest_s: float = 15.0  # of a clip; of a longer change its end is shown
    least_acted: float = 0.05  # changes less probably somebody's doing get no clip
    together_m: float = 0.6  # changes of one shelf this near in place, and in time, share a clip
    cameras: int = 2
    least_view: float = 0.35  # of the best camera's view: who shows less is left out
    least_frames: float = 0.5  # of the pictures of the camera with most of them: who has fewer is left out
    most_bytes: int = 48 << 20
    remember_s: float = 75.0  # a change only cameras explain is known up to 50 s later
    overdue_s: float = 5.0  # so long pictures after a change are waited for
    sweep_every_s: float = 600.0
    most_waiting: int = 8  # clips the writing thread may be behind


@dataclass(slots=True)
class _Wanted:
    """A clip still to be written: of which changes, where on which shelf, and when."""

    events: list[int]
    shelf: Shelf
    plates: tuple[int, ...]
    t0_ns: int
    t1_ns: int

    @property
    def middle_m(self) -> float:
        """Along the shelf."""
        edges = self.shelf.plate_edges_m
        plates = self.plates or tuple(range(1, self.shelf.plate_count + 1))
        return (edges[min(plates) - 1] + edges[max(plates)]) / 2

    @property
    def place_m(self) -> tuple[float, float, float]:
        return self.shelf.world(self.middle_m, -BEFORE_M, ABOVE_M)

    @property
    def outward(self) -> tuple[float, float]:
        """Where the shelf opens to."""
        front, behind = self.shelf.world(0.0, -1.0), self.shelf.world(0.0, 0.0)
        return front[0] - behind[0], front[1] - behind[1]

    @property
    def name(self) -> str:
        moment = datetime.datetime.fromtimestamp(self.t1_ns // NS, datetime.UTC)
        milliseconds = self.t1_ns // 1_000_000 % 1000
        where = f"g{self.shelf.gondola}-s{self.shelf.shelf}-e{self.events[0]}"
        return f"{moment:%Y%m%d-%H%M%S}-{milliseconds:03d}-{where}"


_Note = Callable[[], None]
"""What is to be noted of work done: called where the shop runs, whichever thread worked."""


@dataclass(slots=True)
class _Watched:
    """What is remembered of one camera."""

    camera: Camera
    frames: FrameMemory
    heads: HeadPaths


class ClipWriter:
    """Shown what the eyes see (`look`), told of changes (`ask`) and of time (`pass_time`), it writes the clips.

    `clips` names the clip of each change that has one, relative to the folder of the wish.  Cameras of which `faults`
    tells something grave at the time of a change are left out.  The same input gives the same files.
    """

    def __init__(self, store: Store, wish: ClipWish, settings: ClipSettings | None = None) -> None:
        self.wish, self.settings = wish, settings or ClipSettings()
        self.faults: Callable[[], Iterable[HealthEntry]] = tuple
        self.clips: dict[int, str] = {}
        self._store = store
        s = self.settings
        self._watched = {
            c.camera_id: _Watched(c, FrameMemory(s.most_bytes, s.remember_s), HeadPaths(c)) for c in store.cameras
        }
        self._floors: deque[FloorPeople] = deque()
        self._wanted: list[_Wanted] = []
        self._swept_ns: int | None = None
        self._losses: dict[str, list[int]] = {}  # what was lost -> how often, first, last
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clips") if wish.aside else None
        self._running: deque[Future[_Note]] = deque()

    def look(self, glimpse: Glimpse) -> None:
        """Remember the pictures of a moment and the people in them."""
        oldest_ns = glimpse.floor.t_ns - round(self.settings.remember_s * NS)
        for name, frame in glimpse.frames.items():
            watched = self._watched[name]
            watched.frames.add(frame)
            watched.heads.see(frame.t_ns, glimpse.people[name], glimpse.floor)
            watched.heads.forget(oldest_ns)
        self._floors.append(glimpse.floor)
        while self._floors[0].t_ns < oldest_ns:
            self._floors.popleft()

    def ask(self, records: Iterable[EventRecord]) -> None:
        """Want clips of these changes; those of one shelf that are near in place and time share one."""
        s = self.settings
        longest_ns = round((s.longest_s - s.before_s - s.after_s) * NS)
        for record in records:
            if record.acted < s.least_acted:
                continue
            shelf = self._store.shelves[record.shelf]
            new = _Wanted([record.event], shelf, record.plates, record.t0_ns, record.t1_ns)
            for old in self._wanted:
                near = old.shelf.key == shelf.key and abs(old.middle_m - new.middle_m) <= s.together_m
                t0_ns, t1_ns = min(old.t0_ns, new.t0_ns), max(old.t1_ns, new.t1_ns)
                if near and t1_ns - t0_ns <= longest_ns:
                    old.events.append(record.event)
                    old.plates = tuple(sorted({*old.plates, *new.plates}))
                    old.t0_ns, old.t1_ns = t0_ns, t1_ns
                    break
            else:
                self._wanted.append(new)

    def pass_time(self, now_ns: int) -> None:
        """Write what is due by now, and delete the clips past their time; `now_ns` by the clock that stamps pictures.

        A clip is due when pictures from after the change have been seen, or should long have been.
        """
        self._collect(wait=False)
        if self._swept_ns is None or now_ns - self._swept_ns >= self.settings.sweep_every_s * NS:
            self._swept_ns = now_ns
            self._sweep(now_ns)
        seen_ns = self._floors[-1].t_ns if self._floors else 0
        due = [w for w in self._wanted if seen_ns >= self._until_ns(w) or now_ns >= self._until_ns(w, overdue=True)]
        for wanted in due:
            self._wanted.remove(wanted)
            self._cut(wanted)

    def finish(self, now_ns: int) -> None:
        """No pictures and no changes will come any more: write what is left."""
        for wanted in self._wanted:
            self._cut(wanted, wait=True)
        self._wanted.clear()
        self._sweep(now_ns)
        self._collect(wait=True)
        if self._thread is not None:
            self._thread.shutdown()

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        """Clips that are missing, and clips that could not be deleted."""
        return tuple(
            HealthEntry("clip-loss", "clips", f"{count} {'time' if count == 1 else 'times'} {what}", first, last)
            for what, (count, first, last) in sorted(self._losses.items())
        )

    # ---------------------------------------------------------------- inside
    def _until_ns(self, wanted: _Wanted, overdue: bool = False) -> int:
        s = self.settings
        return wanted.t1_ns + round((s.after_s + BEYOND_S + (s.overdue_s if overdue else 0.0)) * NS)

    def _span(self, wanted: _Wanted) -> tuple[int, int]:
        s = self.settings
        end_ns = wanted.t1_ns + round(s.after_s * NS)
        return max(wanted.t0_ns - round(s.before_s * NS), end_ns - round(s.longest_s * NS)), end_ns

    def _cut(self, wanted: _Wanted, wait: bool = False) -> None:
        """Choose cameras and pictures, say where heads are in them, and have it written."""
        t0_ns, t1_ns = self._span(wanted)
        cameras = self._chosen(wanted, t0_ns, t1_ns)
        frames = [f for name in cameras for f in self._watched[name].frames.between(t0_ns, t1_ns)]
        if not frames:
            return self._lost("a change got no clip: no camera that can be believed saw its place", wanted.t1_ns)
        hidden = {(f.camera, f.t_ns): self._faces(f) for f in frames}
        about = self._about(wanted, cameras)
        folder = self.wish.folder / self.wish.under

        def work() -> _Note:
            try:
                clip = write_clip(folder, wanted.name, frames, lambda f: hidden[f.camera, f.t_ns], about=about)
            except OSError as error:
                why = error.strerror or str(error)
                what = f"a clip could not be written to {self.wish.folder} ({why}): make room or give another"
                return partial(self._lost, what, wanted.t1_ns)
            return partial(self._written, wanted, clip)

        if self._thread is not None and len(self._running) >= self.settings.most_waiting and not wait:
            return self._lost("a clip was left out: writing could not keep up", wanted.t1_ns)
        return self._do(work)

    def _do(self, work: Callable[[], _Note]) -> None:
        """Now, or by the thread."""
        if self._thread is None:
            work()()
        else:
            self._running.append(self._thread.submit(work))

    def _chosen(self, wanted: _Wanted, t0_ns: int, t1_ns: int) -> tuple[str, ...]:
        broken = {e.camera for e in self.faults() if e.grave and _meets(e, t0_ns, t1_ns)}
        there = [f for f in self._floors if wanted.t0_ns - NS // 2 <= f.t_ns <= wanted.t1_ns + NS // 2]
        place_m = wanted.place_m

        counts = {name: len(watched.frames.between(t0_ns, t1_ns)) for name, watched in self._watched.items()}
        enough = max(1.0, self.settings.least_frames * max(counts.values(), default=0))

        def usable(name: str) -> bool:
            return name not in broken and counts[name] >= enough

        def free(camera: Camera) -> float:
            bare = BEHIND_PEOPLE + (1.0 - BEHIND_PEOPLE) * free_of_people(camera, place_m, there)
            return bare * (BEHIND_SHELVES if behind_shelves(camera, place_m, self._store.shelves) else 1.0)

        s = self.settings
        return best_cameras(
            self._store.cameras,
            place_m,
            wanted.outward,
            usable=usable,
            free=free,
            least=s.least_view,
            most=s.cameras,
        )

    def _faces(self, frame: FrameReading) -> Faces | None:
        """Where heads are in a picture of whatever size it came in."""
        watched, size = self._watched[frame.camera], jpeg_size(frame.jpeg)
        faces = watched.heads.at(frame.t_ns)
        if faces is None or size is None:
            return None
        width, height = watched.camera.size_px
        return faces if size == (width, height) else faces.scaled(size[0] / width, size[1] / height)

    def _about(self, wanted: _Wanted, cameras: Sequence[str]) -> dict[str, object]:
        places = {}
        for name in cameras:
            camera = self._watched[name].camera
            at = project(camera, np.array([wanted.place_m]))[0] / camera.size_px
            places[name] = [round(float(share), 4) for share in at]
        return {
            "events": wanted.events,
            "gondola": wanted.shelf.gondola,
            "shelf": wanted.shelf.shelf,
            "plates": list(wanted.plates),
            "changed_ns": [wanted.t0_ns, wanted.t1_ns],
            "places": places,
        }

    def _collect(self, wait: bool) -> None:
        """Note what the thread has done by now."""
        while self._running and (wait or self._running[0].done()):
            self._running.popleft().result()()

    def _written(self, wanted: _Wanted, clip: Clip | None) -> None:
        if clip is None:
            return self._lost("a change got no clip: none of its pictures could be read", wanted.t1_ns)
        self.clips.update(dict.fromkeys(wanted.events, str(Path(self.wish.under) / wanted.name)))
        return None

    def _sweep(self, now_ns: int) -> None:
        keep_s, root = self.wish.keep_s, self.wish.folder
        if keep_s is None:
            return

        def work() -> _Note:
            if not root.exists():
                return lambda: None
            try:
                inside = sorted(p for p in root.iterdir() if p.is_dir() and not p.is_symlink())
                for folder in (root, *(inside if self.wish.under else ())):
                    sweep(folder, now_ns, keep_s)
            except OSError as error:
                why = error.strerror or str(error)
                what = f"clips past their time could not be deleted from {root} ({why}): delete them"
                return partial(self._lost, what, now_ns)
            return lambda: None

        self._do(work)

    def _lost(self, what: str, t_ns: int) -> None:
        entry = self._losses.setdefault(what, [0, t_ns, t_ns])
        entry[0] += 1
        entry[1], entry[2] = min(entry[1], t_ns), max(entry[2], t_ns)


def _meets(entry: HealthEntry, t0_ns: int, t1_ns: int) -> bool:
    return (entry.t0_ns or 0) <= t1_ns and (entry.t1_ns is None or entry.t1_ns >= t0_ns)

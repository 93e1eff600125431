"""`aisle view`: a picture, or a moving one, of a recording at some time; or of a store folder's plan and cameras."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from aisle.sensing.faults import RecordingError
from aisle.sensing.recordings import open_recording
from aisle.store.folder import load_store
from aisle.store.problems import StoreError
from aisle.vision.detectors.sessions import ModelFileError
from aisle.vision.seen import Image
from aisle.walkout.replay import NS
from aisle.walkout.view.composition import compose
from aisle.walkout.view.files import MOVING, STILL, write_moving, write_still
from aisle.walkout.view.moment import Moment
from aisle.walkout.view.watching import Span, span_of, watch

DONE, FAILED, WRONG_USE = 0, 1, 2
NARROWEST, WIDEST = 480, 3840
WIDTH_PX, MOVING_WIDTH_PX = 1920, 1280  # where nothing is asked for
MOST_PIXELS = 600 * 1280 * 720  # of all pictures of an animation: they are in memory together


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for: one moment (`at_s`), or all from `from_s` to `to_s`, in seconds since the recording began."""

    out: Path
    at_s: float | None = None
    from_s: float | None = None
    to_s: float | None = None
    fps: float = 5.0
    width_px: int | None = None

    @property
    def moving(self) -> bool:
        return self.from_s is not None or self.to_s is not None

    @property
    def width(self) -> int:
        """How wide the picture becomes, in pixels."""
        return self.width_px or (MOVING_WIDTH_PX if self.moving else WIDTH_PX)

    def fault(self) -> str | None:
        """What is wrong with the wish, and what would be right."""
        suffix = self.out.suffix.lower()
        kinds = MOVING if self.moving else STILL
        if suffix not in kinds:
            what = "moving picture" if self.moving else "picture"
            return f"--out {self.out}: no name for a {what}; one ending in {', '.join(kinds)} would be right"
        if self.at_s is not None and self.moving:
            return "--at and --from/--to exclude each other: one picture, or a moving one"
        if any(t is not None and (not math.isfinite(t) or t < 0) for t in (self.at_s, self.from_s, self.to_s)):
            return "--at, --from and --to are seconds since the recording began: 0 or more"
        if self.from_s is not None and self.to_s is not None and self.to_s <= self.from_s:
            return f"--to {self.to_s:g} is not after --from {self.from_s:g}"
        if not 0.1 <= self.fps <= 60:
            return f"--fps is {self.fps:g}: 0.1 to 60 is needed"
        if not NARROWEST <= self.width <= WIDEST:
            return f"--width is {self.width}: {NARROWEST} to {WIDEST} pixels are needed"
        return None

    def times_ns(self, span: Span) -> list[int]:
        """The moments to show, within the recording."""
        if not self.moving:
            default = span.busiest_ns or (span.t0_ns + span.t1_ns) // 2
            at = default if self.at_s is None else span.t0_ns + round(self.at_s * NS)
            return [at]
        length = (span.t1_ns - span.t0_ns) / NS
        first, last = self.from_s or 0.0, min(length, length if self.to_s is None else self.to_s)
        count = max(1, math.floor((last - first) * self.fps + 1e-9) + 1)
        return [span.t0_ns + round((first + k / self.fps) * NS) for k in range(count)]


def run_view(path: Path, wish: Wish, *, errors: Console | None = None) -> int:
    """Write what `aisle view` was asked for; 0 done, 1 it could not be read or written, 2 wrong use."""
    fault = wish.fault()
    if fault:
        return _refuse(fault, WRONG_USE)
    try:
        if (path / "store.toml").is_file():
            if wish.moving or wish.at_s is not None:
                return _refuse(f"{path} is a store folder, in which nothing moves: leave --at, --from and --to out", 2)
            store = load_store(path)
            write_still(compose(Moment(store, 0, 0.0, source="plan", title=str(path)), wish.width), wish.out)
            print(f"{wish.out}: the plan of {store.name} and its {len(store.cameras)} cameras")
            return DONE
        return _view_recording(path, wish, errors or Console(stderr=True))
    except StoreError as error:
        return _refuse(f"{path}: no store that can be used; aisle check {path} says why\n{error}", FAILED)
    except ModelFileError as error:
        return _refuse(str(error), FAILED)
    except RecordingError as error:
        return _refuse(str(error) if str(path) in str(error) else f"{path}: {error}", FAILED)
    except OSError as error:
        return _refuse(f"{wish.out}: cannot be written ({error.strerror or error})", FAILED)


def _view_recording(path: Path, wish: Wish, errors: Console) -> int:
    recording = open_recording(path)
    span = span_of(recording)
    length = (span.t1_ns - span.t0_ns) / NS
    for name, value in (("--at", wish.at_s), ("--from", wish.from_s)):
        if value is not None and value > length:
            return _refuse(
                f"{name} {value:g}: {path} is {length:.1f} s long; a time within it would be right", WRONG_USE
            )
    times = wish.times_ns(span)
    most = int(MOST_PIXELS // (wish.width**2 * 9 / 16))
    if len(times) > most:
        return _refuse(
            f"{len(times)} pictures {wish.width} wide are too many for one file; at most {most}: ask for a shorter "
            "stretch, fewer a second (--fps) or a smaller --width",
            WRONG_USE,
        )
    images = _drawn(path, times, span, wish.width, errors)
    if wish.moving:
        write_moving(images, wish.out, wish.fps)
        print(f"{wish.out}: {len(images)} pictures, {len(images) / wish.fps:.1f} s of {recording.name}")
    else:
        write_still(images[0], wish.out)
        print(f"{wish.out}: {recording.name} at {(times[0] - span.t0_ns) / NS:.1f} s")
    return DONE


def _drawn(path: Path, times: list[int], span: Span, width_px: int, errors: Console) -> list[Image]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[at]}"), TimeRemainingColumn())
    length = max((times[-1] - span.t0_ns) / NS, 1e-3)
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("watching", total=length, at="")
        images: list[Image] = []

        def passed(t_ns: int) -> None:  # where only pixels tell, all from the beginning must be looked at
            now = (t_ns - span.t0_ns) / NS
            progress.update(task, completed=min(now, length), at=f"{now:.0f} of {length:.0f} s")

        watch(open_recording(path), times, lambda moment: images.append(compose(moment, width_px)), passed=passed)
    return images


def _refuse(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code

"""Whether a cart's devices can be believed: silence, stuck and saturated scales, clocks that jump, blind cameras.

`CartHealth` is pure: readings go in, entries come out at the readings' own time, each fault once when it begins and
once when it has ended.  A fault that only shows while something happens (a weight that never changes, a picture that
stays) is told only when something did: a scale with coarse steps rests on one value while nobody touches the cart.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aisle.sensing.cart.readings import (
    CartReading,
    MotionReading,
    ScaleReading,
    ScanReading,
)
from aisle.sensing.readings import FrameReading, HealthEntry

NS = 1_000_000_000
FEWEST_RUNS, RAIL_SAMPLES = 20, 10
Grey = npt.NDArray[np.uint8]
"""A small grey picture (height, width)."""


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """From when on something counts as a fault; `capacity_g` is the scale's, None where nobody says."""

    scale_silence_s: float = 1.5
    stuck_s: float = 20.0
    saturated_s: float = 1.0
    capacity_g: float | None = None
    rolled_s: float = 2.0  # of rolling, while which a live scale and a live picture must have changed
    scans: int = 3  # the same where no motion sensor says whether the cart rolls
    clock_back_s: float = 1.0
    clock_ahead_s: float = 60.0
    camera_silence_s: float = 3.0
    unreadable_frames: int = 5
    blind_s: float = 3.0  # dark, covered or frozen for so long
    dark_level: float = 12.0  # of 255, mean
    flat_spread: float = 3.0  # of 255, standard deviation


@dataclass(slots=True)
class _Scale:
    heard_ns: int | None = None  # a valid sample
    last_g: float = math.nan
    same_since_ns: int = 0
    same: int = 0  # samples of the present value
    runs: int = 0  # of equal samples that have ended
    longest: int = 0  # of those, in samples; not counting what was told as a fault
    highest_g: float = -math.inf


@dataclass(slots=True)
class _Camera:
    heard_ns: int
    picture: int | None = None  # checksum of the last JPEG
    same_since_ns: int = 0
    unreadable: int = 0
    blind: dict[str, int] = field(default_factory=dict)  # kind -> since when


@dataclass(slots=True)
class _Stir:
    """How much has happened to the cart so far: what a window of time held is the difference of two."""

    rolled_ns: int = 0
    scans: int = 0


class CartHealth:
    """Feed it every reading in order of receipt, thumbnails where there are any, and the time where nothing comes.

    `scale`: the cart has one, so its silence counts from the start; `cameras`: those it should have.
    """

    def __init__(self, *, scale: bool = True, cameras: Iterable[str] = (), limits: HealthLimits | None = None) -> None:
        self._limits = limits or HealthLimits()
        self._has_scale = scale
        self._wanted = tuple(cameras)
        self._now_ns: int | None = None
        self._scale = _Scale()
        self._cameras: dict[str, _Camera] = {}
        self._stir = _Stir()
        self._moving: tuple[int, bool] | None = None
        self._still: dict[str, _Stir] = {}  # what had happened when the scale's or a camera's stillness began
        self._open: dict[tuple[str, str], HealthEntry] = {}
        self._out: list[HealthEntry] = []

    @property
    def faults(self) -> tuple[HealthEntry, ...]:
        """What is wrong now, in the order in which it began."""
        return tuple(self._open.values())

    def step(self, reading: CartReading) -> tuple[HealthEntry, ...]:
        """Take a reading; what begins or ends to be wrong with it."""
        self._pass(reading.received_ns)
        self._own_clock(reading)
        match reading:
            case ScaleReading():
                self._weigh(reading)
            case MotionReading():
                self._roll(reading)
            case ScanReading():
                self._stir.scans += 1
            case FrameReading():
                self._film(reading)
            case _:
                pass
        return self._taken()

    def at(self, now_ns: int) -> tuple[HealthEntry, ...]:
        """Time has passed and nothing came: who is silent now."""
        self._pass(now_ns)
        return self._taken()

    def look(self, camera: str, t_ns: int, grey: Grey | None) -> tuple[HealthEntry, ...]:
        """Take a thumbnail of a camera's picture, None where it could not be decoded."""
        seen = self._cameras.setdefault(camera, _Camera(t_ns))
        where, limits = f"camera {camera}", self._limits
        seen.unreadable = seen.unreadable + 1 if grey is None else 0
        many = seen.unreadable >= limits.unreadable_frames
        self._set("corrupt", where, many, t_ns, f"{limits.unreadable_frames} pictures in a row that cannot be decoded")
        if grey is not None and grey.size:
            dark = float(grey.mean()) < limits.dark_level
            flat = float(grey.std()) < limits.flat_spread and not dark
            self._blind(seen, "dark", where, dark, t_ns, "sees nothing but darkness")
            self._blind(seen, "covered", where, flat, t_ns, "sees one even surface, as if covered")
        return self._taken()

    # ------------------------------------------------------------------- time
    def _pass(self, now_ns: int) -> None:
        limits = self._limits
        if self._now_ns is not None:
            ahead_ns = now_ns - self._now_ns
            if ahead_ns < -limits.clock_back_s * NS or ahead_ns > limits.clock_ahead_s * NS:
                self._jumped(self._now_ns, ahead_ns)
            elif ahead_ns < 0:
                return  # devices read side by side may be heard a moment out of order
        else:
            self._scale.heard_ns = now_ns if self._has_scale else None
            self._cameras |= {name: _Camera(now_ns) for name in self._wanted}
        self._now_ns = now_ns
        heard_ns = self._scale.heard_ns
        if heard_ns is not None and now_ns - heard_ns > limits.scale_silence_s * NS:
            self._set("gap", "scale", True, heard_ns, "no valid weight")
        for name, camera in self._cameras.items():
            if now_ns - camera.heard_ns > limits.camera_silence_s * NS:
                self._set("frame-loss", f"camera {name}", True, camera.heard_ns, "no picture")

    def _jumped(self, before_ns: int, by_ns: int) -> None:
        """The cart's clock was set, or the cart stood still; nobody is silent for that."""
        what = f"went {'back' if by_ns < 0 else 'ahead'} by {abs(by_ns) / NS:.1f} s at once"
        self._tell(HealthEntry("clock-jump", "clock", f"clock: {what}", before_ns, before_ns + by_ns, grave=True))
        if self._scale.heard_ns is not None:
            self._scale.heard_ns += by_ns
        self._scale.same_since_ns += by_ns
        for camera in self._cameras.values():
            camera.heard_ns += by_ns
            camera.same_since_ns += by_ns
            camera.blind = {kind: since_ns + by_ns for kind, since_ns in camera.blind.items()}
        self._moving = None

    def _own_clock(self, reading: CartReading) -> None:
        """A device whose own times are far from when it is heard."""
        where = f"clock of {_device(reading)}"
        off_ns = reading.t_ns - reading.received_ns
        wrong = off_ns > self._limits.clock_back_s * NS or off_ns < -self._limits.clock_ahead_s * NS
        self._set("clock-jump", where, wrong, reading.received_ns, f"{off_ns / NS:+.1f} s off the cart's")

    # ------------------------------------------------------------------ scale
    def _weigh(self, reading: ScaleReading) -> None:
        scale, limits, now_ns = self._scale, self._limits, reading.received_ns
        if not math.isfinite(reading.grams):
            scale.heard_ns = now_ns if scale.heard_ns is None else scale.heard_ns
            return
        scale.heard_ns = now_ns
        self._set("gap", "scale", False, now_ns, "")
        if reading.grams != scale.last_g:
            scale.runs += 1
            if ("saturated", "scale") not in self._open and ("stuck", "scale") not in self._open:
                scale.longest = max(scale.longest, scale.same)
            scale.last_g, scale.same, scale.same_since_ns = reading.grams, 0, now_ns
            self._still["scale"] = _Stir(self._stir.rolled_ns, self._stir.scans)
        scale.same += 1
        scale.highest_g = max(scale.highest_g, reading.grams)
        lasted_s = (now_ns - scale.same_since_ns) / NS
        # A scale in steps repeats itself at rest too: only far longer than it ever has is the end of its range.
        usual = max(RAIL_SAMPLES, 5 * scale.longest)
        rail = reading.grams == scale.highest_g and scale.runs >= FEWEST_RUNS and scale.same >= usual
        over = limits.capacity_g is not None and reading.grams >= limits.capacity_g
        self._set(
            "saturated",
            "scale",
            (over or rail) and lasted_s >= limits.saturated_s,
            scale.same_since_ns if rail else now_ns,
            f"at the end of its range, {reading.grams:g} g",
        )
        stuck = lasted_s > limits.stuck_s and self._stirred("scale")
        self._set("stuck", "scale", stuck, scale.same_since_ns, f"stays at exactly {reading.grams:g} g")

    def _roll(self, reading: MotionReading) -> None:
        if self._moving is not None and self._moving[1]:
            self._stir.rolled_ns += min(max(0, reading.received_ns - self._moving[0]), NS)
        self._moving = (reading.received_ns, reading.moving)

    def _stirred(self, where: str) -> bool:
        """Whether enough has happened since it began to be still that it ought to have changed."""
        since = self._still.get(where)
        if since is None:
            return False
        rolled_s = (self._stir.rolled_ns - since.rolled_ns) / NS
        return rolled_s >= self._limits.rolled_s or (
            self._moving is None and self._stir.scans - since.scans >= self._limits.scans
        )

    # ---------------------------------------------------------------- cameras
    def _film(self, reading: FrameReading) -> None:
        now_ns, where = reading.received_ns, f"camera {reading.camera}"
        camera = self._cameras.setdefault(reading.camera, _Camera(now_ns))
        camera.heard_ns = now_ns
        self._set("frame-loss", where, False, now_ns, "")
        picture = zlib.crc32(reading.jpeg)
        if picture != camera.picture:
            camera.picture, camera.same_since_ns = picture, now_ns
            self._still[where] = _Stir(self._stir.rolled_ns, self._stir.scans)
        lasting = (now_ns - camera.same_since_ns) / NS >= self._limits.blind_s
        frozen = lasting and self._stirred(where)
        self._set("frozen", where, frozen, camera.same_since_ns, "gives the same picture again and again")

    def _blind(self, camera: _Camera, kind: str, where: str, now: bool, t_ns: int, what: str) -> None:
        if not now:
            camera.blind.pop(kind, None)
        since_ns = camera.blind.setdefault(kind, t_ns) if now else t_ns
        self._set(kind, where, now and t_ns - since_ns >= self._limits.blind_s * NS, since_ns, what)

    # --------------------------------------------------------------- findings
    def _set(self, kind: str, where: str, wrong: bool, t_ns: int, what: str) -> None:
        """A fault is there, since `t_ns`, or is not; only a change is told."""
        key = (kind, where)
        known = self._open.get(key)
        if wrong == (known is not None):
            return
        if known is None:
            camera = where.removeprefix("camera ") if where.startswith("camera ") else None
            grave = where == "scale"
            entry = HealthEntry(kind, where, f"{where}: {what}", t_ns, None, grave, camera=camera)  # type: ignore[arg-type]
            self._open[key] = entry
            self._tell(entry)
            return
        del self._open[key]
        since_ns = known.t0_ns or 0
        message = f"{known.message}, for {max(0, t_ns - since_ns) / NS:.1f} s"
        self._tell(
            HealthEntry(known.kind, where, message, known.t0_ns, max(t_ns, since_ns), known.grave, camera=known.camera)
        )

    def _tell(self, entry: HealthEntry) -> None:
        self._out.append(entry)

    def _taken(self) -> tuple[HealthEntry, ...]:
        out, self._out = tuple(self._out), []
        return out


def _device(reading: CartReading) -> str:
    match reading:
        case FrameReading():
            return f"camera {reading.camera}"
        case _:
            return type(reading).__name__.removesuffix("Reading").lower()

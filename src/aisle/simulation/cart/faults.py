"""What failing devices and jumping clocks do to a trip's readings, after the physics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.simulation.cart.cell import NS, CellModel, ScaleTrack
from aisle.simulation.cart.stage import Fault

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Clock:
    """The cart's one clock: what it shows at a moment of the trip.  It may jump forward while the power is off, and
    the scale's own stamps may be ahead or behind for a while."""

    start_ns: int
    faults: tuple[Fault, ...] = ()

    def ns(self, t_s: float) -> int:
        """What the clock shows `t_s` seconds into the trip."""
        jumped = sum(f.size for f in self.faults if f.kind == "clock" and t_s >= f.t0_s)
        return self.start_ns + int((t_s + jumped) * NS)

    def shifted(self, times_ns: Int64) -> Int64:
        """Times as the clock stamps them (n)."""
        out = times_ns.copy()
        for fault in self.faults:
            if fault.kind == "clock":
                out[times_ns >= self.start_ns + int(fault.t0_s * NS)] += int(fault.size * NS)
        return out

    def scale(self, track: ScaleTrack) -> ScaleTrack:
        """The scale's samples as they were stamped and received."""
        t = self.shifted(track.t_ns)
        for fault in self.faults:
            if fault.kind == "scale-clock":
                inside = _inside(track.t_ns, self.start_ns, fault)
                t[inside] += int(fault.size * NS)
        return ScaleTrack(t, self.shifted(track.received_ns), track.grams)


def gone(times_ns: Int64, start_ns: int, faults: Sequence[Fault], kinds: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Which moments lie in a fault of these kinds (n)."""
    out = np.zeros(len(times_ns), dtype=np.bool_)
    for fault in faults:
        if fault.kind in kinds:
            out |= _inside(times_ns, start_ns, fault)
    return out


def spoil_scale(track: ScaleTrack, start_ns: int, faults: Sequence[Fault], model: CellModel) -> ScaleTrack:
    """The scale's samples with its faults."""
    grams = track.grams.copy()
    for fault in faults:
        inside = _inside(track.t_ns, start_ns, fault)
        if fault.kind == "drift":
            hours = np.maximum((track.t_ns - start_ns) / NS - fault.t0_s, 0.0) / 3600.0
            grams = np.round((grams + fault.size * hours) / model.step_g) * model.step_g
        elif fault.kind == "capacity":
            grams[inside] = np.minimum(grams[inside], fault.size)
        elif fault.kind == "stuck" and inside.any():
            grams[inside] = grams[int(np.argmax(inside))]
        elif fault.kind == "invalid":
            grams[inside] = np.nan
    kept = ~gone(track.t_ns, start_ns, faults, ("unplugged", "power"))
    return ScaleTrack(track.t_ns[kept], track.received_ns[kept], grams[kept])


def _inside(times_ns: Int64, start_ns: int, fault: Fault) -> npt.NDArray[np.bool_]:
    t_s = (times_ns - start_ns) / NS
    return np.asarray((t_s >= fault.t0_s) & (t_s < fault.t1_s))

"""Whether the basket's cell can be trusted right now: silent, or stuck at one value far longer than it ever was.

The health of devices in a recording or on a live cart is `sensing.cart.health`'s, which takes its time; this is the
quick word the belief needs before it explains weights that are none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

NS = 1_000_000_000
STUCK_TIMES = 4  # the cell says the very same so many times longer than ever before
SILENT, STUCK = "scale-silent", "scale-stuck"
WORDS = {
    SILENT: "The scale does not answer: items count when they are scanned.",
    STUCK: "The scale is stuck: items count when they are scanned.",
}


@dataclass(frozen=True, slots=True)
class CellLimits:
    """Seconds without a sample, and of the very same value, after which the cell is given up."""

    silent_s: float = 4.0
    stuck_s: float = 8.0


class CellWatch:
    """Feed samples; `fault` says what is wrong at a moment, or None."""

    def __init__(self, limits: CellLimits | None = None) -> None:
        self._limits = limits or CellLimits()
        self.grams = 0.0
        self.stuck = False
        self._heard_ns = 0
        self._value = math.nan
        self._since_ns = 0
        self._longest_ns = 0

    def weigh(self, t_ns: int, grams: float) -> None:
        """One sample that is a number."""
        if grams != self._value:
            if self._since_ns and not self.stuck:
                self._longest_ns = max(self._longest_ns, t_ns - self._since_ns)
            self._value, self._since_ns, self.stuck = grams, t_ns, False
        self._heard_ns, self.grams = t_ns, grams

    def fault(self, now_ns: int) -> str | None:
        """`SILENT` or `STUCK` where the cell cannot be trusted; None before its first sample, too."""
        if not self._heard_ns:
            return None
        if now_ns - self._heard_ns > self._limits.silent_s * NS:
            return SILENT
        same_ns = now_ns - self._since_ns
        self.stuck = same_ns > max(self._limits.stuck_s * NS, STUCK_TIMES * self._longest_ns)
        return STUCK if self.stuck else None

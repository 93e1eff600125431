"""Which of a cart's devices answer: told in plain words, at once, and before the next shopper loads the cart.

Every device reports readings or trouble here; silence is noticed by the clock. Thread-safe.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

DeviceKind = Literal["camera", "scale", "motion", "scanner"]
NS = 1_000_000_000
SILENCE_S: dict[DeviceKind, float] = {"camera": 5.0, "scale": 4.0, "motion": 10.0}
"""How long a device may say nothing; a scanner speaks only when it is used."""
_WORDS: dict[DeviceKind, str] = {
    "camera": "The {name} camera shows nothing",
    "scale": "The scale does not answer",
    "motion": "The motion sensor does not answer",
    "scanner": "The scanner does not answer",
}
GRAVE: frozenset[DeviceKind] = frozenset({"camera", "scale", "scanner"})
"""Without one of these a cart is not given to the next shopper."""


@dataclass(slots=True)
class _Device:
    kind: DeviceKind
    heard_ns: int
    trouble: str = ""
    readings: int = 0


@dataclass(frozen=True, slots=True)
class DeviceState:
    """How one device does: `trouble` is empty while it is well; `age_s` since it last spoke."""

    name: str
    kind: DeviceKind
    readings: int
    age_s: float
    trouble: str


class DeviceWatch:
    """The devices of one cart."""

    def __init__(self, now_ns: int) -> None:
        self._lock = threading.Lock()
        self._devices: dict[str, _Device] = {}
        self._began_ns = now_ns

    def expect(self, name: str, kind: DeviceKind) -> None:
        """This cart has such a device."""
        with self._lock:
            self._devices[name] = _Device(kind, self._began_ns)

    def heard(self, name: str, now_ns: int) -> None:
        """It gave a reading."""
        with self._lock:
            device = self._devices[name]
            device.heard_ns, device.trouble = max(now_ns, device.heard_ns), ""
            device.readings += 1

    def well(self, name: str) -> None:
        """It can be reached, whether or not it speaks: what is said of silence is the clock's business."""
        with self._lock:
            self._devices[name].trouble = ""

    def troubled(self, name: str, why: str) -> None:
        """It said why it gives none."""
        with self._lock:
            self._devices[name].trouble = why or "no answer"

    def states(self, now_ns: int) -> tuple[DeviceState, ...]:
        """All devices as they do now, by name."""
        with self._lock:
            found = []
            for name, device in sorted(self._devices.items()):
                age_s = max(0.0, (now_ns - device.heard_ns) / NS)
                silent = age_s > SILENCE_S.get(device.kind, float("inf"))
                trouble = device.trouble or (f"nothing for {age_s:.0f} s" if silent else "")
                found.append(DeviceState(name, device.kind, device.readings, age_s, trouble))
            return tuple(found)

    def faults(self, now_ns: int) -> tuple[tuple[str, str], ...]:
        """(kind, sentence) of each grave fault. What changes by the second is left out of the sentence."""
        return tuple(
            (state.kind, _WORDS[state.kind].format(name=state.name) + ".")
            for state in self.states(now_ns)
            if state.trouble and state.kind in GRAVE
        )

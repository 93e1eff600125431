"""A cart's load cell, motion sensor and hand scanner while they run, each behind the same small interface.

A device that cannot be reached or goes away is tried again, ever more seldom; one that falls silent is opened anew;
lines nobody understands are counted and told.  Nothing here raises once the source's text was understood.
"""

from __future__ import annotations

import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from aisle.sensing.cart.device_lines import OVERLOAD, LineReader, motion_line, scale_line, scanner_line
from aisle.sensing.cart.device_sources import DeviceSource, Link, LinkError, open_link, read_source
from aisle.sensing.cart.key_events import KeyReader
from aisle.sensing.cart.messages import MessageError
from aisle.sensing.cart.readings import CartReading
from aisle.sensing.readings import HealthEntry

Clock = Callable[[], int]
"""Nanoseconds since the Unix epoch."""
Steady = Callable[[], float]
"""Seconds of a clock nobody sets, for waits."""

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0  # between tries to reach a device; doubled each time
SLICE_S = 0.05  # so soon is a stop noticed
LONGEST_LINE = 4096
QUIET_S = 0.2  # a scanner that ends its codes with nothing has ended one after so long
SILENCE_S = 5.0  # a load cell or motion sensor that says nothing for so long is opened anew
MOST_UNTOLD = 1000  # of health entries nobody takes, the newest
TOLD_EVERY_S = 10.0  # how often lines nobody understands are told


@dataclass(frozen=True, slots=True)
class DeviceState:
    """How a device does: `readings` it gave, `unread` lines nobody understood, `connections` made.

    `trouble` is why it gives nothing now, empty when it can; `over`: there will be nothing more.
    """

    readings: int = 0
    unread: int = 0
    connections: int = 0
    trouble: str = "not opened yet"
    over: bool = False


class LiveDevice:
    """One device; a thread of the caller's polls it, any thread may close it or ask for its state.

    `clock` gives the times of readings and health entries.
    """

    def __init__(
        self,
        name: str,
        source: DeviceSource,
        read_line: LineReader,
        clock: Clock,
        *,
        steady: Steady = time.monotonic,
        silence_s: float | None = None,
        quiet_s: float | None = None,
    ) -> None:
        self.name = name
        self.source = source
        self._read_line = read_line
        self._clock, self._steady = clock, steady
        self._silence_s, self._quiet_s = silence_s, quiet_s
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._link: Link | None = None
        self._keys: KeyReader | None = None
        self._state = DeviceState()
        self._health: deque[HealthEntry] = deque(maxlen=MOST_UNTOLD)
        self._wait_s = FIRST_WAIT_S
        self._next_try_s = self._asked_s = self._heard_s = -1e9
        self._lost_ns: int | None = None
        self._over_ns: int | None = None  # since when the scale says that it is overloaded
        self._rest = b""
        self._told: dict[str, float] = {}  # what was wrong with lines, and when that was last told

    @property
    def state(self) -> DeviceState:
        """How it does now."""
        return self._state

    def take_health(self) -> tuple[HealthEntry, ...]:
        """What was found since the last call: each trouble when it begins (`t1_ns` None) and when it ends."""
        return tuple(self._health.popleft() for _ in range(len(self._health)))

    def poll(self, timeout_s: float) -> list[CartReading]:
        """Readings as soon as there are any; empty after `timeout_s`, or at once when closed or over."""
        until_s = self._steady() + timeout_s
        while not self._closed.is_set() and not self._state.over:
            with self._lock:
                found = self._step(min(SLICE_S, max(0.0, until_s - self._steady())))
            if found or self._steady() >= until_s:
                return found
        return []

    def readings(self) -> Iterator[CartReading]:
        """All readings until the device is closed or over; waits for each."""
        while not self._closed.is_set() and not self._state.over:
            yield from self.poll(1.0)

    def close(self) -> None:
        """Stop; a poll under way ends within a twentieth of a second.  Closing twice is harmless."""
        self._closed.set()
        with self._lock:
            self._hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _step(self, wait_s: float) -> list[CartReading]:
        if self._closed.is_set():
            return []
        if self._link is None and not self._opened(wait_s):
            return []
        link = self._link
        assert link is not None
        try:
            self._ask(link)
            ready, _, _ = select.select([link], [], [], wait_s)
            data = link.read() if ready else b""
        except (LinkError, OSError) as error:
            self._lose(str(error))
            return []
        if data is None:
            return self._ended()
        now_s = self._steady()
        if data:
            self._heard_s = now_s
            return self._lines(self._keys.text(data) if self._keys else data)
        if self._rest and self._quiet_s is not None and now_s - self._heard_s >= self._quiet_s:
            return self._lines(b"\n")
        if self._silence_s is not None and now_s - self._heard_s >= self._silence_s:
            self._lose(f"silent for {self._silence_s:g} s")
        return []

    def _opened(self, wait_s: float) -> bool:
        now_s = self._steady()
        if now_s < self._next_try_s:
            self._closed.wait(min(wait_s, self._next_try_s - now_s))
            return False
        try:
            self._link = open_link(self.source)
        except LinkError as error:
            self._lose(str(error))
            self._closed.wait(wait_s)
            return False
        self._keys = KeyReader() if self.source.kind == "input" else None
        self._rest, self._heard_s = b"", now_s
        self._state = replace(self._state, connections=self._state.connections + 1, trouble="")
        if self._silence_s is None:
            self._found_again()
        return True

    def _ask(self, link: Link) -> None:
        asked = self.source.options.get("ask", "")
        if asked and self._steady() - self._asked_s >= 1 / int(self.source.options.get("ask_hz", "10")):
            self._asked_s = self._steady()
            link.write(asked.encode())

    def _lose(self, trouble: str) -> None:
        """The device is not there: say so once, and when to try again."""
        self._hang_up()
        self._state = replace(self._state, trouble=trouble)
        self._next_try_s = self._steady() + self._wait_s
        self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S)
        if self._lost_ns is None:
            self._lost_ns = self._clock()
            self._tell("dead", f"{trouble}; it is tried again", self._lost_ns)

    def _found_again(self) -> None:
        self._wait_s = FIRST_WAIT_S
        if self._lost_ns is not None:
            now_ns = self._clock()
            self._tell("dead", f"there again after {(now_ns - self._lost_ns) / 1e9:.1f} s", self._lost_ns, now_ns)
            self._lost_ns = None

    def _ended(self) -> list[CartReading]:
        found = self._lines(b"\n") if self._rest else []
        if self.source.kind == "stdin":
            self._state = replace(self._state, over=True, trouble="the input has ended")
        else:
            self._lose("the other side has closed")
        return found

    def _hang_up(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def _lines(self, data: bytes) -> list[CartReading]:
        *lines, self._rest = (self._rest + data.replace(b"\r", b"\n")).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            self._rest = b""
            self._unread("a line without an end", f"over {LONGEST_LINE} bytes")
        return [reading for line in lines if (reading := self._reading(line)) is not None]

    def _reading(self, line: bytes) -> CartReading | None:
        text = line.decode("utf-8", "replace").strip(" \t\0\x02\x03\x06")
        if not text:
            return None
        try:
            reading = self._read_line(text, self._clock())
        except MessageError as error:
            self._overloaded() if error.what == OVERLOAD else self._unread(error.what, error.found)
            return None
        if reading is not None:
            self._found_again()
            self._state = replace(self._state, readings=self._state.readings + 1)
            if self._over_ns is not None:
                self._tell("saturated", "within its range again", self._over_ns, self._clock())
                self._over_ns = None
        return reading

    def _overloaded(self) -> None:
        if self._over_ns is None:
            self._over_ns = self._clock()
            self._tell("saturated", "more on it than it can weigh", self._over_ns)

    def _unread(self, what: str, found: str) -> None:
        self._state = replace(self._state, unread=self._state.unread + 1)
        now_s = self._steady()
        if now_s - self._told.get(what, -1e9) >= TOLD_EVERY_S:
            self._told[what] = now_s
            now_ns = self._clock()
            self._tell(
                "invalid-sample", f"{what}: {found}; skipped ({self._state.unread} lines so far)", now_ns, now_ns
            )

    def _tell(self, kind: str, what: str, t0_ns: int, t1_ns: int | None = None) -> None:
        message = f"{self.name} ({self.source}): {what}"
        grave = kind != "invalid-sample"
        self._health.append(HealthEntry(kind, self.name, message, t0_ns, t1_ns, grave=grave))  # type: ignore[arg-type]


def open_scale(source: str, clock: Clock, *, steady: Steady = time.monotonic) -> LiveDevice:
    """The basket's load cell; raises SourceTextError for a source nobody understands."""
    return LiveDevice("scale", read_source(source), scale_line, clock, steady=steady, silence_s=SILENCE_S)


def open_motion(source: str, clock: Clock, *, steady: Steady = time.monotonic) -> LiveDevice:
    """The motion sensor; raises SourceTextError for a source nobody understands."""
    return LiveDevice("motion", read_source(source), motion_line, clock, steady=steady, silence_s=SILENCE_S)


def open_scanner(source: str, clock: Clock, *, steady: Steady = time.monotonic) -> LiveDevice:
    """The hand scanner, which is silent while nobody scans; raises SourceTextError."""
    return LiveDevice("scanner", read_source(source), scanner_line, clock, steady=steady, quiet_s=QUIET_S)

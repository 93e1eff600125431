"""The walk-out store while it runs: live cameras and scales in, baskets as they change, receipts in the end.

The loop is dull: take the newest pictures, let the eyes look, push what they see and what the scales say into the same
session a replay uses.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from dataclasses import replace as revised
from itertools import chain

from msgspec.structs import replace

from aisle.sensing.cameras import Clock, LiveCameras, LiveFrame
from aisle.sensing.mcap_file import RecordingWriter
from aisle.sensing.readings import FrameReading, HealthEntry, PlateReading, Reading, Recording
from aisle.store.model import Store
from aisle.walkout.clip_folder import ClipWish
from aisle.walkout.eyes import Eyes
from aisle.walkout.outcome import Outcome, Receipt
from aisle.walkout.replay import NS, ReplayOptions, Session

WAIT_S = 0.1  # for the next picture, before the scales are heard again
BASKETS_S = 1.0  # between two looks at who has what


@dataclass(frozen=True, slots=True)
class BasketChange:
    """Somebody's basket is not what it was when last told."""

    t_ns: int
    receipt: Receipt


class LiveShop:
    """One run of a shop; `run` loops until its cameras are over, time is up or `stop` is set.

    `plates` is a recording whose weights are played in step with the cameras.  `record` gets all pictures and weights
    as they are heard.  `clips` says where pictures of changes are wanted.  `health` of the session is that of cameras,
    pictures and eyes together.
    """

    def __init__(
        self,
        store: Store,
        cameras: LiveCameras,
        eyes: Eyes,
        clock: Clock,
        *,
        plates: Recording | None = None,
        record: RecordingWriter | None = None,
        told: Callable[[BasketChange], None] = lambda change: None,
        clips: ClipWish | None = None,
    ) -> None:
        self.store, self.name = store, store.name
        self._cameras, self._eyes, self._clock = cameras, eyes, clock
        self._plates, self._record, self._told = plates, record, told
        self.session = Session(self, ReplayOptions(clips=clips))
        if self.session.clips is not None:
            self.session.clips.faults = lambda: eyes.health
        self._baskets: dict[str, tuple[tuple[str, int], ...]] = {}
        self._looked_ns = 0

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        """What was wrong with cameras and eyes so far."""
        recorded = self._plates.health if self._plates is not None else ()
        return (*recorded, *told_once(self._cameras.health, self._eyes.health))

    def readings(self) -> Iterator[Reading]:
        """None: this is no recording; what is heard goes straight into the session."""
        return iter(())

    def run(self, stop: threading.Event, seconds: float | None = None) -> Outcome:
        """Run the shop; receipts of all who were in it come out, however it ends."""
        start_ns = self._clock()
        end_ns = start_ns + round(seconds * NS) if seconds is not None else None
        weights = _in_step(self._plates, start_ns)
        now_ns = start_ns
        while not stop.is_set() and not self._cameras.over and (end_ns is None or now_ns < end_ns):
            frames = self._cameras.take(WAIT_S)
            now_ns = max([self._clock(), *(f.received_ns for f in frames)])
            for frame in frames:
                weights = self._weigh(weights, frame.received_ns)
                self._look(frame)
            weights = self._weigh(weights, now_ns)
            self._eyes.tick(now_ns)
            if self.session.clips is not None:
                self.session.clips.pass_time(now_ns)  # also while no camera gives a picture
            self._tell()
        for glimpse in self._eyes.finish():
            self.session.take(glimpse)
        outcome = self.session.finish()
        return outcome

    def _look(self, frame: LiveFrame) -> None:
        """Show the eyes a picture: as it is recorded, if it is, so that a replay sees the same pixels."""
        if self._record is not None:
            reading = frame.reading()
            self._record.write(reading)
            glimpses = self._eyes.see(reading)
        elif self.session.clips is not None:
            glimpses = self._eyes.see(frame.reading(), frame.image)
        else:
            bare = FrameReading(frame.device, frame.t_ns, frame.received_ns, frame.camera, b"")
            glimpses = self._eyes.see(bare, frame.image)
        for glimpse in glimpses:
            self.session.take(glimpse)

    def _weigh(self, weights: Iterator[PlateReading], now_ns: int) -> Iterator[PlateReading]:
        """Push the weights heard by now; gives those still to come."""
        for reading in weights:
            if reading.received_ns > now_ns:
                return chain((reading,), weights)
            if self._record is not None:
                self._record.write(reading)
            self.session.push(reading)
        return iter(())

    def _tell(self) -> None:
        """Tell baskets that changed, once in a while."""
        now_ns = self.session.last_ns
        if now_ns - self._looked_ns < BASKETS_S * NS:
            return
        self._looked_ns = now_ns
        for receipt in self.session.baskets():
            basket = tuple((line.gtin, line.quantity) for line in receipt.lines)
            if self._baskets.get(receipt.shopper) != basket:
                self._baskets[receipt.shopper] = basket
                self._told(BasketChange(now_ns, receipt))


def told_once(outages: Iterable[HealthEntry], seen: Iterable[HealthEntry]) -> tuple[HealthEntry, ...]:
    """When cameras were out of reach (`outages`) and what the eyes noticed (`seen`): one entry for one silence.

    Where the eyes noticed it their entry stands, for receipts are judged by it; it says what the outages say of why.
    """
    left, out = list(outages), []
    for entry in seen:
        same = [outage for outage in left if entry.kind == "frame-loss" and entry.grave and _meet(outage, entry)]
        left = [outage for outage in left if outage not in same]
        why = "; ".join(outage.message.removeprefix(f"{outage.where}: ") for outage in same)
        out.append(revised(entry, message=f"{entry.message} ({why})") if why else entry)
    return (*left, *out)


def _meet(a: HealthEntry, b: HealthEntry) -> bool:
    """Whether two entries with times are of one camera and of one stretch of time."""
    if None in (a.t0_ns, a.t1_ns, b.t0_ns, b.t1_ns) or a.camera != b.camera:
        return False
    return (a.t0_ns or 0) <= (b.t1_ns or 0) and (b.t0_ns or 0) <= (a.t1_ns or 0)


def _in_step(plates: Recording | None, start_ns: int) -> Iterator[PlateReading]:
    """The weights of a recording as if it had begun now: its first reading of any kind is heard at `start_ns`."""
    shift: int | None = None
    for reading in plates.readings() if plates is not None else ():
        if shift is None:
            shift = start_ns - reading.received_ns
        if isinstance(reading, PlateReading):
            yield replace(reading, t_ns=reading.t_ns + shift, received_ns=reading.received_ns + shift)

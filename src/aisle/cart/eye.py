"""Looks at the scan camera's pictures beside the core: what is read and recognised goes on as small readings.

A thread of its own, so that the scale is heard while a picture is looked at; of the pictures that come meanwhile the
newest counts. What goes on is what the journal keeps, so that a trip can be folded again without its pictures.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from aisle.sensing.cart.readings import LookReading, ScanReading
from aisle.sensing.readings import FrameReading
from aisle.store.barcodes.numbers import Catalogue
from aisle.store.model import Store
from aisle.vision.codes.voting import Votes, by_catalogue, vote

if TYPE_CHECKING:
    from aisle.cart.perception import Perception

NS = 1_000_000_000


class Eye:
    """Call `show` with every picture; `told` gets the readings, in order, from the eye's thread."""

    def __init__(
        self,
        perception: Perception,
        store: Store,
        told: Callable[[ScanReading | LookReading], None],
        clock: Callable[[], int],
    ) -> None:
        plus = [product.plu for product in store.products.values() if product.plu]
        self._perception, self._told, self._clock = perception, told, clock
        self._catalogue = Catalogue([*store.products, *plus])
        self._rules = store.code_rules
        self._votes: Votes = ()
        self._news = threading.Condition()
        self._slot: FrameReading | None = None
        self._over = False
        self._thread = threading.Thread(target=self._serve, name="cart-eye", daemon=True)
        self.looked = self.overtaken = self.unreadable = 0

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def show(self, frame: FrameReading) -> None:
        """A new picture; one that still waits is overtaken."""
        with self._news:
            self.overtaken += self._slot is not None
            self._slot = frame
            self._news.notify()

    def stop(self) -> None:
        """Look no longer."""
        with self._news:
            self._over = True
            self._news.notify()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def look(self, frame: FrameReading) -> list[ScanReading | LookReading]:
        """What one picture says; pictures come in order of time."""
        percept = self._perception.perceive(frame)
        self.looked += 1
        self.unreadable += not percept.readable
        now_ns = max(self._clock(), frame.received_ns)
        found: list[ScanReading | LookReading] = []
        if percept.codes:
            support = by_catalogue(self._rules, self._catalogue, _day(frame.t_ns))
            self._votes, believed = vote(self._votes, frame.t_ns, percept.codes, support)
            found += [ScanReading(frame.t_ns, now_ns, b.text, b.symbology.value, "camera") for b in believed]
        if percept.nats:
            gtins, nats = zip(*percept.nats.items(), strict=True)
            found.append(LookReading(frame.t_ns, now_ns, gtins, nats))
        return found

    def _serve(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._over or self._slot is not None)
                if self._over:
                    return
                frame, self._slot = self._slot, None
            assert frame is not None
            for reading in self.look(frame):
                self._told(reading)


def _day(t_ns: int) -> date:
    return datetime.fromtimestamp(t_ns / NS, UTC).date()

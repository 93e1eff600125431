"""A recorded trip goes in, its receipt comes out: nothing here looks at the machine's clock."""

from __future__ import annotations

from aisle.cart.outcome import CartOutcome
from aisle.cart.perception import Percept, Perception
from aisle.cart.session import CartSession, CartSettings
from aisle.sensing.cart.health import CartHealth
from aisle.sensing.cart.readings import SCAN_CAMERA, CartTrip, TapReading
from aisle.sensing.readings import FrameReading, HealthEntry
from aisle.store.model import Store

AFTER_PAY_NS = 3_000_000_000
"""What the cell says so shortly after "pay" still counts: the last item may be settling."""


def replay_trip(
    trip: CartTrip, store: Store, perception: Perception | None = None, settings: CartSettings | None = None
) -> CartOutcome:
    """The trip's receipt.  `perception` reads the scan camera's pictures (None: they are left aside).

    What is wrong with the cart's devices stands in the outcome's `health`, after what is wrong with the recording.
    """
    devices = _Devices(perception)
    session = CartSession(
        store, trip.name, trip.cart_id, settings, perception=None if perception is None else devices, weighs=False
    )
    paid_ns: int | None = None
    for reading in trip.readings():
        if paid_ns is not None and reading.t_ns > paid_ns + AFTER_PAY_NS:
            break
        devices.note(devices.health.step(reading))
        if not isinstance(reading, FrameReading) or reading.camera == SCAN_CAMERA:
            session.feed(reading)  # other cameras look into the basket: nothing is shown to them
        if isinstance(reading, TapReading) and reading.tap == "pay":
            paid_ns = reading.t_ns
    return CartOutcome(trip.name, session.finish(), (*trip.health, *devices.faults))


class _Devices:
    """The eyes of a trip, with what was wrong with its devices: each fault once, as long as it lasted."""

    def __init__(self, perception: Perception | None) -> None:
        self.health = CartHealth(scale=False)  # a recording need not have one: from its first weight on it must speak
        self._perception = perception
        self._told: dict[tuple[str, str, int | None], HealthEntry] = {}

    @property
    def faults(self) -> tuple[HealthEntry, ...]:
        """In the order in which they began to be told; without an end where they lasted to the trip's."""
        return tuple(self._told.values())

    def note(self, entries: tuple[HealthEntry, ...]) -> None:
        """A fault's end stands in the place of its beginning."""
        self._told |= {(entry.kind, entry.where, entry.t0_ns): entry for entry in entries}

    def perceive(self, frame: FrameReading) -> Percept:
        """See `Perception`; what a picture looks like says how its camera does."""
        assert self._perception is not None
        percept = self._perception.perceive(frame)
        if percept.thumbnail is not None or not percept.readable:
            self.note(self.health.look(frame.camera, frame.received_ns, percept.thumbnail))
        return percept

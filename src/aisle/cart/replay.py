"""A recorded trip goes in, its receipt comes out: nothing here looks at the machine's clock."""

from __future__ import annotations

from aisle.cart.outcome import CartOutcome
from aisle.cart.perception import Perception
from aisle.cart.session import CartSession, CartSettings
from aisle.sensing.cart.readings import CartTrip, TapReading
from aisle.store.model import Store

AFTER_PAY_NS = 3_000_000_000
"""What the cell says so shortly after "pay" still counts: the last item may be settling."""


def replay_trip(
    trip: CartTrip, store: Store, perception: Perception | None = None, settings: CartSettings | None = None
) -> CartOutcome:
    """The trip's receipt.  `perception` reads the scan camera's pictures (None: they are left aside)."""
    session = CartSession(store, trip.name, trip.cart_id, settings, perception=perception, weighs=False)
    paid_ns: int | None = None
    for reading in trip.readings():
        if paid_ns is not None and reading.t_ns > paid_ns + AFTER_PAY_NS:
            break
        session.feed(reading)
        if isinstance(reading, TapReading) and reading.tap == "pay":
            paid_ns = reading.t_ns
    return CartOutcome(trip.name, session.finish(), trip.health)

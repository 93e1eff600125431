"""Which cart stands at which lane, as readers at the lanes say: a loop in the floor, a tag reader, a camera.

Kept in memory only: a reader says it again every second or so, and what is older than a few seconds is no longer so.
A cart that has a lane's own sign (a beacon, a code on the post) needs no reader and names the lane itself.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from aisle.visits import bounds

FRESH_NS = 15_000_000_000
_MOST = 4_096  # carts remembered


class Sighting(msgspec.Struct, frozen=True):
    """A cart at a lane; `lane_id` is empty where no reader has lately seen it."""

    cart_id: str
    lane_id: str = ""
    seen_ns: int = 0


class LaneReaders:
    """What the readers of a shop say. Thread-safe."""

    def __init__(self, clock: Callable[[], int], fresh_ns: int = FRESH_NS) -> None:
        self._clock, self._fresh_ns = clock, fresh_ns
        self._seen: OrderedDict[str, Sighting] = OrderedDict()
        self._lock = threading.Lock()

    def seen(self, cart_id: str, lane_id: str) -> None:
        """A reader sees a cart at its lane ("": it has left). Raises IdInvalidError."""
        bounds.check_id("cart", cart_id)
        if lane_id:
            bounds.check_id("lane", lane_id)
        with self._lock:
            self._seen[cart_id] = Sighting(cart_id, lane_id, self._clock())
            self._seen.move_to_end(cart_id)
            while len(self._seen) > _MOST:
                self._seen.popitem(last=False)

    def of(self, cart_id: str) -> Sighting:
        """Where a cart stands now."""
        with self._lock:
            found = self._seen.get(cart_id)
        if found is None or self._clock() - found.seen_ns > self._fresh_ns:
            return Sighting(cart_id)
        return found

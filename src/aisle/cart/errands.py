"""What a cart does for itself whenever there is a network: send what left on trust, ask for the newest catalogue.

One thread, in its own time; nobody waits for it and nothing it meets ends it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from aisle.cart.exit import deliver
from aisle.cart.purchase_queue import PurchaseQueue
from aisle.cart.shop_link import ShopLink
from aisle.cart.sync import CatalogueCopy

_log = logging.getLogger(__name__)
PAUSE_S = 15.0


@dataclass(frozen=True, slots=True)
class Errand:
    """What came of one round: purchases taken, those that wait, those for people, what is wrong with the catalogue."""

    delivered: int
    waiting: int
    for_people: int
    catalogue: str = ""


class Errands:
    """The errands of one cart. `copy` None: it has no catalogue of its own. `told` hears what came of each round."""

    def __init__(
        self,
        link: ShopLink,
        queue: PurchaseQueue,
        clock: Callable[[], int],
        copy: CatalogueCopy | None = None,
        *,
        pause_s: float = PAUSE_S,
        told: Callable[[Errand], None] = lambda _errand: None,
    ) -> None:
        self._link, self._queue, self._clock, self._copy = link, queue, clock, copy
        self._pause_s, self._told = pause_s, told
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def run_once(self) -> Errand:
        """One round, at once."""
        delivered = deliver(self._link, self._queue)
        fault = self._copy.refresh(self._link, self._clock()) if self._copy is not None else ""
        waiting = sum(purchase.trusted for purchase in self._queue.waiting())
        return Errand(delivered, waiting, len(self._queue.for_people()), fault)

    def start(self) -> None:
        """Go round in a thread until `stop`."""
        self._over.clear()
        self._thread = threading.Thread(target=self._serve, name="cart-errands", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish the round that is going on."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                self._told(self.run_once())
            except Exception:  # a full disk, a damaged copy: the next round may go better
                _log.exception("a cart's errands could not be done; they are tried again")
            self._over.wait(self._pause_s)

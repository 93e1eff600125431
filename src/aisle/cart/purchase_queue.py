"""Purchases on their way from the cart to the shop: kept on disk before they are sent, until the shop has them.

An append-only file (`cart.records`): a purchase is put in, and later marked as taken or refused. After a restart the
queue is what it was. The shop recognises a trip it has, so a purchase may be sent as often as need be.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from aisle.cart.purchase import CartPurchase
from aisle.cart.records import RecordFile, Torn, write_whole
from aisle.cart.syncing import Syncing, SyncNow

_LONG = 1 << 20  # bytes of a file that is made anew at the start when nothing waits in it


class _Put(msgspec.Struct, frozen=True, tag="put"):
    purchase: CartPurchase


class _Took(msgspec.Struct, frozen=True, tag="took"):
    trip_id: str
    visit_id: str


class Refusal(msgspec.Struct, frozen=True, tag="refused"):
    """The shop does not take a purchase as it is: a code for programs, words for people."""

    trip_id: str
    attempt: int
    code: str
    message: str


_Entry = _Put | _Took | Refusal
_decoder: msgspec.msgpack.Decoder[_Entry] = msgspec.msgpack.Decoder(_Entry)


class PurchaseQueue:
    """The queue of one cart. Sending is somebody else's business. Thread-safe."""

    def __init__(self, path: Path, *, syncing: Callable[[int], Syncing] = SyncNow) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.RLock()
        self._waiting: dict[str, CartPurchase] = {}
        self._refused: dict[str, tuple[CartPurchase, Refusal]] = {}
        self._taken: dict[str, str] = {}
        self._file = RecordFile(path, syncing=syncing)
        self.torn: Torn | None = self._file.torn
        for payload in self._file.payloads:
            self._fold(_decoder.decode(payload))
        if not self._waiting and not self._refused and path.stat().st_size > _LONG:
            self._file.close()
            write_whole(path, b"")
            self._file = RecordFile(path, syncing=syncing)

    def put(self, purchase: CartPurchase) -> None:
        """Keep a purchase before it is sent; a later attempt at the same trip takes the place of the earlier one."""
        with self._lock:
            if purchase.trip_id not in self._taken and self._waiting.get(purchase.trip_id) != purchase:
                self._keep(_Put(purchase))

    def took(self, trip_id: str, visit_id: str) -> None:
        """The shop has it."""
        with self._lock:
            if trip_id not in self._taken:
                self._keep(_Took(trip_id, visit_id))

    def refused(self, refusal: Refusal) -> None:
        """The shop will never take it like this. It stays, for a person or another card."""
        with self._lock:
            waits = self._waiting.get(refusal.trip_id)
            if waits is not None and waits.attempt == refusal.attempt:
                self._keep(refusal)

    def waiting(self) -> tuple[CartPurchase, ...]:
        """What is to be sent, the oldest first."""
        with self._lock:
            return tuple(self._waiting.values())

    def of_trip(self, trip_id: str) -> CartPurchase | None:
        """The purchase of a trip that waits or was refused; None when there is none, or the shop has it."""
        with self._lock:
            refused = self._refused.get(trip_id)
            return self._waiting.get(trip_id) or (refused[0] if refused else None)

    def for_people(self) -> tuple[tuple[CartPurchase, Refusal], ...]:
        """Purchases whose goods are outside and which the shop refused: a person has to look."""
        with self._lock:
            return tuple(pair for pair in self._refused.values() if pair[0].trusted)

    def visit_of(self, trip_id: str) -> str | None:
        """The visit a trip became; None as long as the shop has not said so."""
        return self._taken.get(trip_id)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _keep(self, entry: _Entry) -> None:
        self._file.append(msgspec.msgpack.encode(entry))
        self._file.settle()
        self._fold(entry)

    def _fold(self, entry: _Entry) -> None:
        match entry:
            case _Put(purchase):
                self._refused.pop(purchase.trip_id, None)
                self._waiting[purchase.trip_id] = purchase
            case _Took(trip_id, visit_id):
                self._refused.pop(trip_id, None)
                self._waiting.pop(trip_id, None)
                self._taken[trip_id] = visit_id
            case Refusal(trip_id):
                self._refused[trip_id] = (self._waiting.pop(trip_id), entry)

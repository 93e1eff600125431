"""Recordings of one trip with a smart cart, as MCAP files: reading them whatever is broken in them, and writing them.

The format is described in docs/cart-recordings.md.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mcap.well_known import MessageEncoding, SchemaEncoding

from aisle.sensing.cart.messages import (
    CAMERAS,
    LOOK,
    MOTION,
    PREFIX,
    SCALE,
    SCANNER,
    SCREEN,
    MessageError,
    is_cart_topic,
    message_of,
    reading_of,
    schema_of,
    topic_of,
)
from aisle.sensing.cart.readings import CartReading
from aisle.sensing.faults import HealthLog, RecordingError
from aisle.sensing.mcap_chunks import ChunkedFile
from aisle.sensing.mcap_pictures import LATEST_NS
from aisle.sensing.mcap_records import DEVICE, RawMessage, RecordFile
from aisle.sensing.readings import FrameReading, HealthEntry
from aisle.sensing.recordings import recording_name

CART_RECORD = "cart"  # the metadata record that names the cart
CHUNK_BYTES, CHUNK_NS = 1 << 18, 2_000_000_000  # half a second of pictures, two without: what a kill may cost
_NETWORK = {"present": True, "absent": False}


@dataclass(slots=True)
class _Fault:
    """Messages of one topic with the same thing wrong: how many, when, and the first as an example."""

    example: str
    where: str
    first_ns: int
    last_ns: int
    count: int = 1


class CartRecording:
    """One trip in an MCAP file; see `aisle.sensing.cart.readings.CartTrip`.

    Raises RecordingError when the file cannot be read, is no MCAP file, or holds no topic of a cart.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            found = "a folder" if path.is_dir() else "no such file"
            raise RecordingError(f"{path}: found {found}; give one trip's recording, an .mcap file")
        self.name = recording_name(path)
        self._path = path
        self._log = HealthLog()
        self._faults: dict[tuple[str, str], _Fault] = {}
        self._file = RecordFile(path, self._log)
        self._settled_ns = self._looked_through()
        self.cart_id, self.network = self._described()

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        """What was found wrong while opening and (so far) reading; equal faults of one topic are one entry."""
        return (*self._log.entries(), *(_entry(*key, fault) for key, fault in self._faults.items()))

    def readings(self) -> Iterator[CartReading]:
        """All readings in order of `received_ns`, those received together in the order they were written."""
        self._faults.clear()
        waiting: list[tuple[int, int, CartReading]] = []
        for number, (settled_ns, message) in enumerate(zip(self._settled_ns, self._messages(), strict=False)):
            reading = self._believed(message)
            if reading is not None:
                heapq.heappush(waiting, (reading.received_ns, number, reading))
            while waiting and waiting[0][0] <= settled_ns:
                yield heapq.heappop(waiting)[2]
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _messages(self) -> Iterator[RawMessage]:
        return (message for message in self._file.messages() if is_cart_topic(message.channel.topic))

    def _looked_through(self) -> list[int]:
        """For each message of the cart the earliest log time of those after it: up to there order is settled.

        The whole file is read for it once, which also finds the damage; written in order, as a rule, a file is then
        read without keeping more than one message.
        """
        times: list[int] = []
        strange: set[str] = set()
        for message in self._file.messages():
            topic = message.channel.topic
            if is_cart_topic(topic):
                times.append(message.times[0])
            elif topic not in strange:
                strange.add(topic)
                kinds = ", ".join((SCALE, MOTION, SCANNER, SCREEN, LOOK, f"{CAMERAS}<name>"))
                where = f"{self._path.name}, topic {topic}"
                self._log.add(
                    HealthEntry("invalid-sample", where, f"{where}: not a cart's; passed over (a cart has {kinds})")
                )
        if not times:
            damage = self._file.damage()
            topics = ", ".join(sorted(strange)) or "no messages"
            raise RecordingError(
                f"{self._path}: found {topics}{f' ({damage})' if damage else ''}; a cart's recording has topics under "
                f"{PREFIX}: {SCALE}, {MOTION}, {SCANNER}, {SCREEN} and {CAMERAS}<name>"
            )
        earliest = LATEST_NS
        for place in range(len(times) - 1, -1, -1):
            times[place], earliest = earliest, min(earliest, times[place])
        return times

    def _described(self) -> tuple[str, bool]:
        record = self._file.metadata(CART_RECORD)
        where = f"{self._path.name}, metadata {CART_RECORD}"
        if record is None:
            self._log.add(
                HealthEntry(
                    "missing-collection",
                    where,
                    f"{where}: no such record; wanted one with cart_id and network, taken as a cart without name "
                    "that has the shop's network",
                )
            )
            return "", True
        network = record.get("network", "nothing")
        if network not in _NETWORK:
            found = f"found {network[:40]!r}; wanted present or absent, took present"
            self._log.add(HealthEntry("corrupt", where, f"{where}: network: {found}"))
        return record.get("cart_id", ""), _NETWORK.get(network, True)

    def _believed(self, message: RawMessage) -> CartReading | None:
        try:
            return reading_of(message)
        except MessageError as fault:
            received_ns = min(message.times[0], LATEST_NS)
            key = (message.channel.topic, fault.what)
            known = self._faults.get(key)
            if known is None:
                where = f"{self._path.name} at byte {message.at}"
                self._faults[key] = _Fault(fault.found, where, received_ns, received_ns)
            else:
                known.count += 1
                known.first_ns = min(known.first_ns, received_ns)
                known.last_ns = max(known.last_ns, received_ns)
            return None


def _entry(topic: str, what: str, fault: _Fault) -> HealthEntry:
    more = f" ({fault.count} such messages, this the first)" if fault.count > 1 else ""
    message = f"{fault.where}: {topic}: {what}: {fault.example}; skipped{more}"
    camera = topic.removeprefix(CAMERAS) if topic.startswith(CAMERAS) else None
    return HealthEntry("invalid-sample", topic, message, fault.first_ns, fault.last_ns, camera=camera)


class CartRecordingWriter:
    """Writes a trip's readings as they are received into an MCAP file; use it as a context manager.

    What was written before an error or a kill stays readable, but for the last two seconds at most.  Equal readings
    give equal bytes.
    """

    def __init__(self, path: Path, cart_id: str, network: bool) -> None:
        self._file = path.open("wb")
        self._writer = ChunkedFile(self._file, CHUNK_BYTES, "aisle-cart", "aisle", CHUNK_NS)
        self._writer.describe(CART_RECORD, {"cart_id": cart_id, "network": "present" if network else "absent"})
        self._channels: dict[tuple[str, str], int] = {}
        self._schemas: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, reading: CartReading) -> None:
        """Append one reading; its log time is when it was received."""
        topic = topic_of(reading)
        device = reading.device if isinstance(reading, FrameReading) and reading.device != reading.camera else ""
        place = (topic, device)
        if place not in self._channels:
            metadata = {DEVICE: device} if device else {}
            schema = self._schema(topic)
            self._channels[place] = self._writer.channel(topic, MessageEncoding.JSON, schema, metadata)
        self._writer.message(self._channels[place], (reading.received_ns, reading.t_ns), message_of(reading))

    def close(self) -> None:
        """Write the index and close the file; closing twice is harmless."""
        if not self._file.closed:
            self._writer.finish()
            self._file.close()

    def _schema(self, topic: str) -> int:
        name, data = schema_of(topic)
        if name not in self._schemas:
            self._schemas[name] = self._writer.schema(name, SchemaEncoding.JSONSchema, data)
        return self._schemas[name]

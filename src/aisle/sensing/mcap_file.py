"""Aisle's own recordings: MCAP files (mcap.dev/spec) that carry the store, plates, tracks and pictures.

Any MCAP viewer opens them.  Reading goes record by record (`mcap_records.py`), so that a file cut off or damaged gives
everything up to the fault instead of nothing.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from mcap.well_known import MessageEncoding, SchemaEncoding

from aisle.sensing.faults import HealthLog, RecordingError
from aisle.sensing.health import SourceCheck, unweighed
from aisle.sensing.mcap_chunks import ChunkedFile
from aisle.sensing.mcap_pictures import (
    PICTURE_SCHEMA,
    PICTURE_TOPIC,
    picture_message,
    picture_reading,
    picture_schema,
)
from aisle.sensing.mcap_records import ATTACHMENT, DEVICE, RawMessage, RecordFile, attachment
from aisle.sensing.mcap_schemas import (
    HANDS_SCHEMA,
    PLATE_SCHEMA,
    TRACK_SCHEMA,
    TRACK_SCHEMAS,
    plate_message,
    plate_reading,
    plate_schema,
    track_message,
    track_reading,
    track_schema,
)
from aisle.sensing.readings import FrameReading, HealthEntry, PlateReading, Reading
from aisle.sensing.source_names import shown
from aisle.store.model import DISTORTION_LENGTHS, LARGEST_PICTURE_PX, Store

STORE_ATTACHMENT = "store.json"
CHUNK_BYTES = 1 << 18  # about two seconds of a small shop: what a power cut may cost
SLOWEST_HZ, FASTEST_HZ = 1.0, 10_000.0


class RecordingWriter:
    """Writes readings as they are received into an MCAP file; use it as a context manager.

    The store stands first in the file as attachment `store.json`, with nothing of the network addresses of its cameras
    and devices but scheme and host: recordings are passed on, passwords are not.  Log time is
    the time of receipt, publish time the event time.  What was written before an error
    stays readable.
    """

    def __init__(self, path: Path, store: Store) -> None:
        self._file = path.open("wb")
        self._writer = ChunkedFile(self._file, CHUNK_BYTES, profile="aisle", library="aisle")
        known = msgspec.json.encode(_shareable(store), order="deterministic")  # a set has no order of its own
        self._writer.attach(STORE_ATTACHMENT, "application/json", known)
        self._channels: dict[tuple[str, str, str], int] = {}
        self._schemas: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, reading: Reading) -> None:
        """Append one reading."""
        topic, schema, device, data = _placed(reading)
        place = (topic, schema, device)
        if place not in self._channels:
            encoding = MessageEncoding.JSON if schema in TRACK_SCHEMAS else MessageEncoding.Protobuf
            metadata = {DEVICE: device} if device else {}
            self._channels[place] = self._writer.channel(topic, encoding, self._schema(schema), metadata)
        times = (reading.received_ns, reading.t_ns)
        self._writer.message(self._channels[place], times, data, compressible=schema != PICTURE_SCHEMA)

    def close(self) -> None:
        """Write the index and close the file; closing twice is harmless."""
        if not self._file.closed:
            self._writer.finish()
            self._file.close()

    def _schema(self, name: str) -> int:
        if name not in self._schemas:
            encoding = SchemaEncoding.JSONSchema if name in TRACK_SCHEMAS else SchemaEncoding.Protobuf
            made = {PLATE_SCHEMA: plate_schema, PICTURE_SCHEMA: picture_schema}
            data = track_schema(name) if name in TRACK_SCHEMAS else made[name]()
            self._schemas[name] = self._writer.schema(name, encoding, data)
        return self._schemas[name]


class McapRecording:
    """One recording in an MCAP file; see `aisle.sensing.readings.Recording`.

    Raises RecordingError when the file is no MCAP file, carries no readable and sound store, or (at the end of
    `readings`) not one reading.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._path = path
        self._log = HealthLog()
        self._file = RecordFile(path, self._log)
        self.store = self._read_store()
        self._log.extend(unweighed(self.store))
        self._check = SourceCheck(self.store, path.name)

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        return (*self._log.entries(), *self._check.entries())

    def readings(self) -> Iterator[Reading]:
        """All readings in the order they were written; damage becomes health entries."""
        check = self._check = SourceCheck(self.store, self._path.name)
        for message in self._file.messages():
            try:
                reading = _reading(message)
            except (ValueError, struct.error) as error:
                self._file.damaged(message.at, f"unreadable record ({error}); skipped")
                continue
            if reading is not None:
                yield check.passed(reading)
        if check.empty:
            damage = self._file.damage()
            raise RecordingError(
                f"{self._path}: not one reading in it{f' ({damage})' if damage else ''}; "
                f"a recording holds messages of the schemas {PLATE_SCHEMA}, {TRACK_SCHEMA} and {PICTURE_SCHEMA}"
            )
        self._log.extend(check.missing())

    def _read_store(self) -> Store:
        found = "no attachment"
        for _, opcode, content in self._file.records():
            if opcode != ATTACHMENT:
                continue
            try:
                label, data = attachment(content)
                if label == STORE_ATTACHMENT:
                    store = msgspec.json.decode(data, type=Store)
                    self._refuse_unsound(store)
                    return store
            except (msgspec.MsgspecError, struct.error, ValueError) as error:
                found = f"an unreadable one ({error})"
        raise RecordingError(
            f"{self._path}: found {found} where the store should be; "
            f"a recording carries its store as attachment {STORE_ATTACHMENT}"
        )

    def _refuse_unsound(self, store: Store) -> None:
        problems = tuple(_unsound(store))
        if problems:
            more = f" (and {len(problems) - 1} more like it)" if len(problems) > 1 else ""
            raise RecordingError(f"{self._path}: {STORE_ATTACHMENT}: {problems[0]}{more}")


def _shareable(store: Store) -> Store:
    return replace(
        store,
        cameras=tuple(replace(camera, source=shown(camera.source)) for camera in store.cameras),
        devices=tuple(replace(device, source=shown(device.source)) for device in store.devices),
    )


def _placed(reading: Reading) -> tuple[str, str, str, bytes]:
    """Topic, schema, device where the message does not name it, and the message."""
    if isinstance(reading, PlateReading):
        return f"/plates/{reading.gondola}", PLATE_SCHEMA, "", plate_message(reading)
    if isinstance(reading, FrameReading):
        return f"{PICTURE_TOPIC}{reading.camera}", PICTURE_SCHEMA, reading.device, picture_message(reading)
    plain = reading.holding is None and reading.wrist_sigma_m is None
    return "/tracks", TRACK_SCHEMA if plain else HANDS_SCHEMA, "", track_message(reading)


def _reading(message: RawMessage) -> Reading | None:
    channel, data = message.channel, message.data
    if channel.schema == PICTURE_SCHEMA:
        return picture_reading(data, channel.topic, channel.device, message.times)
    if channel.schema == PLATE_SCHEMA:
        batch = plate_reading(data)
        if not SLOWEST_HZ <= batch.hz <= FASTEST_HZ:
            raise ValueError(f"{batch.hz:g} samples a second; wanted {SLOWEST_HZ:g} to {FASTEST_HZ:g}")
        return batch
    return track_reading(data) if channel.schema in TRACK_SCHEMAS else None


def _unsound(store: Store) -> Iterator[str]:
    """What no loader of a store would have let through: place, field, what was found and what would be right."""
    for gtin, product in store.products.items():
        if product.gtin != gtin:
            yield f"product {gtin}: gtin: found {product.gtin!r}; wanted the name it is listed under"
        if product.weight_g is not None and product.weight_g < 0:
            yield f"product {gtin}: weight_g: found {product.weight_g:g}; wanted more than 0, or null"
    for (gondola, number), times in Counter(s.key for s in store.shelves).items():
        if times > 1:
            yield f"gondola {gondola}, shelf {number}: found {times} times; wanted once"
    for shelf in store.shelves:
        where = f"gondola {shelf.gondola}, shelf {shelf.shelf}"
        edges = shelf.plate_edges_m
        if shelf.shelf < 1:
            yield f"{where}: shelf: found {shelf.shelf}; wanted a number from 1"
        if len(edges) < 2 or any(a >= b for a, b in pairwise(edges)):
            yield f"{where}: plate_edges_m: found {list(edges)}; wanted two or more ascending borders"
    for number, facing in enumerate(store.facings, 1):
        where = f"facing {number} ({facing.gtin})"
        board = store.shelf_at.get((facing.gondola, facing.shelf))
        if facing.gtin not in store.products:
            yield f"{where}: gtin: found {facing.gtin!r}; wanted one of the store's products"
        if board is None:
            yield f"{where}: found gondola {facing.gondola}, shelf {facing.shelf}; wanted a shelf of the store"
        elif not facing.plates or not all(1 <= p <= board.plate_count for p in facing.plates):
            yield f"{where}: plates: found {list(facing.plates)}; wanted plates from 1 to {board.plate_count}"
        if facing.x0_m >= facing.x1_m:
            yield f"{where}: x1_m: found {facing.x1_m:g}; wanted more than x0_m, which is {facing.x0_m:g}"
    yield from _unsound_cameras(store)


def _unsound_cameras(store: Store) -> Iterator[str]:
    for name, times in Counter(c.camera_id for c in store.cameras).items():
        if times > 1:
            yield f"camera {name}: found {times} times; wanted once"
    for camera in store.cameras:
        where, (width, height) = f"camera {camera.camera_id}", camera.size_px
        if min(width, height) < 1 or width * height > LARGEST_PICTURE_PX:
            most = LARGEST_PICTURE_PX // 10**6
            yield f"{where}: size_px: found {width} x {height}; wanted 1 x 1 to {most} megapixels"
        if min(camera.focal_px) <= 0:
            yield f"{where}: focal_px: found {list(camera.focal_px)}; wanted two focal lengths of more than 0 pixels"
        if len(camera.distortion) not in DISTORTION_LENGTHS:
            found = len(camera.distortion)
            yield f"{where}: distortion: found {found} numbers; wanted {', '.join(map(str, DISTORTION_LENGTHS))}"

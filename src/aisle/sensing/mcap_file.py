"""Aisle's own recordings: MCAP files (mcap.dev/spec) that carry the store, plates, tracks and pictures.

Any MCAP viewer opens them.  Reading is done here, record by record, so that a file cut off or damaged gives
everything up to the fault instead of nothing.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import lz4.frame
import msgspec
import zstandard
from mcap.well_known import MessageEncoding, SchemaEncoding

from aisle.sensing.faults import HealthLog, RecordingError
from aisle.sensing.health import SourceCheck, unweighed
from aisle.sensing.mcap_chunks import FOOTER_BYTES, MAGIC, ChunkedFile
from aisle.sensing.mcap_pictures import (
    PICTURE_SCHEMA,
    PICTURE_TOPIC,
    picture_message,
    picture_reading,
    picture_schema,
)
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
DEVICE = "device"  # in a channel's metadata: who sent what comes on it, where the messages do not say
CHUNK_BYTES = 1 << 18  # about two seconds of a small shop: what a power cut may cost
LARGEST_CHUNK = 1 << 30
SLOWEST_HZ, FASTEST_HZ = 1.0, 10_000.0
_SCHEMA, _CHANNEL, _MESSAGE, _CHUNK, _ATTACHMENT, _DATA_END, _FOOTER = 3, 4, 5, 6, 9, 15, 2


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
        self.store = self._read_store()
        self._log.extend(unweighed(self.store))
        self._check = SourceCheck(self.store, path.name)

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        return (*self._log.entries(), *self._check.entries())

    def readings(self) -> Iterator[Reading]:
        """All readings in the order they were written; damage becomes health entries."""
        check = self._check = SourceCheck(self.store, self._path.name)
        schemas, channels = self._listed()
        for at, opcode, content in self._records():
            inner = self._chunk(at, content) if opcode == _CHUNK else [(opcode, content)]
            for kind, record in inner:
                reading = None
                try:
                    if kind == _MESSAGE:
                        reading = _reading(record, channels)
                    elif kind == _SCHEMA:
                        ident, schemas[ident] = _schema_name(record)
                    elif kind == _CHANNEL:
                        ident, channels[ident] = _channel(record, schemas)
                except (ValueError, struct.error) as error:
                    self._damaged(at, f"unreadable record ({error}); skipped")
                if reading is not None:
                    yield check.passed(reading)
        if check.empty:
            damage = "; ".join(e.message for e in self._log.entries() if e.kind in ("truncated", "corrupt"))
            raise RecordingError(
                f"{self._path}: not one reading in it{f' ({damage})' if damage else ''}; "
                f"a recording holds messages of the schemas {PLATE_SCHEMA}, {TRACK_SCHEMA} and {PICTURE_SCHEMA}"
            )
        self._log.extend(check.missing())

    def _listed(self) -> tuple[dict[int, str], dict[int, _Channel]]:
        """Schemas and channels as the file's summary lists them: the chunk they first stood in may be damaged."""
        schemas: dict[int, str] = {}
        channels: dict[int, _Channel] = {}
        try:
            with self._path.open("rb") as file:
                file.seek(-FOOTER_BYTES - len(MAGIC), os.SEEK_END)
                footer = file.tell() - 9
                start = struct.unpack("<Q", file.read(8))[0]
                file.seek(start if start else footer)
                summary = file.read(max(0, footer - start)) if start else b""
            for kind, record in _inside(summary):
                if kind == _SCHEMA:
                    ident, schemas[ident] = _schema_name(record)
                elif kind == _CHANNEL:
                    ident, channels[ident] = _channel(record, schemas)
        except (OSError, ValueError, struct.error, OverflowError):
            return {}, {}  # no summary: the file was cut off
        return schemas, channels

    def _read_store(self) -> Store:
        found = "no attachment"
        for _, opcode, content in self._records():
            if opcode != _ATTACHMENT:
                continue
            try:
                label, data = _attachment(content)
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

    def _records(self) -> Iterator[tuple[int, int, bytes]]:
        """Top-level records as (byte, opcode, content), up to the end of the data or the first fault."""
        try:
            with self._path.open("rb") as file:
                size = self._path.stat().st_size
                if file.read(len(MAGIC)) != MAGIC:
                    raise RecordingError(f"{self._path}: at byte 0: not an MCAP file; one starts with {MAGIC!r}")
                at = len(MAGIC)
                while True:
                    head = file.read(9)
                    length = struct.unpack_from("<Q", head, 1)[0] if len(head) == 9 else 0
                    if len(head) < 9 or at + 9 + length > size:
                        self._log.add(
                            HealthEntry(
                                "truncated",
                                f"{self._path.name} at byte {at}",
                                f"{self._path.name}: at byte {at}: the file ends inside a record "
                                f"({size - at} bytes left, {9 + length} wanted); read what precedes it",
                                grave=True,
                            )
                        )
                        return
                    if head[0] in (_DATA_END, _FOOTER):
                        return
                    yield at, head[0], file.read(length)
                    at += 9 + length
        except OSError as error:
            raise RecordingError(f"{self._path}: cannot be read ({error.strerror or error})") from None

    def _chunk(self, at: int, content: bytes) -> list[tuple[int, bytes]]:
        try:
            data = _inflated(content)
        except (struct.error, ValueError, RuntimeError, zstandard.ZstdError, MemoryError) as error:
            self._damaged(at, f"unreadable chunk ({error}); its readings are lost")
            return []
        out = list(_inside(data))
        inside = sum(9 + len(record) for _, record in out)
        if inside != len(data):
            self._damaged(at, "a chunk ends inside a record; the rest of it is lost")
        return out

    def _damaged(self, at: int, what: str) -> None:
        where = f"{self._path.name} at byte {at}"
        self._log.add(HealthEntry("corrupt", where, f"{where}: {what}", grave=True))


def _inside(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(opcode, content) of the whole records that follow each other in `data`."""
    at = 0
    while at + 9 <= len(data):
        opcode, length = struct.unpack_from("<BQ", data, at)
        if at + 9 + length > len(data):
            return
        yield opcode, data[at + 9 : at + 9 + length]
        at += 9 + length


def _inflated(chunk: bytes) -> bytes:
    """The records of a chunk; ValueError or the decompressor's own error when they are not what was written."""
    size, crc, name_length = struct.unpack_from("<QII", chunk, 16)
    name = chunk[32 : 32 + name_length].decode()
    data = chunk[32 + name_length + 8 :]
    if size > LARGEST_CHUNK:
        raise ValueError(f"claims {size} bytes, more than {LARGEST_CHUNK}")
    if name == "zstd":
        if zstandard.frame_content_size(data) > size:  # the decompressor would believe the frame, not `size`
            raise ValueError(f"holds more than the {size} bytes it claims")
        data = zstandard.ZstdDecompressor().decompress(data, max_output_size=size)
    elif name == "lz4":
        unpacked = lz4.frame.LZ4FrameDecompressor()
        data = bytes(unpacked.decompress(data, max_length=size))
        if not unpacked.eof:
            raise ValueError(f"holds more or less than the {size} bytes it claims")
    elif name:
        raise ValueError(f"compression {name!r} is not known; wanted zstd, lz4 or none")
    if crc and zlib.crc32(data) != crc:
        raise ValueError("checksum does not match")
    return data


@dataclass(frozen=True, slots=True)
class _Channel:
    """What the messages of a channel are."""

    schema: str
    topic: str
    device: str


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


def _reading(record: bytes, channels: dict[int, _Channel]) -> Reading | None:
    ident, _, received_ns, t_ns = struct.unpack_from("<HIQQ", record)
    channel = channels.get(ident)
    schema = channel.schema if channel else ""
    if channel and schema == PICTURE_SCHEMA:
        return picture_reading(record[22:], channel.topic, channel.device, (received_ns, t_ns))
    if schema == PLATE_SCHEMA:
        batch = plate_reading(record[22:])
        if not SLOWEST_HZ <= batch.hz <= FASTEST_HZ:
            raise ValueError(f"{batch.hz:g} samples a second; wanted {SLOWEST_HZ:g} to {FASTEST_HZ:g}")
        return batch
    return track_reading(record[22:]) if schema in TRACK_SCHEMAS else None


def _channel(record: bytes, schemas: dict[int, str]) -> tuple[int, _Channel]:
    ident, schema = struct.unpack_from("<HH", record)
    topic, at = _text(record, 4)
    _, at = _text(record, at)
    end = at + 4 + struct.unpack_from("<I", record, at)[0]
    at += 4
    metadata = {}
    while at < end:
        key, at = _text(record, at)
        metadata[key], at = _text(record, at)
    return ident, _Channel(schemas.get(schema, ""), topic, metadata.get(DEVICE, ""))


def _schema_name(record: bytes) -> tuple[int, str]:
    ident, length = struct.unpack_from("<HI", record)
    return ident, record[6 : 6 + length].decode()


def _text(record: bytes, at: int) -> tuple[str, int]:
    """The text at this byte, and the byte after it."""
    length = struct.unpack_from("<I", record, at)[0]
    return record[at + 4 : at + 4 + length].decode(), at + 4 + length


def _attachment(content: bytes) -> tuple[str, bytes]:
    at = 16
    texts = []
    for _ in range(2):
        length = struct.unpack_from("<I", content, at)[0]
        texts.append(content[at + 4 : at + 4 + length].decode())
        at += 4 + length
    length = struct.unpack_from("<Q", content, at)[0]
    return texts[0], content[at + 8 : at + 8 + length]


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

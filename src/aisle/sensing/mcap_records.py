"""MCAP files read record by record: a file cut off or damaged gives everything up to the fault instead of nothing.

What both kinds of recordings share, the shop's and a cart's: records, chunks of any compression, schemas and channels
from wherever they stand, faults as health entries with their byte.  See mcap.dev/spec.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import lz4.frame
import zstandard

from aisle.sensing.faults import HealthLog, RecordingError
from aisle.sensing.mcap_chunks import FOOTER_BYTES, MAGIC
from aisle.sensing.readings import HealthEntry

DEVICE = "device"  # in a channel's metadata: who sent what comes on it, where the messages do not say
LARGEST_CHUNK = 1 << 30
SCHEMA, CHANNEL, MESSAGE, CHUNK, ATTACHMENT, METADATA, DATA_END, FOOTER = 3, 4, 5, 6, 9, 12, 15, 2


@dataclass(frozen=True, slots=True)
class Channel:
    """What the messages of a channel are; `encoding` as MCAP names it ("json", "protobuf")."""

    schema: str
    topic: str
    device: str
    encoding: str = ""


class RawMessage(NamedTuple):
    """One message as it stands in the file; `at` is the byte of the record (or of the chunk) it is in.

    `times` are its log and publish time in nanoseconds.
    """

    at: int
    channel: Channel
    times: tuple[int, int]
    data: bytes


class RecordFile:
    """An MCAP file being read; what is damaged in it goes to `log`, each finding once however often it is read."""

    def __init__(self, path: Path, log: HealthLog) -> None:
        self.path = path
        self._log = log

    def records(self) -> Iterator[tuple[int, int, bytes]]:
        """Top-level records as (byte, opcode, content), up to the end of the data or the first fault.

        Raises RecordingError when the file cannot be read or is no MCAP file.
        """
        path = self.path
        try:
            with path.open("rb") as file:
                size = path.stat().st_size
                if file.read(len(MAGIC)) != MAGIC:
                    raise RecordingError(f"{path}: at byte 0: not an MCAP file; one starts with {MAGIC!r}")
                at = len(MAGIC)
                while True:
                    head = file.read(9)
                    length = struct.unpack_from("<Q", head, 1)[0] if len(head) == 9 else 0
                    if len(head) < 9 or at + 9 + length > size:
                        self._log.add(
                            HealthEntry(
                                "truncated",
                                f"{path.name} at byte {at}",
                                f"{path.name}: at byte {at}: the file ends inside a record "
                                f"({size - at} bytes left, {9 + length} wanted); read what precedes it",
                                grave=True,
                            )
                        )
                        return
                    if head[0] in (DATA_END, FOOTER):
                        return
                    yield at, head[0], file.read(length)
                    at += 9 + length
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read ({error.strerror or error})") from None

    def messages(self) -> Iterator[RawMessage]:
        """All messages of known channels in the order they were written."""
        schemas, channels = self._listed()
        for at, opcode, content in self.records():
            for kind, record in self._chunk(at, content) if opcode == CHUNK else [(opcode, content)]:
                try:
                    if kind == MESSAGE:
                        ident, _, received_ns, t_ns = struct.unpack_from("<HIQQ", record)
                        if ident in channels:
                            yield RawMessage(at, channels[ident], (received_ns, t_ns), record[22:])
                    elif kind == SCHEMA:
                        ident, schemas[ident] = _schema_name(record)
                    elif kind == CHANNEL:
                        ident, channels[ident] = _channel(record, schemas)
                except (ValueError, struct.error) as error:
                    self.damaged(at, f"unreadable record ({error}); skipped")

    def metadata(self, name: str) -> dict[str, str] | None:
        """The first readable metadata record of this name, None when there is none."""
        for at, opcode, content in self.records():
            if opcode != METADATA:
                continue
            try:
                label, after = _text(content, 0)
                if label == name:
                    return _pairs(content, after)
            except (ValueError, struct.error) as error:
                self.damaged(at, f"unreadable metadata ({error}); skipped")
        return None

    def damaged(self, at: int, what: str) -> None:
        """Note that something at this byte is lost."""
        where = f"{self.path.name} at byte {at}"
        self._log.add(HealthEntry("corrupt", where, f"{where}: {what}", grave=True))

    def damage(self) -> str:
        """What was found damaged so far, for an error's message; empty when nothing was."""
        return "; ".join(e.message for e in self._log.entries() if e.kind in ("truncated", "corrupt"))

    def _listed(self) -> tuple[dict[int, str], dict[int, Channel]]:
        """Schemas and channels as the file's summary lists them: the chunk they first stood in may be damaged."""
        schemas: dict[int, str] = {}
        channels: dict[int, Channel] = {}
        try:
            with self.path.open("rb") as file:
                file.seek(-FOOTER_BYTES - len(MAGIC), os.SEEK_END)
                footer = file.tell() - 9
                start = struct.unpack("<Q", file.read(8))[0]
                file.seek(start if start else footer)
                summary = file.read(max(0, footer - start)) if start else b""
            for kind, record in _inside(summary):
                if kind == SCHEMA:
                    ident, schemas[ident] = _schema_name(record)
                elif kind == CHANNEL:
                    ident, channels[ident] = _channel(record, schemas)
        except (OSError, ValueError, struct.error, OverflowError):
            return {}, {}  # no summary: the file was cut off
        return schemas, channels

    def _chunk(self, at: int, content: bytes) -> list[tuple[int, bytes]]:
        try:
            data = _inflated(content)
        except (struct.error, ValueError, RuntimeError, zstandard.ZstdError, MemoryError) as error:
            self.damaged(at, f"unreadable chunk ({error}); its readings are lost")
            return []
        out = list(_inside(data))
        inside = sum(9 + len(record) for _, record in out)
        if inside != len(data):
            self.damaged(at, "a chunk ends inside a record; the rest of it is lost")
        return out


def attachment(content: bytes) -> tuple[str, bytes]:
    """Name and data of an attachment record; ValueError or struct.error when it is none."""
    label, at = _text(content, 16)
    _, at = _text(content, at)
    length = struct.unpack_from("<Q", content, at)[0]
    return label, content[at + 8 : at + 8 + length]


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


def _channel(record: bytes, schemas: dict[int, str]) -> tuple[int, Channel]:
    ident, schema = struct.unpack_from("<HH", record)
    topic, at = _text(record, 4)
    encoding, at = _text(record, at)
    return ident, Channel(schemas.get(schema, ""), topic, _pairs(record, at).get(DEVICE, ""), encoding)


def _schema_name(record: bytes) -> tuple[int, str]:
    ident, length = struct.unpack_from("<HI", record)
    return ident, record[6 : 6 + length].decode()


def _pairs(record: bytes, at: int) -> dict[str, str]:
    """The map of texts at this byte."""
    end = at + 4 + struct.unpack_from("<I", record, at)[0]
    at += 4
    pairs = {}
    while at < end:
        key, at = _text(record, at)
        pairs[key], at = _text(record, at)
    return pairs


def _text(record: bytes, at: int) -> tuple[str, int]:
    """The text at this byte, and the byte after it."""
    length = struct.unpack_from("<I", record, at)[0]
    return record[at + 4 : at + 4 + length].decode(), at + 4 + length

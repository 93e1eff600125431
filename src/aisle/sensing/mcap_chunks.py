"""MCAP files written chunk by chunk, each compressed or not: the library's writer knows one way for a whole file.

Pictures are compressed already, weights are not, and both stand in one file in the order in which they came.  See
docs/decisions/0116-pictures-in-recordings.md and mcap.dev/spec.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import BinaryIO

import zstandard
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Attachment,
    AttachmentIndex,
    Channel,
    Chunk,
    ChunkIndex,
    DataEnd,
    Footer,
    Header,
    McapRecord,
    Message,
    MessageIndex,
    Metadata,
    MetadataIndex,
    Schema,
    Statistics,
    SummaryOffset,
)

MAGIC = b"\x89MCAP0\r\n"
FOOTER_BYTES = 20


class ChunkedFile:
    """An MCAP file being written; a file of compressible messages only is, byte for byte, what the library writes.

    A chunk is closed when it holds more than `chunk_bytes`, so one message may be larger than that, or would span more
    than `chunk_ns` of log time.  It is left uncompressed when more than half of it are messages said not to be
    `compressible`.
    """

    def __init__(
        self, stream: BinaryIO, chunk_bytes: int, profile: str, library: str, chunk_ns: int | None = None
    ) -> None:
        self._stream = stream
        self._chunk_bytes = chunk_bytes
        self._chunk_ns = chunk_ns
        self._schemas: list[Schema] = []
        self._channels: list[Channel] = []
        self._attached: list[AttachmentIndex] = []
        self._described: list[MetadataIndex] = []
        self._chunks: list[ChunkIndex] = []
        self._open = RecordBuilder()  # the records of the chunk being filled
        self._indices: dict[int, list[tuple[int, int]]] = {}  # its messages, by channel: log time and place
        self._dense = 0  # bytes of its messages that are not worth compressing
        self._span = (0, 0)  # first and last log time of its messages
        self._counts: dict[int, int] = defaultdict(int)
        self._whole_span: tuple[int, int] | None = None
        stream.write(MAGIC)
        self._put(Header(profile, library))

    def attach(self, name: str, media_type: str, data: bytes) -> None:
        """Put a file into the file, outside any chunk."""
        start = self._stream.tell()
        length = self._put(Attachment(0, 0, name, media_type, data))
        self._attached.append(AttachmentIndex(start, length, 0, 0, len(data), name, media_type))

    def describe(self, name: str, metadata: dict[str, str]) -> None:
        """Put a metadata record into the file, outside any chunk."""
        start = self._stream.tell()
        self._described.append(MetadataIndex(start, self._put(Metadata(name, metadata)), name))

    def schema(self, name: str, encoding: str, data: bytes) -> int:
        """Make a schema known; gives its number."""
        schema = Schema(data=data, encoding=encoding, id=len(self._schemas) + 1, name=name)
        self._schemas.append(schema)
        schema.write(self._open)
        return schema.id

    def channel(self, topic: str, encoding: str, schema: int, metadata: dict[str, str]) -> int:
        """Make a channel known; gives its number."""
        channel = Channel(len(self._channels) + 1, topic, encoding, metadata, schema)
        self._channels.append(channel)
        channel.write(self._open)
        self._close_if_full()
        return channel.id

    def message(self, channel: int, times: tuple[int, int], data: bytes, *, compressible: bool = True) -> None:
        """Append a message; `times` are its log and publish time in nanoseconds."""
        log_time, publish_time = times
        if self._chunk_ns is not None and self._indices and log_time - self._span[0] > self._chunk_ns:
            self._close_chunk()
        number = sum(self._counts.values())
        self._span = _widened(self._span if self._indices else None, log_time)
        self._whole_span = _widened(self._whole_span, log_time)
        self._counts[channel] += 1
        self._indices.setdefault(channel, []).append((log_time, self._open.count))
        self._dense += 0 if compressible else len(data)
        Message(channel, log_time, data, publish_time, number).write(self._open)
        self._close_if_full()

    def finish(self) -> None:
        """Close the last chunk and write the summary; the stream stays open."""
        self._close_chunk()
        self._put(DataEnd(0))
        start = self._stream.tell()
        summary = RecordBuilder()
        offsets: list[SummaryOffset] = []
        first, last = self._whole_span or (0, 0)
        counts = Statistics(
            attachment_count=len(self._attached),
            channel_count=len(self._channels),
            channel_message_counts=dict(self._counts),
            chunk_count=len(self._chunks),
            message_count=sum(self._counts.values()),
            message_end_time=last,
            message_start_time=first,
            metadata_count=len(self._described),
            schema_count=len(self._schemas),
        )
        groups: Sequence[tuple[Opcode, Sequence[McapRecord]]] = (
            (Opcode.SCHEMA, self._schemas),
            (Opcode.CHANNEL, self._channels),
            (Opcode.STATISTICS, (counts,)),
            (Opcode.CHUNK_INDEX, self._chunks),
            (Opcode.ATTACHMENT_INDEX, self._attached),
            (Opcode.METADATA_INDEX, self._described),
        )
        for opcode, records in groups:
            begin = summary.count
            for record in records:
                record.write(summary)
            offsets.append(SummaryOffset(opcode, start + begin, summary.count - begin))
        offset_start = start + summary.count
        for offset in offsets:
            offset.write(summary)
        data = _ended(summary)
        self._stream.write(data)
        crc = zlib.crc32(data + _bytes_of(Footer(start, offset_start, 0))[: 9 + FOOTER_BYTES - 4])
        self._put(Footer(start, offset_start, crc))
        self._stream.write(MAGIC)

    def _close_if_full(self) -> None:
        if self._open.count > self._chunk_bytes:
            self._close_chunk()

    def _close_chunk(self) -> None:
        if not self._indices:
            return
        records = _ended(self._open)
        dense = 2 * self._dense > len(records)
        data = records if dense else zstandard.compress(records)
        first, last = self._span
        chunk = Chunk("" if dense else "zstd", data, last, first, zlib.crc32(records), len(records))
        start = self._stream.tell()
        length = self._put(chunk)
        at = start + length
        offsets = {}
        for channel, index in self._indices.items():
            offsets[channel] = at
            at += self._put(MessageIndex(channel, index))
        self._chunks.append(
            ChunkIndex(
                length, start, chunk.compression, len(data), last, at - start - length, offsets, first, len(records)
            )
        )
        self._indices, self._dense = {}, 0
        self._stream.flush()  # what is in a closed chunk outlives the process

    def _put(self, record: McapRecord) -> int:
        """Write a record; gives its length."""
        return self._stream.write(_bytes_of(record))


def _widened(span: tuple[int, int] | None, t_ns: int) -> tuple[int, int]:
    return (min(span[0], t_ns), max(span[1], t_ns)) if span else (t_ns, t_ns)


def _bytes_of(record: McapRecord) -> bytes:
    builder = RecordBuilder()
    record.write(builder)
    return _ended(builder)


def _ended(builder: RecordBuilder) -> bytes:
    end: Callable[[], bytes] = builder.end
    return end()

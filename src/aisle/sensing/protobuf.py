"""The wire format of Protocol Buffers, as much of it as recordings need: a page of code instead of a compiler.

See protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

VARINT, EIGHT_BYTES, LENGTH, FOUR_BYTES = 0, 1, 2, 5
_WIDTH = {EIGHT_BYTES: 8, FOUR_BYTES: 4}


def varint(value: int) -> bytes:
    """A number from 0 as seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at byte `at`, and the byte after it; IndexError at the end of the data, ValueError beyond 64 bits."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("varint too long")


def number(field: int, value: int) -> bytes:
    """A field with a number from 0."""
    return varint(field << 3 | VARINT) + varint(value)


def delimited(field: int, content: bytes) -> bytes:
    """A field with text, bytes or a message in it."""
    return varint(field << 3 | LENGTH) + varint(len(content)) + content


def fields(message: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """(field, wire type, value) in the order they stand; ValueError where the message breaks off or is none."""
    at = 0
    try:
        while at < len(message):
            key, at = read_varint(message, at)
            wire = key & 7
            if wire == VARINT:
                value, at = read_varint(message, at)
                yield key >> 3, wire, value
                continue
            size = _WIDTH.get(wire)
            if size is None and wire == LENGTH:
                size, at = read_varint(message, at)
            if size is None:
                raise ValueError(f"unknown wire type {wire} at byte {at}")
            if at + size > len(message):
                raise ValueError(f"a field of {size} bytes at byte {at} of {len(message)}")
            yield key >> 3, wire, message[at : at + size]
            at += size
    except (IndexError, struct.error) as error:
        raise ValueError(f"the message breaks off: {error}") from None


def file_descriptor(
    file: str,
    message: str,
    described: tuple[tuple[str, int, int, str], ...],
    imports: tuple[str, ...] = (),
    repeated: frozenset[str] = frozenset(),
) -> bytes:
    """The FileDescriptorProto of one message ("package.Name"), of proto3.

    `described` are its fields: name, number, type in descriptor.proto, and the message it holds ("" for none).
    """
    package, _, name = message.rpartition(".")
    parts = []
    for label, index, kind, holds in described:
        content = delimited(1, label.encode()) + number(3, index) + number(4, 3 if label in repeated else 1)
        content += number(5, kind)
        if holds:
            content += delimited(6, f".{holds}".encode())
        parts.append(delimited(2, content))
    return b"".join(
        (
            delimited(1, file.encode()),
            delimited(2, package.encode()),
            *(delimited(3, wanted.encode()) for wanted in imports),
            delimited(4, delimited(1, name.encode()) + b"".join(parts)),
            delimited(12, b"proto3"),
        )
    )

"""How readings are written into MCAP files, and the schemas that tell any viewer.

Plate batches are Protocol Buffers messages: the samples are one packed field
of float32, so writing and reading them is a copy, NaN included, and viewers
plot them.  Frames of the people tracker are JSON with a JSON Schema, readable
without any tool.  See docs/decisions/0011-recordings-in-mcap.md.  Pictures stand beside, in `mcap_pictures.py`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence

import msgspec
import numpy as np

from aisle.sensing.protobuf import (
    EIGHT_BYTES,
    FOUR_BYTES,
    LENGTH,
    VARINT,
    delimited,
    file_descriptor,
    read_varint,
    varint,
)
from aisle.sensing.readings import Float32, PlateReading, TrackReading

PLATE_SCHEMA = "aisle.PlateBatch"
TRACK_SCHEMA = "aisle.Tracks"
HANDS_SCHEMA = "aisle.TracksWithHands"
"""Of frames that tell what hands hold, or how sure their places are."""
TRACK_SCHEMAS = (TRACK_SCHEMA, HANDS_SCHEMA)

# field name, number, type in descriptor.proto; the order is that of the numbers
_STRING, _DOUBLE, _FLOAT, _UINT32, _FIXED64 = 9, 1, 2, 13, 6
_PLATE_FIELDS = (
    ("device", 1, _STRING),
    ("t_ns", 2, _FIXED64),
    ("received_ns", 3, _FIXED64),
    ("gondola", 4, _UINT32),
    ("hz", 5, _DOUBLE),
    ("samples", 6, _UINT32),
    ("shelves", 7, _UINT32),
    ("plates", 8, _UINT32),
    ("grams", 9, _FLOAT),
)
_REPEATED = frozenset({"grams"})


class Frame(msgspec.Struct, omit_defaults=True):
    """A frame of the tracker as it stands in the file; null: not seen.  What the tracker never knows is left out."""

    device: str
    t_ns: int
    received_ns: int
    ids: list[str]
    heads_m: list[list[float | None]]
    head_scores: list[float | None]
    wrists_m: list[list[list[float | None]]]
    wrist_scores: list[list[float | None]]
    holding: list[list[float | None]] | None = None
    wrist_sigma_m: list[list[float | None]] | None = None


_FRAME = msgspec.json.Decoder(Frame)


def plate_message(reading: PlateReading) -> bytes:
    """A plate batch as an aisle.PlateBatch message."""
    device = reading.device.encode()
    grams = np.ascontiguousarray(reading.grams, dtype="<f4")
    n, shelves, plates = grams.shape
    return b"".join(
        (
            b"\x0a",
            varint(len(device)),
            device,
            struct.pack("<BqBq", 0x11, reading.t_ns, 0x19, reading.received_ns),
            b"\x20",
            varint(reading.gondola),
            struct.pack("<Bd", 0x29, reading.hz),
            b"\x30",
            varint(n),
            b"\x38",
            varint(shelves),
            b"\x40",
            varint(plates),
            b"\x4a",
            varint(grams.nbytes),
            grams.tobytes(),
        )
    )


def plate_reading(message: bytes) -> PlateReading:
    """The batch in an aisle.PlateBatch message; ValueError when it is none."""
    device, t_ns, received_ns, hz, grams = "", 0, 0, 60.0, b""
    numbers = {4: 0, 6: 0, 7: 0, 8: 0}
    at = 0
    try:
        while at < len(message):
            key, at = read_varint(message, at)
            field, wire = key >> 3, key & 7
            if wire == VARINT:
                value, at = read_varint(message, at)
                if field in numbers:
                    numbers[field] = value
            elif wire == EIGHT_BYTES:
                if field == 5:
                    hz = struct.unpack_from("<d", message, at)[0]
                elif field == 2:
                    t_ns = struct.unpack_from("<q", message, at)[0]
                elif field == 3:
                    received_ns = struct.unpack_from("<q", message, at)[0]
                at += 8
            elif wire == LENGTH:
                size, at = read_varint(message, at)
                part = message[at : at + size]
                at += size
                if field == 1:
                    device = part.decode()
                elif field == 9:
                    grams = part
            elif wire == FOUR_BYTES:
                at += 4
            else:
                raise ValueError(f"unknown wire type {wire} at byte {at}")
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise ValueError(f"not a plate batch: {error}") from None
    shape = (numbers[6], numbers[7], numbers[8])
    if at != len(message) or len(grams) != 4 * shape[0] * shape[1] * shape[2] or not (math.isfinite(hz) and hz > 0):
        raise ValueError(f"{len(grams)} bytes of samples do not fill shape {shape} at {hz} Hz")
    samples = np.frombuffer(grams, dtype="<f4").reshape(shape).astype(np.float32, copy=False)
    return PlateReading(device, t_ns, received_ns, numbers[4], hz, samples)


def track_message(reading: TrackReading) -> bytes:
    """A frame of the tracker as JSON; floats are written so that the same float32 comes back, NaN as null."""
    return msgspec.json.encode(
        Frame(
            reading.device,
            reading.t_ns,
            reading.received_ns,
            list(reading.ids),
            reading.heads_m.tolist(),
            reading.head_scores.tolist(),
            reading.wrists_m.tolist(),
            reading.wrist_scores.tolist(),
            None if reading.holding is None else reading.holding.tolist(),
            None if reading.wrist_sigma_m is None else reading.wrist_sigma_m.tolist(),
        )
    )


def track_reading(message: bytes) -> TrackReading:
    """The frame in a JSON message; ValueError when it is none."""
    try:
        frame = _FRAME.decode(message)
        k = len(frame.ids)
        return TrackReading(
            frame.device,
            frame.t_ns,
            frame.received_ns,
            tuple(frame.ids),
            _floats(frame.heads_m, (k, 3)),
            _floats(frame.head_scores, (k,)),
            _floats(frame.wrists_m, (k, 2, 3)),
            _floats(frame.wrist_scores, (k, 2)),
            None if frame.holding is None else _floats(frame.holding, (k, 2)),
            None if frame.wrist_sigma_m is None else _floats(frame.wrist_sigma_m, (k, 2)),
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, TypeError) as error:
        raise ValueError(f"not a frame of tracks: {error}") from None


def plate_schema() -> bytes:
    """The FileDescriptorSet of aisle.PlateBatch (protobuf's descriptor.proto), as MCAP wants it for protobuf."""
    described = tuple((name, number, kind, "") for name, number, kind in _PLATE_FIELDS)
    return delimited(1, file_descriptor("aisle/plate_batch.proto", PLATE_SCHEMA, described, repeated=_REPEATED))


def track_schema(name: str = TRACK_SCHEMA) -> bytes:
    """JSON Schema of the tracker's frames, `name` being one of TRACK_SCHEMAS."""
    coordinate = {"type": ["number", "null"]}
    point = {
        "type": "array",
        "items": coordinate,
        "description": "x, y, z in metres in the floor frame; null: not seen",
    }
    each_hand = {"type": "array", "items": {"type": "array", "items": coordinate}}
    hands = {
        "holding": {**each_hand, "description": "probability that the hand holds something; null: not known"},
        "wrist_sigma_m": {**each_hand, "description": "standard deviation of the wrist per axis; null: not known"},
    }
    return json.dumps(
        {
            "title": name,
            "description": "Who is where: one entry per person in each array.",
            "type": "object",
            "properties": {
                "device": {"type": "string"},
                "t_ns": {"type": "integer", "description": "when it happened, nanoseconds since 1970"},
                "received_ns": {"type": "integer", "description": "when we heard of it, nanoseconds since 1970"},
                "ids": {"type": "array", "items": {"type": "string"}},
                "heads_m": {"type": "array", "items": point},
                "head_scores": {"type": "array", "items": coordinate},
                "wrists_m": {"type": "array", "items": {"type": "array", "items": point}, "description": "left, right"},
                "wrist_scores": {"type": "array", "items": {"type": "array", "items": coordinate}},
                **(hands if name == HANDS_SCHEMA else {}),
            },
        },
        indent=1,
    ).encode()


def _floats(nested: Sequence[object], shape: tuple[int, ...]) -> Float32:
    array = np.array(nested, dtype=np.float32) if nested else np.empty(0, dtype=np.float32)
    return array.reshape(shape)

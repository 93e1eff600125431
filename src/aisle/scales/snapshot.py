"""A detector's memory as bytes, so that a restart in the middle of the day loses no weight change.

Whatever the detector learnt or waits for is written exactly: arrays as raw
little-endian bytes, everything else as MessagePack, with a checksum before it.
What follows from the layout of the plates alone is built again.
"""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from aisle.scales.detector import ChangeDetector, DetectorSettings

FORMAT = b"aisle-scales\x00\x01"

WHAT = "snapshot of the scales"
_DERIVED = frozenset(
    (
        *("settings", "hz", "counts", "starts", "plates", "shelf_of", "_together"),
        *("frame_s", "beat_s", "_depth", "_warm", "_decay", "_fade"),
    )
)


class SnapshotError(Exception):
    """Bytes that are no snapshot, are damaged, or were made for something else; the text says which."""


# ------------------------------------------------------------------ the envelope
def sealed(magic: bytes, payload: bytes) -> bytes:
    """The payload behind its magic and CRC-32."""
    return magic + zlib.crc32(payload).to_bytes(4, "little") + payload


def opened(magic: bytes, data: bytes, what: str) -> bytes:
    """The payload of `sealed`; raises SnapshotError when the magic or the checksum is another."""
    name, version = magic[:-1], magic[-1]
    if not data.startswith(name):
        raise SnapshotError(f"{what}: begins with {data[: len(name)]!r}; a snapshot begins with {name!r}")
    if data[: len(magic)] != magic:
        found = f"version {data[len(name)]}" if len(data) > len(name) else "no version"
        raise SnapshotError(f"{what}: {found} found; this program writes and reads version {version}")
    start = len(magic) + 4
    if len(data) < start:
        raise SnapshotError(f"{what}: ends after {len(data)} bytes, within its header of {start}")
    stored = int.from_bytes(data[len(magic) : start], "little")
    found_crc = zlib.crc32(data[start:])
    if stored != found_crc:
        raise SnapshotError(
            f"{what}: checksum {found_crc:08x} of {len(data) - start} bytes; {stored:08x} is written in it: "
            "it is cut short or damaged"
        )
    return data[start:]


def packed_array(a: npt.NDArray[Any]) -> list[Any]:
    """Dtype, shape and raw little-endian bytes in C order."""
    little = np.ascontiguousarray(a, a.dtype.newbyteorder("<"))
    return [little.dtype.str, list(a.shape), little.tobytes()]


def unpacked_array(packed: list[Any]) -> npt.NDArray[Any]:
    """The array again, writable and in the machine's own byte order."""
    dtype, shape, raw = packed
    little = np.frombuffer(raw, np.dtype(dtype)).reshape(shape)
    return little.astype(little.dtype.newbyteorder("="), copy=True)


# ------------------------------------------------------------------- the detector
def snapshot(detector: ChangeDetector) -> bytes:
    """All a detector knows; equal detectors give equal bytes."""
    state = {
        "layout": [int(n) for n in detector.counts],
        "hz": float(detector.hz),
        "settings": dataclasses.asdict(detector.settings),
        "memory": {name: _packed(value) for name, value in _memory(detector).items()},
    }
    return sealed(FORMAT, msgspec.msgpack.encode(state))


def restore(data: bytes) -> ChangeDetector:
    """A detector that goes on exactly where the one in the snapshot stood.

    Raises SnapshotError for bytes that are damaged, no snapshot, or of another version.
    """
    payload = opened(FORMAT, data, WHAT)
    try:
        state = msgspec.msgpack.decode(payload)
        detector = ChangeDetector(state["layout"], state["hz"], DetectorSettings(**state["settings"]))
        odd = set(state["memory"]) ^ set(_memory(detector))
        if odd:
            raise SnapshotError(
                f"{WHAT}: written by another version of this program, for {', '.join(sorted(odd))} differ"
            )
        for name, value in state["memory"].items():
            setattr(detector, name, _unpacked(value))
    except (KeyError, TypeError, ValueError, msgspec.MsgspecError) as e:
        raise SnapshotError(f"{WHAT}: its content is not what this program writes: {e}") from e
    return detector


def _memory(detector: ChangeDetector) -> dict[str, Any]:
    """What the detector learnt: every attribute that does not follow from layout and settings."""
    return {name: value for name, value in sorted(vars(detector).items()) if name not in _DERIVED}


def _packed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"array": packed_array(value)}
    if isinstance(value, dict):
        return {"table": [[int(k), int(v)] for k, v in value.items()]}
    if value is None or isinstance(value, int):
        return value
    raise TypeError(
        f"the detector holds a {type(value).__name__}; snapshots know arrays, whole numbers and tables of them"
    )


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        return unpacked_array(value["array"]) if "array" in value else dict(value["table"])
    return value

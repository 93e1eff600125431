"""What a cart's journal holds: the readings it acted on, and notes of what it made of them; both as small records.

Samples of the load cell and the motion sensor come thirty times a second and are packed by the second, exactly: what is
unpacked is, bit for bit, what was put in. Pictures are not kept, only what was read and recognised in them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from aisle.cart.trip import Phase, Prompt
from aisle.sensing.cart.readings import LookReading, MotionReading, ScaleReading, ScanReading, TapReading
from aisle.visits.message import MessageId

Sample = ScaleReading | MotionReading
_HEAD = struct.Struct("<qqI")  # first t_ns, first received_ns, how many
_WIDEST_NS = 2**31 - 1
_SCALE, _STILL, _MOVING = 0, 1, 2


class Booted(msgspec.Struct, frozen=True):
    """The program began to write here; the numbers of what follows count from it."""

    at_ns: int
    device_id: str
    boot_id: str


class Began(msgspec.Struct, frozen=True):
    """A trip began, with this version of the catalogue."""

    at_ns: int
    trip_id: str
    cart_id: str
    catalogue: str = ""


class SignedIn(msgspec.Struct, frozen=True):
    """Who shops. `code` is the phone's entry code where the shop could not be asked whose it is."""

    at_ns: int
    customer_id: str = ""
    member: bool = False
    code: str = ""


class Weighed(msgspec.Struct, frozen=True):
    """The basket's weight came to rest after a change."""

    at_ns: int
    grams: float
    change_g: float
    sigma_g: float


class Prompted(msgspec.Struct, frozen=True):
    """A prompt as it stands now: new, cleared or answered."""

    at_ns: int
    prompt: Prompt


class PhaseChanged(msgspec.Struct, frozen=True):
    """The trip went on to another phase."""

    at_ns: int
    phase: Phase


class Overridden(msgspec.Struct, frozen=True):
    """A person of the shop decided something, and said why."""

    at_ns: int
    by: str
    what: str
    reason: str


class Noted(msgspec.Struct, frozen=True):
    """Anything else worth keeping, by name: plain values only."""

    at_ns: int
    what: str
    about: dict[str, Any] = {}


class Ended(msgspec.Struct, frozen=True):
    """The trip is over: paid, or given up."""

    at_ns: int
    outcome: str


Note = Booted | Began | SignedIn | Weighed | Prompted | PhaseChanged | Overridden | Noted | Ended
Kept = ScanReading | TapReading | LookReading | Note
Entry = Sample | Kept

_SAMPLES = 0
_KINDS: dict[int, type[Any]] = {
    1: ScanReading, 2: TapReading, 3: LookReading, 16: Booted, 17: Began, 18: SignedIn, 19: Weighed, 20: Prompted,
    21: PhaseChanged, 22: Overridden, 23: Noted, 24: Ended,
}  # fmt: skip
_NUMBERS = {kind: number for number, kind in _KINDS.items()}


class Numbered(msgspec.Struct, frozen=True):
    """An entry under its number: the device, its start, and a count since then."""

    message: MessageId
    entry: Entry


def written(seq: int, entry: Kept) -> bytes:
    """One entry as a record. Raises ValueError for a tap whose value is no plain value."""
    try:
        return msgspec.msgpack.encode((_NUMBERS[type(entry)], seq, entry))
    except (TypeError, OverflowError, KeyError) as error:
        raise ValueError(f"found {entry!r}; expected an entry of plain values ({error})") from error


def written_samples(seq: int, samples: Sequence[Sample]) -> bytes:
    """Samples in order as one record; the first of them has the number `seq`, the others those that follow."""
    return msgspec.msgpack.encode((_SAMPLES, seq, packed(samples)))


def read(record: bytes) -> tuple[int, tuple[Entry, ...]]:
    """A record's number and its entries. Raises ValueError for what no cart has written."""
    try:
        kind, seq, body = msgspec.msgpack.decode(record, type=tuple[int, int, msgspec.Raw])
        if kind == _SAMPLES:
            return seq, unpacked(msgspec.msgpack.decode(body, type=bytes))
        return seq, (msgspec.msgpack.decode(body, type=_KINDS[kind]),)
    except (msgspec.MsgspecError, KeyError, struct.error, ValueError) as error:
        raise ValueError(f"found a record of {len(record)} bytes; expected a cart's entry ({error})") from error


def fits(first: Sample, last: Sample, span_ns: int) -> bool:
    """Whether `last` can go into one record with `first`: received within `span_ns`, no jump of a clock in between."""
    return abs(last.t_ns - first.t_ns) <= _WIDEST_NS and 0 <= last.received_ns - first.received_ns < span_ns


def packed(samples: Sequence[Sample]) -> bytes:
    """Samples as bytes: times as offsets from the first, what each is, and its value as it was."""
    first = samples[0]
    times = np.array([(s.t_ns - first.t_ns, s.received_ns - first.received_ns) for s in samples], dtype="<i4")
    kinds = bytes(_kind_of(sample) for sample in samples)
    values = np.array([s.grams if isinstance(s, ScaleReading) else s.accel_rms for s in samples], dtype="<f8")
    head = _HEAD.pack(first.t_ns, first.received_ns, len(samples))
    return head + times.T.tobytes() + kinds + values.tobytes()


def unpacked(data: bytes) -> tuple[Sample, ...]:
    """The samples that were packed. Raises ValueError when the bytes are not theirs."""
    t0, received0, count = _HEAD.unpack_from(data)
    if len(data) != _HEAD.size + 17 * count:
        raise ValueError(f"{len(data)} bytes for {count} samples")
    times = np.frombuffer(data, "<i4", 2 * count, _HEAD.size).astype(np.int64)
    kinds = data[_HEAD.size + 8 * count : _HEAD.size + 9 * count]
    values = np.frombuffer(data, "<f8", count, _HEAD.size + 9 * count).tolist()
    t_ns, received_ns = (times[:count] + t0).tolist(), (times[count:] + received0).tolist()
    return tuple(
        ScaleReading(t, r, value) if kind == _SCALE else MotionReading(t, r, kind == _MOVING, value)
        for t, r, kind, value in zip(t_ns, received_ns, kinds, values, strict=True)
    )


def _kind_of(sample: Sample) -> int:
    if isinstance(sample, ScaleReading):
        return _SCALE
    return _MOVING if sample.moving else _STILL

"""The AutoCheckout (CPS-IoT Week 2020) documents as typed structures, with only the fields Aisle reads.

The fast way is msgspec straight from JSON lines; whatever does not fit it
(extended JSON, BSON, NaN, lists instead of base64, damaged lines) goes the
slow way through plain dictionaries into the same structures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec
import numpy as np

from aisle.sensing.faults import HealthLog
from aisle.sensing.mongo_files import Collection, documents
from aisle.sensing.readings import HealthEntry


class Id(msgspec.Struct, gc=False):
    id: int | str | float | None = None


class ShelfId(msgspec.Struct, gc=False):
    gondola_id: Id = msgspec.field(default_factory=Id)
    shelf_index: int | float | None = None


class PlateId(msgspec.Struct, gc=False):
    """Both nestings in use: under `shelf_id`, or `gondola_id` beside it."""

    shelf_id: ShelfId | None = None
    gondola_id: Id | None = None
    shelf_index: int | float | None = None
    plate_index: int | float | None = None

    def place(self) -> tuple[int | None, int | None, int | None]:
        """(gondola, shelf, plate), None where not said."""
        inner = self.shelf_id or ShelfId()
        gondola = (
            inner.gondola_id.id if inner.gondola_id.id is not None else self.gondola_id.id if self.gondola_id else None
        )
        shelf = inner.shelf_index if inner.shelf_index is not None else self.shelf_index
        return whole(gondola), whole(shelf), whole(self.plate_index)


class Values(msgspec.Struct, gc=False):
    data: bytes
    shape: tuple[int, ...] | None = None
    type: str = ""


class PlateData(msgspec.Struct, gc=False):
    values: Values
    plate_id: PlateId | None = None
    freq_samp: float | None = None


class PlateBody(msgspec.Struct, gc=False):
    plate_data: PlateData


class PlateDocument(msgspec.Struct, gc=False):
    """One batch of samples of a gondola's plates; `date_time` is when the database heard of it."""

    timestamp: float
    document: PlateBody
    gondola_id: int | float | Id | None = None
    date_time: Any = None

    def gondola(self) -> int | None:
        inner = self.document.plate_data.plate_id
        if inner and inner.shelf_id and isinstance(inner.shelf_id.gondola_id.id, int):
            return inner.shelf_id.gondola_id.id
        named = inner.place()[0] if inner else None
        flat = self.gondola_id.id if isinstance(self.gondola_id, Id) else self.gondola_id
        return named if named is not None else whole(flat)


class Point(msgspec.Struct, gc=False):
    """A coordinate left out is zero; all three left out: not seen."""

    x: float | None = None
    y: float | None = None
    z: float | None = None


class Joint(msgspec.Struct, gc=False):
    point: Point = msgspec.field(default_factory=Point)
    score: float | None = None


class Target(msgspec.Struct, gc=False):
    target_id: Id | str | int = ""
    target_state: str = ""
    head: Joint | None = None
    l_wrist: Joint | None = None
    r_wrist: Joint | None = None
    hands: list[Joint] | None = None


class TargetList(msgspec.Struct, gc=False):
    targets: list[Target] = []


class TargetBody(msgspec.Struct, gc=False):
    targets: TargetList = msgspec.field(default_factory=TargetList)


class TargetDocument(msgspec.Struct, gc=False):
    """One frame of the people tracker."""

    timestamp: float
    document: TargetBody
    date_time: Any = None


class Transform(msgspec.Struct, gc=False):
    translation: Point | None = None
    rotation: Point | None = None


class Coordinates(msgspec.Struct, gc=False):
    transform: Transform | None = None
    dim_x: float | None = None
    dim_y: float | None = None
    dim_z: float | None = None


class PlanogramDocument(msgspec.Struct, gc=False):
    """One facing; `global_coordinates` is its left front corner in the floor frame."""

    plate_ids: list[PlateId] = []
    planogram_product_id: Id | None = None
    product_id: Id | None = None
    global_coordinates: Coordinates | None = None


class Metadata(msgspec.Struct, gc=False):
    name: str | None = None
    price: float | None = None
    weight: float | None = None


class ProductDocument(msgspec.Struct, gc=False):
    product_id: Id
    metadata: Metadata = msgspec.field(default_factory=Metadata)


class Meta(msgspec.Struct, gc=False):
    """`meta.json`: what the shop knew beforehand."""

    name: str | None = None
    staff: list[str | int] = []


Document = TypeVar("Document", bound=msgspec.Struct)


def whole(value: int | str | float | None) -> int | None:
    """The whole number a value stands for, or None."""
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return int(number) if math.isfinite(number) and number == int(number) and abs(number) < 1e9 else None


@dataclass(frozen=True, slots=True)
class Documents(Generic[Document]):
    """The readable documents of a collection; `place(i)` says where item i stands."""

    items: list[Document]
    place: Callable[[int], str]


def typed(collection: Collection, kind: type[Document], log: HealthLog) -> Documents[Document]:
    """All documents of a collection that fit `kind`.

    A document that does not fit is skipped with a grave "corrupt" health entry naming place and field.
    """
    if collection.form == "json":
        try:
            return Documents(_fast(collection.data, kind), lambda i: f"{collection.place} at line {i + 1}")
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass  # not the plain layout: the slow way below reads it and says what is wrong with it
    placed = list(_slowly(collection, kind, log))
    return Documents([document for _, document in placed], lambda i: placed[i][0])


def _fast(data: bytes, kind: type[Document]) -> list[Document]:
    if data[:1] == b"[":
        return msgspec.json.Decoder(list[kind]).decode(data)  # type: ignore[valid-type]
    return msgspec.json.Decoder(kind).decode_lines(data)


def _slowly(collection: Collection, kind: type[Document], log: HealthLog) -> Iterator[tuple[str, Document]]:
    for place, document in documents(collection, log):
        try:
            if kind is PlateDocument:
                _unpack_samples(document)
            fitting = msgspec.convert(document, kind, strict=False, builtin_types=(bytes,))
        except (msgspec.MsgspecError, ValueError, TypeError, OverflowError, RecursionError) as error:
            log.add(
                HealthEntry(
                    "corrupt",
                    place,
                    f"{place}: does not fit the {collection.name} schema ({error}); skipped",
                    grave=True,
                )
            )
            continue
        yield place, fitting


def _unpack_samples(document: dict[str, Any]) -> None:
    """Samples as base64 text or (nested) list of numbers -> bytes, in place."""
    values = document["document"]["plate_data"]["values"] if _has_values(document) else None
    if not isinstance(values, dict):
        raise ValueError("no document.plate_data.values")
    data = values.get("data")
    if isinstance(data, str):
        values["data"] = msgspec.convert(data, bytes)  # decodes base64, faster than binascii
    elif isinstance(data, list):
        with np.errstate(over="ignore"):
            samples = np.array(data, dtype=np.float32)
        values["data"] = samples.tobytes()
        values["type"] = "DATATYPE_FLOAT32"
        if samples.ndim == 3:
            values["shape"] = list(samples.shape)


def _has_values(document: dict[str, Any]) -> bool:
    inner: Any = document
    for key in ("document", "plate_data"):
        inner = inner.get(key) if isinstance(inner, dict) else None
    return isinstance(inner, dict) and "values" in inner


def received(date_time: Any, otherwise_ns: int) -> int:
    """`date_time` in any of its spellings as nanoseconds since 1970; `otherwise_ns` when it says nothing."""
    if isinstance(date_time, dict):
        date_time = date_time.get("$date", date_time)
    if isinstance(date_time, dict):
        date_time = date_time.get("$numberLong")
    if isinstance(date_time, str) and (date_time[4:5] == "-" or not date_time.lstrip("-").isdigit()):
        try:
            return _minute_ns(date_time[:17]) + round(float(date_time[17:].rstrip("Z")) * 1e6) * 1_000
        except (ValueError, OverflowError):
            return _moment_ns(date_time, otherwise_ns)
    to_int: Callable[[Any], int] = int
    try:
        milliseconds = to_int(date_time)
    except (TypeError, ValueError, OverflowError):
        return otherwise_ns
    return milliseconds * 1_000_000 if 0 < milliseconds < 1 << 43 else otherwise_ns


@lru_cache(maxsize=64)
def _minute_ns(text: str) -> int:
    """Nanoseconds of "2020-04-22T05:06:" (UTC); a ValueError for anything else."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:").replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def _moment_ns(text: str, otherwise_ns: int) -> int:
    """Nanoseconds of any ISO 8601 moment; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return otherwise_ns
    delta = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1_000


def event_time(timestamp: float) -> int | None:
    """Seconds since 1970 -> nanoseconds; None when it is no time of this or the next century."""
    return round(timestamp * 1e9) if 0.0 <= timestamp < 7e9 else None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

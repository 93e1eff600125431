"""Where a MongoDB database lies on disk, in the three ways people hand it over.

`mongoexport` writes one JSON file per collection (a document per line, one
array, or documents printed over several lines), `mongodump` one BSON file per
collection, `mongodump --archive` everything in one file (format: mongo-tools,
common/archive).  All of them may be gzipped.  `open_dump` tells them apart by
their content and hands out the raw bytes of each collection; `documents`
turns those bytes into plain dictionaries, skipping what cannot be read and
saying so.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import bson
from bson.codec_options import CodecOptions, DatetimeConversion

from aisle.sensing.faults import HealthLog, RecordingError
from aisle.sensing.readings import HealthEntry

COLLECTIONS = ("plate_data", "targets", "full_targets", "planogram", "products")  # frame_message is never read
_ARCHIVE_MAGIC = struct.pack("<I", 0x8199E26D)
_ARCHIVE_END = b"\xff\xff\xff\xff"
_GZIP_MAGIC = b"\x1f\x8b"
_JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
_LARGEST_DOCUMENT = 1 << 25
_PLAIN: CodecOptions[dict[str, Any]] = CodecOptions(
    unicode_decode_error_handler="replace", datetime_conversion=DatetimeConversion.DATETIME_MS
)


@dataclass(frozen=True, slots=True)
class Collection:
    """The bytes of one collection: JSON text, or BSON documents one after the other."""

    name: str
    place: str
    form: Literal["json", "bson"]
    data: bytes


def open_dump(path: Path, log: HealthLog) -> dict[str, Collection]:
    """Collections found at `path` (folder, archive or a folder holding an archive), by name.

    Raises RecordingError when there is nothing of the kind.
    """
    try:
        return _open_folder(path, log) if path.is_dir() else _open_file(path, log)
    except OSError as error:
        raise RecordingError(
            f"{path}: cannot be read ({error.strerror or error}); give a readable file or folder"
        ) from None


def is_archive(path: Path) -> bool:
    """Whether the file starts like a mongodump archive, gzipped or not."""
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_GZIP_MAGIC):
        try:
            head = zlib.decompressobj(wbits=31).decompress(head, 4)
        except zlib.error:
            return False
    return head.startswith(_ARCHIVE_MAGIC)


def _open_file(path: Path, log: HealthLog) -> dict[str, Collection]:
    data = _read(path, log)
    if not data.startswith(_ARCHIVE_MAGIC):
        raise RecordingError(
            f"{path}: at byte 0: found {data[:4].hex() or 'an empty file'}; "
            "a recording is an .mcap file, a mongodump archive "
            f"(starts with {_ARCHIVE_MAGIC.hex()}) or a folder of .json, .jsonl or .bson files"
        )
    return _split_archive(path.name, data, log)


def _open_folder(path: Path, log: HealthLog) -> dict[str, Collection]:
    found: dict[str, Collection] = {}
    files = sorted(p for p in path.iterdir() if p.is_file())
    for file in files:
        suffixes = [s for s in file.suffixes if s != ".gz"]
        name = file.name.split(suffixes[-1])[0].split(".")[-1] if suffixes else ""
        if (
            name not in COLLECTIONS
            or suffixes[-1] not in (*_JSON_SUFFIXES, ".bson")
            or file.name.endswith(".metadata.json")
        ):
            continue
        data = _read(file, log)
        form: Literal["json", "bson"] = "bson" if suffixes[-1] == ".bson" else "json"
        if name not in found or len(data) > len(found[name].data):
            found[name] = Collection(name, file.name, form, data)
    if found:
        return found
    archives = [f for f in files if is_archive(f)]
    if archives:
        return _open_file(archives[0], log)
    inner = [d for d in sorted(path.iterdir()) if d.is_dir() and any(_looks_like_collection(f) for f in d.iterdir())]
    if len(inner) == 1:
        return _open_folder(inner[0], log)
    raise RecordingError(
        f"{path}: no collection found in this folder; "
        "wanted plate_data and planogram as .json, .jsonl or .bson files, or a mongodump archive"
    )


def _looks_like_collection(path: Path) -> bool:
    return path.is_file() and path.name.startswith(("plate_data.", "planogram."))


def _read(path: Path, log: HealthLog) -> bytes:
    data = path.read_bytes()
    if not data.startswith(_GZIP_MAGIC):
        return data
    inflate = zlib.decompressobj(wbits=31)
    pieces = []
    try:
        for start in range(0, len(data), 1 << 16):  # piecewise, so that what precedes a fault is kept
            pieces.append(inflate.decompress(data[start : start + (1 << 16)]))
    except zlib.error as error:
        log.add(
            HealthEntry(
                "corrupt",
                path.name,
                f"{path.name}: gzip stream is damaged ({error}); read what precedes the damage",
                grave=True,
            )
        )
    else:
        if not inflate.eof:
            log.add(
                HealthEntry(
                    "truncated", path.name, f"{path.name}: gzip stream ends early; read what is there", grave=True
                )
            )
    return b"".join(pieces)


def _split_archive(where: str, data: bytes, log: HealthLog) -> dict[str, Collection]:
    """Sort the blocks of an archive (prelude, then namespace header, documents, terminator, …) by collection."""
    parts: dict[str, list[bytes]] = {}
    position = len(_ARCHIVE_MAGIC)
    in_prelude, current = True, ""
    while position < len(data):
        if data[position : position + 4] == _ARCHIVE_END:
            in_prelude, current = False, ""
            position += 4
            continue
        size = _document_size(data, position)
        if size is None:
            _report_break(log, where, data, position, "archive")
            break
        if current:
            end = _end_of_documents(data, position)
            parts[current].append(data[position:end])
            position = end
            continue
        header = _plain(data[position : position + size])
        position += size
        if header is None:
            log.add(
                HealthEntry(
                    "corrupt",
                    f"{where} at byte {position - size}",
                    f"{where}: at byte {position - size}: unreadable block header; skipped to the next block",
                    grave=True,
                )
            )
            current = "?"
            parts.setdefault(current, [])
        elif not in_prelude and "EOF" in header:
            current = str(header.get("collection", "?"))
            parts.setdefault(current, [])
        elif in_prelude and "collection" in header:
            parts.setdefault(str(header["collection"]), [])
    return {
        name: Collection(name, f"{where}/{name}", "bson", b"".join(docs))
        for name, docs in parts.items()
        if name in COLLECTIONS
    }


def _end_of_documents(data: bytes, position: int) -> int:
    """Where the whole documents that follow each other from `position` on end."""
    while (size := _document_size(data, position)) is not None:
        position += size
    return position


def documents(collection: Collection, log: HealthLog) -> Iterator[tuple[str, dict[str, Any]]]:
    """Readable documents of a collection as (place, plain dictionary); extended JSON is resolved.

    An unreadable document becomes a grave health entry: "truncated" when the data end inside it, else "corrupt".
    """
    source = _bson_documents if collection.form == "bson" else _json_documents
    return source(collection, log)


def raw_bson(collection: Collection, log: HealthLog) -> Iterator[tuple[str, bytes]]:
    """Whole BSON documents as (place, bytes), without looking inside."""
    data, position = collection.data, 0
    while position < len(data):
        size = _document_size(data, position)
        if size is None:
            _report_break(log, collection.place, data, position, "collection")
            return
        yield f"{collection.place} at byte {position}", data[position : position + size]
        position += size


def _bson_documents(collection: Collection, log: HealthLog) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, raw in raw_bson(collection, log):
        document = _plain(raw)
        if document is None:
            log.add(HealthEntry("corrupt", place, f"{place}: not a valid BSON document; skipped", grave=True))
            continue
        yield place, document


def _plain(raw: bytes) -> dict[str, Any] | None:
    try:
        return bson.decode(raw, _PLAIN)
    except (bson.errors.BSONError, ValueError, TypeError, OverflowError, ArithmeticError, LookupError, RecursionError):
        return None


def _document_size(data: bytes, position: int) -> int | None:
    if position + 5 > len(data):
        return None
    size: int = struct.unpack_from("<i", data, position)[0]
    if size < 5 or size > _LARGEST_DOCUMENT or position + size > len(data) or data[position + size - 1] != 0:
        return None
    return size


def _report_break(log: HealthLog, place: str, data: bytes, position: int, what: str) -> None:
    size = struct.unpack_from("<i", data, position)[0] if position + 4 <= len(data) else 0
    at = f"{place} at byte {position}"
    if position + 5 > len(data) or (5 <= size <= _LARGEST_DOCUMENT and position + size > len(data)):
        log.add(
            HealthEntry(
                "truncated",
                at,
                f"{at}: the {what} ends inside a document ({len(data) - position} bytes left, "
                f"{max(size, 5)} wanted); read what precedes it",
                grave=True,
            )
        )
    else:
        log.add(
            HealthEntry(
                "corrupt",
                at,
                f"{at}: found {size} where the size of a document belongs; "
                f"{len(data) - position} bytes that follow are not read",
                grave=True,
            )
        )


def _json_documents(collection: Collection, log: HealthLog) -> Iterator[tuple[str, dict[str, Any]]]:
    """Documents of JSON text in any layout; a damaged line costs that line only."""
    text = collection.data.decode("utf-8", errors="replace")
    if text.startswith("\ufeff"):
        text = text[1:]
    decoder = json.JSONDecoder()
    position, line, counted = 0, 1, 0
    while True:
        while position < len(text) and text[position] in " \t\r\n,[]":
            position += 1
        if position >= len(text):
            return
        line += text.count("\n", counted, position)
        counted = position
        place = f"{collection.place} at line {line}"
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            end = text.find("\n{", position)
            fault = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deep or a number out of range"
            if end < 0:
                log.add(
                    HealthEntry(
                        "truncated",
                        place,
                        f"{place}: the last document is incomplete ({fault}); read what precedes it",
                        grave=True,
                    )
                )
                return
            log.add(HealthEntry("corrupt", place, f"{place}: not a JSON document ({fault}); skipped", grave=True))
            position = end + 1
            continue
        document = resolve_extended(value) if isinstance(value, dict) else None
        if not isinstance(document, dict):
            log.add(
                HealthEntry(
                    "corrupt",
                    place,
                    f"{place}: found a {type(value).__name__} where a document belongs; skipped",
                    grave=True,
                )
            )
            continue
        yield place, document


def resolve_extended(value: Any) -> Any:
    """MongoDB Extended JSON (v1 and v2, relaxed and canonical) to plain values.

    `$date` stays what stands in it (ISO text, or milliseconds as a number); unknown `$` keys stay as they are.
    """
    if isinstance(value, list):
        return [resolve_extended(v) for v in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key in ("$oid", "$date"):
            return resolve_extended(inner)
        if key in ("$numberLong", "$numberInt"):
            return _number(inner, int)
        if key in ("$numberDouble", "$numberDecimal"):
            return _number(inner, float)
        if key == "$binary":
            return resolve_extended(inner.get("base64", "")) if isinstance(inner, dict) else inner
    elif value.keys() == {"$binary", "$type"}:
        return value["$binary"]
    return {k: resolve_extended(v) for k, v in value.items()}


def _number(value: Any, kind: type[int] | type[float]) -> int | float | None:
    try:
        return kind(value)
    except (TypeError, ValueError, OverflowError):
        return None

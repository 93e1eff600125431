"""Append-only files of checksummed records: what is written stays, and what a power cut tore is cut off and told.

A file is a heading and records; a record is its length, its checksum and its bytes. Each checksum is reckoned on from
the one before it (CRC-32, ISO 3309), so that a record which is missing, moved or left over from elsewhere is noticed
like one that is damaged. Whatever follows the first bad record is laid aside in a file of its own, never used.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aisle.cart.syncing import Syncing, SyncNow

HEADING = b"AISLEJ1\n"
LONGEST = 1 << 20  # bytes of one record
_HEAD = struct.Struct("<II")  # length, checksum
_SEED = zlib.crc32(HEADING)


class RecordError(Exception):
    """A record cannot be kept, or a file is none of these; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Torn:
    """What was cut off the end of a file: from which byte on, how many bytes, why, and where they lie now."""

    path: str
    at_byte: int
    lost_bytes: int
    why: str
    kept_in: str = ""

    def __str__(self) -> str:
        where = f"; they lie in {self.kept_in}" if self.kept_in else ""
        return f"{self.path}: {self.lost_bytes} bytes from byte {self.at_byte} on were cut off: {self.why}{where}"


@dataclass(frozen=True, slots=True)
class Scanned:
    """The whole records of a file, where they end, the running checksum there, and why the rest is bad ("": none)."""

    payloads: tuple[bytes, ...]
    end: int
    checksum: int
    why: str


def scan(content: bytes) -> Scanned:
    """The records of a file's bytes, up to the first that is not whole."""
    if len(content) < len(HEADING):
        fits = HEADING.startswith(content)
        return Scanned((), 0, _SEED, "" if not content else "a heading half written" if fits else "no heading of ours")
    if not content.startswith(HEADING):
        return Scanned((), 0, _SEED, "no heading of ours")
    payloads: list[bytes] = []
    at, checksum = len(HEADING), _SEED
    while at < len(content):
        why, payload, found = _record_at(content, at, checksum)
        if why:
            return Scanned(tuple(payloads), at, checksum, why)
        payloads.append(payload)
        at, checksum = at + _HEAD.size + len(payload), found
    return Scanned(tuple(payloads), at, checksum, "")


def _record_at(content: bytes, at: int, checksum: int) -> tuple[str, bytes, int]:
    if at + _HEAD.size > len(content):
        return "a record's beginning is half written", b"", 0
    length, said = _HEAD.unpack_from(content, at)
    if not 0 < length <= LONGEST:
        return f"a record of {length} bytes", b"", 0
    payload = content[at + _HEAD.size : at + _HEAD.size + length]
    if len(payload) < length:
        return "a record is half written", b"", 0
    found = zlib.crc32(payload, checksum)
    return ("", payload, found) if found == said else ("a record's checksum does not fit", b"", 0)


class RecordFile:
    """One file of records, open for appending. Opening repairs: `torn` says what was cut off.

    A record is with the operating system when `append` returns, so that it outlives the program; `settle` returns when
    all of them are on disk, so that they outlive a power cut. `syncing` says who asks the disk (`cart.syncing`).
    """

    def __init__(self, path: Path, *, syncing: Callable[[int], Syncing] = SyncNow) -> None:
        self.path = path
        self.torn: Torn | None = None
        self.count = 0
        self._sha = hashlib.sha256()
        found = scan(path.read_bytes()) if path.exists() else Scanned((), 0, _SEED, "")
        if found.why:
            self.torn = _lay_aside(path, found)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._end, self._checksum = found.end, found.checksum
        self.payloads: tuple[bytes, ...] = found.payloads
        for payload in found.payloads:
            self._tell(payload)
        if os.fstat(self._file).st_size > self._end:
            os.ftruncate(self._file, self._end)
        self._sync = syncing(self._file)
        if self._end == 0:
            self._write(HEADING)
            sync_folder(path.parent)

    @property
    def digest(self) -> str:
        """SHA-256 over all records so far."""
        return self._sha.hexdigest()

    def append(self, payload: bytes, *, urgent: bool = True) -> None:
        """One more record, whole or not at all; `urgent`: it should be on disk soon.

        Raises RecordError for one too long or empty, OSError when the disk takes no more.
        """
        if not 0 < len(payload) <= LONGEST:
            raise RecordError(f"{self.path}: found a record of {len(payload)} bytes; expected 1 to {LONGEST}")
        checksum = zlib.crc32(payload, self._checksum)
        self._write(_HEAD.pack(len(payload), checksum) + payload)
        self._checksum = checksum
        self._tell(payload)
        self._sync.wrote(urgent=urgent)

    def settle(self) -> None:
        """Wait until everything is on disk. Raises OSError when the disk says it is not."""
        self._sync.settle()

    def close(self) -> None:
        """Settle and close."""
        try:
            self._sync.close()
        finally:
            os.close(self._file)

    def _tell(self, payload: bytes) -> None:
        self._sha.update(len(payload).to_bytes(4, "little") + payload)
        self.count += 1

    def _write(self, data: bytes) -> None:
        """All of `data` at the end, or nothing of it."""
        try:
            wrote = os.pwrite(self._file, data, self._end)
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        if wrote < len(data):
            os.ftruncate(self._file, self._end)
            raise OSError(f"{self.path}: the disk took {wrote} of {len(data)} bytes")
        self._end += wrote


def digest_of(payloads: tuple[bytes, ...]) -> str:
    """What `RecordFile.digest` says of these records."""
    sha = hashlib.sha256()
    for payload in payloads:
        sha.update(len(payload).to_bytes(4, "little") + payload)
    return sha.hexdigest()


def sync_folder(folder: Path) -> None:
    """Let names made, changed or removed in a folder be on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, content: bytes) -> None:
    """A file with new content: the old one or the new one, never half of it, whenever the power fails."""
    draft = path.with_name(path.name + ".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    sync_folder(path.parent)


def _lay_aside(path: Path, found: Scanned) -> Torn:
    """Keep what does not fit for whoever wants to look, before it is cut off."""
    lost = path.read_bytes()[found.end :]
    aside = path.with_name(f"{path.name}.cut-{found.end}-{zlib.crc32(lost):08x}")
    write_whole(aside, lost)
    return Torn(str(path), found.end, len(lost), found.why, str(aside))

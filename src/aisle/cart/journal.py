"""The cart's own journal: every reading that matters for money, written before it counts; a trip is what it folds to.

One append-only file per trip (`cart.records`). Killed at any moment, the cart opens it again, feeds the readings to a
fresh session and stands where it stood. Scans, taps and notes are with the system when `append` returns and on disk
soon after; samples are gathered for a second. Files of trips that ended keep for disputes until they are forgotten.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aisle.cart.notes import (
    Began,
    Booted,
    Ended,
    Entry,
    Kept,
    Numbered,
    Sample,
    fits,
    read,
    written,
    written_samples,
)
from aisle.cart.records import RecordFile, Torn, digest_of, scan, sync_folder
from aisle.cart.syncing import Syncing, SyncNow
from aisle.sensing.cart.readings import CartReading, LookReading, MotionReading, ScaleReading, ScanReading, TapReading
from aisle.sensing.readings import FrameReading
from aisle.visits.message import MessageId

OPEN, OVER = ".trip", ".over"
BATCH_NS = 1_000_000_000
_MOST_SAMPLES = 512  # in one record
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")
_READINGS = (ScaleReading, MotionReading, ScanReading, TapReading, LookReading)


class JournalError(Exception):
    """The journal cannot do that; the message says what was found and what would be right."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What a trip's journal is, in short: how many records, and SHA-256 over them."""

    records: int
    sha256: str


class CartJournal:
    """The journal of one cart, in a folder of its own. One thread writes.

    `boot_id` is new at each start. `trip_id` is the trip that was going on when the program ended, None when none was;
    `faults` says what opening found torn.
    """

    def __init__(
        self,
        folder: Path,
        device_id: str,
        boot_id: str,
        clock: Callable[[], int],
        *,
        syncing: Callable[[int], Syncing] = SyncNow,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self.trip_id: str | None = None
        self.faults: tuple[Torn, ...] = ()
        self._device_id, self._boot_id, self._clock, self._syncing = device_id, boot_id, clock, syncing
        self._file: RecordFile | None = None
        self._seq = 0
        self._samples: list[Sample] = []
        self._resume()

    def begin(self, trip_id: str, cart_id: str, catalogue: str = "") -> None:
        """A new trip. Raises JournalError while another one goes on, or for a name that was used before."""
        if self.trip_id is not None:
            raise JournalError(f"found the trip {self.trip_id} still going on; expected it to be ended first")
        if not _NAME.fullmatch(trip_id) or self._path(trip_id) is not None:
            raise JournalError(f"found the trip {trip_id!r}; expected a new name of letters, digits, '-', '_' and '.'")
        self._open(self.folder / f"{trip_id}{OPEN}")
        self.trip_id = trip_id
        self.append(Began(self._clock(), trip_id, cart_id, catalogue))

    def append(self, entry: CartReading | Kept) -> MessageId | None:
        """Keep a reading or a note; its number. None for a picture, which is not kept.

        Raises JournalError without a trip, ValueError for a tap that no screen makes, OSError when the disk is full.
        """
        if isinstance(entry, FrameReading):
            return None
        file = self._writing()
        if isinstance(entry, ScaleReading | MotionReading):
            return self._gather(entry)
        self.flush()
        record = written(self._seq, entry)
        file.append(record)
        return self._number()

    def flush(self, now_ns: int | None = None) -> None:
        """Write the samples gathered so far; with `now_ns` only those that have waited for a second."""
        if not self._samples or (now_ns is not None and now_ns - self._samples[0].received_ns < BATCH_NS):
            return
        first = self._seq - len(self._samples)
        self._writing().append(written_samples(first, self._samples), urgent=False)
        self._samples = []

    def settle(self) -> Digest:
        """Wait until all of the trip is on disk; what it is then. Call it before money moves."""
        self.flush()
        file = self._writing()
        file.settle()
        return Digest(file.count, file.digest)

    def end(self, outcome: str) -> None:
        """The trip is over; its file is closed and kept."""
        self.append(Ended(self._clock(), outcome))
        path = self._writing().path
        self._close()
        _put_away(path)

    def entries(self, trip_id: str) -> Iterator[Numbered]:
        """Everything a trip's journal holds, in order. Raises JournalError for a trip that is not here."""
        if trip_id == self.trip_id:
            self.flush()
        device_id = boot_id = ""
        for payload in self._payloads(trip_id):
            seq, found = read(payload)
            for place, entry in enumerate(found):
                if isinstance(entry, Booted):
                    device_id, boot_id = entry.device_id, entry.boot_id
                yield Numbered(MessageId(device_id, boot_id, seq + place), entry)

    def readings(self, trip_id: str) -> Iterator[CartReading]:
        """The readings of a trip in the order they were kept: what a fresh session is fed after a restart."""
        if trip_id == self.trip_id:
            self.flush()
        for entry in _entries_of(self._payloads(trip_id)):
            if isinstance(entry, _READINGS):
                yield entry

    def digest(self, trip_id: str) -> Digest:
        """What a trip's journal is, in short."""
        payloads = self._payloads(trip_id)
        return Digest(len(payloads), digest_of(payloads))

    def trips(self) -> tuple[str, ...]:
        """All trips that are kept, by name."""
        return tuple(sorted(path.stem for path in self.folder.iterdir() if path.suffix in (OPEN, OVER)))

    def forget(self, before_ns: int) -> int:
        """Remove trips that ended and were last written before a moment; how many."""
        old = [path for path in self.folder.glob(f"*{OVER}") if path.stat().st_mtime_ns < before_ns]
        for path in old:
            path.unlink()
        return len(old)

    def close(self) -> None:
        """Write what was gathered and let go; the trip goes on at the next start."""
        if self._file is not None:
            self.flush()
            self._close()

    def _resume(self) -> None:
        """Take up the trip that went on; put away those that had ended, or that another one has followed."""
        found = sorted(self.folder.glob(f"*{OPEN}"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        going_on = [path for path in found if not _ended(path)]
        for path in found:
            if path not in going_on[-1:]:
                _put_away(path)
        for path in going_on[-1:]:
            began = _began(path)
            self._open(path)
            if began:
                self.trip_id = path.stem
            else:  # torn before its first entry was whole
                self._close()
                path.unlink()

    def _open(self, path: Path) -> None:
        self._file = RecordFile(path, syncing=self._syncing)
        self._file.payloads = ()
        if self._file.torn is not None:
            self.faults = (*self.faults, self._file.torn)
        self._file.append(written(self._seq, Booted(self._clock(), self._device_id, self._boot_id)))
        self._number()

    def _gather(self, sample: Sample) -> MessageId:
        if self._samples and not (len(self._samples) < _MOST_SAMPLES and fits(self._samples[0], sample, BATCH_NS)):
            self.flush()
        self._samples.append(sample)
        return self._number()

    def _number(self) -> MessageId:
        self._seq += 1
        return MessageId(self._device_id, self._boot_id, self._seq - 1)

    def _writing(self) -> RecordFile:
        if self._file is None:
            raise JournalError("found no trip going on; expected one to be begun first")
        return self._file

    def _close(self) -> None:
        self._writing().close()
        self._file, self.trip_id = None, None

    def _payloads(self, trip_id: str) -> tuple[bytes, ...]:
        path = self._path(trip_id)
        if path is None:
            raise JournalError(f"found no journal of the trip {trip_id!r}; expected one of {', '.join(self.trips())}")
        return scan(path.read_bytes()).payloads

    def _path(self, trip_id: str) -> Path | None:
        named = (self.folder / f"{trip_id}{ending}" for ending in (OPEN, OVER))
        return next((path for path in named if _NAME.fullmatch(trip_id) and path.exists()), None)


def _put_away(path: Path) -> None:
    os.replace(path, path.with_suffix(OVER))
    sync_folder(path.parent)


def _began(path: Path) -> bool:
    return len(scan(path.read_bytes()).payloads) > 1  # the first record says who writes, the second that it began


def _ended(path: Path) -> bool:
    last = scan(path.read_bytes()).payloads[-1:]
    with suppress(ValueError):  # of a newer version: then it is no end
        return any(isinstance(entry, Ended) for entry in _entries_of(last))
    return False


def _entries_of(payloads: tuple[bytes, ...]) -> Iterator[Entry]:
    for payload in payloads:
        yield from read(payload)[1]

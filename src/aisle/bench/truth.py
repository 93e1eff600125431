"""Recordings and what really happened in them: finds the pairs a measurement runs over.

Truth lies in a folder of its own, one `<recording>.json` each, so that no engine can come across it by accident.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

RECORDING_SUFFIXES = (".mcap", ".archive")


class BenchError(Exception):
    """A measurement cannot be made; the message says which file or option, what was found and what would be right."""


class BrokenRunError(BenchError):
    """The measurement was asked for rightly but broke off on the way."""


class Truth(msgspec.Struct, frozen=True):
    """What happened in one recording.

    `receipts` maps every shopper who was in the store (staff and empty-handed too) to gtin -> quantity;
    `resolvable` names the sense that can tell what happened ("weight", "hands", "video", ...).
    """

    name: str
    case: str
    group: str
    resolvable: str
    receipts: dict[str, dict[str, int]]
    roles: dict[str, str] = {}
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One recording and its truth."""

    path: Path
    truth: Truth


def read_truth(path: Path) -> Truth:
    """The truth in one JSON file; BenchError names the file and the field that is wrong."""
    try:
        truth = msgspec.json.decode(path.read_bytes(), type=Truth)
    except OSError as error:
        raise BenchError(f"{path}: cannot be read ({error.strerror})") from error
    except msgspec.MsgspecError as error:
        raise BenchError(f"{path}: not a truth file: {error}") from error
    for shopper, basket in truth.receipts.items():
        for gtin, quantity in basket.items():
            if quantity < 1:
                raise BenchError(f"{path}: receipts.{shopper}.{gtin}: found {quantity}, a quantity is 1 or more")
    return truth


def find_recording(folder: Path, name: str) -> Path:
    """The recording called `name` in `folder`: a folder of collections, or a file with a known suffix."""
    candidates = [folder / name, *(folder / f"{name}{suffix}" for suffix in RECORDING_SUFFIXES)]
    for candidate in candidates:
        if candidate.exists():
            return candidate
    wanted = ", ".join(str(c) for c in candidates)
    raise BenchError(f"{folder}: no recording called {name!r}, though there is truth for it; looked for {wanted}")


def spread(names: Sequence[str], limit: int | None) -> list[str]:
    """At most `limit` of the names, taken evenly from first to last so that every case keeps its share."""
    if limit is not None and limit < 1:
        raise BenchError(f"--limit: found {limit}, must be 1 or more")
    if limit is None or limit >= len(names):
        return list(names)
    return [names[i * len(names) // limit] for i in range(limit)]


def read_samples(recordings: Path, truth: Path | None = None, *, limit: int | None = None) -> list[Sample]:
    """Every recording in a folder that has truth, in order of name.

    `truth` defaults to the folder beside `recordings` with `-truth` added to its name.  Recordings without truth are
    left out (they cannot be scored); truth without a recording is an error.
    """
    truth = truth if truth is not None else recordings.with_name(recordings.name + "-truth")
    for option, folder in (("--recordings", recordings), ("--truth", truth)):
        if not folder.is_dir():
            raise BenchError(f"{option}: no folder {folder}")
    names = sorted(path.stem for path in truth.glob("*.json"))
    if not names:
        raise BenchError(f"{truth}: found no *.json, one truth file for each recording is wanted")
    return [
        Sample(find_recording(recordings, name), read_truth(truth / f"{name}.json")) for name in spread(names, limit)
    ]

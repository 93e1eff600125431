"""What `aisle bench tracking` is asked for, apart from the suite so that other suites start without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aisle.bench.truth import BenchError

TRACKING_PARTS = ("floor", "campus", "pictures")


@dataclass(frozen=True, slots=True)
class TrackingLoad:
    """Which `parts` are measured, how long the simulated shop is open (`minutes`), the `seed` of all noise, the Python
    that has the peer package (`peers`) and where the data lie (`data`, by default AISLE_DATA)."""

    parts: Sequence[str] = TRACKING_PARTS
    minutes: float = 10.0
    seed: int = 1
    peers: Path | None = None
    data: Path | None = None

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in TRACKING_PARTS]
        if unknown:
            raise BenchError(f"--part: found {unknown[0]!r}, must be one of {', '.join(TRACKING_PARTS)}")

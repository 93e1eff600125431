"""How a recording that cannot be used is refused, and how what was wrong with a usable one is kept.

`RecordingError` ends the work on one recording with one clear message;
everything less becomes a `HealthEntry` in a `HealthLog`.
"""

from __future__ import annotations

from collections.abc import Iterable

from aisle.sensing.readings import HealthEntry


class RecordingError(Exception):
    """A recording nothing can be read from.

    The message names the file, the place in it, what was found and what would be right.
    """


class HealthLog:
    """Health entries in order of discovery; repeats of the same finding are kept once."""

    def __init__(self) -> None:
        self._entries: dict[HealthEntry, None] = {}

    def add(self, entry: HealthEntry) -> None:
        self._entries.setdefault(entry)

    def extend(self, entries: Iterable[HealthEntry]) -> None:
        for entry in entries:
            self.add(entry)

    def entries(self) -> tuple[HealthEntry, ...]:
        return tuple(self._entries)

"""How a version of the catalogue is told to those who have another one: line by line, exact, and checked by its hash.

A text is told as pieces of the old one that are copied and lines that are new (the idea of rsync, A. Tridgell, 1996,
with lines for blocks). Only what changed travels: a price, not the whole list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

Copy = tuple[int, int]  # first line of the old text, how many
Part = Copy | str


class FileChange(msgspec.Struct, frozen=True):
    """A file's new content: `parts` in order, each lines of the old file or new text; `sha256` of the whole."""

    sha256: str
    parts: tuple[tuple[int, int] | str, ...]


class Delta(msgspec.Struct, frozen=True):
    """From version `since` ("": from nothing) to `version`: files changed or new; all others of `files` stay.

    `files` says what the version holds (name -> SHA-256), `before` is the version it follows in the shop's chain.
    """

    since: str
    version: str
    before: str
    made_ns: int
    files: dict[str, str]
    changes: dict[str, FileChange]


class DeltaError(Exception):
    """A delta does not fit what is there, or says something else than its hashes; nothing was changed."""


def sha256(content: bytes) -> str:
    """SHA-256 as text."""
    return hashlib.sha256(content).hexdigest()


def version_of(before: str, files: Mapping[str, str]) -> str:
    """The name of a version: a hash over its files and the version before it, so that no history can be changed."""
    listed = "".join(f"{name}\0{digest}\n" for name, digest in sorted(files.items()))
    return sha256(f"{before}\n{listed}".encode())


def told(old: bytes, new: bytes) -> FileChange:
    """The change from one content to another."""
    old_lines, new_lines = _lines(old), _lines(new)
    places: dict[str, list[int]] = {}
    for place, line in enumerate(old_lines):
        places.setdefault(line, []).append(place)
    parts: list[tuple[int, int] | str] = []
    at, fresh = 0, 0
    while at < len(new_lines):
        start, count = _longest(old_lines, new_lines, at, places.get(new_lines[at], ()), _expected(parts))
        if count == 0:
            at += 1
            continue
        if fresh < at:
            parts.append("".join(new_lines[fresh:at]))
        parts.append((start, count))
        at += count
        fresh = at
    if fresh < len(new_lines):
        parts.append("".join(new_lines[fresh:]))
    return FileChange(sha256(new), tuple(parts))


def applied(old: bytes, change: FileChange) -> bytes:
    """The new content. Raises DeltaError when it is not what the change says it is."""
    lines = _lines(old)
    out: list[str] = []
    for part in change.parts:
        if isinstance(part, str):
            out.append(part)
            continue
        start, count = part
        if not 0 <= start <= start + count <= len(lines):
            raise DeltaError(f"found a copy of lines {start} to {start + count}; the old file has {len(lines)}")
        out += lines[start : start + count]
    try:
        content = "".join(out).encode("latin-1")
    except UnicodeEncodeError as error:
        raise DeltaError(f"found a text that stands for no bytes: {error}") from error
    if sha256(content) != change.sha256:
        raise DeltaError(f"found a content of SHA-256 {sha256(content)[:12]}…; expected {change.sha256[:12]}…")
    return content


_MOST_TRIED = 8  # places of a line that is there often


def _longest(
    old: list[str], new: list[str], at: int, starts: list[int] | tuple[int, ...], expected: int
) -> tuple[int, int]:
    """The longest run of old lines that equals the new ones from `at` on; its first line and its length."""
    tried = starts if len(starts) <= _MOST_TRIED else [*starts[:_MOST_TRIED], *(s for s in (expected,) if s in starts)]
    best = (0, 0)
    for start in tried:
        count = 0
        while start + count < len(old) and at + count < len(new) and old[start + count] == new[at + count]:
            count += 1
        if count > best[1]:
            best = (start, count)
    return best


def _expected(parts: list[tuple[int, int] | str]) -> int:
    """The old line behind the last copy: where the next one most often goes on."""
    last = next((part for part in reversed(parts) if not isinstance(part, str)), (0, 0))
    return last[0] + last[1]


def _lines(content: bytes) -> list[str]:
    """Lines with their ends, each byte as one character, so that any content comes back as it was."""
    *whole, rest = content.decode("latin-1").split("\n")
    return [line + "\n" for line in whole] + ([rest] if rest else [])

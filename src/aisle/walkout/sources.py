"""Which recordings a path means: itself, or those in a folder of recordings."""

from __future__ import annotations

from pathlib import Path

from aisle.sensing.faults import RecordingError

COLLECTIONS = ("plate_data.", "planogram.", "products.", "targets.", "full_targets.")
GEOMETRY = "store_meta"
MCAP = ".mcap"
ARCHIVES = (".archive", ".archive.gz")


def recordings_at(path: Path) -> list[Path]:
    """The recordings meant by a path: sorted by name if it is a folder of several, else the path itself.

    A folder is a recording when collections lie in it, or just one file or dump; it is a folder of recordings when
    several files or folders that look like recordings lie in it, or one beside a `store_meta` they share.
    Raises RecordingError when the folder cannot be read.
    """
    try:
        if not path.is_dir() or _has_collections(path):
            return [path]
        found = sorted(entry for entry in path.iterdir() if _looks_like_recording(entry))
        shared = (path / GEOMETRY).is_dir() and any(entry.is_dir() for entry in found)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror or error}); give a readable folder") from None
    return found if len(found) > 1 or shared else [path]


def _has_collections(folder: Path) -> bool:
    return any(entry.name.startswith(COLLECTIONS) and entry.is_file() for entry in folder.iterdir())


def _looks_like_recording(entry: Path) -> bool:
    if entry.name.startswith(".") or entry.name == GEOMETRY:
        return False
    if not entry.is_dir():
        return entry.name.endswith((MCAP, *ARCHIVES))
    return any(
        inside.name.startswith(COLLECTIONS) or inside.name.endswith((MCAP, *ARCHIVES)) for inside in entry.iterdir()
    )

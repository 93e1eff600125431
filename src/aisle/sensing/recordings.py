"""Opening a recording without asking what kind it is.

`open_recording` looks at the content: an MCAP file of Aisle's own, or a folder
or archive in the AutoCheckout schema.
"""

from __future__ import annotations

from pathlib import Path

from aisle.sensing.autocheckout import AutoCheckoutRecording
from aisle.sensing.faults import RecordingError
from aisle.sensing.mcap_chunks import MAGIC
from aisle.sensing.mcap_file import McapRecording
from aisle.sensing.readings import Recording

__all__ = ["RecordingError", "open_recording", "recording_name"]

SUFFIXES = (".mcap", ".archive", ".gz", ".bson", ".json", ".jsonl")


def recording_name(path: Path) -> str:
    """The file or folder name without what tells its format."""
    resolved = path if path.name not in ("", ".", "..") else path.resolve()
    name = resolved.name
    if resolved.is_dir():
        return name
    while name.endswith(SUFFIXES):
        name = name[: name.rfind(".")]
    return name or resolved.name


def open_recording(path: Path) -> Recording:
    """The recording at `path`; raises RecordingError when there is none or nothing in it can be read."""
    if not path.exists():
        raise RecordingError(
            f"{path}: no such file or folder; give a recording (.mcap file, AutoCheckout folder or archive)"
        )
    file = _mcap_file(path)
    if file is not None:
        return McapRecording(file, recording_name(path))
    return AutoCheckoutRecording(path, recording_name(path))


def _mcap_file(path: Path) -> Path | None:
    """The MCAP file meant by `path`: itself, or the only one in the folder."""
    try:
        if path.is_dir():
            inside = sorted(path.glob("*.mcap"))
            return inside[0] if len(inside) == 1 else None
        with path.open("rb") as file:
            return path if file.read(len(MAGIC)) == MAGIC or path.suffix == ".mcap" else None
    except OSError as error:
        raise RecordingError(
            f"{path}: cannot be read ({error.strerror or error}); give a readable file or folder"
        ) from None

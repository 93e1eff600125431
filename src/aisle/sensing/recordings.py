"""Opening a recording without asking what kind it is.

`open_recording` looks at the content: an MCAP file of Aisle's own, or a folder
or archive in the AutoCheckout schema.
"""

from __future__ import annotations

from pathlib import Path

from aisle.sensing.autocheckout import AutoCheckoutRecording
from aisle.sensing.faults import RecordingError
from aisle.sensing.readings import Recording

__all__ = ["RecordingError", "open_recording", "recording_name"]

MCAP_MAGIC = b"\x89MCAP0\r\n"
SUFFIXES = (".mcap", ".archive", ".gz", ".bson", ".json", ".jsonl")


def recording_name(path: Path) -> str:
    """The file or folder name without what tells its format."""
    resolved = path if path.name not in ("", ".", "..") else path.resolve()
    name = resolved.name
    if resolved.is_dir():
        return name
    while name.endswith(SUFFIXES):
        name = name[:name.rfind(".")]
    return name or resolved.name


def open_recording(path: Path) -> Recording:
    """The recording at `path`; raises RecordingError when there is none or nothing in it can be read."""
    if not path.exists():
        raise RecordingError(f"{path}: no such file or folder; give a recording (.mcap file, AutoCheckout folder or archive)")
    return AutoCheckoutRecording(path, recording_name(path))

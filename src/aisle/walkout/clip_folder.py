"""Where clips are wanted and for how long: what commands ask for, and whether the folder can take them."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class ClipWish:
    """Clips go to `folder`, into the one `under` it where it is named; they are kept for `keep_s` (None: for ever)
    after their last picture.  `aside`: a thread writes them, and what it cannot keep up with is left out."""

    folder: Path
    keep_s: float | None = None
    under: str = ""
    aside: bool = False


class ClipFolderError(Exception):
    """Nothing can be written to the folder for clips; the message names it and says why."""


def expect_folder(folder: Path) -> None:
    """Make the folder for clips and see that it can be written to; raises ClipFolderError."""
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        why = error.strerror or str(error)
        raise ClipFolderError(f"{folder} cannot take clips ({why}); give a folder that can be written to") from None


def keep_days_fault(keep_days: float | None, folder: Path | None) -> str | None:
    """What is wrong with the days for which clips are to be kept, and what would be right."""
    if keep_days is None:
        return None
    if folder is None:
        return "--keep-days without --clips: there is nothing to keep; --clips DIR says where clips go"
    if not 0 < keep_days < math.inf:
        return f"--keep-days is {keep_days:g}: more than 0 is needed"
    return None

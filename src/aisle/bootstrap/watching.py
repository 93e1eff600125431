"""`aisle walkout run` with what the store's own settings say: where its clips go, and for how long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from aisle.settings import SettingsError, read_settings
from aisle.walkout.live_command import FAILED, LiveWish, run_live


def run_watching(folder: Path, wish: LiveWish, *, errors: Console | None = None) -> int:
    """Run the shop of a store folder; what `wish` does not say of clips is taken from `aisle.env`.

    A folder named there is relative to the store folder.  Exit codes as of `run_live`; 1 also for a bad setting.
    """
    try:
        return run_live(folder, with_settings(folder, wish), errors=errors)
    except SettingsError as error:
        tell = errors or Console(stderr=True, highlight=False)
        tell.print(f"error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return FAILED


def with_settings(folder: Path, wish: LiveWish) -> LiveWish:
    """The wish with what the store's settings add to it; options win.  Raises SettingsError."""
    settings = read_settings(folder)
    clips = folder / settings.clips if wish.clips is None and settings.clips else wish.clips
    keep_days = settings.clips_keep_days if wish.keep_days is None and clips is not None else wish.keep_days
    return replace(wish, clips=clips, keep_days=keep_days)

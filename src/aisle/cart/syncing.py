"""When what was written reaches the disk: at once by whoever writes, or at once by a thread that nobody waits for.

A write that has returned outlives the program; only a power cut can still take it. How long the disk needs is not
known beforehand (flash memory now and then cleans up for a second), so a cart that looks 15 times a second lets a
thread wait, and itself waits only where money is concerned.
"""

from __future__ import annotations

import os
import threading
from typing import Protocol

_to_disk = getattr(os, "fdatasync", os.fsync)


class Syncing(Protocol):
    """Brings one file's writes to disk."""

    def wrote(self, *, urgent: bool) -> None:
        """Something was written. Raises OSError when an earlier write is known to be lost."""

    def settle(self) -> None:
        """Return when everything written is on disk. Raises OSError when it is not."""

    def close(self) -> None:
        """Settle, and stop."""


class SyncNow:
    """Whoever writes something urgent waits for the disk."""

    def __init__(self, file: int) -> None:
        self._file = file

    def wrote(self, *, urgent: bool) -> None:
        if urgent:
            _to_disk(self._file)

    def settle(self) -> None:
        _to_disk(self._file)

    def close(self) -> None:
        self.settle()


class SyncBehind:
    """A thread brings everything to disk as soon as it can; who writes goes on at once.

    A disk that once said no is not asked again: what it holds is then not known (LWN, "PostgreSQL's fsync() surprise",
    2018). Every later call raises what it said.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._news = threading.Condition()
        self._wrote = self._synced = 0
        self._failure: OSError | None = None
        self._over = False
        self._thread = threading.Thread(target=self._serve, name="cart-journal", daemon=True)
        self._thread.start()

    def wrote(self, *, urgent: bool) -> None:
        """Something was written; the thread is told, urgent or not."""
        with self._news:
            self._told()
            self._wrote += 1
            self._news.notify_all()

    def settle(self) -> None:
        with self._news:
            wanted = self._wrote
            self._news.wait_for(lambda: self._failure is not None or self._synced >= wanted)
            self._told()

    def close(self) -> None:
        try:
            self.settle()
        finally:
            with self._news:
                self._over = True
                self._news.notify_all()
            self._thread.join()

    def _serve(self) -> None:
        while True:
            with self._news:
                self._news.wait_for(lambda: self._over or self._synced < self._wrote)
                if self._over or self._failure is not None:
                    return
                wanted = self._wrote
            failure = self._sync()
            with self._news:
                self._synced, self._failure = wanted, failure
                self._news.notify_all()

    def _sync(self) -> OSError | None:
        try:
            _to_disk(self._file)
        except OSError as error:
            return error
        return None

    def _told(self) -> None:
        if self._failure is not None:
            raise OSError(f"the disk did not keep what was written: {self._failure}") from self._failure

"""Tells whoever watches a visit that it changed: live baskets on phones and carts wait here instead of asking.

Fed by the journal after each commit. What is told is only the revision; the watcher reads what it wants to know. Slow
watchers miss steps in between, never the last one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from aisle.visits.journal import Committed


class Subscription:
    """One watcher of one visit, until closed. `wait` is for threads, `changes` for coroutines."""

    def __init__(self, hub: Hub, visit_id: str, after_revision: int) -> None:
        self._hub = hub
        self._visit_id = visit_id
        self._seen = after_revision
        self._latest = after_revision
        self._condition = threading.Condition()
        self._wake: Callable[[], object] | None = None

    def tell(self, revision: int) -> None:
        """The visit is at this revision now."""
        with self._condition:
            if revision <= self._latest:
                return
            self._latest = revision
            self._condition.notify_all()
            if self._wake is not None:
                with suppress(RuntimeError):  # its event loop has ended: nobody waits any more
                    self._wake()

    def wait(self, timeout_s: float) -> int | None:
        """The newest revision as soon as there is one not given before; None when time ran out."""
        with self._condition:
            if not self._condition.wait_for(lambda: self._latest > self._seen, timeout_s):
                return None
            self._seen = self._latest
            return self._seen

    async def changes(self, patience_s: float | None = None) -> AsyncIterator[int | None]:
        """Each new revision as it comes; None whenever `patience_s` passed without one (time for a sign of life)."""
        news, loop = asyncio.Event(), asyncio.get_running_loop()
        self._wake = lambda: loop.call_soon_threadsafe(news.set)
        try:
            while True:
                latest = self._latest
                if latest > self._seen:
                    self._seen = latest
                    yield latest
                    continue
                try:
                    await asyncio.wait_for(news.wait(), patience_s)
                except TimeoutError:
                    yield None
                news.clear()
        finally:
            self._wake = None

    def close(self) -> None:
        """Watch no longer."""
        self._hub.drop(self._visit_id, self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Hub:
    """All watchers of one process, by visit. Thread-safe."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[Subscription]] = {}
        self._lock = threading.Lock()

    def subscribe(self, visit_id: str, after_revision: int) -> Subscription:
        """Watch a visit from a revision on. The caller tells it the current revision once, so that none is missed."""
        subscription = Subscription(self, visit_id, after_revision)
        with self._lock:
            self._watchers.setdefault(visit_id, set()).add(subscription)
        return subscription

    def drop(self, visit_id: str, subscription: Subscription) -> None:
        """Forget a watcher; nothing happens when it is not known."""
        with self._lock:
            watchers = self._watchers.get(visit_id, set())
            watchers.discard(subscription)
            if not watchers:
                self._watchers.pop(visit_id, None)

    def committed(self, what: Committed) -> None:
        """What the journal calls after each commit."""
        if not self._watchers:
            return
        for visit in what.visits:
            self.told(visit.visit_id, visit.revision)

    def told(self, visit_id: str, revision: int) -> None:
        """Tell the watchers of one visit that it is at this revision."""
        with self._lock:
            watchers = tuple(self._watchers.get(visit_id, ()))
        for watcher in watchers:
            watcher.tell(revision)

"""Does what is due outside, at least once and under the same key each time, until it is done or a person is needed.

An effect is claimed for a while, its handler runs outside of any transaction, and what came of it is journalled in the
same transaction that marks the effect done. After a crash between the two the claim runs out and the handler runs
again with the same key. Failures wait longer each time; poison is parked, listed, and can be tried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
from sqlalchemy import Row, case, func, select, update

from aisle.visits.desk import Desk
from aisle.visits.effects import MONEY, Effect, EffectBody, EffectKind
from aisle.visits.entrance import Entry
from aisle.visits.journal import Committed, Work
from aisle.visits.outcomes import Outcome
from aisle.visits.policy import SECOND_NS, after
from aisle.visits.tables import outbox

_log = logging.getLogger(__name__)
_PAUSE_S = 1.0  # at most so long between two looks


class TryLater(Exception):  # noqa: N818 -- not an error: the outside asks for patience
    """Not now. `after_s` is how long the outside asked to wait, None when it did not say."""

    def __init__(self, message: str, after_s: float | None = None) -> None:
        super().__init__(message)
        self.after_s = after_s


class PermanentError(Exception):
    """It will never work as it is: a person has to look."""


class Handler(Protocol):
    """Carries out one kind of effect. Called from several threads, and again after a crash with the same key."""

    def __call__(self, effect: Effect) -> Outcome:
        """What came of it. Raises TryLater or PermanentError."""


class OutboxRow(msgspec.Struct, frozen=True):
    """An effect and how it stands: "pending", "done" or "parked" after `attempts` tries."""

    key: str
    visit_id: str
    kind: str
    state: str
    attempts: int
    due_at_ns: int
    last_error: str


class Outbox:
    """Runs the desk's effects with one handler per kind; kinds without a handler are parked.

    `run_due` does what is due now and returns; `start` serves with threads until `stop`.
    """

    def __init__(self, desk: Desk, handlers: Mapping[EffectKind, Handler]) -> None:
        self._desk = desk
        self._handlers = dict(handlers)
        self._wake = threading.Condition()
        self._news = 0
        self._stopping = False
        self._threads: list[threading.Thread] = []
        desk.writer.listeners.append(self._committed)

    def run_now(self, key: str) -> bool:
        """Run one effect at once, if it is still to be done and nobody else is at it; whether it was run."""
        return any([self._perform(row) for row in self._claim(key=key, limit=1)])

    def admit(self, entry: Entry, patience_s: float = 10.0) -> Entry:
        """Ask for the hold an entry waits for, and say what the gate is to do.

        Where another thread asks for it just now, its answer is waited for, at most `patience_s`.
        """
        if not entry.key:
            return entry
        if not self.run_now(entry.key):
            self._wait(entry.visit_id, patience_s)
        return self._desk.entry(entry.visit_id)

    def _wait(self, visit_id: str, patience_s: float) -> None:
        """Until a visit is no longer waiting at the gate."""
        until_s = time.monotonic() + patience_s
        with self._desk.subscribe(visit_id) as subscription:
            while self._desk.entry(visit_id).key and time.monotonic() < until_s:
                subscription.wait(until_s - time.monotonic())

    def run_due(self, limit: int = 64) -> int:
        """Run what is due now, once; how many effects were tried."""
        return len([self._perform(row) for row in self._claim(limit=limit)])

    def run_until_idle(self) -> int:
        """Run until nothing is due any more; how many effects were tried."""
        tried = 0
        while (more := self.run_due()) > 0:
            tried += more
        return tried

    def next_due_ns(self, kinds: frozenset[EffectKind] | None = None) -> int | None:
        """When the next pending effect (of these kinds) may be tried; None when none is pending."""
        later = case(
            (outbox.c.due_at_ns > outbox.c.claimed_until_ns, outbox.c.due_at_ns), else_=outbox.c.claimed_until_ns
        )
        pending = select(func.min(later)).where(outbox.c.state == "pending")
        rows = self._desk.read(pending.where(outbox.c.kind.in_(sorted(kinds))) if kinds else pending)
        return None if rows[0][0] is None else int(rows[0][0])

    def recover(self) -> None:
        """Give up all claims: for the start of a program that alone works on its database."""
        freed = update(outbox).where(outbox.c.state == "pending").values(claimed_until_ns=0)
        with self._desk.database.write() as connection:
            connection.execute(freed)

    def parked(self, limit: int = 100) -> tuple[OutboxRow, ...]:
        """The effects a person has to look at."""
        statement = select(outbox).where(outbox.c.state == "parked").order_by(outbox.c.due_at_ns).limit(limit)
        return tuple(_shown(row) for row in self._desk.read(statement))

    def of_visit(self, visit_id: str) -> tuple[OutboxRow, ...]:
        """All effects of a visit, by key."""
        statement = select(outbox).where(outbox.c.visit_id == visit_id).order_by(outbox.c.key)
        return tuple(_shown(row) for row in self._desk.read(statement))

    def retry(self, key: str) -> None:
        """Try a parked effect again, at once."""
        now_ns = self._desk.clock()

        def again(work: Work) -> None:
            work.rows.update(
                outbox, {"key": key, "state": "pending", "attempts": 0, "due_at_ns": now_ns, "claimed_until_ns": 0}
            )
            work.effects = True

        self._desk.writer.run("retry", again)

    def start(self, workers: int = 4) -> None:
        """Serve until `stop`: `workers` threads run what is due as soon as it is committed.

        Half of them do nothing but money, so that a mail server or a partner that hangs holds up no payment.
        """
        self._stopping = False
        lanes = [MONEY if n < workers // 2 else None for n in range(workers)]
        self._threads = [
            threading.Thread(target=self._serve, args=(kinds,), name=f"outbox-{n}") for n, kinds in enumerate(lanes)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Finish what is being done and stop."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _committed(self, what: Committed) -> None:
        if what.effects:
            with self._wake:
                self._news += 1
                self._wake.notify_all()

    def _serve(self, kinds: frozenset[EffectKind] | None) -> None:
        while not self._stopping:
            news = self._news
            try:
                if not self._serve_once(kinds):
                    self._sleep(news, kinds)
            except Exception:  # a database that is away for a while must not end the service
                _log.exception("the outbox could not work; it tries again in a moment")
                self._pause(news, _PAUSE_S)

    def _serve_once(self, kinds: frozenset[EffectKind] | None) -> bool:
        """Run a few effects; whether any was due. Those not begun when it ends, or takes long, are given back."""
        patient_ns = after(self._desk.clock(), self._desk.policy.lease_s / 2)
        rows = self._claim(limit=4 if kinds else 1, kinds=kinds)  # nothing waits behind what may hang
        for place, row in enumerate(rows):
            if self._stopping or self._desk.clock() >= patient_ns:
                self._give_back(rows[place:])
                break
            self._perform(row)
        return bool(rows)

    def _give_back(self, rows: Sequence[Row[Any]]) -> None:
        def free(work: Work) -> None:
            for row in rows:
                work.rows.update(outbox, {"key": row.key, "claimed_until_ns": 0})
            work.effects = True

        self._desk.writer.run("give_back", free)

    def _sleep(self, news: int, kinds: frozenset[EffectKind] | None) -> None:
        """Until something is committed, the next effect is due, or a second has passed."""
        next_ns = self.next_due_ns(kinds)
        due_s = _PAUSE_S if next_ns is None else (next_ns - self._desk.clock()) / SECOND_NS
        self._pause(news, min(_PAUSE_S, max(0.0, due_s)))

    def _pause(self, news: int, wait_s: float) -> None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopping or self._news != news, wait_s)

    def _claim(
        self, *, limit: int, key: str | None = None, kinds: frozenset[EffectKind] | None = None
    ) -> Sequence[Row[Any]]:
        now_ns = self._desk.clock()
        until_ns = after(now_ns, self._desk.policy.lease_s)
        due = select(outbox).where(
            outbox.c.state == "pending", outbox.c.due_at_ns <= now_ns, outbox.c.claimed_until_ns <= now_ns
        )
        due = due.where(outbox.c.kind.in_(sorted(kinds))) if kinds else due
        chosen = due.where(outbox.c.key == key) if key else due.order_by(outbox.c.due_at_ns, outbox.c.key)
        if not self._desk.read(chosen.limit(1)):
            return ()  # most looks find nothing, and looking should not cost a transaction that may write

        def claim(work: Work) -> Sequence[Row[Any]]:
            rows = work.fetch(chosen.limit(limit))
            for row in rows:
                work.rows.update(outbox, {"key": row.key, "claimed_until_ns": until_ns})
            return rows

        return self._desk.writer.run("claim", claim)

    def _perform(self, row: Row[Any]) -> bool:
        body = msgspec.json.decode(row.body, type=EffectBody)
        effect = Effect(row.kind, row.key, row.visit_id, body)
        try:
            handler = self._handlers.get(effect.kind)
            if handler is None:
                raise PermanentError(f"nobody here handles effects of the kind {effect.kind!r}")
            outcome = handler(effect)
        except TryLater as later:
            return self._failed(row, str(later), later.after_s, parked=False)
        except PermanentError as error:
            return self._failed(row, str(error), None, parked=True)
        except Exception as error:
            return self._failed(row, f"{type(error).__name__}: {error}", None, parked=False)
        done = {"key": row.key, "state": "done", "attempts": row.attempts + 1, "last_error": ""}

        def record(work: Work) -> None:
            self._desk.record(work, effect, outcome)
            work.rows.update(outbox, done)

        self._desk.writer.run("record", record)
        return True

    def _failed(self, row: Row[Any], why: str, asked_s: float | None, *, parked: bool) -> bool:
        retries, tried, now_ns = self._desk.policy.retries, row.attempts + 1, self._desk.clock()
        wait_s = max(asked_s or 0.0, retries.after_s(tried))
        change = {
            "key": row.key,
            "state": "parked" if parked or tried >= retries.tries else "pending",
            "attempts": tried,
            "due_at_ns": after(now_ns, wait_s),
            "claimed_until_ns": 0,
            "last_error": why[:2000],
        }
        self._desk.writer.run("failed", lambda work: work.rows.update(outbox, change))
        return True


def _shown(row: Row[Any]) -> OutboxRow:
    return OutboxRow(row.key, row.visit_id, row.kind, row.state, row.attempts, row.due_at_ns, row.last_error)

"""Appends to the journal: one command is one transaction, and many commands share one commit.

A command is a function of a `Work`: it reads, decides, and hands over entries. Nothing of it is written before it has
come to its end, so a command that is refused has changed nothing. Whoever comes first takes the commands of all who
wait and writes them in one transaction (flat combining: no thread of its own, and a lone command waits for nobody).
Every entry takes the next revision of its visit as its primary key: of two writers that read the same revision one
fails, and its commands run again, one by one, on what is true by then.

Source of flat combining: D. Hendler et al., "Flat Combining and the Synchronization-Parallelism Tradeoff", SPAA 2010.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

import msgspec
from sqlalchemy import Connection, Executable, Row, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from aisle.visits import events as ev
from aisle.visits.bounds import is_id
from aisle.visits.database import Database, lost_race
from aisle.visits.effects import Effect, effects_of
from aisle.visits.errors import TransitionError, UnknownVisitError
from aisle.visits.fetching import Fetch
from aisle.visits.message import MessageId as MessageId
from aisle.visits.model import Visit
from aisle.visits.paying import follow_up
from aisle.visits.policy import VisitPolicy
from aisle.visits.projections import project, project_visit, visit_from
from aisle.visits.queued import Queued
from aisle.visits.tables import journal, messages, outbox, visits
from aisle.visits.visit import apply

T = TypeVar("T")
_KEPT = 8192  # visits remembered between commands
_TOGETHER = 256  # commands in one transaction
_RUNS = 12  # how often a command that loses races is run


@dataclass(frozen=True, slots=True)
class Committed:
    """What one transaction changed: the visits as they are now, and whether effects are due."""

    visits: tuple[Visit, ...]
    effects: bool


class Work:
    """What one command may do inside the transaction. Reading sees all earlier commands; own rows are written last."""

    def __init__(self, group: _Group) -> None:
        self._group = group
        self.rows = Queued()
        self.changed: dict[str, Visit] = {}
        self.looked_at: set[str] = set()
        self.effects = False

    @property
    def fetch(self) -> Fetch:
        """Runs a query and gives its rows."""
        return self._group.fetch

    def visit(self, visit_id: str) -> Visit:
        """The visit as it is now. Raises UnknownVisitError."""
        self.looked_at.add(visit_id)
        found = self.changed.get(visit_id) or (self._group.visit(visit_id) if is_id(visit_id) else None)
        if found is None:
            raise UnknownVisitError(f"there is no visit {visit_id!r}", found=visit_id, expected="a visit's id")
        return found

    def append(self, visit: Visit, *events: ev.Event) -> Visit:
        """Journal entries of a visit, and those that follow from them alone; the visit afterwards."""
        for event in events:
            visit = self._append(visit, event)
        while (following := follow_up(visit, visit.changed_at_ns, self._group.journal.ids)) is not None:
            visit = self._append(visit, following)
        if events:
            self.changed[visit.visit_id] = visit
        return visit

    def _append(self, before: Visit, event: ev.Event) -> Visit:
        visit, policy = apply(before, event), self._group.journal.policy
        self.rows.insert(
            journal,
            {
                "visit_id": visit.visit_id,
                "revision": visit.revision,
                "kind": ev.kind_of(event),
                "at_ns": event.at_ns,
                "body": ev.encoded(event),
            },
        )
        project(visit, event, self.rows)
        for effect in effects_of(before, event, visit, policy):
            self.due(effect, event.at_ns)
        return visit

    def due(self, effect: Effect, at_ns: int) -> None:
        """An effect for the outbox, due at once."""
        self.effects = True
        self.rows.insert(
            outbox,
            {
                "key": effect.key,
                "visit_id": effect.visit_id,
                "kind": effect.kind,
                "body": msgspec.json.encode(effect.body).decode(),
                "state": "pending",
                "attempts": 0,
                "due_at_ns": at_ns,
                "claimed_until_ns": 0,
                "last_error": "",
            },
        )


Command = Callable[[Work], T]


@dataclass(slots=True)
class _Waiting(Generic[T]):
    """A command on its way, and what became of it. `name` says what is asked, and with a number also about what."""

    name: str
    command: Command[T]
    message: MessageId | None
    answers: Any
    careful: bool = False
    done: bool = False
    answer: T | None = None
    failure: BaseException | None = None
    woken: threading.Event = field(default_factory=threading.Event)

    def finish(self) -> None:
        """The answer is there."""
        self.done = True
        self.woken.set()

    def run(self, group: _Group) -> None:
        """Carry it out within the group's transaction. A refusal is its answer, and nothing of it is written."""
        self.failure = None
        try:
            if not (self.careful and self._answered_before(group)):
                self._carry_out(group)
        except DBAPIError:
            raise
        except Exception as failure:
            self._reconsider(group, failure)

    def _carry_out(self, group: _Group) -> None:
        work = Work(group)
        self.answer = self.command(work)
        if group.recall(work.looked_at - work.changed.keys()):  # what nothing is appended to no key checks
            work = Work(group)
            self.answer = self.command(work)
        self._note(work)
        group.take(work)

    def _reconsider(self, group: _Group, failure: Exception) -> None:
        """A refusal stands unless the message came before, or it rests on what this process only remembered."""
        try:
            if self._answered_before(group):
                return
            if group.recall(set(group.from_memory)):
                self._carry_out(group)
            else:
                self.failure = failure
        except DBAPIError:
            raise
        except Exception as again:
            self.failure = again

    def _note(self, work: Work) -> None:
        if self.message is None:
            return
        row = {"command": self.name, "answer": msgspec.json.encode(self.answer).decode()}
        work.rows.insert(messages, {**msgspec.structs.asdict(self.message), **row})

    def _answered_before(self, group: _Group) -> bool:
        if self.message is None:
            return False
        keys = msgspec.structs.asdict(self.message)
        rows = group.fetch(
            select(messages.c.command, messages.c.answer).where(*(messages.c[name] == keys[name] for name in keys))
        )
        if not rows:
            return False
        if rows[0].command != self.name:
            raise TransitionError(
                f"message {self.message.seq} of device {self.message.device_id} came before with another command",
                found=self.name.partition(":")[0],
                expected=f"{rows[0].command.partition(':')[0]}, and about the same",
            )
        self.answer = msgspec.json.decode(rows[0].answer, type=self.answers)
        return True


@dataclass(slots=True)
class _Group:
    """Commands that share a transaction: what they read, changed and want written."""

    journal: Journal
    connection: Connection
    rows: Queued = field(default_factory=Queued)
    changed: dict[str, Visit] = field(default_factory=dict)
    effects: bool = False
    from_memory: set[str] = field(default_factory=set)

    def fetch(self, statement: Executable) -> Sequence[Row[Any]]:
        self.rows.write(self.connection)
        return self.connection.execute(statement).fetchall()

    def visit(self, visit_id: str) -> Visit | None:
        if (changed := self.changed.get(visit_id)) is not None:
            return changed
        if (remembered := self.journal.remembered(visit_id)) is not None:
            self.from_memory.add(visit_id)
            return remembered
        rows = self.fetch(select(visits.c.body).where(visits.c.visit_id == visit_id))
        return visit_from(rows[0].body) if rows else None

    def recall(self, visit_ids: set[str]) -> bool:
        """Forget those of the visits that came from memory and are as they were; False when none did."""
        doubted = (visit_ids & self.from_memory) - self.changed.keys()
        for visit_id in doubted:
            self.journal.forget(visit_id)
        self.from_memory -= doubted
        return bool(doubted)

    def take(self, work: Work) -> None:
        for visit in work.changed.values():
            project_visit(visit, self.journal.policy, work.rows)
        self.rows.take(work.rows)
        self.changed.update(work.changed)
        self.effects |= work.effects


class Journal:
    """The one way into the database for everything that changes. Thread-safe.

    `ids` makes texts nobody can guess. `listeners` are told after each commit, in its thread: they must be quick.
    """

    def __init__(self, database: Database, policy: VisitPolicy, ids: Callable[[], str]) -> None:
        self.database = database
        self.policy = policy
        self.ids = ids
        self.listeners: list[Callable[[Committed], None]] = []
        self._queue: deque[_Waiting[Any]] = deque()
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, Visit] = OrderedDict()

    def run(self, name: str, command: Command[T], message: MessageId | None = None, answers: Any = None) -> T:
        """Carry out a command in a transaction; its answer once that is committed.

        A `message` that came before gets its first answer (decoded as `answers`) and changes nothing. Raises what the
        command raises, and then nothing of it was written.
        """
        waiting: _Waiting[T] = _Waiting(name, command, message, answers)
        self._queue.append(waiting)
        while not waiting.done:
            if self._lock.acquire(blocking=False):
                self._lead(waiting)
            else:
                waiting.woken.wait()
                waiting.woken.clear()
        if waiting.failure is not None:
            raise waiting.failure
        return cast(T, waiting.answer)

    def _lead(self, waiting: _Waiting[Any]) -> None:
        """Run the commands of all who wait; then whoever came meanwhile takes over.

        Nobody is left asleep: who found the lock taken had queued before, so its holder sees them after the release.
        """
        try:
            if not waiting.done:
                self._run_together([self._queue.popleft() for _ in range(min(len(self._queue), _TOGETHER))])
        finally:
            self._lock.release()
        with suppress(IndexError):
            self._queue[0].woken.set()

    def remembered(self, visit_id: str) -> Visit | None:
        """The visit as this process last wrote it."""
        return self._remembered.get(visit_id)

    def forget(self, visit_id: str | None = None) -> None:
        """Remember a visit (None: any visit) no longer, so that it is read anew."""
        if visit_id is None:
            self._remembered.clear()
        else:
            self._remembered.pop(visit_id, None)

    def _run_together(self, group: list[_Waiting[Any]]) -> None:
        try:
            self._attempt(group)
        except DBAPIError as error:
            if not isinstance(error, IntegrityError) and not lost_race(error):
                _fail(group, error)
                return
            self.forget()
            for waiting in group:
                self._run_alone(waiting)
        except BaseException as error:
            self.forget()
            _fail(group, error)

    def _run_alone(self, waiting: _Waiting[Any]) -> None:
        waiting.careful = True
        for run in range(_RUNS):
            try:
                self._attempt([waiting])
                return
            except DBAPIError as error:
                self.forget()
                if run == _RUNS - 1 or not (isinstance(error, IntegrityError) or lost_race(error)):
                    _fail([waiting], error)
                    return
            except BaseException as error:
                self.forget()
                _fail([waiting], error)
                return

    def _attempt(self, waiting: list[_Waiting[Any]]) -> None:
        with self.database.write() as connection:
            group = _Group(self, connection)
            for command in waiting:
                command.run(group)
            group.rows.write(connection)
        self._remember(group.changed)
        for command in waiting:
            command.finish()
        if group.changed or group.effects:
            for listener in self.listeners:
                listener(Committed(tuple(group.changed.values()), group.effects))

    def _remember(self, changed: dict[str, Visit]) -> None:
        for visit_id, visit in changed.items():
            self._remembered[visit_id] = visit
            self._remembered.move_to_end(visit_id)
        while len(self._remembered) > _KEPT:
            self._remembered.popitem(last=False)


def _fail(waiting: list[_Waiting[Any]], error: BaseException) -> None:
    for command in waiting:
        command.failure = error
        command.finish()

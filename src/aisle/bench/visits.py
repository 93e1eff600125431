"""The part `visits`: thousands of simulated visits with declines, lost answers, late and repeated webhooks, crashes.

Many shoppers live in one world at a time, each after a script drawn at random (`visit_scripts`). The program crashes at
random before and after commits and calls outside and is started anew each time. In the end every visit must be settled
exactly once, the ledger must balance, and the provider's books must agree with it, hold by hold. SQLite runs with
synchronous=OFF: what is broken here is the program, not the machine's power.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from aisle.bench.claims import Row, judged
from aisle.bench.truth import BenchError
from aisle.bench.visit_audit import faults_in, repeated_mails
from aisle.bench.visit_scripts import SHAPES
from aisle.bench.visit_world import Script, Wait, World, pump
from aisle.commerce.payments.ledger import unbalanced
from aisle.commerce.payments.reconcile import look
from aisle.commerce.payments.sandbox_faults import Faults
from aisle.commerce.pricing.till import Till
from aisle.store.example import example_store
from aisle.visits.database import Database
from aisle.visits.model import ENDED
from aisle.visits.policy import Retries, VisitPolicy

ON = "simulated visits"
_REST_S, _PUMP_S = 7 * 3600.0, 300.0  # so long after the last shopper everything has come to rest
_UNSETTLED = ("refused", "abandoned")


@dataclass(frozen=True, slots=True)
class VisitLoad:
    """What happens: how many `visits`, one coming every `gap_s`, and how often what goes wrong (shares from 0 to 1).

    `crash` is the chance of a crash at each moment where one may happen.
    """

    visits: int = 10_000
    gap_s: float = 10.0
    crash: float = 0.01
    seed: int = 1
    faults: Faults = field(
        default_factory=lambda: Faults(
            seed=1, lost_requests=0.02, lost_answers=0.02, late=0.3, late_s=600.0, repeated=0.2
        )
    )

    def checked(self) -> VisitLoad:
        """Itself; BenchError when a number makes no sense."""
        if self.visits < 1:
            raise BenchError(f"--visits: found {self.visits}, must be 1 or more")
        return self


@dataclass(frozen=True, slots=True)
class VisitReport:
    """What came of it."""

    visits: int
    shapes: dict[str, int]
    states: dict[str, int]
    crashes: int
    moments: int
    faults: tuple[str, ...]
    unbalanced: int
    differences: int
    settled_once: int
    to_settle: int
    repeated_mails: int
    seconds: float


def live(load: VisitLoad, tell: Callable[[float], None] = lambda _share: None) -> VisitReport:
    """Live through all visits and audit what is left; `tell` is given the share done."""
    chance = random.Random(load.checked().seed)
    store = example_store()
    policy = VisitPolicy(retries=Retries(first_s=1.0, longest_s=60.0, tries=40))
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'visits.db'}", synchronous="off")
        database.migrate()
        world = World(
            database,
            store,
            partial(Till(store).price, hints=False),
            plan=lambda _moment: chance.random() < load.crash,
            faults=load.faults,
            policy=policy,
        )
        shapes = Counter[str]()
        world.run_together(_scripts(load, random.Random(load.seed), shapes, tell), load.gap_s)
        world.run(_rest())
        world.breaker.plan = lambda _moment: False
        report = _audit(world, shapes, time.perf_counter() - started)
        world.close()
    return report


def judge_visits(load: VisitLoad, tell: Callable[[float], None] = lambda _share: None) -> tuple[Row, ...]:
    """The rows of the claim: settled once, balanced, agreeing; and what they were measured over."""
    report = live(load, tell)
    once = 100.0 * report.settled_once / max(1, report.to_settle)
    return (
        judged("visits settled exactly once", ON, once, unit="%", reach=100.0, counted=report.to_settle),
        judged("laws broken", ON, len(report.faults), reach=0, side="most", counted=report.visits),
        judged("ledger entries out of balance", ON, report.unbalanced, reach=0, side="most"),
        judged("differences between ledger and provider", ON, report.differences, reach=0, side="most"),
        judged("crashes", ON, report.crashes, counted=report.moments),
        judged("receipts mailed twice", ON, report.repeated_mails),
        judged("visits per second, with all crashes", ON, report.visits / report.seconds),
    )


def _scripts(
    load: VisitLoad, chance: random.Random, shapes: Counter[str], tell: Callable[[float], None]
) -> Iterator[Script]:
    """Shoppers one after the other, each with a script drawn at random."""
    names = list(SHAPES)
    for number in range(load.visits):
        tell(number / load.visits)
        shape = chance.choice(names)
        shapes[shape] += 1
        yield SHAPES[shape](f"c{number}")


def _rest() -> Script:
    """Let time pass until nothing is left to be done."""
    for _ in range(round(_REST_S / _PUMP_S)):
        yield Wait(_PUMP_S)
        yield pump


def _audit(world: World, shapes: Counter[str], seconds: float) -> VisitReport:
    postings = world.desk.postings()
    visits = world.desk.visits(limit=10**9)
    over = {visit.visit_id for visit in visits if visit.state in ENDED or visit.state == "owing"}
    to_settle = [visit for visit in visits if visit.state not in _UNSETTLED and visit.state != "owing"]
    return VisitReport(
        visits=len(visits),
        shapes=dict(shapes),
        states=dict(Counter(visit.state for visit in visits)),
        crashes=world.breaker.crashes,
        moments=world.breaker.moments,
        faults=tuple(faults_in(world)),
        unbalanced=len(unbalanced(postings)),
        differences=len(look(world.sandbox, postings, 0, over).differences),
        settled_once=sum(visit.settled_at_ns is not None and visit.due_minor == 0 for visit in to_settle),
        to_settle=len(to_settle),
        repeated_mails=repeated_mails(world),
        seconds=seconds,
    )

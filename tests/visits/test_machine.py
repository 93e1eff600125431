"""Laws that hold whatever is done to a visit in whatever order: commands at random, legal or not."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from aisle.bench.visit_scripts import CRISPS, OIL, WATER, basket
from aisle.bench.visit_world import World, pump
from aisle.commerce.payments.ledger import unbalanced
from aisle.commerce.pricing.till import Till
from aisle.store.example import example_store
from aisle.visits.customers import Customer
from aisle.visits.database import Database
from aisle.visits.errors import VisitError
from aisle.visits.model import Visit
from aisle.visits.policy import SECOND_NS
from aisle.visits.tables import outbox
from aisle.visits.visit import folded

TOKENS = ("tok_visa", "tok_no_increment", "tok_decline_on_increment", "tok_decline_on_capture", "tok_limit_5000")
GOODS = st.lists(st.tuples(st.sampled_from((WATER, CRISPS, OIL)), st.integers(1, 9)), max_size=3).map(tuple)


@cache
def schema() -> tempfile.TemporaryDirectory[str]:
    """A folder with an empty database of the newest schema, kept for as long as the tests run."""
    folder = tempfile.TemporaryDirectory()
    database = Database(f"sqlite:///{folder.name}/template.db")
    database.migrate()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return folder


class AnyVisit(RuleBasedStateMachine):
    """One customer's visit and everything that may be done to it."""

    till: ClassVar[Till] = Till(example_store())

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        path = shutil.copyfile(Path(schema().name) / "template.db", Path(self.folder.name) / "visits.db")
        database = Database(f"sqlite:///{path}", synchronous="off")
        self.world = World(database, self.till.store, partial(self.till.price, hints=False))
        self.revision = 0

    @initialize(token=st.sampled_from(TOKENS))
    def enter(self, token: str) -> None:
        card = self.world.sandbox.register("anna", token, key="card")
        self.world.desk.save_customer(Customer("anna", email="anna@example.org", card=card))
        desk = self.world.desk
        self.visit_id = self.world.outbox.admit(desk.enter_by_code(desk.issue_code("anna"), "entrance")).visit_id

    @rule(goods=GOODS, doubtful=st.booleans(), complete=st.booleans())
    def revise(self, goods: tuple[tuple[str, int], ...], doubtful: bool, complete: bool) -> None:
        self.revision += 1
        update = basket(self.world, self.revision, goods, doubtful=doubtful, complete=complete)
        self.tried(lambda: self.world.desk.revise(self.visit_id, update))

    @rule(act=st.sampled_from(("leave", "reenter", "guest", "tailgate", "resolve", "staff", "again", "pay")))
    def act(self, act: str) -> None:
        desk, visit = self.world.desk, self.visit_id
        acts: dict[str, Callable[[], object]] = {
            "leave": lambda: desk.leave(visit, "way-out"),
            "reenter": lambda: desk.reenter(visit, "entrance"),
            "guest": lambda: desk.enter_guest(visit, "entrance"),
            "tailgate": lambda: desk.tailgate(visit, "t9"),
            "resolve": lambda: desk.resolve_tailgate(visit, "t9", belongs=True, by="s"),
            "staff": lambda: desk.mark_staff(visit, "s"),
            "again": lambda: desk.enter_by_code(desk.issue_code("anna"), "entrance"),
            "pay": lambda: desk.pay_debt(visit, token="tok_visa/other"),
        }
        self.tried(acts[act])

    @rule(number=st.integers(0, 3), quantity=st.integers(0, 4))
    def answer(self, number: int, quantity: int) -> None:
        [line] = basket(self.world, 0, ((WATER, 1),)).lines
        said = type(line)(f"l{number}", line.gtin, quantity, 1.0, line.taken_at_ns)
        self.tried(lambda: self.world.desk.answer(self.visit_id, [said], "s"))

    @rule(number=st.integers(0, 3), quantity=st.integers(0, 9), granted=st.booleans())
    def dispute(self, number: int, quantity: int, granted: bool) -> None:
        self.tried(lambda: self.world.desk.dispute(self.visit_id, f"l{number}", quantity, "", "anna"))
        for dispute in self.visit().disputes:
            self.tried(lambda d=dispute: self.world.desk.decide(d.dispute_id, granted, "s", ""))

    @rule(seconds=st.sampled_from((1, 70, 700, 4000, 20_000)))
    def time_passes(self, seconds: int) -> None:
        self.world.now_ns += seconds * SECOND_NS

    @rule()
    def work(self) -> None:
        self.world.act(pump)

    def tried(self, command: Callable[[], object]) -> None:
        """Whatever is refused is refused by a typed error and changes nothing."""
        before = self.visit()
        try:
            command()
        except VisitError:
            assert self.visit() == before

    def visit(self) -> Visit:
        return self.world.desk.visit(self.visit_id)

    @invariant()
    def the_laws_hold(self) -> None:
        visit, keys = self.visit(), self.world.desk.read(select(outbox.c.key))
        assert visit.paid_minor <= visit.total_minor
        assert visit.refunded_minor <= visit.paid_minor
        assert folded(entry.event for entry in self.world.desk.journal(self.visit_id)) == visit
        assert len({row.key for row in keys}) == len(keys)
        assert unbalanced(self.world.desk.postings()) == {}

    @invariant()
    def the_provider_never_took_more(self) -> None:
        taken = sum(hold.captured.minor for hold in self.world.sandbox.holds(0) if hold.reference == self.visit_id)
        assert taken <= self.visit().total_minor

    def teardown(self) -> None:
        self.world.close()
        self.folder.cleanup()


TestAnyVisit = AnyVisit.TestCase
TestAnyVisit.settings = settings(max_examples=25, stateful_step_count=14)

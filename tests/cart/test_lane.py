"""The lane as the shop keeps it: what it shows is what is charged, and it refuses what no cart holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aisle.bench.visit_world import START_NS, World, pump
from aisle.cart.audit import AuditPolicy, StoreRisk
from aisle.cart.lane import Lane, LanePolicy, LaneRequest
from aisle.cart.purchase import Payer, purchase_of
from aisle.cart.trip import Phase, Trip, TripLine
from aisle.commerce.pricing.till import Till
from aisle.store.model import Product, Store
from aisle.store.offers import Goods, Limits, Percent, Promotion
from aisle.visits.customers import Customer
from aisle.visits.errors import VisitError
from cart.lane_kit import STORE, TILL, Worlds, template_in

NO_LOTS = LanePolicy(AuditPolicy(rates=dict.fromkeys(StoreRisk, 0.0)))
SECRET = b"a secret of the shop's own, 32 bt"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return template_in(tmp_path_factory.mktemp("template"))


@pytest.fixture
def worlds(template: Path, tmp_path: Path) -> Worlds:
    return Worlds(template, tmp_path / "visits.db")


@pytest.fixture
def world(worlds: Worlds) -> Iterator[World]:
    made = worlds.new()
    yield made
    made.close()


def lane_of(world: World, till: Till = TILL, policy: LanePolicy = NO_LOTS) -> Lane:
    return Lane(world.desk, world.outbox, till, policy, SECRET)


def trip_of(*lines: TripLine, trip_id: str = "t", **more: Any) -> Trip:
    return Trip(trip_id, "7", Phase.PAYING, START_NS - 10**12, START_NS, lines, **more)


def customer(world: World, name: str = "anna", *, member: bool = False) -> Payer:
    card = world.sandbox.register(name, f"tok_visa/{name}", key=name)
    world.desk.save_customer(Customer(name, email=f"{name}@example.org", member=member, card=card))
    return Payer(customer_id=name)


@st.composite
def lines(draw: st.DrawFn) -> tuple[TripLine, ...]:
    gtins = draw(st.lists(st.sampled_from(sorted(STORE.products)), min_size=1, max_size=12, unique=True))
    made = []
    for place, gtin in enumerate(gtins):
        heavy = STORE.products[gtin].sold_by_weight
        quantity = 1 if heavy else draw(st.integers(1, 6))
        made.append(
            TripLine(
                f"l{place}", gtin, quantity, 1.0, START_NS - draw(st.integers(0, 3600)) * 10**9,
                grams=draw(st.integers(40, 3000)) if heavy else None,
                label_minor=draw(st.sampled_from([None, None, None, 99])),
                off_percent=draw(st.sampled_from([None, None, None, Decimal(30)])),
                proven_quantity=draw(st.sampled_from([None, None, quantity, max(0, quantity - 1)])),
            )
        )  # fmt: skip
    return tuple(made)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    taken=lines(),
    member=st.booleans(),
    coupons=st.lists(st.sampled_from(["WELCOME10", "NINEMILLS50", "none such"]), unique=True).map(tuple),
    cheaper=st.sampled_from([0, 0, 20]),
)
def test_what_the_lane_shows_is_what_is_charged(
    taken: tuple[TripLine, ...], member: bool, coupons: tuple[str, ...], cheaper: int, worlds: Worlds
) -> None:
    world = worlds.new()
    lane, payer = lane_of(world), customer(world, member=member)
    trip = trip_of(*taken, coupons=coupons)
    purchase = purchase_of(trip, STORE, TILL.book, payer, START_NS, member=member)
    scanned = {line_id: max(1, minor - cheaper) for line_id, minor in purchase.scanned_minor.items()}
    decision = lane.decide(LaneRequest("lane-1", trip, payer, scanned))
    merged = lane.merge(replaced(purchase, scanned))
    world.act(pump)
    captured = sum(hold.captured.minor for hold in world.sandbox.holds(0))
    assert (decision.total_minor, captured, merged.state) == (merged.total_minor, merged.total_minor, "settled")
    world.close()


def replaced(purchase: Any, scanned: dict[str, int]) -> Any:
    from msgspec.structs import replace as changed

    return changed(purchase, scanned_minor=scanned)


LIMITED = Store("S", "EUR", "UTC", {"1": Product("1", "Tea", 100.0, price_minor=1_000)}, (), (), promotions=(
    Promotion("half", "Half", Percent(Decimal("0.5")), Goods(frozenset({"1"})), limits=Limits(customer=1)),
))  # fmt: skip


def test_a_promotion_used_up_is_neither_shown_nor_charged(template: Path, tmp_path: Path) -> None:
    world = Worlds(template, tmp_path / "limited.db", LIMITED).new()
    till = Till(LIMITED)
    lane, payer = lane_of(world, till), customer(world)
    totals = []
    for number in range(2):
        trip = trip_of(TripLine("a", "1", 1, 1.0, START_NS), trip_id=f"t{number}")
        shown = lane.decide(LaneRequest("l", trip, payer)).total_minor
        charged = lane.merge(purchase_of(trip, LIMITED, till.book, payer, START_NS)).total_minor
        pump(world, None)  # type: ignore[arg-type]
        totals.append((shown, charged))
    assert totals == [(500, 500), (1_000, 1_000)]
    world.close()


@pytest.mark.parametrize(
    ("trip", "code"),
    [
        (replace(trip_of(), trip_id="a/b"), "id_invalid"),
        (replace(trip_of(), cart_id=""), "id_invalid"),
        (trip_of(TripLine("a", "1", -1, 1.0, START_NS)), "basket_invalid"),
        (trip_of(TripLine("a", "1", 1, 1.5, START_NS)), "basket_invalid"),
        (trip_of(TripLine("a", "1", 6_000, 1.0, START_NS)), "basket_invalid"),
        (trip_of(*[TripLine(f"l{n}", "1", 1, 1.0, START_NS) for n in range(501)]), "basket_invalid"),
    ],
    ids=["no trip's name", "no cart's name", "less than nothing", "odds above one", "a lorry", "a long list"],
)
def test_what_no_cart_holds_is_refused(trip: Trip, code: str, world: World) -> None:
    with pytest.raises(VisitError) as refusal:
        lane_of(world).decide(LaneRequest("l", trip))
    assert refusal.value.code == code


def test_a_line_without_a_price_needs_a_person(world: World) -> None:
    known = sorted(STORE.products)[0]
    trip = trip_of(TripLine("a", known, 1, 1.0, START_NS), TripLine("b", "4000000000000", 1, 1.0, START_NS))
    decision = lane_of(world).decide(LaneRequest("l", trip))
    assert (decision.decided, list(decision.unpriced)) == ("check", ["b"])
    assert decision.total_minor > 0


def test_who_owes_something_is_told_at_the_lane(world: World) -> None:
    world.desk.save_customer(Customer("anna"))
    known = sorted(STORE.products)[0]
    lane = lane_of(world)
    purchase = purchase_of(
        trip_of(TripLine("a", known, 1, 1.0, START_NS)), STORE, TILL.book, Payer("anna"), START_NS, trusted=True
    )
    lane.merge(purchase)
    trip = trip_of(TripLine("a", known, 1, 1.0, START_NS), trip_id="next")
    assert lane.decide(LaneRequest("l", trip, Payer("anna"))).owes
    assert not lane.decide(LaneRequest("l", trip, Payer("nobody"))).owes

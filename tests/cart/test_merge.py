"""A cart's purchase is charged exactly once: at every crash, in every order, however often it comes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aisle.bench.visit_audit import faults_in
from aisle.bench.visit_world import START_NS, Script, Wait, World, pump
from aisle.cart.book import PurchaseBook, PurchaseDiffersError
from aisle.cart.merge import Merged, PayerRefusedError
from aisle.cart.purchase import CartPurchase, Payer, honoured, purchase_of
from aisle.cart.trip import Phase, Trip, TripLine
from aisle.commerce.payments.port import ProviderUnavailableError
from aisle.commerce.pricing.basket import Basket, Item
from aisle.commerce.pricing.price_book import PriceBook
from aisle.store.model import Product, Store
from aisle.visits.customers import Customer
from aisle.visits.errors import VisitError
from cart.lane_kit import (
    CRISPS,
    OIL,
    STORE,
    TILL,
    WATER,
    Worlds,
    anna,
    attempt,
    bought,
    by_card,
    charged_once,
    deliver,
    known,
    line,
    merger,
    outcome,
    template_in,
)
from cart.lane_kit import never as no_crash


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


def once(purchase: CartPurchase) -> Callable[[], Script]:
    """Delivered, then everything else that is due."""

    def script() -> Script:
        yield known("anna")
        yield deliver(purchase)
        yield pump

    return script


def several(*deliveries: CartPurchase) -> Callable[[], Script]:
    def script() -> Script:
        yield known("anna")
        for purchase in deliveries:
            yield deliver(purchase)
        yield pump
        yield Wait(6 * 3600)
        yield pump

    return script


CARD = by_card("tok_declined/x")
SCRIPTS: dict[str, Callable[[], Script]] = {
    "nothing in it": once(replace(anna(), lines=())),
    "with coupons, delivered twice": several(*[anna(coupons=("WELCOME10", "unknown"))] * 2),
    "a card refused, then another, and the first comes late again": several(
        CARD, attempt(CARD, 1, payer=Payer(card_token="tok_visa/y")), CARD
    ),
    "left on trust": several(anna(trusted=True, sealed="trusted")),
    "left on trust, the card refuses": several(by_card("tok_declined/x", trusted=True, sealed="trusted")),
    "refused, then left on trust": several(CARD, attempt(CARD, 1, trusted=True)),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_crash_at_any_step_changes_nothing(name: str, worlds: Worlds) -> None:
    undisturbed = worlds.new(no_crash)
    undisturbed.run(SCRIPTS[name]())
    expected, moments = outcome(undisturbed), undisturbed.breaker.moments
    assert faults_in(undisturbed) == []
    undisturbed.close()
    for step in range(1, moments + 1):
        crashed = worlds.new(step.__eq__)
        crashed.run(SCRIPTS[name]())
        assert (crashed.breaker.crashes, outcome(crashed)) == (1, expected), f"crash at step {step} of {moments}"
        assert faults_in(crashed) == []
        crashed.close()


def paid(world: World, purchase: CartPurchase) -> Merged:
    made = merger(world).merge(purchase)
    pump(world, None)  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize("customer", ["anna", ""], ids=["signed in", "a card at the lane"])
def test_exactly_what_is_due_is_held_and_captured(customer: str, world: World) -> None:
    known("anna")(world, None)  # type: ignore[arg-type]
    payer = Payer(customer_id=customer) if customer else Payer(card_token="tok_visa/x")
    made = paid(world, bought("t", payer))
    assert (made.state, made.paid_minor) == ("settled", made.total_minor)
    holds = world.sandbox.holds(0)
    assert [(h.status, h.held.minor, h.captured.minor) for h in holds] == [
        ("captured", made.total_minor, made.total_minor)
    ]


def test_the_receipt_is_mailed_once(world: World) -> None:
    known("anna")(world, None)  # type: ignore[arg-type]
    for _ in range(3):
        paid(world, anna())
    assert [(mail.status, mail.to) for mail in world.mailbox] == [("final", "anna@example.org")]


def test_a_refused_card_owes_nothing_and_another_may_pay(world: World) -> None:
    with pytest.raises(PayerRefusedError) as refusal:
        merger(world).merge(CARD)
    assert (refusal.value.status, refusal.value.expected) == (402, "another card")
    made = paid(world, attempt(CARD, 1, payer=Payer(card_token="tok_visa/y")))
    assert (made.state, made.paid_minor) == ("settled", made.total_minor)
    assert charged_once(world, {"trip-1"})


def test_what_left_on_trust_and_no_card_pays_is_owed(world: World) -> None:
    made = paid(world, by_card("tok_declined/x", trusted=True))
    assert (made.paid_minor, world.desk.visit(made.visit_id).state) == (0, "owing")
    assert made.total_minor > 0


def test_a_debtor_is_refused_at_the_lane_but_not_once_outside(world: World) -> None:
    known("anna", "")(world, None)  # type: ignore[arg-type]
    paid(world, anna("first", trusted=True))
    world.desk.save_customer(
        Customer("anna", email="anna@example.org", card=world.sandbox.register("a", "tok_visa/a", key="k"))
    )
    with pytest.raises(VisitError, match="an earlier visit is not paid"):
        merger(world).merge(anna("second"))
    made = paid(world, attempt(anna("second"), 1, trusted=True))
    assert made.state == "settled"


def test_a_phones_code_shown_while_the_shop_was_away_counts_when_it_was_shown(world: World) -> None:
    known("anna")(world, None)  # type: ignore[arg-type]
    code = world.desk.issue_code("anna")
    shown_ns = world.now_ns + 5 * 10**9
    world.now_ns += 7200 * 10**9
    made = paid(world, bought("t", Payer(code=code, shown_ns=shown_ns), trusted=True))
    assert (world.desk.visit(made.visit_id).customer_id, made.state) == ("anna", "settled")
    with pytest.raises(VisitError, match="opened a gate before"):
        world.desk.redeem_code(code, shown_ns)
    again = paid(world, bought("t", Payer(code=code, shown_ns=shown_ns), trusted=True))
    assert again == made


def test_a_code_nobody_made_leaves_a_debt_and_not_nothing(world: World) -> None:
    made = paid(world, bought("t", Payer(code="A1.anna.66.x.y", shown_ns=START_NS), trusted=True))
    assert (made.state, made.total_minor > 0) == ("owing", True)


def test_a_trip_that_was_bought_is_not_bought_again_with_other_goods(world: World) -> None:
    known("anna")(world, None)  # type: ignore[arg-type]
    made = paid(world, anna())
    with pytest.raises(PurchaseDiffersError):
        merger(world).merge(attempt(anna("trip-1", line("a", OIL)), 1))
    assert paid(world, attempt(anna(), 3, payer=Payer(card_token="tok_visa/z"))) == made


def test_after_a_refused_card_goods_may_go_back(world: World) -> None:
    with pytest.raises(PayerRefusedError):
        merger(world).merge(CARD)
    less = by_card("tok_visa/y", "trip-1", line("a", WATER), attempt=1)
    made = paid(world, less)
    assert [(item.gtin, item.quantity) for item in world.desk.visit(made.visit_id).lines] == [(WATER, 1)]


def test_while_the_bank_is_silent_it_may_be_sent_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_given: object, **_more: object) -> None:
        raise ProviderUnavailableError("the bank does not answer")

    known("anna")(world, None)  # type: ignore[arg-type]
    with monkeypatch.context() as patched:
        patched.setattr(world.sandbox, "authorise", silent)
        assert deliver(anna())(world, None).status == 503  # type: ignore[arg-type]
    world.now_ns += 10**10
    pump(world, None)  # type: ignore[arg-type]
    assert paid(world, anna()).state == "settled"


def test_lines_nobody_sells_any_more_are_told_when_the_goods_are_outside(world: World) -> None:
    goods = (line("a", WATER), line("b", "4000000000000"), line("c", CRISPS, 0))
    with pytest.raises(VisitError, match="sells no such product"):
        merger(world).merge(by_card("tok_visa/x", "t", *goods))
    made = paid(world, by_card("tok_visa/x", "t", *goods, trusted=True))
    assert (made.left_out, made.state) == (("b", "c"), "settled")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"currency": "JPY"}, "currency_mismatch"),
        ({"ended_ns": START_NS + 10**12}, "moment_invalid"),
        ({"ended_ns": 1}, "moment_invalid"),
        ({"trip_id": "a/b"}, "id_invalid"),
        ({"attempt": -1}, "transition"),
        ({"risk_minor": -1}, "basket_invalid"),
        ({"payer": Payer()}, "payer_refused"),
    ],
    ids=lambda value: str(value),
)
def test_what_cannot_be_is_refused_and_leaves_nothing(change: dict[str, Any], code: str, world: World) -> None:
    with pytest.raises(VisitError) as refusal:
        merger(world).merge(replace(by_card("tok_visa/x"), **change))
    assert refusal.value.code == code
    assert world.desk.visits() == ()


def test_what_a_crash_left_half_way_is_carried_through_at_the_start(world: World) -> None:
    known("anna")(world, None)  # type: ignore[arg-type]
    book, desk = PurchaseBook(world.database), world.desk
    purchase = book.take(anna()).purchase
    entry = world.outbox.admit(desk.enter_apart("anna", "cart-lane"))
    assert book.claim(purchase, entry.visit_id) == entry.visit_id
    assert (merger(world).resume(), merger(world).resume()) == (1, 0)
    pump(world, None)  # type: ignore[arg-type]
    assert (desk.visit(entry.visit_id).state, charged_once(world, {"trip-1"})) == ("settled", True)


def test_of_two_at_the_same_moment_one_is_charged(world: World) -> None:
    first, second = (attempt(by_card(f"tok_visa/{n}"), n) for n in range(2))
    answers: list[Any] = []
    start = threading.Barrier(4)

    def send(purchase: CartPurchase) -> None:
        start.wait()
        answers.append(merger(world).merge(purchase))

    threads = [threading.Thread(target=send, args=(purchase,)) for purchase in (first, second, first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pump(world, None)  # type: ignore[arg-type]
    assert (len(answers), len({answer.visit_id for answer in answers})) == (4, 1)
    assert charged_once(world, {"trip-1"})
    assert sum(hold.captured.minor for hold in world.sandbox.holds(0)) == answers[0].total_minor


GOODS = st.lists(
    st.tuples(st.sampled_from(sorted(STORE.products)), st.integers(1, 5)), max_size=6, unique_by=lambda item: item[0]
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trips=st.lists(GOODS, min_size=1, max_size=3), order=st.randoms(use_true_random=False), crash=st.integers(1, 60))
def test_in_any_order_the_money_is_the_priced_lines_once(
    trips: list[list[tuple[str, int]]], order: Any, crash: int, worlds: Worlds
) -> None:
    world = worlds.new(crash.__eq__)
    world.act(known("anna"))
    purchases = [anna(f"trip-{n}", *_lines(goods)) for n, goods in enumerate(trips)]
    deliveries = purchases * 2
    order.shuffle(deliveries)
    for purchase in deliveries:
        world.act(deliver(purchase))
    world.act(pump)
    captured = sum(hold.captured.minor for hold in world.sandbox.holds(0))
    assert captured == sum(_price(purchase) for purchase in purchases)
    assert charged_once(world, {purchase.trip_id for purchase in purchases if purchase.lines}) and not faults_in(world)
    world.close()


def _lines(goods: list[tuple[str, int]]) -> list[Any]:
    weighed = {gtin: STORE.products[gtin].sold_by_weight for gtin, _ in goods}
    return [
        line(gtin, gtin, 1 if weighed[gtin] else n, weight_g=100 * n if weighed[gtin] else None) for gtin, n in goods
    ]


def _price(purchase: CartPurchase) -> int:
    from aisle.cart.pricing import moment

    items = tuple(Item(ln.line_id, ln.gtin, ln.quantity, moment(ln.taken_at_ns), ln.weight_g) for ln in purchase.lines)
    return TILL.price(Basket(items, moment(purchase.ended_ns)), hints=False).total_minor


PLAIN = Store("S", "EUR", "UTC", {
    "1": Product("1", "Tea", 100.0, price_minor=250),
    "2": Product("2", "Figs", None, price_minor=799, sold_by_weight=True),
}, (), ())  # fmt: skip


def trip_of(*lines: TripLine, **more: Any) -> Trip:
    return Trip("t", "7", Phase.PAYING, START_NS - 10**12, START_NS, lines, **more)


def test_a_trip_as_its_purchase() -> None:
    trip = trip_of(
        TripLine("a", "1", 2, 0.9, START_NS, proven_quantity=1),
        TripLine("b", "2", 1, 1.0, START_NS, grams=412),
        TripLine("c", "1", 1, 1.0, START_NS, off_percent=Decimal(30)),
        TripLine("d", "1", 0, 1.0, START_NS),
    )
    made = purchase_of(trip, PLAIN, PriceBook(PLAIN), Payer("anna"), START_NS)
    assert [(n.line_id, n.quantity, n.proven, n.weight_g, n.label_minor) for n in made.lines] == [
        ("a", 2, 1, None, None), ("b", 1, 1, 412, None), ("c", 1, 1, None, 175),
    ]  # fmt: skip
    assert made.scanned_minor == {"a": 250, "b": 799, "d": 250}


@pytest.mark.parametrize(
    ("scanned", "weight_g", "label"),
    [
        (199, None, 199), (250, None, None), (299, None, None), (None, None, None), (700, 500, 350), (799, 500, None),
    ],
    ids=["went up", "same", "went down", "not said", "by weight, went up", "by weight, same"],
)  # fmt: skip
def test_the_price_at_the_scan_or_the_lower_one_now(
    scanned: int | None, weight_g: int | None, label: int | None
) -> None:
    goods = (line("a", "2" if weight_g else "1", weight_g=weight_g),)
    prices = {} if scanned is None else {"a": scanned}
    made = honoured(goods, prices, PLAIN, PriceBook(PLAIN), START_NS)
    assert made[0].label_minor == label


def test_the_price_at_the_scan_is_what_is_charged(template: Path, tmp_path: Path) -> None:
    world = Worlds(template, tmp_path / "plain.db", PLAIN).new()
    made = paid(world, bought("t", Payer(card_token="tok_visa/x"), line("a", "1", 3), scanned_minor={"a": 199}))
    assert (made.total_minor, made.paid_minor) == (597, 597)
    world.close()

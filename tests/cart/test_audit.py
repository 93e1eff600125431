"""The audit: which trips are looked at, why, how, and what nobody can foretell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.cart.audit import Audit, AuditPolicy, Case, History, StoreRisk, audit, draw, how, verdict
from aisle.cart.audit_book import AuditBook, CheckDiffersError, CheckResult, Difference, LaneRecord, reported
from aisle.cart.book import PurchaseBook
from aisle.cart.doubts import Worth, doubts
from aisle.cart.pricing import moment, priced
from aisle.cart.trip import Choice, Phase, Prompt, PromptKind, Trip, TripLine
from aisle.commerce.pricing.till import Till
from aisle.store.model import Product, Store
from aisle.visits.database import Database
from cart.lane_kit import Worlds, anna, template_in

T0 = 1_774_000_000 * 10**9
SECRET = b"a secret of the shop's own, 32 bt"
SHOP = Store("S", "EUR", "UTC", {
    "tea": Product("tea", "Tea", 100.0, price_minor=250, category="dry"),
    "mint": Product("mint", "Mint tea", 100.0, price_minor=260, category="dry"),
    "gin": Product("gin", "Gin", 1200.0, price_minor=2_490, category="spirits", minimum_age=18),
    "figs": Product("figs", "Figs", None, price_minor=800, sold_by_weight=True, plu="4266"),
}, (), ())  # fmt: skip
TILL = Till(SHOP)
WORTH = Worth(SHOP, TILL.book)
NEVER = AuditPolicy(rates=dict.fromkeys(StoreRisk, 0.0))
ALWAYS = AuditPolicy(rates=dict.fromkeys(StoreRisk, 1.0), most_rate=1.0)


def goods(gtin: str = "tea", quantity: int = 1, **more: Any) -> TripLine:
    more = {"probability": 1.0, "taken_at_ns": T0, **more}
    return TripLine(more.pop("line_id", gtin), gtin, quantity, **more)


def prompt(kind: PromptKind, prompt_id: str = "p", **more: Any) -> Prompt:
    return Prompt(prompt_id, kind, T0, **more)


def case(*lines: TripLine, trip_id: str = "t", **more: Any) -> Case:
    told = {name: more.pop(name) for name in ("history", "asked", "checked") if name in more}
    trip = Trip(trip_id, "7", Phase.PAYING, T0, T0, lines or (goods(quantity=2), goods("gin")), **more)
    return Case(trip, priced(trip, TILL, SHOP, moment(T0)), worth=WORTH, **{"history": History(), **told})


def ruled(given: Case, policy: AuditPolicy = NEVER) -> Audit:
    return audit(given, policy, SECRET)


CHOOSE = prompt(PromptKind.CHOOSE_ITEM, options=(Choice("gin", 1, 0.5), Choice("tea", 1, 0.5)))
YOGHURTS = prompt(PromptKind.CHOOSE_ITEM, options=(Choice("tea", 1, 0.5), Choice("mint", 1, 0.5)))
UNKNOWN = prompt(PromptKind.SCAN_ITEM, "u", grams=900.0)
SERIOUS = History(True, 5, 1, "serious", 0, 0)


@pytest.mark.parametrize(
    ("given", "outcome", "rule"),
    [
        (case(), "green", ""),
        (case(prompts=(YOGHURTS,)), "green", "small"),
        (case(prompts=(CHOOSE,)), "question", "question"),
        (case(prompts=(CHOOSE,), asked=frozenset({"p"})), "question", "question"),
        (case(prompts=(CHOOSE,), asked=frozenset({"another"})), "check", "doubt"),
        (case(prompts=(CHOOSE, UNKNOWN)), "check", "doubt"),
        (case(prompts=(replace(CHOOSE, cleared_ns=T0),)), "green", ""),
        (case(goods("gin", 1, probability=0.6)), "check", "doubt"),
        (case(goods("tea", 1, probability=0.6)), "green", "small"),
        (case(unexplained_g=25.0), "green", ""),
        (case(unexplained_g=900.0), "check", "doubt"),
        (case(unexplained_g=-900.0), "check", "doubt"),
        (case(unexplained_g=900.0, prompts=(replace(UNKNOWN, grams=890.0),)), "question", "question"),
        (case(faults=("the scale is stuck",)), "check", "fault"),
        (case(prompts=(prompt(PromptKind.CAMERA_FAULT),)), "check", "fault"),
        (case(prompts=(CHOOSE,), checked={"tea": 2, "gin": 1}), "green", "checked"),
        (case(checked={"tea": 2}), "check", "changed"),
        (case(checked={"tea": 3, "gin": 1}), "green", "checked"),
        (case(prompts=(CHOOSE,), history=History(True)), "question", "question"),
        (case(prompts=(prompt(PromptKind.CHECK_AGE, gtin="gin"), prompt(PromptKind.REMOVE_TAG, "q"))), "green", ""),
    ],
    ids=[
        "an honest basket", "two that cost about the same", "gin or tea?", "the same question again", "no second one",
        "more than one answer clears", "answered", "a dear line not sure", "a cheap line not sure", "a few grams",
        "weight nobody knows", "weight that is missing", "weight a prompt asks about", "the scale is stuck",
        "the camera is dark", "checked", "goods came after the check", "goods went after the check",
        "a first purchase is not spared a cause", "what a person does anyway",
    ],
)  # fmt: skip
def test_causes(given: Case, outcome: str, rule: str) -> None:
    said = ruled(given)
    assert (said.outcome, said.reasons[0].rule if said.reasons else "") == (outcome, rule)
    assert said.cause == (outcome != "green")


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        (case(), "check"),
        (case(history=History(True)), "green"),
        (case(history=History(False)), "check"),
        (case(history=History(True, 4, 1, "clean", 0, 1)), "green"),
        (case(history=History(True, 4, 1, "small", 0, 0)), "green"),
        (case(history=History(True, 4, 1, "clean", 1, 1)), "check"),
        (case(history=SERIOUS), "check"),
    ],
    ids=[
        "drawn", "a first purchase is spared", "nobody known is not", "never twice in a row", "nor after a small one",
        "the time after that", "a serious one is a cause",
    ],
)  # fmt: skip
def test_who_is_spared_the_draw(given: Case, outcome: str) -> None:
    assert ruled(given, ALWAYS).outcome == outcome


def test_an_empty_cart_is_never_drawn() -> None:
    trip = Trip("t", "7", Phase.PAYING, T0, T0)
    empty = Case(trip, priced(trip, TILL, SHOP, moment(T0)), History(), WORTH)
    assert ruled(empty, ALWAYS).outcome == "green"


@pytest.mark.parametrize(
    ("given", "factor"),
    [
        (case(goods(quantity=4)), 1.0),
        (case(goods(quantity=1)), 0.5),
        (case(goods(quantity=40)), 1.5),
        (case(goods("gin", 5)), 1.5 * 1.5),
        (case(goods("gin")), 1.5),
        (case(goods(quantity=6), goods("mint", off_percent=Decimal(30))), 1.0),
        (case(goods(quantity=6), goods("mint", 2, off_percent=Decimal(30))), 1.5),
        (case(goods(quantity=6), goods("mint", by_sight=True)), 1.5),
        (case(goods(quantity=4), history=SERIOUS), 5.0),
        (case(goods(quantity=4), history=History(True, 9, 4, "clean", 2, 4)), 0.7),
    ],
    ids=[
        "nothing special", "tiny", "many pieces", "dear, and spirits", "spirits", "one sticker", "two stickers",
        "by sight alone", "a serious difference last time", "four clean checks",
    ],
)  # fmt: skip
def test_what_moves_the_rate(given: Case, factor: float) -> None:
    policy = AuditPolicy(rates=dict.fromkeys(StoreRisk, 0.001), theft_categories=frozenset({"spirits"}))
    assert ruled(given, policy).rate == pytest.approx(0.001 * factor)


def test_the_rate_is_that_of_the_shops_risk() -> None:
    counts = {
        risk: sum(
            ruled(case(goods(quantity=4), trip_id=f"t{n}"), AuditPolicy(risk=risk)).outcome == "check"
            for n in range(1500)
        )
        for risk in StoreRisk
    }
    shares = {risk: count / 1500 for risk, count in counts.items()}
    assert shares == pytest.approx({StoreRisk.LOW: 0.01, StoreRisk.NORMAL: 0.03, StoreRisk.HIGH: 0.08}, abs=0.015)


def test_the_draw_is_the_secrets_own_and_always_the_same() -> None:
    draws = [draw(SECRET, f"t{n}") for n in range(2000)]
    assert draws == [draw(SECRET, f"t{n}") for n in range(2000)]
    assert sum(draws) / 2000 == pytest.approx(0.5, abs=0.03)
    assert sum(draw(b"another secret", f"t{n}") < 0.5 < draws[n] for n in range(2000)) / 2000 == pytest.approx(
        0.25, abs=0.03
    )


@pytest.mark.parametrize(
    ("pieces", "kind", "count"),
    [(1, "sight", 1), (4, "sight", 4), (5, "sample", 2), (10, "sample", 3), (33, "sample", 10), (80, "sample", 10)],
)
def test_how_much_a_person_looks_at(pieces: int, kind: str, count: int) -> None:
    found = how(case(goods(quantity=pieces)), NEVER, (), SECRET)
    assert (found[0], len(found[1]), len(set(found[1]))) == (kind, count, count)


def test_a_sample_takes_the_doubtful_first_and_shuffles_the_rest() -> None:
    lines = [goods("tea", 3, line_id=f"l{n}") for n in range(10)]
    doubtful = case(*lines, goods("gin", 1, probability=0.9, line_id="doubtful"))
    found = doubts(doubtful.trip, doubtful.priced, WORTH, 30.0)
    first = Counter[str]()
    for number in range(200):
        given = replace(doubtful, trip=replace(doubtful.trip, trip_id=f"t{number}"))
        _, pieces = how(given, NEVER, found, SECRET)
        assert pieces[0].line_id == "doubtful"
        first.update(piece.line_id for piece in pieces[1:])
    assert min(first[f"l{n}"] for n in range(10)) > 120


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (case(goods(quantity=30), history=SERIOUS, faults=("x",)), "full"),
        (case(goods(quantity=30), goods("gin", 20, probability=0.5)), "full"),
        (case(goods(quantity=30), faults=("x",)), "sample"),
    ],
    ids=["after a serious difference", "much in doubt", "a fault alone"],
)
def test_when_everything_is_looked_at(given: Case, kind: str) -> None:
    assert ruled(given).check == kind


@pytest.mark.parametrize(
    ("minor", "said"), [(-900, "clean"), (0, "clean"), (40, "small"), (1000, "small"), (1001, "serious")]
)
def test_charged_too_much_is_nobodys_fault(minor: int, said: str) -> None:
    assert verdict(minor, AuditPolicy()) == said


OPTIONS = st.lists(
    st.builds(
        Choice, st.sampled_from(["tea", "mint", "gin", "4266", "none", "own", "?"]), st.integers(1, 3), st.floats(0, 1)
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(list(PromptKind)), max_size=5),
    options=OPTIONS,
    gtin=st.sampled_from([None, "tea", "gin", "4266", "nobody knows it"]),
    grams=st.none() | st.floats(-5_000, 5_000),
    probability=st.floats(0, 1),
    unexplained_g=st.floats(-5_000, 5_000),
)
def test_any_trip_has_an_outcome_with_its_reasons(
    kinds: list[PromptKind], options: list[Choice], gtin: str | None, grams: float | None, probability: float,
    unexplained_g: float,
) -> None:  # fmt: skip
    prompts = tuple(prompt(k, f"p{n}", gtin=gtin, options=tuple(options), grams=grams) for n, k in enumerate(kinds))
    given = case(goods("gin", 2, probability=probability), prompts=prompts, unexplained_g=unexplained_g)
    said = ruled(given)
    assert said == ruled(given)
    assert said.stake_minor >= 0
    assert (said.outcome == "green") == (said.stake_minor <= 150 and not any(r.rule == "fault" for r in said.reasons))
    assert (said.check is None) == (said.outcome != "check")
    assert (said.prompt_id is None) == (said.outcome != "question")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    world = Worlds(template_in(tmp_path), tmp_path / "visits.db").new()
    yield world.database
    world.close()


def told(
    trip_id: str, at_s: int, outcome: Any = "green", cause: bool = False, payer: str = "customer:anna"
) -> LaneRecord:
    said = Audit(outcome, (), cause, check="sight" if outcome == "check" else None)
    return LaneRecord(trip_id, "7", payer, T0 + at_s * 10**9, said, 1_000, 4)


def looked(trip_id: str, began_s: int, minor: int = 0, took_s: int = 40) -> CheckResult:
    began_ns = T0 + began_s * 10**9
    return CheckResult(
        f"check {trip_id}", trip_id, "kim", "sight", began_ns, began_ns + took_s * 10**9, {"tea": 1}, (), minor
    )


@pytest.mark.parametrize(
    ("trips", "expected"),
    [
        ([], History(True)),
        ([("a", None)], History(True, 1, 0, None, 1, 0)),
        ([("a", 0)], History(True, 1, 1, "clean", 0, 1)),
        ([("a", 5_000), ("b", None)], History(True, 2, 1, "serious", 1, 0)),
        ([("a", 90), ("b", 0), ("c", 0), ("d", None)], History(True, 4, 3, "clean", 1, 2)),
    ],
    ids=["none", "one, not checked", "one, clean", "serious, then one", "two clean since"],
)
def test_what_is_known_of_a_payer(trips: list[tuple[str, int | None]], expected: History, database: Database) -> None:
    book, bought = AuditBook(database, AuditPolicy()), PurchaseBook(database)
    for place, (name, minor) in enumerate(trips):
        book.decided(told(name, 1_000 * place))
        bought.take(anna(name))
        [book.found(looked(name, 1_000 * place + 10, m)) for m in [minor] if m is not None]
    book.decided(told("not bought", 90_000))
    book.decided(told("now", 99_000))
    assert book.history("customer:anna", "now") == expected
    assert book.history("", "now") == History()


def test_a_decision_that_only_repeats_itself_is_kept_once(database: Database) -> None:
    book = AuditBook(database, AuditPolicy())
    kept = [
        book.decided(told("a", second, outcome))
        for second, outcome in [(1, "green"), (2, "green"), (3, "check"), (4, "check")]
    ]
    assert kept == [True, False, True, False]


def test_a_check_counts_once_and_stays_as_it_was_told(database: Database) -> None:
    book = AuditBook(database, AuditPolicy())
    assert [book.found(looked("a", 10)), book.found(looked("a", 10))] == [True, False]
    with pytest.raises(CheckDiffersError):
        book.found(looked("a", 10, 500))
    assert book.of_trip("a") == (frozenset(), {"tea": 1})


def test_the_report() -> None:
    records = [
        told("a", 0), told("b", 10, "question", True), told("b", 20), told("c", 30, "check", True),
        told("d", 40, "check"), told("e", 50, "check", payer=""), told("f", 60, "check", payer=""),
    ]  # fmt: skip
    results = [looked("c", 45, 1_700), looked("d", 160, -300), looked("e", 400, 0, took_s=90)]
    report = reported(records, results, AuditPolicy())
    assert (report.trips, report.green, report.asked, report.checked, report.by_lot) == (6, 1, 1, 4, 3)
    assert report.check_rate == pytest.approx(4 / 6)
    assert report.waited == {15: 1, 30: 0, 60: 0, 120: 1, 300: 0, 0: 1}
    assert (report.median_wait_s, report.median_check_s) == (120.0, 40.0)
    assert (report.prevented_minor, report.returned_minor) == (1_700, 300)
    assert report.verdicts == {"serious": 1, "clean": 2}
    assert report.twice_in_a_row == 1


def test_an_honest_payer_is_never_drawn_twice_in_a_row(database: Database) -> None:
    book, bought = AuditBook(database, ALWAYS), PurchaseBook(database)
    outcomes = []
    for number in range(7):
        name, at_s = f"t{number}", 1_000 * number
        given = case(trip_id=name, history=book.history("customer:anna", name))
        said = audit(given, ALWAYS, SECRET)
        book.decided(replace_record(told(name, at_s), said))
        bought.take(anna(name))
        [book.found(looked(name, at_s + 10)) for _ in range(said.outcome == "check")]
        outcomes.append(said.outcome)
    assert outcomes == ["green", "check", "green", "check", "green", "check", "green"]
    assert book.report(0, 2**62).twice_in_a_row == 0


def replace_record(record: LaneRecord, said: Audit) -> LaneRecord:
    return LaneRecord(
        record.trip_id, record.cart_id, record.payer, record.at_ns, said, record.total_minor, record.pieces
    )


def test_differences_are_kept_with_the_check(database: Database) -> None:
    book = AuditBook(database, AuditPolicy())
    result = CheckResult("c", "t", "kim", "full", T0, T0 + 1, {"gin": 2}, (Difference("gin", 1, 2),), 2_490, "in a bag")
    assert book.found(result)
    assert book.report(0, 2**62).prevented_minor == 2_490

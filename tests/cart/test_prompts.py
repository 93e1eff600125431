"""Which doubts are asked about, when, and when they go away: from summaries made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from aisle.belief.basket.evidence import Shown
from aisle.belief.basket.goods import catalogue_of
from aisle.belief.basket.state import Hypothesis, Kind, Pending, Piece
from aisle.belief.basket.summary import InDoubt, OutDoubt, Summary, Thing, Waiting
from aisle.cart.prompts import Prompter, PromptSettings
from aisle.cart.trip import Prompt, PromptKind
from cart.trip_kit import BANANA, BEANS, HAM, MILK, NS, PRODUCTS, T0, YOGHURT

GOODS = catalogue_of(PRODUCTS)
SETTINGS = PromptSettings()
UNKNOWN: Thing = (Kind.UNKNOWN.value, "", 1)
LOAD: Thing = (Kind.LOAD.value, "", 1)
QUIET = Summary(Hypothesis(0.0), (), 1.0, (), (), ())


def goods(gtin: str, count: int = 1) -> Thing:
    return (Kind.GOODS.value, gtin, count)


def shown(gtin: str, number: int = 1, **more: Any) -> Shown:
    return Shown(number, T0, gtin, **more)


def piece(gtin: str, by: Shown | None = None, event: int = 2, **more: Any) -> Piece:
    told = {"count": 1, "mean_g": 200.0, "var_g": 1.0, **more}
    return Piece(1, event, Kind.GOODS, gtin, placed_ns=T0, shown=by, **told)


def summary(*pieces: Piece, ins: tuple[InDoubt, ...] = (), outs: tuple[OutDoubt, ...] = (),
            waiting: tuple[Waiting, ...] = ()) -> Summary:  # fmt: skip
    return Summary(Hypothesis(0.0, pieces=pieces), (), 0.5, ins, outs, waiting)


def came(*things: tuple[Thing, float], unnamed: float = 1.0, extra: float = 0.0, grams: float = 455.0) -> InDoubt:
    return InDoubt(2, T0, things, unnamed, extra, grams)


def left(*products: tuple[str, float]) -> OutDoubt:
    return OutDoubt(5, T0, products, False)


def waits(gtin: str = MILK, odds: float = 1.0, leaves: bool = False, number: int = 1) -> Waiting:
    return Waiting(Pending(shown(gtin, number, leaves=leaves), 1), odds)


NOBODY = summary(ins=(came((UNKNOWN, 0.9), (LOAD, 0.1)),))
CAUSES = {
    "a thing nobody knows": (NOBODY, PromptKind.SCAN_ITEM, 11.0, None, ()),
    "one of two": (
        summary(ins=(came((goods(MILK), 0.6), (goods(BEANS), 0.4)),)), PromptKind.CHOOSE_ITEM, 11.0, None,
        ((MILK, 1), (BEANS, 1)),
    ),
    "another than was scanned": (
        summary(ins=(InDoubt(2, T0 + 3 * NS, ((UNKNOWN, 1.0),), 1.0, 0.0, 900.0),), waiting=(waits(),)),
        PromptKind.OTHER_ITEM, 14.0, MILK, (),
    ),
    "more than were scanned": (
        summary(ins=(came((goods(YOGHURT, 2), 0.9), (goods(YOGHURT, 1), 0.1), unnamed=0.0, extra=0.9),)),
        PromptKind.CHECK_COUNT, 10.0, YOGHURT, ((YOGHURT, 2), (YOGHURT, 1)),
    ),
    "a product whose number must be said": (
        summary(piece(HAM, shown(HAM)), ins=(came((goods(HAM), 1.0), unnamed=0.0),)),
        PromptKind.ENTER_QUANTITY, 10.0, HAM, ((HAM, 1),),
    ),
    "fewer than were said": (
        summary(piece(YOGHURT, shown(YOGHURT, quantity=4)), ins=(came((goods(YOGHURT), 1.0), unnamed=0.0),)),
        PromptKind.ENTER_QUANTITY, 10.0, YOGHURT, ((YOGHURT, 1),),
    ),
    "which of two left": (
        summary(outs=(left((MILK, 0.5), (BEANS, 0.5)),)), PromptKind.CHOOSE_REMOVED, 6.0, MILK, ((MILK, 1), (BEANS, 1)),
    ),
    "scanned and not placed": (summary(waiting=(waits(),)), PromptKind.PLACE_ITEM, 25.0, MILK, ()),
    "scanned, and another placed since": (
        summary(piece(BEANS, Shown(2, T0 + NS, BEANS)), waiting=(waits(),)), PromptKind.PLACE_ITEM, 8.0, MILK, (),
    ),
    "loose goods of a vague weight": (
        summary(piece(BANANA, shown(BANANA), var_g=400.0)), PromptKind.WEIGH_AGAIN, 12.0, BANANA, (),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("given", "kind", "grace_s", "gtin", "options"), CAUSES.values(), ids=CAUSES.keys())
def test_a_doubt_is_asked_about_once_after_its_grace(
    given: Summary, kind: PromptKind, grace_s: float, gtin: str | None, options: tuple[tuple[str, int], ...]
) -> None:
    prompter, due = Prompter(), T0 + int(grace_s * NS)
    assert not prompter.refresh(given, GOODS, T0)
    assert not prompter.refresh(given, GOODS, due - 1)
    assert prompter.refresh(given, GOODS, due)
    assert not prompter.refresh(given, GOODS, due + 10 * NS)
    (prompt,) = prompter.prompts
    assert (prompt.kind, prompt.t_ns, prompt.gtin) == (kind, due, gtin)
    assert tuple((option.code, option.quantity) for option in prompt.options) == options


CALM = {
    "nothing": QUIET,
    "own things": summary(ins=(came(((Kind.OWN.value, "", 1), 1.0), unnamed=0.0),)),
    "sure by sight": summary(piece(MILK), ins=(came((goods(MILK), 0.97), (UNKNOWN, 0.03)),)),
    "gone again, as like as not": summary(ins=(came((UNKNOWN, 0.4)),)),
    "a product that left for sure": summary(outs=(left((MILK, 0.99), (BEANS, 0.01)),)),
    "a thing without a name that left": summary(outs=(left(("", 1.0)),)),
    "read twice, most likely": summary(waiting=(waits(odds=0.3),)),
    "loose goods well weighed": summary(piece(BANANA, shown(BANANA), var_g=4.0)),
    "a weight printed on the goods": summary(piece(BANANA, shown(BANANA, grams=420.0), var_g=1e6)),
    "as many as were said": summary(
        piece(YOGHURT, shown(YOGHURT, quantity=4), count=4), ins=(came((goods(YOGHURT, 4), 1.0), unnamed=0.0),)
    ),
}


@pytest.mark.parametrize("given", CALM.values(), ids=CALM.keys())
def test_no_doubt_no_question(given: Summary) -> None:
    prompter = Prompter()
    assert not prompter.refresh(given, GOODS, T0 + 600 * NS, closing=True)
    assert prompter.prompts == []


def opened(given: Summary = NOBODY) -> Prompter:
    prompter = Prompter()
    prompter.refresh(given, GOODS, T0 + 30 * NS)
    return prompter


def only(prompter: Prompter) -> Prompt:
    (prompt,) = prompter.prompts
    return prompt


FADED = {
    "gone": (QUIET, True),
    "hardly likely": (summary(ins=(came((UNKNOWN, 0.2)),)), True),
    "less likely": (summary(ins=(came((UNKNOWN, 0.4)),)), False),
}


@pytest.mark.parametrize(("after", "cleared"), FADED.values(), ids=FADED.keys())
def test_a_prompt_goes_with_its_cause(after: Summary, cleared: bool) -> None:
    prompter = opened()
    assert prompter.refresh(after, GOODS, T0 + 31 * NS) is cleared
    assert only(prompter).cleared_ns == (T0 + 31 * NS if cleared else None)


def test_a_cause_that_comes_back_is_not_asked_about_again() -> None:
    prompter = opened()
    prompter.refresh(QUIET, GOODS, T0 + 31 * NS)
    assert not prompter.refresh(summary(ins=(came((UNKNOWN, 1.0)),)), GOODS, T0 + 60 * NS)
    assert only(prompter).cleared_ns == T0 + 31 * NS


def test_an_open_prompt_follows_what_is_known() -> None:
    prompter = opened()
    assert prompter.refresh(summary(ins=(came((goods(MILK), 0.6), (goods(BEANS), 0.4)),)), GOODS, T0 + 31 * NS)
    prompt = only(prompter)
    assert (prompt.kind, prompt.t_ns, prompt.cleared_ns) == (PromptKind.CHOOSE_ITEM, T0 + 30 * NS, None)
    assert [option.code for option in prompt.options] == [MILK, BEANS]


def test_no_more_than_four_are_offered() -> None:
    many = tuple((goods(gtin), 0.15) for gtin in list(PRODUCTS)[:6])
    assert [option.code for option in only(opened(summary(ins=(came(*many),)))).options] == list(PRODUCTS)[:4]


@pytest.mark.parametrize(
    ("given", "asked"),
    [(NOBODY, [PromptKind.SCAN_ITEM]), (summary(ins=(came((UNKNOWN, 0.4)),)), [])],
    ids=["sure enough", "not sure enough"],
)
def test_the_trip_s_end_waits_for_nothing_but_certainty(given: Summary, asked: list[PromptKind]) -> None:
    prompter = Prompter()
    prompter.refresh(given, GOODS, T0, closing=True)
    assert [prompt.kind for prompt in prompter.prompts] == asked


def test_an_answer_closes_its_prompt_and_names_the_cause() -> None:
    prompter = opened()
    assert prompter.answered("p1", MILK, T0 + 40 * NS) == ("in", 2)
    assert (only(prompter).answer, only(prompter).cleared_ns) == (MILK, T0 + 40 * NS)
    assert not prompter.refresh(NOBODY, GOODS, T0 + 90 * NS, closing=True)


@pytest.mark.parametrize("prompt_id", ["p1", "p9", ""], ids=["answered already", "never asked", "no name"])
def test_an_answer_to_nothing_is_none(prompt_id: str) -> None:
    prompter = opened()
    prompter.answered("p1", MILK, T0 + 40 * NS)
    assert prompter.answered(prompt_id, BEANS, T0 + 41 * NS) is None
    assert only(prompter).answer == MILK


def told() -> Prompter:
    prompter = Prompter()
    prompter.tell(PromptKind.UNKNOWN_CODE, T0, detail="0000")
    prompter.tell(PromptKind.NOT_FOR_CART, T0 + 5 * NS, MILK)
    prompter.tell(PromptKind.NOT_FOR_CART, T0 + 9 * NS, BEANS)
    return prompter


def test_what_was_told_stays_whatever_is_believed() -> None:
    prompter = told()
    assert not prompter.refresh(QUIET, GOODS, T0 + 60 * NS)
    assert [(p.prompt_id, p.gtin, p.cleared_ns) for p in prompter.prompts] == [
        ("p1", None, None), ("p2", MILK, None), ("p3", BEANS, None),
    ]  # fmt: skip


CLEARED = {
    "a kind": ({"kind": PromptKind.NOT_FOR_CART}, ["p2", "p3"]),
    "of one product": ({"kind": PromptKind.NOT_FOR_CART, "gtin": BEANS}, ["p3"]),
    "from before": ({"kind": PromptKind.NOT_FOR_CART, "before_ns": T0 + 6 * NS}, ["p2"]),
    "of which there is none": ({"kind": PromptKind.SCALE_FAULT}, []),
}


@pytest.mark.parametrize(("which", "gone"), CLEARED.values(), ids=CLEARED.keys())
def test_what_was_told_is_cleared_by_who_told_it(which: dict[str, Any], gone: list[str]) -> None:
    prompter = told()
    assert prompter.clear(now_ns=T0 + 20 * NS, **which) is bool(gone)
    assert [p.prompt_id for p in prompter.prompts if p.cleared_ns == T0 + 20 * NS] == gone
    assert not prompter.clear(now_ns=T0 + 21 * NS, **which)

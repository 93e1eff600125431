"""The screen's logic: lines, total, hints, notices, and words for every prompt in every language."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from aisle.cart.screen import Connection, Screen, Seat
from aisle.cart.screen_state import ScreenState
from aisle.cart.shopper import Shopper, Surface
from aisle.cart.speech import cart_words, languages
from aisle.cart.trip import Choice, Phase, Prompt, PromptKind, Trip
from aisle.commerce.receipts.words import LANGUAGES, words_of
from cart.screen_kit import BANANAS, BREAD, PESTO, START_NS, TEA, WINE, line, prompt, shop, trip

ACCUSING = re.compile(r"stol|theft|cheat|forgot|must|wrong|error|invalid|please|unexpected", re.IGNORECASE)
NOW_NS = START_NS + 60 * 10**9


def state(shown: Trip, seat: Seat | None = None, now_ns: int = NOW_NS) -> ScreenState:
    return Screen(shop(), lambda gtin: f"/v1/pictures/{gtin}").state(shown, seat or Seat(), now_ns, 7)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", PromptKind)
@pytest.mark.parametrize("gtin", [pytest.param(PESTO, id="known"), pytest.param(None, id="unknown")])
@pytest.mark.parametrize("grams", [pytest.param(618.0, id="weighed"), pytest.param(None, id="unweighed")])
def test_every_prompt_has_words(kind: PromptKind, language: str, gtin: str | None, grams: float | None) -> None:
    shown = state(trip(prompts=(prompt(kind, gtin, grams=grams),)), Seat(surface=Surface(language)))
    (question,) = shown.questions
    assert question.title
    assert question.reason
    assert "{" not in question.title + question.reason
    assert question.kind == kind.value
    assert shown.language == language


@pytest.mark.parametrize("kind", PromptKind)
def test_no_prompt_accuses(kind: PromptKind) -> None:
    (question,) = state(trip(prompts=(prompt(kind),))).questions
    assert not ACCUSING.search(question.title + question.reason)
    assert "!" not in question.title + question.reason


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_have_the_same_words(language: str) -> None:
    english, found = cart_words("en"), cart_words(language)
    assert found.keys() == english.keys()
    assert not found.keys() & words_of(language).keys()
    names = {key: sorted(re.findall(r"{\w+}", text)) for key, text in found.items()}
    assert names == {key: sorted(re.findall(r"{\w+}", text)) for key, text in english.items()}


def test_languages_are_named_in_themselves() -> None:
    assert languages() == {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}


@pytest.mark.parametrize(
    ("kind", "options", "values"),
    [
        pytest.param(
            PromptKind.CHECK_COUNT, (Choice(PESTO, 2), Choice(PESTO, 1)), [f"{PESTO}*1", f"{PESTO}*2"], id="counts"
        ),
        pytest.param(
            PromptKind.CHECK_COUNT, (Choice(PESTO, 2), Choice(TEA, 1)), [f"{PESTO}*2", f"{TEA}*1"], id="two products"
        ),
        pytest.param(PromptKind.ENTER_QUANTITY, (), [f"{PESTO}*{n}" for n in range(1, 7)], id="any number"),
        pytest.param(PromptKind.CHOOSE_ITEM, (Choice(TEA), Choice("4011")), [TEA, "4011", "own", "none"], id="tiles"),
        pytest.param(
            PromptKind.CHOOSE_ITEM, (Choice("none"), Choice("own")), ["own", "none"], id="no goods among them"
        ),
        pytest.param(PromptKind.CHOOSE_REMOVED, (Choice(TEA),), [TEA, "own", "none"], id="taken out"),
        pytest.param(PromptKind.CHOOSE_CONTAINER, (Choice("paper bag"),), ["paper bag"], id="container"),
        pytest.param(PromptKind.CHECK_AGE, (), [], id="nothing to answer"),
    ],
)
def test_answers(kind: PromptKind, options: tuple[Choice, ...], values: list[str]) -> None:
    (question,) = state(trip(prompts=(prompt(kind, options=options),))).questions
    assert [answer.value for answer in question.answers] == values


def test_reasons_carry_their_numbers() -> None:
    (question,) = state(trip(prompts=(prompt(PromptKind.CHECK_COUNT),))).questions
    assert question.title == "How many of Basil pesto are in the cart?"
    assert question.reason == "The cart became 618 g heavier; one weighs 310 g."


def test_questions_come_before_what_needs_no_answer() -> None:
    told = prompt(PromptKind.CHECK_AGE, prompt_id="p0")
    asked = prompt(PromptKind.SCAN_ITEM, prompt_id="p2")
    cleared = prompt(PromptKind.SCAN_ITEM, prompt_id="p3", cleared_ns=NOW_NS)
    assert [question.prompt_id for question in state(trip(prompts=(told, asked, cleared))).questions] == ["p2", "p0"]


def test_a_line_says_what_it_costs_and_saves() -> None:
    shown = state(trip(line(TEA, 3), line(BANANAS, at_s=5, grams=912)))
    bananas, tea = shown.lines
    assert (bananas.name, bananas.detail, bananas.amount) == ("Bananas", "0.912 kg × 1.69/kg", "1.54")
    assert (tea.amount, tea.before, tea.savings[0].label, tea.savings[0].amount) == (
        "4.58", "6.87", "Three for two", "2.29",
    )  # fmt: skip
    assert (shown.total.amount, shown.total.saved, shown.total.items) == ("€6.12", "€2.29 saved", "4 items")
    assert shown.last is not None
    assert (shown.last.name, shown.last.amount, shown.last.picture) == (
        "Bananas", "€1.54", f"/v1/pictures/{BANANAS}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("more", "mark", "note"),
    [
        pytest.param({}, "sure", "", id="sure"),
        pytest.param({"probability": 0.6}, "unsure", "", id="not so sure"),
        pytest.param(
            {"quantity": 2, "proven_quantity": 1},
            "unsure",
            "1 counted. Somebody may look at the exit.",
            id="one of two",
        ),
        pytest.param({"by_sight": True}, "sure", "Known by its looks", id="by sight"),
        pytest.param({"off_percent": Decimal(30)}, "sure", "Sticker: 30% off", id="sticker"),
    ],
)
def test_what_is_open_about_a_line(more: dict[str, object], mark: str, note: str) -> None:
    (one,) = state(trip(replace(line(BREAD), **more))).lines  # type: ignore[arg-type]
    assert (one.state, one.note) == (mark, note)


def test_a_line_that_cannot_be_priced_leaves_the_rest() -> None:
    shown = state(trip(line(BREAD), line(BANANAS), line("1", at_s=1)))
    assert shown.total.minor == 349
    assert {one.gtin: one.note for one in shown.lines if one.minor is None} == {
        BANANAS: "Weighs in a moment", "1": "Price follows",
    }  # fmt: skip


def test_what_is_not_proven_is_not_in_the_total() -> None:
    shown = state(trip(line(BREAD, proven_quantity=0)))
    assert shown.total.minor == 0
    assert shown.lines[0].note == "Not sure yet, and not in the total."


def test_hints_say_what_one_more_saves() -> None:
    shown = state(trip(line(TEA, 2)))
    assert [hint.text for hint in shown.hints] == ["One more Green tea 20 bags is free"]


def test_offers_are_of_goods_like_those_in_the_cart() -> None:
    deals = state(trip(line(TEA))).deals
    assert [(deal.name, deal.offer, deal.price, deal.before) for deal in deals] == [
        ("Basil pesto", "Pesto week", "€1.99", "2.49")
    ]


@pytest.mark.parametrize(
    ("shown", "seat", "kind", "text"),
    [
        pytest.param(trip(flags=frozenset({"age"})), Seat(), "age", "A person looks at the age at the exit.", id="age"),
        pytest.param(trip(flags=frozenset({"help"})), Seat(), "help", "Somebody is on the way to you.", id="help"),
        pytest.param(
            trip(coupons=("no-such",)),
            Seat(),
            "coupon",
            "The coupon no-such does not fit today. Nothing is lost.",
            id="coupon",
        ),
        pytest.param(
            trip(faults=("x",)),
            Seat(),
            "fault",
            "Something on this cart does not work. You can go on shopping; at the exit somebody takes a short look.",
            id="fault",
        ),
        pytest.param(
            trip(),
            Seat(connection=Connection(False, START_NS)),
            "offline",
            "No network here. The cart works without; prices are those of 9:46 AM.",
            id="offline",
        ),
        pytest.param(
            trip(), Seat(ended="lane_check"), "lane", "Somebody comes for a short look. It takes a moment.", id="lane"
        ),
    ],
)
def test_notices(shown: Trip, seat: Seat, kind: str, text: str) -> None:
    found = state(shown, seat).notices
    assert [(notice.kind, notice.text.replace("\u202f", " ")) for notice in found] == [(kind, text)]


def test_old_prices_say_of_which_day_they_are() -> None:
    seat = Seat(connection=Connection(False, START_NS - 3 * 86_400 * 10**9))
    (notice,) = state(trip(), seat).notices
    assert "Mar 17, 2026" in notice.text


def test_faults_with_a_prompt_are_told_once() -> None:
    shown = state(trip(prompts=(prompt(PromptKind.SCALE_FAULT),), faults=("The scale does not answer.",)))
    assert (len(shown.questions), shown.notices) == (1, ())


@pytest.mark.parametrize(
    ("ages_s", "offered"),
    [
        pytest.param((), False, id="nothing tried"),
        pytest.param((5,), False, id="once"),
        pytest.param((5, 9), True, id="twice"),
        pytest.param((500, 900), False, id="long ago"),
    ],
)
def test_other_ways_are_offered_after_two_failed_tries(ages_s: tuple[int, ...], offered: bool) -> None:
    tries = tuple(Prompt(f"p{age}", PromptKind.UNKNOWN_CODE, NOW_NS - age * 10**9, cleared_ns=NOW_NS) for age in ages_s)
    shown = trip(prompts=tries, started_ns=START_NS - 10**12)
    assert state(shown).cannot_scan is offered


def test_something_scanned_since_ends_the_row_of_failures() -> None:
    tries = tuple(Prompt(f"p{age}", PromptKind.UNKNOWN_CODE, NOW_NS - age * 10**9) for age in (30, 20))
    assert not state(trip(line(BREAD, at_s=50), prompts=tries)).cannot_scan


@pytest.mark.parametrize(
    ("shown", "note"),
    [
        pytest.param(trip(), "Scan, or just put it in.", id="empty"),
        pytest.param(trip(line(BREAD)), "All sure. Scan, or just put it in.", id="sure"),
        pytest.param(
            trip(prompts=(prompt(PromptKind.SCAN_ITEM),)), "One question open. You can go on shopping.", id="one"
        ),
        pytest.param(trip(phase=Phase.PAYING), "Roll through the exit, or stay here. It takes a moment.", id="paying"),
        pytest.param(trip(phase=Phase.PAID), "Paid. Thank you, and see you soon.", id="paid"),
    ],
)
def test_the_line_below_the_total(shown: Trip, note: str) -> None:
    assert state(shown).total.note == note


def test_the_age_to_be_looked_at() -> None:
    assert state(trip(line(WINE), flags=frozenset({"age"}))).age_check == 16
    assert state(trip(line(WINE))).age_check == 0


def test_a_screen_is_json_and_the_same_twice() -> None:
    seat = Seat(Shopper("c1", "Mira", member=True), Surface("de", True))
    shown = trip(line(TEA, 2), line(BANANAS, grams=500), prompts=(prompt(PromptKind.CHECK_COUNT),))
    first, second = msgspec.json.encode(state(shown, seat)), msgspec.json.encode(state(shown, seat))
    assert first == second
    assert msgspec.json.decode(first, type=ScreenState) == state(shown, seat)
    assert "3,43\xa0€" in state(shown, seat).total.amount or state(shown, seat).total.amount.endswith("€")

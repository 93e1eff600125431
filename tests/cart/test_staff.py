"""What staff put right: acts over the belief, their checks, and who may sign in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aisle.cart.staff import StaffAct, StaffActError, after_staff, check_act
from aisle.cart.staff_list import LIST, LockedError, Member, StaffDoor, add_member, badge, hasher, read_staff
from aisle.cart.trip import Choice, PromptKind
from aisle.store.problems import StoreError
from cart.screen_kit import BANANAS, BREAD, PESTO, START_NS, TEA, Clock, line, prompt, shop, trip

TRIP = trip(
    line(TEA, 2, proven_quantity=1),
    line(BANANAS, grams=900),
    prompts=(prompt(PromptKind.CHECK_COUNT),),
    flags=frozenset({"age", "help"}),
)


def act(kind: str, about: str = "", **more: object) -> StaffAct:
    return StaffAct("a1", kind, "17", START_NS + 5, about, "counted", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("acts", "lines"),
    [
        pytest.param((), [(TEA, 2, 1), (BANANAS, 1, None)], id="nothing"),
        pytest.param((act("set_quantity", TEA, quantity=3),), [(TEA, 3, 3), (BANANAS, 1, None)], id="a quantity"),
        pytest.param((act("set_quantity", TEA, quantity=0),), [(BANANAS, 1, None)], id="none of it"),
        pytest.param((act("remove_line", BANANAS),), [(TEA, 2, 1)], id="a line away"),
        pytest.param(
            (act("add_line", gtin=BREAD, quantity=2),), [(TEA, 2, 1), (BANANAS, 1, None), (BREAD, 2, None)], id="added"
        ),
        pytest.param((act("remove_line", TEA), act("start_over")), [(TEA, 2, 1), (BANANAS, 1, None)], id="begun anew"),
        pytest.param((act("remove_line", "gone"),), [(TEA, 2, 1), (BANANAS, 1, None)], id="a line that has gone since"),
    ],
)
def test_lines_after_staff(acts: tuple[StaffAct, ...], lines: list[tuple[str, int, int | None]]) -> None:
    found = after_staff(TRIP, acts, shop()).lines
    assert [(one.gtin, one.quantity, one.proven_quantity) for one in found] == lines


def test_a_price_set_by_staff_is_the_label() -> None:
    tea, _ = after_staff(TRIP, (act("set_price", TEA, price_minor=99),), shop()).lines
    assert tea.label_minor == 99


def test_questions_and_flags_are_closed() -> None:
    found = after_staff(TRIP, (act("resolve_prompt", "p1"), act("resolve_audit", "flag:age")), shop())
    assert (found.open_prompts, found.prompts[0].answer, found.flags) == ((), "staff:17", {"help"})


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        pytest.param(act("set_quantity", "nothing"), "line_unknown", id="no such line"),
        pytest.param(act("set_quantity", BANANAS, quantity=2), "quantity_invalid", id="two of weighed goods"),
        pytest.param(act("set_quantity", TEA, quantity=1000), "quantity_invalid", id="too many"),
        pytest.param(act("set_price", TEA), "price_invalid", id="no price"),
        pytest.param(act("add_line", gtin="1"), "product_unknown", id="no such product"),
        pytest.param(act("add_line", gtin=BANANAS), "weight_missing", id="weighed goods without weight"),
        pytest.param(act("resolve_prompt", "p9"), "prompt_unknown", id="no such question"),
        pytest.param(act("clear_flag", "tag"), "flag_unknown", id="nothing to clear"),
        pytest.param(StaffAct("a", "void", "17", 0), "reason_missing", id="no reason"),
    ],
)
def test_acts_that_cannot_be_done(wrong: StaffAct, code: str) -> None:
    with pytest.raises(StaffActError) as caught:
        check_act(wrong, TRIP, shop())
    assert caught.value.code == code


def test_prompts_answered_by_the_shopper_stay_theirs() -> None:
    answered = replace(TRIP, prompts=(prompt(PromptKind.CHECK_COUNT, cleared_ns=START_NS, answer=Choice(PESTO).code),))
    assert after_staff(answered, (act("resolve_prompt", "p1"),), shop()).prompts[0].answer == PESTO


def door(clock: Clock) -> StaffDoor:
    return StaffDoor((Member("17", "Ada", hasher().hash("4711")),), clock, lambda: "token")


def test_signing_in_and_out() -> None:
    clock = Clock()
    staff = door(clock)
    assert staff.sign_in("17", "4712") is None
    assert staff.sign_in("18", "4711") is None
    found = staff.sign_in("17", "4711")
    assert found is not None
    assert (found[0].name, staff.member(found[1]), staff.member("other")) == ("Ada", found[0], None)
    staff.sign_out()
    assert staff.member(found[1]) is None


def test_who_does_nothing_is_signed_out() -> None:
    clock = Clock()
    staff = door(clock)
    staff.sign_in("17", "4711")
    clock.pass_s(170)
    assert staff.member("token") is not None
    clock.pass_s(170)
    assert staff.present is not None
    clock.pass_s(20)
    assert staff.present is None


def test_wrong_tries_wait_ever_longer() -> None:
    clock = Clock()
    staff = door(clock)
    for _ in range(5):
        assert staff.sign_in("17", "0000") is None
    with pytest.raises(LockedError, match="15 s"):
        staff.sign_in("17", "4711")
    clock.pass_s(16)
    assert staff.sign_in("17", "0000") is None
    with pytest.raises(LockedError, match="30 s"):
        staff.sign_in("17", "4711")
    clock.pass_s(31)
    assert staff.sign_in("17", "4711") is not None


@pytest.mark.parametrize(
    ("code", "found"),
    [
        pytest.param("17.4711", ("17", "4711"), id="a badge"),
        pytest.param(" 17.47.11 ", ("17", "47.11"), id="with a dot in its secret"),
        pytest.param("17.471", None, id="too short"),
        pytest.param("4000000000013", None, id="a product"),
        pytest.param("https://id.example/01/4000000000013", None, id="a digital link"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_badges(code: str, found: tuple[str, str] | None) -> None:
    assert badge(code) == found


def test_a_list_keeps_no_pin(tmp_path: Path) -> None:
    add_member(tmp_path, "17", "Ada", "4711")
    add_member(tmp_path, "18", "", "badge-secret")
    add_member(tmp_path, "17", "Ada L.", "4712")
    text = (tmp_path / LIST).read_text()
    assert "4711" not in text
    assert "badge-secret" not in text
    assert [(member.number, member.name) for member in read_staff(tmp_path)] == [("17", "Ada L."), ("18", "18")]
    assert StaffDoor(read_staff(tmp_path), Clock()).sign_in("17", "4712") is not None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param('[[staff]]\nnumber = "1"\n', r"staff\[1\].hash: found nothing", id="no hash"),
        pytest.param('[[staff]]\nnumber = "1"\nhash = "4711"\n', "no argon2id hash", id="a plain PIN"),
        pytest.param(
            '[[staff]]\nnumber = "a b"\nhash = "$argon2id$x"\n', "letters, digits or hyphens", id="a number with spaces"
        ),
        pytest.param("staff = 1\n", r"tables \[\[staff\]\]", id="no tables"),
    ],
)
def test_lists_with_faults(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / LIST).write_text(text)
    with pytest.raises(StoreError, match=told):
        read_staff(tmp_path)


@pytest.mark.parametrize(("number", "pin"), [("", "4711"), ("17", "12"), ("17", "4 711"), ("1" * 17, "4711")])
def test_numbers_and_pins_that_are_none(tmp_path: Path, number: str, pin: str) -> None:
    with pytest.raises(ValueError, match="found"):
        add_member(tmp_path, number, "", pin)

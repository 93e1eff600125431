"""A cart's session from its devices' readings to the trip: what shoppers do, what fails, what is answered."""

from __future__ import annotations

from decimal import Decimal

import pytest

from aisle.cart.session import CartSession
from aisle.cart.trip import Phase, Prompt, PromptKind
from aisle.sensing.cart.readings import ScaleReading, ScanReading, TapReading
from aisle.store.barcodes.numbers import price_verifier
from aisle.store.barcodes.rules import NumberRule
from aisle.store.codes import check_digit
from cart.trip_kit import (
    AVOCADO,
    BANANA,
    BEANS,
    BOX_G,
    GIN,
    HAM,
    JAM,
    MILK,
    NS,
    SOAP,
    T0,
    YOGHURT,
    Doing,
    amounts,
    asked,
    driven,
    ean,
    session,
    shop,
)

STRANGE = ean("500021310102")
OFF_30 = ean("983000000000")


def inside(first: str, item: str, value: str) -> str:
    """A German code of a shop's own: the item, and a value with its verifier."""
    return ean(f"{first}{item}{price_verifier(value)}{value}")


def on_milk(percent: int) -> str:
    code = f"97{MILK}{percent:02d}"
    return code + check_digit(code)


TRIPS = {
    "scanned and placed": (Doing().scan(5, MILK).put(6.5, 1062.0), {"Milk": 1}),
    "placed and then scanned": (Doing().put(5, 1062.0).scan(8, MILK), {"Milk": 1}),
    "scanned and kept in the hand": (Doing().scan(5, MILK), {}),
    "taken out with a word": (
        Doing().scan(5, MILK).put(6.5, 1062.0).scan(12, BEANS).put(13.5, 455.0)
        .tap(18, "remove").scan(19, BEANS).put(20.5, -455.0),
        {"Milk": 1},
    ),
    "taken out in silence": (
        Doing().scan(5, MILK).put(6.5, 1062.0).scan(12, BEANS).put(13.5, 455.0).put(19, -1062.0), {"Beans": 1},
    ),
    "an own bag": (
        Doing().tap(3, "own_bag", True).put(4, 230.0).tap(7, "own_bag", False).scan(12, MILK).put(13.5, 1062.0),
        {"Milk": 1},
    ),
    "an own thing": (
        Doing().scan(5, MILK).put(6.5, 1062.0)
        .tap(10, "personal_item", True).put(11, 180.0).tap(14, "personal_item", False),
        {"Milk": 1},
    ),
    "so many of them": (Doing().scan(5, YOGHURT).tap(6, "quantity", 4).put(8, 4 * 158.0), {"Yoghurt": 4}),
    "a quantity that is none": (Doing().scan(5, YOGHURT).tap(6, "quantity", 0).put(8, 158.0), {"Yoghurt": 1}),
    "loose goods by weight": (Doing().tap(5, "plu", BANANA).put(7, 843.0), {"Bananas": 843}),
    "loose goods weighed first": (Doing().put(5, 843.0).tap(8, "plu", BANANA), {"Bananas": 843}),
    "loose goods by the piece": (Doing().tap(5, "plu", AVOCADO).put(7, 3 * 196.0), {"Avocado": 3}),
    "a container named after the goods": (
        Doing().tap(5, "plu", "3000").tap(6, "container", "box").put(7.5, 312.0), {"Salad": 312 - int(BOX_G)},
    ),
    "a container named before the goods": (
        Doing().tap(4, "container", "box").tap(5, "plu", "3000").put(7.5, 312.0), {"Salad": 312 - int(BOX_G)},
    ),
    "a container the goods do not come in": (
        Doing().tap(5, "plu", "3000").tap(6, "container", "crate").put(7.5, 312.0), {"Salad": 312},
    ),
    "a weight inside the code": (Doing().scan(5, inside("29", "0012", "00420")).put(6.5, 431.0), {"Cheese": 420}),
    "known by its looks alone": (Doing().look(4, 4, milk=8.0, yoghurt=0.0).put(5.5, 1062.0), {"Milk": 1}),
    "put in while the cart rolls": (
        Doing().scan(5, MILK).put(6.5, 1062.0).roll(10, 14).scan(16, BEANS).put(17.5, 455.0), {"Milk": 1, "Beans": 1},
    ),
    "the camera and the scanner read one piece": (
        Doing().scan(5, YOGHURT).scan(6.8, YOGHURT, device="camera").put(8, 158.0), {"Yoghurt": 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("doing", "basket"), TRIPS.values(), ids=TRIPS.keys())
def test_what_lies_in_the_basket(doing: Doing, basket: dict[str, int]) -> None:
    trip = driven(doing.tap(28, "pay"), 32).finish()
    got = amounts(trip)
    assert got.keys() == basket.keys()
    assert [got[name] for name in basket] == pytest.approx(list(basket.values()), rel=0.005)
    assert trip.phase is Phase.PAYING


@pytest.mark.parametrize("device", ["scanner", "camera"])
def test_one_piece_read_by_two_devices_is_one_and_by_one_again_is_a_second(device: str) -> None:
    apart = driven(Doing().scan(5, MILK).put(7, 1062.0).scan(12, MILK, device=device).put(14, 1062.0), 30)
    assert amounts(apart.finish()) == {"Milk": 2}


PRICED = {
    "a sticker after its product": (Doing().scan(5, MILK).put(6.5, 1062.0).scan(8, OFF_30), None, Decimal(30)),
    "a sticker before its product": (Doing().scan(4, OFF_30).scan(6, MILK).put(7.5, 1062.0), None, Decimal(30)),
    "a sticker that names its product": (Doing().scan(5, on_milk(20), "Code128").put(6.5, 1062.0), None, Decimal(20)),
    "a naming sticker after its product": (
        Doing().scan(5, MILK).put(6.5, 1062.0).scan(9, on_milk(20), "Code128"), None, Decimal(20),
    ),
    "a sticker far too late": (Doing().scan(5, MILK).put(6.5, 1062.0).scan(40, OFF_30), None, None),
}  # fmt: skip


@pytest.mark.parametrize(("doing", "label", "off"), PRICED.values(), ids=PRICED.keys())
def test_clearance_stickers(doing: Doing, label: int | None, off: Decimal | None) -> None:
    trip = driven(doing, 45).finish()
    assert [(line.quantity, line.label_minor, line.off_percent) for line in trip.lines] == [(1, label, off)]


def test_a_price_inside_the_code_is_the_line_s_and_tells_the_weight() -> None:
    trip = driven(Doing().scan(5, inside("23", "0034", "01250")).put(6.5, 640.0), 20).finish()
    assert [(line.label_minor, line.grams) for line in trip.lines] == [(1250, 625)]


def test_a_shop_s_own_number_rule_goes_before_its_country_s() -> None:
    rules = (NumberRule("29IIIICVVVVVK", "kg", 2),)
    code = inside("29", "0012", "00042")
    trip = driven(Doing().scan(5, code).put(6.5, 431.0), 20, shop(number_rules=rules)).finish()
    assert amounts(trip) == {"Cheese": 420}


def test_a_coupon_is_kept_once_and_is_no_goods() -> None:
    coupon = ean("991234567890")
    trip = driven(Doing().scan(5, coupon).scan(9, coupon), 12).finish()
    assert (trip.coupons, trip.lines, trip.prompts) == ((coupon,), (), ())


def test_an_unknown_code_is_told_and_goes_with_the_next_good_one() -> None:
    doing = Doing().scan(5, STRANGE).scan(9, MILK).put(10.5, 1062.0)
    before, after = driven(doing, 7).trip, driven(doing, 14).trip
    assert [(p.kind, p.detail) for p in before.open_prompts] == [(PromptKind.UNKNOWN_CODE, STRANGE)]
    assert (len(asked(after, PromptKind.UNKNOWN_CODE)), after.open_prompts) == (1, ())


@pytest.mark.parametrize("doing", [Doing().scan(5, STRANGE), Doing().tap(5, "plu", "4999")], ids=["scanned", "typed"])
def test_an_unknown_code_goes_by_itself(doing: Doing) -> None:
    (prompt,) = driven(doing, 30).trip.prompts
    assert prompt.cleared_ns == pytest.approx(T0 + 25 * NS, abs=NS)


def test_goods_that_carts_do_not_sell_are_told_and_verified() -> None:
    trip = driven(Doing().scan(5, SOAP).put(6.5, 99.0), 20).finish()
    assert [(p.kind, p.gtin) for p in trip.open_prompts] == [(PromptKind.NOT_FOR_CART, SOAP)]
    assert (amounts(trip), trip.flags) == ({"Soap": 1}, {"verify"})


def test_flags_of_goods_and_of_the_shopper() -> None:
    trip = driven(Doing().scan(5, GIN).put(6.5, 1220.0).tap(9, "help"), 20).finish()
    assert trip.flags == {"age", "tag", "help"}


# ------------------------------------------------------------ the scale fails
@pytest.mark.parametrize(("fault", "words"), [("silent", "does not answer"), ("stuck", "is stuck")])
def test_without_a_scale_goods_count_when_scanned_and_it_is_taken_back(fault: str, words: str) -> None:
    doing = Doing().scan(5, MILK).put(6.5, 1062.0).scan(30, BEANS).put(31.5, 455.0).scan(56, JAM).put(57.5, 560.0)
    setattr(doing, fault, (12.0, 50.0))
    while_out, after = driven(doing, 40).trip, driven(doing, 70).finish()
    assert [words in text for text in while_out.faults] == [True]
    assert [p.kind for p in while_out.open_prompts] == [PromptKind.SCALE_FAULT]
    assert amounts(while_out) == {"Milk": 1, "Beans": 1}
    assert (after.faults, amounts(after)) == ((), {"Milk": 1, "Beans": 1, "Jam": 1})
    assert [p.cleared_ns is not None for p in asked(after, PromptKind.SCALE_FAULT)] == [True]


def test_without_a_scale_loose_goods_have_no_grams() -> None:
    made = session()
    for t, tap, value in ((1, "start", None), (5, "plu", BANANA), (9, "pay", None)):
        made.feed(TapReading(T0 + t * NS, T0 + t * NS, tap, value))
    assert [(line.gtin, line.grams) for line in made.finish().lines] == [(BANANA, None)]


def test_readings_that_say_nothing_change_nothing() -> None:
    made = session()
    for grams in (float("nan"), float("inf")):
        made.feed(ScaleReading(T0, T0, grams))
    made.feed(ScanReading(T0 + NS, T0 + NS, "", "no such symbology"))
    made.feed(TapReading(T0 + NS, T0 + NS, "quantity", "many"))
    made.feed(TapReading(T0 + NS, T0 + NS, "answer", {"prompt": "p9", "choice": "own"}))
    assert (made.trip.lines, [p.kind for p in made.trip.prompts]) == ((), [PromptKind.UNKNOWN_CODE])


# ------------------------------------------------------------ prompts and their answers
def answered(made: CartSession, kind: PromptKind, choice: str) -> Prompt:
    """Answer the open prompt of a kind, and let a moment pass."""
    (prompt,) = [p for p in made.trip.open_prompts if p.kind is kind]
    at = made.trip.t_ns
    made.feed(TapReading(at, at, "answer", {"prompt": prompt.prompt_id, "choice": choice}))
    made.tick(at + NS)
    return next(p for p in made.trip.prompts if p.prompt_id == prompt.prompt_id)


SOMETHING = Doing().put(5, 455.0)
TWO_FOR_ONE = Doing().scan(5, YOGHURT).put(6.5, 158.0).scan(15, YOGHURT).put(16.5, 316.0)
ANSWERS = {
    "what went in": (SOMETHING, PromptKind.SCAN_ITEM, BEANS, {"Beans": 1}),
    "two of what went in": (Doing().put(5, 316.0), PromptKind.SCAN_ITEM, f"{YOGHURT}*2", {"Yoghurt": 2}),
    "it is the shopper's own": (SOMETHING, PromptKind.SCAN_ITEM, "own", {}),
    "it is nothing": (SOMETHING, PromptKind.SCAN_ITEM, "none", {}),
    "three, by a number": (TWO_FOR_ONE, PromptKind.CHECK_COUNT, "3", {"Yoghurt": 3}),
    "three, by a choice": (TWO_FOR_ONE, PromptKind.CHECK_COUNT, f"{YOGHURT}*3", {"Yoghurt": 3}),
    "how many": (Doing().scan(5, HAM).put(6.5, 216.0), PromptKind.ENTER_QUANTITY, "1", {"Ham": 1}),
    "it will not go in": (Doing().scan(5, MILK), PromptKind.PLACE_ITEM, "none", {}),
}  # fmt: skip


@pytest.mark.parametrize(("doing", "kind", "choice", "basket"), ANSWERS.values(), ids=ANSWERS.keys())
def test_answers(doing: Doing, kind: PromptKind, choice: str, basket: dict[str, int]) -> None:
    made = driven(doing, 32)
    prompt = answered(made, kind, choice)
    assert (prompt.answer, prompt.cleared_ns is not None) == (choice, True)
    trip = made.finish()
    assert (amounts(trip), trip.open_prompts) == (basket, ())


def test_which_of_two_alike_left_is_asked_and_answered() -> None:
    light, heavy = 456.0, 456.0
    doing = Doing().scan(5, BEANS).put(6.5, light).look(12, 1, jam=0.0).scan(13, JAM).put(14.5, heavy).put(22, -456.0)
    made = driven(doing, 36)
    assert answered(made, PromptKind.CHOOSE_REMOVED, JAM).answer == JAM
    assert amounts(made.finish()) == {"Beans": 1}


def test_a_thing_that_is_gone_again_is_asked_no_longer() -> None:
    trip = driven(Doing().put(5, 455.0).put(20, -455.0), 32).finish()
    assert [p.cleared_ns is not None for p in asked(trip, PromptKind.SCAN_ITEM)] == [True]
    assert (trip.lines, abs(trip.unexplained_g) < 3.0) == ((), True)


def test_the_same_readings_give_the_same_trip() -> None:
    doing = Doing().scan(5, MILK).put(6.5, 1062.0).put(12, 300.0).scan(20, YOGHURT).put(21.5, 158.0).roll(24, 28)
    assert driven(doing, 35).finish() == driven(doing, 35).finish()


@pytest.mark.parametrize("seed", range(3))
def test_noise_changes_no_receipt(seed: int) -> None:
    doing = Doing().scan(5, MILK).put(6.5, 1062.0).scan(12, YOGHURT).put(13.5, 158.0).scan(19, JAM).put(20.5, 560.0)
    assert amounts(driven(doing, 30, seed=seed).finish()) == {"Milk": 1, "Yoghurt": 1, "Jam": 1}

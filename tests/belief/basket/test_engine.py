"""What the basket's belief makes of what people do at a cart."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest

from aisle.belief.basket.engine import BasketBelief
from aisle.belief.basket.evidence import Shown, Sight
from aisle.belief.basket.state import Kind
from aisle.belief.basket.summary import Summary, summed
from aisle.scales.basket import Level
from aisle.store.model import Product

NS = 1_000_000_000
T0 = 1_700_000_000 * NS
BANANA, AVOCADO = "4011", "4046"
PRODUCTS = {
    "2000000000015": Product("2000000000015", "milk", 1030.0, 129, weight_sigma_g=60.0),
    "2000000000022": Product("2000000000022", "yoghurt", 150.0, 59, weight_sigma_g=15.0),
    "2000000000039": Product("2000000000039", "jam", 340.0, 249, weight_sigma_g=220.0),
    "2000000000046": Product("2000000000046", "beans", 400.0, 99, weight_sigma_g=70.0),
    BANANA: Product(BANANA, "bananas", None, 199, sold_by_weight=True),
    AVOCADO: Product(AVOCADO, "avocado", 200.0, 149, weight_sigma_g=50.0),
}
MILK, YOGHURT, JAM, BEANS = (gtin for gtin in PRODUCTS if len(gtin) > 5)


@dataclass
class Cart:
    """A cart by hand: seconds, what is shown, and what the cell then weighs more or less."""

    belief: BasketBelief = field(default_factory=lambda: BasketBelief(PRODUCTS))
    level_g: float = 0.0
    levels: int = 1
    shown: int = 0
    ended: float = 0.0

    def __post_init__(self) -> None:
        self.belief.weigh(self._level(0.0, 1.0))

    def _level(self, since: float, until: float) -> Level:
        self.ended = until
        t0, t1 = T0 + int((until - 0.5) * NS), T0 + int(until * NS)
        return Level(self.levels, T0 + int(since * NS), t0, t1, self.level_g, 0.6, False)

    def weighs(self, t: float, grams: float) -> None:
        self.level_g += grams
        self.levels += 1
        self.belief.weigh(self._level(t, t + 1.0))

    def shows(
        self, t: float, gtin: str, *, leaves: bool = False, typed: bool = False, grams: float | None = None
    ) -> None:
        self.shown += 1
        self.belief.show(Shown(self.shown, T0 + int(t * NS), gtin, None, leaves, typed, grams))

    def sees(self, t: float, **nats: float) -> None:
        known = {{"milk": MILK, "yoghurt": YOGHURT, "banana": BANANA}[name]: n for name, n in nats.items()}
        self.belief.see(Sight(int(t), T0 + int(t * NS), T0 + int((t + 1) * NS), known))

    def later(self, t: float) -> None:
        self.belief.time(T0 + int(t * NS))

    @property
    def summary(self) -> Summary:
        return summed(self.belief.hypotheses, self.belief.goods)

    @property
    def basket(self) -> dict[str, int]:
        return {PRODUCTS[line.gtin].name: line.count for line in self.summary.lines}


def test_scanned_and_placed() -> None:
    cart = Cart()
    cart.shows(5, MILK)
    cart.weighs(6, 1065.0)
    assert cart.basket == {"milk": 1}
    assert cart.summary.probability > 0.99


def test_scanned_and_not_placed_is_not_in_the_basket() -> None:
    cart = Cart()
    cart.shows(5, MILK)
    cart.later(60)
    assert cart.basket == {}
    assert [w.pending.shown.gtin for w in cart.summary.waiting if w.odds > 0.9] == [MILK]


def test_two_scanned_and_placed_at_once() -> None:
    cart = Cart()
    cart.shows(5, BEANS)
    cart.shows(7, YOGHURT)
    cart.weighs(9, 462.0 + 161.0)
    assert cart.basket == {"beans": 1, "yoghurt": 1}


def test_placed_before_it_is_scanned() -> None:
    cart = Cart()
    cart.weighs(5, 462.0)
    cart.shows(8, BEANS)
    assert cart.basket == {"beans": 1}


def test_a_glass_jar_much_heavier_than_its_contents_is_still_itself() -> None:
    cart = Cart()
    cart.shows(5, JAM)
    cart.weighs(6, 556.0)
    assert cart.basket == {"jam": 1}


def test_two_placed_for_one_scan_once_the_product_has_been_weighed() -> None:
    cart = Cart()
    cart.shows(5, YOGHURT)
    cart.weighs(6, 161.0)
    cart.shows(15, YOGHURT)
    cart.weighs(16, 322.0)
    assert cart.basket == {"yoghurt": 3}
    assert any(doubt.extra > 0.9 for doubt in cart.summary.ins)


def test_a_second_read_of_the_same_piece_is_not_a_second_piece() -> None:
    cart = Cart()
    cart.shows(5, YOGHURT)
    cart.shows(5.6, YOGHURT)
    cart.weighs(7, 161.0)
    cart.later(40)
    assert cart.basket == {"yoghurt": 1}
    assert all(w.odds < 0.5 for w in cart.summary.waiting)


def test_something_nobody_showed_stays_unnamed() -> None:
    cart = Cart()
    cart.weighs(5, 730.0)
    cart.later(40)
    assert cart.basket == {}
    assert cart.summary.best.pieces[0].kind is Kind.UNKNOWN
    assert cart.summary.probability < 0.2


def test_something_the_camera_knows_is_named_by_sight() -> None:
    cart = Cart()
    cart.sees(4, milk=9.0, yoghurt=1.0)
    cart.weighs(5, 1062.0)
    cart.later(30)
    assert cart.basket == {"milk": 1}
    assert cart.summary.best.pieces[0].named is False


def test_the_camera_and_the_scale_disagree() -> None:
    cart = Cart()
    cart.sees(4, milk=9.0)
    cart.weighs(5, 300.0)
    cart.later(30)
    assert cart.basket == {}


def test_a_swap_for_something_of_another_weight_is_not_what_was_scanned() -> None:
    cart = Cart()
    cart.shows(5, YOGHURT)
    cart.weighs(6, 900.0)
    cart.later(40)
    assert "yoghurt" not in cart.basket


@pytest.mark.parametrize("said", [True, False], ids=["said", "silent"])
def test_taken_out_again(said: bool) -> None:
    cart = Cart()
    for t, gtin, grams in ((5, MILK, 1065.0), (15, BEANS, 462.0), (25, YOGHURT, 161.0)):
        cart.shows(t, gtin)
        cart.weighs(t + 1, grams)
    if said:
        cart.shows(35, BEANS, leaves=True)
    cart.weighs(36, -462.0)
    assert cart.basket == {"milk": 1, "yoghurt": 1}


def test_lifted_and_put_back_is_no_purchase() -> None:
    cart = Cart()
    cart.shows(5, MILK)
    cart.weighs(6, 1065.0)
    cart.weighs(15, -1064.0)
    cart.weighs(18, 1064.5)
    assert cart.basket == {"milk": 1}
    assert cart.summary.probability > 0.95


def test_a_hand_on_the_rim_leaves_no_trace() -> None:
    cart = Cart()
    cart.shows(5, MILK)
    cart.weighs(6, 1065.0)
    cart.weighs(15, 2300.0)
    cart.weighs(18, -2301.0)
    assert cart.basket == {"milk": 1}
    assert cart.summary.probability > 0.95


def test_own_things_that_were_announced_are_nobody_s_purchase() -> None:
    cart = Cart()
    cart.belief.own_things(T0 + 4 * NS, True)
    cart.weighs(5, 210.0)
    cart.belief.own_things(T0 + 8 * NS, False)
    cart.shows(12, YOGHURT)
    cart.weighs(13, 161.0)
    assert cart.basket == {"yoghurt": 1}
    assert cart.summary.probability > 0.9


@pytest.mark.parametrize("first", ["typed", "weighed"])
def test_loose_goods_weigh_what_the_scale_says(first: str) -> None:
    cart = Cart()
    steps = [lambda: cart.shows(5, BANANA, typed=True), lambda: cart.weighs(6, 843.0)]
    for step in steps if first == "typed" else steps[::-1]:
        step()
    (line,) = cart.summary.lines
    assert line.gtin == BANANA
    assert line.pieces[0].mean_g == pytest.approx(843.0, abs=1.5)


def test_loose_pieces_are_counted_by_their_weight() -> None:
    cart = Cart()
    cart.shows(5, AVOCADO, typed=True)
    cart.weighs(6, 590.0)
    assert cart.basket == {"avocado": 3}


def test_a_quantity_that_was_said_holds() -> None:
    cart = Cart()
    cart.shows(5, YOGHURT)
    cart.belief.quantity(T0 + 6 * NS, 4)
    cart.weighs(8, 4 * 161.0)
    assert cart.basket == {"yoghurt": 4}


def test_without_a_scale_what_is_scanned_counts() -> None:
    cart = Cart()
    cart.belief.scale_failed(T0 + 3 * NS)
    cart.shows(5, MILK)
    cart.shows(15, MILK)
    cart.shows(25, MILK, leaves=True)
    assert cart.basket == {"milk": 1}


def test_an_answer_names_what_went_in() -> None:
    cart = Cart()
    cart.weighs(5, 462.0)
    cart.later(20)
    cart.belief.answer(2, BEANS)
    assert cart.basket == {"beans": 1}


def test_odds_sum_to_one_and_the_same_evidence_gives_the_same_hypotheses() -> None:
    def run() -> list[object]:
        cart = Cart()
        for t, gtin, grams in ((5, MILK, 1065.0), (15, BEANS, 300.0), (25, YOGHURT, 161.0), (35, JAM, -161.0)):
            cart.shows(t, gtin)
            cart.weighs(t + 1, grams)
        assert sum(math.exp(h.logw) for h in cart.belief.hypotheses) == pytest.approx(1.0)
        return [(h.logw, h.state) for h in cart.belief.hypotheses]

    assert run() == run()

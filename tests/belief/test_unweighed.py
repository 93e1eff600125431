"""Where nothing weighs: a hand among goods, what it held before and after, and what the shelf looks like."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.belief.reaches import Grasp, Grasps
from aisle.belief.snapshot import restore, snapshot
from aisle.belief.unweighed import explain_reach
from aisle.vision.evidence import IdentityDoubt, ItemSight, ShelfSight
from belief.shop_kit import PLACE, Shop, small_shop

BINS = np.arange(0.025, 1.0, 0.05)
EMPTY, FULL = 0.08, 0.92


class Sighted(Shop):
    """A shop without plates; cameras see hands, their content, and shelves."""

    def __init__(self) -> None:
        super().__init__(small_shop())
        self.full = {}
        self.grasps = Grasps(self.engine.boards)
        self.all: list[Grasp] = []

    def reaches(
        self,
        who: str,
        gtin: str,
        before: float,
        after: float,
        *,
        gone: str | None = None,
        new: str | None = None,
        looked: bool = True,
        aside_m: float = 0.0,
    ) -> Grasp:
        """A hand goes to the place of a product for a second; pictures show what is gone or new at whose place."""
        assert self.full is not None
        gondola, shelf, x = PLACE[gtin]
        self.stand(who, gtin)
        self.full[who] = before
        self.watch(2.5)
        t0_ns = self.t_ns
        point = self.store.shelf_at[gondola, shelf].world(x + aside_m, 0.05, 0.12)
        self.watch(0.5, {who: point})
        self.full[who] = after
        self.watch(0.5, {who: point})
        t1_ns = self.t_ns
        self.watch(2.4)
        index = [s.key for s in self.store.shelves].index((gondola, shelf))
        if looked:
            self.engine.see(ShelfSight(index, t0_ns, t1_ns, BINS, changed(gone), changed(new)))
        grasps = self.grasps.over(self.engine.people, self.now_s)
        self.all += grasps
        (grasp,) = grasps
        return grasp

    def explained(self, grasp: Grasp, weighed: dict[int, np.ndarray] | None = None) -> bool:
        return explain_reach(self.engine, grasp, self.all, weighed or {})


def changed(gtin: str | None) -> np.ndarray:
    """(bins,) log ratios of a clear change at the place of a product."""
    if gtin is None:
        return np.full(len(BINS), -1.5)
    return np.where(np.abs(BINS - PLACE[gtin][2]) < 0.06, 3.0, -1.5)


def test_a_reach_is_told_once_with_its_place() -> None:
    shop = Sighted()
    grasp = shop.reaches("anna", "beans", EMPTY, FULL)
    assert (grasp.person, grasp.hand, grasp.shelves[0]) == ("anna", 1, 0)
    assert grasp.t1_s - grasp.t0_s == pytest.approx(1.0, abs=0.15)
    board = shop.engine.boards[0]
    assert board.bins_m[int(np.argmax(grasp.places[0]))] == pytest.approx(PLACE["beans"][2], abs=0.05)
    assert sum(float(np.exp(p).sum()) for p in grasp.places) == pytest.approx(1.0, abs=1e-3)
    assert shop.grasps.over(shop.engine.people, shop.now_s + 5.0) == []


def test_hands_that_hang_before_a_shelf_reach_nowhere() -> None:
    shop = Sighted()
    shop.stand("anna", "beans")
    shop.watch(6.0)
    assert shop.grasps.over(shop.engine.people, shop.now_s + 5.0) == []


@pytest.mark.parametrize(
    ("after", "gone", "looked", "basket", "sure"),
    [
        pytest.param(FULL, "beans", True, ("beans",), 0.7, id="taken: hand and shelf say so"),
        pytest.param(FULL, None, False, ("beans",), 0.4, id="taken: the hand alone says so"),
        pytest.param(FULL, "peas", True, ("peas",), 0.5, id="pictures tell neighbours apart"),
        pytest.param(EMPTY, None, True, (), 0.65, id="only touched"),
    ],
)
def test_what_a_reach_took(after: float, gone: str | None, looked: bool, basket: tuple[str, ...], sure: float) -> None:
    shop = Sighted()
    grasp = shop.reaches("anna", "beans", EMPTY, after, gone=gone, looked=looked, aside_m=0.08)
    assert shop.explained(grasp)
    assert shop.basket("anna") == basket
    assert sure < shop.sure("anna") < 0.999


def test_what_is_put_back_is_nobodys() -> None:
    shop = Sighted()
    shop.explained(shop.reaches("anna", "beans", EMPTY, FULL, gone="beans"))
    shop.explained(shop.reaches("anna", "beans", FULL, EMPTY, new="beans"))
    assert shop.basket("anna") == ()
    assert [a.sign for r in shop.engine.events for a in r.explanations[0][0]] == [-1, 1]


def test_a_thing_seen_in_the_hand_names_it() -> None:
    shop = Sighted()
    grasp = shop.reaches("anna", "beans", EMPTY, FULL, looked=False)
    at = shop.engine.people.nanoseconds(grasp.t1_s)
    shop.engine.see(ItemSight(at, "anna", 1, ("beans", "peas"), np.array([-1.5, 3.0]), -1.5))
    beside = Grasp("anna", 1, grasp.t0_s, grasp.t1_s, (0,), (spread("beans", "peas"),), grasp.inside)
    assert shop.explained(beside)
    assert shop.basket("anna") == ("peas",)


def spread(*gtins: str) -> np.ndarray:
    """(bins,) log probabilities, even over the places of some products."""
    bins = np.minimum(*(np.abs(BINS - PLACE[g][2]) for g in gtins)) < 0.1
    return np.where(bins, -np.log(bins.sum()), -60.0)


@pytest.mark.parametrize("rivals", [0, 1, 2])
def test_pictures_say_less_of_each_of_two_who_reached_there(rivals: int) -> None:
    shop = Sighted()
    grasp = shop.reaches("anna", "soap", EMPTY, EMPTY, gone="soap")
    shop.all += [
        Grasp(f"rival {i}", 1, grasp.t0_s, grasp.t1_s, grasp.shelves, grasp.places, grasp.inside) for i in range(rivals)
    ]
    shop.explained(grasp)
    took = dict(shop.engine.posterior("anna").baskets).get(("soap",), 0.0)
    assert took == pytest.approx((0.72, 0.50, 0.45)[rivals], abs=0.05)


def test_plates_that_weigh_leave_nothing_to_sight() -> None:
    shop = Sighted()
    grasp = shop.reaches("anna", "beans", EMPTY, FULL, gone="beans")
    everything = {s: np.ones(len(shop.engine.boards[s].bins_m), bool) for s in grasp.shelves}
    assert not shop.explained(grasp, everything)
    assert shop.engine.events == []


def test_who_was_exchanged_takes_for_the_other() -> None:
    shop = Sighted()
    shop.stand("bob", "oil")
    shop.explained(shop.reaches("anna", "beans", EMPTY, FULL, gone="beans"))
    shop.engine.see(IdentityDoubt(shop.t_ns, "anna", "bob", 0.9))
    shop.explained(shop.reaches("anna", "soap", EMPTY, FULL, gone="soap"))
    assert (shop.basket("anna"), shop.basket("bob")) == (("beans",), ("soap",))


def test_a_restart_changes_nothing() -> None:
    shop = Sighted()
    shop.explained(shop.reaches("anna", "beans", EMPTY, FULL, gone="beans"))
    again = restore(snapshot(shop.engine), shop.store)
    assert snapshot(again) == snapshot(shop.engine)
    later = shop.reaches("anna", "soap", EMPTY, FULL, gone="soap")
    shop.explained(later)
    assert shop.basket("anna") == ("beans", "soap")

"""Whose hand was there, and whose head was near."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.belief.people import FAR, KEEP_S, People, Track
from aisle.sensing.readings import TrackReading
from belief.shop_kit import PLACE, T0_NS, Shop, small_shop


def reached(shop: Shop, who: str, gtin: str, t0: float, t1: float) -> np.ndarray:
    """(bins,) log ratios on the board of that product."""
    index = [s.key for s in shop.store.shelves].index(PLACE[gtin][:2])
    board = shop.engine.boards[index]
    return shop.engine.people.reach(shop.engine.people.tracks[who], board.shelf, board.bins_m, t0, t1).places


def at(shop: Shop, gtin: str) -> int:
    return int(np.argmin(np.abs(shop.engine.boards[0].bins_m - PLACE[gtin][2])))


@pytest.fixture
def reach() -> Shop:
    """Anna reaches for soap at 2.5 s, bob stands beside her, cleo at the other gondola."""
    shop = Shop()
    shop.stand("bob", "soap", 0.4)
    shop.stand("cleo", "wine")
    shop.act("anna", "soap", 0.0, tell=False)
    return shop


def test_the_hand_tells_who_and_where(reach: Shop) -> None:
    anna = reached(reach, "anna", "soap", 2.5, 3.1)
    assert abs(int(np.argmax(anna)) - at(reach, "soap")) <= 1
    assert anna.max() > 2.0
    assert anna[at(reach, "honey")] < anna[at(reach, "soap")] - 3.0
    assert anna.max() > reached(reach, "bob", "soap", 2.5, 3.1).max() + 3.0


def test_far_is_far(reach: Shop) -> None:
    assert reached(reach, "cleo", "soap", 2.5, 3.1).max() == FAR


def test_ratios_are_finite_and_bounded(reach: Shop) -> None:
    for who in ("anna", "bob", "cleo"):
        for t0 in (0.0, 1.0, 2.5, 5.0, 500.0):
            ratios = reached(reach, who, "soap", t0, t0 + 0.6)
            assert np.isfinite(ratios).all()
            assert ratios.min() >= FAR


def test_heads_alone_prefer_the_nearer() -> None:
    shop = Shop(hands=False)
    shop.stand("bob", "honey")
    shop.act("anna", "soap", 0.0, tell=False)
    here = at(shop, "soap")
    assert reached(shop, "anna", "soap", 2.5, 3.1)[here] > reached(shop, "bob", "soap", 2.5, 3.1)[here]


def test_somebody_lost_for_a_moment_is_between_the_places() -> None:
    shop = Shop()
    shop.stand("anna", "soap")
    shop.watch(2.0)
    shop.leave("anna")
    shop.watch(1.2)
    shop.stand("anna", "soap")
    shop.watch(2.0)
    assert reached(shop, "anna", "soap", 2.4, 2.8)[at(shop, "soap")] > 0.0


def test_a_hand_resting_is_told_from_none(reach: Shop) -> None:
    board = reach.engine.boards[0]
    near = board.bins_m[(board.bins_m > 0.0) & (board.bins_m < 0.2)]
    people = reach.engine.people
    hand = people.resting(people.tracks["anna"], board.shelf, near, 2.5, 3.1)
    none = people.resting(people.tracks["anna"], board.shelf, near, 4.0, 5.5)
    assert hand > none + 1.0


def test_who_is_present(reach: Shop) -> None:
    reach.leave("cleo")
    reach.watch(8.0)
    people = reach.engine.people
    assert {k.ident for k in people.present(12.0, 13.0)} == {"anna", "bob"}
    assert {k.ident for k in people.present(5.0, 6.0)} == {"anna", "bob", "cleo"}


def test_a_hand_at_the_floor_is_noticed_once() -> None:
    shop = Shop()
    shop.stand("anna", "soap", 0.0)
    x, y = shop.where["anna"]
    shop.where["anna"] = (x, y - 1.0)
    shop.watch(1.0)
    shop.watch(2.0, {"anna": (x, y - 1.2, 0.1)})
    assert [who for _, who in shop.engine.people.contacts] == ["anna"]


def test_hands_into_the_lowest_shelf_are_not_at_the_floor() -> None:
    shop = Shop()
    shop.stand("anna", "soap")
    shop.watch(1.0)
    shop.watch(2.0, {"anna": shop.store.shelves[0].world(0.1, 0.1, -0.4)})
    assert shop.engine.people.contacts == []


def test_tracks_forget_slowly_and_stay_bounded() -> None:
    track = Track("anna")
    point, hands = np.zeros(3), np.zeros((2, 3))
    for i in range(30_000):
        track.add(i * 0.1, point, hands)
    assert len(track.t) < 8 * KEEP_S / 0.1
    assert track.t[track.n - 1] - track.t[0] >= KEEP_S
    assert (np.diff(track.t[: track.n]) > 0).all()


def test_frames_out_of_order_are_ignored() -> None:
    track = Track("anna")
    for t in (1.0, 2.0, 1.5, 2.0, 3.0):
        track.add(t, np.zeros(3), np.zeros((2, 3)))
    assert track.t[: track.n].tolist() == [1.0, 2.0, 3.0]


def _reached(sigma_m: float | None) -> tuple[float, float] | None:
    """Log ratios of a hand at 0.5 m of the first shelf: there, and 0.3 m beside it; None when it is passed over."""
    shop = small_shop()
    people, shelf = People(store=shop), shop.shelves[0]
    wrist = np.array(shelf.world(0.5, 0.1, 0.1))
    for i in range(30):
        people.observe(
            TrackReading(
                "people",
                T0_NS + i * 100_000_000,
                T0_NS + i * 100_000_000,
                ("anna",),
                np.array([shelf.world(0.5, -0.42, 1.0)], np.float32),
                np.ones(1, np.float32),
                np.stack([[wrist - np.array([0.6, 0.5, 0.0]), wrist]]).astype(np.float32),
                np.ones((1, 2), np.float32),
                None,
                None if sigma_m is None else np.full((1, 2), sigma_m, np.float32),
            )
        )
    hands = people.reach(people.tracks["anna"], shelf, np.array([0.2, 0.5]), 0.5, 2.5).hands
    return None if hands is None else (float(hands[1, 1]), float(hands[1, 0]))


def test_a_wrist_less_sure_of_its_place_tells_less() -> None:
    untold, usual, vague = _reached(None), _reached(0.035), _reached(0.115)
    assert untold is not None and usual is not None and vague is not None
    assert usual == pytest.approx(untold, abs=1e-6)
    assert vague[0] < usual[0] - 0.4
    assert vague[1] > usual[1] + 2.0


def test_a_wrist_that_may_be_anywhere_is_passed_over() -> None:
    assert _reached(0.2) is None

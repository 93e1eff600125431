"""Where people and cameras come out: boxes in pictures, fields of view on the plan, order of cards, camera faults."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.sensing.readings import HealthEntry
from aisle.store.geometry import project
from aisle.store.model import Camera
from aisle.walkout.view.baskets import amount, percent, shown_first
from aisle.walkout.view.camera_panel import camera_fault, fitted, person_box
from aisle.walkout.view.canvas import Rect
from aisle.walkout.view.floor_plan import Plan, field_of_view, gondola_outlines, plan_height
from aisle.walkout.view.side_panels import clock, current
from walkout.view.moments_kit import ABOVE, COLA, NORTH, NS, T0, basket, moment, shop

SEEN = {"before it": (NORTH, (2.0, 2.0)), "far": (NORTH, (6.0, 5.0)), "right below": (ABOVE, (3.5, 3.0))}


@pytest.mark.parametrize(("camera", "place"), SEEN.values(), ids=SEEN.keys())
def test_a_box_holds_head_and_feet(camera: Camera, place: tuple[float, float]) -> None:
    box = person_box(camera, np.array([*place, 1.65]))
    assert box is not None
    inside = np.clip(project(camera, np.array([[*place, 1.65], [*place, 0.02]])), 0, np.array([639, 359]))
    assert np.all((inside >= box[:2] - 1e-9) & (inside <= box[2:] + 1e-9))
    assert np.all(box >= 0) and np.all(box[[0, 2]] <= 639) and np.all(box[[1, 3]] <= 359)


UNSEEN = {
    "behind the camera": (NORTH, (-2.0, -2.0, 1.65)),
    "aside": (NORTH, (7.5, -2.0, 1.65)),
    "nowhere": (NORTH, (np.nan, np.nan, np.nan)),
}


@pytest.mark.parametrize(("camera", "head"), UNSEEN.values(), ids=UNSEEN.keys())
def test_who_is_not_in_the_picture_has_no_box(camera: Camera, head: tuple[float, float, float]) -> None:
    assert person_box(camera, np.array(head)) is None


def test_pictures_keep_their_shape() -> None:
    assert fitted(Rect(0, 0, 200, 200), (640, 360)) == Rect(0.0, 43.75, 200.0, 112.5)


def test_the_plan_has_north_up_and_the_floor_within() -> None:
    plan = Plan(shop(), Rect(10, 20, 700, 600))
    south, north = plan.at([[0.0, 0.0], [7.0, 6.0]])
    assert south == pytest.approx((10, 620))
    assert north == pytest.approx((710, 20))


def test_a_plan_wants_the_height_of_its_floor() -> None:
    assert plan_height(shop(), 700.0) == pytest.approx(600.0)


def test_gondolas_stand_where_their_shelves_do() -> None:
    outline = gondola_outlines(shop())[1]
    assert outline.min(axis=0) == pytest.approx((1.4, 5.5))
    assert outline.max(axis=0) == pytest.approx((2.6, 5.9))


def test_a_camera_sees_ahead_of_it() -> None:
    field = field_of_view(NORTH)
    ahead = np.subtract((3.6, 3.2), (0.3, 0.3))
    assert np.all((field - (0.3, 0.3)) @ ahead >= -1e-9)


def test_a_camera_that_looks_straight_down_sees_all_round() -> None:
    field = field_of_view(ABOVE)
    assert field.mean(axis=0) == pytest.approx((3.5, 3.0), abs=0.05)


def test_cards_stand_with_those_in_the_store_first() -> None:
    cards = [basket(1, left=True), basket(2), basket(3, left=True), basket(4)]
    assert [card.number for card in shown_first(cards)] == [2, 4, 3, 1]


AMOUNTS = {"euros": (637, "EUR", "€6.37"), "credit": (-50, "USD", "−$0.50"), "yen": (120, "JPY", "¥120")}


@pytest.mark.parametrize(("minor", "currency", "text"), AMOUNTS.values(), ids=AMOUNTS.keys())
def test_amounts_carry_their_sign(minor: int, currency: str, text: str) -> None:
    assert amount(minor, currency) == text


ODDS = {"certain": (1.0, "99.9 %"), "sure": (0.994, "99.4 %"), "likely": (0.9, "90 %"), "even": (0.5, "50 %")}


@pytest.mark.parametrize(("probability", "text"), ODDS.values(), ids=ODDS.keys())
def test_nothing_is_ever_certain(probability: float, text: str) -> None:
    assert percent(probability) == text


def test_a_basket_costs_what_its_lines_do() -> None:
    assert basket(1, COLA, COLA).total_minor == 396


FROZEN = HealthEntry("frozen", "camera north", "the picture stands still", T0 + NS, T0 + 3 * NS, camera="north")
FAULTS = {
    "before": (T0, "north", None), "during": (T0 + 2 * NS, "north", FROZEN), "after": (T0 + 4 * NS, "north", None),
    "another camera": (T0 + 2 * NS, "above", None),
}  # fmt: skip


@pytest.mark.parametrize(("t_ns", "camera_id", "found"), FAULTS.values(), ids=FAULTS.keys())
def test_a_camera_is_faulty_while_it_is(t_ns: int, camera_id: str, found: HealthEntry | None) -> None:
    assert camera_fault(camera_id, (FROZEN,), t_ns) is found


def test_grave_entries_stand_first() -> None:
    grave = HealthEntry("gap", "gondola 1", "no samples", T0, None, True)
    assert current((FROZEN, grave), T0 + 2 * NS) == [grave, FROZEN]


def test_the_clock_is_the_shops_own() -> None:
    assert clock(moment().t_ns, "Europe/Berlin").strftime("%H:%M:%S") == "10:00:09"

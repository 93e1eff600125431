"""Bodies that do what their scripts say."""

import numpy as np
import pytest

from aisle.simulation.people import LEFT, RIGHT, Person
from aisle.simulation.pictures.cast import Cast
from aisle.simulation.pictures.scene import BAG, BODY, HEAD, LEFT_HAND, RIGHT_HAND
from simulation.pictures.cast_people import reacher, stander, walker


def cast_of(*people: Person, seed: int = 4) -> Cast:
    return Cast(people, np.random.default_rng(seed), detail=0.3)


@pytest.mark.parametrize(
    ("hand", "target"),
    [
        pytest.param(RIGHT, (0.1, 0.55, 1.35), id="chest height"),
        pytest.param(LEFT, (-0.2, 0.60, 0.95), id="waist height, other hand"),
        pytest.param(RIGHT, (0.2, 0.50, 0.30), id="bottom board"),
        pytest.param(RIGHT, (0.0, 0.55, 1.75), id="top board"),
        pytest.param(LEFT, (-0.6, 0.50, 1.20), id="aside"),
        pytest.param(RIGHT, (-0.35, 0.55, 1.10), id="across the body"),
        pytest.param(RIGHT, (0.1, 0.80, 0.70), id="far and low"),
    ],
)
@pytest.mark.parametrize("stature_m", [1.55, 1.75, 1.92])
def test_the_reaching_wrist_gets_there_and_the_head_goes_along(
    hand: int, target: tuple[float, float, float], stature_m: float
) -> None:
    who = reacher(hand, target, stature_m=stature_m, arm_m=0.33 * stature_m)
    script = who.pose(np.array([6.0]), phase=0.0)
    posed = cast_of(who).posed(0, 6.0)
    assert np.linalg.norm(posed.wrists_m[hand] - script.wrists_m[0, hand]) < 0.02
    assert np.linalg.norm(posed.head_m - script.head_m[0]) < 0.14


@pytest.mark.parametrize("t", [2.3, 4.1, 6.4, 8.8, 12.6], ids=lambda t: f"at {t} s")
def test_head_and_feet_follow_the_script(t: float) -> None:
    who = walker()
    script = who.pose(np.array([t]), phase=0.0)
    posed = cast_of(who).posed(0, t)
    assert posed.feet_m == pytest.approx(script.feet_m[0], abs=0.02)
    assert np.linalg.norm(posed.head_m - script.head_m[0]) < 0.07


def test_a_hand_comes_back_to_where_it_was() -> None:
    posed = cast_of(reacher(RIGHT, (0.1, 0.55, 1.35)))
    before, after = (posed.posed(0, t).wrists_m for t in (3.99, 8.01))
    assert before == pytest.approx(after, abs=0.03)


def test_no_jumps_between_frames() -> None:
    cast = cast_of(reacher(LEFT, (-0.2, 0.60, 0.30)))
    points = np.stack([cast.posed(0, t).figure.points_m for t in np.arange(3.95, 5.1, 0.02)])
    assert np.abs(np.diff(points, axis=0)).max() < 0.13  # 6 m/s: no hand is faster


def test_everybody_looks_the_same_whoever_else_is_there() -> None:
    alone, together = cast_of(stander()), cast_of(stander(), walker())
    assert alone.look(0) == together.look(0)


def test_same_moment_same_bytes_in_any_order() -> None:
    who = reacher(RIGHT, (0.2, 0.50, 0.30))
    first, again = cast_of(who), cast_of(who)
    again.posed(0, 12.0)
    one, other = first.posed(0, 5.4), again.posed(0, 5.4)
    assert one.figure.points_m.tobytes() == other.figure.points_m.tobytes()
    assert one.hands.tobytes() == other.hands.tobytes()


def test_parts_of_a_figure_are_told_apart() -> None:
    cast = cast_of(stander(), stander(), stander(), stander(), stander())
    parts = [set(np.unique(cast.posed(j, 1.0).figure.part)) for j in range(5)]
    assert all(p >= {BODY, HEAD, LEFT_HAND, RIGHT_HAND} for p in parts)
    with_bag = [BAG in p for p in parts]
    assert with_bag == [bool(cast.look(j).bag or cast.look(j).load) for j in range(5)]


@pytest.mark.parametrize("hand", [LEFT, RIGHT], ids=["left", "right"])
def test_what_a_hand_holds_stands_up_in_the_hand(hand: int) -> None:
    posed = cast_of(reacher(hand, (0.0, 0.60, 1.20))).posed(0, 6.0)
    frame = posed.hands[hand]
    assert frame[:3, :3] @ frame[:3, :3].T == pytest.approx(np.eye(3), abs=1e-5)
    assert np.linalg.det(frame[:3, :3]) == pytest.approx(1.0, abs=1e-5)
    assert frame[2, 2] > 0.8
    of_hand = posed.figure.points_m[posed.figure.part == (LEFT_HAND if hand == LEFT else RIGHT_HAND)]
    assert np.linalg.norm(of_hand.mean(axis=0) - frame[:3, 3]) < 0.07


def test_fingers_close_round_a_thin_thing_further_than_round_a_thick_one() -> None:
    cast = cast_of(stander())
    spans = []
    for width in (0.03, 0.10):
        posed = cast.posed(0, 1.0, grip_m=(None, width))
        hand = posed.figure.points_m[posed.figure.part == RIGHT_HAND]
        spans.append(np.linalg.norm(hand - posed.wrists_m[RIGHT], axis=1).max())
    assert spans[0] < spans[1] - 0.01


def test_somebody_outside_has_no_body() -> None:
    with pytest.raises(ValueError, match=r"person 0 is in the shop from 0\.0 to 20\.0 s, not at 20\.5 s"):
        cast_of(stander()).posed(0, 20.5)

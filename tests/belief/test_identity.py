"""Track ids come and go; persons stay."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.belief.identity import Identities

DOOR, FAR = (0.0, 0.0), (6.0, 3.0)
Place = tuple[float, float]


class Floor:
    """Frames ten times a second; everybody in sight stands still unless moved."""

    def __init__(self) -> None:
        self.identities = Identities()
        self.t = 0.0
        self.seen: dict[str, Place] = {}

    def frames(self, seconds: float, **moves: Place) -> None:
        """Let time go by; `moves` brings people into sight or elsewhere."""
        self.seen.update(moves)
        for _ in range(round(seconds * 10)):
            self.identities.frame(
                self.t, tuple(self.seen), np.array(list(self.seen.values()), np.float64).reshape(-1, 2)
            )
            self.t += 0.1

    def lose(self, *idents: str) -> None:
        for i in idents:
            del self.seen[i]

    def walk(self, ident: str, start: Place, end: Place, seconds: float) -> None:
        steps = round(seconds * 10)
        for k in range(steps + 1):
            u = k / steps
            self.frames(0.1, **{ident: (start[0] + u * (end[0] - start[0]), start[1] + u * (end[1] - start[1]))})

    def enter(self, ident: str, place: Place) -> None:
        self.walk(ident, DOOR, place, 4.0)


def test_lost_and_found_is_one_person() -> None:
    floor = Floor()
    floor.enter("a", FAR)
    floor.frames(2.0)
    floor.lose("a")
    floor.frames(1.0)
    floor.frames(1.0, a2=(FAR[0] + 0.2, FAR[1]))
    assert floor.identities.person_of["a2"] == "a"
    assert floor.identities.confidence["a"] > 0.9


def test_two_lost_at_once_are_found_by_place() -> None:
    floor = Floor()
    floor.enter("a", FAR)
    floor.enter("b", (1.0, 4.0))
    floor.frames(2.0)
    floor.lose("a", "b")
    floor.frames(0.8)
    floor.frames(1.0, b2=(1.1, 4.0), a2=(FAR[0] - 0.1, FAR[1]))
    assert floor.identities.person_of["b2"] == "b"
    assert floor.identities.person_of["a2"] == "a"


def test_two_lost_side_by_side_are_unsure() -> None:
    floor = Floor()
    floor.enter("a", FAR)
    floor.enter("b", (FAR[0] + 0.3, FAR[1]))
    floor.frames(2.0)
    floor.lose("a", "b")
    floor.frames(1.0)
    floor.frames(0.5, x=(FAR[0] + 0.15, FAR[1]))
    assert min(floor.identities.confidence["a"], floor.identities.confidence["b"]) < 0.8


def test_who_leaves_by_the_door_is_not_who_enters_next() -> None:
    floor = Floor()
    floor.enter("a", FAR)
    floor.walk("a", FAR, DOOR, 5.0)
    floor.lose("a")
    floor.frames(3.0)
    floor.frames(1.0, b=DOOR)
    assert floor.identities.person_of["b"] == "b"


def test_who_enters_while_another_is_lost_elsewhere_is_new() -> None:
    floor = Floor()
    floor.enter("a", FAR)
    floor.frames(2.0)
    floor.lose("a")
    floor.frames(0.5)
    floor.frames(1.0, b=DOOR)
    assert floor.identities.person_of["b"] == "b"


def test_somebody_in_sight_is_never_somebody_else() -> None:
    floor = Floor()
    floor.enter("a", FAR)
    floor.frames(1.0, b=(FAR[0] + 0.1, FAR[1]))
    assert floor.identities.person_of == {"a": "a", "b": "b"}


def test_a_second_loss_joins_the_first_id() -> None:
    floor = Floor()
    floor.enter("a", FAR)
    for ident in ("a2", "a3"):
        floor.frames(1.5)
        floor.seen.clear()
        floor.frames(0.6)
        floor.frames(1.0, **{ident: FAR})
    assert floor.identities.person_of["a3"] == "a"


@pytest.mark.parametrize("place", [pytest.param((float("nan"), float("nan")), id="no place yet")])
def test_a_track_without_a_place_is_somebody(place: Place) -> None:
    floor = Floor()
    floor.enter("a", FAR)
    floor.frames(0.3, b=place)
    assert set(floor.identities.person_of) == {"a", "b"}
    assert all(0.0 <= c <= 1.0 for c in floor.identities.confidence.values())


def test_a_track_seen_beside_the_person_it_was_taken_for_is_somebody_else() -> None:
    floor = Floor()
    floor.frames(1.0, a=FAR)
    floor.lose("a")
    floor.frames(0.4)
    floor.frames(0.1, b=(FAR[0] + 0.3, FAR[1]))
    assert floor.identities.person_of["b"] == "a"
    floor.frames(1.0, a=(FAR[0] - 0.5, FAR[1]))  # the one who was lost shows up beside
    assert floor.identities.person_of == {"a": "a", "b": "b"}


@pytest.mark.parametrize(
    ("off_m", "seconds"), [(0.1, 3.0), (0.8, 0.2), (float("nan"), 3.0)], ids=["one spot", "a blink", "no place"]
)
def test_a_double_on_one_spot_or_for_a_blink_stays_the_same_person(off_m: float, seconds: float) -> None:
    floor = Floor()
    floor.frames(1.0, a=FAR)
    floor.lose("a")
    floor.frames(0.4)
    floor.frames(0.1, b=FAR)
    floor.frames(seconds, a=(FAR[0] + off_m, FAR[1]))
    assert floor.identities.person_of["b"] == "a"

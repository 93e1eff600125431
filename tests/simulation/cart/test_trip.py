"""Trips: truth fits the scale, equal seeds give equal trips, and every situation runs and says what is true."""

import msgspec
import numpy as np
import pytest

from aisle.sensing.cart.readings import CartTrip
from aisle.simulation.cart.catalogue import Catalogue, grocery
from aisle.simulation.cart.cell import CellModel
from aisle.simulation.cart.situations import load_all
from aisle.simulation.cart.trip import Plan, SimulatedTrip, mixed_plan, simulate_trip
from aisle.simulation.cart.truth import TripTruth, contents, lines_of

SPOILT = {"scale-drifts", "scale-stuck", "scale-unplugged", "scale-saturated"}
NEEDS_PERSON = {"check age", "remove tag"}
SITUATIONS = sorted(load_all())
QUIET = CellModel(noise_g=0.5, drift_g=0.0, cold_g=0.0, gain=0.0, corner=0.0, creep=0.0, lost=0.0)


@pytest.fixture(scope="module")
def shop() -> Catalogue:
    return grocery(np.random.default_rng(1))


def _bytes(trip: SimulatedTrip) -> bytes:
    return msgspec.msgpack.encode([msgspec.to_builtins(reading) for reading in trip.readings()])


def test_there_are_forty_situations() -> None:
    assert len(SITUATIONS) == 40


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_runs_and_its_truth_holds_together(shop: Catalogue, name: str) -> None:
    trip = simulate_trip(shop, 7, Plan(4, (name,)))
    truth = trip.truth
    doubtful = load_all()[name].doubtful
    asked = [d for d in truth.doubts if name == "restricted-goods" or d.kind not in NEEDS_PERSON]
    assert truth.situations == (name,)
    assert bool(asked) is doubtful
    assert truth.lines == lines_of(truth.events, truth.by_weight)
    assert all(truth.start_ns <= d.t0_ns <= d.t1_ns <= truth.end_ns for d in truth.doubts)
    times = [event.t_ns for event in truth.events]
    assert times == sorted(times)


@pytest.mark.parametrize("name", sorted(set(SITUATIONS) - SPOILT))
@pytest.mark.parametrize("seed", [1, 2])
def test_the_scale_settles_at_the_sum_of_what_lies_in_the_basket(shop: Catalogue, name: str, seed: int) -> None:
    trip = simulate_trip(shop, seed, Plan(5, (name,), cell=QUIET))
    inside = sum(event.grams for event in contents(trip.truth.events))
    assert abs(float(np.median(trip.scale.grams[-50:])) - inside) < 4.0


def test_equal_seeds_give_equal_bytes_and_others_do_not(shop: Catalogue) -> None:
    plan = Plan(5, ("exchanged",))
    first, again, other = (simulate_trip(shop, seed, plan) for seed in (3, 3, 4))
    assert _bytes(first) == _bytes(again)
    assert first.truth == again.truth
    assert _bytes(first) != _bytes(other)


def test_a_trip_is_a_trip_as_the_sensing_room_knows_them(shop: Catalogue) -> None:
    trip = simulate_trip(shop, 5, Plan(6))
    received = [reading.received_ns for reading in trip.readings()]
    assert isinstance(trip, CartTrip)
    assert received == sorted(received)
    assert all(reading.received_ns >= reading.t_ns for reading in trip.readings())


def test_truth_survives_its_json(shop: Catalogue) -> None:
    truth = simulate_trip(shop, 6, Plan(5, ("own-bag", "produce-by-looks"))).truth
    again = TripTruth.of_json(msgspec.json.decode(msgspec.json.encode(truth.as_json())))
    assert again == truth


def test_a_situation_nobody_knows_is_refused(shop: Catalogue) -> None:
    with pytest.raises(ValueError, match="situation 'flood' is not known"):
        simulate_trip(shop, 1, Plan(3, ("flood",)))


def test_situations_take_turns() -> None:
    rng = np.random.default_rng(0)
    met = [name for number in range(60) for name in mixed_plan(number, rng).situations]
    assert {met.count(name) for name in SITUATIONS} == {3}

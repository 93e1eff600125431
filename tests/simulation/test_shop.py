"""Whole recordings: the same every time, and true to themselves."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from aisle.sensing.readings import PlateReading, Reading, Recording, TrackReading
from aisle.simulation import shop
from aisle.simulation.dynamics import PRESETS, Dynamics
from aisle.simulation.floor import BODY_M
from aisle.simulation.recording import Simulated, record
from aisle.simulation.scenes import SCENES
from aisle.simulation.shop import simulate_afternoon, simulate_scene
from aisle.simulation.world import World
from aisle.store.example import example_store

STORE = example_store()
STILL = Dynamics(
    white_g=(0.1, 0.0),
    flicker=0.0,
    drift_g_per_min=0.0,
    gain_error=0.0,
    creep=(0.0, 0.0),
    leak=(0.0, 0.0),
    sway_per_stop=0.0,
    sway_after_step=0.0,
    truck_per_min=0.0,
    batch_loss=0.0,
    burst_loss_per_min=0.0,
)


def plates(recording: Simulated) -> list[PlateReading]:
    return [r for r in recording.readings() if isinstance(r, PlateReading)]


def frames(recording: Simulated) -> list[TrackReading]:
    return [r for r in recording.readings() if isinstance(r, TrackReading)]


def bytes_of(recording: Simulated) -> bytes:
    parts = [json.dumps(recording.truth.as_json()).encode(), repr(recording.store.facings).encode()]
    for r in plates(recording):
        parts.append(repr((r.t_ns, r.received_ns, r.gondola)).encode() + r.grams.tobytes())
    for f in frames(recording):
        parts.append(repr((f.t_ns, f.received_ns, f.ids)).encode() + f.heads_m.tobytes() + f.wrists_m.tobytes())
    return b"".join(parts)


def owed(events: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Receipts retold from the events alone: the last who lifted an item owes it, unless it came back or fell."""
    last = {e["item"]: e for e in events if e["kind"] in ("pick", "put", "drop")}
    return Counter((e["target_id"], e["barcode"]) for e in last.values() if e["kind"] == "pick")


@pytest.fixture
def worlds(monkeypatch: pytest.MonkeyPatch) -> list[World]:
    """The worlds behind the recordings made while the test runs."""
    seen: list[World] = []

    def remembering(world: World, **rest: Any) -> Simulated:
        seen.append(world)
        return record(world, **rest)

    monkeypatch.setattr(shop, "record", remembering)
    return seen


@pytest.mark.parametrize("kind", SCENES)
def test_truth_agrees_with_the_events(kind: str) -> None:
    truth = simulate_scene(STORE, kind, 11).truth
    customers = {who for who, role in truth.roles.items() if role == "customer"}
    told = {key: n for key, n in owed(list(truth.events)).items() if key[0] in customers}
    assert told == {(who, gtin): n for who, lines in truth.receipts.items() for gtin, n in lines.items()}
    assert set(truth.receipts) == set(truth.roles)
    assert (truth.case, truth.group) == (kind, SCENES[kind].group)
    assert all(0 < e["t"] < truth.duration_s for e in truth.events)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda seed: simulate_scene(STORE, "busy_shop", seed), id="scene"),
        pytest.param(lambda n: simulate_scene(STORE, "short_list", n, cells="shelf", tracks="rough"), id="one cell"),
        pytest.param(lambda seed: simulate_afternoon(STORE, seed=seed, minutes=2.0), id="afternoon"),
    ],
)
def test_a_seed_is_a_recording(make: Callable[[int], Simulated]) -> None:
    assert bytes_of(make(3)) == bytes_of(make(3))
    assert bytes_of(make(3)) != bytes_of(make(4))


@pytest.mark.parametrize("preset", PRESETS)
def test_nobody_walks_through_fixtures(preset: str, worlds: list[World]) -> None:
    simulate_afternoon(STORE, seed=5, minutes=3.0, dynamics=PRESETS[preset])
    world = worlds[0]
    for who in world.people:
        feet = who.pose(np.arange(who.t_in, who.t_out, 0.05), phase=0.0).feet_m
        assert world.floor.clearance(feet).min() > BODY_M - 0.03
        assert np.hypot(*np.diff(feet, axis=0).T).max() < 0.12


def test_hands_are_where_things_are_taken(worlds: list[World]) -> None:
    simulate_afternoon(STORE, seed=6, minutes=3.0)
    world = worlds[0]
    people = {who.ident: who for who in world.people}
    lifts = [(d, d.spot) for d in world.deeds if d.kind == "pick" and d.spot is not None]
    gaps = []
    for deed, spot in lifts:
        place = world.shelf(spot).world(spot.x_m, spot.depth_m, 0.08)
        wrists = people[deed.person].pose(np.array([deed.t]), 0.0).wrists_m[0]
        gaps.append(np.linalg.norm(wrists - place, axis=1).min())
    assert len(gaps) > 15
    assert np.percentile(gaps, 90) < 0.25


@pytest.mark.parametrize("cells", ["plate", "shelf"])
def test_weight_is_conserved(cells: Any, worlds: list[World]) -> None:
    recording = simulate_scene(STORE, "busy_shop", 7, dynamics=STILL, cells=cells)
    sign = {"pick": -1.0, "put": 1.0}
    moved: defaultdict[int, float] = defaultdict(float)
    for e in recording.truth.events:
        moved[e["gondola"]] += sign.get(e["kind"], 0.0) * (e["grams"] or 0.0)
    for gondola in {s.gondola for s in STORE.shelves}:
        grams = [r.grams for r in plates(recording) if r.gondola == gondola]
        change = np.nansum(np.concatenate(grams[-5:]).mean(axis=0) - np.concatenate(grams[:5]).mean(axis=0))
        assert change == pytest.approx(moved[gondola], abs=3.0)


def test_readings_arrive_in_order_and_have_the_shape_of_the_shop() -> None:
    recording = simulate_scene(STORE, "batches_lost", 2)
    received = [r.received_ns for r in recording.readings()]
    assert isinstance(recording, Recording)
    assert received == sorted(received)
    assert all(r.received_ns > r.t_ns for r in recording.readings())
    shapes = {(r.gondola, r.grams.shape) for r in plates(recording)}
    assert shapes == {(1, (12, 5, 12)), (2, (12, 5, 10)), (3, (12, 4, 12))}
    assert len(plates(recording)) < 3 * recording.truth.duration_s * 5


def test_one_cell_under_each_board() -> None:
    recording = simulate_scene(STORE, "one_item", 2, cells="shelf")
    assert recording.store.plate_count == len(STORE.shelves)
    assert {r.grams.shape[2] for r in plates(recording)} == {1}
    assert {f.plates for f in recording.store.facings} == {(1,)}


def test_the_recording_knows_its_staff_and_nothing_else_of_the_truth() -> None:
    recording = simulate_scene(STORE, "restocking", 2)
    staff = {who for who, role in recording.truth.roles.items() if role == "staff"}
    assert recording.store.staff == staff
    assert len(staff) == 1
    assert recording.truth.receipts[staff.pop()] == {}


def test_rough_tracks_are_billed_to_the_id_at_the_entrance() -> None:
    recording = simulate_scene(STORE, "busy_shop", 4, tracks="rough")
    tracked = {name for f in frames(recording) for name in f.ids}
    assert tracked <= set(recording.truth.links)
    assert set(recording.truth.links.values()) == set(recording.truth.receipts)
    assert len(tracked) > len(recording.truth.receipts)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(lambda: simulate_scene(STORE, "ballet", 1), "ballet.*not known", id="unknown scene"),
        pytest.param(lambda: simulate_afternoon(STORE, seed=1, minutes=0), "minutes is 0", id="no time"),
        pytest.param(lambda: simulate_afternoon(STORE, seed=1, visitors=0), "visitors is 0", id="no visitors"),
    ],
)
def test_wrong_wishes_say_what_is_wrong(call: Callable[[], Simulated], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_an_afternoon_is_busy() -> None:
    told: list[tuple[int, int]] = []
    recording = simulate_afternoon(STORE, seed=9, minutes=4.0, visitors=20, progress=lambda n, of: told.append((n, of)))
    inside = [len(f.ids) for f in frames(recording)]
    items = sum(sum(lines.values()) for lines in recording.truth.receipts.values())
    assert told == [(n, 20) for n in range(1, 21)]
    assert max(inside) >= 3
    assert 25 < items < 120
    assert math.isclose(recording.truth.duration_s, len(plates(recording)) / 15, rel_tol=0.01)


def test_readings_can_be_written_anywhere() -> None:
    class Shoebox:
        def __init__(self) -> None:
            self.inside: list[Reading] = []

        def write(self, reading: Reading) -> None:
            self.inside.append(reading)

    box, recording = Shoebox(), simulate_scene(STORE, "one_item", 1)
    recording.write(box)
    assert tuple(box.inside) == recording.sent

"""A recording of pixels and weights alone becomes receipts: rendered cameras, shipped networks, nobody given."""

from __future__ import annotations

from aisle.sensing.readings import FrameReading, TrackReading
from aisle.simulation.recording import Watch
from aisle.simulation.shop import simulate_scene
from aisle.store.example import example_store
from aisle.walkout.replay import Replay, ReplayOptions


def test_who_came_and_took_is_found_from_pixels() -> None:
    watch = Watch(cameras=3, fps=5.0, tracks=False)
    simulated = simulate_scene(example_store(), "one_item", 4, watch=watch)
    kinds = {type(reading) for reading in simulated.sent}
    assert TrackReading not in kinds and FrameReading not in kinds
    outcome = Replay(simulated, ReplayOptions()).run()
    (taken,) = simulated.truth.receipts.values()
    billed = [{line.gtin: line.quantity for line in r.lines} for r in outcome.receipts]
    assert taken in billed
    assert sum(map(bool, billed)) == 1

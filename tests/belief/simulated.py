"""Simulated scenes as the stream the engine is fed: frames of the tracker and episodes, in order of time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Literal, cast

from aisle.belief.engine import BeliefEngine
from aisle.scales.change import Episode
from aisle.scales.detector import ChangeDetector
from aisle.sensing.grid import PlateGrid
from aisle.sensing.readings import PlateReading, TrackReading
from aisle.simulation.recording import Simulated
from aisle.simulation.shop import simulate_scene
from aisle.store.example import example_store
from aisle.store.model import Store

Item = TrackReading | Episode
BATCHES = 40  # plate readings between two looks of the detector


@cache
def recorded(kind: str, seed: int, tracks: str = "clean", cells: str = "plate") -> Simulated:
    return simulate_scene(
        example_store(),
        kind,
        seed,
        tracks=cast(Literal["clean", "rough"], tracks),
        cells=cast(Literal["plate", "shelf"], cells),
    )


@cache
def stream(kind: str, seed: int, tracks: str = "clean", cells: str = "plate") -> tuple[Store, tuple[Item, ...]]:
    """The shop, and everything the engine hears of one scene."""
    simulated = recorded(kind, seed, tracks, cells)
    return simulated.store, tuple(_items(simulated))


def _items(simulated: Simulated) -> Iterator[Item]:
    grid = PlateGrid(simulated.store)
    detector = ChangeDetector([s.plate_count for s in simulated.store.shelves])
    waiting = 0
    for reading in simulated.readings():
        if isinstance(reading, TrackReading):
            yield reading
            continue
        assert isinstance(reading, PlateReading)
        grid.push(reading)
        waiting += 1
        if waiting % BATCHES == 0 and (block := grid.take(None)) is not None and len(block.grams):
            yield from detector.feed(block.t0_ns, block.grams)
    if (block := grid.flush()) is not None and len(block.grams):
        yield from detector.feed(block.t0_ns, block.grams)
    yield from detector.flush()


def feed(engine: BeliefEngine, items: Sequence[Item]) -> None:
    for item in items:
        if isinstance(item, Episode):
            engine.explain(item)
        else:
            engine.observe(item)

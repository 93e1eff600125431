"""Trips as files: the recording a cart would have made, the truth beside it, and the store folder they belong to."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable
from pathlib import Path

from aisle.sensing.cart.readings import CartReading
from aisle.sensing.cart.recording import CartRecordingWriter
from aisle.sensing.readings import FrameReading
from aisle.simulation.cart.catalogue import Catalogue
from aisle.simulation.cart.trip import SimulatedTrip
from aisle.simulation.cart.truth import TripTruth
from aisle.store.folder import write_store

STORE = "store"
TRUTH_SUFFIX = ".truth.json"


def write_trip(trip: SimulatedTrip, folder: Path, frames: Iterable[FrameReading] = ()) -> Path:
    """Write `<trip>.mcap` and `<trip>.truth.json`; returns the recording's path.

    `frames` are the scan camera's pictures in order of receipt; they are merged in, never kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{trip.name}.mcap"
    pictures: Iterable[CartReading] = frames
    with CartRecordingWriter(path, trip.cart_id, trip.network) as writer:
        for reading in heapq.merge(trip.readings(), pictures, key=lambda r: r.received_ns):
            writer.write(reading)
    truth = json.dumps(trip.truth.as_json(), indent=1, ensure_ascii=False) + "\n"
    (folder / f"{trip.name}{TRUTH_SUFFIX}").write_text(truth, encoding="utf-8")
    return path


def read_truth(path: Path) -> TripTruth:
    """The truth of a trip's file.  Raises OSError or ValueError where there is none."""
    return TripTruth.of_json(json.loads(path.read_text(encoding="utf-8")))


def write_catalogue(catalogue: Catalogue, folder: Path) -> Path:
    """Write the store folder `<folder>/store`; returns its path."""
    path = folder / STORE
    write_store(catalogue.store, path)
    return path

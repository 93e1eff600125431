"""A recording of pixels and weights alone becomes receipts and clips: rendered cameras, shipped networks, nobody
given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from aisle.sensing.readings import FrameReading, HealthEntry, Reading, TrackReading
from aisle.simulation.recording import Simulated, Watch
from aisle.simulation.shop import simulate_scene
from aisle.store.example import example_store
from aisle.walkout.clip_folder import ClipWish
from aisle.walkout.replay import Replay, ReplayOptions


@dataclass
class Kept:
    """The simulation as a recording; its pictures are kept as they pass, for rendering them again takes long."""

    simulated: Simulated
    pictures: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.name, self.store = self.simulated.name, self.simulated.store

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        return self.simulated.health

    def readings(self) -> Iterator[Reading]:
        for reading in self.simulated.readings():
            if isinstance(reading, FrameReading):
                self.pictures[reading.camera, reading.t_ns] = reading.jpeg
            yield reading


def decoded(jpeg: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.int16)


def test_who_came_and_took_is_found_from_pixels_and_shown_without_a_face(tmp_path: Path) -> None:
    watch = Watch(cameras=3, fps=5.0, tracks=False)
    simulated = simulate_scene(example_store(), "one_item", 4, watch=watch)
    kinds = {type(reading) for reading in simulated.sent}
    assert TrackReading not in kinds and FrameReading not in kinds
    recording = Kept(simulated)
    outcome = Replay(recording, ReplayOptions(clips=ClipWish(tmp_path))).run()
    (taken,) = simulated.truth.receipts.values()
    billed = [{line.gtin: line.quantity for line in r.lines} for r in outcome.receipts]
    assert taken in billed
    assert sum(map(bool, billed)) == 1
    (clip,) = [event.clip for event in outcome.events]
    assert clip is not None
    frames = json.loads((tmp_path / clip / "timeline.json").read_text())["frames"]
    assert len(frames) > 10
    for frame in frames:  # somebody is in every picture, and something of everybody is hidden
        before = decoded(recording.pictures[frame["camera"], frame["t_ns"]])
        changed = np.abs(decoded((tmp_path / clip / frame["file"]).read_bytes()) - before).max(axis=2)
        assert (changed > 30).sum() > 20

"""The running shop: the same receipts as a replay of what it recorded, baskets as they change, a clean end."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from msgspec.structs import replace as revised
from rich.console import Console

from aisle.sensing.cameras import LiveCameras
from aisle.sensing.mcap_file import RecordingWriter
from aisle.sensing.readings import FrameReading, HealthEntry, PlateReading, Reading, TrackReading
from aisle.sensing.recordings import open_recording
from aisle.simulation.shop import simulate_scene
from aisle.store.example import example_store
from aisle.store.folder import write_store
from aisle.store.model import Camera, Store
from aisle.vision.evidence import Evidence
from aisle.walkout.eyes import Eyes
from aisle.walkout.live import BasketChange, LiveShop, told_once
from aisle.walkout.live_command import LiveWish, run_live
from aisle.walkout.outcome import Outcome
from aisle.walkout.replay import Replay, ReplayOptions

NS = 1_000_000_000
SIMULATED = simulate_scene(example_store(), "one_item", 1)
READINGS: list[Reading] = list(SIMULATED.readings())
START_NS = READINGS[0].received_ns
LENGTH_S = (READINGS[-1].received_ns - START_NS) / NS
((SHOPPER, BASKET),) = SIMULATED.truth.receipts.items()


@dataclass
class Glimpse:
    reading: TrackReading
    evidence: tuple[Evidence, ...] = ()


class Rememberer:
    """Eyes that saw the tracks of the simulation: each picture gives those that were heard by its time."""

    def __init__(self, shift_ns: int) -> None:
        moved = [
            revised(r, t_ns=r.t_ns + shift_ns, received_ns=r.received_ns + shift_ns)
            for r in READINGS
            if isinstance(r, TrackReading)
        ]
        self.tracks = deque(moved)
        self.frames: list[FrameReading] = []

    def see(self, frame: FrameReading, image: object = None) -> Iterator[Glimpse]:
        self.frames.append(frame)
        while self.tracks and self.tracks[0].received_ns <= frame.t_ns:
            yield Glimpse(self.tracks.popleft())

    def tick(self, now_ns: int) -> None:
        pass

    def finish(self) -> Iterator[Glimpse]:
        return iter([Glimpse(reading) for reading in self.tracks])

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        return (HealthEntry("frame-loss", "north", "one picture was no picture", camera="north"),)


def camera(name: str, source: str) -> Camera:
    return Camera(name, source, (64, 36), (50.0, 50.0), (32.0, 18.0), (0.0, 0.0, 3.0), (0.0, 0.0, 0.0))


def store_with(*cameras: Camera) -> Store:
    return replace(SIMULATED.store, cameras=cameras)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film a little longer than the simulation, at five pictures a second, and the simulation's recording."""
    path = tmp_path_factory.mktemp("live")
    writer = cv2.VideoWriter(str(path / "north.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 5, (64, 36))
    rng = np.random.default_rng(1)
    scene = rng.integers(0, 250, (36, 64, 3)).astype(np.int16)
    for _ in range(round((LENGTH_S + 3) * 5)):
        writer.write(np.clip(scene + rng.normal(0, 2, scene.shape), 0, 255).astype(np.uint8))
    writer.release()
    with RecordingWriter(path / "weights.mcap", SIMULATED.store) as recording:
        for reading in READINGS:
            recording.write(reading)
    return path


def standing() -> int:
    return START_NS


def live(folder: Path, record: Path | None = None, told: list[BasketChange] | None = None) -> tuple[Outcome, LiveShop]:
    store = store_with(camera("north", "north.avi"))
    writer = RecordingWriter(record, store) if record else None
    changes = [] if told is None else told
    with LiveCameras(store.cameras, standing, folder=folder, paced=False) as cameras:
        plates = open_recording(folder / "weights.mcap")
        shop = LiveShop(store, cameras, Rememberer(0), standing, plates=plates, record=writer, told=changes.append)
        outcome = shop.run(threading.Event())
    if writer is not None:
        writer.close()
    return outcome, shop


def test_it_ends_with_the_receipts_a_replay_gives(folder: Path) -> None:
    outcome, _ = live(folder)
    replayed = Replay(open_recording(folder / "weights.mcap"), ReplayOptions()).run()
    assert [(r.shopper, r.lines, r.probability) for r in outcome.receipts] == [
        (r.shopper, r.lines, r.probability) for r in replayed.receipts
    ]
    assert [r.basket for r in outcome.receipts] == [BASKET]


def test_baskets_are_told_when_they_change(folder: Path) -> None:
    told: list[BasketChange] = []
    live(folder, told=told)
    assert [change.receipt.basket for change in told] == [BASKET]
    assert told[0].t_ns - SIMULATED.truth.events[0]["timestamp"] * NS < 8 * NS


def test_what_is_heard_is_recorded_and_replayed(folder: Path, tmp_path: Path) -> None:
    live(folder, record=tmp_path / "day.mcap")
    back = list(open_recording(tmp_path / "day.mcap").readings())
    pictures = [r for r in back if isinstance(r, FrameReading)]
    assert [p.t_ns - START_NS for p in pictures[:3]] == [0, NS // 5, 2 * NS // 5]
    assert len(pictures) == round((LENGTH_S + 3) * 5)
    weights = [r.t_ns for r in back if isinstance(r, PlateReading)]
    assert weights == [r.t_ns for r in READINGS if isinstance(r, PlateReading)]
    assert all(a.received_ns <= b.received_ns for a, b in pairwise(back))


def test_the_eyes_faults_are_the_outcomes(folder: Path) -> None:
    outcome, _ = live(folder)
    assert [h.message for h in outcome.health if h.where == "north"] == ["one picture was no picture"]


# ---------------------------------------------------------------------- the command
def loss(camera: str, t0_s: float, t1_s: float, said: str, *, grave: bool) -> HealthEntry:
    where, t0_ns, t1_ns = f"camera {camera}", round(t0_s * 1e9), round(t1_s * 1e9)
    return HealthEntry("frame-loss", where, f"{where}: {said}", t0_ns, t1_ns, grave=grave, camera=camera)


OUTAGE = loss("north", 10.0, 14.0, "out of reach for 4.0 s (rtsp://10.0.0.1: no picture comes)", grave=False)
NOTICED = loss("north", 9.8, 15.0, "less than half of its pictures for 5.2 s", grave=True)
SILENCES = {
    "noticed by both": (
        (OUTAGE,),
        (NOTICED,),
        [
            "camera north: less than half of its pictures for 5.2 s "
            "(out of reach for 4.0 s (rtsp://10.0.0.1: no picture comes))"
        ],
    ),
    "not noticed by the eyes": ((OUTAGE,), (), [OUTAGE.message]),
    "another camera": (
        (OUTAGE,),
        (loss("south", 9.0, 15.0, "silent", grave=True),),
        [OUTAGE.message, "camera south: silent"],
    ),
    "another time": (
        (OUTAGE,),
        (loss("north", 20.0, 25.0, "silent", grave=True),),
        [OUTAGE.message, "camera north: silent"],
    ),
    "late frames are no silence": (
        (OUTAGE,),
        (loss("north", 9.0, 15.0, "1 frame came too late", grave=False),),
        [OUTAGE.message, "camera north: 1 frame came too late"],
    ),
}


@pytest.mark.parametrize(("outages", "seen", "told"), SILENCES.values(), ids=SILENCES.keys())
def test_one_silence_is_told_once(
    outages: tuple[HealthEntry, ...], seen: tuple[HealthEntry, ...], told: list[str]
) -> None:
    entries = told_once(outages, seen)
    assert [e.message for e in entries] == told
    assert any(e.grave for e in entries) == any(e.grave for e in seen)


def run(folder: Path, wish: LiveWish, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    def eyes(store: Store) -> Eyes:
        return Rememberer(0)

    code = run_live(folder, wish, eyes, console=Console(width=120), errors=Console(stderr=True, width=120))
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture
def shop_folder(folder: Path, tmp_path: Path) -> Path:
    write_store(store_with(camera("north", str(folder / "north.avi"))), tmp_path / "shop")
    return tmp_path / "shop"


def test_lines_of_json_for_programs(
    shop_folder: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wish = LiveWish(folder / "weights.mcap", tmp_path / "day.mcap", json=True, paced=False)
    code, out, _ = run(shop_folder, wish, capsys)
    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert "outcome" in lines[-1]
    assert len(list(open_recording(tmp_path / "day.mcap").readings())) > 100


def test_time_is_up(shop_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(shop_folder, LiveWish(seconds=0.5), capsys)
    assert code == 0
    assert "Corner Shop" in out


def test_ctrl_c_ends_it_with_receipts(shop_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    pressed = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    pressed.start()
    begin = time.monotonic()
    code, out, _ = run(shop_folder, LiveWish(json=True), capsys)
    assert (code, "outcome" in json.loads(out.splitlines()[-1])) == (0, True)
    assert time.monotonic() - begin < LENGTH_S
    assert signal.getsignal(signal.SIGINT) is before


WRONG = {
    "no seconds": (LiveWish(seconds=0.0), "--seconds is 0", 2),
    "no pictures a second": (LiveWish(fps=0.0), "--fps is 0", 2),
    "a recording over itself": (LiveWish(plates=Path("a.mcap"), record=Path("a.mcap")), "same file", 2),
    "no such recording": (LiveWish(plates=Path("none.mcap")), "none.mcap", 1),
    "nowhere to write": (LiveWish(record=Path("no/such/folder/a.mcap")), "No such file", 1),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_use_is_told(name: str, shop_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wish, message, expected = WRONG[name]
    code, _, err = run(shop_folder, wish, capsys)
    assert (code, message in err) == (expected, True)


def test_a_store_without_cameras_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_store(replace(SIMULATED.store, cameras=()), tmp_path / "shop")
    code, _, err = run(tmp_path / "shop", LiveWish(), capsys)
    assert (code, "no cameras" in err) == (1, True)

"""Clips of whole sessions: replayed or live, they are there, named in the outcome, and change nothing else."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from aisle.bootstrap.watching import run_watching, with_settings
from aisle.sensing.cameras import LiveCameras
from aisle.sensing.mcap_file import RecordingWriter
from aisle.sensing.readings import FrameReading, HealthEntry, Image, Reading, TrackReading
from aisle.sensing.recordings import open_recording
from aisle.settings import SettingsError
from aisle.simulation.pictures.rigs import rig
from aisle.simulation.shop import simulate_scene
from aisle.store.example import example_store
from aisle.store.folder import write_store
from aisle.store.model import Store
from aisle.walkout.clip_folder import DAY_S, ClipWish
from aisle.walkout.command import run_replay
from aisle.walkout.json_out import outcome_as_json
from aisle.walkout.live import LiveShop
from aisle.walkout.live_command import LiveWish
from aisle.walkout.outcome import Outcome
from aisle.walkout.replay import Replay, ReplayOptions
from walkout.clip_kit import NS, PICTURE, Glimpse, contents, on_floor, seen_by

SIMULATED = simulate_scene(example_store(), "one_item", 1)
READINGS: list[Reading] = list(SIMULATED.readings())
STORE = replace(SIMULATED.store, cameras=rig(SIMULATED.store, 2, (160, 90)))
FPS = 5


class Told:
    """Eyes that are told who is where: the pictures of one moment go with the tracks of that moment."""

    def __init__(self, health: tuple[HealthEntry, ...] = ()) -> None:
        self.tracks = [r for r in READINGS if isinstance(r, TrackReading)]
        self.health = health

    def see(self, frame: FrameReading, image: Image | None = None) -> Iterator[Glimpse]:
        track = min(self.tracks, key=lambda r: abs(r.t_ns - frame.t_ns))
        heads = tuple((float(x), float(y), float(z)) for x, y, z in track.heads_m.tolist())
        camera = next(c for c in STORE.cameras if c.camera_id == frame.camera)
        floor = replace(on_floor(frame.t_ns, *heads), ids=track.ids)
        yield Glimpse(track, (), {frame.camera: frame}, {frame.camera: seen_by(camera, *heads)}, floor)

    def tick(self, now_ns: int) -> None:
        pass

    def finish(self) -> Iterator[Glimpse]:
        return iter(())


class Filmed:
    """The simulation as a recording with tracks, weights and pictures."""

    name, store, health = "filmed", STORE, ()

    def readings(self) -> Iterator[Reading]:
        start_ns, frames = READINGS[0].received_ns, 0
        for reading in READINGS:
            while start_ns + frames * NS // FPS <= reading.received_ns:
                t_ns = start_ns + frames * NS // FPS
                yield from (FrameReading("nvr", t_ns, t_ns, c.camera_id, PICTURE) for c in STORE.cameras)
                frames += 1
            yield reading


def replayed(clips: ClipWish | None, eyes: Callable[[Store], Told] = lambda store: Told()) -> Outcome:
    return Replay(Filmed(), ReplayOptions(clips=clips), eyes=eyes).run()


def test_the_outcome_names_the_clip_of_each_change(tmp_path: Path) -> None:
    outcome = replayed(ClipWish(tmp_path, under="filmed"))
    told = outcome_as_json(outcome)["events"]
    assert len(told) == 1
    assert (tmp_path / told[0]["clip"] / "timeline.json").is_file()
    assert told[0]["clip"].startswith("filmed/")


def test_clips_change_nothing_else_and_are_the_same_each_time(tmp_path: Path) -> None:
    plain, a, b = replayed(None), replayed(ClipWish(tmp_path / "a")), replayed(ClipWish(tmp_path / "b"))
    assert a == b
    assert replace(a, events=tuple(replace(e, clip=None) for e in a.events)) == plain
    assert "clip" not in outcome_as_json(plain)["events"][0]
    assert contents(tmp_path / "a") == contents(tmp_path / "b") != {}


def test_a_camera_fault_found_while_tracks_are_given_costs_its_clips_and_no_receipt(tmp_path: Path) -> None:
    blind = HealthEntry("dark", "camera", "sees nothing", 0, None, True, camera=STORE.cameras[0].camera_id)
    outcome = replayed(ClipWish(tmp_path), lambda store: Told((blind,)))
    assert outcome.receipts == replayed(None).receipts
    timeline = json.loads(next(tmp_path.rglob("timeline.json")).read_text())
    assert timeline["cameras"] == [STORE.cameras[1].camera_id]


def test_a_failing_disk_costs_the_clips_and_no_receipt(tmp_path: Path) -> None:
    (tmp_path / "full").write_text("")
    outcome = replayed(ClipWish(tmp_path / "full"))
    assert outcome.receipts == replayed(None).receipts
    assert [e.kind for e in outcome.health] == ["clip-loss"]
    assert [e.clip for e in outcome.events] == [None]


# ------------------------------------------------------------------------ live
def live(folder: Path, clips: ClipWish, record: Path | None = None) -> Outcome:
    """The same pictures from films, which count from when the simulation began."""
    start_ns, seconds = READINGS[0].received_ns, (READINGS[-1].received_ns - READINGS[0].received_ns) / NS
    rng = np.random.default_rng(1)
    scene = rng.integers(0, 250, (90, 160, 3)).astype(np.int16)
    cameras = []
    for camera in STORE.cameras:
        film = cv2.VideoWriter(str(folder / f"{camera.camera_id}.avi"), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (160, 90))
        for _ in range(round((seconds + 3) * FPS)):
            film.write(np.clip(scene + rng.normal(0, 2, scene.shape), 0, 255).astype(np.uint8))
        film.release()
        cameras.append(replace(camera, source=f"{camera.camera_id}.avi"))
    store = replace(STORE, cameras=tuple(cameras))
    with RecordingWriter(folder / "weights.mcap", store) as weights:
        for reading in READINGS:
            weights.write(reading)
    writer = RecordingWriter(record, store) if record is not None else None
    with LiveCameras(store.cameras, lambda: start_ns, folder=folder, paced=False) as sources:
        plates = open_recording(folder / "weights.mcap")
        shop = LiveShop(store, sources, Told(), lambda: start_ns, plates=plates, record=writer, clips=clips)
        outcome = shop.run(threading.Event())
    if writer is not None:
        writer.close()
    return outcome


@pytest.mark.parametrize("recorded", [False, True], ids=["unrecorded", "recorded"])
def test_a_running_shop_writes_clips_too(recorded: bool, tmp_path: Path) -> None:
    wish = ClipWish(tmp_path / "clips", 7 * DAY_S, aside=True)
    outcome = live(tmp_path, wish, tmp_path / "day.mcap" if recorded else None)
    (name,) = [e.clip for e in outcome.events]
    assert name is not None
    assert len(list((tmp_path / "clips" / name).glob("*.jpg"))) > 10
    assert outcome.health == ()


# -------------------------------------------------------------------- commands
@pytest.fixture
def recording(tmp_path: Path) -> Path:
    with RecordingWriter(tmp_path / "monday.mcap", SIMULATED.store) as writer:
        for reading in READINGS:
            writer.write(reading)
    return tmp_path / "monday.mcap"


REFUSED = {
    "no folder": ({"clips": Path("file/clips")}, "--clips: ", 1),
    "days of nothing": ({"keep_days": 3.0}, "--keep-days without --clips", 2),
    "no days": ({"clips": Path("clips"), "keep_days": 0.0}, "--keep-days is 0: more than 0 is needed", 2),
    "endless days": ({"clips": Path("clips"), "keep_days": float("inf")}, "--keep-days is inf", 2),
}


@pytest.mark.parametrize(("wish", "said", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_is_told_before_anything_is_replayed(
    wish: dict[str, object], said: str, code: int, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(recording.parent)
    Path("file").write_text("")

    def never(recording: object, options: object) -> Outcome:
        raise AssertionError("replayed all the same")

    errors = io.StringIO()
    done = run_replay([recording], engine=never, errors=Console(file=errors, width=300), **wish)  # type: ignore[arg-type]
    assert (done, said in errors.getvalue()) == (code, True)
    live_errors = io.StringIO()
    write_store(STORE, Path("shop"))
    live_done = run_watching(Path("shop"), LiveWish(**wish), errors=Console(file=live_errors, width=300))  # type: ignore[arg-type]
    assert (live_done, said in live_errors.getvalue()) == (code, True)


def test_two_recordings_of_one_name_are_refused(recording: Path) -> None:
    other = recording.parent / "again" / recording.name
    other.parent.mkdir()
    other.write_bytes(recording.read_bytes())
    errors = io.StringIO()
    console = Console(file=errors, width=300)
    assert run_replay([recording, other], clips=recording.parent / "clips", errors=console) == 2
    assert "would both become monday/" in errors.getvalue()


def test_a_recording_without_pictures_says_why_there_are_no_clips(
    recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_replay([recording], json=True, clips=recording.parent / "clips") == 0
    told = json.loads(capsys.readouterr().out)
    assert [e["message"].partition(":")[0] for e in told["health"]] == ["1 time a change got no clip"]
    assert "clip" not in told["events"][0]


# -------------------------------------------------------------------- settings
def test_settings_say_where_clips_go_and_options_win(tmp_path: Path) -> None:
    assert with_settings(tmp_path, LiveWish()) == LiveWish()
    (tmp_path / "aisle.env").write_text("AISLE_CLIPS=clips\nAISLE_CLIPS_KEEP_DAYS=2.5\n")
    assert with_settings(tmp_path, LiveWish()) == LiveWish(clips=tmp_path / "clips", keep_days=2.5)
    asked = LiveWish(clips=Path("elsewhere"), keep_days=1.0)
    assert with_settings(tmp_path, asked) == asked
    (tmp_path / "aisle.env").write_text("AISLE_CLIPS_KEEP_DAYS=0\n")
    with pytest.raises(SettingsError, match="AISLE_CLIPS_KEEP_DAYS: found '0'"):
        with_settings(tmp_path, LiveWish())

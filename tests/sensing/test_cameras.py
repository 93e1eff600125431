"""Live cameras against real files, folders and streams: what comes, when, how much is dropped, and how they fail."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from aisle.sensing import cameras as module
from aisle.sensing.camera_sources import Image, SourceError, decoded, open_source
from aisle.sensing.cameras import LiveCameras, LiveFrame, jpeg_of
from aisle.sensing.source_names import shown
from aisle.store.model import Camera

NS = 1_000_000_000
T0 = 1_600_000_000 * NS
SIZE = (64, 36)


def camera(name: str, source: str | Path, size_px: tuple[int, int] = SIZE) -> Camera:
    return Camera(name, str(source), size_px, (50.0, 50.0), (32.0, 18.0), (0.0, 0.0, 3.0), (0.0, 0.0, 0.0))


def plain(grey: int, size_px: tuple[int, int] = SIZE) -> Image:
    return np.full((size_px[1], size_px[0], 3), grey, np.uint8)


def film(path: Path, greys: list[int], fps: float = 10.0, size_px: tuple[int, int] = SIZE) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size_px)
    for grey in greys:
        writer.write(plain(grey, size_px))
    writer.release()
    return path


def told(frames: list[LiveFrame]) -> list[tuple[str, int, int]]:
    """Camera, milliseconds, grey in tens."""
    return [(f.camera, round((f.t_ns - T0) / 1e6), round(float(f.image.mean()) / 10)) for f in frames]


def standing() -> int:
    return T0


def until(true: Callable[[], bool], seconds: float = 8.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


# ------------------------------------------------------------------ files and folders
def test_a_film_is_read_whole_with_its_own_times(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", [0, 50, 100, 150])
    with LiveCameras([camera("a", "a.avi")], standing, folder=tmp_path, paced=False) as live:
        frames = list(live.frames())
    assert told(frames) == [("a", 0, 0), ("a", 100, 5), ("a", 200, 10), ("a", 300, 15)]
    assert [f.received_ns for f in frames] == [f.t_ns for f in frames]
    assert (live.states["a"].frames, live.states["a"].dropped, live.states["a"].trouble) == (4, 0, "")


def test_films_are_read_in_one_order_of_time(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", [10, 20, 30], fps=10)
    film(tmp_path / "b.avi", [100] * 4, fps=20)
    with LiveCameras([camera(n, f"{n}.avi") for n in "ab"], standing, folder=tmp_path, paced=False) as live:
        found = [(name, ms) for name, ms, _ in told(list(live.frames()))]
    assert found == [("a", 0), ("b", 0), ("b", 50), ("a", 100), ("b", 100), ("b", 150), ("a", 200)]


def test_a_film_in_its_own_pace_takes_as_long_as_it_was_filmed(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", [0, 50, 100, 150], fps=20)
    begin = time.monotonic()
    with LiveCameras([camera("a", tmp_path / "a.avi")], time.time_ns) as live:
        frames = list(live.frames())
    assert len(frames) == 4
    assert all(f.received_ns >= f.t_ns for f in frames)
    assert time.monotonic() - begin >= 0.15


def test_who_looks_too_slowly_gets_the_newest_and_the_number_missed(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", [10 * k for k in range(20)], fps=100)
    with LiveCameras([camera("a", tmp_path / "a.avi")], time.time_ns) as live:
        assert until(lambda: live.states["a"].over)
        frames = list(live.frames())
        state = live.states["a"]
    assert [round(float(f.image.mean()) / 10) for f in frames] == [19]
    assert (state.frames, state.dropped) == (1, 19)


def test_no_more_pictures_a_second_than_wanted(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", [10] * 12, fps=30)
    with LiveCameras([camera("a", tmp_path / "a.avi")], standing, paced=False, most_fps=10) as live:
        frames = list(live.frames())
    assert [ms for _, ms, _ in told(frames)] == [0, 100, 200, 300]


def test_pictures_get_the_cameras_size(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", [90], size_px=(128, 72))
    with LiveCameras([camera("a", tmp_path / "a.avi")], standing, paced=False) as live:
        (frame,) = live.frames()
    assert frame.image.shape == (36, 64, 3)
    assert decoded(frame.reading().jpeg, "a").shape == (36, 64, 3)


def test_a_folder_of_pictures_is_a_film_and_its_jpegs_are_passed_on_as_they_are(tmp_path: Path) -> None:
    jpeg = jpeg_of(plain(80), 40)
    (tmp_path / "2.jpg").write_bytes(jpeg)
    cv2.imwrite(str(tmp_path / "1.png"), plain(20))
    (tmp_path / "15.jpg").write_bytes(jpeg[:20])
    (tmp_path / "notes.txt").write_text("no picture")
    with LiveCameras([camera("a", tmp_path)], standing, paced=False) as live:
        frames = list(live.frames())
    assert told(frames) == [("a", 0, 2), ("a", 200, 8)]
    assert [f.reading().jpeg == jpeg for f in frames] == [False, True]
    assert frames[1].reading().camera == frames[1].reading().device == "a"


BROKEN = {
    "no such file": ("nothing.avi", "there is no such file; wanted a video file"),
    "no video": ("words.avi", "cannot be opened as video"),
    "an empty folder": ("empty", "no pictures in it"),
    "a picture that is none": ("torn", "not one picture in it can be decoded"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_told_and_ends(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_S", 60.0)
    source, trouble = BROKEN[name]
    (tmp_path / "words.avi").write_bytes(b"words " * 1000)
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "1.jpg").write_bytes(jpeg_of(plain(9))[:20])
    with LiveCameras([camera("a", source)], standing, folder=tmp_path, paced=False) as live:
        assert until(lambda: live.states["a"].trouble != "")
        assert live.take(0.05) == []
        assert trouble in live.states["a"].trouble


def test_a_broken_camera_does_not_keep_the_others(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", [10, 20])
    with LiveCameras(
        [camera("a", tmp_path / "a.avi"), camera("b", "none.avi")], standing, folder=tmp_path, paced=False
    ) as live:
        assert len(list(live.frames())) == 2


def test_stop_ends_reader_and_threads(tmp_path: Path) -> None:
    film(tmp_path / "a.avi", [10] * 50)
    live = LiveCameras([camera("a", tmp_path / "a.avi")], time.time_ns)
    live.start()
    seen: list[LiveFrame] = []
    reader = threading.Thread(target=lambda: seen.extend(live.frames()))
    reader.start()
    assert until(lambda: len(seen) > 0)
    live.stop()
    reader.join(2.0)
    assert not reader.is_alive()
    assert not [t for t in threading.enumerate() if t.name == "camera-a"]


# ------------------------------------------------------------------------- streams
@dataclass
class Stream:
    """An HTTP server of MJPEG; `stalled`: connections stay open and nothing is sent."""

    stalled: threading.Event = field(default_factory=threading.Event)
    refusing: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    url: str = ""


@pytest.fixture
def stream() -> Iterator[Stream]:
    told_by = Stream()

    class Pictures(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told_by.connections += 1
            self.send_response(503 if told_by.refusing.is_set() else 200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
            self.end_headers()
            try:
                self.send_pictures()
            except OSError:
                self.close_connection = True

        def send_pictures(self) -> None:
            while not told_by.closing.is_set() and not told_by.refusing.is_set():
                if not told_by.stalled.is_set():
                    jpeg = jpeg_of(plain(70))
                    head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                time.sleep(0.02)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    told_by.url = f"http://viewer:geheim@127.0.0.1:{server.server_address[1]}/video?pwd=geheim"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield told_by
    told_by.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_stream_is_watched_as_it_comes(stream: Stream) -> None:
    with LiveCameras([camera("a", stream.url)], time.time_ns) as live:
        frames = [f for f, _ in zip(live.frames(), range(5), strict=False)]
    assert [round(float(f.image.mean()) / 10) for f in frames] == [7] * 5
    assert all(a.t_ns < b.t_ns for a, b in pairwise(frames))
    assert abs(frames[0].t_ns - time.time_ns()) < 60 * NS


FAILURES = {"stalls": "stalled", "refuses": "refusing"}


@pytest.mark.parametrize("name", FAILURES)
def test_a_stream_that_fails_and_comes_back(name: str, stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.1)
    monkeypatch.setattr(module, "OUTAGE_S", 0.1)
    fault = getattr(stream, FAILURES[name])
    with LiveCameras([camera("a", stream.url)], time.time_ns, opened=partial(open_source, silence_s=0.5)) as live:
        assert live.take(5.0)
        fault.set()
        assert until(lambda: live.states["a"].trouble != "")
        assert until(lambda: len(live.health) == 1)
        fault.clear()
        assert until(lambda: live.states["a"].connections == 2)
        assert live.take(5.0)
        assert live.states["a"].trouble == ""
        (entry,) = live.health
    assert (entry.kind, entry.camera, entry.grave) == ("frame-loss", "a", False)
    assert "geheim" not in entry.message


def test_tries_grow_rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[float] = []

    def refused(source: str, folder: Path) -> None:
        times.append(time.monotonic())
        raise SourceError("refused")

    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.05)
    with LiveCameras([camera("a", "device:0")], standing, opened=refused):  # type: ignore[arg-type]
        assert until(lambda: len(times) == 4)
    waits = np.diff(times)
    assert np.all(waits[:3] >= [0.05, 0.1, 0.2])


SHOWN = {
    "rtsp://admin:geheim@10.0.0.5:554/stream1?token=geheim": "rtsp://10.0.0.5:554/…",
    "rtsp://10.0.0.5/user=admin_password=geheim_channel=1": "rtsp://10.0.0.5/…",
    "http://viewer:geheim@[::1]:80": "http://[::1]:80/…",
    "http://10.0.0.5": "http://10.0.0.5",
    "http://a:geheim@[broken": "http://…",
    "films/a.avi": "films/a.avi",
    "device:0": "device:0",
}


@pytest.mark.parametrize("source", SHOWN)
def test_what_is_told_of_a_source(source: str) -> None:
    assert shown(source) == SHOWN[source]


OPEN_ALL = """
import sys
from aisle.sensing.camera_sources import SourceError, open_source
for source in sys.argv[1:]:
    try:
        open_source(source)
    except SourceError as error:
        print(error)
"""


def test_no_password_reaches_a_message_or_the_error_stream() -> None:
    sources = [f"{scheme}://viewer:geheim@127.0.0.1:9/geheim?p=geheim" for scheme in ("http", "rtsp", "tcp", "nothing")]
    done = subprocess.run(
        [sys.executable, "-c", OPEN_ALL, *sources], capture_output=True, timeout=60, check=True, text=True
    )
    assert done.stdout.count("127.0.0.1:9/…: cannot be opened as video") == 4
    assert "geheim" not in done.stdout + done.stderr
    assert done.stderr == ""

"""`aisle cart run` and `check` with a camera that is a folder of pictures and a scale on a socket."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp

from aisle.bootstrap.cart_devices import CartDevices, is_scan
from aisle.bootstrap.cart_running import RunWish, run_cart, run_check, run_staff
from aisle.cart.config import webcam_config
from aisle.cart.device_watch import DeviceWatch
from aisle.cart.eye import Eye
from aisle.cart.perception import CameraPerception
from aisle.sensing.cart.readings import LookReading, ScanReading
from aisle.sensing.readings import FrameReading
from aisle.store.example import example_store
from aisle.store.folder import write_store

COLA = "2000000001043"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    write_store(example_store(), folder)
    return folder


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures: an empty view, then a code held into it."""
    folder = tmp_path_factory.mktemp("film")
    empty = np.full((480, 640), 90, np.uint8)
    code = zxingcpp.create_barcode(COLA, zxingcpp.BarcodeFormat.EAN13).to_image(scale=4)
    bars = cv2.resize(np.asarray(code), (380, 190), interpolation=cv2.INTER_NEAREST)
    shown = empty.copy()
    shown[140:330, 130:510] = bars
    for number in range(12):
        cv2.imwrite(str(folder / f"{number:03d}.jpg"), shown if number >= 3 else empty)
    return folder


class _Scale(socketserver.BaseRequestHandler):
    """A load cell that says 12.5 g some twenty times a second for as long as somebody listens."""

    def handle(self) -> None:
        with suppress(OSError):
            while True:
                self.request.sendall(b"12.5\n")
                time.sleep(0.05)


class _Line(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    block_on_close = False
    daemon_threads = True


@contextmanager
def scale_at(path: Path) -> Iterator[None]:
    with _Line(str(path), _Scale) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield
        server.shutdown()


def config_file(folder: Path, store: Path, more: str) -> Path:
    path = folder / "cart.toml"
    path.write_text(f'cart = "cart-3"\nstore = "{store}"\n{more}')
    return path


def test_a_code_before_the_camera_becomes_a_scan(store: Path, film: Path) -> None:
    found: list[ScanReading | LookReading] = []
    eye = Eye(CameraPerception(), example_store(), found.append, time.time_ns)
    frames: list[FrameReading] = []
    watch = DeviceWatch(time.time_ns())
    eye.start()

    def show(frame: FrameReading) -> None:
        frames.append(frame)
        eye.show(frame)

    with CartDevices(webcam_config(store, str(film)), time.time_ns, watch, lambda reading: None, show):
        over_s = time.monotonic() + 10
        while not found and time.monotonic() < over_s:
            time.sleep(0.02)
    eye.stop()
    assert [(type(reading), getattr(reading, "code", ""), getattr(reading, "device", "")) for reading in found[:1]] == [
        (ScanReading, COLA, "camera")
    ]
    assert all(is_scan(frame) for frame in frames)
    assert eye.looked >= 2


def test_a_check_names_devices_that_do_not_answer(
    tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scale_at(tmp_path / "scale"):
        scale = f'[scale]\nsource = "unix:{tmp_path / "scale"}"\n'
        assert run_check(config_file(tmp_path, store, scale), seconds=1.0) == 0
        told = capsys.readouterr().out
        assert "scale: well" in told
        scanner = f'[scanner]\nsource = "unix:{tmp_path / "gone"}"\n'
        assert run_check(config_file(tmp_path, store, scale + scanner), seconds=1.0) == 1
        told = capsys.readouterr().out
        assert "scale: well" in told
        assert "scanner: " in told and "scanner: well" not in told


def test_a_cart_runs_until_its_time_is_up(tmp_path: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scale_at(tmp_path / "scale"):
        config = config_file(tmp_path, store, f'[scale]\nsource = "unix:{tmp_path / "scale"}"\n[screen]\nport = 0\n')
        record = tmp_path / "trip.mcap"
        assert run_cart(config, RunWish(seconds=0.5, quiet=True, record=record)) == 0
    assert "cart-3: http://127.0.0.1:" in capsys.readouterr().out
    assert record.exists()


@pytest.mark.parametrize(
    ("place", "code", "told"),
    [
        pytest.param(
            "nowhere", 2, "found no such file; expected a cart's config file, or a store folder", id="nothing there"
        ),
        pytest.param(".", 2, "found no store.toml in it", id="no store"),
        pytest.param("cart.toml", 1, "cart: found nothing", id="a config with faults"),
    ],
)
def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str, code: int, told: str) -> None:
    (tmp_path / "cart.toml").write_text("keep_days = 1\n")
    assert run_cart(tmp_path / place, RunWish(quiet=True)) == code
    assert told in capsys.readouterr().err
    assert run_check(tmp_path / place) == code


def test_a_taken_port_is_told(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert run_cart(store, RunWish(port=taken.getsockname()[1], quiet=True)) == 1
    assert "--port 0 takes a free one" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("pins", "code", "told"),
    [
        pytest.param(["4711", "4711"], 0, "17 Ada may unlock carts", id="twice the same"),
        pytest.param(["4711", "4712"], 2, "the two PINs differ", id="two PINs"),
        pytest.param(["12", "12"], 2, "too short", id="too short"),
    ],
)
def test_staff_are_added(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pins: list[str], code: int, told: str
) -> None:
    answers = iter(pins)
    assert run_staff(tmp_path, "17", "Ada", lambda question: next(answers)) == code
    assert told in "".join(capsys.readouterr())

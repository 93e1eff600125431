"""What a replayed trip says of its devices: each fault once, as long as it lasted, and only the scan camera is read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from aisle.cart.outcome import CartOutcome
from aisle.cart.perception import Percept
from aisle.cart.replay import replay_trip
from aisle.sensing.cart.readings import CartReading, MotionReading, ScaleReading, TapReading
from aisle.sensing.cart.recording import CartRecording, CartRecordingWriter
from aisle.sensing.readings import FrameReading
from aisle.store.model import Product, Store

T0, S = 1_780_000_000_000_000_000, 1_000_000_000
END_S = 40.0
STORE = Store("S", "EUR", "UTC", {"40170725": Product("40170725", "Tea", 100.0, 199)}, (), ())


def at(seconds: float) -> int:
    return T0 + round(seconds * S)


def cell(*stretches: tuple[float, float]) -> list[CartReading]:
    """A load cell at 20 Hz while it speaks."""
    noise = np.random.default_rng(4).standard_normal(round(20 * END_S))
    times = [start + n / 20 for start, stop in stretches for n in range(round(20 * (stop - start)))]
    return [ScaleReading(at(t), at(t), 500.0 + float(g)) for t, g in zip(times, noise, strict=False)]


def stuck(start_s: float) -> list[CartReading]:
    return [
        ScaleReading(at(start_s + n / 20), at(start_s + n / 20), 499.0) for n in range(round(20 * (END_S - start_s)))
    ]


def film(camera: str, start_s: float, stop_s: float) -> list[CartReading]:
    times = [start_s + n / 5 for n in range(round(5 * (stop_s - start_s)))]
    return [FrameReading(camera, at(t), at(t), camera, b"\xff\xd8" + str(t).encode() + b"\xff\xd9") for t in times]


ROLLING: list[CartReading] = [MotionReading(at(n / 10), at(n / 10), True, 0.4) for n in range(round(10 * END_S))]
TAPS: list[CartReading] = [TapReading(at(0.1), at(0.1), "start", None), TapReading(at(END_S), at(END_S), "pay", None)]


class Eyes:
    """Keeps which cameras' pictures it was shown; `grey` is what each looks like, None where it cannot be decoded."""

    def __init__(self, grey: int | None) -> None:
        self._percept = (
            Percept(readable=False) if grey is None else Percept(thumbnail=np.full((60, 80), grey, np.uint8))
        )
        self.shown: set[str] = set()

    def perceive(self, frame: FrameReading) -> Percept:
        self.shown.add(frame.camera)
        return self._percept


def replayed(folder: Path, readings: Iterable[CartReading], eyes: Eyes | None = None) -> CartOutcome:
    with CartRecordingWriter(folder / "trip.mcap", cart_id="cart-7", network=True) as writer:
        for reading in sorted(readings, key=lambda reading: reading.received_ns):
            writer.write(reading)
    return replay_trip(CartRecording(folder / "trip.mcap"), STORE, eyes)


@pytest.mark.parametrize(
    ("readings", "wanted"),
    [
        pytest.param(cell((0, 40)), [], id="all well"),
        pytest.param([], [], id="a cart without scale"),
        pytest.param(cell((0, 10), (20, 40)), [("gap", "scale", 20.0)], id="silent for ten seconds"),
        pytest.param(cell((0, 10)), [("gap", "scale", None)], id="silent to the end"),
        pytest.param([*cell((0, 10)), *stuck(10)], [("stuck", "scale", None)], id="stuck while the cart rolls"),
        pytest.param(
            [*cell((0, 40)), *film("scan", 0, 20)], [("frame-loss", "camera scan", None)], id="the camera is unplugged"
        ),
    ],
)
def test_a_fault_is_told_once_with_its_end(
    readings: list[CartReading], wanted: list[tuple[str, str, float | None]], tmp_path: Path
) -> None:
    outcome = replayed(tmp_path, [*TAPS, *ROLLING, *readings])
    ends = [(e.kind, e.where, None if e.t1_ns is None else (e.t1_ns - T0) / S) for e in outcome.health]
    assert ends == wanted


@pytest.mark.parametrize(("grey", "kinds"), [(3, {"dark"}), (128, {"covered"}), (None, {"corrupt"})])
def test_what_pictures_look_like_says_how_the_camera_does(grey: int | None, kinds: set[str], tmp_path: Path) -> None:
    outcome = replayed(tmp_path, [*TAPS, *film("scan", 0, 39)], Eyes(grey))
    assert {entry.kind for entry in outcome.health} == kinds


def test_pictures_into_the_basket_are_not_taken_for_the_scan_cameras(tmp_path: Path) -> None:
    eyes = Eyes(3)
    replayed(tmp_path, [*TAPS, *film("scan", 0, 5), *film("left", 0, 5)], eyes)
    assert eyes.shown == {"scan"}

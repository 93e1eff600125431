"""A cart's health told as it goes: each fault once with its end, nothing while all is well."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.sensing.cart.health import CartHealth, Grey, HealthLimits
from aisle.sensing.cart.readings import CartReading, MotionReading, ScaleReading, ScanReading, TapReading
from aisle.sensing.readings import FrameReading, HealthEntry

T = 1_780_000_000_000_000_000
S = 1_000_000_000
RNG = np.random.default_rng(5)


def at(seconds: float) -> int:
    return T + round(seconds * S)


def scale(
    start_s: float, stop_s: float, grams: float = 500.0, sigma_g: float = 0.5, step_g: float = 0.0
) -> list[CartReading]:
    """A load cell at 20 Hz with its noise, or without, or in coarse steps."""
    values = grams + sigma_g * RNG.standard_normal(round(20 * (stop_s - start_s)))
    values = np.round(values / step_g) * step_g if step_g else values
    return [ScaleReading(at(start_s + n / 20), at(start_s + n / 20), float(g)) for n, g in enumerate(values)]


def motion(start_s: float, stop_s: float, moving: bool) -> list[CartReading]:
    count = round(10 * (stop_s - start_s))
    return [MotionReading(at(start_s + n / 10), at(start_s + n / 10), moving, 0.4) for n in range(count)]


def film(start_s: float, stop_s: float, still: bool = False, camera: str = "scan") -> list[CartReading]:
    times = [start_s + n / 5 for n in range(round(5 * (stop_s - start_s)))]
    return [
        FrameReading(camera, at(t), at(t), camera, b"\xff\xd8" + (b"same" if still else str(t).encode())) for t in times
    ]


def found(*streams: Iterable[CartReading], health: CartHealth | None = None) -> list[HealthEntry]:
    watched = health or CartHealth()
    merged = heapq.merge(*streams, key=lambda reading: reading.received_ns)
    return [entry for reading in merged for entry in watched.step(reading)]


def told(entries: Iterable[HealthEntry]) -> list[tuple[str, str, float, float | None]]:
    """Kind, place, and when it began and ended in seconds."""
    return [
        (e.kind, e.where, ((e.t0_ns or 0) - T) / S, None if e.t1_ns is None else (e.t1_ns - T) / S) for e in entries
    ]


def off(readings: Iterable[CartReading], by_s: float) -> list[CartReading]:
    """The same scale readings, the cart's clock being set by so much."""
    shift = round(by_s * S)
    return [
        ScaleReading(r.t_ns + shift, r.received_ns + shift, r.grams) for r in readings if isinstance(r, ScaleReading)
    ]


WELL: dict[str, list[list[CartReading]]] = {
    "all devices": [scale(0, 40), motion(0, 20, False), motion(20, 40, True), film(0, 40)],
    "coarse steps at rest": [scale(0, 60, sigma_g=0.1, step_g=5.0), motion(0, 60, False)],
    "coarse steps, back at the heaviest": [
        scale(0, 5, 500, 0.1, 5.0), scale(5, 10, 900, 0.1, 5.0), scale(10, 15, 500, 0.1, 5.0),
        scale(15, 30, 900, 0.1, 5.0),
    ],
    "coarse steps, rolled and then parked at the heaviest": [
        scale(0, 10, 0, 0.1, 5.0), scale(10, 20, 400, 30.0, 5.0), scale(20, 60, 900, 0.1, 5.0),
    ],
    "a still picture of a resting cart": [scale(0, 30), motion(0, 30, False), film(0, 30, still=True)],
    "one sample missing": [scale(0, 1), scale(1.5, 3)],
    "heard a moment out of order": [[*scale(0, 2), TapReading(at(1.9), at(1.9), "pay"), *scale(2, 3)]],
}  # fmt: skip


@pytest.mark.parametrize("streams", WELL.values(), ids=WELL.keys())
def test_nothing_is_told_while_all_is_well(streams: list[list[CartReading]]) -> None:
    assert told(found(*streams)) == []


FAULTS: dict[str, tuple[list[list[CartReading]], list[tuple[str, str, float, float | None]]]] = {
    "silent scale": (
        [scale(0, 2), scale(10, 12), motion(0, 12, False)],
        [("gap", "scale", 1.95, None), ("gap", "scale", 1.95, 10.0)],
    ),
    "scale that never spoke": ([motion(0, 5, False)], [("gap", "scale", 0.0, None)]),
    "scale that says it is invalid": (
        [scale(0, 2), [ScaleReading(at(2 + n / 20), at(2 + n / 20), math.nan) for n in range(60)], scale(5, 6)],
        [("gap", "scale", 1.95, None), ("gap", "scale", 1.95, 5.0)],
    ),
    "stuck scale while rolling": (
        [scale(0, 2), scale(2, 30, sigma_g=0.0), motion(0, 35, True), scale(30, 35)],
        [("stuck", "scale", 2.0, None), ("stuck", "scale", 2.0, 30.0)],
    ),
    "stuck scale while scanning": (
        [scale(0, 2), scale(2, 30, sigma_g=0.0), [ScanReading(at(t), at(t), "1", "typed") for t in (5.0, 9.0, 13.0)]],
        [("stuck", "scale", 2.0, None)],
    ),
    "scale at its end": (
        [scale(0, 5), scale(5, 10, 15_000, sigma_g=0.0), scale(10, 20)],
        [("saturated", "scale", 5.0, None), ("saturated", "scale", 5.0, 10.0)],
    ),
    "scale in steps of a gram at its end": (
        [scale(0, 20, step_g=1.0), scale(20, 26, 15_000, sigma_g=0.0), scale(26, 30, step_g=1.0)],
        [("saturated", "scale", 20.0, None), ("saturated", "scale", 20.0, 26.0)],
    ),
    "clock back": ([scale(0, 20) + off(scale(20, 30), -15.0)], [("clock-jump", "clock", 19.95, 5.0)]),
    "clock ahead": ([scale(0, 20), off(scale(20, 30), 3600.0)], [("clock-jump", "clock", 19.95, 3620.0)]),
    "a device of another time": (
        [scale(0, 3), [TapReading(at(-100), at(1), "start"), TapReading(at(2), at(2), "pay")]],
        [("clock-jump", "clock of tap", 1.0, None), ("clock-jump", "clock of tap", 1.0, 2.0)],
    ),
    "silent camera": (
        [scale(0, 12), film(0, 2), film(8, 12)],
        [("frame-loss", "camera scan", 1.8, None), ("frame-loss", "camera scan", 1.8, 8.0)],
    ),
    "frozen camera while rolling": (
        [scale(0, 15), motion(0, 15, True), film(0, 2), film(2, 10, still=True), film(10, 15)],
        [("frozen", "camera scan", 2.0, None), ("frozen", "camera scan", 2.0, 10.0)],
    ),
}


@pytest.mark.parametrize(("streams", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_told_once_and_so_is_its_end(
    streams: list[list[CartReading]], expected: list[tuple[str, str, float, float | None]]
) -> None:
    entries = told(found(*streams))
    assert [entry[:2] for entry in entries] == [entry[:2] for entry in expected]
    assert [entry[2] for entry in entries] == pytest.approx([entry[2] for entry in expected], abs=0.06)
    assert [entry[3] for entry in entries] == [entry[3] for entry in expected]


def test_a_known_capacity_counts_for_coarse_scales() -> None:
    health = CartHealth(limits=HealthLimits(capacity_g=15_000.0))
    stream = scale(0, 5, sigma_g=0.1, step_g=5.0) + scale(5, 10, 15_000, sigma_g=0.1, step_g=5.0)
    assert [entry.kind for entry in found(stream, health=health)] == ["saturated"]
    assert [entry.grave for entry in health.faults] == [True]


def test_silence_is_told_when_time_passes_too() -> None:
    health = CartHealth(cameras=("scan",))
    assert health.at(T) == ()
    assert [(e.kind, e.where) for e in health.at(at(4))] == [("gap", "scale"), ("frame-loss", "camera scan")]
    assert [e.kind for e in health.faults] == ["gap", "frame-loss"]


def test_a_cart_without_a_scale() -> None:
    assert found(film(0, 20), health=CartHealth(scale=False)) == []


DARK, FLAT = np.full((24, 32), 4, np.uint8), np.full((24, 32), 90, np.uint8)
SIGHT = np.arange(24 * 32, dtype=np.uint8).reshape(24, 32)


def looks(*pictures: Grey | None) -> Iterator[HealthEntry]:
    """Five pictures a second, each seen for four seconds."""
    health, shown = CartHealth(), [picture for picture in pictures for _ in range(20)]
    for number, picture in enumerate(shown):
        yield from health.look("scan", at(number / 5), picture)


LOOKS = {
    "darkness": ((SIGHT, DARK, SIGHT), [("dark", "camera scan", 4.0, None), ("dark", "camera scan", 4.0, 8.0)]),
    "covered": ((SIGHT, FLAT, SIGHT), [("covered", "camera scan", 4.0, None), ("covered", "camera scan", 4.0, 8.0)]),
    "unreadable": ((SIGHT, None, SIGHT), [("corrupt", "camera scan", 4.8, None), ("corrupt", "camera scan", 4.8, 8.0)]),
    "all is well": ((SIGHT, SIGHT[::-1]), []),
}


@pytest.mark.parametrize(("pictures", "expected"), LOOKS.values(), ids=LOOKS.keys())
def test_what_thumbnails_tell(
    pictures: tuple[Grey | None, ...],
    expected: list[tuple[str, str, float, float | None]],
) -> None:
    assert told(looks(*pictures)) == expected


TIMES = st.integers(0, 2**62) | st.integers(T, T + 100 * S)
ANY = st.one_of(
    st.builds(ScaleReading, TIMES, TIMES, st.floats()),
    st.builds(MotionReading, TIMES, TIMES, st.booleans(), st.floats()),
    st.builds(FrameReading, st.just("d"), TIMES, TIMES, st.sampled_from(["scan", "side"]), st.binary(max_size=3)),
    st.builds(ScanReading, TIMES, TIMES, st.text(max_size=3), st.just("typed")),
)


@given(readings=st.lists(ANY, max_size=30))
@settings(max_examples=60, deadline=None)
def test_beginnings_and_ends_alternate(readings: list[CartReading]) -> None:
    health = CartHealth()
    entries = [e for reading in readings for e in health.step(reading) if e.where != "clock"]
    for key in {(e.kind, e.where) for e in entries}:
        ends = [e.t1_ns is not None for e in entries if (e.kind, e.where) == key]
        assert ends == [n % 2 == 1 for n in range(len(ends))]

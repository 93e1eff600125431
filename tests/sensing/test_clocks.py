"""Clocks that jump are set right; strays are dropped; stored order is believed where clocks were set back."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from aisle.sensing.clocks import NS, ClockGuard, receipt_order
from aisle.sensing.readings import Reading, TrackReading

T0 = 1_600_000_000 * NS


def frame(t_s: float, received_s: float | None = None, device: str = "tracker") -> TrackReading:
    none = np.empty((0,), dtype=np.float32)
    t = T0 + round(t_s * NS)
    heard = t if received_s is None else T0 + round(received_s * NS)
    return TrackReading(device, t, heard, (), none.reshape(0, 3), none, none.reshape(0, 2, 3), none.reshape(0, 2))


STREAMS = {
    "steady": ([0, 0.1, 0.2, 0.3], [0, 0.1, 0.2, 0.3], []),
    "a gap": ([0, 0.1, 4.1, 4.2], [0, 0.1, 4.1, 4.2], []),
    "a little out of order": ([0, 0.2, 0.1, 0.3], [0, 0.2, 0.1, 0.3], []),
    "forward": ([0, 0.1, 900.2, 900.3], [0, 0.1, 0.166667, 0.266667], ["clock-jump"]),
    "back": ([0, 0.1, -900.0, -899.9], [0, 0.1, 0.166667, 0.266667], ["clock-jump"]),
    "forward and back": (
        [0, 0.1, 900.0, 900.1, 0.4, 0.5],
        [0, 0.1, 0.166667, 0.266667, 0.333333, 0.433333],
        ["clock-jump", "clock-jump"],
    ),
    "a stray": ([0, 0.1, 900.0, 0.3, 0.4], [0, 0.1, 0.3, 0.4], ["late"]),
    "a stray at the start": ([900.0, 0, 0.1, 0.2], [0, 0.1, 0.2], ["late"]),
    "one alone": ([5.0], [5.0], []),
    "a stray at the end": ([0, 0.1, 900.0], [0, 0.1], ["late"]),
}


@pytest.mark.parametrize(("times", "expected", "kinds"), STREAMS.values(), ids=STREAMS)
def test_times_after_the_guard(times: list[float], expected: list[float], kinds: list[str]) -> None:
    guard: ClockGuard[Reading] = ClockGuard()
    out = [r for t in times for r in guard.push(frame(t))]
    out += guard.flush()
    assert [(r.t_ns - T0) / NS for r in out] == pytest.approx(expected, abs=1e-5)
    assert [h.kind for h in guard.health] == kinds


def test_the_receiving_clock_tells_a_jump_from_a_gap() -> None:
    guard: ClockGuard[Reading] = ClockGuard()
    heard = [0.0, 0.1, 0.2, 0.3]
    out = [r for t, h in zip([0.0, 0.1, 5.2, 5.3], heard, strict=True) for r in guard.push(frame(t, h))]
    assert [(r.t_ns - T0) / NS for r in out] == pytest.approx(heard, abs=1e-5)


LATER = {
    "90 s": (90.0, 90.0),
    "a night": (40_000.0, 40_000.0),
    "a night, heard a little early": (40_000.0, 39_998.5),
    "90 s, heard late": (90.0, 95.0),
}


@pytest.mark.parametrize(("silent_s", "heard_s"), LATER.values(), ids=LATER)
def test_a_silence_the_receiving_clock_bears_out_is_no_jump(silent_s: float, heard_s: float) -> None:
    guard: ClockGuard[Reading] = ClockGuard()
    times = [0.0, 0.1, silent_s, silent_s + 0.1]
    heard = [0.3, 0.4, heard_s + 0.4, heard_s + 0.5]
    out = [[(r.t_ns - T0) / NS for r in guard.push(frame(t, h))] for t, h in zip(times, heard, strict=True)]
    assert out == [[], [0.0, 0.1], [pytest.approx(silent_s)], [pytest.approx(silent_s + 0.1)]]
    assert guard.health == ()


def test_a_device_that_speaks_every_two_minutes_is_heard() -> None:
    guard: ClockGuard[Reading] = ClockGuard()
    out = [r for k in range(5) for r in guard.push(frame(120.0 * k, 120.0 * k + 0.05))]
    assert [(r.t_ns - T0) / NS for r in out] == [0.0, 120.0, 240.0, 360.0, 480.0]
    assert (*guard.flush(), *guard.health) == ()


@pytest.mark.parametrize("jump_s", [900.0, -900.0])
def test_a_clock_that_jumped_in_a_long_silence_is_anchored_again(jump_s: float) -> None:
    guard: ClockGuard[Reading] = ClockGuard()
    true = [0.0, 0.1, 7200.0, 7200.1, 7200.2]
    said = [t + jump_s * (t > 1) for t in true]
    out = [r for t, h in zip(said, true, strict=True) for r in guard.push(frame(t, h + 0.05))]
    assert [(r.t_ns - T0) / NS for r in out] == pytest.approx(true, abs=1e-5)
    assert [h.kind for h in guard.health] == ["clock-jump"]


def test_a_clock_on_another_day_is_set_to_the_time_of_receipt() -> None:
    guard: ClockGuard[Reading] = ClockGuard()
    out = [r for k in range(3) for r in guard.push(frame(k / 10 - 7200, k / 10 + 0.05))]
    assert [(r.t_ns - T0) / NS for r in out] == pytest.approx([0.05, 0.15, 0.25], abs=1e-5)
    assert [h.kind for h in guard.health] == ["clock-jump"]


def test_each_device_has_its_own_clock() -> None:
    guard: ClockGuard[Reading] = ClockGuard()
    out = [r for k in range(4) for r in (*guard.push(frame(k / 10)), *guard.push(frame(500 + k / 10, device="other")))]
    assert len(out) == 8
    assert guard.health == ()


ORDERS = {
    "shuffled": ([3, 0, 2, 1], [0, 1, 2, 3]),
    "a stretch stored twice": ([*range(0, 60), *range(20, 50)], sorted([*range(0, 60), *range(20, 50)])),
    "clock set back once": ([*range(100, 130), *range(0, 30)], [*range(100, 130), *range(0, 30)]),
}


@pytest.mark.parametrize(("stored", "expected"), ORDERS.values(), ids=ORDERS)
def test_order_of_receipt(stored: list[int], expected: list[int]) -> None:
    readings = [replace(frame(t), received_ns=T0 + t * NS) for t in stored]
    assert [(r.received_ns - T0) // NS for r in receipt_order([readings])] == expected

"""Clocks that jump are set right; strays are dropped; stored order is believed where clocks were set back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

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

"""Streams merged by event time: order, lateness, silent devices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.sensing.merge import EventTimeMerge, by_event_time, merged
from aisle.sensing.readings import TrackReading

NS = 1_000_000_000
T0 = 1_600_000_000 * NS


def frame(device: str, t_s: float, late_s: float = 0.0) -> TrackReading:
    none = np.empty((0,), dtype=np.float32)
    t = T0 + round(t_s * NS)
    return TrackReading(
        device, t, t + round(late_s * NS), (), none.reshape(0, 3), none, none.reshape(0, 2, 3), none.reshape(0, 2)
    )


def test_a_tracker_far_behind_is_waited_for() -> None:
    plates = [frame("plates", k / 5) for k in range(60)]
    tracker = [frame("tracker", k / 10, 2.3) for k in range(120)]
    merge = EventTimeMerge(lateness_s=0.5)
    out = list(merged([plates, tracker], merge))
    assert len(out) == 180
    assert [r.t_ns for r in out] == sorted(r.t_ns for r in out)
    assert merge.health == ()


def test_too_late_is_dropped_and_counted() -> None:
    stream = [frame("a", k / 10) for k in range(100)]
    stream.insert(90, frame("a", 7.5))
    merge = EventTimeMerge(lateness_s=0.5)
    merge_out = list(by_event_time(stream, merge))
    assert len(merge_out) == 100
    assert [(h.kind, h.where, h.grave) for h in merge.health] == [("late", "a", True)]


def test_a_silent_device_is_not_waited_for_forever() -> None:
    merge = EventTimeMerge(lateness_s=0.5, patience_s=3.0)
    out = [*merge.push(frame("silent", 0.0)), *merge.push(frame("silent", 0.1))]
    for k in range(100):
        out += merge.push(frame("a", k / 10))
    assert out[-1].t_ns == T0 + round(9.4 * NS)


PLATES = [frame("plates", k / 5, 0.05) for k in range(700)]
QUIET = {  # seconds without a reading of the device, how late it is heard
    "the shop is empty for 75 s": ("tracker", 20.0, 95.0, 0.3),
    "two shoppers 90 s apart": ("tracker", 20.0, 110.0, 0.3),
    "the tracker is 2.3 s behind": ("tracker", 20.0, 110.0, 2.3),
    "the tracker is 2.9 s behind": ("tracker", 20.0, 110.0, 2.9),
    "a gondola is silent for 75 s": ("gondola", 20.0, 95.0, 0.05),
}


@pytest.mark.parametrize(("device", "from_s", "to_s", "late_s"), QUIET.values(), ids=QUIET)
def test_nothing_is_lost_after_a_quiet_stretch(device: str, from_s: float, to_s: float, late_s: float) -> None:
    quiet = [frame(device, k / 15, late_s) for k in range(2100) if not from_s <= k / 15 < to_s]
    merge = EventTimeMerge()
    out = list(merged([PLATES, quiet], merge))
    assert sorted((r.device, r.t_ns) for r in out) == sorted((r.device, r.t_ns) for r in (*PLATES, *quiet))
    assert [r.t_ns for r in out] == sorted(r.t_ns for r in out)
    assert merge.health == ()


def test_all_devices_silent_for_two_hours_come_back_together() -> None:
    streams = [[frame(d, k / 10 + p, 0.1) for p in (0, 7200) for k in range(50)] for d in "ab"]
    merge = EventTimeMerge()
    out = list(merged(streams, merge))
    assert len(out) == 200
    assert [r.t_ns for r in out] == sorted(r.t_ns for r in out)
    assert merge.health == ()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4000), st.integers(0, 900)), max_size=60))
def test_nothing_within_the_lateness_is_lost(items: list[tuple[str, int, int]]) -> None:
    readings = sorted((frame(d, t / 1000, late / 1000) for d, t, late in items), key=lambda r: r.received_ns)
    merge = EventTimeMerge(lateness_s=1.0)
    out = list(by_event_time(readings, merge))
    assert sorted((r.device, r.t_ns) for r in out) == sorted((r.device, r.t_ns) for r in readings)
    assert [r.t_ns for r in out] == sorted(r.t_ns for r in out)

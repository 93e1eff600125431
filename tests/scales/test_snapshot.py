"""A detector restored in the middle of a stream finds what one that went on finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.scales.change import Episode
from aisle.scales.detector import ChangeDetector, DetectorSettings
from aisle.scales.snapshot import FORMAT, SnapshotError, packed_array, restore, snapshot, unpacked_array
from scales.plates_kit import Signal, printed, time_of

SAMPLES = (
    Signal(24, 7, seed=4)
    .step(2, 6.0, -410.0, ring=0.4)
    .press(5, 8.0, 12.0, 200.0, 0.05)
    .step(1, 15.0, 300.0)
    .lost(16, 16.4)
    .samples
)


@given(cuts=st.lists(st.integers(0, len(SAMPLES)), min_size=1, max_size=5))
@settings(max_examples=30)
def test_restored_detectors_go_on_bit_for_bit(cuts: list[int]) -> None:
    steady = ChangeDetector([4, 3])
    want = steady.feed(time_of(0), SAMPLES)
    broken, got, at = ChangeDetector([4, 3]), list[Episode](), 0
    for cut in [*sorted(cuts), len(SAMPLES)]:
        got += broken.feed(time_of(at), SAMPLES[at:cut])
        at = cut
        broken = restore(snapshot(broken))
    assert snapshot(broken) == snapshot(steady)
    assert printed(got + broken.flush()) == printed(want + steady.flush())


def test_settings_and_rate_are_kept() -> None:
    again = restore(snapshot(ChangeDetector([2, 5], 100.0, DetectorSettings(history_s=9.0))))
    assert (again.hz, again.counts.tolist(), again.settings.history_s) == (100.0, [2, 5], 9.0)


@pytest.mark.parametrize(
    "array",
    [
        pytest.param(np.arange(6, dtype=np.int64).reshape(2, 3), id="whole numbers"),
        pytest.param(np.array([np.nan, -0.0, np.inf, 5e-324]), id="odd floats"),
        pytest.param(np.zeros((0, 4), np.float32), id="empty"),
        pytest.param(np.array([True, False]), id="flags"),
        pytest.param(np.arange(12.0).reshape(3, 4).T, id="transposed"),
        pytest.param(np.arange(3, dtype=">f8"), id="big endian"),
        pytest.param(np.float64(0.1) * np.ones(()), id="a single one"),
    ],
)
def test_arrays_come_back_bit_for_bit(array: np.ndarray) -> None:
    again = unpacked_array(packed_array(array))
    assert again.shape == array.shape
    assert again.flags.writeable
    assert np.ascontiguousarray(again).tobytes() == np.ascontiguousarray(array, array.dtype.newbyteorder("=")).tobytes()


@pytest.mark.parametrize(
    ("cut", "message"),
    [
        pytest.param(slice(0, 0), "begins with", id="nothing"),
        pytest.param(slice(1, None), "begins with", id="from the second byte"),
        pytest.param(slice(0, len(FORMAT) - 1), "no version", id="name only"),
        pytest.param(slice(0, len(FORMAT) + 3), "within its header", id="header only"),
        pytest.param(slice(0, -1), "damaged", id="cut short"),
    ],
)
def test_damaged_bytes_are_refused(cut: slice, message: str) -> None:
    with pytest.raises(SnapshotError, match=message):
        restore(snapshot(ChangeDetector([3]))[cut])


def test_somebody_elses_snapshot_is_refused() -> None:
    data = snapshot(ChangeDetector([3]))
    with pytest.raises(SnapshotError, match="begins with"):
        restore(b"aisle-belief\x00\x01" + data[len(FORMAT) :])

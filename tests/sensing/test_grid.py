"""The common grid: seamless batches, gaps, repeats, drift, jumps; blocks do not depend on when they are taken."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aisle.sensing.grid import PlateBlock, PlateGrid
from aisle.sensing.readings import PlateReading
from aisle.store.model import Shelf, Store

T0 = 1_587_514_313_250_000_000
MS = 1_000_000
N = 12


def store(plates: tuple[int, ...] = (2, 2), gondolas: int = 2) -> Store:
    shelves = tuple(
        Shelf(g + 1, s + 1, (2.0 * g, 0.0, 0.3 * s), 0.0, 0.4, tuple(0.1 * p for p in range(n + 1)))
        for g in range(gondolas)
        for s, n in enumerate(plates)
    )
    return Store("s", "EUR", "UTC", {}, shelves, ())


def reading(
    b: float, gondola: int = 1, offset_ms: float = 0.0, shape: tuple[int, int] = (2, 2), n: int = N, hz: float = 60.0
) -> PlateReading:
    """Batch b of a gondola; each sample tells its own row and plate: row + plate / 10."""
    rows = b * N + np.arange(n, dtype=np.float32)[:, None, None]
    grams = (rows + np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape) / 10).astype(np.float32)
    t = T0 + round(b * 200 * MS + offset_ms * MS)
    return PlateReading(f"plates-{gondola}", t, t, gondola, hz, grams)


def laid_out(grid: PlateGrid, readings: list[PlateReading]) -> PlateBlock:
    for r in readings:
        grid.push(r)
    block = grid.flush()
    assert block is not None
    return block


def first_plate(block: PlateBlock, column: int = 0) -> list[float]:
    return [round(float(v)) if np.isfinite(v) else -1 for v in block.grams[:, column]]


ROWS = list(range(36))
CASES = {
    "in time": ([0, 1, 2], [0, 0, 0], ROWS),
    "jitter": ([0, 1, 2], [0, 40, -35], ROWS),
    "one lost": ([0, 2], [0, 0], ROWS[:12] + [-1] * 12 + ROWS[24:]),
    "one twice": ([0, 1, 1, 2], [0, 0, 0, 0], ROWS),
    "two swapped": ([0, 2, 1], [0, 0, 0], ROWS),
    "all swapped": ([0, 3, 1, 2], [0, 0, 0, 0], list(range(48))),
}


@pytest.mark.parametrize(("batches", "jitter_ms", "rows"), CASES.values(), ids=CASES)
def test_rows_of_one_gondola(batches: list[int], jitter_ms: list[float], rows: list[int]) -> None:
    block = laid_out(
        PlateGrid(store(gondolas=1), lateness_s=1.0),
        [reading(b, 1, j) for b, j in zip(batches, jitter_ms, strict=True)],
    )
    assert first_plate(block) == rows
    assert (block.t0_ns, block.hz) == (T0, 60.0)


@pytest.mark.parametrize(
    ("plates", "shape"), [((2, 2), (2, 2)), ((2, 2), (3, 5)), ((3, 2), (2, 3)), ((4, 4), (2, 2)), ((1, 1), (2, 4))]
)
def test_plates_stand_in_store_order(plates: tuple[int, ...], shape: tuple[int, int]) -> None:
    block = laid_out(PlateGrid(store(plates)), [reading(0, g, 0, shape) for g in (1, 2)])
    expected = [(s * shape[1] + p) / 10 if p < shape[1] else np.nan for s, n in enumerate(plates) for p in range(n)]
    assert block.grams.shape == (N, 2 * sum(plates))
    assert block.grams[0] == pytest.approx(expected * 2, nan_ok=True)


def test_gondolas_with_different_phases_share_rows() -> None:
    block = laid_out(PlateGrid(store()), [reading(b, g, 80 * (g - 1)) for b in range(3) for g in (1, 2)])
    assert first_plate(block)[:36] == ROWS
    assert first_plate(block, 4)[5:41] == ROWS  # 80 ms are five rows


@pytest.mark.parametrize("rate", [1.0008, 0.9992])
def test_a_device_that_runs_fast_or_slow_stays_within_two_rows(rate: float) -> None:
    grid = PlateGrid(store(gondolas=1))
    block = laid_out(grid, [reading(b, 1, b * 200 * (1 / rate - 1)) for b in range(600)])
    at = np.arange(len(block.grams)) * rate
    assert np.nanmax(np.abs(block.grams[:, 0] - at)) < 2.5
    assert np.isnan(block.grams[:, 0]).sum() < 8


def test_a_silent_gondola_does_not_hold_the_others_up() -> None:
    grid = PlateGrid(store())
    for b in range(20):
        grid.push(reading(b, 1))
    block = grid.take()
    assert block is not None
    assert len(block.grams) == 20 * N - 30
    assert np.isnan(block.grams[:, 4:]).all()


def test_repeats_and_unknown_gondolas_are_counted() -> None:
    grid = PlateGrid(store(gondolas=1))
    laid_out(grid, [reading(0), reading(1), reading(0), reading(1), reading(2, 9)])
    assert [(h.kind, h.gondola) for h in grid.health] == [("unknown-plate", 9), ("duplicate", 1)]
    assert "2 batches" in grid.health[1].message


JUMPS = {"an hour forward": 3600.0, "an hour back": -3600.0, "ten seconds back": -10.0}


@pytest.mark.parametrize("jump_s", JUMPS.values(), ids=JUMPS)
def test_a_clock_that_jumps_loses_nothing(jump_s: float) -> None:
    grid = PlateGrid(store(gondolas=1))
    block = laid_out(grid, [reading(b, 1, 0 if b < 10 else jump_s * 1000) for b in range(30)])
    assert first_plate(block) == list(range(360))
    assert [h.kind for h in grid.health] == ["clock-jump"]


def test_a_gondola_on_another_day_is_brought_near() -> None:
    grid = PlateGrid(store())
    readings = [reading(b, g, 0 if g == 1 else -9e9) for b in range(5) for g in (1, 2)]
    block = laid_out(grid, readings)
    assert len(block.grams) < 100
    assert [(h.kind, h.gondola) for h in grid.health] == [("clock-jump", 2)]


def test_a_gap_of_four_seconds_is_missing_rows() -> None:
    block = laid_out(PlateGrid(store(gondolas=1)), [reading(b) for b in range(40) if not 10 <= b < 30])
    assert np.isnan(block.grams[120:360]).all()
    assert not np.isnan(np.delete(block.grams, np.s_[120:360], axis=0)).any()


def heard(b: float, gondola: int = 1) -> PlateReading:
    """As `reading`, heard 250 ms after it began."""
    r = reading(b, gondola)
    return replace(r, received_ns=r.t_ns + 250 * MS)


def blocks_of(grid: PlateGrid, readings: list[PlateReading]) -> list[PlateBlock]:
    out: list[PlateBlock] = []
    for r in readings:
        grid.push(r)
        out += iter(grid.take, None)
    return [*out, *iter(grid.flush, None)]


def test_a_gondola_silent_for_75_seconds_loses_nothing_else() -> None:
    spoken = [heard(b, g) for b in range(500) for g in (1, 2) if g == 1 or not 50 <= b < 425]
    grid = PlateGrid(store())
    block = laid_out(grid, spoken)
    assert first_plate(block) == list(range(6000))
    assert first_plate(block, 4) == [*range(600), *[-1] * 4500, *range(5100, 6000)]
    assert grid.health == ()


@pytest.mark.parametrize("gondolas", [(1, 2), (2, 1)], ids=["same first", "other first"])
def test_two_hours_of_silence_get_few_rows(gondolas: tuple[int, int]) -> None:
    after = 36_000  # batches in two hours
    spoken = [heard(b, g) for b in range(10) for g in (1, 2)] + [
        heard(after + b, g) for b in range(10) for g in gondolas
    ]
    grid = PlateGrid(store(), longest_silence_s=600.0)
    blocks = blocks_of(grid, spoken)
    times = np.concatenate([b.t0_ns + np.arange(len(b.grams)) * 1e9 / b.hz - T0 for b in blocks])
    grams = np.concatenate([b.grams for b in blocks])
    told = np.isfinite(grams).all(axis=1)
    assert len(grams) < 4 * 3600
    expected = [(row + p) * 1e9 / 60 for p in (0, after * N) for row in range(120)]
    assert times[told] == pytest.approx(expected, abs=1e3)
    assert grams[told][:, 4] == pytest.approx([row + p for p in (0, after * N) for row in range(120)])
    assert sum(abs(a.t1_ns - b.t0_ns) > 1 for a, b in pairwise(blocks)) == 1
    assert grid.health == ()


def test_who_speaks_first_after_a_silence_of_all_is_not_taken_for_a_wrong_clock() -> None:
    spoken = [heard(b) for b in range(10)] + [heard(1000 + b, g) for b in range(10) for g in (2, 1)]
    grid = PlateGrid(store())
    block = laid_out(grid, spoken)
    assert first_plate(block, 4)[-120:] == list(range(12000, 12120))
    assert grid.health == ()


def test_another_rate_is_brought_to_the_grid() -> None:
    block = laid_out(PlateGrid(store(gondolas=1)), [reading(b, hz=120.0, n=24) for b in range(3)])
    assert len(block.grams) == 36


@pytest.mark.parametrize("hz", [60.0, 120.0])
def test_a_batch_without_samples_is_passed_over(hz: float) -> None:
    block = laid_out(PlateGrid(store(gondolas=1)), [reading(0), reading(1), reading(2, hz=hz, n=0)])
    assert len(block.grams) == 24


def test_take_stops_before_until() -> None:
    grid = PlateGrid(store(gondolas=1), lateness_s=0.0)
    grid.push(reading(0))
    assert grid.take() is None  # the second batch must confirm the clock
    grid.push(reading(1))
    block = grid.take(T0 + 100 * MS)
    assert block is not None
    assert block.t1_ns == T0 + 100 * MS
    assert grid.take(T0 + 100 * MS) is None
    rest = grid.take()
    assert rest is not None
    assert (rest.t0_ns, len(rest.grams)) == (T0 + 100 * MS, 18)


@st.composite
def disordered(draw: st.DrawFn) -> list[PlateReading]:
    batches = draw(
        st.lists(st.tuples(st.integers(0, 25), st.integers(1, 3), st.floats(-60, 60)), min_size=1, max_size=60)
    )
    near = sorted(batches, key=lambda b: b[0] + draw(st.floats(-1.5, 1.5)))
    return [reading(b, g, j) for b, g, j in near]


@settings(max_examples=80, deadline=None)
@given(readings=disordered(), data=st.data())
def test_blocks_do_not_depend_on_when_they_are_taken(readings: list[PlateReading], data: st.DataObject) -> None:
    whole = laid_out(PlateGrid(store(gondolas=3)), readings)
    grid = PlateGrid(store(gondolas=3))
    parts: list[PlateBlock | None] = []
    for r in readings:
        grid.push(r)
        until = data.draw(st.one_of(st.none(), st.integers(T0 - 1000 * MS, T0 + 6000 * MS)))
        parts += [grid.take(until)] * 1 if data.draw(st.booleans()) else []
    parts.append(grid.flush())
    blocks = [p for p in parts if p is not None]
    assert np.array_equal(np.concatenate([b.grams for b in blocks]), whole.grams, equal_nan=True)
    assert blocks[0].t0_ns == whole.t0_ns
    assert all(abs(a.t1_ns - b.t0_ns) <= 1 for a, b in pairwise(blocks))

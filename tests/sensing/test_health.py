"""Sensor health: gaps, dead, stuck, saturated plates, tracker silence; grave when somebody was there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from aisle.sensing.grid import PlateBlock
from aisle.sensing.health import BATCHES_AT_ONCE, HealthMonitor, SourceCheck
from aisle.sensing.readings import HealthEntry, PlateReading, TrackReading
from aisle.sensing.unknown_plates import unknown_plates
from aisle.store.model import Facing, Shelf, Store

NS = 1_000_000_000
T0 = 1_600_000_000 * NS
HZ = 60.0
SECONDS = 16


def store() -> Store:
    shelves = tuple(
        Shelf(g, s, (3.0 * g, 0.0, 0.3 * s), 0.0, 0.4, (0.0, 0.1, 0.2, 0.3)) for g in (1, 2) for s in (1, 2)
    )
    facings = tuple(Facing("1", g, s, 0.0, 0.2, (1, 2)) for g in (1, 2) for s in (1, 2))
    return Store("s", "EUR", "UTC", {}, shelves, facings)


def samples() -> npt.NDArray[np.float32]:
    rows = np.random.default_rng(3).normal(1000.0, 1.5, (round(SECONDS * HZ), 12))
    return rows.astype(np.float32)


def person(t_s: float, x_m: float = 3.1) -> TrackReading:
    return TrackReading(
        "tracker",
        T0 + round(t_s * NS),
        T0,
        ("a",),
        np.array([[x_m, -0.4, 1.6]], np.float32),
        np.ones(1, np.float32),
        np.full((1, 2, 3), np.nan, np.float32),
        np.zeros((1, 2), np.float32),
    )


def found(grams: npt.NDArray[np.float32], people: bool = True, x_m: float = 3.1, cut: int = 97) -> list[HealthEntry]:
    monitor = HealthMonitor(store(), HZ)
    for i in range(0, len(grams), cut):
        monitor.see_plates(PlateBlock(T0 + round(i * NS / HZ), HZ, grams[i : i + cut]))
    for t in np.arange(0, SECONDS * people, 0.1):
        monitor.see_people(person(float(t), x_m))
    return list(monitor.entries())


FAULTS = {
    "nothing": (np.s_[0:0, 0:0], 0.0, []),
    "gap of a gondola": (np.s_[300:540, 0:6], np.nan, [("gap", "gondola 1", True)]),
    "gap of a shelf": (np.s_[300:540, 3:6], np.nan, [("gap", "gondola 1, shelf 2", True)]),
    "gap of a plate": (np.s_[300:540, 4], np.nan, [("gap", "gondola 1, shelf 2, plate 2", True)]),
    "short gap": (np.s_[300:345, 4], np.nan, [("gap", "gondola 1, shelf 2, plate 2", False)]),
    "a lost batch": (np.s_[300:312, 4], np.nan, []),
    "gap at the start": (np.s_[0:120, 4], np.nan, [("gap", "gondola 1, shelf 2, plate 2", True)]),
    "gap at the end": (np.s_[-120:, 4], np.nan, [("gap", "gondola 1, shelf 2, plate 2", True)]),
    "dead plate": (np.s_[:, 1], np.nan, [("dead", "gondola 1, shelf 1, plate 2", True)]),
    "dead plate nothing stands on": (np.s_[:, 2], np.nan, [("dead", "gondola 1, shelf 1, plate 3", False)]),
    "dead plate nobody is near": (np.s_[:, 7], np.nan, [("dead", "gondola 2, shelf 1, plate 2", False)]),
    "stuck": (np.s_[120:, 1], 431.5, [("stuck", "gondola 1, shelf 1, plate 2", True)]),
    "stuck for a short time": (np.s_[120:420, 1], 431.5, []),
    "saturated": (np.s_[:, 1], 6067.0, [("saturated", "gondola 1, shelf 1, plate 2", True)]),
}


@pytest.mark.parametrize(("where", "value", "expected"), FAULTS.values(), ids=FAULTS)
def test_faults_of_plates(where: tuple[slice, slice], value: float, expected: list[tuple[str, str, bool]]) -> None:
    grams = samples()
    grams[where] = value
    assert [(h.kind, h.where, h.grave) for h in found(grams)] == expected


def test_times_and_length_of_a_gap() -> None:
    grams = samples()
    grams[300:540, :6] = np.nan
    (entry,) = found(grams)
    assert entry.t0_ns == T0 + 5 * NS
    assert entry.t1_ns == T0 + 9 * NS
    assert "4.0 s" in entry.message


def test_a_gap_in_an_empty_shop_is_not_grave() -> None:
    grams = samples()
    grams[300:540, :6] = np.nan
    assert [h.grave for h in found(grams, people=False)] == [False]


@pytest.mark.parametrize("cut", [1, 12, 60, 5000])
def test_findings_do_not_depend_on_the_blocks(cut: int) -> None:
    grams = samples()
    grams[300:540, :6] = np.nan
    grams[100:, 8] = 6067.0
    grams[:, 9] = np.nan
    assert found(grams, cut=cut) == found(grams)


def test_coarse_scales_are_not_stuck() -> None:
    assert found((np.round(samples() / 50) * 50).astype(np.float32)) == []


def test_silence_of_the_tracker() -> None:
    monitor = HealthMonitor(store())
    for t in (0.0, 0.1, 3.1, 3.2):
        monitor.see_people(person(t))
    assert [(h.kind, h.where, h.grave) for h in monitor.entries()] == [("gap", "tracker", True)]


def wide(count: int, step_at: int) -> list[PlateReading]:
    """Batches of gondola 1 with a fourth plate on its first shelf, which the store does not know and which steps."""
    rng = np.random.default_rng(8)
    grams = rng.normal(500.0, 1.0, (count, 4, 2, 4)).astype(np.float32)
    grams[step_at:, :, 0, 3] += 150.0
    return [PlateReading("plates-1", T0 + k * NS // 5, T0 + k * NS // 5, 1, 20.0, g) for k, g in enumerate(grams)]


STEPS = {
    "in a short recording": (150, 80),
    "well before the search": (BATCHES_AT_ONCE + 100, 700),
    "just before the search": (BATCHES_AT_ONCE + 100, BATCHES_AT_ONCE - 5),
    "just after the search": (BATCHES_AT_ONCE + 100, BATCHES_AT_ONCE + 5),
    "between two searches": (2 * BATCHES_AT_ONCE + 100, BATCHES_AT_ONCE + 700),
}


@pytest.mark.parametrize(("count", "step_at"), STEPS.values(), ids=STEPS)
def test_a_step_of_an_unknown_plate_is_found_once_wherever_the_search_is_cut(count: int, step_at: int) -> None:
    batches = wide(count, step_at)
    check = SourceCheck(store(), "day")
    assert all(check.passed(b) is b for b in batches)
    (entry,) = check.entries()
    (at_once,) = unknown_plates(batches, store())
    assert (entry.where, entry.grave) == (at_once.where, True) == ("gondola 1, shelf 1, plate 4", True)
    assert abs((entry.t0_ns or 0) - (at_once.t0_ns or 0)) <= 2 * NS

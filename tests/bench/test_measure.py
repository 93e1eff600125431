"""Replaying with a hand-written engine, in one process and in several."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from aisle.bench.measure import Engine, Job, Measured, Mode, measure, measure_all
from aisle.bench.scoring import ClaimedLine, ClaimedReceipt
from aisle.bench.truth import BenchError
from aisle.walkout.outcome import Line, Outcome, Receipt

JOBS = [Job(Path("good"), Mode()), Job(Path("bad"), Mode()), Job(Path("other"), Mode(sequential=True))]

ENGINE_MODULE = """
from aisle.walkout.outcome import Outcome, Receipt

def engine(path, mode):
    return Outcome(path.name, 12.0, True, (), (Receipt(path.name, "customer", (), 0.5),), ())
"""


def engine(path: Path, mode: Mode) -> Outcome:
    """Bills one item of a product named after the mode; cannot read the recording called "bad"."""
    lines = {"good": ("x",), "other": ("y",)}
    if path.name not in lines:
        raise ValueError("plate_data.jsonl, line 3: found a truncated document")
    receipt = Receipt(
        "1", "customer", tuple(Line(g, g, 1 + mode.sequential, 0.9) for g in lines[path.name]), 0.8, tracks=("1", "7")
    )
    return Outcome(path.name, 30.0, True, (), (receipt,), ())


def by_index(engine: Engine, jobs: list[Job], processes: int) -> list[Measured]:
    return [
        measured for _, measured in sorted(measure_all(engine, jobs, processes=processes), key=lambda pair: pair[0])
    ]


def test_receipts_and_cost_are_noted() -> None:
    measured = measure(engine, JOBS[0])
    assert measured.receipts == (ClaimedReceipt("1", (ClaimedLine("x", 1, 0.9),), 0.8),)
    assert (measured.recorded_s, measured.complete, measured.fault) == (30.0, True, None)
    assert measured.cpu_s >= 0.0


def test_a_failing_replay_is_a_measurement_too() -> None:
    measured = measure(engine, JOBS[1])
    assert (measured.receipts, measured.recorded_s, measured.complete) == ((), 0.0, False)
    assert measured.fault == "bad: ValueError: plate_data.jsonl, line 3: found a truncated document"


def test_every_job_is_measured_in_its_mode() -> None:
    measured = by_index(engine, JOBS, 1)
    assert [m.job for m in measured] == JOBS
    assert [[n.quantity for r in m.receipts for n in r.lines] for m in measured] == [[1], [], [2]]


def test_worker_processes_find_the_engine_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spawned_engine.py").write_text(ENGINE_MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    spawned: Engine = importlib.import_module("spawned_engine").engine
    assert [m.receipts[0].shopper for m in by_index(spawned, JOBS, 2)] == ["good", "bad", "other"]


def test_no_jobs_no_work() -> None:
    assert by_index(engine, [], 2) == []


def test_no_processes_are_refused() -> None:
    with pytest.raises(BenchError, match="--jobs: found 0, must be 1 or more"):
        by_index(engine, JOBS, 0)

"""Bad input over a real process: a clear refusal or a health entry with doubtful receipts, never silence.

One shopper takes one thing; then the recording is spoiled in one way.  All spoiled recordings go through one process,
so that the rows also prove that one bad recording does not keep the others from being replayed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aisle.sensing.mcap_file import RecordingWriter
from aisle.simulation.recording import Simulated
from aisle.simulation.shop import simulate_scene
from aisle.store.example import example_store
from autocheckout_writer import Export, samples_of, with_samples

MAIN = "from aisle.cli import main; main()"
SIMULATED = simulate_scene(example_store(), "one_item", 1)
((SHOPPER, BASKET),) = SIMULATED.truth.receipts.items()
(GTIN,) = BASKET
T_EVENT = float(SIMULATED.truth.events[0]["timestamp"])
FACING = next(f for f in SIMULATED.store.facings if f.gtin == GTIN)


def replay(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", MAIN, "replay", *args]
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False)


# ------------------------------------------------------------------ spoiling
def spoiled(change: Callable[[Export], None]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        export = Export.of(SIMULATED)
        change(export)
        export.write(path)

    return write


def without(collection: str) -> Callable[[Path], None]:
    def leave_out(e: Export) -> None:
        del e.collections[collection]

    return spoiled(leave_out)


def mcap(path: Path, simulated: Simulated = SIMULATED) -> None:
    path.mkdir()
    with RecordingWriter(path / "shop.mcap", simulated.store) as writer:
        simulated.write(writer)


def text(path: Path) -> None:
    path.write_text("milk, bread", encoding="utf-8")


def cut(path: Path, share: float) -> None:
    mcap(path)
    file = path / "shop.mcap"
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])


def cut_lines(path: Path) -> None:
    Export.of(SIMULATED).write(path)
    file = path / "plate_data.jsonl"
    file.write_text(file.read_text()[: file.stat().st_size * 2 // 3])


def near_event(document: dict[str, Any], seconds: float) -> bool:
    return bool(document["gondola_id"] == FACING.gondola and abs(document["timestamp"] - T_EVENT) < seconds)


def without_samples(e: Export, value: float) -> None:
    """NaN or infinity on all plates of the shelf, from two seconds before the take to two after it."""
    for i, document in enumerate(e.collections["plate_data"]):
        samples = samples_of(document)
        samples[:, FACING.shelf] = np.where(near_event(document, 2.0), value, samples[:, FACING.shelf])
        e.collections["plate_data"][i] = with_samples(document, samples)


def gap(e: Export) -> None:
    e.collections["plate_data"] = [d for d in e.collections["plate_data"] if not near_event(d, 2.0)]


def twice(e: Export) -> None:
    e.collections["plate_data"] = [d for d in e.collections["plate_data"] for _ in range(2)]


def shuffled(e: Export) -> None:
    order = np.random.default_rng(5).permutation(len(e.collections["plate_data"]))
    e.collections["plate_data"] = [e.collections["plate_data"][i] for i in order]


def clock_jump(e: Export) -> None:
    """One gondola's clock is set forward by an hour after the take."""
    for d in e.collections["plate_data"]:
        d["timestamp"] += 3600.0 * (d["gondola_id"] == FACING.gondola and d["timestamp"] > T_EVENT + 2.0)


def unknown_plate(e: Export) -> None:
    """The planogram ends before the plates from which the shopper takes."""
    first = min(FACING.plates)
    e.collections["planogram"] = [
        d
        for d in e.collections["planogram"]
        if not any(
            p["shelf_id"]["gondola_id"]["id"] == FACING.gondola
            and p["shelf_id"]["shelf_index"] == FACING.shelf
            and p["plate_index"] >= first
            for p in d["plate_ids"]
        )
    ]


def no_weight(e: Export) -> None:
    for d in e.collections["products"]:
        if d["product_id"]["id"] == GTIN:
            d["metadata"]["weight"] = None


# --------------------------------------------------------------------- table
@dataclass(frozen=True)
class Fault:
    write: Callable[[Path], None]
    kind: str  # of the health entry it must cause
    grave: bool = True


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "empty-folder": (Path.mkdir, "no collection found"),
    "no-plates": (without("plate_data"), "collection plate_data is missing"),
    "no-planogram": (without("planogram"), "collection planogram is missing"),
    "no-batch-left": (spoiled(lambda e: e.collections.update(plate_data=[{"timestamp": 1.0}])), "plate_data"),
    "cut-inside-the-store": (lambda path: cut(path, 0.001), "store.json"),
    "text": (text, "at byte 0"),
    "no-such-path": (lambda path: None, "no such file or folder"),
}
HEALTH: dict[str, Fault] = {
    "cut-mcap": Fault(lambda path: cut(path, 0.6), "truncated"),
    "cut-lines": Fault(cut_lines, "truncated"),
    "no-products": Fault(without("products"), "missing-collection"),
    "no-targets": Fault(without("full_targets"), "missing-collection"),
    "no-weight": Fault(spoiled(no_weight), "no-weight"),
    "unknown-plate": Fault(spoiled(unknown_plate), "unknown-plate"),
    "infinite-samples": Fault(spoiled(lambda e: without_samples(e, np.inf)), "gap"),
    "nan-samples": Fault(spoiled(lambda e: without_samples(e, np.nan)), "gap"),
    "gap-of-4-s": Fault(spoiled(gap), "gap"),
}
HARMLESS: dict[str, Fault] = {
    "whole": Fault(spoiled(lambda e: None), ""),
    "batches-twice": Fault(spoiled(twice), "duplicate", grave=False),
    "batches-shuffled": Fault(spoiled(shuffled), ""),
    "clock-jump": Fault(spoiled(clock_jump), "clock-jump", grave=False),
}


@dataclass(frozen=True)
class Run:
    code: int
    said: str
    printed: str
    outcomes: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("faults")
    writers = {name: write for name, (write, _) in REFUSED.items()}
    writers |= {name: fault.write for name, fault in (HEALTH | HARMLESS).items()}
    for name, write in writers.items():
        write(folder / name)
    done = replay(*(str(folder / name) for name in writers), "--out", str(folder / "out"))
    outcomes = {f.stem: json.loads(f.read_text()) for f in sorted((folder / "out").glob("*.json"))}
    return Run(done.returncode, done.stderr, done.stdout, outcomes)


def test_bad_recordings_cost_an_exit_code_and_no_traceback(run: Run) -> None:
    assert run.code == 1
    assert "Traceback" not in run.said
    assert "fault of Aisle" not in run.said
    assert sorted(run.outcomes) == sorted(HEALTH | HARMLESS)


@pytest.mark.parametrize(("name", "said"), [(n, s) for n, (_, s) in REFUSED.items()], ids=REFUSED)
def test_what_cannot_be_read_is_refused_by_name_and_reason(run: Run, name: str, said: str) -> None:
    line = next(line for line in run.said.splitlines() if f"/{name}" in line)
    assert line.startswith("error: ")
    assert said in line


@pytest.mark.parametrize(("name", "fault"), HEALTH.items(), ids=HEALTH)
def test_what_is_missing_is_told_and_doubts_the_receipt(run: Run, name: str, fault: Fault) -> None:
    outcome = run.outcomes[name]
    assert fault.kind in {entry["kind"] for entry in outcome["health"] if entry["grave"]}
    assert outcome["complete"] is False
    assert all(not r["complete"] and r["faults"] and r["probability"] < 0.995 for r in outcome["receipts"])


@pytest.mark.parametrize(("name", "fault"), HARMLESS.items(), ids=HARMLESS)
def test_what_can_be_set_right_leaves_the_receipt_right(run: Run, name: str, fault: Fault) -> None:
    outcome = run.outcomes[name]
    (receipt,) = outcome["receipts"]
    assert {line["gtin"]: line["quantity"] for line in receipt["lines"]} == BASKET
    assert (outcome["complete"], receipt["complete"]) == (True, True)
    assert {entry["kind"] for entry in outcome["health"]} == {fault.kind} - {""}

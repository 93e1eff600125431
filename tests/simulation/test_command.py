"""`aisle simulate`."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from aisle.sensing.recordings import open_recording
from aisle.simulation.command import run_simulate
from aisle.simulation.scenes import SCENES


def console() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        pytest.param({"scenes": 2, "minutes": 3.0}, "exclude each other", id="both"),
        pytest.param({"scenes": 0}, "--scenes is 0", id="no scenes"),
        pytest.param({"minutes": -1.0}, "--minutes is -1", id="negative time"),
        pytest.param({"seed": -4}, "--seed is -4", id="seed"),
        pytest.param({"dynamics": "jelly"}, "default, calm, noisy", id="dynamics"),
        pytest.param({"cells": "floor"}, "plate or shelf", id="cells"),
        pytest.param({"tracks": "none"}, "clean or rough", id="tracks"),
    ],
)
def test_wrong_use_says_what_would_be_right(wish: dict[str, Any], said: str, tmp_path: Path) -> None:
    out = io.StringIO()
    assert run_simulate(tmp_path / "out", console=Console(file=out, width=200), **wish) == 2
    assert said in out.getvalue()
    assert not (tmp_path / "out").exists()


def test_truth_must_lie_apart(tmp_path: Path) -> None:
    assert run_simulate(tmp_path, truth=tmp_path, scenes=1, console=console()) == 2


def test_a_missing_store_folder_is_a_failure_not_a_traceback(tmp_path: Path) -> None:
    out = io.StringIO()
    missing = tmp_path / "nowhere"
    assert run_simulate(tmp_path / "out", store=missing, scenes=1, console=Console(file=out, width=400)) == 1
    assert "nowhere" in out.getvalue()


def test_scenes_take_turns_and_can_be_read_back(tmp_path: Path) -> None:
    out = tmp_path / "made"
    assert run_simulate(out, scenes=3, seed=5, dynamics="mixed", console=console()) == 0
    truths = [json.loads(p.read_text()) for p in sorted((tmp_path / "made-truth").glob("*.json"))]
    assert {t["case"] for t in truths} == set(list(SCENES)[:3])
    assert sorted(p.stem for p in out.glob("*.mcap")) == sorted(t["name"] for t in truths)
    for t in truths:
        recording = open_recording(out / f"{t['name']}.mcap")
        last = max(r.t_ns for r in recording.readings())
        assert last / 1e9 == pytest.approx(t["t0"] + t["duration_s"], abs=1.0)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        assert run_simulate(tmp_path / folder, minutes=1.2, seed=8, console=console()) == 0
    (a,), (b,) = (tuple((tmp_path / folder).glob("*.mcap")) for folder in ("a", "b"))
    assert a.read_bytes() == b.read_bytes()

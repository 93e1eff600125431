"""`aisle replay`: what it prints, what it writes, how it ends."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from aisle.sensing.faults import RecordingError
from aisle.sensing.mcap_file import RecordingWriter
from aisle.sensing.readings import Recording
from aisle.simulation.shop import simulate_scene
from aisle.store.example import example_store
from aisle.store.model import Store
from aisle.walkout.command import run_replay
from aisle.walkout.outcome import Outcome
from aisle.walkout.replay import ReplayOptions

MAIN = "from aisle.cli import main; main()"


@dataclass
class FakeEngine:
    """Gives the same outcome for every recording, or fails for those of a name; notes what it was asked."""

    outcome: Outcome
    failing: dict[str, Exception] = field(default_factory=dict)
    asked: list[tuple[str, bool]] = field(default_factory=list)

    def __call__(self, recording: Recording, options: ReplayOptions) -> Outcome:
        self.asked.append((recording.name, options.sequential))
        for error in (e for name, e in self.failing.items() if name == recording.name):
            raise error
        return replace(self.outcome, recording=recording.name)


@dataclass(frozen=True)
class Done:
    code: int
    printed: str
    told: str


@pytest.fixture
def engine(outcome: Outcome) -> FakeEngine:
    return FakeEngine(outcome)


@pytest.fixture
def run(engine: FakeEngine, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    def call(*paths: Path, **options: Any) -> Done:
        errors = Console(file=io.StringIO(), width=200)
        code = run_replay(paths, engine=engine, errors=errors, **options)
        assert isinstance(errors.file, io.StringIO)
        return Done(code, capsys.readouterr().out, errors.file.getvalue())

    return call


@pytest.fixture
def recordings(tmp_path: Path, shop: Store) -> list[Path]:
    paths = [tmp_path / f"{name}.mcap" for name in ("monday", "tuesday")]
    for path in paths:
        RecordingWriter(path, shop).close()
    return paths


def test_one_recording_is_one_object(run: Callable[..., Done], recordings: list[Path]) -> None:
    done = run(recordings[0], json=True)
    assert (done.code, json.loads(done.printed)["recording"]) == (0, "monday")


def test_several_are_an_array(run: Callable[..., Done], recordings: list[Path]) -> None:
    done = run(*recordings, json=True)
    assert [o["recording"] for o in json.loads(done.printed)] == ["monday", "tuesday"]


def test_a_folder_of_recordings_is_an_array_too(run: Callable[..., Done], recordings: list[Path]) -> None:
    done = run(recordings[0].parent, json=True)
    assert [o["recording"] for o in json.loads(done.printed)] == ["monday", "tuesday"]


def test_files_are_written_whole_and_one_line_is_printed_for_each(
    run: Callable[..., Done], recordings: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "new" / "receipts"
    done = run(*recordings, out=out)
    assert done.printed.splitlines() == [
        f"{n}: 30.0 s, 3 receipts, 1 item; 1 incomplete" for n in ("monday", "tuesday")
    ]
    assert sorted(path.name for path in out.iterdir()) == ["monday.json", "tuesday.json"]
    assert json.loads((out / "monday.json").read_text())["recording"] == "monday"


def test_receipts_are_printed(run: Callable[..., Done], recordings: list[Path]) -> None:
    assert "Whole milk [1 l]" in run(recordings[0]).printed


def test_the_baseline_is_asked_for(run: Callable[..., Done], engine: FakeEngine, recordings: list[Path]) -> None:
    run(recordings[0], sequential=True)
    assert engine.asked == [("monday", True)]


FAILURES = {
    "refused": (RecordingError("monday.mcap: at byte 7: too short"), "monday.mcap: at byte 7: too short"),
    "not readable": (PermissionError(13, "Permission denied"), "cannot be read (Permission denied)"),
    "a fault of Aisle": (KeyError("x"), "the replay broke off at test_command.py:"),
}


@pytest.mark.parametrize(("error", "said"), FAILURES.values(), ids=FAILURES)
def test_one_failure_does_not_stop_the_others(
    run: Callable[..., Done], engine: FakeEngine, recordings: list[Path], error: Exception, said: str
) -> None:
    engine.failing["monday"] = error
    done = run(*recordings, json=True)
    assert done.code == 1
    assert [o["recording"] for o in json.loads(done.printed)] == ["tuesday"]
    assert done.told.startswith(f"error: {recordings[0]}: ")
    assert said in done.told
    assert len(done.told.splitlines()) == 1


def test_when_all_fail_the_array_is_empty(run: Callable[..., Done], engine: FakeEngine, recordings: list[Path]) -> None:
    engine.failing |= {"monday": RecordingError("no"), "tuesday": RecordingError("no")}
    done = run(*recordings, json=True)
    assert (done.code, done.printed) == (1, "[]\n")


def test_why_explains_a_shopper(run: Callable[..., Done], recordings: list[Path]) -> None:
    done = run(recordings[0], why="-19")
    assert done.code == 0
    assert "  at 12.5 s, gondola 1 shelf 1, plates 1-2: −1050.0 ± 1.2 g → took" in done.printed


def test_why_of_nobody_lists_who_was_there(run: Callable[..., Done], recordings: list[Path]) -> None:
    done = run(recordings[0], why="77")
    assert (done.code, done.printed) == (2, "")
    assert done.told == "error: monday: no shopper '77'; there are: person-11, person-12, boss\n"


def test_why_and_json_exclude_each_other(run: Callable[..., Done], recordings: list[Path]) -> None:
    done = run(recordings[0], why="77", json=True)
    assert (done.code, done.printed) == (2, "")


def test_two_results_of_one_name_are_wrong_use(
    run: Callable[..., Done], recordings: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    twin = (tmp_path / "other" / "monday.mcap").resolve()
    twin.write_bytes(recordings[0].read_bytes())
    done = run(recordings[0], twin, out=tmp_path / "out")
    assert done.code == 2
    assert "would both become monday.json" in done.told
    assert not (tmp_path / "out").exists()


def test_out_that_is_a_file_is_wrong_use(run: Callable[..., Done], recordings: list[Path]) -> None:
    done = run(recordings[0], out=recordings[1])
    assert (done.code, done.told) == (2, f"error: --out: {recordings[1]} is a file; give a folder, new or not\n")


# ------------------------------------------------------------- real processes
def replay(*args: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-W", "error", "-c", MAIN, "replay", *args]
    return subprocess.run(command, capture_output=True, env={**os.environ, **environment}, timeout=120, check=False)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Several people at one gondola, staff among the shop's ids."""
    simulated = simulate_scene(example_store(), "several_of_one", 3)
    path = tmp_path_factory.mktemp("crowd") / "crowd.mcap"
    with RecordingWriter(path, simulated.store) as writer:
        simulated.write(writer)
    return path


def test_the_same_recording_gives_the_same_bytes_in_every_process(crowd: Path) -> None:
    first, second = (replay(str(crowd), "--json", PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["receipts"]
    assert first.stdout == second.stdout


def test_a_terminal_without_unicode_gets_valid_json(crowd: Path) -> None:
    done = replay(str(crowd), "--json", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert json.loads(done.stdout)["recording"] == "crowd"


def test_the_real_recording(data_folder: Path) -> None:
    done = replay(str(data_folder / "nanostore" / "benchmark-1"), "--json")
    outcome = json.loads(done.stdout)
    assert [[(n["gtin"], n["quantity"]) for n in r["lines"]] for r in outcome["receipts"]] == [[("071142008582", 1)]]
    assert outcome["complete"] is True

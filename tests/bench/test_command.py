"""`aisle bench` from its arguments to its exit code, with a hand-written engine and simulator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisle.bench.command import run_bench
from aisle.bench.measure import Mode
from aisle.walkout.outcome import Event, Line, Outcome, Receipt


def right_engine(path: Path, mode: Mode) -> Outcome:
    """Bills everybody what the recording's own note says, and is sure of it; dawdles for nobody."""
    basket = json.loads((path / "note.json").read_text())
    lines = tuple(Line(gtin, gtin, quantity, 0.999) for gtin, quantity in basket.items())
    return Outcome(path.name, 60.0, True, (), (Receipt("1", "customer", lines, 0.999),), ())


def wrong_engine(path: Path, mode: Mode) -> Outcome:
    """Bills nobody anything."""
    return Outcome(path.name, 60.0, True, (), (), ())


def real_engine(path: Path, mode: Mode) -> Outcome:
    """Knows the real recording."""
    receipt = Receipt("p", "customer", (Line("071142008582", "tea", 1, 0.99),), 0.98)
    return Outcome(path.name, 17.0, True, (), (receipt,), (Event(0, 1, 5, (11,), -622.0, 1.5),))


def write_scenes(recordings: Path, truth: Path, scenes: int, seed: int) -> None:
    """A simulator that makes the same visit over and over."""
    for folder in (recordings, truth):
        folder.mkdir(parents=True)
    for i in range(scenes):
        name = f"pick-{seed}-{i:03d}"
        (recordings / name).mkdir()
        (recordings / name / "note.json").write_text('{"x": 2}')
        fields = {"name": name, "case": "pick", "group": "A", "resolvable": "weight", "receipts": {"1": {"x": 2}}}
        (truth / f"{name}.json").write_text(json.dumps(fields | {"seed": seed}))


def refuse_to_simulate(recordings: Path, truth: Path, scenes: int, seed: int) -> None:
    raise AssertionError("recordings that are already there must not be simulated again")


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    write_scenes(tmp_path / "recs", tmp_path / "recs-truth", 6, 1)
    return tmp_path / "recs"


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def test_everything_reached(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_bench("receipts", recordings=recordings, on="all", json=True, engine=right_engine) == 0
    answer = printed(capsys)
    rows = {row["name"]: row for row in answer["rows"]}
    assert answer["suite"] == "receipts"
    assert {"name", "on", "value", "unit", "reach", "ok", "low", "high"} <= rows["item F1"].keys()
    assert (rows["item F1"]["value"], rows["exact receipts"]["value"], rows["item F1"]["on"]) == (1.0, 1.0, "all")
    assert rows["item F1, joint minus sequential"]["value"] == 0.0
    assert (answer["about"]["recordings"], answer["about"]["seeds"]) == (6, "1")


def test_falling_short(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_bench("receipts", recordings=recordings, json=True, engine=wrong_engine) == 1
    rows = {row["name"]: row for row in printed(capsys)["rows"]}
    assert (rows["item F1"]["value"], rows["item F1"]["ok"], rows["item F1"]["reach"]) == (0.0, False, 0.99)


SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "by default": ({}, "wrists"),
    "heads only": ({"heads_only": True}, "heads"),
    "named": ({"on": "shelf"}, "shelf"),
    "named, heads only": ({"on": "high", "heads_only": True}, "high"),
}


@pytest.mark.parametrize(("options", "on"), SETTINGS.values(), ids=SETTINGS.keys())
def test_setting(recordings: Path, options: dict[str, Any], on: str, capsys: pytest.CaptureFixture[str]) -> None:
    run_bench("receipts", recordings=recordings, json=True, baseline=False, engine=right_engine, **options)
    answer = printed(capsys)
    assert {row["on"] for row in answer["rows"]} == {on}
    assert not [row["name"] for row in answer["rows"] if "sequential" in row["name"]]


def test_modes_reach_the_engine(recordings: Path) -> None:
    seen: set[Mode] = set()

    def watching(path: Path, mode: Mode) -> Outcome:
        seen.add(mode)
        return right_engine(path, mode)

    run_bench("receipts", recordings=recordings, on="heads", limit=2, engine=watching)
    assert seen == {Mode(False, True), Mode(True, True)}


def test_tables_for_people(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_bench("receipts", recordings=recordings, on="all", engine=right_engine) == 0
    out = capsys.readouterr().out
    assert [word for word in ("Cases", "How honest", "Review", "item F1", "sequential") if word not in out] == []


def test_results_and_pictures_are_kept(recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    run_bench("receipts", recordings=recordings, on="all", json=True, out=tmp_path / "out", engine=right_engine)
    kept = tmp_path / "out" / "receipts-all.json"
    assert json.loads(kept.read_text()) == printed(capsys)
    assert sorted(p.suffix for p in (tmp_path / "out").iterdir()) == [".json", ".png", ".png", ".svg", ".svg"]
    assert run_bench("table", files=[kept]) == 0
    assert "| all | exact receipts | 1.0000 |" in capsys.readouterr().out


def test_without_recordings_the_own_simulator_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options: dict[str, Any] = {"out": tmp_path / "kept", "json": True, "engine": right_engine, "scenes": 4, "seed": 7}
    assert run_bench("receipts", simulate=write_scenes, **options) == 0
    answer = printed(capsys)
    assert (answer["rows"][0]["on"], answer["about"]["recordings"], answer["about"]["seeds"]) == ("own", 4, "7")
    assert run_bench("receipts", simulate=refuse_to_simulate, **options) == 0


def test_simulated_recordings_do_not_stay_unless_wanted() -> None:
    seen: list[Path] = []

    def watching(path: Path, mode: Mode) -> Outcome:
        seen.append(path)
        return right_engine(path, mode)

    assert run_bench("receipts", simulate=write_scenes, scenes=2, engine=watching) == 0
    assert seen
    assert not any(path.exists() for path in seen)


def test_real_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "nanostore" / "benchmark-1").mkdir(parents=True)
    monkeypatch.setenv("AISLE_DATA", str(tmp_path))
    assert run_bench("receipts", real=True, json=True, engine=real_engine) == 0
    assert [row["ok"] for row in printed(capsys)["rows"]][:3] == [True, True, True]
    assert run_bench("receipts", on="real", engine=wrong_engine) == 1


def test_faults_are_told_and_fail_the_run(recordings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (recordings / "pick-1-002" / "note.json").unlink()
    assert run_bench("receipts", recordings=recordings, on="all", engine=right_engine) == 1
    assert "failed: pick-1-002: FileNotFoundError" in capsys.readouterr().err


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "no such suite": ("prices", {}, "suite: found 'prices', must be one of receipts, scales, commerce, tracking, "),
    "no such setting": ("receipts", {"on": "hands"}, "--on: found 'hands'"),
    "a setting without recordings": ("receipts", {"on": "rough"}, "--on rough: needs --recordings"),
    "truth without recordings": ("receipts", {"truth": Path("truth")}, "--truth: given without --recordings"),
    "no such folder": ("receipts", {"recordings": Path("absent")}, "--recordings: no folder absent"),
    "no files": ("table", {}, "table: no file of results named"),
    "no plates": ("scales", {"plates": 0}, "--plates: found 0"),
    "no scenes": ("receipts", {"scenes": 0}, "--scenes: found 0, must be 1 or more"),
    "no real recording": ("receipts", {"real": True}, "--real: AISLE_DATA is not set"),
}


@pytest.mark.parametrize(("suite", "options", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_use(
    suite: str,
    options: dict[str, Any],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("AISLE_DATA", raising=False)
    assert run_bench(suite, engine=right_engine, **options) == 2
    assert f"error: {message}" in capsys.readouterr().err


def test_scales_suite(capsys: pytest.CaptureFixture[str]) -> None:
    run_bench("scales", plates=48, seconds=16.0, day_hours=0.0, json=True)
    assert printed(capsys)["suite"] == "scales"

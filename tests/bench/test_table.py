"""Numbers as people read them, and the Markdown table of claims."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from aisle.bench.claims import Results, judged, published
from aisle.bench.intervals import Interval
from aisle.bench.table import interval_text, main, markdown, reach_text, value_text

VALUES: dict[str, tuple[float | None, str, str]] = {
    "a share": (0.98765, "", "0.9877"),
    "all of it": (1.0, "", "1.0000"),
    "none": (0.0, "", "0"),
    "times": (312.4, "×", "312×"),
    "few times": (11.26, "×", "11.3×"),
    "grams": (0.8125, "g", "0.81 g"),
    "a little time": (0.00231, "s", "0.0023 s"),
    "yes": (1.0, "yes/no", "yes"),
    "no": (0.0, "yes/no", "no"),
    "thousands": (41000.0, "", "41,000"),
    "unknown": (None, "", "–"),
    "infinite": (float("inf"), "g", "–"),
}


@pytest.mark.parametrize(("value", "unit", "text"), VALUES.values(), ids=VALUES.keys())
def test_value(value: float | None, unit: str, text: str) -> None:
    assert value_text(value, unit) == text


def test_reach_and_interval() -> None:
    row = judged("m", "o", 0.9912, reach=0.99, interval=Interval(0.9876, 0.9951))
    assert (reach_text(row), interval_text(row)) == ("≥ 0.99", "0.9876–0.9951")
    row = judged("m", "o", 320.0, reach=300.0, unit="×", side="most", interval=Interval(float("nan"), 330.2))
    assert (reach_text(row), interval_text(row)) == ("≤ 300×", "?–330")
    assert reach_text(judged("m", "o", 1.0, reach=1.0, unit="yes/no")) == "yes"
    assert (reach_text(judged("m", "o", 1.0)), interval_text(judged("m", "o", 1.0))) == ("", "")


RESULTS = Results(
    suite="receipts",
    rows=(
        judged("item F1", "wrists", 0.9912, reach=0.99, interval=Interval(0.9876, 0.9951), recordings=1025),
        judged("item recall", "wrists", 0.98),
        judged("item F1, sequential baseline", "wrists", 0.9612, kind="baseline"),
        *published("wrists"),
    ),
)


def test_baseline_and_published_figures_stand_in_columns_of_their_own() -> None:
    lines = markdown([RESULTS]).splitlines()
    assert lines[2] == "| wrists | item F1 | 0.9912 | 0.9876–0.9951 | ≥ 0.99 | yes | 0.9612 | 0.8900 | 1,025 |"
    assert lines[3].startswith("| wrists | item recall | 0.9800 |")
    assert lines[-1].startswith("\\* winning entry of the AutoCheckout competition")


def test_brief_keeps_what_has_a_reach() -> None:
    assert "item recall" not in markdown([RESULTS], brief=True)
    assert "item F1" in markdown([RESULTS], brief=True)


def test_from_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "receipts-wrists.json"
    path.write_bytes(msgspec.json.encode(RESULTS))
    assert main([str(path)]) == 0
    assert capsys.readouterr().out == markdown([RESULTS])


WRONG = {
    "nothing named": ([], "usage:"),
    "not there": (["absent.json"], "absent.json: cannot be read"),
    "no results": (["pyproject.json"], "not a file of results"),
}


@pytest.mark.parametrize(("names", "message"), WRONG.values(), ids=WRONG.keys())
def test_wrong_use(
    names: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.json").write_text('{"suite": 3}')
    assert main(names) == 2
    assert message in capsys.readouterr().err

"""The demo, with an engine that knows the truth: what it prints must be the truth then."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from aisle.bench.demo import run_demo
from aisle.bench.measure import Mode
from aisle.sensing.recordings import open_recording
from aisle.walkout.outcome import Line, Outcome, Receipt


class Oracle:
    """Reads the truth from beside the recording; `blind_to` leaves the receipts of the first so many empty."""

    def __init__(self, blind_to: int = 0) -> None:
        self.blind_to = blind_to

    def __call__(self, path: Path, mode: Mode) -> Outcome:
        folder = path.parent
        truth = json.loads((folder.with_name(folder.name + "-truth") / f"{path.stem}.json").read_text())
        names = open_recording(path).store.products
        receipts = []
        for number, (who, taken) in enumerate(truth["receipts"].items()):
            lines = tuple(Line(g, names[g].name, q, 0.99) for g, q in taken.items()) * (number >= self.blind_to)
            receipts.append(Receipt(who, truth["roles"][who], lines, 0.97))
        return Outcome(path.stem, truth["duration_s"], True, (), tuple(receipts), ())


def shown(engine: Oracle, out: Path | None = None) -> str:
    text = io.StringIO()
    assert run_demo(seed=2, minutes=1.5, out=out, console=Console(file=text, width=160), engine=engine) == 0
    return text.getvalue()


def test_an_engine_that_is_right_is_shown_to_be_right() -> None:
    text = shown(Oracle())
    assert "100.0 % F1" in text
    assert "✗" not in text
    assert "0 of" in text


def test_what_is_missing_is_named() -> None:
    text = shown(Oracle(blind_to=100))
    assert "recall 0.0 %" in text
    assert "missing: 1 × " in text


def test_the_recording_can_be_kept(tmp_path: Path) -> None:
    text = shown(Oracle(), tmp_path / "kept")
    assert "its truth apart from it" in text
    assert len(list((tmp_path / "kept").glob("*.mcap"))) == 1
    assert len(list((tmp_path / "kept-truth").glob("*.json"))) == 1


@pytest.mark.parametrize("minutes", [pytest.param(0.0, id="none"), pytest.param(-3.0, id="less than none")])
def test_no_afternoon_is_wrong_use(minutes: float) -> None:
    assert run_demo(minutes=minutes, console=Console(file=io.StringIO())) == 2


def test_a_recording_that_cannot_be_written_is_a_failure_not_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    text = io.StringIO()
    assert run_demo(minutes=1.5, out=tmp_path / "file", console=Console(file=text, width=400), engine=Oracle()) == 1
    assert "file" in text.getvalue()

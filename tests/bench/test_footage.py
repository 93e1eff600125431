"""What is counted on real footage is counted rightly, and without footage the suite says so."""

import numpy as np
import pytest

from aisle.bench.command import run_bench
from aisle.bench.footage import FootageLoad, at_place, footage_truth, judge_footage, matched
from aisle.bench.truth import BenchError


@pytest.mark.parametrize(
    ("told", "found", "exact", "false"),
    [
        ([(240, -1), (440, 1), (560, -2)], 3, 3, 0),
        ([(240, -1), (440, 1), (560, -1)], 3, 2, 0),
        ([(240, 1), (440, 1)], 1, 1, 1),
        ([(240, -1), (245, -1)], 1, 1, 1),
        ([(400, -1)], 0, 0, 1),
        ([], 0, 0, 0),
    ],
    ids=["all", "too few at once", "the wrong way", "twice", "much too late", "none"],
)
def test_changes_are_matched_by_time_and_sign(told: list[tuple[int, int]], found: int, exact: int, false: int) -> None:
    assert matched([(210, -1), (342, 1), (534, -2)], told) == (found, exact, false)


def test_the_truth_is_whole() -> None:
    truth = footage_truth()
    assert [camera.id for camera in truth.nanostore.cameras] == ["1", "3", "5", "7"]
    assert sum(number for _, number in truth.bottles.changes) == 0
    third = truth.nanostore.cameras[1]
    assert [third.shows(frame) for frame in (0, 60, 90, 213, 214)] == [True, False, True, True, False]
    assert third.box(5).tolist() == [118.5, 261.0, 240.0, 360.0]


def test_a_rough_box_is_met_by_its_middle_or_by_a_fifth() -> None:
    rough = np.array([100.0, 0.0, 200.0, 200.0])
    assert at_place(np.array([120.0, 150.0, 140.0, 170.0]), rough)
    assert at_place(np.array([140.0, 0.0, 300.0, 200.0]), rough)
    assert not at_place(np.array([300.0, 0.0, 400.0, 200.0]), rough)


def test_without_footage_it_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AISLE_DATA", raising=False)
    assert run_bench("vision", json=True, parts=("bottles",)) == 0
    assert "AISLE_DATA is not set" in capsys.readouterr().err


def test_missing_films_are_named(tmp_path: object) -> None:
    with pytest.raises(BenchError, match=r"bottle-picks\.mp4: cannot be opened as a film"):
        judge_footage(FootageLoad(("bottles",)), lambda part, share: None, {"AISLE_DATA": str(tmp_path)})


def test_parts_must_be_known() -> None:
    with pytest.raises(BenchError, match="--part: found 'kitchen'"):
        FootageLoad(("kitchen",))

"""Finding recordings and their truth, and saying what is wrong where they do not fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aisle.bench.truth import BenchError, read_samples, read_truth, spread


def write_truth(folder: Path, name: str, **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    fields = {
        "name": name,
        "case": "pick",
        "group": "A",
        "resolvable": "weight",
        "receipts": {"1": {"x": 1}},
        "seed": 3,
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(fields | changes))
    return path


def test_truth_with_more_fields_than_needed(tmp_path: Path) -> None:
    truth = read_truth(write_truth(tmp_path, "r", events=[{"t": 1.0}], duration_s=3.0))
    assert (truth.case, truth.receipts, truth.seed, truth.roles) == ("pick", {"1": {"x": 1}}, 3, {})


WRONG = {
    "no JSON": ("{", "not a truth file"),
    "a field is missing": ("{}", "missing required field `name`"),
    "a quantity is text": (
        '{"name":"r","case":"c","group":"g","resolvable":"w","receipts":{"1":{"x":"two"}}}',
        r"Expected `int`, got `str` - at `\$.receipts",
    ),
    "a quantity is nought": (
        '{"name":"r","case":"c","group":"g","resolvable":"w","receipts":{"1":{"x":0}}}',
        r"receipts\.1\.x: found 0, a quantity is 1 or more",
    ),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_truth_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(text)
    with pytest.raises(BenchError, match=message) as caught:
        read_truth(path)
    assert str(path) in str(caught.value)


def test_an_absent_truth_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"no\.json: cannot be read"):
        read_truth(tmp_path / "no.json")


def test_folders_files_and_archives_are_found(tmp_path: Path) -> None:
    recordings, truth = tmp_path / "recs", tmp_path / "recs-truth"
    (recordings / "folder").mkdir(parents=True)
    (recordings / "store_meta").mkdir()
    for name in ("mcap.mcap", "dump.archive"):
        (recordings / name).touch()
    for name in ("folder", "mcap", "dump"):
        write_truth(truth, name)
    assert [s.path.name for s in read_samples(recordings)] == ["dump.archive", "folder", "mcap.mcap"]


def test_truth_without_recording(tmp_path: Path) -> None:
    (tmp_path / "recs").mkdir()
    write_truth(tmp_path / "recs-truth", "lost")
    with pytest.raises(BenchError, match=r"no recording called 'lost', though there is truth.*lost\.mcap"):
        read_samples(tmp_path / "recs")


def test_absent_and_empty_folders(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="--recordings: no folder"):
        read_samples(tmp_path / "recs")
    (tmp_path / "recs").mkdir()
    with pytest.raises(BenchError, match="--truth: no folder"):
        read_samples(tmp_path / "recs")
    (tmp_path / "recs-truth").mkdir()
    with pytest.raises(BenchError, match=r"found no \*\.json"):
        read_samples(tmp_path / "recs")


SPREAD = {
    "all": (None, "abcdef"),
    "more than there are": (9, "abcdef"),
    "half": (3, "ace"),
    "one": (1, "a"),
}


@pytest.mark.parametrize(("limit", "kept"), SPREAD.values(), ids=SPREAD.keys())
def test_limit_keeps_an_even_spread(limit: int | None, kept: str) -> None:
    assert "".join(spread("abcdef", limit)) == kept


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(BenchError, match="--limit: found 0"):
        spread("abc", 0)

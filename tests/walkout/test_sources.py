"""Which recordings a path means."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.walkout.sources import recordings_at

LAID_OUT: dict[str, tuple[list[str], list[str]]] = {
    "one folder of collections": (["plate_data.json", "planogram.json"], ["."]),
    "collections and a dump inside": (["planogram.bson", "old/plate_data.bson"], ["."]),
    "one MCAP file": (["monday.mcap"], ["."]),
    "several MCAP files": (["b.mcap", "a.mcap", "notes.txt"], ["a.mcap", "b.mcap"]),
    "folders beside shared geometry": (
        ["store_meta/Plates.json", "b/plate_data.jsonl", "a/plate_data.jsonl", "truth/a.json"],
        ["a", "b"],
    ),
    "one folder beside shared geometry": (["store_meta/Plates.json", "a/plate_data.jsonl"], ["a"]),
    "one dump in a folder": (["dump/plate_data.bson"], ["."]),
    "archives": (["a.archive", "b.archive.gz", "c/shop.archive"], ["a.archive", "b.archive.gz", "c"]),
    "hidden parts": ([".a.mcap", "b.mcap", "c.mcap"], ["b.mcap", "c.mcap"]),
    "nothing": (["notes.txt"], ["."]),
}


@pytest.mark.parametrize(("files", "expected"), LAID_OUT.values(), ids=LAID_OUT)
def test_recordings_in_a_folder(tmp_path: Path, files: list[str], expected: list[str]) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert recordings_at(tmp_path) == [tmp_path / name for name in expected]


def test_a_file_means_itself_whether_or_not_it_is_there(tmp_path: Path) -> None:
    assert recordings_at(tmp_path / "monday.mcap") == [tmp_path / "monday.mcap"]

"""`aisle new` and `aisle check`: the store folder at the command line."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from aisle.store.example import example_store
from aisle.store.folder import check_store, write_store
from aisle.store.problems import Report


def run_new(path: Path) -> int:
    """Write the example shop into a new or empty folder; 0 when done, 1 when it cannot be written, 2 for a full one."""
    store = example_store()
    try:
        if path.exists() and not path.is_dir():
            return _refuse(f"{path}: found a file; expected a new folder or an empty one", 2)
        if path.is_dir() and any(path.iterdir()):
            return _refuse(f"{path}: found a folder with files in it; expected a new folder or an empty one", 2)
        write_store(store, path)
    except OSError as error:
        return _refuse(f"{path}: cannot be written: {error.strerror or error}", 1)
    print(f"{path}: {store.name}, {len(store.products)} products on {len(store.shelves)} shelves.")
    print(f"Edit the files there, then: aisle check {path}")
    return 0


def run_check(path: Path, *, as_json: bool) -> int:
    """Print everything wrong with a store folder; 0 when it can be used, 1 when it has errors, 2 when there is none."""
    if not os.path.isdir(path):
        return _refuse(f"{path}: found no such folder; expected a store folder (aisle new makes one)", 2)
    report = check_store(path)
    if as_json:
        problems = [problem.as_json() for problem in report.problems]
        print(json.dumps({"store": str(path), "ok": report.ok, "problems": problems}, ensure_ascii=False, indent=2))
    else:
        for problem in report.problems:
            print(problem)
        print(_summary(path, report))
    return 0 if report.ok else 1


def _summary(path: Path, report: Report) -> str:
    verdict = "can be used" if report.ok else "cannot be used"
    return f"{path} {verdict}: {_count(len(report.errors), 'error')}, {_count(len(report.warnings), 'warning')}."


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _refuse(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code

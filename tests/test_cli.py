"""The command line: quick to start, every command explained by an example, wrong use told in a line and with code 2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = (
    "new", "check", "replay", "calibrate", "walkout", "view", "simulate", "serve", "keys", "reconcile", "train", "demo",
    "bench",
)  # fmt: skip
GROUPS = {"walkout": ("run",)}
"""Commands that only gather others, which have the examples."""
EXPLAINED = [(name, sub) if sub else (name,) for name in COMMANDS for sub in GROUPS.get(name, ("",))]
HEAVY = ("numpy", "scipy", "mcap", "bson", "matplotlib", "msgspec", "rich.progress")
MAIN = "from aisle.cli import main; main()"


def aisle(*args: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user does, on a narrow and colourless terminal."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1"}
    command = [sys.executable, "-W", "error", "-c", MAIN, *args]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


def test_help_names_every_command() -> None:
    done = aisle("--help")
    assert done.returncode == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in done.stdout] == []


@pytest.mark.parametrize("command", EXPLAINED, ids=" ".join)
def test_every_command_has_an_example(command: tuple[str, ...]) -> None:
    done = aisle(*command, "--help")
    assert done.returncode == 0
    assert f"Example: aisle {' '.join(command)}" in done.stdout


def test_help_loads_nothing_heavy() -> None:
    probe = f"import sys; import aisle.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


WRONG_USE = {
    "no such command": (["sell"], "sell"),
    "no such option": (["check", "--colour"], "--colour"),
    "a folder is missing": (["check"], "STORE"),
    "no such store folder": (["check", "nowhere"], "nowhere"),
    "no shop to run": (["serve", "nowhere"], "nowhere"),
    "no shop to reconcile": (["reconcile", "nowhere"], "nowhere"),
    "no shop for a key": (["keys", "nowhere", "add", "device", "gate-1"], "nowhere"),
    "a folder that is no shop's": (["serve", "."], "store.toml"),
    "no recording": (["replay"], "RECORDING"),
    "no such cells": (["simulate", "out", "--cells", "none"], "none"),
    "recordings into a file": (["simulate", __file__], "test_cli.py"),
    "a demo into a file": (["demo", "--out", __file__], "test_cli.py"),
    "results into a file": (["bench", "receipts", "--out", __file__], "test_cli.py"),
    "no such suite": (["bench", "speed"], "speed"),
    "no such model": (["train", "lamp", "--out", "models"], "lamp"),
}


@pytest.mark.parametrize(("args", "named"), WRONG_USE.values(), ids=WRONG_USE.keys())
def test_wrong_use_is_told_without_a_traceback(args: list[str], named: str) -> None:
    done = aisle(*args)
    assert done.returncode == 2
    assert done.stdout == ""
    assert named in done.stderr
    assert "Traceback" not in done.stderr


def test_a_new_store_passes_its_check(tmp_path: Path) -> None:
    folder = str(tmp_path / "shop")
    assert aisle("new", folder).returncode == 0
    done = aisle("check", folder, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["ok"] is True


def test_new_leaves_a_full_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("dear diary", encoding="utf-8")
    done = aisle("new", str(tmp_path))
    assert done.returncode == 2
    assert "expected a new folder or an empty one" in done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["diary.txt"]


def test_a_broken_store_fails_its_check(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    aisle("new", str(folder))
    (folder / "store.toml").write_text('name = "Corner"\n', encoding="utf-8")
    done = aisle("check", str(folder))
    assert done.returncode == 1
    assert "error: store.toml, currency: found nothing; expected three capital letters" in done.stdout
    assert "cannot be used" in done.stdout

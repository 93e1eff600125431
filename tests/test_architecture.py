"""The house: every room says what it is for, files stay readable, names stay plain, nobody imports upwards."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import aisle

ROOT = Path(aisle.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
ROOMS = sorted(path.parent for path in MODULES if path.name == "__init__.py" and path.parent != ROOT)
VAGUE_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}
LONGEST = 500  # lines; the longest is a list of short scenes


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_file_says_why_it_exists(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert len(said.split()) >= 5


@pytest.mark.parametrize("room", ROOMS, ids=name_of)
def test_every_room_says_what_it_may_import(room: Path) -> None:
    said = ast.get_docstring(ast.parse((room / "__init__.py").read_text(encoding="utf-8"))) or ""
    assert "import" in said


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_are_of_a_readable_length(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_names_say_what_things_are() -> None:
    assert [name_of(path) for path in MODULES if VAGUE_NAMES & {path.stem, path.parent.name}] == []


def test_nobody_imports_upwards() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    config = ROOT.parent.parent / "pyproject.toml"
    done = subprocess.run(
        [str(linter), "--config", str(config), "--no-cache"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_simulation_is_kept_apart_from_every_room_it_could_tell_the_truth_to() -> None:
    """A new room that measures or infers must be named in the contract, else the truth could leak into it."""
    config = tomllib.loads((ROOT.parent.parent / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {contract["id"]: contract for contract in config["tool"]["importlinter"]["contracts"]}
    rooms = {f"aisle.{room.relative_to(ROOT).parts[0]}" for room in ROOMS}
    assert contracts["layers"]["exhaustive"]
    assert set(contracts["simulation"]["forbidden_modules"]) == rooms - {
        "aisle.simulation", "aisle.store", "aisle.sensing",
    }  # fmt: skip


def test_make_check_lints_the_imports() -> None:
    makefile = (ROOT.parent.parent / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.split("\ncheck:")[1].split("\n\n")[0]
    assert "lint-imports" in recipe

"""`aisle enrol`, `recognise` and `models` on made pictures: what is written, what is told, what exit codes say."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from aisle.cli import app
from aisle.store.command import run_new
from vision.recognisers import tiny_onnx

GTIN = "4011"
SHADES = {"red, ripe": (30, 30, 210), "green": (40, 190, 40), "blue": (200, 60, 30), "grey": (120, 120, 120)}


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without data and with an empty folder of models."""
    monkeypatch.delenv("AISLE_DATA", raising=False)
    monkeypatch.delenv("AISLE_EMBEDDINGS", raising=False)
    monkeypatch.setenv("AISLE_MODELS", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)


def picture(path: Path, shade: tuple[int, int, int], seed: int) -> Path:
    rng = np.random.default_rng(seed)
    image = np.clip(np.array(shade) + rng.normal(0, 18, (48, 64, 3)), 0, 255).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)
    return path


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name, shade in SHADES.items():
        for seed in range(3):
            picture(tmp_path / "known" / name / f"{seed}.jpg", shade, seed)
        picture(tmp_path / "asked" / f"{name}.png", shade, 9)
    (tmp_path / "asked" / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    return tmp_path / "known", tmp_path / "asked"


def told(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_every_picture_has_its_row_in_order(folders: tuple[Path, Path], tmp_path: Path) -> None:
    known, asked = folders
    code, out, err = told("recognise", "--enrol", known, "--query", asked, "--out", tmp_path / "told.csv")
    with (tmp_path / "told.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert code == 0 and "4 of 5 pictures recognised, 4 classes" in out
    assert rows[0] == ["file", "class", "score", "second", "third"]
    assert [row[0] for row in rows[1:]] == ["blue.png", "broken.jpg", "green.png", "grey.png", "red, ripe.png"]
    assert [row[1] for row in rows[1:]] == ["blue", "", "green", "grey", "red, ripe"]
    assert all(0.0 <= float(row[2]) <= 1.0 for row in rows[1:])
    assert all(len(set(row[1:2] + row[3:])) == 3 for row in rows[1:] if row[1])
    assert "left out: " in err and "broken.jpg" in err


def test_the_same_again_is_the_same_with_an_index_and_without(folders: tuple[Path, Path], tmp_path: Path) -> None:
    known, asked = folders
    written = []
    for extra in ([], ["--index", tmp_path / "i.npz"], ["--index", tmp_path / "i.npz"]):
        assert told("recognise", "--enrol", known, "--query", asked, "--out", tmp_path / "t.csv", *extra)[0] == 0
        written.append((tmp_path / "t.csv").read_bytes())
    assert written[0] == written[1] == written[2]


@pytest.mark.parametrize(
    ("enrol", "query", "out", "code", "said"),
    [
        ("nowhere", "asked", "t.csv", 2, "nowhere: no such folder; must hold <class>/*.jpg"),
        ("known", "nowhere", "t.csv", 2, "nowhere: no such folder"),
        ("known", "asked", "nowhere/t.csv", 2, "its folder is not there"),
        ("asked", "asked", "t.csv", 1, "found no picture to enrol"),
    ],
)
def test_wrong_folders(
    folders: tuple[Path, Path], tmp_path: Path, enrol: str, query: str, out: str, code: int, said: str
) -> None:
    words = ["--enrol", tmp_path / enrol, "--query", tmp_path / query, "--out", tmp_path / out]
    found, _, err = told("recognise", *words)
    assert found == code and said in err


def test_a_store_learns_a_product(tmp_path: Path) -> None:
    store = tmp_path / "shop"
    run_new(store)
    with (store / "products.csv").open(encoding="utf-8", newline="") as file:
        gtin = next(csv.DictReader(file))["gtin"]
    pictures = [picture(tmp_path / f"{seed}.JPG", (30, 30, 210), seed) for seed in range(3)]
    (tmp_path / "bad.jpg").write_bytes(b"")
    code, out, err = told("enrol", store, gtin, *pictures, tmp_path / "bad.jpg")
    assert code == 0 and "3 pictures enrolled, 3 in all" in out and "bad.jpg: an empty file" in err
    assert len(list((store / "images" / gtin).iterdir())) == 3
    assert (store / "var" / "looks.npz").is_file()
    assert "1 pictures enrolled, 3 in all" in told("enrol", store, gtin, pictures[0])[1]
    assert told("check", store)[0] == 0


@pytest.mark.parametrize(
    ("gtin", "files", "code", "said"),
    [("123", ["0.jpg"], 2, "has no product 123"), ("first", ["missing.jpg"], 1, "none of 1 pictures can be enrolled")],
)
def test_what_cannot_be_enrolled(tmp_path: Path, gtin: str, files: list[str], code: int, said: str) -> None:
    store = tmp_path / "shop"
    run_new(store)
    with (store / "products.csv").open(encoding="utf-8", newline="") as file:
        first = next(csv.DictReader(file))["gtin"]
    found, _, err = told("enrol", store, first if gtin == "first" else gtin, *[tmp_path / name for name in files])
    assert found == code and said in err


def test_models_are_added_listed_and_used(folders: tuple[Path, Path], tmp_path: Path) -> None:
    file = tmp_path / "tiny.onnx"
    file.write_bytes(tiny_onnx.means())
    code, out, _ = told("models", "add", file, "--licence", "MIT")
    assert code == 0 and "tiny.onnx" in out and "guessed: " in out
    listed = json.loads(told("models", "list", "--json")[1])
    assert [(model["name"], model["ok"], model["licence"]) for model in listed["models"]] == [("tiny", True, "MIT")]
    assert {model["name"] for model in listed["published"]} >= {"mobilenet-v1"}
    known, asked = folders
    _, _, err = told("recognise", "--enrol", known, "--query", asked, "--out", tmp_path / "t.csv")
    assert f"by tiny ({tmp_path / 'models'})" in err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["add"], 2, "expected a file"),
        (["pull"], 2, "expected a name"),
        (["pull", "clip"], 1, "not in the registry"),
        (["add", "nowhere.onnx"], 1, "no such file"),
    ],
)
def test_wrong_words_about_models(words: list[str], code: int, said: str) -> None:
    found, _, err = told("models", *words)
    assert found == code and said in err


def test_a_model_named_in_settings_must_be_there(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_EMBEDDINGS", "mobilenet-v1")
    known, asked = folders
    code, _, err = told("recognise", "--enrol", known, "--query", asked, "--out", tmp_path / "t.csv")
    assert code == 1 and "see: aisle models pull mobilenet-v1" in err

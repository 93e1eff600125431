"""`aisle cart replay`: a recording and a store folder go in; receipts come out as print, as JSON and as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aisle.bootstrap.cart_replaying import DONE, FAILED, WRONG_USE, run_cart_replay
from aisle.cart.outcome import outcome_as_json
from aisle.cart.replay import replay_trip
from aisle.sensing.cart.recording import CartRecording, CartRecordingWriter
from cart.trip_kit import BANANA, BEANS, GIN, JAM, MILK, NS, T0, YOGHURT, Doing, shop

PRODUCTS = f"""gtin,name,brand,category,unit_price,tax_category,net_weight_g,weight_tolerance_g,\
sold_by_weight,minimum_age,deposit,plu
{MILK},Milk,Alm,dairy,1.29,food,1030,60,false,,,
{YOGHURT},Yoghurt,Alm,dairy,0.59,food,150,15,false,,,
{BEANS},Beans,,tins,0.99,food,400,70,false,,,
{JAM},Jam,,spreads,2.49,food,340,220,false,,,
{GIN},Gin,,spirits,24.90,food,1190,60,false,18,,
,Bananas,,fruit,1.99,food,,,true,,,{BANANA}
,Avocado,,fruit,1.49,food,200,50,false,,,4046
"""
SHOPPING = (
    Doing().tap(0.5, "start").scan(5, MILK).put(6.5, 1062.0).tap(12, "plu", BANANA).put(14, 843.0)
    .put(20, 610.0).tap(40, "pay").scan(44, YOGHURT).put(45, 158.0)
)  # fmt: skip


def store_in(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "store.toml").write_text('name = "Corner"\ncurrency = "EUR"\n', encoding="utf-8")
    (folder / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    return folder


def recorded(path: Path, doing: Doing = SHOPPING, until: float = 50) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with CartRecordingWriter(path, "cart-7", network=True) as writer:
        for reading in doing.readings(until):
            writer.write(reading)
    return path


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    """A folder with a store folder beside one trip."""
    store_in(tmp_path / "store")
    recorded(tmp_path / "one.mcap")
    return tmp_path


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_the_answer_for_programs(trips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cart_replay([trips / "one.mcap"], json=True) == DONE
    answer = told(capsys)
    lines, (prompt,), audit = answer["lines"], answer["prompts"], answer["audit"]
    assert set(answer) == {"trip", "lines", "prompts", "audit", "probability", "health"}
    assert (answer["trip"], answer["health"]) == ("one", [])
    assert lines[0] == {"gtin": MILK, "quantity": 1, "probability": pytest.approx(1.0, abs=0.05)}
    assert lines[1] == {
        "gtin": BANANA, "grams": pytest.approx(843, abs=3), "probability": pytest.approx(1.0, abs=0.05),
    }  # fmt: skip
    assert len(lines) == 2  # what came after "pay" is no longer this trip's
    assert (prompt["kind"], prompt["gtin"], prompt["cleared_ns"]) == ("scan item", None, None)
    assert prompt["grams"] == pytest.approx(610, abs=3)
    assert 10.5 < (prompt["t_ns"] - T0) / NS - 20 < 12.5
    assert audit == [{"t_ns": prompt["t_ns"], "reason": "scan item", "gtin": None}]
    assert 0.0 <= answer["probability"] < 0.5  # something without a name lies in the basket


def test_the_print_for_people(trips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cart_replay([trips / "one.mcap"]) == DONE
    out = capsys.readouterr().out
    assert out.startswith("one: 2 lines, ")
    assert "       1 ×  Milk  (" in out and " g  Bananas  (" in out
    assert "asked at 30." in out and "scan item" in out and "(open)" in out


def test_files_with_answers(trips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded(trips / "two.mcap", Doing().scan(5, BEANS).put(6.5, 455.0), 15)
    out = trips / "new" / "answers"
    assert run_cart_replay([trips], out=out, json=True) == DONE
    answers = told(capsys)
    assert [answer["trip"] for answer in answers] == ["one", "two"]
    assert [json.loads(path.read_text()) for path in sorted(out.iterdir())] == answers
    assert sorted(path.name for path in out.iterdir()) == ["one.json", "two.json"]


@pytest.mark.parametrize(
    ("names", "shape"),
    [(["one.mcap"], dict), (["one.mcap", "two.mcap"], list), ([""], list), (["one.mcap", "one.mcap"], list)],
    ids=["a file", "two files", "a folder", "a file twice"],
)
def test_one_object_for_one_file_an_array_for_several(
    trips: Path, capsys: pytest.CaptureFixture[str], names: list[str], shape: type
) -> None:
    recorded(trips / "two.mcap", Doing().scan(5, BEANS).put(6.5, 455.0), 12)
    assert run_cart_replay([trips / name for name in names], json=True) == DONE
    assert type(told(capsys)) is shape


@pytest.mark.parametrize("place", [".", "store", "../store", ".."])
def test_a_store_folder_is_found_beside_the_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    path = recorded(tmp_path / "deep" / "trips" / "one.mcap", until=9)
    store_in(path.parent / place)
    assert run_cart_replay([path], json=True) == DONE
    assert [line["gtin"] for line in told(capsys)["lines"]] == [MILK]


def test_a_store_folder_that_is_named_is_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recorded(tmp_path / "trips" / "one.mcap", until=9)
    assert run_cart_replay([path], store=store_in(tmp_path / "far" / "off"), json=True) == DONE
    assert [line["gtin"] for line in told(capsys)["lines"]] == [MILK]


def test_one_bad_recording_keeps_no_other_from_its_receipt(trips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (trips / "bad.mcap").write_bytes(b"this is no recording")
    files = [trips / "bad.mcap", trips / "none.mcap", trips / "one.mcap"]
    assert run_cart_replay(files, json=True) == FAILED
    said = capsys.readouterr()
    assert [answer["trip"] for answer in json.loads(said.out)] == ["one"]
    assert f"error: {trips / 'none.mcap'}: no such file" in said.err
    assert "bad.mcap" in said.err


def missing(folder: Path) -> list[Path]:
    return [folder / "none.mcap"]


def empty(folder: Path) -> list[Path]:
    (folder / "empty").mkdir()
    return [folder / "empty"]


def alone(folder: Path) -> list[Path]:
    return [recorded(folder / "a" / "b" / "one.mcap", until=3)]


def broken_store(folder: Path) -> list[Path]:
    path = recorded(folder / "one.mcap", until=3)
    store_in(folder / "store").joinpath("products.csv").write_text("gtin,name\nx,y\n", encoding="utf-8")
    return [path]


WRONG = {
    "no such file": (missing, "none.mcap: no such file"),
    "a folder without recordings": (empty, "no folder with .mcap files"),
    "no store folder beside": (alone, "no store folder beside it (a folder with store.toml); give --store"),
    "a store folder that cannot be read": (broken_store, "products.csv"),
}


@pytest.mark.parametrize(("made", "words"), WRONG.values(), ids=WRONG.keys())
def test_wrong_use_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], made: Any, words: str) -> None:
    assert run_cart_replay(made(tmp_path)) == WRONG_USE
    said = capsys.readouterr()
    assert words in said.err and said.out == ""


def test_an_out_folder_that_cannot_be_made_is_told(trips: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cart_replay([trips / "one.mcap"], out=trips / "one.mcap" / "x") == WRONG_USE
    assert f"error: {trips / 'one.mcap' / 'x'}: " in capsys.readouterr().err


def test_the_same_recording_gives_the_same_bytes(trips: Path) -> None:
    for name in ("first", "again"):
        assert run_cart_replay([trips / "one.mcap"], out=trips / name) == DONE
    assert (trips / "first" / "one.json").read_bytes() == (trips / "again" / "one.json").read_bytes()


FLAGGED = {
    "nothing": (Doing().scan(5, MILK).put(6.5, 1062.0), []),
    "an age to check": (Doing().scan(5, GIN).put(6.5, 1220.0), ["age", "tag"]),
    "help asked for": (Doing().scan(5, MILK).put(6.5, 1062.0).tap(9, "help"), ["help"]),
    "a scale that fell silent": (
        Doing(silent=(10.0, 30.0)).scan(5, MILK).put(6.5, 1062.0).tap(25, "help"),
        ["scale fault", "The scale does not answer: items count when they are scanned.", "help"],
    ),
}


@pytest.mark.parametrize(("doing", "reasons"), FLAGGED.values(), ids=FLAGGED.keys())
def test_what_a_person_should_look_at(tmp_path: Path, doing: Doing, reasons: list[str]) -> None:
    outcome = replay_trip(CartRecording(recorded(tmp_path / "one.mcap", doing, 28)), shop())
    assert [flag["reason"] for flag in outcome_as_json(outcome, shop())["audit"]] == reasons

"""The store folder: what is written is read again, every fault is found in one pass, nothing else than StoreError."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aisle.store.example import example_store
from aisle.store.folder import check_store, load_store, write_store
from aisle.store.model import Store
from aisle.store.problems import Problem, StoreError
from store_strategies import stores

FILES = (
    "store.toml",
    "products.csv",
    "planogram.csv",
    "layout.toml",
    "cameras.toml",
    "promotions.toml",
    "prices.csv",
    "tax.toml",
)
CAMERA = """
[[camera]]
id = "ceiling"
source = "rtsp://camera-1"
size_px = [1280, 720]
focal_px = [600.0, 600.0]
centre_px = [640.0, 360.0]
position_m = [2.0, 3.4, 2.6]
looks_at_m = [2.0, 5.5, 1.0]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The example shop as a folder."""
    write_store(example_store(), tmp_path)
    return tmp_path


def edit(shop: Path, file: str, old: str, new: str) -> None:
    text = (shop / file).read_text(encoding="utf-8")
    assert old in text
    (shop / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def only_error(shop: Path) -> Problem:
    (problem,) = check_store(shop).errors
    return problem


@given(stores())
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_a_written_store_is_read_again(store: Store) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_store(store, Path(folder))
        assert load_store(Path(folder)) == store


def test_the_example_is_read_again(shop: Path) -> None:
    assert load_store(shop) == example_store()


def test_writing_twice_gives_the_same_bytes(shop: Path, tmp_path: Path) -> None:
    before = {name: (shop / name).read_bytes() for name in FILES}
    write_store(load_store(shop), tmp_path / "again")
    assert {name: (tmp_path / "again" / name).read_bytes() for name in FILES} == before


# what is edited, and where and what the one error must be
FAULTS = {
    "check digit": ("products.csv", "2000000001012,", "2000000001013,", 2, "gtin", "check digit 2"),
    "price with a comma": ("products.csv", ",0.79,", ',"0,79",', 2, "price", "an amount in EUR"),
    "no price": ("products.csv", ",0.79,", ",,", 2, "price", "an amount in EUR"),
    "weight in words": ("products.csv", ",524,", ",524 g,", 2, "weight_g", "a number from 0"),
    "weight not finite": ("products.csv", ",524,", ",nan,", 2, "weight_g", "a number from 0"),
    "weight zero": ("products.csv", ",524,", ",0,", 2, "weight_g", "more than 0 g"),
    "tax category": ("products.csv", ",standard,", ",luxury,", 2, "tax_category", "tax.toml (reduced, standard)"),
    "yes or no": ("products.csv", ",1.5,no,", ",1.5,perhaps,", 2, "sold_by_weight", "yes or no"),
    "column misspelt": ("products.csv", ",brand,", ",brnad,", 1, "brnad", "brand"),
    "cell too many": ("products.csv", "0.25,0.065\n", "0.25,0.065,9\n", 2, "width_m", "12 cells"),
    "unknown product": ("planogram.csv", "2000000001036", "4006381333931", 2, "gtin", "a product of products.csv"),
    "unknown shelf": ("planogram.csv", "1,1,", "1,9,", 2, "shelf", "a shelf of layout.toml"),
    "plate that is not there": ("planogram.csv", ",1-6\n", ",1-13\n", 2, "plates", "1 to 12"),
    "facing from right to left": ("planogram.csv", "0.038,0.578", "0.578,0.038", 2, "x1_m", "more than x0_m"),
    "half a facing": ("planogram.csv", "0.038,0.578", "0.038,", 2, "x1_m", "both x0_m and x1_m"),
    "facing beside the shelf": ("planogram.csv", "0.038,0.578,1-6", "8,9,", 2, "x0_m", "between 0 and 1.2"),
    "currency": ("store.toml", '"EUR"', '"Euro"', None, "currency", "ISO 4217"),
    "time zone": ("store.toml", "Europe/Berlin", "Europe/Berlln", None, "time_zone", "IANA"),
    "field misspelt": ("store.toml", "hand_over", "handover", None, "policies.handover", "hand_over"),
    "gate kind": ("layout.toml", '"entry"', '"door"', None, "gate[1].kind", "entry or exit or both"),
    "gate id twice": ("layout.toml", '"way-out"', '"entrance"', None, "gate[2].id", "no other gate"),
    "gate without width": ("layout.toml", "b_m = [1.8, 0.0]", "b_m = [0.8, 0.0]", None, "gate[1].b_m", "a width"),
    "floor of two points": (
        "layout.toml",
        "floor_m = [[0.0, 0.0], [7.0, 0.0], [7.0, 6.0], [0.0, 6.0]]",
        "floor_m = [[0.0, 0.0], [7.0, 0.0]]",
        None,
        "floor_m",
        "at least 3 points",
    ),
    "both angles": (
        "layout.toml",
        "rotation_deg = 180.0",
        "rotation_deg = 180.0\nrotation_rad = 1.0",
        None,
        "gondola[3].rotation_rad",
        "one of the two",
    ),
    "height not finite": (
        "layout.toml",
        "height_m = 0.62",
        "height_m = nan",
        None,
        "gondola[1].shelf[2].height_m",
        "-100",
    ),
    "camera of eight gigapixels": (
        "cameras.toml",
        "\n",
        "\n" + CAMERA.replace("1280, 720", "90000, 90000"),
        None,
        "camera[1].size_px",
        "64 megapixels at most",
    ),
    "promotion kind": ("promotions.toml", '"bundle"', '"gift"', None, "promotion[1].kind", "bundle"),
    "no TOML at all": ("promotions.toml", 'id = "lunch"', "id = lunch", None, None, "TOML"),
    "quote left open": ("products.csv", "Matches 3 boxes", '"Matches 3 boxes', 55, None, "quoted"),
}


@pytest.mark.parametrize(("file", "old", "new", "row", "field", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_place(
    shop: Path, file: str, old: str, new: str, row: int | None, field: str | None, expected: str
) -> None:
    edit(shop, file, old, new)
    problem = next(p for p in check_store(shop).errors if p.file == file)
    assert (problem.row, problem.field) == (row, field)
    assert expected in problem.expected


def test_a_code_twice_names_the_first_line(shop: Path) -> None:
    edit(shop, "products.csv", "2000000001029,", "2000000001012,")
    problem = next(p for p in check_store(shop).errors if p.file == "products.csv")
    assert (problem.row, problem.field) == (3, "gtin")
    assert "line 2 has this one" in problem.expected


def test_all_faults_are_found_in_one_pass(shop: Path) -> None:
    edit(shop, "store.toml", '"EUR"', '"euro"')
    edit(shop, "products.csv", ",524,", ",heavy,")
    edit(shop, "layout.toml", "height_m = 0.62", "height_m = true")
    edit(shop, "planogram.csv", "0.038,0.578", "0.578,0.038")
    found = {(p.file, p.row, p.field) for p in check_store(shop).errors}
    assert found == {
        ("store.toml", None, "currency"),
        ("products.csv", 2, "weight_g"),
        ("layout.toml", None, "gondola[1].shelf[2].height_m"),
        ("planogram.csv", 2, "x1_m"),
    }


def test_load_lists_the_errors(shop: Path) -> None:
    edit(shop, "store.toml", '"EUR"', '"euro"')
    with pytest.raises(StoreError, match=r'error: store.toml, currency: found "euro"; expected three capital letters'):
        load_store(shop)


@pytest.mark.parametrize("file", FILES[:4])
def test_a_missing_file_is_an_error(shop: Path, file: str) -> None:
    (shop / file).unlink()
    assert (file, "no such file") in {(p.file, p.found) for p in check_store(shop).errors}


def test_cameras_and_promotions_may_be_missing(shop: Path) -> None:
    (shop / "cameras.toml").unlink()
    (shop / "promotions.toml").unlink()
    assert check_store(shop).ok


def test_no_folder_at_all(tmp_path: Path) -> None:
    assert only_error(tmp_path / "nowhere").found == "no such folder"


def test_a_file_that_is_no_utf_8(shop: Path) -> None:
    (shop / "products.csv").write_bytes(b"gtin,name,price\n4011,B\xe4nane,1\n")
    assert "no UTF-8 at offset 22" in next(p for p in check_store(shop).errors if p.file == "products.csv").found


def test_a_spreadsheet_byte_order_mark_is_welcome(shop: Path) -> None:
    (shop / "products.csv").write_bytes(b"\xef\xbb\xbf" + (shop / "products.csv").read_bytes())
    assert load_store(shop) == example_store()


def test_plates_alone_give_the_stretch(shop: Path) -> None:
    edit(shop, "planogram.csv", "0.038,0.578,1-6", ",,1-6")
    facing = load_store(shop).facings[0]
    assert (facing.x0_m, facing.x1_m, facing.plates) == (0.0, 0.6, (1, 2, 3, 4, 5, 6))


def test_a_stretch_alone_gives_the_plates(shop: Path) -> None:
    edit(shop, "planogram.csv", "0.038,0.578,1-6", "0.12,0.39,")
    assert load_store(shop).facings[0].plates == (2, 3, 4)


WARNINGS = {
    "product without weight": ("products.csv", ",524,", ",,", "products.csv", 2, "weight_g"),
    "product in no facing": ("planogram.csv", "2,5,2000000006062", "2,5,2000000006055", "products.csv", 55, "gtin"),
    "facing wider than its plates": ("planogram.csv", "0.578,1-6", "0.578,1-4", "planogram.csv", 2, "plates"),
    "overlapping facings": ("planogram.csv", "0.654,0.87", "0.5,0.87", "planogram.csv", 3, "x0_m"),
    "alike on one shelf": ("products.csv", ",1538,", ",1080,", "planogram.csv", 4, "gtin"),
    "a facing no camera sees": ("cameras.toml", "\n", "\n" + CAMERA, "planogram.csv", 20, None),
}


@pytest.mark.parametrize(("file", "old", "new", "place", "row", "field"), WARNINGS.values(), ids=WARNINGS.keys())
def test_what_works_badly_is_a_warning(
    shop: Path, file: str, old: str, new: str, place: str, row: int, field: str | None
) -> None:
    before = {(p.file, p.row, p.field) for p in check_store(shop).warnings}
    edit(shop, file, old, new)
    report = check_store(shop)
    assert report.ok
    assert (place, row, field) in {(p.file, p.row, p.field) for p in report.warnings} - before


def test_pictures_of_no_product(shop: Path) -> None:
    (shop / "images" / "2000000001012").mkdir(parents=True)
    (shop / "images" / "bananas").mkdir()
    assert [p.file for p in check_store(shop).warnings if p.file.startswith("images")] == ["images/bananas"]


@pytest.fixture(scope="module")
def mangled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example shop, with a camera, as a folder whose files are spoilt and put right again."""
    folder = tmp_path_factory.mktemp("mangled")
    write_store(example_store(), folder)
    with (folder / "cameras.toml").open("a", encoding="utf-8") as out:
        out.write(CAMERA)
    return folder


def told_apart(folder: Path, file: str, content: bytes) -> bool:
    """Whether loading and checking agree about the folder with this content in one of its files."""
    before = (folder / file).read_bytes()
    try:
        (folder / file).write_bytes(content)
        report = check_store(folder)
        assert [p for p in report.problems if not str(p).encode("utf-8")] == []
        return (raised(folder) is None) == report.ok
    finally:
        (folder / file).write_bytes(before)


@given(
    file=st.sampled_from(FILES),
    cuts=st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 40), st.binary(max_size=12)), min_size=1, max_size=4),
)
@settings(max_examples=100)
def test_a_mangled_file_raises_nothing_else(mangled: Path, file: str, cuts: list[tuple[int, int, bytes]]) -> None:
    content = (mangled / file).read_bytes()
    for start, length, put in cuts:
        at = start % (len(content) + 1)
        content = content[:at] + put + content[at + length :]
    assert told_apart(mangled, file, content)


@given(
    file=st.sampled_from(FILES), text=st.text(max_size=60) | st.text('[]{}=".,-#\n0123456789einfatruls_', max_size=80)
)
@settings(max_examples=100)
def test_any_text_raises_nothing_else(mangled: Path, file: str, text: str) -> None:
    assert told_apart(mangled, file, text.encode("utf-8", "surrogatepass"))


VALUES = st.recursive(
    st.sampled_from(
        ["1", "1e999", "nan", "true", '""', '"x"', '"0.5"', '"9.99"', "1979-05-27", "07:32:00", "0x" + "f" * 5000]
    ),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: "[" + ", ".join(parts) + "]")
        | inner.map(lambda part: "{ id = " + part + " }")
    ),
    max_leaves=5,
)
CELLS = st.sampled_from(["", "0", "-1", "9.99", "1e99", "nan", "x", "0001-01-01", "9999-12-31", "2026-05-01T18:00Z"])


@given(file=st.sampled_from([name for name in FILES if name.endswith(".toml")]), data=st.data())
@settings(max_examples=120)
def test_any_value_in_any_field_raises_nothing_else(mangled: Path, file: str, data: st.DataObject) -> None:
    lines = (mangled / file).read_text(encoding="utf-8").splitlines()
    at = data.draw(st.sampled_from([i for i, line in enumerate(lines) if " = " in line and line[0] != "#"]))
    lines[at] = lines[at].split(" = ")[0] + " = " + data.draw(VALUES)
    assert told_apart(mangled, file, "\n".join(lines).encode("utf-8"))


@given(file=st.sampled_from([name for name in FILES if name.endswith(".csv")]), data=st.data())
def test_any_cell_raises_nothing_else(mangled: Path, file: str, data: st.DataObject) -> None:
    lines = (mangled / file).read_text(encoding="utf-8").splitlines()
    at = data.draw(st.integers(1, len(lines) - 1))
    cells = lines[at].split(",")
    cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(CELLS)
    assert told_apart(mangled, file, "\n".join([*lines[:at], ",".join(cells), *lines[at + 1 :]]).encode("utf-8"))


def raised(folder: Path) -> StoreError | None:
    """The error that loading the folder raises."""
    try:
        load_store(folder)
    except StoreError as error:
        return error
    return None

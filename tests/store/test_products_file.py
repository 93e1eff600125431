"""products.csv as carts need it: other names for columns, look-up codes, attributes; a shop without shelves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aisle.store.example import example_store
from aisle.store.folder import check_store, load_store, write_store
from aisle.store.model import CartAttributes, Container, Product
from aisle.store.problems import StoreError

CART_SHOP = """\
gtin,name,brand,category,unit_price,tax_category,net_weight_g,weight_tolerance_g,sold_by_weight,minimum_age,deposit,plu
4006381333931,Tea,Leaf,drinks,2.99,food,120,2.5,false,0,0.00,
,Bananas,,fruit,1.99,food,,,true,0,,4011
,Limes,,fruit,0.39,food,80,12,false,,,4048
4006381333948,Lager,Tin,beer,1.49,drink,521,3,false,16,0.25,
"""


def shop(folder: Path, products: str = CART_SHOP, toml: str = 'name = "Corner"\ncurrency = "EUR"\n') -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "store.toml").write_text(toml, encoding="utf-8")
    (folder / "products.csv").write_text(products, encoding="utf-8")
    return folder


def with_columns(heading: str, cells: str) -> str:
    return f"gtin,name,price,{heading}\n4006381333931,Tea,2.99,{cells}\n"


def test_a_shop_with_carts_only_is_two_files(tmp_path: Path) -> None:
    store = load_store(shop(tmp_path))
    assert (store.time_zone, store.shelves, store.facings) == ("UTC", (), ())
    assert store.products["4011"] == Product(
        "4011", "Bananas", None, 199, "", "fruit", "food", sold_by_weight=True, plu="4011"
    )
    assert store.products["4006381333948"] == Product(
        "4006381333948", "Lager", 521.0, 149, "Tin", "beer", "drink", 3.0, minimum_age=16, deposit_minor=25
    )


def test_it_is_warned_only_of_what_matters(tmp_path: Path) -> None:
    (shop(tmp_path) / "images" / "4011").mkdir(parents=True)
    (tmp_path / "images" / "4012").mkdir()
    report = check_store(tmp_path)
    assert report.ok
    assert [(p.file, p.expected.partition(":")[0]) for p in report.warnings] == [
        ("tax.toml", "rates for what products.csv names (drink, food)"),
        ("images/4012", "a gtin or plu of products.csv"),
    ]


def test_it_is_written_and_read_again(tmp_path: Path) -> None:
    store = load_store(shop(tmp_path / "a"))
    write_store(store, tmp_path / "b")
    assert load_store(tmp_path / "b") == store
    assert not (tmp_path / "b" / "layout.toml").exists()
    assert check_store(tmp_path / "b").problems == check_store(tmp_path / "a").problems


def test_a_shop_that_lost_its_shelves_is_written_over(tmp_path: Path) -> None:
    write_store(example_store(), tmp_path)
    emptied = replace(example_store(), shelves=(), facings=(), gates=(), zones=(), floor_m=())
    write_store(emptied, tmp_path)
    assert load_store(tmp_path) == emptied


def test_offers_with_dates_want_a_time_zone(tmp_path: Path) -> None:
    (shop(tmp_path) / "prices.csv").write_text("gtin,price,starts\n4011,1.49,2026-01-01\n", encoding="utf-8")
    assert [(p.file, p.field) for p in check_store(tmp_path).warnings if p.file == "store.toml"] == [
        ("store.toml", "time_zone")
    ]


def test_cameras_want_a_layout(tmp_path: Path) -> None:
    shop(tmp_path, toml='name = "C"\ncurrency = "EUR"\n[[device]]\nid = "g"\nkind = "gate"\nsource = "x"\n')
    assert ("layout.toml", "no such file") in {(p.file, p.found) for p in check_store(tmp_path).warnings}


FLAGS = {"true": True, "YES": True, "1": True, "false": False, "no": False, "0": False, "": False}


@pytest.mark.parametrize(("cell", "flag"), FLAGS.items())
def test_flags_as_people_write_them(tmp_path: Path, cell: str, flag: bool) -> None:
    folder = shop(tmp_path, with_columns("restriction_security_tag", cell))
    assert load_store(folder).products["4006381333931"].cart.security_tag is flag


@pytest.mark.parametrize(("cell", "age"), {"": 0, "16": 16, "16.0": 16}.items())
def test_ages_as_programs_write_them(tmp_path: Path, cell: str, age: int) -> None:
    folder = shop(tmp_path, with_columns("restriction_minimum_age", cell))
    assert load_store(folder).products["4006381333931"].minimum_age == age


CART = {
    "available": ("available_for_cart", "false", CartAttributes(available=False)),
    "empty is available": ("available_for_cart", "", CartAttributes()),
    "counted": ("quantity_required", "true", CartAttributes(quantity_required=True)),
    "packaging": ("tare_weight_g", "12.5", CartAttributes(tare_g=12.5)),
    "checked": ("restriction_forced_verification", "1", CartAttributes(forced_verification=True)),
    "containers": (
        "tare_packaging",
        " paper bag = 4; salad box=12.5",
        CartAttributes(containers=(Container("paper bag", 4.0), Container("salad box", 12.5))),
    ),
}


@pytest.mark.parametrize(("column", "cell", "cart"), CART.values(), ids=CART.keys())
def test_what_carts_know_of_a_product(tmp_path: Path, column: str, cell: str, cart: CartAttributes) -> None:
    assert load_store(shop(tmp_path, with_columns(column, cell))).products["4006381333931"].cart == cart


FAULTS = {
    "two names for one column": (
        "gtin,name,price,unit_price\n4006381333931,Tea,1,2\n", 1, "unit_price", "the column price beside it",
    ),
    "fault told by the file's own name": (
        "gtin,name,unit_price\n4006381333931,Tea,dear\n", 2, "unit_price", '"dear"',
    ),
    "age twice": (
        "gtin,name,price,minimum_age,restriction_minimum_age\n4006381333931,T,1,16,16\n",
        1, "restriction_minimum_age", "the column minimum_age beside it",
    ),
    "age with a fraction": (
        "gtin,name,price,minimum_age\n4006381333931,T,1,16.5\n", 2, "minimum_age", '"16.5"',
    ),
    "look-up code of six digits": ("gtin,name,price,plu\n,Limes,1,401100\n", 2, "plu", '"401100"'),
    "neither code": ("gtin,name,price,plu\n,Limes,1,\n", 2, "gtin", "nothing"),
    "look-up code twice": ("gtin,name,price,plu\n,Limes,1,4048\n,Lemons,1,4048\n", 3, "plu", '"4048"'),
    "look-up code of another gtin": (
        "gtin,name,price,plu\n4048,Limes,1,\n4006381333931,Lemons,1,4048\n", 3, "plu", '"4048"',
    ),
    "one number in two lengths": (
        "gtin,name,price\n036000291452,Tea,1\n0036000291452,Tea,1\n", 3, "gtin", '"0036000291452"',
    ),
    "container without grams": (with_columns("tare_packaging", "bag"), 2, "tare_packaging", '"bag"'),
    "container below nothing": (with_columns("tare_packaging", "bag=-1"), 2, "tare_packaging", '"bag=-1"'),
    "container twice": (with_columns("tare_packaging", "bag=1;bag=2"), 2, "tare_packaging", '"bag=2"'),
    "flag in other words": (with_columns("quantity_required", "maybe"), 2, "quantity_required", '"maybe"'),
}  # fmt: skip


@pytest.mark.parametrize(("text", "row", "field", "found"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_named_with_its_place(tmp_path: Path, text: str, row: int, field: str, found: str) -> None:
    with pytest.raises(StoreError) as caught:
        load_store(shop(tmp_path, text))
    (problem,) = caught.value.report.errors
    assert (problem.file, problem.row, problem.field, problem.found) == ("products.csv", row, field, problem.found)
    assert found in problem.found

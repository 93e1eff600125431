"""Finding products by typing: beginnings of words, exact look-up codes first, quick in a large catalogue."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.cart.tiles import TileIndex, folded
from aisle.store.model import CartAttributes, Product

NAMES = ("Bananas", "Vine tomatoes", "Vollmilch 1 l", "Crème fraîche", "Apple juice 1 l", "Apples, red", "Weißbier")
WORDS = st.text("abcdeéèßAB 12", max_size=6)


def products(names: tuple[str, ...] = NAMES) -> list[Product]:
    return [
        Product(f"40000000{n:04d}", name, 100.0, 100, brand="Hof", plu=f"4{n:03d}" if n < 2 else "")
        for n, name in enumerate(names)
    ]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        pytest.param("ban", ["Bananas"], id="a beginning"),
        pytest.param("TOM", ["Vine tomatoes"], id="of any word, in any case"),
        pytest.param("creme", ["Crème fraîche"], id="without accents"),
        pytest.param("weissb", ["Weißbier"], id="a ligature written out"),
        pytest.param("milch", ["Vollmilch 1 l"], id="inside a word, where none begins so"),
        pytest.param("app", ["Apple juice 1 l", "Apples, red"], id="several, by name"),
        pytest.param("red app", ["Apples, red"], id="two words, in any order"),
        pytest.param("4000", ["Bananas"], id="a whole look-up code"),
        pytest.param("400", ["Bananas", "Vine tomatoes"], id="the beginning of look-up codes"),
        pytest.param("400000000003", ["Crème fraîche"], id="a GTIN"),
        pytest.param("4000 ban", ["Bananas"], id="number and name"),
        pytest.param("zz", [], id="nothing"),
        pytest.param("", ["Bananas", "Vine tomatoes"], id="nothing typed: loose produce"),
        pytest.param("!?", ["Bananas", "Vine tomatoes"], id="no word: loose produce"),
    ],
)
def test_found(typed: str, names: list[str]) -> None:
    assert [product.name for product in TileIndex(products()).find(typed)] == names


def test_what_is_likely_comes_first() -> None:
    index = TileIndex(products())
    red = products()[5].gtin
    assert [product.name for product in index.find("app", likely={red: 0.7})] == ["Apples, red", "Apple juice 1 l"]
    assert index.find("", likely={red: 0.7})[0].gtin == red


def test_what_no_cart_sells_is_not_found() -> None:
    counter = Product("1", "Bananas", 100.0, 1, cart=CartAttributes(available=False))
    assert TileIndex([counter]).find("ban") == ()


@given(st.lists(WORDS, min_size=1, max_size=12), WORDS, st.integers(1, 5))
def test_everything_found_fits_every_word(names: list[str], typed: str, most: int) -> None:
    goods = products(tuple(names))
    found = TileIndex(goods).find(typed, most=most)
    assert len(found) <= most
    assert len({product.gtin for product in found}) == len(found)
    for product in found if typed.split() else ():
        text = folded(f"{product.name} {product.brand} {product.plu} {product.gtin}")
        assert all(word in text for word in folded(typed).split())


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=12, unique=True), st.data())
def test_every_product_is_found_by_a_beginning_of_its_name(names: list[str], data: st.DataObject) -> None:
    goods = products(tuple(names))
    wanted = data.draw(st.sampled_from(goods))
    word = wanted.name.split()[0].strip(",")
    length = data.draw(st.integers(1, len(word)))
    assert wanted in TileIndex(goods).find(word[:length], most=50)


def test_twenty_thousand_products_take_a_few_milliseconds() -> None:
    first, second = ("Red", "Bio", "Fresh", "Long"), ("juice", "pear", "bread", "milk", "apple")
    goods = [
        Product(f"{4_000_000_000_000 + n}", f"{first[n % 4]} {second[n % 5]} {n}", 100.0, 100, brand=f"Brand {n % 50}")
        for n in range(20_000)
    ]
    index = TileIndex(goods)
    taken = []
    for typed in ("b", "br", "red ju", "milk", "b b", "19", "ilk", "4000000012"):
        began = time.process_time()
        index.find(typed)
        taken.append(time.process_time() - began)
    assert sorted(taken)[len(taken) // 2] < 0.005

"""The simulated grocery: its files say one thing, its pieces weigh another, and every code means what it should."""

from datetime import date

import numpy as np
import pytest

from aisle.simulation.cart.behaviour import Habits, loose_by_weight
from aisle.simulation.cart.catalogue import Catalogue, Stockroom, grocery
from aisle.simulation.cart.cell import CellModel
from aisle.simulation.cart.stage import Fault, Stage
from aisle.store.barcodes.interpret import interpret
from aisle.store.barcodes.meaning import MeasureCode, PriceCode, ProductCode, StickerCode
from aisle.store.barcodes.numbers import Catalogue as Codes
from aisle.store.barcodes.symbology import Scan, Symbology
from aisle.store.codes import code_fault


@pytest.fixture(scope="module")
def shop() -> Catalogue:
    return grocery(np.random.default_rng(1))


def _meaning(shop: Catalogue, code: str, symbology: str) -> object:
    return interpret(Scan(code, Symbology(symbology)), shop.rules, Codes(shop.articles), date(2026, 1, 1))


def test_all_codes_are_good_ones(shop: Catalogue) -> None:
    assert [code for code in shop.articles if code_fault(code) is not None] == []
    assert len(shop.articles) > 250


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [("weight-code", MeasureCode), ("price-code", PriceCode), ("databar", MeasureCode), ("package", ProductCode)],
)
def test_a_piece_carries_a_code_that_names_its_product(shop: Catalogue, kind: str, meaning: type) -> None:
    room = Stockroom(shop, np.random.default_rng(2))
    for article in [a for a in shop.articles.values() if a.kind == kind][:8]:
        piece = room.piece(article)
        found = _meaning(shop, piece.printed or piece.code, piece.symbology)
        assert isinstance(found, meaning)
        assert getattr(found, "known", None) in (article.code, True)


def test_the_weight_in_a_code_is_the_net_weight(shop: Catalogue) -> None:
    article = next(a for a in shop.articles.values() if a.kind == "weight-code")
    piece = Stockroom(shop, np.random.default_rng(3)).piece(article)
    found = _meaning(shop, piece.printed, piece.symbology)
    assert isinstance(found, MeasureCode)
    assert found.grams is not None
    assert float(found.grams) == piece.net_g
    assert piece.gross_g > piece.net_g


def test_a_sticker_names_the_product_under_it(shop: Catalogue) -> None:
    room = Stockroom(shop, np.random.default_rng(4))
    article = next(a for a in shop.articles.values() if a.kind == "package")
    piece = room.stickered(room.piece(article), 30)
    found = _meaning(shop, piece.printed, piece.symbology)
    assert isinstance(found, StickerCode)
    assert (found.known, found.percent) == (article.code, 30)


def test_packaging_is_shared_and_pieces_differ_little(shop: Catalogue) -> None:
    room = Stockroom(shop, np.random.default_rng(5))
    jar = next(a for a in shop.articles.values() if "jam" in a.product.name)
    grams = np.array([room.piece(jar).gross_g for _ in range(200)])
    assert 0.35 < np.mean(grams) / jar.net_g - 1.0 < 0.85
    assert 0.003 < np.std(grams) / jar.net_g < 0.02


def test_loose_pieces_differ_much(shop: Catalogue) -> None:
    room = Stockroom(shop, np.random.default_rng(6))
    kiwi = shop.articles["4030"]
    grams = np.array([room.piece(kiwi).gross_g for _ in range(200)])
    assert 0.11 < np.std(grams) / np.mean(grams) < 0.26


def test_two_stores_differ_where_their_files_do_not_say(shop: Catalogue) -> None:
    other = grocery(np.random.default_rng(2))
    mine, theirs = ([a.packaging_g for a in one.articles.values()] for one in (shop, other))
    assert mine != theirs
    assert shop.store.products != {}


def test_where_the_scale_fails_produce_is_weighed_elsewhere(shop: Catalogue) -> None:
    stage = Stage(shop, CellModel(), np.random.default_rng(8))
    stage.faults.append(Fault("unplugged", 0.0, 1e9))
    stage.wait(30.0)
    loose_by_weight(stage, shop.articles["4011"], Habits())
    found = _meaning(shop, *stage.scans[-1][1:])
    assert isinstance(found, MeasureCode)
    assert found.known == "4011"
    assert float(found.grams or 0) == stage.moves[-1].piece.net_g
    assert [tap for _, tap, _ in stage.taps] == []

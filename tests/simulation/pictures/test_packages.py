"""Packages: shapes from words, look-alikes, bar codes that can be read flat and from a rendered close-up."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp

from aisle.simulation.pictures.labels import MODULE_PX, bar_code
from aisle.simulation.pictures.packages import DEEPEST_M, TALLEST_M, Package, label_set, package_of
from aisle.simulation.pictures.portraits import VIEWS, PhotoTable
from aisle.simulation.pictures.renderers import open_renderer
from aisle.simulation.pictures.scene import FIRST_ITEM, Scene, Shape, Thing
from aisle.store.example import example_store
from aisle.store.model import Product
from simulation.pictures.small_shop import GOODS, LIGHT, building, camera

STORE = example_store()
LABELS, LAYER_OF = label_set(STORE)


@pytest.mark.parametrize("gtin", list(STORE.products), ids=[p.name for p in STORE.products.values()])
def test_every_flat_label_carries_its_own_code(gtin: str) -> None:
    assert [found.text for found in zxingcpp.read_barcodes(LABELS[LAYER_OF[gtin]])] == [gtin]


@pytest.mark.parametrize(
    "product",
    [
        pytest.param(GOODS[0], id="can"),
        pytest.param(GOODS[1], id="box"),
        pytest.param(GOODS[2], id="bag"),
        pytest.param(GOODS[3], id="bottle"),
    ],
)
def test_a_close_up_can_be_scanned(product: Product) -> None:
    """A camera of 1280 x 720 that looks at the back from a hand's length away reads the code."""
    package = package_of(product)
    width, _, height = package.size_m
    thing = Thing(package.shape, 0, package.standing((2.0, 2.0, 1.0), 0.0), FIRST_ITEM)
    code_m = 1.0 + height * (0.35 if package.shape != "bottle" else 0.27)
    near = max(0.14, 1.7 * width)
    seen_by = camera((2.0, 2.0 + near, code_m), (2.0, 2.0, code_m), size_px=(1280, 720), across_deg=60.0)
    renderer = open_renderer(package.art()[None], "arrays")
    rgb = renderer.render(seen_by, Scene((*building(), thing), 1, (), (), LIGHT)).rgb
    assert [found.text for found in zxingcpp.read_barcodes(rgb)] == [product.gtin]


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        pytest.param("Cola can 330 ml", "can", id="can by its word"),
        pytest.param("Chickpeas 400 g tin", "can", id="tin"),
        pytest.param("Still water 0.5 l", "bottle", id="water"),
        pytest.param("Whole milk 1 l", "box", id="carton"),
        pytest.param("Salted crisps 150 g", "bag", id="crisps"),
        pytest.param("Green tea 20 bags", "box", id="tea in a box"),
        pytest.param("Zorblax", "box", id="nobody knows"),
    ],
)
def test_words_make_the_shape(name: str, shape: Shape) -> None:
    assert package_of(Product("2000000000015", name, 100.0)).shape == shape


def test_sizes_fit_the_shelf() -> None:
    sizes = np.array([package_of(p).size_m for p in STORE.products.values()])
    widths = np.array([p.width_m for p in STORE.products.values()])
    assert (sizes[:, 0] <= widths).all()
    assert (sizes[:, 1] <= np.minimum(DEEPEST_M + 0.006, widths)).all()
    assert (sizes[:, 2] <= TALLEST_M).all()
    assert (sizes > 0.01).all()


def test_more_weight_makes_a_larger_package() -> None:
    small, large = (package_of(Product("2000000000015", f"Rice {g} g", g, width_m=0.12)) for g in (250, 1000))
    assert np.prod(large.size_m) > 2.0 * np.prod(small.size_m)


def test_look_alikes_share_art_but_not_the_flavour() -> None:
    still, sparkling = _art("Still water 0.5 l", "Brook"), _art("Sparkling water 0.5 l", "Brook")
    other = _art("Still water 0.5 l", "Fell")
    unlike = np.abs(still.astype(int) - sparkling).mean()
    assert 1.0 < unlike < 0.5 * np.abs(still.astype(int) - other).mean()


def test_another_size_differs_in_the_print_of_the_size() -> None:
    small, large = package_of(_water("0.5 l")), package_of(_water("0.75 l"))
    assert (small.label.title, small.label.brand, small.label.kind) == (
        large.label.title, large.label.brand, large.label.kind)  # fmt: skip
    assert (small.label.net, large.label.net) == ("0.5 l", "0.75 l")


def test_the_same_product_has_the_same_label() -> None:
    assert np.array_equal(package_of(GOODS[0]).art(), package_of(GOODS[0]).art())


@pytest.mark.parametrize(
    ("code", "read"),
    [
        pytest.param("2000000001043", "2000000001043", id="EAN-13"),
        pytest.param("96385074", "96385074", id="EAN-8"),
        pytest.param("036000291452", "0036000291452", id="UPC-A"),
        pytest.param("10614141000415", "10614141000415", id="GTIN-14"),
        pytest.param("local-7b", "local-7b", id="the shop's own"),
    ],
)
def test_every_kind_of_code_can_be_printed(code: str, read: str) -> None:
    modules = bar_code(code)
    assert modules is not None
    printed = np.kron(modules[:1].repeat(30, axis=0), np.ones((MODULE_PX, MODULE_PX), dtype=np.uint8))
    assert [found.text for found in zxingcpp.read_barcodes(np.pad(printed, 20, constant_values=255))] == [read]


def test_loose_goods_carry_no_code() -> None:
    assert bar_code("4011") is None
    assert zxingcpp.read_barcodes(package_of(Product("4011", "Bananas", 150.0)).art()) == []


def test_pictures_for_the_store_show_all_sides() -> None:
    table = PhotoTable(GOODS[:2], "arrays", side_px=96)
    pictures = table.pictures(GOODS[0].gtin)
    assert [p.shape for p in pictures] == [(96, 96, 3)] * len(VIEWS)
    unlike = [np.abs(pictures[0].astype(int) - other).mean() for other in pictures[1:]]
    assert min(unlike) > 2.0
    paper = pictures[0][:8].reshape(-1, 3).std(axis=0)
    assert paper.max() < 25.0


def test_a_photo_table_wants_a_size() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        PhotoTable(GOODS, "arrays", side_px=4)


def _water(size: str) -> Product:
    return Product("2000000001012", f"Still water {size}", 524.0, brand="Brook", category="drinks", width_m=0.065)


def _art(name: str, brand: str) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    package: Package = package_of(Product("2000000001012", name, 524.0, brand=brand, category="drinks", width_m=0.065))
    return package.art()

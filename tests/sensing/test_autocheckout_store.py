"""Shop geometry from a planogram alone: direction, pitch, left edge, plates, single load cells, measured geometry."""

# mypy: disable-error-code="comparison-overlap"
# pytest.approx stands for the numbers it is compared with.
from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from aisle.sensing.recordings import RecordingError, open_recording
from aisle.store.model import Store

PITCH = 0.1016


def opened(shop: Any, folder: Path) -> Store:
    store: Store = open_recording(shop.write(folder, "json")).store
    return store


def test_shelves_and_facings_from_the_planogram(small_shop: Any, tmp_path: Path) -> None:
    store = opened(small_shop, tmp_path)
    assert [s.key for s in store.shelves] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert [s.plate_count for s in store.shelves] == [4, 4, 4, 4]
    first, end = store.shelf_at[1, 2], store.shelf_at[2, 1]
    assert first.origin_m == pytest.approx((0.5, 0.0, 0.8))
    assert first.plate_edges_m == pytest.approx([0, PITCH, 2 * PITCH, 3 * PITCH, 4 * PITCH])
    assert (end.origin_m, end.rotation_rad) == (pytest.approx((2.0, -1.0, 0.4)), pytest.approx(-math.pi / 2))
    assert end.world(0.2) == pytest.approx((2.0, -1.2, 0.4))
    assert [(f.gtin, f.x0_m, f.x1_m, f.plates) for f in store.facings_at[2, 1]] == [
        ("210", pytest.approx(0.0), pytest.approx(2 * PITCH), (1, 2)),
        ("211", pytest.approx(2 * PITCH), pytest.approx(4 * PITCH), (3, 4)),
    ]


def _no_rotation(entry: dict[str, Any]) -> None:
    del entry["global_coordinates"]["transform"]["rotation"]


def _zero_rotation(entry: dict[str, Any]) -> None:
    entry["global_coordinates"]["transform"]["rotation"] = {}


def _inches(entry: dict[str, Any]) -> None:
    at = entry["global_coordinates"]
    at["transform"]["translation"] = {k: v / 0.0254 for k, v in at["transform"]["translation"].items()}
    at["dim_x"] /= 0.0254
    at["dim_y"] /= 0.0254


@pytest.mark.parametrize("single_cell", [False, True], ids=["a cell per plate", "a cell per shelf"])
@pytest.mark.parametrize("change", [_no_rotation, _zero_rotation, _inches])
def test_the_same_shop_described_otherwise(change: Any, single_cell: bool, make_shop: Any, tmp_path: Path) -> None:
    expected = opened(make_shop(single_cell=single_cell), tmp_path / "a")
    shop = make_shop(single_cell=single_cell)
    for entry in shop.collections["planogram"]:
        change(entry)
    found = opened(shop, tmp_path / "b")
    for a, b in zip(expected.shelves, found.shelves, strict=True):
        assert (b.key, b.plate_edges_m) == (a.key, pytest.approx(a.plate_edges_m))
        assert b.origin_m == pytest.approx(a.origin_m, abs=1e-6)
        assert b.rotation_rad == pytest.approx(a.rotation_rad)
    assert [(f.gtin, f.x0_m, f.x1_m) for f in found.facings] == [
        (f.gtin, pytest.approx(f.x0_m, abs=1e-5), pytest.approx(f.x1_m, abs=1e-5)) for f in expected.facings
    ]


def test_one_load_cell_carries_the_whole_shelf(make_shop: Any, tmp_path: Path) -> None:
    store = opened(make_shop(single_cell=True), tmp_path)
    assert [s.plate_edges_m for s in store.shelves] == [pytest.approx((0.0, 4 * PITCH))] * 4
    assert [(f.x0_m, f.plates) for f in store.facings_at[1, 1]] == [
        (pytest.approx(0.0), (1,)),
        (pytest.approx(2 * PITCH), (1,)),
    ]


def test_another_pitch_is_found(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    for entry in shop.collections["planogram"]:
        at = entry["global_coordinates"]
        k = (entry["plate_ids"][0]["plate_index"] - 1) * 0.15
        at["dim_x"] = 0.3
        at["transform"]["translation"].update(
            {"x": 0.5 + k} if "y" not in at["transform"]["translation"] else {"y": -1.0 - k}
        )
    assert opened(shop, tmp_path).shelf_at[1, 1].plate_edges_m == pytest.approx([0, 0.15, 0.3, 0.45, 0.6])


def test_a_corner_that_contradicts_its_plates_gives_way_to_them(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    shop.collections["planogram"][1]["global_coordinates"] = {}
    facing = opened(shop, tmp_path).facings_at[1, 1][1]
    assert (facing.x0_m, facing.x1_m) == (pytest.approx(2 * PITCH), pytest.approx(4 * PITCH))


def _nameless(shop: Any) -> None:
    shop.collections["products"].pop(0)


def _weightless(shop: Any) -> None:
    shop.collections["products"][0]["metadata"]["weight"] = 0.0


def _homeless(shop: Any) -> None:
    shop.collections["planogram"][0]["plate_ids"] = []


@pytest.mark.parametrize(
    ("damage", "kind", "where"),
    [
        (_nameless, "unknown-product", "product 110"),
        (_weightless, "no-weight", "product 110"),
        (_homeless, "corrupt", "planogram.json: entry 1"),
    ],
)
def test_what_the_catalogue_lacks_is_reported(
    damage: Any, kind: str, where: str, make_shop: Any, tmp_path: Path
) -> None:
    shop = make_shop()
    damage(shop)
    recording = open_recording(shop.write(tmp_path, "json"))
    assert [(h.kind, h.where, h.grave) for h in recording.health] == [(kind, where, True)]
    assert recording.store.products.keys() >= {f.gtin for f in recording.store.facings}


def test_recordings_of_one_shop_share_its_faults_but_not_its_name(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    _nameless(shop)
    shop.collections["planogram"][1]["plate_ids"] = []
    first, second = (open_recording(shop.write(tmp_path / name, "json")) for name in ("one", "two"))
    assert (first.store.name, second.store.name) == ("one", "two")
    assert first.store.facings == second.store.facings
    assert first.store.products is not second.store.products
    assert len(first.health) == 2
    assert first.health == second.health


def test_a_shop_that_differs_in_one_number_is_another(make_shop: Any, tmp_path: Path) -> None:
    before = opened(make_shop(), tmp_path / "before")
    shop = make_shop()
    shop.collections["products"][0]["metadata"]["weight"] += 1.0
    after = opened(shop, tmp_path / "after")
    weight = before.products["110"].weight_g
    assert weight is not None
    assert after.products["110"].weight_g == weight + 1.0


@pytest.mark.parametrize(
    ("change", "price_minor"),
    [({"price": 1e307}, 0), ({"name": "half \ud800"}, 150), ({"price": None}, 0)],
    ids=["a price beyond all numbers", "half a surrogate pair", "no price"],
)
def test_odd_products_do_no_harm(change: dict[str, Any], price_minor: int, make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    shop.collections["products"][0]["metadata"].update(change)
    assert opened(shop, tmp_path).products["110"].price_minor == price_minor


def test_an_id_of_more_than_64_bits_is_a_name_like_any_other(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    shop.collections["planogram"][0]["planogram_product_id"]["id"] = 10**30
    assert str(10**30) in opened(shop, tmp_path).products


def test_an_empty_stretch_has_plates_but_no_facing(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    shop.collections["planogram"][1]["planogram_product_id"] = {}
    store = opened(shop, tmp_path)
    assert [len(f) for f in store.facings_at.values()] == [1, 2, 2, 2]
    assert store.plate_count == 16


def test_a_planogram_without_plates_is_refused(make_shop: Any, tmp_path: Path) -> None:
    shop = make_shop()
    for entry in shop.collections["planogram"]:
        entry["plate_ids"] = []
    with pytest.raises(RecordingError, match="none of 8 entries names a gondola"):
        opened(shop, tmp_path)


def store_meta(folder: Path, shift_m: float = 0.05) -> None:
    """Measured geometry of the small shop, a little off the planogram."""

    def at(x: float, y: float, z: float, turn: float, dx: float) -> dict[str, Any]:
        return {
            "transform": {"translation": {"x": x, "y": y, "z": z}, "rotation": {"z": turn}},
            "dim_x": dx,
            "dim_y": 0.4,
        }

    gondolas = [(1, 0.5 + shift_m, 0.4, 0.0), (2, 2.4 + shift_m, -1.0, -math.pi / 2)]
    folder.mkdir()
    files = {
        "Gondolas": [{"id": {"id": g}, "coordinates": at(x, y, 0, turn, 0.4)} for g, x, y, turn in gondolas],
        "Shelves": [
            {"id": {"gondola_id": {"id": g}, "shelf_index": s}, "coordinates": at(0, -0.4, 0.4 * s, 0, 0.4)}
            for g in (1, 2)
            for s in (1, 2)
        ],
        "Plates": [
            {
                "id": {"shelf_id": {"gondola_id": {"id": g}, "shelf_index": s}, "plate_index": p},
                "coordinates": at((p - 1) * PITCH, 0, 0, 0, PITCH),
            }
            for g in (1, 2)
            for s in (1, 2)
            for p in range(1, 6)
        ],
    }
    for name, parts in files.items():
        (folder / f"{name}.json").write_text(json.dumps({name.lower(): parts}))


@pytest.mark.parametrize("place", ["shop/store_meta", "store_meta"], ids=["in the recording", "beside it"])
def test_measured_geometry_comes_first_and_agrees(place: str, make_shop: Any, tmp_path: Path) -> None:
    inferred = opened(make_shop(), tmp_path / "alone" / "shop")
    folder = make_shop().write(tmp_path / "shop", "json")
    store_meta(tmp_path / place)
    recording = open_recording(folder)
    assert recording.health == ()
    for a, b in zip(inferred.shelves, recording.store.shelves, strict=True):
        assert b.plate_count == a.plate_count + 1
        assert b.rotation_rad == pytest.approx(a.rotation_rad)
        assert math.dist(a.origin_m, b.origin_m) == pytest.approx(0.05)
    assert [(f.gtin, f.plates, f.x0_m) for f in recording.store.facings] == [
        (f.gtin, f.plates, pytest.approx(f.x0_m)) for f in inferred.facings
    ]


def test_measured_geometry_of_another_shop_is_not_believed(make_shop: Any, tmp_path: Path) -> None:
    folder = make_shop().write(tmp_path / "shop", "json")
    store_meta(folder / "store_meta", shift_m=3.0)
    recording = open_recording(folder)
    assert recording.store.shelf_at[1, 1].origin_m == pytest.approx((0.5, 0.0, 0.4))
    assert len(recording.health) == 4


def test_unreadable_measured_geometry_is_reported(make_shop: Any, tmp_path: Path) -> None:
    folder = make_shop().write(tmp_path / "shop", "json")
    store_meta(folder / "store_meta")
    (folder / "store_meta" / "Plates.json").write_text("{")
    recording = open_recording(folder)
    assert [(h.kind, h.where) for h in recording.health] == [("corrupt", "store_meta/Plates.json")]

"""A small shop recorded in the AutoCheckout schema, written in each of the three forms it comes in."""

from __future__ import annotations

import base64
import gzip
import json
import math
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bson
import numpy as np
import numpy.typing as npt
import pytest

T0 = 1_587_514_313.25
INCH = 0.0254
PITCH = 0.1016
END = struct.pack("<I", 0xFFFFFFFF)

Document = dict[str, Any]


@dataclass
class SmallShop:
    """Two gondolas (one along +x, an end gondola at -90 degrees), two shelves of four plates each, one shopper."""

    batches: int = 20
    single_cell: bool = False
    collections: dict[str, list[Document]] = field(default_factory=dict)
    meta: Document = field(default_factory=lambda: {"staff": ["77"]})

    def __post_init__(self) -> None:
        self.collections = {
            "plate_data": [batch(b, g) for b in range(self.batches) for g in (1, 2)],
            "targets": [frame(k, hands=False) for k in range(3 * self.batches)],
            "full_targets": [frame(k, hands=True) for k in range(3 * self.batches)],
            "planogram": [facing(g, s, k, self.single_cell) for g in (1, 2) for s in (1, 2) for k in range(2)],
            "products": [
                product(f"{g}{s}{k}", 100.0 * g + 10 * s + k) for g in (1, 2) for s in (1, 2) for k in range(2)
            ],
            "frame_message": [],
        }

    def write(self, folder: Path, form: str) -> Path:
        """Write as "json", "array", "bson", "archive" or "archive.gz"; returns what to open."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "meta.json").write_text(json.dumps(self.meta))
        for name, documents in self.collections.items():
            if form == "json":
                (folder / f"{name}.json").write_text("".join(json.dumps(d) + "\n" for d in documents))
            elif form == "array":
                (folder / f"{name}.json").write_text(json.dumps(documents, indent=1))
            elif form == "bson":
                (folder / f"{name}.bson").write_bytes(b"".join(bson.encode(d) for d in documents))
        if form.startswith("archive"):
            data = archive(self.collections)
            (folder / f"shop.{form}").write_bytes(gzip.compress(data) if form.endswith("gz") else data)
        return folder


def batch(b: int, gondola: int) -> Document:
    t = T0 + 0.2 * b + 0.003 * (b * 7 % 4) / 4 + 0.03 * (gondola - 1)
    i = np.arange(12)[:, None, None] + 12 * b
    grams = np.full((12, 3, 6), np.nan, dtype=np.float32)
    noise = 2.0 * np.sin(i * 1.7 + np.arange(8).reshape(1, 2, 4))
    grams[:, 1:, 1:5] = 1000.0 * gondola + 100.0 * np.arange(8).reshape(1, 2, 4) + noise
    return {
        "timestamp": t,
        "gondola_id": gondola,
        "document": {
            "plate_data": {
                "plate_id": {"shelf_id": {"gondola_id": {"id": gondola}}},
                "freq_samp": 60.0,
                "values": {
                    "type": "DATATYPE_FLOAT32",
                    "shape": [12, 3, 6],
                    "data": base64.b64encode(grams.tobytes()).decode(),
                },
            }
        },
    }


def frame(k: int, hands: bool) -> Document:
    t = T0 + k / 15
    person: Document = {
        "target_id": {"id": "5"},
        "target_state": "TARGETSTATE_VALID_ENTRANCE",
        "head": {"point": {"x": (0.2 + 0.001 * k) / INCH, "y": -0.5 / INCH, "z": 1.62 / INCH}, "score": 0.9},
    }
    if hands:
        person["l_wrist"] = {"point": {"y": -0.1 / INCH, "z": 1.0 / INCH}, "score": 0.8}
        person["r_wrist"] = {"point": {}, "score": 0.0}
    return {"timestamp": t, "document": {"targets": {"targets": [person]} if k >= 3 else {}}}


def facing(gondola: int, shelf: int, k: int, single_cell: bool = False) -> Document:
    along = 2 * k * PITCH
    corner = {"x": 0.5 + along, "z": 0.4 * shelf} if gondola == 1 else {"x": 2.0, "y": -1.0 - along, "z": 0.4 * shelf}
    plates = [1] if single_cell else [2 * k + 1, 2 * k + 2]
    return {
        "planogram_product_id": {"id": f"{gondola}{shelf}{k}"},
        "plate_ids": [
            {"shelf_id": {"gondola_id": {"id": gondola}, "shelf_index": shelf}, "plate_index": p} for p in plates
        ],
        "global_coordinates": {
            "transform": {"translation": corner, "rotation": {"z": -math.pi / 2} if gondola == 2 else {}},
            "dim_x": 2 * PITCH,
            "dim_y": 0.4,
        },
    }


def product(gtin: str, weight: float | None) -> Document:
    return {
        "product_id": {"barcode_type": "UPC", "id": gtin},
        "metadata": {"name": f"Product {gtin}", "price": 1.5, "weight": weight},
    }


def archive(collections: dict[str, list[Document]]) -> bytes:
    """A mongodump archive: prelude, then one block per collection."""
    parts = [struct.pack("<I", 0x8199E26D), bson.encode({"version": "0.1"})]
    parts += [
        bson.encode({"db": "shop", "collection": name, "metadata": "{}", "type": "collection"}) for name in collections
    ]
    parts.append(END)
    for name, documents in collections.items():
        parts += [bson.encode({"db": "shop", "collection": name, "EOF": False, "CRC": bson.Int64(0)})]
        parts += [bson.encode(d) for d in documents]
        parts += [END, bson.encode({"db": "shop", "collection": name, "EOF": True, "CRC": bson.Int64(0)}), END]
    return b"".join(parts)


@pytest.fixture
def small_shop() -> SmallShop:
    return SmallShop()


@pytest.fixture
def make_shop() -> Callable[..., SmallShop]:
    return SmallShop


@pytest.fixture
def nanostore() -> Path:
    """The real recording of the nano-store, where AISLE_DATA names a folder that has it."""
    root = os.environ.get("AISLE_DATA")
    folder = Path(root or "") / "nanostore" / "benchmark-1"
    if not root or not folder.is_dir():
        pytest.skip("AISLE_DATA does not name a folder with nanostore/benchmark-1")
    return folder


def equal(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
    return bool(np.array_equal(a, b, equal_nan=True))

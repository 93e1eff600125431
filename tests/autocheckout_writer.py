"""Writes a simulated recording in the AutoCheckout schema, a document per line, so that faults can be put into it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aisle.sensing.readings import Float32, PlateReading, Reading, TrackReading
from aisle.simulation.recording import Simulated
from aisle.store.model import Facing, Product, Store

Document = dict[str, Any]
NS = 1_000_000_000


@dataclass
class Export:
    """The collections of one recording, ready to be spoiled and written."""

    collections: dict[str, list[Document]]
    staff: list[str]

    @classmethod
    def of(cls, simulated: Simulated) -> Export:
        store = simulated.store
        return cls(
            {
                "plate_data": [_batch(r) for r in simulated.sent if isinstance(r, PlateReading)],
                "full_targets": [_frame(r) for r in simulated.sent if isinstance(r, TrackReading)],
                "planogram": [_facing(store, f) for f in store.facings],
                "products": [_product(p) for p in store.products.values()],
            },
            sorted(store.staff),
        )

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        (folder / "meta.json").write_text(json.dumps({"staff": self.staff}), encoding="utf-8")
        for name, documents in self.collections.items():
            text = "".join(json.dumps(d) + "\n" for d in documents)
            (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
        return folder


def samples_of(document: Document) -> Float32:
    """The samples of a batch, (samples, shelves + 1, plates + 1), to be changed and given to `with_samples`."""
    values = document["document"]["plate_data"]["values"]
    flat = np.frombuffer(base64.b64decode(values["data"]), dtype=np.float32)
    return flat.reshape(values["shape"]).copy()


def with_samples(document: Document, samples: Float32) -> Document:
    """The same batch with other samples."""
    changed: Document = json.loads(json.dumps(document))
    changed["document"]["plate_data"]["values"]["data"] = base64.b64encode(samples.tobytes()).decode()
    return changed


def _heard(reading: Reading) -> Document:
    return {"$date": {"$numberLong": str(reading.received_ns // 1_000_000)}}


def _batch(reading: PlateReading) -> Document:
    n, shelves, plates = reading.grams.shape
    grams = np.full((n, shelves + 1, plates + 1), np.nan, dtype=np.float32)
    grams[:, 1:, 1:] = reading.grams
    return {
        "timestamp": reading.t_ns / NS,
        "date_time": _heard(reading),
        "gondola_id": reading.gondola,
        "document": {
            "plate_data": {
                "plate_id": {"shelf_id": {"gondola_id": {"id": reading.gondola}}},
                "freq_samp": reading.hz,
                "values": {
                    "type": "DATATYPE_FLOAT32",
                    "shape": list(grams.shape),
                    "data": base64.b64encode(grams.tobytes()).decode(),
                },
            }
        },
    }


def _joint(xyz: Any, score: float) -> Document:
    x, y, z = (float(v) for v in xyz)
    return {"point": {"x": x, "y": y, "z": z}, "score": float(score)} if np.isfinite(x + y + z) else {"score": 0.0}


def _frame(reading: TrackReading) -> Document:
    people = [
        {
            "target_id": {"id": ident},
            "target_state": "TARGETSTATE_VALID_ENTRANCE",
            "head": _joint(reading.heads_m[i], reading.head_scores[i]),
            "l_wrist": _joint(reading.wrists_m[i, 0], reading.wrist_scores[i, 0]),
            "r_wrist": _joint(reading.wrists_m[i, 1], reading.wrist_scores[i, 1]),
        }
        for i, ident in enumerate(reading.ids)
    ]
    heard = _heard(reading)
    return {"timestamp": reading.t_ns / NS, "date_time": heard, "document": {"targets": {"targets": people}}}


def _facing(store: Store, facing: Facing) -> Document:
    shelf = store.shelf_at[facing.gondola, facing.shelf]
    x, y, z = shelf.world(facing.x0_m)
    return {
        "planogram_product_id": {"id": facing.gtin},
        "plate_ids": [
            {"shelf_id": {"gondola_id": {"id": facing.gondola}, "shelf_index": facing.shelf}, "plate_index": p}
            for p in facing.plates
        ],
        "global_coordinates": {
            "transform": {"translation": {"x": x, "y": y, "z": z}, "rotation": {"z": shelf.rotation_rad}},
            "dim_x": facing.x1_m - facing.x0_m,
            "dim_y": shelf.depth_m,
        },
    }


def _product(product: Product) -> Document:
    return {
        "product_id": {"barcode_type": "EAN13", "id": product.gtin},
        "metadata": {"name": product.name, "price": product.price_minor / 100, "weight": product.weight_g},
    }

"""What a product looks like: its package's shape, size and label, read off the store's own words about it.

Nobody measures packages for a price file, so size follows from the footprint along the shelf, the weight and what the
words say ("can", "0.5 l", "crisps").  The guess has to look right, not to be right: weight and planogram come from the
store, never from here.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.labels import LABEL_PX, Art, LabelText, draw_label
from aisle.simulation.pictures.scene import Float32, Shape
from aisle.simulation.pictures.shapes import FRONT_SHARE
from aisle.simulation.stock import DEFAULT_WIDTH_M
from aisle.store.model import Product, Store

TALLEST_M = 0.29
"""Boards stand about 0.32 m apart."""
DEEPEST_M = 0.085
"""Rows behind each other stand 0.09 m apart."""
_SIZE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(ml|cl|kg|g|l)\b", re.IGNORECASE)
_ML = {"ml": 1.0, "cl": 10.0, "l": 1000.0}
_GRAMS = {"g": 1.0, "kg": 1000.0}
_CARTONS = frozenset({"milk", "juice", "oat"})
_TUBS = frozenset({"can", "tin", "jam", "honey", "yoghurt", "yogurt", "hummus", "spread", "quark", "cream"})
_BAGS = frozenset(
    {
        "crisps",
        "chips",
        "peanuts",
        "nuts",
        "mix",
        "gums",
        "sweets",
        "rice",
        "penne",
        "pasta",
        "sandwich",
        "sticks",
        "cakes",
        "coffee",
        "sugar",
        "flour",
        "tissues",
    }
)
_POURED = frozenset(
    {
        "water",
        "cola",
        "lemonade",
        "tea",
        "wine",
        "ale",
        "beer",
        "lager",
        "oil",
        "vinegar",
        "passata",
        "sauce",
        "liquid",
        "soap",
        "shampoo",
        "brew",
        "shot",
        "syrup",
    }
)


@dataclass(frozen=True, slots=True)
class Package:
    """One unit as it stands on a shelf: `size_m` is width along the shelf, depth, height."""

    shape: Shape
    size_m: tuple[float, float, float]
    label: LabelText

    @property
    def label_front_m(self) -> tuple[float, float]:
        """Width and height of the label's front on the package."""
        width, _, height = self.size_m
        return {
            "box": (width, height),
            "bag": (width, height),
            "can": (math.pi * width * FRONT_SHARE, 0.9 * height),
            "bottle": (math.pi * width * FRONT_SHARE, 0.5 * height),
        }[self.shape]

    def standing(self, position_m: tuple[float, float, float], yaw_rad: float) -> Float32:
        """The matrix of a unit on `position_m` (middle of its foot); with yaw 0 its front looks along -y."""
        c, s = math.cos(yaw_rad), math.sin(yaw_rad)
        w, d, h = self.size_m
        x, y, z = position_m
        return np.array(
            [[c * w, -s * d, 0.0, x], [s * w, c * d, 0.0, y], [0.0, 0.0, h, z], [0.0, 0.0, 0.0, 1.0]],
            dtype=np.float32,
        )

    def art(self) -> Art:
        """Its label, (512, 1024, 3) RGB."""
        side = self.size_m[1] if self.shape in ("box", "bag") else self.label_front_m[0] * 0.6
        return draw_label(self.label, self.label_front_m, side, metal_lid=self.shape == "can")


def package_of(product: Product) -> Package:
    """The package of a product; the same product always has the same one."""
    words = frozenset(re.findall(r"[a-z]+", product.name.lower()))
    shape = _shape(words, product)
    width = float(np.clip(product.width_m or DEFAULT_WIDTH_M, 0.03, 0.35)) * 0.97
    size = _size(shape, width, _volume_ml(product, shape))
    title = _SIZE.sub("", product.name).strip(" ,-") or product.name
    label = LabelText(product.gtin, product.brand, title, _net(product), f"{product.category}|{shape}")
    return Package(shape, size, label)


def label_set(store: Store) -> tuple[npt.NDArray[np.uint8], dict[str, int]]:
    """All labels of a store (k, 512, 1024, 3) RGB, in the store's order, and which layer is whose (by GTIN)."""
    layer_of = {gtin: layer for layer, gtin in enumerate(store.products)}
    labels = np.empty((len(layer_of), *LABEL_PX, 3), dtype=np.uint8)
    for gtin, layer in layer_of.items():
        labels[layer] = package_of(store.products[gtin]).art()
    return labels, layer_of


def _shape(words: frozenset[str], product: Product) -> Shape:
    if words & _TUBS:
        return "can"
    if words & _CARTONS:
        return "box"
    if words & _POURED and "bags" not in words:
        return "bottle"
    return "bag" if words & _BAGS else "box"


def _volume_ml(product: Product, shape: Shape) -> float:
    found = _SIZE.search(product.name)
    unit = found.group(2).lower() if found else ""
    if found and unit in _ML:
        return float(found.group(1).replace(",", ".")) * _ML[unit]
    grams = float(found.group(1).replace(",", ".")) * _GRAMS[unit] if found else (product.weight_g or 200.0)
    filling = {"bag": 0.32, "box": 0.55, "can": 1.0, "bottle": 1.0}[shape]
    return grams / filling


def _size(shape: Shape, width_m: float, volume_ml: float) -> tuple[float, float, float]:
    """Depth and height that hold the volume at the given width."""
    volume_m3 = volume_ml * 1e-6
    if shape in ("can", "bottle"):
        fullness = 0.93 if shape == "can" else 0.62
        depth = min(width_m, 0.09)
        height = volume_m3 / (math.pi / 4 * width_m * depth * fullness)
        slimmest = 0.55 if shape == "can" else 2.3
        return (width_m, depth, float(np.clip(height, slimmest * width_m, TALLEST_M)))
    fullness = 0.95 if shape == "box" else 0.55
    depth = float(np.clip(width_m * (0.62 if shape == "box" else 0.5), 0.02, DEEPEST_M))
    height = volume_m3 / (width_m * depth * fullness)
    tallest = min(TALLEST_M, 3.6 * width_m)
    if height < 1.1 * width_m:  # rather thin than flat: flat packs stand on their edge
        height = 1.1 * width_m
        depth = max(0.012, volume_m3 / (width_m * height * fullness))
    elif height > tallest:
        height = tallest
        depth = min(DEEPEST_M, volume_m3 / (width_m * height * fullness))
    return (width_m, depth, float(height))


def _net(product: Product) -> str:
    found = _SIZE.search(product.name)
    if found:
        return f"{found.group(1)} {found.group(2)}"
    return f"{product.weight_g:.0f} g" if product.weight_g else ""

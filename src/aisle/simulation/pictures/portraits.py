"""The pictures a shopkeeper would take of each product, for the store folder's `images/<gtin>/`.

One package on a light table, from the front, from both corners, from the back and from above.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.labels import LABEL_PX
from aisle.simulation.pictures.packages import Package, package_of
from aisle.simulation.pictures.renderers import Kind, open_renderer
from aisle.simulation.pictures.scene import FIRST_ITEM, Light, Scene, Thing
from aisle.store.geometry import look_at
from aisle.store.model import Camera, Product

Image = npt.NDArray[np.uint8]
_FILLS = 0.86


@dataclass(frozen=True, slots=True)
class View:
    """From where a package is photographed: turned about the upright axis, and how far above the table (degrees)."""

    name: str
    round_deg: float
    above_deg: float


VIEWS = (
    View("front", 0.0, 6.0),
    View("left", -38.0, 14.0),
    View("right", 38.0, 14.0),
    View("back", 180.0, 6.0),
    View("above", 12.0, 52.0),
    View("side", 90.0, 10.0),
)


class PhotoTable:
    """A table with light for taking products' pictures; opened once for many products."""

    def __init__(self, products: Iterable[Product], kind: Kind = "auto", side_px: int = 320) -> None:
        """Raises NoRendererError where pictures cannot be drawn, ValueError for pictures of no size."""
        if side_px < 16:
            raise ValueError(f"side_px is {side_px}; expected at least 16")
        self._packages = {product.gtin: package_of(product) for product in products}
        self._layers = {gtin: layer for layer, gtin in enumerate(self._packages)}
        labels = np.empty((len(self._packages), *LABEL_PX, 3), dtype=np.uint8)
        for gtin, layer in self._layers.items():
            labels[layer] = self._packages[gtin].art()
        self._renderer = open_renderer(labels, kind)
        self._side_px = side_px

    def pictures(self, gtin: str, views: tuple[View, ...] = VIEWS) -> list[Image]:
        """One BGR picture (side, side, 3) for each view.  Raises KeyError for a product that is not here."""
        package = self._packages[gtin]
        thing = Thing(package.shape, self._layers[gtin], package.standing((0.0, 0.0, 0.0), 0.0), FIRST_ITEM)
        scene = Scene(_TABLE, 0, (thing,), (), _LIGHT)
        return [
            np.asarray(
                cv2.cvtColor(self._renderer.render(self._camera(package, view), scene).rgb, cv2.COLOR_RGB2BGR), np.uint8
            )
            for view in views
        ]

    def _camera(self, package: Package, view: View) -> Camera:
        """Far enough for an even perspective, near enough for the package to fill the picture."""
        width, depth, height = package.size_m
        c, s = abs(math.cos(math.radians(view.round_deg))), abs(math.sin(math.radians(view.round_deg)))
        up = math.radians(view.above_deg)
        across, along = c * width + s * depth, s * width + c * depth
        largest = max(across, height * math.cos(up) + along * math.sin(up))
        distance = 3.2 * max(largest, math.dist((0, 0, 0), package.size_m))
        focal = _FILLS * self._side_px * (distance - along / 2) / largest
        around = math.radians(view.round_deg - 90.0)
        flat = distance * math.cos(up)
        place = (flat * math.cos(around), flat * math.sin(around), height / 2 + distance * math.sin(up))
        middle = (self._side_px - 1) / 2
        return Camera(
            view.name,
            "photo",
            (self._side_px, self._side_px),
            (focal, focal),
            (middle, middle),
            place,
            look_at(place, (0.0, 0.0, height / 2)),
        )


def product_pictures(product: Product, kind: Kind = "auto") -> list[Image]:
    """A product's pictures (BGR), one for each of `VIEWS`; for many products open one `PhotoTable`."""
    return PhotoTable([product], kind).pictures(product.gtin)


def _slab(x: float, y: float, z: float, size: tuple[float, float, float], tint: tuple[float, float, float]) -> Thing:
    matrix = np.diag([*size, 1.0]).astype(np.float32)
    matrix[:3, 3] = (x, y, z)
    return Thing("box", -1, matrix, 0, tint)


_PAPER = (0.78, 0.78, 0.76)
_TABLE = (
    _slab(0.0, 0.0, -0.05, (6.0, 6.0, 0.05), _PAPER),
    *(_slab(3.0 * x, 3.0 * y, 0.0, (0.1 + 6.0 * abs(y), 0.1 + 6.0 * abs(x), 3.0), _PAPER)
      for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1))),
)  # fmt: skip
_LIGHT = Light(
    ambient=(0.62, 0.62, 0.62),
    sun=(0.25, -0.6, 0.76),
    sun_colour=(0.12, 0.12, 0.12),
    lamps_m=np.array([(x, y, 2.4) for x in (-0.8, 0.8) for y in (-0.8, 0.8)], dtype=np.float32),
    lamp_colour=(0.6, 0.6, 0.58),
)

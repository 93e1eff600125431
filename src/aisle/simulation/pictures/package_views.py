"""Pictures of single packages from many sides, in many lights: what a recogniser of packages learns from.

Each picture shows one product in the middle, others standing about it, and belongs to a product by number.  Families of
look-alikes (another sort, another size) are in every shop, for they are what is hard.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.packages import Package, label_set, package_of
from aisle.simulation.pictures.random_shop import random_shop
from aisle.simulation.pictures.renderers import Kind, open_renderer
from aisle.simulation.pictures.rigs import pinhole
from aisle.simulation.pictures.scene import FIRST_ITEM, Light, Scene, Thing
from aisle.store.model import Camera, Product, Store

SIDE_PX = 112
"""Pictures are square, the package filling most of them."""
LABEL_SIDE_PX = 256
TRUTH_FILE = "products.json"
PICTURES_FILE = "pictures.npy"
_CANVAS_PX = 160


@dataclass(frozen=True, slots=True)
class View:
    """One picture (blue-green-red) of the product with this number in the store."""

    product: int
    image: npt.NDArray[np.uint8]


def package_views(store: Store, each: int, rng: np.random.Generator, kind: Kind = "auto") -> Iterator[View]:
    """`each` pictures of every product of a store, product after product."""
    full, layers = label_set(store)
    labels = np.stack([cv2.resize(a, (2 * LABEL_SIDE_PX, LABEL_SIDE_PX), interpolation=cv2.INTER_AREA) for a in full])
    renderer = open_renderer(labels, kind)
    products = list(store.products.values())
    packages = [package_of(p) for p in products]
    for number in range(len(products)):
        for _ in range(each):
            scene, size, tall = _scene(number, packages, products, layers, rng)
            camera = _camera(size, tall, rng)
            picture = renderer.render(camera, scene)
            rows, columns = np.nonzero(picture.ids == FIRST_ITEM)
            if len(rows) < 200:
                continue
            image = _cut(picture.rgb, rows, columns, rng)
            yield View(number, np.ascontiguousarray(image[..., ::-1]))


def write_package_set(
    out: Path,
    shops: int,
    each: int,
    seed: int,
    *,
    first_shop: int = 0,
    kind: Kind = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write the views of `shops` random shops as one array and a list of products; returns how many views.

    `pictures.npy` is (n, 112, 112, 3) bytes, `products.json` has `of` (n numbers of products) and `products` (name,
    brand and shop of each).  The same arguments write the same files.
    """
    out.mkdir(parents=True, exist_ok=True)
    images: list[npt.NDArray[np.uint8]] = []
    of: list[int] = []
    products: list[dict[str, str | int]] = []
    for shop in range(first_shop, first_shop + shops):
        rng = np.random.default_rng([0xB0C5, seed, shop])
        store = random_shop(rng, f"Shop {shop}")
        base = len(products)
        products += [{"name": p.name, "brand": p.brand, "shop": shop} for p in store.products.values()]
        for view in package_views(store, each, rng, kind):
            images.append(view.image)
            of.append(base + view.product)
        if progress is not None:
            progress(shop - first_shop + 1, shops)
    np.save(out / PICTURES_FILE, np.stack(images))
    (out / TRUTH_FILE).write_text(json.dumps({"of": of, "products": products}), encoding="utf-8")
    return len(images)


def _scene(
    number: int, packages: list[Package], products: list[Product], layers: dict[str, int], rng: np.random.Generator
) -> tuple[Scene, float, float]:
    """The product turned some way, neighbours about it on a board before a wall; with its width and height (m)."""
    mine = packages[number]
    width, depth, height = mine.size_m
    turn = float(rng.normal(0.0, 0.5)) if rng.random() < 0.75 else float(rng.uniform(-math.pi, math.pi))
    things = [
        Thing(mine.shape, layers[products[number].gtin], mine.standing((0.0, 0.0, 0.0), turn), FIRST_ITEM),
    ]
    beside = width / 2
    for side in (-1, 1):
        if rng.random() < 0.75:
            other = number if rng.random() < 0.4 else int(rng.integers(len(packages)))
            gap = beside + packages[other].size_m[0] / 2 + float(rng.uniform(0.004, 0.05))
            matrix = packages[other].standing((side * gap, float(rng.normal(0, 0.01)), 0.0), float(rng.normal(0, 0.15)))
            things.append(Thing(packages[other].shape, layers[products[other].gtin], matrix, FIRST_ITEM + 1))
    back = 0.06 + depth + float(rng.uniform(0.0, 0.3))
    for at, size in (((0.0, 0.0, -0.03), (3.0, 1.2, 0.03)), ((0.0, back + 0.05, -0.5), (3.0, 0.1, 1.5))):
        matrix = np.diag([*size, 1.0]).astype(np.float32)
        matrix[:3, 3] = at
        tint = rng.uniform(0.1, 0.9) * rng.uniform(0.7, 1.0, 3)
        things.append(Thing("box", -1, matrix, 0, (float(tint[0]), float(tint[1]), float(tint[2]))))
    ambient = float(rng.uniform(0.3, 0.6))
    warmth = rng.normal(1.0, 0.06, 3)
    sun = np.array([rng.normal(0, 0.5), -0.6, 1.0])
    sun /= np.linalg.norm(sun)
    lamps = np.array([[rng.uniform(-1.0, 1.0), rng.uniform(-1.5, -0.3), rng.uniform(1.0, 2.0)]], np.float32)
    light = Light(
        (ambient * float(warmth[0]), ambient * float(warmth[1]), ambient * float(warmth[2])),
        (float(sun[0]), float(sun[1]), float(sun[2])),
        (0.35, 0.35, 0.33),
        lamps,
        (0.7, 0.68, 0.62),
    )
    return Scene((), 0, tuple(things), (), light), width, height


def _camera(width_m: float, height_m: float, rng: np.random.Generator) -> Camera:
    size = max(width_m, height_m)
    far = size * float(rng.uniform(1.6, 2.6))
    up = float(rng.uniform(-0.1, 1.0))
    aside = float(rng.normal(0.0, 0.35))
    eye = (
        far * math.cos(up) * math.sin(aside),
        -far * math.cos(up) * math.cos(aside),
        height_m / 2 + far * math.sin(up),
    )
    return pinhole("package", (_CANVAS_PX, _CANVAS_PX), 55.0, eye, (0.0, 0.0, height_m / 2))


def _cut(
    rgb: npt.NDArray[np.uint8],
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
    rng: np.random.Generator,
) -> npt.NDArray[np.uint8]:
    """A square about the package, not quite in its middle, at the set's size."""
    y0, y1, x0, x1 = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    side = max(y1 - y0, x1 - x0) * float(rng.uniform(1.0, 1.3))
    cy = (y0 + y1) / 2 + float(rng.normal(0, 0.05)) * side
    cx = (x0 + x1) / 2 + float(rng.normal(0, 0.05)) * side
    s = SIDE_PX / side
    warp = np.array([[s, 0.0, SIDE_PX / 2 - s * cx], [0.0, s, SIDE_PX / 2 - s * cy]])
    return np.asarray(
        cv2.warpAffine(rgb, warp, (SIDE_PX, SIDE_PX), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )

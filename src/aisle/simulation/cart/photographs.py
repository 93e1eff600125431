"""A store of photographed goods: classes of photographs become products, some pictures enrolled, the others shown.

The folder holds `<class>/*.jpg`, at any depth.  Classes whose produce has a look-up code in `goods` get it, all others
become packages with a number of their own.  No picture is both enrolled and shown.
"""

from __future__ import annotations

import shutil
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aisle.simulation.cart.catalogue import Article, Catalogue, gtin13
from aisle.store.model import Product

PICTURES = (".jpg", ".jpeg")
MOST_ENROLLED = 25
PACKAGE_MAKER = 9_522_000
PHOTOGRAPHED = 3.0  # how much more often than others goods with photographs are bought


@dataclass(frozen=True, slots=True)
class Album:
    """The photographs of each class: those the store enrols, and those that are shown."""

    enrolled: dict[str, tuple[Path, ...]]
    shown: dict[str, tuple[Path, ...]]


def open_album(folder: Path, enrolled_share: float = 0.6) -> Album:
    """The photographs below `folder`.  Raises ValueError where no class has two pictures."""
    classes: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in PICTURES and path.is_file():
            classes.setdefault(path.parent.name, []).append(path)
    enrolled, shown = {}, {}
    for name, pictures in sorted(classes.items()):
        if len(pictures) < 2:
            continue
        # by name, not by chance: the same folder is always parted the same way
        order = sorted(pictures, key=lambda p: (zlib.crc32(p.name.encode()), str(p)))
        cut = min(max(1, round(enrolled_share * len(order))), len(order) - 1)
        enrolled[name], shown[name] = tuple(order[:cut][:MOST_ENROLLED]), tuple(order[cut:])
    if not shown:
        raise ValueError(f"{folder}: found no class with two pictures; <class>/*.jpg, two or more each, is needed")
    return Album(enrolled, shown)


def photographed(catalogue: Catalogue, album: Album) -> Catalogue:
    """The catalogue with a product for each class: its produce gains pictures, other classes come in as cartons."""
    articles = dict(catalogue.articles)
    with_code = {a.photograph for a in articles.values() if a.photograph}
    for number, name in enumerate(sorted(album.shown)):
        if name not in with_code:
            article = _carton(name, number)
            articles[article.code] = article
    known = {
        code: replace(article, demand=PHOTOGRAPHED * article.demand)
        if article.photograph in album.shown
        else replace(article, photograph="")
        for code, article in articles.items()
    }
    store = replace(catalogue.store, products={code: article.product for code, article in known.items()})
    return Catalogue(store, known)


def write_enrolled(catalogue: Catalogue, album: Album, images: Path) -> None:
    """Copy the enrolled photographs into `images/<code>/`."""
    for article in catalogue.articles.values():
        for number, source in enumerate(album.enrolled.get(article.photograph, ())):
            folder = images / article.code
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / f"photograph-{number:03d}.jpg")


def _carton(name: str, number: int) -> Article:
    """A package nobody described: what its class's name says, and a weight drawn from it."""
    own = np.random.default_rng(zlib.crc32(name.encode()))
    words = name.replace("_", "-").split("-")
    large = any(word in name for word in ("Juice", "Milk", "Yoghurt", "Oatghurt", "Soyghurt", "Drink"))
    net = 1000.0 if large else float(own.choice([200.0, 300.0, 500.0]))
    product = Product(
        gtin=gtin13(PACKAGE_MAKER * 100_000 + 10 * number),
        name=" ".join(words),
        weight_g=net,
        price_minor=int(own.integers(89, 399)),
        brand=words[0],
        category="photographed",
        tax_category="reduced",
        weight_sigma_g=round(0.08 * net, 1),
    )
    packaging = net * float(own.uniform(0.02, 0.06))
    return Article(product, "package", net, packaging, 0.008, f"{words[0]}|{words[-1]}", 2.0, name)

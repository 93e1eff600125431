"""The simulated grocery store: what its files say of every product, and what is really true of it.

The files know net weight and a tolerance; the truth is packaging all pieces share and pieces that differ.  Loose
produce has look-up codes, goods packed in the shop have their weight or price in the code.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Literal

import numpy as np

from aisle.simulation.cart.goods import BAKERY, COUNTER, FAMILIES, LOOSE, PACKAGING, SALAD_BAR, Counter, Family, Loose
from aisle.store.barcodes.numbers import price_verifier
from aisle.store.barcodes.rules import CodeRules, NumberRule
from aisle.store.codes import check_digit
from aisle.store.model import CartAttributes, Container, Product, Store
from aisle.store.offers import BuyGet, CountForPrice, Goods, Percent, Promotion, Taxes, TaxRate

Kind = Literal["package", "kg", "piece", "weight-code", "price-code", "databar", "container"]
PRODUCE_BAG_G = 3.0
STICKER = NumberRule("98IIIIIIIIIIIIIVVV", "percent")
"""Clearance stickers: the product's GTIN-13 and the percent they take off."""
FIRST_MAKER = 9_521_000  # GS1 keeps the prefix 952 for demonstrations: no real product has such a number


@dataclass(frozen=True, slots=True)
class Article:
    """One product with its truth.

    `net_g` is what a piece holds (typical, for loose pieces), `packaging_g` what its packaging weighs, `spread` how
    much pieces differ (share of the net weight), `look` what look-alikes share, `demand` how often it is bought.
    """

    product: Product
    kind: Kind
    net_g: float
    packaging_g: float
    spread: float
    look: str
    demand: float
    photograph: str = ""
    high_g: float = 0.0

    @property
    def code(self) -> str:
        return self.product.gtin

    @property
    def scannable(self) -> bool:
        """Whether it carries a code at all."""
        return self.kind not in ("kg", "piece", "container")

    @property
    def by_weight(self) -> bool:
        return self.product.sold_by_weight


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that can lie in the basket: an article's piece (a bag of loose goods is one), or `code` "" for what
    is nobody's goods.  `gross_g` is all the scale feels, `net_g` what is paid for; `count` pieces of it in one bag.
    """

    number: int
    code: str
    gross_g: float
    net_g: float
    count: int = 1
    printed: str = ""
    """The code on it, where that is of this one piece alone (weight or price inside, or a sticker)."""
    symbology: str = "EAN13"
    thing: str = ""


@dataclass(frozen=True)
class Catalogue:
    """The store and the truth about its articles, by code."""

    store: Store
    articles: dict[str, Article]

    @property
    def rules(self) -> CodeRules:
        return self.store.code_rules

    @cached_property
    def ordinary(self) -> tuple[Article, ...]:
        """What people take with them every day."""
        return tuple(a for a in self.articles.values() if a.demand > 0.0)

    @cached_property
    def demand(self) -> np.ndarray:
        """How likely each of `ordinary` is, summing to 1."""
        weight = np.array([a.demand for a in self.ordinary])
        return np.asarray(weight / weight.sum())

    def look_alikes(self, code: str) -> tuple[Article, ...]:
        """Other articles that look much the same."""
        return tuple(a for a in self._looks[self.articles[code].look] if a.code != code)

    @cached_property
    def _looks(self) -> dict[str, list[Article]]:
        out: dict[str, list[Article]] = {}
        for article in self.articles.values():
            out.setdefault(article.look, []).append(article)
        return out


def grocery(rng: np.random.Generator, name: str = "Simulated grocery") -> Catalogue:
    """A store of about 270 products; packaging is drawn, so two stores differ where their files do not."""
    articles = [
        *(a for number, family in enumerate(FAMILIES) for a in _packages(number, family, rng)),
        *(_loose(kind, rng) for kind in (*LOOSE, *BAKERY)),
        *(_counter(kind, rng) for kind in COUNTER),
        _salad_bar(),
    ]
    products = {a.code: a.product for a in articles}
    store = Store(
        name=name,
        currency="EUR",
        time_zone="Europe/Berlin",
        products=products,
        shelves=(),
        facings=(),
        country="DE",
        sticker_rules=(STICKER,),
        promotions=_promotions(products),
        taxes=Taxes(
            True,
            tuple(TaxRate(category, Decimal(share)) for category, share in (("standard", "0.19"), ("reduced", "0.07"))),
        ),
    )
    return Catalogue(store, {a.code: a for a in articles})


def gtin13(body: int) -> str:
    """A GTIN-13 of twelve digits and their check digit."""
    text = f"{body:012d}"
    return text + check_digit(text)


def _packages(number: int, family: Family, rng: np.random.Generator) -> Iterator[Article]:
    low, high, tolerance = PACKAGING[family.packaging]
    rank = rng.permutation(len(family.variants) * len(family.sizes)) + 1.0
    share = rank**-0.7 / (rank**-0.7).sum()
    for s, (label, net, price) in enumerate(family.sizes):
        packaging = net * float(rng.uniform(low, high))
        for v, variant in enumerate(family.variants):
            at = s * len(family.variants) + v
            own = packaging * float(1.0 + rng.normal(0.0, 0.004))
            gtin = gtin13((FIRST_MAKER + number) * 100_000 + 100 * (at + 1) + int(rng.integers(0, 90)))
            unweighed = "unweighed" in family.flags
            title = variant if family.title == label else f"{variant} {family.title}"
            product = Product(
                gtin=gtin,
                name=f"{title} {label}",
                weight_g=None if unweighed else net,
                price_minor=price,
                brand=family.brand,
                category=family.category,
                tax_category="standard" if family.category in _STANDARD else "reduced",
                weight_sigma_g=None if unweighed else float(max(3, math.ceil(tolerance * net))),
                minimum_age=_number(family.flags, "age"),
                deposit_minor=_number(family.flags, "deposit"),
                cart=CartAttributes(
                    available="counter" not in family.flags,
                    security_tag="tag" in family.flags,
                    forced_verification="verify" in family.flags,
                ),
            )
            look = f"{family.brand}|{family.title}|{label if family.packaging in ('shrink', 'crate') else ''}"
            spread = float(rng.uniform(0.005, 0.015))
            yield Article(product, "package", net, own, spread, look, family.demand * float(share[at]))


def _loose(kind: Loose, rng: np.random.Generator) -> Article:
    today = kind.piece_g * float(1.0 + rng.normal(0.0, 0.08 if kind.spread > 0.1 else 0.02))  # this week's size
    product = Product(
        gtin=kind.plu,
        name=kind.name,
        weight_g=kind.piece_g if kind.by_piece else None,
        price_minor=kind.price,
        category="bakery" if kind.plu.startswith("84") else "produce",
        tax_category="reduced",
        weight_sigma_g=round(0.2 * kind.piece_g, 1) if kind.by_piece else None,
        sold_by_weight=not kind.by_piece,
        plu=kind.plu,
        cart=CartAttributes(
            quantity_required=kind.by_piece,
            tare_g=0.0 if kind.by_piece else PRODUCE_BAG_G,
        ),
    )
    spread = kind.spread if kind.spread < 0.1 else max(0.12, kind.spread)
    return Article(
        product, "piece" if kind.by_piece else "kg", today, 0.0, spread, kind.alike, kind.demand, kind.photograph
    )


def _counter(kind: Counter, rng: np.random.Generator) -> Article:
    if kind.label == "databar":
        gtin = gtin13(FIRST_MAKER * 100_000 + 90_000 + kind.number)
    else:
        first = "28" if kind.label == "weight" else "22"
        gtin = NumberRule(f"{first}IIIICVVVVVK", "kg").without_value(f"{first}{kind.number:04d}0000000")
    product = Product(
        gtin=gtin,
        name=kind.name,
        weight_g=None,
        price_minor=kind.price,
        category=kind.category,
        tax_category="reduced",
        sold_by_weight=True,
    )
    named: dict[str, Kind] = {"weight": "weight-code", "price": "price-code", "databar": "databar"}
    packaging = (
        float(rng.uniform(8.0, 22.0)) if kind.category in ("meat", "fish", "fruit") else float(rng.uniform(2, 6))
    )
    return Article(
        product, named[kind.label], kind.low_g, packaging, 0.0, kind.category, kind.demand, high_g=kind.high_g
    )


def _salad_bar() -> Article:
    plu, name, price, boxes = SALAD_BAR
    product = Product(
        gtin=plu,
        name=name,
        weight_g=None,
        price_minor=price,
        category="deli",
        tax_category="reduced",
        sold_by_weight=True,
        plu=plu,
        cart=CartAttributes(containers=tuple(Container(box, grams) for box, grams in boxes)),
    )
    return Article(product, "container", 180.0, boxes[0][1], 0.0, "salad", 0.0, high_g=520.0)


class Stockroom:
    """Makes pieces of a catalogue's articles, each with its own weight; numbers count up through one trip."""

    def __init__(self, catalogue: Catalogue, rng: np.random.Generator) -> None:
        self.catalogue = catalogue
        self._rng = rng
        self._made = 0

    def piece(self, article: Article, count: int | None = None) -> Piece:
        """A piece; of loose goods by weight a bag of `count` (drawn where None), bag included; of measured goods one
        packed piece with its own label."""
        self._made += 1
        rng = self._rng
        match article.kind:
            case "kg":
                return self._bag(article, count)
            case "weight-code" | "price-code" | "databar":
                return self._labelled(article)
            case "container":
                net = float(rng.uniform(article.net_g, article.high_g))
                return Piece(self._made, article.code, net + article.packaging_g, net, symbology="")
        net = article.net_g * max(0.3, 1.0 + article.spread * float(rng.normal()))
        gross = net + article.packaging_g
        return Piece(self._made, article.code, gross, net, symbology="EAN13" if article.scannable else "")

    def own(self, thing: str, grams: float) -> Piece:
        """Something of the shopper's own."""
        self._made += 1
        return Piece(self._made, "", grams, grams, thing=thing, symbology="")

    def stickered(self, piece: Piece, percent: int) -> Piece:
        """The same piece with a clearance sticker over its code."""
        sticker = f"98{piece.code:0>13}{percent:03d}"
        return Piece(piece.number, piece.code, piece.gross_g, piece.net_g, printed=sticker, symbology="QRCode")

    def weighed(self, piece: Piece) -> Piece:
        """The same bag of loose goods weighed at the shop's own scale, which prints the weight into a label."""
        label = _valued(f"28{piece.code:0>4}0000000", round(piece.net_g))
        return replace(piece, net_g=float(round(piece.net_g)), printed=label, symbology="EAN13")

    def _bag(self, article: Article, count: int | None) -> Piece:
        rng = self._rng
        if count is None:
            wanted_g = float(np.clip(rng.lognormal(math.log(620.0), 0.55), 120.0, 2600.0))
            count = max(1, round(wanted_g / article.net_g))
        each = article.net_g * np.maximum(0.3, 1.0 + article.spread * rng.normal(size=count))
        net = float(each.sum())
        bagged = count > 1 and rng.random() < 0.8
        bag = float(rng.uniform(2.4, 3.6)) if bagged else 0.0
        return Piece(self._made, article.code, net + bag, net, count, symbology="")

    def _labelled(self, article: Article) -> Piece:
        rng = self._rng
        grams = round(float(rng.uniform(article.net_g, article.high_g)))
        packaging = article.packaging_g * float(1.0 + rng.normal(0.0, 0.03))
        gross = grams * float(1.0 + rng.normal(0.0, 0.003)) + packaging
        if article.kind == "databar":
            body = "9" + article.code[:12]
            text = f"]e001{body}{check_digit(body)}3103{grams:06d}"
            return Piece(self._made, article.code, gross, float(grams), printed=text, symbology="DataBarExpanded")
        if article.kind == "weight-code":
            code = _valued(article.code, grams)
        else:
            code = _valued(article.code, round(grams * article.product.price_minor / 1000.0))
        return Piece(self._made, article.code, gross, float(grams), printed=code)


def _valued(code: str, value: int) -> str:
    """A German in-store number (`IIIICVVVVVK` behind its prefix) with a value inside."""
    digits = f"{value:05d}"
    body = f"{code[:6]}{price_verifier(digits)}{digits}"
    return body + check_digit(body)


_STANDARD = frozenset({"drinks", "beer and wine", "household", "pets", "counter"})


def _number(flags: frozenset[str], word: str) -> int:
    return next((int(flag.removeprefix(word)) for flag in sorted(flags) if flag.startswith(word)), 0)


def _promotions(products: dict[str, Product]) -> tuple[Promotion, ...]:
    def named(words: str, brand: str) -> Goods:
        return Goods(gtins=frozenset(g for g, p in products.items() if words in p.name and p.brand == brand))

    until = dt.date(2030, 12, 31)
    return (
        Promotion("yoghurt", "Three yoghurts for two", BuyGet(2, 1), named("yoghurt 150", "Dairy Row"), ends=until),
        Promotion(
            "tins", "Any three tins for 2.75", CountForPrice(3, 275), named("tin 400", "Far Terrace"), ends=until
        ),
        Promotion("crisps", "Second bag half price", BuyGet(1, 1, Decimal("0.5")), named("crisps", "Harbour Lane")),
        Promotion("frozen", "Frozen goods 10 % off", Percent(Decimal("0.1")), Goods(categories=frozenset({"frozen"}))),
    )

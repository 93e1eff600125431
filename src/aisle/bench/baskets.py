"""Random shops, promotions and baskets for the measured claims of pricing; the same seed gives the same again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from aisle.commerce.pricing.basket import Basket, Item
from aisle.store.model import Product, Store
from aisle.store.offers import (
    AmountOff,
    Benefit,
    Bundle,
    BuyGet,
    CountForPrice,
    FixedPrice,
    Goods,
    Limits,
    Part,
    Percent,
    Promotion,
    Taxes,
    TaxRate,
    Threshold,
    Window,
)

NOON = dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)
SHARES = tuple(Decimal(text) for text in ("0.05", "0.1", "0.15", "0.2", "0.25", "0.5"))
_GROUPS = ("", "", "", "club", "coupon", "brand")
_COMBINES = (
    frozenset({"club", "coupon"}),
    frozenset({"club", "coupon", "brand"}),
    frozenset({"brand"}),
    frozenset[str](),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a random shop is like: products, categories and brands; promotions, and how they choose their goods.

    `spread`: the most categories or products one promotion names. `rich`: also groups that combine, limits, coupons,
    members, windows and promotions that stand alone. `spend`: the most a threshold asks for, in middle prices.
    """

    products: int = 5000
    categories: int = 400
    brands: int = 300
    promotions: int = 500
    spread: int = 4
    weighed: float = 0.08
    rich: bool = True
    us: bool = False
    dearest: int = 1500
    spend: int = 8


def shop(rng: Random, recipe: Recipe) -> Store:
    """A random shop after a recipe."""
    products = {}
    for number in range(recipe.products):
        gtin = f"{number:013d}"
        products[gtin] = Product(
            gtin,
            f"Product {number}",
            None,
            price_minor=rng.randint(30, recipe.dearest)
            if rng.random() < 0.5
            else rng.randrange(49, recipe.dearest, 50),
            brand=f"b{rng.randrange(recipe.brands)}",
            category=f"c{rng.randrange(recipe.categories)}",
            tax_category=rng.choice(("food", "food", "candy", "general")),
            sold_by_weight=rng.random() < recipe.weighed,
            deposit_minor=25 if rng.random() < 0.1 else 0,
        )
    promotions = tuple(promotion(rng, f"p{number:03d}", recipe) for number in range(recipe.promotions))
    taxes = us_taxes() if recipe.us else eu_taxes()
    currency, zone = ("USD", "America/Chicago") if recipe.us else ("EUR", "Europe/Berlin")
    return Store("Bench", currency, zone, products, (), (), promotions=promotions, taxes=taxes)


def us_taxes() -> Taxes:
    """Sales tax on top: food free, candy and the rest taxed by state, county and city."""
    rates = [("candy", "state", "0.0625"), ("general", "state", "0.0625"), ("food", "city", "0.0225")]
    rates += [("candy", "county", "0.0175"), ("general", "county", "0.0175"), ("general", "city", "0.0225")]
    return Taxes(False, tuple(TaxRate(c, Decimal(s), a) for c, a, s in rates), "rate", "")


def eu_taxes() -> Taxes:
    """Value-added tax inside the prices, at the German rates."""
    rates = [("food", "0.07"), ("candy", "0.07"), ("general", "0.19")]
    return Taxes(True, tuple(TaxRate(category, Decimal(share)) for category, share in rates))


def goods(rng: Random, recipe: Recipe) -> Goods:
    """Some products, a category or a brand; now and then everything but a category."""
    how = rng.random()
    if how < 0.45:
        count = rng.randint(1, recipe.spread)
        return Goods(gtins=frozenset(f"{rng.randrange(recipe.products):013d}" for _ in range(count)))
    if how < 0.8:
        count = rng.randint(1, max(1, recipe.spread // 2))
        return Goods(categories=frozenset(f"c{rng.randrange(recipe.categories)}" for _ in range(count)))
    return Goods(
        brands=frozenset({f"b{rng.randrange(recipe.brands)}"}),
        without_categories=frozenset({f"c{rng.randrange(recipe.categories)}"}),
    )


def benefit(rng: Random, recipe: Recipe) -> Benefit:
    """One of every kind of benefit, with amounts that fit the shop's prices."""
    middle = recipe.dearest // 2
    count = rng.randint(2, 4)
    match rng.randrange(20) if recipe.promotions < 100 or rng.random() < 0.2 else rng.randrange(18):
        case 0 | 1 | 2 | 3 | 4:
            return Percent(rng.choice(SHARES))
        case 5 | 6 | 7:
            return AmountOff(rng.randrange(5, max(6, middle // 3), 5))
        case 8 | 9:
            return FixedPrice(rng.randrange(49, middle + 50, 50), rng.choice((0, 0, 500)))
        case 10 | 11 | 12:
            return CountForPrice(count, rng.randint(middle // 2, middle) * count * 3 // 4)
        case 13 | 14:
            return BuyGet(rng.randint(1, 3), rng.randint(1, 2), rng.choice((Decimal(1), Decimal("0.5"))))
        case 15:
            return BuyGet(rng.randint(1, 2), 1, rng.choice((Decimal(1), Decimal("0.5"))), goods(rng, recipe))
        case 16 | 17:
            parts = tuple(Part(rng.choice((1, 1, 2)), goods(rng, recipe)) for _ in range(rng.randint(2, 3)))
            return Bundle(parts, sum(part.count for part in parts) * middle * 3 // 4)
        case 18:
            return Threshold(rng.randrange(middle, middle * recipe.spend), minor=rng.randrange(20, middle, 10))
        case _:
            return Threshold(rng.randrange(middle, middle * recipe.spend), share=rng.choice(SHARES))


def promotion(rng: Random, promotion_id: str, recipe: Recipe) -> Promotion:
    """A random promotion."""
    what = benefit(rng, recipe)
    wide = isinstance(what, Threshold) and rng.random() < 0.7
    scope = Goods(without_categories=frozenset({"c0"})) if wide else goods(rng, recipe)
    if not recipe.rich:
        return Promotion(promotion_id, f"Offer {promotion_id}", what, scope)
    return Promotion(
        promotion_id,
        f"Offer {promotion_id}",
        what,
        scope,
        starts=rng.choice((None, None, dt.date(2026, 6, 1))),
        ends=rng.choice((None, None, dt.date(2026, 6, 30))),
        windows=rng.choice(((), (), (Window(frozenset({2}), dt.time(6), dt.time(20)),))),
        members=rng.random() < 0.1,
        coupon=f"K{promotion_id}" if rng.random() < 0.1 else None,
        issuer="manufacturer" if rng.random() < 0.08 else "shop",
        limits=Limits(visit=rng.choice((None, None, None, 1, 2))),
        group=rng.choice(_GROUPS),
        combines=rng.choice(_COMBINES),
        exclusive=rng.random() < 0.03,
    )


def basket(rng: Random, store: Store, lines: int, most: int = 3, among: tuple[str, ...] = ()) -> Basket:
    """A random basket of so many lines with up to `most` units each, out of `among` or of all products."""
    gtins = rng.choices(among or tuple(store.products), k=lines)
    items = []
    for number, gtin in enumerate(gtins):
        heavy = store.products[gtin].sold_by_weight
        taken = NOON - dt.timedelta(minutes=rng.randrange(1, 40))
        grams = rng.randint(40, 2500) if heavy else None
        items.append(Item(f"L{number}", gtin, 1 if heavy else rng.randint(1, most), taken, grams))
    codes = [p.coupon for p in store.promotions if p.coupon is not None]
    coupons = frozenset(code for code in codes if rng.random() < 0.5)
    return Basket(tuple(items), NOON, rng.random() < 0.5, coupons)

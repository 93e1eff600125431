"""Routes of what is sold: products with their price now, dated prices, promotions, gates."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Response

from aisle.store.model import Product
from aisle.web.access import allow
from aisle.web.backend import Backend, Behind
from aisle.web.documents import answer, holds
from aisle.web.keys import Caller, Role
from aisle.web.problems import ProblemError
from aisle.web.requests import Cursor, Gtin, Limit
from aisle.web.views import (
    GateList,
    GateView,
    PriceList,
    PriceView,
    ProductPage,
    ProductView,
    PromotionList,
    PromotionView,
)

routes = APIRouter(prefix="/v1", tags=["catalogue"])
Anybody = Annotated[Caller, Depends(allow(Role.DEVICE, Role.SHOPPER, Role.ASSOCIATE))]


@routes.get("/catalogue", responses=holds(ProductPage))
def catalogue(
    caller: Anybody,
    behind: Behind,
    search: Annotated[str | None, Query(max_length=100, description="Words of the name, brand or category.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """The products by code, with their prices now."""
    words = (search or "").casefold().split()
    found = [
        product
        for gtin, product in sorted(behind.store.products.items())
        if (cursor is None or gtin > cursor) and all(word in _text(product) for word in words)
    ]
    views = tuple(_product(behind, product) for product in found[:limit])
    return answer(ProductPage(views, views[-1].gtin if len(found) > limit else None))


@routes.get("/catalogue/{gtin}", responses=holds(ProductView))
def product(gtin: Gtin, caller: Anybody, behind: Behind) -> Response:
    """One product."""
    found = behind.store.products.get(gtin)
    if found is None:
        raise ProblemError(404, "unknown_product", "The shop sells no such product.", found=gtin, expected="its GTIN")
    return answer(_product(behind, found))


@routes.get("/prices", responses=holds(PriceList))
def prices(caller: Anybody, behind: Behind, gtin: str | None = Query(None, max_length=32)) -> Response:
    """Dated prices, as prices.csv has them; all other products cost what products.csv says."""
    return answer(
        PriceList(
            tuple(
                PriceView(price.gtin, price.price_minor, price.member_minor, _iso(price.starts), _iso(price.ends))
                for price in behind.store.prices
                if gtin is None or price.gtin == gtin
            )
        )
    )


@routes.get("/promotions", responses=holds(PromotionList))
def promotions(caller: Anybody, behind: Behind, running: bool | None = None) -> Response:
    """Promotions, those of today or all; the code of a coupon is not told."""
    views = (_promotion(behind, rank) for rank in range(len(behind.running.promotions)))
    return answer(PromotionList(tuple(view for view in views if running is None or view.running == running)))


@routes.get("/gates", responses=holds(GateList))
def gates(caller: Anybody, behind: Behind) -> Response:
    """The gates of the shop."""
    return answer(GateList(tuple(GateView(g.gate_id, g.kind, g.a_m, g.b_m) for g in behind.store.gates)))


def _text(product: Product) -> str:
    return f"{product.name} {product.brand} {product.category} {product.gtin}".casefold()


def _product(behind: Backend, product: Product) -> ProductView:
    now = _now(behind)
    ranks = sorted({rank for rank, _ in behind.running.roles(product)})
    return ProductView(
        gtin=product.gtin,
        name=product.name,
        brand=product.brand,
        category=product.category,
        price_minor=behind.prices.shelf(product.gtin, now),
        member_minor=behind.prices.member(product.gtin, now),
        currency=behind.store.currency,
        deposit_minor=product.deposit_minor,
        sold_by_weight=product.sold_by_weight,
        minimum_age=product.minimum_age,
        promotions=tuple(
            behind.running.promotions[rank].promotion_id for rank in ranks if behind.running.runs(rank, now)
        ),
    )


def _promotion(behind: Backend, rank: int) -> PromotionView:
    promotion = behind.running.promotions[rank]
    benefit = msgspec.to_builtins(promotion.benefit)
    return PromotionView(
        promotion_id=promotion.promotion_id,
        name=promotion.name,
        kind=benefit.pop("kind"),
        benefit=benefit,
        gtins=tuple(
            product.gtin
            for product in behind.store.products.values()
            if any(rank == of for of, _ in behind.running.roles(product))
        ),
        starts=_iso(promotion.starts),
        ends=_iso(promotion.ends),
        members=promotion.members,
        coupon=promotion.coupon is not None,
        running=behind.running.runs(rank, _now(behind)),
    )


def _now(behind: Backend) -> dt.datetime:
    zone = zoneinfo.ZoneInfo(behind.store.time_zone)
    return dt.datetime.fromtimestamp(behind.clock() // 10**9, zone)


def _iso(moment: dt.date | None) -> str | None:
    return None if moment is None else moment.isoformat()

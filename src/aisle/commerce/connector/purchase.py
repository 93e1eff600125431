"""The messages of `POST /v1/order/purchases`, and how a settled visit becomes one.

Field names, kinds and limits are those of the ordering connector that retailers built for walk-out stores and carts
(Amazon, "Create Purchases", developer.amazon.com/docs/physicalstores). Quantities travel as decimal text.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from dataclasses import dataclass
from typing import Literal

import msgspec

from aisle.store.codes import GTIN_LENGTHS

LONGEST_ID = 255
LONGEST_QUANTITY = 10
PATH = "/v1/order/purchases"

Location = Literal["ENTRY", "EXIT", "IN_STORE", "MANUAL_ENTRY", "MANUAL_EXIT", "MANUAL_IN_STORE"]
PayloadType = Literal["FINANCIAL", "SCAN_CODE"]
ScanType = Literal["SHOPPER", "ASSOCIATE", "CASH", "LOYALTY"]
ItemType = Literal["SKU", "SCANCODE"]
IdentifierType = Literal["UPC", "EAN", "GTIN", "PLU", "SKU"]

_NAMESPACE = uuid.UUID("8b3e3a55-54f5-5f5c-9f0e-6d3b0a3c7c11")  # Aisle's own, for ids that follow from visits


class Wire(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """A message as it travels: camel case, absent fields left out, unknown ones ignored."""


class ScanResult(Wire, frozen=True):
    """Who a code or card turned out to be."""

    id: str
    type: ScanType


class AuthEvent(Wire, frozen=True):
    """Somebody identified themselves: by card (`FINANCIAL`) or by code (`SCAN_CODE`). A party has several."""

    id: str
    payload_type: PayloadType
    timestamp: dt.datetime | None = None
    location: Location | None = None
    scan_result: ScanResult | None = None


class ShoppingTrip(Wire, frozen=True):
    """When the trip began and ended, and who came."""

    start_time: dt.datetime
    end_time: dt.datetime
    auth_events: tuple[AuthEvent, ...]


class Quantity(Wire, frozen=True):
    """How much: decimal text of at most ten characters, and the unit ("unit", "kg", …)."""

    value: str
    unit: str


class ExternalIdentifier(Wire, frozen=True):
    """The goods under a code the whole trade knows."""

    id: str
    type: IdentifierType


class CartItem(Wire, frozen=True):
    """One line: the retailer's article (`SKU`) or the code as scanned (`SCANCODE`)."""

    id: str
    type: ItemType
    quantity: Quantity
    external_identifiers: tuple[ExternalIdentifier, ...] = ()
    line_item_id: str | None = None


class Identified(Wire, frozen=True):
    """Something known by its id alone: a shopper, a means of payment."""

    id: str


class Purchase(Wire, frozen=True):
    """A trip's cart. The same `idempotent_shopping_trip_id` is the same purchase, however often it is posted."""

    request_id: str
    idempotent_shopping_trip_id: str
    store_id: str
    shopping_trip: ShoppingTrip
    cart_items: tuple[CartItem, ...]
    shopper_identity: Identified | None = None
    shopper_device_id: str | None = None
    payment_source: Identified | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One person of the visit at the gate: how, when (Unix ns), and the id they were known by."""

    way: Literal["code", "card", "guest", "staff", "manual"]
    at_ns: int
    who: str = ""


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of the visit: a product code and how many units, or the net weight in grams."""

    line_id: str
    gtin: str
    quantity: int
    weight_g: int | None = None


@dataclass(frozen=True, slots=True)
class SettledVisit:
    """What the ordering connector needs of a settled visit. Times are Unix nanoseconds."""

    visit_id: str
    store_id: str
    entered_at_ns: int
    left_at_ns: int
    arrivals: tuple[Arrival, ...]
    goods: tuple[Goods, ...]
    customer_id: str = ""
    device_id: str = ""
    card_token: str = ""


class MappingError(ValueError):
    """A visit that the connector's messages cannot say."""


def purchase_of(visit: SettledVisit) -> Purchase:
    """The purchase of a visit; the same visit always gives the same message.

    Raises MappingError where a quantity has more than ten characters, a name more than 255, or nobody arrived.
    """
    if not visit.arrivals:
        raise MappingError(f"visit {visit.visit_id}: found no arrival; expected at least one")
    return Purchase(
        request_id=_uuid(visit.visit_id, "request"),
        idempotent_shopping_trip_id=_id(visit.visit_id, "the visit's id"),
        store_id=_id(visit.store_id, "the store's id"),
        shopping_trip=ShoppingTrip(
            _time(visit.entered_at_ns),
            _time(max(visit.entered_at_ns, visit.left_at_ns)),
            tuple(_auth_event(visit, place, arrival) for place, arrival in enumerate(visit.arrivals)),
        ),
        cart_items=tuple(_item(goods) for goods in visit.goods),
        shopper_identity=Identified(_id(visit.customer_id, "the customer's id")) if visit.customer_id else None,
        shopper_device_id=_id(visit.device_id, "the device's id") if visit.device_id else None,
        payment_source=Identified(_id(visit.card_token, "the card's token")) if visit.card_token else None,
    )


def written(purchase: Purchase) -> bytes:
    """The message as JSON."""
    return msgspec.json.encode(purchase)


def _auth_event(visit: SettledVisit, place: int, arrival: Arrival) -> AuthEvent:
    kind: ScanType = "ASSOCIATE" if arrival.way == "staff" else "SHOPPER"
    return AuthEvent(
        id=_uuid(visit.visit_id, f"arrival {place}"),
        payload_type="FINANCIAL" if arrival.way == "card" else "SCAN_CODE",
        timestamp=_time(arrival.at_ns),
        location="MANUAL_ENTRY" if arrival.way == "manual" else "ENTRY",
        scan_result=ScanResult(_id(arrival.who, "who arrived"), kind) if arrival.who else None,
    )


def _item(goods: Goods) -> CartItem:
    return CartItem(
        id=_id(goods.gtin, "the product code"),
        type="SKU",
        quantity=_quantity(goods),
        external_identifiers=_identifiers(goods.gtin),
        line_item_id=_id(goods.line_id, "the line's id"),
    )


def _quantity(goods: Goods) -> Quantity:
    if goods.weight_g is None:
        value, unit = str(goods.quantity), "unit"
    else:
        value, unit = f"{goods.weight_g // 1000}.{goods.weight_g % 1000:03d}", "kg"
    if len(value) > LONGEST_QUANTITY or goods.quantity < 0 or (goods.weight_g or 0) < 0:
        raise MappingError(f"line {goods.line_id}: found a quantity of {value}; expected 0 to 9999999999")
    return Quantity(value, unit)


def _identifiers(gtin: str) -> tuple[ExternalIdentifier, ...]:
    """The code as the trade calls it: 12 digits are a UPC, 8 and 13 an EAN, 14 a GTIN, 4 and 5 a PLU; others none."""
    if not re.fullmatch(r"[0-9]+", gtin):
        return ()
    kinds: dict[int, IdentifierType] = {4: "PLU", 5: "PLU", 12: "UPC", 14: "GTIN"}
    if len(gtin) not in kinds and len(gtin) not in GTIN_LENGTHS:
        return ()
    return (ExternalIdentifier(gtin, kinds.get(len(gtin), "EAN")),)


def _id(text: str, what: str) -> str:
    if not 0 < len(text) <= LONGEST_ID:
        raise MappingError(f"{what}: found {text[:40]!r} of {len(text)} characters; expected 1 to {LONGEST_ID}")
    return text


def _uuid(visit_id: str, what: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{visit_id}\n{what}"))


def _time(at_ns: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(at_ns // 1_000_000_000, dt.UTC).replace(microsecond=at_ns // 1_000 % 1_000_000)

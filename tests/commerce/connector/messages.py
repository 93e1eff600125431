"""A whole purchase as a peer would post it, and visits to make purchases of."""

from __future__ import annotations

import copy
from typing import Any

from aisle.commerce.connector.purchase import Arrival, Goods, SettledVisit

WHOLE: dict[str, Any] = {
    "requestId": "a1b2c3d4-e5f6-4890-abcd-ef1234567890",
    "idempotentShoppingTripId": "trip-1",
    "storeId": "store-1",
    "shoppingTrip": {
        "startTime": "2026-11-22T17:41:00Z",
        "endTime": "2026-11-22T17:57:00Z",
        "authEvents": [
            {
                "id": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
                "timestamp": "2026-11-22T17:41:00Z",
                "location": "ENTRY",
                "payloadType": "FINANCIAL",
                "scanResult": {"id": "shopper-1", "type": "SHOPPER"},
            }
        ],
    },
    "cartItems": [
        {
            "id": "sku-1",
            "type": "SKU",
            "quantity": {"value": "2", "unit": "unit"},
            "externalIdentifiers": [{"id": "012345678905", "type": "UPC"}],
            "lineItemId": "line-1",
        },
        {
            "id": "4011",
            "type": "SCANCODE",
            "quantity": {"value": "0.486", "unit": "kg"},
            "lineItemId": "line-2",
        },
    ],
    "shopperIdentity": {"id": "shopper-1"},
    "shopperDeviceId": "phone-1",
    "paymentSource": {"id": "card-1"},
}
GONE = object()  # as a value in `changed`: take the field away
START_NS = 1_795_369_260_000_000_000
VISIT = SettledVisit(
    visit_id="visit-1",
    store_id="store-1",
    entered_at_ns=START_NS,
    left_at_ns=START_NS + 960_000_000_000,
    arrivals=(Arrival("code", START_NS, "ada"),),
    goods=(Goods("line-1", "012345678905", 2), Goods("line-2", "4011", 1, weight_g=486)),
    customer_id="ada",
    device_id="phone-1",
    card_token="card-1",
)


def changed(pointer: str, value: object) -> dict[str, Any]:
    """The whole purchase with the value at a JSON pointer replaced, added or taken away."""
    document = copy.deepcopy(WHOLE)
    *path, last = [int(part) if part.isdigit() else part for part in pointer.split("/")[1:]]
    place: Any = document
    for part in path:
        place = place[part]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return document

"""Receipts as shops in several countries would print them, for the tests of every way to print one."""

from __future__ import annotations

import datetime as dt

import msgspec

from aisle.commerce.pricing.priced import PricedBasket, PricedLine, Saving, TaxLine
from aisle.commerce.receipts.receipt import Payment, Receipt, Refunded


def at(text: str) -> int:
    """Unix nanoseconds of an ISO 8601 time."""
    return int(dt.datetime.fromisoformat(text).timestamp()) * 1_000_000_000


EUROS = PricedBasket(
    currency="EUR",
    lines=(
        PricedLine("tomatoes", "4000", "Tomatoes on the vine", 1, 399, 194, 194, weight_g=486),
        PricedLine("penne", "4001", "Penne, 500 g", 2, 189, 378, 318, (Saving("p1", "2 for 3.18", "line", 60),)),
        PricedLine("oats", "4002", "Oat drink", 1, 229, 229, 199, (Saving("", "member", "member", 30),)),
        PricedLine("water", "4003", "Water", 6, 39, 234, 200, (Saving("", "later", "later", 34),), deposit_minor=150),
    ),
    total_minor=1061,
    saved_minor=124,
    tax_minor=115,
    tax_included=True,
    taxes=(TaxLine("food", "", "0.07", 664, 47), TaxLine("other", "", "0.19", 282, 68)),
    deposits_minor=150,
)  # fmt: skip
DOLLARS = PricedBasket(
    currency="USD",
    lines=(PricedLine("soda", "5000", "Soda", 2, 349, 698, 598, (Saving("p2", "$1 off", "order", 100),)),),
    total_minor=585,
    saved_minor=150,
    tax_minor=37,
    tax_included=False,
    taxes=(TaxLine("soda", "Massachusetts", "0.0625", 598, 37),),
    tender_minor=50,
)
NOTHING = PricedBasket("EUR", (), 0, 0, 0, True)
VISA = Payment("visa", "4242", 1061, at("2026-11-22T17:57:02+00:00"))
FINAL = Receipt(
    visit_id="visit-1",
    number="3F7Q",
    store="Mill Lane Market",
    time_zone="Europe/Berlin",
    status="final",
    entered_at_ns=at("2026-11-22T17:41:00+00:00"),
    left_at_ns=at("2026-11-22T17:57:00+00:00"),
    priced=EUROS,
    probabilities={"tomatoes": 0.9999, "penne": 0.9949, "oats": 0.97, "water": 0.91},
    checked=("water",),
    payments=(VISA,),
    dispute_url="https://shop.example/receipt/3F7Q",
    imprint="Mill Lane Market, 1 Mill Lane",
)
PENDING = msgspec.structs.replace(
    FINAL, status="pending", payments=(), waiting=("oats", "pesto"), waiting_names={"pesto": "Basil pesto"}
)
CORRECTED = msgspec.structs.replace(
    FINAL,
    status="corrected",
    payments=(VISA, Payment("visa", "4242", -199, at("2026-11-23T09:00:00+00:00"))),
    refunds=(Refunded("oats", 1, 199, at("2026-11-23T09:00:00+00:00")),),
    version=2,
)
OWED = msgspec.structs.replace(FINAL, status="owed", payments=(), pay_url="https://shop.example/pay/abc")
AMERICAN = msgspec.structs.replace(
    FINAL,
    store="Back Bay Corner",
    time_zone="America/New_York",
    priced=DOLLARS,
    payments=(Payment("mastercard", "4444", 585, VISA.at_ns),),
    probabilities={"soda": 1.0},
    checked=(),
)
EMPTY = msgspec.structs.replace(FINAL, priced=NOTHING, payments=(), probabilities={}, checked=())
ALL = {
    "final": FINAL, "pending": PENDING, "corrected": CORRECTED, "owed": OWED, "american": AMERICAN, "empty": EMPTY,
}  # fmt: skip

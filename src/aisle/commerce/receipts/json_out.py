"""The receipt for programs: amounts in minor units beside the currency, times as ISO 8601 on the shop's clock."""

from __future__ import annotations

import msgspec

from aisle.commerce.pricing.priced import PricedLine, Saving, TaxLine
from aisle.commerce.receipts.receipt import Receipt
from aisle.commerce.receipts.sheet import line_url, moment, web_url, zone_of


class LineOut(msgspec.Struct, frozen=True):
    """One line: what it cost and why, how sure it was, and whether it waits, was checked or came back."""

    line_id: str
    gtin: str
    name: str
    quantity: int
    weight_g: int | None
    unit_minor: int
    regular_minor: int
    savings: tuple[Saving, ...]
    manufacturer_coupons: tuple[Saving, ...]
    paid_minor: int
    deposit_minor: int
    tax_minor: int
    tax_category: str
    probability: float | None
    waiting: bool
    checked: bool
    refunded_quantity: int
    refunded_minor: int
    dispute_url: str


class PaymentOut(msgspec.Struct, frozen=True):
    """A payment; a refund has a negative amount."""

    brand: str
    last4: str
    minor: int
    at: str


class ReceiptOut(msgspec.Struct, frozen=True):
    """The whole receipt. `due_minor` is what the visit costs in the end, or what is still open while it is owed."""

    visit_id: str
    number: str
    version: int
    status: str
    store: str
    imprint: str
    time_zone: str
    entered_at: str
    left_at: str
    currency: str
    lines: tuple[LineOut, ...]
    total_minor: int
    saved_minor: int
    deposits_minor: int
    manufacturer_coupons_minor: int
    tax_minor: int
    tax_included: bool
    taxes: tuple[TaxLine, ...]
    payments: tuple[PaymentOut, ...]
    refunded_minor: int
    due_minor: int
    waiting: tuple[str, ...]
    waiting_names: dict[str, str]
    dropped: tuple[str, ...]
    dispute_url: str
    pay_url: str


def receipt_document(receipt: Receipt) -> ReceiptOut:
    """The receipt as one flat document, ready to be encoded. Raises ReceiptError."""
    zone, priced = zone_of(receipt), receipt.priced
    return ReceiptOut(
        visit_id=receipt.visit_id,
        number=receipt.number,
        version=receipt.version,
        status=receipt.status,
        store=receipt.store,
        imprint=receipt.imprint,
        time_zone=receipt.time_zone,
        entered_at=moment(receipt.entered_at_ns, zone).isoformat(),
        left_at=moment(receipt.left_at_ns, zone).isoformat(),
        currency=priced.currency,
        lines=tuple(_line(receipt, line) for line in priced.lines),
        total_minor=priced.total_minor,
        saved_minor=priced.saved_minor,
        deposits_minor=priced.deposits_minor,
        manufacturer_coupons_minor=priced.tender_minor,
        tax_minor=priced.tax_minor,
        tax_included=priced.tax_included,
        taxes=priced.taxes,
        payments=tuple(
            PaymentOut(paid.brand, paid.last4, paid.minor, moment(paid.at_ns, zone).isoformat())
            for paid in receipt.payments
        ),
        refunded_minor=receipt.came_back_minor,
        due_minor=receipt.due_minor,
        waiting=receipt.waiting,
        waiting_names=receipt.waiting_names,
        dropped=receipt.dropped,
        dispute_url=web_url(receipt.dispute_url),
        pay_url=web_url(receipt.pay_url),
    )


def receipt_json(receipt: Receipt) -> bytes:
    """The document as UTF-8 JSON, fields in a fixed order: the same receipt always gives the same bytes."""
    return msgspec.json.encode(receipt_document(receipt))


def _line(receipt: Receipt, line: PricedLine) -> LineOut:
    back = [refund for refund in receipt.refunds if refund.line_id == line.line_id]
    return LineOut(
        line_id=line.line_id,
        gtin=line.gtin,
        name=line.name,
        quantity=line.quantity,
        weight_g=line.weight_g,
        unit_minor=line.unit_minor,
        regular_minor=line.regular_minor,
        savings=line.savings,
        manufacturer_coupons=line.tenders,
        paid_minor=line.paid_minor,
        deposit_minor=line.deposit_minor,
        tax_minor=line.tax_minor + line.deposit_tax_minor,
        tax_category=line.tax_category,
        probability=receipt.probabilities.get(line.line_id),
        waiting=line.line_id in receipt.waiting,
        checked=line.line_id in receipt.checked,
        refunded_quantity=sum(refund.quantity for refund in back),
        refunded_minor=sum(refund.minor for refund in back),
        dispute_url=line_url(receipt.dispute_url, line.line_id),
    )

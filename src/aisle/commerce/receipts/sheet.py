"""A receipt laid out in words: everything a reader sees, in reading order, ready for HTML and for plain text.

Nothing is priced here; amounts are those of the receipt, written as the reader's place writes them. HTML and text only
arrange what stands on the sheet, so both always say the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aisle.commerce.pricing.priced import PricedBasket, PricedLine, Saving, TaxLine
from aisle.commerce.receipts.receipt import Payment, Receipt
from aisle.commerce.receipts.words import Tongue, plain, tongue

SURE = 0.995  # a line at least so probable is called sure; below, its share is printed


class ReceiptError(ValueError):
    """A receipt cannot be laid out: a time zone nobody knows, or a link that is none."""


@dataclass(frozen=True, slots=True)
class Row:
    """A label with its amount at the end edge. `tone`: a saving is green, a total bold, fine print soft."""

    label: str
    amount: str
    tone: Literal["plain", "saved", "total", "fine"] = "plain"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of goods: what, how much of it, its amount at the shelf price, and what is said below.

    `sure` are the quiet words on how sure the line was; `waits` marks a line a person still looks at. `deposit` stands
    as a line of its own, its label and what it is made of in `deposit_detail`.
    """

    name: str
    detail: str
    amount: str
    sure: str
    waits: bool
    savings: tuple[Row, ...]
    deposit: Row | None
    deposit_detail: str
    came_back: tuple[str, ...]
    dispute_url: str


@dataclass(frozen=True, slots=True)
class Action:
    """The one thing to press: its words, where it leads, and a quiet sentence below."""

    label: str
    url: str
    note: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A receipt as it is read, from top to bottom. `alarm`: the notes tell of a card that did not pay."""

    language: str
    status: str
    title: str
    preview: str
    store: str
    number: str
    when: str
    headline: str
    saved: str
    notes: tuple[str, ...]
    waiting: tuple[str, ...]
    entries: tuple[Entry, ...]
    ask_back: str
    sums: tuple[Row, ...]
    taxes: tuple[Row, ...]
    payments: tuple[Row, ...]
    action: Action | None
    imprint: str

    @property
    def alarm(self) -> bool:
        return self.status == "owed"


def lay_out(receipt: Receipt, locale: str) -> Sheet:
    """The sheet of a receipt in the language and formats of `locale`. Raises ReceiptError."""
    speech = tongue(locale)
    zone = zone_of(receipt)
    priced = receipt.priced
    return Sheet(
        language=speech.tag,
        status=receipt.status,
        title=title_of(receipt, speech),
        preview=_preview(receipt, speech, zone),
        store=plain(receipt.store),
        number=speech.say("number", number=plain(receipt.number)),
        when=_when(receipt, speech, zone),
        headline=speech.money(receipt.due_minor, priced.currency),
        saved=speech.say("saved", amount=speech.money(priced.saved_minor, priced.currency))
        if priced.saved_minor > 0
        else "",
        notes=_notes(receipt, speech),
        waiting=_waiting_outside(receipt),
        entries=tuple(_entry(receipt, line, speech, zone) for line in priced.lines),
        ask_back=speech.say("ask_back"),
        sums=_sums(receipt, speech),
        taxes=_taxes(priced, speech) if priced.tax_included else (),
        payments=_payments(receipt, speech),
        action=_action(receipt, speech),
        imprint=plain(receipt.imprint),
    )


def title_of(receipt: Receipt, speech: Tongue) -> str:
    """The mail's subject and the page's title."""
    currency = receipt.priced.currency
    key = {"pending": "subject_pending", "corrected": "subject_corrected", "owed": "subject_owed"}.get(receipt.status)
    return speech.say(
        key or "subject_final",
        store=plain(receipt.store),
        amount=speech.money(receipt.due_minor, currency),
        back=speech.money(receipt.came_back_minor, currency),
    )


def zone_of(receipt: Receipt) -> ZoneInfo:
    """The shop's time zone. Raises ReceiptError when the name is none."""
    try:
        return ZoneInfo(receipt.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ReceiptError(
            f"receipt {receipt.number}: found time zone {receipt.time_zone!r}; expected one such as Europe/Berlin"
        ) from error


def moment(at_ns: int, zone: ZoneInfo) -> dt.datetime:
    """A Unix time in nanoseconds on the shop's clock, to the second."""
    return dt.datetime.fromtimestamp(at_ns // 1_000_000_000, zone)


def line_url(url: str, line_id: str) -> str:
    """The link that asks for one line back: `url` with `line=` added. Raises ReceiptError unless it is http(s)."""
    base = web_url(url)
    return f"{base}{'&' if urlsplit(base).query else '?'}line={quote(line_id, safe='')}" if base else ""


def web_url(url: str) -> str:
    """`url` when it leads to the web or is empty. Raises ReceiptError for anything else, such as `javascript:`."""
    parts = urlsplit(url)
    if url and (parts.scheme not in {"http", "https"} or not parts.netloc):
        raise ReceiptError(f"found the link {url!r}; expected one that starts with https://")
    return url


def _when(receipt: Receipt, speech: Tongue, zone: ZoneInfo) -> str:
    start, end = moment(receipt.entered_at_ns, zone), moment(receipt.left_at_ns, zone)
    times = {"start": speech.time(start), "end": speech.time(end)}
    if start.date() == end.date():
        return speech.say("same_day", day=speech.day(start), **times)
    return speech.say("two_days", start_day=speech.day(start), end_day=speech.day(end), **times)


def _preview(receipt: Receipt, speech: Tongue, zone: ZoneInfo) -> str:
    """What a list of mails shows below the subject."""
    first = _notes(receipt, speech)[:1]
    return " ".join((*first, _when(receipt, speech, zone)))


def _notes(receipt: Receipt, speech: Tongue) -> tuple[str, ...]:
    currency = receipt.priced.currency
    if receipt.status == "pending":
        return (speech.say("not_charged"), _who_waits(receipt, speech), speech.say("follows"))
    if receipt.status == "owed":
        key = "to_pay" if receipt.pay_url else "to_pay_plain"
        return (speech.say(key, amount=speech.money(receipt.due_minor, currency)), *_dropped(receipt, speech))
    back = receipt.came_back_minor
    notes = [_came_back(receipt, speech)] if back > 0 else []
    return (*notes, _paid(receipt, speech), *_dropped(receipt, speech))


def _who_waits(receipt: Receipt, speech: Tongue) -> str:
    by_id = {line.line_id: line.name for line in receipt.priced.lines} | receipt.waiting_names
    names = [plain(by_id[line_id]) for line_id in receipt.waiting if line_id in by_id]
    if not names:
        return speech.say("waits_unnamed")
    return speech.say("waits_one" if len(names) == 1 else "waits_many", count=len(names), names=speech.names(names))


def _waiting_outside(receipt: Receipt) -> tuple[str, ...]:
    """Names of waiting goods that the price does not hold."""
    priced = {line.line_id for line in receipt.priced.lines}
    return tuple(
        plain(receipt.waiting_names[line_id])
        for line_id in receipt.waiting
        if line_id not in priced and line_id in receipt.waiting_names
    )


def _came_back(receipt: Receipt, speech: Tongue) -> str:
    amount = speech.money(receipt.came_back_minor, receipt.priced.currency)
    cards = {_card(payment, speech) for payment in receipt.payments if payment.minor < 0}
    if len(cards) == 1:
        return speech.say("came_back", amount=amount, card=cards.pop())
    return speech.say("came_back_plain", amount=amount)


def _paid(receipt: Receipt, speech: Tongue) -> str:
    cards = list(dict.fromkeys(_card(payment, speech) for payment in receipt.payments if payment.minor > 0))
    if not cards:
        return speech.say("nothing_due" if receipt.priced.lines else "nothing_taken")
    if len(cards) == 1:
        return speech.say("paid_with", card=cards[0])
    return speech.say("paid_with_several", cards=speech.names(cards))


def _dropped(receipt: Receipt, speech: Tongue) -> tuple[str, ...]:
    names = [plain(name) for name in receipt.dropped]
    if not names:
        return ()
    return (speech.say("dropped_one" if len(names) == 1 else "dropped_many", names=speech.names(names)),)


def _entry(receipt: Receipt, line: PricedLine, speech: Tongue, zone: ZoneInfo) -> Entry:
    currency = receipt.priced.currency
    waits = receipt.status == "pending" and line.line_id in receipt.waiting
    gone = sum(refund.quantity for refund in receipt.refunds if refund.line_id == line.line_id) >= line.quantity
    return Entry(
        name=plain(line.name),
        detail=line_detail(line, speech, currency),
        amount=speech.amount(line.regular_minor, currency),
        sure=speech.say("being_checked") if waits else _sureness(receipt, line.line_id, speech),
        waits=waits,
        savings=tuple(_saving(saving, speech, currency) for saving in line.savings if saving.kind != "order"),
        deposit=Row(speech.say("deposit"), speech.amount(line.deposit_minor, currency)) if line.deposit_minor else None,
        deposit_detail=_deposit_detail(line, speech, currency),
        came_back=_line_back(receipt, line, speech, zone),
        dispute_url="" if receipt.status == "pending" or gone else line_url(receipt.dispute_url, line.line_id),
    )


def line_detail(line: PricedLine, speech: Tongue, currency: str) -> str:
    """How the amount of a line comes about: its weight or count and the price of one; empty for a single piece."""
    price = speech.amount(line.unit_minor, currency)
    if line.weight_g is not None:
        return speech.say("per_kg", weight=speech.kilograms(line.weight_g), price=price)
    return speech.say("each", count=speech.count(line.quantity), price=price) if line.quantity != 1 else ""


def _deposit_detail(line: PricedLine, speech: Tongue, currency: str) -> str:
    if line.quantity < 2 or line.deposit_minor % line.quantity:
        return ""
    each = speech.amount(line.deposit_minor // line.quantity, currency)
    return speech.say("each", count=speech.count(line.quantity), price=each)


def _sureness(receipt: Receipt, line_id: str, speech: Tongue) -> str:
    if line_id in receipt.checked:
        return speech.say("checked")
    probability = receipt.probabilities.get(line_id)
    if probability is None:
        return ""
    if probability >= SURE:
        return speech.say("sure")
    return speech.say("share_sure", share=speech.sureness(probability))


def saving_name(saving: Saving, speech: Tongue) -> str:
    """Why a line became cheaper: the offer's own name, or words for prices that need none."""
    own = {"member": "member_price", "later": "later_price"}.get(saving.kind)
    return speech.say(own) if own else plain(saving.name)


def _saving(saving: Saving, speech: Tongue, currency: str) -> Row:
    return Row(saving_name(saving, speech), speech.amount(-saving.minor, currency), "saved")


def _line_back(receipt: Receipt, line: PricedLine, speech: Tongue, zone: ZoneInfo) -> tuple[str, ...]:
    key = "line_back" if line.weight_g is None else "line_back_weighed"
    return tuple(
        speech.say(
            key,
            count=speech.count(refund.quantity),
            day=speech.short_day(moment(refund.at_ns, zone)),
            amount=speech.amount(refund.minor, receipt.priced.currency),
        )
        for refund in receipt.refunds
        if refund.line_id == line.line_id
    )


def _sums(receipt: Receipt, speech: Tongue) -> tuple[Row, ...]:
    """From the lines to the total: offers on the whole order, tax and the maker's coupons where there are any."""
    priced = receipt.priced
    between = [
        *_named(_order_savings(priced), priced, speech),
        *(() if priced.tax_included else _taxes(priced, speech)),
        *_coupons(priced, speech),
    ]
    rows = [_subtotal(priced, speech), *between] if between else []
    label = "total_so_far" if receipt.status == "pending" else "total"
    rows.append(Row(speech.say(label), speech.money(priced.total_minor, priced.currency), "total"))
    if priced.saved_minor > 0:
        rows.append(Row(speech.say("total_saved"), speech.money(priced.saved_minor, priced.currency), "saved"))
    return tuple(rows)


def _subtotal(priced: PricedBasket, speech: Tongue) -> Row:
    """What the lines above add up to, deposits with them."""
    lines = sum(line.paid_minor for line in priced.lines) + priced.deposits_minor
    shared_out = sum(_order_savings(priced).values())
    return Row(speech.say("subtotal"), speech.amount(lines + shared_out, priced.currency))


def _order_savings(priced: PricedBasket) -> dict[str, int]:
    """Offers on the whole order by name: the shares of all lines together."""
    return _by_name(saving for line in priced.lines for saving in line.savings if saving.kind == "order")


def _by_name(savings: Iterable[Saving]) -> dict[str, int]:
    found: dict[str, int] = {}
    for saving in savings:
        found[plain(saving.name)] = found.get(plain(saving.name), 0) + saving.minor
    return found


def _named(savings: dict[str, int], priced: PricedBasket, speech: Tongue) -> list[Row]:
    return [Row(name, speech.amount(-minor, priced.currency), "saved") for name, minor in savings.items() if minor]


def _coupons(priced: PricedBasket, speech: Tongue) -> list[Row]:
    """Manufacturer coupons that count like a means of payment: each by its name, the nameless together."""
    by_name = _by_name(coupon for line in priced.lines for coupon in line.tenders)
    by_name.pop("", None)
    named = {speech.say("coupon_named", name=name): minor for name, minor in by_name.items()}
    rest = {speech.say("coupon"): priced.tender_minor - sum(by_name.values())}
    return _named(named | rest, priced, speech)


def _taxes(priced: PricedBasket, speech: Tongue) -> tuple[Row, ...]:
    tone: Literal["plain", "fine"] = "fine" if priced.tax_included else "plain"
    labels = [_tax_label(tax, priced, speech) for tax in priced.taxes]
    return tuple(
        Row(
            speech.say("tax_category", label=label, category=plain(tax.category))
            if tax.category and labels.count(label) > 1
            else label,
            speech.amount(tax.tax_minor, priced.currency),
            tone,
        )
        for label, tax in zip(labels, priced.taxes, strict=True)
    )


def _tax_label(tax: TaxLine, priced: PricedBasket, speech: Tongue) -> str:
    key = "tax_included" if priced.tax_included else "tax_added"
    share, net = speech.share(Decimal(tax.share)), speech.amount(tax.net_minor, priced.currency)
    if tax.authority:
        return speech.say(f"{key}_of", share=share, net=net, authority=plain(tax.authority))
    return speech.say(key, share=share, net=net)


def _payments(receipt: Receipt, speech: Tongue) -> tuple[Row, ...]:
    currency = receipt.priced.currency
    rows = [_payment(payment, speech, currency) for payment in receipt.payments]
    back = receipt.came_back_minor
    if back > 0 and not any(payment.minor < 0 for payment in receipt.payments):
        rows.append(Row(speech.say("refund_plain"), speech.money(-back, currency)))
    if back > 0 and receipt.status != "owed":
        rows.append(Row(speech.say("paid_in_the_end"), speech.money(receipt.due_minor, currency), "total"))
    if receipt.status == "owed":
        rows.append(Row(speech.say("open_amount"), speech.money(receipt.due_minor, currency), "total"))
    return tuple(rows)


def _payment(payment: Payment, speech: Tongue, currency: str) -> Row:
    card = _card(payment, speech)
    label = speech.say("refund", card=card) if payment.minor < 0 else f"{card[:1].upper()}{card[1:]}"
    return Row(label, speech.money(payment.minor, currency))


def _card(payment: Payment, speech: Tongue) -> str:
    last4 = plain(payment.last4)
    if not payment.brand:
        return speech.say("card_plain", last4=last4)
    return speech.say("card", brand=speech.brand(payment.brand), last4=last4)


def _action(receipt: Receipt, speech: Tongue) -> Action | None:
    if receipt.status == "owed" and receipt.pay_url:
        amount = speech.money(receipt.due_minor, receipt.priced.currency)
        return Action(speech.say("pay_now", amount=amount), web_url(receipt.pay_url), speech.say("pay_now_note"))
    if receipt.status == "pending" or not receipt.dispute_url:
        return None
    note = speech.say("something_wrong_note")
    return Action(speech.say("something_wrong"), web_url(receipt.dispute_url), note)

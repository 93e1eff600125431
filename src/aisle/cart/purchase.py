"""The purchase a trip becomes at the lane: one message from the cart to the shop, merged there exactly once.

It carries the lines as the cart believes them, what it priced them by, what it could not clear up, what the lane
decided, and the digest of the cart's journal, so that every line can be traced to what was scanned and weighed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import replace

import msgspec

from aisle.cart.journal import Digest
from aisle.cart.pricing import basket_items, moment, product_of
from aisle.cart.trip import PromptKind, Trip, TripLine
from aisle.commerce.pricing.basket import Basket, Item
from aisle.commerce.pricing.errors import CouponExpiredError, CouponUnknownError, PricingError
from aisle.commerce.pricing.price_book import PriceBook
from aisle.commerce.pricing.priced import PricedBasket
from aisle.commerce.pricing.reductions import weighed
from aisle.commerce.pricing.till import Till
from aisle.store.model import Store
from aisle.visits.events import BasketLine

Sealed = str  # how the lane let the trip go: "green", "answered", "checked", "trusted"


class Payer(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who pays: a customer signed in on the cart, or a card as the one-time token of the lane's terminal.

    `code` is a phone's entry code shown at `shown_ns` while the shop could not be asked whose it is.
    """

    customer_id: str = ""
    card_token: str = ""
    code: str = ""
    shown_ns: int = 0


class PromptLeft(msgspec.Struct, frozen=True, omit_defaults=True):
    """A prompt nobody has cleared."""

    prompt_id: str
    kind: PromptKind
    t_ns: int
    gtin: str | None = None


class CartPurchase(msgspec.Struct, frozen=True, omit_defaults=True):
    """One trip, whole. `trip_id` makes it unique for ever.

    `attempt` counts the cards tried. `scanned_minor` is what a line's product cost by the cart's catalogue when it was
    taken, per piece or per kilogram (line id -> minor units). `risk_minor` is the expected money at risk, `sealed` how
    the lane let the trip go and `reasons` why. `trusted`: the goods have left the shop already.
    """

    trip_id: str
    cart_id: str
    currency: str
    started_ns: int
    ended_ns: int
    payer: Payer
    lines: tuple[BasketLine, ...]
    attempt: int = 0
    scanned_minor: dict[str, int] = {}
    coupons: tuple[str, ...] = ()
    probability: float = 1.0
    risk_minor: int = 0
    prompts: tuple[PromptLeft, ...] = ()
    sealed: Sealed = "green"
    reasons: tuple[str, ...] = ()
    trusted: bool = False
    catalogue: str = ""
    journal_records: int = 0
    journal_sha256: str = ""

    @property
    def contents(self) -> str:
        """A digest of what is bought, whoever pays and however often it is tried."""
        bought = (self.trip_id, self.currency, self.lines, self.scanned_minor, self.coupons, self.ended_ns)
        return hashlib.sha256(msgspec.json.encode(bought, order="sorted")).hexdigest()


def purchase_of(
    trip: Trip,
    store: Store,
    book: PriceBook,
    payer: Payer,
    ended_ns: int,
    *,
    member: bool = False,
    risk_minor: int = 0,
    sealed: Sealed = "green",
    reasons: tuple[str, ...] = (),
    trusted: bool = False,
    catalogue: str = "",
    digest: Digest | None = None,
) -> CartPurchase:
    """A trip as its purchase. `store` and `book` are those of the catalogue the trip was priced by."""
    at = moment(ended_ns)
    items = {item.line_id: item for item in basket_items(trip, store, book, at, member=member)}
    return CartPurchase(
        trip_id=trip.trip_id,
        cart_id=trip.cart_id,
        currency=store.currency,
        started_ns=trip.started_ns,
        ended_ns=ended_ns,
        payer=payer,
        lines=tuple(_line(line, items.get(line.line_id), store) for line in trip.lines if line.quantity > 0),
        scanned_minor=scan_prices(trip, store, book),
        coupons=trip.coupons,
        probability=trip.probability,
        risk_minor=risk_minor,
        prompts=tuple(PromptLeft(p.prompt_id, p.kind, p.t_ns, p.gtin) for p in trip.open_prompts),
        sealed=sealed,
        reasons=reasons,
        trusted=trusted,
        catalogue=catalogue,
        journal_records=digest.records if digest else 0,
        journal_sha256=digest.sha256 if digest else "",
    )


def scan_prices(trip: Trip, store: Store, book: PriceBook) -> dict[str, int]:
    """What each line's product cost on the shelf when it was taken, per piece or per kilogram; without labelled lines.

    `book` is that of the catalogue version the cart went by then.
    """
    found: dict[str, int] = {}
    for line in trip.lines:
        product = product_of(store, line.gtin)
        shelf = book.shelf(product.gtin, moment(line.taken_at_ns)) if product is not None else None
        if shelf is not None and line.label_minor is None and not line.off_percent:
            found[line.line_id] = shelf
    return found


def honoured(
    lines: tuple[BasketLine, ...], scanned_minor: Mapping[str, int], store: Store, book: PriceBook, ended_ns: int,
    *, member: bool = False,
) -> tuple[BasketLine, ...]:  # fmt: skip
    """The lines with the price at the scan as their label wherever the shop's own prices would charge more.

    So a price that went up while somebody shopped is not charged, and one that went down is.
    """
    return tuple(_honoured(line, scanned_minor.get(line.line_id), store, book, ended_ns, member) for line in lines)


def basket_of(
    lines: tuple[BasketLine, ...],
    store: Store,
    ended_ns: int,
    *,
    member: bool,
    coupons: frozenset[str],
    remaining: Mapping[str, int] | None = None,
) -> Basket:
    """What of the lines is charged, as the till takes it; `remaining` is how often promotions with limits still are."""
    items = []
    for line in lines:
        quantity = line.proven if store.policies.charge_only_proven else line.quantity
        if quantity > 0:
            taken = moment(line.taken_at_ns)
            items.append(Item(line.line_id, line.gtin, quantity, taken, line.weight_g, line.label_minor))
    return Basket(tuple(items), moment(ended_ns), member, coupons, dict(remaining or {}))


def priced_as_far(till: Till, basket: Basket) -> tuple[PricedBasket, dict[str, str]]:
    """A basket's price without the coupons that are of no use and the lines without a price; what is wrong with those.

    Raises PricingError where it is about neither a line nor a coupon.
    """
    unpriced: dict[str, str] = {}
    while True:
        try:
            return till.price(basket, hints=False), unpriced
        except (CouponUnknownError, CouponExpiredError) as error:
            useless = error.where.removeprefix("coupon ")
            basket = replace(basket, coupons=basket.coupons - {useless})
        except PricingError as error:
            line_id = error.where.removeprefix("line ")
            kept = tuple(item for item in basket.items if item.line_id != line_id)
            if len(kept) == len(basket.items):
                raise
            unpriced[line_id] = str(error)
            basket = replace(basket, items=kept)


def _line(line: TripLine, item: Item | None, store: Store) -> BasketLine:
    product = product_of(store, line.gtin)
    by_weight = product is not None and product.sold_by_weight
    return BasketLine(
        line_id=line.line_id,
        gtin=product.gtin if product is not None else line.gtin,
        quantity=1 if by_weight else line.quantity,
        probability=min(1.0, max(0.0, line.probability)),
        taken_at_ns=line.taken_at_ns,
        weight_g=line.grams if by_weight else None,
        label_minor=item.label_minor if item is not None else line.label_minor,
        proven_quantity=line.proven_quantity,
    )


def _honoured(
    line: BasketLine, scanned_minor: int | None, store: Store, book: PriceBook, ended_ns: int, member: bool
) -> BasketLine:
    product = store.products.get(line.gtin)
    if scanned_minor is None or product is None or line.label_minor is not None:
        return line
    best = _best(line, book, moment(ended_ns), member)
    if best is not None and best <= scanned_minor:
        return line
    if not product.sold_by_weight:
        return msgspec.structs.replace(line, label_minor=scanned_minor)
    if line.weight_g is None:
        return line
    return msgspec.structs.replace(line, label_minor=weighed(scanned_minor, line.weight_g))


def _best(line: BasketLine, book: PriceBook, ended: dt.datetime, member: bool) -> int | None:
    ask = (book.shelf, book.member) if member else (book.shelf,)
    moments = (moment(line.taken_at_ns), ended)
    return min((p for look in ask for at in moments if (p := look(line.gtin, at)) is not None), default=None)

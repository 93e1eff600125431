"""The screen's logic: a trip, its price and who looks at it become one document of words and amounts.

Pure: the same trip, moment and settings give the same screen. The biggest thing is the total, the freshest what came
last; what is not sure says so in one sentence and is not in the total.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from aisle.cart.deals import NEAR_M, Deals, Offer
from aisle.cart.pricing import TripPrice, charged_quantity, moment, product_of, trip_price
from aisle.cart.questions import Pictures, questions
from aisle.cart.screen_state import (
    AuditItem,
    Deal,
    HintText,
    LastItem,
    Mark,
    Notice,
    SavingText,
    ScreenLine,
    ScreenState,
    StaffView,
    TotalText,
)
from aisle.cart.shopper import GUEST, Shopper, Surface
from aisle.cart.speech import speech
from aisle.cart.trip import Phase, PromptKind, Trip, TripLine
from aisle.commerce.pricing.errors import WeightError
from aisle.commerce.pricing.priced import Hint, PricedLine
from aisle.commerce.pricing.till import Till
from aisle.commerce.receipts.sheet import line_detail, saving_name
from aisle.commerce.receipts.words import Tongue, plain
from aisle.store.model import Product, Store

SURE = 0.9  # a line below says that it is not
FAILED_TRIES = 2
RECENT_NS = 120 * 10**9  # for failed tries at scanning
DAY_S = 86_400
_LANE_MARKS: dict[str, Mark] = {
    "lane_card": "error", "lane_payer": "unsure", "lane_question": "unsure", "lane_trusted": "sure", "voided": "sure",
    "transferred": "sure",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Connection:
    """Whether the shop's network is there, and when the cart's prices were last brought up to date (Unix ns)."""

    online: bool = True
    prices_at_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """Everything about a screen that is not in the trip.

    `remaining` are what promotions with limits may still give (see `Basket`); `receipt` the receipt's text once paid;
    `ended` the words for a trip that staff ended ("voided", "transferred").
    """

    shopper: Shopper = GUEST
    surface: Surface = field(default_factory=Surface)
    connection: Connection = Connection()
    staff_name: str = ""
    audit: tuple[AuditItem, ...] = ()
    remaining: Mapping[str, int] = field(default_factory=dict)
    receipt: str = ""
    ended: str = ""
    help_called: bool = False


class Screen:
    """Makes screens for one store; keeps only what is the same for all of them."""

    def __init__(self, store: Store, pictures: Pictures = lambda gtin: "") -> None:
        """`pictures` gives the path of a product's picture, empty where there is none."""
        self.store = store
        self.till = Till(store)
        self._deals = Deals(store, self.till.book)
        self._pictures = pictures
        self._zone = ZoneInfo(store.time_zone)

    def price(self, trip: Trip, seat: Seat, now_ns: int) -> TripPrice:
        """The trip's price as the screen shows it."""
        return trip_price(
            trip,
            self.till,
            self.store,
            moment(now_ns),
            member=seat.shopper.member,
            remaining=seat.remaining,
        )

    def state(self, trip: Trip, seat: Seat, now_ns: int, revision: int = 0) -> ScreenState:
        """The screen of a trip at a moment."""
        words = speech(seat.surface.language)
        price = self.price(trip, seat, now_ns)
        basket = price.basket
        lines = self._lines(trip, price, words, now_ns)
        asked = questions(
            trip,
            self.store,
            words,
            self._pictures,
            lambda product: self.price_text(product, words, now_ns),
        )
        unsure = sum(1 for question in asked if not question.tell)
        note, mark = _note(trip, unsure, words)
        counted = sum(charged_quantity(line, self.store) for line in trip.lines)
        return ScreenState(
            revision=revision,
            phase=trip.phase.value,
            trip_id=trip.trip_id,
            cart_id=trip.cart_id,
            store=plain(self.store.name),
            language=words.locale.language,
            large_text=seat.surface.large_text,
            shopper=plain(seat.shopper.name),
            total=TotalText(
                amount=words.money(basket.total_minor, basket.currency),
                minor=basket.total_minor,
                currency=basket.currency,
                note=note,
                state=mark,
                saved=words.say("saved", amount=words.money(basket.saved_minor, basket.currency))
                if basket.saved_minor
                else "",
                saved_minor=basket.saved_minor,
                items=_items(counted, words),
            ),
            lines=lines,
            last=_last(lines, trip, words, basket.currency),
            questions=asked,
            hints=tuple(self._hint(hint, words, basket.currency) for hint in basket.hints),
            deals=self._offers(trip, seat, words, now_ns) if trip.phase is Phase.SHOPPING else (),
            notices=self._notices(trip, seat, price, words, now_ns),
            mode=seat.surface.mode,
            cannot_scan=_failed_tries(trip, now_ns) >= FAILED_TRIES,
            help_called=seat.help_called or "help" in trip.flags,
            age_check=self._age(trip),
            staff=StaffView(plain(seat.staff_name), seat.audit, tuple(sorted(trip.flags))) if seat.staff_name else None,
            receipt=seat.receipt,
            faults=trip.faults if seat.staff_name or trip.phase is Phase.OUT_OF_SERVICE else (),
            t_ns=now_ns,
        )

    def picture(self, gtin: str) -> str:
        """The path of a product's picture, empty where there is none."""
        return self._pictures(gtin)

    def price_text(self, product: Product, words: Tongue, now_ns: int) -> str:
        """A product's price on a tile: per piece, or per kilogram."""
        minor = self.till.book.shelf(product.gtin, moment(now_ns))
        if minor is None:
            return ""
        money = words.money(minor, self.store.currency)
        return f"{money}/kg" if product.sold_by_weight else money

    def _lines(self, trip: Trip, price: TripPrice, words: Tongue, now_ns: int) -> tuple[ScreenLine, ...]:
        """The newest first."""
        priced = {line.line_id: line for line in price.basket.lines}
        lines = [self._line(line, priced.get(line.line_id), price, words) for line in trip.lines]
        order = sorted(range(len(lines)), key=lambda place: (-trip.lines[place].taken_at_ns, -place))
        return tuple(lines[place] for place in order)

    def _line(self, line: TripLine, priced: PricedLine | None, price: TripPrice, words: Tongue) -> ScreenLine:
        product = product_of(self.store, line.gtin)
        currency = self.store.currency
        name = plain(product.name) if product is not None else plain(line.gtin)
        picture = self._pictures(product.gtin) if product is not None else ""
        charged = charged_quantity(line, self.store)
        unsure = line.probability < SURE or charged < line.quantity
        note = "" if charged >= line.quantity else words.say("count_open" if charged else "count_none", count=charged)
        if not note and line.by_sight:
            note = words.say("by_sight")
        if not note and line.off_percent:
            note = words.say("sticker", share=words.share(line.off_percent / 100))
        if priced is None:
            waits = "weight_missing" if isinstance(price.unpriced.get(line.line_id), WeightError) else "price_missing"
            return ScreenLine(
                line.line_id, line.gtin, name, line.quantity, "", None, "checking" if charged else "unsure",
                note=note or words.say(waits), picture=picture, grams=line.grams,
            )  # fmt: skip
        return ScreenLine(
            line_id=line.line_id,
            gtin=line.gtin,
            name=name,
            quantity=priced.quantity,
            amount=words.amount(priced.paid_minor + priced.deposit_minor, currency),
            minor=priced.paid_minor + priced.deposit_minor,
            state="unsure" if unsure else "sure",
            detail=line_detail(priced, words, currency),
            note=note,
            before=words.amount(priced.regular_minor + priced.deposit_minor, currency)
            if priced.paid_minor < priced.regular_minor
            else "",
            savings=tuple(
                SavingText(saving_name(saving, words), words.amount(saving.minor, currency))
                for saving in (*priced.savings, *priced.tenders)
            ),
            picture=picture,
            grams=line.grams,
        )

    def _hint(self, hint: Hint, words: Tongue, currency: str) -> HintText:
        saves = words.money(hint.saves_minor, currency)
        if hint.spend_minor:
            return HintText(words.say("hint_spend", spend=words.money(hint.spend_minor, currency), amount=saves))
        product = product_of(self.store, hint.gtins[0]) if hint.gtins else None
        name = plain(product.name) if product is not None else plain(hint.name)
        key = "hint_free" if hint.free and hint.more == 1 else "hint_more" if hint.more == 1 else "hint_more_many"
        picture = self._pictures(product.gtin) if product is not None else ""
        return HintText(words.say(key, name=name, amount=saves, count=hint.more), hint.gtins, picture)

    def _offers(self, trip: Trip, seat: Seat, words: Tongue, now_ns: int) -> tuple[Deal, ...]:
        held = [product for line in trip.lines if (product := product_of(self.store, line.gtin)) is not None]
        last = max(trip.lines, key=lambda line: line.taken_at_ns).gtin if trip.lines else ""
        ranked = self._deals.ranked(held, moment(now_ns), member=seat.shopper.member, last=last)
        return tuple(self._deal(offer, words, now_ns) for offer in ranked)

    def _deal(self, offer: Offer, words: Tongue, now_ns: int) -> Deal:
        per = "/kg" if offer.product.sold_by_weight else ""
        currency = self.store.currency
        now = words.money(offer.price_minor, currency) + per if offer.price_minor is not None else ""
        return Deal(
            promotion_id=offer.promotion.promotion_id,
            gtin=offer.product.gtin,
            name=plain(offer.product.name),
            offer=plain(offer.promotion.name),
            price=now or self.price_text(offer.product, words, now_ns),
            before=words.amount(offer.before_minor, currency) if offer.before_minor is not None else "",
            picture=self._pictures(offer.product.gtin),
            near=words.say("deal_near") if offer.distance_m is not None and offer.distance_m <= NEAR_M else "",
        )

    def _notices(self, trip: Trip, seat: Seat, price: TripPrice, words: Tongue, now_ns: int) -> tuple[Notice, ...]:
        told = [Notice("lane", words.say(seat.ended), _LANE_MARKS.get(seat.ended, "checking"))] if seat.ended else []
        told += [Notice(flag, words.say(f"check_staff_{flag}")) for flag in ("age", "tag", "verify")
                 if flag in trip.flags]  # fmt: skip
        if seat.help_called or "help" in trip.flags:
            told.append(Notice("help", words.say("help_called"), "checking"))
        told += [Notice("coupon", words.say("coupon_refused", code=plain(code))) for code in sorted(price.refused)]
        known = {prompt.kind for prompt in trip.open_prompts} & {PromptKind.SCALE_FAULT, PromptKind.CAMERA_FAULT}
        if trip.faults and not known:
            told.append(Notice("fault", words.say("fault_other"), "error"))
        if not seat.connection.online:
            told.append(Notice("offline", self._offline(seat.connection, words, now_ns)))
        return tuple(told)

    def _offline(self, connection: Connection, words: Tongue, now_ns: int) -> str:
        at_ns = connection.prices_at_ns if connection.prices_at_ns is not None else now_ns
        at = moment(at_ns).astimezone(self._zone)
        key = "offline" if now_ns - at_ns < DAY_S * 10**9 else "offline_old"
        return words.say(key, time=words.time(at), day=words.short_day(at))

    def _age(self, trip: Trip) -> int:
        """The highest minimum age of what is in the basket, while somebody still has to look; else 0."""
        if "age" not in trip.flags:
            return 0
        products = (product_of(self.store, line.gtin) for line in trip.lines)
        return max((product.minimum_age for product in products if product is not None), default=0)


def _note(trip: Trip, unsure: int, words: Tongue) -> tuple[str, Mark]:
    """The line below the total, and its mark."""
    if trip.phase is Phase.PAID:
        return words.say("note_paid"), "sure"
    if trip.phase is Phase.PAYING:
        return words.say("note_paying"), "checking"
    if unsure:
        return words.say("note_open_one" if unsure == 1 else "note_open_many", count=unsure), "unsure"
    return words.say("note_sure" if trip.lines else "note_empty"), "sure"


def _items(count: int, words: Tongue) -> str:
    return words.say({0: "items_none", 1: "items_one"}.get(count, "items_many"), count=words.count(count))


def _last(lines: Sequence[ScreenLine], trip: Trip, words: Tongue, currency: str) -> LastItem | None:
    if not lines or trip.phase not in (Phase.SHOPPING, Phase.PAYING):
        return None
    newest = lines[0]
    return LastItem(
        line_id=newest.line_id,
        name=newest.name,
        label=words.say("in_your_cart"),
        amount=words.money(newest.minor, currency) if newest.minor is not None else "",
        detail=newest.detail or newest.note,
        picture=newest.picture,
    )


def _failed_tries(trip: Trip, now_ns: int) -> int:
    """How often in a row something could not be scanned: unknown codes and unseen goods since the last line came."""
    since_ns = max((line.taken_at_ns for line in trip.lines), default=trip.started_ns)
    kinds = (PromptKind.UNKNOWN_CODE, PromptKind.SCAN_ITEM)
    return sum(
        1
        for prompt in trip.prompts
        if prompt.kind in kinds and prompt.t_ns > since_ns and now_ns - prompt.t_ns < RECENT_NS
    )

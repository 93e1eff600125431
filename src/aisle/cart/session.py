"""One trip from its first reading to its receipt: devices in, the trip's state out.

Composes the cell's levels, codes, looks and taps into evidence for the basket's belief, keeps the prompts, and tells
what is wrong with the cart.  Time comes with the readings: the same readings give the same trip.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from aisle.belief.basket.engine import BasketBelief
from aisle.belief.basket.evidence import Shown, Sight
from aisle.belief.basket.goods import Selling
from aisle.belief.basket.settings import BasketSettings
from aisle.belief.basket.state import Kind
from aisle.belief.basket.summary import Summary, summed
from aisle.belief.basket.weights import WeightBook
from aisle.cart.cell_watch import WORDS, CellLimits, CellWatch
from aisle.cart.lines import trip_lines
from aisle.cart.prompts import Prompter, PromptSettings
from aisle.cart.trip import Phase, PromptKind, Trip, TripLine
from aisle.scales.basket import BasketScale, Level
from aisle.sensing.cart.readings import (
    CartReading,
    LookReading,
    MotionReading,
    ScaleReading,
    ScanReading,
    TapReading,
)
from aisle.sensing.readings import FrameReading
from aisle.store.barcodes.interpret import interpret
from aisle.store.barcodes.meaning import (
    CouponCode,
    Meaning,
    MeasureCode,
    PriceCode,
    ProductCode,
    StickerCode,
    UnknownCode,
)
from aisle.store.barcodes.numbers import Catalogue
from aisle.store.barcodes.rules import CodeRules
from aisle.store.barcodes.symbology import Scan, Symbology
from aisle.store.model import Product, Store
from aisle.vision.codes.voting import Votes, by_catalogue, vote

if TYPE_CHECKING:
    from aisle.cart.perception import Percept, Perception

NS = 1_000_000_000
REFRESH_NS = NS // 2
SURE, WEIGHED_VAR = 0.98, 9.0  # a piece teaches its product's weight when it is as sure and as well weighed


@dataclass(frozen=True, slots=True)
class CartSettings:
    """How one cart decides."""

    belief: BasketSettings = field(default_factory=BasketSettings)
    prompts: PromptSettings = field(default_factory=PromptSettings)
    cell: CellLimits = field(default_factory=CellLimits)
    showing_gap_s: float = 0.8
    showing_s: float = 4.0
    sticker_s: float = 20.0
    removing_s: float = 30.0
    same_code_s: float = 2.5
    unknown_code_s: float = 20.0


@dataclass(slots=True)
class _Showing:
    """Pictures of one thing before the camera."""

    number: int
    t0_ns: int
    t1_ns: int
    sums: dict[str, float]
    rest: float
    pictures: int = 1


class CartSession:
    """Feed readings in order of receipt; `trip` is the state after the last one."""

    def __init__(
        self,
        store: Store,
        trip_id: str,
        cart_id: str,
        settings: CartSettings | None = None,
        *,
        perception: Perception | None = None,
        weighs: bool = True,
        book: WeightBook | None = None,
    ) -> None:
        """`perception` reads pictures (None: they are left aside); `weighs`: the cart has a scale.

        `book` holds weights learnt on earlier trips; this trip does not change it.
        """
        self.store = store
        self.settings = settings or CartSettings()
        self.belief = BasketBelief(store.products, self.settings.belief, book)
        self.prompter = Prompter(self.settings.prompts)
        self._perception = perception
        self._trip_id, self._cart_id = trip_id, cart_id
        self._scale = BasketScale()
        self._rules: CodeRules = store.code_rules
        self._plus = {product.plu: gtin for gtin, product in store.products.items() if product.plu}
        self._catalogue = Catalogue([*store.products, *self._plus])
        self._votes: Votes = ()
        self._phase = Phase.SHOPPING
        self._started_ns = 0
        self._now_ns = 0
        self._refreshed_ns = 0
        self._stale = True
        self._shown = 0
        self._last: Shown | None = None
        self._last_device = ""
        self._showing: _Showing | None = None
        self._showings = 0
        self._removing_ns: int | None = None
        self._sticker: tuple[int, StickerCode] | None = None
        self._stickers: dict[int, StickerCode] = {}
        self._container = ""
        self._coupons: list[str] = []
        self._faults: dict[str, str] = {}
        self._help = False
        self._cell = CellWatch(self.settings.cell)
        if not weighs:
            self.belief.scale_failed(0)
        self._summed = -1
        self._summary: Summary = summed(self.belief.hypotheses, self.belief.goods)

    # ------------------------------------------------------------ readings
    def feed(self, reading: CartReading) -> bool:
        """Take in one reading; True when the trip may have changed."""
        self._now_ns = max(self._now_ns, reading.t_ns)
        if self._started_ns == 0:
            self._started_ns = reading.t_ns
        if isinstance(reading, ScaleReading):
            self._weigh(reading)
        elif isinstance(reading, MotionReading):
            self._scale.moves(reading.moving, reading.accel_rms)
        elif isinstance(reading, ScanReading):
            self._scanned(reading.t_ns, reading.code, reading.symbology, reading.device)
        elif isinstance(reading, TapReading):
            self._tapped(reading)
        elif isinstance(reading, LookReading):
            self._looked(
                reading.t_ns, dict(zip(reading.gtins, reading.nats, strict=True)), min(reading.nats, default=0)
            )
        elif isinstance(reading, FrameReading) and self._perception is not None:
            self._pictured(reading)
        return self.tick(self._now_ns)

    def tick(self, now_ns: int) -> bool:
        """Let it be this late: prompts become due, silent devices are noticed.  True when the trip may have changed."""
        self._now_ns = max(self._now_ns, now_ns)
        if not self._stale and self._now_ns - self._refreshed_ns < REFRESH_NS:
            return False
        self._watch()
        old_ns = self._now_ns - int(self.settings.unknown_code_s * NS)
        if self.prompter.clear(PromptKind.UNKNOWN_CODE, self._now_ns, before_ns=old_ns):
            self._stale = True
        changed = self._stale
        self._refreshed_ns = self._now_ns
        self.belief.time(self._now_ns)
        self._stale = False
        if changed or self.belief.revision != self._summed:
            self._summed = self.belief.revision
            self._summary = summed(self.belief.hypotheses, self.belief.goods)
        told = self.prompter.refresh(self._summary, self.belief.goods, self._now_ns, self._phase is Phase.PAYING)
        return changed or told

    def finish(self) -> Trip:
        """The trip is over: nothing waits any longer for things to clear up by themselves."""
        self._close_showing()
        self._phase = Phase.PAYING
        self._stale = True
        self.tick(self._now_ns)
        return self.trip

    def weighed(self) -> tuple[tuple[str, float], ...]:
        """Packaged pieces that were named by a code, are surely in the basket and were weighed: GTIN and grams each."""
        return tuple(
            (piece.gtin, piece.mean_g / piece.count)
            for line in self._summary.lines
            for piece in line.pieces
            if line.probability > SURE and piece.named and not piece.extra and piece.var_g < WEIGHED_VAR
            if self.belief.goods[piece.gtin].selling is Selling.PACKAGED
        )

    @property
    def trip(self) -> Trip:
        """The trip as it stands."""
        summary = self._summary
        lines = trip_lines(summary, self.store, self.belief.goods, self._stickers)
        return Trip(
            trip_id=self._trip_id,
            cart_id=self._cart_id,
            phase=self._phase,
            started_ns=self._started_ns,
            t_ns=self._now_ns,
            lines=lines,
            prompts=tuple(self.prompter.prompts),
            probability=summary.probability,
            unexplained_g=summary.unexplained_g,
            weight_g=self._cell.grams,
            coupons=tuple(self._coupons),
            faults=tuple(self._faults[name] for name in sorted(self._faults)),
            flags=self._flags(lines),
        )

    # ------------------------------------------------------------ the scale
    def _weigh(self, reading: ScaleReading) -> None:
        if not math.isfinite(reading.grams):
            return
        self._cell.weigh(reading.t_ns, reading.grams)
        for level in self._scale.weigh(reading.t_ns, reading.grams):
            self._levelled(level)

    def _levelled(self, level: Level) -> None:
        if self._cell.stuck:
            return
        self._close_showing()
        self.belief.weigh(level)
        self._stale = True

    def _watch(self) -> None:
        """A cell that cannot be trusted is given up until it can."""
        found = self._cell.fault(self._now_ns)
        for name in [name for name in self._faults if name != found]:
            del self._faults[name]
            self._stale = True
            self.prompter.clear(PromptKind.SCALE_FAULT, self._now_ns)
        if found is None:
            return
        if found not in self._faults:
            self._faults[found] = WORDS[found]
            self._stale = True
            self.prompter.tell(PromptKind.SCALE_FAULT, self._now_ns, detail=WORDS[found])
        self.belief.scale_failed(self._now_ns)

    # ------------------------------------------------------------ codes
    def _scanned(self, t_ns: int, code: str, symbology: str, device: str) -> None:
        try:
            scan = Scan(code, Symbology(symbology))
        except ValueError:
            scan = Scan(code, Symbology.TYPED)
        meaning = interpret(scan, self._rules, self._catalogue, _day(t_ns))
        self._stale = True
        if isinstance(meaning, StickerCode):
            self._stuck_on(t_ns, meaning)
        elif isinstance(meaning, CouponCode):
            if meaning.number not in self._coupons:
                self._coupons.append(meaning.number)
        elif isinstance(meaning, UnknownCode) or self._product(meaning) is None:
            self.prompter.tell(PromptKind.UNKNOWN_CODE, t_ns, detail=code[:40])
        else:
            self._named(t_ns, meaning, device)

    def _product(self, meaning: Meaning) -> Product | None:
        if isinstance(meaning, ProductCode):
            found = self._catalogue.find(meaning.gtin)
        elif isinstance(meaning, MeasureCode | PriceCode | StickerCode):
            found = meaning.known
        else:
            found = None
        return None if found is None else self.store.products.get(self._plus.get(found, found))

    def _named(self, t_ns: int, meaning: Meaning, device: str) -> None:
        product = self._product(meaning)
        assert product is not None
        last = self._last
        repeats = last is not None and last.gtin == product.gtin and self._last_device != device
        if repeats and last is not None and t_ns - last.t_ns < self.settings.same_code_s * NS:
            return  # the camera and the scanner read the same piece
        grams = label = count = None
        if isinstance(meaning, MeasureCode):
            grams = float(meaning.grams) if meaning.grams is not None else None
            count, label = meaning.count, meaning.price_minor
        elif isinstance(meaning, PriceCode):
            label = meaning.price_minor
            if product.sold_by_weight and product.price_minor > 0:
                grams = float(Decimal(label) * 1000 / product.price_minor)
        self._last_device = device
        self._show(t_ns, product, typed=False, grams=grams, label=label, count=count)

    def _show(
        self,
        t_ns: int,
        product: Product,
        *,
        typed: bool,
        grams: float | None = None,
        label: int | None = None,
        count: int | None = None,
    ) -> None:
        s = self.settings
        self.prompter.clear(PromptKind.UNKNOWN_CODE, t_ns)
        if not product.cart.available:
            self.prompter.tell(PromptKind.NOT_FOR_CART, t_ns, product.gtin)
        leaves = self._removing_ns is not None and t_ns - self._removing_ns < s.removing_s * NS
        self._removing_ns = None
        self._shown += 1
        tare = _tare(product, self._container)
        shown = Shown(self._shown, t_ns, product.gtin, count, leaves, typed, grams, label, None, tare)
        if self._sticker is not None and t_ns - self._sticker[0] < s.sticker_s * NS and not self._sticker[1].items:
            shown = _priced(shown, self._sticker[1])
            self._sticker = None
        self._container = "" if tare is not None else self._container
        self._last = shown
        self._close_showing()
        self.belief.show(shown)
        self._stale = True

    def _stuck_on(self, t_ns: int, sticker: StickerCode) -> None:
        """A clearance sticker: with its product inside it is a scan, else it goes with the piece scanned beside it."""
        product = self._product(sticker)
        last = self._last
        near = last is not None and t_ns - last.t_ns < self.settings.sticker_s * NS and not last.leaves
        if last is not None and near and (product is None or product.gtin == last.gtin):
            self._stickers[last.number] = sticker
            return
        if product is None:
            self._sticker = (t_ns, sticker)
            return
        self._show(t_ns, product, typed=False)
        self._stickers[self._shown] = sticker

    # ------------------------------------------------------------ the camera
    def _pictured(self, frame: FrameReading) -> None:
        assert self._perception is not None
        percept: Percept = self._perception.perceive(frame)
        if percept.codes:
            support = by_catalogue(self._rules, self._catalogue, _day(frame.t_ns))
            self._votes, believed = vote(self._votes, frame.t_ns, percept.codes, support)
            for code in believed:
                self._scanned(frame.t_ns, code.text, code.symbology.value, "camera")
        if percept.nats is not None:
            self._looked(frame.t_ns, percept.nats, percept.rest)

    def _looked(self, t_ns: int, nats: Mapping[str, float], rest: float) -> None:
        """One look; looks shortly after one another are of the same thing, and told together."""
        s, showing = self.settings, self._showing
        if showing is not None and (
            t_ns - showing.t1_ns > s.showing_gap_s * NS or t_ns - showing.t0_ns > s.showing_s * NS
        ):
            self._close_showing()
            showing = None
        if showing is None:
            self._showings += 1
            self._showing = showing = _Showing(self._showings, t_ns, t_ns, dict(nats), rest)
        else:
            for gtin in showing.sums.keys() | nats.keys():
                mine = showing.sums.get(gtin, showing.rest * showing.pictures)
                showing.sums[gtin] = mine + nats.get(gtin, rest)
            showing.pictures += 1
            showing.rest += (rest - showing.rest) / showing.pictures
            showing.t1_ns = t_ns
        weight = 1.0 / math.sqrt(showing.pictures)  # pictures of one showing are much alike
        told = {gtin: total * weight for gtin, total in showing.sums.items()}
        self.belief.see(Sight(showing.number, showing.t0_ns, showing.t1_ns, told, showing.rest))

    def _close_showing(self) -> None:
        self._showing = None

    # ------------------------------------------------------------ taps
    def _tapped(self, tap: TapReading) -> None:
        self._stale = True
        value = tap.value
        match tap.tap:
            case "start":
                self._started_ns = tap.t_ns
            case "plu" if isinstance(value, str):
                self._typed(tap.t_ns, value)
            case "quantity" if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 200:
                self.belief.quantity(tap.t_ns, value)
            case "remove":
                self._removing_ns = tap.t_ns
            case "own_bag" | "personal_item":
                self.belief.own_things(tap.t_ns, bool(value))
            case "container" if isinstance(value, str):
                self._contained(value)
            case "answer" if isinstance(value, dict):
                self._answered(tap.t_ns, str(value.get("prompt", "")), str(value.get("choice", "")))
            case "help":
                self._help = True
            case "pay":
                self._phase = Phase.PAYING

    def _typed(self, t_ns: int, code: str) -> None:
        found = self._plus.get(code) or self._catalogue.find(code)
        product = self.store.products.get(self._plus.get(found, found)) if found is not None else None
        if product is None:
            self.prompter.tell(PromptKind.UNKNOWN_CODE, t_ns, detail=code[:40])
            return
        self._last_device = "keypad"
        self._show(t_ns, product, typed=True)

    def _contained(self, name: str) -> None:
        """The container of the goods just named, if they may lie in it, else of those named next."""
        last = self._last
        tare = _tare(self.store.products[last.gtin], name) if last is not None else None
        if last is not None and tare is not None and self._now_ns - last.t_ns < self.settings.sticker_s * NS:
            self.belief.contain(last.number, tare)
        else:
            self._container = name

    def _answered(self, t_ns: int, prompt_id: str, choice: str) -> None:
        prompt = next((p for p in self.prompter.prompts if p.prompt_id == prompt_id), None)
        key = self.prompter.answered(prompt_id, choice, t_ns)
        if key is None or prompt is None:
            return
        cause, number = key
        code, _, many = choice.partition("*")
        known = self._plus.get(code, code)
        if cause in ("count", "quantity") and not many:
            known, many = (known, "1") if known in self.store.products else (prompt.gtin or "", code)
        if cause == "in" and choice in ("own", "none"):
            self.belief.answer(number, None, Kind.OWN if choice == "own" else Kind.LOAD)
        elif cause == "in" and known in self.store.products:
            counts = [option.quantity for option in prompt.options if option.code == code]
            count = int(many) if many.isdigit() else counts[0] if counts else 1
            self.belief.answer(number, known, Kind.GOODS, count)
        elif cause in ("count", "quantity") and known in self.store.products and many.isdigit():
            self.belief.answer_count(number, known, int(many))
        elif cause == "out" and choice == "none":
            self.belief.confirm(lambda h: all(gone.event != number for gone in h.gone))
        elif cause == "out" and known in self.store.products:
            self.belief.answer_gone(number, known)
        elif cause == "waiting" and choice == "none":
            self.belief.forget_shown(number)

    # ------------------------------------------------------------ the trip
    def _flags(self, lines: tuple[TripLine, ...]) -> frozenset[str]:
        flags = {"help"} if self._help else set()
        for line in lines:
            product = self.store.products.get(line.gtin)
            if product is not None:
                flags |= {"age"} if product.minimum_age > 0 else set()
                flags |= {"tag"} if product.cart.security_tag else set()
                flags |= {"verify"} if product.cart.forced_verification or not product.cart.available else set()
        return frozenset(flags)


def _priced(shown: Shown, sticker: StickerCode) -> Shown:
    return replace(shown, label_minor=sticker.price_minor or shown.label_minor, off_percent=sticker.percent)


def _tare(product: Product, name: str) -> float | None:
    return next((one.tare_g for one in product.cart.containers if one.name == name), None)


def _day(t_ns: int) -> date:
    return datetime.fromtimestamp(t_ns / NS, UTC).date()

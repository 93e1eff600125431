"""The till: a basket in, a priced basket out.

`Till(store)` keeps the indexes of one store; `Till.price` is a pure function of the basket. Prices come first (the one
when the goods were taken, or the one at the end where that is lower, or the member price), then the best combination of
promotions, then deposits, tax and hints.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from aisle.commerce.pricing.allotment import Allotted, Lot, allot
from aisle.commerce.pricing.basket import Basket, Item
from aisle.commerce.pricing.choice import Combination
from aisle.commerce.pricing.combination import Combiner
from aisle.commerce.pricing.errors import CouponExpiredError, CouponUnknownError, PricingError
from aisle.commerce.pricing.hints import Adviser
from aisle.commerce.pricing.labels import Allowance
from aisle.commerce.pricing.price_book import PriceBook
from aisle.commerce.pricing.priced import Hint, PricedBasket, PricedLine, Saving
from aisle.commerce.pricing.running import Role, Running
from aisle.commerce.pricing.tags import Tagged, tag
from aisle.commerce.pricing.tax import Taxable, Taxed, TaxTable
from aisle.commerce.pricing.treatments import Kind
from aisle.store.model import Product, Store
from aisle.store.offers import FixedPrice

ALLOWANCE = 80_000  # work of the search for one basket


class Till:
    """Prices baskets of one store."""

    def __init__(self, store: Store, *, allowance: int = ALLOWANCE) -> None:
        """`allowance` bounds the search for the best combination, counted in work (see `labels.Allowance`)."""
        self.store = store
        self._allowance = allowance
        self.book = PriceBook(store)
        self._taxes = TaxTable(store.taxes)
        self._running = Running(store)

    def price(self, basket: Basket, *, hints: bool = True) -> PricedBasket:
        """The basket priced for the best of the customer; raises a PricingError when something in it is not right.

        `hints=False` leaves out what one more item would save, which costs further searches.
        """
        tagged = tag(basket, self.store.products, self.book)
        self.check_coupons(basket)
        sale = _Sale(self._running, basket)
        lots = [Lot(sale.kind(line), line.count) for line in tagged]
        counts: dict[Kind, int] = {}
        for lot in lots:
            counts[lot.kind] = counts.get(lot.kind, 0) + lot.count
        combiner = Combiner(self._running, sale.limits(counts), Allowance(self._allowance))
        combination = combiner.best(counts)
        allotted = allot(lots, combination, self._running)
        advice: tuple[Hint, ...] = ()
        if hints:
            gtins = [line.item.gtin for line in tagged]
            adviser = Adviser(
                self._running, combiner, counts, combination, allotted, lambda gtin: self._kind_of(gtin, basket, sale)
            )
            advice = adviser.hints(lots, gtins)
        return self._priced(basket, tagged, allotted, combination, advice)

    def _kind_of(self, gtin: str, basket: Basket, sale: _Sale) -> Kind | None:
        """What one unit of a product would be, taken at the end of the visit."""
        item = Item(f"one more {gtin}", gtin, 1, basket.at)
        try:
            return sale.kind(tag(replace(basket, items=(item,)), self.store.products, self.book)[0])
        except PricingError:
            return None

    def check_coupons(self, basket: Basket) -> None:
        """Raises CouponUnknownError or CouponExpiredError for the first coupon (in order) that is of no use."""
        moments = {basket.at, *(item.taken_at for item in basket.items)}
        for code in sorted(basket.coupons):
            ranks = self._running.coupons.get(code)
            if ranks is None:
                raise CouponUnknownError(f"coupon {code}", "a code no promotion knows", "the code of a promotion")
            local = [moment.astimezone(self._running.zone) for moment in moments]
            if not any(self._running.runs(rank, moment) for rank in ranks for moment in local):
                names = ", ".join(self._running.promotions[rank].name for rank in ranks)
                raise CouponExpiredError(f"coupon {code}", f"{names}, which does not run now", "a running promotion")

    def _priced(
        self,
        basket: Basket,
        tagged: Sequence[Tagged],
        allotted: Allotted,
        combination: Combination,
        advice: tuple[Hint, ...],
    ) -> PricedBasket:
        savings = [self._savings(line, found) for line, found in zip(tagged, allotted.savings, strict=True)]
        paid = [
            line.regular_minor * line.count - sum(saving.minor for saving in found)
            for line, (found, _) in zip(tagged, savings, strict=True)
        ]
        deposits = [line.product.deposit_minor * line.count for line in tagged]
        day = basket.at.astimezone(self._running.zone).date()
        taxed = self._taxes.tax_lines(
            [
                Taxable(line.product.tax_category, amount, deposit)
                for line, amount, deposit in zip(tagged, paid, deposits, strict=True)
            ],
            day,
        )
        lines = tuple(
            _line(line, place, paid[place], savings[place], deposits[place], taxed) for place, line in enumerate(tagged)
        )
        tender = sum(coupon.minor for line in lines for coupon in line.tenders)
        on_top = 0 if self.store.taxes.included else taxed.total_minor
        gap_minor = combination.gap_minor + allotted.lost_minor
        return PricedBasket(
            currency=self.store.currency,
            lines=lines,
            total_minor=sum(paid) + sum(deposits) + on_top - tender,
            saved_minor=sum(saving.minor for line in lines for saving in line.savings) + tender,
            tax_minor=taxed.total_minor,
            tax_included=self.store.taxes.included,
            taxes=taxed.taxes,
            deposits_minor=sum(deposits),
            tender_minor=tender,
            uses={self._running.promotions[rank].promotion_id: uses for rank, uses in allotted.uses.items()},
            hints=advice,
            optimal=gap_minor == 0,
            gap_minor=gap_minor,
        )

    def _savings(self, line: Tagged, by_rank: dict[int, int]) -> tuple[tuple[Saving, ...], tuple[Saving, ...]]:
        """The reductions of a line's price, and the coupons that pay part of it."""
        savings: list[Saving] = []
        tenders: list[Saving] = []
        if line.regular_minor > line.later_minor:
            fallen = (line.regular_minor - line.later_minor) * line.count
            savings.append(Saving("", "", "later", fallen))
        if line.later_minor > line.price_minor:
            savings.append(Saving("", "", "member", (line.later_minor - line.price_minor) * line.count))
        for rank, minor in sorted(by_rank.items()):
            promotion = self._running.promotions[rank]
            maker = self._running.makers[rank]
            kind = "manufacturer" if maker else "order" if self._running.threshold[rank] else "line"
            saving = Saving(promotion.promotion_id, promotion.name, kind, minor)
            (tenders if maker and not self.store.taxes.manufacturer_coupons_reduce else savings).append(saving)
        return tuple(savings), tuple(tenders)


def price(store: Store, basket: Basket, *, hints: bool = True) -> PricedBasket:
    """One basket of a store priced; who prices many keeps a `Till`."""
    return Till(store).price(basket, hints=hints)


class _Sale:
    """Which promotions this customer may have at which of the basket's moments."""

    def __init__(self, running: Running, basket: Basket) -> None:
        self._running = running
        self._basket = basket
        self._runs: dict[tuple[int, dt.datetime | None], bool] = {}
        self._local: dict[dt.datetime | None, dt.datetime] = {None: basket.at.astimezone(running.zone)}
        self._limits: dict[int, int | None] = {}

    def kind(self, line: Tagged) -> Kind:
        """The line's units as promotions see them: a unit may have what ran when it was taken or runs at the end."""
        taken = line.item.taken_at
        roles = tuple(
            role
            for role in self._running.roles(line.product)
            if self._fits(role, line.product, line.grams)
            and (self._open(role[0], None) or (not self._running.threshold[role[0]] and self._open(role[0], taken)))
        )
        return Kind(line.price_minor, roles, line.grams)

    def limits(self, counts: dict[Kind, int]) -> dict[int, int]:
        """The limits of the promotions that touch the basket."""
        ranks = {rank for kind in counts for rank, _ in kind.roles}
        found = {rank: self._running.limit(rank, self._basket.remaining) for rank in ranks}
        return {rank: limit for rank, limit in found.items() if limit is not None}

    def _open(self, rank: int, moment: dt.datetime | None) -> bool:
        known = self._runs.get((rank, moment))
        if known is None:
            if moment is not None and moment not in self._local:
                self._local[moment] = moment.astimezone(self._running.zone)
            known = self._running.open_to(
                rank, member=self._basket.member, coupons=self._basket.coupons
            ) and self._running.runs(rank, self._local[moment])
            self._runs[rank, moment] = known
        return known

    def _fits(self, role: Role, product: Product, grams: int) -> bool:
        benefit = self._running.promotions[role[0]].benefit
        return not isinstance(benefit, FixedPrice) or not benefit.from_g or grams >= benefit.from_g


def _line(
    line: Tagged,
    place: int,
    paid: int,
    savings: tuple[tuple[Saving, ...], tuple[Saving, ...]],
    deposit: int,
    taxed: Taxed,
) -> PricedLine:
    return PricedLine(
        line_id=line.item.line_id,
        gtin=line.item.gtin,
        name=line.product.name,
        quantity=line.count,
        unit_minor=line.unit_minor,
        regular_minor=line.regular_minor * line.count,
        paid_minor=paid,
        savings=savings[0],
        tax_category=line.product.tax_category,
        tax_minor=taxed.lines_minor[place],
        deposit_minor=deposit,
        deposit_tax_minor=taxed.deposits_minor[place],
        weight_g=line.item.weight_g,
        tenders=savings[1],
    )

"""How a visit comes to its price: when to wait, when to ask a person, and what is charged in doubt.

In doubt nobody is charged for more than is proven: lines that no person confirmed count with their proven quantity. The
price is computed once, inside the transaction that journals it, with promotions' limits counted there, so that two
carts cannot use the last coupon both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from msgspec import structs
from sqlalchemy import ColumnElement, func, select

from aisle.commerce.pricing.basket import Basket, Item
from aisle.commerce.pricing.errors import PricingError
from aisle.commerce.pricing.priced import PricedBasket
from aisle.store.model import Store
from aisle.visits import events as ev
from aisle.visits.fetching import Fetch
from aisle.visits.journal import Work
from aisle.visits.model import Visit
from aisle.visits.policy import SECOND_NS, VisitPolicy, after
from aisle.visits.tables import customers, promotion_uses

Price = Callable[[Basket], PricedBasket]
SURE = 0.99  # a line at least so probable is no question when others are less sure


@dataclass(frozen=True, slots=True)
class Shop:
    """What the desk's parts share: the store, how it prices, its rules, the clock (Unix ns) and the maker of ids."""

    store: Store
    price: Price
    policy: VisitPolicy
    clock: Callable[[], int]
    ids: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a person is asked, and about which lines."""

    reason: str
    lines: tuple[str, ...]


def proceed(shop: Shop, work: Work, visit: Visit, now_ns: int) -> Visit:
    """Take a visit that was left as far as it can go now: wait, ask, or fix the price."""
    if visit.state not in ("left", "in_review"):
        return visit
    if visit.staff:
        return work.append(visit, ev.Settled(now_ns))
    if visit.state == "left" and _waits(visit, shop.policy, now_ns):
        return visit
    found = doubt(visit, shop.policy)
    over = visit.review is not None and visit.state == "in_review" and now_ns >= visit.review.due_at_ns
    if visit.state == "left" and found is not None:
        return _ask(shop, work, visit, found, now_ns)
    if found is not None and not over:
        return visit
    return _fix_price(shop, work, visit, now_ns, dropping=over)


def doubt(visit: Visit, policy: VisitPolicy) -> Doubt | None:
    """What a person should look at before this visit is charged; None when nothing."""
    answered = {line.line_id for line in visit.answers}
    open_lines = tuple(line_id for line_id in doubtful_lines(visit) if line_id not in answered)
    if visit.tailgates:
        return Doubt("tailgate", open_lines)
    if visit.risk_minor > policy.review_risk_minor and (open_lines or not answered):
        return Doubt("doubtful", open_lines)
    return Doubt("incomplete", open_lines) if not visit.complete and not answered else None


def doubtful_lines(visit: Visit) -> tuple[str, ...]:
    """The lines that are not wholly proven, else those not sure, else none."""
    unproven = tuple(line.line_id for line in visit.lines if line.proven < line.quantity)
    return unproven or tuple(line.line_id for line in visit.lines if line.probability < SURE)


def charged_lines(visit: Visit, *, only_proven: bool) -> tuple[ev.BasketLine, ...]:
    """What is charged: lines a person confirmed whole, the others as far as they are proven."""
    answered = {line.line_id for line in visit.answers}
    lines = []
    for line in visit.basket:
        quantity = line.quantity if line.line_id in answered or not only_proven else line.proven
        if quantity > 0:
            lines.append(line if quantity == line.quantity else _with_quantity(line, quantity))
    return tuple(lines)


def basket_of(shop: Shop, fetch: Fetch, visit: Visit, lines: Sequence[ev.BasketLine], at_ns: int) -> Basket:
    """The basket to price: the lines, the member, the coupons, and what promotions' limits still allow."""
    zone = ZoneInfo(shop.store.time_zone)
    return Basket(
        items=tuple(
            Item(
                line.line_id, line.gtin, line.quantity, moment(line.taken_at_ns, zone), line.weight_g, line.label_minor
            )
            for line in lines
        ),
        at=moment(at_ns, zone),
        member=_is_member(fetch, visit),
        coupons=frozenset(visit.coupons),
        remaining=remaining(shop.store, fetch, visit),
    )


def remaining(store: Store, fetch: Fetch, visit: Visit) -> dict[str, int]:
    """How often promotions with limits over visits may still be applied, other visits' reservations counted."""
    limited = {
        promotion.promotion_id: promotion.limits
        for promotion in store.promotions
        if promotion.limits.customer is not None or promotion.limits.campaign is not None
    }
    by_customer = [name for name, limits in limited.items() if limits.customer is not None]
    by_campaign = [name for name, limits in limited.items() if limits.campaign is not None]
    own = _used(fetch, visit, by_customer, promotion_uses.c.payer == visit.payer) if visit.payer else {}
    used = _used(fetch, visit, by_campaign)
    left: dict[str, int] = {}
    for promotion_id, limits in limited.items():
        bounds = [limits.campaign - used.get(promotion_id, 0)] if limits.campaign is not None else []
        bounds += [limits.customer - own.get(promotion_id, 0)] if limits.customer is not None else []
        left[promotion_id] = max(0, min(bounds))
    return left


def _used(fetch: Fetch, visit: Visit, names: Sequence[str], *of: ColumnElement[bool]) -> dict[str, int]:
    """How often other visits use these promotions. What is read is bounded: by a customer's visits, or by the limit."""
    if not names:
        return {}
    others = promotion_uses.c.visit_id != visit.visit_id
    counts = (
        select(promotion_uses.c.promotion_id, func.sum(promotion_uses.c.count))
        .where(promotion_uses.c.promotion_id.in_(names), promotion_uses.c.count > 0, others, *of)
        .group_by(promotion_uses.c.promotion_id)
    )
    return {promotion_id: int(count) for promotion_id, count in map(tuple, fetch(counts))}


def moment(at_ns: int, zone: ZoneInfo) -> dt.datetime:
    """A Unix time in ns as the shop's local time, to the microsecond."""
    whole, rest = divmod(at_ns, SECOND_NS)
    return dt.datetime.fromtimestamp(whole, zone).replace(microsecond=rest // 1000)


def _waits(visit: Visit, policy: VisitPolicy, now_ns: int) -> bool:
    """Whether more evidence or the shopper may still come."""
    left_at_ns = visit.left_at_ns if visit.left_at_ns is not None else visit.changed_at_ns
    wait_s = policy.reentry_wait_s if visit.complete else max(policy.evidence_wait_s, policy.reentry_wait_s)
    return now_ns < after(left_at_ns, wait_s)


def _ask(shop: Shop, work: Work, visit: Visit, found: Doubt, now_ns: int) -> Visit:
    return work.append(
        visit, ev.ReviewOpened(now_ns, found.reason, found.lines, after(now_ns, shop.policy.review_due_s))
    )


def _fix_price(shop: Shop, work: Work, visit: Visit, now_ns: int, *, dropping: bool) -> Visit:
    """Price and journal it. Lines that have no price ask a person; when time is over they are left out."""
    lines = charged_lines(visit, only_proven=shop.store.policies.charge_only_proven)
    at_ns = visit.left_at_ns if visit.left_at_ns is not None else visit.changed_at_ns
    basket = basket_of(shop, work.fetch, visit, lines, at_ns)
    try:
        priced = shop.price(basket)
    except PricingError:
        basket = _with_good_coupons(shop.price, basket)
        bad = _unpriceable(shop.price, basket)
        if bad and visit.state == "left":
            return _ask(shop, work, visit, Doubt("unpriceable", bad), now_ns)
        if bad and not dropping:
            return visit
        priced = shop.price(replace(basket, items=tuple(item for item in basket.items if item.line_id not in bad)))
    return work.append(visit, ev.Priced(now_ns, structs.replace(priced, hints=())))


def _with_good_coupons(price: Price, basket: Basket) -> Basket:
    empty = replace(basket, items=())
    return replace(
        basket,
        coupons=frozenset(c for c in basket.coupons if _prices(price, replace(empty, coupons=frozenset({c})))),
    )


def _unpriceable(price: Price, basket: Basket) -> tuple[str, ...]:
    return tuple(item.line_id for item in basket.items if not _prices(price, replace(basket, items=(item,))))


def _prices(price: Price, basket: Basket) -> bool:
    try:
        price(basket)
    except PricingError:
        return False
    return True


def _with_quantity(line: ev.BasketLine, quantity: int) -> ev.BasketLine:
    return ev.BasketLine(
        line.line_id,
        line.gtin,
        quantity,
        line.probability,
        line.taken_at_ns,
        line.weight_g,
        line.label_minor,
        quantity,
    )


def _is_member(fetch: Fetch, visit: Visit) -> bool:
    if visit.customer_id is None:
        return False
    rows = fetch(select(customers.c.member).where(customers.c.customer_id == visit.customer_id))
    return bool(rows and rows[0].member)

"""Writing `promotions.toml`, so that it reads back as the very same promotions."""

from __future__ import annotations

from collections.abc import Sequence

from aisle.store.offers import (
    AmountOff,
    Benefit,
    Bundle,
    BuyGet,
    CountForPrice,
    FixedPrice,
    Goods,
    Limits,
    Percent,
    Promotion,
    Threshold,
    Window,
)
from aisle.store.prices import format_amount
from aisle.store.promotions_file import DAYS, KINDS
from aisle.store.toml_out import Value, heading, table

_HEADING = heading(
    "The offers, one [[promotion]] each: id, name, kind (" + ", ".join(KINDS) + ")",
    "with the fields of that kind, the goods it is for, and its first and last day, both included.",
    'Amounts and shares are texts: price = "4.00", share = "0.25" for 25 %.',
)


def promotions_text(promotions: Sequence[Promotion], currency: str) -> str:
    """The file's text."""
    return _HEADING + "".join(_text(promotion, currency) for promotion in promotions)


def _text(promotion: Promotion, currency: str) -> str:
    values: dict[str, Value] = {"id": promotion.promotion_id, "name": promotion.name}
    values |= _benefit(promotion.benefit, currency) | _goods(promotion.goods) | _conditions(promotion)
    parts = [table("[[promotion]]", values)]
    if promotion.limits != Limits():
        parts.append(table("[promotion.limits]", _limits(promotion.limits)))
    parts += [table("[[promotion.window]]", _window(window)) for window in promotion.windows]
    benefit = promotion.benefit
    if isinstance(benefit, BuyGet) and benefit.get_goods is not None:
        parts.append(table("[promotion.get_goods]", _goods(benefit.get_goods)))
    if isinstance(benefit, Bundle):
        parts += [table("[[promotion.part]]", {"count": p.count} | _goods(p.goods)) for p in benefit.parts]
    return "".join(parts)


def _benefit(benefit: Benefit, currency: str) -> dict[str, Value]:
    match benefit:
        case Percent(share):
            return {"kind": "percent", "share": f"{share:f}"}
        case AmountOff(minor):
            return {"kind": "amount", "amount": format_amount(minor, currency)}
        case FixedPrice(minor, from_g):
            weight: dict[str, Value] = {"from_g": from_g} if from_g else {}
            return {"kind": "fixed_price", "price": format_amount(minor, currency), **weight}
        case CountForPrice(count, minor):
            return {"kind": "count_for_price", "count": count, "price": format_amount(minor, currency)}
        case BuyGet(buy, get, share):
            return {"kind": "buy_get", "buy": buy, "get": get, "share": f"{share:f}"}
        case Bundle(_, minor):
            return {"kind": "bundle", "price": format_amount(minor, currency)}
        case Threshold(spend, minor_off, share_off):
            spent: dict[str, Value] = {"kind": "threshold", "spend": format_amount(spend, currency)}
            off = {} if minor_off is None else {"amount": format_amount(minor_off, currency)}
            return spent | off | ({} if share_off is None else {"share": f"{share_off:f}"})


def _goods(goods: Goods) -> dict[str, Value]:
    named = {
        "gtins": goods.gtins,
        "categories": goods.categories,
        "brands": goods.brands,
        "without": goods.without,
        "without_categories": goods.without_categories,
    }
    return {key: sorted(names) for key, names in named.items() if names}


def _conditions(promotion: Promotion) -> dict[str, Value]:
    values: dict[str, Value | None] = {
        "starts": promotion.starts,
        "ends": promotion.ends,
        "members": promotion.members or None,
        "coupon": promotion.coupon,
        "issuer": promotion.issuer if promotion.issuer != "shop" else None,
        "group": promotion.group or None,
        "combines": sorted(promotion.combines) or None,
        "exclusive": promotion.exclusive or None,
    }
    return {key: value for key, value in values.items() if value is not None}


def _limits(limits: Limits) -> dict[str, Value]:
    counts = {"visit": limits.visit, "customer": limits.customer, "campaign": limits.campaign}
    return {key: count for key, count in counts.items() if count is not None}


def _window(window: Window) -> dict[str, Value]:
    values: dict[str, Value] = {}
    if window.days:
        values["days"] = [DAYS[day] for day in sorted(window.days)]
    if window.opens is not None:
        values["opens"] = _time_text(window.opens.isoformat())
    if window.closes is not None:
        values["closes"] = _time_text(window.closes.isoformat())
    return values


def _time_text(iso: str) -> str:
    """16:00 rather than 16:00:00."""
    return iso.removesuffix(":00") if iso.count(":") == 2 else iso

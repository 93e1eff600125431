"""What promotions need of a basket before a search: whether they can start at all, and the accounts they keep."""

from __future__ import annotations

from collections.abc import Mapping

from aisle.commerce.pricing import reductions
from aisle.commerce.pricing.accounts import Account, BuyGetAccount, GroupAccount, LimitAccount
from aisle.commerce.pricing.running import Running
from aisle.store.offers import Bundle, BuyGet, CountForPrice, Threshold


def can_start(running: Running, rank: int, places: Mapping[int, int], spent: int) -> bool:
    """Whether so many units in each place, `spent` in all, can have a promotion at least once."""
    match running.promotions[rank].benefit:
        case CountForPrice(count=count):
            return places.get(0, 0) >= count
        case Bundle(parts=parts):
            return all(places.get(place, 0) >= part.count for place, part in enumerate(parts))
        case BuyGet(buy=buy, get_goods=None):
            return places.get(0, 0) > buy
        case BuyGet(buy=buy):
            return places.get(0, 0) >= buy and places.get(1, 0) >= 1
        case Threshold(spend_minor=spend):
            return spent >= spend and spent > 0
        case _:
            return True


def account(
    running: Running, limit: int | None, rank: int, places: Mapping[int, int], lacking: int, factor: int = 1
) -> Account:
    """The account of a promotion for so many units in each of its places; `lacking` see `GroupAccount`; a
    group's price counts `factor` times."""
    match running.promotions[rank].benefit:
        case CountForPrice(count=count, minor=minor):
            binding = limit is not None and limit < places[0] // count
            return GroupAccount((count,), minor * factor, limit if binding else None, lacking)
        case Bundle(parts=parts, minor=minor):
            most = min(places[place] // part.count for place, part in enumerate(parts))
            binding = limit is not None and limit < most
            counts = tuple(part.count for part in parts)
            return GroupAccount(counts, minor * factor, limit if binding else None, lacking)
        case BuyGet(buy=buy, get=get, get_goods=get_goods):
            gets = places[0] - buy if get_goods is None else places[1]
            binding = limit is not None and limit * get < gets
            return BuyGetAccount(buy, get, limit if binding else None, gets, same_goods=get_goods is None)
        case _:
            assert limit is not None
            return LimitAccount(limit)


def surplus(running: Running, rank: int, price: int) -> int:
    """What a unit is worth above its share of the group's price, times the size of the group."""
    benefit = running.promotions[rank].benefit
    assert isinstance(benefit, CountForPrice | Bundle)
    size, minor = reductions.group_terms(benefit)
    return size * price - minor

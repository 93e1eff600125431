"""What a product costs on the shelf at a moment: dated prices laid over the standing ones, ready to be asked often.

A price book is built once for a store. Products without dated prices answer from a dictionary; for the others the time
line is cut where a price begins or ends, and a moment is found in it by bisection.
"""

from __future__ import annotations

import datetime as dt
import heapq
import zoneinfo
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from aisle.store.model import Store
from aisle.store.offers import Price

_Tag = tuple[int | None, int | None]  # shelf price and member price
_NONE: _Tag = (None, None)
_DAWN = dt.datetime.min.replace(tzinfo=dt.UTC)
_DUSK = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class _Timeline:
    """Prices in force: `tags[i]` before `cuts[i]`, and the last one after the last cut."""

    cuts: tuple[dt.datetime, ...]
    tags: tuple[_Tag, ...]

    def at(self, moment: dt.datetime) -> _Tag:
        return self.tags[bisect_right(self.cuts, moment)]


class PriceBook:
    """The shelf prices and member prices of a store, per unit or per kilogram, in minor units.

    A standing price (`Product.price_minor`) of 0 is no price: goods nobody priced are not given away. What is free on
    purpose has a dated price of 0.
    """

    def __init__(self, store: Store) -> None:
        zone = zoneinfo.ZoneInfo(store.time_zone)
        dated: dict[str, list[Price]] = {}
        for price in store.prices:
            dated.setdefault(price.gtin, []).append(price)
        self._standing: dict[str, _Tag] = {g: (p.price_minor or None, None) for g, p in store.products.items()}
        self._timelines = {g: _timeline(prices, self._standing.get(g, _NONE), zone) for g, prices in dated.items()}

    def shelf(self, gtin: str, at: dt.datetime) -> int | None:
        """The price everybody pays at the moment `at`; None for a product without one, or an unknown product.

        `at` carries a time zone; raises ValueError when it does not.
        """
        return self._tag(gtin, at)[0]

    def member(self, gtin: str, at: dt.datetime) -> int | None:
        """The price known customers pay at the moment `at`; None when there is none of their own."""
        return self._tag(gtin, at)[1]

    def _tag(self, gtin: str, at: dt.datetime) -> _Tag:
        if at.tzinfo is None:
            raise ValueError(f"found the time {at.isoformat()} without a zone; expected one with a zone")
        timeline = self._timelines.get(gtin)
        return self._standing.get(gtin, _NONE) if timeline is None else timeline.at(at)


def _timeline(prices: Sequence[Price], standing: _Tag, zone: zoneinfo.ZoneInfo) -> _Timeline:
    """Sweep over the times at which prices begin or end; in between, the valid one that began last is in force."""
    spans = [
        (_moment(price.starts, zone, _DAWN), place, _moment(price.ends, zone, _DUSK))
        for place, price in enumerate(prices)
    ]
    spans.sort(key=lambda span: span[:2])
    cuts = sorted({moment for start, _, end in spans for moment in (start, end)} - {_DAWN, _DUSK})
    tags: list[_Tag] = []
    newest: list[tuple[int, dt.datetime, int]] = []  # (minus the order of beginning, end, place): newest on top
    begun = 0
    for moment in (_DAWN, *cuts):
        while begun < len(spans) and spans[begun][0] <= moment:
            heapq.heappush(newest, (-begun, spans[begun][2], spans[begun][1]))
            begun += 1
        while newest and newest[0][1] <= moment:
            heapq.heappop(newest)
        tags.append((prices[newest[0][2]].price_minor, prices[newest[0][2]].member_minor) if newest else standing)
    return _Timeline(tuple(cuts), tuple(tags))


def _moment(local: dt.datetime | None, zone: zoneinfo.ZoneInfo, otherwise: dt.datetime) -> dt.datetime:
    """A local time of the shop in UTC. Of a time the clocks pass twice the first counts (PEP 495, fold 0)."""
    return otherwise if local is None else local.replace(tzinfo=zone).astimezone(dt.UTC)

"""The rows of `aisle bench cart` about the lane: how long a decision takes, how often honest shoppers are looked at.

A random shop of 5,000 products and 500 promotions; random baskets of 1 to 80 lines of shoppers who come again and
again, all honest, with the doubts that remain after an honest trip. Each decision is the shop's whole work: look up the
payer and the history, price, audit, and write down why.
"""

from __future__ import annotations

import itertools
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

from aisle.bench.baskets import NOON, Recipe, basket, shop
from aisle.bench.claims import Row, judged
from aisle.bench.intervals import wilson
from aisle.cart.audit import AuditPolicy
from aisle.cart.audit_book import AuditReport, CheckResult
from aisle.cart.book import make_tables
from aisle.cart.lane import Lane, LaneDecision, LanePolicy, LaneRequest
from aisle.cart.purchase import CartPurchase, Payer
from aisle.cart.trip import Choice, Phase, Prompt, PromptKind, Trip, TripLine
from aisle.commerce.pricing.basket import Basket
from aisle.commerce.pricing.till import Till
from aisle.store.model import Store
from aisle.visits.customers import Customer
from aisle.visits.database import Database
from aisle.visits.desk import Desk
from aisle.visits.outbox import Outbox

REACH_MS = 200.0
LINES = 80  # the most in one basket
_ON = "1 to 80 lines, 500 promotions"
_HONEST = "honest shoppers"
_PER_SHOPPER = 8  # trips
_DOUBTS, _FAULTS, _STICKERS = 0.04, 0.002, 0.06  # shares of honest trips with a prompt left, a fault, stickers
_T0_NS = int(NOON.timestamp()) * 10**9


def judge_lane(trips: int = 2_000, tell: Callable[[float], None] = lambda _share: None) -> list[Row]:
    """The rows of the claim, over so many trips; `tell` hears how far it is (0 to 1)."""
    with tempfile.TemporaryDirectory() as folder:
        return _Measured(Path(folder), trips).rows(tell)


class _Measured:
    """A shop with its lanes, and what its decisions took."""

    def __init__(self, folder: Path, trips: int) -> None:
        self._trips, self._chance = trips, Random(1)
        self._now_ns, ids = _T0_NS, itertools.count(1)
        self._store = shop(self._chance, Recipe(spend=40))
        self._database = Database(f"sqlite:///{folder / 'visits.db'}")
        self._database.migrate()
        make_tables(self._database)
        till = Till(self._store)
        self._desk = Desk(
            self._database,
            self._store,
            price=till.price,
            clock=lambda: self._now_ns,
            ids=lambda: f"id{next(ids)}",
            code_keys=[b"a key of the bench's own"],
        )
        self._lane = Lane(self._desk, Outbox(self._desk, {}), till, LanePolicy(AuditPolicy()), b"a secret of the bench")
        self.wall_ms: list[float] = []
        self.busy_ms: list[float] = []

    def rows(self, tell: Callable[[float], None]) -> list[Row]:
        """Live through all trips, then tell."""
        for number in range(self._trips):
            tell(number / self._trips)
            self._roll(number)
        report = self._lane.report(0, 2**62)
        self._database.close()
        return [
            judged("lane decision, p99", _ON, _p99(self.wall_ms), reach=REACH_MS, side="most", unit="ms",
                   counted=len(self.wall_ms)),
            judged("lane decision, median", _ON, _quantile(self.wall_ms, 0.5), unit="ms", counted=len(self.wall_ms)),
            judged("lane decision, p99 of processor time", _ON, _p99(self.busy_ms), unit="ms"),
            *_rates(report),
        ]  # fmt: skip

    def _roll(self, number: int) -> None:
        """One trip: decided, looked at where the lane says so, and bought."""
        customer = f"c{number // _PER_SHOPPER}"
        if number % _PER_SHOPPER == 0:
            self._desk.save_customer(Customer(customer, member=self._chance.random() < 0.5))
        self._now_ns = _T0_NS + number * 10**9
        request = self._request(number, customer)
        decision = self._decided(request)
        if decision.decided == "question":
            cleared = tuple(replace(p, cleared_ns=self._now_ns, answer="none") for p in request.trip.prompts)
            decision = self._decided(
                LaneRequest(request.lane_id, replace(request.trip, prompts=cleared), request.payer)
            )
        if decision.decided == "check":
            began_ns = self._now_ns + 30 * 10**9
            pieces = {line.gtin: line.quantity for line in request.trip.lines}
            self._lane.checked(
                CheckResult(f"k{number}", request.trip.trip_id, "kim", "sight", began_ns, began_ns + 40 * 10**9, pieces)
            )
        self._lane.book.take(_bought(request.trip, request.payer, self._store))

    def _decided(self, request: LaneRequest) -> LaneDecision:
        wall, busy = time.perf_counter(), time.process_time()
        decision = self._lane.decide(request)
        self.wall_ms.append(1e3 * (time.perf_counter() - wall))
        self.busy_ms.append(1e3 * (time.process_time() - busy))
        return decision

    def _request(self, number: int, customer: str) -> LaneRequest:
        chance = self._chance
        given = basket(chance, self._store, chance.randint(1, LINES))
        lines = _lines(given, chance)
        asked = Prompt(
            "p", PromptKind.CHOOSE_ITEM, self._now_ns,
            options=tuple(Choice(chance.choice(lines).gtin, 1, odds) for odds in (0.7, 0.3)),
        )  # fmt: skip
        trip = Trip(
            f"trip-{number}", "cart-7", Phase.PAYING, self._now_ns - 900 * 10**9, self._now_ns, lines,
            prompts=(asked,) if chance.random() < _DOUBTS else (),
            unexplained_g=chance.gauss(0.0, 8.0),
            faults=("the scale is stuck",) if chance.random() < _FAULTS else (),
        )  # fmt: skip
        return LaneRequest("lane-1", trip, Payer(customer))


def _lines(given: Basket, chance: Random) -> tuple[TripLine, ...]:
    sticker = Decimal(30) if chance.random() < _STICKERS else None
    return tuple(
        TripLine(
            item.line_id, item.gtin, item.quantity, 1.0, _T0_NS - 600 * 10**9, item.weight_g,
            off_percent=sticker if place < 2 else None,
        )
        for place, item in enumerate(given.items)
    )  # fmt: skip


def _bought(trip: Trip, payer: Payer, store: Store) -> CartPurchase:
    return CartPurchase(trip.trip_id, trip.cart_id, store.currency, trip.started_ns, trip.t_ns, payer, ())


def _rates(report: AuditReport) -> list[Row]:
    checked, asked = wilson(report.checked, report.trips), wilson(report.asked, report.trips)
    share = 100.0 / max(1, report.trips)
    rows = [
        judged("trips looked at by a person", _HONEST, report.checked * share, unit="%", counted=report.trips,
               interval=replace(checked, low=100 * checked.low, high=100 * checked.high)),
        judged("trips asked one question", _HONEST, report.asked * share, unit="%", counted=report.trips,
               interval=replace(asked, low=100 * asked.low, high=100 * asked.high)),
        judged("looked at by lot right after a look", _HONEST, report.twice_in_a_row, reach=0, side="most",
               counted=report.trips),
    ]  # fmt: skip
    rows += [
        judged(f"rule {rate.rule!r} spoke", _HONEST, rate.trips * share, unit="%", counted=report.trips)
        for rate in report.rules
    ]
    return rows


def _p99(values: Sequence[float]) -> float:
    return _quantile(values, 0.99)


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan

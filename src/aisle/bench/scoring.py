"""Counts right and wrong: items and receipts of one recording held against its truth.

The measure is that of the AutoCheckout competition's entrants: an item is right when it stands on the right
shopper's receipt (multiset intersection per shopper).  What else is billed is a false positive, what is missing a
false negative.  A receipt is exact when shopper and all quantities are right.  Everybody who was in the store
counts, the empty-handed and staff too, and so does every receipt with something on it for somebody who never was
there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from aisle.bench.truth import Truth

Basket = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ClaimedLine:
    """One line an engine put on a receipt, with the probability it gave that quantity."""

    gtin: str
    quantity: int
    probability: float


@dataclass(frozen=True, slots=True)
class ClaimedReceipt:
    """One receipt as an engine wrote it, with the probability it gave the whole basket."""

    shopper: str
    lines: tuple[ClaimedLine, ...]
    probability: float

    @property
    def basket(self) -> dict[str, int]:
        """gtin -> units, lines of one product added up, nothing at zero."""
        out: dict[str, int] = {}
        for line in self.lines:
            out[line.gtin] = out.get(line.gtin, 0) + line.quantity
        return {gtin: quantity for gtin, quantity in out.items() if quantity > 0}


@dataclass(frozen=True, slots=True)
class Counts:
    """Items right, wrongly billed and missing; exact receipts among all receipts."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    exact: int = 0
    receipts: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.tp + other.tp,
            self.fp + other.fp,
            self.fn + other.fn,
            self.exact + other.exact,
            self.receipts + other.receipts,
        )

    @property
    def precision(self) -> float:
        """Share of billed items that are right; 1 when nothing was billed."""
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 1.0

    @property
    def recall(self) -> float:
        """Share of items taken that were billed to the right shopper; 1 when nothing was taken."""
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 2tp / (2tp + fp + fn); 1 when there was nothing to bill."""
        wrong = self.fp + self.fn
        return 2 * self.tp / (2 * self.tp + wrong) if self.tp or wrong else 1.0

    @property
    def exact_share(self) -> float:
        """Share of receipts right in shopper and every quantity; 1 when there are none."""
        return self.exact / self.receipts if self.receipts else 1.0


@dataclass(frozen=True, slots=True)
class Visit:
    """One receipt that counts: how sure the engine was, and whether it was right.

    `role` is "nobody" for a receipt with something on it for somebody who never was there.  A shopper for whom the
    engine wrote no receipt at all would not be reviewed by anybody: silence counts as an empty receipt called certain.
    """

    shopper: str
    role: Literal["customer", "staff", "nobody"]
    probability: float
    exact: bool


@dataclass(frozen=True, slots=True)
class LineVerdict:
    """One billed line: how sure the engine was of this quantity, and whether it was right."""

    probability: float
    exact: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """One recording held against its truth."""

    name: str
    case: str
    group: str
    resolvable: str
    seed: int | None
    counts: Counts
    visits: tuple[Visit, ...]
    lines: tuple[LineVerdict, ...]


def basket_overlap(taken: Basket, billed: Basket) -> int:
    """Items on both sides: the size of the multiset intersection."""
    return sum(min(quantity, billed.get(gtin, 0)) for gtin, quantity in taken.items())


def score_receipts(truth: Truth, claimed: Iterable[ClaimedReceipt]) -> Scored:
    """Hold the receipts an engine wrote for one recording against what happened."""
    by_shopper = {receipt.shopper: receipt for receipt in claimed}
    counts, visits, lines = Counts(), [], []
    for shopper in sorted(truth.receipts.keys() | by_shopper.keys()):
        taken, receipt = truth.receipts.get(shopper), by_shopper.get(shopper)
        billed = receipt.basket if receipt else {}
        hits = basket_overlap(taken or {}, billed)
        missing, surplus = sum((taken or {}).values()) - hits, sum(billed.values()) - hits
        counted = taken is not None or bool(billed)
        exact = taken is not None and taken == billed
        counts += Counts(hits, surplus, missing, int(exact), int(counted))
        if counted:
            visits.append(Visit(shopper, _role(truth, shopper), receipt.probability if receipt else 1.0, exact))
        for line in receipt.lines if receipt else ():
            lines.append(LineVerdict(line.probability, (taken or {}).get(line.gtin, 0) == line.quantity))
    return Scored(
        truth.name, truth.case, truth.group, truth.resolvable, truth.seed, counts, tuple(visits), tuple(lines)
    )


def _role(truth: Truth, shopper: str) -> Literal["customer", "staff", "nobody"]:
    if shopper not in truth.receipts:
        return "nobody"
    return "staff" if truth.roles.get(shopper) == "staff" else "customer"


def total(scored: Iterable[Scored]) -> Counts:
    """All counts added up."""
    return sum((s.counts for s in scored), Counts())

"""What a person's answer makes of a hypothesis: what went in at a change, and how many there are."""

from __future__ import annotations

from dataclasses import replace

from aisle.belief.basket.evidence import Shown
from aisle.belief.basket.state import Hypothesis, Kind

TOGETHER_NS = 12_000_000_000  # pieces put in so near to each other are counted together


def named(h: Hypothesis, event: int, gtin: str | None, kind: Kind, count: int) -> Hypothesis:
    """A person says what went in at a change: a product, or a thing of another kind.

    What was shown before and is this product waits no longer.
    """

    mine = [i for i, p in enumerate(h.pieces) if p.event == event]
    mine = [i for i in mine if not h.pieces[i].named] or [i for i in mine if h.pieces[i].gtin == gtin]
    if not mine:
        return h.weighted(-3.0)
    at = mine[-1]
    was = h.pieces[at]
    shown, pending = was.shown, h.pending
    if shown is None and gtin is not None:
        waits = next((w for w in pending if w.shown.gtin == gtin and not w.shown.leaves), None)
        shown = waits.shown if waits is not None else Shown(0, was.placed_ns, gtin, count, typed=True)
        pending = tuple(w for w in pending if w is not waits)
    now = replace(was, kind=kind, gtin=gtin or "", count=count, shown=shown, extra=0)
    pieces = (*h.pieces[:at], now, *h.pieces[at + 1 :])
    unweighed = next((p for p in pieces if p.gtin == gtin and p.event < 0 and p.count == count), None)
    if unweighed is not None and now.number != unweighed.number:  # the scale had failed, and saw it in the end
        pieces = tuple(p for p in pieces if p is not unweighed)
    return replace(h, pieces=pieces, pending=pending)


def numbered(h: Hypothesis, event: int, gtin: str, count: int) -> Hypothesis:
    """A person says how many of a product they put in around a change, all those put in one by one together."""

    mine = [p for p in h.pieces if p.event == event and p.gtin == gtin]
    if not mine:
        return h.weighted(-3.0)
    near = [
        p
        for p in h.pieces
        if p.kind is Kind.GOODS and p.gtin == gtin and abs(p.placed_ns - mine[0].placed_ns) < TOGETHER_NS
    ]
    others = sum(p.count for p in near) - mine[0].count
    counts = {p.number: max(1, count - others) if p is mine[0] else p.count for p in near}
    fresh = {}
    for p in near:
        shown = p.shown or Shown(0, p.placed_ns, gtin, count, typed=True)
        same = sum(counts[q.number] for q in near if (q.shown.number if q.shown else 0) == shown.number)
        fresh[p.number] = replace(p, shown=replace(shown, quantity=same), count=counts[p.number], extra=0)
    waits = tuple(w for w in h.pending if w.shown.gtin != gtin or w.left > 0)
    return replace(h, pieces=tuple(fresh.get(p.number, p) for p in h.pieces), pending=waits)

"""Whether a prompt was right: the simulation's own measure, strict enough that one doubt does not excuse all prompts.

Prompts and doubts of one family are about the same thing in different words.  Near the moment of a doubt a prompt of
its family is right whatever product it names, for a cart may not know which it was; later only about that product.
"""

from __future__ import annotations

from aisle.simulation.cart.truth import NS, Doubt, TripTruth

NEAR_NS = 60 * NS
EARLY_NS, LATE_NS = 2 * NS, 2 * NS
_INSIDE = frozenset(
    {
        "scan item",
        "choose item",
        "other item",
        "place item",
        "check count",
        "enter quantity",
        "weigh again",
        "choose container",
    }
)
_FAMILIES = (_INSIDE, frozenset({"choose removed", "place item", "check count"}))


def justified(truth: TripTruth, t_ns: int, kind: str, gtin: str | None = None) -> bool:
    """Whether a prompt of this kind (about `gtin`, where it names a product) was right when it came up at `t_ns`."""
    return any(_fits(doubt, t_ns, kind, gtin) for doubt in truth.doubts)


def _fits(doubt: Doubt, t_ns: int, kind: str, gtin: str | None) -> bool:
    if not doubt.t0_ns - EARLY_NS <= t_ns <= doubt.t1_ns + LATE_NS:
        return False
    if kind != doubt.kind and not any(kind in family and doubt.kind in family for family in _FAMILIES):
        return False
    return gtin is None or doubt.gtin is None or gtin == doubt.gtin or t_ns - doubt.t0_ns <= NEAR_NS

"""What really happened on a simulated trip, and what an honest shopper would answer when asked.

Kept apart from the readings.  Kinds of doubts and answers are plain words, those the cart's prompts use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

NS = 1_000_000_000
_SEARCHED = frozenset({"scan item", "choose item", "other item"})
_COUNTED = frozenset({"check count", "enter quantity"})


@dataclass(frozen=True, slots=True)
class Moved:
    """A piece that came to rest in the basket (`placed`) or left it (`removed`).

    `piece` numbers it through the trip, `count` is how many lie in it (a bag of six apples), `gtin` is its GTIN or PLU,
    "" for what is nobody's goods, which `thing` names.
    """

    t_ns: int
    kind: Literal["placed", "removed"]
    piece: int
    gtin: str
    grams: float
    net_g: float
    count: int = 1
    thing: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """From `t0_ns` to `t1_ns` a prompt of this kind (about this product, where named) is right."""

    t0_ns: int
    t1_ns: int
    kind: str
    gtin: str | None = None


@dataclass(frozen=True, slots=True)
class TripTruth:
    """The truth of one trip.

    `lines` is what has to be paid: {"gtin", "quantity"} or, for goods sold by weight, {"gtin", "grams"} net, one per
    product, in order of code.  `by_weight` are the products of the second kind.
    """

    name: str
    seed: int
    situations: tuple[str, ...]
    start_ns: int
    end_ns: int
    lines: tuple[dict[str, str | int | float], ...]
    doubts: tuple[Doubt, ...]
    events: tuple[Moved, ...]
    by_weight: frozenset[str] = frozenset()
    cart_id: str = ""
    network: bool = True

    def as_json(self) -> dict[str, Any]:
        """Plain values, in the order of the fields."""
        plain = asdict(self)
        return {**plain, "by_weight": sorted(self.by_weight)}

    @classmethod
    def of_json(cls, plain: dict[str, Any]) -> TripTruth:
        """The truth as `as_json` gave it."""
        return cls(
            **{
                **plain,
                "situations": tuple(plain["situations"]),
                "lines": tuple(plain["lines"]),
                "doubts": tuple(Doubt(**d) for d in plain["doubts"]),
                "events": tuple(Moved(**e) for e in plain["events"]),
                "by_weight": frozenset(plain["by_weight"]),
            }
        )


def lines_of(events: Iterable[Moved], by_weight: frozenset[str]) -> tuple[dict[str, str | int | float], ...]:
    """The lines of what lies in the basket after these events."""
    inside = contents(events)
    totals: dict[str, float] = {}
    for moved in inside:
        if moved.gtin:
            totals[moved.gtin] = totals.get(moved.gtin, 0.0) + (
                moved.net_g if moved.gtin in by_weight else float(moved.count)
            )
    return tuple(
        {"gtin": gtin, "grams": round(total, 1)} if gtin in by_weight else {"gtin": gtin, "quantity": round(total)}
        for gtin, total in sorted(totals.items())
    )


def contents(events: Iterable[Moved], until_ns: int | None = None) -> list[Moved]:
    """What lies in the basket at a moment, each piece as it was last placed, in order of placing."""
    inside: dict[int, Moved] = {}
    for moved in events:
        if until_ns is not None and moved.t_ns > until_ns:
            continue
        if moved.kind == "placed":
            inside[moved.piece] = moved
        else:
            inside.pop(moved.piece, None)
    return list(inside.values())


def truthful_answer(
    truth: TripTruth,
    t_ns: int,
    kind: str,
    options: Sequence[str],
    gtin: str | None = None,
    grams: float | None = None,
) -> str | None:
    """What an honest shopper answers to a prompt of this kind about `gtin` and a weight (None: not said).

    `t_ns` is when what it asks about happened.  Options are "code", "code*count", "own" or "none"; the answer is one
    of them where one is right, else what is right: a product's code (and count), the count where pieces are asked for,
    "own" for the shopper's own thing, or "none" where nothing came or went.  None: there is nothing to answer.
    """
    if kind in _COUNTED:
        return _count(truth, t_ns, gtin or (options[0].partition("*")[0] if options else ""))
    if kind == "choose removed":
        gone = [e for e in truth.events if e.kind == "removed" and _about(e, t_ns) and _stays_away(truth, e)]
        return _chosen(gone, options) or (gone[0].gtin if gone and gone[0].gtin else "none")
    if kind == "place item":
        inside = {e.gtin for e in contents(truth.events)}
        later = any(e.kind == "placed" and e.gtin == gtin and e.t_ns > t_ns - 30 * NS for e in truth.events)
        return None if gtin in inside and later else "none"
    if kind in _SEARCHED:
        alone = [e for e in truth.events if e.kind == "placed" and _about(e, t_ns)]
        came = _together(alone)
        if grams is not None:  # of several things, that or those that weigh so much are meant
            came = sorted((*came, *alone), key=lambda e: abs(e.grams - grams))
        return _chosen(came[:1], options) or _named(came)
    return None


def _about(moved: Moved, t_ns: int) -> bool:
    return -3 * NS < moved.t_ns - t_ns < 4 * NS


def _together(events: Sequence[Moved]) -> list[Moved]:
    """Pieces of one product that came in within seconds of each other as one."""
    out: list[Moved] = []
    for moved in events:
        at = next((i for i, e in enumerate(out) if e.gtin == moved.gtin and abs(e.t_ns - moved.t_ns) < 6 * NS), None)
        if at is None or not moved.gtin:
            out.append(moved)
        else:
            both = out[at]
            out[at] = replace(both, count=both.count + moved.count, grams=both.grams + moved.grams)
    return out


def _stays_away(truth: TripTruth, gone: Moved) -> bool:
    """Whether the piece did not come back at once (moved about in the basket)."""
    return not any(
        e.piece == gone.piece and e.kind == "placed" and gone.t_ns < e.t_ns < gone.t_ns + 20 * NS for e in truth.events
    )


def _chosen(events: Iterable[Moved], options: Sequence[str]) -> str | None:
    """The option that names the latest of the events it can name."""
    for moved in events:
        name = moved.gtin or "own"
        exact = [o for o in options if o == name or o == f"{name}*{moved.count}"]
        named = exact or [o for o in options if o.partition("*")[0] == name]
        if named:
            return exact[-1] if exact else named[0]
    return None


def _named(came: Sequence[Moved]) -> str:
    """What came in, by its code, or "none" when nothing did."""
    if not came:
        return "none"
    first = came[0]
    return "own" if not first.gtin else first.gtin if first.count == 1 else f"{first.gtin}*{first.count}"


def _count(truth: TripTruth, t_ns: int, gtin: str) -> str | None:
    """How many pieces of the product came in about then, one by one or together."""
    near = [e for e in truth.events if e.kind == "placed" and e.gtin == gtin and abs(e.t_ns - t_ns) < 12 * NS]
    return f"{gtin}*{sum(e.count for e in near)}" if near else "none"

"""What really happened on a simulated trip, and what an honest shopper would answer when asked.

Kept apart from the readings.  Kinds of doubts and answers are plain words, those the cart's prompts use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

NS = 1_000_000_000
RECALLED_NS = 60 * NS  # what went in so long before a question is what it is about
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
    truth: TripTruth, t_ns: int, kind: str, options: Sequence[str], gtin: str | None = None
) -> str | None:
    """What an honest shopper answers at `t_ns` to a prompt of this kind about `gtin` (None: not said).

    Options are "code", "code*count", a bare count, "own" or "none"; the answer is one of them where one is right.
    Else it is the product's code, where the shopper can show it or look it up, the count where pieces are asked for,
    or "none".  None: there is nothing to answer.
    """
    if kind in _COUNTED:
        return _count(truth, t_ns, options, gtin)
    if kind == "choose removed":
        gone = [e for e in truth.events if e.kind == "removed" and e.t_ns <= t_ns and _stays_away(truth, e)]
        return _chosen(reversed(gone), options) or "none"
    if kind == "place item":
        inside = {e.gtin for e in contents(truth.events, t_ns)}
        later = any(e.kind == "placed" and e.gtin == gtin and e.t_ns > t_ns for e in truth.events)
        return None if gtin in inside and later else "none"
    if kind in _SEARCHED:
        recent = [e for e in contents(truth.events, t_ns) if t_ns - e.t_ns < RECALLED_NS]
        lately = _together(sorted(recent, key=lambda e: -e.t_ns))
        return _chosen(lately, options) or _named(lately, t_ns)
    return None


def _together(events: Sequence[Moved]) -> list[Moved]:
    """Pieces of one product that came in within seconds of each other as one, the latest first."""
    out: list[Moved] = []
    for moved in events:
        at = next((i for i, e in enumerate(out) if e.gtin == moved.gtin and e.t_ns - moved.t_ns < 6 * NS), None)
        if at is None or not moved.gtin:
            out.append(moved)
        else:
            out[at] = replace(out[at], count=out[at].count + moved.count)
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


def _named(recent: Sequence[Moved], t_ns: int) -> str:
    """What came in last, by its code, or "none" when nothing did lately."""
    if not recent or t_ns - recent[0].t_ns > 90 * NS:
        return "none"
    last = recent[0]
    return "own" if not last.gtin else last.gtin if last.count == 1 else f"{last.gtin}*{last.count}"


def _count(truth: TripTruth, t_ns: int, options: Sequence[str], gtin: str | None) -> str | None:
    """How many pieces came in, of the product asked about or the last one among the options."""
    codes = {gtin} if gtin else {o.partition("*")[0] for o in options}
    inside = [e for e in contents(truth.events, t_ns) if e.gtin in codes]
    if not inside:
        return "none"
    latest = inside[-1]
    together = sum(e.count for e in inside if e.gtin == latest.gtin and latest.t_ns - e.t_ns < 6 * NS)
    wanted = (f"{latest.gtin}*{together}", str(together), latest.gtin if together == 1 else "")
    return next((o for o in options if o in wanted), f"{latest.gtin}*{together}")

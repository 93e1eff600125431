"""What a replayed trip comes to, and how it is written: lines, prompts, audit flags, the odds of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aisle.cart.trip import Prompt, Trip, TripLine
from aisle.sensing.readings import HealthEntry
from aisle.store.model import Store


@dataclass(frozen=True, slots=True)
class CartOutcome:
    """A trip at its end, under the recording's name, with what was wrong with the recording or the cart."""

    name: str
    trip: Trip
    health: tuple[HealthEntry, ...] = ()


def outcome_as_json(outcome: CartOutcome, store: Store) -> dict[str, Any]:
    """The trip for programs: `lines` by product (pieces, or grams of goods sold by weight), `prompts`, `audit`."""
    trip = outcome.trip
    return {
        "trip": outcome.name,
        "lines": receipt_lines(trip, store),
        "prompts": [prompt_as_json(prompt, store) for prompt in trip.prompts],
        "audit": audit_flags(trip, store),
        "probability": round(trip.probability, 6),
        "health": [
            {"kind": e.kind, "where": e.where, "message": e.message, "t0_ns": e.t0_ns, "t1_ns": e.t1_ns}
            for e in outcome.health
        ],
    }


def receipt_lines(trip: Trip, store: Store) -> list[dict[str, Any]]:
    """What is in the basket, one entry a product, in the order in which they came."""
    pieces: dict[str, int] = {}
    grams: dict[str, int] = {}
    odds: dict[str, float] = {}
    for line in trip.lines:
        code = code_of(line.gtin, store)
        odds[code] = min(odds.get(code, 1.0), line.probability)
        if line.grams is not None or _by_weight(line, store):
            grams[code] = grams.get(code, 0) + (line.grams or 0)  # 0: nobody weighed it, and a flag says so
        else:
            pieces[code] = pieces.get(code, 0) + line.quantity
    out: list[dict[str, Any]] = []
    for code, p in odds.items():
        measure = {"grams": float(grams[code])} if code in grams else {"quantity": pieces[code]}
        out.append({"gtin": code, **measure, "probability": round(p, 6)})
    return out


def prompt_as_json(prompt: Prompt, store: Store) -> dict[str, Any]:
    """A prompt with its time, what it is about, and what could be chosen."""
    return {
        "t_ns": prompt.t_ns,
        "kind": prompt.kind.value,
        "gtin": code_of(prompt.gtin, store) if prompt.gtin else None,
        "options": [{"gtin": code_of(o.code, store), "quantity": o.quantity} for o in prompt.options],
        "grams": None if prompt.grams is None else round(prompt.grams, 1),
        "cleared_ns": prompt.cleared_ns,
        "detail": prompt.detail,
    }


def audit_flags(trip: Trip, store: Store) -> list[dict[str, Any]]:
    """What a person at the lane should look at, with the moment it is about."""
    flags: list[dict[str, Any]] = [
        {"t_ns": prompt.t_ns, "reason": prompt.kind.value, "gtin": code_of(prompt.gtin, store) if prompt.gtin else None}
        for prompt in trip.open_prompts
    ]
    flags += [{"t_ns": line.taken_at_ns, "reason": "by sight alone", "gtin": code_of(line.gtin, store)}
              for line in trip.lines if _by_sight(line)]  # fmt: skip
    flags += [{"t_ns": line.taken_at_ns, "reason": "not weighed", "gtin": code_of(line.gtin, store)}
              for line in trip.lines if line.grams is None and _by_weight(line, store)]  # fmt: skip
    flags += [{"t_ns": trip.t_ns, "reason": fault} for fault in trip.faults]
    flags += [{"t_ns": trip.t_ns, "reason": flag} for flag in sorted(trip.flags)]
    return flags


def code_of(gtin: str, store: Store) -> str:
    """The code a receipt shows: the PLU of loose produce filed under another code, else the product's own."""
    product = store.products.get(gtin)
    return product.plu if product is not None and product.plu and product.gtin.startswith("local-") else gtin


def _by_weight(line: TripLine, store: Store) -> bool:
    product = store.products.get(line.gtin)
    return product is not None and product.sold_by_weight


def _by_sight(line: TripLine) -> bool:
    return line.by_sight and line.probability < 0.99

"""The outcome of a replay as JSON: the contract other programs build on.

The same outcome always gives the same bytes: keys have one order, numbers are rounded once and here, text is ASCII.
`docs/replay.md` describes every key.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from aisle.commerce.receipts.json_out import receipt_json
from aisle.sensing.readings import HealthEntry
from aisle.walkout.outcome import Alternative, Event, Outcome, Receipt, Settled

PROBABILITY_DIGITS = 6
GRAMS_DIGITS = 2
_GRAMS = ("grams", "sigma_g", "weight_g")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_EARLIEST_US = (datetime.datetime.min.replace(tzinfo=datetime.UTC) - _EPOCH) // datetime.timedelta(microseconds=1)
_LATEST_US = (datetime.datetime.max.replace(tzinfo=datetime.UTC) - _EPOCH) // datetime.timedelta(microseconds=1)


def outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    """The outcome as plain dictionaries, lists, text and numbers.

    Probabilities are rounded to 6 digits, grams to 2; a number that is not finite becomes null.  Events stand in
    order of time, receipts in the order in which the replay gives them.  Keys of `outcome.extra` are added at the end
    and never replace one of the contract.
    """
    out: dict[str, Any] = {
        "recording": outcome.recording,
        "duration_s": _number(outcome.duration_s, 3),
        "complete": outcome.complete,
        "health": [_health(entry) for entry in outcome.health],
        "receipts": [_receipt(receipt) for receipt in outcome.receipts],
        "events": [_event(event) for event in in_time_order(outcome.events)],
    }
    if outcome.settled:
        out["settled"] = [_settled(settled) for settled in outcome.settled]
    for key in sorted(outcome.extra):
        out.setdefault(key, plain(outcome.extra[key], key))
    return out


def json_text(document: object) -> str:
    """JSON as `aisle replay` prints and writes it: one key a line, ASCII, no trailing newline."""
    return json.dumps(document, indent=1, ensure_ascii=True, allow_nan=False)


def iso_time(t_ns: int) -> str:
    """Nanoseconds since 1970 as UTC, "2026-01-01T09:30:00.250000Z"; times outside the calendar become its ends."""
    microseconds = min(max(t_ns // 1000, _EARLIEST_US), _LATEST_US)
    moment = _EPOCH + datetime.timedelta(microseconds=microseconds)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def in_time_order(events: tuple[Event, ...]) -> list[Event]:
    """Events by time, then by place."""
    return sorted(events, key=lambda e: (e.t_ns, e.gondola, e.shelf, e.plates, e.grams))


def plain(value: Any, key: str = "") -> Any:
    """Any nesting of containers, numbers and text as JSON knows it; `key` tells how a number is rounded."""
    if isinstance(value, Mapping):
        return {str(k): plain(v, str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v, key) for v in value]
    if isinstance(value, set | frozenset):
        return sorted((plain(v, key) for v in value), key=repr)
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist(), key)
    if isinstance(value, float):
        return _number(value, GRAMS_DIGITS if key in _GRAMS else PROBABILITY_DIGITS)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _number(value: float, digits: int) -> float | None:
    value = float(value)
    return round(value, digits) + 0.0 if math.isfinite(value) else None


def _health(entry: HealthEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "where": entry.where,
        "message": entry.message,
        "grave": bool(entry.grave),
        "t0": None if entry.t0_ns is None else iso_time(entry.t0_ns),
        "t1": None if entry.t1_ns is None else iso_time(entry.t1_ns),
        "gondola": entry.gondola,
        "shelf": entry.shelf,
        "plate": entry.plate,
    }


def _receipt(receipt: Receipt) -> dict[str, Any]:
    return {
        "shopper": receipt.shopper,
        "role": receipt.role,
        "lines": [
            {
                "gtin": line.gtin,
                "name": line.name,
                "quantity": int(line.quantity),
                "probability": _number(line.probability, PROBABILITY_DIGITS),
            }
            for line in receipt.lines
        ],
        "probability": _number(receipt.probability, PROBABILITY_DIGITS),
        "alternatives": [_alternative(rival) for rival in receipt.alternatives],
        "complete": receipt.complete,
        "faults": [entry.message for entry in receipt.faults],
        "tracks": list(receipt.tracks),
        "risk_minor": int(receipt.risk_minor),
        "question": plain(receipt.question),
        "seen": None if receipt.seen_ns is None else [iso_time(t_ns) for t_ns in receipt.seen_ns],
    }


def _settled(settled: Settled) -> dict[str, Any]:
    return {
        "shopper": settled.shopper,
        "visit_id": settled.visit_id,
        "state": settled.state,
        "asked": settled.reason or None,
        "receipt": json.loads(receipt_json(settled.receipt)),
    }


def _alternative(rival: Alternative) -> dict[str, Any]:
    return {
        "basket": {gtin: int(rival.basket[gtin]) for gtin in sorted(rival.basket)},
        "probability": _number(rival.probability, PROBABILITY_DIGITS),
    }


def _event(event: Event) -> dict[str, Any]:
    out = {
        "t": iso_time(event.t_ns),
        "gondola": int(event.gondola),
        "shelf": int(event.shelf),
        "plates": [int(plate) for plate in event.plates],
        "grams": _number(event.grams, GRAMS_DIGITS),
        "sigma_g": _number(event.sigma_g, GRAMS_DIGITS),
        "explanations": [plain(explanation) for explanation in event.explanations],
    }
    return out if event.clip is None else {**out, "clip": event.clip}

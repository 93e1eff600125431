"""What a replay yields: receipts with probabilities, the events behind them, sensor health.

`Outcome` is what `aisle replay --json` prints (see `json_out.outcome_as_json`)
and what `bench` scores.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from aisle.commerce.receipts.receipt import Receipt as PaidReceipt
from aisle.sensing.readings import HealthEntry


@dataclass(frozen=True, slots=True)
class Line:
    """One product on a receipt."""

    gtin: str
    name: str
    quantity: int
    probability: float  # P(the basket holds exactly this quantity of this product)


@dataclass(frozen=True, slots=True)
class Alternative:
    """A rival basket: gtin -> quantity, with its posterior probability."""

    basket: dict[str, int]
    probability: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """The most probable basket of one shopper, its rivals, and what may have been missed."""

    shopper: str
    role: Literal["customer", "staff"]
    lines: tuple[Line, ...]
    probability: float  # P(the whole basket is exactly this)
    alternatives: tuple[Alternative, ...] = ()
    complete: bool = True  # False: a sensor fault may have hidden something
    tracks: tuple[str, ...] = ()  # every track id linked to this shopper
    risk_minor: int = 0  # expected money at risk
    question: dict[str, Any] | None = None  # the question whose answer would help most
    faults: tuple[HealthEntry, ...] = ()  # why it is not complete
    seen_ns: tuple[int, int] | None = None  # first and last sighting

    @property
    def basket(self) -> dict[str, int]:
        return {line.gtin: line.quantity for line in self.lines}


@dataclass(frozen=True, slots=True)
class Event:
    """One weight change with its rival explanations, most probable first."""

    t_ns: int
    gondola: int
    shelf: int
    plates: tuple[int, ...]
    grams: float
    sigma_g: float
    explanations: tuple[dict[str, Any], ...] = ()  # "acts" (see `evidence.Told`), "why", "probability"
    clip: str | None = None  # the pictures of it, as a path in the folder of clips


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one shopper's receipt as money (`aisle replay --settle`, in the simulated payment provider).

    `reason` says why a person was asked, "" when nobody was; as nobody answers in a replay, only what is proven is
    charged then.
    """

    shopper: str
    visit_id: str
    state: str
    reason: str
    receipt: PaidReceipt


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that came of one recording; `complete` is False when any receipt is not, or the recording was cut short."""

    recording: str
    duration_s: float
    complete: bool
    health: tuple[HealthEntry, ...]
    receipts: tuple[Receipt, ...]
    events: tuple[Event, ...]
    extra: dict[str, Any] = field(default_factory=dict)
    t0_ns: int | None = None  # when the recording begins; times of day are shown where it is not known
    settled: tuple[Settled, ...] = ()

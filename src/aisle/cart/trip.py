"""A trip as it stands: the lines with their odds, what is asked, and where the shopper is between sign-in and receipt.

Frozen values, made anew by the session after each change: the screen, the lane, the audit and the journal read nothing
else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum


class Phase(StrEnum):
    """Where a trip is."""

    IDLE = "idle"  # nobody signed in
    SHOPPING = "shopping"
    PAYING = "paying"  # the shopper has said "pay", or rolls through the lane
    PAID = "paid"
    OUT_OF_SERVICE = "out of service"


class PromptKind(StrEnum):
    """What is asked or told, each in words of its own on the screen."""

    SCAN_ITEM = "scan item"  # something went in that nobody knows: please show it
    CHOOSE_ITEM = "choose item"  # something went in; which of `options` is it?
    PLACE_ITEM = "place item"  # scanned, and not in the basket
    CHECK_COUNT = "check count"  # more or fewer than were scanned
    OTHER_ITEM = "other item"  # what went in is not what was scanned
    CHOOSE_REMOVED = "choose removed"  # something left; which of `options`?
    ENTER_QUANTITY = "enter quantity"  # this product needs its number of pieces
    WEIGH_AGAIN = "weigh again"  # the weight could not be had: let the cart stand still
    CHOOSE_CONTAINER = "choose container"
    UNKNOWN_CODE = "unknown code"  # the code is none of this shop
    NOT_FOR_CART = "not for cart"  # this product is sold at the counter only
    CHECK_AGE = "check age"  # a person looks at the shopper's age at the lane
    REMOVE_TAG = "remove tag"  # a person takes the security tag off
    SCALE_FAULT = "scale fault"
    CAMERA_FAULT = "camera fault"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to a prompt: `code` is a GTIN or PLU, or one of "none", "own" (the shopper's own thing)."""

    code: str
    quantity: int = 1
    probability: float = 0.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """A calm question or word on the screen; nothing waits for it until the lane.

    `gtin` is the product it is about, where known; `options` what can be chosen, the likeliest first.  `cleared_ns` is
    when its cause went away or it was answered; None while it stands.
    """

    prompt_id: str
    kind: PromptKind
    t_ns: int
    gtin: str | None = None
    options: tuple[Choice, ...] = ()
    grams: float | None = None
    cleared_ns: int | None = None
    answer: str | None = None
    detail: str = ""
    about_ns: int = 0
    """When what it asks about happened; 0 where it is about no moment."""


@dataclass(frozen=True, slots=True)
class TripLine:
    """One product in the basket: pieces (`quantity`) or, for goods sold by weight, `grams` net of tare (quantity 1).

    `probability` is how sure the line is as it stands, `proven_quantity` how many pieces are proven.  `label_minor` is
    a price printed on the goods; `off_percent` what a clearance sticker takes off.
    """

    line_id: str
    gtin: str
    quantity: int
    probability: float
    taken_at_ns: int
    grams: int | None = None
    label_minor: int | None = None
    off_percent: Decimal | None = None
    proven_quantity: int | None = None
    by_sight: bool = False
    """Nobody scanned or typed it: the camera knew it."""


@dataclass(frozen=True, slots=True)
class Trip:
    """One trip at one moment.

    `probability` is that of the whole basket; `unexplained_g` the weight in the basket no line or own thing accounts
    for.  `prompts` are all of the trip, cleared ones too, oldest first.
    """

    trip_id: str
    cart_id: str
    phase: Phase
    started_ns: int
    t_ns: int
    lines: tuple[TripLine, ...] = ()
    prompts: tuple[Prompt, ...] = ()
    probability: float = 1.0
    unexplained_g: float = 0.0
    weight_g: float = 0.0
    coupons: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    """What is wrong with the cart's devices, in plain words."""
    flags: frozenset[str] = field(default_factory=frozenset)
    """"age", "tag", "verify" (products that need a person), "help" (the shopper asks for one)."""

    @property
    def open_prompts(self) -> tuple[Prompt, ...]:
        return tuple(prompt for prompt in self.prompts if prompt.cleared_ns is None)

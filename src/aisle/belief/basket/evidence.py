"""What a cart knows beside the weight: goods shown by code or typed, and what its camera thinks it saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Shown:
    """A product named by a code or the keypad at `t_ns`.

    `quantity` is what the shopper said (None: nothing); `leaves`: they said that it is taken out.  `grams` is a weight
    printed on the goods, `label_minor` a price, `off_percent` a clearance sticker's.  `tare_g` is the container chosen.
    `sight` holds nats for products the camera thinks this may be, against a thing nobody enrolled (empty: not seen).
    """

    number: int
    t_ns: int
    gtin: str
    quantity: int | None = None
    leaves: bool = False
    typed: bool = False
    grams: float | None = None
    label_minor: int | None = None
    off_percent: Decimal | None = None
    tare_g: float | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What the camera thinks of one showing, all its pictures together.

    `nats[gtin]` is the log likelihood ratio against a product nobody enrolled; products left out are no likelier than
    `rest`.
    """

    number: int
    t0_ns: int
    t1_ns: int
    nats: Mapping[str, float]
    rest: float = -4.0

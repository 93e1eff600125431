"""A moment of the shop: all that the picture shows, as plain data.

Whoever makes one (a replay, a running shop, a test) fills it in; `composition.compose` draws it and knows nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aisle.sensing.readings import HealthEntry
from aisle.store.model import FloatArray, Store
from aisle.vision.seen import Image

Place = Literal["in the store", "left", "staff"]


@dataclass(frozen=True, slots=True)
class CameraShot:
    """The newest picture of a camera; `t_ns` is when it was taken."""

    image: Image
    t_ns: int


@dataclass(frozen=True, slots=True)
class PersonThere:
    """Somebody on the floor now.  `number` counts people from 1 in order of appearance and gives the colour; points are
    metres in the floor frame, NaN where not seen; `tail_m` are earlier places, oldest first, the newest last."""

    number: int
    ident: str
    head_m: FloatArray  # (3,)
    wrists_m: FloatArray  # (2, 3): left, right
    tail_m: FloatArray  # (k, 2)
    staff: bool = False


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One product in a basket; `probability` that it is exactly this many of it."""

    name: str
    quantity: int
    price_minor: int  # of all of them, at the tag
    probability: float


@dataclass(frozen=True, slots=True)
class BasketNow:
    """The most probable basket of a shopper at this moment; `probability` that it is exactly this."""

    number: int
    ident: str
    place: Place
    lines: tuple[BasketLine, ...]
    probability: float

    @property
    def total_minor(self) -> int:
        return sum(line.price_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something taken or put back: the most probable explanation of a weight change, seen from the shopper who did it.

    `number` is that shopper's, None when nobody seen did it; `quantity` is positive for a take.
    """

    t_ns: int
    number: int | None
    name: str
    quantity: int
    probability: float
    gondola: int
    shelf: int
    plates: tuple[int, ...]


@dataclass(frozen=True)
class Moment:
    """The shop at `t_ns`, `since_s` seconds after the recording (or the day) began."""

    store: Store
    t_ns: int
    since_s: float
    shots: Mapping[str, CameraShot] = field(default_factory=dict)  # by camera_id; cameras without one show no picture
    people: tuple[PersonThere, ...] = ()
    baskets: tuple[BasketNow, ...] = ()
    happenings: tuple[Happening, ...] = ()  # newest last
    health: tuple[HealthEntry, ...] = ()  # what is wrong now, or was before
    source: Literal["live", "replay", "plan"] = "replay"
    title: str = ""  # the recording's name

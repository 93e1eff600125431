"""The readings of a cart's devices, and what a recording of one trip gives.

Times are integer nanoseconds since the Unix epoch on the cart's one clock: `t_ns` when it happened, `received_ns` when
the cart heard of it.  Pictures are `sensing.readings.FrameReading`s whose `camera` is `SCAN_CAMERA` or a basket
camera's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol, runtime_checkable

import msgspec

from aisle.sensing.readings import FrameReading, HealthEntry

SCAN_CAMERA = "scan"
"""The camera items are shown to; topic `/cart/camera/scan`."""

Tap = Literal[
    "start",  # null: the trip begins; the basket is empty and tared
    "plu",  # string: a look-up code typed, or a tile of loose produce touched
    "quantity",  # whole number: so many of the item just scanned or typed
    "remove",  # null: the next scan is of the item that leaves
    "own_bag",  # true ... false: what changes in between is the shopper's bag
    "personal_item",  # true ... false: what changes in between is the shopper's own
    "pay",  # null: the shopper is done
    "answer",  # {"prompt": id, "choice": text}: a prompt's question answered on the screen
    "container",  # string: the container the next goods lie in, by its name among the product's containers
    "help",  # null: a person is asked for
    "language",  # string: a language of the screen
    "large_text",  # true or false
]
TAPS: frozenset[str] = frozenset(Tap.__args__)  # type: ignore[attr-defined]


class ScaleReading(msgspec.Struct, frozen=True, gc=False):
    """One sample of the basket's load cell in grams, tared at the start of the trip; NaN where it was invalid."""

    t_ns: int
    received_ns: int
    grams: float


class MotionReading(msgspec.Struct, frozen=True, gc=False):
    """Whether the cart rolls, and the root mean square of its acceleration in m/s² over the last tenth of a second."""

    t_ns: int
    received_ns: int
    moving: bool
    accel_rms: float


class ScanReading(msgspec.Struct, frozen=True, gc=False):
    """A code read by the hand scanner; `symbology` is one of `store.barcodes.symbology.Symbology`'s names.

    `device` is "camera" where a program of the cart's own has read the code in pictures, and believes it.
    """

    t_ns: int
    received_ns: int
    code: str
    symbology: str
    device: str = "scanner"


class TapReading(msgspec.Struct, frozen=True, gc=False):
    """A touch on the cart's screen; `value` is what `Tap` says of its kind."""

    t_ns: int
    received_ns: int
    tap: str
    value: object = None


class LookReading(msgspec.Struct, frozen=True, gc=False):
    """What a recogniser of the cart's own says of the item before the camera, where it runs apart from the core.

    `nats[i]` is the log likelihood ratio of product `gtins[i]` against a product nobody enrolled; products not named
    are less likely than all that are.
    """

    t_ns: int
    received_ns: int
    gtins: tuple[str, ...]
    nats: tuple[float, ...]


CartReading = ScaleReading | MotionReading | ScanReading | TapReading | LookReading | FrameReading


@runtime_checkable
class CartTrip(Protocol):
    """One recorded trip: readings in order of receipt, and what was wrong with them.

    `network` is whether the shop's network was there.
    """

    name: str
    cart_id: str
    network: bool

    def readings(self) -> Iterator[CartReading]:
        """All readings in order of `received_ns`; what is wrong with the source goes to `health`."""

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        """What was found wrong while opening and (so far) reading the source."""

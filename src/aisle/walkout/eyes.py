"""What a session wants of eyes: pictures in, people and testimony out; and the eyes every store has.

Live shops and replays use the same eyes, so that a recording of a live shop gives the receipts the shop gave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from typing import TYPE_CHECKING, Protocol

from aisle.sensing.readings import FrameReading, HealthEntry, TrackReading
from aisle.store.model import Store
from aisle.vision.evidence import Evidence
from aisle.vision.seen import Image, PeopleSeen
from aisle.vision.tracking.people import FloorPeople

if TYPE_CHECKING:
    from aisle.walkout.sight import Sight


class Glimpse(Protocol):
    """What came of some pictures: who is where, and what else they testify.

    `frames` are the pictures that were looked at, with their JPEG where somebody wants clips; `people` is what was seen
    in each, by camera, `floor` everybody as known by then.
    """

    @property
    def reading(self) -> TrackReading: ...

    @property
    def evidence(self) -> Iterable[Evidence]: ...

    @property
    def frames(self) -> Mapping[str, FrameReading]: ...

    @property
    def people(self) -> Mapping[str, PeopleSeen]: ...

    @property
    def floor(self) -> FloorPeople: ...


class Eyes(Protocol):
    """Pictures in, people out; `walkout.sight.Sight` is one."""

    def see(self, frame: FrameReading, image: Image | None = None) -> Iterable[Glimpse]:
        """Take one frame, with its picture where somebody decoded it already; gives what is known by it."""

    def tick(self, now_ns: int) -> None:
        """Time passes by the clock that stamps frames: cameras that are silent are noticed."""

    def finish(self) -> Iterable[Glimpse]:
        """What was still waiting for pictures that did not come."""

    @property
    def health(self) -> tuple[HealthEntry, ...]: ...


def shop_eyes(store: Store, jobs: int = 2) -> Sight:
    """The store's own eyes: the shipped networks and the floor tracker, `jobs` threads decoding pictures.

    Raises ModelFileError when a network is missing or damaged.
    """
    from aisle.vision.detectors.shopper import ShopperDetector, open_network
    from aisle.vision.pose.wrists import CloseLook, WristFinder
    from aisle.walkout.sight import Sight

    numbers = count(1)
    detector = CloseLook(ShopperDetector(open_network()), WristFinder())
    return Sight(store, detector, lambda: f"shopper-{next(numbers)}", jobs=jobs)

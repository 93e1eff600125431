"""What devices say: the reading types every source produces and every consumer takes.

Times are integer nanoseconds since the Unix epoch.  `t_ns` is when the device
says it happened (event time), `received_ns` when we heard of it.  Arrays are
read-only by convention.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import msgspec
import numpy as np
import numpy.typing as npt

from aisle.store.model import Store

Float32 = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]
"""A picture decoded: (height, width, 3), blue-green-red as OpenCV has it."""

HEAVIEST_G = 1e6  # no plate carries a tonne: such a sample is a fault of transmission


class PlateReading(msgspec.Struct, frozen=True, gc=False):
    """One batch of samples of the plates of one gondola.

    `grams[i, s, p]` is sample i of plate p+1 on shelf s+1 (0-based axes, 1-based
    names), NaN where there is no such plate or the sample was lost or invalid.
    Sample i was taken at t_ns + i / hz.
    """

    device: str
    t_ns: int
    received_ns: int
    gondola: int
    hz: float
    grams: Float32  # (samples, shelves, plates)


class TrackReading(msgspec.Struct, frozen=True, gc=False):
    """One frame of the people tracker: who is where.

    k people; points are metres in the floor frame, NaN where not seen.
    `wrists_m[:, 0]` is the left, `[:, 1]` the right wrist.  `holding` is the probability that the hand holds
    something, `wrist_sigma_m` the standard deviation of the wrist's place per axis: NaN where not known, None from
    trackers that never know.
    """

    device: str
    t_ns: int
    received_ns: int
    ids: tuple[str, ...]
    heads_m: Float32  # (k, 3)
    head_scores: Float32  # (k,)
    wrists_m: Float32  # (k, 2, 3)
    wrist_scores: Float32  # (k, 2)
    holding: Float32 | None = None  # (k, 2)
    wrist_sigma_m: Float32 | None = None  # (k, 2)


class FrameReading(msgspec.Struct, frozen=True, gc=False):
    """One picture of a camera, compressed as JPEG (baseline, as every camera and viewer speaks it).

    `camera` is the store's `Camera.camera_id`; the picture has that camera's `size_px`.  `t_ns` is the middle of
    the exposure.
    """

    device: str
    t_ns: int
    received_ns: int
    camera: str
    jpeg: bytes


Reading = PlateReading | TrackReading | FrameReading


@dataclass(frozen=True, slots=True)
class HealthEntry:
    """Something wrong with a sensor or a recording, as first-class output.

    `t0_ns`/`t1_ns` bound the time affected; `where` names device and place
    ("gondola 3, shelf 2, plate 7", "plate_data.bson at byte 1234").
    `grave` means receipts of shoppers present then cannot be called complete.
    """

    kind: Literal[
        "gap",
        "saturated",
        "stuck",
        "dead",
        "clock-jump",
        "duplicate",
        "late",
        "invalid-sample",
        "unknown-plate",
        "missing-collection",
        "truncated",
        "corrupt",
        "no-weight",
        "unknown-product",
        "frozen",
        "dark",
        "covered",
        "moved",
        "frame-loss",
        "clip-loss",
    ]
    where: str
    message: str
    t0_ns: int | None = None
    t1_ns: int | None = None
    grave: bool = False
    gondola: int | None = None
    shelf: int | None = None
    plate: int | None = None
    camera: str | None = None


@runtime_checkable
class Recording(Protocol):
    """A recorded stretch of shop life: the store as known then, and readings in order of receipt."""

    name: str
    store: Store

    def readings(self) -> Iterator[Reading]:
        """All readings in order of `received_ns`; what is wrong with the source goes to `health`."""

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        """What was found wrong while opening and (so far) reading the source."""

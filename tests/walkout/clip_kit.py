"""A small shop whose eyes are told what they see, for tests of clips: pictures with detail to lose, and one shopper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from aisle.belief.draft import Act
from aisle.belief.events import EventRecord
from aisle.sensing.readings import FrameReading, TrackReading
from aisle.store.geometry import look_at, project
from aisle.store.model import Camera, Facing, Product, Shelf, Store
from aisle.vision.evidence import Evidence
from aisle.vision.seen import Image, PeopleSeen
from aisle.vision.tracking.people import FloorPeople, track_reading

NS = 1_000_000_000
T0 = 1_767_258_000 * NS  # 2026-01-01 09:00 UTC
SIZE = (160, 90)
SHELVES = tuple(Shelf(1, k, (0.0, 0.0, 0.4 * k), 0.0, 0.4, (0.0, 0.5, 1.0, 1.5, 2.0)) for k in (1, 2, 3))
MIDDLE = (1.0, 0.0, 1.0)


def camera(name: str, at: tuple[float, float, float]) -> Camera:
    return Camera(name, "", SIZE, (100.0, 100.0), (79.5, 44.5), at, look_at(at, MIDDLE))


CAMERAS = (
    camera("left", (-1.2, -1.8, 2.4)),
    camera("right", (3.0, -1.9, 2.4)),
    camera("far", (1.0, -16.0, 2.8)),
    camera("behind", (1.0, 2.0, 2.4)),
)
STORE = Store(
    "corner",
    "EUR",
    "UTC",
    {"milk": Product("milk", "Milk", 1000.0)},
    SHELVES,
    (Facing("milk", 1, 2, 0.0, 2.0, (1, 2, 3, 4)),),
    cameras=CAMERAS,
)


def at(s: float) -> int:
    return T0 + round(s * NS)


def chequered(size: tuple[int, int] = SIZE) -> Image:
    y, x = np.mgrid[: size[1], : size[0]]
    return np.repeat((((x // 2 + y // 2) % 2) * 255).astype(np.uint8)[:, :, None], 3, axis=2)


def jpeg(image: Image) -> bytes:
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1])


PICTURE = jpeg(chequered())


def detail(image: Image) -> np.ndarray:
    """How much each pixel differs from its right-hand neighbour."""
    return np.abs(np.diff(image[:, :, 0].astype(np.float64), axis=1))


@dataclass(frozen=True)
class Glimpse:
    """What eyes make of a moment."""

    reading: TrackReading
    evidence: tuple[Evidence, ...]
    frames: Mapping[str, FrameReading]
    people: Mapping[str, PeopleSeen]
    floor: FloorPeople


def on_floor(t_ns: int, *heads_m: tuple[float, float, float]) -> FloorPeople:
    n, heads = len(heads_m), np.array(heads_m, dtype=np.float64).reshape(-1, 3)
    points, none = np.full((n, 2), np.nan), np.zeros(n)
    cov, wrists, there = np.zeros((n, 2, 2)), np.full((n, 2, 3), np.nan), np.ones(n, dtype=bool)
    ids, still = tuple(f"p{k}" for k in range(n)), np.zeros((n, 2))
    return FloorPeople(
        t_ns, ids, heads[:, :2], cov, still, heads, none + 1, wrists, points, still, points, none, none, none, there
    )


def seen_by(camera: Camera, *heads_m: tuple[float, float, float]) -> PeopleSeen:
    if not heads_m:
        return PeopleSeen.nobody()
    heads = project(camera, np.array(heads_m))
    boxes = np.hstack([heads - np.array([6.0, 4.0]), heads + np.array([6.0, 40.0])])
    people = PeopleSeen.boxed(boxes, np.full(len(heads), 0.9))
    return replace(people, heads_px=heads, head_sigma_px=np.ones(len(heads)))


def glimpse(
    s: float,
    *heads_m: tuple[float, float, float],
    of: tuple[Camera, ...] = CAMERAS,
    missed: tuple[str, ...] = (),
    picture: bytes = PICTURE,
) -> Glimpse:
    """Everybody at second `s`, in pictures of the cameras `of`; those `missed` find nobody in theirs."""
    floor = on_floor(at(s), *heads_m)
    frames = {c.camera_id: FrameReading("nvr", at(s), at(s), c.camera_id, picture) for c in of}
    people = {c.camera_id: seen_by(c, *(() if c.camera_id in missed else heads_m)) for c in of}
    return Glimpse(track_reading(floor, "eyes", at(s)), (), frames, people, floor)


def change(
    event: int = 0, t0_s: float = 5.0, t1_s: float = 6.0, shelf: int = 1, plates: tuple[int, ...] = (2,), p: float = 0.9
) -> EventRecord:
    act = Act("p0", -1, "milk", 1, "facing")
    return EventRecord(event, shelf, plates, at(t0_s), at(t1_s), -1000.0, 1.0, [((act,), "", p), ((), "", 1 - p)])


def contents(folder: Path) -> dict[str, bytes]:
    """Every file in a folder, by its path there."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

"""A hand-written stand-in for detectors: people on known ways through a room, seen exactly or not at all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from aisle.store.geometry import look_at, project
from aisle.store.model import Camera
from aisle.vision.seen import PeopleSeen

FloatArray = npt.NDArray[np.float64]
STEP_NS = 100_000_000
ROOM = ((0.0, 0.0), (8.0, 0.0), (8.0, 6.0), (0.0, 6.0))
DOOR = (1.0, 0.3)


def camera(name: str, x: float, y: float, distortion: tuple[float, ...] = (-0.1, 0.01, 0.0, 0.0)) -> Camera:
    place = (x, y, 2.7)
    return Camera(
        name, "", (640, 360), (330.0, 330.0), (319.5, 179.5), place, look_at(place, (4.0, 3.0, 0.6)), distortion
    )


def corners() -> tuple[Camera, ...]:
    return (camera("sw", 0.1, 0.1), camera("ne", 7.9, 5.9), camera("se", 7.9, 0.1))


def numbers() -> Callable[[], str]:
    count = itertools.count()
    return lambda: f"p{next(count)}"


def seen_by(
    eye: Camera,
    places_m: FloatArray,
    heights_m: FloatArray,
    looks: FloatArray | None = None,
    wrists_m: FloatArray | None = None,
) -> PeopleSeen:
    """People standing at `places_m` (n, 2) with the middle of the head at `heights_m` (n,), wrists (n, 2, 3)."""
    n = len(places_m)
    if n == 0:
        return PeopleSeen.nobody(0 if looks is None else looks.shape[1])
    heads = project(eye, np.column_stack([places_m, heights_m]))
    feet = project(eye, np.column_stack([places_m, np.zeros(n)]))
    low, high = np.minimum(heads, feet) - 20.0, np.maximum(heads, feet) + 20.0
    hands = np.full((n, 2, 2), np.nan)
    if wrists_m is not None:
        hands = project(eye, wrists_m.reshape(-1, 3)).reshape(n, 2, 2)
    return PeopleSeen(
        np.concatenate([low, high], axis=1),
        np.full(n, 0.9),
        heads,
        np.full(n, 2.0),
        feet,
        np.full(n, 4.0),
        hands,
        np.full((n, 2), np.nan),
        np.where(np.isfinite(hands[..., 0]), 0.8, 0.0),
        np.where(np.isfinite(hands[..., 0]), 0.9, np.nan),
        np.zeros((n, 0)) if looks is None else looks,
    )


def line(a: tuple[float, float], b: tuple[float, float], slots: int) -> FloatArray:
    """Places (slots, 2) on the straight way from a to b."""
    return np.linspace(a, b, slots)


def slots(
    cameras: Sequence[Camera], ways: Sequence[FloatArray], heights_m: Sequence[float], looks: FloatArray | None = None
) -> list[tuple[int, dict[str, PeopleSeen]]]:
    """Every slot's time and detections of people on `ways`, (slots, 2) each; NaN places are not there."""
    out = []
    for i in range(len(ways[0])):
        here = np.array([way[i] for way in ways])
        there = np.isfinite(here[:, 0])
        shown = None if looks is None else looks[there]
        tall = np.asarray(heights_m)[there]
        out.append((i * STEP_NS, {c.camera_id: seen_by(c, here[there], tall, shown) for c in cameras}))
    return out

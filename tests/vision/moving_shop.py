"""A camera's moving pictures of a made-up shop: shelves, people walking by, sensor noise, and what can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from aisle.vision.seen import Image

SIZE = (320, 180)
BORDER = 60  # the painted shop is larger than the picture by this on every side
FPS = 5
NS = 1_000_000_000
T0 = 1_600_000_000 * NS
GRAIN = np.random.default_rng(0).normal(0.0, 1.0, (SIZE[1], SIZE[0], 1)).astype(np.float32)


def painted(seed: int = 1) -> Image:
    """A wall of shelves with packages on both sides of an aisle."""
    rng = np.random.default_rng(seed)
    width, height = SIZE[0] + 2 * BORDER, SIZE[1] + 2 * BORDER
    wall = np.full((height, width, 3), (150, 155, 160), np.uint8)
    for y in range(10, height, 30):
        cv2.rectangle(wall, (0, y + 22), (width, y + 25), (90, 90, 95), -1)
        x = 5
        while x < width:
            wide = int(rng.integers(8, 17))
            if not 170 < x < 240:
                paint_package(wall, (x, y + int(rng.integers(0, 6))), (x + wide, y + 22), rng)
            x += wide + 2
    return wall


def paint_package(wall: Image, corner: tuple[int, int], other: tuple[int, int], rng: np.random.Generator) -> None:
    colours = [tuple(int(v) for v in rng.integers(30, 230, 3)) for _ in range(2)]
    middle = (corner[1] + other[1]) // 2
    cv2.rectangle(wall, corner, other, colours[0], -1)
    cv2.rectangle(wall, (corner[0] + 2, middle - 2), (other[0] - 2, middle + 3), colours[1], -1)


@dataclass(frozen=True)
class Moment:
    """One picture of the camera; what a fault or an innocent happening may change.

    `shift_px` is where the camera looks now, `people` are (x of the feet, width in pixels).
    """

    wall: Image
    shift_px: tuple[float, float] = (0.0, 0.0)
    turn_deg: float = 0.0
    gain: float = 1.0
    people: tuple[tuple[float, float], ...] = ()
    noise: float = 2.0


def picture(moment: Moment, rng: np.random.Generator) -> Image:
    width, height = SIZE
    centre = (width / 2 + BORDER, height / 2 + BORDER)
    way = cv2.getRotationMatrix2D(centre, moment.turn_deg, 1.0)
    way[:, 2] -= np.add((BORDER, BORDER), moment.shift_px)
    view = cv2.warpAffine(moment.wall, way, SIZE, flags=cv2.INTER_LINEAR).astype(np.float32)
    for x, wide in moment.people:
        top, left, right = int(height * 0.15), round(x - wide / 2), round(x + wide / 2)
        cv2.ellipse(
            view, (round(x), top), (max(2, round(wide / 4)), max(3, round(wide / 3))), 0, 0, 360, (90, 120, 180), -1
        )
        cv2.rectangle(view, (left, top + round(wide / 3)), (right, height), (60, 40, 50 + int(x) % 60), -1)
        cv2.line(view, (round(x), top + 20), (round(x + wide / 3), height // 2), (40, 80, 90), 4)
    view *= moment.gain
    view += moment.noise * np.roll(GRAIN, int(rng.integers(GRAIN.size)))
    return np.clip(view, 0, 255).astype(np.uint8)


AGAIN: Literal["again"] = "again"
Happening = Callable[[Moment, float], Moment | Literal["again"] | None]
"""What the camera sees at a moment, seconds after it began; None: no picture comes; AGAIN: the last one comes again."""


def film(
    happening: Happening, seconds: float = 7.0, before_s: float = 3.5, seed: int = 3
) -> Iterator[tuple[int, Image | None]]:
    """(t_ns, picture) at FPS: as it should be, then with the happening; the moment it begins is T0."""
    rng = np.random.default_rng(seed)
    wall = painted()
    last: Image | None = None
    for k in range(round((before_s + seconds) * FPS)):
        since_s = k / FPS - before_s
        walker = ((60.0 + 25.0 * (since_s % 8.0), 26.0),)  # somebody is always about
        moment: Moment | Literal["again"] | None = Moment(wall, people=walker)
        if since_s >= 0:
            moment = happening(Moment(wall, people=walker), since_s)
        if isinstance(moment, Moment):
            last = picture(moment, rng)
        yield T0 + round(since_s * NS), None if moment is None else last

"""A pen over a NumPy picture: anti-aliased shapes, see-through fills, and text in OpenCV's built-in typeface.

Coordinates are floats in design units, multiplied by the canvas' scale, so that one layout serves every size.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from aisle.vision.seen import Image
from aisle.walkout.view.theme import BODY, TEXT, Colour

Points = npt.NDArray[np.float64] | Sequence[tuple[float, float]]
Align = Literal["left", "middle", "right"]
_SHIFT = 4  # OpenCV takes coordinates in sixteenths of a pixel
_CAP = 0.36  # of the type size, from the middle of a capital to its foot


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in design units."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> tuple[float, float]:
        return (self.x + self.width / 2, self.y + self.height / 2)

    def inset(self, by: float) -> Rect:
        return Rect(self.x + by, self.y + by, self.width - 2 * by, self.height - 2 * by)


@cache
def _face() -> Any:
    """OpenCV's built-in typeface (from OpenCV 5 on): a variable sans with Latin, Greek and Cyrillic."""
    return cv2.FontFace("sans")


class Canvas:
    """A picture to draw on; `inside` gives the same canvas confined to a rectangle."""

    def __init__(self, size: tuple[float, float], ground: Colour, scale: float = 1.0) -> None:
        self.scale = scale
        width, height = (round(side * scale) for side in size)
        self.image: Image = np.empty((height, width, 3), dtype=np.uint8)
        self.image[:] = ground
        self._origin = (0, 0)

    @classmethod
    def over(cls, image: Image, scale: float = 1.0) -> Canvas:
        """A canvas that draws into `image` itself."""
        out = cls.__new__(cls)
        out.scale, out.image, out._origin = scale, image, (0, 0)
        return out

    def inside(self, rect: Rect) -> Canvas:
        """Same picture, same coordinates, but nothing is drawn outside the rectangle."""
        x0, y0, x1, y1 = self._bounds(rect.x, rect.y, rect.right, rect.bottom)
        out = Canvas.over(self.image[y0:y1, x0:x1], self.scale)
        out._origin = (self._origin[0] + x0, self._origin[1] + y0)
        return out

    def fill(self, rect: Rect, colour: Colour, radius: float = 0.0, alpha: float = 1.0) -> None:
        """A filled rectangle with round corners."""
        self.polygon(_round_rect(rect, radius), colour, alpha)

    def frame(self, rect: Rect, colour: Colour, radius: float = 0.0, width: float = 1.0, alpha: float = 1.0) -> None:
        """A rectangle's outline."""
        self.line(_round_rect(rect, radius), colour, width, alpha, closed=True)

    def polygon(self, points: Points, colour: Colour, alpha: float = 1.0) -> None:
        """A filled polygon."""
        at = self._at(points)
        self._draw(at, 1.0, colour, alpha, lambda image, p, c: cv2.fillPoly(image, [p], c, cv2.LINE_AA, _SHIFT))

    def line(
        self, points: Points, colour: Colour, width: float = 1.0, alpha: float = 1.0, *, closed: bool = False
    ) -> None:
        """A line through the points; pieces with NaN are left out.  Less than a pixel wide means fainter."""
        at = self._at(points)
        thick = width * self.scale
        alpha *= min(1.0, thick)

        def draw(image: Image, p: npt.NDArray[np.int32], c: Any) -> None:
            cv2.polylines(image, [p], closed, c, max(1, round(thick)), cv2.LINE_AA, _SHIFT)

        for piece in _pieces(at):
            self._draw(piece, thick, colour, alpha, draw)

    def dashes(self, points: Points, colour: Colour, width: float = 1.0, dash: float = 6.0) -> None:
        """A dashed line."""
        corners = np.asarray(points, dtype=np.float64)
        for a, b in itertools.pairwise(corners):
            length = float(np.linalg.norm(b - a))
            for k in range(math.ceil(length / (2 * dash))):
                t = np.array([[2 * k * dash], [min((2 * k + 1) * dash, length)]]) / max(length, 1e-9)
                self.line(a + t * (b - a), colour, width)

    def disc(self, centre: tuple[float, float], radius: float, colour: Colour, alpha: float = 1.0) -> None:
        """A filled circle."""
        self._round(centre, colour, alpha, lambda far, r: r + 0.5 - far, radius, 0.0)

    def ring(
        self, centre: tuple[float, float], radius: float, colour: Colour, width: float = 1.5, alpha: float = 1.0
    ) -> None:
        """A circle's outline."""
        half = max(width * self.scale, 1.0) / 2
        self._round(centre, colour, alpha, lambda far, r: half + 0.5 - np.abs(far - r), radius, half)

    def _round(
        self,
        centre: tuple[float, float],
        colour: Colour,
        alpha: float,
        covered: Callable[[npt.NDArray[np.float64], float], npt.NDArray[np.float64]],
        radius: float,
        margin: float,
    ) -> None:
        """Blend by how much of each pixel is covered, from its distance to the centre: round at every size."""
        x, y = self._at([centre])[0]
        size = radius * self.scale
        if not math.isfinite(x + y) or abs(x) + abs(y) > 1e6:
            return
        height, width = self.image.shape[:2]
        out = size + margin + 2
        x0, x1 = max(0, math.floor(x - out)), min(width, math.ceil(x + out) + 1)
        y0, y1 = max(0, math.floor(y - out)), min(height, math.ceil(y + out) + 1)
        if x1 <= x0 or y1 <= y0:
            return
        far = np.hypot(np.arange(x0, x1)[None, :] - x, np.arange(y0, y1)[:, None] - y)
        mask = np.round(np.clip(covered(far, size), 0.0, 1.0) * 255).astype(np.uint8)
        part = self.image[y0:y1, x0:x1]
        _blend(part, np.broadcast_to(np.array(colour, dtype=np.uint8), part.shape), mask, alpha)

    def text(
        self,
        at: tuple[float, float],
        text: str,
        colour: Colour,
        size: float = BODY,
        weight: int = TEXT,
        align: Align = "left",
        room: float | None = None,
    ) -> float:
        """One line of text, its capitals centred on `at`'s height; cut with an ellipsis to `room`.  Gives its width."""
        if room is not None:
            text = self.cut(text, room, size, weight)
        width = self.width_of(text, size, weight)
        x = at[0] - {"left": 0.0, "middle": 0.5, "right": 1.0}[align] * width
        foot = (round(x * self.scale) - self._origin[0], round((at[1] + _CAP * size) * self.scale) - self._origin[1])
        if self.image.size:
            cv2.putText(self.image, text, foot, colour, _face(), round(size * self.scale), weight)
        return width

    def width_of(self, text: str, size: float = BODY, weight: int = TEXT) -> float:
        """How wide the text is, in design units."""
        return _width_px(text, round(size * self.scale), weight) / self.scale

    def cut(self, text: str, room: float, size: float = BODY, weight: int = TEXT) -> str:
        """The text, or as much of its beginning as has room, with an ellipsis."""
        if self.width_of(text, size, weight) <= room:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.width_of(text[:middle].rstrip() + "…", size, weight) <= room:
                low = middle
            else:
                high = middle - 1
        return text[:low].rstrip() + "…"

    def chip(
        self,
        at: tuple[float, float],
        text: str,
        colour: Colour,
        fill: Colour,
        *,
        align: Align = "left",
        alpha: float = 1.0,
        dot: Colour | None = None,
    ) -> float:
        """A small label on a filled ground, its left (or right) edge middle at `at`; gives its width."""
        size, pad, high = 13, 8.0, 24.0
        marked = 12.0 if dot else 0.0
        width = self.width_of(text, size, 500) + 2 * pad + marked
        x = at[0] - {"left": 0.0, "middle": 0.5, "right": 1.0}[align] * width
        self.fill(Rect(x, at[1] - high / 2, width, high), fill, 6.0, alpha)
        if dot:
            self.disc((x + pad + 3.0, at[1]), 3.5, dot)
        self.text((x + pad + marked, at[1]), text, colour, size, 500)
        return width

    def picture(self, image: Image, rect: Rect, radius: float = 0.0) -> None:
        """A picture scaled to the rectangle, with round corners."""
        x0, y0, x1, y1 = self._bounds(rect.x, rect.y, rect.right, rect.bottom)
        if x1 <= x0 or y1 <= y0:
            return
        shrinks = image.shape[1] > x1 - x0
        fitted = cv2.resize(image, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        mask = np.zeros(fitted.shape[:2], dtype=np.uint8)
        outline = np.asarray(_round_rect(Rect(0, 0, x1 - x0 - 1, y1 - y0 - 1), radius * self.scale)) * (1 << _SHIFT)
        cv2.fillPoly(mask, [np.round(outline).astype(np.int32)], (255,), cv2.LINE_AA, _SHIFT)
        _blend(self.image[y0:y1, x0:x1], np.asarray(fitted, dtype=np.uint8), mask, 1.0)

    def _at(self, points: Points) -> npt.NDArray[np.float64]:
        """Design units -> pixels of this canvas, pixel middles at whole numbers."""
        return np.asarray(points, dtype=np.float64).reshape(-1, 2) * self.scale - self._origin - 0.5

    def _bounds(self, x0: float, y0: float, x1: float, y1: float) -> tuple[int, int, int, int]:
        height, width = self.image.shape[:2]
        ox, oy = self._origin
        left, top = round(x0 * self.scale) - ox, round(y0 * self.scale) - oy
        right, bottom = round(x1 * self.scale) - ox, round(y1 * self.scale) - oy
        return (
            min(max(left, 0), width),
            min(max(top, 0), height),
            min(max(right, 0), width),
            min(max(bottom, 0), height),
        )

    def _draw(
        self,
        at: npt.NDArray[np.float64],
        thick: float,
        colour: Colour,
        alpha: float,
        draw: Callable[[Image, npt.NDArray[np.int32], Any], object],
    ) -> None:
        """Draw straight into the picture when opaque, through a mask over the shape's bounds otherwise."""
        height, width = self.image.shape[:2]
        if not len(at) or not np.isfinite(at).all() or alpha <= 0 or not self.image.size:
            return
        margin = thick / 2 + 2
        low = np.maximum(np.floor(at.min(axis=0) - margin), 0).astype(int)
        high = np.minimum(np.ceil(at.max(axis=0) + margin) + 1, (width, height)).astype(int)
        if np.any(high <= low):
            return
        at = np.clip(at, -30_000, 30_000)
        if alpha >= 1:
            draw(self.image, np.round(at * (1 << _SHIFT)).astype(np.int32), colour)
            return
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), dtype=np.uint8)
        draw(mask, np.round((at - low) * (1 << _SHIFT)).astype(np.int32), (255,))
        part = self.image[low[1] : high[1], low[0] : high[0]]
        _blend(part, np.broadcast_to(np.array(colour, dtype=np.uint8), part.shape), mask, alpha)


def circle(centre: tuple[float, float], radius: float, sides: int = 40) -> npt.NDArray[np.float64]:
    """(sides, 2) points of a circle."""
    turn = np.linspace(0.0, 2 * math.pi, sides, endpoint=False)
    return np.asarray(centre) + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _round_rect(rect: Rect, radius: float) -> npt.NDArray[np.float64]:
    radius = min(radius, rect.width / 2, rect.height / 2)
    corners = np.array([[rect.x, rect.y], [rect.right, rect.y], [rect.right, rect.bottom], [rect.x, rect.bottom]])
    if radius <= 0:
        return corners
    out = []
    for k, corner in enumerate(corners):
        inward = np.where(corner < np.asarray(rect.middle), radius, -radius)
        turn = np.linspace(math.pi + k * math.pi / 2, 1.5 * math.pi + k * math.pi / 2, 9)
        out.append(corner + inward + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1))
    return np.concatenate(out)


def _pieces(at: npt.NDArray[np.float64]) -> list[npt.NDArray[np.float64]]:
    """The runs of points without NaN, of two points or more."""
    sound = np.isfinite(at).all(axis=1)
    if sound.all():
        return [at] if len(at) > 1 else []
    cuts = np.flatnonzero(~sound)
    runs = np.split(at, cuts)
    return [run for run in (r[np.isfinite(r).all(axis=1)] for r in runs) if len(run) > 1]


def _blend(part: Image, colour: Image, mask: npt.NDArray[np.uint8], alpha: float) -> None:
    weight = mask.astype(np.float32)[:, :, None] * (alpha / 255.0)
    part[:] = np.round(part + (colour.astype(np.float32) - part) * weight).astype(np.uint8)


@cache
def _width_px(text: str, size_px: int, weight: int) -> int:
    if not text:
        return 0
    _, _, width, _ = cv2.getTextSize((1 << 14, 1 << 10), text, (0, 0), _face(), size_px, weight)
    return int(width)

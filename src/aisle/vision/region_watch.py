"""Waits until nobody reaches into a region of shelf any more, and then says what changed there.

A region is a quadrilateral in a camera's picture: a facing, a shelf, a table.  It is settled when nothing has moved in
it for a while, nobody's box covers it, and nothing new hangs in from its border: arms do, goods do not.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from aisle.vision.seen import FloatArray, Image
from aisle.vision.shelf_change import (
    Comparing,
    Kind,
    brought,
    compared,
    differing,
    lit_as,
    to_picture,
)

NS = 1_000_000_000
Corners = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Settling:
    """When a region counts as left alone; seconds, grey levels, shares of the region."""

    still_s: float = 0.5
    moving: float = 10.0  # grey levels between two pictures that are movement
    moving_share: float = 0.002  # of the region's pixels that may move without meaning anything
    patience_s: float = 12.0  # what hangs in from the border for so long belongs there
    pictures: int = 5  # settled pictures averaged into one
    covered: float = 0.02  # of the region that boxes of people may cover


@dataclass(frozen=True, slots=True)
class FacingChange:
    """Something came, went or moved in a region between two settled moments.

    `box_px` (4,) in the camera's picture; `probability` that it is this kind, given that something changed.
    """

    t0_ns: int
    t1_ns: int
    region: str
    kind: Kind
    box_px: FloatArray
    probability: float


class RegionWatch:
    """Watches one region; fed with the camera's pictures in order of time.

    `corners` are its upper left, upper right, lower right, lower left corner in the picture's pixels, `size_px` the
    width and height it is brought to.  `open_sides` are those an arm may come in by: any of "left", "top", "right",
    "bottom".  Raises ValueError for corners that span nothing.
    """

    def __init__(
        self,
        region: str,
        corners: Corners,
        size_px: tuple[int, int],
        *,
        open_sides: Sequence[str] = ("top",),
        settling: Settling | None = None,
        comparing: Comparing | None = None,
    ) -> None:
        quad = np.array(corners, dtype=np.float32)
        if quad.shape != (4, 2) or abs(float(cv2.contourArea(quad))) < 16.0:
            raise ValueError(f"region {region!r}: found corners {list(corners)}, must be four that span an area")
        width, height = size_px
        flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float32)
        self.region = region
        self._quad = quad
        # A picture much larger than the region is shrunk first: cut out by itself it would flicker with every edge.
        self._shrink = max(1.0, math.sqrt(abs(float(cv2.contourArea(quad))) / (width * height)))
        self._to_region = cv2.getPerspectiveTransform(quad / np.float32(self._shrink), flat)
        self._back = np.asarray(np.linalg.inv(cv2.getPerspectiveTransform(quad, flat)), dtype=np.float64)
        self._size = size_px
        self._open = tuple(open_sides)
        self._settling, self._comparing = settling or Settling(), comparing or Comparing()
        self._before: Image | None = None
        self._before_ns = 0
        self._last: Image | None = None
        self._quiet_since: int | None = None
        self._hanging_since: int | None = None
        self._recent: deque[Image] = deque(maxlen=self._settling.pictures)

    def update(self, t_ns: int, image: Image, people_px: FloatArray | None = None) -> tuple[FacingChange, ...]:
        """Take in a picture (with people's boxes (n, 4), where known); the changes found at this moment."""
        strip = self._cut(image)
        still = self._still(strip) and not self._covered(people_px)
        self._last = strip
        if not still:
            self._quiet_since = None
            self._recent.clear()
            return ()
        self._quiet_since = t_ns if self._quiet_since is None else self._quiet_since
        self._recent.append(strip)
        if t_ns - self._quiet_since < self._settling.still_s * NS:
            return ()
        now = np.asarray(np.mean(np.stack(self._recent), axis=0).round(), dtype=np.uint8)
        if self._before is None:
            self._before, self._before_ns = now, t_ns
            return ()
        if self._hangs_in(t_ns, self._before, now):
            return ()
        changes = compared(self._before, now, self._comparing)
        found = tuple(
            FacingChange(
                self._before_ns, t_ns, self.region, c.kind, to_picture(c.box, self._back), round(c.probability, 6)
            )
            for c in changes
        )
        self._before, self._before_ns = now, t_ns
        return found

    def _cut(self, image: Image) -> Image:
        """The region, brought to its size."""
        if self._shrink > 1.25:
            smaller = (round(image.shape[1] / self._shrink), round(image.shape[0] / self._shrink))
            image = np.asarray(cv2.resize(image, smaller, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        return np.asarray(cv2.warpPerspective(image, self._to_region, self._size, flags=cv2.INTER_LINEAR), np.uint8)

    def _still(self, strip: Image) -> bool:
        if self._last is None:
            return False
        moved = cv2.absdiff(strip, self._last).max(axis=2) > self._settling.moving
        return float(moved.mean()) <= self._settling.moving_share

    def _covered(self, people_px: FloatArray | None) -> bool:
        """Whether somebody's box covers a part of the region that matters."""
        if people_px is None or not len(people_px):
            return False
        area = abs(float(cv2.contourArea(self._quad)))
        for x0, y0, x1, y1 in people_px.astype(np.float32):
            box = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], dtype=np.float32)
            shared, _ = cv2.intersectConvexConvex(self._quad, box)
            if shared > self._settling.covered * area:
                return True
        return False

    def _hangs_in(self, t_ns: int, before: Image, now: Image) -> bool:
        """Whether something new comes in from an open side, as arms do; after a while it is taken to belong there."""
        lit = lit_as(before, brought(before, now, self._comparing.jiggle_px))
        if not _touches(differing(before, lit, self._comparing), self._open, self._comparing.least_area):
            self._hanging_since = None
            return False
        self._hanging_since = t_ns if self._hanging_since is None else self._hanging_since
        return t_ns - self._hanging_since < self._settling.patience_s * NS


def _touches(changed: npt.NDArray[np.uint8], sides: Sequence[str], least: float) -> bool:
    """Whether a blob of some size touches one of the sides."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(changed, connectivity=8)
    height, width = changed.shape
    for x, y, w, h, area in stats[1:count].tolist():
        at = {"left": x <= 1, "top": y <= 1, "right": x + w >= width - 1, "bottom": y + h >= height - 1}
        if area >= least * changed.size and any(at[side] for side in sides):
            return True
    return False

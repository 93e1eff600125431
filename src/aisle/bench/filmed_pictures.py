"""Pictures of a shop that runs: one that is always new while it does, and in the end its best moment and a film."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from aisle.vision.seen import Image
from aisle.walkout.view.composition import compose
from aisle.walkout.view.files import write_moving, write_still
from aisle.walkout.view.moment import Moment, PersonThere

WIDTH_PX, STILL_WIDTH_PX = 960, 1920
REFRESH_S = 2.0
"""Of the shop's time, between two pictures of it while it runs."""
MOST_BYTES = 3_000_000
QUALITIES = (60, 40, 25)
REACHING_M = 0.42
"""A hand so far from the head is stretched out."""


class ShopPictures:
    """Takes moments in order of time, `fps` of them a second; `finish` writes what they come to."""

    def __init__(
        self, folder: Path, fps: float, width_px: int = WIDTH_PX, still_width_px: int = STILL_WIDTH_PX
    ) -> None:
        self.still, self.film = folder / "shop.png", folder / "shop.webp"
        self._fps, self._width_px, self._still_width_px = fps, width_px, still_width_px
        self._jpegs: list[bytes] = []  # all of them as pictures would fill the memory of a small machine
        self._best: tuple[float, Moment] | None = None
        self._fresh_ns = 0

    def take(self, moment: Moment) -> None:
        """Draw a moment, and write it where somebody may be looking.  Raises OSError when it cannot be written."""
        image = compose(moment, self._width_px)
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])
        assert done
        self._jpegs.append(data.tobytes())
        worth = liveliness(moment)
        if self._best is None or worth > self._best[0]:
            self._best = (worth, moment)
        if moment.t_ns - self._fresh_ns >= REFRESH_S * 1e9:
            self._fresh_ns = moment.t_ns
            write_still(image, self.still)

    def finish(self) -> tuple[Path, ...]:
        """Write the liveliest moment and the film, as sharp as `MOST_BYTES` allow; gives their paths."""
        if self._best is None:
            return ()
        write_still(compose(self._best[1], self._still_width_px), self.still)
        images = [_decoded(data) for data in self._jpegs]
        for quality in QUALITIES:
            write_moving(images, self.film, self._fps, quality)
            if self.film.stat().st_size <= MOST_BYTES:
                break
        return self.still, self.film


def liveliness(moment: Moment) -> float:
    """How much there is to see: people in the store, hands stretched out, things in baskets."""
    people = [p for p in moment.people if not p.staff]
    there = {p.number for p in people}
    things = sum(line.quantity for b in moment.baskets if b.number in there for line in b.lines)
    return 2.0 * len(people) + sum(_reaches(p) for p in people) + 0.25 * min(things, 12)


def _reaches(person: PersonThere) -> bool:
    away = np.linalg.norm(person.wrists_m[:, :2] - person.head_m[:2], axis=1)
    return bool(np.any(away > REACHING_M))


def _decoded(data: bytes) -> Image:
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.uint8)

"""What a detector saw of people in one picture: the arrays every detector gives and every tracker takes.

Pixels are (x right, y down) in the full picture, (0, 0) being the centre of the upper left pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from aisle.sensing.readings import Float32 as Float32
from aisle.sensing.readings import Image as Image
from aisle.store.model import FloatArray as FloatArray

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


def expect_picture(image: Image, name: str = "picture") -> None:
    """ValueError, saying `name`, for what is no colour picture of at least one pixel."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or 0 in image.shape:
        raise ValueError(f"{name}: found {image.dtype} {image.shape}, must be uint8 (height, width, 3), not empty")


def widened(boxes_px: FloatArray, margins_px: FloatArray | float) -> FloatArray:
    """Boxes (n, 4) larger on every side by so much: one margin, or one a box (n, 1), or one a box and axis (n, 2)."""
    margins = np.broadcast_to(np.asarray(margins_px, dtype=np.float64), (len(boxes_px), 2))
    return np.concatenate([boxes_px[:, :2] - margins, boxes_px[:, 2:] + margins], axis=1)


@dataclass(frozen=True, slots=True)
class PeopleSeen:
    """n people in one picture, as parallel arrays; NaN where a point was not seen.

    `heads_px` is the middle of the head, `feet_px` the point on the floor under the middle of the body (guessed where
    it is hidden), `hands_px` the wrists in no order.  `*_sigma_px` are standard deviations per axis.  `holding` is the
    probability that the hand holds something, NaN where the detector cannot say.  `looks` are unit vectors that are
    near for pictures of the same person, (n, 0) when the detector gives none, a row NaN where it cannot say.
    """

    boxes_px: FloatArray  # (n, 4): x0, y0, x1, y1
    scores: FloatArray  # (n,) probability that this is a person of the shop
    heads_px: FloatArray  # (n, 2)
    head_sigma_px: FloatArray  # (n,)
    feet_px: FloatArray  # (n, 2)
    feet_sigma_px: FloatArray  # (n,)
    hands_px: FloatArray  # (n, 2, 2)
    hand_sigma_px: FloatArray  # (n, 2)
    hand_scores: FloatArray  # (n, 2)
    holding: FloatArray  # (n, 2)
    looks: FloatArray  # (n, d)

    def __post_init__(self) -> None:
        n = len(self.scores)
        for name, shape in (
            ("boxes_px", (n, 4)),
            ("heads_px", (n, 2)),
            ("head_sigma_px", (n,)),
            ("feet_px", (n, 2)),
            ("feet_sigma_px", (n,)),
            ("hands_px", (n, 2, 2)),
            ("hand_sigma_px", (n, 2)),
            ("hand_scores", (n, 2)),
            ("holding", (n, 2)),
        ):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}; {n} people need {shape}")
        if self.looks.ndim != 2 or len(self.looks) != n:
            raise ValueError(f"looks has shape {self.looks.shape}; {n} people need ({n}, d)")

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, which: Flags | Indices) -> PeopleSeen:
        return PeopleSeen(*(getattr(self, name)[which] for name in self.__slots__))

    @classmethod
    def nobody(cls, looks: int = 0) -> PeopleSeen:
        return cls.boxed(np.zeros((0, 4)), np.zeros(0), looks=np.zeros((0, looks)))

    @classmethod
    def boxed(cls, boxes_px: FloatArray, scores: FloatArray, looks: FloatArray | None = None) -> PeopleSeen:
        """People of whom only the box is known: feet are taken to be in the middle of its lower edge."""
        n = len(scores)
        size = boxes_px[:, 2:] - boxes_px[:, :2]
        feet = np.stack([boxes_px[:, [0, 2]].mean(axis=1), boxes_px[:, 3]], axis=1) if n else np.zeros((0, 2))
        return cls(
            boxes_px,
            scores,
            np.full((n, 2), np.nan),
            np.full(n, np.nan),
            feet,
            np.maximum(2.0, 0.08 * size.max(axis=1, initial=0.0)),
            np.full((n, 2, 2), np.nan),
            np.full((n, 2), np.nan),
            np.zeros((n, 2)),
            np.full((n, 2), np.nan),
            np.zeros((n, 0)) if looks is None else looks,
        )


class PeopleDetector(Protocol):
    """Finds people in pictures, several at a time."""

    def detect(self, images: Sequence[Image], backgrounds: Sequence[Image | None]) -> list[PeopleSeen]:
        """One answer per picture; `backgrounds[i]` is picture i without people, where it is known."""

"""How well a detector of people does on labelled pictures: found, invented, and how far off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from aisle.learning.picture_set import LabelledPerson
from aisle.vision.detectors.objects import overlaps
from aisle.vision.seen import PeopleSeen

CLEAR, UNCUT = 0.75, 0.02
"""A person of whom this share can be seen, and of whom the frame cuts off no more than that, is clear."""


@dataclass(slots=True)
class ShopperScores:
    """Counts over pictures; the rates are properties."""

    clear: int = 0
    clear_found: int = 0
    visible: int = 0
    visible_found: int = 0
    invented: int = 0
    pictures: int = 0
    hands: int = 0
    hands_found: int = 0
    hands_told: int = 0
    hands_right: int = 0
    holding_right: int = 0
    head_px: list[float] = field(default_factory=list)
    feet_px: list[float] = field(default_factory=list)
    hand_px: list[float] = field(default_factory=list)

    def add(self, people: Iterable[LabelledPerson], seen: PeopleSeen, least_visible: float = 0.2) -> None:
        """Count one picture.  Of whom less than `least_visible` is seen, neither finding nor missing counts."""
        self.pictures += 1
        known = list(people)
        matched = _matched(known, seen)
        for i, person in enumerate(known):
            j = matched.get(i)
            if person.visible >= least_visible:
                self.visible += 1
                self.visible_found += j is not None
            if person.visible >= CLEAR and person.cut <= UNCUT:
                self.clear += 1
                self.clear_found += j is not None
            self._hands(person, seen, j)
            if j is not None:
                self.head_px.append(float(np.hypot(*(seen.heads_px[j] - person.head))))
                self.feet_px.append(float(np.hypot(*(seen.feet_px[j] - person.feet))))
        self.invented += len(seen) - len(matched)

    def _hands(self, person: LabelledPerson, seen: PeopleSeen, j: int | None) -> None:
        self.hands += sum(person.wrists_visible)
        if j is None:
            return
        reach = 0.07 * float(np.hypot(person.box[2] - person.box[0], person.box[3] - person.box[1])) + 3.0
        there = [k for k in (0, 1) if np.isfinite(seen.hands_px[j, k, 0])]
        self.hands_told += len(there)
        far = np.hypot(*(seen.hands_px[j][there][:, None] - np.array(person.wrists)[None]).transpose(2, 0, 1))
        for a, b in zip(*linear_sum_assignment(np.minimum(far, 1e3)), strict=True):
            if far[a, b] > reach:
                continue
            self.hands_right += 1
            if person.wrists_visible[b]:
                self.hands_found += 1
                self.hand_px.append(float(far[a, b]))
                self.holding_right += (seen.holding[j, there[a]] > 0.5) == (person.holding[b] is not None)

    @property
    def rates(self) -> dict[str, float]:
        """Shares from 0 to 1, and medians in pixels."""
        return {
            "clear people found": self.clear_found / max(1, self.clear),
            "visible people found": self.visible_found / max(1, self.visible),
            "people invented per picture": self.invented / max(1, self.pictures),
            "visible hands found": self.hands_found / max(1, self.hands),
            "hands told that are right": self.hands_right / max(1, self.hands_told),
            "holding told right": self.holding_right / max(1, self.hands_found),
            "head off, median px": _median(self.head_px),
            "feet off, median px": _median(self.feet_px),
            "hand off, median px": _median(self.hand_px),
        }


def _matched(people: list[LabelledPerson], seen: PeopleSeen) -> dict[int, int]:
    """Person -> detection: boxes that overlap by 0.4, or heads within a tenth of the body."""
    if not people or not len(seen):
        return {}
    boxes = np.array([p.box for p in people])
    heads = np.array([p.head for p in people])
    far = np.hypot(*(heads[:, None] - seen.heads_px[None]).transpose(2, 0, 1))
    size = np.hypot(*(boxes[:, 2:] - boxes[:, :2]).T)[:, None]
    near = np.nan_to_num(far, nan=1e6) < 0.12 * size + 2.0
    good = np.where(near, 2.0 - far / (size + 1.0), 0.0) + overlaps(boxes, seen.boxes_px)
    pairs = linear_sum_assignment(-good)
    return {int(a): int(b) for a, b in zip(*pairs, strict=True) if near[a, b] or good[a, b] >= 0.4}


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else float("nan")

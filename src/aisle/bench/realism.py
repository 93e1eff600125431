"""The part `realism` of the suite `vision`: do drawn shoppers pass for people, and does our own detector find them?

A detector trained on photographs (YOLOX on COCO, under AISLE_DATA) looks at drawn pictures it has never seen: if it
misses many clear shoppers, the drawings are not good enough to learn from.  Beside it stands our own detector on the
same pictures, from straight above too, where the other is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisle.bench.claims import Row, judged
from aisle.bench.intervals import wilson
from aisle.simulation.pictures.frame_truth import PersonSeen
from aisle.simulation.pictures.picture_sets import Shot, shop_shots
from aisle.vision.detectors.objects import overlaps
from aisle.vision.detectors.shopper import ShopperDetector, open_network
from aisle.vision.detectors.yolox import YoloX, YoloXPeople
from aisle.vision.seen import PeopleDetector, PeopleSeen

SHOPS, SEED = 4, 9101
CLEAR_FOUND, VISIBLE_FOUND = 0.97, 0.92
OBLIQUE = ("corner", "aisle")
LEAST_PIXELS = 0.004  # of the picture: who shows less is too far away to count
CLEAR, UNCUT, LEAST_VISIBLE = 0.9, 0.02, 0.2
OVERLAP = 0.4
THEIR_LEAST = 0.3  # confidence of the COCO detector


@dataclass(slots=True)
class Count:
    """People there and found; boxes told of nobody."""

    clear: int = 0
    clear_found: int = 0
    visible: int = 0
    visible_found: int = 0
    invented: int = 0
    pictures: int = 0

    def add(self, people: Sequence[PersonSeen], seen: PeopleSeen, least_pixels: float) -> None:
        """Count one picture: a person is found by a box that overlaps theirs by 0.4."""
        boxes = np.array([p.box for p in people], dtype=np.float64).reshape(-1, 4)
        shared = overlaps(boxes, seen.boxes_px)
        for person, hit in zip(people, np.asarray((shared > OVERLAP).any(axis=1)), strict=True):
            if person.pixels < least_pixels or person.visible < LEAST_VISIBLE:
                continue
            self.visible += 1
            self.visible_found += bool(hit)
            if person.visible >= CLEAR and person.cut <= UNCUT:
                self.clear += 1
                self.clear_found += bool(hit)
        self.invented += int((shared.max(axis=0, initial=0.0) < 0.1).sum())
        self.pictures += 1


def judge_realism(data: Path | None, tell: Callable[[float], None], shops: int = SHOPS, seed: int = SEED) -> list[Row]:
    """Draw `shops` random shops and let both detectors look; without `data` only our own."""
    own = ShopperDetector(open_network())
    theirs = YoloXPeople(YoloX(data / "models" / "yolox-nano-416.onnx"), THEIR_LEAST) if data is not None else None
    counts = {name: {True: Count(), False: Count()} for name in ("own", "theirs")}
    for shop in range(shops):
        for shot in shop_shots(shop, seed):
            oblique = shot.view in OBLIQUE
            if not oblique and shot.view != "down":
                continue
            _add(counts["own"][oblique], own, shot, shot.background)
            if theirs is not None:
                _add(counts["theirs"][oblique], theirs, shot, None)
        tell((shop + 1) / shops)
    rows = []
    if theirs is not None:
        there = counts["theirs"][True]
        on = f"YOLOX-nano on {there.pictures} drawn pictures, oblique"
        rows += [_row("clear, uncut people found", on, there.clear_found, there.clear, CLEAR_FOUND)]
        rows += [_row("visible people found", on, there.visible_found, there.visible, VISIBLE_FOUND)]
        above = counts["theirs"][False]
        rows += [_row("clear, uncut people found", "YOLOX-nano, straight down", above.clear_found, above.clear, None)]
        rows += [judged("people invented a picture", on, there.invented / max(1, there.pictures), side="most")]
    for name, view in (("oblique", True), ("straight down", False)):
        mine = counts["own"][view]
        on = f"own detector on {mine.pictures} drawn pictures, {name}"
        rows += [
            _row("clear, uncut people found", on, mine.clear_found, mine.clear, None),
            _row("visible people found", on, mine.visible_found, mine.visible, None),
            judged("people invented a picture", on, mine.invented / max(1, mine.pictures), side="most"),
        ]
    return rows


def _add(count: Count, detector: PeopleDetector, shot: Shot, background: np.ndarray | None) -> None:
    height, width = shot.image.shape[:2]
    seen = detector.detect([shot.image], [background])[0]
    count.add(shot.truth.people, seen, LEAST_PIXELS * height * width)


def _row(name: str, on: str, found: int, there: int, reach: float | None) -> Row:
    return judged(name, on, found / max(1, there), reach=reach, interval=wilson(found, max(1, there)), counted=there)

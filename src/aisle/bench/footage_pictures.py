"""Draws what was found on the real footage, for eyes: changes among the bottles, people in the shop's cameras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from aisle.vision.region_watch import FacingChange
from aisle.vision.seen import Image
from aisle.vision.watch.shop import ShopWatch, Sighting

COLOURS = {"gone": (40, 40, 220), "new": (60, 170, 40), "moved": (200, 140, 30)}  # blue, green, red
TILE_PX = (320, 180)
EVERY = 12  # frames between two annotated pictures of the shop
JPEG = [int(cv2.IMWRITE_JPEG_QUALITY), 80]


def save_changes(path: Path, shown: Sequence[tuple[int, Image, tuple[FacingChange, ...]]]) -> None:
    """One sheet of the pictures in which a change was told, with boxes, kinds and probabilities."""
    tiles = []
    for frame, picture, changes in shown:
        tile = picture.copy()
        for change in changes:
            x0, y0, x1, y1 = (int(v) for v in change.box_px)
            colour = COLOURS[change.kind]
            cv2.rectangle(tile, (x0, y0), (x1, y1), colour, 3)
            _write(tile, f"{change.kind} {change.probability:.2f}", (x0 + 4, y0 - 8), colour)
        _write(tile, f"frame {frame}", (20, 40), (60, 60, 60))
        tiles.append(tile)
    _save(path, tiles, 4)


def save_sightings(
    folder: Path,
    pictures: Mapping[str, Sequence[Image]],
    told: Sequence[Mapping[str, tuple[Sighting, ...]]],
    watch: ShopWatch,
) -> None:
    """One sheet a camera; a box is thick where a detector saw the body, its text says who it is and how surely."""
    for camera, film in pictures.items():
        tiles = []
        for frame in range(0, len(told), EVERY):
            tile = film[frame].copy()
            for one in told[frame][camera]:
                x0, y0, x1, y1 = (int(v) for v in one.box_px)
                who = watch.identity_of(one.track_id)
                cv2.rectangle(tile, (x0, y0), (x1, y1), (60, 170, 40), 4 if one.whole else 2)
                text = "?" if who is None else f"{who.number} {who.probability:.2f}"
                _write(tile, text, (max(4, x0), min(350, max(24, y1 - 8))), (60, 60, 230))
            _write(tile, f"{frame}", (500, 340), (60, 60, 230))
            tiles.append(tile)
        _save(folder / f"camera-{camera}.jpg", tiles, 6)


def _write(picture: Image, text: str, at: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 5, cv2.LINE_AA)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.8, colour, 2, cv2.LINE_AA)


def _save(path: Path, tiles: Sequence[Image], columns: int) -> None:
    if not tiles:
        return
    small = [cv2.resize(tile, TILE_PX, interpolation=cv2.INTER_AREA) for tile in tiles]
    small += [np.full_like(small[0], 255)] * (-len(small) % columns)
    rows = [np.hstack(small[k : k + columns]) for k in range(0, len(small), columns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack(rows), JPEG)

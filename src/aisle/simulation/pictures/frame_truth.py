"""What a picture really shows: people with their points and how much of them is to be seen, and items, pixel by pixel.

Read off the rendered `ids` and depth and the poses behind them; nothing is guessed from the colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.scene import (
    BAG,
    BODY,
    FIRST_ITEM,
    FIRST_PERSON,
    HEAD,
    LEFT_HAND,
    RIGHT_HAND,
    Figure,
    Picture,
)
from aisle.simulation.pictures.staging import Actor, Staged
from aisle.store.geometry import project, rotation_matrix
from aisle.store.model import Camera, FloatArray

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in pixels, the last two exclusive."""
PARTS = {"body": BODY, "head": HEAD, "left_hand": LEFT_HAND, "right_hand": RIGHT_HAND, "bag": BAG}
WRIST_DEPTH_M = 0.09
"""A wrist is seen when what the picture shows there is no nearer than this before it: half a wrist and its sleeve."""


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """One person in one picture (pixels, metres in the floor frame).

    `box` is what shows, `whole` the frame's part of what would show if nothing stood before.  `visible` is the share
    of the person's outline in the picture that shows, `cut` the share outside the frame, `parts` the share of
    each part that shows of all of it.  `wrists_visible` goes by depth.  `holding` is the GTIN in that hand.
    """

    person: int
    box: Box
    whole: Box
    pixels: int
    visible: float
    cut: float
    parts: dict[str, float]
    head_px: tuple[float, float]
    feet_px: tuple[float, float]
    wrists_px: tuple[tuple[float, float], tuple[float, float]]
    wrists_visible: tuple[bool, bool]
    holding: tuple[str | None, str | None]
    feet_m: tuple[float, float]
    head_m: tuple[float, float, float]
    wrists_m: tuple[tuple[float, float, float], tuple[float, float, float]]

    def as_json(self) -> dict[str, Any]:
        """Plain values, rounded to what a camera could tell."""
        return {
            "person": self.person,
            "box": list(self.box),
            "whole": list(self.whole),
            "pixels": self.pixels,
            "visible": round(self.visible, 3),
            "cut": round(self.cut, 3),
            "parts": {name: round(share, 3) for name, share in self.parts.items()},
            "head": _rounded(self.head_px, 1),
            "feet": _rounded(self.feet_px, 1),
            "wrists": [_rounded(w, 1) for w in self.wrists_px],
            "wrists_visible": list(self.wrists_visible),
            "holding": list(self.holding),
            "feet_m": _rounded(self.feet_m, 3),
            "head_m": _rounded(self.head_m, 3),
            "wrists_m": [_rounded(w, 3) for w in self.wrists_m],
        }


@dataclass(frozen=True, slots=True)
class ItemSeen:
    """One item of which at least one pixel shows."""

    item: int
    box: Box
    pixels: int


@dataclass(frozen=True, slots=True)
class FrameTruth:
    """All that one picture shows of people, and where asked of items."""

    people: tuple[PersonSeen, ...]
    items: tuple[ItemSeen, ...] = ()


def frame_truth(camera: Camera, staged: Staged, picture: Picture, *, items: bool = False) -> FrameTruth:
    """The truth of `picture`, taken by `camera` of the moment `staged`; people of whom no pixel shows are left out."""
    people = []
    if staged.actors:
        slots = (picture.ids.astype(np.int32) - FIRST_PERSON) // 8
        slots[(picture.ids < FIRST_PERSON) | (picture.ids >= FIRST_ITEM)] = -1
        for actor in staged.actors:
            seen = _person(camera, actor, picture, slots)
            if seen is not None:
                people.append(seen)
    return FrameTruth(tuple(people), items_seen(picture.ids) if items else ())


def items_seen(ids: npt.NDArray[np.uint32], least_px: int = 1) -> tuple[ItemSeen, ...]:
    """Boxes of all items of which at least `least_px` pixels show, by ident."""
    ys, xs = np.nonzero(ids >= FIRST_ITEM)
    if not len(ys):
        return ()
    which, index = np.unique(ids[ys, xs], return_inverse=True)
    counts = np.bincount(index)
    edges = []
    for values in (xs, ys):
        low, high = np.full(len(which), 1 << 30), np.full(len(which), -1)
        np.minimum.at(low, index, values)
        np.maximum.at(high, index, values)
        edges.append((low, high + 1))
    (x0, x1), (y0, y1) = edges
    return tuple(
        ItemSeen(int(which[k]) - FIRST_ITEM, (int(x0[k]), int(y0[k]), int(x1[k]), int(y1[k])), int(counts[k]))
        for k in range(len(which))
        if counts[k] >= least_px
    )


def _person(camera: Camera, actor: Actor, picture: Picture, slots: npt.NDArray[np.int32]) -> PersonSeen | None:
    mine = slots == actor.slot
    rows = np.flatnonzero(mine.any(axis=1))
    if not len(rows):
        return None
    columns = np.flatnonzero(mine[rows[0] : rows[-1] + 1].any(axis=0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    pixels = int(np.count_nonzero(mine[box[1] : box[3], box[0] : box[2]]))
    outline = _outline(camera, actor.posed.figure, mine)
    whole = _united(box, outline.box)
    points = np.array([actor.posed.head_m, (*actor.posed.feet_m[:2], 0.0), *actor.posed.wrists_m], dtype=np.float64)
    head, feet, left, right = ((float(x), float(y)) for x, y in project(camera, points))
    seen = [wrist_visible(camera, points[2 + hand], picture) for hand in (0, 1)]
    item = [thing.product.gtin if thing is not None else None for thing in actor.held]
    return PersonSeen(
        person=actor.person,
        box=box,
        whole=whole,
        pixels=pixels,
        visible=outline.visible,
        cut=outline.cut,
        parts=outline.parts,
        head_px=head,
        feet_px=feet,
        wrists_px=(left, right),
        wrists_visible=(seen[0], seen[1]),
        holding=(item[0], item[1]),
        feet_m=(float(points[1, 0]), float(points[1, 1])),
        head_m=_triple(points[0]),
        wrists_m=(_triple(points[2]), _triple(points[3])),
    )


def wrist_visible(camera: Camera, wrist_m: FloatArray, picture: Picture) -> bool:
    """Whether the picture shows the wrist: nothing at its pixel or the four beside it is clearly nearer."""
    (x, y), far = project(camera, wrist_m[None])[0], _depths(camera, wrist_m[None])[0]
    if not np.isfinite(x + y) or far <= 0:
        return False
    height, width = picture.depth_m.shape
    u, v = round(float(x)), round(float(y))
    if not (0 <= u < width and 0 <= v < height):
        return False
    around = picture.depth_m[max(0, v - 1) : v + 2, max(0, u - 1) : u + 2]
    return bool((around > far - WRIST_DEPTH_M).mean() >= 0.5)


@dataclass(frozen=True, slots=True)
class _Outline:
    visible: float
    cut: float
    parts: dict[str, float]
    box: Box | None


def _outline(camera: Camera, figure: Figure, mine: npt.NDArray[np.bool_]) -> _Outline:
    """How much of a figure shows: its front-facing triangles, each counted by the area it has in the picture.

    Where an arm covers its own trunk the pixel is still the person's, so that covering oneself hides nothing.
    """
    points = figure.points_m.astype(np.float64)
    eye = np.asarray(camera.position_m)
    depth = _depths(camera, points)
    pixels = project(camera, points)
    a, b, c = (pixels[figure.triangles[:, k]] for k in range(3))
    area = 0.5 * np.abs((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0]))
    normal = figure.normals[figure.triangles[:, 0]]
    front = (normal * (eye - points[figure.triangles[:, 0]])).sum(axis=1) > 0
    good = front & np.isfinite(area) & (depth[figure.triangles].min(axis=1) > 0.05)
    if not good.any():
        return _Outline(0.0, 1.0, dict.fromkeys(PARTS, 0.0), None)
    middle, weight = (a[good] + b[good] + c[good]) / 3.0, area[good]
    part = figure.part[figure.triangles[good, 0]]
    height, width = mine.shape
    u, v = np.round(middle[:, 0]).astype(int), np.round(middle[:, 1]).astype(int)
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    shows = np.zeros(len(u), dtype=bool)
    shows[inside] = mine[v[inside], u[inside]]
    total, within = float(weight.sum()), float(weight[inside].sum())
    shares = {}
    for name, number in PARTS.items():
        of_part = weight[part == number]
        shares[name] = float(weight[(part == number) & shows].sum() / of_part.sum()) if of_part.sum() > 0 else 0.0
    if within <= 0:
        return _Outline(0.0, 1.0, shares, None)
    seen = pixels[np.isfinite(pixels).all(axis=1) & (depth > 0.05)]
    low = np.clip(np.floor(seen.min(axis=0) + 0.5), 0, (width, height)).astype(int)
    high = np.clip(np.floor(seen.max(axis=0) + 1.5), 0, (width, height)).astype(int)
    whole = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
    return _Outline(min(1.0, float(weight[shows].sum()) / within), 1.0 - within / total, shares, whole)


def _depths(camera: Camera, points_m: FloatArray) -> FloatArray:
    """Metres along the optical axis (n,)."""
    forward = rotation_matrix(camera.rotation_vector)[2]
    return np.asarray((points_m - np.asarray(camera.position_m)) @ forward)


def _united(box: Box, other: Box | None) -> Box:
    if other is None or other[2] <= other[0] or other[3] <= other[1]:
        return box
    return (min(box[0], other[0]), min(box[1], other[1]), max(box[2], other[2]), max(box[3], other[3]))


def _triple(point: FloatArray) -> tuple[float, float, float]:
    return (float(point[0]), float(point[1]), float(point[2]))


def _rounded(values: Sequence[float], digits: int) -> list[float | None]:
    """Rounded, None for what has no place in the picture (behind the camera)."""
    return [round(v, digits) if np.isfinite(v) else None for v in values]

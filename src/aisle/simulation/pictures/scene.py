"""A moment of the shop as things to draw: what both renderers take.

Lengths are metres in the floor frame (x, y on the floor, z up); colours are linear RGB from 0 to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from aisle.store.model import Camera

Float32 = npt.NDArray[np.float32]
Shape = Literal["box", "can", "bottle", "bag"]
FIRST_ITEM = 1000
"""`ids` of goods are this plus `Item.ident`."""
FIRST_PERSON = 8
"""`ids` of person j (0-based) are this plus 8 j plus the part of the body."""
BODY, HEAD, LEFT_HAND, RIGHT_HAND, BAG = range(5)
"""Parts of a body, as they are told apart in `ids`."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One placed copy of a unit shape: `matrix` (4, 4) takes the shape's unit box (x, y in +-0.5, z in 0..1) to the
    floor frame; `label` is its layer in the texture array (-1: plain `tint`).  `ident` is what `Picture.ids` show (0:
    the building); a `tint` above 1 glows by what it is above."""

    shape: Shape
    label: int
    matrix: Float32
    ident: int
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """A person posed: a closed triangle mesh in the floor frame.

    `rest_m` are the same vertices in the rest pose (folds and hair are drawn by noise over them); `cloth` is how
    the surface folds (0 skin, 1 cloth, 2 hair); `part` tells body, head and hands apart (see above).
    """

    person: int
    points_m: Float32  # (n, 3)
    normals: Float32  # (n, 3)
    colours: Float32  # (n, 3)
    rest_m: Float32  # (n, 3)
    cloth: Float32  # (n,)
    part: npt.NDArray[np.uint8]  # (n,)
    triangles: npt.NDArray[np.int32]  # (m, 3)


@dataclass(frozen=True, slots=True)
class Light:
    """`sun` is where daylight comes from (unit vector), with its colour; `lamps_m` (k, 3) hang from the ceiling."""

    ambient: tuple[float, float, float]
    sun: tuple[float, float, float]
    sun_colour: tuple[float, float, float]
    lamps_m: Float32
    lamp_colour: tuple[float, float, float]


@dataclass(frozen=True)
class Scene:
    """`fixed` is drawn once and cached for as long as `version` stays the same; `moving` and `figures` each time."""

    fixed: tuple[Thing, ...]
    version: int
    moving: tuple[Thing, ...]
    figures: tuple[Figure, ...]
    light: Light


@dataclass(frozen=True, slots=True)
class Picture:
    """`rgb` (h, w, 3) as seen through a perfect sensor; `ids` (h, w) as above, 0 for the building; `depth_m` (h, w)
    along the optical axis, inf where nothing is.  All three are bent by the camera's lens."""

    rgb: npt.NDArray[np.uint8]
    ids: npt.NDArray[np.uint32]
    depth_m: Float32


class Renderer(Protocol):
    """Draws scenes; made for one set of labels (k, h, w, 3)."""

    def render(self, camera: Camera, scene: Scene) -> Picture: ...

"""The unit meshes goods and structure are made of, each in a fine and a coarse make.

A unit shape fills x, y in +-0.5 and z in 0..1; its front looks along -y, where the shopper stands.  A label wraps it:
u runs once round from the left edge of the front, v = 0 is the label's top.  The wrap takes the label's upper part, the
strip below (`LID_SHARE`) holds what lies on top and below: the left half the lid's art, the right half plain colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.scene import Float32, Shape

Int32 = npt.NDArray[np.int32]
SHAPES: tuple[Shape, ...] = ("box", "can", "bottle", "bag")
GLOSS = np.array([0.05, 0.3, 0.35, 0.2], dtype=np.float32)
"""How much each of `SHAPES` shines: paper, metal, glass, foil."""
FRONT_SHARE, SIDE_SHARE = 0.3125, 0.1875
"""How much of the label's width a front (or back) and a side take; round shapes have no borders between them."""
LID_SHARE = 0.125
FINE, COARSE = 0, 1
COARSE_BELOW_PX = 28.0
"""A thing whose longest side is shorter than this in the picture is drawn with the coarse mesh."""

_WRAP = 1.0 - LID_SHARE
_LID = (0.03, 1.0 - LID_SHARE / 2)
"""Beside the lid's words: the package's own colour."""
_PLAIN = (0.75, 1.0 - LID_SHARE / 2)


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles, counter-clockwise as seen from outside."""

    points: Float32  # (n, 3)
    normals: Float32  # (n, 3) unit
    uvs: Float32  # (n, 2)
    triangles: Int32  # (m, 3)


@cache
def unit_mesh(shape: Shape, grade: int) -> Mesh:
    """The mesh of `shape`; `grade` is FINE or COARSE."""
    fine = grade == FINE
    if shape == "box":
        return _box()
    if shape == "bag":
        return _bag(8 if fine else 3)
    profile = _CAN if shape == "can" else _BOTTLE
    return _turned(profile if fine else tuple(ring for ring in profile if ring[3]), 20 if fine else 8)


def _mesh(points: list[object], normals: list[object], uvs: list[object], triangles: list[object]) -> Mesh:
    n = np.asarray(normals, dtype=np.float64)
    n /= np.linalg.norm(n, axis=1, keepdims=True)
    return Mesh(
        np.asarray(points, dtype=np.float32),
        n.astype(np.float32),
        np.asarray(uvs, dtype=np.float32),
        np.asarray(triangles, dtype=np.int32),
    )


def _box() -> Mesh:
    points: list[object] = []
    normals: list[object] = []
    uvs: list[object] = []
    triangles: list[object] = []
    u = 0.0
    for normal, share in (
        ((0.0, -1.0, 0.0), FRONT_SHARE),
        ((1.0, 0.0, 0.0), SIDE_SHARE),
        ((0.0, 1.0, 0.0), FRONT_SHARE),
        ((-1.0, 0.0, 0.0), SIDE_SHARE),
    ):
        along = np.cross((0.0, 0.0, 1.0), normal)
        first = len(points)
        for side, up in ((-1, 0), (1, 0), (1, 1), (-1, 1)):
            points.append(np.multiply(normal, 0.5) + along * side * 0.5 + np.array([0.0, 0.0, up]))
            normals.append(normal)
            uvs.append((u if side < 0 else u + share, _WRAP * (1 - up)))
        triangles += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
        u += share
    for z, facing in ((1.0, 1.0), (0.0, -1.0)):
        first = len(points)
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            points.append((x * 0.5, y * 0.5 * facing, z))
            normals.append((0.0, 0.0, facing))
            uvs.append((0.25 + 0.23 * x, 1.0 - LID_SHARE * (0.5 + 0.45 * y * facing)))
        triangles += [(first, first + 1, first + 2), (first, first + 2, first + 3)]
    return _mesh(points, normals, uvs, triangles)


# height, radius, place on the label, kept in the coarse make
_Ring = tuple[float, float, tuple[float, float] | float, bool]
_CAN: tuple[_Ring, ...] = (
    (0.0, 0.44, _PLAIN, True),
    (0.02, 0.5, _PLAIN, False),
    (0.035, 0.5, _WRAP, True),
    (0.94, 0.5, 0.0, True),
    (0.975, 0.46, _PLAIN, False),
    (1.0, 0.46, _PLAIN, True),
    (0.985, 0.43, _PLAIN, False),
    (0.98, 0.0, _PLAIN, True),
)
_BOTTLE: tuple[_Ring, ...] = (
    (0.0, 0.44, _LID, True),
    (0.02, 0.5, _LID, False),
    (0.1, 0.5, _LID, True),
    (0.1, 0.505, _WRAP, True),
    (0.6, 0.505, 0.0, True),
    (0.6, 0.5, _LID, True),
    (0.67, 0.46, _LID, False),
    (0.77, 0.28, _LID, True),
    (0.86, 0.17, _LID, False),
    (0.91, 0.16, _LID, True),
    (0.91, 0.2, _PLAIN, True),
    (0.995, 0.2, _PLAIN, True),
    (1.0, 0.0, _PLAIN, True),
)


def _turned(profile: tuple[_Ring, ...], around: int) -> Mesh:
    """A lathe: the profile turned round z, with sharp edges where the label begins and ends."""
    points: list[object] = []
    normals: list[object] = []
    uvs: list[object] = []
    triangles: list[object] = []
    start = -np.pi / 2 - np.pi * FRONT_SHARE  # so that the front's middle looks along -y
    for (z0, r0, on0, _), (z1, r1, on1, _) in pairwise(profile):
        slope = np.hypot(z1 - z0, r1 - r0)
        first = len(points)
        for k in range(around + 1):
            angle = start + 2 * np.pi * k / around
            c, s = np.cos(angle), np.sin(angle)
            for z, r, on in ((z0, r0, on0), (z1, r1, on1)):
                wraps = isinstance(on0, float) and isinstance(on1, float)
                points.append((r * c, r * s, z))
                normals.append((c * (z1 - z0) / slope, s * (z1 - z0) / slope, (r0 - r1) / slope))
                uvs.append((k / around, on) if wraps else _off_the_wrap(on0, on1))
        for k in range(around):
            a = first + 2 * k
            if r0 > 0:
                triangles.append((a, a + 2, a + 1))
            if r1 > 0:
                triangles.append((a + 1, a + 2, a + 3))
    return _mesh(points, normals, uvs, triangles)


def _off_the_wrap(a: tuple[float, float] | float, b: tuple[float, float] | float) -> tuple[float, float]:
    """Where a ring that leaves the wrap takes its colour from."""
    if not isinstance(b, float):
        return b
    return a if not isinstance(a, float) else _PLAIN


def _bag(steps: int) -> Mesh:
    """A pillow: two bulged sheets that meet at the sides and in crimped seams above and below."""
    points: list[object] = []
    normals: list[object] = []
    uvs: list[object] = []
    triangles: list[object] = []
    for facing, u0 in ((-1.0, 0.0), (1.0, FRONT_SHARE + SIDE_SHARE)):
        first = len(points)
        for j in range(steps + 1):
            for i in range(steps + 1):
                x, z = i / steps, j / steps
                seam = min(1.0, np.sin(np.pi * x)) * min(1.0, 1.25 * np.sin(np.pi * min(max(z, 0.0), 1.0)))
                points.append(((x - 0.5) * -facing, facing * 0.5 * max(seam, 0.0) ** 0.45, z))
                normals.append((1.1 * (x - 0.5) * -facing, facing, 0.9 * (z - 0.45)))
                uvs.append((u0 + FRONT_SHARE * x, _WRAP * (1.0 - z)))
        for j in range(steps):
            for i in range(steps):
                a = first + j * (steps + 1) + i
                b = a + steps + 1
                triangles += [(a, a + 1, b + 1), (a, b + 1, b)]
    return _mesh(points, normals, uvs, triangles)

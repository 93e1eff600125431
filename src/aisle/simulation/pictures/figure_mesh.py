"""Rings of triangles cast on to the field of a body: the parts a simulated person's surface is put together from.

Rays leave a limb's axis and stop where the body's field is zero, so overlapping parts share one surface without being
stitched; normals and the shade of hollows come from the field.  A garment is the same field moved out by its ease.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.figure_body import Body, Field, Tube
from aisle.simulation.pictures.figure_looks import Look
from aisle.simulation.pictures.figure_skeleton import BONE, BONES, Skeleton, body_weights, unit
from aisle.simulation.pictures.scene import BODY
from aisle.store.model import FloatArray

Float32 = npt.NDArray[np.float32]
Of = Callable[[FloatArray], FloatArray]
SKIN, CLOTH, HAIR = 0.0, 1.0, 2.0
"""How a surface folds, as in `scene.Figure.cloth`."""


@dataclass(frozen=True)
class RestFigure:
    """A person's surface at rest, at its true size: `points_m`, `normals`, `colours` (n, 3, linear light), `cloth`,
    `part` (n,), `weights` (n, bones) whose rows sum to 1, `triangles` (m, 3) seen counter-clockwise from outside."""

    look: Look
    bones: Skeleton
    points_m: Float32
    normals: Float32
    colours: Float32
    cloth: Float32
    part: npt.NDArray[np.uint8]
    weights: Float32
    triangles: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Surface:
    """What a part is made of: colour (sRGB, one or per point), how it folds, which part of the body it is."""

    colour: Sequence[float] | FloatArray
    cloth: float = CLOTH
    part: int = BODY


def rigid(name: str) -> Of:
    """Weights that follow one joint and nothing else."""
    row = np.eye(len(BONES))[BONE[name]]
    return lambda p: np.tile(row, (len(p), 1))


class MeshBuilder:
    """Collects the parts of one figure; `detail` scales rings and segments."""

    def __init__(self, look: Look, detail: float) -> None:
        self.look, self.detail = look, detail
        self.body = Body(look)
        self.bones = self.body.bones
        self._parts: list[tuple[FloatArray, FloatArray, FloatArray, Surface, FloatArray, FloatArray]] = []
        self._triangles: list[npt.NDArray[np.int64]] = []
        self._count = 0

    # ------------------------------------------------------------ assembling
    def add(
        self,
        points: FloatArray,
        normals: FloatArray | None,
        rings: int,
        surface: Surface,
        weights: FloatArray,
        shade: FloatArray | float = 1.0,
    ) -> None:
        """Add a tube of `rings` rings of points (rings x segments, 3), closed round; normals are averaged from the
        triangles where not given."""
        segments = len(points) // rings
        i = np.arange(len(points)).reshape(rings, segments)
        a, b, c, d = i[:-1], np.roll(i[:-1], -1, 1), np.roll(i[1:], -1, 1), i[1:]
        triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
        corner = points[triangles]
        across = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
        if normals is None:
            # The signed volume tells which side of the rings is out.
            if (across * corner[:, 0]).sum() - (across @ points.mean(0)).sum() < 0:
                triangles, across = triangles[:, ::-1], -across
            normals = np.zeros_like(points)
            for k in range(3):
                np.add.at(normals, triangles[:, k], across)
            normals = unit(normals)
        elif (across * normals[triangles[:, 0]]).sum() < 0:
            triangles = triangles[:, ::-1]
        self._triangles.append(triangles[(across * across).sum(1) > 1e-18] + self._count)
        colours = np.broadcast_to(np.asarray(surface.colour, float), points.shape)
        self._parts.append((points, normals, colours, surface, weights, np.broadcast_to(shade, len(points))))
        self._count += len(points)

    def figure(self) -> RestFigure:
        """All parts as one mesh at the person's own size."""
        points, normals = (np.concatenate([part[i] for part in self._parts]) for i in (0, 1))
        colours = np.concatenate([np.clip(part[2], 0.0, 1.0) ** 2.2 * part[5][:, None] for part in self._parts])
        weights = np.concatenate([part[4] for part in self._parts])
        sizes = [len(part[0]) for part in self._parts]
        return RestFigure(
            look=self.look,
            bones=self.bones,
            points_m=(points * self.bones.scale).astype(np.float32),
            normals=normals.astype(np.float32),
            colours=colours.astype(np.float32),
            cloth=np.repeat([part[3].cloth for part in self._parts], sizes).astype(np.float32),
            part=np.repeat([part[3].part for part in self._parts], sizes).astype(np.uint8),
            weights=weights.astype(np.float32),
            triangles=np.concatenate(self._triangles).astype(np.int32),
        )

    # --------------------------------------------------------------- casting
    def gradient(self, field: Field, p: FloatArray, step_m: float = 0.004) -> FloatArray:
        """Unit outward normals (n, 3) of a field by differences over a tetrahedron (Quilez, "Normals for an SDF")."""
        corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], float)
        values = field((p + step_m * corners[:, None]).reshape(-1, 3)).reshape(4, len(p))
        return unit(np.einsum("kn,kd->nd", values, corners))

    def cast(
        self, field: Field, origins: FloatArray, rays: FloatArray, far: FloatArray, halvings: int = 11
    ) -> FloatArray:
        """How far along each ray (n,) the field turns positive: bisection from inside (0) to `far`."""
        low, high = np.zeros(len(origins)), np.array(far, float)
        for _ in range(halvings):
            middle = (low + high) / 2
            inside = field(origins + middle[:, None] * rays) < 0
            low, high = np.where(inside, middle, low), np.where(inside, high, middle)
        return high

    def loft(
        self,
        tube: Tube,
        s: Sequence[float] | FloatArray,
        segments: int,
        surface: Surface,
        ease: float | Of = 0.0,
        field: Field | None = None,
        weights: Of | None = None,
        hem: float | None = 0.4,
        paint: Of | None = None,
        at_least_m: float = 0.0,
    ) -> None:
        """Rings at `s` along a tube, cast on to `field` (the body when None) moved out by `ease`.

        `hem`: the far end turns in to this share of its radius; 0 closes both ends; None leaves them open.
        `paint` gives colours by place.  Rays look for the surface up to 1.35 times the tube's radius and 5 cm, and
        up to `at_least_m`.
        """
        n = max(4, round(len(s) * self.detail))
        places = np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(s)), np.asarray(s, float))
        segments = max(5, round(segments * self.detail**0.8))
        base = self.body if field is None else field

        def moved(p: FloatArray) -> FloatArray:
            return base(p) - (ease(p) if callable(ease) else ease)

        a, b, u, v, _ = tube.at(places)
        along, across, ahead = tube.frame
        angle = (np.arange(segments) + 0.5) * 2 * np.pi / segments
        ray = np.cos(angle)[:, None] * across + np.sin(angle)[:, None] * ahead
        centre = tube.origin + places[:, None] * along + u[:, None] * across + v[:, None] * ahead
        C, R = np.repeat(centre, segments, 0), np.tile(ray, (len(places), 1))
        far = np.maximum(np.repeat(np.maximum(a, b), segments) * 1.35 + 0.05, at_least_m)
        side = np.sign(tube.origin[0])
        if side and abs(along[2]) > 0.99:  # a leg's rays stop at the midline
            toward = -side * R[:, 0]
            far = np.where(toward > 0.01, np.minimum(far, side * C[:, 0] / np.maximum(toward, 0.01)), far)
        r = self.cast(moved, C, R, far)
        P = C + r[:, None] * R
        N = self.gradient(moved, P)
        shade = np.ones(len(P))
        if field is None:
            shade = np.clip(base(P + N * 0.07) / 0.075, 0.25, 1.0) ** 0.6
        if hem is not None:
            first, last = slice(0, segments), slice(-segments, None)
            end_shade, end_normals = shade[last] * (0.5 if hem else 1.0), N[last]
            P = np.vstack([P, C[last] + (r[last, None] * hem) * R[last]])
            N, shade = np.vstack([N, end_normals]), np.r_[shade, end_shade]
            if hem == 0:
                P, N, shade = np.vstack([C[first], P]), np.vstack([N[first], N]), np.r_[shade[first], shade]
        w = body_weights(self.bones, P, sleeve=abs(along[0]) > 0.1) if weights is None else weights(P)
        if paint is not None:
            surface = Surface(paint(P), surface.cloth, surface.part)
        self.add(P, N, len(P) // segments, surface, w, shade)

    def cup(
        self,
        profile: Sequence[tuple[float, float, float]],
        centre: Sequence[float],
        power: float,
        segments: int,
        surface: Surface,
        weights: Of,
        shade: Sequence[float] | None = None,
    ) -> None:
        """Rings (height, half width, half length) of a super-ellipse stacked as given: vessels, brims, bags."""
        rows = np.array(profile, float)
        angle = (np.arange(segments) + 0.5) * 2 * np.pi / segments
        c, s = np.cos(angle), np.sin(angle)
        r = (np.abs(c) ** power + np.abs(s) ** power) ** (-1 / power)
        x, y = rows[:, 1, None] * (r * c), rows[:, 2, None] * (r * s)
        p = np.stack([x, y, np.repeat(rows[:, :1], segments, 1)], -1).reshape(-1, 3) + np.asarray(centre, float)
        dim = 1.0 if shade is None else np.repeat(np.asarray(shade, float), segments)
        self.add(p, None, len(rows), surface, weights(p), dim)

    def band(
        self, path: FloatArray, out: FloatArray, width_m: float, thick_m: float, surface: Surface, weights: Of
    ) -> None:
        """A flat band along `path` (n, 3) lying on a surface with normals `out` (n, 3): straps and handles."""
        along = unit(np.gradient(path, axis=0))
        across = unit(np.cross(along, out)) * (width_m / 2)
        up = out * (thick_m / 2)
        ring = np.stack([path + across - up, path + across + up, path - across + up, path - across - up], 1)
        flat = np.repeat(unit(np.stack([across - up, across + up, up - across, -across - up], 1)), 1, 0)
        p = ring.reshape(-1, 3)
        self.add(p, flat.reshape(-1, 3), len(path), surface, weights(p))

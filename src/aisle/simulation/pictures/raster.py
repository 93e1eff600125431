"""Draws scenes with nothing but arrays: for machines without OpenGL, and as a second opinion on the other renderer.

The same steps as in `gl`: what stands still is drawn once per camera and patched, people are drawn over a copy.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures import raster_kernels as kernels
from aisle.simulation.pictures import raster_shading as shading
from aisle.simulation.pictures.backdrop import Backdrops
from aisle.simulation.pictures.drawlist import Things, camera_matrix, grades, near_first, places
from aisle.simulation.pictures.lamplight import noise_grid
from aisle.simulation.pictures.lens import lens_of
from aisle.simulation.pictures.openness import Openness
from aisle.simulation.pictures.scene import FIRST_PERSON, Figure, Light, Picture, Scene
from aisle.simulation.pictures.shadows import HEIGHT_M, blobs_of
from aisle.simulation.pictures.shapes import COARSE, FINE, GLOSS, SHAPES, unit_mesh
from aisle.store.geometry import project
from aisle.store.model import Camera, FloatArray

KEPT_CAMERAS = 24
_LEVELS = 8


class ArrayRenderer:
    """Renders with numba; `labels` (k, h, w, 3) are the layers things name."""

    def __init__(self, labels: npt.NDArray[np.uint8]) -> None:
        """Raises ValueError for labels of another shape."""
        if labels.ndim != 4 or labels.shape[3] != 3 or labels.dtype != np.uint8:
            raise ValueError(f"labels of shape {labels.shape}, {labels.dtype}; expected (k, h, w, 3) of bytes")
        self._layers = len(labels)
        self._texels = float(labels.shape[1] * labels.shape[2])
        self._pyramid, self._offsets, self._sizes = _pyramid(labels)
        self._meshes = _Meshes.all()
        self._noise = noise_grid()
        self._backdrops = Backdrops(self._layers)
        self._kept: OrderedDict[Camera, _Canvas] = OrderedDict()
        self._canvases: dict[tuple[int, int], _Canvas] = {}

    def render(self, camera: Camera, scene: Scene) -> Picture:
        """The picture of a moment.  Raises ValueError for things with labels that are not there."""
        lens = lens_of(camera)
        pinhole = lens.pinhole
        still = self._backdrop(pinhole, scene)
        canvas = self._canvas(pinhole.size_px)
        canvas.copy(still)
        view = _View.of(pinhole)
        if scene.figures:
            self._draw_shadows(pinhole, view, canvas, scene)
            self._draw_figures(view, canvas, scene.figures, scene.light)
        if scene.moving:
            canvas.sheet.owners.fill(kernels.NOBODY)
            self._draw_things(pinhole, view, canvas, Things.of(scene.moving, self._layers), scene.light, view.whole)
        return lens.bent(canvas.picture())

    def _canvas(self, size_px: tuple[int, int]) -> _Canvas:
        if size_px not in self._canvases:
            self._canvases[size_px] = _Canvas(_Sheet(size_px))
        return self._canvases[size_px]

    def _backdrop(self, camera: Camera, scene: Scene) -> _Canvas:
        patches = self._backdrops.due(camera, scene)
        canvas = self._kept.pop(camera, None)
        if canvas is None:
            if len(self._kept) >= KEPT_CAMERAS:
                oldest, _ = self._kept.popitem(last=False)
                self._backdrops.forget(oldest)
            canvas = _Canvas(self._canvas(camera.size_px).sheet)
        self._kept[camera] = canvas
        view = _View.of(camera)
        for patch in patches or ():
            x, y, width, height = patch.box_px
            box = np.array([x, y, x + width, y + height], dtype=np.int64)
            shading.erase(box, canvas.inverse, canvas.sheet.owners, canvas.rgb, canvas.ids)
            self._draw_things(camera, view, canvas, patch.things, scene.light, box)
        return canvas

    def _draw_things(
        self, camera: Camera, view: _View, canvas: _Canvas, things: Things, light: Light, box: npt.NDArray[np.int64]
    ) -> None:
        if not len(things):
            return
        found = places(camera, things)
        order = near_first(found)
        kinds = (things.shapes * 2 + grades(found))[order].astype(np.int64)
        mesh = self._meshes
        sheet = canvas.sheet
        kernels.fill_things(
            order, kinds, things.labels, things.matrices, mesh.points, mesh.uvs, mesh.triangles, mesh.vertex_spans,
            mesh.face_spans, self._texels, view.matrix, view.lens, box, canvas.inverse, sheet.owners, sheet.faces,
            sheet.weights, sheet.levels,
        )  # fmt: skip
        gloss = np.where(things.labels < 0, np.float32(0.02), GLOSS[things.shapes])
        sizes = things.sizes_m
        turns = things.matrices[:, :3, :3] / (sizes**2)[:, None, :]
        shading.shade_things(
            box, canvas.inverse, sheet.owners, sheet.faces, sheet.weights, sheet.levels, view.matrix, view.eye,
            view.lens, things.labels, things.idents, things.matrices, turns, sizes[:, 2].copy(), things.tints, gloss,
            mesh.points, mesh.normals, mesh.uvs, mesh.triangles, self._pyramid, self._offsets, self._sizes,
            *self._lighting(light), self._noise, canvas.rgb, canvas.ids,
        )  # fmt: skip

    def _draw_figures(self, view: _View, canvas: _Canvas, figures: Sequence[Figure], light: Light) -> None:
        firsts = np.cumsum([0, *(len(f.points_m) for f in figures)])
        triangles = np.concatenate([f.triangles + first for f, first in zip(figures, firsts, strict=False)])
        points, normals, colours, rests = (
            np.concatenate([np.asarray(getattr(f, name), dtype=np.float32) for f in figures])
            for name in ("points_m", "normals", "colours", "rest_m")
        )
        cloths = np.concatenate([np.asarray(f.cloth, dtype=np.float32) for f in figures])
        shown = np.concatenate([FIRST_PERSON + 8 * f.person + f.part.astype(np.uint32) for f in figures])
        sheet = canvas.sheet
        sheet.owners.fill(kernels.NOBODY)
        kernels.fill_figures(
            points, triangles.astype(np.int64), view.matrix, view.lens, view.whole, canvas.inverse, sheet.owners,
            sheet.faces, sheet.weights, sheet.levels,
        )  # fmt: skip
        shading.shade_figures(
            view.whole, canvas.inverse, sheet.owners, sheet.faces, sheet.weights, view.matrix, view.eye, view.lens,
            normals, colours, rests, cloths, shown.astype(np.uint32), triangles.astype(np.int64),
            *self._lighting(light), self._noise, canvas.rgb, canvas.ids,
        )  # fmt: skip

    def _draw_shadows(self, camera: Camera, view: _View, canvas: _Canvas, scene: Scene) -> None:
        blobs = blobs_of(scene.figures, scene.light)
        if not len(blobs.strengths):
            return
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], dtype=np.float64)
        square = blobs.middles_m[:, None] + np.einsum("kij,qj->kqi", blobs.axes_m, corners)
        flat = np.concatenate([square, np.full((*square.shape[:2], 1), HEIGHT_M)], axis=-1)
        pixels = project(camera, flat.reshape(-1, 3)).reshape(-1, 4, 2)
        behind = np.isnan(pixels).any(axis=(1, 2))
        low, high = np.floor(pixels.min(axis=1)), np.ceil(pixels.max(axis=1)) + 1
        low[behind], high[behind] = 0, camera.size_px
        boxes = np.concatenate([np.clip(low, 0, camera.size_px), np.clip(high, 0, camera.size_px)], axis=1)
        shading.shade_blobs(
            blobs.middles_m, np.linalg.inv(blobs.axes_m), blobs.strengths, boxes.astype(np.int64), HEIGHT_M,
            canvas.inverse, view.matrix, view.eye, view.lens, canvas.rgb,
        )  # fmt: skip

    def _lighting(self, light: Light) -> tuple[FloatArray, object, FloatArray, object, FloatArray]:
        room, lamps = self._backdrops.room, self._backdrops.lamps
        rows = np.array([light.ambient, light.sun, light.sun_colour, light.lamp_colour], dtype=np.float64)
        return (
            rows,
            room.values,
            _grid_place(room),
            lamps.values,
            np.array([*lamps.origin_m, 1.0 / lamps.cell_m]),
        )


@dataclass(frozen=True, slots=True)
class _View:
    """A pinhole camera for compiled code."""

    matrix: FloatArray  # (4, 4) floor to camera
    eye: FloatArray  # (3,)
    lens: FloatArray  # fx, fy, cx, cy
    whole: npt.NDArray[np.int64]  # left, top, right, bottom

    @classmethod
    def of(cls, camera: Camera) -> _View:
        return cls(
            camera_matrix(camera),
            np.asarray(camera.position_m, dtype=np.float64),
            np.array([*camera.focal_px, *camera.centre_px], dtype=np.float64),
            np.array([0, 0, *camera.size_px], dtype=np.int64),
        )


class _Canvas:
    """A picture in the making; `sheet` is what drawing needs meanwhile, shared by all canvases of one size."""

    def __init__(self, sheet: _Sheet) -> None:
        height, width = sheet.owners.shape
        self.sheet = sheet
        self.rgb = np.zeros((height, width, 3), dtype=np.uint8)
        self.ids = np.zeros((height, width), dtype=np.uint32)
        self.inverse = np.zeros((height, width), dtype=np.float32)

    def copy(self, other: _Canvas) -> None:
        """Take over what the other shows."""
        np.copyto(self.rgb, other.rgb)
        np.copyto(self.ids, other.ids)
        np.copyto(self.inverse, other.inverse)

    def picture(self) -> Picture:
        with np.errstate(divide="ignore"):
            depth = np.float32(1.0) / self.inverse
        return Picture(self.rgb.copy(), self.ids.copy(), depth)


class _Sheet:
    """Who is seen at every pixel, and where on its triangle; see `raster_kernels`."""

    def __init__(self, size_px: tuple[int, int]) -> None:
        width, height = size_px
        self.owners = np.full((height, width), kernels.NOBODY, dtype=np.int32)
        self.faces = np.zeros((height, width), dtype=np.int32)
        self.weights = np.zeros((height, width, 2), dtype=np.float32)
        self.levels = np.zeros((height, width), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Meshes:
    """All unit meshes end to end; kind = 2 * shape + grade."""

    points: npt.NDArray[np.float32]
    normals: npt.NDArray[np.float32]
    uvs: npt.NDArray[np.float32]
    triangles: npt.NDArray[np.int64]
    vertex_spans: npt.NDArray[np.int64]  # (kinds, 2)
    face_spans: npt.NDArray[np.int64]

    @classmethod
    def all(cls) -> _Meshes:
        meshes = [unit_mesh(shape, grade) for shape in SHAPES for grade in (FINE, COARSE)]
        vertices = np.cumsum([0, *(len(m.points) for m in meshes)])
        faces = np.cumsum([0, *(len(m.triangles) for m in meshes)])
        return cls(
            np.concatenate([m.points for m in meshes]),
            np.concatenate([m.normals for m in meshes]),
            np.concatenate([m.uvs for m in meshes]),
            np.concatenate([m.triangles + v for m, v in zip(meshes, vertices, strict=False)]).astype(np.int64),
            np.stack([vertices[:-1], vertices[1:]], axis=1).astype(np.int64),
            np.stack([faces[:-1], faces[1:]], axis=1).astype(np.int64),
        )


def _pyramid(
    labels: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """All labels at halved sizes end to end: bytes, where each level begins, and its (height, width)."""
    levels = [labels if len(labels) else np.full((1, 4, 4, 3), 255, dtype=np.uint8)]
    while len(levels) < _LEVELS and min(levels[-1].shape[1:3]) > 2:
        height, width = levels[-1].shape[1] // 2, levels[-1].shape[2] // 2
        halved = [cv2.resize(label, (width, height), interpolation=cv2.INTER_AREA) for label in levels[-1]]
        levels.append(np.stack(halved).astype(np.uint8))
    offsets = np.cumsum([0, *(level.size for level in levels)])[:-1]
    sizes = np.array([level.shape[1:3] for level in levels])
    return np.concatenate([level.ravel() for level in levels]), offsets.astype(np.int64), sizes.astype(np.int64)


def _grid_place(room: Openness) -> FloatArray:
    return np.array([*room.origin_m, 1.0 / room.cell_m])

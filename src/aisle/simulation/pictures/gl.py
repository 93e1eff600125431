"""Draws scenes with OpenGL without a screen: on a graphics card where there is one, else with Mesa's llvmpipe.

What stands still is drawn once per camera and kept; when goods come or go, only the rectangles they fill are drawn
again; people and what they carry are drawn over a copy each time.  One renderer belongs to one thread.
"""

from __future__ import annotations

import os
import weakref
from collections import OrderedDict
from collections.abc import Sequence

import moderngl
import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures import gl_programs as programs
from aisle.simulation.pictures.backdrop import Backdrops, Patch
from aisle.simulation.pictures.drawlist import FAR_M, NEAR_M, Things, camera_matrix, grades, near_first, places
from aisle.simulation.pictures.gl_buffers import INSTANCE, VERTEX, Copies, Growing, Target
from aisle.simulation.pictures.lamplight import LampGrid, noise_grid
from aisle.simulation.pictures.lens import lens_of
from aisle.simulation.pictures.openness import Openness
from aisle.simulation.pictures.scene import FIRST_PERSON, Figure, Float32, Picture, Scene
from aisle.simulation.pictures.shadows import HEIGHT_M, Blobs, blobs_of
from aisle.simulation.pictures.shapes import COARSE, FINE, GLOSS, SHAPES
from aisle.store.model import Camera

KEPT_CAMERAS = 24
_SOFTWARE = ("llvmpipe", "softpipe", "swrast")
_QUAD = np.array([(-1, -1), (1, -1), (1, 1), (-1, -1), (1, 1), (-1, 1)], dtype=np.float32)


class NoGraphicsError(RuntimeError):
    """OpenGL cannot be had on this machine; the message says why in one line."""


def open_context() -> moderngl.Context:
    """A context without a window, on the first graphics card found, else in software.

    Raises NoGraphicsError.
    """
    # One renderer a process is the rule, and llvmpipe's own threads gain nothing there: they only wait for each other.
    os.environ.setdefault("LP_NUM_THREADS", "0")
    soft: moderngl.Context | None = None
    faults: list[str] = []  # words only: an exception would keep its callers, and what they hold, alive
    for device in range(4):
        try:
            context = moderngl.create_context(standalone=True, backend="egl", device_index=device)  # type: ignore[arg-type]
        except Exception as error:  # glcontext raises bare Exception for a missing library or device
            faults.append(str(error).partition("\n")[0] or type(error).__name__)
            continue
        if not any(name in str(context.info["GL_RENDERER"]) for name in _SOFTWARE):
            if soft is not None:
                soft.release()
            return context
        if soft is None:
            soft = context
        else:
            context.release()
    if soft is None:
        raise NoGraphicsError(f"no OpenGL over EGL here ({faults[0]})")
    return soft


class GlRenderer:
    """Renders over EGL; `labels` (k, h, w, 3) are the layers things name."""

    def __init__(self, labels: npt.NDArray[np.uint8], context: moderngl.Context | None = None) -> None:
        """Raises NoGraphicsError where OpenGL cannot be had, ValueError for labels of another shape."""
        if labels.ndim != 4 or labels.shape[3] != 3 or labels.dtype != np.uint8:
            raise ValueError(f"labels of shape {labels.shape}, {labels.dtype}; expected (k, h, w, 3) of bytes")
        self._context = context or open_context()
        self._layers = len(labels)
        self.device = str(self._context.info["GL_RENDERER"])
        with self._context:
            self._things = self._context.program(programs.THING_VERTEX, programs.THING_FRAGMENT)
            self._figures = self._context.program(programs.FIGURE_VERTEX, programs.FIGURE_FRAGMENT)
            self._shadows = self._context.program(programs.SHADOW_VERTEX, programs.SHADOW_FRAGMENT)
            self._labels = self._label_array(labels)
            noise = self._context.texture3d((32, 32, 32), 4, noise_grid().tobytes(), dtype="f4")
            noise.filter = (moderngl.LINEAR, moderngl.LINEAR)
            self._noise = noise
            self._meshes = {
                (shape, grade): Copies(self._context, self._things, shape, grade)
                for shape in range(len(SHAPES))
                for grade in (FINE, COARSE)
            }
            self._people = Growing(self._context, VERTEX.itemsize)
            self._corners = Growing(self._context, 4)
            self._blobs = Growing(self._context, 24)
        if context is None:  # whoever draws one shop after the other must not keep all their labels
            weakref.finalize(self, _let_go, self._context, self._labels).atexit = False
        self._grids: tuple[moderngl.Texture3D, moderngl.Texture3D] | None = None
        self._lit: object = None
        self._kept: OrderedDict[Camera, Target] = OrderedDict()
        self._canvases: dict[tuple[int, int], Target] = {}
        self._backdrops = Backdrops(self._layers)

    def render(self, camera: Camera, scene: Scene) -> Picture:
        """The picture of a moment.  Raises ValueError for things with labels that are not there."""
        lens = lens_of(camera)
        with self._context:
            rgb, ids, depth = self._drawn(lens.pinhole, scene)
        return lens.bent(Picture(rgb, ids, depth))

    def _drawn(self, camera: Camera, scene: Scene) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32], Float32]:
        self._context.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        self._context.front_face = "cw"  # pictures are drawn upside down
        still = self._backdrop(camera, scene)
        canvas = self._canvas(camera.size_px)
        self._context.copy_framebuffer(canvas.frame, still.frame)
        self._aim(camera, canvas.frame)
        if scene.figures:
            self._draw_shadows(canvas, blobs_of(scene.figures, scene.light))
            self._draw_figures(scene.figures)
        if scene.moving:
            self._draw_things(camera, Things.of(scene.moving, self._layers))
        return canvas.read()

    def _backdrop(self, camera: Camera, scene: Scene) -> Target:
        patch = self._backdrops.due(camera, scene)
        self._set_light(scene)
        if patch is None and camera in self._kept:
            self._kept.move_to_end(camera)
            return self._kept[camera]
        target = self._kept.pop(camera, None)
        if target is None:
            if len(self._kept) >= KEPT_CAMERAS:
                oldest, old = self._kept.popitem(last=False)
                self._backdrops.forget(oldest)
                old.release()
            target = Target(self._context, camera.size_px)
        self._kept[camera] = target
        self._aim(camera, target.frame)
        for part in patch or ():
            self._draw_patch(camera, target, part)
        return target

    def _canvas(self, size_px: tuple[int, int]) -> Target:
        if size_px not in self._canvases:
            self._canvases[size_px] = Target(self._context, size_px)
        return self._canvases[size_px]

    def _draw_patch(self, camera: Camera, target: Target, patch: Patch) -> None:
        target.frame.scissor = patch.box_px
        target.frame.clear(depth=1.0)
        self._draw_things(camera, patch.things)
        target.frame.scissor = (0, 0, *camera.size_px)

    def _aim(self, camera: Camera, frame: moderngl.Framebuffer) -> None:
        frame.use()
        eye, window = camera_matrix(camera).astype(np.float32), _window_matrix(camera).astype(np.float32)
        for program in (self._things, self._figures, self._shadows):
            program["eye_of_floor"].write(eye.T.tobytes())  # type: ignore[union-attr]
            program["window_of_eye"].write(window.T.tobytes())  # type: ignore[union-attr]
        for program in (self._things, self._figures):
            program["eye"].value = camera.position_m  # type: ignore[union-attr]
        self._labels.use(0)
        self._noise.use(3)

    def _set_light(self, scene: Scene) -> None:
        room = self._backdrops.room
        if self._lit is not self._backdrops.lamps:
            for old in self._grids or ():
                old.release()
            self._grids = (self._room_grid(room), self._lamp_grid(self._backdrops.lamps))
            self._lit = self._backdrops.lamps
        assert self._grids is not None
        self._grids[0].use(1)
        self._grids[1].use(2)
        light, lamps = scene.light, self._backdrops.lamps
        for program in (self._things, self._figures):
            for name, unit in (("labels", 0), ("open_grid", 1), ("lamp_grid", 2), ("noise_grid", 3)):
                if name in program:
                    program[name].value = unit  # type: ignore[union-attr]
            for name, grid, cells in (
                ("open", room, room.values.shape[2::-1]),
                ("lamp", lamps, lamps.values.shape[2::-1]),
            ):
                scale = 1.0 / (np.array(cells) * grid.cell_m)
                # textures count from the outer edge of the first cell, grids from its middle
                program[f"{name}_origin"].value = tuple(np.array(grid.origin_m) - grid.cell_m / 2)  # type: ignore[union-attr]
                program[f"{name}_scale"].value = tuple(scale)  # type: ignore[union-attr]
            program["ambient"].value = light.ambient  # type: ignore[union-attr]
            program["sun"].value = light.sun  # type: ignore[union-attr]
            program["sun_colour"].value = light.sun_colour  # type: ignore[union-attr]
            program["lamp_colour"].value = light.lamp_colour  # type: ignore[union-attr]

    def _room_grid(self, room: Openness) -> moderngl.Texture3D:
        nz, ny, nx = room.values.shape
        grid = self._context.texture3d((nx, ny, nz), 1, room.values.tobytes(), dtype="f4")
        return _clamped(grid)

    def _lamp_grid(self, lamps: LampGrid) -> moderngl.Texture3D:
        nz, ny, nx, _ = lamps.values.shape
        return _clamped(self._context.texture3d((nx, ny, nz), 4, lamps.values.tobytes(), dtype="f4"))

    def _label_array(self, labels: npt.NDArray[np.uint8]) -> moderngl.TextureArray:
        layers, height, width = labels.shape[:3]
        pixels = labels if layers else np.full((1, 4, 4, 3), 255, dtype=np.uint8)
        size = (width, height, layers) if layers else (4, 4, 1)
        array = self._context.texture_array(size, 3, np.ascontiguousarray(pixels))
        array.build_mipmaps()
        array.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        array.repeat_x, array.repeat_y = False, False
        if not any(name in self.device for name in _SOFTWARE):
            array.anisotropy = 8.0
        return array

    def _draw_things(self, camera: Camera, things: Things) -> None:
        if not len(things):
            return
        found = places(camera, things)
        order = near_first(found)
        kinds = things.shapes[order] * 2 + grades(found)[order]
        rows = np.empty(len(order), dtype=INSTANCE)
        rows["columns"] = things.matrices[order].transpose(0, 2, 1).reshape(-1, 16)
        rows["tint"], rows["label"] = things.tints[order], things.labels[order]
        rows["ident"] = things.idents[order]
        rows["gloss"] = np.where(things.labels[order] < 0, 0.02, GLOSS[things.shapes[order]])
        for kind in np.unique(kinds):
            self._meshes[divmod(int(kind), 2)].draw(rows[kinds == kind])

    def _draw_figures(self, figures: Sequence[Figure]) -> None:
        rows = np.empty(sum(len(f.points_m) for f in figures), dtype=VERTEX)
        corners = np.empty((sum(len(f.triangles) for f in figures), 3), dtype=np.int32)
        n = m = 0
        for figure in figures:
            part, faces = rows[n : n + len(figure.points_m)], corners[m : m + len(figure.triangles)]
            part["point"], part["normal"], part["tint"] = figure.points_m, figure.normals, figure.colours
            part["rest"], part["cloth"] = figure.rest_m, figure.cloth
            part["ident"] = FIRST_PERSON + 8 * figure.person + figure.part.astype(np.uint32)
            faces[:] = figure.triangles + n
            n, m = n + len(part), m + len(faces)
        self._people.write(rows)
        self._corners.write(corners)
        array = self._context.vertex_array(
            self._figures,
            [(self._people.buffer, "3f 3f 3f 3f 1f 1u", "point", "normal", "tint", "rest", "cloth", "ident")],
            index_buffer=self._corners.buffer,
        )
        array.render(vertices=corners.size)
        array.release()

    def _draw_shadows(self, canvas: Target, blobs: Blobs) -> None:
        count = len(blobs.strengths)
        if not count:
            return
        rows = np.empty((count, 6, 6), dtype=np.float32)
        rows[:, :, :2] = blobs.middles_m[:, None] + np.einsum("kij,qj->kqi", blobs.axes_m, _QUAD)
        rows[:, :, 2] = HEIGHT_M
        rows[:, :, 3:5] = _QUAD
        rows[:, :, 5] = blobs.strengths[:, None]
        self._blobs.write(rows)
        array = self._context.vertex_array(
            self._shadows, [(self._blobs.buffer, "3f 2f 1f", "point", "across", "depth")]
        )
        context = self._context
        canvas.colour_only.use()
        canvas.colour_only.depth_mask = False
        context.enable_only(moderngl.DEPTH_TEST | moderngl.BLEND)
        context.blend_func = moderngl.DST_COLOR, moderngl.ZERO
        array.render(vertices=6 * count)
        context.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        canvas.frame.use()
        canvas.frame.depth_mask = True
        array.release()


def _let_go(context: moderngl.Context, labels: moderngl.TextureArray) -> None:
    with context:
        labels.release()  # by far the largest part, and the context may outlive this
    context.release()


def _clamped(grid: moderngl.Texture3D) -> moderngl.Texture3D:
    grid.filter = (moderngl.LINEAR, moderngl.LINEAR)
    grid.repeat_x, grid.repeat_y, grid.repeat_z = False, False, False
    return grid


def _window_matrix(camera: Camera) -> npt.NDArray[np.float64]:
    """(4, 4): the camera's frame to clip space, upside down, with OpenCV's pixel centres."""
    (width, height), (fx, fy), (cx, cy) = camera.size_px, camera.focal_px, camera.centre_px
    matrix = np.zeros((4, 4))
    matrix[0, 0], matrix[0, 2] = 2.0 * fx / width, 2.0 * (cx + 0.5) / width - 1.0
    matrix[1, 1], matrix[1, 2] = 2.0 * fy / height, 2.0 * (cy + 0.5) / height - 1.0
    matrix[2, 2], matrix[2, 3] = (FAR_M + NEAR_M) / (FAR_M - NEAR_M), -2.0 * FAR_M * NEAR_M / (FAR_M - NEAR_M)
    matrix[3, 2] = 1.0
    return matrix

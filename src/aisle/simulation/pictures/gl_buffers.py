"""What lives in the graphics memory: growing buffers, meshes drawn many times, pictures in the making."""

from __future__ import annotations

import moderngl
import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.drawlist import FAR_M, NEAR_M
from aisle.simulation.pictures.scene import Float32
from aisle.simulation.pictures.shapes import SHAPES, unit_mesh

INSTANCE = np.dtype(
    [("columns", "f4", 16), ("tint", "f4", 3), ("label", "f4"), ("ident", "u4"), ("gloss", "f4")], align=False
)
VERTEX = np.dtype(
    [("point", "f4", 3), ("normal", "f4", 3), ("tint", "f4", 3), ("rest", "f4", 3), ("cloth", "f4"), ("ident", "u4")]
)


class Growing:
    """A buffer that is replaced by a larger one when more has to fit."""

    def __init__(self, context: moderngl.Context, row_bytes: int) -> None:
        self._context = context
        self.buffer = context.buffer(reserve=max(1024 * row_bytes, 1024), dynamic=True)

    def write(self, rows: npt.NDArray[np.generic]) -> bool:
        """Whether the buffer is another one than before."""
        grows = rows.nbytes > self.buffer.size
        if grows:
            self.buffer.release()
            self.buffer = self._context.buffer(reserve=2 * rows.nbytes, dynamic=True)
        else:
            self.buffer.orphan()
        self.buffer.write(rows.tobytes())
        return grows


class Copies:
    """One unit mesh drawn many times."""

    def __init__(self, context: moderngl.Context, program: moderngl.Program, shape: int, grade: int) -> None:
        mesh = unit_mesh(SHAPES[shape], grade)
        corners = np.concatenate([mesh.points, mesh.normals, mesh.uvs], axis=1)
        self._context, self._program = context, program
        self._corners = context.buffer(corners.astype(np.float32).tobytes())
        self._triangles = context.buffer(mesh.triangles.tobytes())
        self._rows = Growing(context, INSTANCE.itemsize)
        self._array = self._vertex_array()

    def draw(self, rows: npt.NDArray[np.void]) -> None:
        if self._rows.write(rows):
            self._array.release()
            self._array = self._vertex_array()
        self._array.render(instances=len(rows))

    def _vertex_array(self) -> moderngl.VertexArray:
        columns = ("column0", "column1", "column2", "column3")
        return self._context.vertex_array(
            self._program,
            [
                (self._corners, "3f 3f 2f", "point", "normal", "uv"),
                (self._rows.buffer, "4f 4f 4f 4f 3f 1f 1u 1f/i", *columns, "tint", "label", "ident", "gloss"),
            ],
            index_buffer=self._triangles,
        )


class Target:
    """A picture in the making: colour, ids and depth."""

    def __init__(self, context: moderngl.Context, size_px: tuple[int, int]) -> None:
        self._size = size_px
        self._colour = context.texture(size_px, 4)
        self._ids = context.texture(size_px, 1, dtype="u4")
        self._ids.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._depth = context.depth_texture(size_px)
        self.frame = context.framebuffer([self._colour, self._ids], self._depth)
        self.colour_only = context.framebuffer([self._colour], self._depth)

    def read(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint32], Float32]:
        """rgb (h, w, 3), ids (h, w) and depth in metres (h, w)."""
        width, height = self._size
        rgba = np.empty((height, width, 4), dtype=np.uint8)
        ids = np.empty((height, width), dtype=np.uint32)
        self.frame.read_into(rgba, components=4, alignment=1)
        self.frame.read_into(ids, attachment=1, components=1, dtype="u4", alignment=1)
        raw = np.frombuffer(self._depth.read(alignment=1), dtype=np.float32).reshape(height, width)
        depth = np.float32(NEAR_M * FAR_M) / (np.float32(FAR_M) - raw * np.float32(FAR_M - NEAR_M))
        depth[raw >= 1.0] = np.inf
        return np.ascontiguousarray(rgba[:, :, :3]), ids, depth

    def release(self) -> None:
        for part in (self.frame, self.colour_only, self._colour, self._ids, self._depth):
            part.release()

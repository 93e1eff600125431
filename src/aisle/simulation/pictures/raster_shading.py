"""What a seen pixel looks like: the array renderer's light, the same as the OpenGL programs' (`gl_programs`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from aisle.simulation.pictures.compiling import compiled
from aisle.simulation.pictures.raster_kernels import FIGURES, NOBODY

Array = Any  # numpy arrays, as compiled code sees them


@compiled
def read_grid(grid: Array, place: Array, wraps: bool, out: Array) -> None:
    """Trilinear reading of `grid` (nz, ny, nx, c) at `place` (x, y, z) counted in cells, into `out` (c,)."""
    size = (grid.shape[2], grid.shape[1], grid.shape[0])
    low = np.empty(3, dtype=np.int64)
    high = np.empty(3, dtype=np.int64)
    part = np.empty(3)
    for k in range(3):
        at = place[k] if wraps else min(max(place[k], 0.0), size[k] - 1.0)
        cell = np.floor(at)
        part[k] = at - cell
        low[k] = int(cell) % size[k] if wraps else int(cell)
        high[k] = (low[k] + 1) % size[k] if wraps else min(low[k] + 1, size[k] - 1)
    fx, fy, fz = part[0], part[1], part[2]
    for c in range(grid.shape[3]):
        near = (1 - fy) * ((1 - fx) * grid[low[2], low[1], low[0], c] + fx * grid[low[2], low[1], high[0], c]) + fy * (
            (1 - fx) * grid[low[2], high[1], low[0], c] + fx * grid[low[2], high[1], high[0], c]
        )
        far = (1 - fy) * ((1 - fx) * grid[high[2], low[1], low[0], c] + fx * grid[high[2], low[1], high[0], c]) + fy * (
            (1 - fx) * grid[high[2], high[1], low[0], c] + fx * grid[high[2], high[1], high[0], c]
        )
        out[c] = (1 - fz) * near + fz * far


@compiled
def read_label(pyramid: Array, offsets: Array, sizes: Array, layer: int, level: int, u: float, v: float, out: Array,
               share: float) -> None:  # fmt: skip
    """Add `share` of a label's colour at one level of its pyramid, bilinear, clamped at the border."""
    height, width = sizes[level, 0], sizes[level, 1]
    x = min(max(u * width - 0.5, 0.0), width - 1.0)
    y = min(max(v * height - 0.5, 0.0), height - 1.0)
    x0, y0 = int(x), int(y)
    x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
    fx, fy = x - x0, y - y0
    start = offsets[level] + layer * height * width * 3
    row0, row1 = start + y0 * width * 3, start + y1 * width * 3
    for c in range(3):
        upper = (1 - fx) * pyramid[row0 + 3 * x0 + c] + fx * pyramid[row0 + 3 * x1 + c]
        lower = (1 - fx) * pyramid[row1 + 3 * x0 + c] + fx * pyramid[row1 + 3 * x1 + c]
        out[c] += share * ((1 - fy) * upper + fy * lower) / 255.0


@compiled
def light_pixel(at: Array, n: Array, gloss: float, contact: float, albedo: Array, glow: Array, eye: Array, light: Array,
                room: Array, room_place: Array, lamps: Array, lamp_place: Array, scratch: Array,
                pixel: Array) -> None:  # fmt: skip
    """The colour (bytes) of a surface; `light` (4, 3) holds ambient, sun, the sun's and the lamps' colour."""
    place = scratch[4:7]
    for k in range(3):
        place[k] = (at[k] + 0.075 * n[k] - room_place[k]) * room_place[3]
    read_grid(room, place, False, scratch[:1])
    opened = scratch[0]
    for k in range(3):
        place[k] = (at[k] - lamp_place[k]) * lamp_place[3]
    read_grid(lamps, place, False, scratch[:4])
    lamp = max(scratch[3] + scratch[0] * n[0] + scratch[1] * n[1] + scratch[2] * n[2], 0.0)
    sun = max(n[0] * light[1, 0] + n[1] * light[1, 1] + n[2] * light[1, 2], 0.0)
    vx, vy, vz = eye[0] - at[0], eye[1] - at[1], eye[2] - at[2]
    length = np.sqrt(vx * vx + vy * vy + vz * vz)
    vx, vy, vz = vx / length, vy / length, vz / length + 1.0
    length = max(np.sqrt(vx * vx + vy * vy + vz * vz), 1e-6)
    shine = max((n[0] * vx + n[1] * vy + n[2] * vz) / length, 0.0) ** 32
    for c in range(3):
        falls = light[0, c] * (0.75 + 0.25 * n[2]) * (0.2 + 0.8 * opened)
        falls += light[3, c] * lamp * (0.12 + 0.88 * opened) + light[2, c] * sun * opened * opened
        seen = albedo[c] * falls * contact + light[3, c] * gloss * shine * opened + glow[c]
        pixel[c] = min(255.0, 255.0 * np.sqrt(max(seen, 0.0)) + 0.5)


@compiled
def place_of(x: int, y: int, inverse: float, view: Array, eye: Array, lens: Array, at: Array) -> None:
    """The floor-frame point seen at a pixel."""
    depth = 1.0 / inverse
    ex, ey = (x - lens[2]) / lens[0] * depth, (y - lens[3]) / lens[1] * depth
    for k in range(3):
        at[k] = view[0, k] * ex + view[1, k] * ey + view[2, k] * depth + eye[k]


@compiled
def shade_things(
    box: Array, inverse: Array, owners: Array, faces: Array, weights: Array, levels: Array, view: Array, eye: Array,
    lens: Array, labels: Array, idents: Array, matrices: Array, tints: Array, gloss: Array, points: Array,
    normals: Array, uvs: Array, triangles: Array, pyramid: Array, offsets: Array, sizes: Array, light: Array,
    room: Array, room_place: Array, lamps: Array, lamp_place: Array, noise: Array, rgb: Array, ids: Array,
) -> None:  # fmt: skip
    """Colour every pixel of the box (left, top, right, bottom) that a thing owns."""
    at, n, albedo, glow, scratch, place = np.empty(3), np.empty(3), np.empty(3), np.empty(3), np.empty(8), np.empty(3)
    local = np.empty(3)
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            thing = owners[y, x]
            if thing < 0:
                continue
            a, b, c = triangles[faces[y, x], 0], triangles[faces[y, x], 1], triangles[faces[y, x], 2]
            b1, b2 = weights[y, x, 0], weights[y, x, 1]
            b0 = 1.0 - b1 - b2
            matrix = matrices[thing]
            place_of(x, y, inverse[y, x], view, eye, lens, at)
            for k in range(3):
                square = matrix[0, k] ** 2 + matrix[1, k] ** 2 + matrix[2, k] ** 2
                local[k] = (b0 * normals[a, k] + b1 * normals[b, k] + b2 * normals[c, k]) / square
            length = 0.0
            for k in range(3):
                n[k] = matrix[k, 0] * local[0] + matrix[k, 1] * local[1] + matrix[k, 2] * local[2]
                length += n[k] * n[k]
            length = np.sqrt(length)
            contact = 1.0
            for k in range(3):
                n[k] /= length
                albedo[k] = min(tints[thing, k], 1.0)
                glow[k] = max(tints[thing, k] - 1.0, 0.0)
            if labels[thing] >= 0:
                u = b0 * uvs[a, 0] + b1 * uvs[b, 0] + b2 * uvs[c, 0]
                v = b0 * uvs[a, 1] + b1 * uvs[b, 1] + b2 * uvs[c, 1]
                last = len(offsets) - 1
                coarse = min(float(levels[y, x]), float(last))
                level = int(coarse)
                local[0], local[1], local[2] = 0.0, 0.0, 0.0
                read_label(pyramid, offsets, sizes, labels[thing], level, u, v, local, 1.0 - (coarse - level))
                if coarse > level:
                    read_label(pyramid, offsets, sizes, labels[thing], level + 1, u, v, local, coarse - level)
                for k in range(3):
                    albedo[k] *= local[k] * local[k]
                tall = np.sqrt(matrix[0, 2] ** 2 + matrix[1, 2] ** 2 + matrix[2, 2] ** 2)
                t = min(max((b0 * points[a, 2] + b1 * points[b, 2] + b2 * points[c, 2]) * tall / 0.09, 0.0), 1.0)
                contact = 0.6 + 0.4 * t * t * (3.0 - 2.0 * t)
            else:
                for k in range(3):
                    place[k] = at[k] * 1.7 * noise.shape[0] - 0.5
                read_grid(noise[:, :, :, 3:], place, True, scratch[:1])
                for k in range(3):
                    albedo[k] *= 1.0 + 0.05 * scratch[0]
            light_pixel(
                at, n, gloss[thing], contact, albedo, glow, eye, light, room, room_place, lamps, lamp_place, scratch,
                rgb[y, x],
            )  # fmt: skip
            ids[y, x] = idents[thing]


@compiled
def shade_figures(
    box: Array, inverse: Array, owners: Array, faces: Array, weights: Array, view: Array, eye: Array, lens: Array,
    normals: Array, colours: Array, rests: Array, cloths: Array, shown: Array, triangles: Array, light: Array,
    room: Array, room_place: Array, lamps: Array, lamp_place: Array, noise: Array, rgb: Array, ids: Array,
) -> None:  # fmt: skip
    """Colour every pixel of the box that a figure owns."""
    at, n, albedo, glow, scratch, place = np.empty(3), np.empty(3), np.empty(3), np.zeros(3), np.empty(8), np.empty(3)
    fold = np.empty(4)
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            if owners[y, x] != FIGURES:
                continue
            a, b, c = triangles[faces[y, x], 0], triangles[faces[y, x], 1], triangles[faces[y, x], 2]
            b1, b2 = weights[y, x, 0], weights[y, x, 1]
            b0 = 1.0 - b1 - b2
            place_of(x, y, inverse[y, x], view, eye, lens, at)
            cloth = b0 * cloths[a] + b1 * cloths[b] + b2 * cloths[c]
            length = 0.0
            for k in range(3):
                n[k] = b0 * normals[a, k] + b1 * normals[b, k] + b2 * normals[c, k]
                length += n[k] * n[k]
                albedo[k] = b0 * colours[a, k] + b1 * colours[b, k] + b2 * colours[c, k]
            length = np.sqrt(length)
            for k in range(3):
                n[k] /= length
            if cloth > 0.02:
                hair = min(max(cloth - 1.0, 0.0), 1.0)
                for k in range(3):
                    rest = b0 * rests[a, k] + b1 * rests[b, k] + b2 * rests[c, k]
                    stretch = (0.34 + hair * (2.6 - 0.34)) if k < 2 else (0.16 + hair * (0.35 - 0.16))
                    place[k] = rest * stretch * 4.0 * noise.shape[0] - 0.5
                read_grid(noise, place, True, fold)
                along = n[0] * fold[0] + n[1] * fold[1] + n[2] * fold[2]
                length = 0.0
                for k in range(3):
                    bent = fold[k] - n[k] * along
                    n[k] += (0.55 + hair * 0.25) * min(cloth, 1.0) * bent
                    length += n[k] * n[k]
                length = np.sqrt(length)
                for k in range(3):
                    n[k] /= length
                    albedo[k] *= 1.0 + min(cloth, 1.0) * (0.08 + hair * 0.27) * fold[3]
            gloss = 0.15 * (1.0 - 0.8 * min(cloth, 1.0))
            light_pixel(
                at, n, gloss, 1.0, albedo, glow, eye, light, room, room_place, lamps, lamp_place, scratch, rgb[y, x]
            )
            ids[y, x] = shown[c]


@compiled
def shade_blobs(
    middles: Array, inverses: Array, strengths: Array, boxes: Array, height: float, inverse: Array, view: Array,
    eye: Array, lens: Array, rgb: Array,
) -> None:  # fmt: skip
    """Darken the floor under people: `inverses` (k, 2, 2) take a floor point into a blob's unit circle."""
    at = np.empty(3)
    for k in range(len(strengths)):
        for y in range(boxes[k, 1], boxes[k, 3]):
            for x in range(boxes[k, 0], boxes[k, 2]):
                if inverse[y, x] <= 0.0:
                    continue
                place_of(x, y, inverse[y, x], view, eye, lens, at)
                if at[2] > height:
                    continue
                dx, dy = at[0] - middles[k, 0], at[1] - middles[k, 1]
                px = inverses[k, 0, 0] * dx + inverses[k, 0, 1] * dy
                py = inverses[k, 1, 0] * dx + inverses[k, 1, 1] * dy
                fall = max(1.0 - px * px - py * py, 0.0)
                share = 1.0 - strengths[k] * fall * fall
                for c in range(3):
                    rgb[y, x, c] = rgb[y, x, c] * share + 0.5


@compiled
def erase(box: Array, inverse: Array, owners: Array, rgb: Array, ids: Array) -> None:
    """Empty a rectangle (left, top, right, bottom)."""
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            inverse[y, x] = 0.0
            owners[y, x] = NOBODY
            ids[y, x] = 0
            for c in range(3):
                rgb[y, x, c] = 0

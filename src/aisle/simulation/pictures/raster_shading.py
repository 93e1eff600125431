"""What a seen pixel looks like: the array renderer's light, the same as the OpenGL programs' (`gl_programs`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from aisle.simulation.pictures.compiling import compiled
from aisle.simulation.pictures.raster_kernels import FIGURES, NOBODY

Array = Any  # numpy arrays, as compiled code sees them
Three = tuple[float, float, float]
Four = tuple[float, float, float, float]


@compiled
def cell_of(at: float, size: int) -> tuple[int, int, float]:
    """The two cells a place lies between (clamped at the border), and how far towards the second."""
    inside = min(max(at, 0.0), size - 1.0)
    low = int(inside)
    return low, min(low + 1, size - 1), inside - low


@compiled
def wrapped_cell_of(at: float, size: int) -> tuple[int, int, float]:
    """The same in a grid that repeats; `size` is a power of two."""
    floor = np.floor(at)
    low = int(floor) & (size - 1)
    return low, (low + 1) & (size - 1), at - floor


@compiled
def mixed(a: float, b: float, share: float) -> float:
    """From `a` (share 0) to `b` (share 1)."""
    return a + share * (b - a)


@compiled
def opened_at(room: Array, place: Array, x: float, y: float, z: float) -> float:
    """The openness (nz, ny, nx) at a point, trilinear; `place` holds the first cell's middle and cells a metre."""
    x0, x1, fx = cell_of((x - place[0]) * place[3], room.shape[2])
    y0, y1, fy = cell_of((y - place[1]) * place[3], room.shape[1])
    z0, z1, fz = cell_of((z - place[2]) * place[3], room.shape[0])
    near = mixed(mixed(room[z0, y0, x0], room[z0, y0, x1], fx), mixed(room[z0, y1, x0], room[z0, y1, x1], fx), fy)
    far = mixed(mixed(room[z1, y0, x0], room[z1, y0, x1], fx), mixed(room[z1, y1, x0], room[z1, y1, x1], fx), fy)
    return mixed(near, far, fz)


@compiled
def lamps_at(lamps: Array, place: Array, at: Three, n: Three) -> float:
    """What the lamps' grid (nz, ny, nx, 4) says of a surface with normal `n`, trilinear."""
    x0, x1, fx = cell_of((at[0] - place[0]) * place[3], lamps.shape[2])
    y0, y1, fy = cell_of((at[1] - place[1]) * place[3], lamps.shape[1])
    z0, z1, fz = cell_of((at[2] - place[2]) * place[3], lamps.shape[0])
    total = 0.0
    for z, wz in ((z0, 1.0 - fz), (z1, fz)):
        for y, wy in ((y0, 1.0 - fy), (y1, fy)):
            for x, wx in ((x0, 1.0 - fx), (x1, fx)):
                directed = n[0] * lamps[z, y, x, 0] + n[1] * lamps[z, y, x, 1] + n[2] * lamps[z, y, x, 2]
                total += wz * wy * wx * (lamps[z, y, x, 3] + directed)
    return max(total, 0.0)


@compiled
def noise_at(noise: Array, c: int, x: float, y: float, z: float) -> float:
    """One channel of the noise (32, 32, 32, 4); its whole is 1 long and repeats."""
    size = noise.shape[0]
    x0, x1, fx = wrapped_cell_of(x * size - 0.5, size)
    y0, y1, fy = wrapped_cell_of(y * size - 0.5, size)
    z0, z1, fz = wrapped_cell_of(z * size - 0.5, size)
    near = mixed(
        mixed(noise[z0, y0, x0, c], noise[z0, y0, x1, c], fx), mixed(noise[z0, y1, x0, c], noise[z0, y1, x1, c], fx), fy
    )
    far = mixed(
        mixed(noise[z1, y0, x0, c], noise[z1, y0, x1, c], fx), mixed(noise[z1, y1, x0, c], noise[z1, y1, x1, c], fx), fy
    )
    return mixed(near, far, fz)


@compiled
def label_at(pyramid: Array, start: int, height: int, width: int, u: float, v: float) -> Three:
    """A label's colour (0 to 1) at one level of its pyramid, bilinear, clamped at the border."""
    x0, x1, fx = cell_of(u * width - 0.5, width)
    y0, y1, fy = cell_of(v * height - 0.5, height)
    a, b = start + 3 * (y0 * width + x0), start + 3 * (y0 * width + x1)
    c, d = start + 3 * (y1 * width + x0), start + 3 * (y1 * width + x1)
    keep = 1.0 - fx
    wa, wb, wc, wd = keep * (1.0 - fy) / 255.0, fx * (1.0 - fy) / 255.0, keep * fy / 255.0, fx * fy / 255.0
    return (
        wa * pyramid[a] + wb * pyramid[b] + wc * pyramid[c] + wd * pyramid[d],
        wa * pyramid[a + 1] + wb * pyramid[b + 1] + wc * pyramid[c + 1] + wd * pyramid[d + 1],
        wa * pyramid[a + 2] + wb * pyramid[b + 2] + wc * pyramid[c + 2] + wd * pyramid[d + 2],
    )


@compiled
def place_of(x: int, y: int, inverse: float, view: Array, eye: Array, lens: Array) -> Three:
    """The floor-frame point seen at a pixel."""
    depth = 1.0 / inverse
    ex, ey = (x - lens[2]) / lens[0] * depth, (y - lens[3]) / lens[1] * depth
    return (
        view[0, 0] * ex + view[1, 0] * ey + view[2, 0] * depth + eye[0],
        view[0, 1] * ex + view[1, 1] * ey + view[2, 1] * depth + eye[1],
        view[0, 2] * ex + view[1, 2] * ey + view[2, 2] * depth + eye[2],
    )


@compiled
def unit(x: float, y: float, z: float) -> Three:
    """The direction of a vector."""
    scale = 1.0 / max(np.sqrt(x * x + y * y + z * z), 1e-9)
    return x * scale, y * scale, z * scale


@compiled
def lit(at: Three, n: Three, gloss: float, eye: Array, light: Array, room: Array, room_place: Array, lamps: Array,
        lamp_place: Array) -> Four:  # fmt: skip
    """What falls on a surface: how much of the ambient light, the lamps' and the sun's; and what shines back."""
    opened = opened_at(room, room_place, at[0] + 0.075 * n[0], at[1] + 0.075 * n[1], at[2] + 0.075 * n[2])
    lamp = lamps_at(lamps, lamp_place, at, n) * (0.12 + 0.88 * opened)
    sun = max(n[0] * light[1, 0] + n[1] * light[1, 1] + n[2] * light[1, 2], 0.0) * opened * opened
    towards = unit(eye[0] - at[0], eye[1] - at[1], eye[2] - at[2])
    half = unit(towards[0], towards[1], towards[2] + 1.0)
    shine = max(n[0] * half[0] + n[1] * half[1] + n[2] * half[2], 0.0)
    for _ in range(5):
        shine *= shine
    return (0.75 + 0.25 * n[2]) * (0.2 + 0.8 * opened), lamp, sun, gloss * shine * opened


@compiled
def shown_level(falls: Four, light: Array, c: int, albedo: float, glow: float) -> float:
    """One colour of a pixel, 0 to 255."""
    seen = albedo * (light[0, c] * falls[0] + light[3, c] * falls[1] + light[2, c] * falls[2])
    shown: float = min(255.0, 255.0 * np.sqrt(max(seen + light[3, c] * falls[3] + glow, 0.0)) + 0.5)
    return shown


@compiled
def shade_things(
    box: Array, inverse: Array, owners: Array, faces: Array, weights: Array, levels: Array, view: Array, eye: Array,
    lens: Array, labels: Array, idents: Array, matrices: Array, turns: Array, talls: Array, tints: Array, gloss: Array,
    points: Array, normals: Array, uvs: Array, triangles: Array, pyramid: Array, offsets: Array, sizes: Array,
    light: Array, room: Array, room_place: Array, lamps: Array, lamp_place: Array, noise: Array, rgb: Array, ids: Array,
) -> None:  # fmt: skip
    """Colour every pixel of the box (left, top, right, bottom) that a thing owns; `turns` (n, 3, 3) take normals into
    the floor frame, `talls` (n,) are heights."""
    last = len(offsets) - 1
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            thing = owners[y, x]
            if thing < 0:
                continue
            face = faces[y, x]
            a, b, c = triangles[face, 0], triangles[face, 1], triangles[face, 2]
            b1, b2 = weights[y, x, 0], weights[y, x, 1]
            b0 = 1.0 - b1 - b2
            at = place_of(x, y, inverse[y, x], view, eye, lens)
            lx = b0 * normals[a, 0] + b1 * normals[b, 0] + b2 * normals[c, 0]
            ly = b0 * normals[a, 1] + b1 * normals[b, 1] + b2 * normals[c, 1]
            lz = b0 * normals[a, 2] + b1 * normals[b, 2] + b2 * normals[c, 2]
            n = unit(
                turns[thing, 0, 0] * lx + turns[thing, 0, 1] * ly + turns[thing, 0, 2] * lz,
                turns[thing, 1, 0] * lx + turns[thing, 1, 1] * ly + turns[thing, 1, 2] * lz,
                turns[thing, 2, 0] * lx + turns[thing, 2, 1] * ly + turns[thing, 2, 2] * lz,
            )
            label = labels[thing]
            if label >= 0:
                u = b0 * uvs[a, 0] + b1 * uvs[b, 0] + b2 * uvs[c, 0]
                v = b0 * uvs[a, 1] + b1 * uvs[b, 1] + b2 * uvs[c, 1]
                coarse = min(float(levels[y, x]), float(last))
                level = int(coarse)
                height, width = sizes[level, 0], sizes[level, 1]
                print_ = label_at(pyramid, offsets[level] + label * height * width * 3, height, width, u, v)
                share = coarse - level
                if share > 0.0:
                    height, width = sizes[level + 1, 0], sizes[level + 1, 1]
                    less = label_at(pyramid, offsets[level + 1] + label * height * width * 3, height, width, u, v)
                    print_ = (
                        mixed(print_[0], less[0], share), mixed(print_[1], less[1], share),
                        mixed(print_[2], less[2], share),
                    )  # fmt: skip
                t = (b0 * points[a, 2] + b1 * points[b, 2] + b2 * points[c, 2]) * talls[thing] / 0.09
                t = min(max(t, 0.0), 1.0)
                contact = 0.6 + 0.4 * t * t * (3.0 - 2.0 * t)
                base = (
                    contact * print_[0] * print_[0], contact * print_[1] * print_[1], contact * print_[2] * print_[2]
                )  # fmt: skip
            else:
                plaster = 1.0 + 0.05 * noise_at(noise, 3, at[0] * 1.7, at[1] * 1.7, at[2] * 1.7)
                base = (plaster, plaster, plaster)
            falls = lit(at, n, gloss[thing], eye, light, room, room_place, lamps, lamp_place)
            for k in range(3):
                tint = tints[thing, k]
                rgb[y, x, k] = shown_level(falls, light, k, base[k] * min(tint, 1.0), max(tint - 1.0, 0.0))
            ids[y, x] = idents[thing]


@compiled
def shade_figures(
    box: Array, inverse: Array, owners: Array, faces: Array, weights: Array, view: Array, eye: Array, lens: Array,
    normals: Array, colours: Array, rests: Array, cloths: Array, shown: Array, triangles: Array, light: Array,
    room: Array, room_place: Array, lamps: Array, lamp_place: Array, noise: Array, rgb: Array, ids: Array,
) -> None:  # fmt: skip
    """Colour every pixel of the box that a figure owns."""
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            if owners[y, x] != FIGURES:
                continue
            face = faces[y, x]
            a, b, c = triangles[face, 0], triangles[face, 1], triangles[face, 2]
            b1, b2 = weights[y, x, 0], weights[y, x, 1]
            b0 = 1.0 - b1 - b2
            at = place_of(x, y, inverse[y, x], view, eye, lens)
            n = unit(
                b0 * normals[a, 0] + b1 * normals[b, 0] + b2 * normals[c, 0],
                b0 * normals[a, 1] + b1 * normals[b, 1] + b2 * normals[c, 1],
                b0 * normals[a, 2] + b1 * normals[b, 2] + b2 * normals[c, 2],
            )
            cloth = b0 * cloths[a] + b1 * cloths[b] + b2 * cloths[c]
            grain = 1.0
            soft = min(cloth, 1.0)
            if cloth > 0.02:
                hair = min(max(cloth - 1.0, 0.0), 1.0)
                across, down = 4.0 * mixed(0.34, 2.6, hair), 4.0 * mixed(0.16, 0.35, hair)
                rx = across * (b0 * rests[a, 0] + b1 * rests[b, 0] + b2 * rests[c, 0])
                ry = across * (b0 * rests[a, 1] + b1 * rests[b, 1] + b2 * rests[c, 1])
                rz = down * (b0 * rests[a, 2] + b1 * rests[b, 2] + b2 * rests[c, 2])
                gx, gy, gz = (
                    noise_at(noise, 0, rx, ry, rz), noise_at(noise, 1, rx, ry, rz), noise_at(noise, 2, rx, ry, rz)
                )  # fmt: skip
                along = n[0] * gx + n[1] * gy + n[2] * gz
                bend = mixed(0.55, 0.8, hair) * soft
                n = unit(
                    n[0] + bend * (gx - n[0] * along), n[1] + bend * (gy - n[1] * along),
                    n[2] + bend * (gz - n[2] * along),
                )  # fmt: skip
                grain += soft * mixed(0.08, 0.35, hair) * noise_at(noise, 3, rx, ry, rz)
            falls = lit(at, n, 0.15 * (1.0 - 0.8 * soft), eye, light, room, room_place, lamps, lamp_place)
            for k in range(3):
                colour = b0 * colours[a, k] + b1 * colours[b, k] + b2 * colours[c, k]
                rgb[y, x, k] = shown_level(falls, light, k, grain * colour, 0.0)
            ids[y, x] = shown[c]


@compiled
def shade_blobs(
    middles: Array, inverses: Array, strengths: Array, boxes: Array, height: float, inverse: Array, view: Array,
    eye: Array, lens: Array, rgb: Array,
) -> None:  # fmt: skip
    """Darken the floor under people: `inverses` (k, 2, 2) take a floor point into a blob's unit circle."""
    for k in range(len(strengths)):
        for y in range(boxes[k, 1], boxes[k, 3]):
            for x in range(boxes[k, 0], boxes[k, 2]):
                if inverse[y, x] <= 0.0:
                    continue
                at = place_of(x, y, inverse[y, x], view, eye, lens)
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

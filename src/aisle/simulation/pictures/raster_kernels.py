"""Which triangle is seen at every pixel: a z-buffer in numba.

Shading waits until all triangles are in (deferred), so that what is hidden costs no light.  Per pixel stay 1 / depth,
who is seen (`owner`), which triangle and where on it (the weights of its second and third corner), and how coarse a
label has to be read.  Triangles that reach behind the camera are cut at the near plane.  Edge functions: J. Pineda, "A
parallel algorithm for polygon rasterization", SIGGRAPH 1988.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from aisle.simulation.pictures.compiling import compiled
from aisle.simulation.pictures.drawlist import NEAR_M

Array = Any  # numpy arrays, as compiled code sees them
NOBODY, FIGURES = -1, -2
"""Values of `owner`: nothing drawn here, a figure; from 0 on the index of a thing."""
_NEAR = NEAR_M


@compiled
def fill_triangle(
    corner: Array, owner: int, face: int, coarse: float, box: Array, inverse: Array, owners: Array, faces: Array,
    weights: Array, levels: Array,
) -> None:  # fmt: skip
    """Fill one triangle: `corner` (3, 5) holds u, v in pixels, 1 / depth and the original triangle's weights."""
    ax, ay, bx, by, cx, cy = corner[0, 0], corner[0, 1], corner[1, 0], corner[1, 1], corner[2, 0], corner[2, 1]
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if area >= 0.0:
        return
    left = max(box[0], int(np.ceil(min(ax, bx, cx))))
    right = min(box[2] - 1, int(np.floor(max(ax, bx, cx))))
    top = max(box[1], int(np.ceil(min(ay, by, cy))))
    bottom = min(box[3] - 1, int(np.floor(max(ay, by, cy))))
    if left > right or top > bottom:
        return
    scale = 1.0 / area
    step0, step1 = -(cy - by) * scale, -(ay - cy) * scale
    za, zb, zc = corner[0, 2], corner[1, 2], corner[2, 2]
    b1a, b1b, b1c = corner[0, 3] * za, corner[1, 3] * zb, corner[2, 3] * zc
    b2a, b2b, b2c = corner[0, 4] * za, corner[1, 4] * zb, corner[2, 4] * zc
    for y in range(top, bottom + 1):
        l0 = ((bx - left) * (cy - y) - (by - y) * (cx - left)) * scale
        l1 = ((cx - left) * (ay - y) - (cy - y) * (ax - left)) * scale
        for x in range(left, right + 1):
            l2 = 1.0 - l0 - l1
            if l0 >= 0.0 and l1 >= 0.0 and l2 >= 0.0:
                q = l0 * za + l1 * zb + l2 * zc
                if q > inverse[y, x]:
                    inverse[y, x] = q
                    owners[y, x] = owner
                    faces[y, x] = face
                    weights[y, x, 0] = (l0 * b1a + l1 * b1b + l2 * b1c) / q
                    weights[y, x, 1] = (l0 * b2a + l1 * b2b + l2 * b2c) / q
                    levels[y, x] = coarse
            l0 += step0
            l1 += step1


@compiled
def clip_and_fill(
    eye: Array, lens: Array, corner: Array, owner: int, face: int, box: Array, inverse: Array, owners: Array,
    faces: Array, weights: Array, levels: Array,
) -> None:  # fmt: skip
    """A triangle (3 corners in the camera's frame) of which a part lies behind the near plane."""
    polygon = np.empty((4, 5))
    count = 0
    for i in range(3):
        j = (i + 1) % 3
        zi, zj = eye[i, 2], eye[j, 2]
        if zi >= _NEAR:
            put_corner(polygon[count], eye[i, 0], eye[i, 1], zi, float(int(i == 1)), float(int(i == 2)), lens)
            count += 1
        if (zi >= _NEAR) != (zj >= _NEAR):
            t = (_NEAR - zi) / (zj - zi)
            x, y = eye[i, 0] + t * (eye[j, 0] - eye[i, 0]), eye[i, 1] + t * (eye[j, 1] - eye[i, 1])
            b1 = float(int(i == 1)) * (1.0 - t) + float(int(j == 1)) * t
            b2 = float(int(i == 2)) * (1.0 - t) + float(int(j == 2)) * t
            put_corner(polygon[count], x, y, _NEAR, b1, b2, lens)
            count += 1
    for k in range(2, count):
        corner[0], corner[1], corner[2] = polygon[0], polygon[k - 1], polygon[k]
        fill_triangle(corner, owner, face, 0.0, box, inverse, owners, faces, weights, levels)


@compiled
def put_corner(corner: Array, x: float, y: float, z: float, b1: float, b2: float, lens: Array) -> None:
    """One corner of a triangle to be filled, from the camera's frame."""
    corner[2] = 1.0 / z
    corner[0] = lens[0] * x * corner[2] + lens[2]
    corner[1] = lens[1] * y * corner[2] + lens[3]
    corner[3], corner[4] = b1, b2


@compiled
def fill_things(
    order: Array, kinds: Array, labels: Array, matrices: Array, points: Array, uvs: Array, triangles: Array,
    vertex_spans: Array, face_spans: Array, texels: float, view: Array, lens: Array, box: Array, inverse: Array,
    owners: Array, faces: Array, weights: Array, levels: Array,
) -> None:  # fmt: skip
    """Fill things in `order`; `kinds` says which span of the meshes' vertices and triangles each one takes."""
    largest = 0
    for kind in range(len(vertex_spans)):
        largest = max(largest, vertex_spans[kind, 1] - vertex_spans[kind, 0])
    eye = np.empty((largest, 3))
    pixels = np.empty((largest, 3))
    corner = np.empty((3, 5))
    three = np.empty((3, 3))
    for n in range(len(order)):
        thing = order[n]
        kind = kinds[n]
        v0, v1 = vertex_spans[kind, 0], vertex_spans[kind, 1]
        joined = view @ matrices[thing].astype(np.float64)
        for v in range(v0, v1):
            k = v - v0
            for i in range(3):
                eye[k, i] = (
                    joined[i, 0] * points[v, 0]
                    + joined[i, 1] * points[v, 1]
                    + joined[i, 2] * points[v, 2]
                    + joined[i, 3]
                )
            if eye[k, 2] >= _NEAR:
                pixels[k, 2] = 1.0 / eye[k, 2]
                pixels[k, 0] = lens[0] * eye[k, 0] * pixels[k, 2] + lens[2]
                pixels[k, 1] = lens[1] * eye[k, 1] * pixels[k, 2] + lens[3]
        for face in range(face_spans[kind, 0], face_spans[kind, 1]):
            a, b, c = triangles[face, 0] - v0, triangles[face, 1] - v0, triangles[face, 2] - v0
            near = int(eye[a, 2] < _NEAR) + int(eye[b, 2] < _NEAR) + int(eye[c, 2] < _NEAR)
            if near == 3:
                continue
            if near:
                for i in range(3):
                    three[0, i], three[1, i], three[2, i] = eye[a, i], eye[b, i], eye[c, i]
                clip_and_fill(three, lens, corner, thing, face, box, inverse, owners, faces, weights, levels)
                continue
            area = (pixels[b, 0] - pixels[a, 0]) * (pixels[c, 1] - pixels[a, 1]) - (pixels[b, 1] - pixels[a, 1]) * (
                pixels[c, 0] - pixels[a, 0]
            )
            if area >= 0.0:
                continue
            for i in range(3):
                corner[0, i], corner[1, i], corner[2, i] = pixels[a, i], pixels[b, i], pixels[c, i]
                corner[i, 3], corner[i, 4] = float(int(i == 1)), float(int(i == 2))
            coarse = 0.0
            if labels[thing] >= 0:
                a, b, c = a + v0, b + v0, c + v0
                print_area = abs(
                    (uvs[b, 0] - uvs[a, 0]) * (uvs[c, 1] - uvs[a, 1])
                    - (uvs[b, 1] - uvs[a, 1]) * (uvs[c, 0] - uvs[a, 0])
                )
                coarse = max(0.0, 0.5 * np.log2(max(print_area * texels / -area, 1e-6)))
            fill_triangle(corner, thing, face, coarse, box, inverse, owners, faces, weights, levels)


@compiled
def fill_figures(
    points: Array, triangles: Array, view: Array, lens: Array, box: Array, inverse: Array, owners: Array, faces: Array,
    weights: Array, levels: Array,
) -> None:  # fmt: skip
    """Fill the triangles of figures (points in the floor frame)."""
    eye = np.empty((len(points), 3))
    pixels = np.empty((len(points), 3))
    corner = np.empty((3, 5))
    three = np.empty((3, 3))
    for v in range(len(points)):
        for i in range(3):
            eye[v, i] = view[i, 0] * points[v, 0] + view[i, 1] * points[v, 1] + view[i, 2] * points[v, 2] + view[i, 3]
        if eye[v, 2] >= _NEAR:
            pixels[v, 2] = 1.0 / eye[v, 2]
            pixels[v, 0] = lens[0] * eye[v, 0] * pixels[v, 2] + lens[2]
            pixels[v, 1] = lens[1] * eye[v, 1] * pixels[v, 2] + lens[3]
    for face in range(len(triangles)):
        a, b, c = triangles[face, 0], triangles[face, 1], triangles[face, 2]
        near = int(eye[a, 2] < _NEAR) + int(eye[b, 2] < _NEAR) + int(eye[c, 2] < _NEAR)
        if near == 3:
            continue
        if near:
            for i in range(3):
                three[0, i], three[1, i], three[2, i] = eye[a, i], eye[b, i], eye[c, i]
            clip_and_fill(three, lens, corner, FIGURES, face, box, inverse, owners, faces, weights, levels)
            continue
        for i in range(3):
            corner[0, i], corner[1, i], corner[2, i] = pixels[a, i], pixels[b, i], pixels[c, i]
            corner[i, 3], corner[i, 4] = float(int(i == 1)), float(int(i == 2))
        fill_triangle(corner, FIGURES, face, 0.0, box, inverse, owners, faces, weights, levels)

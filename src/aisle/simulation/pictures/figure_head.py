"""Head, face, hair, hats and hands of a simulated person."""

from __future__ import annotations

import numpy as np

from aisle.simulation.pictures.figure_body import Tube, upright
from aisle.simulation.pictures.figure_mesh import CLOTH, HAIR, SKIN, MeshBuilder, Of, Surface, rigid
from aisle.simulation.pictures.figure_skeleton import BONE, BONES, smooth, unit
from aisle.simulation.pictures.scene import BODY, HEAD, LEFT_HAND, RIGHT_HAND
from aisle.store.model import FloatArray

MIDDLE = np.array([0.0, 0.005, 1.625])
ELEVATIONS = np.r_[-1.5, -1.15, -0.9, np.linspace(-0.72, 0.42, 13), 0.60, 0.80, 1.0, 1.2, 1.38, 1.55]
HAIRLINE = ([-0.11, -0.05, -0.015, 0.01, 0.03, 0.06, 0.085], [1.555, 1.562, 1.61, 1.625, 1.67, 1.698, 1.709])
"""Height over y of where hair begins, from the nape over the ears to the forehead."""
LONG_STYLES = ("bob", "long", "ponytail")
HATS = ("cap", "beanie")


def add_head(b: MeshBuilder) -> None:
    """Head with tinted face, ears and hair: rays from the skull's middle, denser towards the face."""
    m = max(18, round(30 * b.detail))
    n = len(ELEVATIONS)
    phi = np.linspace(0, 2 * np.pi, m, endpoint=False)
    phi = np.pi / 2 + phi - 0.45 * np.sin(phi)
    flat = np.cos(ELEVATIONS)[:, None]
    rise = np.repeat(np.sin(ELEVATIONS)[:, None], m, 1)
    rays = np.stack([flat * np.cos(phi), flat * np.sin(phi), rise], -1).reshape(-1, 3)
    centre = np.tile(MIDDLE, (n * m, 1))
    p = centre + b.cast(b.body.head, centre, rays, np.full(n * m, 0.3), 13)[:, None] * rays
    normals = b.gradient(b.body.head, p)
    shade = np.clip(0.55 + 7 * (p[:, 2] - 1.50), 0.5, 1.0) * np.clip(
        1.05 - 0.25 * np.maximum(-normals[:, 2], 0), 0.8, 1
    )
    b.add(p, normals, n, Surface(_face(b, p), SKIN, HEAD), rigid("head")(p), shade)
    skin = np.array(b.look.skin) * (1, 0.9, 0.88)
    for k in (1, -1):
        rows = [
            (-0.034, 0.004, 0.005, 0, 0.008, 2),
            (-0.02, 0.009, 0.013, 0, 0.004, 2),
            (0.005, 0.011, 0.019, k * 0.004, -0.004, 2),
            (0.025, 0.011, 0.018, k * 0.006, -0.006, 2),
            (0.034, 0.005, 0.006, k * 0.004, -0.004, 2),
        ]
        ear = upright(rows, (k * 0.076, -0.012, 1.625), 0.006)
        b.loft(ear, (-0.034, -0.022, 0, 0.022, 0.034), 7, Surface(skin, SKIN, HEAD), 0, ear, rigid("head"), 0)
    _hair(b, centre, rays, p, n)


def _face(b: MeshBuilder, p: FloatArray) -> FloatArray:
    """Skin with cheeks, lips, eyes, brows and beard painted on."""
    skin = np.array(b.look.skin)
    x, y, z = np.abs(p[:, 0]), p[:, 1], p[:, 2]
    colour = np.tile(skin, (len(p), 1))

    def tint(share: FloatArray, rgb: FloatArray) -> None:
        colour[:] += (rgb - colour) * share[:, None]

    def near(cx: float, cy: float, cz: float, rx: float, rz: float) -> FloatArray:
        return smooth(1.25, 0.75, np.sqrt(((x - cx) / rx) ** 2 + ((z - cz) / rz) ** 2)) * (y > cy)

    hair = np.array(b.look.hair)
    tint(0.2 * near(0.05, 0.03, 1.60, 0.03, 0.025), skin * (1.08, 0.78, 0.74))
    if b.look.beard:
        jaw = smooth(1.600, 1.575, z - 0.35 * np.maximum(x - 0.03, 0)) * smooth(-0.01, 0.03, y) * smooth(1.505, 1.52, z)
        lip = smooth(0.006, 0.002, np.abs(z - 1.586)) * (x < 0.03) * (y > 0.06)
        tint(0.75 * np.maximum(jaw, lip), hair * 0.9)
    tint(0.6 * near(0, 0.05, 1.569, 0.026, 0.007 + 0.002 * b.look.female), skin * (0.82, 0.55, 0.52))
    tint(0.35 * near(0.031, 0.05, 1.640, 0.020, 0.012), skin * 0.6)
    tint(near(0.031, 0.05, 1.637, 0.013, 0.007), np.array((0.16, 0.12, 0.10)))
    tint(0.55 * near(0.033, 0.05, 1.661, 0.019, 0.005), hair * 0.7)
    return colour


def _hair(b: MeshBuilder, centre: FloatArray, rays: FloatArray, surface: FloatArray, n: int) -> None:
    """A shell on the skull above a hairline; long styles add a drape behind the face, hats replace it."""
    style = b.look.hair_style
    if style == "bald":
        return
    y, z = surface[:, 1], surface[:, 2]
    line = np.interp(
        y, [-0.11, -0.05, -0.015, 0.01, 0.03, 0.06, 0.085], [1.555, 1.562, 1.61, 1.625, 1.67, 1.698, 1.709]
    )
    line = line + 0.010 * smooth(0.025, 0.05, np.abs(surface[:, 0])) * (y > 0.03)
    if style == "cap":
        line = np.interp(y, [-0.1, 0.09], [1.655, 1.69])
    elif style == "beanie":
        line = np.interp(y, [-0.1, 0.09], [1.61, 1.685])
    thick = {"short": 0.016, "thin": 0.010, "curly": 0.034, "cap": 0.016, "beanie": 0.021, "ponytail": 0.013}.get(
        style, 0.020
    )
    strands = np.sin(rays @ (23.0, 17.0, 9.0)) * np.sin(rays @ (7.0, -19.0, 13.0))
    lumps = strands * {"curly": 0.010, "cap": 0.0, "beanie": 0.001}.get(style, 0.004)
    cover = smooth(-0.002, 0.016, z - line)
    below = smooth(0.002, -0.012, z - line)
    if style == "thin":  # bald on top
        crown = smooth(0.085, 0.055, np.hypot(surface[:, 0], (y + 0.005) * 0.75)) * (z > 1.67)
        cover, below = cover * (1 - crown), np.maximum(below, crown)
    high = smooth(1.66, 1.75, z)
    shell = np.sqrt(((surface - centre) ** 2).sum(1)) + (thick + lumps + 0.006 * high) * cover - 0.02 * below
    p = centre + np.maximum(shell, 0.02)[:, None] * rays
    normals = unit(b.gradient(b.body.head, surface) * 0.8 + rays * 0.4)
    hat = style in HATS
    colour = np.array(b.look.hat if hat else b.look.hair)
    tone = np.ones(len(p)) if hat else 1 + 0.10 * strands + 0.07 * np.sin(rays @ (41.0, 5.0, 31.0))
    if style in ("short", "bob", "long"):  # a parting shows the scalp
        side = 0.025 if style == "short" else 0.004
        parting = smooth(0.012, 0.002, np.abs(p[:, 0] - side)) * smooth(-0.05, 0.0, y) * (z > 1.70)
        paint = colour * tone[:, None] + (np.array(b.look.skin) * 0.8 - colour) * (0.55 * parting)[:, None]
    else:
        paint = colour * tone[:, None]
    shade = np.clip(0.75 + 1.8 * (p[:, 2] - 1.62), 0.6, 1.0)
    b.add(p, normals, n, Surface(paint, CLOTH if hat else HAIR, HEAD), rigid("head")(p), shade)
    if style in LONG_STYLES:
        _drape(b)
    elif style == "bun":
        bun = upright(
            [(1.665, 0.012, 0.012, 0, 0, 2), (1.685, 0.036, 0.034, 0, 0, 2), (1.72, 0.040, 0.036, 0, 0, 2),
             (1.745, 0.022, 0.02, 0, 0, 2), (1.755, 0.006, 0.006, 0, 0, 2)], (0, -0.115, 0), 0.006
        )  # fmt: skip
        b.loft(bun, np.linspace(1.667, 1.753, 6), 9, Surface(colour * 0.95, HAIR, HEAD), 0, bun, rigid("head"), 0)
    elif style == "cap":
        rows = [(0.05, 0.074, 0.007, 0, 0.006, 2), (0.10, 0.072, 0.007, 0, 0.003, 2),
                (0.15, 0.055, 0.006, 0, -0.008, 2), (0.168, 0.025, 0.004, 0, -0.012, 2)]  # fmt: skip
        peak = Tube((0, 0, 1.694), (0, 1, 0), (1, 0, 0), (0, 0, 1), rows, 0.008)
        b.loft(peak, (0.05, 0.09, 0.12, 0.15, 0.167), 12, Surface(colour, CLOTH, HEAD), 0, peak, rigid("head"), 0)
    elif style == "beanie":
        rows2 = [
            (1.655, 0.092, 0.115, 0, -0.006, 2),
            (1.69, 0.094, 0.117, 0, -0.006, 2),
            (1.70, 0.09, 0.112, 0, -0.006, 2),
        ]
        brim = upright(rows2, blur=0.006)
        b.loft(brim, (1.657, 1.67, 1.685, 1.699), 22, Surface(colour * 0.85, CLOTH, HEAD), 0, brim, rigid("head"), 0.9)


def _drape(b: MeshBuilder) -> None:
    """Hair that hangs: it turns with the head above the collar and lies on the back below."""
    style = b.look.hair_style
    end = {"bob": 1.50, "long": 1.36, "ponytail": 1.42}[style]
    rows = [
        (end, 0.07, 0.03, 0, -0.075, 2.3),
        (end + 0.06, 0.088, 0.048, 0, -0.055, 2.3),
        (1.60, 0.094, 0.075, 0, -0.035, 2.2),
        (1.68, 0.090, 0.085, 0, -0.025, 2),
        (1.74, 0.05, 0.05, 0, -0.02, 2),
    ]
    front = 0.028
    if style == "ponytail":
        front = 1.0
        rows = [
            (end, 0.010, 0.012, 0, -0.115, 2),
            (end + 0.07, 0.026, 0.024, 0, -0.125, 2),
            (1.60, 0.030, 0.024, 0, -0.130, 2),
            (1.66, 0.018, 0.022, 0, -0.115, 2),
        ]
    drape = upright(rows, blur=0.012)

    def field(p: FloatArray) -> FloatArray:
        out: FloatArray = np.maximum(drape(p), p[:, 1] - front)
        return out

    def weights(p: FloatArray) -> FloatArray:
        w = np.zeros((len(p), len(BONES)))
        w[:, BONE["head"]] = smooth(1.42, 1.53, p[:, 2])
        w[:, BONE["chest"]] = 1 - w[:, BONE["head"]]
        return w

    b.loft(drape, np.linspace(end, rows[-1][0], 9), 16, Surface(b.look.hair, HAIR, HEAD), 0, field, weights, 0)


def add_hand(b: MeshBuilder, s: str, cuff_m: float) -> None:
    """Bare arm from `cuff_m` (metres below the shoulder), palm, four fingers on two joints, and a thumb."""
    side = 0 if s == "L" else 1
    arm, bones = b.body.tubes["arm" + s], b.bones
    d, u = bones.along[side], bones.outward[side]
    y = np.array((0.0, 1.0, 0.0))
    r, wrist = bones.arm_m, bones.at("hand" + s)
    skin = np.array(b.look.skin)
    part = LEFT_HAND if s == "L" else RIGHT_HAND
    bare = np.linspace(cuff_m, r - 0.01, 7 if cuff_m < bones.upper_m + 0.02 else 4)
    b.loft(arm, bare, 10, Surface(skin, SKIN, BODY), field=arm, hem=None)
    b.loft(
        arm,
        (r - 0.012, r + 0.015, r + 0.04, r + 0.065, r + 0.09, r + 0.106),
        10,
        Surface(skin, SKIN, part),
        0,
        arm,
        hem=0,
    )
    for f, long in enumerate((0.072, 0.082, 0.076, 0.058)):
        thick = 0.0098 - 0.0007 * abs(f - 1.3)
        root = wrist + 0.094 * d + y * (0.030 - 0.0195 * f) - u * 0.001
        rows = [
            (-0.015, thick, thick, 0, 0, 2),
            (long * 0.5, thick * 0.95, thick * 0.95, 0, 0, 2),
            (long, thick * 0.6, thick * 0.6, 0, 0, 2),
            (long + 0.005, thick * 0.1, thick * 0.1, 0, 0, 2),
        ]
        finger = Tube(root, d, u, y, rows, 0.005)
        places = (-0.014, 0.012, 0.034, 0.046, long - 0.008, long + 0.004)
        b.loft(finger, places, 5, Surface(skin * (1, 0.95, 0.93), SKIN, part), 0, finger, _finger(s, wrist, d), 0)
    t = unit(0.72 * d + 0.55 * y - 0.42 * u)
    v = unit(np.cross(t, u))
    rows = [(-0.01, 0.012, 0.013, 0, 0, 2), (0.03, 0.013, 0.013, 0, 0, 2), (0.068, 0.009, 0.009, 0, 0, 2),
            (0.082, 0.003, 0.003, 0, 0, 2)]  # fmt: skip
    thumb = Tube(wrist + 0.022 * d + 0.018 * y, t, np.cross(v, t), v, rows, 0.006)
    b.loft(thumb, (-0.008, 0.02, 0.045, 0.066, 0.08), 6, Surface(skin, SKIN, part), 0, thumb, rigid("thumb" + s), 0)


def _finger(s: str, wrist: FloatArray, d: FloatArray) -> Of:
    def weights(p: FloatArray) -> FloatArray:
        t = (p - wrist) @ d
        w = np.zeros((len(p), len(BONES)))
        knuckle, middle = smooth(0.085, 0.10, t), smooth(0.124, 0.14, t)
        w[:, BONE["hand" + s]], w[:, BONE["finger" + s]], w[:, BONE["tip" + s]] = 1 - knuckle, knuckle - middle, middle
        return w

    return weights

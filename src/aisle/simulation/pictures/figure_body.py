"""The naked body of a simulated person as an implicit field that clothes and skin are cast on.

A smooth union of elliptic tubes and ellipsoids; their radii are anatomical tables at a stature of 1.75 m, morphed by
sex and build.  Units and axes as in `figure_skeleton`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from aisle.simulation.pictures.figure_looks import Look
from aisle.simulation.pictures.figure_skeleton import SIDES, Skeleton, skeleton_of, smooth
from aisle.store.model import FloatArray

Field = Callable[[FloatArray], FloatArray]
"""About the distance in metres of points (n, 3) from a surface, negative inside."""

FARTHEST_EASE_M = 0.12
"""Nothing is worn further off the body, blends of limbs included."""


def union(a: FloatArray, b: FloatArray, k: float) -> FloatArray:
    """Polynomial smooth minimum of two fields; `k` is the blend's width in metres (Quilez, "Smooth minimum")."""
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0.0, 1.0)
    out: FloatArray = b + (a - b) * h - k * h * (1 - h)
    return out


class Tube:
    """A super-elliptic tube round a straight axis.

    `table` rows: place along the axis, radius across, radius ahead, offset across, offset ahead, power of the ellipse;
    `blur` rounds them off, metres.
    """

    def __init__(
        self,
        origin: Sequence[float] | FloatArray,
        along: Sequence[float] | FloatArray,
        across: Sequence[float] | FloatArray,
        ahead: Sequence[float] | FloatArray,
        table: Sequence[Sequence[float]] | FloatArray,
        blur: float = 0.02,
    ) -> None:
        rows = np.array(table, float)
        self.s = np.arange(rows[0, 0], rows[-1, 0] + 1e-9, 0.005)
        kernel = np.exp(-0.5 * (np.arange(-12, 13) * 0.005 / blur) ** 2)
        columns = [
            np.pad(np.interp(self.s, rows[:, 0], rows[:, c]), 12, mode="reflect", reflect_type="odd")
            for c in range(1, 6)
        ]
        self.rows = np.stack([np.convolve(c, kernel / kernel.sum(), "valid") for c in columns], 1)
        self.origin = np.array(origin, float)
        self.frame = np.array([along, across, ahead], float)
        self.power = float(rows[0, 5]) if np.ptp(rows[:, 5]) == 0 else None
        ends = self.origin + np.outer((self.s[0], self.s[-1]), self.frame[0])
        wide = float(np.max(self.rows[:, :2] + np.abs(self.rows[:, 2:4])))
        reach = wide * np.sqrt(np.maximum(1 - self.frame[0] ** 2, 0.0))
        self.box = np.stack([ends.min(0) - reach, ends.max(0) + reach])

    def at(self, s: FloatArray) -> FloatArray:
        """(5, n): radii, offsets and power at places along the axis."""
        at = np.clip((np.asarray(s) - self.s[0]) / 0.005, 0, len(self.s) - 1)
        low = np.minimum(at.astype(int), len(self.s) - 2)
        part = (at - low)[:, None]
        out: FloatArray = (self.rows[low] * (1 - part) + self.rows[low + 1] * part).T
        return out

    def __call__(self, p: FloatArray) -> FloatArray:
        q = (p - self.origin) @ self.frame.T
        a, b, u, v, n = self.at(q[:, 0])
        x, y = (q[:, 1] - u) / a, (q[:, 2] - v) / b
        round_ = self.power == 2.0
        r = np.sqrt(x * x + y * y) if round_ else (np.abs(x) ** n + np.abs(y) ** n) ** (1 / n)
        side = (r - 1) * np.minimum(a, b)
        out: FloatArray = np.maximum(side, np.maximum(self.s[0] - q[:, 0], q[:, 0] - self.s[-1]))
        return out


def upright(
    table: Sequence[Sequence[float]] | FloatArray, origin: Sequence[float] = (0, 0, 0), blur: float = 0.02
) -> Tube:
    """A tube whose axis stands upright."""
    return Tube(origin, (0, 0, 1), (1, 0, 0), (0, 1, 0), table, blur)


class Ball:
    """Field of an ellipsoid."""

    def __init__(self, centre: Sequence[float], radii: Sequence[float]) -> None:
        self.centre, self.radii = np.array(centre, float), np.array(radii, float)
        self.least = float(self.radii.min())
        self.box = np.stack([self.centre - self.radii, self.centre + self.radii])

    def __call__(self, p: FloatArray) -> FloatArray:
        q = (p - self.centre) / self.radii
        out: FloatArray = (np.sqrt(np.einsum("ij,ij->i", q, q)) - 1) * self.least
        return out


# s, across, ahead, offset across, offset ahead
ARM_ROWS = (
    (-0.04, 0.022, 0.036, -0.018, 0),
    (-0.015, 0.038, 0.050, -0.010, 0),
    (0.03, 0.049, 0.056, -0.003, 0),
    (0.09, 0.048, 0.054, 0, 0),
    (0.15, 0.047, 0.051, 0, 0.003),
    (0.22, 0.043, 0.047, 0, 0.003),
    (0.285, 0.038, 0.042, 0, -0.003),
    (0.32, 0.039, 0.044, 0, 0),
    (0.36, 0.040, 0.044, 0, 0.003),
    (0.42, 0.035, 0.038, 0, 0.002),
    (0.48, 0.028, 0.032, 0, 0),
    (0.53, 0.022, 0.028, 0, 0),
)
HAND_ROWS = (  # from the wrist
    (0.02, 0.019, 0.031, 0, 0),
    (0.06, 0.017, 0.040, 0, 0.002),
    (0.095, 0.015, 0.042, 0, 0.002),
    (0.11, 0.010, 0.036, 0, 0),
)
LEG_ROWS = (
    (-0.06, 0.070, 0.080, 0, -0.012),
    (0.02, 0.087, 0.093, -0.002, -0.014),
    (0.10, 0.083, 0.090, -0.004, -0.004),
    (0.2, 0.076, 0.083, -0.004, 0.004),
    (0.3, 0.066, 0.072, 0, 0.006),
    (0.38, 0.057, 0.062, 0, 0.005),
    (0.42, 0.054, 0.059, 0, 0.006),
    (0.46, 0.050, 0.055, 0, -0.002),
    (0.52, 0.051, 0.057, 0.002, -0.014),
    (0.58, 0.051, 0.057, 0.003, -0.018),
    (0.66, 0.044, 0.047, 0, -0.013),
    (0.74, 0.035, 0.038, 0, -0.006),
    (0.80, 0.032, 0.037, 0, -0.005),
    (0.87, 0.034, 0.044, 0, 0),
)
# height; across and ahead for a man, then for a woman; offset ahead; power
TRUNK_ROWS = (
    (0.79, 0.05, 0.05, 0.05, 0.05, -0.01, 2),
    (0.84, 0.12, 0.12, 0.085, 0.085, -0.015, 2.2),
    (0.90, 0.168, 0.176, 0.112, 0.112, -0.016, 2.3),
    (0.96, 0.163, 0.170, 0.112, 0.114, -0.014, 2.3),
    (1.03, 0.148, 0.146, 0.104, 0.104, -0.006, 2.2),
    (1.09, 0.139, 0.122, 0.097, 0.088, 0.0, 2.2),
    (1.17, 0.145, 0.126, 0.104, 0.092, 0.0, 2.2),
    (1.26, 0.163, 0.141, 0.116, 0.102, -0.004, 2.3),
    (1.33, 0.172, 0.149, 0.122, 0.104, -0.008, 2.4),
    (1.38, 0.170, 0.148, 0.112, 0.096, -0.016, 2.3),
    (1.42, 0.150, 0.129, 0.086, 0.075, -0.024, 2.1),
    (1.447, 0.112, 0.096, 0.067, 0.067, -0.028, 2),
    (1.475, 0.076, 0.063, 0.062, 0.053, -0.025, 2),
    (1.52, 0.056, 0.046, 0.058, 0.050, -0.018, 2),
    (1.62, 0.054, 0.045, 0.056, 0.049, -0.008, 2),
)


class Body:
    """Named tubes, the field of all of them without the head, and the head's own field."""

    def __init__(self, look: Look) -> None:
        f, g = look.female, look.build
        self.look, self.bones = look, skeleton_of(look)
        fat = max(g, 0.0)
        self.torso = upright(_trunk(f, g))
        self.tubes: dict[str, Tube] = {"torso": self.torso}
        for side, (s, k) in enumerate(SIDES):
            self.tubes["arm" + s] = _arm(self.bones, side, f, g)
            self.tubes["leg" + s] = _leg(self.bones, s, k, f, g)
        big = 1 + 0.3 * fat
        bumps: list[tuple[Ball, float]] = []
        for k in (1.0, -1.0):
            if f > 0.3:
                r = 0.058 * f * big + 0.001
                bumps.append((Ball((k * 0.072, 0.058 + 0.02 * fat, 1.285), (r, r, r + 0.002)), 0.035))
            else:
                bumps.append((Ball((k * 0.085, 0.050, 1.345), (0.075, 0.055, 0.055)), 0.05))
            bumps.append((Ball((k * 0.075, -0.062, 0.925), (0.082, 0.075, 0.085)), 0.05))
            # trapezius and deltoid: what a camera on the ceiling sees of a shoulder
            bumps.append((Ball((k * 0.095, -0.030, 1.432), (0.075, 0.042, 0.022)), 0.05))
        self.bumps = bumps
        self.skull = _skull(1 - 0.05 * f)

    def __call__(self, p: FloatArray) -> FloatArray:
        """Field of the body without the head."""
        low, high = p.min(0), p.max(0)
        v = self.torso(p)
        for name, tube in self.tubes.items():
            if name != "torso" and _near(tube.box, low, high):
                v = union(v, tube(p), 0.05 if name.startswith("arm") else 0.03)
        for bump, k in self.bumps:
            if _near(bump.box, low, high):
                v = union(v, bump(p), k)
        return v

    def trunk(self, p: FloatArray) -> FloatArray:
        """Field of the trunk and the upper parts of the limbs' roots, without arms: what a coat's body hangs on."""
        v = self.torso(p)
        for bump, k in self.bumps:
            v = union(v, bump(p), k)
        return v

    def head(self, p: FloatArray) -> FloatArray:
        """Field of the head without hair."""
        v = self.skull[0][0](p)
        for field, k in self.skull[1:]:
            v = union(v, field(p), k)
        for x in (0.031, -0.031):  # eye sockets
            v = -union(-v, Ball((x, 0.100, 1.637), (0.014, 0.016, 0.010))(p), 0.012)
        return v


def _near(box: FloatArray, low: FloatArray, high: FloatArray) -> bool:
    """May something in `box` touch what is worn over points between `low` and `high`?"""
    return bool((box[0] - FARTHEST_EASE_M < high).all() and (box[1] + FARTHEST_EASE_M > low).all())


def _trunk(f: float, g: float) -> FloatArray:
    rows = np.array(TRUNK_ROWS)
    z = rows[:, 0]
    across = rows[:, 1] * (1 - f) + rows[:, 2] * f
    ahead = rows[:, 3] * (1 - f) + rows[:, 4] * f
    fleshy = smooth(1.49, 1.40, z)
    belly = max(g, 0.0) * 0.045 * np.exp(-(((z - 1.10) / 0.11) ** 2))
    across = across * (1 + 0.13 * g * fleshy) + belly * 0.4
    ahead = ahead * (1 + 0.14 * g * fleshy) + belly
    return np.stack([z, across, ahead, np.zeros(len(z)), rows[:, 5] + belly * 0.8, rows[:, 6]], 1)


def _arm(bones: Skeleton, side: int, f: float, g: float) -> Tube:
    """The tables are for an arm of 0.55 m; this one may be longer or shorter."""
    stretch = bones.arm_m / 0.55
    thick = (1 - 0.16 * f) * (1 + 0.11 * g)
    rows = [(r * stretch, a * thick, b * thick, o, v, 2.2) for r, a, b, o, v in ARM_ROWS]
    thin = 1 - 0.1 * f
    rows += [(bones.arm_m + r, a * thin, b * thin, o, v, 2.2) for r, a, b, o, v in HAND_ROWS]
    shoulder = bones.at("upperL" if side == 0 else "upperR")
    return Tube(shoulder, bones.along[side], bones.outward[side], (0, 1, 0), rows)


def _leg(bones: Skeleton, s: str, k: float, f: float, g: float) -> Tube:
    rows = np.array(LEG_ROWS)
    thick = (1 + 0.11 * g) * (1 + 0.05 * f * smooth(0.45, 0.1, rows[:, 0]))
    table = np.stack(
        [rows[:, 0], rows[:, 1] * thick, rows[:, 2] * thick, rows[:, 3] * k, rows[:, 4], np.full(len(rows), 2.1)], 1
    )
    return Tube(bones.at("thigh" + s), (0, 0, -1), (1, 0, 0), (0, 1, 0), table)


def _skull(m: float) -> list[tuple[Ball, float]]:
    """Ellipsoids of cranium, face, chin, brow, cheeks, nose and jaw with their blends."""
    parts: list[tuple[Ball, float]] = [
        (Ball((0, -0.012, 1.664), (0.077 * m, 0.095 * m, 0.088)), 0.02),
        (Ball((0, 0.026, 1.606), (0.058 * m, 0.064, 0.086)), 0.03),
        (Ball((0, 0.068, 1.543), (0.026 * m, 0.028, 0.021)), 0.03),
        (Ball((0, 0.062, 1.655), (0.050 * m, 0.030, 0.016)), 0.02),
        (Ball((0, 0.096, 1.618), (0.011, 0.014, 0.026)), 0.012),
        (Ball((0, 0.102, 1.604), (0.016, 0.014, 0.010)), 0.012),
    ]
    for k in (1.0, -1.0):
        parts.append((Ball((k * 0.043, 0.052, 1.608), (0.022, 0.026, 0.02)), 0.02))
        parts.append((Ball((k * 0.044 * m, 0.02, 1.567), (0.014, 0.035, 0.028)), 0.03))
    return parts

"""The skeleton of a simulated person: joints, who hangs on whom, and the helper joints that keep skin from pinching.

Axes of a figure at rest: x to its right, y ahead, z up, metres at a stature of 1.75 m, origin on the floor between
the feet; arms hang 28 degrees outwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.figure_looks import REFERENCE_M, Look
from aisle.store.model import FloatArray

SIDES = (("L", -1.0), ("R", 1.0))
"""Left first, as in `people`; with the sign of x."""

PARENT: dict[str, str | None] = {"pelvis": None, "spine": "pelvis", "chest": "spine", "neck": "chest", "head": "neck"}
for _s, _ in SIDES:
    PARENT |= {
        "clavicle" + _s: "chest",
        "upper" + _s: "clavicle" + _s,
        "fore" + _s: "upper" + _s,
        "hand" + _s: "fore" + _s,
        "finger" + _s: "hand" + _s,
        "tip" + _s: "finger" + _s,
        "thumb" + _s: "hand" + _s,
        "thigh" + _s: "pelvis",
        "calf" + _s: "thigh" + _s,
        "foot" + _s: "calf" + _s,
        "toe" + _s: "foot" + _s,
    }
HALF: dict[str, tuple[str, str]] = {}
"""Helper joints: turned half as far as the second joint is against the first, sitting at the second.

Plain linear blending loses volume where a joint bends far; a joint half way keeps it (Mohr and Gleicher, "Building
efficient, accurate character skins from examples", 2003)."""
for _s, _ in SIDES:
    HALF |= {
        "delt" + _s: ("clavicle" + _s, "upper" + _s),
        "bend" + _s: ("upper" + _s, "fore" + _s),
        "roll" + _s: ("fore" + _s, "hand" + _s),
        "hip" + _s: ("pelvis", "thigh" + _s),
        "knee" + _s: ("thigh" + _s, "calf" + _s),
    }
BONES = (*PARENT, *HALF, "load")
"""All that skin can follow; `load` is what hangs on an arm and stays upright."""
BONE = {name: i for i, name in enumerate(BONES)}
HALF_OF = np.array([[BONE[a], BONE[b]] for a, b in HALF.values()])

ARM_ANGLE = float(np.radians(28.0))
UPPER_SHARE = 0.536  # of the arm, shoulder to wrist
GRIP_M = 0.080  # wrist to the middle of the palm's grip
HIP_M, KNEE_M, ANKLE_M = 0.915, 0.495, 0.075
HEAD_CENTRE = np.array([0.0, 0.01, 1.635])
BALL = np.array([0.0, 0.105, 0.018])  # where the foot bends, from under the ankle
HEEL = np.array([0.0, -0.065, 0.0])


def smooth(lo: float | FloatArray, hi: float | FloatArray, x: FloatArray) -> FloatArray:
    """Smoothstep from 0 at `lo` to 1 at `hi` (`lo` may exceed `hi`)."""
    t = np.clip((x - lo) / (hi - lo), 0.0, 1.0)
    out: FloatArray = t * t * (3.0 - 2.0 * t)
    return out


def unit(v: FloatArray) -> FloatArray:
    """Vectors along the last axis, made one long."""
    out: FloatArray = v / np.maximum(np.sqrt((v * v).sum(-1, keepdims=True)), 1e-9)
    return out


def cross(a: FloatArray, b: FloatArray) -> FloatArray:
    """Cross product of two vectors (3,), without the overhead of the one for arrays."""
    x, y, z = a.tolist()
    u, v, w = b.tolist()
    return np.array((y * w - z * v, z * u - x * w, x * v - y * u))


@dataclass(frozen=True)
class Skeleton:
    """Joints at rest, at the reference stature: `joints` (bones, 3), and per side (left, right) the arm's axes:
    `along` (2, 3) from shoulder to hand, `outward` (2, 3) away from the body; lengths in metres."""

    joints: FloatArray
    along: FloatArray
    outward: FloatArray
    upper_m: float
    fore_m: float
    scale: float

    @property
    def arm_m(self) -> float:
        return self.upper_m + self.fore_m

    def at(self, name: str) -> FloatArray:
        joint: FloatArray = self.joints[BONE[name]]
        return joint

    @property
    def grips(self) -> FloatArray:
        """(2, 3) middle of each palm at rest."""
        wrists = self.joints[[BONE["handL"], BONE["handR"]]]
        out: FloatArray = wrists + GRIP_M * self.along - 0.022 * self.outward
        return out


def skeleton_of(look: Look) -> Skeleton:
    """Where the joints of these looks are."""
    f = look.female
    scale = look.stature_m / REFERENCE_M
    arm = look.arm_m / scale
    upper, fore = UPPER_SHARE * arm, (1 - UPPER_SHARE) * arm
    j = np.zeros((len(BONES), 3))

    def put(name: str, *xyz: float) -> None:
        j[BONE[name]] = xyz

    put("pelvis", 0, 0, 0.97)
    put("spine", 0, -0.01, 1.07)
    put("chest", 0, -0.015, 1.22)
    put("neck", 0, -0.022, 1.485)
    put("head", 0, -0.005, 1.57)
    along, outward = np.zeros((2, 3)), np.zeros((2, 3))
    for side, (s, k) in enumerate(SIDES):
        d = along[side] = np.array([k * np.sin(ARM_ANGLE), 0, -np.cos(ARM_ANGLE)])
        outward[side] = np.array([k * np.cos(ARM_ANGLE), 0, np.sin(ARM_ANGLE)])
        shoulder = np.array([k * (0.182 - 0.022 * f + 0.006 * look.build), -0.012, 1.402])
        wrist = shoulder + arm * d
        put("clavicle" + s, k * 0.03, 0.01, 1.43)
        put("upper" + s, *shoulder)
        put("fore" + s, *(shoulder + upper * d))
        put("hand" + s, *wrist)
        put("finger" + s, *(wrist + 0.092 * d))
        put("tip" + s, *(wrist + 0.132 * d))
        put("thumb" + s, *(wrist + 0.03 * d + (0, 0.025, 0)))
        x = k * (0.09 + 0.004 * f)
        put("thigh" + s, x, 0, HIP_M)
        put("calf" + s, x, 0, KNEE_M)
        put("foot" + s, x, 0, ANKLE_M)
        put("toe" + s, x, BALL[1], BALL[2])
    for name, (_, second) in HALF.items():
        j[BONE[name]] = j[BONE[second]]
    return Skeleton(j, along, outward, upper, fore, scale)


def spine_weights(z: FloatArray) -> FloatArray:
    """(n, 5) weights of pelvis, spine, chest, neck, head by height at rest."""
    cut = [smooth(1.00, 1.12, z), smooth(1.15, 1.29, z), smooth(1.45, 1.52, z), smooth(1.535, 1.60, z)]
    return np.stack([1 - cut[0], cut[0] - cut[1], cut[1] - cut[2], cut[2] - cut[3], cut[3]], 1)


def body_weights(bones: Skeleton, p: FloatArray, soft: float = 0.03, sleeve: bool = False) -> FloatArray:
    """(n, bones) skinning weights as a smooth function of the rest position, so that overlapping parts move alike.

    `soft` is half the width of the blend between the legs, in metres; `sleeve` says that the points belong to an arm
    however far from its axis.  Each row sums to 1.
    """
    w = np.zeros((len(p), len(BONES)))
    rest = np.ones(len(p))
    for side, (s, k) in enumerate(SIDES):
        a = _arm(bones, p, side, k, sleeve, w, s)
        c = smooth(0.05, 0.15, k * p[:, 0]) * smooth(1.30, 1.42, p[:, 2]) * (1 - a) * 0.8
        w[:, BONE["clavicle" + s]] = c
        g = (1 - a - c) * smooth(-soft, soft, k * p[:, 0])
        hip, thigh = smooth(1.01, 0.90, p[:, 2]), smooth(0.93, 0.79, p[:, 2])
        knee = smooth(KNEE_M + 0.075, KNEE_M + 0.005, p[:, 2])
        calf, ankle = smooth(KNEE_M - 0.005, KNEE_M - 0.075, p[:, 2]), smooth(0.13, 0.07, p[:, 2])
        toe = smooth(BALL[1] - 0.015, BALL[1] + 0.03, p[:, 1]) * ankle
        w[:, BONE["hip" + s]], w[:, BONE["thigh" + s]] = g * (hip - thigh), g * (thigh - knee)
        w[:, BONE["knee" + s]], w[:, BONE["calf" + s]] = g * (knee - calf), g * (calf - ankle)
        w[:, BONE["foot" + s]], w[:, BONE["toe" + s]] = g * (ankle - toe), g * toe
        rest -= a + c + g * hip
    w[:, :5] = spine_weights(p[:, 2]) * np.maximum(rest, 0)[:, None]
    out: FloatArray = w / w.sum(1, keepdims=True)
    return out


def _arm(
    bones: Skeleton, p: FloatArray, side: int, k: float, sleeve: bool, w: FloatArray, s: str
) -> npt.NDArray[np.float64]:
    """Fill in one arm's weights and return their sum (n,).

    The trunk below the armpit stays with the ribs, and the underside of a sleeve goes over to the arm further out:
    the armpit opens instead of being dragged up with the arm.
    """
    d, u = bones.along[side], bones.outward[side]
    q = p - bones.at("upper" + s)
    t, out = q @ d, q @ u
    under = np.maximum(-out, 0)
    if sleeve:
        near = (k * p[:, 0] > 0).astype(float)
        t = t - 0.5 * np.minimum(under, 0.06) * smooth(0.22, 0.08, t)
    else:
        radial = np.sqrt(np.maximum((q * q).sum(1) - t * t, 0.0))
        near = smooth(0.13, 0.065, radial) * smooth(-0.07, -0.02, out) * (k * p[:, 0] > 0)
    e, r = bones.upper_m, bones.arm_m
    a, upper = smooth(-0.035, 0.055, t) * near, smooth(0.0, 0.12, t) * near
    bend, fore = smooth(e - 0.065, e - 0.005, t), smooth(e + 0.005, e + 0.065, t)
    roll, hand = smooth(e + 0.05, r - 0.05, t), smooth(r - 0.035, r + 0.015, t)
    for name, share in (
        ("delt", a - upper),
        ("upper", upper * (1 - bend)),
        ("bend", upper * (bend - fore)),
        ("fore", upper * np.maximum(fore - roll, 0)),
        ("roll", upper * (np.minimum(roll, fore) - hand)),
        ("hand", upper * hand),
    ):
        w[:, BONE[name + s]] = np.maximum(share, 0)
    total: FloatArray = np.maximum(a, upper)
    return total

"""A simulated person posed: two-bone inverse kinematics for legs and arms, hands, and the skin over it all.

Everything here is in the figure's own frame at a stature of 1.75 m (axes as in `figure_skeleton`, origin on the floor
where the person stands, y where they face).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aisle.simulation.pictures.figure_gait import Feet
from aisle.simulation.pictures.figure_looks import LOAD_DROP_M
from aisle.simulation.pictures.figure_mesh import Float32, RestFigure
from aisle.simulation.pictures.figure_skeleton import (
    BALL,
    BONE,
    BONES,
    GRIP_M,
    HALF,
    HALF_OF,
    HEEL,
    SIDES,
    Skeleton,
    cross,
    unit,
)
from aisle.simulation.pictures.figure_trunk import Trunk, hip_joints
from aisle.store.model import FloatArray

X, Y, Z = np.eye(3)
LEG_FRAME = np.stack([-Z, -X, Y])  # at rest the leg hangs along -z and bends backwards: its hinge is -x
ANKLE = np.array([0.0, 0.0, 0.075])
LOAD_SHARE, LOAD_ASIDE_M = 0.35, 0.05  # from the wrist to the elbow, and outwards
PALM_M = 0.014  # from the wrist's axis to the skin of the palm
_TILTS = np.linspace(0.0, 1.0, 9)


@dataclass(frozen=True, slots=True)
class Arms:
    """Where the wrists go (2, 3); elbows bend towards `poles` (2, 3); fingers curl by `curl` (2,), rad."""

    wrists_m: FloatArray
    poles: FloatArray
    curl: FloatArray


@dataclass(frozen=True, slots=True)
class Bones:
    """A posed skeleton: `turns` (bones, 3, 3) and posed joints (bones, 3)."""

    turns: FloatArray
    joints: FloatArray


def turned(axis: FloatArray, angle: float) -> FloatArray:
    """Rotation by Rodrigues' formula about a unit axis."""
    x, y, z = axis
    c, s = np.cos(angle), np.sin(angle)
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    out: FloatArray = c * np.eye(3) + s * k + (1 - c) * np.outer(axis, axis)
    return out


def two_bone(
    start: FloatArray, target: FloatArray, upper: float, lower: float, pole: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Directions of the upper and lower bone and their hinge, for a chain from `start` to `target` that bends towards
    `pole`; a target out of reach is pointed at."""
    v = target - start
    full = float(np.sqrt(v @ v))
    d = min(max(full, abs(upper - lower) + 1e-3), (upper + lower) * 0.9995)
    a = v / max(full, 1e-9)
    side = unit(pole - a * (pole @ a))
    c = (upper * upper + d * d - lower * lower) / (2 * upper * d)
    first = a * c + side * np.sqrt(max(1 - c * c, 0.0))
    second = unit(a * d - first * upper)
    return first, second, unit(cross(first, second))


def pose(rest: RestFigure, body: Trunk, feet: Feet, arms: Arms, load_side: int) -> Bones:
    """Pose the whole figure.  `feet` are in the figure's frame; a load hangs from the forearm of `load_side`."""
    bones = rest.bones
    R, P = np.tile(np.eye(3), (len(BONES), 1, 1)), bones.joints.copy()
    for name, turn in body.turns.items():
        R[BONE[name]], P[BONE[name]] = turn[0], body.joints[name][0]
    hips = hip_joints(bones, body)
    for side, (s, g) in enumerate(SIDES):
        _leg(bones, R, P, s, g, hips[side], feet, side)
        _arm(bones, R, P, s, g, body.shoulders_m[0, side], arms, side)
    _halves(R, P)
    s, g = SIDES[load_side]
    wrist, elbow = P[BONE["hand" + s]], P[BONE["fore" + s]]
    P[BONE["load"]] = wrist + LOAD_SHARE * (elbow - wrist) + np.array([g * LOAD_ASIDE_M, 0.0, 0.03])
    if rest.look.load is not None:  # low down it stands on the floor
        P[BONE["load"], 2] = max(P[BONE["load"], 2], LOAD_DROP_M[rest.look.load] + 0.005)
    return Bones(R, P)


def _ankle(feet: Feet, side: int, pitch: float) -> FloatArray:
    """The ankle (3,) of a foot pitched about its heel or its ball."""
    pivot = HEEL if pitch > 0 else BALL
    c, s = np.cos(pitch), np.sin(pitch)
    arm = ANKLE - pivot
    y, z = pivot[1] + c * arm[1] - s * arm[2], pivot[2] + s * arm[1] + c * arm[2]
    yaw = feet.yaw_rad[side]
    return np.array([feet.at_m[side, 0] - np.sin(yaw) * y, feet.at_m[side, 1] + np.cos(yaw) * y, z + feet.lift_m[side]])


def _leg(
    bones: Skeleton, R: FloatArray, P: FloatArray, s: str, g: float, hip: FloatArray, feet: Feet, side: int
) -> None:
    """Thigh, calf, foot and toes; the heel comes up where the leg is too short."""
    top, mid, end = bones.at("thigh" + s), bones.at("calf" + s), bones.at("foot" + s)
    upper, lower = float(top[2] - mid[2]), float(mid[2] - end[2])
    pitch, toe = float(feet.pitch_rad[side]), float(feet.toe_rad[side])
    ankle = _ankle(feet, side, pitch)
    longest = 0.9985 * (upper + lower)
    if np.sqrt(((ankle - hip) ** 2).sum()) > longest:
        start = min(pitch, 0.0)
        tilts = start - _TILTS
        far = np.array([np.sqrt(((_ankle(feet, side, p) - hip) ** 2).sum()) for p in tilts])
        near = int(np.argmax(far <= longest)) if bool((far <= longest).any()) else int(np.argmin(far))
        if near > 0:
            u = (far[near - 1] - longest) / max(far[near - 1] - far[near], 1e-6)
            tilt = tilts[near - 1] + (tilts[near] - tilts[near - 1]) * min(max(u, 0.0), 1.0)
            toe = toe + (pitch if pitch < 0 else 0.0) - tilt
            pitch, ankle = float(tilt), _ankle(feet, side, float(tilt))
    yaw = float(feet.yaw_rad[side]) - g * 0.12
    toes_out = np.array([-np.sin(yaw), np.cos(yaw), 0.0])
    first, second, hinge = two_bone(hip, ankle, upper, lower, toes_out + np.array([g * 0.06, 0, 0.15]))
    P[BONE["thigh" + s]], P[BONE["calf" + s]] = hip, hip + upper * first
    P[BONE["foot" + s]] = P[BONE["calf" + s]] + lower * second
    for name, v in (("thigh", first), ("calf", second)):
        R[BONE[name + s]] = np.stack([v, hinge, cross(v, hinge)], 1) @ LEG_FRAME
    foot = turned(Z, yaw) @ turned(X, pitch)
    R[BONE["foot" + s]] = foot
    P[BONE["toe" + s]] = P[BONE["foot" + s]] + foot @ (bones.at("toe" + s) - end)
    R[BONE["toe" + s]] = foot @ turned(X, toe)


def _arm(
    bones: Skeleton, R: FloatArray, P: FloatArray, s: str, g: float, shoulder: FloatArray, arms: Arms, side: int
) -> None:
    """Upper arm, forearm, hand with thumb up or ahead, and fingers."""
    d = bones.along[side]
    first, second, hinge = two_bone(shoulder, arms.wrists_m[side], bones.upper_m, bones.fore_m, arms.poles[side])
    bent = cross(d, Y)
    frame = np.stack([d, bent, cross(d, bent)])
    P[BONE["upper" + s]], P[BONE["fore" + s]] = shoulder, shoulder + bones.upper_m * first
    P[BONE["hand" + s]] = P[BONE["fore" + s]] + bones.fore_m * second
    for name, v in (("upper", first), ("fore", second)):
        R[BONE[name + s]] = np.stack([v, hinge, cross(v, hinge)], 1) @ frame
    down = min(max(0.5 - 0.8 * second[2], 0.0), 1.0)
    up = Z + 0.6 * (down * (Y - 0.35 * g * X) - (1 - down) * g * X)
    thumb = unit(up - second * (up @ second))
    hand = np.stack([second, thumb, cross(second, thumb)], 1) @ np.stack([d, Y, cross(d, Y)])
    R[BONE["hand" + s]] = hand
    curl = float(arms.curl[side])
    for name, parent, share in (("finger", "hand", 0.8), ("tip", "finger", 1.0), ("thumb", "hand", 0.25)):
        i, j = BONE[name + s], BONE[parent + s]
        P[i] = P[j] + R[j] @ (bones.joints[i] - bones.joints[j])
        R[i] = R[j] @ turned(Y, g * curl * share)


def _halves(R: FloatArray, P: FloatArray) -> None:
    """Helper joints: half the turn between two joints, by half quaternions."""
    first, second = R[HALF_OF[:, 0]], R[HALF_OF[:, 1]]
    between = np.einsum("nji,njk->nik", first, second)
    trace = np.clip(np.trace(between, axis1=1, axis2=2), -0.98, 3.0)
    w = np.sqrt(1 + trace) / 2
    M = between - between.transpose(0, 2, 1)
    v = np.stack([M[:, 2, 1], M[:, 0, 2], M[:, 1, 0]], 1) / (4 * w[:, None])
    w = w + 1
    size = np.sqrt(w * w + (v * v).sum(1))
    w, v = w / size, v / size[:, None]
    x, y, z = v.T
    half = np.stack(
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
         2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
         2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)], 1
    ).reshape(-1, 3, 3)  # fmt: skip
    start = len(BONES) - 1 - len(HALF)
    R[start:-1] = first @ half
    P[start:-1] = P[HALF_OF[:, 1]]


def skin(rest: RestFigure, posed: Bones, yaw_rad: float, at_m: FloatArray) -> tuple[Float32, Float32]:
    """Points and normals (n, 3) in the floor frame by linear blend skinning; the figure's y looks along `yaw_rad`."""
    c, s = np.sin(yaw_rad), -np.cos(yaw_rad)
    facing = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    k = rest.bones.scale
    R = facing @ posed.turns
    moved = k * (posed.joints @ facing.T - np.einsum("bij,bj->bi", R, rest.bones.joints)) + np.array([*at_m, 0.0])
    M = np.concatenate([R, moved[:, :, None]], 2).astype(np.float32).reshape(-1, 12)
    A = (rest.weights @ M).reshape(-1, 3, 4)
    points = np.matmul(A[:, :, :3], rest.points_m[:, :, None])[:, :, 0] + A[:, :, 3]
    normals = np.matmul(A[:, :, :3], rest.normals[:, :, None])[:, :, 0]
    normals /= np.maximum(np.sqrt((normals * normals).sum(1, keepdims=True)), 1e-6)
    return points, normals


def grips(rest: RestFigure, posed: Bones, width_m: tuple[float | None, float | None] = (None, None)) -> FloatArray:
    """(2, 4, 4) left, right: frame of a held item in the figure's frame (metres at 1.75 m).

    Origin in the middle of the grip; x out of the palm, through the item; z the item's up: along the thumb's side of
    the hand, tipped upwards as far as a loose wrist lets an item hang; y completes the right hand.  `width_m` is
    what each hand holds, so that its near side lies in the palm; a can's when None.
    """
    out = np.zeros((2, 4, 4))
    for side, (s, _) in enumerate(SIDES):
        R = posed.turns[BONE["hand" + s]]
        normal = -(R @ rest.bones.outward[side])
        thumb = R @ Y
        up = thumb + 1.0 * Z
        up = unit(up - normal * (up @ normal))
        out[side, :3, :3] = np.stack([normal, cross(up, normal), up], 1)
        width = width_m[side]
        off = PALM_M + (0.02 if width is None else width / 2 / rest.bones.scale)
        out[side, :3, 3] = posed.joints[BONE["hand" + s]] + R @ (GRIP_M * rest.bones.along[side]) + off * normal
        out[side, 3, 3] = 1.0
    return out

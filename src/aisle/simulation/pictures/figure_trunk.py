"""How a simulated person bends, twists and crouches so that the head is where the script says and the hand gets there.

Six numbers say what the trunk does: bend forwards, bend aside, twist (rad), drop, shift ahead and aside (metres at a
stature of 1.75 m).  They are found by damped least squares (Levenberg 1944, Marquardt 1963) from a start that
depends on nothing but the target, so equal targets give equal postures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aisle.simulation.pictures.figure_skeleton import BONE, HEAD_CENTRE, Skeleton
from aisle.store.model import FloatArray

LEAN, SIDE, TWIST, DROP, AHEAD, ASIDE = range(6)
LEAST = np.array([-0.25, -0.55, -0.8, -0.09, -0.25, -0.16])
MOST = np.array([1.45, 0.55, 0.8, 0.56, 0.25, 0.16])
EASY = np.array([0.7, 0.30, 0.35, 0.5, 0.10, 0.07])
"""How far each number goes before it feels odd: weights of the least squares."""
HEAD_WITHIN_M, ARM_WITHIN_M = 0.02, 0.008
ARM_USED = 0.985  # of its length, at most
ROUNDS = 4
_PROBE = np.vstack([np.zeros(6), np.eye(6) * 1e-4])


@dataclass(frozen=True, slots=True)
class Trunk:
    """n postures: rotations (n, 3, 3) by joint, and posed joints (n, 3): pelvis, spine, chest, neck, head."""

    turns: dict[str, FloatArray]
    joints: dict[str, FloatArray]
    head_m: FloatArray  # (n, 3) the head's centre
    shoulders_m: FloatArray  # (n, 2, 3)


@dataclass(frozen=True, slots=True)
class Motion:
    """What else turns the trunk: the hips' swing while walking (yaw, roll, rad), the head's gaze (yaw to the left,
    pitch up), and each shoulder's rise and reach forward (2,), rad."""

    hips_yaw: float = 0.0
    hips_roll: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    rise: tuple[float, float] = (0.0, 0.0)
    forward: tuple[float, float] = (0.0, 0.0)


def turn_x(a: FloatArray) -> FloatArray:
    """Rotations (n, 3, 3) about x by a (n,)."""
    out = np.zeros((len(a), 3, 3))
    c, s = np.cos(a), np.sin(a)
    out[:, 0, 0] = 1
    out[:, 1, 1] = out[:, 2, 2] = c
    out[:, 1, 2], out[:, 2, 1] = -s, s
    return out


def turn_y(a: FloatArray) -> FloatArray:
    """Rotations (n, 3, 3) about y by a (n,)."""
    out = np.zeros((len(a), 3, 3))
    c, s = np.cos(a), np.sin(a)
    out[:, 1, 1] = 1
    out[:, 0, 0] = out[:, 2, 2] = c
    out[:, 0, 2], out[:, 2, 0] = s, -s
    return out


def turn_z(a: FloatArray) -> FloatArray:
    """Rotations (n, 3, 3) about z by a (n,)."""
    out = np.zeros((len(a), 3, 3))
    c, s = np.cos(a), np.sin(a)
    out[:, 2, 2] = 1
    out[:, 0, 0] = out[:, 1, 1] = c
    out[:, 0, 1], out[:, 1, 0] = -s, s
    return out


def trunk(bones: Skeleton, q: FloatArray, motion: Motion) -> Trunk:
    """Postures for n rows of six numbers (n, 6)."""
    n = len(q)
    lean, side, twist, drop = q[:, LEAN], q[:, SIDE], q[:, TWIST], q[:, DROP]
    one = np.ones(n)
    turns: dict[str, FloatArray] = {}
    joints: dict[str, FloatArray] = {}
    hips = bones.at("pelvis") + np.stack(
        # the seat goes back when the head goes ahead
        [q[:, ASIDE], q[:, AHEAD] - 0.16 * np.sin(np.maximum(lean, 0)) - 0.10 * np.maximum(drop, 0), -drop],
        1,
    )
    joints["pelvis"] = hips
    turns["pelvis"] = turn_z(motion.hips_yaw * one) @ turn_x(-0.30 * lean) @ turn_y(0.30 * side + motion.hips_roll)

    def follow(name: str, parent: str, local: FloatArray) -> None:
        arm = bones.at(name) - bones.at(parent)
        joints[name] = joints[parent] + turns[parent] @ arm
        turns[name] = turns[parent] @ local

    follow("spine", "pelvis", turn_x(-0.38 * lean) @ turn_y(0.40 * side) @ turn_z(0.5 * twist - 0.8 * motion.hips_yaw))
    follow("chest", "spine", turn_x(-0.32 * lean) @ turn_y(0.30 * side) @ turn_z(0.5 * twist - 0.9 * motion.hips_yaw))
    yaw, pitch = motion.gaze
    calm = turn_z(yaw * 0.4 - 0.35 * twist + 0.35 * motion.hips_yaw)
    follow("neck", "chest", turn_x(0.33 * lean + 0.4 * pitch) @ calm @ turn_y(-0.3 * side))
    calm = turn_z(yaw * 0.6 - 0.35 * twist + 0.35 * motion.hips_yaw)
    follow("head", "neck", turn_x(0.37 * lean + 0.6 * pitch) @ calm @ turn_y(-0.4 * side))
    shoulders = np.empty((n, 2, 3))
    for i, s in enumerate("LR"):
        g = 1.0 if s == "R" else -1.0
        local = turn_y(-g * motion.rise[i] * one) @ turn_z(g * motion.forward[i] * one)
        follow("clavicle" + s, "chest", local)
        shoulders[:, i] = joints["clavicle" + s] + turns["clavicle" + s] @ (
            bones.at("upper" + s) - bones.at("clavicle" + s)
        )
    head = joints["head"] + turns["head"] @ (HEAD_CENTRE - bones.at("head"))
    return Trunk(turns, joints, head, shoulders)


def settle(
    bones: Skeleton, rest: FloatArray, motion: Motion, head_m: FloatArray, wrists_m: FloatArray, pull: FloatArray
) -> FloatArray:
    """The six numbers (6,) that bring the head near `head_m` (3,) and each pulled wrist within an arm's length.

    `rest` (6,) is what the trunk does anyway; `pull` (2,) from 0 to 1 says how much each of `wrists_m` (2, 3) counts.
    """
    at_rest = trunk(bones, rest[None], motion)
    shift = head_m - at_rest.head_m[0]
    q = rest.copy()
    q[LEAN] += np.clip(shift[1] / 0.55, -0.2, 1.2)
    q[SIDE] += np.clip(shift[0] / 0.6, -0.4, 0.4)
    q[DROP] += np.clip(-shift[2] - 0.64 * (np.cos(rest[LEAN]) - np.cos(q[LEAN])), 0.0, 0.5)
    damping = 1e-3 * np.eye(6)
    for _ in range(ROUNDS):
        r = _misfit(bones, q + _PROBE, rest, motion, head_m, wrists_m, pull)
        J = (r[1:] - r[0]).T / 1e-4
        q = np.clip(q - np.linalg.solve(J.T @ J + damping, J.T @ r[0]), LEAST, MOST)
    return q


def _misfit(
    bones: Skeleton,
    q: FloatArray,
    rest: FloatArray,
    motion: Motion,
    head_m: FloatArray,
    wrists_m: FloatArray,
    pull: FloatArray,
) -> FloatArray:
    """(n, 11) residuals: head, arms too short, effort."""
    body = trunk(bones, q, motion)
    gap = wrists_m - body.shoulders_m
    short = np.sqrt((gap * gap).sum(-1)) - ARM_USED * bones.arm_m
    # softplus instead of a kink, so that postures change smoothly
    soft = 0.004 * np.logaddexp(0.0, short / 0.004)
    return np.concatenate(
        [(body.head_m - head_m) / HEAD_WITHIN_M, soft * pull / ARM_WITHIN_M, (q - rest) / EASY], axis=1
    )


def hip_joints(bones: Skeleton, body: Trunk) -> FloatArray:
    """(2, 3) left and right, of the first posture."""
    arms = bones.joints[[BONE["thighL"], BONE["thighR"]]] - bones.at("pelvis")
    out: FloatArray = body.joints["pelvis"][0] + arms @ body.turns["pelvis"][0].T
    return out

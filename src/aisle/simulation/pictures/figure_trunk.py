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
_SHIFTS = [ASIDE, AHEAD, DROP]
LEAST = np.array([-0.25, -0.55, -0.8, -0.09, -0.25, -0.16])
MOST = np.array([1.45, 0.55, 0.8, 0.58, 0.42, 0.16])
EASY = np.array([0.7, 0.30, 0.35, 0.5, 0.12, 0.07])
"""How far each number goes before it feels odd: weights of the least squares."""
HEAD_WITHIN_M, ARM_WITHIN_M = 0.02, 0.004
ARM_USED = 0.985  # of its length, at most
ROUNDS, SETTLED = 7, 0.01  # at most; a gain in the cost (1 is the head 2 cm off) that ends the search
_DAMPING = np.array([0.05, 2.0, 20.0, 300.0])[:, None, None] * np.diag(EASY**-2)
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


SPREAD = {"pelvis": (-0.30, 0.30, 0.0), "spine": (-0.38, 0.40, 0.5), "chest": (-0.32, 0.30, 0.5)}
SPREAD |= {"neck": (0.33, -0.3, -0.35), "head": (0.37, -0.4, -0.35)}
"""Each joint's share of bend forwards, bend aside and twist; the head stays upright."""
CHAIN: tuple[tuple[str, str], ...] = (
    ("pelvis", ""),
    ("spine", "pelvis"),
    ("chest", "spine"),
    ("neck", "chest"),
    ("head", "neck"),
)
CHAIN += (("clavicleL", "chest"), ("clavicleR", "chest"))
_SHARES = np.zeros((3, 7, 3))
for _axis, _number in enumerate((LEAN, SIDE, TWIST)):
    _SHARES[_axis, :5, _axis] = [share[_axis] for share in SPREAD.values()]


def turns_of(angles: FloatArray) -> FloatArray:
    """Rotations (..., 3, 3) by angles (3, ...): about z first, then y, then x (rad)."""
    (a, d, f), (c, e, g) = np.cos(angles), np.sin(angles)
    ce, ae = c * e, a * e
    out = np.empty((*a.shape, 3, 3))
    out[..., 0, 0], out[..., 0, 1], out[..., 0, 2] = d * f, -d * g, e
    out[..., 1, 0], out[..., 1, 1], out[..., 1, 2] = a * g + ce * f, a * f - ce * g, -c * d
    out[..., 2, 0], out[..., 2, 1], out[..., 2, 2] = c * g - ae * f, c * f + ae * g, a * d
    return out


def _own(motion: Motion) -> FloatArray:
    """(3, 7) angles the joints of `CHAIN` have whatever the trunk does."""
    (yaw, pitch), hips = motion.gaze, motion.hips_yaw
    (rise_l, rise_r), (ahead_l, ahead_r) = motion.rise, motion.forward
    return np.array(
        [
            [0.0, 0.0, 0.0, 0.4 * pitch, 0.6 * pitch, 0.0, 0.0],
            [motion.hips_roll, 0.0, 0.0, 0.0, 0.0, rise_l, -rise_r],
            [hips, -0.8 * hips, -0.9 * hips, 0.4 * yaw + 0.35 * hips, 0.6 * yaw + 0.35 * hips, -ahead_l, ahead_r],
        ]
    )


def trunk(bones: Skeleton, q: FloatArray, motion: Motion) -> Trunk:
    """Postures for n rows of six numbers (n, 6)."""
    local = turns_of(_SHARES @ q[:, :3].T + _own(motion)[:, :, None])
    turns, joints = {"pelvis": local[0]}, {"pelvis": q[:, _SHIFTS] * (1.0, 1.0, -1.0) + bones.at("pelvis")}
    # the seat goes back when the head goes ahead
    joints["pelvis"][:, 1] -= 0.16 * np.sin(np.maximum(q[:, LEAN], 0)) + 0.10 * np.maximum(q[:, DROP], 0)
    for i, (name, parent) in enumerate(CHAIN[1:], 1):
        joints[name] = joints[parent] + turns[parent] @ (bones.at(name) - bones.at(parent))
        turns[name] = turns[parent] @ local[i]
    shoulders = np.stack(
        [
            joints["clavicle" + s] + turns["clavicle" + s] @ (bones.at("upper" + s) - bones.at("clavicle" + s))
            for s in "LR"
        ],
        axis=1,
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
    tries, cost = q[None], np.inf
    for _ in range(ROUNDS):
        rows = (tries[:, None] + _PROBE).reshape(-1, 6)
        misfits = _misfit(bones, rows, rest, motion, head_m, wrists_m, pull).reshape(len(tries), len(_PROBE), -1)
        costs = (misfits[:, 0] ** 2).sum(axis=1)
        best = int(np.argmin(costs))
        if costs[best] > cost - SETTLED:
            break
        q, cost, r = tries[best], costs[best], misfits[best]
        J = (r[1:] - r[0]).T / 1e-4
        slope = J.T @ r[0]
        held = ((q <= LEAST) & (slope > 0)) | ((q >= MOST) & (slope < 0))
        J[:, held] = 0.0
        steps = np.linalg.solve(J.T @ J + _DAMPING, np.where(held, 0.0, slope)[:, None])[:, :, 0]
        tries = np.clip(q - steps, LEAST, MOST)
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

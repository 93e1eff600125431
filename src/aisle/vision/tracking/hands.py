"""Wrists of the people known, in space: sightings of several cameras and moments fused, two hands apiece.

Each hand is a small filter in floor coordinates.  Between sightings it moves with the body and drifts back to where
hands usually hang, within an arm's length of the shoulders; a sighting narrows it across its ray and leaves it wide
along it, so that one camera alone gives an honest, long ellipsoid and a second one cuts it short.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from aisle.store.model import FloatArray
from aisle.vision.tracking.crowd import HANDS, Crowd
from aisle.vision.tracking.lens import Eye

REST_SIDE_M = 0.32  # spread of a resting wrist about the body's axis
REST_DOWN = 0.38  # below the head by this share of the head's height
REST_DOWN_M = 0.26
SWING_M_S = 1.1  # random walk of a wrist, m per square root of a second
RETURN_S = 0.7
ARM_M = 0.85  # shoulder to wrist at most, with what the shoulder's place is uncertain by
SHOULDER = 0.88  # of the head's height
SIGMA_PX = 3.0
MODEL_M = 0.03
GATE = 11.0  # squared distance in two dimensions
MISSED_NATS = 4.5  # half a squared distance beyond which a wrist is nobody's
FRESH_S = 0.5
HOLD_FADE_S = 1.0
HOLD_WEIGHT = 0.5
MOST_ODDS = 5.0


def rest(mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where wrists hang when nobody sees them: means (n, 3) and variances (3,) or (n, 3)."""
    place = np.empty((len(mean), 3))
    place[:, :2] = mean[:, :2] + 0.5 * mean[:, 4:6]
    place[:, 2] = (1.0 - REST_DOWN) * mean[:, 6]
    return place, np.broadcast_to(np.array([REST_SIDE_M**2, REST_SIDE_M**2, REST_DOWN_M**2]), place.shape)


def predict(crowd: Crowd, moved_m: FloatArray, dt_s: float) -> None:
    """Hands `dt_s` later, on bodies that moved by `moved_m` (n, 2)."""
    if not len(crowd):
        return
    middle, variance = rest(crowd.mean)
    fresh = np.isnan(crowd.wrist[..., 0])
    crowd.wrist = np.where(fresh[..., None], middle[:, None], crowd.wrist)
    crowd.wrist_cov = np.where(fresh[..., None, None], (variance[:, None, :, None] * np.eye(3)), crowd.wrist_cov)
    crowd.wrist[..., :2] += moved_m[:, None]
    keep = math.exp(-dt_s / RETURN_S)
    crowd.wrist = middle[:, None] + keep * (crowd.wrist - middle[:, None])
    crowd.wrist_cov = keep**2 * crowd.wrist_cov
    widen = np.minimum((1.0 - keep**2) * variance + SWING_M_S**2 * dt_s * keep**2 * 0.5, variance)
    crowd.wrist_cov[..., range(3), range(3)] += widen[:, None]


def observe(
    crowd: Crowd,
    eye: Eye,
    people: npt.NDArray[np.intp],
    points: FloatArray,
    scores: FloatArray,
    holding: FloatArray,
    t: float,
) -> None:
    """A camera saw wrists at normalised `points` (k, 2, 2) of the persons in rows `people` (k,); `scores` and
    `holding` are (k, 2)."""
    k = len(people)
    usable = np.isfinite(points).all(axis=2) & (scores > 0.05)
    if not usable.any():
        return
    wrist, cov = crowd.wrist[people], crowd.wrist_cov[people]
    uv, slopes, z = eye.see(wrist.reshape(-1, 3))
    uv, slopes = uv.reshape(k, HANDS, 2), slopes.reshape(k, HANDS, 2, 3)
    spread = slopes @ cov @ slopes.swapaxes(-1, -2)
    blur = SIGMA_PX / np.clip(scores, 0.1, 1.0) / float(np.mean(eye.camera.focal_px))
    noise = blur**2 + (MODEL_M / z.reshape(k, HANDS).mean(axis=1, keepdims=True)) ** 2
    off = points[:, None] - uv[:, :, None]  # person, hand, sighting
    S = spread[:, :, None] + noise[:, None, :, None, None] * np.eye(2)
    a, b, d = S[..., 0, 0], S[..., 0, 1], S[..., 1, 1]
    det = a * d - b * b
    x, y = off[..., 0], off[..., 1]
    squared = (d * x * x - 2 * b * x * y + a * y * y) / det
    cost = 0.5 * squared + 0.5 * np.log(det)
    reference = 0.5 * np.log(np.maximum(det.max(axis=(1, 2), keepdims=True), 1e-12))
    cost = np.where(usable[:, None] & (squared < GATE), cost - reference, MISSED_NATS)
    cost = np.nan_to_num(cost, nan=MISSED_NATS)
    straight = cost[:, 0, 0] + cost[:, 1, 1]
    crossed = cost[:, 0, 1] + cost[:, 1, 0]
    pairing = np.where((crossed < straight)[:, None], np.array([1, 0]), np.array([0, 1]))  # hand -> sighting
    rows = np.arange(k)
    for hand in range(HANDS):
        which = pairing[:, hand]
        good = usable[rows, which] & (squared[rows, hand, which] < GATE) & (cost[rows, hand, which] < MISSED_NATS)
        if not good.any():
            continue
        r, w = rows[good], which[good]
        _correct(crowd, people[good], hand, slopes[r, hand], S[r, hand, w], off[r, hand, w], scores[r, w], t)
        _grip(crowd, people[good], hand, holding[r, w], t)


def _correct(
    crowd: Crowd,
    people: npt.NDArray[np.intp],
    hand: int,
    slopes: FloatArray,
    S: FloatArray,
    off: FloatArray,
    scores: FloatArray,
    t: float,
) -> None:
    P = crowd.wrist_cov[people, hand]
    PH = P @ slopes.transpose(0, 2, 1)
    K = np.linalg.solve(S, PH.transpose(0, 2, 1)).transpose(0, 2, 1)
    after = P - K @ PH.transpose(0, 2, 1)
    wrist = crowd.wrist[people, hand] + (K @ off[..., None])[..., 0]
    # An arm is only so long: what the ray allows beyond it is pulled back to the sphere round the shoulders.
    body = crowd.mean[people]
    shoulder = np.concatenate([body[:, 0:2] + 0.7 * body[:, 4:6], SHOULDER * body[:, 6:7]], axis=1)
    arm = wrist - shoulder
    far = np.linalg.norm(arm, axis=1)
    long = far > ARM_M
    wrist[long] = shoulder[long] + arm[long] * (ARM_M / far[long])[:, None]
    after[long] += 0.05**2 * np.eye(3)
    crowd.wrist[people, hand] = wrist
    crowd.wrist_cov[people, hand] = (after + after.transpose(0, 2, 1)) / 2.0
    same = crowd.wrist_seen_s[people, hand] == t
    before = np.where(same, crowd.wrist_score[people, hand], 0.0)
    crowd.wrist_score[people, hand] = 1.0 - (1.0 - before) * (1.0 - np.clip(scores, 0.0, 0.99))
    crowd.wrist_seen_s[people, hand] = t


def _grip(crowd: Crowd, people: npt.NDArray[np.intp], hand: int, holding: FloatArray, t: float) -> None:
    """Fuse what cameras say of a hand holding something: log odds that fade with time."""
    known = np.isfinite(holding)
    if not known.any():
        return
    who = people[known]
    odds = np.clip(holding[known], 0.02, 0.98)
    gone = np.minimum(t - crowd.grip_s[who, hand], 1e6)
    faded = crowd.grip[who, hand] * np.exp(-gone / HOLD_FADE_S)
    crowd.grip[who, hand] = np.clip(faded + HOLD_WEIGHT * np.log(odds / (1.0 - odds)), -MOST_ODDS, MOST_ODDS)
    crowd.grip_s[who, hand] = t


def name_sides(crowd: Crowd, dt_s: float) -> None:
    """Let hand 0 be the left one: who walks ahead has it on the left of the way they go."""
    if not len(crowd):
        return
    speed = np.hypot(crowd.mean[:, 2], crowd.mean[:, 3])
    apart = np.nan_to_num(crowd.wrist[:, 0, :2] - crowd.wrist[:, 1, :2])
    across = (crowd.mean[:, 2] * apart[:, 1] - crowd.mean[:, 3] * apart[:, 0]) / np.maximum(speed, 0.05)
    tells = (speed > 0.4) & (np.abs(across) > 0.08)
    crowd.side = np.clip(crowd.side * math.exp(-dt_s / 20.0) + np.where(tells, np.sign(across) * dt_s, 0.0), -2.0, 2.0)
    wrong = crowd.side < -0.5
    if wrong.any():
        for array in (crowd.wrist, crowd.wrist_cov, crowd.wrist_seen_s, crowd.wrist_score, crowd.grip, crowd.grip_s):
            array[wrong] = array[wrong][:, ::-1]
        crowd.side[wrong] *= -1.0


def scores(crowd: Crowd, t: float) -> FloatArray:
    """How sure (n, 2) each wrist is where it is said to be: as seen, fading within `FRESH_S`."""
    age = np.minimum(t - crowd.wrist_seen_s, 1e3)
    return np.asarray(np.where(age < FRESH_S, crowd.wrist_score * np.exp(-age / (FRESH_S / 2)), 0.0))


def sigmas(crowd: Crowd) -> FloatArray:
    """Standard deviations (n, 2) per axis, metres: the root mean square over the three."""
    return np.asarray(np.sqrt(np.trace(crowd.wrist_cov, axis1=2, axis2=3) / 3.0))

"""Wrists of the people known, in space: sightings of several cameras and moments fused, two hands apiece.

Each hand is a small filter in floor coordinates.  Between sightings it moves with the body and drifts back to where
hands usually hang, left and right of the way a person faces; a sighting narrows it across its ray and leaves it wide
along it, so that one camera alone gives an honest, long ellipsoid and a second one cuts it short.  What a ray would
allow beyond an arm's length of the shoulders is cut off.
"""

from __future__ import annotations

import math

import numpy as np

from aisle.store.model import FloatArray
from aisle.vision.seen import Indices
from aisle.vision.tracking.crowd import HANDS, Crowd
from aisle.vision.tracking.lens import Eyes
from aisle.vision.tracking.sighting import View

REST_SIDE_M = 0.17  # a resting wrist is so far left or right of the body's axis
REST_SPREAD_M = (0.28, 0.28, 0.26)
REST_DOWN = 0.38  # below the head by this share of the head's height
SWING_M_S = 0.8  # random walk of a wrist, m per square root of a second
RETURN_S = 0.7
ARM_M = 0.85  # shoulder to wrist at most, with what the shoulder's place is uncertain by
SHOULDER = 0.88  # of the head's height
SIGMA_PX = 3.0
MODEL_M = 0.03
GATE = 11.0  # squared distance in two dimensions
FRESH_S = 0.5
HOLD_FADE_S = 1.0
HOLD_WEIGHT = 0.5
MOST_ODDS = 5.0
TURNS_M_S = 0.35  # who walks faster than this faces where they go
_AXES = np.arange(3)
_VARIANCES = np.square(REST_SPREAD_M)


def rest(crowd: Crowd) -> FloatArray:
    """Where wrists hang when nobody sees them (n, 2, 3): hand 0 on the left of the way a person faces, hand 1 right."""
    speed = np.hypot(crowd.mean[:, 2], crowd.mean[:, 3])
    walks = speed > TURNS_M_S
    crowd.heading[walks] = crowd.mean[walks, 2:4] / speed[walks, None]
    side = REST_SIDE_M * np.stack([-crowd.heading[:, 1], crowd.heading[:, 0]], axis=1)
    place = np.empty((len(crowd), HANDS, 3))
    middle = crowd.mean[:, :2] + 0.5 * crowd.mean[:, 4:6]
    place[:, 0, :2], place[:, 1, :2] = middle + side, middle - side
    place[..., 2] = ((1.0 - REST_DOWN) * crowd.mean[:, 6])[:, None]
    return place


def predict(crowd: Crowd, moved_m: FloatArray, dt_s: float) -> None:
    """Hands `dt_s` later, on bodies that moved by `moved_m` (n, 2)."""
    home = rest(crowd)
    keep = math.exp(-dt_s / RETURN_S)
    crowd.wrist[..., :2] += moved_m[:, None]
    crowd.wrist = home + keep * (crowd.wrist - home)
    crowd.wrist_cov = keep**2 * crowd.wrist_cov
    widen = np.minimum((1.0 - keep**2) * _VARIANCES + SWING_M_S**2 * dt_s * keep**2, _VARIANCES)
    crowd.wrist_cov[..., _AXES, _AXES] += widen


def at_rest(crowd: Crowd, which: slice) -> None:
    """Hands of people just found hang where hands do."""
    crowd.wrist[which] = rest(crowd)[which]
    crowd.wrist_cov[which] = np.diag(_VARIANCES)


def observe(crowd: Crowd, eyes: Eyes, view: View, pairs: tuple[Indices, Indices], t: float) -> None:
    """Take the wrists of the sightings `pairs[1]` (k,) of the people `pairs[0]` (k,), of all cameras at once."""
    who, which = pairs
    points, scores = view.wrists[which], view.hand_scores[which]
    usable = (points[..., 0] == points[..., 0]) & (scores > 0.05)  # (k, 2)
    some = usable.any(axis=1)
    if not some.any():
        return
    who, which, points, scores, usable = who[some], which[some], points[some], scores[some], usable[some]
    slopes, S, off, squared = _against(crowd, eyes, view, who, which, points, scores)
    det = S[..., 0, 0] * S[..., 1, 1] - S[..., 0, 1] ** 2
    good = usable[:, None] & (squared < GATE)
    cost = np.where(good, 0.5 * squared + 0.5 * np.log(det / det.max(axis=(1, 2), keepdims=True)), 0.5 * GATE)
    crossed = cost[:, 0, 1] + cost[:, 1, 0] < cost[:, 0, 0] + cost[:, 1, 1]
    sighting = np.stack([crossed, ~crossed], axis=1).astype(np.intp)  # (k, 2): of each hand
    rows, hand = np.nonzero(np.take_along_axis(good, sighting[..., None], axis=2)[..., 0])
    if not len(rows):
        return
    seen = sighting[rows, hand]
    _correct(crowd, who[rows] * HANDS + hand, slopes[rows, hand], S[rows, hand, seen], off[rows, hand, seen])
    _mark(crowd, who[rows], hand, scores[rows, seen], t)
    _grip(crowd, who[rows], hand, view.holding[which[rows], seen], t)


def _against(
    crowd: Crowd,
    eyes: Eyes,
    view: View,
    who: Indices,
    which: Indices,
    points: FloatArray,
    scores: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Slopes (k, 2, 2, 3), covariances (k, hand, sighting, 2, 2), offsets (k, hand, sighting, 2), squared distances."""
    R = eyes.rotation[view.camera[which]]
    X = (crowd.wrist[who] - eyes.position_m[view.camera[which]][:, None]) @ R.transpose(0, 2, 1)
    z = np.maximum(X[..., 2], 0.1)
    uv = X[..., :2] / z[..., None]
    slopes = (R[:, None, :2] - uv[..., None] * R[:, None, 2:]) / z[..., None, None]
    spread = slopes @ crowd.wrist_cov[who] @ slopes.swapaxes(-1, -2)
    blur = SIGMA_PX / np.maximum(scores, 0.1) / eyes.focal_px[view.camera[which], :1]
    noise = (blur**2)[:, None] + ((MODEL_M / z) ** 2)[..., None]
    off = points[:, None] - uv[:, :, None]
    S = np.repeat(spread[:, :, None], 2, axis=2)
    S[..., 0, 0] += noise
    S[..., 1, 1] += noise
    a, b, d = S[..., 0, 0], S[..., 0, 1], S[..., 1, 1]
    x, y = off[..., 0], off[..., 1]
    squared = (d * x * x - 2.0 * b * x * y + a * y * y) / (a * d - b * b)
    return slopes, S, off, squared


def _correct(crowd: Crowd, slot: Indices, slopes: FloatArray, S: FloatArray, off: FloatArray) -> None:
    """Add the information of sightings (k,) to the hands `slot` (k,), numbered person by person."""
    cov = crowd.wrist_cov.reshape(-1, 3, 3)
    R = S - slopes @ cov[slot] @ slopes.swapaxes(-1, -2)
    HW = slopes.swapaxes(-1, -2) @ np.linalg.inv(R)
    touched, row = np.unique(slot, return_inverse=True)
    owner = (np.arange(len(touched))[:, None] == row).astype(np.float64)
    added = (owner @ (HW @ slopes).reshape(len(slot), 9)).reshape(-1, 3, 3)
    P = cov[touched]
    after = np.linalg.solve(np.eye(3) + P @ added, P)
    after = (after + after.swapaxes(-1, -2)) / 2.0
    wrist = crowd.wrist.reshape(-1, 3)[touched]
    wrist = wrist + (after @ (owner @ (HW @ off[..., None])[..., 0])[..., None])[..., 0]
    body = crowd.mean[touched // HANDS]
    shoulder = np.concatenate([body[:, 0:2] + 0.7 * body[:, 4:6], SHOULDER * body[:, 6:7]], axis=1)
    arm = wrist - shoulder
    far = np.sqrt((arm * arm).sum(axis=1))
    long = far > ARM_M
    if long.any():
        wrist[long] = shoulder[long] + arm[long] * (ARM_M / far[long])[:, None]
        after[long] += 0.05**2 * np.eye(3)
    crowd.wrist.reshape(-1, 3)[touched] = wrist
    crowd.wrist_cov.reshape(-1, 3, 3)[touched] = after


def _mark(crowd: Crowd, who: Indices, hand: Indices, scores: FloatArray, t: float) -> None:
    """Hands seen now are as sure as all their sightings together, taken for independent."""
    crowd.wrist_score[who, hand] = 0.0
    missed = np.zeros(crowd.wrist_score.shape)
    np.add.at(missed, (who, hand), np.log1p(-np.minimum(scores, 0.99)))
    crowd.wrist_score[who, hand] = -np.expm1(missed[who, hand])
    crowd.wrist_seen_s[who, hand] = t


def _grip(crowd: Crowd, who: Indices, hand: Indices, holding: FloatArray, t: float) -> None:
    """Fuse what cameras say of hands holding something: log odds that fade with time."""
    known = holding == holding
    if not known.any():
        return
    who, hand = who[known], hand[known]
    odds = np.clip(holding[known], 0.02, 0.98)
    gone = np.minimum(t - crowd.grip_s[who, hand], 1e6)
    crowd.grip[who, hand] *= np.exp(-gone / HOLD_FADE_S)
    np.add.at(crowd.grip, (who, hand), HOLD_WEIGHT * np.log(odds / (1.0 - odds)))
    crowd.grip[who, hand] = np.clip(crowd.grip[who, hand], -MOST_ODDS, MOST_ODDS)
    crowd.grip_s[who, hand] = t


def scores(crowd: Crowd, t: float) -> FloatArray:
    """How sure (n, 2) each wrist is where it is said to be: as seen, fading within `FRESH_S`."""
    age = np.minimum(t - crowd.wrist_seen_s, 1e3)
    return np.asarray(np.where(age < FRESH_S, crowd.wrist_score * np.exp(-age / (FRESH_S / 2)), 0.0))


def sigmas(crowd: Crowd) -> FloatArray:
    """Standard deviations (n, 2) per axis, metres: the root mean square over the three."""
    return np.asarray(np.sqrt(np.trace(crowd.wrist_cov, axis1=2, axis2=3) / 3.0))

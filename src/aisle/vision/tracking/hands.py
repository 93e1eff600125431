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
from aisle.vision.tracking.hand_fusion import Found, Rays, found
from aisle.vision.tracking.lens import Eyes
from aisle.vision.tracking.sighting import View

REST_SIDE_M = 0.17  # a resting wrist is so far left or right of the body's axis
REST_SPREAD_M = (0.28, 0.28, 0.26)
REST_DOWN = 0.38  # below the head by this share of the head's height
SWING_M_S = 0.8  # random walk of a wrist, m per square root of a second
RETURN_S = 0.7
ARM_M = 0.85  # shoulder to wrist at most, with what the shoulder's place is uncertain by
SHOULDER = 0.88  # of the head's height
SIGMA_PX = 3.0  # of a sure wrist where the detector does not say
SIGMA_GAIN = 1.3  # errors last longer than a frame
MODEL_M = 0.03
GATE = 14.0  # squared distance in three dimensions beyond which a hand has moved as nobody foresaw
LEAST_SCORE = 0.1
HALF_RIGHT, RIGHT_BY = 4.2, 2.2  # support with which half of the hands are right (within 0.12 m), and how fast more are
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
    usable = (view.wrists[which][..., 0] == view.wrists[which][..., 0]) & (view.hand_scores[which] > LEAST_SCORE)
    row, slot = np.nonzero(usable)
    person, sighting = who[row], which[row]
    camera = view.camera[sighting]
    scores = view.hand_scores[sighting, slot]
    said = view.hand_sigma_px[sighting, slot]
    blur = np.where(said == said, SIGMA_GAIN * said, SIGMA_PX / np.maximum(scores, 0.1)) / eyes.focal_px[camera, 0]
    precision = np.linalg.inv(crowd.wrist_cov)
    for i in np.unique(person).tolist():
        mine = np.flatnonzero(person == i)
        rays = Rays(
            eyes.position_m[camera[mine]],
            eyes.rotation[camera[mine]],
            view.wrists[sighting[mine], slot[mine]],
            blur[mine],
            scores[mine],
            camera[mine],
        )
        hands_seen = found(rays, crowd.wrist[i], precision[i], MODEL_M)
        for hand, seen in _paired(crowd.wrist[i], precision[i], hands_seen):
            _correct(crowd, i, hand, precision[i, hand], rays, seen)
            those = mine[seen.explains]
            crowd.wrist_score[i, hand] = 1.0 / (1.0 + math.exp((HALF_RIGHT - seen.support) / RIGHT_BY))
            crowd.wrist_seen_s[i, hand] = t
            _grip(crowd, i, hand, view.holding[sighting[those], slot[those]], t)


def _paired(expected_m: FloatArray, precision: FloatArray, seen: list[Found]) -> list[tuple[int, Found]]:
    """Which hand of the person each of at most two is: as they were expected."""
    if not seen:
        return []
    off = np.stack([s.place_m for s in seen]) - expected_m[:, None]  # (2, seen, 3)
    cost = ((off @ precision) * off).sum(axis=2)
    if len(seen) == 1:
        return [(int(cost[:, 0].argmin()), seen[0])]
    crossed = cost[1, 0] + cost[0, 1] < cost[0, 0] + cost[1, 1]
    return [(int(crossed), seen[0]), (int(not crossed), seen[1])]


def _correct(crowd: Crowd, i: int, hand: int, before: FloatArray, rays: Rays, seen: Found) -> None:
    """Add what the explained sightings say to one hand, linearised where it was found; `before` (3, 3) is the inverse
    of its covariance.

    A hand found by several cameras far from where it was expected has moved as nobody foresaw: it is taken from there.
    """
    those = seen.explains
    R = rays.axes[those]
    X = (R @ (seen.place_m - rays.eyes_m[those])[..., None])[..., 0]
    z = np.maximum(X[:, 2], 0.1)
    uv = X[:, :2] / z[:, None]
    slopes = (R[:, :2] - uv[..., None] * R[:, 2:]) / z[:, None, None]  # (k, 2, 3)
    weight = 1.0 / (rays.sigma[those] ** 2 + (MODEL_M / z) ** 2)
    flat = slopes.reshape(-1, 3)
    weighted = flat * np.repeat(weight, 2)[:, None]
    target = (rays.points[those] - uv).reshape(-1) + flat @ seen.place_m
    mean = crowd.wrist[i, hand]
    off = seen.place_m - mean
    if off @ before @ off > GATE:
        if those.sum() < 2:
            return
        before, mean = np.diag(1.0 / _VARIANCES), seen.place_m
    after = np.linalg.inv(before + weighted.T @ flat)
    wrist = after @ (before @ mean + weighted.T @ target)
    body = crowd.mean[i]
    shoulder = np.array([*(body[0:2] + 0.7 * body[4:6]), SHOULDER * body[6]])
    arm = wrist - shoulder
    far = float(np.sqrt(arm @ arm))
    if far > ARM_M:
        wrist = shoulder + arm * (ARM_M / far)
        after = after + 0.05**2 * np.eye(3)
    crowd.wrist[i, hand], crowd.wrist_cov[i, hand] = wrist, (after + after.T) / 2.0


def _grip(crowd: Crowd, i: int, hand: int, holding: FloatArray, t: float) -> None:
    """Fuse what cameras say of a hand holding something: log odds that fade with time."""
    known = holding[holding == holding]
    if not len(known):
        return
    odds = np.clip(known, 0.02, 0.98)
    gone = min(t - float(crowd.grip_s[i, hand]), 1e6)
    said = HOLD_WEIGHT * float(np.log(odds / (1.0 - odds)).sum())
    faded = float(crowd.grip[i, hand]) * math.exp(-gone / HOLD_FADE_S)
    crowd.grip[i, hand] = min(max(faded + said, -MOST_ODDS), MOST_ODDS)
    crowd.grip_s[i, hand] = t


def scores(crowd: Crowd, t: float) -> FloatArray:
    """How sure (n, 2) each wrist is where it is said to be: as seen, fading within `FRESH_S`."""
    age = np.minimum(t - crowd.wrist_seen_s, 1e3)
    return np.asarray(np.where(age < FRESH_S, crowd.wrist_score * np.exp(-age / (FRESH_S / 2)), 0.0))


def sigmas(crowd: Crowd) -> FloatArray:
    """Standard deviations (n, 2) per axis, metres: the root mean square over the three."""
    return np.asarray(np.sqrt(np.trace(crowd.wrist_cov, axis1=2, axis2=3) / 3.0))

"""What cameras saw in one slot against the people known: how likely each pairing is, and what sightings correct.

A sighting measures (head x, head y, foot x, foot y) in normalised image coordinates.  The head is at
(x + ex, y + ey, h), the foot at (x, y, 0); both are linearised about the prediction (extended Kalman filter).  Foot
points are guessed where a shelf hides them and head points sometimes belong to a hat or a poster, so a pairing may
also count with one of the two points taken to be wrong, at a price.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.store.model import FloatArray
from aisle.vision.seen import Indices, PeopleSeen
from aisle.vision.tracking.association import IMPOSSIBLE
from aisle.vision.tracking.lens import Eyes
from aisle.vision.tracking.motion import STATE
from aisle.vision.tracking.settings import FloorSettings

UNKNOWN = 1e4
"""Variance (normalised coordinates) of a point that was not seen."""
BOTH, HEAD_ONLY, FOOT_ONLY = 0, 1, 2
_LOG_2PI = math.log(2.0 * math.pi)
_POINT_OF = np.array([[True, True], [True, False], [False, True]])  # mode -> head counts, foot counts
_DIAGONAL = np.arange(4)


@dataclass(frozen=True)
class View:
    """The detections of one slot made ready: m sightings of several cameras in normalised coordinates.

    `camera` (m,) are the cameras' numbers, `picture` (m,) their places in the list of those that gave a picture.
    `points` (m, 4) are 0 where unknown, `noise` (m, 4, 4), `known` (m, 2) head and foot, `wrists` (m, 2, 2) NaN where
    unknown, `log_clutter` (m,) log density of false detections at the first point, `log_loose` (m,) that of the second
    point given the first, `tall` (m,) the boxes' heights.
    """

    camera: Indices
    picture: Indices
    scores: FloatArray
    looks: FloatArray
    hand_sigma_px: FloatArray
    hand_scores: FloatArray
    holding: FloatArray
    wrists: FloatArray
    points: FloatArray
    noise: FloatArray
    known: npt.NDArray[np.bool_]
    tall: FloatArray
    log_clutter: FloatArray
    log_loose: FloatArray

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, which: Indices) -> View:
        return View(*(getattr(self, name)[which] for name in self.__dataclass_fields__))

    @classmethod
    def of(cls, eyes: Eyes, cameras: Indices, seen: Sequence[PeopleSeen], settings: FloorSettings) -> View:
        """What `cameras` (k,) saw, one `PeopleSeen` each."""
        counts = [len(one) for one in seen]
        m = sum(counts)
        picture = np.repeat(np.arange(len(seen)), counts)
        camera = cameras[picture]

        def joined(name: str) -> FloatArray:
            return np.concatenate([getattr(one, name) for one in seen if len(one)]) if m else getattr(seen[0], name)

        raw = np.concatenate([joined("heads_px"), joined("feet_px"), joined("hands_px").reshape(-1, 2)])
        flat, slopes = eyes.straightened(np.concatenate([camera, camera, np.repeat(camera, 2)]), raw)
        wrists, flat, slopes = flat[2 * m :].reshape(m, 2, 2), flat[: 2 * m], slopes[: 2 * m]
        sigma = np.concatenate([joined("head_sigma_px"), joined("feet_sigma_px")]) * settings.noise_gain
        usable = np.isfinite(flat[:, 0] + flat[:, 1] + sigma) & (sigma > 0)
        flat = np.where(usable[:, None], flat, 0.0)
        blocks = (sigma**2)[:, None, None] * (slopes @ slopes.transpose(0, 2, 1))
        blocks[~usable] = UNKNOWN * np.eye(2)
        noise = np.zeros((m, 4, 4))
        noise[:, :2, :2], noise[:, 2:, 2:] = blocks[:m], blocks[m:]
        scores = joined("scores")
        odds = np.minimum(np.maximum(scores, 0.02), 0.98)
        area = (eyes.tangents[:, 2:] - eyes.tangents[:, :2]).prod(axis=1)[camera]
        boxes = joined("boxes_px")
        width = max(one.looks.shape[1] for one in seen)
        tall = (boxes[:, 3] - boxes[:, 1]) / eyes.focal_px[camera, 1]
        return cls(
            camera,
            picture,
            scores,
            np.concatenate([one.looks if one.looks.shape[1] else np.full((len(one), width), np.nan) for one in seen]),
            joined("hand_sigma_px"),
            joined("hand_scores"),
            joined("holding"),
            wrists,
            np.concatenate([flat[:m], flat[m:]], axis=1),
            noise,
            usable.reshape(2, m).T,
            tall,
            np.log(settings.clutter / area * (1.0 - odds) / odds),
            -2.0 * np.log(np.maximum(0.5 * tall, 0.02)),
        )


@dataclass(frozen=True)
class Expected:
    """Where k cameras should see n people: `points` (k, n, 4), slopes `H` (k, n, 4, 8), `spread` (k, n, 4, 4) of the
    prediction and the model, `depths` (k, n); people behind a camera are NaN in `points` and have `ahead` False."""

    points: FloatArray
    H: FloatArray
    spread: FloatArray
    depths: FloatArray
    ahead: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, eyes: Eyes, cameras: Indices, mean: FloatArray, cov: FloatArray, settings: FloorSettings) -> Expected:
        k, n = len(cameras), len(mean)
        places = np.zeros((2, n, 3))
        places[0, :, :2] = mean[:, 0:2] + mean[:, 4:6]
        places[0, :, 2] = mean[:, 6]
        places[1, :, :2] = mean[:, 0:2]
        uv, slopes, z = eyes.see(cameras, places.reshape(-1, 3))
        slopes = np.where(slopes == slopes, slopes, 0.0)
        head, foot = slopes[:, :n], slopes[:, n:]
        H = np.zeros((k, n, 4, STATE))
        H[..., :2, 0:2] = H[..., :2, 4:6] = head[..., :2]
        H[..., :2, 6] = head[..., 2]
        H[..., 2:, 0:2] = foot[..., :2]
        ahead = z[:, :n] == z[:, :n]
        spread = H @ cov @ H.swapaxes(-1, -2)
        model = np.empty((k, n, 4))
        model[..., :2] = ((settings.head_model_m / z[:, :n]) ** 2)[..., None]
        model[..., 2:] = ((settings.foot_model_m / z[:, n:]) ** 2)[..., None]
        spread[..., _DIAGONAL, _DIAGONAL] += np.where(model == model, model, UNKNOWN)
        return cls(np.concatenate([uv[:, :n], uv[:, n:]], axis=2), H, spread, z[:, :n], ahead)


def _gauss2(off: FloatArray, S: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log density (...) of 2-D offsets under covariances, and half their squared distances; inverse in closed form."""
    a, b, d = S[..., 0, 0], S[..., 0, 1], S[..., 1, 1]
    det = a * d - b * b
    x, y = off[..., 0], off[..., 1]
    half = 0.5 * (d * x * x - 2.0 * b * x * y + a * y * y) / det
    return -half - 0.5 * np.log(det) - _LOG_2PI, half


def _given_head(off: FloatArray, S: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The foot's offset (..., 2) and covariance (..., 2, 2) given the head: the head block's Schur complement."""
    A, B = S[..., :2, :2], S[..., :2, 2:]
    inverse = np.empty(A.shape)
    inverse[..., 0, 0], inverse[..., 1, 1] = A[..., 1, 1], A[..., 0, 0]
    inverse[..., 0, 1] = inverse[..., 1, 0] = -A[..., 0, 1]
    inverse /= (A[..., 0, 0] * A[..., 1, 1] - A[..., 0, 1] ** 2)[..., None, None]
    gain = B.swapaxes(-1, -2) @ inverse
    return off[..., 2:] - (gain @ off[..., :2, None])[..., 0], S[..., 2:, 2:] - gain @ B


def log_likelihoods(expected: Expected, view: View, settings: FloorSettings) -> tuple[FloatArray, Indices]:
    """Log ratios (n, m) of "person i looks like sighting j" against clutter, and the mode (n, m) that says which of
    the two points count."""
    off = view.points[:, None] - expected.points[view.picture]
    off = np.where((off == off) & np.repeat(view.known, 2, axis=1)[:, None], off, 0.0)
    S = expected.spread[view.picture] + view.noise[:, None]
    by_head, half_head = _gauss2(off[..., :2], S[..., :2, :2])
    by_foot, half_foot = _gauss2(off[..., 2:], S[..., 2:, 2:])
    given, half_given = _gauss2(*_given_head(off, S))
    head_known, foot_known = view.known[:, :1], view.known[:, 1:]
    log_clutter, gate = view.log_clutter[:, None], settings.gate_nats
    every = np.stack([by_head + given - view.log_loose[:, None], by_head, by_foot]) - log_clutter
    every[1] += np.where(foot_known, math.log(settings.foot_wrong), 0.0)
    every[2] += np.where(head_known, math.log(settings.head_wrong), 0.0)
    every[0] = np.where(head_known & foot_known & (half_head + half_given < 1.4 * gate), every[0], IMPOSSIBLE)
    every[1] = np.where(head_known & (half_head < gate), every[1], IMPOSSIBLE)
    every[2] = np.where(foot_known & (half_foot < gate), every[2], IMPOSSIBLE)
    mode = every.argmax(axis=0)
    found = np.where(expected.ahead[view.picture], every.max(axis=0), IMPOSSIBLE)
    return np.ascontiguousarray(found.T), mode.T


def corrected(
    mean: FloatArray,
    cov: FloatArray,
    expected: Expected,
    view: View,
    pairs: tuple[Indices, Indices],
    modes: Indices,
    sureness: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Means (n, 8) and covariances (n, 8, 8) of all people after the pairings of people `pairs[0]` (k,) with sightings
    `pairs[1]` (k,), whatever cameras they are of: all information added at once.

    A pairing held with probability p = `sureness` (k,) counts with the noise S / p - H P H', which moves its person by
    the share p of the full correction and takes the share p off the covariance, as probabilistic data association does
    (Y. Bar-Shalom, F. Daum, J. Huang, 2009).  Only the best pairing moves anybody; means weighted over all pairings
    would pull people who stand close to the middle between them.
    """
    who, which = pairs
    picture = view.picture[which]
    counts = np.repeat(_POINT_OF[modes] & view.known[which], 2, axis=1)
    off = view.points[which] - expected.points[picture, who]
    off = np.where(counts & (off == off), off, 0.0)
    H = expected.H[picture, who]
    seen = H @ cov[who] @ H.swapaxes(-1, -2)
    p = sureness[:, None, None]
    R = (expected.spread[picture, who] + view.noise[which]) / p - seen
    R[:, _DIAGONAL, _DIAGONAL] += np.where(counts, 0.0, UNKNOWN)
    HW = H.swapaxes(-1, -2) @ np.linalg.inv(R)
    owner = (np.arange(len(mean))[:, None] == who).astype(np.float64)
    added = (owner @ (HW @ H).reshape(len(who), -1)).reshape(-1, STATE, STATE)
    pulled = owner @ (HW @ off[..., None])[..., 0]
    after = np.linalg.solve(np.eye(STATE) + cov @ added, cov)
    after = (after + after.swapaxes(-1, -2)) / 2.0
    return mean + (after @ pulled[..., None])[..., 0], after

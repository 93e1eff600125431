"""One camera's picture against the people known: how likely each pairing is, and what a sighting corrects.

A sighting measures (head x, head y, foot x, foot y) in normalised image coordinates.  The head is at
(x + ex, y + ey, h), the foot at (x, y, 0); both are linearised about the prediction (extended Kalman filter).  Foot
points are guessed where a shelf hides them and head points sometimes belong to a hat or a poster, so a pairing may
also count with one of the two points taken to be wrong, at a price.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.store.model import FloatArray
from aisle.vision.seen import PeopleSeen
from aisle.vision.tracking.association import IMPOSSIBLE
from aisle.vision.tracking.lens import Eye
from aisle.vision.tracking.motion import STATE
from aisle.vision.tracking.settings import FloorSettings

IntArray = npt.NDArray[np.intp]

UNKNOWN = 1e4
"""Variance (normalised coordinates) of a point that was not seen."""
BOTH, HEAD_ONLY, FOOT_ONLY = 0, 1, 2
_LOG_2PI = math.log(2.0 * math.pi)
_POINT_OF = np.array([[True, True], [True, False], [False, True]])  # mode -> head counts, foot counts


@dataclass(frozen=True)
class View:
    """The detections of one picture made ready: m sightings in normalised coordinates.

    `points` (m, 4) with 0 where unknown, `noise` (m, 4, 4), `known` (m, 2) head and foot, `wrists`
    (m, 2, 2) NaN where unknown, `log_clutter` (m,) log
    density of false detections at the first point, `log_loose` (m,) that of the second point given the first.
    """

    seen: PeopleSeen
    points: FloatArray
    noise: FloatArray
    known: npt.NDArray[np.bool_]
    wrists: FloatArray
    log_clutter: FloatArray
    log_loose: FloatArray

    def __len__(self) -> int:
        return len(self.points)

    @classmethod
    def of(cls, eye: Eye, seen: PeopleSeen, settings: FloorSettings) -> View:
        m = len(seen)
        raw = np.concatenate([seen.heads_px, seen.feet_px, seen.hands_px.reshape(-1, 2)])
        flat, slopes = eye.straightened(raw)
        wrists, flat, slopes = flat[2 * m :].reshape(m, 2, 2), flat[: 2 * m], slopes[: 2 * m]
        sigma = np.concatenate([seen.head_sigma_px, seen.feet_sigma_px]) * settings.noise_gain
        usable = np.isfinite(flat[:, 0] + flat[:, 1] + sigma) & (sigma > 0)
        flat = np.where(usable[:, None], flat, 0.0)
        blocks = (sigma**2)[:, None, None] * (slopes @ slopes.transpose(0, 2, 1))
        blocks[~usable] = UNKNOWN * np.eye(2)
        noise = np.zeros((m, 4, 4))
        noise[:, :2, :2], noise[:, 2:, 2:] = blocks[:m], blocks[m:]
        size = eye.tangents[2:] - eye.tangents[:2]
        odds = np.clip(seen.scores, 0.02, 0.98)
        log_clutter = math.log(settings.clutter / float(size.prod())) + np.log((1.0 - odds) / odds)
        tall = (seen.boxes_px[:, 3] - seen.boxes_px[:, 1]) / eye.camera.focal_px[1]
        log_loose = -2.0 * np.log(np.maximum(0.5 * tall, 0.02))
        points = np.concatenate([flat[:m], flat[m:]], axis=1)
        return cls(seen, points, noise, usable.reshape(2, m).T, wrists, log_clutter, log_loose)


@dataclass(frozen=True)
class Expected:
    """Where a camera should see n people: `points` (n, 4), slopes `H` (n, 4, 8), `spread` (n, 4, 4) of the prediction
    and the model, `depths` (n,); people behind the camera are NaN in `points` and have `ahead` False."""

    points: FloatArray
    H: FloatArray
    spread: FloatArray
    depths: FloatArray
    ahead: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, eye: Eye, mean: FloatArray, cov: FloatArray, settings: FloorSettings) -> Expected:
        n = len(mean)
        places = np.zeros((2, n, 3))
        places[0, :, :2] = mean[:, 0:2] + mean[:, 4:6]
        places[0, :, 2] = mean[:, 6]
        places[1, :, :2] = mean[:, 0:2]
        uv, slopes, z = eye.see(places.reshape(-1, 3))
        head, foot = slopes[:n], slopes[n:]
        H = np.zeros((n, 4, STATE))
        H[:, :2, 0:2] = H[:, :2, 4:6] = head[:, :, :2]
        H[:, :2, 6] = head[:, :, 2]
        H[:, 2:, 0:2] = foot[:, :, :2]
        ahead = np.isfinite(z[:n])
        H[~np.isfinite(H)] = 0.0
        spread = H @ cov @ H.transpose(0, 2, 1)
        with np.errstate(invalid="ignore"):
            model_head, model_foot = (settings.head_model_m / z[:n]) ** 2, (settings.foot_model_m / z[n:]) ** 2
        spread[:, 0, 0] += model_head
        spread[:, 1, 1] += model_head
        lost = ~np.isfinite(model_foot)
        model_foot = np.where(lost, UNKNOWN, model_foot)
        spread[:, 2, 2] += model_foot
        spread[:, 3, 3] += model_foot
        spread[~ahead] = np.eye(4) * UNKNOWN
        return cls(np.concatenate([uv[:n], uv[n:]], axis=1), H, spread, z[:n], ahead)


def _gauss2(off: FloatArray, S: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log density (...) of 2-D offsets under covariances, and half their squared distances; inverse in closed form."""
    a, b, d = S[..., 0, 0], S[..., 0, 1], S[..., 1, 1]
    det = a * d - b * b
    x, y = off[..., 0], off[..., 1]
    half = 0.5 * (d * x * x - 2.0 * b * x * y + a * y * y) / det
    return -half - 0.5 * np.log(det) - _LOG_2PI, half


def log_likelihoods(expected: Expected, view: View, settings: FloorSettings) -> tuple[FloatArray, IntArray]:
    """Log ratios (n, m) of "person i looks like sighting j" against clutter, and the mode (n, m) that says which of
    the two points count."""
    off = np.nan_to_num(view.points[None] - expected.points[:, None])
    off = off * np.repeat(view.known, 2, axis=1)[None]
    S = expected.spread[:, None] + view.noise[None]
    by_head, half_head = _gauss2(off[..., :2], S[..., :2, :2])
    by_foot, half_foot = _gauss2(off[..., 2:], S[..., 2:, 2:])
    # Both points at once: the foot given the head (Schur complement of the head's block).
    A, B = S[..., :2, :2], S[..., :2, 2:]
    det = A[..., 0, 0] * A[..., 1, 1] - A[..., 0, 1] ** 2
    inverse = np.empty_like(A)
    inverse[..., 0, 0], inverse[..., 1, 1] = A[..., 1, 1] / det, A[..., 0, 0] / det
    inverse[..., 0, 1] = inverse[..., 1, 0] = -A[..., 0, 1] / det
    gain = B.swapaxes(-1, -2) @ inverse
    rest = off[..., 2:] - (gain @ off[..., :2, None])[..., 0]
    given, half_given = _gauss2(rest, S[..., 2:, 2:] - gain @ B)
    head_known, foot_known = view.known[:, 0][None], view.known[:, 1][None]
    gate = settings.gate_nats
    both = by_head + given - view.log_loose - view.log_clutter
    both = np.where(head_known & foot_known & (half_head + half_given < 1.4 * gate), both, IMPOSSIBLE)
    head = by_head - view.log_clutter + np.where(foot_known, math.log(settings.foot_wrong), 0.0)
    head = np.where(head_known & (half_head < gate), head, IMPOSSIBLE)
    foot = by_foot - view.log_clutter + np.where(head_known, math.log(settings.head_wrong), 0.0)
    foot = np.where(foot_known & (half_foot < gate), foot, IMPOSSIBLE)
    every = np.stack([both, head, foot])
    mode = every.argmax(axis=0)
    found = np.take_along_axis(every, mode[None], axis=0)[0]
    return np.where(expected.ahead[:, None], found, IMPOSSIBLE), mode


def corrected(
    mean: FloatArray,
    cov: FloatArray,
    expected: Expected,
    view: View,
    pairs: tuple[IntArray, IntArray],
    modes: IntArray,
    sureness: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Means (k, 8) and covariances (k, 8, 8) of the people `pairs[0]` after the sightings `pairs[1]`.

    A pairing held with probability p = `sureness` (k,) moves its person by that share of the full correction, and the
    covariance keeps what the doubt is worth: P - p K S K' + p (1 - p) K v v' K' with the innovation v (Y. Bar-Shalom,
    F. Daum, J. Huang, "The probabilistic data association filter", 2009).  Only the best pairing moves anybody; means
    weighted over all pairings would pull people who stand close to the middle between them.
    """
    who, which = pairs
    counts = np.repeat(_POINT_OF[modes] & view.known[which], 2, axis=1)
    off = np.where(counts, np.nan_to_num(view.points[which] - expected.points[who]), 0.0)
    S = expected.spread[who] + view.noise[which]
    diagonal = np.arange(4)
    S[:, diagonal, diagonal] += np.where(counts, 0.0, UNKNOWN)
    P = cov[who]
    PH = P @ expected.H[who].transpose(0, 2, 1)
    K = np.linalg.solve(S, PH.transpose(0, 2, 1)).transpose(0, 2, 1)
    move = (K @ off[..., None])[..., 0]
    p = sureness[:, None, None]
    after = P - p * (K @ PH.transpose(0, 2, 1)) + p * (1.0 - p) * (move[:, :, None] * move[:, None, :])
    return mean[who] + sureness[:, None] * move, (after + after.transpose(0, 2, 1)) / 2.0

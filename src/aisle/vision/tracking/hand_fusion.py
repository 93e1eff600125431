"""Two hands of one person out of what several cameras took for their wrists.

A camera that does not see a hand guesses where it hangs, and several guess alike; so no sighting moves a hand by
itself.  Places are proposed first: where the rays of two cameras cross, where one ray passes a hand as it was expected,
and where the hands were expected.  Each place is supported by the sightings near it, one a camera, the surer and the
sharper the more, and by the hand expected there; the best two that share no sighting are the hands (random sample
consensus, Fischler and Bolles 1981, with all samples tried).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from aisle.store.model import FloatArray
from aisle.vision.seen import Flags, Indices

UNSURE_M = 0.10  # what a sighting says counts by how much narrower than this it says it
NEAR = 9.0  # squared distance within which a sighting supports a place
EXPECTED = 0.5  # support of a place by the hand expected there
LEAST = 0.25  # of all support, for a place to be a hand
LEAST_DEPTH_M = 0.15
PARALLEL = 0.06  # sine of the angle between two rays that are taken to cross


@dataclass(frozen=True)
class Rays:
    """k sightings of one person's wrists: eyes (k, 3), cameras' axes (k, 3, 3), points (k, 2) and standard deviations
    (k,) in normalised image coordinates, scores (k,), the camera of each (k,), in ascending order."""

    eyes_m: FloatArray
    axes: FloatArray
    points: FloatArray
    sigma: FloatArray
    scores: FloatArray
    cameras: Indices

    @property
    def directions(self) -> FloatArray:
        """(k, 3) one metre deep along the optical axis."""
        flat = np.concatenate([self.points, np.ones((len(self.points), 1))], axis=1)
        return np.asarray((flat[:, None] @ self.axes)[:, 0])

    def at(self, places_m: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Normalised coordinates (c, k, 2) of places (c, 3) in the camera of each sighting, and their depths (c, k)."""
        X = ((places_m[:, None] - self.eyes_m).swapaxes(0, 1) @ self.axes.swapaxes(1, 2)).swapaxes(0, 1)
        depth = np.maximum(X[..., 2], LEAST_DEPTH_M)
        return X[..., :2] / depth[..., None], X[..., 2]


@dataclass(frozen=True, slots=True)
class Found:
    """One hand: its place (3,), the sightings (k,) it explains, and its support."""

    place_m: FloatArray
    explains: Flags
    support: float


def found(rays: Rays, expected_m: FloatArray, precision: FloatArray, body_error_m: float) -> list[Found]:
    """The two likeliest hands, or fewer; `expected_m` (2, 3) with inverse covariances (2, 3, 3) is where they were
    expected.

    `body_error_m` is what a wrist in space differs from what a picture shows of it.
    """
    places = np.concatenate([_crossings(rays), _passing(rays, expected_m, precision), expected_m])
    points, depth = rays.at(places)
    ahead = np.maximum(depth, LEAST_DEPTH_M)
    off = points - rays.points
    variance = rays.sigma**2 + (body_error_m / ahead) ** 2
    squared = (off * off).sum(axis=2) / variance
    sharp = UNSURE_M**2 / (variance * ahead**2)
    odds = rays.scores / (1.0 - np.minimum(rays.scores, 0.99))
    near = np.log1p(odds * sharp * np.exp(-0.5 * squared))
    near[(squared >= NEAR) | (depth <= LEAST_DEPTH_M)] = 0.0
    apart = (places[:, None] - expected_m).swapaxes(0, 1)  # (2, c, 3)
    prior = EXPECTED * np.exp(-0.5 * ((apart @ precision) * apart).sum(axis=2))
    starts = np.flatnonzero(np.diff(rays.cameras, prepend=-1))
    out: list[Found] = []
    for _ in range(2):
        per_camera = np.maximum.reduceat(near, starts, axis=1)
        support = per_camera.sum(axis=1) + prior.max(axis=0)
        best = int(support.argmax())
        explains = np.zeros(len(rays.scores), dtype=bool)
        for start, end, most in zip(starts, [*starts[1:], len(explains)], per_camera[best], strict=True):
            if most > 0.0:
                explains[start + int(near[best, start:end].argmax())] = True
        if not explains.any() or support[best] < LEAST:
            break
        out.append(Found(places[best], explains, float(support[best])))
        near[:, explains] = 0.0
        prior[int(prior[:, best].argmax())] = 0.0
    return out


@lru_cache(maxsize=64)
def _pairs(count: int) -> tuple[Indices, Indices]:
    i, j = np.triu_indices(count, 1)
    return i, j


def _crossings(rays: Rays) -> FloatArray:
    """(c, 3) the points nearest to two rays of different cameras."""
    i, j = _pairs(len(rays.scores))
    other = rays.cameras[i] != rays.cameras[j]
    i, j = i[other], j[other]
    if not len(i):
        return np.zeros((0, 3))
    d = rays.directions
    d = d / np.sqrt((d * d).sum(axis=1))[:, None]
    a, b, w = d[i], d[j], rays.eyes_m[i] - rays.eyes_m[j]
    ab = (a * b).sum(axis=1)
    sine2 = 1.0 - ab * ab
    good = sine2 > PARALLEL**2
    a, b, w, ab, sine2, i, j = a[good], b[good], w[good], ab[good], sine2[good], i[good], j[good]
    aw, bw = (a * w).sum(axis=1), (b * w).sum(axis=1)
    s, t = (ab * bw - aw) / sine2, (bw - ab * aw) / sine2
    ahead = (s > LEAST_DEPTH_M) & (t > LEAST_DEPTH_M)
    first, second = rays.eyes_m[i] + s[:, None] * a, rays.eyes_m[j] + t[:, None] * b
    return np.asarray((first + second)[ahead] / 2.0)


def _passing(rays: Rays, expected_m: FloatArray, precision: FloatArray) -> FloatArray:
    """(2 k, 3) where each ray passes nearest, by its covariance, to each hand expected."""
    d = rays.directions
    gap = expected_m[:, None] - rays.eyes_m
    along = d @ precision  # (2, k, 3)
    depth = (along * gap).sum(axis=2) / (along * d).sum(axis=2)
    return np.asarray((rays.eyes_m + np.maximum(depth, LEAST_DEPTH_M)[..., None] * d).reshape(-1, 3))

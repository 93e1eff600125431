"""A camera's pose by weighted least squares over all places at once, with outliers named and an honest covariance.

Residuals are whitened group by group: a group's covariance is that of its pixels plus what an unknown shift and turn of
the whole group, as measured in the shop, does to them in the picture.  So the four corners of one tag do not count as
four independent measurements of where it lies.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares
from scipy.stats import chi2

from aisle.store.geometry import project, rotation_matrix, rotation_vector
from aisle.store.model import Camera, FloatArray
from aisle.vision.calibration.faults import CalibrationError
from aisle.vision.calibration.guess import LEAST, guesses
from aisle.vision.calibration.places import Places

LEAST_FOR_FOCAL = 6
OUTLIER_P = 0.001
LARGEST_SCALE = 3.0  # a group is held against standard deviations at most so many times the stated ones
PRIOR_FREEDOM = 8.0  # the stated standard deviations weigh as much as so many residuals, and are never undercut
LOG_FOCAL_SIGMA, BEND_SIGMA = 1.0, 0.15  # what is known of a lens nobody measured
UNSEEN_PX = 1e4
ROUNDS = 10


@dataclass(frozen=True)
class PoseFit:
    """The camera as the places place it.

    The state is (3 turns, 3 shifts in metres[, log focal length, k1]) around `camera`; `covariance` is that of the
    state, scaled by how badly the places agree (`scale`; 1 when they agree as well as their standard deviations say, or
    better: corners that agree do not show that their board lies where it was measured).
    """

    camera: Camera
    places: Places
    inlier: npt.NDArray[np.bool_]  # (n,)
    errors_px: FloatArray  # (n, 2) found minus projected
    group_misfit: FloatArray  # (g,) squared Mahalanobis distance of each group over its degrees of freedom
    covariance: FloatArray  # (p, p)
    scale: float
    freedom: int  # residuals less parameters
    rivals: tuple[Camera, ...]  # other poses that fit nearly as well

    @cached_property
    def distance_px(self) -> FloatArray:
        """(n,) how far each place is from its reprojection."""
        return np.asarray(np.linalg.norm(self.errors_px, axis=1))

    @property
    def rms_px(self) -> float:
        """Root mean square of the distances, without outliers."""
        return float(np.sqrt(np.mean(self.distance_px[self.inlier] ** 2)))

    @property
    def max_px(self) -> float:
        return float(self.distance_px[self.inlier].max())

    @property
    def outliers(self) -> tuple[str, ...]:
        return tuple(name for name, good in zip(self.places.names, self.inlier, strict=True) if not good)

    @property
    def position_sigma_m(self) -> FloatArray:
        """(3,) standard deviations of the camera's place."""
        return np.asarray(np.sqrt(np.diag(self.covariance)[3:6]))

    @property
    def focal_sigma_px(self) -> float | None:
        """Standard deviation of an estimated focal length, None for a given one."""
        p = len(self.covariance)
        return None if p == 6 else float(np.sqrt(self.covariance[6, 6]) * self.camera.focal_px[0])


def fit_pose(
    camera: Camera, places: Places, *, focal_known: bool = True, generator: np.random.Generator | None = None
) -> PoseFit:
    """Where the camera hangs, `camera` giving its lens (with `focal_known`) or only its picture's size.

    An unknown lens is taken to be centred, with one focal length and one radial coefficient (k1, thought to be within
    BEND_SIGMA of none until the places say otherwise).  Raises CalibrationError when there are too few places or no
    pose fits most of them.
    """
    generator = generator or np.random.default_rng(0)
    if not focal_known:
        width, height = camera.size_px
        camera = replace(
            camera,
            focal_px=(float(width), float(width)),
            centre_px=((width - 1) / 2, (height - 1) / 2),
            distortion=(0.0, 0.0, 0.0, 0.0),
        )
    least = LEAST if focal_known else LEAST_FOR_FOCAL
    if len(places) < least:
        lens = "" if focal_known else " when the focal length is not known"
        raise CalibrationError(
            f"{len(places)} places; at least {least} are needed{lens}, better 8 spread over the picture"
        )
    found = guesses(camera, places, focal_known=focal_known, generator=generator)
    if not found:
        raise CalibrationError(_hopeless(camera, places, focal_known, generator))
    fits = [_settled(guess, places, 6 if focal_known else 8) for guess in found]
    fits.sort(key=lambda f: (-int(f.inlier.sum()), _cost(f)))
    best = fits[0]
    if best.inlier.sum() < least or 2 * best.inlier.sum() <= len(places):
        raise CalibrationError(
            f"no pose fits more than {int(best.inlier.sum())} of the {len(places)} places; look whether pixels belong "
            "to the right places, x and y are not swapped, and the lens is the camera's own. The best pose misses "
            + ", ".join(f"{n} by {d:.0f} px" for n, d in _worst(best))
        )
    return replace(best, rivals=_rivals(best, fits))


def refit(fit: PoseFit, kept: npt.NDArray[np.bool_]) -> PoseFit:
    """The same fit, from where it stands, with only the places `kept` as inliers."""
    return _fit(fit.camera, fit.places, kept, len(fit.covariance), robust=False)


def moved(camera: Camera, state: FloatArray) -> Camera:
    """The camera changed by a state of PoseFit: turned in its own frame, shifted in the floor's, lens stretched."""
    turn = (float(state[0]), float(state[1]), float(state[2]))
    R = rotation_matrix(turn) @ rotation_matrix(camera.rotation_vector)
    x, y, z = (float(v) for v in np.asarray(camera.position_m) + state[3:6])
    fx, fy = camera.focal_px
    stretch = math.exp(float(np.clip(state[6], -3.0, 3.0))) if len(state) > 6 else 1.0
    bend = camera.distortion
    if len(state) > 7:
        bend = (bend[0] + float(state[7]), *bend[1:])
    return replace(
        camera, rotation_vector=rotation_vector(R), position_m=(x, y, z), focal_px=(fx * stretch, fy * stretch),
        distortion=bend,
    )  # fmt: skip


def _settled(camera: Camera, places: Places, parameters: int) -> PoseFit:
    """Robustly fitted, then without outliers, until the outliers stay the same."""
    every = np.ones(len(places), dtype=bool)
    fit = _fit(camera, places, every, parameters, robust=True)
    inlier = _agreeing(fit)
    for _ in range(ROUNDS):
        if inlier.sum() < LEAST:
            return replace(fit, inlier=inlier)
        fit = _fit(fit.camera, places, inlier, parameters, robust=False)
        again = _agreeing(fit)
        if np.array_equal(again, inlier):
            break
        inlier = again
    return fit


def _fit(camera: Camera, places: Places, inlier: npt.NDArray[np.bool_], parameters: int, *, robust: bool) -> PoseFit:
    used = places[inlier]
    for _ in range(2):  # the second time whitened where the first one ended
        whitening = _whitening(camera, used)
        prior = _prior(camera, parameters)

        def residuals(
            state: FloatArray,
            base: Camera = camera,
            white: FloatArray = whitening,
            prior: Callable[[FloatArray], FloatArray] = prior,
        ) -> FloatArray:
            off = _off(moved(base, state), used).ravel()
            return np.concatenate([white @ off, prior(state)])

        solved = least_squares(
            residuals,
            np.zeros(parameters),
            loss="cauchy" if robust else "linear",
            f_scale=2.0,
            x_scale=np.array([0.01, 0.01, 0.01, 0.05, 0.05, 0.05, 0.02, 0.02])[:parameters],
            jac="3-point",
            max_nfev=200,
        )
        camera = moved(camera, solved.x)
    off = _off(camera, places)
    misfit = _group_misfit(camera, places, off)
    J = np.asarray(solved.jac, dtype=np.float64)
    freedom = max(0, 2 * len(used) - parameters)
    squares = float(np.sum((_whitening(camera, used) @ _off(camera, used).ravel()) ** 2))
    scale = max(1.0, (PRIOR_FREEDOM + squares) / (PRIOR_FREEDOM + freedom))
    covariance = np.asarray(np.linalg.pinv(J.T @ J, rcond=1e-14, hermitian=True) * scale, dtype=np.float64)
    return PoseFit(camera, places, inlier, off, misfit, covariance, math.sqrt(scale), freedom, ())


def _prior(camera: Camera, parameters: int) -> Callable[[FloatArray], FloatArray]:
    width = camera.size_px[0]

    def residuals(state: FloatArray) -> FloatArray:
        said = []
        if parameters > 6:
            said.append((math.log(camera.focal_px[0] / width) + float(state[6])) / LOG_FOCAL_SIGMA)
        if parameters > 7:
            said.append((camera.distortion[0] + float(state[7])) / BEND_SIGMA)
        return np.array(said)

    return residuals


def _off(camera: Camera, places: Places) -> FloatArray:
    """(n, 2) found minus projected; UNSEEN_PX for places behind the camera."""
    return np.nan_to_num(places.pixels - project(camera, places.points_m), nan=UNSEEN_PX)


def _group_covariances(camera: Camera, places: Places) -> list[tuple[npt.NDArray[np.intp], FloatArray]]:
    """For each group: which places, and the (2k, 2k) covariance of their pixels."""
    step = 1e-4
    slopes = np.stack(
        [
            (project(camera, places.points_m + step * e) - project(camera, places.points_m - step * e)) / (2 * step)
            for e in np.eye(3)
        ],
        axis=2,
    )  # (n, 2, 3) pixels a metre
    slopes = np.nan_to_num(slopes)
    out = []
    for g in np.unique(places.group):
        at = np.flatnonzero(places.group == g)
        X = places.points_m[at] - places.points_m[at].mean(axis=0)
        turn = np.stack([-X[:, 1], X[:, 0], np.zeros(len(at))], axis=1) * places.turn_sigma_rad[at][:, None]
        shifts = (slopes[at] * places.sigma_m[at][:, None, None]).reshape(-1, 3)
        turned = np.einsum("nij,nj->ni", slopes[at], turn).ravel()
        out.append((at, np.diag(np.repeat(places.sigma_px[at] ** 2, 2)) + shifts @ shifts.T + np.outer(turned, turned)))
    return out


def _whitening(camera: Camera, places: Places) -> FloatArray:
    """(2n, 2n): what turns residuals into independent ones of standard deviation 1."""
    W = np.zeros((2 * len(places), 2 * len(places)))
    for at, covariance in _group_covariances(camera, places):
        rows = np.stack([2 * at, 2 * at + 1], axis=1).ravel()
        W[np.ix_(rows, rows)] = np.linalg.inv(np.linalg.cholesky(covariance))
    return W


def _group_misfit(camera: Camera, places: Places, off: FloatArray) -> FloatArray:
    """(g,) squared Mahalanobis distance of each group over its number of coordinates."""
    out = np.zeros(int(places.group.max()) + 1)
    for at, covariance in _group_covariances(camera, places):
        r = off[at].ravel()
        out[places.group[at[0]]] = float(r @ np.linalg.solve(covariance, r)) / len(r)
    return out


def _agreeing(fit: PoseFit) -> npt.NDArray[np.bool_]:
    """(n,) the places of groups that are no further off than chance allows, the whole scatter considered."""
    places = fit.places
    sizes = 2 * np.bincount(places.group)
    typical = float(np.median(fit.group_misfit / (chi2.median(sizes) / sizes)))
    allowed = float(np.clip(typical, 1.0, LARGEST_SCALE**2)) * chi2.ppf(1.0 - OUTLIER_P, sizes) / sizes
    return np.asarray((fit.group_misfit <= allowed)[places.group])


def _cost(fit: PoseFit) -> float:
    """Squared standard deviations the inliers are off, all together."""
    used = fit.places[fit.inlier]
    return float(np.sum((_whitening(fit.camera, used) @ _off(fit.camera, used).ravel()) ** 2))


def _rivals(best: PoseFit, fits: Sequence[PoseFit]) -> tuple[Camera, ...]:
    """Poses elsewhere that fit as many places nearly as well: seen from afar, a small plane may tip either way."""
    near = chi2.ppf(0.99, 2)
    return tuple(
        f.camera
        for f in fits
        if f.inlier.sum() >= best.inlier.sum()
        and _cost(f) < _cost(best) + near
        and math.dist(f.camera.position_m, best.camera.position_m) > 0.3
        and f.camera.position_m[2] > 0.05
    )


def _worst(fit: PoseFit, most: int = 5) -> list[tuple[str, float]]:
    order = np.argsort(-fit.distance_px, kind="stable")[:most]
    return [(fit.places.names[i], float(fit.distance_px[i])) for i in order]


def _height(triangle: FloatArray) -> float:
    """How far three points (3, 3) are from lying on one line: the smallest extent of the triangle, in metres."""
    return float(np.linalg.svd(triangle - triangle.mean(axis=0), compute_uv=False)[1])


def _hopeless(camera: Camera, places: Places, focal_known: bool, generator: np.random.Generator) -> str:
    """Why no pose fits, as far as it can be told."""
    X = places.points_m - places.points_m.mean(axis=0)
    spread = np.linalg.svd(X, compute_uv=False)
    if spread[1] < 0.01 * spread[0]:
        return "all places lie on one line, and any turn about it would fit; add places aside from it"
    if len(X) == LEAST and min(_height(X[list(t)]) for t in itertools.combinations(range(LEAST), 3)) < 0.05 * spread[0]:
        return "three of the four places lie on one line, which leaves the pose open; move one aside, or add places"
    swapped = replace(places, points_m=places.points_m[:, [1, 0, 2]])
    if guesses(camera, swapped, focal_known=focal_known, generator=generator):
        return "the places fit only a mirrored floor: are x and y swapped, or is an axis counted the other way?"
    return "no pose above the floor fits four of the places; look whether pixels belong to the right places"

"""What a calibration is worth on the floor: how far off a place is, what each measured place proves, what to mend.

Reprojection errors in pixels say little to a shopkeeper, and nothing about where nobody measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull, QhullError
from scipy.stats import chi2

from aisle.store.geometry import at_height, inside_outline, project
from aisle.store.model import Camera, FloatArray
from aisle.vision.calibration.guess import LEAST
from aisle.vision.calibration.pose import LEAST_FOR_FOCAL, PoseFit, moved, refit

FARTHEST_M = 15.0  # from the camera, where the shop's floor is not known
BORDER_M = 0.001  # marks on the floor's very border belong to it
GOOD_OFF_M = 0.10
NARROW = 0.15  # second over first extent of the places below which they are nearly in a line
SMALL_SHARE = 0.05  # of the picture
POOR_FOCAL_SHARE = 0.03
POOR_SCALE = 2.0
MOST_LEFT_OUT = 40  # groups for the leave-one-out check


@dataclass(frozen=True, slots=True)
class FloorError:
    """How far off the calibration alone leaves places on the floor that the camera sees."""

    places_m: FloatArray  # (m, 2)
    covariances_m2: FloatArray  # (m, 2, 2)

    @property
    def off_m(self) -> FloatArray:
        """(m,) root mean square distance."""
        return np.asarray(np.sqrt(np.trace(self.covariances_m2, axis1=1, axis2=2)))

    def ellipses(self, share: float = 0.95) -> FloatArray:
        """(m, 3): half axes in metres and direction in radians of the ellipse with so much of the probability."""
        values, vectors = np.linalg.eigh(self.covariances_m2)
        axes = np.sqrt(np.maximum(values, 0.0) * chi2.ppf(share, 2))
        turned = np.arctan2(vectors[:, 1, 1], vectors[:, 0, 1])
        return np.stack([axes[:, 1], axes[:, 0], turned], axis=1)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the others say of each measured group of places, each left out in turn: an honest error, as nothing was
    fitted to it."""

    names: tuple[str, ...]
    off_px: FloatArray  # (g,) root mean square over the group
    off_m: FloatArray  # (g,) on the plane at the place's own height


def seen_floor(camera: Camera, floor_m: Sequence[tuple[float, float]] = (), step_m: float = 1.0) -> FloatArray:
    """(m, 2) the points of a lattice on the floor that lie in the picture, and in the shop if its outline is given."""
    if floor_m:
        low, high = np.min(floor_m, axis=0), np.max(floor_m, axis=0)
    else:
        here = np.asarray(camera.position_m[:2])
        low, high = here - FARTHEST_M, here + FARTHEST_M
    low, high = np.ceil(low / step_m), np.floor(high / step_m)
    x, y = np.meshgrid(np.arange(low[0], high[0] + 1) * step_m, np.arange(low[1], high[1] + 1) * step_m)
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    if floor_m:
        points = points[inside_outline(points, np.asarray(floor_m, dtype=np.float64), BORDER_M)]
    pixels = project(camera, np.concatenate([points, np.zeros((len(points), 1))], axis=1))
    with np.errstate(invalid="ignore"):
        seen = np.all((pixels >= 0) & (pixels <= np.subtract(camera.size_px, 1)), axis=1)
    return np.asarray(points[seen])


def floor_error(fit: PoseFit, places_m: FloatArray) -> FloorError:
    """How uncertain each of the places (m, 2) is as this camera sees it: the pose's covariance carried to the floor."""
    ground = np.concatenate([places_m, np.zeros((len(places_m), 1))], axis=1)
    pixels = project(fit.camera, ground)
    p = len(fit.covariance)
    J = np.zeros((len(places_m), 2, p))
    for k in range(p):
        step = np.zeros(p)
        step[k] = 1e-6
        ahead, behind = (at_height(moved(fit.camera, s), pixels, 0.0)[:, :2] for s in (step, -step))
        J[:, :, k] = (ahead - behind) / 2e-6
    return FloorError(places_m, J @ fit.covariance @ J.transpose(0, 2, 1))


def leave_one_out(fit: PoseFit) -> LeftOut | None:
    """Each group of inliers predicted by the others; None when too few would be left."""
    groups = np.unique(fit.places.group[fit.inlier])
    least = LEAST if len(fit.covariance) == 6 else LEAST_FOR_FOCAL
    names, off_px, off_m = [], [], []
    for g in groups[:: max(1, len(groups) // MOST_LEFT_OUT)]:
        mine = (fit.places.group == g) & fit.inlier
        kept = fit.inlier & ~mine
        if kept.sum() < least or _extent(fit.places.points_m[kept])[1] < 0.05:
            continue
        other = refit(fit, kept).camera
        points, pixels = fit.places.points_m[mine], fit.places.pixels[mine]
        there = at_height(other, pixels, points[:, 2])
        names.append(_label(fit.places[mine].names))
        off_px.append(_rms(pixels - project(other, points)))
        off_m.append(_rms(there[:, :2] - points[:, :2]))
    if not names:
        return None
    return LeftOut(tuple(names), np.array(off_px), np.array(off_m))


def _label(names: Sequence[str]) -> str:
    """What a group is called: its only place, or the tag or board its places are corners of."""
    return names[0] if len(names) == 1 else names[0].rsplit(".", 1)[0]


def _rms(off: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.sum(off**2, axis=1))))


def _extent(points_m: FloatArray) -> FloatArray:
    """(3,) standard deviations along the principal axes, largest first, in metres."""
    X = points_m - points_m.mean(axis=0)
    values = np.linalg.svd(X, compute_uv=False) / np.sqrt(max(1, len(X)))
    return np.concatenate([values, np.zeros(3 - len(values))]) if len(values) < 3 else np.asarray(values)


def warnings_of(fit: PoseFit, error: FloorError) -> tuple[str, ...]:
    """What makes this calibration weaker than it could be, each with what would help."""
    said = []
    places = fit.places[fit.inlier]
    extent = _extent(places.points_m)
    if extent[1] < NARROW * extent[0]:
        said.append("the places are nearly in one line; add some well aside from it")
    share = _picture_share(places.pixels, fit.camera.size_px)
    if share < SMALL_SHARE:
        said.append(f"the places cover {share:.1%} of the picture; spread them over it")
    if fit.freedom < 4:
        said.append(f"{len(places)} places leave next to nothing to check: a wrong one could not be told; measure more")
    if fit.outliers:
        said.append(
            f"left out, as no pose fits them and the others: {_listed(fit.outliers)}; measure or click them again"
        )
    if fit.scale > POOR_SCALE:
        said.append(
            f"the places disagree {fit.scale:.1f} times more than their stated errors; measure again, or check the lens"
        )
    if fit.rivals:
        x, y, z = fit.rivals[0].position_m
        said.append(
            f"a camera at ({x:.2f}, {y:.2f}, {z:.2f}) would fit nearly as well; add places off the floor, "
            "or farther apart"
        )
    sigma = fit.focal_sigma_px
    if sigma is not None and sigma > POOR_FOCAL_SHARE * fit.camera.focal_px[0]:
        said.append(
            f"the focal length is {fit.camera.focal_px[0]:.0f} ± {sigma:.0f} px only; calibrate the lens with a board, "
            "or add places at other heights"
        )
    if len(error.places_m) and float(np.median(error.off_m)) > GOOD_OFF_M:
        said.append(
            f"places on the floor are off by {100 * float(np.median(error.off_m)):.0f} cm, half of them more; "
            f"{100 * GOOD_OFF_M:.0f} cm or less is wanted: add places where the picture shows wide ellipses"
        )
    return tuple(said)


def _picture_share(pixels: FloatArray, size_px: tuple[int, int]) -> float:
    """Share of the picture inside the hull of the pixels."""
    try:
        return float(ConvexHull(pixels).volume) / (size_px[0] * size_px[1])
    except (QhullError, ValueError):
        return 0.0


def _listed(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")

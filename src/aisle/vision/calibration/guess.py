"""First guesses of a camera's pose: from all places, and from small subsets, so that wrong ones do not spoil it.

Four places give a pose (Collins and Bartoli, "Infinitesimal plane-based pose estimation", IJCV 2014, or Terzakis and
Lourakis' SQPnP, ECCV 2020); the pose most places agree with is taken (MSAC: Torr and Zisserman, CVIU 2000).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from aisle.store.geometry import rotation_vector, undistorted
from aisle.store.model import Camera, FloatArray
from aisle.vision.calibration.places import Places

LEAST = 4
EVERY_SUBSET = 300  # up to so many subsets are all tried, else so many drawn at random
DISAGREES = 16.0  # squared standard deviations beyond which a place simply counts as wrong
FOCALS = tuple(float(f) for f in np.geomspace(0.35, 3.0, 10))  # tried, in widths of the picture, where it is not known
SLACK_PX = (1.5, 5.0)  # a pose from four places is not exact: added to standard deviations; the lens known or not
LEAST_AGREEING = 3
FLAT_M = 1e-6


def guesses(
    camera: Camera, places: Places, *, focal_known: bool, generator: np.random.Generator, most: int = 4
) -> list[Camera]:
    """The camera in the poses (and, where it is not known, with the focal length) most places agree with, best first.

    Poses under the floor or with a place behind the camera are none; empty when nothing fits.  Guesses that differ by
    less than 20 cm and 3 degrees from a better one are left out.
    """
    subsets = _subsets(places, generator)
    ranked: list[tuple[float, Camera]] = []
    for share in (None,) if focal_known else FOCALS:
        guess = camera if share is None else replace(camera, focal_px=(share * camera.size_px[0],) * 2)
        rotations, positions = _poses(guess, places, subsets)
        costs = _costs(guess, places, rotations, positions, SLACK_PX[share is not None])
        for at in np.argsort(costs, kind="stable")[:8]:
            if math.isfinite(costs[at]):
                x, y, z = (float(v) for v in positions[at])
                ranked.append(
                    (
                        float(costs[at]),
                        replace(guess, position_m=(x, y, z), rotation_vector=rotation_vector(rotations[at])),
                    )
                )
    ranked.sort(key=lambda r: r[0])
    apart: list[Camera] = []
    for _, found in ranked:
        if len(apart) < most and all(_differ(found, other) for other in apart):
            apart.append(found)
    return apart


def _subsets(places: Places, generator: np.random.Generator) -> list[npt.NDArray[np.intp]]:
    """All places, each tag or board for itself, and subsets of four."""
    n = len(places)
    subsets = [np.arange(n)]
    for g in range(int(places.group.max()) + 1):
        members = np.flatnonzero(places.group == g)
        if LEAST <= len(members) < n:
            subsets.append(members)
    if n > LEAST:
        if math.comb(n, LEAST) <= EVERY_SUBSET:
            subsets += [np.array(s) for s in itertools.combinations(range(n), LEAST)]
        else:
            subsets += [np.sort(generator.choice(n, LEAST, replace=False)) for _ in range(EVERY_SUBSET)]
    return subsets


def _poses(camera: Camera, places: Places, subsets: Sequence[npt.NDArray[np.intp]]) -> tuple[FloatArray, FloatArray]:
    """Rotations (m, 3, 3) and positions (m, 3) the subsets give."""
    seen = undistorted(camera, places.pixels)
    rotations: list[FloatArray] = []
    positions: list[FloatArray] = []
    for subset in subsets:
        X = places.points_m[subset]
        middle = X.mean(axis=0)
        spread = np.linalg.svd(X - middle, compute_uv=False)
        if spread[1] < 1e-3 * max(spread[0], 1e-9):  # in one line: any turn about it fits
            continue
        flat = len(spread) < 3 or float(spread[2]) < FLAT_M * float(spread[0]) + 1e-9
        methods = [cv2.SOLVEPNP_IPPE] if flat else [cv2.SOLVEPNP_SQPNP]
        if flat and len(subset) == len(places):
            methods.append(cv2.SOLVEPNP_SQPNP)
        for method in methods:
            try:
                _, turns, shifts, _ = cv2.solvePnPGeneric(X - middle, seen[subset], np.eye(3), None, flags=method)
            except cv2.error:  # too near to a line for this method
                continue
            for turn, shift in zip(turns, shifts, strict=True):
                R = np.asarray(cv2.Rodrigues(np.asarray(turn, dtype=np.float64))[0], dtype=np.float64)
                rotations.append(R)
                positions.append(middle - R.T @ np.asarray(shift, dtype=np.float64).ravel())
    return np.array(rotations, dtype=np.float64).reshape(-1, 3, 3), np.array(positions, dtype=np.float64).reshape(-1, 3)


def _costs(camera: Camera, places: Places, rotations: FloatArray, positions: FloatArray, slack_px: float) -> FloatArray:
    """How much the places disagree with each pose, inf for poses that cannot be."""
    focal = float(np.mean(camera.focal_px))
    seen = undistorted(camera, places.pixels)
    X = np.einsum("mij,mnj->mni", rotations, places.points_m[None] - positions[:, None])
    depth = np.where(X[:, :, 2] > 0.05, X[:, :, 2], np.nan)
    off = focal * np.linalg.norm(X[:, :, :2] / depth[:, :, None] - seen[None], axis=2)
    sigma = np.hypot(places.sigma_px + slack_px, focal * places.sigma_m / depth)
    with np.errstate(invalid="ignore"):
        each = np.minimum(np.nan_to_num((off / sigma) ** 2, nan=DISAGREES), DISAGREES)
    costs = each.sum(axis=1)
    agree = (each < DISAGREES).sum(axis=1)
    possible = np.isfinite(costs) & (positions[:, 2] > 0.05) & (agree >= LEAST_AGREEING)
    return np.where(possible, costs, np.inf)


def _differ(a: Camera, b: Camera) -> bool:
    moved = math.dist(a.position_m, b.position_m)
    turned = math.dist(a.rotation_vector, b.rotation_vector)
    return moved > 0.2 or turned > 0.05 or abs(math.log(a.focal_px[0] / b.focal_px[0])) > 0.1

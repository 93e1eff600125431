"""The lens of a camera from pictures of a board: focal lengths, centre and distortion, with how certain they are.

After Z. Zhang, "A flexible new technique for camera calibration", PAMI 2000, as OpenCV does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from aisle.store.model import FloatArray
from aisle.vision.calibration.boards import View
from aisle.vision.calibration.faults import CalibrationError

LEAST_VIEWS = 4
GOOD_VIEWS = 10
STRAY = 3.0  # a picture whose rms is so many times the median is left out: moved, blurred or a wrong corner
CELLS = (4, 3)  # the picture is divided so, to see whether the board has been everywhere
GOOD_COVER = 0.75
POOR_RMS_PX = 1.0
TILTED_DEG = 15.0


@dataclass(frozen=True, slots=True)
class LensFit:
    """A lens after OpenCV's model, its standard deviations, and how well the pictures agree with it."""

    size_px: tuple[int, int]
    focal_px: tuple[float, float]
    centre_px: tuple[float, float]
    distortion: tuple[float, ...]
    focal_sigma_px: tuple[float, float]
    centre_sigma_px: tuple[float, float]
    rms_px: float
    max_px: float
    view_rms_px: dict[str, float]  # picture -> rms
    left_out: tuple[str, ...]  # pictures that disagreed with all the others
    cover: float  # share of the picture's cells in which a corner was seen
    warnings: tuple[str, ...]


def fit_lens(views: Sequence[View], size_px: tuple[int, int]) -> LensFit:
    """The lens that explains the views best; raises CalibrationError when there are too few.

    k3 is only estimated from GOOD_VIEWS pictures on: with fewer it soaks up noise.
    """
    kept, left_out = list(views), []
    while True:
        if len(kept) < LEAST_VIEWS:
            raise CalibrationError(
                f"the board was found in {len(kept)} usable pictures; at least {LEAST_VIEWS}, better {GOOD_VIEWS} are "
                "needed, with the board near and far, in every corner and tilted"
            )
        flags = 0 if len(kept) >= GOOD_VIEWS else cv2.CALIB_FIX_K3
        _, K, bend, turns, shifts, sigmas, _, per_view = cv2.calibrateCameraExtended(
            [v.points_m.astype(np.float32) for v in kept],
            [v.pixels.astype(np.float32)[:, None] for v in kept],
            size_px,
            np.eye(3),
            np.zeros(5),
            flags=flags,
        )
        rms = np.asarray(per_view, dtype=np.float64).ravel()
        worst = int(np.argmax(rms))
        if len(kept) > LEAST_VIEWS and rms[worst] > max(STRAY * float(np.median(rms)), 0.3):
            left_out.append(kept.pop(worst).name)
            continue
        break
    matrix = np.asarray(K, dtype=np.float64)
    distortion = np.asarray(bend, dtype=np.float64).ravel()
    poses = [
        (np.asarray(turn, dtype=np.float64), np.asarray(shift, dtype=np.float64))
        for turn, shift in zip(turns, shifts, strict=True)
    ]
    errors = [_errors(view, matrix, distortion, *pose) for view, pose in zip(kept, poses, strict=True)]
    every = np.concatenate(errors)
    s = np.asarray(sigmas, dtype=np.float64).ravel()
    tilt = [_tilt_deg(turn) for turn, _ in poses]
    cover = covered(np.concatenate([v.pixels for v in kept]), size_px)
    total = float(np.sqrt(np.mean(every**2)))
    return LensFit(
        size_px,
        (float(matrix[0, 0]), float(matrix[1, 1])),
        (float(matrix[0, 2]), float(matrix[1, 2])),
        tuple(float(k) for k in distortion[: 5 if flags == 0 else 4]),
        (float(s[0]), float(s[1])),
        (float(s[2]), float(s[3])),
        total,
        float(every.max()),
        {v.name: float(r) for v, r in zip(kept, rms, strict=True)},
        tuple(left_out),
        cover,
        _warnings(len(kept), cover, max(tilt), total, float(s[0] / matrix[0, 0])),
    )


def covered(pixels: FloatArray, size_px: tuple[int, int]) -> float:
    """Share of the picture's CELLS with a corner in them."""
    cells = np.clip((pixels / np.asarray(size_px) * CELLS).astype(int), 0, np.asarray(CELLS) - 1)
    return len(np.unique(cells, axis=0)) / (CELLS[0] * CELLS[1])


def _errors(view: View, K: FloatArray, bend: FloatArray, turn: FloatArray, shift: FloatArray) -> FloatArray:
    projected, _ = cv2.projectPoints(view.points_m, turn, shift, K, bend)
    return np.asarray(np.linalg.norm(np.asarray(projected).reshape(-1, 2) - view.pixels, axis=1))


def _tilt_deg(turn: FloatArray) -> float:
    """How far the board is from facing the camera squarely."""
    R, _ = cv2.Rodrigues(turn)
    return float(np.degrees(np.arccos(min(1.0, abs(float(R[2, 2]))))))


def _warnings(views: int, cover: float, tilt_deg: float, rms_px: float, focal_share: float) -> tuple[str, ...]:
    said = []
    if views < GOOD_VIEWS:
        said.append(f"only {views} pictures of the board; {GOOD_VIEWS} or more make the lens sure")
    if cover < GOOD_COVER:
        said.append(f"the board was in {cover:.0%} of the picture only; hold it into every corner too")
    if tilt_deg < TILTED_DEG:
        said.append(
            f"the board was tilted by {tilt_deg:.0f} degrees at most; tilt it by 30, else the focal length is open"
        )
    if rms_px > POOR_RMS_PX:
        said.append(
            f"corners are off by {rms_px:.2f} px; a flat, sharply printed board and a still camera give 0.3 or less"
        )
    if focal_share > 0.01:
        said.append(f"the focal length is known to {focal_share:.1%} only; more pictures, tilted and near, would help")
    return tuple(said)

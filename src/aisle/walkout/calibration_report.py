"""What a calibration is reported as: words for people, a document for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aisle.store.geometry import at_height
from aisle.store.model import Camera
from aisle.vision.calibration.lens import LensFit
from aisle.vision.calibration.pose import PoseFit
from aisle.vision.calibration.quality import FloorError, LeftOut

MOST_PLACES = 40  # told one by one


@dataclass(frozen=True, slots=True)
class Calibration:
    """What came of it: the camera as it is now known, and how well."""

    camera: Camera
    lens: LensFit | None
    without_board: tuple[str, ...]
    pose: PoseFit | None
    error: FloorError | None
    left_out: LeftOut | None
    warnings: tuple[str, ...]


def told(calibration: Calibration) -> list[str]:
    """The calibration in words."""
    lens, pose, camera = calibration.lens, calibration.pose, calibration.camera
    lines = [f"Camera {camera.camera_id}, {size_text(camera.size_px)} pixels"]
    if lens is not None:
        used = len(lens.view_rms_px)
        lines += [
            f"Lens   focal length {lens.focal_px[0]:.1f} ± {lens.focal_sigma_px[0]:.1f}, {lens.focal_px[1]:.1f} ± "
            f"{lens.focal_sigma_px[1]:.1f} px; centre {lens.centre_px[0]:.1f} ± {lens.centre_sigma_px[0]:.1f}, "
            f"{lens.centre_px[1]:.1f} ± {lens.centre_sigma_px[1]:.1f} px",
            f"       distortion {', '.join(f'{k:.5f}' for k in lens.distortion)}",
            f"       {used} pictures of the board: corners off by {lens.rms_px:.2f} px (rms), "
            f"{lens.max_px:.2f} px at most",
        ]
        for names, why in ((calibration.without_board, "no board found"), (lens.left_out, "disagrees with the others")):
            lines += [f"       {name}: not used, {why}" for name in names]
    if pose is not None:
        lines += _told_pose(calibration, pose)
    return [*lines, *(f"warning: {warning}" for warning in calibration.warnings)]


def _told_pose(calibration: Calibration, pose: PoseFit) -> list[str]:
    camera, error, out = pose.camera, calibration.error, calibration.left_out
    x, y, z = camera.position_m
    sx, sy, sz = (100 * s for s in pose.position_sigma_m)
    aim = at_height(camera, np.array([camera.centre_px]), 0.0)[0]
    looks = f", its middle on the floor at ({aim[0]:.2f}, {aim[1]:.2f}) m" if np.isfinite(aim).all() else ""
    lines = [f"Pose   at ({x:.3f}, {y:.3f}, {z:.3f}) m ± ({sx:.1f}, {sy:.1f}, {sz:.1f}) cm{looks}"]
    sigma = pose.focal_sigma_px
    if sigma is not None:
        lines.append(f"       focal length {camera.focal_px[0]:.1f} ± {sigma:.1f} px, k1 {camera.distortion[0]:.4f}")
    count = int(pose.inlier.sum())
    lines.append(f"       {count} places off by {pose.rms_px:.2f} px (rms), {pose.max_px:.2f} px at most")
    if len(pose.places) <= MOST_PLACES:
        width = max(len(name) for name in pose.places.names)
        for name, far, good in zip(pose.places.names, pose.distance_px, pose.inlier, strict=True):
            lines.append(f"         {name:<{width}}  {far:6.2f} px{'' if good else '  left out'}")
    if error is not None and len(error.places_m):
        off = 100 * error.off_m
        worst = int(np.argmax(off))
        wx, wy = error.places_m[worst]
        lines.append(
            f"Floor  off by {np.median(off):.1f} cm at half of the {len(off)} metre marks it sees, {off[worst]:.1f} cm "
            f"at worst, at ({wx:.0f}, {wy:.0f}) m"
        )
    if out is not None:
        typical = 100 * float(np.sqrt(np.mean(out.off_m**2)))
        lines.append(
            f"Check  each left out in turn, the others place it {typical:.1f} cm off (rms), "
            f"{100 * float(out.off_m.max()):.1f} cm at most ({out.names[int(np.argmax(out.off_m))]})"
        )
    return lines


def as_document(calibration: Calibration, *, written: bool, picture: str | None) -> dict[str, Any]:
    """The calibration for programs; lengths in metres, pixels in pixels."""
    camera, lens, pose = calibration.camera, calibration.lens, calibration.pose
    document: dict[str, Any] = {
        "camera": camera.camera_id,
        "size_px": list(camera.size_px),
        "focal_px": list(camera.focal_px),
        "centre_px": list(camera.centre_px),
        "distortion": list(camera.distortion),
        "position_m": list(camera.position_m),
        "rotation_vector": list(camera.rotation_vector),
        "warnings": list(calibration.warnings),
        "written": written,
        "picture": picture,
    }
    if lens is not None:
        document["lens"] = {
            "rms_px": lens.rms_px,
            "max_px": lens.max_px,
            "focal_sigma_px": list(lens.focal_sigma_px),
            "centre_sigma_px": list(lens.centre_sigma_px),
            "cover": lens.cover,
            "pictures": [{"name": n, "rms_px": r} for n, r in lens.view_rms_px.items()],
            "not_used": [*calibration.without_board, *lens.left_out],
        }
    if pose is not None:
        document["pose"] = {
            "rms_px": pose.rms_px,
            "max_px": pose.max_px,
            "position_sigma_m": pose.position_sigma_m.tolist(),
            "focal_sigma_px": pose.focal_sigma_px,
            "scale": pose.scale,
            "places": [
                {"name": n, "off_px": float(d), "used": bool(good)}
                for n, d, good in zip(pose.places.names, pose.distance_px, pose.inlier, strict=True)
            ],
        }
    if calibration.error is not None:
        document["floor"] = _rows(("x_m", "y_m", "off_m"), (*calibration.error.places_m.T, calibration.error.off_m))
    if calibration.left_out is not None:
        out = calibration.left_out
        document["left_out"] = [
            {"name": n, "off_px": float(p), "off_m": float(m)}
            for n, p, m in zip(out.names, out.off_px, out.off_m, strict=True)
        ]
    return document


def _rows(names: Sequence[str], columns: Sequence[Any]) -> list[dict[str, float]]:
    return [dict(zip(names, map(float, row), strict=True)) for row in zip(*columns, strict=True)]


def size_text(size_px: tuple[int, int]) -> str:
    """Width and height as people write them, such as 1280x720."""
    return f"{size_px[0]}x{size_px[1]}"

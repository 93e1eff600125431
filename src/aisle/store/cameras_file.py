"""`cameras.toml`: where the cameras hang and what their lenses do.

The pose is either measured (`rotation_vector`, as calibration tools give it) or sketched (`looks_at_m`, the point on
the floor plan in the middle of the picture), which is enough to tell which facings a camera can see.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aisle.store.geometry import look_at
from aisle.store.layout_file import unique
from aisle.store.model import DISTORTION_LENGTHS, LARGEST_PICTURE_PX, Camera
from aisle.store.problems import Findings, shown
from aisle.store.toml_in import Fields, read_toml
from aisle.store.toml_out import heading, table

FILE = "cameras.toml"
_HEADING = heading(
    "One [[camera]] per camera: source (a device, file or URL), size and lens in pixels, place in metres.",
    "rotation_vector is the calibration's (Rodrigues, floor to camera); looks_at_m = [x, y, z] will do for a sketch.",
    "Without a camera the shop runs on its scales alone.",
)


def read_cameras(folder: Path, findings: Findings) -> tuple[Camera, ...]:
    """The cameras in file order; none when the file is missing, which is no fault. Faulty cameras are left out."""
    if not (folder / FILE).exists():
        return ()
    fields = read_toml(folder / FILE, findings)
    if fields is None:
        return ()
    cameras = tuple(camera for table_ in fields.tables("camera") if (camera := _camera(table_)) is not None)
    fields.close()
    unique(findings, "camera", [c.camera_id for c in cameras])
    return cameras


def cameras_text(cameras: Sequence[Camera]) -> str:
    """The file's text."""
    return _HEADING + "".join(
        table(
            "[[camera]]",
            {
                "id": camera.camera_id,
                "source": camera.source,
                "size_px": camera.size_px,
                "focal_px": camera.focal_px,
                "centre_px": camera.centre_px,
                "distortion": camera.distortion,
                "position_m": camera.position_m,
                "rotation_vector": camera.rotation_vector,
            },
        )
        for camera in cameras
    )


def _camera(fields: Fields) -> Camera | None:
    camera_id, source = fields.text("id"), fields.text("source")
    size = fields.vector("size_px", (2,), limit=100_000)
    focal, centre = fields.vector("focal_px", (2,)), fields.vector("centre_px", (2,))
    distortion = fields.vector("distortion", DISTORTION_LENGTHS, ())
    position = fields.vector("position_m", (3,))
    rotation = _rotation(fields, position)
    fields.close()
    if size is None or focal is None or centre is None or distortion is None or position is None or rotation is None:
        return None
    if min(size) < 1 or any(side != int(side) for side in size):
        fields.error("size_px", shown(list(size)), "width and height in whole pixels")
        return None
    if size[0] * size[1] > LARGEST_PICTURE_PX:
        most = LARGEST_PICTURE_PX // 10**6
        fields.error("size_px", shown(list(size)), f"width and height in pixels, {most} megapixels at most")
        return None
    if min(focal) <= 0:
        fields.error("focal_px", shown(list(focal)), "two focal lengths of more than 0 pixels")
        return None
    return Camera(
        camera_id,
        source,
        (int(size[0]), int(size[1])),
        (focal[0], focal[1]),
        (centre[0], centre[1]),
        (position[0], position[1], position[2]),
        rotation,
        distortion,
    )


def _rotation(fields: Fields, position: tuple[float, ...] | None) -> tuple[float, float, float] | None:
    if not fields.has("looks_at_m"):
        vector = fields.vector("rotation_vector", (3,), limit=100.0)
        return (vector[0], vector[1], vector[2]) if vector is not None else None
    target = fields.vector("looks_at_m", (3,))
    if fields.has("rotation_vector"):
        fields.error("looks_at_m", "rotation_vector beside it", "one of the two")
    if target is None or position is None:
        return None
    if target == position:
        fields.error("looks_at_m", shown(list(target)), "another point than position_m")
        return None
    return look_at((position[0], position[1], position[2]), (target[0], target[1], target[2]))

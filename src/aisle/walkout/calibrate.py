"""`aisle calibrate`: a camera's lens and pose from boards, tags and clicked places, into cameras.toml if wanted."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aisle.store.cameras_file import FILE, cameras_text
from aisle.store.folder import load_store
from aisle.store.model import Camera, Store
from aisle.store.problems import StoreError
from aisle.vision.calibration.boards import (
    Checkerboard,
    TagBoard,
    board_views,
    floor_board_places,
    found_tags,
    pictures_in,
    read_picture,
)
from aisle.vision.calibration.faults import CalibrationError
from aisle.vision.calibration.lens import LensFit, fit_lens
from aisle.vision.calibration.places import FAMILIES, Places, read_points, read_tags
from aisle.vision.calibration.pose import fit_pose
from aisle.vision.calibration.quality import floor_error, leave_one_out, seen_floor, warnings_of
from aisle.vision.seen import Image
from aisle.walkout.calibration_report import Calibration, as_document, size_text, told

DONE, FAILED, WRONG_USE = 0, 1, 2
LARGEST_BOARD = 50


@dataclass(frozen=True, slots=True)
class Wish:
    """What `aisle calibrate` was asked for; see its help."""

    camera: str
    checkerboard: Path | None = None
    tag_board: Path | None = None
    square_mm: float | None = None
    tag_mm: float | None = None
    gap_mm: float | None = None
    size: str | None = None
    tags: Path | None = None
    points: Path | None = None
    floor_board: str | None = None
    picture: Path | None = None
    unknown_lens: bool = False
    source: str | None = None
    out: Path | None = None
    write: bool = False
    family: str = FAMILIES[-1]

    @property
    def wants_lens(self) -> bool:
        return self.checkerboard is not None or self.tag_board is not None

    @property
    def wants_pose(self) -> bool:
        return self.tags is not None or self.points is not None or self.floor_board is not None

    def fault(self) -> str | None:
        """What is wrong with the wish, and what would be right."""
        if not self.wants_lens and not self.wants_pose:
            return "nothing to calibrate from: give --checkerboard or --tag-board, or --tags, --points or --floor-board"
        if self.checkerboard is not None and self.tag_board is not None:
            return "--checkerboard and --tag-board exclude each other: one board at a time"
        if (self.checkerboard or self.floor_board) and self.square_mm is None:
            return "--square-mm is missing: the side of a square of the checkerboard, measured with a ruler"
        if self.tag_board is not None and (self.tag_mm is None or self.gap_mm is None):
            return "--tag-mm and --gap-mm are missing: the side of a tag of the board, and the gap between two"
        if (self.wants_lens or self.floor_board) and self.size is None:
            return "--size is missing: how many inner corners (or tags) the board has, such as 9x6"
        if self.wants_lens and self.unknown_lens:
            return "--unknown-lens and a board for the lens exclude each other: the board makes the lens known"
        if (self.tags is not None or self.floor_board is not None) and self.picture is None:
            return "--picture is missing: the picture of this camera in which tags or board are to be found"
        if self.out is not None and not self.wants_pose:
            return "--out draws the shop over the picture: it needs --tags, --points or --floor-board"
        if self.out is not None and self.out.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
            return f"--out {self.out}: a name ending in .png, .jpg or .webp would be right"
        for name, value in (("--square-mm", self.square_mm), ("--tag-mm", self.tag_mm), ("--gap-mm", self.gap_mm)):
            if value is not None and not 0.0 < value <= 5000.0:
                return f"{name} is {value:g}: more than 0 and at most 5000 is needed"
        return None

    @property
    def counts(self) -> tuple[int, int]:
        """Columns and rows of the board."""
        parts = (self.size or "").lower().replace("×", "x").split("x")
        if len(parts) != 2 or not all(part.strip().isdigit() for part in parts):
            raise CalibrationError(f"--size {self.size}: two whole numbers such as 9x6 would be right")
        columns, rows = int(parts[0]), int(parts[1])
        low = 1 if self.tag_board is not None else 3
        if not all(low <= n <= LARGEST_BOARD for n in (columns, rows)):
            raise CalibrationError(f"--size {self.size}: {low} to {LARGEST_BOARD} each way are needed")
        return columns, rows

    @property
    def board(self) -> Checkerboard:
        return Checkerboard(*self.counts, (self.square_mm or 0.0) / 1000.0)


def run_calibrate(folder: Path, wish: Wish, *, as_json: bool = False) -> int:
    """Calibrate and tell, draw and write what was asked for; 0 done, 1 it cannot be done, 2 wrong use."""
    fault = wish.fault()
    if fault:
        return _refuse(fault, WRONG_USE)
    try:
        store = load_store(folder)
        picture = read_picture(wish.picture) if wish.picture else None
        calibration = calibrate(store, wish, picture)
        if wish.out is not None and calibration.pose is not None and calibration.error is not None:
            _draw(wish.out, picture, calibration, store)
        if wish.write:
            write_camera(folder, store, calibration.camera)
    except StoreError as error:
        return _refuse(f"{folder}: no store that can be used; aisle check {folder} says why\n{error}", FAILED)
    except CalibrationError as error:
        return _refuse(str(error), FAILED)
    except OSError as error:
        return _refuse(f"{error.filename or wish.out}: cannot be read or written ({error.strerror or error})", FAILED)
    if as_json:
        print(
            json.dumps(
                as_document(calibration, written=wish.write, picture=str(wish.out) if wish.out else None),
                ensure_ascii=False,
                indent=1,
                allow_nan=False,
            )
        )
    else:
        print("\n".join(told(calibration)))
        if wish.out is not None:
            print(f"Drawn over the picture: {wish.out}")
        if wish.write:
            print(f"Written: {folder / FILE} (the old one is {FILE}.bak)")
        elif not calibration.warnings:
            print("Not written: --write puts it into cameras.toml")
    return DONE


def calibrate(store: Store, wish: Wish, picture: Image | None) -> Calibration:
    """The camera as the pictures and places show it; raises CalibrationError."""
    known = next((c for c in store.cameras if c.camera_id == wish.camera), None)
    if known is None and wish.source is None:
        there = ", ".join(c.camera_id for c in store.cameras) or "none"
        raise CalibrationError(
            f"{FILE}: no camera {wish.camera!r} (there: {there}); give the id of one, or --source to add it"
        )
    if known is None and not (wish.wants_pose and (wish.wants_lens or wish.unknown_lens)):
        raise CalibrationError(
            f"{wish.camera} is new: both its lens (a board, or --unknown-lens) and its place (--tags, --points or "
            "--floor-board) must be worked out"
        )
    lens, without = _lens(wish, known)
    camera = _start(wish, known, lens, picture)
    if not wish.wants_pose:
        return Calibration(camera, lens, without, None, None, None, lens.warnings if lens else ())
    places = _places(wish, camera, picture)
    pose = fit_pose(camera, places, focal_known=not wish.unknown_lens)
    error = floor_error(pose, seen_floor(pose.camera, store.floor_m))
    warnings = (*(lens.warnings if lens else ()), *warnings_of(pose, error))
    return Calibration(pose.camera, lens, without, pose, error, leave_one_out(pose), warnings)


def _lens(wish: Wish, known: Camera | None) -> tuple[LensFit | None, tuple[str, ...]]:
    folder = wish.checkerboard or wish.tag_board
    if folder is None:
        return None, ()
    board: Checkerboard | TagBoard = wish.board
    if wish.tag_board is not None:
        board = TagBoard(*wish.counts, (wish.tag_mm or 0.0) / 1000, (wish.gap_mm or 0.0) / 1000, wish.family)
    pictures = [(path.name, read_picture(path)) for path in pictures_in(folder)]
    size = known.size_px if known is not None else _size(pictures[0][1])
    for name, image in pictures:
        if _size(image) != size:
            raise CalibrationError(
                f"{folder / name}: {size_text(_size(image))} pixels; the camera's pictures have {size_text(size)}, "
                "and the lens is only right for that size"
            )
    views, without = board_views(pictures, board)
    return fit_lens(views, size), without


def _start(wish: Wish, known: Camera | None, lens: LensFit | None, picture: Image | None) -> Camera:
    """The camera before its pose is worked out."""
    if known is not None:
        camera = known if wish.source is None else replace(known, source=wish.source)
    else:
        size = lens.size_px if lens else _size(picture) if picture is not None else None
        if size is None:
            raise CalibrationError(f"{wish.camera} is new: --picture is needed to know the size of its pictures")
        camera = Camera(wish.camera, wish.source or "", size, (1.0, 1.0), (0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
    if lens is not None:
        camera = replace(camera, focal_px=lens.focal_px, centre_px=lens.centre_px, distortion=lens.distortion)
    if picture is not None and _size(picture) != camera.size_px:
        raise CalibrationError(
            f"{wish.picture}: {size_text(_size(picture))} pixels; camera {camera.camera_id} has "
            f"{size_text(camera.size_px)}: give a full picture of this camera"
        )
    return camera


def _places(wish: Wish, camera: Camera, picture: Image | None) -> Places:
    given = []
    if wish.points is not None:
        points = read_points(wish.points)
        outside = np.any((points.pixels < -0.5) | (points.pixels > np.asarray(camera.size_px) - 0.5), axis=1)
        if outside.any():
            name, (u, v) = points.names[int(np.argmax(outside))], points.pixels[int(np.argmax(outside))]
            raise CalibrationError(
                f"{wish.points}: {name} at pixel ({u:g}, {v:g}) is outside the picture of "
                f"{size_text(camera.size_px)} pixels"
            )
        given.append(points)
    if wish.tags is not None and picture is not None:
        plan = read_tags(wish.tags)
        found = found_tags(picture, plan.family)
        places = plan.places(found)
        if not len(places):
            wanted = ", ".join(str(tag.ident) for tag in plan.tags)
            seen = ", ".join(map(str, found)) or "none"
            raise CalibrationError(
                f"{wish.picture}: none of the tags {wanted} of {wish.tags} (family {plan.family}); found: {seen}. "
                "Tags need a white rim and about 20 pixels a side"
            )
        given.append(places)
    if wish.floor_board is not None and picture is not None:
        try:
            x, y, turned = (float(part) for part in wish.floor_board.split(","))
        except ValueError:
            raise CalibrationError(
                f"--floor-board {wish.floor_board}: metres and degrees X,Y,DEG such as 2.5,1.2,90 would be right"
            ) from None
        given.append(floor_board_places(picture, wish.board, (x, y), turned))
    return Places.together(given)


def write_camera(folder: Path, store: Store, camera: Camera) -> None:
    """Put the camera into the folder's cameras.toml, in its old place or at the end; the old file is kept as .bak.

    A reader finds the old file or the new one, never half of one.  Raises OSError.
    """
    cameras: list[Camera] = [camera if c.camera_id == camera.camera_id else c for c in store.cameras]
    if camera not in cameras:
        cameras.append(camera)
    path = folder / FILE
    part = folder / f".{FILE}.part"
    part.write_bytes(cameras_text(cameras).encode("utf-8"))
    if path.exists():
        kept = folder / f".{FILE}.bak.part"
        shutil.copy2(path, kept)
        os.replace(kept, folder / f"{FILE}.bak")
    os.replace(part, path)


def _draw(path: Path, picture: Image | None, calibration: Calibration, store: Store) -> None:
    from aisle.walkout.calibration_picture import draw_fit
    from aisle.walkout.view.files import write_still

    pose, error = calibration.pose, calibration.error
    if pose is None or error is None:
        return
    width, height = pose.camera.size_px
    ground = np.full((height, width, 3), 60, dtype=np.uint8) if picture is None else picture
    said = (
        f"{pose.camera.camera_id} · {int(pose.inlier.sum())} places, {pose.rms_px:.2f} px rms · rings: measured, "
        "crosses: reprojected · blue: fixtures · ochre: 95 % of where the floor may be"
    )
    write_still(draw_fit(ground, pose, error, store, said), path)


def _size(image: Image) -> tuple[int, int]:
    return (image.shape[1], image.shape[0])


def _refuse(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code

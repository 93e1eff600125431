"""Checkerboards and tags in pictures: finding their corners to a fraction of a pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from aisle.store.model import FloatArray
from aisle.vision.calibration.faults import CalibrationError
from aisle.vision.calibration.places import Places
from aisle.vision.seen import Image

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
HALF_PIXEL = 0.5  # this refinement counts from the corner of the first pixel, everything else from its middle
LEAST_CORNERS = 6  # a view of a board of which less is seen says nothing of the lens


@dataclass(frozen=True, slots=True)
class Checkerboard:
    """`columns` and `rows` count inner corners, as everybody counts them; `square_m` is the side of a square."""

    columns: int
    rows: int
    square_m: float

    @property
    def points_m(self) -> FloatArray:
        """(columns * rows, 3) on the board, row by row, z = 0."""
        j, i = np.mgrid[0 : self.rows, 0 : self.columns]
        flat = np.stack([i.ravel(), j.ravel(), np.zeros(i.size)], axis=1)
        return np.asarray(flat * self.square_m, dtype=np.float64)

    @property
    def same_from_both_ends(self) -> bool:
        """Whether half a turn shows the same board: then its corners have no first one."""
        return (self.columns + self.rows) % 2 == 0


@dataclass(frozen=True, slots=True)
class TagBoard:
    """A printed grid of tags, ids 0, 1, 2, ... row by row; `tag_m` is a tag's side, `gap_m` what is between two."""

    columns: int
    rows: int
    tag_m: float
    gap_m: float
    family: str = "36h11"


@dataclass(frozen=True, slots=True)
class View:
    """What one picture shows of a board: points (n, 3) on it and where they are in the picture (n, 2)."""

    name: str
    points_m: FloatArray
    pixels: FloatArray


def read_picture(path: Path) -> Image:
    """The picture; raises CalibrationError when there is none."""
    if not path.is_file():
        raise CalibrationError(f"{path}: no such file; give a picture of the camera (JPEG or PNG)")
    data = np.fromfile(path, dtype=np.uint8)
    image = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if image is None:
        raise CalibrationError(f"{path}: no picture that can be read; give a JPEG or PNG file")
    return np.asarray(image, dtype=np.uint8)


def pictures_in(folder: Path) -> list[Path]:
    """The folder's pictures by name; raises CalibrationError when there are none."""
    if not folder.is_dir():
        raise CalibrationError(f"{folder}: no such folder; give a folder of pictures of the board")
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in PICTURES)
    if not found:
        raise CalibrationError(f"{folder}: no pictures in it; give a folder of JPEG or PNG files")
    return found


def checkerboard_corners(image: Image, board: Checkerboard) -> FloatArray | None:
    """The inner corners (n, 2) row by row, or None when the board is not wholly in the picture.

    Where the board can be told from its own half turn, the first corner is the one whose outer square is black.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    size = (board.columns, board.rows)
    found, corners = cv2.findChessboardCornersSB(grey, size, flags=cv2.CALIB_CB_ACCURACY | cv2.CALIB_CB_NORMALIZE_IMAGE)
    if not found:
        found, corners = cv2.findChessboardCorners(grey, size)
        if not found:
            return None
        stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 40, 0.001)
        corners = cv2.cornerSubPix(grey, corners, (5, 5), (-1, -1), stop)
    pixels = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
    return pixels[::-1].copy() if _outer_grey(grey, pixels, board) > _outer_grey(grey, pixels[::-1], board) else pixels


def _outer_grey(grey: npt.NDArray[Any], pixels: FloatArray, board: Checkerboard) -> float:
    """How bright the square outside the first corner is."""
    first, right, below = pixels[0], pixels[1], pixels[board.columns]
    u, v = np.round(first - (right - first) * 0.5 - (below - first) * 0.5).astype(int)
    height, width = grey.shape
    return float(grey[min(max(v, 0), height - 1), min(max(u, 0), width - 1)])


def found_tags(image: Image, family: str) -> dict[int, FloatArray]:
    """Id -> corners (4, 2) in pixels, from the upper left one clockwise as the tag is read.  An id seen twice is left
    out: nobody can say which of the two is meant."""
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, f"DICT_APRILTAG_{family.upper()}"))
    settings = cv2.aruco.DetectorParameters()
    settings.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_APRILTAG
    settings.adaptiveThreshWinSizeMax = 53
    corners, ids, _ = cv2.aruco.ArucoDetector(dictionary, settings).detectMarkers(image)
    found: dict[int, FloatArray] = {}
    numbers = [] if not len(corners) else [int(i) for i in np.asarray(ids).ravel()]
    for number, quadrangle in zip(numbers, corners, strict=True):
        if numbers.count(number) == 1:
            found[number] = np.asarray(quadrangle, dtype=np.float64).reshape(4, 2) - HALF_PIXEL
    return dict(sorted(found.items()))


def board_views(
    pictures: Sequence[tuple[str, Image]], board: Checkerboard | TagBoard
) -> tuple[list[View], tuple[str, ...]]:
    """What each picture shows of the board, and the names of those that show too little of it."""
    views: list[View] = []
    without: list[str] = []
    for name, image in pictures:
        view = (
            _checkerboard_view(name, image, board) if isinstance(board, Checkerboard) else _tag_view(name, image, board)
        )
        if view is None or len(view.pixels) < LEAST_CORNERS:
            without.append(name)
        else:
            views.append(view)
    return views, tuple(without)


def _checkerboard_view(name: str, image: Image, board: Checkerboard) -> View | None:
    corners = checkerboard_corners(image, board)
    return None if corners is None else View(name, board.points_m, corners)


def _tag_view(name: str, image: Image, board: TagBoard) -> View | None:
    points, pixels = [], []
    for ident, corners in found_tags(image, board.family).items():
        if ident < board.columns * board.rows:
            row, column = divmod(ident, board.columns)
            x, y = column * (board.tag_m + board.gap_m), row * (board.tag_m + board.gap_m)
            s = board.tag_m
            points.append(np.array([[x, y, 0.0], [x + s, y, 0.0], [x + s, y + s, 0.0], [x, y + s, 0.0]]))
            pixels.append(corners)
    return View(name, np.concatenate(points), np.concatenate(pixels)) if points else None


def floor_board_places(image: Image, board: Checkerboard, corner_m: tuple[float, float], turned_deg: float) -> Places:
    """The inner corners of a checkerboard that lies on the floor, face up.

    `corner_m` is the inner corner next to the black corner square; along `turned_deg`, counted from the floor's x axis
    towards y, run the `columns`; the rows follow to the right of that, as the board is read.  Raises CalibrationError
    when the board is not found, or looks the same from both ends.
    """
    if board.same_from_both_ends:
        raise CalibrationError(
            f"a board of {board.columns}x{board.rows} inner corners looks the same from both ends; give one with an "
            "even and an odd count, such as 9x6"
        )
    corners = checkerboard_corners(image, board)
    if corners is None:
        raise CalibrationError(
            f"no checkerboard of {board.columns}x{board.rows} inner corners in the picture; the whole board must be "
            "seen, without glare, its squares at least about 8 pixels wide"
        )
    turned = math.radians(turned_deg)
    along = np.array([math.cos(turned), math.sin(turned)])
    down = np.array([math.sin(turned), -math.cos(turned)])
    flat = board.points_m
    points = np.zeros_like(flat)
    points[:, :2] = np.asarray(corner_m) + flat[:, :1] * along + flat[:, 1:2] * down
    names = [f"floor board.{i + 1},{j + 1}" for j in range(board.rows) for i in range(board.columns)]
    return Places.of_group(names, points, corners)

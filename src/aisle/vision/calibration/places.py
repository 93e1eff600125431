"""Places of the shop found in a picture: what a camera's pose is worked out from, and the files that list them.

Two things are never exact: where a place is in the picture (a click, a corner) and where it is in the shop (a tape
measure).  What was measured together, the four corners of a tag say, is off together; so places have groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from aisle.store.model import FloatArray
from aisle.store.problems import Findings, shown
from aisle.store.table import read_table
from aisle.store.toml_in import Fields, read_toml
from aisle.vision.calibration.faults import CalibrationError

CLICK_SIGMA_PX = 1.0  # a careful click on a mark
CORNER_SIGMA_PX = 0.25  # a corner found by its edges
TAPE_SIGMA_M = 0.01
BOARD_SIGMA_M = 0.005  # a board or tag laid on a mark ...
BOARD_TURN_SIGMA_RAD = math.radians(0.5)  # ... and turned by eye along a line
FARTHEST_M = 1000.0
COLUMNS = ("name", "u_px", "v_px", "x_m", "y_m", "z_m", "sigma_px", "sigma_m")
FAMILIES = ("16h5", "25h9", "36h10", "36h11")


@dataclass(frozen=True, slots=True)
class Places:
    """n places seen in one picture, as parallel arrays.

    Places of one `group` were measured together: the whole group is shifted by an unknown of standard deviation
    `sigma_m` along each axis and turned about the vertical through its middle by one of `turn_sigma_rad`.
    """

    names: tuple[str, ...]  # n, for messages
    points_m: FloatArray  # (n, 3) in the floor frame
    pixels: FloatArray  # (n, 2)
    sigma_px: FloatArray  # (n,) per axis
    group: npt.NDArray[np.intp]  # (n,) from 0 on
    sigma_m: FloatArray  # (n,)
    turn_sigma_rad: FloatArray  # (n,)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, which: npt.NDArray[np.bool_]) -> Places:
        names = tuple(name for name, wanted in zip(self.names, which, strict=True) if wanted)
        return Places(names, *(getattr(self, f)[which] for f in self.__slots__[1:]))

    @classmethod
    def of_group(
        cls, names: Sequence[str], points_m: FloatArray, pixels: FloatArray, *, sigma_px: float = CORNER_SIGMA_PX
    ) -> Places:
        """The corners of one board or tag."""
        n = len(names)
        fill = np.full
        return cls(
            tuple(names), points_m, pixels, fill(n, sigma_px), np.zeros(n, np.intp), fill(n, BOARD_SIGMA_M),
            fill(n, BOARD_TURN_SIGMA_RAD),
        )  # fmt: skip

    @classmethod
    def together(cls, several: Iterable[Places]) -> Places:
        """All of them; groups stay apart."""
        given = [p for p in several if len(p)]
        if not given:
            empty = np.zeros(0)
            return cls((), np.zeros((0, 3)), np.zeros((0, 2)), empty, np.zeros(0, np.intp), empty, empty)
        starts = np.cumsum([0, *(int(p.group.max()) + 1 for p in given)])
        return cls(
            tuple(name for p in given for name in p.names),
            np.concatenate([p.points_m for p in given]),
            np.concatenate([p.pixels for p in given]),
            np.concatenate([p.sigma_px for p in given]),
            np.concatenate([p.group + s for p, s in zip(given, starts, strict=False)]).astype(np.intp),
            np.concatenate([p.sigma_m for p in given]),
            np.concatenate([p.turn_sigma_rad for p in given]),
        )


@dataclass(frozen=True, slots=True)
class Tag:
    """A printed tag in the shop.

    `corners_m` (4, 3): from the upper left one clockwise, as the tag is read; None when nobody measured how the tag is
    turned, then only its middle counts.
    """

    ident: int
    centre_m: tuple[float, float, float]
    corners_m: FloatArray | None


@dataclass(frozen=True, slots=True)
class TagPlan:
    """Which tags hang or lie where."""

    family: str
    tags: tuple[Tag, ...]

    def places(self, found: Mapping[int, FloatArray]) -> Places:
        """What the found tags, id -> (4, 2) corners in pixels, say of the shop; tags not on the plan say nothing."""
        seen = [(tag, found[tag.ident]) for tag in self.tags if tag.ident in found]
        return Places.together(_of_tag(tag, corners_px) for tag, corners_px in seen)


def _of_tag(tag: Tag, corners_px: FloatArray) -> Places:
    if tag.corners_m is not None:
        return Places.of_group([f"tag {tag.ident}.{k}" for k in range(1, 5)], tag.corners_m, corners_px)
    return Places.of_group([f"tag {tag.ident}"], np.array([tag.centre_m]), crossing(corners_px)[None])


def crossing(corners_px: FloatArray) -> FloatArray:
    """Where the diagonals of a quadrangle (4, 2) cross: the picture of a square's middle, whatever the perspective."""
    a, b, c, d = corners_px
    along, across = c - a, d - b
    area = along[0] * across[1] - along[1] * across[0]
    if abs(area) < 1e-9:
        return np.asarray(corners_px.mean(axis=0))
    t = ((b - a)[0] * across[1] - (b - a)[1] * across[0]) / area
    return np.asarray(a + t * along)


def read_points(path: Path) -> Places:
    """Clicked points: a CSV with the columns COLUMNS (the first and the last three may be missing), or a TOML file of
    `[[point]]` with `pixel = [u, v]`, `place_m = [x, y]` or `[x, y, z]`, and if wanted `name`, `sigma_px`, `sigma_m`.

    Raises CalibrationError with everything wrong in the file.
    """
    findings = Findings(str(path))
    rows = _points_toml(path, findings) if path.suffix.lower() == ".toml" else _points_csv(path, findings)
    _twice(rows, findings)
    if findings.problems:
        raise CalibrationError("\n".join(map(str, findings.problems)))
    n = len(rows)
    return Places(
        tuple(r.name for r in rows),
        np.array([r.place_m for r in rows]).reshape(n, 3),
        np.array([r.pixel for r in rows]).reshape(n, 2),
        np.array([r.sigma_px for r in rows]),
        np.arange(n, dtype=np.intp),
        np.array([r.sigma_m for r in rows]),
        np.zeros(n),
    )


@dataclass(frozen=True, slots=True)
class _Point:
    name: str
    row: int
    pixel: tuple[float, float]
    place_m: tuple[float, float, float]
    sigma_px: float
    sigma_m: float


def _points_csv(path: Path, findings: Findings) -> list[_Point]:
    points = []
    for number, row in enumerate(read_table(path, COLUMNS, ("u_px", "v_px", "x_m", "y_m"), findings), start=1):
        values = {}
        for column in COLUMNS[1:]:
            low, high = _range(column)
            values[column] = row.number(column, low, high)
            if values[column] is None and not row.cell(column) and column in ("u_px", "v_px", "x_m", "y_m"):
                row.error(column, "nothing", f"a number from {low:g} to {high:g}")
        if row.sound:
            u, v, x, y, z, sigma_px, sigma_m = (values[c] for c in COLUMNS[1:])
            assert u is not None and v is not None and x is not None and y is not None
            points.append(
                _Point(
                    row.text("name") or f"point {number}",
                    row.line,
                    (u, v),
                    (x, y, z or 0.0),
                    sigma_px or CLICK_SIGMA_PX,
                    TAPE_SIGMA_M if sigma_m is None else sigma_m,
                )
            )
    return points


def _range(column: str) -> tuple[float, float]:
    match column:
        case "u_px" | "v_px":
            return -1.0, 100_000.0
        case "sigma_px":
            return 0.01, 100.0
        case "sigma_m":
            return 0.0, 10.0
        case _:
            return -FARTHEST_M, FARTHEST_M


def _points_toml(path: Path, findings: Findings) -> list[_Point]:
    fields = read_toml(path, findings)
    if fields is None:
        return []
    points = []
    for number, table in enumerate(fields.tables("point"), start=1):
        name = table.text("name", f"point {number}")
        pixel = table.vector("pixel", (2,), limit=100_000.0)
        place = table.vector("place_m", (2, 3), limit=FARTHEST_M)
        sigma_px = table.number("sigma_px", 0.01, 100.0, CLICK_SIGMA_PX)
        sigma_m = table.number("sigma_m", 0.0, 10.0, TAPE_SIGMA_M)
        table.close()
        if pixel is not None and place is not None:
            x, y, z = (*place, 0.0)[:3]
            points.append(_Point(name, number, (pixel[0], pixel[1]), (x, y, z), sigma_px, sigma_m))
    fields.close()
    return points


def _twice(points: Sequence[_Point], findings: Findings) -> None:
    for at, point in enumerate(points):
        for other in points[:at]:
            if math.dist(point.pixel, other.pixel) < 1.0 or math.dist(point.place_m, other.place_m) < 0.02:
                findings.error(
                    None,
                    f"{point.name} where {other.name} (line or number {other.row}) is already",
                    "each place once, at least a pixel and 2 cm from the others",
                    point.row,
                )
                break


def read_tags(path: Path) -> TagPlan:
    """The plan of the tags: `family` ("36h11"), `size_mm` of the black square, and `[[tag]]` with `id`, `centre_m`,
    and `turned_deg`; a tag that stands upright has `faces_deg` instead of lying face up.

    `turned_deg` of a lying tag is the direction its upper edge runs, left to right, counted from the floor's x axis
    towards y; of an upright one how far it is turned clockwise from level, usually 0.  `faces_deg` is the direction it
    looks.  Raises CalibrationError with everything wrong in the file.
    """
    findings = Findings(str(path))
    fields = read_toml(path, findings)
    tags: list[Tag] = []
    family = FAMILIES[-1]
    if fields is not None:
        family = fields.choice("family", FAMILIES, FAMILIES[-1])
        size_m = fields.number("size_mm", 5.0, 5000.0) / 1000.0
        tables = fields.tables("tag")
        tags = [tag for table in tables if (tag := _tag(table, size_m)) is not None]
        if not tables:
            fields.error("tag", "no tag", "at least one table [[tag]] with id and centre_m")
        fields.close()
    known: set[int] = set()
    for tag in tags:
        if tag.ident in known:
            findings.error("tag", f"tag {tag.ident} twice", "each id once: no two tags of a shop are alike")
        known.add(tag.ident)
    if findings.problems:
        raise CalibrationError("\n".join(map(str, findings.problems)))
    return TagPlan(family, tuple(tags))


def _tag(fields: Fields, default_size_m: float) -> Tag | None:
    ident = fields.integer("id", 0, 100_000)
    centre = fields.vector("centre_m", (2, 3), limit=FARTHEST_M)
    size_m = fields.number("size_mm", 5.0, 5000.0, default_size_m * 1000.0) / 1000.0
    turned = fields.number("turned_deg", -360.0, 360.0) if fields.has("turned_deg") else None
    faces = fields.number("faces_deg", -360.0, 360.0) if fields.has("faces_deg") else None
    fields.close()
    if centre is None:
        return None
    if faces is not None and len(centre) == 2:
        fields.error("centre_m", shown(list(centre)), "x, y and the height, for a tag that stands upright")
        return None
    x, y, z = (*centre, 0.0)[:3]
    return Tag(ident, (x, y, z), square_corners((x, y, z), size_m, turned, faces))


def square_corners(
    centre_m: tuple[float, float, float], size_m: float, turned_deg: float | None, faces_deg: float | None
) -> FloatArray | None:
    if turned_deg is None and faces_deg is None:
        return None
    turned = math.radians(turned_deg or 0.0)
    if faces_deg is None:
        right = np.array([math.cos(turned), math.sin(turned), 0.0])
        up = np.array([-math.sin(turned), math.cos(turned), 0.0])
    else:
        faces = math.radians(faces_deg)  # who looks at it sees +x of the tag to the right
        level = np.array([-math.sin(faces), math.cos(faces), 0.0])
        right = level * math.cos(turned) - np.array([0.0, 0.0, 1.0]) * math.sin(turned)
        up = level * math.sin(turned) + np.array([0.0, 0.0, 1.0]) * math.cos(turned)
    half = size_m / 2.0
    return np.array([np.add(centre_m, half * (a * right + b * up)) for a, b in ((-1, 1), (1, 1), (1, -1), (-1, -1))])

"""The measured geometry of a shop in the `store_meta` files of the AutoCheckout schema.

`Gondolas.json`, `Shelves.json` and `Plates.json` give each part relative to
its parent (translation in metres, Rodrigues rotation in radians).  A recording
need not have them: then the planogram alone must do (`autocheckout_store`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from aisle.sensing.autocheckout_documents import Coordinates, Id, PlateId, Point, ShelfId, whole
from aisle.sensing.faults import HealthLog
from aisle.sensing.readings import HealthEntry
from aisle.store.model import Shelf

FOLDER = "store_meta"
FILES = ("Gondolas.json", "Shelves.json", "Plates.json")


class _Gondola(msgspec.Struct):
    id: Id
    coordinates: Coordinates


class _Shelf(msgspec.Struct):
    id: ShelfId
    coordinates: Coordinates


class _Plate(msgspec.Struct):
    id: PlateId
    coordinates: Coordinates


class _Gondolas(msgspec.Struct):
    gondolas: list[_Gondola]


class _Shelves(msgspec.Struct):
    shelves: list[_Shelf]


class _Plates(msgspec.Struct):
    plates: list[_Plate]


def find_store_meta(recording: Path, log: HealthLog) -> dict[tuple[int, int], Shelf] | None:
    """Shelves by (gondola, shelf) from a `store_meta` folder in the recording's folder or beside it; None without one.

    A folder that is there but cannot be read is a health entry, and the planogram serves instead.
    """
    inside = recording if recording.is_dir() else recording.parent
    for folder in (inside / FOLDER, inside.parent / FOLDER):
        if folder.is_dir() and all((folder / name).is_file() for name in FILES):
            return _load(folder, log)
    return None


Parts = TypeVar("Parts", _Gondolas, _Shelves, _Plates)


class _UnreadableError(Exception):
    """One of the files (first argument) is not what it should be (second)."""


def _load(folder: Path, log: HealthLog) -> dict[tuple[int, int], Shelf] | None:
    try:
        return dict(_shelves(*(_content(folder, name) for name in FILES)))
    except _UnreadableError as fault:
        name, error = fault.args
        where = f"{FOLDER}/{name}"
        log.add(HealthEntry("corrupt", where, f"{where}: {error}; geometry is taken from the planogram instead"))
        return None


def _content(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise _UnreadableError(name, error) from None


def _decoded(content: bytes, kind: type[Parts], name: str) -> Parts:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _UnreadableError(name, error) from None


@lru_cache(maxsize=4)
def _shelves(*contents: bytes) -> Mapping[tuple[int, int], Shelf]:
    """Shelves by (gondola, shelf) from what the three files hold; remembered, for recordings of a shop share them."""
    gondolas = _decoded(contents[0], _Gondolas, FILES[0]).gondolas
    shelves = _decoded(contents[1], _Shelves, FILES[1]).shelves
    plates = _decoded(contents[2], _Plates, FILES[2]).plates
    poses = {whole(g.id.id): (_translation(g.coordinates), _turn(g.coordinates)) for g in gondolas}
    spans: dict[tuple[int, int], dict[int, tuple[float, float]]] = {}
    for plate in plates:
        gondola, shelf, index = plate.id.place()
        if gondola is not None and shelf is not None and index is not None:
            x0 = _translation(plate.coordinates)[0]
            spans.setdefault((gondola, shelf), {})[index] = (x0, x0 + (plate.coordinates.dim_x or 0.0))
    out: dict[tuple[int, int], Shelf] = {}
    for board in shelves:
        gondola, shelf = whole(board.id.gondola_id.id), whole(board.id.shelf_index)
        on_it = spans.get((gondola, shelf)) if gondola is not None and shelf is not None else None
        if (
            gondola is None
            or shelf is None
            or not on_it
            or gondola not in poses
            or sorted(on_it) != list(range(1, len(on_it) + 1))
        ):
            continue
        edges = (on_it[1][0], *(on_it[p][1] for p in range(1, len(on_it) + 1)))
        if any(b <= a for a, b in pairwise(edges)):
            continue
        origin, turn = poses[gondola]
        frame = Shelf(gondola, shelf, origin, turn, board.coordinates.dim_y or 0.0, edges)
        x, y, z = _translation(board.coordinates)
        out[gondola, shelf] = Shelf(
            gondola, shelf, frame.world(x, y, z), turn + _turn(board.coordinates), frame.depth_m, edges
        )
    return out


def _translation(coordinates: Coordinates) -> tuple[float, float, float]:
    point = (coordinates.transform.translation if coordinates.transform else None) or Point()
    return point.x or 0.0, point.y or 0.0, point.z or 0.0


def _turn(coordinates: Coordinates) -> float:
    rotation: Any = coordinates.transform.rotation if coordinates.transform else None
    return (rotation.z or 0.0) if rotation else 0.0

"""`planogram.csv`: what stands where.

A facing may name its stretch of shelf, its plates, or both: the one follows from the other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from aisle.store.layout_file import MAX_ID, MAX_PLATES
from aisle.store.model import Facing, Product, Shelf
from aisle.store.problems import Findings, shown
from aisle.store.shelving import plates_touched
from aisle.store.table import Row, optional, read_table, write_table

FILE = "planogram.csv"
REQUIRED = ("gondola", "shelf", "gtin")
COLUMNS = ("gondola", "shelf", "gtin", "x0_m", "x1_m", "plates")
_PLATES = re.compile(r"[0-9]{1,4}(-[0-9]{1,4})?( [0-9]{1,4}(-[0-9]{1,4})?)*")


def read_planogram(
    folder: Path, products: Mapping[str, Product], shelves: Mapping[tuple[int, int], Shelf], findings: Findings
) -> tuple[tuple[Facing, ...], tuple[int, ...]]:
    """The facings in file order, and the line each stands on. Facings with a fault are left out."""
    facings: list[Facing] = []
    lines: list[int] = []
    for row in read_table(folder / FILE, COLUMNS, REQUIRED, findings):
        facing = _facing(row, products, shelves)
        if facing is not None and row.sound:
            facings.append(facing)
            lines.append(row.line)
    return tuple(facings), tuple(lines)


def planogram_text(facings: Sequence[Facing]) -> str:
    """The file's text, one line per facing."""
    return write_table(
        COLUMNS,
        (
            [str(f.gondola), str(f.shelf), f.gtin, optional(f.x0_m), optional(f.x1_m), plates_cell(f.plates)]
            for f in facings
        ),
    )


def plates_cell(plates: Sequence[int]) -> str:
    """Plates as people write them: `3-5`, `7`, or `3-4 7`."""
    runs: list[list[int]] = []
    for plate in plates:
        if runs and plate == runs[-1][-1] + 1:
            runs[-1].append(plate)
        else:
            runs.append([plate])
    return " ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def parse_plates(cell: str) -> tuple[int, ...] | None:
    """The plates of a cell in ascending order, or None when it is not a list of plates a shelf can have."""
    if not _PLATES.fullmatch(cell):
        return None
    plates: set[int] = set()
    for part in cell.split():
        first, _, last = part.partition("-")
        if int(last or first) > MAX_PLATES:
            return None
        plates.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(plates))


def _facing(row: Row, products: Mapping[str, Product], shelves: Mapping[tuple[int, int], Shelf]) -> Facing | None:
    gtin = row.text("gtin", required=True)
    if gtin and gtin not in products:
        row.error("gtin", shown(gtin), "a product of products.csv")
    key = (row.integer("gondola", 0, MAX_ID), row.integer("shelf", 0, MAX_ID))
    if not row.sound:
        return None
    shelf = shelves.get(key)
    if shelf is None:
        row.error("shelf", f"gondola {key[0]}, shelf {key[1]}", "a shelf of layout.toml")
        return None
    plates = _plates(row, shelf)
    stretch = _stretch(row, shelf, plates)
    if stretch is None:
        return None
    plates = plates or plates_touched(shelf.plate_edges_m, *stretch)
    if not plates:
        low, high = shelf.plate_edges_m[0], shelf.plate_edges_m[-1]
        row.error(
            "x0_m", f"a facing from {stretch[0]:g} to {stretch[1]:g} m", f"a place between {low:g} and {high:g} m"
        )
        return None
    return Facing(gtin, *key, *stretch, plates)


def _plates(row: Row, shelf: Shelf) -> tuple[int, ...]:
    cell = row.cell("plates")
    if not cell:
        return ()
    plates = parse_plates(cell)
    if not plates or plates[0] < 1 or plates[-1] > shelf.plate_count:
        row.error("plates", shown(cell), f"plates of this shelf, 1 to {shelf.plate_count}, such as 1-2 or 1 3")
        return ()
    return plates


def _stretch(row: Row, shelf: Shelf, plates: tuple[int, ...]) -> tuple[float, float] | None:
    x0, x1 = row.number("x0_m", -1000.0, 1000.0), row.number("x1_m", -1000.0, 1000.0)
    if not row.sound:
        return None
    if x0 is None and x1 is None and plates:
        return shelf.plate_edges_m[plates[0] - 1], shelf.plate_edges_m[plates[-1]]
    if x0 is None or x1 is None:
        row.error("x0_m" if x0 is None else "x1_m", "nothing", "both x0_m and x1_m in metres, or neither and plates")
        return None
    if x0 >= x1:
        row.error("x1_m", f"{x1:g}", f"more than x0_m, which is {x0:g}")
        return None
    return x0, x1

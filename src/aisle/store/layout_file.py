"""`layout.toml`: floor, zones, gates, gondolas with their shelves and plates.

A gondola says once where it stands and what its shelves look like; a shelf repeats only what differs. Angles may be
given in degrees or in radians: the writer takes degrees whenever they read back as the very same angle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import Literal, cast

from aisle.store.model import Gate, Shelf, Zone
from aisle.store.problems import Findings, shown
from aisle.store.shelving import even_edges
from aisle.store.toml_in import Fields, read_toml
from aisle.store.toml_out import Value, heading, table

FILE = "layout.toml"
MAX_ID = 100_000
MAX_PLATES = 1000
_HEADING = heading(
    "Where everything stands. Metres in the floor frame: x and y on the floor, z up.",
    "A gondola's position is its left front corner as a shopper facing it sees it; rotation 0 looks along +x,",
    "the shopper standing at -y. Shelves are counted from 1, plates from 1, left to right.",
)


@dataclass(frozen=True, slots=True)
class Layout:
    """What the file holds; shelves in order of gondola and shelf."""

    floor_m: tuple[tuple[float, float], ...] = ()
    zones: tuple[Zone, ...] = ()
    gates: tuple[Gate, ...] = ()
    shelves: tuple[Shelf, ...] = ()


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a shelf inherits from its gondola unless it says otherwise; None: not said yet."""

    position_m: tuple[float, float] | None = None
    rotation_rad: float = 0.0
    depth_m: float | None = None
    edges_m: tuple[float, ...] | None = None


def read_layout(folder: Path, findings: Findings) -> Layout:
    """The layout; parts with a fault are left out."""
    fields = read_toml(folder / FILE, findings)
    if fields is None:
        return Layout()
    floor = fields.points("floor_m", 3)
    gates = tuple(gate for table in fields.tables("gate") if (gate := _gate(table)) is not None)
    zones = tuple(_zone(table) for table in fields.tables("zone"))
    shelves: dict[tuple[int, int], Shelf] = {}
    for gondola in fields.tables("gondola"):
        _read_gondola(gondola, shelves)
    fields.close()
    unique(findings, "gate", [g.gate_id for g in gates])
    unique(findings, "zone", [z.zone_id for z in zones])
    return Layout(floor, zones, gates, tuple(shelves[key] for key in sorted(shelves)))


def unique(findings: Findings, what: str, ids: Sequence[str]) -> None:
    """Note every id that stands twice."""
    seen: set[str] = set()
    for place, name in enumerate(ids, start=1):
        if name in seen:
            findings.error(f"{what}[{place}].id", shown(name), f"an id no other {what} has")
        seen.add(name)


def layout_text(layout: Layout) -> str:
    """The file's text."""
    parts = [_HEADING]
    if layout.floor_m:
        parts.append(table("", {"floor_m": layout.floor_m}))
    for gate in layout.gates:
        parts.append(table("[[gate]]", {"id": gate.gate_id, "kind": gate.kind, "a_m": gate.a_m, "b_m": gate.b_m}))
    for zone in layout.zones:
        parts.append(table("[[zone]]", {"id": zone.zone_id, "kind": zone.kind, "outline_m": zone.outline_m}))
    for gondola, group in groupby(sorted(layout.shelves, key=lambda s: s.key), key=lambda s: s.gondola):
        shelves = list(group)
        shared = _frame_of(shelves[0])
        parts.append(table("[[gondola]]", {"id": gondola, **_frame_values(shared, _Frame())}))
        for shelf in shelves:
            values: dict[str, Value] = {"id": shelf.shelf, "height_m": shelf.origin_m[2]}
            parts.append(table("[[gondola.shelf]]", values | _frame_values(_frame_of(shelf), shared)))
    return "".join(parts)


def _gate(fields: Fields) -> Gate | None:
    gate_id = fields.text("id")
    kind = cast(Literal["entry", "exit", "both"], fields.choice("kind", ("entry", "exit", "both")))
    a, b = fields.vector("a_m", (2,)), fields.vector("b_m", (2,))
    fields.close()
    if a is None or b is None:
        return None
    if a == b:
        fields.error("b_m", shown(list(b)), "another point than a_m: a gate has a width")
    return Gate(gate_id, kind, (a[0], a[1]), (b[0], b[1]))


def _zone(fields: Fields) -> Zone:
    zone_id = fields.text("id")
    kind = cast(Literal["sales", "staff", "stock"], fields.choice("kind", ("sales", "staff", "stock")))
    outline = fields.points("outline_m", 3)
    if not fields.has("outline_m"):
        fields.error("outline_m", "nothing", "a list of at least 3 points [x, y] in metres")
    fields.close()
    return Zone(zone_id, kind, outline)


def _read_gondola(fields: Fields, shelves: dict[tuple[int, int], Shelf]) -> None:
    gondola = fields.integer("id", 0, MAX_ID)
    shared = _frame(fields, _Frame())
    tables = fields.tables("shelf")
    if any(key[0] == gondola for key in shelves):
        fields.error("id", str(gondola), "an id no other gondola has")
    if not tables:
        fields.error("shelf", "no shelves", "at least one [[gondola.shelf]]")
    for place, table_ in enumerate(tables, start=1):
        shelf = _shelf(table_, gondola, place, shared)
        if shelf is not None and shelf.key in shelves:
            table_.error("id", str(shelf.shelf), f"an id no other shelf of gondola {gondola} has")
        elif shelf is not None:
            shelves[shelf.key] = shelf
    fields.close()


def _shelf(fields: Fields, gondola: int, place: int, shared: _Frame) -> Shelf | None:
    number = fields.integer("id", 0, MAX_ID, place)
    height = fields.number("height_m", -100.0, 100.0)
    frame = _frame(fields, shared)
    fields.close()
    missing = {
        "position_m": (frame.position_m, "a point [x, y] in metres, here or at the gondola"),
        "depth_m": (frame.depth_m, "a depth in metres, here or at the gondola"),
        "plates": (frame.edges_m, "plates and plate_width_m, or plate_edges_m, here or at the gondola"),
    }
    for key, (value, expected) in missing.items():
        if value is None:
            fields.error(key, "nothing usable", expected)
    if frame.position_m is None or frame.depth_m is None or frame.edges_m is None:
        return None
    return Shelf(gondola, number, (*frame.position_m, height), frame.rotation_rad, frame.depth_m, frame.edges_m)


def _frame(fields: Fields, shared: _Frame) -> _Frame:
    position = fields.vector("position_m", (2,), shared.position_m)
    depth = fields.number("depth_m", 0.001, 100.0) if fields.has("depth_m") else shared.depth_m
    return _Frame(
        position_m=(position[0], position[1]) if position is not None else None,
        rotation_rad=_rotation(fields, shared.rotation_rad),
        depth_m=depth,
        edges_m=_edges(fields, shared.edges_m),
    )


def _rotation(fields: Fields, shared: float) -> float:
    if fields.has("rotation_deg") and fields.has("rotation_rad"):
        fields.error("rotation_rad", "rotation_deg beside it", "one of the two")
    if fields.has("rotation_rad"):
        return fields.number("rotation_rad", -10.0, 10.0)
    if fields.has("rotation_deg"):
        return math.radians(fields.number("rotation_deg", -360.0, 360.0))
    return shared


def _edges(fields: Fields, shared: tuple[float, ...] | None) -> tuple[float, ...] | None:
    if fields.has("plate_edges_m"):
        edges = fields.numbers("plate_edges_m", 2, 1000.0)
        if edges is not None and (len(edges) > MAX_PLATES + 1 or any(a >= b for a, b in pairwise(edges))):
            fields.error("plate_edges_m", shown(list(edges)), f"ascending borders of at most {MAX_PLATES} plates")
            return None
        return edges
    if not fields.has("plates") and not fields.has("plate_width_m"):
        return shared
    count, width = fields.integer("plates", 1, MAX_PLATES), fields.number("plate_width_m", 0.001, 10.0)
    return even_edges(count, width)


def _frame_of(shelf: Shelf) -> _Frame:
    return _Frame((shelf.origin_m[0], shelf.origin_m[1]), shelf.rotation_rad, shelf.depth_m, shelf.plate_edges_m)


def _frame_values(frame: _Frame, shared: _Frame) -> dict[str, Value]:
    """The fields in which `frame` differs from what is shared already."""
    values: dict[str, Value] = {}
    if frame.position_m is not None and frame.position_m != shared.position_m:
        values["position_m"] = frame.position_m
    if frame.rotation_rad != shared.rotation_rad:
        degrees = round(math.degrees(frame.rotation_rad), 6)
        same = math.radians(degrees) == frame.rotation_rad and abs(degrees) <= 360
        values |= {"rotation_deg": degrees} if same else {"rotation_rad": frame.rotation_rad}
    if frame.depth_m is not None and frame.depth_m != shared.depth_m:
        values["depth_m"] = frame.depth_m
    if frame.edges_m is not None and frame.edges_m != shared.edges_m:
        values |= _edge_values(frame.edges_m)
    return values


def _edge_values(edges: tuple[float, ...]) -> dict[str, Value]:
    count, width = len(edges) - 1, round(edges[1] - edges[0], 9)
    if width >= 0.001 and even_edges(count, width) == edges:
        return {"plates": count, "plate_width_m": width}
    return {"plate_edges_m": edges}

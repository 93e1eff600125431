"""The `Store` behind an AutoCheckout recording: products, shelves, plates and facings.

The planogram names for each facing its left front corner in the floor frame,
its width and the plates it touches.  From these alone follow the direction of
each gondola, the pitch of its plates, where its left edge lies and how many
plates its shelves have; measured geometry (`store_meta`) takes precedence
where it is given and fits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from aisle.sensing.autocheckout_documents import PlanogramDocument, ProductDocument
from aisle.sensing.faults import HealthLog, RecordingError
from aisle.sensing.readings import HealthEntry
from aisle.store.model import Facing, Product, Shelf, Store

PLATE_PITCH_M = 0.1016  # four inches, the plates of the nano-store
DEFAULT_DEPTH_M = 0.4064
INCH_M = 0.0254
WIDEST_PER_PLATE_M = 2.0  # a facing wider than this per plate is given in inches
NEAR_PITCH = 0.04  # share by which a measured pitch may miss four inches and still be it
FIT_M = 0.006
STRAIGHT_M = 0.15  # corners spread over less than this do not tell a direction
MOST_PLATES = 200
SAME_PLACE_M = 0.6  # measured and inferred shelf centres further apart are different shelves
SAME_TURN_RAD = 0.2

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Placed:
    """A planogram entry on one shelf, lengths in metres; `corner` is None where the entry has no coordinates."""

    gtin: str | None
    gondola: int
    shelf: int
    plates: tuple[int, ...]
    corner: tuple[float, float, float] | None
    width_m: float
    depth_m: float | None
    turn_rad: float | None


@dataclass(frozen=True, slots=True)
class _Shop:
    """What planogram, products and geometry say, whatever the recording is called; never changed."""

    products: Mapping[str, Product]
    shelves: tuple[Shelf, ...]
    facings: tuple[Facing, ...]
    notes: tuple[str, ...]
    left_out: tuple[tuple[int, str | None], ...]  # entries of the planogram without a place: number from 1, product
    health: tuple[HealthEntry, ...]


def store_from_planogram(
    planogram: Sequence[PlanogramDocument],
    products: Sequence[ProductDocument],
    *,
    name: str,
    staff: frozenset[str],
    geometry: Mapping[tuple[int, int], Shelf] | None,
    log: HealthLog,
    place: str = "planogram",
) -> tuple[Store, tuple[str, ...]]:
    """The shop the planogram describes, and notes on what had to be inferred.

    `geometry` holds measured shelves (see `store_meta`).  Raises RecordingError
    when no entry names plates.  What the last few different shops came to is remembered: recordings of one shop
    usually come together.
    """
    try:
        content = msgspec.msgpack.encode((planogram, products))
    except (OverflowError, UnicodeEncodeError):  # an id of more than 64 bits, half a surrogate pair in a name
        shop = _shop(planogram, products, geometry)
    else:
        shop = _remembered(content, None if geometry is None else tuple(geometry.values()))
    if not shop.shelves:
        raise RecordingError(
            f"{place}: none of {len(planogram)} entries names a gondola, shelf and plate; "
            "wanted plate_ids with gondola_id, shelf_index and plate_index"
        )
    for number, gtin in shop.left_out:
        log.add(
            HealthEntry(
                "corrupt",
                f"{place}: entry {number}",
                f"{place}: entry {number} ({gtin or 'no product'}): no plate_ids "
                "with gondola_id, shelf_index and plate_index from 1; left out",
                grave=True,
            )
        )
    log.extend(shop.health)
    return Store(name, "USD", "UTC", dict(shop.products), shop.shelves, shop.facings, staff=staff), shop.notes


_CONTENT = msgspec.msgpack.Decoder(tuple[list[PlanogramDocument], list[ProductDocument]])


@lru_cache(maxsize=16)
def _remembered(content: bytes, measured: tuple[Shelf, ...] | None) -> _Shop:
    """The shop of documents given as MessagePack, which keeps every number as it is."""
    planogram, products = _CONTENT.decode(content)
    return _shop(planogram, products, None if measured is None else {shelf.key: shelf for shelf in measured})


def _shop(
    planogram: Sequence[PlanogramDocument],
    products: Iterable[ProductDocument],
    geometry: Mapping[tuple[int, int], Shelf] | None,
) -> _Shop:
    log = HealthLog()
    placed, left_out, unit = _placed(planogram)
    shelves: list[Shelf] = []
    facings: list[Facing] = []
    for gondola in sorted({p.gondola for p in placed}):
        boards, stretches = _gondola([p for p in placed if p.gondola == gondola], placed)
        for board, stretch in zip(boards, stretches, strict=True):
            measured = (geometry or {}).get(board.key)
            if measured is not None and _fits(measured, board):
                board, stretch = measured, _onto(stretch, measured)
            elif geometry is not None:
                where = f"gondola {board.gondola}, shelf {board.shelf}"
                log.add(
                    HealthEntry(
                        "corrupt",
                        f"store_meta: {where}",
                        f"store_meta: {where}: does not fit the planogram; the planogram is followed",
                        gondola=board.gondola,
                        shelf=board.shelf,
                    )
                )
            shelves.append(board)
            facings.extend(stretch)
    catalogue = _catalogue(products, facings, log)
    origin = "geometry from store_meta" if geometry is not None else "geometry from the planogram"
    notes = (f"planogram is in {unit}", origin)
    return _Shop(catalogue, tuple(shelves), tuple(facings), notes, left_out, log.entries())


def _placed(
    planogram: Sequence[PlanogramDocument],
) -> tuple[list[Placed], tuple[tuple[int, str | None], ...], str]:
    """Entries shelf by shelf, those that name no place (number from 1, product), and the unit of length."""
    per_plate = [c.dim_x / max(1, len(d.plate_ids)) for d in planogram if (c := d.global_coordinates) and c.dim_x]
    factor = INCH_M if per_plate and _middle(per_plate) > WIDEST_PER_PLATE_M else 1.0
    out: list[Placed] = []
    left_out: list[tuple[int, str | None]] = []
    for number, entry in enumerate(planogram, 1):
        named = entry.planogram_product_id or entry.product_id
        gtin = str(named.id) if named is not None and named.id is not None else None
        on_shelf: dict[tuple[int, int], list[int]] = {}
        for plate_id in entry.plate_ids:
            gondola, shelf, plate = plate_id.place()
            if (
                gondola is not None
                and shelf is not None
                and plate is not None
                and shelf > 0
                and 0 < plate <= MOST_PLATES
            ):
                on_shelf.setdefault((gondola, shelf), []).append(plate)
        if not on_shelf:
            left_out.append((number, gtin))
        at = entry.global_coordinates
        moved = at.transform.translation if at and at.transform else None
        turned = at.transform.rotation if at and at.transform else None
        corner = (moved.x or 0.0, moved.y or 0.0, moved.z or 0.0) if moved is not None else None
        if corner is not None and not all(map(math.isfinite, corner)):
            corner = None
        for (gondola, shelf), plates in sorted(on_shelf.items()):
            width = (at.dim_x or 0.0) * factor if at and len(on_shelf) == 1 else 0.0
            out.append(
                Placed(
                    gtin,
                    gondola,
                    shelf,
                    tuple(sorted(set(plates))),
                    tuple(c * factor for c in corner) if corner and len(on_shelf) == 1 else None,  # type: ignore[arg-type]
                    width if math.isfinite(width) and width > 0 else 0.0,
                    at.dim_y * factor if at and at.dim_y else None,
                    turned.z if turned else None,
                )
            )
    return out, tuple(left_out), "inches" if factor == INCH_M else "metres"


def _gondola(here: list[Placed], everywhere: list[Placed]) -> tuple[list[Shelf], list[list[Facing]]]:
    """Shelves of one gondola from bottom to top, and the facings on each, from the planogram alone."""
    located = [p for p in here if p.corner is not None]
    turn = _direction(located, everywhere)
    along, across = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    corners = np.array([p.corner for p in located], dtype=np.float64).reshape(-1, 3)
    starts = dict(zip(map(id, located), (corners[:, :2] @ along).tolist(), strict=True))
    single = {s for s in {p.shelf for p in here} if _is_single_cell([p for p in here if p.shelf == s], starts)}
    pitch, left = _pitch_and_left([p for p in located if p.shelf not in single], starts)
    if left is None:
        left = min(starts.values(), default=0.0)
    count = max((max(p.plates) for p in here if p.shelf not in single), default=1)
    reach = max((starts[id(p)] - left + p.width_m for p in located), default=0.0)
    length = max(reach, pitch) if len(single) == len({p.shelf for p in here}) else max(reach, count * pitch)
    front = _middle(corners[:, :2] @ across) if located else 0.0
    floor = _middle(corners[:, 2]) if located else 0.0
    boards: list[Shelf] = []
    stretches: list[list[Facing]] = []
    for shelf in sorted({p.shelf for p in here}):
        on_it = [p for p in here if p.shelf == shelf]
        own = np.array([p.corner for p in on_it if p.corner is not None], dtype=np.float64).reshape(-1, 3)
        depth = _middle(own[:, :2] @ across) if len(own) else front
        height = _middle(own[:, 2]) if len(own) else floor
        origin = left * along + depth * across
        edges = (0.0, length) if shelf in single else tuple(round(i * pitch, 6) for i in range(count + 1))
        deep = [p.depth_m for p in on_it if p.depth_m]
        boards.append(
            Shelf(
                on_it[0].gondola,
                shelf,
                (float(origin[0]), float(origin[1]), height),
                turn,
                _middle(deep) if deep else DEFAULT_DEPTH_M,
                edges,
            )
        )
        stretches.append([_facing(p, edges, starts.get(id(p)), left, pitch) for p in on_it if p.gtin is not None])
    return boards, stretches


def _facing(p: Placed, edges: tuple[float, ...], start: float | None, left: float, pitch: float) -> Facing:
    by_plates = (edges[min(p.plates[0], len(edges) - 1) - 1], edges[min(p.plates[-1], len(edges) - 1)])
    x0, x1 = by_plates
    if start is not None:
        measured = start - left
        width = p.width_m or (x1 - x0)
        if (
            x0 - pitch <= measured < x1 and x0 < measured + width <= x1 + pitch
        ):  # else the corner contradicts the plates
            x0, x1 = measured, measured + width
    return Facing(str(p.gtin), p.gondola, p.shelf, max(0.0, round(x0, 6)), min(edges[-1], round(x1, 6)), p.plates)


def _is_single_cell(on_shelf: list[Placed], starts: Mapping[int, float]) -> bool:
    """One load cell carries the whole shelf: everything stands on plate 1, though it spreads wider than a plate."""
    if any(p.plates != (1,) for p in on_shelf):
        return False
    located = [starts[id(p)] for p in on_shelf if id(p) in starts]
    spread = max(located, default=0.0) - min(located, default=0.0)
    return spread > PLATE_PITCH_M + FIT_M or any(p.width_m > PLATE_PITCH_M + FIT_M for p in on_shelf)


def _direction(located: list[Placed], everywhere: list[Placed]) -> float:
    """Angle of the shelf's left-to-right direction in the floor frame (rad).

    The corners say the line; higher plate numbers, or facings that must not
    overlap, say which way along it; a rotation given breaks ties.  Without
    enough spread the given rotation counts, else 0.
    """
    stated = [p.turn_rad for p in located if p.turn_rad is not None and math.isfinite(p.turn_rad)]
    given = _middle(stated) if stated else None
    xy = np.array([p.corner for p in located], dtype=np.float64).reshape(-1, 3)[:, :2]
    if len(xy) < 2 or float(np.ptp(xy, axis=0).max()) < STRAIGHT_M:
        return given or 0.0
    centred = xy - np.median(xy, axis=0)
    first = np.array([p.plates[0] for p in located], dtype=np.float64)
    if np.ptp(first) > 0:
        line = centred.T @ (first - first.mean())
    else:
        line = np.linalg.svd(centred, full_matrices=False)[2][0]
        line = line * _sense(line, located, given, everywhere)
    return _snapped(math.atan2(line[1], line[0]), given)


def _sense(line: FloatArray, located: list[Placed], given: float | None, everywhere: list[Placed]) -> float:
    """+1 or -1: which way along the line is to the right."""
    if given:
        return math.copysign(1.0, float(line @ np.array([math.cos(given), math.sin(given)])))
    overlaps = {sign: _overlap(located, sign * line) for sign in (1.0, -1.0)}
    if abs(overlaps[1.0] - overlaps[-1.0]) > FIT_M:
        return min(overlaps, key=lambda sign: overlaps[sign])
    others = np.array(
        [p.corner for p in everywhere if p.corner is not None and p.gondola != located[0].gondola]
    ).reshape(-1, 3)
    if not len(others):
        return 1.0 if (line[0], -line[1]) > (0.0, 0.0) else -1.0
    own = np.array([p.corner for p in located if p.corner is not None])
    towards = others[:, :2].mean(axis=0) - own[:, :2].mean(axis=0)
    return (
        1.0 if float(towards @ np.array([line[1], -line[0]])) > 0 else -1.0
    )  # shoppers stand in front, where the rest of the shop is


def _overlap(located: list[Placed], right: FloatArray) -> float:
    """Total length by which facings of one shelf overlap if they extend to the given right."""
    total = 0.0
    for shelf in {p.shelf for p in located}:
        spans = sorted(
            (float(np.array(p.corner[:2]) @ right), p.width_m)
            for p in located
            if p.shelf == shelf and p.corner is not None
        )
        total += sum(max(0.0, a + w - b) for (a, w), (b, _) in pairwise(spans))
    return total


def _snapped(angle: float, given: float | None) -> float:
    """The given angle, or the nearest right angle, where the measured one is within 2 degrees of it."""
    quarter = round(angle / (math.pi / 2)) * (math.pi / 2)
    for candidate in (given, quarter):
        if candidate is not None and abs(math.remainder(angle - candidate, 2 * math.pi)) < math.radians(2.0):
            return candidate
    return angle


def _pitch_and_left(located: list[Placed], starts: Mapping[int, float]) -> tuple[float, float | None]:
    """Plate pitch and left edge (m along the gondola) at which facings lie on the plates they name.

    A facing's centre is near the centre of its plates, so the pitch is the slope
    of centres against plate numbers; four inches if that is what it comes
    near to.  The left edge is where the first facings on plate 1 begin, if the
    centres do not contradict it by more than half a plate.
    """
    if not located:
        return PLATE_PITCH_M, None
    centres = np.array([starts[id(p)] + p.width_m / 2 for p in located])
    plates = np.array([(p.plates[0] - 1 + p.plates[-1]) / 2 for p in located])
    spread = plates - plates.mean()
    if float(spread @ spread) > 0:
        pitch = float(spread @ centres / (spread @ spread))
    else:
        pitch = _middle(p.width_m / len(p.plates) for p in located)
    if pitch <= 0 or abs(pitch / PLATE_PITCH_M - 1) < NEAR_PITCH:
        pitch = PLATE_PITCH_M
    left = _middle(centres - plates * pitch)
    first = min((starts[id(p)] for p in located if p.plates[0] == 1), default=left)
    return pitch, first if abs(first - left) < pitch / 2 else left


def _middle(values: Iterable[float]) -> float:
    ranked = sorted(values)
    return float(ranked[len(ranked) // 2])


def _fits(measured: Shelf, inferred: Shelf) -> bool:
    """Whether measured geometry and planogram speak of the same shelf."""
    turn = math.remainder(measured.rotation_rad - inferred.rotation_rad, 2 * math.pi)
    return (
        measured.plate_count >= inferred.plate_count
        and abs(turn) < SAME_TURN_RAD
        and math.dist(_centre(measured), _centre(inferred)) < SAME_PLACE_M
    )


def _centre(shelf: Shelf) -> tuple[float, float, float]:
    return shelf.world((shelf.plate_edges_m[0] + shelf.plate_edges_m[-1]) / 2)


def _onto(stretch: list[Facing], measured: Shelf) -> list[Facing]:
    """Facings moved from plate edges that start at 0 to the measured ones."""
    first, last = measured.plate_edges_m[0], measured.plate_edges_m[-1]
    return [Facing(f.gtin, f.gondola, f.shelf, f.x0_m + first, min(f.x1_m + first, last), f.plates) for f in stretch]


def _catalogue(products: Iterable[ProductDocument], facings: list[Facing], log: HealthLog) -> dict[str, Product]:
    """Products by GTIN; of several listings the last with a weight counts.

    Products on the shelves that lack something are reported.
    """
    out: dict[str, Product] = {}
    for entry in products:
        if entry.product_id.id is None:
            continue
        gtin = str(entry.product_id.id)
        data = entry.metadata
        weight = data.weight if data.weight is not None and math.isfinite(data.weight) and data.weight > 0 else None
        if gtin in out and weight is None:
            continue
        cents = (data.price or 0.0) * 100
        out[gtin] = Product(gtin, data.name or gtin, weight, price_minor=round(cents) if math.isfinite(cents) else 0)
    for gtin in sorted({f.gtin for f in facings}):
        if gtin not in out:
            out[gtin] = Product(gtin, gtin, None)
            log.add(
                HealthEntry(
                    "unknown-product",
                    f"product {gtin}",
                    f"planogram names {gtin}, products does not: name and weight unknown",
                    grave=True,
                )
            )
        elif out[gtin].weight_g is None:
            log.add(
                HealthEntry(
                    "no-weight",
                    f"product {gtin}",
                    f"products: {gtin} ({out[gtin].name}): weight missing or not above 0; it cannot be told by weight",
                    grave=True,
                )
            )
    return out

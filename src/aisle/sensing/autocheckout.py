"""Recordings in the AutoCheckout schema (CPS-IoT Week 2020 competition, AiFi nano-store) as Aisle readings.

`AutoCheckoutRecording` opens a mongoexport folder, a mongodump folder or a
mongodump archive.  Opening reads the planogram and the products; samples and
tracks are decoded when `readings()` is asked for, whole arrays at a time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

import msgspec
import numpy as np

from aisle.sensing.autocheckout_documents import (
    Documents,
    Joint,
    Meta,
    PlanogramDocument,
    PlateDocument,
    ProductDocument,
    Target,
    TargetDocument,
    event_time,
    received,
    typed,
)
from aisle.sensing.autocheckout_store import store_from_planogram
from aisle.sensing.clocks import receipt_order
from aisle.sensing.faults import HealthLog, RecordingError
from aisle.sensing.mongo_files import open_dump
from aisle.sensing.readings import HEAVIEST_G, Float32, HealthEntry, PlateReading, Reading, TrackReading
from aisle.sensing.store_meta import find_store_meta
from aisle.sensing.unknown_plates import unknown_plates
from aisle.store.model import Store

SAMPLE_TYPES = {"DATATYPE_FLOAT32": "<f4", "": "<f4", "DATATYPE_FLOAT64": "<f8"}
UNITS_M = {"metres": 1.0, "inches": 0.0254, "centimetres": 0.01, "millimetres": 0.001}
USUAL_HEAD_M = 1.6  # median height of a head in a shop, standing or bent
ASSUMED_SCORE = 0.5  # of a point that comes without one
DOUBTFUL_STATE = 0.5  # factor on the head score of a target whose state is not VALID


class AutoCheckoutRecording:
    """One recording; see `aisle.sensing.readings.Recording`.

    `notes` says what had to be decided from the data (units, geometry).
    Raises RecordingError when plate_data or planogram are missing or hold nothing readable.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._log = HealthLog()
        self._collections = open_dump(path, self._log)
        for wanted in ("plate_data", "planogram"):
            if wanted not in self._collections:
                raise RecordingError(
                    f"{path}: collection {wanted} is missing (found {', '.join(sorted(self._collections)) or 'none'}); "
                    f"put {wanted}.json, {wanted}.jsonl or {wanted}.bson there"
                )
        planogram = typed(self._collections["planogram"], PlanogramDocument, self._log).items
        products = self._products()
        meta = self._meta(path)
        geometry = find_store_meta(path, self._log)
        self.store: Store
        self.notes: tuple[str, ...]
        self.store, self.notes = store_from_planogram(
            planogram,
            products,
            name=name,
            staff=frozenset(str(s) for s in meta.staff),
            geometry=geometry,
            log=self._log,
            place=self._collections["planogram"].place,
        )
        self._readings: tuple[Reading, ...] | None = None

    @property
    def health(self) -> tuple[HealthEntry, ...]:
        return self._log.entries()

    def readings(self) -> Iterator[Reading]:
        """All readings in order of receipt (decoded once, then kept)."""
        if self._readings is None:
            self._readings = tuple(receipt_order([self._plates(), self._tracks()]))
        return iter(self._readings)

    def _products(self) -> list[ProductDocument]:
        if "products" not in self._collections:
            self._log.add(
                HealthEntry(
                    "missing-collection",
                    "products",
                    "collection products is missing: no weights, receipts will be guesses",
                    grave=True,
                )
            )
            return []
        return typed(self._collections["products"], ProductDocument, self._log).items

    def _meta(self, path: Path) -> Meta:
        file = (path if path.is_dir() else path.parent) / "meta.json"
        if not file.is_file():
            return Meta()
        try:
            return msgspec.convert(json.loads(file.read_bytes()), Meta, strict=False)
        except (ValueError, RecursionError) as error:
            self._log.add(
                HealthEntry(
                    "corrupt",
                    "meta.json",
                    f'meta.json: {error}; wanted {{"staff": [track ids]}}; nobody counts as staff',
                    grave=True,
                )
            )
            return Meta()

    # ---------------------------------------------------------------- plates
    def _plates(self) -> list[Reading]:
        collection = self._collections["plate_data"]
        batches = typed(collection, PlateDocument, self._log)
        alike: dict[tuple[tuple[int, int, int], str], list[tuple[int, int, int]]] = {}
        shapes: dict[tuple[tuple[int, ...] | None, int, str, int], tuple[int, int, int] | None] = {}
        for i, batch in enumerate(batches.items):
            values = batch.document.plate_data.values
            t_ns, gondola, kind = event_time(batch.timestamp), batch.gondola(), SAMPLE_TYPES.get(values.type)
            if t_ns is None or gondola is None or kind is None:
                self._corrupt(
                    batches.place(i),
                    f"timestamp {batch.timestamp!r}, gondola {gondola!r}, type {values.type!r}; "
                    "wanted seconds since 1970, a gondola number and DATATYPE_FLOAT32",
                )
                continue
            form = (values.shape, len(values.data), kind, gondola)
            if form not in shapes:
                shapes[form] = self._shape(*form)
            shape = shapes[form]
            if shape is None:
                said = None if values.shape is None else list(values.shape)
                self._corrupt(
                    batches.place(i),
                    f"{len(values.data)} bytes of samples do not fill shape {said}; "
                    "wanted samples x (shelves + 1) x (plates + 1)",
                )
                continue
            alike.setdefault((shape, kind), []).append((i, t_ns, gondola))
        out: list[tuple[int, Reading]] = []
        for (shape, kind), members in alike.items():
            out.extend(self._decoded(shape, kind, members, batches))
        if not out:
            raise RecordingError(
                f"{collection.place}: no readable batch of samples among {len(batches.items)} documents; "
                "wanted documents with timestamp, plate_id and values (shape, base64 float32 data)"
            )
        readings = [reading for _, reading in sorted(out, key=itemgetter(0))]
        self._log.extend(unknown_plates(readings, self.store))
        return readings

    def _decoded(
        self,
        shape: tuple[int, int, int],
        kind: str,
        members: list[tuple[int, int, int]],
        batches: Documents[PlateDocument],
    ) -> Iterator[tuple[int, Reading]]:
        """Readings of all batches of one shape, decoded together; what no plate can weigh becomes NaN."""
        data = b"".join([batches.items[i].document.plate_data.values.data for i, _, _ in members])
        with np.errstate(invalid="ignore", over="ignore"):
            flat = np.frombuffer(data, dtype=kind).astype(np.float32, copy=False)
            absurd = np.fmax.reduce(flat) > HEAVIEST_G or np.fmin.reduce(flat) < -HEAVIEST_G
        samples = flat.reshape(-1, *shape)[:, :, 1:, 1:]
        if absurd:
            samples = self._without_absurd(samples, members, batches)
        for (i, t_ns, gondola), grams in zip(members, samples, strict=True):
            batch = batches.items[i]
            said = batch.document.plate_data.freq_samp
            hz = said if said and 1.0 <= said <= 10_000.0 else 60.0
            yield i, PlateReading(f"plates-{gondola}", t_ns, received(batch.date_time, t_ns), gondola, hz, grams)

    def _without_absurd(
        self, samples: Float32, members: list[tuple[int, int, int]], batches: Documents[PlateDocument]
    ) -> Float32:
        absurd = np.abs(samples) > HEAVIEST_G
        for k in np.flatnonzero(absurd.any(axis=(1, 2, 3))):
            i, t_ns, gondola = members[k]
            _, s, p = np.argwhere(absurd[k])[0].tolist()
            self._log.add(
                HealthEntry(
                    "invalid-sample",
                    f"gondola {gondola}, shelf {s + 1}, plate {p + 1}",
                    f"{batches.place(i)}: {int(absurd[k].sum())} infinite or absurd samples count as missing",
                    t0_ns=t_ns,
                    t1_ns=t_ns + samples.shape[1] * 16_666_667,
                    gondola=gondola,
                    shelf=s + 1,
                    plate=p + 1,
                )
            )
        return np.where(absurd, np.float32(np.nan), samples)

    def _shape(self, shape: tuple[int, ...] | None, size: int, kind: str, gondola: int) -> tuple[int, int, int] | None:
        """Samples, rows and columns of a batch of `size` bytes: as given, or as the planogram makes likely where not.

        None when they do not fill it.
        """
        if shape is None:
            here = [s for s in self.store.shelves if s.gondola == gondola]
            rows = 1 + max((s.shelf for s in here), default=0)
            columns = 1 + max((s.plate_count for s in here), default=0)
            shape = (12, rows, columns)
        if len(shape) != 3 or min(shape) <= 0 or size != int(kind[-1]) * math.prod(shape):
            return None
        return shape[0], shape[1], shape[2]

    def _corrupt(self, place: str, what: str) -> None:
        self._log.add(HealthEntry("corrupt", place, f"{place}: {what}; skipped", grave=True))

    # ---------------------------------------------------------------- tracks
    def _tracks(self) -> list[Reading]:
        collection = self._collections.get("full_targets")
        frames = typed(collection, TargetDocument, self._log) if collection else None
        if "targets" in self._collections and not (frames and any(f.document.targets.targets for f in frames.items)):
            frames = typed(self._collections["targets"], TargetDocument, self._log)
        if frames is None or not frames.items:
            self._log.add(
                HealthEntry(
                    "missing-collection",
                    "targets",
                    "neither full_targets nor targets holds a frame: nobody can be billed",
                    grave=True,
                )
            )
            return []
        people = [t for f in frames.items for t in f.document.targets.targets]
        points, scores = _joint_arrays(people)
        unit, factor = _unit_of(points[:, 0, 2])
        if people:
            self.notes = (*self.notes, f"targets are in {unit}")
        points *= factor
        idents = [_ident(target) for target in people]
        heads_m, head_scores, wrists_m, wrist_scores = points[:, 0], scores[:, 0], points[:, 1:], scores[:, 1:]
        out: list[Reading] = []
        after = 0
        for i, frame in enumerate(frames.items):
            rows = slice(after, after + len(frame.document.targets.targets))
            after = rows.stop
            t_ns = event_time(frame.timestamp)
            if t_ns is None:
                self._corrupt(frames.place(i), f"timestamp {frame.timestamp!r}; wanted seconds since 1970")
                continue
            out.append(
                TrackReading(
                    "tracker",
                    t_ns,
                    received(frame.date_time, t_ns),
                    tuple(idents[rows]),
                    heads_m[rows],
                    head_scores[rows],
                    wrists_m[rows],
                    wrist_scores[rows],
                )
            )
        return out


def _ident(target: Target) -> str:
    ident = target.target_id
    return str(ident) if isinstance(ident, str | int) else str(ident.id)


def _joint_arrays(people: list[Target]) -> tuple[Float32, Float32]:
    """Head, left and right wrist of each target: points (k, 3, 3) as recorded, NaN where not seen; scores (k, 3)."""
    points: list[float] = []
    scores: list[float] = []
    for person in people:
        left, right = person.l_wrist, person.r_wrist
        if left is None and right is None and person.hands:
            left, right = (*person.hands, None)[:2]
        for joint in (person.head, left, right):
            point, score = _joint(joint)
            points += point
            scores.append(score)
        if person.target_state and "_VALID" not in person.target_state:
            scores[-3] *= DOUBTFUL_STATE
    with np.errstate(over="ignore"):
        array = np.array(points, dtype=np.float32).reshape(-1, 3, 3)
    array[~np.isfinite(array).all(axis=2)] = np.nan
    bounded = np.clip(np.nan_to_num(np.array(scores, dtype=np.float64)), 0.0, 1.0)
    return array, bounded.astype(np.float32).reshape(-1, 3)


_UNSEEN = ((float("nan"),) * 3, 0.0)


def _joint(joint: Joint | None) -> tuple[tuple[float, float, float], float]:
    if joint is None:
        return _UNSEEN
    p = joint.point
    x, y, z = p.x, p.y, p.z
    if x is None and y is None and z is None:
        return _UNSEEN
    return (x or 0.0, y or 0.0, z or 0.0), ASSUMED_SCORE if joint.score is None else joint.score


def _unit_of(head_heights: Float32) -> tuple[str, float]:
    """The unit in which the median head is nearest to where heads are, and its length in metres."""
    heights = head_heights[np.isfinite(head_heights) & (head_heights > 0)]
    if not heights.size:
        return "inches", UNITS_M["inches"]
    median = float(np.median(heights))
    unit = min(UNITS_M, key=lambda u: abs(np.log(median * UNITS_M[u] / USUAL_HEAD_M)))
    return unit, UNITS_M[unit]

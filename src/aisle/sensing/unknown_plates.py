"""Channels that behave like a plate in use although the planogram knows no plate there.

A wired channel without a plate above it wanders slowly and is ignored.  One
that steps like a plate somebody takes from must not be ignored in silence:
either the planogram is wrong or a plate is wired to the wrong place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from aisle.sensing.readings import HealthEntry, PlateReading, Reading
from aisle.store.model import Store

SHARP_STEP_G = 30.0  # within two batches, and lasting
TIMES_USUAL = 8.0  # a step is sharp when it is this many times the channel's usual movement


def unknown_plates(readings: Sequence[Reading], store: Store) -> Iterator[HealthEntry]:
    """One grave entry for each channel outside the planogram that steps sharply and stays there."""
    by_gondola: dict[int, list[PlateReading]] = {}
    for reading in readings:
        if isinstance(reading, PlateReading):
            by_gondola.setdefault(reading.gondola, []).append(reading)
    plates = {s.key: s.plate_count for s in store.shelves}
    for gondola, batches in sorted(by_gondola.items()):
        shape = batches[0].grams.shape
        alike = [b for b in batches if b.grams.shape == shape]
        outside = [(s, p) for s in range(shape[1]) for p in range(plates.get((gondola, s + 1), 0), shape[2])]
        if outside and len(alike) >= 5:
            yield from _stepping(gondola, alike, outside)


def _stepping(gondola: int, batches: list[PlateReading], channels: list[tuple[int, int]]) -> Iterator[HealthEntry]:
    rows, columns = np.array(channels).T
    single = np.stack([b.grams[0] for b in batches])[:, rows, columns]
    single[np.isnan(single)] = np.inf  # a missing sample is no step, up or down
    a, b, c = single[:-2], single[1:-1], single[2:]
    levels = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))  # median of three: a flicker is no step
    with np.errstate(invalid="ignore"):
        steps = np.abs(levels[2:] - levels[:-2])
    steps[~np.isfinite(steps)] = 0.0
    usual = np.partition(steps, len(steps) // 2, axis=0)[len(steps) // 2]
    for k in np.flatnonzero((steps > np.maximum(SHARP_STEP_G, TIMES_USUAL * usual)).any(axis=0)):
        i = int(np.argmax(steps[:, k]))
        s, p = channels[k][0] + 1, channels[k][1] + 1
        where = f"gondola {gondola}, shelf {s}, plate {p}"
        yield HealthEntry(
            "unknown-plate",
            where,
            f"{where}: steps by {steps[i, k]:.0f} g, but the planogram knows no such plate; its weight is not counted",
            t0_ns=batches[i].t_ns,
            t1_ns=batches[i + 4].t_ns,
            grave=True,
            gondola=gondola,
            shelf=s,
            plate=p,
        )

"""Channels that behave like a plate in use although the planogram knows no plate there.

A wired channel without a plate above it wanders slowly and is ignored.  One
that steps like a plate somebody takes from must not be ignored in silence:
either the planogram is wrong or a plate is wired to the wrong place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from aisle.sensing.readings import HealthEntry, PlateReading, Reading
from aisle.store.model import Store

LEVEL_BATCHES = 10  # the level before and after a step: two seconds each
SHARP_STEP_G = 40.0  # within two batches, and lasting
TIMES_USUAL = 18.0  # times what three quarters of the channel's movements exceed: 5.7 sigma of Gaussian noise


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
    some = np.stack([b.grams[::4] for b in batches])[:, :, rows, columns]  # a few samples of each batch will do
    wired = np.flatnonzero(~np.isnan(some).all(axis=(0, 1)))  # the others never step
    if not len(wired):
        return
    channels, some = [channels[k] for k in wired], some[:, :, wired]
    single = some.mean(axis=1)
    single[np.isnan(single)] = np.inf  # a missing sample is no step, up or down
    width = min(LEVEL_BATCHES, len(batches) // 5)
    windows = sliding_window_view(single, width, axis=0)
    levels = np.partition(windows, width // 2, axis=2)[:, :, width // 2]  # a flicker is no step
    with np.errstate(invalid="ignore"):
        steps = np.abs(levels[width + 1 :] - levels[: -width - 1])  # over the batch in which it happens
    steps[~np.isfinite(steps)] = 0.0
    usual = np.partition(steps, len(steps) // 4, axis=0)[len(steps) // 4]  # a step itself fills many of few
    for k in np.flatnonzero((steps > np.maximum(SHARP_STEP_G, TIMES_USUAL * usual)).any(axis=0)):
        i = int(np.argmax(steps[:, k]))
        s, p = channels[k][0] + 1, channels[k][1] + 1
        where = f"gondola {gondola}, shelf {s}, plate {p}"
        yield HealthEntry(
            "unknown-plate",
            where,
            f"{where}: steps by {steps[i, k]:.0f} g, but the planogram knows no such plate; its weight is not counted",
            t0_ns=batches[i].t_ns,
            t1_ns=batches[i + 2 * width].t_ns,
            grave=True,
            gondola=gondola,
            shelf=s,
            plate=p,
        )

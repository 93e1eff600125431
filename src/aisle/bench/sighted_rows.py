"""The part `visits` of the suite `vision`: simulated visits by rendered cameras, as rows of the table."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisle.bench.calibration import calibration_error, verdicts
from aisle.bench.claims import Row, judged
from aisle.bench.intervals import f1_interval, wilson
from aisle.bench.scoring import Counts, Scored, total
from aisle.bench.sighted import Visit, visit, wishes
from aisle.bench.tracking_score import FloorFrame, score_floor_tracks

F1, EXACT, F1_CAMERAS, REAL_TIME = 0.97, 0.93, 0.75, 6.0
FLOOR_M, IDF1, SWAPS = 0.10, 0.97, 1.0
CROWD = 6
CORES = 2.0


@dataclass(frozen=True, slots=True)
class SightedLoad:
    """How many `visits` are watched by how many `cameras`; `jobs` processes film and watch; `films` keeps the films."""

    visits: int = 100
    cameras: int = 6
    seed: int = 900
    jobs: int = 2
    films: Path | None = None


def judge_visits(load: SightedLoad, tell: Callable[[float], None]) -> list[Row]:
    """Film, watch and replay all visits; rows for receipts, floor and cost."""
    asked = wishes(load.visits, load.seed, load.cameras, load.films)
    done: dict[int, Visit] = {}
    if load.jobs == 1:
        for number, wish in enumerate(asked):
            done[number] = visit(wish)
            tell((number + 1) / len(asked))
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(load.jobs, mp_context=context) as pool:
            futures = {pool.submit(visit, wish): number for number, wish in enumerate(asked)}
            for future in as_completed(futures):
                done[futures[future]] = future.result()
                tell(len(done) / len(asked))
    return rows([done[number] for number in range(len(asked))], load.cameras)


def rows(visits: Sequence[Visit], cameras: int) -> list[Row]:
    """All claims about some recordings."""
    people = sum(v.with_plates.counts.receipts for v in visits)
    on = f"{people} simulated visits, {cameras} rendered cameras"
    crowded = [v for v in visits if v.wish.shoppers >= CROWD]
    return [
        *_receipt_rows([v.with_plates for v in visits], f"{on}, plates", F1, EXACT),
        *_receipt_rows([v.cameras_only for v in visits], f"{on}, no plates", F1_CAMERAS, None),
        *(_floor_rows(crowded, cameras) if crowded else []),
        *_cost_rows(visits, f"{cameras} cameras, 640x360 at 10 a second"),
    ]


def _receipt_rows(scored: Sequence[Scored], on: str, f1: float, exact: float | None) -> list[Row]:
    counts: Counts = total(scored)
    items = np.array([(s.counts.tp, s.counts.fp, s.counts.fn) for s in scored], dtype=np.float64)
    judgements = verdicts([(i, v.probability, v.exact) for i, s in enumerate(scored) for v in s.visits])
    n = len(scored)
    return [
        judged(
            "item F1",
            on,
            counts.f1,
            reach=f1,
            interval=f1_interval(items, seed=0),
            counted=counts.tp + counts.fn,
            recordings=n,
        ),
        judged(
            "exact receipts",
            on,
            counts.exact_share,
            reach=exact,
            interval=wilson(counts.exact, counts.receipts),
            counted=counts.receipts,
            recordings=n,
        ),
        judged("calibration error, baskets", on, calibration_error(judgements), side="most", recordings=n),
    ]


def _floor_rows(visits: Sequence[Visit], cameras: int) -> list[Row]:
    """Each recording's people are others: their numbers start anew."""
    watching = min(cameras, visits[0].wish.floor_cameras)
    on = f"{CROWD} simulated shoppers, {watching} rendered cameras"
    true: list[FloorFrame] = []
    found: list[FloorFrame] = []
    for number, v in enumerate(visits):
        true += [(ids + 1000 * number, places) for ids, places in v.true_floor]
        found += [(ids + 1000 * number, places) for ids, places in v.found_floor]
    fit = score_floor_tracks(true, found, sum(v.seconds for v in visits))
    n = len(visits)
    return [
        judged(
            "floor position error, median", on, fit.error_median_m, reach=FLOOR_M, side="most", unit="m", recordings=n
        ),
        judged("IDF1 on the floor", on, fit.tracks.idf1, reach=IDF1, recordings=n),
        judged("identity swaps in 10 min", on, fit.switches_per_10_min, reach=SWAPS, side="most", recordings=n),
    ]


def _cost_rows(visits: Sequence[Visit], on: str) -> list[Row]:
    cpu, camera = sum(v.cpu_s for v in visits), sum(v.camera_s for v in visits)
    return [
        judged(
            f"cameras in real time, {CORES:.0f} cores, no GPU",
            on,
            CORES * camera / max(cpu, 1e-9),
            reach=REAL_TIME,
            recordings=len(visits),
        ),
        judged("CPU time of a picture", on, 100.0 * cpu / max(camera, 1e-9), side="most", unit="ms"),
    ]

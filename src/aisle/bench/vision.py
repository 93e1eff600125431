"""The suite `vision`: what Aisle sees, on rendered cameras and on real footage, in one table.

Simulated visits watched by nothing but cameras and plates (`visits`); whether drawn people pass for people (`realism`);
real pictures (bottles and a hand, a real shop's cameras, speed).  Each part can be measured by itself with `--part`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aisle.bench.claims import Results, Row
from aisle.bench.footage import FOOTAGE_PARTS, FootageLoad
from aisle.bench.truth import BenchError

VISION_PARTS = ("visits", "realism", *FOOTAGE_PARTS)


@dataclass(frozen=True, slots=True)
class VisionLoad:
    """Which `parts` are measured; `visits` simulated ones by `jobs` processes from `seed`; `out` takes pictures,
    `films` keeps what was rendered, so that it need not be again."""

    parts: Sequence[str] = VISION_PARTS
    out: Path | None = None
    visits: int = 100
    cameras: int = 6
    seed: int = 900
    jobs: int = 2
    films: Path | None = None

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in VISION_PARTS]
        if unknown:
            raise BenchError(f"--part: found {unknown[0]!r}, must be one of {', '.join(VISION_PARTS)}")


def judge_vision(load: VisionLoad, tell: Callable[[str, float], None]) -> Results:
    """Measure the parts one after the other; `tell` hears which one and how far it is (0 to 1)."""
    rows: list[Row] = []
    about: dict[str, object] = {"parts": list(load.parts)}
    if "visits" in load.parts:
        from aisle.bench.sighted_rows import SightedLoad, judge_visits

        wish = SightedLoad(load.visits, load.cameras, load.seed, load.jobs, load.films)
        rows += judge_visits(wish, lambda share: tell("visits", share))
        about["seed"] = load.seed
    if "realism" in load.parts:
        from aisle.bench.realism import judge_realism

        data = os.environ.get("AISLE_DATA", "")
        rows += judge_realism(Path(data) if data else None, lambda share: tell("realism", share))
    real = [part for part in load.parts if part in FOOTAGE_PARTS]
    if real:
        from aisle.bench.footage import judge_footage

        footage = judge_footage(FootageLoad(real, load.out), tell)
        rows += footage.rows
        about |= footage.about
        about["parts"] = list(load.parts)
    return Results(suite="vision", rows=tuple(rows), about=about)

"""The suite `commerce`: what is claimed of prices, visits and the API, in one table.

Pricing (`pricing`), thousands of visits broken at every step (`visits`), and a served shop under load (`api`); each can
be measured by itself with `--part`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aisle.bench.claims import Results, Row
from aisle.bench.truth import BenchError

PARTS = ("pricing", "visits", "api")


@dataclass(frozen=True, slots=True)
class CommerceLoad:
    """Which `parts` are measured, how many `visits` are broken, how long (`seconds`) each load lasts."""

    parts: Sequence[str] = PARTS
    visits: int = 10_000
    seconds: float = 10.0
    seed: int = 1

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown:
            raise BenchError(f"--part: found {unknown[0]!r}, must be one of {', '.join(PARTS)}")


def judge_commerce(load: CommerceLoad, tell: Callable[[str, float], None]) -> Results:
    """Measure the parts one after the other; `tell` hears which one and how far it is (0 to 1)."""
    rows: list[Row] = []
    for part in load.parts:
        rows += _rows(part, load, lambda share, part=part: tell(part, share))  # type: ignore[misc]
    about: dict[str, object] = {"parts": list(load.parts), "seed": load.seed, "visits": load.visits}
    return Results(suite="commerce", rows=tuple(rows), about=about)


def _rows(part: str, load: CommerceLoad, tell: Callable[[float], None]) -> Sequence[Row]:
    if part == "pricing":
        from aisle.bench.pricing import PricingLoad, judge_pricing

        return judge_pricing(PricingLoad(seed=load.seed), tell)
    if part == "visits":
        from aisle.bench.visits import VisitLoad, judge_visits

        return judge_visits(VisitLoad(visits=load.visits, seed=load.seed), tell)
    from aisle.bench.api import ApiLoad, judge_api

    return judge_api(ApiLoad(seconds=load.seconds), tell)

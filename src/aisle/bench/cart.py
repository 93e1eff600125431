"""The suite `cart`: what the smart cart sees and decides, in one table.

Each part stands in a file of its own and can be measured by itself with `--part`: `codes` reads real photographs of
bar codes under AISLE_DATA, `groceries` tells photographs of groceries there by their looks, `trips` runs simulated
trips through the cart, `speed` times the way from the scan camera to the screen, `lane` the decision at the lane and
the journal after a kill.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aisle.bench.claims import Results, Row
from aisle.bench.truth import BenchError

CART_PARTS = ("codes", "groceries", "trips", "speed", "lane")
REAL = frozenset({"codes", "groceries"})
FIRST_SEED = 20_000
NO_DATA = "AISLE_DATA is not set; it must name the data folder (see docs/data.md)"


@dataclass(frozen=True, slots=True)
class CartLoad:
    """Which `parts` are measured, and where what was read of each picture is written (`out`; None: nowhere).

    `trips` simulated trips with seeds from `seed` on are shared among so many processes (`jobs`).
    """

    parts: Sequence[str] = CART_PARTS
    out: Path | None = None
    trips: int = 1000
    seed: int = FIRST_SEED
    jobs: int = 1

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in CART_PARTS]
        if unknown:
            raise BenchError(f"--part: found {unknown[0]!r}, must be one of {', '.join(CART_PARTS)}")


def judge_cart(load: CartLoad, tell: Callable[[str, float], None], environ: Mapping[str, str] = os.environ) -> Results:
    """Measure the parts one after the other; `tell` hears which one and how far it is (0 to 1).

    What needs real pictures is left out without AISLE_DATA; `about["left_out"]` says which parts and why.
    """
    rows: list[Row] = []
    about: dict[str, object] = {"parts": list(load.parts)}
    folder = environ.get("AISLE_DATA", "")
    real = [part for part in load.parts if part in REAL]
    if real and not folder:
        about["left_out"] = f"{', '.join(real)}: {NO_DATA}"
    if folder and "codes" in load.parts:
        from aisle.bench.barcodes import judge_codes

        rows += judge_codes(Path(folder), lambda share: tell("codes", share), load.out)
    if folder and "groceries" in load.parts:
        from aisle.bench.groceries import judge_groceries

        rows += judge_groceries(Path(folder), lambda share: tell("groceries", share))
    if "trips" in load.parts:
        from aisle.bench.cart_trips import judge_trips, trip_rows

        tally = judge_trips(load.trips, load.seed, lambda share: tell("trips", share), processes=load.jobs)
        rows += trip_rows(tally)
        about["situations"] = tally.by_situation()
        about["trips"] = {"first seed": load.seed, "count": load.trips}
    if "speed" in load.parts:
        from aisle.bench.cart_speed import judge_speed
        from aisle.bench.groceries import given_embedding
        from aisle.vision.recognisers.joined import composed

        embedding = given_embedding(Path(folder) / "models") if folder else composed([])
        named = "the given networks" if folder else "colours alone"
        rows += judge_speed(embedding, named, tell=lambda share: tell("speed", share))
    if "lane" in load.parts:
        from aisle.bench.cart_journal import judge_journal
        from aisle.bench.cart_lane import judge_lane

        rows += judge_lane(tell=lambda share: tell("lane", share))
        rows += judge_journal()
    return Results(suite="cart", rows=tuple(rows), about=about)

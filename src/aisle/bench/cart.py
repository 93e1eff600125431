"""The suite `cart`: what the smart cart sees and decides, in one table.

Each part stands in a file of its own and can be measured by itself with `--part`: `codes` reads real photographs of
bar codes under AISLE_DATA, `groceries` tells photographs of groceries there by their looks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aisle.bench.claims import Results, Row
from aisle.bench.truth import BenchError

CART_PARTS = ("codes", "groceries")
NO_DATA = "AISLE_DATA is not set; it must name the data folder (see docs/data.md)"


@dataclass(frozen=True, slots=True)
class CartLoad:
    """Which `parts` are measured, and where what was read of each picture is written (`out`; None: nowhere)."""

    parts: Sequence[str] = CART_PARTS
    out: Path | None = None

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
    if not folder:
        about["left_out"] = f"{', '.join(load.parts)}: {NO_DATA}"
    if folder and "codes" in load.parts:
        from aisle.bench.barcodes import judge_codes

        rows += judge_codes(Path(folder), lambda share: tell("codes", share), load.out)
    if folder and "groceries" in load.parts:
        from aisle.bench.groceries import judge_groceries

        rows += judge_groceries(Path(folder), lambda share: tell("groceries", share))
    return Results(suite="cart", rows=tuple(rows), about=about)

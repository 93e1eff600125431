"""`aisle cart simulate`: fills a folder with recordings of carts that do not exist, their truth and their store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aisle.simulation.cart.catalogue import Catalogue, grocery
from aisle.simulation.cart.situations import load_all
from aisle.simulation.cart.trip import Plan, mixed_plan, simulate_trip
from aisle.simulation.cart.writing import write_catalogue, write_trip
from aisle.simulation.shopping import basket_sizes

if TYPE_CHECKING:
    from aisle.simulation.cart.film import ScanCamera

DONE, FAILED, WRONG_USE = 0, 1, 2
MOST_TRIPS, MOST_ITEMS = 100_000, 500


@dataclass(frozen=True, slots=True)
class Wish:
    """What `aisle cart simulate` was asked for; see `run_cart_simulate`."""

    trips: int
    items: int
    seed: int
    situations: tuple[str, ...]
    pictures: bool
    photographs: Path | None
    fps: float
    scanner: bool
    baskets: Path | None = None

    def fault(self) -> str | None:
        """What is wrong with the wish, and what would be right."""
        if not 1 <= self.trips <= MOST_TRIPS:
            return f"--trips is {self.trips}: 1 to {MOST_TRIPS} are possible"
        if not 1 <= self.items <= MOST_ITEMS:
            return f"--items is {self.items}: 1 to {MOST_ITEMS} are possible"
        if self.seed < 0:
            return f"--seed is {self.seed}: a whole number from 0 on is needed"
        if not 1.0 <= self.fps <= 30.0:
            return f"--fps is {self.fps:g}: 1 to 30 are possible"
        if self.photographs is not None and not self.photographs.is_dir():
            return f"--photographs {self.photographs}: found no such folder; one with <class>/*.jpg is needed"
        if self.photographs is not None and not self.pictures:
            return "--photographs is of use with --pictures only"
        if not self.scanner and not self.pictures:
            return "--no-scanner leaves nobody to read codes: add --pictures"
        if self.baskets is not None and not self.baskets.is_file():
            return f"--baskets {self.baskets}: found no such file; a CSV with one basket a line is needed"
        unknown = [name for name in self.situations if name not in load_all()]
        if unknown:
            return f"--situation {unknown[0]!r} is not known: {', '.join(load_all())} are"
        return None


def run_cart_simulate(
    out: Path,
    *,
    trips: int = 10,
    items: int = 25,
    seed: int = 1,
    situations: Sequence[str] = (),
    pictures: bool = False,
    photographs: Path | None = None,
    fps: float = 8.0,
    scanner: bool = True,
    baskets: Path | None = None,
    console: Console | None = None,
) -> int:
    """Write `OUT/<trip>.mcap` with `OUT/<trip>.truth.json` for each of `trips` trips, and `OUT/store`.

    Each trip has about `items` pieces and two situations (all forty take turns), or those named in `situations`.
    With `pictures` the scan camera films (640×480 JPEG, `fps` a second) instead of a recogniser's answers being
    given; items then look like the photographs in `photographs` (a folder with folders named by class), else like
    drawn packages, and the store gets enrolment pictures.  Without `scanner` codes are read by the camera alone.
    `baskets` is a CSV of real till baskets, one a line, whose sizes trips take instead of `items`.
    `out` is a new or empty folder.  The same arguments write the same bytes.  Codes: 0 done, 1 failed, 2 wrong use.
    """
    console = console or Console(stderr=True)
    wish = Wish(trips, items, seed, tuple(situations), pictures, photographs, fps, scanner, baskets)
    fault = wish.fault() or _full(out)
    if fault is not None:
        console.print(fault, style="red", markup=False)
        return WRONG_USE
    try:
        _write_all(wish, out, console)
    except (OSError, ValueError, RuntimeError) as why:
        console.print(str(why), style="red", markup=False)
        return FAILED
    return DONE


def _full(out: Path) -> str | None:
    """Trips among those of another run would belong to a store that is no longer there."""
    if out.is_dir() and any(out.iterdir()):
        return f"{out}: found a folder with files in it; a new folder or an empty one is needed"
    if out.exists() and not out.is_dir():
        return f"{out}: found a file; a new folder or an empty one is needed"
    return None


def _write_all(wish: Wish, out: Path, console: Console) -> None:
    catalogue = grocery(np.random.default_rng([0x5708E, wish.seed]))
    filmed = _camera(wish, catalogue)
    shop = filmed.catalogue if filmed is not None else catalogue
    store = write_catalogue(shop, out)
    if filmed is not None:
        filmed.write_enrolment(store / "images", np.random.default_rng([0x1346E, wish.seed]))
    sizes = basket_sizes(wish.baskets) if wish.baskets is not None else ()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("trips", total=wish.trips)
        for number in range(wish.trips):
            plan = _plan(wish, number, sizes)
            trip = simulate_trip(shop, wish.seed * 100_000 + number, plan, f"trip-{number:05d}")
            frames = filmed.frames(trip, wish.fps) if filmed is not None else ()
            write_trip(trip, out, frames)
            progress.advance(task)
    console.print(
        f"{wish.trips} trip{'s' * (wish.trips > 1)} with truth in {out}, their store in {store}",
        style="green",
        markup=False,
    )


def _camera(wish: Wish, catalogue: Catalogue) -> ScanCamera | None:
    if not wish.pictures:
        return None
    from aisle.simulation.cart.film import ScanCamera  # draws with OpenCV: loaded where it is wanted

    return ScanCamera(catalogue, wish.photographs)


def _plan(wish: Wish, number: int, sizes: Sequence[int]) -> Plan:
    rng = np.random.default_rng([0x9147, wish.seed, number])
    plan = mixed_plan(number, rng, wish.items)
    if wish.situations:
        plan = Plan(wish.items, wish.situations)
    if sizes:
        plan = replace(plan, items=min(sizes[int(rng.integers(len(sizes)))], MOST_ITEMS))
    return replace(plan, scanner=wish.scanner, looks=None if wish.pictures else plan.looks)

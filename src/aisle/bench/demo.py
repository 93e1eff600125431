"""The demo: an afternoon in a shop that does not exist, its receipts, and how right they are; then the shop filmed.

It stands in `bench` because it needs both sides: the simulation, which knows the truth, and the walk-out store, which
must not.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from aisle.bench.demo_receipts import Shown, receipts_table, score_panel
from aisle.bench.filmed_demo import run_filmed
from aisle.bench.filmed_shop import FilmWish
from aisle.bench.measure import Engine, Mode, walkout_engine
from aisle.sensing.faults import RecordingError
from aisle.simulation.command import write
from aisle.simulation.shop import simulate_afternoon
from aisle.store.example import example_store


def run_demo(
    *,
    seed: int = 1,
    minutes: float = 5.0,
    film: FilmWish | None = None,
    out: Path | None = None,
    console: Console | None = None,
    engine: Engine = walkout_engine,
) -> int:
    """Simulate an afternoon in the example shop, replay it, print receipts and score; returns the exit code.

    `minutes` is the length of the afternoon (about four visitors a minute), whose people are tracked for us; `film` is
    the one that follows, watched by cameras (`filmed_demo`).  Recordings and truth stay in `out` and `<out>-truth` when
    given, else they are thrown away.  `engine` makes receipts of the first recording.
    """
    console = console or Console()
    if not 0 < minutes <= 24 * 60:
        console.print(f"minutes is {minutes:g}: more than 0 and at most 1440 is needed", style="red")
        return 2
    if film is not None and (fault := film.fault()) is not None:
        console.print(fault, style="red", markup=False)
        return 2
    with ExitStack() as stack:
        folder = out if out is not None else Path(stack.enter_context(tempfile.TemporaryDirectory())) / "afternoon"
        try:
            shown = _afternoon(seed, minutes, folder, console, engine)
        except (OSError, RecordingError) as why:
            console.print(str(why), style="red", markup=False)
            return 1
    title = f"Receipts of an afternoon in the {shown.simulated.store.name}"
    for part in (receipts_table(shown, title), score_panel(shown)):
        console.print(part)
    if out is not None:
        console.print(f"The recording lies in {out}, its truth apart from it in {_truth_beside(out)}.", markup=False)
        console.print(f"Why is a line on a receipt?  aisle replay {out} --why SHOPPER", markup=False)
    else:
        console.print("Keep the recording to look closer:  aisle demo --out afternoon", markup=False)
    return run_filmed(film, out=out, console=console) if film is not None else 0


def _afternoon(seed: int, minutes: float, folder: Path, console: Console, engine: Engine) -> Shown:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[so_far]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        start = time.perf_counter()
        shopping = progress.add_task("The shop is open", total=None, so_far="")
        simulated = simulate_afternoon(
            example_store(),
            seed=seed,
            minutes=minutes,
            progress=lambda n, of: progress.update(shopping, completed=n, total=of, so_far=f"{n} of {of} visitors"),
        )
        writing = progress.add_task("Its sensors are recorded", total=1, so_far="")
        path = write(simulated, folder, _truth_beside(folder))
        progress.update(writing, completed=1, so_far=f"{path.stat().st_size / 1e6:.0f} MB")
        middle = time.perf_counter()
        progress.add_task("Who has what?", total=None, so_far=f"{len(simulated.sent):,} readings")
        outcome = engine(path, Mode())
        return Shown(simulated, outcome, middle - start, time.perf_counter() - middle)


def _truth_beside(folder: Path) -> Path:
    return folder.with_name(folder.name + "-truth")

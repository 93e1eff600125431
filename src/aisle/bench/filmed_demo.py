"""The demo's second part: the shop through its cameras, live in the terminal and in a picture, then judged."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from aisle.bench.demo_receipts import SURE, Shown, receipts_table
from aisle.bench.filmed_pictures import ShopPictures
from aisle.bench.filmed_screen import Progress, line, screen
from aisle.bench.filmed_shop import FilmedShop, FilmWish, SeeingEyes, short_afternoon
from aisle.sensing.faults import RecordingError
from aisle.sensing.mcap_file import RecordingWriter
from aisle.sensing.readings import Reading
from aisle.simulation.recording import Simulated
from aisle.store.model import Store
from aisle.vision.detectors.sessions import ModelFileError
from aisle.walkout.eyes import shop_eyes
from aisle.walkout.outcome import Outcome
from aisle.walkout.view.moment import Moment

FILM_FPS = 4.0
FOLDER = Path("demo")
LINE_S = 10.0
"""Of the shop's time, between two lines where nothing can be drawn over."""
REDRAWN_S = 0.2


def run_filmed(
    wish: FilmWish,
    *,
    out: Path | None,
    console: Console,
    eyes: Callable[[Store], SeeingEyes] = shop_eyes,
    simulate: Callable[[FilmWish], Simulated] = short_afternoon,
    film_fps: float = FILM_FPS,
) -> int:
    """Film a short afternoon, show it while the shop's eyes watch, write its pictures and judge its receipts.

    Pictures go to `out`, with the recording, or to the folder `demo` when nothing is to be kept; returns the exit code:
    0 also when somebody ended it by Ctrl-C.
    """
    folder = out if out is not None else FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pictures = ShopPictures(folder, film_fps)
        with console.status("Shoppers think of what they need"):
            simulated = simulate(wish)
        seeing = eyes(simulated.store)
        console.print(
            f"\n{len(simulated.store.cameras)} cameras film another {simulated.truth.duration_s:.0f} seconds, and now "
            f"nobody says where people are. The shop as it runs: {pictures.still}",
            markup=False,
        )
        ended = _watched(simulated, seeing, pictures, out, console, 1.0 / film_fps)
        with console.status("The film is written"):
            written = pictures.finish()
        if out is not None:
            simulated.write_truth(out.with_name(out.name + "-truth"))
    except ModelFileError as why:
        console.print(str(why), style="red", markup=False)
        return 1
    except RuntimeError as why:
        console.print(f"The shop cannot be filmed here: {why}", style="red", markup=False)
        console.print("Without cameras:  aisle demo --no-pixels", markup=False)
        return 1
    except (OSError, RecordingError) as why:
        console.print(str(why), style="red", markup=False)
        return 1
    if ended is None:
        console.print("Ended before the last shopper had left: no receipts to judge.", style="yellow")
    else:
        _judge(*ended, console)
    for path, what in zip(written, ("the liveliest moment", "all of it, moving"), strict=False):
        console.print(f"{path}  {path.stat().st_size / 1e6:.1f} MB, {what}", markup=False)
    if out is not None and ended is not None:
        console.print(f"Look closer:  aisle view {out / simulated.name}.mcap --at 20", markup=False)
    return 0


def _watched(
    simulated: Simulated,
    eyes: SeeingEyes,
    pictures: ShopPictures,
    out: Path | None,
    console: Console,
    every_s: float,
) -> tuple[FilmedShop, Outcome, float] | None:
    """Run the shop; None when Ctrl-C ended it."""
    began = time.perf_counter()
    with ExitStack() as open_now:
        keep: Callable[[Reading], None] = lambda reading: None  # noqa: E731
        if out is not None:
            keep = open_now.enter_context(RecordingWriter(out / f"{simulated.name}.mcap", simulated.store)).write
        shown = open_now.enter_context(_Display(console, simulated.truth.duration_s))

        def look(moment: Moment) -> None:
            pictures.take(moment)
            shown.show(moment, shop.frames)

        shop = FilmedShop(simulated, eyes, look, every_s=every_s, keep=keep)
        try:
            outcome = shop.run()
        except KeyboardInterrupt:
            return None
        return shop, outcome, time.perf_counter() - began


class _Display:
    """The live screen of a terminal; elsewhere a line now and then."""

    def __init__(self, console: Console, duration_s: float) -> None:
        self._console, self._duration_s = console, duration_s
        self._live = Live(Text("The cameras are being hung ...", style="dim"), console=console, auto_refresh=False)
        self._began = self._drawn = time.perf_counter()
        self._told_s = 0.0

    def __enter__(self) -> _Display:
        if self._console.is_terminal:
            self._live.start(refresh=True)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def show(self, moment: Moment, frames: dict[str, int]) -> None:
        now = time.perf_counter()
        progress = Progress(frames, self._duration_s, now - self._began)
        if self._console.is_terminal:
            if now - self._drawn >= REDRAWN_S:
                self._drawn = now
                self._live.update(screen(moment, progress, self._console.width), refresh=True)
        elif moment.since_s - self._told_s >= LINE_S:
            self._told_s = moment.since_s
            self._console.print(line(moment, progress), markup=False, highlight=False)


def _judge(shop: FilmedShop, outcome: Outcome, seconds: float, console: Console) -> None:
    names = shop.true_names()
    receipts = tuple(
        replace(r, shopper=next((names[k] for k in (r.shopper, *r.tracks) if k in names), r.shopper))
        for r in outcome.receipts
    )
    shown = Shown(shop.simulated, replace(outcome, receipts=receipts), 0.0, seconds)
    console.print(receipts_table(shown, "Receipts of a shop that was only seen and weighed"))
    console.print(film_panel(shown, shop))


def film_panel(shown: Shown, shop: FilmedShop) -> Panel:
    """The filmed shop in a few numbers."""
    scored, cores = shown.scored, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    asked = sum(v.probability < SURE for v in scored.visits)
    frames, life = sum(shop.frames.values()), shown.simulated.truth.duration_s
    table = Table(box=None, show_header=False, padding=(0, 1))
    for name, value, meaning in (
        ("Items", f"{100 * scored.counts.f1:.1f} % F1", "of what was really taken"),
        ("Receipts", f"{scored.counts.exact} of {scored.counts.receipts} exact", "shopper, products, quantities"),
        ("For a person", f"{asked} of {len(scored.visits)} visits", f"those less than {100 * SURE:.0f} % sure"),
        ("Eyes", f"{shop.real_time_cameras:.1f} cameras", f"in real time on one of {cores} cores, no GPU"),
        ("Film", f"{frames:,} pictures", f"{life:.0f} s in {shown.replaying_s:.0f} s, drawing them included"),
    ):
        table.add_row(Text(name, style="bold"), Text(value, style="cyan"), Text(meaning, style="dim"))
    return Panel(table, title="Seen, and held against the truth", expand=False)

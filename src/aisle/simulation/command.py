"""`aisle simulate`: fills a folder with recordings of a shop that does not exist, and another with their truth."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aisle.simulation.dynamics import PRESETS, Dynamics
from aisle.simulation.recording import Cells, Simulated, Watch
from aisle.simulation.scenes import SCENES
from aisle.simulation.shop import Tracks, simulate_afternoon, simulate_scene
from aisle.simulation.shopping import basket_sizes
from aisle.store.model import Store
from aisle.store.problems import StoreError

MIXED = "mixed"
"""Name of the dynamics that change from recording to recording."""
DONE, FAILED, WRONG_USE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Wish:
    """What `aisle simulate` was asked for; see `run_simulate`."""

    scenes: int | None
    minutes: float | None
    seed: int
    dynamics: str
    cells: Cells
    tracks: Tracks
    baskets: Path | None
    watch: Watch
    pictures: int | None

    def fault(self) -> str | None:
        """What is wrong with the wish, and what would be right."""
        if self.pictures is not None and (self.scenes is not None or self.minutes is not None):
            return "--pictures makes a set of single pictures: leave --scenes and --minutes out"
        if self.pictures is not None and self.pictures < 1:
            return f"--pictures is {self.pictures}: at least 1 is needed"
        if not 0 <= self.watch.cameras <= 64:
            return f"--cameras is {self.watch.cameras}: 0 (none) to 64 are possible"
        if not 0 < self.watch.fps <= 60:
            return f"--fps is {self.watch.fps:g}: more than 0 and at most 60 is needed"
        if not (self.watch.plates or self.watch.tracks or self.watch.cameras):
            return "--no-plates and --no-tracks leave nothing to record: add --cameras"
        if self.scenes is not None and self.minutes is not None:
            return "--scenes and --minutes exclude each other: give the number of scenes or the length of an afternoon"
        if self.scenes is not None and self.scenes < 1:
            return f"--scenes is {self.scenes}: at least 1 is needed"
        if self.minutes is not None and not 0 < self.minutes <= 24 * 60:
            return f"--minutes is {self.minutes:g}: more than 0 and at most 1440 is needed"
        if self.seed < 0:
            return f"--seed is {self.seed}: a whole number from 0 on is needed"
        if self.dynamics != MIXED and self.dynamics not in PRESETS:
            return f"--dynamics {self.dynamics!r} is not known: {', '.join([*PRESETS, MIXED])} are"
        if self.cells not in ("plate", "shelf"):
            return f"--cells {self.cells!r} is not known: plate or shelf would be right"
        if self.tracks not in ("clean", "rough"):
            return f"--tracks {self.tracks!r} is not known: clean or rough would be right"
        return None

    def dynamics_of(self, number: int) -> Dynamics:
        names = sorted(PRESETS)
        return PRESETS[names[number % len(names)] if self.dynamics == MIXED else self.dynamics]


def run_simulate(
    out: Path,
    *,
    store: Path | None = None,
    truth: Path | None = None,
    scenes: int | None = None,
    minutes: float | None = None,
    seed: int = 1,
    dynamics: str = "default",
    cells: Cells = "plate",
    tracks: Tracks = "clean",
    baskets: Path | None = None,
    cameras: int = 0,
    fps: float = 10.0,
    picture_size: str = "640x360",
    given_tracks: bool = True,
    plates: bool = True,
    jobs: int = 1,
    pictures: int | None = None,
    console: Console | None = None,
) -> int:
    """Write `OUT/<recording>.mcap` and, apart from them, `<truth>/<recording>.json`; returns the exit code.

    `store` is a store folder (default: the example corner shop); `truth` defaults to `<OUT>-truth` beside OUT.
    Either `scenes` short scenes, going round all kinds with a new seed each, or one afternoon of `minutes`
    (default: 10 minutes).  `dynamics` names a preset of `dynamics.PRESETS`, or "mixed" for a different one each
    recording; `cells` "shelf" puts one load cell under each board; `tracks` "rough" gives people new ids after
    losses; `baskets` is a CSV of real till baskets whose lengths shopping lists take.  `cameras` film `fps` pictures
    of `picture_size` ("640x360") a second, rendered in `jobs` processes; without `given_tracks` or `plates` those
    readings are left out.  `pictures` makes a training set of so many single pictures in OUT instead
    (`pictures.picture_sets`).  Codes: 0 done, 1 failed, 2 wrong use.
    """
    console = console or Console(stderr=True)
    size = _size(picture_size)
    if size is None:
        wrong = f"--picture-size {picture_size!r}: WIDTHxHEIGHT from 64x64 to 4096x4096, like 640x360, would be right"
        console.print(wrong, style="red", markup=False)
        return WRONG_USE
    watch = Watch(cameras, fps, size, jobs, plates, given_tracks)
    wish = Wish(scenes, minutes, seed, dynamics, cells, tracks, baskets, watch, pictures)
    fault = wish.fault()
    if fault is not None:
        console.print(fault, style="red", markup=False)
        return WRONG_USE
    truth = truth if truth is not None else out.with_name(out.name + "-truth")
    if truth.resolve() == out.resolve():
        console.print("--truth names the folder of the recordings: truth must lie apart from them", style="red")
        return WRONG_USE
    try:
        if pictures is not None:
            _write_pictures(wish, out, pictures, console)
            return DONE
        shop = _store(store)
        sizes = basket_sizes(baskets) if baskets is not None else ()
        _write_all(wish, shop, sizes, out, truth, console)
    except (OSError, ValueError, RuntimeError, StoreError) as why:
        console.print(str(why), style="red", markup=False)
        return FAILED
    return DONE


def _size(text: str) -> tuple[int, int] | None:
    """ "640x360" as (640, 360); None when that is no size of a picture."""
    found = re.fullmatch(r"(\d{2,4})x(\d{2,4})", text)
    if found is None:
        return None
    wide, high = int(found.group(1)), int(found.group(2))
    return (wide, high) if 64 <= wide <= 4096 and 64 <= high <= 4096 else None


def _write_pictures(wish: Wish, out: Path, count: int, console: Console) -> None:
    from aisle.simulation.pictures.picture_sets import write_picture_set

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("pictures", total=count)
        write_picture_set(
            out,
            count,
            wish.seed,
            size_px=wish.watch.size_px,
            jobs=wish.watch.jobs,
            progress=lambda done, _: progress.update(task, completed=done),
        )
    console.print(
        f"{count} picture{'s' * (count > 1)} with backgrounds and truth in {out}", style="green", markup=False
    )


def _store(folder: Path | None) -> Store:
    if folder is None:
        from aisle.store.example import example_store

        return example_store()
    from aisle.store.folder import load_store

    return load_store(folder)


def _write_all(wish: Wish, shop: Store, sizes: tuple[int, ...], out: Path, truth: Path, console: Console) -> None:
    count = wish.scenes or 1
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        if wish.scenes is None:
            task = progress.add_task("visits", total=None)
            simulated = simulate_afternoon(
                shop,
                seed=wish.seed,
                minutes=wish.minutes or 10.0,
                dynamics=wish.dynamics_of(wish.seed),
                cells=wish.cells,
                tracks=wish.tracks,
                basket_sizes=sizes,
                watch=wish.watch,
                progress=lambda done, all_of: progress.update(task, completed=done, total=all_of),
            )
            write(simulated, out, truth)
        else:
            task = progress.add_task("scenes", total=count)
            for number in range(count):
                write(scene_number(wish, shop, number), out, truth)
                progress.advance(task)
    console.print(f"{count} recording{'s' * (count > 1)} in {out}, truth in {truth}", style="green", markup=False)


def scene_number(wish: Wish, shop: Store, number: int) -> Simulated:
    """The `number`-th scene of a wish: kinds take turns, every recording has its own seed."""
    kinds = list(SCENES)
    seed = int(np.random.SeedSequence([wish.seed, number]).generate_state(1)[0]) % 10**6
    return simulate_scene(
        shop,
        kinds[number % len(kinds)],
        seed,
        dynamics=wish.dynamics_of(number),
        cells=wish.cells,
        tracks=wish.tracks,
        watch=wish.watch,
    )


def write(simulated: Simulated, out: Path, truth: Path) -> Path:
    """Write recording and truth of one simulation; returns the recording's path."""
    from aisle.sensing.mcap_file import RecordingWriter

    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{simulated.name}.mcap"
    with RecordingWriter(path, simulated.store) as writer:
        simulated.write(writer)
    simulated.write_truth(truth)
    return path

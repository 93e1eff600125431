"""`aisle bench SUITE`: runs a suite, prints what it found, and says by its exit code whether every reach was met.

The rim of this room: files, processes, progress and printing are here, the arithmetic is elsewhere.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aisle.bench.cart import CART_PARTS, FIRST_SEED, CartLoad
from aisle.bench.claims import Results, setting
from aisle.bench.commerce import PARTS, CommerceLoad, judge_commerce
from aisle.bench.measure import Engine, Job, Measured, Mode, measure_all, walkout_engine
from aisle.bench.plates import PlateLoad, judge_plates
from aisle.bench.plots import draw
from aisle.bench.real import measure_real, real_recording
from aisle.bench.receipts import GroupLine, Report, Run, report, score_run
from aisle.bench.show import show_report, show_results
from aisle.bench.table import markdown, read_results
from aisle.bench.tracking_load import TRACKING_PARTS, TrackingLoad
from aisle.bench.truth import BenchError, BrokenRunError, Sample, read_samples
from aisle.bench.vision import VISION_PARTS, VisionLoad

Simulate = Callable[[Path, Path, int, int], None]
SUITES = ("receipts", "scales", "commerce", "tracking", "vision", "cart", "table")
FAULTS_SHOWN = 10
MOST_SIGHTED = 100  # visits filmed unless fewer are asked for: a film costs minutes
DYNAMICS = "mixed"  # of the robustness rows: every preset of the simulator in turn


@dataclass(frozen=True, slots=True)
class ReceiptsOptions:
    """What `aisle bench receipts` was asked for; see `run_bench` for the meaning of each."""

    recordings: Path | None = None
    truth: Path | None = None
    on: str | None = None
    out: Path | None = None
    jobs: int = 1
    heads_only: bool = False
    limit: int | None = None
    real: bool = False
    baseline: bool = True
    scenes: int = 300
    seed: int = 1


def simulate_scenes(recordings: Path, truth: Path, scenes: int, seed: int) -> None:
    """Fill two folders with recordings of Aisle's own simulator, all its dynamics in turn, and their truth."""
    from aisle.simulation.command import run_simulate

    if run_simulate(recordings, truth=truth, scenes=scenes, seed=seed, dynamics=DYNAMICS) != 0:
        raise BrokenRunError("the simulation that was to be measured failed")


def run_bench(
    suite: str,
    *,
    recordings: Path | None = None,
    truth: Path | None = None,
    on: str | None = None,
    json: bool = False,
    out: Path | None = None,
    jobs: int = 1,
    heads_only: bool = False,
    limit: int | None = None,
    real: bool = False,
    baseline: bool = True,
    scenes: int = 300,
    seed: int = 1,
    plates: int = 10_000,
    seconds: float | None = None,
    day_hours: float = 24.0,
    files: Sequence[Path] = (),
    brief: bool = False,
    parts: Sequence[str] = (),
    visits: int = 10_000,
    cameras: int = 6,
    films: Path | None = None,
    peers: Path | None = None,
    minutes: float = 10.0,
    trips: int = 1000,
    engine: Engine = walkout_engine,
    simulate: Simulate = simulate_scenes,
) -> int:
    """Run one suite; 0 when every reach was met, 1 when one was missed or the work failed, 2 for wrong use.

    `receipts` replays `recordings` (truth in `truth`, by default the folder beside with `-truth` added) and judges
    them as `on` says (a key of `claims.SETTINGS`; default `wrists`, `heads` with `heads_only`); `limit` takes that
    many recordings, evenly spread; `jobs` processes share them; without `baseline` the sequential baseline is left
    out; pictures and the results go to `out`.  Without `recordings` it simulates `scenes` scenes from `seed` (kept
    under `out` when given) and judges those; with `real` it judges the real recording under AISLE_DATA.
    `scales` feeds `seconds` of `plates` plates, then `day_hours` of a small rack, through the change detector.
    `commerce` measures pricing, `visits` visits broken at every step, and a served shop under `seconds` of load each;
    `parts` names some of these.
    `tracking` measures people on the floor and in the picture, `minutes` of a simulated shop among them; `peers` is a
    Python that has the package compared with.
    `vision` films `visits` (100 at most) simulated by `cameras` and replays what is seen, and measures real footage
    under AISLE_DATA (a shop's cameras, bottles and a hand); pictures go to `out`, films are kept in `films`.
    `cart` measures what the smart cart sees (codes and groceries on real photographs under AISLE_DATA; `out` gets what
    was read) and decides (`trips` simulated trips, its speed, the lane).
    `table` turns `files` of results into the Markdown table of claims (`brief`: only measures with a reach).
    """
    try:
        if suite == "table":
            return _run_table(files, brief=brief)
        if suite == "scales":
            return _run_scales(
                PlateLoad(plates=plates, seconds=seconds or 60.0, seed=seed), day_hours, json=json, out=out
            )
        if suite == "commerce":
            load = CommerceLoad(parts or PARTS, visits, seconds or 10.0, seed)
            return _run_commerce(load, json=json, out=out)
        if suite == "tracking":
            return _run_tracking(TrackingLoad(parts or TRACKING_PARTS, minutes, seed, peers), json=json, out=out)
        if suite == "vision":
            return _run_vision(
                VisionLoad(parts or VISION_PARTS, out, min(visits, MOST_SIGHTED), cameras, seed, jobs, films),
                json=json,
            )
        if suite == "cart":
            return _run_cart(CartLoad(parts or CART_PARTS, out, trips, FIRST_SEED + seed - 1, jobs), json=json)
        if suite != "receipts":
            raise BenchError(f"suite: found {suite!r}, must be one of {', '.join(SUITES)}")
        options = ReceiptsOptions(recordings, truth, on, out, jobs, heads_only, limit, real, baseline, scenes, seed)
        return _run_receipts(options, engine, simulate, json=json)
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1 if isinstance(error, BrokenRunError) else 2


def _run_table(files: Sequence[Path], *, brief: bool) -> int:
    if not files:
        raise BenchError("table: no file of results named; give those that `aisle bench SUITE --json` printed")
    print(markdown([read_results(path) for path in files], brief=brief), end="")
    return 0


def _run_commerce(load: CommerceLoad, *, json: bool, out: Path | None) -> int:
    with _progress() as progress:
        tasks = {part: progress.add_task(part, total=1.0) for part in load.parts}
        results = judge_commerce(load, lambda part, share: progress.update(tasks[part], completed=share))
    return _finish(results, None, json=json, out=out, name="commerce", title="Commerce")


def _run_tracking(load: TrackingLoad, *, json: bool, out: Path | None) -> int:
    from aisle.bench.tracking import judge_tracking

    with _progress() as progress:
        tasks = {part: progress.add_task(part, total=1.0) for part in load.parts}
        results = judge_tracking(load, lambda part, share: progress.update(tasks[part], completed=share))
    return _finish(results, None, json=json, out=out, name="tracking", title="Tracking")


def _run_vision(load: VisionLoad, *, json: bool) -> int:
    from aisle.bench.vision import judge_vision

    with _progress() as progress:
        tasks = {part: progress.add_task(part, total=1.0) for part in load.parts}
        results = judge_vision(load, lambda part, share: progress.update(tasks[part], completed=share))
    if left_out := results.about.get("footage"):
        print(f"note: real footage {left_out}", file=sys.stderr)
    return _finish(results, None, json=json, out=load.out, name="vision", title="Vision")


def _run_cart(load: CartLoad, *, json: bool) -> int:
    from aisle.bench.cart import judge_cart

    with _progress() as progress:
        tasks = {part: progress.add_task(part, total=1.0) for part in load.parts}
        results = judge_cart(load, lambda part, share: progress.update(tasks[part], completed=share))
    if left_out := results.about.get("left_out"):
        print(f"note: left out: {left_out}", file=sys.stderr)
    return _finish(results, None, json=json, out=load.out, name="cart", title="Cart")


def _run_scales(load: PlateLoad, day_hours: float, *, json: bool, out: Path | None) -> int:
    with _progress() as progress:
        task = progress.add_task("plates", total=1.0)
        results = judge_plates(load, day_hours=day_hours, tell=lambda share: progress.update(task, completed=share))
    return _finish(results, None, json=json, out=out, name="scales", title="Scales")


def _run_receipts(options: ReceiptsOptions, engine: Engine, simulate: Simulate, *, json: bool) -> int:
    real = options.real or options.on == "real"
    if options.scenes < 1:
        raise BenchError(f"--scenes: found {options.scenes}, must be 1 or more")
    found: Report | None = None
    if options.recordings is not None or not real:
        with ExitStack() as stack:
            found = _measure(options, _target(options, simulate, stack), engine)
    rows = (*(found.rows if found else ()), *(measure_real(engine, real_recording()) if real else ()))
    about = {**found.about, **_details(found)} if found else {}
    name = f"receipts-{found.on if found else 'real'}"
    title = f"Receipts: {setting(found.on if found else 'real').title}"
    return _finish(
        Results(suite="receipts", rows=rows, about=about), found, json=json, out=options.out, name=name, title=title
    )


@dataclass(frozen=True, slots=True)
class Target:
    """The recordings to measure and the setting they are judged by."""

    recordings: Path
    truth: Path | None
    on: str


def _target(options: ReceiptsOptions, simulate: Simulate, stack: ExitStack) -> Target:
    """What to measure: the recordings named, or else simulated ones (kept under `out`, or for this run only)."""
    if options.recordings is not None:
        on = options.on or ("heads" if options.heads_only else "wrists")
        setting(on)
        return Target(options.recordings, options.truth, on)
    if options.truth is not None:
        raise BenchError("--truth: given without --recordings; name the recordings it is the truth of")
    if options.on not in (None, "own"):
        setting(options.on)
        raise BenchError(f"--on {options.on}: needs --recordings; without them Aisle's own simulator is measured")
    folder = options.out or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="aisle-bench-")))
    recordings = folder / f"own-{options.scenes}-scenes-seed-{options.seed}"
    truth = recordings.with_name(recordings.name + "-truth")
    if len(list(truth.glob("*.json"))) != options.scenes:
        simulate(recordings, truth, options.scenes, options.seed)
    return Target(recordings, truth, "own")


def _measure(options: ReceiptsOptions, target: Target, engine: Engine) -> Report:
    """Replay everything, jointly and (as baseline) sequentially, and draw up the report."""
    heads_only = options.heads_only or setting(target.on).heads_only
    samples = read_samples(target.recordings, target.truth, limit=options.limit)
    modes = [Mode(sequential, heads_only) for sequential in ((False, True) if options.baseline else (False,))]
    runs = _replay(samples, modes, engine, options.jobs)
    for fault in runs[0].faults[:FAULTS_SHOWN]:
        print(f"failed: {fault}", file=sys.stderr)
    return report(runs[0], target.on, baseline=runs[1] if options.baseline else None, seed=options.seed)


def _replay(samples: Sequence[Sample], modes: Sequence[Mode], engine: Engine, processes: int) -> list[Run]:
    jobs = [Job(sample.path, mode) for mode in modes for sample in samples]
    done: dict[int, Measured] = {}
    with _progress() as progress:
        task = progress.add_task("replaying", total=len(jobs))
        for index, measured in measure_all(engine, jobs, processes=processes):
            done[index] = measured
            progress.advance(task)
    n = len(samples)
    return [score_run(samples, [done[m * n + i] for i in range(n)]) for m in range(len(modes))]


def _details(found: Report) -> dict[str, object]:
    """The tables behind the rows, for programs."""

    def group(line: GroupLine) -> dict[str, object]:
        c = line.counts
        return {
            "name": line.key,
            "recordings": line.recordings,
            **asdict(c),
            "f1": c.f1,
            "f1_low": line.f1.low,
            "f1_high": line.f1.high,
            "exact_share": c.exact_share,
            "exact_low": line.exact.low,
            "exact_high": line.exact.high,
        }

    return {
        "groups": [group(line) for line in found.groups],
        "cases": [group(line) for line in found.cases],
        "reliability_baskets": [asdict(b) for b in found.basket_bins],
        "reliability_lines": [asdict(b) for b in found.line_bins],
        "review": [{**asdict(p), "accuracy": p.accuracy} for p in found.review],
    }


def _finish(results: Results, found: Report | None, *, json: bool, out: Path | None, name: str, title: str) -> int:
    """Print, write, draw; the exit code."""
    encoded = msgspec.json.format(msgspec.json.encode(results), indent=2).decode()
    if json:
        print(encoded)
    else:
        console = Console()
        if found is not None:
            show_report(console, found)
        show_results(console, results, title)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{name}.json").write_text(encoded + "\n", encoding="utf-8")
        if found is not None:
            _draw(found, out)
    return 1 if results.fell_short else 0


def _draw(found: Report, out: Path) -> None:
    """Pictures are a welcome extra: where they cannot be drawn the measurement still stands."""
    try:
        draw(found, out)
    except BenchError as error:
        print(f"note: {error}", file=sys.stderr)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        refresh_per_second=2,  # drawing in this process must not show in its processor time
    )

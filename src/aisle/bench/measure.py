"""Runs an engine over recordings and notes what it said and what it cost, in one process or several.

Processor time is taken inside the worker round the whole replay, reading and decoding included, after the worker has
replayed one recording to warm up (imports, compiled kernels, file cache).
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from aisle.bench.scoring import ClaimedLine, ClaimedReceipt
from aisle.bench.truth import BenchError, BrokenRunError
from aisle.walkout.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Mode:
    """How the engine is to work.

    `sequential`: each event is decided at once by its best single explanation (the baseline);
    `heads_only`: hands are left unread even where the recording has them.
    """

    sequential: bool = False
    heads_only: bool = False


Engine = Callable[[Path, Mode], Outcome]


def walkout_engine(path: Path, mode: Mode) -> Outcome:
    """Aisle's own engine, as `aisle replay` runs it."""
    from aisle.walkout.replay import ReplayOptions, replay

    return replay(path, ReplayOptions(sequential=mode.sequential, heads_only=mode.heads_only))


@dataclass(frozen=True, slots=True)
class Job:
    """One replay to make."""

    path: Path
    mode: Mode


@dataclass(frozen=True, slots=True)
class Measured:
    """What one replay said and cost; `fault` says why it failed (then there are no receipts), None if it did not."""

    job: Job
    receipts: tuple[ClaimedReceipt, ...]
    recorded_s: float
    cpu_s: float
    complete: bool
    fault: str | None = None


def measure(engine: Engine, job: Job) -> Measured:
    """Replay one recording; a failing engine is a measurement too, scored as having billed nobody."""
    started = time.process_time()
    try:
        outcome = engine(job.path, job.mode)
    except Exception as error:
        spent = time.process_time() - started
        return Measured(job, (), 0.0, spent, False, f"{job.path.name}: {type(error).__name__}: {error}")
    spent = time.process_time() - started
    receipts = tuple(
        ClaimedReceipt(r.shopper, tuple(ClaimedLine(n.gtin, n.quantity, n.probability) for n in r.lines), r.probability)
        for r in outcome.receipts
    )
    return Measured(job, receipts, outcome.duration_s, spent, outcome.complete)


def measure_all(engine: Engine, jobs: Sequence[Job], *, processes: int = 1) -> Iterator[tuple[int, Measured]]:
    """(index of the job, what came of it) as each gets done.

    With more than one process `engine` must be a function at the top of an importable module: workers are started
    afresh ("spawn"), so that none inherits state.
    """
    if processes < 1:
        raise BenchError(f"--jobs: found {processes}, must be 1 or more")
    if not jobs:
        return
    if processes == 1:
        measure(engine, jobs[0])
        for index, job in enumerate(jobs):
            yield index, measure(engine, job)
        return
    with ProcessPoolExecutor(
        min(processes, len(jobs)),
        mp_context=multiprocessing.get_context("spawn"),
        initializer=measure,
        initargs=(engine, jobs[0]),
    ) as pool:
        futures: dict[Future[Measured], int] = {pool.submit(measure, engine, job): i for i, job in enumerate(jobs)}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise BrokenRunError(f"a worker process died while replaying ({error}); try fewer --jobs") from error

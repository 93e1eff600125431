"""`aisle replay`: recordings go in; receipts come out as print, as JSON or as files.

One recording that cannot be read does not keep the others from being replayed; it costs a line on the error stream
and the exit code 1.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aisle.sensing.faults import RecordingError
from aisle.sensing.readings import Recording
from aisle.sensing.recordings import open_recording, recording_name
from aisle.walkout.clip_folder import DAY_S, ClipFolderError, ClipWish, expect_folder, keep_days_fault
from aisle.walkout.evidence import UnknownShopperError, find_shopper, why
from aisle.walkout.json_out import json_text, outcome_as_json
from aisle.walkout.outcome import Outcome
from aisle.walkout.printout import outcome_printout, summary, why_lines
from aisle.walkout.replay import Replay, ReplayOptions
from aisle.walkout.sources import recordings_at

DONE, FAILED, WRONG_USE = 0, 1, 2

Engine = Callable[[Recording, ReplayOptions], Outcome]


def walkout_engine(recording: Recording, options: ReplayOptions) -> Outcome:
    """The receipts of an open recording."""
    return Replay(recording, options).run()


@dataclass(slots=True)
class _Run:
    """One call of the command: what is wanted, where it goes, and what has come of it so far."""

    json: bool
    out: Path | None
    shopper: str | None
    options: ReplayOptions
    engine: Engine
    print_to: Console
    tell: Console
    code: int = DONE
    unknown: list[str] = field(default_factory=list)
    explained: int = 0

    def fail(self, message: str, code: int = FAILED) -> None:
        self.code = max(self.code, code)
        self.tell.print(f"error: {message}", style="red", markup=False, highlight=False, soft_wrap=True)


def run_replay(
    paths: Sequence[Path],
    *,
    json: bool = False,
    out: Path | None = None,
    why: str | None = None,
    sequential: bool = False,
    clips: Path | None = None,
    keep_days: float | None = None,
    engine: Engine = walkout_engine,
    console: Console | None = None,
    errors: Console | None = None,
) -> int:
    """Replay recordings one after the other in this process; returns the exit code.

    `paths` are recordings or folders of recordings (see `sources.recordings_at`).  With `json` one object is printed
    for one recording, an array when several paths or a folder of recordings are given.  `out` is a folder for
    `<recording>.json` each, written whole or not at all; without `json` a line is then printed for each recording
    instead of its receipts.  `why` names a shopper (or a unique ending, or a track id) whose receipt is explained
    instead.  `sequential` replays with the baseline that decides each event at once.  `clips` is a folder for
    `<recording>/<clip>` of each change; those whose last picture is older than `keep_days`, by the recording's clock,
    are deleted there.  Codes: 0 done, 1 a recording
    could not be replayed or written, 2 wrong use (no such shopper, two recordings of one name).
    """
    wish = ClipWish(clips, keep_days * DAY_S if keep_days is not None else None) if clips is not None else None
    run = _Run(
        json,
        out,
        why,
        ReplayOptions(sequential=sequential, clips=wish),
        engine,
        console or Console(highlight=False),
        errors or Console(stderr=True, highlight=False),
    )
    fault = keep_days_fault(keep_days, clips)
    if fault is not None:
        run.fail(fault, WRONG_USE)
        return run.code
    try:
        _replay_all(run, paths)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return run.code


def _replay_all(run: _Run, paths: Sequence[Path]) -> None:
    if run.json and run.shopper is not None:
        return run.fail("--json and --why exclude each other: events in the JSON hold the explanations", WRONG_USE)
    found: list[Path] = []
    for path in paths:
        try:
            found += recordings_at(path)
        except RecordingError as error:
            run.fail(str(error))
    if run.out is not None and not _prepare(run, run.out, found):
        return None
    if run.options.clips is not None and not _prepare_clips(run, run.options.clips.folder, found):
        return None
    several = len(paths) > 1 or found != list(paths)
    with _progress(run.tell, len(found)) as advance:
        if run.json and several:
            _print_array(run, found, advance)
        else:
            for outcome in _outcomes(run, found, advance):
                _show(run, outcome)
    if run.unknown and not run.explained:
        for message in run.unknown:
            run.fail(message, WRONG_USE)
    return None


def _prepare(run: _Run, out: Path, found: Sequence[Path]) -> bool:
    """Make the folder for the results and see that every result has a name of its own."""
    if not _named_apart(run, found, "--out", ".json"):
        return False
    if out.exists() and not out.is_dir():
        run.fail(f"--out: {out} is a file; give a folder, new or not", WRONG_USE)
        return False
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        run.fail(f"--out: {out} cannot be made ({error.strerror or error}); give a folder that can be written to")
        return False
    return True


def _prepare_clips(run: _Run, folder: Path, found: Sequence[Path]) -> bool:
    """The same for the clips."""
    if not _named_apart(run, found, "--clips", "/"):
        return False
    try:
        expect_folder(folder)
    except ClipFolderError as error:
        run.fail(f"--clips: {error}")
        return False
    return True


def _named_apart(run: _Run, found: Sequence[Path], option: str, ending: str) -> bool:
    by_name: dict[str, Path] = {}
    for path in found:
        other = by_name.setdefault(recording_name(path), path)
        if other is not path:
            both = f"{other} and {path} would both become {recording_name(path)}{ending}"
            run.fail(f"{option}: {both}; rename one", WRONG_USE)
            return False
    return True


def _outcomes(
    run: _Run, found: Sequence[Path], advance: Callable[[], None]
) -> Iterator[tuple[Outcome, dict[str, str]]]:
    """What came of each recording that could be replayed, with the names of the shop's products."""
    for path in found:
        try:
            recording = open_recording(path)
            outcome = run.engine(recording, _options(run, path))
            names = {gtin: product.name for gtin, product in recording.store.products.items()}
        except RecordingError as error:
            run.fail(str(error) if str(path) in str(error) else f"{path}: {error}")
        except OSError as error:
            run.fail(f"{path}: cannot be read ({error.strerror or error}); give a readable recording")
        except Exception as error:  # a fault of Aisle itself must not cost the other recordings
            at = traceback.extract_tb(error.__traceback__)[-1]
            said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            run.fail(
                f"{path}: the replay broke off at {Path(at.filename).name}:{at.lineno} ({said}); "
                "this is a fault of Aisle: please report it with the recording"
            )
        else:
            if run.out is not None:
                _write(run, run.out / f"{recording_name(path)}.json", outcome)
            yield outcome, names
        advance()


def _options(run: _Run, path: Path) -> ReplayOptions:
    """Each recording's clips lie in a folder of their own."""
    clips = run.options.clips
    if clips is None:
        return run.options
    return replace(run.options, clips=replace(clips, under=recording_name(path)))


def _show(run: _Run, found: tuple[Outcome, dict[str, str]]) -> None:
    outcome, names = found
    if run.json:
        _print_text(json_text(outcome_as_json(outcome)))
    elif run.shopper is not None:
        try:
            receipt = find_shopper(outcome, run.shopper)
        except UnknownShopperError as error:
            run.unknown.append(str(error))
            return
        run.explained += 1
        for line in why_lines(outcome, receipt, why(outcome, receipt, names)):
            run.print_to.print(line, soft_wrap=not run.print_to.is_terminal)
    elif run.out is not None:
        run.print_to.print(summary(outcome), markup=False, soft_wrap=True)
    else:
        run.print_to.print(outcome_printout(outcome, names))


def _print_array(run: _Run, found: Sequence[Path], advance: Callable[[], None]) -> None:
    """A JSON array, each recording printed as it is done so that thousands need no memory."""
    between = "["
    for outcome, _ in _outcomes(run, found, advance):
        _print_text(between + json_text(outcome_as_json(outcome)), end="")
        between = ",\n"
    _print_text("]" if between != "[" else "[]")


def _print_text(text: str, end: str = "\n") -> None:
    sys.stdout.write(text + end)
    sys.stdout.flush()


def _write(run: _Run, path: Path, outcome: Outcome) -> None:
    """The JSON of one recording, put in its place in one step: a reader finds the old file or the new one."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(json_text(outcome_as_json(outcome)) + "\n", encoding="ascii")
        part.replace(path)
    except OSError as error:
        run.fail(f"{path}: cannot be written ({error.strerror or error})")


@contextmanager
def _progress(console: Console, count: int) -> Iterator[Callable[[], None]]:
    """A bar on the error stream where somebody watches and there is more than one recording."""
    if count < 2 or not console.is_terminal:
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("replaying", total=count)
        yield lambda: progress.advance(task)

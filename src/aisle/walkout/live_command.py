"""`aisle walkout run`: the shop runs until its films end, its time is up or somebody presses Ctrl-C."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from aisle.sensing.cameras import LiveCameras
from aisle.sensing.faults import RecordingError
from aisle.sensing.mcap_file import RecordingWriter
from aisle.sensing.recordings import open_recording
from aisle.store.folder import load_store
from aisle.store.model import Store
from aisle.store.problems import StoreError
from aisle.vision.detectors.sessions import ModelFileError
from aisle.walkout.clip_folder import DAY_S, ClipFolderError, ClipWish, expect_folder, keep_days_fault
from aisle.walkout.eyes import Eyes, shop_eyes
from aisle.walkout.json_out import iso_time, outcome_as_json, plain
from aisle.walkout.live import BasketChange, LiveShop
from aisle.walkout.outcome import Outcome
from aisle.walkout.printout import outcome_printout

DONE, FAILED, WRONG_USE = 0, 1, 2
MOST_FPS = 10.0
KEEP_DAYS = 7.0  # clips, where nobody says for how long


@dataclass(frozen=True, slots=True)
class LiveWish:
    """What was asked for; see `aisle walkout run --help`."""

    plates: Path | None = None
    record: Path | None = None
    seconds: float | None = None
    fps: float = MOST_FPS
    json: bool = False
    paced: bool = True
    clips: Path | None = None
    keep_days: float | None = None


def run_live(
    folder: Path,
    wish: LiveWish,
    eyes: Callable[[Store], Eyes] = shop_eyes,
    *,
    console: Console | None = None,
    errors: Console | None = None,
) -> int:
    """Run the shop of a store folder; 0 done, 1 something could not be read or written, 2 wrong use.

    `eyes` makes the eyes of a store.
    """
    out, tell = console or Console(highlight=False), errors or Console(stderr=True, highlight=False)
    fault = _fault(wish)
    if fault:
        return _refused(tell, fault, WRONG_USE)
    try:
        clips = _clips(wish)
        store = load_store(folder)
        if not store.cameras:
            return _refused(tell, f"{folder}: no cameras; cameras.toml lists them (see docs/store-folder.md)", FAILED)
        cameras = LiveCameras(store.cameras, time.time_ns, folder=folder, most_fps=wish.fps, paced=wish.paced)
        with ExitStack() as open_now:
            plates = open_recording(wish.plates) if wish.plates is not None else None
            record = open_now.enter_context(RecordingWriter(wish.record, store)) if wish.record is not None else None
            stop = open_now.enter_context(_stopped_by_signals())
            shop = LiveShop(
                store,
                cameras,
                eyes(store),
                time.time_ns,
                plates=plates,
                record=record,
                told=lambda change: _tell_change(change, store, wish, out),
                clips=clips,
            )
            open_now.enter_context(cameras)
            outcome = shop.run(stop, wish.seconds)
            states = cameras.states
    except StoreError as error:
        return _refused(tell, f"{folder}: no store that can be run; aisle check {folder} says why\n{error}", FAILED)
    except ClipFolderError as error:
        return _refused(tell, f"--clips: {error}", FAILED)
    except (RecordingError, ModelFileError) as error:
        return _refused(tell, str(error), FAILED)
    except OSError as error:
        return _refused(tell, f"{error.filename or folder}: {error.strerror or error}", FAILED)
    _tell_outcome(outcome, store, wish, out)
    for name, state in states.items():
        if not state.frames:
            tell.print(f"error: camera {name}: not one picture ({state.trouble or 'none came'})", markup=False)
        elif state.dropped:
            tell.print(f"camera {name}: {state.dropped} of {state.frames + state.dropped} pictures overtaken")
    return DONE if any(state.frames for state in states.values()) else FAILED


def _fault(wish: LiveWish) -> str | None:
    if wish.seconds is not None and not wish.seconds > 0:
        return f"--seconds is {wish.seconds:g}: more than 0 is needed"
    if not 0.1 <= wish.fps <= 120:
        return f"--fps is {wish.fps:g}: 0.1 to 120 is needed"
    keeping = keep_days_fault(wish.keep_days, wish.clips)
    if keeping is not None:
        return keeping
    if wish.record is not None and wish.plates is not None and wish.record.resolve() == wish.plates.resolve():
        return "--record and --plates are the same file: it would be overwritten before it is read"
    return None


def _clips(wish: LiveWish) -> ClipWish | None:
    """Where clips go, once it is sure that they can; a thread writes them as long as nobody waits for films to end."""
    if wish.clips is None:
        return None
    expect_folder(wish.clips)
    keep_s = (KEEP_DAYS if wish.keep_days is None else wish.keep_days) * DAY_S
    return ClipWish(wish.clips, keep_s, aside=wish.paced)


def _tell_change(change: BasketChange, store: Store, wish: LiveWish, out: Console) -> None:
    receipt = change.receipt
    if wish.json:
        document = {
            "t": iso_time(change.t_ns),
            "shopper": receipt.shopper,
            "basket": receipt.basket,
            "probability": receipt.probability,
        }
        _print_line(document)
        return
    held = ", ".join(f"{line.quantity} x {line.name}" for line in receipt.lines) or "nothing"
    clock = iso_time(change.t_ns)[11:19]
    out.print(f"{clock}  {receipt.shopper}: {held} ({receipt.probability:.0%})", markup=False, soft_wrap=True)


def _tell_outcome(outcome: Outcome, store: Store, wish: LiveWish, out: Console) -> None:
    if wish.json:
        _print_line({"outcome": outcome_as_json(outcome)})
        return
    out.print(outcome_printout(outcome, {gtin: product.name for gtin, product in store.products.items()}))


def _print_line(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(plain(document, "line"), ensure_ascii=True, allow_nan=False) + "\n")
    sys.stdout.flush()


def _refused(tell: Console, message: str, code: int) -> int:
    tell.print(f"error: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    return code


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C or a service's stop sets; a second Ctrl-C ends the program at once."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ended(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, ended) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

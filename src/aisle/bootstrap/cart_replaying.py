"""`aisle cart replay`: recorded trips go in; receipts come out as print, as JSON or as files.

A trip that cannot be read does not keep the others from being replayed.
"""

from __future__ import annotations

import json as jsonlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aisle.bootstrap.cart_eyes import cart_eyes
from aisle.cart.outcome import CartOutcome, outcome_as_json
from aisle.cart.perception import CameraPerception
from aisle.cart.replay import replay_trip
from aisle.commerce.receipts.words import plain
from aisle.sensing.cart.recording import CartRecording
from aisle.sensing.faults import RecordingError
from aisle.settings import SettingsError
from aisle.store.folder import load_store
from aisle.store.model import Store
from aisle.store.problems import StoreError
from aisle.vision.detectors.sessions import ModelFileError
from aisle.vision.recognisers.model_folder import ModelFolderError

DONE, FAILED, WRONG_USE = 0, 1, 2
STORE_FILE = "store.toml"


def run_cart_replay(
    paths: Sequence[Path], *, store: Path | None = None, json: bool = False, out: Path | None = None
) -> int:
    """Replay trips (files, or folders of them) one after the other; see `aisle cart replay`.

    Without `store`, the store folder is looked for beside each recording: its own folder, `store` in it, or `store`
    beside it.  With `json` one object is printed for one file, an array for several.
    """
    files, missing = _files(paths)
    for path in missing:
        print(f"error: {path}: no such file, and no folder with .mcap files; give recordings of trips", file=sys.stderr)
    if not files:
        return WRONG_USE
    if out is not None and not _made(out):
        return WRONG_USE
    code = FAILED if missing else DONE
    shops: dict[Path, tuple[Store, CameraPerception]] = {}
    results: list[dict[str, Any]] = []
    for path in files:
        folder = store if store is not None else _store_beside(path)
        if folder is None:
            print(
                f"error: {path}: no store folder beside it (a folder with {STORE_FILE}); give --store", file=sys.stderr
            )
            code = WRONG_USE
            continue
        try:
            if folder not in shops:
                shops[folder] = _opened(folder)
            told = _replayed(path, *shops[folder])
            results.append(outcome_as_json(told, shops[folder][0]))
            if out is not None:
                _write(out / f"{told.name}.json", results[-1])
        except StoreError as error:  # says of each line what it is
            print(error, file=sys.stderr)
            code = WRONG_USE
            continue
        except (SettingsError, ModelFileError, ModelFolderError) as error:
            print(f"error: {error}", file=sys.stderr)
            code = WRONG_USE
            continue
        except RecordingError as error:
            print(f"error: {error}", file=sys.stderr)
            code = max(code, FAILED)
            continue
        except OSError as error:
            print(f"error: {error.filename or path}: {error.strerror or error}", file=sys.stderr)
            code = max(code, FAILED)
            continue
        if not json:
            _print(told, shops[folder][0])
    if json:
        whole: Any = results[0] if len(paths) == 1 and paths[0].is_file() and results else results
        print(jsonlib.dumps(whole, indent=2))
    return code


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    files: list[Path] = []
    missing = []
    for path in paths:
        found = sorted(path.glob("*.mcap")) if path.is_dir() else [path] if path.is_file() else []
        files += found
        missing += [] if found else [path]
    return list(dict.fromkeys(files)), missing


def _store_beside(path: Path) -> Path | None:
    here = path.absolute().parent
    return next(
        (p for p in (here, here / "store", here.parent / "store", here.parent) if (p / STORE_FILE).is_file()), None
    )


def _opened(folder: Path) -> tuple[Store, CameraPerception]:
    return load_store(folder), cart_eyes(folder, lambda text: print(f"note: {text}", file=sys.stderr))


def _replayed(path: Path, store: Store, eyes: CameraPerception) -> CartOutcome:
    return replay_trip(CartRecording(path), store, eyes.anew())


def _made(out: Path) -> bool:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        print(f"error: {out}: {error.strerror or error}", file=sys.stderr)
        return False
    return True


def _write(path: Path, told: dict[str, Any]) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(jsonlib.dumps(told, indent=2) + "\n", encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _print(told: CartOutcome, store: Store) -> None:
    trip = told.trip
    print(f"{told.name}: {len(trip.lines)} lines, {trip.probability:.1%} sure")
    for line in trip.lines:
        name = plain(store.products[line.gtin].name) if line.gtin in store.products else line.gtin
        amount = f"{line.grams} g" if line.grams is not None else f"{line.quantity} ×"
        print(f"  {amount:>8}  {name}  ({line.probability:.1%})")
    for prompt in trip.prompts:
        codes = [prompt.gtin] if prompt.gtin else [option.code for option in prompt.options[:3]]
        names = [plain(store.products[code].name) for code in dict.fromkeys(codes) if code in store.products]
        weight = f"{prompt.grams:.0f} g" if prompt.grams is not None and not names else ""
        about = ", ".join(names) or prompt.detail or weight
        state = "open" if prompt.cleared_ns is None else "cleared"
        print(f"  asked at {(prompt.t_ns - trip.started_ns) / 1e9:.1f} s: {prompt.kind.value} {plain(about)} ({state})")
    for entry in told.health:
        print(f"  {entry.message}")

"""`aisle models`: which embedding networks are there, and how more come in."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from aisle.bootstrap.embeddings import model_folder
from aisle.settings import SettingsError, read_settings
from aisle.vision.detectors.sessions import ModelFileError
from aisle.vision.recognisers.cards import card_path
from aisle.vision.recognisers.model_folder import ModelFolder, ModelFolderError

DONE, FAILED, WRONG_USE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class ModelWish:
    """What `aisle models ACTION WHAT` was asked for."""

    name: str = ""
    licence: str = ""
    replace: bool = False
    json: bool = False


def run_models(action: str, what: str | None, wish: ModelWish) -> int:
    """List, add (a file) or pull (a name of the registry); see `aisle models`."""
    try:
        folder = model_folder(read_settings(Path()))
        if action == "list":
            return _list(folder, wish)
        if what is None:
            wanted = "a file: aisle models add FILE" if action == "add" else "a name: aisle models pull NAME"
            return _refuse(f"models {action}: found nothing after it; expected {wanted}", WRONG_USE)
        if action == "add":
            return _add(folder, Path(what), wish)
        kept = folder.pull(what, wish.replace)
        print(f"{kept.name}: {kept.path} (checksum as published, {kept.card.licence if kept.card else ''})")
    except SettingsError as error:
        return _refuse(str(error), WRONG_USE)
    except (ModelFileError, ModelFolderError) as error:
        return _refuse(str(error), FAILED)
    return DONE


def _add(folder: ModelFolder, file: Path, wish: ModelWish) -> int:
    kept, found = folder.add(file, wish.name, wish.licence, wish.replace)
    print(f"{kept.name}: {kept.path}, its card: {card_path(kept.path)}")
    for guess in found.guesses:
        print(f"guessed: {guess}")
    return DONE


def _list(folder: ModelFolder, wish: ModelWish) -> int:
    models = folder.models()
    there = {kept.name for kept in models}
    rest = [published for name, published in folder.known.items() if name not in there]
    if wish.json:
        kept_rows = [
            {"name": k.name, "path": str(k.path), "ok": not k.fault, "fault": k.fault, "licence": _licence(k.card)}
            for k in models
        ]
        pulled = [{"name": p.name, "url": p.url, "licence": p.card.licence, "sha256": p.card.sha256} for p in rest]
        print(json.dumps({"folder": str(folder.folder), "models": kept_rows, "published": pulled}, indent=2))
        return DONE
    print(f"{folder.folder}: {len(models)} models" if models else f"{folder.folder}: no models yet")
    for kept in models:
        size = kept.path.stat().st_size / 1e6
        print(f"  {kept.name}\t{size:.1f} MB\t{_licence(kept.card) or '-'}\t{kept.fault or 'checksum verified'}")
    for published in rest:
        print(f"  {published.name}\t{published.size_bytes / 1e6:.1f} MB\t{published.card.licence}\taisle models pull")
    return DONE


def _licence(card: object) -> str:
    return str(getattr(card, "licence", ""))


def _refuse(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code

"""`aisle enrol`, `aisle recognise` and `aisle models`: products told by their looks, at the command line."""

from __future__ import annotations

import csv
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from aisle.bootstrap.embeddings import Chosen, chosen_embedding
from aisle.settings import SettingsError, read_settings
from aisle.store.folder import IMAGES, load_store
from aisle.store.problems import StoreError
from aisle.vision.detectors.sessions import ModelFileError
from aisle.vision.recognisers.enrolment import EnrolmentError, Tell, VectorIndex, enrolled, look_at
from aisle.vision.recognisers.fitting import Fitted, fitted
from aisle.vision.recognisers.gallery import Recognised
from aisle.vision.recognisers.model_folder import ModelFolderError
from aisle.vision.recognisers.pictures import (
    PictureError,
    Refused,
    decoded_picture,
    file_content,
    picture_suffix,
    pictures_in,
)

DONE, FAILED, WRONG_USE = 0, 1, 2
INDEX = Path("var") / "looks.npz"
COLUMNS = ("file", "class", "score", "second", "third")


def run_recognise(enrol: Path, query: Path, out: Path, index: Path | None = None) -> int:
    """Write what each picture under `query` shows, of the products under `enrol`; see `aisle recognise`.

    Every picture file has its row, in order of path; one that could not be read has no class and the score 0.
    """
    if not query.is_dir():
        return _refuse(f"{query}: no such folder; must hold the pictures to recognise", WRONG_USE)
    if not enrol.is_dir():
        return _refuse(f"{enrol}: no such folder; must hold <class>/*.jpg", WRONG_USE)
    if not out.parent.is_dir():
        return _refuse(f"{out}: its folder is not there", WRONG_USE)
    try:
        chosen = chosen_embedding(read_settings(Path()))
        _note(f"by {_named(chosen)}")
        kept = VectorIndex(index, chosen.embedding)
        with _progress("enrolling") as tell:
            found = enrolled(enrol, chosen.embedding, kept, tell)
        learnt = fitted(found.gallery)
        files = list(pictures_in(query))
        with _progress("recognising") as tell:
            looked = look_at(files, chosen.embedding, kept, tell)
        kept.save()
        told = learnt.recogniser(chosen.embedding, found.gallery).judge(looked.vectors, most=3)
        _write(out, files, dict(zip(looked.files, told, strict=True)), query)
    except (EnrolmentError, ModelFileError, ModelFolderError, SettingsError) as error:
        return _refuse(str(error), FAILED)
    except OSError as error:
        return _refuse(f"{error.filename or out}: {error.strerror or error}", FAILED)
    _left_out((*found.refused, *looked.refused))
    print(
        f"{out}: {len(looked.files)} of {len(files)} pictures recognised, {len(found.gallery.gtins)} classes "
        f"enrolled by {len(found.files)} pictures."
    )
    _say_odds(learnt)
    return DONE if looked.files else FAILED


def run_enrol(store: Path, gtin: str, pictures: Sequence[Path]) -> int:
    """Copy pictures of a product into the store folder and bring its index up to date; see `aisle enrol`."""
    try:
        products = {product.gtin: product for product in load_store(store).products.values()}
        if gtin not in products:
            return _refuse(f"{store}: has no product {gtin}; must be a gtin of products.csv", WRONG_USE)
        chosen = chosen_embedding(read_settings(store))
        files, refused = _copied(pictures, store / IMAGES / gtin)
        if not files:
            _left_out(refused)
            return _refuse(f"{gtin}: none of {len(pictures)} pictures can be enrolled", FAILED)
        index = VectorIndex(store / INDEX, chosen.embedding)
        with _progress("looking") as tell:
            found = enrolled(store / IMAGES, chosen.embedding, index, tell)
        index.save()
    except (StoreError, SettingsError) as error:
        return _refuse(str(error), WRONG_USE)
    except (EnrolmentError, ModelFileError, ModelFolderError) as error:
        return _refuse(str(error), FAILED)
    except OSError as error:
        return _refuse(f"{error.filename or store}: {error.strerror or error}", FAILED)
    _left_out(refused)
    mine = sum(1 for path in found.files if path.parent.name == gtin)
    print(f"{gtin} {products[gtin].name}: {len(files)} pictures enrolled, {mine} in all, by {_named(chosen)}.")
    return DONE


def _copied(pictures: Sequence[Path], folder: Path) -> tuple[list[Path], list[Refused]]:
    """Readable pictures brought into the folder under names of their content, so that none is there twice."""
    files, refused = [], []
    for path in pictures:
        try:
            data = file_content(path)
            decoded_picture(data, str(path))
        except PictureError as error:
            refused.append(Refused(path, str(error)))
            continue
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{hashlib.sha256(data).hexdigest()[:12]}{picture_suffix(data)}"
        if not kept.exists():
            aside = kept.with_name(f".{kept.name}.{os.getpid()}")
            aside.write_bytes(data)
            aside.replace(kept)
        files.append(kept)
    return files, refused


def _write(out: Path, files: Sequence[Path], told: dict[Path, Recognised], query: Path) -> None:
    aside = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with aside.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for path in files:
                writer.writerow([path.relative_to(query).as_posix(), *_answer(told.get(path))])
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)


def _answer(told: Recognised | None) -> list[str]:
    """Class, score, second, third."""
    if told is None:
        return ["", "0.0000", "", ""]
    names = [*told.gtins, "", ""][:3] if told.gtins else ["", "", ""]
    return [names[0], f"{told.probabilities[0]:.4f}", names[1], names[2]]


def _named(chosen: Chosen) -> str:
    return f"{', '.join(chosen.names) or 'colours'} ({chosen.source})"


def _say_odds(learnt: Fitted) -> None:
    if learnt.left_out is None:
        _note("too few pictures to fit the scores to them; scores are of the usual kind")


def _left_out(refused: Sequence[Refused]) -> None:
    for one in refused:
        print(f"left out: {one.reason}", file=sys.stderr)


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


def _refuse(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code


@contextmanager
def _progress(what: str) -> Iterator[Tell]:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        refresh_per_second=2,
    ) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)

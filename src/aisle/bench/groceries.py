"""Products told by their looks alone, on real photographs: the Grocery Store Dataset's 81 classes.

M. Klasson et al., "A Hierarchical Grocery Store Image Dataset with Visual and Semantic Labels", 2019.  Everything is
learnt from the training list, scores included; the official validation list is only asked.  Backbones and pictures lie
under AISLE_DATA; without it there are no rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisle.bench.calibration import Verdicts, calibration_error
from aisle.bench.claims import Row, judged
from aisle.bench.intervals import wilson
from aisle.bench.truth import BenchError
from aisle.vision.recognisers.enrolment import Looked, VectorIndex, look_at
from aisle.vision.recognisers.fitting import Fitted, fitted
from aisle.vision.recognisers.gallery import Embedding, Gallery, posteriors
from aisle.vision.recognisers.joined import composed
from aisle.vision.recognisers.model_folder import ModelFolder, usable
from aisle.vision.recognisers.pictures import read_picture
from aisle.vision.seen import Flags, FloatArray, Indices

ON = "81 grocery classes, validation list"
ON_OPEN = "20 of the classes never enrolled"
TILES = 3
DRAWS, DRAWN, SEED = 5, 20, 1
TIMED = 40
RIGHT_REACH, TILES_REACH, UNKNOWN_REACH, PICTURE_MS_REACH = 0.80, 0.93, 0.90, 150.0

Tell = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Vectors of pictures with their classes."""

    files: tuple[Path, ...]
    vectors: FloatArray  # (n, d)
    of: Indices  # (n,)


def judge_groceries(data: Path | None, tell: Tell, index: Path | None = None) -> list[Row]:
    """Measure on `data` (AISLE_DATA); none without it.  `index` keeps the vectors for another run.

    Raises BenchError where the folder is not what docs/data.md describes.
    """
    if data is None:
        return []
    folder = data / "groceries"
    embedding = given_embedding(data / "models")
    kept = VectorIndex(index, embedding)
    lists = {name: read_list(folder, name) for name in ("train", "val")}
    total = sum(len(files) for files, _ in lists.values())
    done = 0

    def seen(name: str) -> Labelled:
        nonlocal done
        files, of = lists[name]
        before = done
        looked = look_at(files, embedding, kept, lambda at, _: tell(0.8 * (before + at) / total))
        done += len(files)
        return _labelled(looked, files, of)

    train, asked = seen("train"), seen("val")
    kept.save()
    rows = closed_rows(train, asked) + open_rows(train, asked, lambda share: tell(0.8 + 0.18 * share))
    rows.append(_pace(embedding, asked.files[:TIMED]))
    tell(1.0)
    return rows


def given_embedding(models: Path) -> Embedding:
    """All usable backbones of a folder and colours as one."""
    folder = ModelFolder(models)
    names = [kept.name for kept in usable(folder.models())]
    if not names:
        raise BenchError(f"{models}: holds no embedding network with a card, or one the registry knows")
    return composed([folder.open(name) for name in names])


def read_list(folder: Path, name: str) -> tuple[list[Path], Indices]:
    """Files and fine classes of one of the data set's lists: lines of `path, class, coarse class`."""
    path = folder / f"{name}.txt"
    try:
        lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        return [folder / line[0].strip() for line in lines], np.array([int(line[1]) for line in lines], np.intp)
    except OSError as error:
        raise BenchError(f"{path}: cannot be read ({error.strerror}); see docs/data.md") from None
    except (IndexError, ValueError) as error:
        raise BenchError(f"{path}: must hold lines of path, class, coarse class ({error})") from None


def gallery_of(vectors: FloatArray, of: Indices) -> Gallery:
    """Classes enrolled in the order of their numbers, which are their names."""
    gallery = Gallery(vectors.shape[1])
    for number in np.unique(of):
        gallery.enrol(str(number), vectors[of == number])
    return gallery


def closed_rows(train: Labelled, asked: Labelled) -> list[Row]:
    """All classes enrolled, all of them asked for."""
    gallery = gallery_of(train.vectors, train.of)
    learnt = fitted(gallery)
    told = posteriors_of(learnt, asked.vectors)[:, :-1]
    numbers = np.array([int(gtin) for gtin in gallery.gtins])
    order = numbers[np.argsort(-told, axis=1, kind="stable")[:, :TILES]]
    right = order[:, 0] == asked.of
    tiles = (order == asked.of[:, None]).any(axis=1)
    nearest = numbers[gallery.likeness(asked.vectors).argmax(axis=1)] == asked.of
    gap = calibration_error(Verdicts(told.max(axis=1), right, np.arange(len(right))))
    n = len(right)
    return [
        _share("right product", right, reach=RIGHT_REACH),
        _share("right product among 3 shown", tiles, reach=TILES_REACH),
        judged("right product, nearest picture", ON, float(nearest.mean()), kind="baseline", counted=n),
        judged("calibration error of the score", ON, gap, side="most", counted=n),
    ]


def open_rows(train: Labelled, asked: Labelled, tell: Tell) -> list[Row]:
    """Some classes not enrolled: whether the score tells their pictures from those of the others.

    Drawn of the classes that are asked for, `DRAWS` times; each time everything is fitted anew without them.
    """
    rng = np.random.default_rng(SEED)
    there = np.unique(asked.of)
    areas, unknowns, claims = [], [], []
    for draw in range(DRAWS):
        strange = rng.choice(there, size=min(DRAWN, len(there) - 2), replace=False)
        mine = ~np.isin(train.of, strange)
        gallery = gallery_of(train.vectors[mine], train.of[mine])
        told = posteriors_of(fitted(gallery), asked.vectors)
        known = ~np.isin(asked.of, strange)
        score = told[:, :-1].max(axis=1)
        numbers = np.array([int(gtin) for gtin in gallery.gtins])
        areas.append(area(score[known], score[~known]))
        unknowns.append(area(-told[known, -1], -told[~known, -1]))
        claims.append((score, known & (numbers[told[:, :-1].argmax(axis=1)] == asked.of), np.arange(len(score))))
        tell((draw + 1) / DRAWS)
    joined = Verdicts(*(np.concatenate(parts) for parts in zip(*claims, strict=True)))
    return [
        judged("unknown told by the score (AUROC)", ON_OPEN, float(np.mean(areas)), reach=UNKNOWN_REACH),
        judged("unknown told by its own probability (AUROC)", ON_OPEN, float(np.mean(unknowns))),
        judged("calibration error of the score", ON_OPEN, calibration_error(joined), side="most"),
    ]


def posteriors_of(learnt: Fitted, vectors: FloatArray) -> FloatArray:
    """(n, products + 1); the last is something else."""
    return posteriors(learnt.measure.likeness(vectors), learnt.odds)


def area(more: FloatArray, less: FloatArray) -> float:
    """Area under the receiver's curve: how often one of `more` is above one of `less`, ties counting half."""
    ranks = np.concatenate([more, less])
    order = np.argsort(ranks, kind="stable")
    place = np.empty(len(ranks))
    values, start, count = np.unique(ranks[order], return_index=True, return_counts=True)
    place[order] = np.repeat(start + (count + 1) / 2.0, count) if len(values) else 0.0
    n, m = len(more), len(less)
    return float((place[:n].sum() - n * (n + 1) / 2.0) / (n * m))


def _labelled(looked: Looked, files: Sequence[Path], of: Indices) -> Labelled:
    if looked.refused:
        raise BenchError(looked.refused[0].reason)
    return Labelled(tuple(files), looked.vectors, of)


def _share(name: str, right: Flags, reach: float) -> Row:
    hits, n = int(right.sum()), len(right)
    return judged(name, ON, hits / n, reach=reach, interval=wilson(hits, n), counted=n)


def _pace(embedding: Embedding, files: Sequence[Path]) -> Row:
    """From a file's picture to its vector; what follows takes no time worth telling."""
    pictures = [read_picture(path) for path in files]
    embedding.of(pictures[:2])
    start = time.process_time()
    for picture in pictures:
        embedding.of([picture])
    each_ms = (time.process_time() - start) / len(pictures) * 1e3
    return judged("time a picture", "one core", each_ms, unit="ms", reach=PICTURE_MS_REACH, side="most")

"""Folders of pictures, one for each product, as a gallery; vectors once made are kept in an index."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisle.vision.recognisers.gallery import Embedding, Gallery
from aisle.vision.recognisers.joined import identity_of
from aisle.vision.recognisers.pictures import (
    UNREAD_SUFFIXES,
    PictureError,
    Refused,
    decoded_picture,
    file_content,
    pictures_in,
)
from aisle.vision.seen import FloatArray

Tell = Callable[[int, int], None]
"""Told how many pictures are done, and of how many."""
INDEX_VERSION = 1


class EnrolmentError(Exception):
    """A folder nothing can be enrolled from."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """Everything read: the gallery, which file each of its pictures came from, and the files left out."""

    gallery: Gallery
    files: tuple[Path, ...]
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Looked:
    """Vectors of pictures: those of `files` that could be read, and the rest."""

    files: tuple[Path, ...]
    vectors: FloatArray
    refused: tuple[Refused, ...]


class VectorIndex:
    """Vectors of pictures by their content, for one embedding; those of another embedding are not found.

    A file of the index that is broken or of another kind counts as none: it is made anew, nothing is lost but time.
    """

    def __init__(self, path: Path | None, embedding: Embedding) -> None:
        self._path, self._identity, self._size = path, identity_of(embedding), embedding.size
        self._known: dict[str, FloatArray] = {}
        self._used: set[str] = set()
        self._changed = False
        if path is not None and path.is_file():
            self._read(path)

    def get(self, digest: str) -> FloatArray | None:
        self._used.add(digest)
        return self._known.get(digest)

    def put(self, digest: str, vector: FloatArray) -> None:
        self._known[digest] = vector
        self._used.add(digest)
        self._changed = True

    def save(self) -> None:
        """Write what was used since it was opened, in place of what was there."""
        if self._path is None or not (self._changed or self._used != set(self._known)):
            return
        digests = sorted(self._used & set(self._known))
        vectors = np.array([self._known[d] for d in digests], np.float32).reshape(len(digests), self._size)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        aside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with aside.open("wb") as file:
            np.savez(file, version=INDEX_VERSION, identity=self._identity, digests=np.array(digests), vectors=vectors)
        aside.replace(self._path)

    def _read(self, path: Path) -> None:
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
                if int(kept["version"]) != INDEX_VERSION or str(kept["identity"]) != self._identity:
                    return
                digests, vectors = kept["digests"], np.asarray(kept["vectors"], np.float64)
        except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
            return
        if vectors.shape == (len(digests), self._size) and np.isfinite(vectors).all():
            self._known = {str(digest): vector for digest, vector in zip(digests, vectors, strict=True)}


def look_at(
    files: Sequence[Path], embedding: Embedding, index: VectorIndex | None = None, tell: Tell | None = None
) -> Looked:
    """The vectors of picture files, in their order; what cannot be read is left out and told."""
    index = index or VectorIndex(None, embedding)
    good, vectors, refused = [], [], list[Refused]()
    for done, path in enumerate(files):
        try:
            vector = _vector(path, embedding, index)
        except PictureError as error:
            refused.append(Refused(path, str(error)))
        else:
            good.append(path)
            vectors.append(vector)
        if tell is not None:
            tell(done + 1, len(files))
    return Looked(tuple(good), np.array(vectors).reshape(len(good), embedding.size), tuple(refused))


def enrolled(
    folder: Path, embedding: Embedding, index: VectorIndex | None = None, tell: Tell | None = None
) -> Enrolled:
    """The gallery of `folder`: a folder for each product, named by it; deeper folders are named by their path.

    Raises EnrolmentError where there is no such folder or nothing in it can be enrolled.
    """
    if not folder.is_dir():
        raise EnrolmentError(f"{folder}: no such folder; must hold a folder of pictures for each product")
    files = list(pictures_in(folder))
    loose = [path for path in files if path.parent == folder]
    looked = look_at([path for path in files if path.parent != folder], embedding, index, tell)
    refused = [Refused(path, f"{path}: lies in no product's folder, must be {folder}/<product>/…") for path in loose]
    if not looked.files:
        reasons = "".join(f"\n  {one.reason}" for one in (*refused, *looked.refused)[:5])
        raise EnrolmentError(f"{folder}: found no picture to enrol, must hold <product>/*.jpg{reasons}")
    return Enrolled(_gallery(folder, looked, embedding.size), looked.files, (*refused, *looked.refused))


def _gallery(folder: Path, looked: Looked, size: int) -> Gallery:
    gallery = Gallery(size)
    names = products_of(looked.files, folder)
    for name in dict.fromkeys(names):
        gallery.enrol(name, looked.vectors[[i for i, other in enumerate(names) if other == name]])
    return gallery


def _vector(path: Path, embedding: Embedding, index: VectorIndex) -> FloatArray:
    if path.suffix.lower() in UNREAD_SUFFIXES:
        raise PictureError(f"{path}: {path.suffix} pictures are not read, must be JPEG, PNG, WebP or BMP")
    data = file_content(path)
    digest = hashlib.sha256(data).hexdigest()
    known = index.get(digest)
    if known is not None:
        return known
    vector = np.asarray(embedding.of([decoded_picture(data, str(path))])[0].astype(np.float32), np.float64)
    index.put(digest, vector)  # rounded as it is kept, so that an index changes no answer
    return vector


def products_of(paths: Iterable[Path], folder: Path) -> list[str]:
    """The product each file under `folder` is a picture of."""
    return [path.parent.relative_to(folder).as_posix() for path in paths]

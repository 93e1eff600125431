"""The folder embedding networks are kept in: what is there, what may be pulled, and nothing overwritten in silence.

A model is a file with its card beside it; its checksum is compared whenever it is opened.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

from aisle.vision.detectors.sessions import Engine, ModelFileError
from aisle.vision.recognisers.cards import (
    NAME,
    SUFFIXES,
    EmbeddingCard,
    card_of,
    card_path,
    checksum,
    read_card,
    write_card,
)
from aisle.vision.recognisers.detection import Detected, detected
from aisle.vision.recognisers.networks import NetworkEmbedding

TIMEOUT_S = 30.0
LARGEST_BYTES = 2_000_000_000
_PIECE = 1 << 16
Progress = Callable[[int, int], None]
"""Told how many bytes are there, and of how many."""


class ModelFolderError(Exception):
    """A model that cannot be added, pulled or found; the message says what would help."""


@dataclass(frozen=True, slots=True)
class Published:
    """A network as its publisher offers it."""

    name: str
    url: str
    size_bytes: int
    card: EmbeddingCard

    @property
    def suffix(self) -> str:
        return Path(urlsplit(self.url).path).suffix


@dataclass(frozen=True, slots=True)
class Kept:
    """A model file in the folder; `fault` says why it cannot be used, empty when it can."""

    name: str
    path: Path
    card: EmbeddingCard | None
    fault: str = ""


def default_folder(environ: Mapping[str, str], home: Path, platform: str = sys.platform) -> Path:
    """Where a person's models are kept when no setting names a folder."""
    if platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "aisle" / "models"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "aisle" / "models"
    return Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "aisle" / "models"


def registry(text: str | None = None) -> dict[str, Published]:
    """The networks known by their checksum, those of our own `registry.toml` without `text`."""
    if text is None:
        text = resources.files("aisle.vision.recognisers").joinpath("registry.toml").read_text(encoding="utf-8")
    out = {}
    for name, table in tomllib.loads(text).items():
        fields = {key: value for key, value in table.items() if key not in ("url", "size_bytes")}
        out[name] = Published(name, table["url"], table["size_bytes"], card_of(fields, f"registry.toml, {name}"))
    return out


class ModelFolder:
    """Models in `folder`; `known` are those that can be pulled."""

    def __init__(self, folder: Path, known: Mapping[str, Published] | None = None) -> None:
        self.folder = folder
        self.known = registry() if known is None else known

    def models(self) -> list[Kept]:
        """Every model file there, by name.

        A file without a card is a model when its content is one of the registry's; others are left alone.
        """
        if not self.folder.is_dir():
            return []
        paths = sorted(p for p in self.folder.iterdir() if p.suffix in SUFFIXES and p.is_file())
        return [kept for kept in map(self._kept, paths) if kept is not None]

    def open(self, name: str, engine: Engine | None = None) -> NetworkEmbedding:
        """The embedding of that name.  Raises ModelFolderError when it is not there, ModelFileError when it is bad."""
        models = {kept.name: kept for kept in self.models()}
        if name not in models:
            there = ", ".join(models) or "none"
            hint = f"aisle models pull {name}" if name in self.known else "aisle models list"
            raise ModelFolderError(f"model {name}: not in {self.folder} (there: {there}); see: {hint}")
        kept = models[name]
        if kept.card is None:
            raise ModelFileError(kept.fault)
        return NetworkEmbedding(kept.path, kept.card, engine)

    def add(self, file: Path, name: str = "", licence: str = "", replace_it: bool = False) -> tuple[Kept, Detected]:
        """Copy a model file into the folder, with the card beside it or one made from what the file tells.

        The network is opened and run once before anything is written.
        """
        name = name or file.stem
        if not NAME.fullmatch(name):
            raise ModelFolderError(f"{name!r}: not a name for a model; must be letters, digits, dots, dashes: --name")
        found = self._suggested(file)
        card = replace(found.card, licence=licence) if licence else found.card
        NetworkEmbedding(file, card)
        path = self._free(name, file.suffix, card.sha256, replace_it)
        self._put(path, file.read_bytes(), card)
        return Kept(name, path, card), found

    def pull(self, name: str, replace_it: bool = False, tell: Progress | None = None) -> Kept:
        """Fetch a network of the registry from its publisher; its checksum must be the registry's."""
        if name not in self.known:
            raise ModelFolderError(f"model {name}: not in the registry; those are {', '.join(self.known)}")
        published = self.known[name]
        path = self._free(name, published.suffix, published.card.sha256, replace_it)
        if not (path.is_file() and checksum(path) == published.card.sha256):
            self._put(path, fetched(published, tell), published.card)
        return Kept(name, path, published.card)

    def _kept(self, path: Path) -> Kept | None:
        try:
            if card_path(path).is_file():
                card = read_card(card_path(path))
            else:
                known = self._by_content(path)
                if known is None:
                    return None
                card = known
            found = checksum(path)
        except ModelFileError as error:
            return Kept(path.stem, path, None, str(error))
        if card.sha256 and found != card.sha256:
            return Kept(path.stem, path, None, f"{path}: SHA-256 is {found}, must be {card.sha256}")
        return Kept(path.stem, path, card)

    def _by_content(self, path: Path) -> EmbeddingCard | None:
        sizes = {published.size_bytes for published in self.known.values()}
        if path.stat().st_size not in sizes:
            return None
        found = checksum(path)
        return next((p.card for p in self.known.values() if p.card.sha256 == found), None)

    def _suggested(self, file: Path) -> Detected:
        if not file.is_file():
            raise ModelFolderError(f"{file}: no such file; must be a model, {' or '.join(SUFFIXES)}")
        if card_path(file).is_file():
            card = read_card(card_path(file))
            return Detected(replace(card, sha256=card.sha256 or checksum(file)), ())
        known = self._by_content(file)
        return Detected(known, ()) if known is not None else detected(file)

    def _free(self, name: str, suffix: str, sha256: str, replace_it: bool) -> Path:
        """Where a model of that name goes; ModelFolderError when another one has the name."""
        path = self.folder / f"{name}{suffix}"
        taken = [self.folder / f"{name}{other}" for other in SUFFIXES]
        others = [p for p in taken if p.is_file() and (p != path or checksum(p) != sha256)]
        if others and not replace_it:
            raise ModelFolderError(f"{others[0]}: there already, and another one; --replace to put this in its place")
        for other in others:
            if other != path:
                other.unlink()
        return path

    def _put(self, path: Path, content: bytes, card: EmbeddingCard) -> None:
        """First the card, then the model in one step: a model never lies there half written or with another's card."""
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(content)
            write_card(card_path(path), card)
            aside.replace(path)
        except OSError as error:
            raise ModelFolderError(f"{path}: cannot be written ({error.strerror})") from None
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)


def fetched(published: Published, tell: Progress | None = None) -> bytes:
    """The publisher's file.  Raises ModelFolderError without network, and for another file than the registry's."""
    where = f"{published.name}: {published.url}"
    try:
        request = urllib.request.Request(published.url, headers={"User-Agent": "aisle"})
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            content = _read(answer.read, published, tell)
    except urllib.error.HTTPError as error:
        error.close()
        raise ModelFolderError(
            f"{where} answered {error.code} {error.reason}; the publisher may have moved it"
        ) from None
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise ModelFolderError(
            f"{where} cannot be reached ({reason}); fetch it on another machine, then: aisle models add FILE"
        ) from None
    found = hashlib.sha256(content).hexdigest()
    if found != published.card.sha256:
        raise ModelFolderError(f"{where} has SHA-256 {found}, must be {published.card.sha256}; nothing was kept")
    return content


def _read(read: Callable[[int], bytes], published: Published, tell: Progress | None) -> bytes:
    parts, have = [], 0
    while piece := read(_PIECE):
        have += len(piece)
        if have > min(published.size_bytes, LARGEST_BYTES):
            raise ModelFolderError(f"{published.name}: {published.url} is longer than {published.size_bytes} bytes")
        parts.append(piece)
        if tell is not None:
            tell(have, published.size_bytes)
    return b"".join(parts)


def usable(models: Sequence[Kept]) -> list[Kept]:
    """Those without a fault."""
    return [kept for kept in models if kept.card is not None]

"""Products, prices and promotions on the cart: versions published by the shop, copied whole, never half of one.

The shop publishes the texts of its store folder as versions in a chain of hashes. A cart asks for what has changed
since its own version, checks every hash, writes the new version beside the old one and only then points to it, so that
a power cut at any moment leaves one or the other. Without network it goes on with what it has and says how old that is.
A version in use (a trip has begun with it) is kept until it is let go.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

from aisle.cart.delta import Delta, DeltaError, applied, sha256, told, version_of
from aisle.cart.records import sync_folder, write_whole
from aisle.cart.shop_link import RefusedError, ShopLink, UnreachableError

KEPT_OUT = frozenset({"cameras.toml"})  # addresses of cameras, and perhaps their passwords: no cart needs them
MOST_VERSIONS = 64
_HEAD, _STATE = "chain.json", "state.json"
_LARGEST = 1 << 28  # bytes of one file


class Link(msgspec.Struct, frozen=True):
    """One version in the chain: its name, the one before, when it was made, and its files with their hashes."""

    version: str
    before: str
    made_ns: int
    files: dict[str, str]

    @property
    def sound(self) -> bool:
        """Whether the name is the hash of the rest."""
        return self.version == version_of(self.before, self.files)


def store_texts(folder: Path) -> dict[str, bytes]:
    """The texts of a store folder that a cart needs: TOML and CSV at its top, cameras left out."""
    return {
        path.name: path.read_bytes()
        for path in sorted(folder.iterdir())
        if path.suffix in (".toml", ".csv") and path.name not in KEPT_OUT and path.is_file()
    }


class Publisher:
    """The shop's side: keeps versions in a folder of its own and tells what changed between two. Thread-safe."""

    def __init__(self, folder: Path, clock: Callable[[], int]) -> None:
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._told: dict[tuple[str, str], Delta] = {}
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / _HEAD
        chain = msgspec.json.decode(path.read_bytes(), type=tuple[Link, ...]) if path.exists() else ()
        self._chain: tuple[Link, ...] = tuple(link for link in chain if link.sound and self._whole(link))

    @property
    def version(self) -> str:
        """The newest version; "" before anything was published."""
        return self._chain[-1].version if self._chain else ""

    def publish(self, texts: Mapping[str, bytes]) -> str:
        """Make these texts the newest version, unless they are it already; its name."""
        with self._lock:
            files = {name: sha256(content) for name, content in texts.items()}
            if self._chain and self._chain[-1].files == files:
                return self.version
            for name, content in texts.items():
                if not (self._folder / files[name]).exists():
                    write_whole(self._folder / files[name], content)
            link = Link(version_of(self.version, files), self.version, self._clock(), files)
            self._chain = (*self._chain, link)[-MOST_VERSIONS:]
            write_whole(self._folder / _HEAD, msgspec.json.encode(self._chain))
            self._told.clear()
            self._sweep()
            return link.version

    def since(self, version: str) -> Delta:
        """What changed since a version; everything where that version is not known. Raises DeltaError when empty."""
        with self._lock:
            if not self._chain:
                raise DeltaError("found nothing published; expected a version")
            newest = self._chain[-1]
            base = next((link for link in self._chain if link.version == version), None)
            key = (base.version if base is not None else "", newest.version)
            if key not in self._told:
                self._told[key] = self._delta(base, newest)
            return self._told[key]

    def _delta(self, base: Link | None, newest: Link) -> Delta:
        old = base.files if base is not None else {}
        changes = {
            name: told(self._content(old.get(name)), self._content(digest))
            for name, digest in newest.files.items()
            if old.get(name) != digest
        }
        since = base.version if base is not None else ""
        return Delta(since, newest.version, newest.before, newest.made_ns, newest.files, changes)

    def _content(self, digest: str | None) -> bytes:
        return (self._folder / digest).read_bytes() if digest else b""

    def _whole(self, link: Link) -> bool:
        return all((self._folder / digest).is_file() for digest in link.files.values())

    def _sweep(self) -> None:
        """Remove what no version needs any more."""
        needed = {digest for link in self._chain for digest in link.files.values()} | {_HEAD}
        for path in self._folder.iterdir():
            if path.name not in needed:
                path.unlink()


class _State(msgspec.Struct, frozen=True):
    """Which version a cart goes by, when the shop last said that it is the newest, and which others are in use."""

    version: str = ""
    checked_ns: int = 0
    pinned: tuple[str, ...] = ()


class CatalogueCopy:
    """The cart's copy, in a folder of its own. One thread updates; `folder` of a version never changes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._state = self._read_state()
        self._sweep()

    @property
    def version(self) -> str:
        """The version new trips begin with; "" as long as there is none."""
        return self._state.version

    @property
    def checked_ns(self) -> int:
        """When the shop last said that this is the newest (Unix ns); 0: never."""
        return self._state.checked_ns

    def age_s(self, now_ns: int) -> float:
        """For how long nobody has said that these prices are the newest, in seconds; never negative."""
        return max(0, now_ns - self._state.checked_ns) / 1e9

    def folder_of(self, version: str) -> Path:
        """The store folder of a version. Raises KeyError when it is not here."""
        path = self._folder / version
        if not version or not path.is_dir():
            raise KeyError(f"no version {version!r} of the catalogue is here")
        return path

    def pin(self, version: str) -> None:
        """Keep a version as long as a trip needs it."""
        self.folder_of(version)
        if version not in self._state.pinned:
            self._write_state(msgspec.structs.replace(self._state, pinned=(*self._state.pinned, version)))

    def unpin(self, but: Iterable[str] = ()) -> None:
        """Let go of all versions but these; what nobody needs is removed."""
        kept = tuple(version for version in self._state.pinned if version in set(but))
        self._write_state(msgspec.structs.replace(self._state, pinned=kept))
        self._sweep()

    def update(self, link: ShopLink, now_ns: int) -> bool:
        """Ask the shop for what is new; whether there was something. Raises UnreachableError, RefusedError, DeltaError.

        A change that does not fit makes it ask for everything.
        """
        delta = link.catalogue(self.version)
        try:
            return self.apply(delta, now_ns)
        except DeltaError:
            if not delta.since:
                raise
            return self.apply(link.catalogue(""), now_ns)

    def refresh(self, link: ShopLink, now_ns: int) -> str:
        """The same for a loop that goes on whatever happens: "" when all is well, else what is wrong, in words."""
        try:
            self.update(link, now_ns)
        except (UnreachableError, RefusedError, DeltaError, OSError) as error:
            return str(error)
        return ""

    def apply(self, delta: Delta, now_ns: int) -> bool:
        """Take a version over, whole; whether it is another one. Raises DeltaError and changes nothing.

        Names of files are bare ones: nothing is written outside of the copy.
        """
        if delta.version != version_of(delta.before, delta.files):
            raise DeltaError(f"found the version {delta.version[:12]}…, which is not the hash of its files")
        if delta.version != self.version:
            self._install(delta)
        news = delta.version != self.version
        self._write_state(msgspec.structs.replace(self._state, version=delta.version, checked_ns=now_ns))
        if news:
            self._sweep()
        return news

    def _install(self, delta: Delta) -> None:
        """Write the version beside what is there, all of it on disk, then give it its name."""
        if (self._folder / delta.version).is_dir():
            return
        contents = {name: self._content(delta, name) for name in delta.files}
        draft = self._folder / f"{delta.version}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        for name, content in contents.items():
            write_whole(draft / name, content)
        os.replace(draft, self._folder / delta.version)
        sync_folder(self._folder)

    def _content(self, delta: Delta, name: str) -> bytes:
        if name != Path(name).name or name.startswith(".") or not name.isprintable():
            raise DeltaError(f"found a file named {name!r}; expected a bare name")
        old = self._old(delta, name)
        change = delta.changes.get(name)
        content = old if change is None else applied(old, change)
        if sha256(content) != delta.files[name] or len(content) > _LARGEST:
            raise DeltaError(f"found another content of {name} than the version says")
        return content

    def _old(self, delta: Delta, name: str) -> bytes:
        if not delta.since:
            return b""
        with suppress(KeyError, FileNotFoundError):
            return (self.folder_of(delta.since) / name).read_bytes()
        return b""

    def _read_state(self) -> _State:
        try:
            state = msgspec.json.decode((self._folder / _STATE).read_bytes(), type=_State)
        except (FileNotFoundError, msgspec.MsgspecError):
            return _State()
        return state if not state.version or (self._folder / state.version).is_dir() else _State()

    def _write_state(self, state: _State) -> None:
        if state != self._state:
            write_whole(self._folder / _STATE, msgspec.json.encode(state))
            self._state = state

    def _sweep(self) -> None:
        """Remove versions nobody needs, and what a power cut left half written."""
        needed = {self._state.version, *self._state.pinned}
        for path in self._folder.iterdir():
            if path.is_dir() and path.name not in needed:
                shutil.rmtree(path, ignore_errors=True)

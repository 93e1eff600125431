"""The engine's memory as bytes, so that a restart in the middle of a visit changes no receipt.

The state is a web of small frozen objects, many of them shared: the same item
is held in a hundred hypotheses, and the engine compares by identity.  So it is
written as a numbered table of objects that refer to one another, each written
once, found by walking from the engine; read back, what was one object is one
object again.  Floats are written bit by bit, arrays as raw little-endian bytes,
and what follows from store and settings alone is built again.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np

from aisle.belief.by_sight import ReachPriors
from aisle.belief.draft import Act
from aisle.belief.engine import BasketPosterior, BeliefEngine, BeliefSettings
from aisle.belief.events import EventRecord
from aisle.belief.exchanges import Exchange
from aisle.belief.gain import CellGain
from aisle.belief.grips import GripSettings
from aisle.belief.identity import Identities, IdentitySettings, _Seen
from aisle.belief.people import ReachSettings, Track
from aisle.belief.priors import Priors
from aisle.belief.sights import Sights, SightSettings
from aisle.belief.state import (
    AS_PLANNED,
    AS_TRACKED,
    CROSSED,
    NOBODY_HOLDS,
    Choice,
    Exchanged,
    Group,
    Held,
    Hypothesis,
    Item,
    Resting,
    ShelfState,
    Stray,
)
from aisle.scales.snapshot import SnapshotError, opened, packed_array, sealed, unpacked_array
from aisle.store.model import Store
from aisle.vision.evidence import ItemSight, ShelfSight

FORMAT = b"aisle-belief\x00\x01"
WHAT = "snapshot of the belief"

# Classes that may be in a snapshot, in the order of their numbers.
_CLASSES: tuple[type[Any], ...] = (
    Item,
    Stray,
    Held,
    Resting,
    ShelfState,
    Choice,
    Hypothesis,
    Group,
    EventRecord,
    BasketPosterior,
    CellGain,
    Identities,
    IdentitySettings,
    _Seen,
    Track,
    BeliefSettings,
    ReachSettings,
    Priors,
    Act,
    Sights,
    SightSettings,
    GripSettings,
    ReachPriors,
    Exchange,
    Exchanged,
    ShelfSight,
    ItemSight,
)
_NUMBER = {c: i for i, c in enumerate(_CLASSES)}
_SINGLE = (NOBODY_HOLDS, AS_PLANNED, AS_TRACKED, CROSSED)  # there is one of each in a program, not one per engine

# Attributes that follow from store and settings.
_ENGINE_DERIVED = frozenset({"store", "settings", "people", "boards", "totals"})
_PEOPLE_DERIVED = frozenset({"settings", "_ground_shelves"})

# Tags of values that MessagePack does not tell apart.
_TUPLE, _LIST, _DICT, _SET, _REF, _NAMED, _SCALAR = range(7)
_ARRAY, _SINGLETON = -1, -2


def snapshot(engine: BeliefEngine) -> bytes:
    """All an engine knows, exactly; engines in the same state give the same bytes."""
    table = _Writer()
    state = {
        "store": _fingerprint(engine.store),
        "settings": table.value(engine.settings),
        "engine": _attributes(table, engine, _ENGINE_DERIVED),
        "people": _attributes(table, engine.people, _PEOPLE_DERIVED),
        "classes": [[c.__name__, list(_kept(c))] for c in _CLASSES],
        "objects": table.objects(),
    }
    return sealed(FORMAT, msgspec.msgpack.encode(state))


def restore(data: bytes, store: Store, settings: BeliefSettings | None = None) -> BeliefEngine:
    """An engine that goes on exactly where the one in the snapshot stood.

    `settings` None takes those the snapshot was made with.  `store` must have the same shelves and facings;
    prices, weights and staff may have changed.  Raises SnapshotError for bytes that are damaged, no snapshot,
    of another version, or of another shop.
    """
    payload = opened(FORMAT, data, WHAT)
    try:
        state = msgspec.msgpack.decode(payload)
        if state["classes"] != [[c.__name__, list(_kept(c))] for c in _CLASSES]:
            raise SnapshotError(f"{WHAT}: written by another version of this program; its records have other fields")
        if state["store"] != _fingerprint(store):
            raise SnapshotError(f"{WHAT}: made for a shop with other shelves or facings than {store.name!r}")
        table = _Reader(state["objects"])
        engine = BeliefEngine(store, settings or table.value(state["settings"]))
        for target, name, derived in (
            (engine, "engine", _ENGINE_DERIVED),
            (engine.people, "people", _PEOPLE_DERIVED),
        ):
            odd = set(state[name]) ^ {a for a in vars(target) if a not in derived}
            if odd:
                raise SnapshotError(f"{WHAT}: written by another version of this program: {sorted(odd)} differ")
            for attribute, value in state[name].items():
                setattr(target, attribute, table.value(value))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, msgspec.MsgspecError) as e:
        raise SnapshotError(f"{WHAT}: its content is not what this program writes: {e}") from e
    return engine


class _Writer:
    """Gives every object met its number and writes it once; explicit work list, for chains of choices are long."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._met: list[Any] = []  # by number; also keeps ids from being used again

    def value(self, v: Any) -> Any:
        """What stands for a value in the snapshot."""
        kind = type(v)
        if v is None or kind in (bool, int, float, str):
            return v
        if kind is tuple:
            return [_TUPLE, *map(self.value, v)]
        if kind is list:
            return [_LIST, *map(self.value, v)]
        if kind is dict:
            return [_DICT, *(self.value(x) for pair in v.items() for x in pair)]
        if kind in (set, frozenset):
            return [_SET, kind is frozenset, *map(self.value, sorted(v))]
        if isinstance(v, np.generic):
            return [_SCALAR, *packed_array(np.asarray(v))]
        if kind in _NUMBER and issubclass(kind, tuple):
            return [_NAMED, _NUMBER[kind], *map(self.value, v)]
        if kind in _NUMBER or kind is np.ndarray:
            number = self._numbers.get(id(v))
            if number is None:
                number = self._numbers[id(v)] = len(self._met)
                self._met.append(v)
            return [_REF, number]
        raise TypeError(f"the engine holds a {kind.__name__}, which snapshots do not know")

    def objects(self) -> list[Any]:
        """Everything met so far and everything it refers to, by number."""
        out: list[Any] = []
        while len(out) < len(self._met):
            out.append(self._object(self._met[len(out)]))
        return out

    def _object(self, o: Any) -> list[Any]:
        if isinstance(o, np.ndarray):
            return [_ARRAY, *packed_array(o)]
        for i, single in enumerate(_SINGLE):
            if o is single:
                return [_SINGLETON, i]
        if isinstance(o, Track):  # beyond `n` its arrays hold nothing
            room = len(o.t)
            grip = None if o.grip is None else o.grip[: o.n]
            o = dataclasses.replace(o, t=o.t[: o.n], head=o.head[: o.n], wrist=o.wrist[: o.n], grip=grip)
            return [_NUMBER[Track], room, *(self._plain(getattr(o, name)) for name in _kept(Track))]
        return [_NUMBER[type(o)], *(self.value(getattr(o, name)) for name in _kept(type(o)))]

    def _plain(self, v: Any) -> Any:
        return packed_array(v) if isinstance(v, np.ndarray) else self.value(v)


class _Reader:
    """The objects of a snapshot: first all of them empty, then their fields, so that any may refer to any."""

    def __init__(self, rows: list[Any]) -> None:
        self._objects = [self._blank(row) for row in rows]
        filled = [(o, row) for o, row in zip(self._objects, rows, strict=True) if row[0] >= 0]
        for o, row in filled:
            for name, v in self._fields(type(o), row):
                object.__setattr__(o, name, v)
        for o, _ in filled:  # what a class works out from its fields
            if hasattr(o, "__post_init__"):
                o.__post_init__()

    def value(self, v: Any) -> Any:
        if not isinstance(v, list):
            return v
        tag, *rest = v
        if tag == _REF:
            return self._objects[rest[0]]
        if tag == _SCALAR:
            return unpacked_array(rest)[()]
        if tag == _NAMED:
            return _CLASSES[rest[0]](*map(self.value, rest[1:]))
        if tag == _SET:
            return (frozenset if rest[0] else set)(map(self.value, rest[1:]))
        values = [self.value(x) for x in rest]
        if tag == _DICT:
            return dict(zip(values[::2], values[1::2], strict=True))
        if tag in (_TUPLE, _LIST):
            return tuple(values) if tag == _TUPLE else values
        raise ValueError(f"tag {tag!r} is not known")

    @staticmethod
    def _blank(row: list[Any]) -> Any:
        number = row[0]
        if number == _ARRAY:
            return unpacked_array(row[1:])
        if number == _SINGLETON:
            return _SINGLE[row[1]]
        return object.__new__(_CLASSES[number])

    def _fields(self, kind: type[Any], row: list[Any]) -> Iterator[tuple[str, Any]]:
        if kind is not Track:
            yield from zip(_kept(kind), map(self.value, row[1:]), strict=True)
            return
        room = row[1]
        for name, v in zip(_kept(Track), row[2:], strict=True):
            if name in ("t", "head", "wrist") or (name == "grip" and v is not None):
                known = unpacked_array(v)
                roomy = np.zeros((room, *known.shape[1:]), known.dtype)
                roomy[: len(known)] = known
                yield name, roomy
            else:
                yield name, self.value(v)


def _kept(kind: type[Any]) -> tuple[str, ...]:
    """Names of the fields that are written: all but those the class works out itself."""
    if issubclass(kind, tuple):
        return tuple(kind._fields)  # type: ignore[attr-defined]
    return tuple(f.name for f in dataclasses.fields(kind) if f.init)


def _attributes(table: _Writer, target: object, derived: frozenset[str]) -> dict[str, Any]:
    return {name: table.value(v) for name, v in sorted(vars(target).items()) if name not in derived}


def _fingerprint(store: Store) -> str:
    """Of what a hypothesis refers to by number: shelves, their plates, their facings."""
    shape = [
        [s.key, s.plate_edges_m, [(f.gtin, f.x0_m, f.x1_m) for f in store.facings_at.get(s.key, ())]]
        for s in store.shelves
    ]
    return hashlib.sha256(msgspec.json.encode(shape)).hexdigest()

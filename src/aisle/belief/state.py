"""What a hypothesis says is true: who holds what, what stands where it should not.

The world is a set of variables, one per shopper (the items held) and one per
shelf (strays and corrected facings).  Variables that depend on one another are
kept together in a `Group` with a list of weighted hypotheses; independent
variables live in groups of their own, so that doubt about one shopper costs
nothing for the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


MOST_FRESH = 5  # units put back or restocked one by one that a shelf remembers


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """One unit somebody lifted, with its own weight as far as it was measured."""

    gtin: str | None  # None: something the shop does not know
    weight_g: float
    var_g2: float
    event: int  # the event in which it was lifted


@dataclass(frozen=True, slots=True, eq=False)
class Stray:
    """An item standing where the planogram does not want it; `grams` is what it put on each plate of the shelf."""

    item: Item
    x_m: float
    grams: FloatArray
    var: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """The items a shopper has, in the order they were taken; `busy_s` is when they last took or put something."""

    items: tuple[Item, ...] = ()
    busy_s: float = -math.inf
    signature: tuple[object, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "signature", tuple(sorted(i.gtin or "?" for i in self.items)))

    def minus(self, item: Item) -> Held:
        return Held(tuple(i for i in self.items if i is not item), self.busy_s)


@dataclass(frozen=True, slots=True, eq=False)
class Resting:
    """A change not taken for real yet: a hand may rest there, or an item be held half lifted.

    `grams`/`var` are over all plates of the shelf since the last real plateau,
    which ended at `since_ns`; `plates` is the half-open range that changed.
    """

    grams: FloatArray
    var: FloatArray
    plates: tuple[int, int]
    since_ns: int
    last_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class ShelfState:
    """What the planogram does not say of a shelf.

    Strays; single units put where they belong (`fresh`: known by their own
    place and weight, the next to be taken as likely as not); facings found to
    hold another product than planned, as (facing index, gtin); a hand resting.
    """

    strays: tuple[Stray, ...] = ()
    fresh: tuple[Stray, ...] = ()
    relabelled: tuple[tuple[int, str], ...] = ()
    resting: Resting | None = None
    signature: tuple[object, ...] = field(init=False)

    def __post_init__(self) -> None:
        signature: tuple[object, ...] = (
            tuple(sorted((s.item.gtin or "?", round(s.x_m * 12)) for s in self.strays)),
            self.relabelled,
            (self.resting.since_ns, self.resting.last_ns) if self.resting else None,
        )
        object.__setattr__(self, "signature", signature)

    def plus(self, stray: Stray) -> ShelfState:
        return replace(self, strays=(*self.strays, stray))

    def minus(self, stray: Stray) -> ShelfState:
        if stray in self.fresh:
            return replace(self, fresh=tuple(s for s in self.fresh if s is not stray))
        return replace(self, strays=tuple(s for s in self.strays if s is not stray))

    def home(self, stray: Stray) -> ShelfState:
        return replace(self, fresh=(*self.fresh[-MOST_FRESH + 1 :], stray))

    def relabel(self, facing: int, gtin: str) -> ShelfState:
        return replace(self, relabelled=tuple(sorted({**dict(self.relabelled), facing: gtin}.items())))

    def rest(self, resting: Resting | None) -> ShelfState:
        return replace(self, resting=resting)


@dataclass(frozen=True, slots=True, eq=False)
class Exchanged:
    """Whether two people's tracks were exchanged at some moment."""

    yes: bool

    @property
    def signature(self) -> tuple[object, ...]:
        return (self.yes,)


Value = Held | ShelfState | Exchanged
Key = tuple[str, str] | tuple[str, int]  # ("p", person), ("s", shelf index) or ("x", number of an exchange)
NOBODY_HOLDS = Held()
AS_PLANNED = ShelfState()
AS_TRACKED, CROSSED = Exchanged(False), Exchanged(True)


def initial(key: Key) -> Value:
    """A variable nobody has touched yet."""
    return NOBODY_HOLDS if key[0] == "p" else AS_PLANNED


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """One event as a hypothesis explains it, linked to the choices before it."""

    event: int
    what: int  # index into the event's list of explanations
    before: Choice | None


@dataclass(frozen=True, slots=True, eq=False)
class Hypothesis:
    """Log weight (normalised within its group), the values of the group's variables, and how each came about."""

    logw: float
    values: tuple[Value, ...]
    choices: tuple[Choice | None, ...]

    def weighted(self, log_factor: float) -> Hypothesis:
        return self.at(self.logw + log_factor)

    def at(self, logw: float) -> Hypothesis:
        """The same with another weight."""
        return Hypothesis(logw, self.values, self.choices)


@dataclass(slots=True, eq=False)
class Group:
    """Variables that depend on one another, and the hypotheses about them, most probable first."""

    keys: tuple[Key, ...]
    hypotheses: list[Hypothesis] = field(default_factory=list)

    def marginal(self, key: Key) -> dict[tuple[object, ...], tuple[float, Value]]:
        """Signature -> (probability, one value with that signature)."""
        at = self.keys.index(key)
        out: dict[tuple[object, ...], tuple[float, Value]] = {}
        for h in self.hypotheses:
            v = h.values[at]
            p = math.exp(h.logw)
            old = out.get(v.signature)
            out[v.signature] = (p + (old[0] if old else 0.0), old[1] if old else v)
        return out


def product(groups: Sequence[Group], keys: Sequence[Key], beam: int, floor: float) -> Group:
    """One group over the union of `groups` and the still free `keys` (never touched before)."""
    known = {k for g in groups for k in g.keys}
    free = tuple(k for k in keys if k not in known)
    all_keys = tuple(k for g in groups for k in g.keys) + free
    hyps = [Hypothesis(0.0, tuple(initial(k) for k in free), (None,) * len(free))]
    for g in reversed(groups):
        hyps = [
            Hypothesis(a.logw + b.logw, a.values + b.values, a.choices + b.choices)
            for a in g.hypotheses
            for b in hyps
            if a.logw + b.logw > floor
        ]
        hyps.sort(key=lambda h: -h.logw)
        hyps = hyps[:beam]
    return Group(all_keys, normalised(hyps))


def normalised(hyps: list[Hypothesis]) -> list[Hypothesis]:
    """The same hypotheses with weights that sum to one."""
    if not hyps:
        return hyps
    top = max(h.logw for h in hyps)
    total = top + math.log(math.fsum(math.exp(h.logw - top) for h in hyps))
    return [Hypothesis(h.logw - total, h.values, h.choices) for h in hyps]


def merged(hyps: Iterable[Hypothesis], beam: int, floor: float) -> list[Hypothesis]:
    """Hypotheses that say the same are one (weights add); the rest is cut to the beam; sorted, normalised."""
    best: dict[tuple[object, ...], Hypothesis] = {}
    extra: dict[tuple[object, ...], list[float]] = {}
    for h in hyps:
        sig: tuple[object, ...] = tuple(v.signature for v in h.values)
        old = best.get(sig)
        if old is None:
            best[sig] = h
            extra[sig] = [h.logw]
        else:
            extra[sig].append(h.logw)
            if h.logw > old.logw:
                best[sig] = h
    out = []
    for sig, h in best.items():
        logs = extra[sig]
        if len(logs) > 1:
            top = max(logs)
            h = Hypothesis(top + math.log(math.fsum(math.exp(x - top) for x in logs)), h.values, h.choices)
        out.append(h)
    out.sort(key=lambda h: -h.logw)
    cut = out[0].logw + floor if out else 0.0
    return normalised([h for h in out[:beam] if h.logw >= cut])


def split(group: Group, epsilon: float = 1e-3) -> list[Group]:
    """Take a group apart where its variables have become independent (mutual information below `epsilon` nats)."""
    hyps = group.hypotheses
    weights = [math.exp(h.logw) for h in hyps]
    codes: list[list[int]] = []
    for at in range(len(group.keys)):
        seen: dict[tuple[object, ...], int] = {}
        codes.append([seen.setdefault(h.values[at].signature, len(seen)) for h in hyps])
    n = len(group.keys)
    leader = list(range(n))

    def find(i: int) -> int:
        while leader[i] != i:
            i = leader[i]
        return i

    varied = [i for i in range(n) if max(codes[i]) > 0]
    alone = {i: _sums(codes[i], weights) for i in varied}
    # no two variables share more information than either has
    varied = [i for i in varied if -math.fsum(p * math.log(p) for p in alone[i] if p > 0) > epsilon]
    for x, i in enumerate(varied):
        for j in varied[x + 1 :]:
            if find(i) != find(j) and _information(codes[i], codes[j], alone[i], alone[j], weights) > epsilon:
                leader[find(j)] = find(i)
    parts: dict[int, list[int]] = {}
    for i in range(n):
        parts.setdefault(find(i), []).append(i)
    if len(parts) == 1:
        return [group]
    out = []
    for members in parts.values():
        keys = tuple(group.keys[i] for i in members)
        small = [
            Hypothesis(h.logw, tuple(h.values[i] for i in members), tuple(h.choices[i] for i in members)) for h in hyps
        ]
        out.append(Group(keys, merged(small, len(small), -60.0)))
    return out


def _sums(codes: list[int], weights: list[float]) -> list[float]:
    """Weight of each code."""
    out = [0.0] * (max(codes) + 1)
    for x, p in zip(codes, weights, strict=True):
        out[x] += p
    return out


def _information(a: list[int], b: list[int], pa: list[float], pb: list[float], w: list[float]) -> float:
    """Mutual information (nats) of two variables given as codes, `pa` and `pb` their marginals."""
    joint: dict[tuple[int, int], float] = {}
    for x, y, p in zip(a, b, w, strict=True):
        joint[x, y] = joint.get((x, y), 0.0) + p
    return math.fsum(p * math.log(p / (pa[x] * pb[y])) for (x, y), p in joint.items() if p > 0)

"""Two people whose tracks may have been exchanged: who is behind a track is then a variable like any other.

A track is a body the cameras follow; a person is who entered under that id and gets the receipt.  A doubt says that
two bodies may have exchanged their persons at some moment.  Every hypothesis takes it one way or the other; acts of
either body after that moment fall to the person behind it, and what only one of them can have done (putting back what
only one held) tells in the end which way it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from aisle.belief.draft import Draft
from aisle.belief.state import Exchanged, Key, Value


class Exchange(NamedTuple):
    """From `t_s` on the bodies `a` and `b` may be each other's; `number` names the variable."""

    number: int
    t_s: float
    a: str
    b: str

    @property
    def key(self) -> Key:
        return ("x", self.number)


def entangled(exchanges: Sequence[Exchange], bodies: Iterable[str], t_s: float) -> tuple[list[Exchange], set[str]]:
    """Doubts that matter for acts of some bodies at a time, oldest first, and everybody who may be behind them."""
    people = set(bodies)
    matter = []
    for x in reversed(exchanges):
        if x.t_s <= t_s and (x.a in people or x.b in people):
            matter.append(x)
            people |= {x.a, x.b}
    return matter[::-1], people


def behind(exchanges: Sequence[Exchange], at: Mapping[Key, int], values: Sequence[Value]) -> dict[str, str]:
    """Body -> person, for those of whom a hypothesis has some exchanged; `exchanges` oldest first."""
    names: dict[str, str] = {}
    for x in exchanges:
        value = values[at[x.key]]
        if isinstance(value, Exchanged) and value.yes:
            names[x.a], names[x.b] = names.get(x.b, x.b), names.get(x.a, x.a)
    return names


def renamed(d: Draft, names: Mapping[str, str]) -> Draft:
    """An explanation told of persons instead of bodies."""
    if not names:
        return d
    acts = tuple(a._replace(who=names.get(a.who, a.who)) for a in d.acts)
    return d._replace(acts=acts, put=tuple((names.get(who, who), item) for who, item in d.put))

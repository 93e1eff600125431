"""The forty named situations: what can happen on a trip besides shopping, and where a prompt is right.

Each is one function that plays it on a `Stage`; its docstring's first line is its description.  `doubtful` says whether
a prompt is right there, about the product or weight concerned; where it is False every prompt is one too many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from aisle.simulation.cart.behaviour import Habits
from aisle.simulation.cart.stage import Stage

Play = Callable[[Stage, Habits], int]
"""Plays a situation; returns how many pieces it put into the basket."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One named situation; `early` ones are played before the first product, `late` ones after all others."""

    name: str
    description: str
    doubtful: bool
    play: Play
    early: bool = False
    late: bool = False


_REGISTERED: dict[str, Situation] = {}
SITUATIONS = MappingProxyType(_REGISTERED)


def situation(name: str, *, doubtful: bool, early: bool = False, late: bool = False) -> Callable[[Play], Play]:
    """Register a function as the situation `name`."""

    def register(play: Play) -> Play:
        words = (play.__doc__ or "").split("\n\n")[0]
        _REGISTERED[name] = Situation(name, " ".join(words.split()), doubtful, play, early, late)
        return play

    return register


def load_all() -> MappingProxyType[str, Situation]:
    """All situations, in the order they are documented in."""
    from aisle.simulation.cart import (
        situations_devices,
        situations_goods,
        situations_hands,
        situations_scans,
    )

    order = (situations_scans, situations_hands, situations_goods, situations_devices)
    wanted = [name for module in order for name in _names_of(module.__name__)]
    return MappingProxyType({name: _REGISTERED[name] for name in wanted})


def _names_of(module: str) -> list[str]:
    return [name for name, one in _REGISTERED.items() if one.play.__module__ == module]

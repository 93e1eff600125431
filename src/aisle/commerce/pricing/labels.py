"""What a search keeps: ways into states, how much work it may still do, and what it found."""

from __future__ import annotations

import math
from dataclasses import dataclass

from aisle.commerce.pricing.accounts import Part
from aisle.commerce.pricing.fronts import Lowered, Slopes, front
from aisle.commerce.pricing.treatments import Treatment

FIRST_WIDTH = 12  # states kept in the first pass over a large component
MOST_WIDTH = 400  # states kept in any later pass
KEEPING = 5  # work of keeping one state at one stage

State = tuple[Part, ...]
Key = tuple[State, Lowered]


@dataclass(slots=True)
class Label:
    """A way into a state: what it saved so far (1/SAVED minor units), and where it came from."""

    value: int
    parent: Label | None = None
    treatment: Treatment | None = None


@dataclass(slots=True)
class Allowance:
    """How much work may still be done for one basket.

    Work is counted in what takes some 0.4 microseconds: a transition is two, keeping a state in order a few more.
    """

    left: int

    def width(self, stages: int, choices: float) -> int:
        """How many states may be kept at every stage for most of what is left."""
        return min(MOST_WIDTH, max(FIRST_WIDTH, int(1.3 * self.left / max(1.0, stages * (2 * choices + KEEPING)))))


@dataclass(frozen=True, slots=True)
class Found:
    """The best of a component: `fronts` says for each lowering of the tracked bases the best label.

    `bound` is what no treatment exceeds (1/SAVED minor units), as far as it is not the best of `fronts`.
    """

    fronts: dict[Lowered, Label]
    bound: int

    @property
    def best(self) -> Label:
        return max(self.fronts.values(), key=lambda label: label.value)


def treated(label: Label) -> list[Treatment]:
    """The treatments on the way to a label, in the order of the component's units."""
    out = []
    at: Label | None = label
    while at is not None and at.treatment is not None:
        out.append(at.treatment)
        at = at.parent
    return out[::-1]


def by_lowered(labels: dict[Key, Label]) -> dict[Lowered, Label]:
    """The labels of a finished search by how they lower the tracked bases."""
    return {lowered: label for (_, lowered), label in labels.items()}


def ceiling(bound: float) -> int:
    """A bound as a whole number; 0 for none."""
    return 0 if bound == -math.inf else math.ceil(bound)


def undominated(labels: dict[Key, Label], slopes: Slopes) -> dict[Key, Label]:
    """Of the ways into one state keep those that no other beats, whatever follows."""
    by_state: dict[State, list[tuple[Key, Label]]] = {}
    for key, label in labels.items():
        by_state.setdefault(key[0], []).append((key, label))
    kept: dict[Key, Label] = {}
    for entries in by_state.values():
        kept.update(front(entries, lambda entry: (entry[1].value, entry[0][1]), slopes) if entries[1:] else entries)
    return kept

"""What happened, as far as the hypotheses agree: the record behind receipts and questions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from aisle.belief.draft import Act
from aisle.belief.state import Choice, Group


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One change between two plateaus some hypothesis took for real, and how it was explained at the time.

    `plates` are the 1-based plates that changed; `grams` is what came (+) or
    went (-), corrected for what leans on plates beside it, with `sigma_g`.
    """

    event: int
    shelf: int
    plates: tuple[int, ...]
    t0_ns: int
    t1_ns: int
    grams: float
    sigma_g: float
    explanations: list[tuple[tuple[Act, ...], str, float]]  # acts, note, probability
    whats: tuple[int, ...] = ()  # what `Choice.what` calls each of them

    @property
    def acted(self) -> float:
        """Probability that somebody took or put something."""
        return math.fsum(p for acts, _, p in self.explanations if acts)


def odds(groups: Iterable[Group], since: int = 0) -> dict[int, dict[int, float]]:
    """Event -> index of its explanation -> probability over the hypotheses of the groups, from event `since` on.

    Groups that came of one share their past; an event is judged by the group that knows most of it.
    """
    best: dict[int, dict[int, float]] = {}
    for g in groups:
        here: dict[int, dict[int, float]] = {}
        for h in g.hypotheses:
            p = math.exp(h.logw)
            seen: set[int] = set()
            for chain in h.choices:
                node: Choice | None = chain
                while node is not None and node.event >= since:
                    if node.event not in seen:
                        seen.add(node.event)
                        mine = here.setdefault(node.event, {})
                        mine[node.what] = mine.get(node.what, 0.0) + p
                    node = node.before
        for event, told in here.items():
            old = best.get(event)
            if old is None or len(told) > len(old):
                best[event] = told
    return best

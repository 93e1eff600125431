"""What cameras testified lately: shelves before and after, things seen in hands; tempered, for cameras err.

Sights wait here until an event asks for them.  A likelihood ratio never counts in full: neighbouring pixels are one
look, not many, and in a share of the cases the look itself is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aisle.vision.evidence import ItemSight, ShelfSight

FloatArray = npt.NDArray[np.float64]
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SightSettings:
    """How far to trust what was seen."""

    temper: float = 0.6  # exponent of every ratio
    wrong: float = 0.02  # share of sights of shelves that are of nothing at all
    same_thing: float = 0.85  # what is seen in a hand then is what was taken or is put down
    keep_s: float = 60.0
    slack_s: float = 1.0  # the picture after may be this much older than the rest of the plates
    much_more_s: float = 5.0  # a sight that spans so much more than the event may tell of others
    item_s: float = 4.0  # a thing in a hand speaks for events this near


@dataclass(slots=True)
class Sights:
    """Sights of the last `keep_s` seconds, by shelf index and by person."""

    settings: SightSettings = field(default_factory=SightSettings)
    shelves: dict[int, list[ShelfSight]] = field(default_factory=dict)
    items: dict[str, list[ItemSight]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.shelves or self.items)

    def see_shelf(self, sight: ShelfSight) -> None:
        self.shelves[sight.shelf] = [*_since(self.shelves.get(sight.shelf, []), sight.t1_ns - self._keep_ns), sight]

    def see_item(self, person: str, sight: ItemSight) -> None:
        known = self.items.get(person, [])
        self.items[person] = [*(s for s in known if s.t_ns >= sight.t_ns - self._keep_ns), sight]

    @property
    def _keep_ns(self) -> int:
        return round(self.settings.keep_s * NS)

    def spanning(self, shelf: int, t0_ns: int, t1_ns: int) -> ShelfSight | None:
        """The sight of a shelf that tells most narrowly of what happened between two times; None: nobody looked."""
        slack = round(self.settings.slack_s * NS)
        found = [x for x in self.shelves.get(shelf, ()) if x.t0_ns <= t0_ns + slack and x.t1_ns >= t1_ns - slack]
        return min(found, key=lambda x: (x.t1_ns - x.t0_ns, x.t1_ns)) if found else None

    def by_place(self, sight: ShelfSight, bins_m: FloatArray) -> FloatArray:
        """(2, bins) log ratio that something is gone from, and that something is new at each place."""
        both = np.stack([np.interp(bins_m, sight.bins_m, sight.gone), np.interp(bins_m, sight.bins_m, sight.new)])
        return tempered(both * self.settings.temper, self.settings.wrong)

    def of_change(self, shelf: int, bins_m: FloatArray, t0_ns: int, t1_ns: int, whole: bool) -> FloatArray | None:
        """(2, bins) the same for a change of weight between two times; None: nobody looked.

        A sight that spans much more, or `whole` False (more happened meanwhile than this change), speaks only for what
        it saw, not against what it did not see.
        """
        sight = self.spanning(shelf, t0_ns, t1_ns)
        if sight is None:
            return None
        much_more = sight.t1_ns - sight.t0_ns > t1_ns - t0_ns + round(self.settings.much_more_s * NS)
        told = self.by_place(sight, bins_m)
        return told if whole and not much_more else np.maximum(told, 0.0)

    def in_hands(self, person: str, sign: int, t0_ns: int, t1_ns: int, hands: FloatArray) -> dict[str | None, float]:
        """GTIN -> log ratio that it is what the person took (-1) or put (+1) between two times; None: any other.

        `hands` (2,) is how probably each hand did it.  Empty when nothing was seen in time.
        """
        s = self.settings
        far = round(s.item_s * NS)
        span = (t0_ns, t1_ns + far) if sign < 0 else (t0_ns - far, t1_ns)
        seen = [x for x in self.items.get(person, ()) if span[0] <= x.t_ns <= span[1]]
        if not seen:
            return {}
        out: dict[str | None, float] = {}
        for gtin in (*sorted({g for x in seen for g in x.gtins}), None):
            per_hand = np.zeros(2)
            for hand in (0, 1):
                mine = [_ratio(x, gtin) for x in seen if x.hand == hand]
                if mine:  # looks at one thing err together
                    per_hand[hand] = s.temper * float(np.mean(mine)) * min(2.0, 0.5 + 0.5 * len(mine))
            out[gtin] = float(
                np.log((1.0 - s.same_thing) + s.same_thing * float(hands @ np.exp(np.minimum(per_hand, 5.0))))
            )
        return out


def tempered(ratio: FloatArray, wrong: float) -> FloatArray:
    """A log ratio of two explanations told by a witness who is wrong in a share of the cases: bounded both ways."""
    p = 1.0 / (1.0 + np.exp(-np.clip(ratio, -40.0, 40.0)))
    return np.asarray(np.log((wrong + (1.0 - 2.0 * wrong) * p) / (1.0 - wrong - (1.0 - 2.0 * wrong) * p)))


def _since(sights: list[ShelfSight], t_ns: int) -> list[ShelfSight]:
    return [s for s in sights if s.t1_ns >= t_ns]


def _ratio(sight: ItemSight, gtin: str | None) -> float:
    if gtin is None or gtin not in sight.gtins:
        return sight.rest
    return float(sight.log_likelihoods[sight.gtins.index(gtin)])

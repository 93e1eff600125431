"""What cameras say of one change, gathered from sights and grips: by place, by who acted, by what they had in hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aisle.belief.board import Board
from aisle.belief.grips import GripSettings, gripped, hand_shares
from aisle.belief.people import People
from aisle.belief.sights import Sights

FloatArray = npt.NDArray[np.float64]
TAKE, PUT, SWAP = range(3)  # rows of what grips tell


@dataclass(frozen=True, slots=True)
class Testimony:
    """Log ratios, 0 where nobody saw anything.

    `places` (2, bins): that something is gone (row 0) or new (row 1) there; `grips` per actor: of having taken, put,
    or done both; `items` (actor, sign) -> GTIN (None: any other) -> that it was this.
    """

    places: FloatArray | None = None
    grips: tuple[FloatArray | None, ...] = ()
    items: dict[tuple[str, int], dict[str | None, float]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.places is not None or bool(self.items) or any(g is not None for g in self.grips)

    def of_acts(self, actors: Sequence[str], acts: Iterable[tuple[str, int, str | None]]) -> float:
        """Of some acts (who, sign, gtin) against nobody having done anything, as far as hands tell."""
        signs: dict[str, set[int]] = {}
        out = 0.0
        for who, sign, gtin in acts:
            signs.setdefault(who, set()).add(sign)
            told = self.items.get((who, sign))
            if told:
                out += told.get(gtin, told[None])
        for who, did in signs.items():
            grip = self.grips[actors.index(who)] if self.grips and who in actors else None
            if grip is not None:
                out += float(grip[SWAP if len(did) == 2 else TAKE if -1 in did else PUT])
        return out


SILENT = Testimony()


def testimony(
    sights: Sights,
    people: People,
    settings: GripSettings,
    board: Board,
    actors: Sequence[str],
    hands: FloatArray,
    span_ns: tuple[int, int],
    *,
    whole: bool,
) -> Testimony:
    """What cameras say of a change on a shelf within some time, by anybody of the actors.

    `hands` (actors, 2, bins) are the log ratios of each hand having reached there, -inf for who shows none.  `whole`
    is False when more happened there meanwhile than this change.
    """
    tracks = [people.tracks.get(a) for a in actors]
    if not sights and all(t is None or t.grip is None for t in tracks):
        return SILENT
    t0, t1 = (people.seconds(t) for t in span_ns)
    own = [None if np.isinf(h).all() else h for h in hands]
    items = {
        (a, sign): sights.in_hands(a, sign, *span_ns, hand_shares(h))
        for a, h in zip(actors, own, strict=True)
        if a in sights.items
        for sign in (-1, 1)
    }
    return Testimony(
        sights.of_change(board.index, board.bins_m, *span_ns, whole),
        tuple(None if t is None else gripped(t, h, t0, t1, settings) for t, h in zip(tracks, own, strict=True)),
        {k: v for k, v in items.items() if v},
    )

"""Which plates a stretch of shelf stands on."""

from __future__ import annotations

import pytest

from aisle.store.shelving import even_edges, plates_touched

EDGES = even_edges(4, 0.1)

STRETCHES = {
    "one plate": (0.11, 0.19, (2,)),
    "two plates": (0.05, 0.15, (1, 2)),
    "exactly one plate": (0.1, 0.2, (2,)),
    "grazes its neighbours": (0.097, 0.203, (2,)),
    "narrower than the graze": (0.1, 0.104, (2,)),
    "hangs over the left end": (-0.3, 0.05, (1,)),
    "the whole shelf": (0.0, 0.4, (1, 2, 3, 4)),
    "beside the shelf": (0.5, 0.6, ()),
}


@pytest.mark.parametrize(("x0", "x1", "plates"), STRETCHES.values(), ids=STRETCHES.keys())
def test_plates_touched(x0: float, x1: float, plates: tuple[int, ...]) -> None:
    assert plates_touched(EDGES, x0, x1) == plates


def test_even_edges_do_not_drift() -> None:
    assert even_edges(30, 0.1)[-1] == 3.0

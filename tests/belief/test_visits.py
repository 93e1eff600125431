"""Hands that came to a shelf and left again."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.belief.visits import Visit, Visits
from belief.shop_kit import Shop


def visits(reaches: list[tuple[float, float]], shelves: list[int], shelf: int = 0) -> list[Visit]:
    """Anna's hand is at the shelf for so long, then away for so long; everything told within the next five seconds."""
    shop = Shop()
    shop.stand("anna", "soap")
    follower = Visits(shop.store.shelves)
    asked = np.asarray(shelves, np.int64)
    out: list[Visit] = []
    for there_s, away_s in [(0.0, 1.0), *reaches, (0.0, 5.0)]:
        shop.watch(there_s, {"anna": shop.store.shelves[shelf].world(0.1, 0.1, 0.05)})
        out += follower.over(shop.engine.people, shop.now_s, asked)
        shop.watch(away_s)
        out += follower.over(shop.engine.people, shop.now_s, asked)
    return out


@pytest.mark.parametrize(
    ("reaches", "shelves", "spans"),
    [
        pytest.param([(0.8, 0.0)], [0, 1], [(1.0, 1.7)], id="one"),
        pytest.param([(0.8, 0.6), (0.5, 0.0)], [0, 1], [(1.0, 2.8)], id="away for a moment"),
        pytest.param([(0.8, 3.0), (0.5, 0.0)], [0, 1], [(1.0, 1.7), (4.8, 5.2)], id="twice"),
        pytest.param([(0.1, 0.0)], [0, 1], [], id="one stray wrist"),
        pytest.param([(0.8, 0.0)], [1, 2], [], id="at a shelf nobody asks about"),
        pytest.param([(0.8, 0.0)], [], [], id="nobody asks"),
    ],
)
def test_visits(reaches: list[tuple[float, float]], shelves: list[int], spans: list[tuple[float, float]]) -> None:
    found = visits(reaches, shelves)
    assert [v.shelf for v in found] == [0] * len(spans)
    assert [(v.t0_s, v.t1_s) for v in found] == [pytest.approx(s, abs=0.06) for s in spans]

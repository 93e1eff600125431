"""What cameras testify is refused where it makes no sense."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from aisle.vision.evidence import Evidence, IdentityDoubt, ItemSight, ShelfSight, known_at_ns

TWO = np.zeros(2)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        pytest.param(lambda: ShelfSight(0, 0, 1, TWO, TWO, np.zeros(3)), "(n,), n at least 1", id="lengths differ"),
        pytest.param(lambda: ShelfSight(0, 0, 1, np.zeros(0), np.zeros(0), np.zeros(0)), "at least 1", id="no place"),
        pytest.param(lambda: ShelfSight(4, 0, 1, np.arange(2.0), TWO, TWO + np.nan), "shelf 4: log", id="not a number"),
        pytest.param(lambda: ShelfSight(0, 0, 1, TWO, TWO, TWO), "ascend", id="places do not ascend"),
        pytest.param(lambda: ShelfSight(0, 2, 1, np.arange(2.0), TWO, TWO), "before, not after", id="after is before"),
        pytest.param(lambda: ItemSight(0, "a", 2, ("g",), np.zeros(1)), "hand 2 of a", id="third hand"),
        pytest.param(lambda: ItemSight(0, "a", 0, ("g",), TWO), "1 gtins", id="likelihoods do not match"),
        pytest.param(lambda: IdentityDoubt(0, "a", "a", 0.5), "with itself", id="one track"),
        pytest.param(lambda: IdentityDoubt(0, "a", "b", 1.5), "1.5 is not in 0 to 1", id="no probability"),
    ],
)
def test_nonsense_is_refused(make: Callable[[], Evidence], fault: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fault)):
        make()


@pytest.mark.parametrize(
    ("evidence", "known"),
    [
        pytest.param(ShelfSight(0, 3, 8, np.arange(2.0), TWO, TWO), 8, id="a shelf, once it was looked at again"),
        pytest.param(ItemSight(5, "a", 0, (), np.zeros(0)), 5, id="a thing in a hand"),
        pytest.param(IdentityDoubt(6, "a", "b", 0.1), 6, id="a doubt"),
    ],
)
def test_known_from(evidence: Evidence, known: int) -> None:
    assert known_at_ns(evidence) == known

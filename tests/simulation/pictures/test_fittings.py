"""What a drawn shop is fitted out with: nothing flickers, lamps shine."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.simulation.pictures.fittings import GLOW, Decor, building, lamps_of
from aisle.simulation.pictures.random_shop import random_shop
from aisle.simulation.pictures.scene import Thing
from aisle.store.model import Shelf, Store


def fitted_out(seed: int) -> tuple[Store, Decor, tuple[Thing, ...]]:
    rng = np.random.default_rng(seed)
    store = random_shop(rng)
    decor = Decor.drawn(rng)
    return store, decor, building(store, decor, rng)


def rear_m(thing: Thing, shelf: Shelf) -> float:
    """How far behind the shelf's front edge the thing ends."""
    corners = np.array([(x, y, 0.0, 1.0) for x in (-0.5, 0.5) for y in (-0.5, 0.5)]) @ thing.matrix.T.astype(np.float64)
    return float(shelf.local(corners[:, :3])[:, 1].max())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_boards_end_inside_the_back_of_their_gondola(seed: int) -> None:
    store, decor, things = fitted_out(seed)
    backs = [thing for thing in things if thing.tint == decor.back]
    for shelf in store.shelves:
        middle = np.array(shelf.world(shelf.length_m / 2, shelf.depth_m / 2))
        own = min(backs, key=lambda back: float(np.hypot(*(back.matrix[:2, 3] - middle[:2]))))
        boards = [t for t in things if t.tint == decor.board and abs(float(t.matrix[2, 3]) - middle[2] + 0.025) < 1e-4]
        board = min(boards, key=lambda t: float(np.hypot(*(t.matrix[:2, 3] - middle[:2]))))
        assert rear_m(own, shelf) - rear_m(board, shelf) == pytest.approx(0.01, abs=1e-3)


def test_every_lamp_glows() -> None:
    store, decor, things = fitted_out(4)
    assert sum(thing.tint == GLOW for thing in things) == len(lamps_of(store, decor))

"""A crash at every single step of every kind of visit leaves exactly what the visit without a crash leaves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from aisle.bench.visit_audit import everything, faults_in
from aisle.bench.visit_scripts import SHAPES
from aisle.bench.visit_world import World
from aisle.commerce.pricing.till import Till
from aisle.store.model import Store
from aisle.visits.database import Database


def never(_moment: int) -> bool:
    return False


class Reborn:
    """Lives a shape's script again and again, each time in a world as new."""

    def __init__(self, template: Path, path: Path, store: Store, till: Till) -> None:
        self._template, self._path, self._store, self._till = template, path, store, till
        self._database = Database(f"sqlite:///{path}", synchronous="off")

    def live(self, shape: str, plan: Callable[[int], bool]) -> World:
        self._database.close()
        for leftover in self._path.parent.glob(f"{self._path.name}-*"):
            leftover.unlink()
        shutil.copyfile(self._template, self._path)
        world = World(self._database, self._store, partial(self._till.price, hints=False), plan=plan)
        world.run(SHAPES[shape]("anna"))
        return world


@pytest.mark.parametrize("shape", SHAPES)
def test_a_crash_at_any_step_changes_nothing(
    shape: str, template: Path, tmp_path: Path, store: Store, till: Till
) -> None:
    lives = Reborn(template, tmp_path / "visits.db", store, till)
    undisturbed = lives.live(shape, never)
    expected, moments = everything(undisturbed), undisturbed.breaker.moments
    assert faults_in(undisturbed) == []
    undisturbed.close()
    for step in range(1, moments + 1):
        crashed = lives.live(shape, step.__eq__)
        assert (crashed.breaker.crashes, everything(crashed)) == (1, expected), f"crash at step {step} of {moments}"
        crashed.close()

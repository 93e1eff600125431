"""Visits by rendered cameras: who is asked for, how found people are named, what the rows say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from aisle.bench.scoring import Counts, Scored
from aisle.bench.sighted import Visit, Wish, floors, rendered_once, wishes
from aisle.bench.sighted_rows import rows
from aisle.bench.truth import BenchError
from aisle.bench.vision import VisionLoad
from aisle.simulation.recording import Simulated
from aisle.simulation.shop import simulate_scene
from aisle.store.example import example_store


@pytest.mark.parametrize("visits", [1, 7, 22, 100])
def test_wishes_add_up_to_the_visits_wanted(visits: int) -> None:
    asked = wishes(visits, 900, 4)
    assert sum(w.shoppers for w in asked) == visits
    assert all(1 <= w.shoppers <= 6 for w in asked)
    assert len({w.seed for w in asked}) == len(asked)


@dataclass
class People:
    t_ns: int
    ids: tuple[str, ...]
    positions_m: np.ndarray


def seen(found: list[People]) -> SimpleNamespace:
    film = SimpleNamespace(t0_ns=0, duration_s=10.0)
    return SimpleNamespace(simulated=SimpleNamespace(film=film, name="x"), floor=tuple(found))


def test_found_people_are_named_by_where_they_came_in(monkeypatch: pytest.MonkeyPatch) -> None:
    t = np.arange(0.0, 10.0, 0.1)
    feet = np.zeros((100, 2, 2))
    feet[:, 0, 0] = t * 0.5  # they start two metres apart, and have changed places at the end
    feet[:, 1, 0] = 5.0 - t * 0.5
    columns = {"t": t, "ids": np.array(["ann", "ben"]), "present": np.ones((100, 2), bool), "feet_m": feet}
    monkeypatch.setattr("aisle.bench.sighted.tracks_of", lambda film: columns)
    found = [People(int(v * 1e9), ("p1", "p0"), feet[k, ::-1]) for k, v in enumerate(t)]
    true, told, names = floors(seen(found))  # type: ignore[arg-type]
    assert names == {"p0": "ann", "p1": "ben"}
    assert len(true) == len(told) == 100
    np.testing.assert_array_equal(told[0][0], [1, 0])


def visit(shoppers: int, right: int, wrong: int) -> Visit:
    scored = Scored("r", "c", "g", "weight+head", 1, Counts(right, wrong, 0, 1, 2), (), ())
    floor = tuple(
        (np.arange(shoppers), np.stack([np.arange(shoppers) + 0.05, np.zeros(shoppers)], 1)) for _ in range(9)
    )
    truth = tuple((ids, places - [0.05, 0.0]) for ids, places in floor)
    return Visit(Wish(1, shoppers), scored, scored, truth, floor, 2.0, 40.0, 60.0)


def test_rows_judge_receipts_floor_and_cost() -> None:
    told = {(r.name, r.on.split(", ")[-1]): r for r in rows([visit(6, 9, 1), visit(2, 9, 1)], 4)}
    assert told["item F1", "plates"].value == pytest.approx(36 / 38)
    assert told["item F1", "plates"].ok is False and told["item F1", "no plates"].ok is True
    assert told["exact receipts", "plates"].value == 0.5
    assert told["floor position error, median", "4 rendered cameras"].value == pytest.approx(0.05)
    assert told["IDF1 on the floor", "4 rendered cameras"].value == pytest.approx(1.0)
    real_time = next(r for r in rows([visit(6, 9, 1)], 4) if r.name.startswith("cameras in real time"))
    assert real_time.value == pytest.approx(40.0) and real_time.ok


def test_unknown_parts_are_refused() -> None:
    with pytest.raises(BenchError, match="--part: found 'smell'"):
        VisionLoad(parts=("smell",))


def test_films_are_rendered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    simulated = simulate_scene(example_store(), "one_item", 3)
    sent = list(simulated.readings())
    path = tmp_path / "films" / "one.mcap"
    assert [r.received_ns for r in rendered_once(simulated, path).readings()] == [r.received_ns for r in sent]
    monkeypatch.setattr(Simulated, "write", lambda *given: pytest.fail("made again"))
    again = rendered_once(simulated, path)
    assert len(list(again.readings())) == len(sent)
    assert (again.name, again.truth) == (simulated.name, simulated.truth)

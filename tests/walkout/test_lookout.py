"""Plates that fall silent leave sight behind, not nothing; where nobody testifies nothing changes."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from aisle.belief.engine import BeliefEngine
from aisle.belief.reaches import Grasp
from aisle.sensing.grid import PlateBlock
from aisle.simulation.recording import Simulated
from aisle.simulation.shop import simulate_scene
from aisle.store.example import example_store
from aisle.walkout import lookout as room
from aisle.walkout.lookout import Lookout
from aisle.walkout.outcome import Outcome
from aisle.walkout.replay import Replay, ReplayOptions
from belief.eyes import Sharpness, sighted
from belief.shop_kit import T0_NS, small_shop

NS = 1_000_000_000
CLEAR = Sharpness(holding_right=0.97, shelf_hidden=0.0, shelf_right=1.0, shelf_elsewhere=0.0, shelf_invented=0.0)


@cache
def scene() -> Simulated:
    return simulate_scene(example_store(), "short_list", 4)


def replayed(**how: Any) -> Outcome:
    recording = sighted(scene(), 1, CLEAR, **how)
    return Replay(recording, ReplayOptions(), recording.evidence).run()


def billed(outcome: Outcome) -> dict[str, dict[str, int]]:
    return {r.shopper: {x.gtin: x.quantity for x in r.lines} for r in outcome.receipts}


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"plates": False}, id="a shop without plates"),
        pytest.param({"silent_from_s": 1.0}, id="plates that fell silent"),
        pytest.param({}, id="plates and cameras"),
    ],
)
def test_clear_sight_fills_the_basket(how: dict[str, Any]) -> None:
    outcome = replayed(**how)
    right = sum(sum(b.values()) for b in scene().truth.receipts.values())
    found = sum(
        min(n, billed(outcome).get(who, {}).get(gtin, 0))
        for who, basket in scene().truth.receipts.items()
        for gtin, n in basket.items()
    )
    assert found >= 0.6 * right
    assert replayed(**how) == outcome


def test_without_testimony_silence_stays_silence() -> None:
    blind = Sharpness(hands=False, shelves=False)
    recording = sighted(scene(), 1, blind, plates=False)
    outcome = Replay(recording, ReplayOptions(), ()).run()
    assert all(not r.lines for r in outcome.receipts)
    assert outcome.events == ()


def test_testimony_of_nothing_changes_no_receipt_where_plates_weigh() -> None:
    plain = Replay(scene(), ReplayOptions()).run()
    silent = Sharpness(hands=False, shelves=False)
    recording = sighted(scene(), 1, silent)
    again = Replay(recording, ReplayOptions(), recording.evidence).run()
    assert again.receipts == plain.receipts


# ------------------------------------------------------------------- silences
class Told:
    """Notes what the lookout would have explained."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shop = small_shop()
        self.lookout = Lookout(BeliefEngine(self.shop))
        self.lookout.watched = True
        self.grasps: list[Grasp] = []
        self.weighed: list[dict[int, Any]] = []
        self.lookout.grasps.over = self._over  # type: ignore[method-assign]
        monkeypatch.setattr(room, "explain_reach", lambda e, g, among, weighed: self.weighed.append(weighed))
        self.lookout.engine.people._t0_ns = T0_NS

    def _over(self, people: Any, now_s: float) -> list[Grasp]:
        done = [g for g in self.grasps if g.t1_s < now_s]
        self.grasps = [g for g in self.grasps if g not in done]
        return done

    def speaks(self, from_s: float, to_s: float, but: tuple[int, ...] = ()) -> None:
        for t in np.arange(from_s, to_s, 2.0):
            grams = np.zeros((120, self.shop.plate_count), np.float32)
            grams[:, list(but)] = np.nan
            self.lookout.hear(PlateBlock(T0_NS + round(t * NS), 60.0, grams))

    def reach(self, at_s: float) -> None:
        """Somebody reached to the third and fourth plate of the first shelf."""
        bins = self.lookout.engine.boards[0].bins_m
        places = np.where((bins > 0.2) & (bins < 0.4), -np.log(4.0), -60.0)
        self.grasps.append(Grasp("anna", 1, at_s, at_s + 1.0, (0,), (places,), 0.5))

    def due(self, now_s: float, last: bool = False) -> None:
        self.lookout.due(T0_NS + round(now_s * NS), {}, last)

    @property
    def left_to_sight(self) -> list[bool]:
        """Per reach explained: was any place it may have touched without a plate that weighs?"""
        return [not w[0][4:8].all() for w in self.weighed]


@pytest.mark.parametrize(
    ("spoke", "but", "asked_s", "found"),
    [
        pytest.param([], (), (0.0, 20.0), [True], id="never a plate"),
        pytest.param([(0.0, 30.0)], (), (0.0, 26.0), [False], id="they speak"),
        pytest.param([(0.0, 30.0)], (2, 3), (0.0, 26.0), [True], id="the two below never spoke"),
        pytest.param([(0.0, 30.0)], (0, 1), (0.0, 26.0), [False], id="others never spoke"),
        pytest.param([(0.0, 8.0)], (), (0.0, 26.0), [], id="silent just now: wait"),
        pytest.param([(0.0, 8.0)], (), (0.0, 44.0), [True], id="silent for long"),
        pytest.param([(0.0, 8.0), (20.0, 30.0)], (), (0.0, 30.0), [False], id="bridged by the scales"),
        pytest.param([(0.0, 8.0), (50.0, 60.0)], (), (0.0, 60.0), [True], id="too long to be bridged"),
    ],
)
def test_what_is_left_to_sight(
    spoke: list[tuple[float, float]],
    but: tuple[int, ...],
    asked_s: tuple[float, float],
    found: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = Told(monkeypatch)
    told.due(asked_s[0])
    for span in spoke:
        told.speaks(*span, but=but)
    told.reach(10.0)
    told.due(asked_s[1])
    assert told.left_to_sight == found


def test_at_the_end_nothing_waits_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(monkeypatch)
    told.due(0.0)
    told.speaks(0.0, 8.0)
    told.reach(10.0)
    told.due(14.0)
    assert told.weighed == []
    told.due(14.0, last=True)
    assert told.left_to_sight == [True]

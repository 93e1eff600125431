"""Situations of failing devices: what a cart must survive and tell apart from shoppers' doings."""

from __future__ import annotations

from aisle.simulation.cart.behaviour import Habits
from aisle.simulation.cart.situations import situation
from aisle.simulation.cart.stage import FOREVER_S, Fault, Stage


@situation("scale-drifts", doubtful=False)
def scale_drifts(stage: Stage, habits: Habits) -> int:
    """The scale's zero creeps by tens of grams over the trip."""
    size = stage.between(150.0, 900.0) * (1.0 if stage.chance(0.5) else -1.0)
    stage.faults.append(Fault("drift", stage.now_s, FOREVER_S, size))
    return 0


@situation("scale-stuck", doubtful=True, late=True)
def scale_stuck(stage: Stage, habits: Habits) -> int:
    """The scale repeats one value for a minute, or from now on."""
    seconds = FOREVER_S if stage.chance(0.4) else stage.between(30.0, 120.0)
    stage.faults.append(Fault("stuck", stage.now_s, stage.now_s + seconds))
    _ill(stage, seconds)
    return 0


@situation("scale-unplugged", doubtful=True, late=True)
def scale_unplugged(stage: Stage, habits: Habits) -> int:
    """The scale says nothing, or that it has nothing to say, for a while or from now on."""
    seconds = FOREVER_S if stage.chance(0.5) else stage.between(20.0, 120.0)
    kind = "unplugged" if stage.chance(0.6) else "invalid"
    stage.faults.append(Fault("unplugged" if kind == "unplugged" else "invalid", stage.now_s, stage.now_s + seconds))
    _ill(stage, seconds)
    return 0


@situation("scale-saturated", doubtful=True, late=True)
def scale_saturated(stage: Stage, habits: Habits) -> int:
    """What lies in the basket exceeds what the scale can carry: it stays at its limit."""
    limit = sum(p.gross_g for p in stage.basket.values()) + stage.between(1500.0, 4000.0)
    stage.faults.append(Fault("capacity", stage.now_s, FOREVER_S, limit))
    _ill(stage)
    return 0


@situation("camera-gone", doubtful=True)
def camera_gone(stage: Stage, habits: Habits) -> int:
    """The scan camera is unplugged: no pictures, nothing recognised, from now on or for minutes."""
    seconds = FOREVER_S if stage.chance(0.5) else stage.between(60.0, 300.0)
    stage.faults.append(Fault("camera", stage.now_s, stage.now_s + seconds))
    stage.doubt("camera fault", lasts_s=seconds + 30.0)
    return 0


@situation("power-lost", doubtful=True)
def power_lost(stage: Stage, habits: Habits) -> int:
    """The cart's computer is dead for seconds, nothing is heard from any device; its clock may be wrong afterwards."""
    seconds = stage.between(3.0, 25.0)
    start = stage.now_s + 0.5
    stage.faults.append(Fault("power", start, start + seconds))
    if stage.chance(0.5):
        stage.faults.append(Fault("clock", start + seconds, FOREVER_S, stage.between(2.0, 90.0)))
    elif stage.chance(0.5):
        jump = stage.between(0.4, 3.0) * (1.0 if stage.chance(0.5) else -1.0)
        stage.faults.append(Fault("scale-clock", start + seconds, start + seconds + stage.between(20.0, 90.0), jump))
    stage.doubt("scale fault", lasts_s=seconds + 60.0)
    stage.doubt("camera fault", lasts_s=seconds + 60.0)
    stage.wait(seconds + 2.0)
    return 0


@situation("network-gone", doubtful=False)
def network_gone(stage: Stage, habits: Habits) -> int:
    """The shop's network is away during the whole trip."""
    stage.network = False
    return 0


def _ill(stage: Stage, lasts_s: float = FOREVER_S) -> None:
    """The cart may say that its scale is ill, and ask about goods it cannot weigh meanwhile or finds afterwards."""
    stage.doubt("scale fault", lasts_s=lasts_s + 60.0)
    stage.doubt("weigh again", lasts_s=lasts_s + 60.0)

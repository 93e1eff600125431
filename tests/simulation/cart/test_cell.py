"""The load cell: what rests is weighed, what moves is not, and faults look as they do."""

import numpy as np
import pytest

from aisle.simulation.cart.cell import Burst, CellModel, Forces, Roll, Step, motion_track, scale_track, weigh
from aisle.simulation.cart.faults import Clock, spoil_scale
from aisle.simulation.cart.stage import Fault

QUIET = CellModel(noise_g=1.0, drift_g=0.0, cold_g=0.0, corner=0.0, creep=0.0)
START_NS = 1_767_225_600 * 10**9


def _weighed(forces: Forces, model: CellModel = QUIET, lasts_s: float = 30.0) -> np.ndarray:
    return weigh(forces, lasts_s, model, np.random.default_rng(1))[0]


def test_steps_add_up() -> None:
    grams = _weighed(Forces(steps=[Step(5.0, 500.0), Step(10.0, 250.0), Step(20.0, -500.0)]))
    levels = [float(np.mean(grams[a:b])) for a, b in ((40, 90), (130, 190), (260, 380), (450, 590))]
    assert levels == pytest.approx([0.0, 500.0, 750.0, 250.0], abs=2.5)


@pytest.mark.parametrize(
    "burst",
    [
        Burst("press", 10.0, 0.8, 200.0),
        Burst("fall", 10.0, 0.5, 2000.0),
        Burst("rummage", 10.0, 3.0, 40.0),
        Burst("hold", 10.0, 6.0, 1500.0, 100.0),
    ],
    ids=lambda burst: burst.kind,
)
def test_a_burst_is_felt_and_leaves_nothing(burst: Burst) -> None:
    grams = _weighed(Forces(bursts=[burst]))
    assert np.abs(grams[200:320]).max() > 0.3 * burst.grams
    assert abs(float(np.mean(grams[440:]))) < 2.5


def test_rolling_shakes_a_full_cart_more_than_an_empty_one() -> None:
    roll = [Roll(5.0, 25.0)]
    empty, full = (_weighed(Forces([Step(1.0, load)], rolls=roll))[120:480] for load in (0.0, 15_000.0))
    assert 4.0 < float(np.std(empty)) < float(np.std(full)) / 2.0


def test_the_motion_sensor_feels_what_shakes_the_scale() -> None:
    forces = Forces(rolls=[Roll(5.0, 15.0)])
    rng = np.random.default_rng(2)
    _, accel = weigh(forces, 30.0, QUIET, rng)
    track = motion_track(forces, accel, 30.0, START_NS, rng)
    assert track.moving[70:140].all()
    assert not track.moving[170:].any()
    assert float(np.mean(track.accel_rms[70:140])) > 4.0 * float(np.mean(track.accel_rms[200:]))


def test_creep_and_gain_show_under_heavy_loads() -> None:
    model = CellModel(
        noise_g=0.1, drift_g=0.0, cold_g=0.0, gain=0.003, corner=0.0, creep=0.001, creep_s=10.0, step_g=0.5
    )
    grams = _weighed(Forces([Step(5.0, 10_000.0)]), model, 90.0)
    assert float(np.mean(grams[120:140])) < float(np.mean(grams[-40:])) - 5.0
    assert float(np.mean(grams[-40:])) == pytest.approx(10_030.0, abs=3.0)


@pytest.mark.parametrize(
    ("fault", "holds"),
    [
        (Fault("stuck", 10.0, 20.0), lambda t, g: len(set(g[(t > 10) & (t < 20)])) == 1),
        (Fault("unplugged", 10.0, 20.0), lambda t, g: not ((t > 10.1) & (t < 19.9)).any()),
        (Fault("invalid", 10.0, 20.0), lambda t, g: bool(np.isnan(g[(t > 10.1) & (t < 19.9)]).all())),
        (Fault("capacity", 0.0, 1e9, 300.0), lambda t, g: bool(g.max() == 300.0)),
        (Fault("drift", 0.0, 1e9, 36_000.0), lambda t, g: bool(abs(g[-20:].mean() - 800.0) < 10.0)),
    ],
    ids=lambda case: case.kind if isinstance(case, Fault) else "",
)
def test_faults_look_as_they_do(fault: Fault, holds: object) -> None:
    grams = _weighed(Forces([Step(5.0, 500.0)]))
    track = scale_track(grams, START_NS, QUIET, np.random.default_rng(3))
    spoilt = spoil_scale(track, START_NS, [fault], QUIET)
    assert callable(holds)
    assert holds((spoilt.t_ns - START_NS) / 1e9, spoilt.grams)


def test_a_clock_jumps_forward_and_the_scales_stamps_both_ways() -> None:
    faults = (Fault("clock", 10.0, 1e9, 60.0), Fault("scale-clock", 20.0, 25.0, -2.0))
    clock = Clock(START_NS, faults)
    track = scale_track(_weighed(Forces()), START_NS, QUIET, np.random.default_rng(4))
    stamped = clock.scale(track)
    behind = stamped.received_ns - stamped.t_ns
    assert clock.ns(9.0) == START_NS + 9 * 10**9
    assert clock.ns(11.0) == START_NS + 71 * 10**9
    assert np.diff(stamped.received_ns).max() > 59 * 10**9
    assert behind.max() > 1.9e9

"""Weight changes found, and everything that is none."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from aisle.scales.change import Episode
from aisle.scales.detector import ChangeDetector
from scales.plates_kit import HZ, T0_NS, Samples, Signal, moment, net, nets, printed, time_of


# ------------------------------------------------------------------ found exactly
@pytest.mark.parametrize(
    ("signal", "changes", "within"),
    [
        pytest.param(Signal(16, 6).step(2, 6.0, -410.0), [-410.0], 1.5, id="a take"),
        pytest.param(Signal(16, 6).step(2, 6.0, 410.0), [410.0], 1.5, id="a put"),
        pytest.param(Signal(20, 6).step(2, 6.0, -410.0, rise_s=2.5), [-410.0], 1.5, id="a slow lift is one episode"),
        pytest.param(Signal(16, 6).step(2, 6.0, -900.0, ring=0.5), [-900.0], 2.5, id="ringing"),
        pytest.param(Signal(24, 6).press(2, 6.0, 14.0, 260.0, 0.08), [], 0.0, id="a hand wavers"),
        pytest.param(Signal(40, 6).drift(40.0), [], 0.0, id="drift is none"),
        pytest.param(Signal(24, 6).drift(25.0).step(2, 9.0, -300.0), [-300.0], 5.0, id="a take while it drifts"),
        pytest.param(Signal(20, 6).lost(5, 6).step(2, 9.0, -300.0), [-300.0], 1.5, id="a gap before"),
        pytest.param(Signal(20, 6).step(2, 8.0, -300.0).lost(8.3, 9.0), [-300.0], 1.5, id="a gap in the settling"),
        pytest.param(Signal(20, 6).step(2, 8.0, -300.0).lost(7.7, 8.4), [-300.0], 1.5, id="a gap over the step"),
        pytest.param(Signal(20, 6).step(2, 8.0, -300.0).lost(0, 20, 4), [-300.0], 1.5, id="a dead neighbour"),
        pytest.param(
            Signal(24, 6).step(2, 8.0, -160.0).step(3, 8.0, -450.0), [-610.0], 2.0, id="one item over two plates"
        ),
        pytest.param(Signal(40, 6), [], 0.0, id="nothing"),
    ],
)
def test_changes(signal: Signal, changes: list[float], within: float) -> None:
    found = nets(signal.episodes())
    assert found == pytest.approx(changes, abs=within)


@pytest.mark.parametrize("waver", [pytest.param(0.0, id="still"), pytest.param(0.04, id="a little")])
def test_a_hand_resting_eight_seconds_changes_nothing_in_the_end(waver: float) -> None:
    """Whether it comes as one stretch or as two, what came went again."""
    signal = Signal(24, 6).press(2, 6.0, 14.0, 260.0, waver)
    assert sum(nets(signal.episodes())) == pytest.approx(0.0, abs=2.0)


def test_two_changes_half_a_second_apart_are_told_apart() -> None:
    signal = Signal(18, 6).step(2, 6.0, -300.0, rise_s=0.08).step(2, 6.6, -180.0, rise_s=0.08)
    (episode,) = (e for e in signal.episodes() if abs(net(e)) > 20)
    levels = [float(p.head_g.sum()) for p in episode.plateaus]
    assert net(episode) == pytest.approx(-480.0, abs=1.5)
    assert min(abs(x + 300.0) for x in levels) < 3.0


def test_two_ends_of_a_shelf_are_two_answers_with_their_own_times() -> None:
    signal = Signal(20, 12).step(1, 6.0, -300.0).step(10, 6.7, 450.0)
    episodes = sorted((e for e in signal.episodes() if abs(net(e)) > 20), key=lambda e: e.first_plate)
    assert [net(e) for e in episodes] == pytest.approx([-300.0, 450.0], abs=2.0)
    assert moment(episodes[0]) == pytest.approx(6.15, abs=0.3)
    assert moment(episodes[1]) == pytest.approx(6.85, abs=0.3)


def test_shelves_do_not_mix() -> None:
    signal = Signal(16, 6).step(2, 6.0, -300.0).step(3, 6.0, -500.0)
    episodes = sorted(signal.episodes(3, 3), key=lambda e: e.shelf)
    assert [(e.shelf, round(net(e), -1)) for e in episodes] == [(0, -300.0), (1, -500.0)]


@pytest.mark.parametrize("seed", range(6))
def test_a_light_bag_over_three_plates_in_noise(seed: int) -> None:
    signal = Signal(24, 10, sigma_g=4.0, seed=seed)
    for plate, grams in ((3, -9.0), (4, -13.0), (5, -9.0)):
        signal.step(plate, 14.0, grams)
    found = nets(signal.episodes(), 12.0)
    assert found == pytest.approx([-31.0], abs=9.0)


@pytest.mark.parametrize("seed", range(6))
def test_a_touch_just_before_a_take_leaves_its_level_alone(seed: int) -> None:
    """The few frames between touch and lift are a short piece of the plateau before, and not all of its level."""
    signal = Signal(14.0, 1, sigma_g=11.0, seed=seed).press(0, 5.2, 5.7, -60.0).step(0, 5.95, -550.0, 0.3)
    assert sum(net(e) for e in signal.episodes()) == pytest.approx(-550.0, abs=7.0)


def compared(grams: float, seed: int) -> tuple[list[Episode], Episode | None]:
    """What the detector finds by itself, and when asked about a hand between 9.7 and 10.3 s."""
    signal = Signal(13.0, 1, sigma_g=30.0, seed=seed).step(0, 10.0, grams, 0.3)
    detector = ChangeDetector([1])
    found = detector.feed(T0_NS, signal.samples)
    before, after = (time_of(450), time_of(580)), (time_of(630), time_of(762))
    return found, detector.compare(0, before, after)


@pytest.mark.parametrize("seed", [1, 2, 4, 5])
def test_a_hand_tells_when_to_compare(seed: int) -> None:
    found, asked = compared(-26.0, seed)
    assert found == []
    assert asked is not None and asked.asked
    change, var = asked.change(0, 1)
    assert abs(float(change[0]) + 26.0) < 3.0 * float(np.sqrt(var[0]))


def test_a_comparison_needs_both_sides_remembered() -> None:
    detector = ChangeDetector([1])
    detector.feed(T0_NS, Signal(13.0, 1, sigma_g=30.0).samples)
    assert detector.compare(0, (time_of(450), time_of(580)), (time_of(700), time_of(840))) is None
    assert detector.compare(0, (time_of(570), time_of(580)), (time_of(630), time_of(762))) is None


def test_the_noisier_the_shelf_the_more_goes_unnoticed() -> None:
    detector = ChangeDetector([1, 1])
    quiet, loud = Signal(20.0, 1, sigma_g=1.0).samples, Signal(20.0, 1, sigma_g=30.0, seed=1).samples
    detector.feed(T0_NS, np.hstack([quiet, loud]))
    faint = detector.faintest_g()
    assert faint[0] < 20.0 < faint[1]


def test_noise_alone_makes_no_takes() -> None:
    assert nets(Signal(180, 40, sigma_g=2.5, seed=3).episodes(*[10] * 4), 12.0) == []


def test_saturated_and_dead_plates_stay_silent() -> None:
    signal = Signal(20, 6).step(2, 8.0, -300.0)
    signal.grams[:, 0] = 9999.0
    signal.grams[:, 5] = np.nan
    assert nets(signal.episodes()) == pytest.approx([-300.0], abs=1.5)


def test_a_plate_that_comes_back_after_long_silence_is_no_change() -> None:
    signal = Signal(60, 6).lost(10, 40, 2)
    assert nets(signal.episodes()) == []


def test_all_plates_silent_and_back() -> None:
    signal = Signal(60, 6).lost(20, 24).step(3, 40.0, -250.0)
    assert nets(signal.episodes()) == pytest.approx([-250.0], abs=1.5)


def test_what_changed_during_a_gap_of_four_seconds_is_found() -> None:
    signal = Signal(40, 6).step(3, 12.0, -250.0).lost(10, 14)
    assert nets(signal.episodes()) == pytest.approx([-250.0], abs=3.0)


def test_batches_of_nothing() -> None:
    detector = ChangeDetector([4])
    assert detector.feed(time_of(0), np.full((600, 4), np.nan, np.float32)) == []
    assert detector.flush() == []


def test_an_unfinished_lift_is_closed_unsettled() -> None:
    signal = Signal(14, 4).step(1, 13.7, -300.0)
    (episode,) = signal.episodes()
    assert not episode.settled


def test_two_thousand_plates_at_once() -> None:
    signal = Signal(12, 2000, seed=1)
    places = list(range(5, 2000, 200))
    for plate in places:
        signal.step(plate, 6.0, -300.0)
    episodes = [e for e in signal.episodes(*[10] * 200) if abs(net(e)) > 20]
    assert sorted(e.shelf for e in episodes) == [p // 10 for p in places]
    assert [net(e) for e in episodes] == pytest.approx([-300.0] * len(places), abs=2.0)


# ------------------------------------------------------------------ calibration
@pytest.mark.parametrize("sigma_g", [1.0, 1.5, 4.0])
def test_standard_deviations_are_honest(sigma_g: float) -> None:
    """z = (found - true) / sigma over many steps on many plates has a spread of about one, no far outliers."""
    rng = np.random.default_rng(11)
    signal = Signal(70, 200, sigma_g, seed=5).wander(0.6 * sigma_g)
    true = rng.uniform(60, 900, 200) * rng.choice([-1, 1], 200)
    for plate in range(200):
        signal.step(plate, 20.0 + 40.0 * plate / 200, float(true[plate]))
    z = []
    for e in signal.episodes(*[1] * 200):
        change, var = e.change(0, -1)
        z.append((change[0] - true[e.shelf]) / np.sqrt(var[0]))
    assert len(z) == 200
    assert abs(float(np.mean(z))) < 0.35
    assert 0.7 < float(np.std(z)) < 1.35
    assert float(np.max(np.abs(z))) < 4.5


def test_noise_is_learnt_per_plate() -> None:
    signal = Signal(60, 4)
    signal.grams[:, 3] += signal.rng.normal(0, 5.0, len(signal.grams))
    detector = ChangeDetector([4])
    detector.feed(time_of(0), signal.samples)
    sigma = detector.sample_sigma_g()
    assert sigma[:3] == pytest.approx([0.8] * 3, rel=0.35)
    assert sigma[3] == pytest.approx(5.06, rel=0.35)


# ------------------------------------------------------------------ always
BUSY = (
    Signal(24, 7, seed=2).step(2, 6.0, -410.0, ring=0.4).press(5, 8.0, 12.0, 200.0).step(1, 15.0, 300.0).lost(16, 16.4)
)


@given(cuts=st.lists(st.integers(0, len(BUSY.grams)), max_size=12))
@settings(max_examples=40)
def test_any_cutting_into_blocks_gives_the_same_episodes(cuts: list[int]) -> None:
    whole = ChangeDetector([4, 3])
    want = whole.feed(time_of(0), BUSY.samples) + whole.flush()
    pieces = ChangeDetector([4, 3])
    got: list[Episode] = []
    for a, b in pairwise(sorted({0, *cuts, len(BUSY.grams)})):
        got += pieces.feed(time_of(a), BUSY.samples[a:b])
    assert printed(got + pieces.flush()) == printed(want)


@given(
    grams=hnp.arrays(
        np.float32,
        st.tuples(st.integers(0, 400), st.just(5)),
        elements=st.one_of(st.floats(-5e4, 5e4, width=32), st.just(np.float32(np.nan))),
        fill=st.sampled_from([np.float32(0.0), np.float32(700.0), np.float32(np.nan)]),
    )
)
@settings(max_examples=60)
def test_no_samples_make_it_stumble(grams: Samples) -> None:
    detector = ChangeDetector([3, 2])
    for e in detector.feed(time_of(0), grams) + detector.flush():
        assert 0 <= e.shelf < 2
        assert len(e.plateaus) >= 2
        assert all(a.t1_ns <= b.t1_ns for a, b in pairwise(e.plateaus))
        assert all((p.head_var[np.isfinite(p.head_var)] > 0).all() for p in e.plateaus)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, 3e38, np.nan], ids=["inf", "minus inf", "near overflow", "nan"])
@pytest.mark.parametrize("seconds", [1 / HZ, 0.5], ids=["one sample", "half a second"])
def test_a_bad_sample_costs_no_later_change(bad: float, seconds: float) -> None:
    signal = Signal(40, 6).step(2, 25.0, -300.0)
    signal.grams[(signal.t >= 10.0) & (signal.t < 10.0 + seconds), 2] = bad
    with np.errstate(over="ignore"):
        samples = np.asarray(signal.grams, np.float32)
    detector = ChangeDetector([6])
    assert nets(detector.feed(time_of(0), samples) + detector.flush())[-1:] == pytest.approx([-300.0], abs=2.0)


def test_samples_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(n, 6\)"):
        ChangeDetector([6]).feed(time_of(0), np.zeros((10, 5), np.float32))


def test_memory_does_not_grow_with_time() -> None:
    detector = ChangeDetector([4])
    block = Signal(10, 4).samples
    for i in range(60):
        detector.feed(time_of(i * len(block)), block)
    assert sum(v.nbytes for v in vars(detector).values() if isinstance(v, np.ndarray)) < 100_000
    assert detector.busy_since_ns is None or detector.busy_since_ns > time_of(50 * len(block))

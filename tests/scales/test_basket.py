"""The basket's cell: levels at rest, in motion, through knocks, drops and gaps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from aisle.scales.basket import BasketScale, Level

NS = 1_000_000_000
HZ = 20
T0 = 1_700_000_000 * NS


def levels(
    weight: Callable[[float], float], seconds: float, *, noise_g: float = 1.0, rolling: Callable[[float], bool] = bool,
    lost: Callable[[float], bool] = lambda t: False,
) -> list[Level]:  # fmt: skip
    rng = np.random.default_rng(7)
    scale = BasketScale()
    out: list[Level] = []
    for k in range(int(seconds * HZ)):
        t = k / HZ
        moving = rolling(t) if rolling is not bool else False
        scale.moves(moving, 0.8 if moving else 0.0)
        sigma = 12.0 if moving else noise_g
        if not lost(t):
            out += scale.weigh(T0 + int(t * NS), weight(t) + float(rng.normal(0.0, sigma)))
    return out


def last_of_each(told: list[Level]) -> list[Level]:
    return list({level.number: level for level in told}.values())


def test_an_empty_basket_is_one_level_however_long() -> None:
    told = last_of_each(levels(lambda t: 0.0, 60.0))
    assert [level.number for level in told] == [1]
    assert told[0].grams == pytest.approx(0.0, abs=0.6)


@pytest.mark.parametrize("grams", [8.0, 30.0, 450.0, 6000.0], ids=lambda g: f"{g:g} g")
def test_an_item_put_in_is_a_second_level_within_a_gram(grams: float) -> None:
    told = last_of_each(levels(lambda t: 0.0 if t < 5 else grams, 10.0))
    assert len(told) == 2
    assert told[1].grams - told[0].grams == pytest.approx(grams, abs=1.2)
    assert 4.6 < (told[1].since_ns - T0) / NS < 5.05 < (told[1].t0_ns - T0) / NS < 6.2


def test_a_level_is_known_soon_after_the_item_is_at_rest() -> None:
    told = levels(lambda t: 0.0 if t < 5 else 300.0, 8.0)
    first = next(level for level in told if level.number == 2)
    assert (first.t1_ns - T0) / NS < 5.0 + 1.0


def test_ringing_after_a_throw_is_no_level() -> None:
    def weight(t: float) -> float:
        after = t - 5.0
        return 0.0 if after < 0 else 500.0 + 900.0 * float(np.exp(-6.0 * after) * np.cos(40.0 * after))

    told = last_of_each(levels(weight, 10.0))
    assert [round(level.grams, -1) for level in told] == [0.0, 500.0]


def test_a_short_knock_leaves_the_level_as_it_was() -> None:
    told = last_of_each(levels(lambda t: 700.0 + (400.0 if 5.0 < t < 5.15 else 0.0), 10.0))
    assert [round(level.grams) for level in told] in ([700], [700, 700])


def test_rolling_is_averaged_longer_and_said_to_be_less_sure() -> None:
    told = levels(lambda t: 1000.0, 30.0, rolling=lambda t: t > 10.0)
    standing = [level for level in told if not level.rolling]
    rolling = [level for level in told if level.rolling]
    assert max(level.sigma_g for level in standing) < 1.5 < min(level.sigma_g for level in rolling)
    assert all(abs(level.grams - 1000.0) < 4 * level.sigma_g for level in rolling)


def test_a_slow_drift_is_followed_within_one_level() -> None:
    told = last_of_each(levels(lambda t: 2000.0 + 0.05 * t, 200.0))
    assert len(told) == 1
    assert told[0].grams == pytest.approx(2010.0, abs=2.0)


def test_a_gap_ends_the_level_and_the_next_begins_anew() -> None:
    told = last_of_each(levels(lambda t: 0.0 if t < 10 else 250.0, 15.0, lost=lambda t: 6.0 < t < 12.0))
    assert [round(level.grams) for level in told] == [0, 250]


def test_samples_that_are_old_or_no_number_count_for_nothing() -> None:
    scale = BasketScale()
    for k in range(40):
        scale.weigh(T0 + k * NS // HZ, 5.0)
        assert scale.weigh(T0 - NS, 900.0) == []
        assert scale.weigh(T0 + (k + 1) * NS, float("nan")) == []
    assert scale.settled

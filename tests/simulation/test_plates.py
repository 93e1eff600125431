"""Physics of the boards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.simulation.dynamics import PRESETS, Dynamics
from aisle.simulation.plates import HZ, Board, Gondola, spring
from aisle.simulation.stock import Spot
from aisle.simulation.world import Load, Press, Sway
from aisle.store.model import Shelf, Store

SHELF = Shelf(1, 1, (0.0, 0.0, 1.0), 0.0, 0.4, (0.0, 0.1, 0.2, 0.3, 0.4))
NARROW = Shelf(1, 3, (0.0, 0.0, 1.4), 0.0, 0.4, (0.0, 0.1, 0.2))
STORE = Store("test", "EUR", "UTC", {}, (SHELF, NARROW), ())
STILL = Dynamics(
    white_g=(1e-6, 0.0),
    flicker=0.0,
    drift_g_per_min=0.0,
    quantum_g=0.001,
    gain_error=0.0,
    zero_g=(0.0, 0.0),
    creep=(0.0, 0.0),
    leak=(0.0, 0.0),
    edge_error_m=0.0,
    edge_soft_m=(0.0005, 0.0005),
)


def board(dynamics: Dynamics = STILL, shelf: Shelf = SHELF) -> Board:
    return Board.drawn(shelf, 1.0, dynamics, np.random.default_rng(1))


def render(effects: list[Load | Press | Sway], dynamics: Dynamics = STILL, seconds: int = 8) -> np.ndarray:
    rng = np.random.default_rng(5)
    return Gondola.drawn(STORE, 1, dynamics, rng).render(seconds * HZ, (), effects, dynamics, rng)


@pytest.mark.parametrize(
    ("x_m", "slant", "shares"),
    [
        pytest.param(0.15, 0.0, (0, 1, 0, 0), id="within a plate"),
        pytest.param(0.20, 0.0, (0, 0.5, 0.5, 0), id="half on each"),
        pytest.param(0.20, 0.4, (0, 0.3, 0.7, 0), id="heavier on the right"),
        pytest.param(0.18, 0.0, (0, 0.75, 0.25, 0), id="a quarter over the edge"),
        pytest.param(-0.01, 0.0, (1, 0, 0, 0), id="over the board's end"),
    ],
)
def test_a_load_is_split_by_overlap(x_m: float, slant: float, shares: tuple[float, ...]) -> None:
    assert board().footprint(x_m, 0.08, slant) == pytest.approx(np.array(shares), abs=0.01)


@given(st.floats(-0.1, 0.5), st.floats(0.02, 0.4), st.floats(-0.5, 0.5), st.sampled_from(sorted(PRESETS)))
def test_a_load_stands_somewhere_whole(x_m: float, width_m: float, slant: float, preset: str) -> None:
    shares = board(PRESETS[preset]).footprint(x_m, width_m, slant)
    assert shares.sum() == pytest.approx(1.0, abs=1e-9)
    assert (shares >= -1e-12).all()


def test_one_cell_under_a_board_carries_everything() -> None:
    single = Shelf(1, 1, (0.0, 0.0, 1.0), 0.0, 0.4, (0.0, 0.4))
    assert board(PRESETS["soft-shelf"], single).gains(0.31, 0.08) == pytest.approx([1.0])


def test_neighbours_show_a_little_of_a_load() -> None:
    gains = board(Dynamics(edge_error_m=0.0, edge_soft_m=(0.0005, 0.0005))).gains(0.15, 0.06)
    assert gains[1] == pytest.approx(1.0, abs=0.05)
    assert ((gains[[0, 2]] > 0.001) & (gains[[0, 2]] < 0.05)).all()


def test_a_spring_overshoots_and_settles() -> None:
    y = spring(np.linspace(-1, 6, 700), 8.0, 0.08)
    assert (y[:100] == 0).all()
    assert y.max() > 1.3
    assert y[-1] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("effect", "grams"),
    [
        pytest.param(Load(Spot(1, 1, 0.2, 0.05), 0.08, 0.0, 2.0, 0.2, -500.0, 0.2, 1.0), -500.0, id="lifted"),
        pytest.param(Load(Spot(1, 3, 0.1, 0.05), 0.08, 0.0, 2.0, 0.1, 250.0, 0.4, 1.0), 250.0, id="put down"),
        pytest.param(Press(Spot(1, 1, 0.2, 0.05), 0.08, 2.0, 0.3, 200.0, 0.1, 0.3), 0.0, id="a brush leaves nothing"),
        pytest.param(Press(Spot(1, 1, 0.2, 0.05), 0.3, 2.0, 3.0, 3000.0, 0.1, 0.5), 0.0, id="nor does a lean"),
        pytest.param(Sway(1, 2.0, 2.0, 15.0), 0.0, id="nor does a tremble"),
    ],
)
def test_only_loads_stay(effect: Load | Press | Sway, grams: float) -> None:
    y = render([effect])
    assert np.nansum(y[:60].mean(axis=0)) == pytest.approx(0.0, abs=0.1)
    assert np.nansum(y[-60:].mean(axis=0)) == pytest.approx(grams, abs=0.5)
    assert np.nanmax(np.abs(y[100:300])) > 10.0


def test_missing_plates_say_nothing() -> None:
    y = render([])
    assert y.shape == (8 * HZ, 3, 4)
    assert np.isnan(y[:, 1]).all()
    assert np.isnan(y[:, 2, 2:]).all()
    assert not np.isnan(y[:, 0]).any()


@pytest.mark.parametrize(
    ("preset", "low", "high"),
    [
        pytest.param("calm", 0.2, 1.5, id="calm"),
        pytest.param("default", 0.4, 2.5, id="default"),
        pytest.param("noisy", 3.0, 15.0, id="noisy"),
    ],
)
def test_quiet_plates_are_as_noisy_as_their_preset_says(preset: str, low: float, high: float) -> None:
    quiet = np.nanmedian(render([], PRESETS[preset])[:, [0, 2]].std(axis=0))
    assert low < quiet < high

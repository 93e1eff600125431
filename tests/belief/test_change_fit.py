"""Closed forms against Gaussian densities written out in full."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from aisle.belief.change_fit import FLOOR_VAR, ChangeFit
from aisle.belief.footprint import Footprints, footprints
from aisle.store.model import Shelf
from aisle.store.shelving import even_edges
from belief.shop_kit import shares

EVEN = Shelf(1, 1, (0.0, 0.0, 1.0), 0.0, 0.4, even_edges(8, 0.1))
UNEVEN = Shelf(1, 1, (0.0, 0.0, 1.0), 0.3, 0.4, (0.05, 0.2, 0.32, 0.6, 0.65, 0.9))
ONE_CELL = Shelf(1, 1, (0.0, 0.0, 1.0), 0.0, 0.4, (0.0, 1.0))
SHELVES = pytest.mark.parametrize(
    "shelf",
    [pytest.param(EVEN, id="even plates"), pytest.param(UNEVEN, id="uneven plates"), pytest.param(ONE_CELL, id="one")],
)


def written_out(fit: ChangeFit, prints: Footprints, tile: int, weight: float, var: float, sign: int) -> float:
    """Mean: the tile's shares of the weight. Covariance: plates, leak, place and width within the tile, weight."""
    cols, w = fit.columns, abs(fit.sum_g)
    f = prints.share[tile, cols]
    g = w / np.sqrt(12.0) * prints.slope[tile, cols]
    h = w / np.sqrt(12.0) * prints.swell[tile, cols]
    cov = np.diag(fit.r + (w * prints.leak[tile, cols]) ** 2) + np.outer(g, g) + np.outer(h, h) + var * np.outer(f, f)
    return float(multivariate_normal(sign * weight * f, cov).logpdf(fit.d))


@SHELVES
@pytest.mark.parametrize("sign", [pytest.param(-1, id="taken"), pytest.param(1, id="put")])
def test_one_item_is_the_written_out_gaussian(shelf: Shelf, sign: int) -> None:
    rng = np.random.default_rng(7)
    prints = footprints(shelf)
    change = sign * 400.0 * shares(shelf, 0.4, 0.09) + rng.normal(0, 3, shelf.plate_count)
    fit = ChangeFit(prints, 0, change, rng.uniform(0.3, 9.0, shelf.plate_count))
    rows = np.flatnonzero(fit.row >= 0)[::17]
    for weight, var in ((400.0, 4.0), (391.0, 25.0), (405.0, 0.0)):
        got = fit.one(fit.row[rows], weight, var, sign)
        want = [written_out(fit, prints, int(t), weight, var, sign) for t in rows]
        assert np.asarray(got) == pytest.approx(np.asarray(want), rel=1e-6, abs=1e-5)


@given(seed=st.integers(0, 10_000), units=st.integers(1, 3))
@settings(max_examples=40)
def test_several_items_are_a_mixture_of_written_out_gaussians(seed: int, units: int) -> None:
    rng = np.random.default_rng(seed)
    prints = footprints(EVEN)
    fit = ChangeFit(prints, 0, rng.normal(-200, 100, 8), rng.uniform(0.5, 5, 8))
    mean, spread = rng.normal(-200, 100, (5, 8)), rng.uniform(0, 30, 8)
    directions = rng.normal(0, 40, (5, 2 * units, 8))
    weight = np.log(rng.dirichlet(np.ones(5)))
    want = np.logaddexp.reduce(
        [
            lw + multivariate_normal(m, np.diag(fit.r + spread) + u.T @ u).logpdf(fit.d)
            for lw, m, u in zip(weight, mean, directions, strict=True)
        ]
    )
    assert fit.several(mean.T, directions.transpose(1, 2, 0), weight, spread) == pytest.approx(want, rel=1e-7, abs=1e-6)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30)
def test_plain_densities(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d, v, mean = rng.normal(0, 20, 5), rng.uniform(0.5, 9, 5), rng.normal(0, 20, 5)
    a = rng.normal(0, 5, (5, 5))
    fit = ChangeFit.plain(d, v)
    full = multivariate_normal(mean, np.diag(v + FLOOR_VAR) + a @ a.T).logpdf(d)
    diagonal = multivariate_normal(mean, np.diag(v + FLOOR_VAR + 2.0)).logpdf(d)
    assert fit.gaussian(mean, a @ a.T) == pytest.approx(full, rel=1e-8, abs=1e-7)
    assert fit.diagonal(mean, 2.0) == pytest.approx(diagonal, rel=1e-8, abs=1e-7)


def test_best_tile_is_where_the_item_stood_and_says_its_weight() -> None:
    prints = footprints(EVEN)
    fit = ChangeFit(prints, 0, -523.0 * prints.share[300], np.full(8, 0.2))
    rows = np.arange(len(fit.weight))
    best = int(np.argmax(fit.one(rows, 523.0, 4.0, -1)))
    tile = int(np.flatnonzero(fit.row == best)[0])
    assert prints.x_m[tile] == pytest.approx(prints.x_m[300], abs=0.012)
    assert fit.weight[best] == pytest.approx(-523.0, abs=8.0)


def test_unknown_plates_are_left_out_not_taken_for_zero() -> None:
    prints = footprints(EVEN)
    change = -300.0 * shares(EVEN, 0.15, 0.08)
    gap = change.copy()
    gap[6] = np.nan
    fit = ChangeFit(prints, 0, gap, np.ones(8))
    assert fit.columns.tolist() == [0, 1, 2, 3, 4, 5, 7]
    assert np.isfinite(fit.one(np.arange(len(fit.base)), 300.0, 4.0, -1)).all()


@pytest.mark.parametrize(
    ("change", "less", "more"),
    [
        pytest.param(np.zeros(4), "slid", "nothing", id="still"),
        pytest.param(np.array([-90.0, 90.0, 0.0, 0.0]), "nothing", "slid", id="pushed along"),
    ],
)
def test_what_did_not_change_the_sum(change: np.ndarray, less: str, more: str) -> None:
    shelf = Shelf(1, 1, (0.0, 0.0, 1.0), 0.0, 0.4, even_edges(4, 0.1))
    fit = ChangeFit(footprints(shelf), 0, change, np.ones(4))
    assert getattr(fit, more)() > getattr(fit, less)()


def test_plates_beyond_are_charged_no_more_than_two_sigma() -> None:
    change, var = np.array([0.5, -300.0, -200.0, 1.0]), np.full(4, 9.0 - FLOOR_VAR)
    fit = ChangeFit(footprints(EVEN), 2, change, var)
    alone = [multivariate_normal(0.0, 9.0).logpdf(d) for d in (0.5, 6.0, 6.0, 1.0)]
    assert fit.beyond(3, 5) == pytest.approx(alone[0] + alone[3])
    assert fit.beyond(4, 8) == pytest.approx(alone[0] + alone[1])
    assert fit.beyond(0, 8) == 0.0

"""Pairings: probabilities against enumeration, and the best assignment where people compete."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.vision.tracking.association import IMPOSSIBLE, best, marginals

FloatArray = npt.NDArray[np.float64]


def enumerated(gain: FloatArray) -> FloatArray:
    """Exact marginals of one picture: every way to give people different detections, or none."""
    n, m = gain.shape
    out, total = np.zeros((n, m)), 0.0
    for choice in itertools.product(range(-1, m), repeat=n):
        taken = [j for j in choice if j >= 0]
        weight = float(len(set(taken)) == len(taken)) * np.exp(sum(gain[i, j] for i, j in enumerate(choice) if j >= 0))
        total += weight
        for i, j in enumerate(choice):
            out[i, max(j, 0)] += weight * (j >= 0)
    return out / total


ONE = np.zeros(3, np.intp)
TREES = {
    "one for one": np.array([[2.0]]),
    "two rivals for one": np.array([[3.0], [1.0]]),
    "one with three to choose from": np.array([[1.0, 2.0, -1.0]]),
    "a chain": np.array([[2.0, 1.0, IMPOSSIBLE], [IMPOSSIBLE, 2.0, 3.0]]),
}


@pytest.mark.parametrize("gain", TREES.values(), ids=TREES.keys())
def test_exact_on_trees(gain: FloatArray) -> None:
    assert marginals(gain, ONE[: gain.shape[1]], rounds=200, tolerance=1e-12) == pytest.approx(
        enumerated(gain), abs=1e-9
    )


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_close_everywhere(seed: int, n: int, m: int) -> None:
    gain = np.random.default_rng(seed).normal(1.0, 3.0, (n, m))
    found = marginals(gain, ONE[:m])
    assert found == pytest.approx(enumerated(gain), abs=0.12)
    assert (found.sum(axis=1) <= 1.0 + 1e-9).all()


def test_pictures_do_not_compete() -> None:
    gain = np.array([[4.0, 4.0], [4.0, 4.0]])
    apart = marginals(gain, np.array([0, 1]))
    assert apart == pytest.approx(np.hstack([enumerated(gain[:, :1]), enumerated(gain[:, 1:])]), abs=1e-6)


ASSIGNMENTS = {
    "nobody useful": ([[-1.0, -2.0]], [0, 0], []),
    "free": ([[3.0, -1.0], [-1.0, 2.0]], [0, 0], [(0, 0), (1, 1)]),
    "the better sum wins": ([[5.0, 4.0], [4.5, 1.0]], [0, 0], [(1, 0), (0, 1)]),
    "one person in two pictures": ([[5.0, 4.0]], [0, 1], [(0, 0), (0, 1)]),
    "one person twice in one picture": ([[5.0, 4.0]], [0, 0], [(0, 0)]),
    "a crowd in one, peace in the other": ([[5.0, 2.0, 1.0], [4.0, 3.0, -9.0]], [0, 0, 1], [(0, 0), (1, 1), (0, 2)]),
}


@pytest.mark.parametrize(("gain", "picture", "pairs"), ASSIGNMENTS.values(), ids=ASSIGNMENTS.keys())
def test_best(gain: list[list[float]], picture: list[int], pairs: list[tuple[int, int]]) -> None:
    who, which = best(np.array(gain), np.array(picture))
    assert list(zip(who.tolist(), which.tolist(), strict=True)) == pairs

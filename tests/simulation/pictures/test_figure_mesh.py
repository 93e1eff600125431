"""Surfaces of random people: whole, finite, and where a body is."""

import numpy as np
import pytest

from aisle.simulation.pictures.figure import build_figure
from aisle.simulation.pictures.figure_looks import Look, draw_look
from aisle.simulation.pictures.figure_skeleton import BONES

RNG = np.random.default_rng(77)
LOOKS = [draw_look(RNG, stature, 0.33 * stature) for stature in RNG.uniform(1.5, 1.93, 8)]
LOOKS += [
    Look(hair_style="beanie", jacket=(0.2, 0.2, 0.3), jacket_hem_m=0.55, bag="backpack", load="basket"),
    Look(female=1.0, build=-1.0, hair_style="bun", skirt_hem_m=0.4, bag="shoulder", load="tote"),
    Look(build=1.0, hair_style="thin", beard=True, trouser=0.5, sleeve=0.2, hood=True),
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda k: f"{k.hair_style}, {k.stature_m:.2f} m")
def test_a_surface_is_whole(look: Look) -> None:
    figure = build_figure(look, 0.3)
    for values in (figure.points_m, figure.normals, figure.colours, figure.weights):
        assert np.isfinite(values).all()
    n = len(figure.points_m)
    assert figure.weights.shape == (n, len(BONES))
    assert figure.weights.sum(axis=1) == pytest.approx(np.ones(n), abs=1e-5)
    assert figure.weights.min() >= 0
    assert np.linalg.norm(figure.normals, axis=1) == pytest.approx(np.ones(n), abs=1e-3)
    assert 0 <= figure.colours.min() <= figure.colours.max() <= 1
    assert 0 <= figure.triangles.min() <= figure.triangles.max() < n
    worn = figure.part != 4
    height = figure.points_m[worn, 2]
    assert -0.002 < height.min() < 0.01
    assert height.max() == pytest.approx(look.stature_m, abs=0.06)


@pytest.mark.parametrize("look", LOOKS[:4], ids=lambda k: k.hair_style)
def test_triangles_look_outwards(look: Look) -> None:
    figure = build_figure(look, 0.6)
    corner = figure.points_m[figure.triangles]
    across = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    along = (across * figure.normals[figure.triangles].mean(axis=1)).sum(axis=1)
    area = np.linalg.norm(across, axis=1)
    assert area[along > 0].sum() > 0.94 * area.sum()  # hems turn in on themselves


def test_more_detail_means_more_triangles() -> None:
    counts = [len(build_figure(Look(), detail).triangles) for detail in (0.3, 0.6, 0.9)]
    assert counts == sorted(counts)
    assert 2500 < counts[1] < 4500


def test_an_impossible_detail_is_refused() -> None:
    with pytest.raises(ValueError, match=r"detail of a figure is 0\.01; it should be between 0\.3 and 2"):
        build_figure(Look(), 0.01)

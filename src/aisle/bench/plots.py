"""Draws the two pictures of the receipts suite: the reliability diagram and the review curve, as PNG and SVG.

matplotlib is optional: without it everything but the pictures works.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aisle.bench.calibration import ReliabilityBin, ReviewCurve
from aisle.bench.intervals import wilson
from aisle.bench.receipts import REST_WANTED, SET_ASIDE, Report, percent
from aisle.bench.truth import BenchError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, GRID = "#1f2933", "#7b8794", "#e4e7eb"
FEW = 10  # bins of fewer claims are drawn pale
SHOWN = 20.0  # the review curve is drawn up to this share set aside, in per cent
BASKET, LINE, GOOD = "#0b6e69", "#d9822b", "#0b6e69"
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "aisle",  # same figures, same bytes
    "svg.fonttype": "path",
}


def draw(report: Report, out: Path) -> tuple[Path, ...]:
    """Write both pictures into `out`; BenchError when matplotlib is not installed."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BenchError("the pictures need matplotlib, which is not installed: pip install 'aisle[bench]'") from error
    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 6.4), layout="constrained")
        _reliability(figure, report)
        written += _save(figure, out / f"reliability-{report.on}")
        figure = Figure(figsize=(7.6, 4.8), layout="constrained")
        _review(figure, report)
        written += _save(figure, out / f"review-curve-{report.on}")
    return tuple(written)


def _save(figure: Figure, stem: Path) -> list[Path]:
    png, svg = stem.with_suffix(".png"), stem.with_suffix(".svg")
    figure.savefig(png, dpi=160, facecolor="white", metadata={"Software": "Aisle"})
    figure.savefig(svg, facecolor="white", metadata={"Date": None, "Creator": "Aisle"})
    return [png, svg]


def _subtitle(report: Report) -> str:
    return f"{report.about['setting']} · {report.about['recordings']:,} recordings"


def _title(axes: Axes, title: str, subtitle: str) -> None:
    axes.set_title(title, loc="left", fontsize=13, fontweight="bold", pad=24)
    axes.text(0, 1.02, subtitle, transform=axes.transAxes, fontsize=9, color=SOFT)


def _bins(axes: Axes, bins: Sequence[ReliabilityBin], colour: str, label: str) -> None:
    """Points of one reliability table, area by count, with Wilson's intervals; bins of a few claims are pale."""
    for b in bins:
        reach = wilson(round(b.right * b.count), b.count)
        strength = 1.0 if b.count >= FEW else 0.35
        axes.plot((b.claimed, b.claimed), (reach.low, reach.high), color=colour, linewidth=1.2, alpha=0.5 * strength)
        axes.scatter(
            b.claimed,
            b.right,
            s=24 + 12 * np.log1p(b.count),
            color=colour,
            alpha=strength,
            edgecolor="white",
            linewidth=0.8,
            zorder=3,
            clip_on=False,
        )
    axes.scatter([], [], s=60, color=colour, label=label)


def _reliability(figure: Figure, report: Report) -> None:
    from matplotlib.ticker import FuncFormatter

    axes, counts = figure.subplots(2, 1, height_ratios=(4, 1), sharex=True)
    axes.plot((0, 1), (0, 1), color=SOFT, linewidth=1, linestyle=(0, (4, 3)), zorder=1)
    axes.text(
        0.12,
        0.135,
        "as sure as right",
        rotation=45,
        transform_rotates_text=True,
        rotation_mode="anchor",
        color=SOFT,
        fontsize=8.5,
    )
    _bins(axes, report.line_bins, LINE, "lines")
    _bins(axes, report.basket_bins, BASKET, "whole baskets")
    axes.set(xlim=(0, 1), ylim=(0, 1.03), ylabel="share that was right")
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, loc="lower right")
    _title(axes, "Of what was called 90 % sure, is 90 % right?", _subtitle(report))
    width = report.basket_bins[0].high - report.basket_bins[0].low if report.basket_bins else 0.1
    for bins, colour, shift in ((report.basket_bins, BASKET, -0.2), (report.line_bins, LINE, 0.2)):
        middles = [(b.low + b.high) / 2 + shift * width for b in bins]
        counts.bar(middles, [b.count for b in bins], width=0.36 * width, color=colour)
    counts.set(xlabel="probability claimed", ylabel="how many", yscale="log", ylim=(0.7, None))
    counts.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    counts.grid(axis="y", color=GRID, linewidth=0.8)
    counts.set_axisbelow(True)


def _review(figure: Figure, report: Report) -> None:
    axes = figure.subplots()
    curve: ReviewCurve = report.curve
    shares, accuracy = curve.shares(), curve.accuracies()
    left = curve.visits - np.arange(curve.visits + 1)
    shown = left > 0
    bounds = [wilson(int(e), int(n)) for e, n in zip(curve.rest_exact[shown], left[shown], strict=True)]
    x = 100 * shares[shown]
    axes.fill_between(
        x, [100 * b.low for b in bounds], [100 * b.high for b in bounds], color=GOOD, alpha=0.13, linewidth=0
    )
    axes.step(x, 100 * accuracy[shown], where="post", color=GOOD, linewidth=2)
    exact, rest = curve.aside(SET_ASIDE)
    here = 100 * exact / rest if rest else 100.0
    axes.axhline(100 * REST_WANTED, color=SOFT, linewidth=1, linestyle=(0, (4, 3)))
    axes.text(
        SHOWN, 100 * REST_WANTED, f"{percent(REST_WANTED, 1)} ", color=SOFT, fontsize=8.5, ha="right", va="bottom"
    )
    axes.plot(100 * SET_ASIDE, here, "o", color=GOOD, markersize=8, markeredgecolor="white", zorder=4)
    floor = min(100 * accuracy[0], here, 98.5) - 0.35 * (100.0 - min(100 * accuracy[0], here, 98.5))
    axes.annotate(
        f"{percent(SET_ASIDE)} set aside:\n{exact:,} of {rest:,} exact ({percent(here / 100, 2)})",
        (100 * SET_ASIDE, here),
        xytext=(0.36, 0.14),
        textcoords="axes fraction",
        fontsize=9.5,
        bbox={"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": "none"},
        arrowprops={"arrowstyle": "-", "color": SOFT, "linewidth": 0.8, "shrinkB": 6},
    )
    axes.set(
        xlim=(0, SHOWN),
        xticks=range(0, int(SHOWN) + 1, 5),
        ylim=(floor, 100.0 + 0.03 * (100.0 - floor)),
        xlabel="least sure visits set aside for a person (%)",
        ylabel="exact receipts among the rest (%)",
    )
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    _title(axes, "What a person's look at the least sure visits buys", f"{_subtitle(report)} · band: 95 %")

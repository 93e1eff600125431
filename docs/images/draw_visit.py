"""Draws the picture of the README: one simulated visit, as the load cells felt it and as Aisle understood it.

    python docs/images/draw_visit.py            # writes visit.png beside this file; needs matplotlib

Everything in it comes out of a recording: the samples of the plates, the weight changes found in them, their
explanations with their odds, and the receipt.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from aisle.sensing.readings import PlateReading
from aisle.sensing.recordings import open_recording
from aisle.simulation.command import write
from aisle.simulation.shop import simulate_afternoon
from aisle.store.example import example_store
from aisle.store.model import Store
from aisle.walkout.outcome import Event, Outcome, Receipt
from aisle.walkout.replay import replay

INK, SOFT, PALE, SURE, DOUBT = "#1f2933", "#7b8794", "#e4e7eb", "#0b6e69", "#d9822b"
SIDE_S = 5.0  # shown before the visit's first change and after its last
SETTLE_S = 1.5  # a change is drawn this wide
SOUGHT_S = 8.0  # a change is known when its shelf has settled, at most this long after the step
LONG_ID = re.compile(r"\d{7,}")  # a track id: its ending is enough for a picture
STYLE: dict[Any, Any] = {"font.family": "DejaVu Sans", "font.size": 10, "text.color": INK}


@dataclass(frozen=True, slots=True)
class Felt:
    """What the plates behind one change felt: seconds since the recording began, and the sum of their grams."""

    change: Event
    t_s: npt.NDArray[np.float64]
    grams: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Told:
    """How Aisle explains one change, from the point of view of one shopper; `probability` in 0..1."""

    text: str
    probability: float


def felt(path: Path, changes: Sequence[Event]) -> tuple[Felt, ...]:
    """The samples of the plates behind each change, over the whole recording."""
    recording = open_recording(path)
    plates = [reading for reading in recording.readings() if isinstance(reading, PlateReading)]
    begin = min(reading.t_ns for reading in plates)
    rows = []
    for change in changes:
        own = [reading for reading in plates if reading.gondola == change.gondola]
        columns = [plate - 1 for plate in change.plates]
        rows.append(
            Felt(
                change,
                np.concatenate([(r.t_ns - begin) / 1e9 + np.arange(len(r.grams)) / r.hz for r in own]),
                np.concatenate([r.grams[:, change.shelf - 1, columns].astype(np.float64).sum(axis=1) for r in own]),
            )
        )
    return tuple(rows)


def told(event: Event, shopper: str, store: Store) -> Told:
    """What the shopper most probably did in this event."""
    odds: dict[str, float] = {}
    for explanation in event.explanations:
        said = []
        for act in explanation["acts"]:
            if act["who"] == shopper:
                name = store.products[act["gtin"]].name if act["gtin"] in store.products else "something unknown"
                home = act["how"] in ("facing", "home", "stray")
                verb = "takes" if act["sign"] < 0 else "puts back" if home else "leaves in the wrong place:"
                said.append(f"{verb} {act['quantity']} × {name}")
        text = " and ".join(said)
        odds[text] = odds.get(text, 0.0) + explanation["probability"]
    best = max((text for text in odds if text), key=odds.__getitem__, default="")
    return Told(best, odds[best]) if best else Told("", 0.0)


def percent(probability: float) -> str:
    """A probability as people read it."""
    return "> 99.9 %" if probability > 0.999 else f"{100 * probability:.1f} %"


def colour(probability: float) -> str:
    """Green for what may be charged unseen, orange for what somebody should look at."""
    return SURE if probability >= 0.95 else DOUBT


def step_at(row: Felt, settled_s: float) -> float:
    """When the weight moved most, in the seconds before it was seen to have settled."""
    hz = round(1.0 / float(np.median(np.diff(row.t_s))))
    near = np.flatnonzero((row.t_s > settled_s - SOUGHT_S) & (row.t_s <= settled_s))
    half = hz // 2
    total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(row.grams))])
    near = near[(near >= half) & (near < len(row.grams) - half)]
    moved = np.abs(total[near + half] - 2 * total[near] + total[near - half])
    return float(row.t_s[near[int(np.argmax(moved))]])


def draw_change(axes: Axes, row: Felt, what: Told, span: tuple[float, float], begin_ns: int) -> None:
    """The weight on the plates of one change over the visit, and what it was."""
    event, shade = row.change, colour(what.probability)
    seen = (row.t_s >= span[0]) & (row.t_s <= span[1])
    low, high = (float(np.percentile(row.grams[seen], share)) for share in (0.5, 99.5))
    middle, reach = (low + high) / 2, max(high - low, 60.0)
    axes.plot(row.t_s[seen], row.grams[seen], color=SOFT, linewidth=0.8)
    axes.set_ylim(middle - 0.8 * reach, middle + 0.8 * reach)
    axes.set_xlim(*span)
    at = step_at(row, (event.t_ns - begin_ns) / 1e9) + SETTLE_S / 2
    axes.axvspan(at - SETTLE_S, at, color=shade, alpha=0.16, linewidth=0)
    before = at > (span[0] + span[1]) / 2  # the words stand where there is room beside the step
    below = before == (event.grams < 0)
    axes.text(
        at - SETTLE_S - 0.7 if before else at + 0.7,
        middle + (-0.16 if below else 0.16) * reach,
        f"{what.text}\n{event.grams:+.0f} ± {event.sigma_g:.0f} g, {percent(what.probability)} sure".replace(
            "\n-", "\n−"
        ),
        ha="right" if before else "left",
        va="center",
        fontsize=9,
        color=shade,
        path_effects=[withStroke(linewidth=3, foreground="white")],
    )
    plates = f"plate {event.plates[0]}" if len(event.plates) == 1 else f"plates {event.plates[0]}–{event.plates[-1]}"
    name = f"gondola {event.gondola}, shelf {event.shelf}\n{plates}"
    axes.set_ylabel(name, rotation=0, ha="right", va="center", color=INK, fontsize=9)
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0, labelbottom=False)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.axhline(axes.get_ylim()[0], color=PALE, linewidth=1.5)


def draw_receipt(axes: Axes, receipt: Receipt) -> None:
    """The receipt with its odds, and the question whose answer would help most."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.text(0, 0.985, "The receipt", fontsize=14, fontweight="bold", va="top")
    y, step = 0.90, 0.068
    for line in receipt.lines:
        axes.text(0, y, f"{line.quantity} × {line.name}", va="center")
        axes.text(1, y, percent(line.probability), va="center", ha="right", color=colour(line.probability))
        axes.plot([0, 1], [y - 0.027] * 2, color=PALE, linewidth=3, solid_capstyle="butt")
        axes.plot([0, line.probability], [y - 0.027] * 2, color=colour(line.probability), linewidth=3,
                  solid_capstyle="butt")  # fmt: skip
        y -= step
    y -= 0.015
    axes.text(0, y, "The whole basket", va="center", fontweight="bold")
    axes.text(1, y, percent(receipt.probability), va="center", ha="right", fontweight="bold",
              color=colour(receipt.probability))  # fmt: skip
    if receipt.question is not None:
        y -= 0.09
        axes.text(0, y, "To be asked of a person", fontsize=12, fontweight="bold", va="center")
        y -= 0.055
        for row in wrapped(str(receipt.question["text"]).replace(" -", " −"), 42):
            axes.text(0, y, row, va="center", fontsize=9.5)
            y -= 0.042
        for option in receipt.question["options"][:4]:
            said = LONG_ID.sub(lambda found: f"…{found.group()[-3:]}", str(option["text"]))
            axes.text(0.03, y, said.removeprefix("shopper "), va="center", fontsize=9.5, color=SOFT)
            axes.text(1, y, percent(option["probability"]), va="center", ha="right", fontsize=9.5, color=SOFT)
            y -= 0.042


def wrapped(text: str, width: int) -> list[str]:
    """Rows of at most `width` characters, broken between words."""
    rows = [""]
    for word in text.split():
        rows = [*rows[:-1], f"{rows[-1]} {word}".strip()] if len(rows[-1]) + len(word) < width else [*rows, word]
    return rows


def draw(outcome: Outcome, receipt: Receipt, path: Path, store: Store) -> Figure:
    """The whole picture."""
    begin_ns = outcome.t0_ns or 0
    mine = tuple(e for e in outcome.events if told(e, receipt.shopper, store).probability >= 0.05)
    times = [(e.t_ns - begin_ns) / 1e9 for e in mine]
    span = (min(times) - SIDE_S, max(times) + SIDE_S)
    figure = Figure(figsize=(13, 7.6), dpi=110, facecolor="white")
    grid = figure.add_gridspec(len(mine), 2, width_ratios=(2.5, 1), left=0.11, right=0.975, top=0.87, bottom=0.085,
                               wspace=0.09, hspace=0.06)  # fmt: skip
    for number, row in enumerate(felt(path, mine)):
        axes = figure.add_subplot(grid[number, 0])
        draw_change(axes, row, told(row.change, receipt.shopper, store), span, begin_ns)
    axes.tick_params(axis="x", length=3, labelbottom=True, color=SOFT, labelcolor=SOFT)
    axes.set_xlabel("seconds since the recording began", color=SOFT)
    draw_receipt(figure.add_subplot(grid[:, 1]), receipt)
    figure.text(0.02, 0.955, "One visit: what the shelves felt, and what Aisle makes of it", fontsize=17,
                fontweight="bold", va="center")  # fmt: skip
    figure.text(0.02, 0.908, "Weight on the plates concerned while others shop beside. A simulated shop; "
                "nobody scanned anything.", color=SOFT, va="center")  # fmt: skip
    return figure


def main() -> None:
    """Simulate, replay, draw."""
    parser = argparse.ArgumentParser(description="Draw one simulated visit.")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--shopper", default="841", help="the ending of a track id")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("visit.png"))
    asked = parser.parse_args()
    store = example_store()
    with tempfile.TemporaryDirectory() as folder:
        simulated = simulate_afternoon(store, seed=asked.seed, minutes=asked.minutes)
        path = write(simulated, Path(folder) / "visit", Path(folder) / "visit-truth")
        outcome = replay(path)
        found = [r for r in outcome.receipts if r.shopper.endswith(asked.shopper)]
        if len(found) != 1:
            raise SystemExit(f"--shopper: found {asked.shopper!r}, the ending of {len(found)} shoppers; must be of one")
        with matplotlib.rc_context(STYLE):
            draw(outcome, found[0], path, store).savefig(
                asked.out, metadata={"Software": "aisle"}, pil_kwargs={"optimize": True}
            )


if __name__ == "__main__":
    main()

"""Where an item can stand on a shelf and what the load cells then say.

An item `w` wide centred at `x` spreads its weight over the plates below it in
proportion to overlap, and leans a little on the plates beside (measured on a
real store: 1.7 % and 1.0 % of the weight).  The shelf is tiled into cells of
one centimetre times a few widths; inside a cell the shares are linear in x, so
a cell is a Gaussian with a known slope and no finer grid is needed, however
heavy the item.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from aisle.store.model import Facing, Shelf

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CELL_M = 0.01  # tile length along the shelf
WIDTHS_M = (0.058, 0.073, 0.092, 0.116, 0.146, 0.184, 0.232)  # footprints tried when nobody measured the product
WIDTH_RATIO = 1.26  # step between them: inside it shares are taken as linear in the logarithm of the width
LEAK_SHARE = 0.013  # of the weight, on either neighbour of the footprint
LEAK_SIGMA = 0.008
WIDER = 0.25  # a known width: the footprint's log ratio to it falls off with this ...
NARROWER = 0.10  # ... and this
STRAY_M = 0.10  # how far outside its facing an item may have been pushed
STRAY_SHARE = 0.04  # how often


@dataclass(frozen=True)
class Footprints:
    """All tiles of one shelf: (tiles, plates) arrays."""

    x_m: FloatArray  # (tiles,) centre
    width_m: FloatArray  # (tiles,)
    share: FloatArray  # (tiles, plates) part of the weight each plate carries, leak included
    slope: FloatArray  # (tiles, plates) change of share across the tile
    swell: FloatArray  # (tiles, plates) change of share from a little narrower to a little wider
    leak: FloatArray  # (tiles, plates) standard deviation of the leaked share
    bin: IntArray  # (tiles,) index of the tile's place in `bins_m`
    bins_m: FloatArray  # (bins,) coarse places along the shelf, for reach

    @cached_property
    def everywhere(self) -> Places:
        """Anywhere on the shelf."""
        n = len(self.x_m)
        return Places(np.arange(n), np.full(n, -np.log(n)))


@dataclass(frozen=True, eq=False)
class Places:
    """Some tiles of a shelf and the log probability of each (sums to one)."""

    tiles: IntArray
    log_prior: FloatArray


def footprints(shelf: Shelf) -> Footprints:
    """Tile a shelf."""
    edges = np.asarray(shelf.plate_edges_m) - shelf.plate_edges_m[0]
    length = float(edges[-1])
    widths = [w for w in WIDTHS_M if w < length] or [length * 0.9]
    if shelf.plate_count == 1:  # one load cell cannot tell widths apart
        widths = widths[:1]
    xs, ws = [], []
    for width in widths:
        at = np.arange(width / 2 + CELL_M / 2, length - width / 2, CELL_M)
        if not len(at):
            at = np.array([length / 2])
        xs.append(at)
        ws.append(np.full(len(at), width))
    x: FloatArray = np.concatenate(xs)
    w: FloatArray = np.concatenate(ws)
    low, high = _shares(edges, x - CELL_M / 2, w), _shares(edges, x + CELL_M / 2, w)
    middle = _shares(edges, x, w)
    swell = _shares(edges, x, w * WIDTH_RATIO**0.5) - _shares(edges, x, w / WIDTH_RATIO**0.5)
    beside = _beside(middle)
    spacing = 0.05
    bins = np.arange(spacing / 2, max(length, spacing), spacing)
    return Footprints(
        x_m=x + shelf.plate_edges_m[0],
        width_m=w,
        share=middle + LEAK_SHARE * beside,
        slope=high - low,
        swell=swell,
        leak=LEAK_SIGMA * beside + 0.006 * (middle > 0),
        bin=np.clip((x / spacing).astype(np.int64), 0, len(bins) - 1),
        bins_m=bins + shelf.plate_edges_m[0],
    )


def facing_places(prints: Footprints, facing: Facing, width_m: float | None) -> Places:
    """Where items of a facing stand: inside it, rarely pushed a little outside.

    With a known width footprints may still be wider (a soft board spreads the
    load) and, hardly, narrower; with none any width that fits is as likely as the next.
    """
    x, w = prints.x_m, prints.width_m
    centre = (facing.x0_m + facing.x1_m) / 2
    widths = np.unique(w)
    if width_m is not None:
        ratio = np.log(widths / width_m)
        odds = np.exp(-np.where(ratio > 0, ratio / WIDER, -ratio / NARROWER))
        half = np.full(len(x), width_m / 2)
    else:
        odds = (widths <= max(facing.x1_m - facing.x0_m + 0.012, widths[0])).astype(np.float64)
        half = w / 2
    fits = odds[np.searchsorted(widths, w)] > 0.01
    inside = fits & (x >= facing.x0_m + half - 0.008) & (x <= facing.x1_m - half + 0.008)
    if not inside.any():
        inside = fits & (np.abs(x - centre) <= CELL_M)
    if not inside.any():
        inside = np.abs(x - centre) <= np.min(np.abs(x - centre)) + 1e-9
    stray = fits & ~inside & (x >= facing.x0_m - STRAY_M) & (x <= facing.x1_m + STRAY_M)
    prior = np.zeros(len(x))
    for width, chance in zip(widths, odds, strict=True):
        mine = inside & (w == width)
        if mine.any():
            prior[mine] = max(chance, 1e-6) / mine.sum()
    prior[inside] *= (1.0 - STRAY_SHARE) / prior[inside].sum()
    if stray.any():
        prior[stray] = STRAY_SHARE / stray.sum()
    tiles = np.flatnonzero(prior)
    return Places(tiles, np.log(prior[tiles] / prior[tiles].sum()))


def _shares(edges: FloatArray, x: FloatArray, w: FloatArray) -> FloatArray:
    lo, hi = (x - w / 2)[:, None], (x + w / 2)[:, None]
    over = np.clip(np.minimum(hi, edges[None, 1:]) - np.maximum(lo, edges[None, :-1]), 0.0, None)
    total = over.sum(axis=1, keepdims=True)
    shares: FloatArray = over / np.where(total > 0, total, 1.0)
    return shares


def _beside(share: FloatArray) -> FloatArray:
    """1 on the plates next to the footprint, else 0."""
    on = share > 1e-6
    out = np.zeros_like(share)
    out[:, 1:] += on[:, :-1] & ~on[:, 1:]
    out[:, :-1] += on[:, 1:] & ~on[:, :-1]
    return np.minimum(out, 1.0)


COLUMN_M = 0.03  # several units at once are placed on columns at least this far apart
MOST_WAYS = 120  # for each width


@dataclass(frozen=True)
class Columns:
    """Coarse places for several items at once: one row of `share` per column, `slope` is its change across a column."""

    share: FloatArray  # (columns, plates)
    slope: FloatArray  # (columns, plates)


def columns(prints: Footprints, places: Places, units: int, few: bool = True) -> list[Columns]:
    """The places of a facing gathered into columns, one set for each width that may be.

    With `few` only for the narrowest, the middle and the widest of them, else for every third.
    The more units, the fewer columns: ways to spread them stay below `MOST_WAYS`.
    What a coarse column leaves open is told by its slope.
    """
    most = next(n for n in range(12, 0, -1) if n == 1 or math.comb(n + units - 1, units) <= MOST_WAYS)
    out = []
    firm = places.tiles[places.log_prior > places.log_prior.max() - 4.0]
    widths = np.unique(prints.width_m[firm]).tolist()
    if not few:
        widths = widths[::3]
    elif len(widths) > 3:
        widths = [widths[0], widths[len(widths) // 2], widths[-1]]
    for width in widths:
        tiles = firm[prints.width_m[firm] == width]
        step = max(1, round(COLUMN_M / CELL_M), math.ceil(len(tiles) / most))
        starts = np.arange(0, len(tiles), step)
        sizes = np.minimum(step, len(tiles) - starts)
        share = np.add.reduceat(prints.share[tiles], starts, axis=0) / sizes[:, None]
        out.append(Columns(share, np.add.reduceat(prints.slope[tiles], starts, axis=0)))
    return out


@dataclass(frozen=True)
class Arrangements:
    """Ways for some units of one product to stand."""

    share: FloatArray  # (plates, ways) summed over the units
    slope: FloatArray  # (units, plates, ways)
    log_weight: FloatArray  # (ways,) sums to one
    touched: npt.NDArray[np.bool_]  # (plates,) any way touches the plate


def arrangements(sets: list[Columns], units: int) -> Arrangements:
    """Every way to spread units over columns, for each width that may be."""
    shares, slopes, weights = [], [], []
    for c in sets:
        at = _ways(len(c.share), units)
        shares.append(c.share[at].sum(axis=1))
        slopes.append(c.slope[at])
        weights.append(np.full(len(at), -np.log(len(at) * len(sets))))
    share = np.concatenate(shares).T.copy()
    slope = np.concatenate(slopes).transpose(1, 2, 0).copy()
    return Arrangements(share, slope, np.concatenate(weights), share.max(axis=1) > 0.005)


@lru_cache(maxsize=128)
def _ways(columns: int, units: int) -> IntArray:
    """(ways, units) columns on which the units may stand; their order tells nothing."""
    return np.array(list(itertools.combinations_with_replacement(range(columns), units)), np.int64)

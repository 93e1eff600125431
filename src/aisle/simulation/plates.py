"""Physics of the boards: from what people did to what the load cells say.

A gondola is rendered as one array (samples, shelves, plates): the goods that
stand there, every load and press spread over the plates it touches, the
trembling of the whole gondola, and the cells' own noise, drift, gain and steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from aisle.simulation.dynamics import Dynamics
from aisle.simulation.stock import Item, Spot
from aisle.simulation.world import Effect, Load, Press, Sway
from aisle.store.model import FloatArray, Shelf, Store

HZ = 60
Signal = npt.NDArray[np.float32]
SWAY_LIMIT_G = 90.0
SETTLED_S = 4.0
"""After this long a step only creeps."""


@dataclass(frozen=True, slots=True)
class Board:
    """One shelf as it really is.

    `edges_m` (n+1): true borders of its plates, open at both ends; `soft_m`: how blurred they are.
    `leak` (n, n): what each plate (row) shows of a gram on another (column).
    `ring_hz`, `damping`: the board's own swing; `creep`, `creep_s`: the slow part of its cells' answer.
    `lively` (n): how much each plate trembles with the gondola; `unrest`: its quiet noise against the usual.
    """

    shelf: Shelf
    edges_m: FloatArray
    soft_m: float
    leak: FloatArray
    ring_hz: float
    damping: float
    creep: float
    creep_s: float
    lively: FloatArray
    unrest: float

    @classmethod
    def drawn(cls, shelf: Shelf, height: float, dynamics: Dynamics, rng: np.random.Generator) -> Board:
        """`height` is the board's share of the gondola's height, 0..1: upper boards sway most."""
        d, n = dynamics, shelf.plate_count
        edges = np.asarray(shelf.plate_edges_m, dtype=np.float64) + rng.normal(0, d.edge_error_m, n + 1)
        edges = np.sort(edges)
        edges[0], edges[-1] = -np.inf, np.inf
        leak = np.eye(n)
        for i in range(n):
            out = 0.0
            for j in (i - 1, i + 1):
                if 0 <= j < n:
                    share = float(d.leak[0] * math.exp(rng.normal(0, d.leak[1])))
                    leak[j, i] = share
                    out += share
                    k = j + (j - i)
                    if 0 <= k < n:
                        leak[k, i] = 0.2 * share
            leak[i, i] -= out * float(rng.uniform(*d.leak_taken))
        lively = np.exp(rng.normal(0, 0.5, n)) * (0.08 + 0.92 * height**1.5)
        return cls(
            shelf=shelf,
            edges_m=edges,
            soft_m=float(rng.uniform(*d.edge_soft_m)),
            leak=leak,
            ring_hz=float(rng.uniform(*d.ring_hz)),
            damping=float(rng.uniform(*d.ring_damping)),
            creep=float(rng.uniform(*d.creep)),
            creep_s=float(rng.uniform(*d.creep_s)),
            lively=lively,
            unrest=0.6 + 1.2 * height**2,
        )

    def footprint(self, x_m: float, width_m: float, slant: float = 0.0) -> FloatArray:
        """Share of a load on each plate (n,), summing to 1, for something `width_m` wide centred at `x_m`.

        Each half of the footprint carries a uniform load, `slant` of it moved from the left half to the right;
        borders are blurred by `soft_m` (logistic).
        """
        shares = np.zeros(self.shelf.plate_count)
        for a, b, part in ((x_m - width_m / 2, x_m, 0.5 - slant / 2), (x_m, x_m + width_m / 2, 0.5 + slant / 2)):
            shares += part * np.diff(_soft_cdf(self.edges_m, a, b, self.soft_m))
        return shares

    def gains(self, x_m: float, width_m: float, slant: float = 0.0) -> FloatArray:
        """What each plate shows (n,) of one gram standing there, leakage included."""
        return np.asarray(self.leak @ self.footprint(x_m, width_m, slant))


def _soft_cdf(x: FloatArray, a: float, b: float, soft: float) -> FloatArray:
    """Distribution function of a uniform load on [a, b] whose ends are blurred over `soft`."""
    near = np.clip(x, a - 40 * soft, b + 40 * soft)
    ramps = np.logaddexp(0.0, (near - a) / soft) - np.logaddexp(0.0, (near - b) / soft)
    return np.clip(soft * ramps / (b - a), 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Gondola:
    """The boards of one gondola, by shelf number."""

    number: int
    boards: dict[int, Board]

    @classmethod
    def drawn(cls, store: Store, number: int, dynamics: Dynamics, rng: np.random.Generator) -> Gondola:
        shelves = sorted((s for s in store.shelves if s.gondola == number), key=lambda s: s.shelf)
        top = max(s.origin_m[2] for s in shelves) or 1.0
        return cls(number, {s.shelf: Board.drawn(s, s.origin_m[2] / top, dynamics, rng) for s in shelves})

    @property
    def shape(self) -> tuple[int, int]:
        """(shelves, plates) of its readings."""
        return max(self.boards), max(b.shelf.plate_count for b in self.boards.values())

    def render(
        self,
        samples: int,
        start: tuple[tuple[Item, Spot], ...],
        effects: list[Effect],
        dynamics: Dynamics,
        rng: np.random.Generator,
    ) -> Signal:
        """Grams as its cells report them: (samples, shelves, plates), NaN where there is no plate."""
        shelves, plates = self.shape
        out = np.full((samples, shelves, plates), np.nan, dtype=np.float32)
        for number, board in self.boards.items():
            k = board.shelf.plate_count
            out[:, number - 1, :k] = _cells(samples, k, board.unrest, dynamics, rng)
        for item, spot in start:
            if spot.gondola == self.number:
                board = self.boards[spot.shelf]
                g = item.grams * board.gains(spot.x_m, item.width_m, item.slant)
                out[:, spot.shelf - 1, : len(g)] += g.astype(np.float32)
        for effect in effects:
            if isinstance(effect, Load):
                self._load(out, effect)
            elif isinstance(effect, Press):
                self._press(out, effect, rng)
            else:
                self._sway(out, effect, dynamics, rng)
        gain = 1.0 + rng.normal(0, dynamics.gain_error, (shelves, plates))
        out *= gain.astype(np.float32)
        q = np.float32(dynamics.quantum_g)
        return np.asarray(np.round(out / q) * q, dtype=np.float32)

    def _load(self, out: Signal, load: Load) -> None:
        board = self.boards[load.spot.shelf]
        i0 = max(0, math.ceil(load.t * HZ))
        if i0 >= len(out):
            return
        tau = np.arange(i0, len(out)) / HZ - load.t
        i1 = min(len(tau), math.ceil((load.rise_s + SETTLED_S) * HZ))
        course = np.ones(len(tau))
        u = np.clip(tau[:i1] / load.rise_s, 0.0, 1.0) ** load.course
        course[:i1] = (1 - load.ring_share) * u * u * (3 - 2 * u) + load.ring_share * spring(
            tau[:i1] - 0.3 * load.rise_s, board.ring_hz, board.damping
        )
        course += board.creep * (1.0 - np.exp(-tau / board.creep_s))
        self._add(out, load.spot.shelf, i0, load.grams * course, board.gains(load.spot.x_m, load.width_m, load.slant))

    def _press(self, out: Signal, press: Press, rng: np.random.Generator) -> None:
        board = self.boards[press.spot.shelf]
        i0, i1 = max(0, math.ceil(press.t * HZ)), min(len(out), math.ceil((press.t + press.lasts_s) * HZ))
        if i1 <= i0:
            return
        tau = np.arange(i0, i1) / HZ - press.t
        if press.lasts_s > 1.0:  # a resting hand: on, unsteady, off
            edge = min(0.4, press.lasts_s / 5)
            body = np.clip(tau / edge, 0, 1) * np.clip((press.lasts_s - tau) / edge, 0, 1)
            slow = np.interp(tau, np.linspace(0, press.lasts_s, 8), rng.normal(0, 1.0, 8))
            shiver = np.sin(2 * np.pi * rng.uniform(1.0, 5.0) * tau + rng.uniform(0, 6.3))
            course = body * (1 + press.waver * (slow + 0.5 * shiver))
        else:  # a brush: leans to the side of its peak
            v = np.interp(tau / press.lasts_s, [0.0, press.peak, 1.0], [0.0, 0.5, 1.0])
            course = np.sin(np.pi * v) ** 1.5
        self._add(out, press.spot.shelf, i0, press.grams * course, board.gains(press.spot.x_m, press.width_m))

    def _sway(self, out: Signal, sway: Sway, dynamics: Dynamics, rng: np.random.Generator) -> None:
        i0, i1 = max(0, math.ceil(sway.t * HZ)), min(len(out), math.ceil((sway.t + sway.lasts_s) * HZ))
        n = i1 - i0
        if sway.gondola != self.number or n < 8:
            return
        shelves, plates = self.shape
        envelope = np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 0.6
        swell = np.interp(np.arange(n), np.linspace(0, n, 6), rng.normal(0, 0.5, 6))
        envelope = (envelope * np.exp(swell))[:, None, None]
        # Each board swings as a whole and each plate on its own, in two narrow bands.
        own, whole = rng.normal(size=(n + 60, shelves, plates)), rng.normal(size=(n + 60, shelves, 1))
        trembling = np.zeros((n, shelves, plates))
        for hz in rng.uniform(*dynamics.sway_hz, 2):
            r = math.exp(-math.pi * 2.5 / HZ)  # bandwidth about 2.5 Hz
            poles = [1.0, -2 * r * math.cos(2 * math.pi * hz / HZ), r * r]
            band = lfilter([1.0], poles, own + 0.7 * whole, axis=0)[60:]
            trembling += band / max(float(band.std()), 1e-9)
        trembling *= sway.rms_g / math.sqrt(2.0) * envelope
        for number, board in self.boards.items():
            k = board.shelf.plate_count
            part = np.clip(trembling[:, number - 1, :k] * board.lively, -SWAY_LIMIT_G, SWAY_LIMIT_G)
            out[i0:i1, number - 1, :k] += part.astype(np.float32)

    def _add(self, out: Signal, shelf: int, i0: int, course: FloatArray, gains: FloatArray) -> None:
        for plate in np.flatnonzero(np.abs(gains) > 1e-5):
            out[i0 : i0 + len(course), shelf - 1, plate] += (course * gains[plate]).astype(np.float32)


def spring(tau_s: FloatArray, hz: float, damping: float) -> FloatArray:
    """Answer of a damped spring-mass system to a unit step at 0 (0 before it): overshoots, rings, settles at 1."""
    t = np.maximum(tau_s, 0.0)
    wn = 2 * math.pi * hz
    wd = wn * math.sqrt(1 - damping**2)
    swing = np.cos(wd * t) + damping / math.sqrt(1 - damping**2) * np.sin(wd * t)
    return np.asarray(1.0 - np.exp(-damping * wn * t) * swing)


def _cells(samples: int, plates: int, unrest: float, dynamics: Dynamics, rng: np.random.Generator) -> Signal:
    """What unloaded cells say: zero offset, drift, white and 1/f noise; (samples, plates)."""
    d = dynamics
    white = unrest * d.white_g[0] * np.exp(rng.normal(0, d.white_g[1], plates))
    if plates == 1:
        white = white * d.one_cell_factor
    out: Signal = rng.standard_normal((samples, plates), dtype=np.float32) * white.astype(np.float32)
    # 1/f as a sum of relaxations an octave and a half apart (Milotti 2002), on a coarse grid.
    grid = max(3, math.ceil(samples / 12) + 2)
    slow = np.zeros((grid, plates))
    for tau_s in (0.7, 2.0, 6.0, 17.0, 50.0):
        a = math.exp(-0.2 / tau_s)
        shocks = rng.normal(0, math.sqrt(1 - a * a), (grid, plates))
        shocks[0] /= math.sqrt(1 - a * a)
        slow += lfilter([1.0], [1.0, -a], shocks, axis=0)
    slow *= d.flicker * white / math.sqrt(5)
    slow += np.outer(np.arange(grid) * 0.2 / 60.0, rng.normal(0, d.drift_g_per_min, plates))
    slow += rng.uniform(*d.zero_g, plates)
    at = np.arange(samples) / 12
    i = at.astype(np.intp)
    u = (at - i).astype(np.float32)[:, None]
    coarse = slow.astype(np.float32)
    out += coarse[i] * (1 - u) + coarse[i + 1] * u
    return out

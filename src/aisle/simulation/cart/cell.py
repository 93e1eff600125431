"""Physics of the basket's load cell: from what lies, falls and leans on it to the samples the cart gets.

A whole trip is made at once.  The force is what rests in the basket (steps), what hands and falls add for a moment
(bursts), and what rolling shakes into it; on top come the cell's own faults: creep, gain, off-centre error, drift with
time and temperature, white noise, quantisation, saturation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

Float64 = npt.NDArray[np.float64]
HZ = 20.0
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class CellModel:
    """One cart's load cell.

    `noise_g` white noise at rest; `drift_g` random walk per square root of a minute; `cold_g` slow swing of
    temperature (one standard deviation); `gain` relative error; `corner` how much a load's place changes what it weighs
    (relative, one standard deviation); `creep` share of a load that comes only with `creep_s`; `step_g` quantisation;
    `capacity_g` where it saturates; `lost` share of samples that never arrive; `floor_g` noise of rolling over an even
    floor.
    """

    noise_g: float = 1.0
    drift_g: float = 0.35
    cold_g: float = 1.5
    gain: float = 0.0
    corner: float = 0.0008
    creep: float = 0.0004
    creep_s: float = 45.0
    step_g: float = 1.0
    capacity_g: float = 40_000.0
    lost: float = 0.004
    floor_g: float = 24.0

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> CellModel:
        """One of a fleet's cells."""
        return cls(
            noise_g=float(rng.uniform(0.5, 2.0)),
            drift_g=float(rng.lognormal(math.log(0.3), 0.6)),
            cold_g=abs(float(rng.normal(0.0, 2.0))),
            gain=float(np.clip(rng.normal(0.0, 0.0018), -0.005, 0.005)),
            corner=float(rng.uniform(0.0002, 0.0015)),
            creep=float(rng.uniform(0.0001, 0.0008)),
            creep_s=float(rng.uniform(25.0, 70.0)),
            step_g=1.0 if rng.random() < 0.6 else 0.5,
            capacity_g=float(rng.choice([30_000.0, 40_000.0, 60_000.0])),
            lost=float(rng.uniform(0.001, 0.01)),
            floor_g=float(rng.lognormal(math.log(24.0), 0.4)),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """`grams` more (or less) from `t_s` on, arriving within `rise_s`."""

    t_s: float
    grams: float
    rise_s: float = 0.2


@dataclass(frozen=True, slots=True)
class Burst:
    """A force for a while, nothing afterwards.

    `press`: one push and release of about `grams`; `hold`: about `grams` throughout, swaying by `sway_g`; `rummage`: up
    and down by `grams`; `fall`: an impact with a peak of `grams` at once, ringing out within about `lasts_s`.
    """

    kind: str
    t_s: float
    lasts_s: float
    grams: float
    sway_g: float = 0.0


@dataclass(frozen=True, slots=True)
class Roll:
    """The cart rolls from `t_s` to `until_s`; `rough` multiplies the noise of an even floor, `speed` 0 to 1.

    `noticed` is whether the motion sensor says so: a cart pushed very slowly is taken for a standing one.
    """

    t_s: float
    until_s: float
    rough: float = 1.0
    speed: float = 1.0
    noticed: bool = True


@dataclass(slots=True)
class Forces:
    """Everything that acts on the cell during a trip, in no order."""

    steps: list[Step] = field(default_factory=list)
    bursts: list[Burst] = field(default_factory=list)
    rolls: list[Roll] = field(default_factory=list)
    bumps: list[tuple[float, float]] = field(default_factory=list)
    """Wheels over thresholds: when, and how hard (1: usual)."""
    jolts: list[tuple[float, float, float]] = field(default_factory=list)
    """Shaking of the standing cart that the motion sensor feels: from, until, m/s²."""


@dataclass(frozen=True, slots=True)
class ScaleTrack:
    """The scale's samples as arrays (n): event times, receipt times (ns) and grams, NaN where invalid."""

    t_ns: npt.NDArray[np.int64]
    received_ns: npt.NDArray[np.int64]
    grams: Float64


@dataclass(frozen=True, slots=True)
class MotionTrack:
    """The motion sensor's samples as arrays (n)."""

    t_ns: npt.NDArray[np.int64]
    received_ns: npt.NDArray[np.int64]
    moving: npt.NDArray[np.bool_]
    accel_rms: Float64


def weigh(forces: Forces, lasts_s: float, model: CellModel, rng: np.random.Generator) -> tuple[Float64, Float64]:
    """Samples at 20 Hz over `lasts_s`: grams as the cell puts them out (n), and acceleration (n, m/s²)."""
    n = int(lasts_s * HZ) + 1
    rest = _rest(forces.steps, n, model, rng)
    force = rest.copy()
    for burst in forces.bursts:
        _add_burst(force, burst, rng)
    shake = _shaking(forces, n, model, rng)
    # what the floor shakes is the mass on the cell: the basket's own 3 kg and what lies in it
    mass = 0.55 + np.maximum(rest, 0.0) / 9000.0
    force += shake * mass
    accel = np.abs(shake) / 95.0
    for t0, t1, strength in forces.jolts:
        a, b = _window(t0, t1, n)
        accel[a:b] += strength * rng.uniform(0.3, 1.0, b - a)
    slow = (1.0 - math.exp(-1.0 / (HZ * model.creep_s)),)
    crept: Float64 = np.asarray(lfilter(slow, (1.0, slow[0] - 1.0), rest))
    grams = force * (1.0 + model.gain) + model.creep * (crept - rest) + _drift(n, model, rng)
    grams += rng.normal(0.0, model.noise_g, n)
    grams = np.clip(np.round(grams / model.step_g) * model.step_g, -model.capacity_g, model.capacity_g)
    return grams, accel


def scale_track(grams: Float64, start_ns: int, model: CellModel, rng: np.random.Generator) -> ScaleTrack:
    """Samples with their times, some of them lost."""
    n = len(grams)
    t = start_ns + (np.arange(n) * (NS / HZ) + rng.normal(0.0, 0.6e6, n)).astype(np.int64)
    late = rng.gamma(3.0, 1.4e6, n).astype(np.int64) + 500_000
    kept = rng.random(n) >= model.lost
    return ScaleTrack(t[kept], np.maximum.accumulate((t + late)[kept]), grams[kept])


def motion_track(
    forces: Forces, accel: Float64, lasts_s: float, start_ns: int, rng: np.random.Generator
) -> MotionTrack:
    """The motion sensor at 10 Hz: root mean square of the last tenth of a second, and whether wheels turn."""
    n = len(accel) // 2
    rms = np.sqrt(np.mean(np.square(accel[: 2 * n].reshape(n, 2)), axis=1)) + np.abs(rng.normal(0.018, 0.006, n))
    moving = np.zeros(n, dtype=np.bool_)
    for roll in forces.rolls:
        if roll.noticed:
            a = int((roll.t_s + rng.uniform(0.05, 0.35)) * 10)
            b = int((roll.until_s + rng.uniform(0.05, 0.4)) * 10)
            moving[max(0, a) : max(0, min(b, n))] = True
    t = start_ns + ((np.arange(n) + 1) * (NS // 10) + rng.normal(0.0, 0.5e6, n)).astype(np.int64)
    late = rng.gamma(3.0, 1.2e6, n).astype(np.int64) + 400_000
    return MotionTrack(t, np.maximum.accumulate(t + late), moving, np.round(rms, 4))


def _window(t0: float, t1: float, n: int) -> tuple[int, int]:
    a = min(max(int(t0 * HZ), 0), n)
    return a, min(max(math.ceil(t1 * HZ), a), n)


def _rest(steps: Sequence[Step], n: int, model: CellModel, rng: np.random.Generator) -> Float64:
    """What rests in the basket, each load with the error of its place."""
    change = np.zeros(n + 1)
    errors = rng.normal(1.0, model.corner, len(steps))
    for step, error in zip(steps, errors, strict=True):
        a = min(max(int(step.t_s * HZ), 0), n)
        k = max(1, round(step.rise_s * HZ))
        b = min(a + k, n)
        ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(1, k + 1) / k)
        part = np.diff(ramp, prepend=0.0)[: b - a]
        change[a:b] += step.grams * float(error) * part
        if b - a < k:
            change[b] += step.grams * float(error) * (1.0 - float(part.sum()))
    return np.asarray(np.cumsum(change)[:n])


def _add_burst(force: Float64, burst: Burst, rng: np.random.Generator) -> None:
    n = len(force)
    if burst.kind == "fall":
        # sampled at 20 Hz, so a peak of a few hundredths of a second is caught by luck
        a, b = _window(burst.t_s, burst.t_s + 4.0 * burst.lasts_s, n)
        t = (np.arange(a, b) / HZ - burst.t_s) + 0.01
        hertz = float(rng.uniform(4.0, 9.0))
        phase = float(rng.uniform(-0.5, 0.9))
        force[a:b] += burst.grams * np.exp(-t / (burst.lasts_s / 2.5)) * np.cos(2 * np.pi * hertz * t - phase)
        return
    a, b = _window(burst.t_s, burst.t_s + burst.lasts_s, n)
    k = b - a
    if k == 0:
        return
    at = (np.arange(k) + 0.5) / k
    if burst.kind == "press":
        lean = float(rng.uniform(0.6, 1.8))
        force[a:b] += burst.grams * np.sin(np.pi * at**lean) * (1.0 + 0.15 * rng.normal(size=k))
    elif burst.kind == "hold":
        edge = np.minimum(1.0, np.minimum(at, 1.0 - at) * burst.lasts_s / min(0.5, 0.4 * burst.lasts_s))
        sway = _wander(k, 0.92, rng) * burst.sway_g
        force[a:b] += edge * (burst.grams + sway)
    else:  # rummage
        edge = np.minimum(1.0, 6.0 * np.minimum(at, 1.0 - at))
        force[a:b] += edge * (_wander(k, 0.75, rng) * burst.grams + 0.4 * burst.grams)


def _wander(k: int, memory: float, rng: np.random.Generator) -> Float64:
    """Noise with memory and unit variance (k)."""
    return np.asarray(lfilter((math.sqrt(1.0 - memory * memory),), (1.0, -memory), rng.normal(size=k)))


def _shaking(forces: Forces, n: int, model: CellModel, rng: np.random.Generator) -> Float64:
    """What rolling shakes into an empty basket of 5 kg, in grams (n)."""
    shake = np.zeros(n)
    bumps = list(forces.bumps)
    for roll in forces.rolls:
        a, b = _window(roll.t_s, roll.until_s, n)
        k = b - a
        if k < 2:
            continue
        edge = np.minimum(1.0, np.minimum(np.arange(k) + 1, k - np.arange(k)) / (0.3 * HZ))
        speed = np.clip(roll.speed * (1.0 + 0.25 * _wander(k, 0.98, rng)), 0.05, 1.6)
        sigma = model.floor_g * roll.rough
        # a resonance of basket and tyres at 3 to 6 Hz, over a broad floor
        hertz, damping = float(rng.uniform(3.0, 6.0)), float(rng.uniform(0.72, 0.88))
        poles = (1.0, -2 * damping * math.cos(2 * np.pi * hertz / HZ), damping * damping)
        ringing = np.asarray(lfilter((1.0,), poles, rng.normal(size=k)))
        ringing *= math.sqrt((1 - damping**2) ** 2 * 1.0)
        shake[a:b] += edge * speed * sigma * (0.75 * ringing + 0.6 * rng.normal(size=k))
        count = int(rng.poisson(0.12 * (roll.until_s - roll.t_s) * roll.rough * roll.speed))
        bumps += [(float(t), float(rng.lognormal(0.0, 0.5))) for t in rng.uniform(roll.t_s, roll.until_s, count)]
    for t, hard in bumps:
        a, b = _window(t, t + 0.9, n)
        at = np.arange(a, b) / HZ - t
        shake[a:b] += 260.0 * hard * np.exp(-at / 0.16) * np.cos(2 * np.pi * 5.2 * at - float(rng.uniform(0, 6.28)))
    return shake


def _drift(n: int, model: CellModel, rng: np.random.Generator) -> Float64:
    """Zero point over time: where the tare left it, a random walk, and the swing of temperature."""
    every = int(HZ)  # a second
    m = n // every + 2
    walk = np.cumsum(rng.normal(0.0, model.drift_g / math.sqrt(60.0), m))
    period, phase = float(rng.uniform(300.0, 1500.0)), float(rng.uniform(0.0, 2 * np.pi))
    swing = model.cold_g * np.sin(2 * np.pi * np.arange(m) / period + phase)
    zero = float(rng.normal(0.0, 0.7))
    slow = walk + swing - swing[0] + zero
    return np.asarray(np.interp(np.arange(n) / every, np.arange(m), slow))

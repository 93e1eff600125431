"""Cutting a restless stretch of one shelf into plateaus.

A plateau is a run of frames that follow one another within the plates' own
noise; everything else (a hand, a lift, ringing, a waver) is "disturbed" and
never averaged into a level.  Plates that moved are grouped with their
neighbours, so that two people at two ends of a shelf give two independent
answers with their own times.  Plateaus whose levels agree are one plateau: a
touch leaves no trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from aisle.scales.change import FloatArray, Plateau

Floating = TypeVar("Floating", bound=np.floating)

LINK_SIGMAS = 4.0  # consecutive frames of one plateau differ by less than this
LEAST_FRAMES = 3  # shorter runs are no plateau
LEVEL_SECONDS = 1.6  # stretch at either end of a plateau on which its level is estimated
MARGIN = 2  # plates shown beside the moved ones: that they did not move is evidence too
LEAK = 0.04  # a near neighbour moving by less than this share of the biggest move only leaks
LEAK_PLATES = 3  # how far "near" is
LEAK_SHELF = 0.015  # the same for any plate of the shelf
FLICKER_SECONDS = 0.5  # a shorter plateau between two that agree is a touch, not a place
SPLIT_CHI2 = 22.0  # a step hidden in a run must be this significant over all plates that moved ...
SPLIT_SIGMAS = 4.2  # ... or this on a few neighbours together
AGREE_SIGMAS = 3.3  # plateaus closer than this on every plate and any few neighbours together are one
NOTICED_SIGMAS = 1.4  # before and after a hand: less than this is nothing
LEAST_ITEM_G = 9.0  # nothing lighter is sold from plates: smaller differences are the shelf's own affair


@dataclass(frozen=True, slots=True)
class Window:
    """Frames of one shelf round an episode: `grams` and `within_var` are (frames, plates)."""

    t0_ns: int
    frame_s: float
    grams: FloatArray
    white_var: FloatArray  # (plates,) variance of one sample at rest
    slow_var: FloatArray  # (plates,) variance of the slow wander between two neighbouring plateaus
    within_var: FloatArray  # variance of the samples inside each frame
    samples: int  # samples per frame


@dataclass(frozen=True, slots=True)
class Cut:
    """Plateaus of neighbouring plates, `first_plate` counted within the shelf."""

    first_plate: int
    plateaus: tuple[Plateau, ...]


def cut(window: Window) -> list[Cut]:
    """Independent groups of plates that changed for good or for a while, each with two or more plateaus."""
    y = window.grams
    frames, plates = y.shape
    seen = np.isfinite(y)
    if frames < 2 * LEAST_FRAMES or not seen.any():
        return []
    shake = _shake(window)
    sigma = np.sqrt(window.white_var / window.samples)
    span = max(LEAST_FRAMES, min(frames // 3, round(0.8 / window.frame_s)))
    pre, post = medians(y[:span]), medians(y[-span:])
    with np.errstate(invalid="ignore"):
        swing = np.max(np.where(seen & np.isfinite(pre), np.abs(y - pre) / shake[:, None], 0.0), axis=0)
        step = np.abs(post - pre)
        spread = np.sqrt(3.0 * sigma**2 / span + window.slow_var)
        core = (swing > 6.0 * sigma + 2.0 * np.sqrt(window.slow_var)) | (step > 3.5 * spread)
        reach = np.maximum(swing, step)
    core = np.where(np.isfinite(reach), core, False)
    # a light bag spreads thin: neighbours that changed together stand out together
    score = np.nan_to_num((post - pre) / spread)
    best, few = 0.0, slice(0, 1)
    for k, (total, var) in enumerate(
        _neighbour_sums(np.nan_to_num(post - pre), np.nan_to_num(spread, nan=1e9) ** 2), 1
    ):
        together = np.abs(total) / np.sqrt(var)
        for i in np.flatnonzero(together > 3.5).tolist():
            core[i : i + k] |= score[i : i + k] * np.sign(total[i]) > 1.0
        strongest = int(np.argmax(together))
        if together[strongest] > best:
            best, few = float(together[strongest]), slice(strongest, strongest + k)
    if not core.any():
        core[few] = True
    most = float(np.max(reach[core]))
    strong = core.copy()
    for i in np.flatnonzero(core).tolist():
        beside = float(np.nanmax(reach[max(0, i - LEAK_PLATES) : i + LEAK_PLATES + 1], initial=0.0))
        if reach[i] < max(LEAK * beside, LEAK_SHELF * most):
            strong[i] = False
    out = []
    groups = _runs(strong)
    for a, b in groups:
        lo = max(0, a - MARGIN)
        hi = min(plates, b + MARGIN)
        for c, d in groups:  # a margin ends before somebody else's plates and the one their load leans on
            if d <= a:
                lo = max(lo, min(a, d + 1))
            if c >= b:
                hi = min(hi, max(b, c - 1))
        found = _plateaus(window, shake, sigma, a, b, lo, hi)
        if len(found) > 1:
            out.append(Cut(lo, tuple(found)))
    return out


def _plateaus(window: Window, shake: FloatArray, sigma: FloatArray, a: int, b: int, lo: int, hi: int) -> list[Plateau]:
    y = window.grams[:, a:b]
    calm = _calm_runs(y, sigma[a:b], shake)
    runs: list[tuple[int, int]] = []
    for i, j in calm:
        runs.extend(_split(y, i, j, sigma[a:b], window.slow_var[a:b], shake))
    if not runs:
        return []
    frames = len(y)
    if runs[-1][1] < frames - round(
        0.5 / window.frame_s
    ):  # closed before it settled: the last third of a second must do
        runs.append((max(runs[-1][1], frames - 6), frames))
    levels = [_level(window, shake, sigma, i, j, lo, hi, a, b) for i, j in runs]
    merged: list[Plateau] = []
    for level in levels:
        merged.append(level)
        while len(merged) > 1:
            if _agree(merged[-2], merged[-1], a - lo, b - lo):
                merged[-2:] = [_join(merged[-2], merged[-1])]
            elif (
                len(merged) > 2
                and merged[-2].seconds < FLICKER_SECONDS
                and _agree(merged[-3], merged[-1], a - lo, b - lo)
            ):
                merged[-3:] = [_join(merged[-3], merged[-1])]
            else:
                break
    base = merged[0].tail_g
    return [
        Plateau(p.t0_ns, p.t1_ns, p.head_g - base, p.head_var, p.tail_g - base, p.tail_var, p.unrest) for p in merged
    ]


def compared(window: Window, before: slice, after: slice) -> tuple[Plateau, Plateau] | None:
    """All plates over two stretches of frames, each taken as one plateau; None where they hardly differ.

    The stretches lie farther apart than neighbouring plateaus, so the slow wander counts twice.
    """
    sides = []
    for span in (before, after):
        x = window.grams[span]
        x = x[np.isfinite(x).all(axis=1)]
        if len(x) < LEAST_FRAMES:
            return None
        level, var = _mean(x, window.white_var / window.samples, window.slow_var)
        sides.append(
            (level, var + 0.5 * window.slow_var, window.t0_ns + round(span.start * window.frame_s * 1e9), len(x))
        )
    (a, va, ta, na), (b, vb, tb, nb) = sides
    sums = _neighbour_sums(np.nan_to_num(b - a), np.nan_to_num(va + vb, nan=1.0))
    least = NOTICED_SIGMAS**2 + 2.0 * np.log(window.grams.shape[1])  # the most of many plates strays farther
    if not any(np.any((np.abs(s) > LEAST_ITEM_G) & (s * s > least * w)) for s, w in sums):
        return None
    ns = window.frame_s * 1e9
    zero = np.where(np.isfinite(a), 0.0, np.nan)
    return (
        Plateau(ta, ta + round(na * ns), zero, va, zero, va, 1.0),
        Plateau(tb, tb + round(nb * ns), b - a, vb, b - a, vb, 1.0),
    )


def _agree(a: Plateau, b: Plateau, lo: int, hi: int) -> bool:
    d = np.nan_to_num(b.head_g - a.tail_g)[lo:hi]
    v = np.nan_to_num(b.head_var + a.tail_var, nan=1.0)[lo:hi]
    return not any(np.any((np.abs(s) > LEAST_ITEM_G) & (s * s > AGREE_SIGMAS**2 * w)) for s, w in _neighbour_sums(d, v))


def _neighbour_sums(d: FloatArray, v: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Sums over one to four neighbouring plates, with their variances: a light bag spreads thin."""
    out = [(d, v)]
    for k in (2, 3, 4):
        if len(d) >= k:
            ones = np.ones(k)
            out.append((np.convolve(d, ones, "valid"), np.convolve(v, ones, "valid")))
    return out


def _join(a: Plateau, b: Plateau) -> Plateau:
    """One plateau of two that agree; where its end is only a short piece, the rest of it tells the level too."""
    unrest = (a.seconds * a.unrest + b.seconds * b.unrest) / (a.seconds + b.seconds)
    head, tail = (a.head_g, a.head_var), (b.tail_g, b.tail_var)
    if a.seconds < LEVEL_SECONDS:
        head = _pooled(head, (b.head_g, b.head_var))
    if b.seconds < LEVEL_SECONDS:
        tail = _pooled(tail, (a.tail_g, a.tail_var))
    return Plateau(a.t0_ns, b.t1_ns, *head, *tail, unrest)


def _pooled(one: tuple[FloatArray, FloatArray], two: tuple[FloatArray, FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Mean of two levels by how sure each is, and its variance; a plate only one knows is as there."""
    (x, v), (y, w) = one, two
    share = np.where(np.isfinite(y), np.where(np.isfinite(x), v / (v + w), 1.0), 0.0)
    mean = np.where(share > 0, x + share * (y - x), x)
    return np.where(share == 1.0, y, mean), np.where(share == 1.0, w, v * (1.0 - share))


def _calm_runs(y: FloatArray, sigma: FloatArray, shake: FloatArray) -> list[tuple[int, int]]:
    """Half-open frame ranges in which every plate follows itself within noise."""
    limit = (LINK_SIGMAS * np.sqrt(2.0) * sigma + 0.5)[None, :] * np.maximum(shake[1:], shake[:-1])[:, None]
    with np.errstate(invalid="ignore"):
        one = np.all(np.abs(y[1:] - y[:-1]) < limit, axis=1)  # link k -> k+1
        two = np.all(np.abs(y[2:] - y[:-2]) < limit[1:], axis=1)
    link = one.copy()
    link[1:] &= two
    link[:-1] &= two
    out = []
    for i, j in _runs(link):
        if j + 1 - i >= LEAST_FRAMES:
            out.append((i, j + 1))
    return out


def _split(
    y: FloatArray, i: int, j: int, sigma: FloatArray, slow_var: FloatArray, shake: FloatArray
) -> list[tuple[int, int]]:
    """Split a calm run where a quiet step hides in it (a slow lift, a light item in noise)."""
    n = j - i
    if n < 2 * LEAST_FRAMES:
        return [(i, j)]
    x = y[i:j]
    noise = (sigma * float(np.mean(shake[i:j]))) ** 2
    c = np.cumsum(x, axis=0)
    k = np.arange(LEAST_FRAMES, n - LEAST_FRAMES + 1)
    left, right = c[k - 1] / k[:, None], (c[-1] - c[k - 1]) / (n - k)[:, None]
    var = noise[None, :] * (1.0 / k + 1.0 / (n - k))[:, None] + slow_var[None, :]
    move = left - right
    chi2 = np.sum(move**2 / var, axis=1)
    best = int(np.argmax(chi2))
    if chi2[best] < SPLIT_CHI2 + 2.0 * len(sigma):
        together = np.zeros(len(k))
        total, spread = _sums_from_left(move), _sums_from_left(var)
        for w in range(1, min(4, len(sigma)) + 1):  # neighbours that move together
            z2 = (total[:, w:] - total[:, :-w]) ** 2 / (spread[:, w:] - spread[:, :-w])
            together = np.maximum(together, z2.max(axis=1))
        best = int(np.argmax(together))
        if together[best] < SPLIT_SIGMAS**2:
            return [(i, j)]
    m = i + int(k[best])
    return [*_split(y, i, m, sigma, slow_var, shake), *_split(y, m, j, sigma, slow_var, shake)]


def _sums_from_left(x: FloatArray) -> FloatArray:
    """(rows, columns + 1) sums of the columns before each."""
    out = np.zeros((len(x), x.shape[1] + 1))
    np.cumsum(x, axis=1, out=out[:, 1:])
    return out


def _level(
    window: Window, shake: FloatArray, sigma: FloatArray, i: int, j: int, lo: int, hi: int, a: int, b: int
) -> Plateau:
    n = j - i
    trim = 1 if n >= 5 else 0
    first = 0 if i == 0 else trim
    last = trim if j < len(window.grams) else 0
    span = round(LEVEL_SECONDS / window.frame_s)
    y = window.grams[:, lo:hi]
    head = y[i + first : min(i + first + span, j - last)]
    tail = y[max(i + first, j - last - span) : j - last]
    noise = (sigma[lo:hi] * float(np.mean(shake[i:j]))) ** 2
    slow = window.slow_var[lo:hi]
    head_g, head_var = _mean(head, noise, slow)
    tail_g, tail_var = _mean(tail, noise, slow)
    x = window.grams[i:j, a:b]
    rest = (sigma[a:b] * float(np.mean(shake[i:j]))) ** 2 + window.slow_var[a:b]
    scatter = np.mean((x - x.mean(axis=0)) ** 2, axis=0) if n > 1 else rest
    unrest = float(np.sqrt(np.nan_to_num(np.max(scatter / rest), nan=9.0)))
    t = window.t0_ns
    ns = window.frame_s * 1e9
    return Plateau(t + round(i * ns), t + round(j * ns), head_g, head_var, tail_g, tail_var, unrest)


def _mean(x: FloatArray, noise: FloatArray, slow: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Level of a few frames and its variance: noise, slow wander, and any waver beyond both."""
    n = len(x)
    m = x.mean(axis=0)
    scatter = np.mean((x - m) ** 2, axis=0)
    waver = np.maximum(scatter - noise - slow, 0.0)
    return m, noise / n + 0.5 * slow + 0.5 * waver + 0.05


def medians(x: npt.NDArray[Floating]) -> npt.NDArray[Floating]:
    """Median of each column of (rows, columns), leaving NaN out; NaN where there is nothing else."""
    order = np.sort(x, axis=0)  # NaN last
    known = np.isfinite(x).sum(axis=0)
    low, high = np.maximum(known - 1, 0) // 2, np.minimum(known // 2, len(x) - 1)
    each = np.arange(x.shape[1])
    return np.asarray((order[low, each] + order[high, each]) * order.dtype.type(0.5))


def _shake(window: Window) -> FloatArray:
    """(frames,) how much the whole shelf shakes, >= 1: the median plate's vibration, smoothed over a quarter second."""
    frames, plates = window.grams.shape
    if plates < 3:
        return np.ones(frames)
    ratio = np.nan_to_num(window.within_var / window.white_var, nan=1.0)
    kernel = np.ones(7) / 7
    smooth = np.array([np.convolve(r, kernel, mode="same") for r in ratio.T]) if frames >= 7 else ratio.T
    return np.asarray(np.maximum(1.0, np.sqrt(medians(smooth))))


def _runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open index ranges of consecutive True."""
    edge = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edge[::2], edge[1::2], strict=True)]

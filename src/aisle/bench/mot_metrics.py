"""How good tracks are: CLEAR-MOT, IDF1 and HOTA from scratch, for boxes and for places on the floor alike.

CLEAR-MOT: K. Bernardin, R. Stiefelhagen, "Evaluating multiple object tracking performance", 2008.  IDF1: E. Ristani
et al., "Performance measures and a data set for multi-target, multi-camera tracking", 2016.  HOTA: J. Luiten et al.,
"HOTA: a higher order metric for evaluating multi-object tracking", IJCV 2021.  Where the papers leave room (which of
equal pairings stays, what counts as a switch) the numbers agree with the reference program TrackEval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MATCH = 0.5
"""Similarity from which two are taken for the same in CLEAR-MOT and IDF1."""
ALPHAS = np.arange(0.05, 0.99, 0.05)
_EPS = np.finfo(np.float64).eps


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame: the ids that are true (n,) and those found (m,), and how alike they are (n, m), 0 to 1."""

    truth: IntArray
    found: IntArray
    similarity: FloatArray


@dataclass(frozen=True, slots=True)
class MotScores:
    """Shares from 0 to 1 (`mota` may be negative) and counts."""

    mota: float
    idf1: float
    hota: float
    det_a: float
    ass_a: float
    switches: int
    missed: int
    false: int
    objects: int
    id_tp: int
    id_fp: int
    id_fn: int


def box_similarity(a: FloatArray, b: FloatArray) -> FloatArray:
    """Intersection over union (n, m) of boxes (n, 4) and (m, 4) as x0, y0, x1, y1."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.clip(high - low, 0.0, None).prod(axis=2)
    size_a, size_b = (a[:, 2:] - a[:, :2]).prod(axis=1), (b[:, 2:] - b[:, :2]).prod(axis=1)
    union = size_a[:, None] + size_b[None] - shared
    return np.asarray(np.where(union > 0, shared / np.maximum(union, 1e-12), 0.0))


def floor_similarity(a_m: FloatArray, b_m: FloatArray, within_m: float) -> FloatArray:
    """1 - d / (2 `within_m`), not below 0, for floor points (n, 2) and (m, 2): they match (0.5) within `within_m`."""
    off = a_m[:, None] - b_m[None]
    return np.clip(1.0 - np.hypot(off[..., 0], off[..., 1]) / (2.0 * within_m), 0.0, 1.0)


def score(moments: Sequence[Moment]) -> MotScores:
    """All measures over a sequence of frames."""
    dense, n, m = _dense(moments)
    missed, false, switches, objects = _clear(dense, n)
    id_tp, id_fp, id_fn = _identity(dense, n, m)
    hota, det_a, ass_a = _hota(dense, n, m)
    return MotScores(
        1.0 - (missed + false + switches) / max(1, objects),
        2.0 * id_tp / max(1, 2 * id_tp + id_fp + id_fn),
        hota,
        det_a,
        ass_a,
        switches,
        missed,
        false,
        objects,
        id_tp,
        id_fp,
        id_fn,
    )


def _dense(moments: Sequence[Moment]) -> tuple[list[Moment], int, int]:
    """The same with ids 0..n-1 and 0..m-1."""
    truths = np.unique(np.concatenate([x.truth for x in moments] or [np.zeros(0, np.int64)]))
    founds = np.unique(np.concatenate([x.found for x in moments] or [np.zeros(0, np.int64)]))
    out = []
    for x in moments:
        if x.similarity.shape != (len(x.truth), len(x.found)):
            raise ValueError(
                f"similarity has shape {x.similarity.shape}; {len(x.truth)} true and {len(x.found)} found need "
                f"({len(x.truth)}, {len(x.found)})"
            )
        out.append(Moment(np.searchsorted(truths, x.truth), np.searchsorted(founds, x.found), x.similarity))
    return out, len(truths), len(founds)


def _clear(moments: list[Moment], n: int) -> tuple[int, int, int, int]:
    """Missed, false, switches, objects; pairs of the frame before are kept while they still match."""
    missed = false = switches = objects = 0
    ever, last = np.full(n, -1, np.int64), np.full(n, -1, np.int64)
    for x in moments:
        objects += len(x.truth)
        if not len(x.truth) or not len(x.found):
            missed, false = missed + len(x.truth), false + len(x.found)
            continue
        stays = x.found[None] == last[x.truth][:, None]
        value = np.where(x.similarity < MATCH - _EPS, 0.0, 1000.0 * stays + x.similarity)
        rows, columns = linear_sum_assignment(value, maximize=True)
        good = value[rows, columns] > _EPS
        rows, columns = rows[good], columns[good]
        truth, found = x.truth[rows], x.found[columns]
        switches += int(((ever[truth] >= 0) & (ever[truth] != found)).sum())
        ever[truth] = found
        last[:] = -1
        last[truth] = found
        missed += len(x.truth) - len(rows)
        false += len(x.found) - len(rows)
    return missed, false, switches, objects


def _identity(moments: list[Moment], n: int, m: int) -> tuple[int, int, int]:
    """True, false and missed identities of the one-to-one mapping of ids that explains most frames."""
    together = np.zeros((n, m))
    truths, founds = np.zeros(n), np.zeros(m)
    for x in moments:
        rows, columns = np.nonzero(x.similarity >= MATCH)
        together[x.truth[rows], x.found[columns]] += 1
        truths[x.truth] += 1
        founds[x.found] += 1
    rows, columns = linear_sum_assignment(together, maximize=True)
    tp = int(together[rows, columns].sum())
    return tp, int(founds.sum()) - tp, int(truths.sum()) - tp


def _hota(moments: list[Moment], n: int, m: int) -> tuple[float, float, float]:
    """HOTA, DetA and AssA, averaged over the thresholds `ALPHAS`."""
    if not n or not m:
        return 0.0, 0.0, 0.0
    potential = np.zeros((n, m))
    truths, founds = np.zeros((n, 1)), np.zeros((1, m))
    for x in moments:
        bottom = x.similarity.sum(axis=0, keepdims=True) + x.similarity.sum(axis=1, keepdims=True) - x.similarity
        share = np.where(bottom > _EPS, x.similarity / np.maximum(bottom, _EPS), 0.0)
        potential[x.truth[:, None], x.found[None]] += share
        truths[x.truth] += 1
        founds[:, x.found] += 1
    alignment = potential / (truths + founds - potential)
    matched = np.zeros((len(ALPHAS), n, m))
    tp = np.zeros(len(ALPHAS))
    for x in moments:
        if not len(x.truth) or not len(x.found):
            continue
        value = alignment[x.truth[:, None], x.found[None]] * x.similarity
        rows, columns = linear_sum_assignment(value, maximize=True)
        alike = x.similarity[rows, columns]
        for k, alpha in enumerate(ALPHAS):
            good = alike >= alpha - _EPS
            tp[k] += good.sum()
            matched[k, x.truth[rows[good]], x.found[columns[good]]] += 1
    fn, fp = truths.sum() - tp, founds.sum() - tp
    det = tp / np.maximum(1.0, tp + fn + fp)
    quality = matched / np.maximum(1.0, truths + founds - matched)
    ass = (matched * quality).sum(axis=(1, 2)) / np.maximum(1.0, tp)
    return float(np.sqrt(det * ass).mean()), float(det.mean()), float(ass.mean())

"""The suite `receipts`: from replays and their truth to claims, reliability and review curve.

Pure: what was measured comes in, rows and tables go out; `command` does the running and the printing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.bench.calibration import (
    ReliabilityBin,
    ReviewCurve,
    ReviewPoint,
    Verdicts,
    calibration_error,
    calibration_interval,
    reliability,
    review_curve,
    review_table,
    verdicts,
)
from aisle.bench.claims import Row, judged, published, setting
from aisle.bench.intervals import Interval, bootstrap, f1_interval, f1_of_totals, wilson
from aisle.bench.measure import Measured
from aisle.bench.scoring import Counts, Scored, score_receipts, total
from aisle.bench.truth import Sample

FloatArray = npt.NDArray[np.float64]

SET_ASIDE = 0.05  # share of visits a person may look at
RANGES_SHOWN = 8  # of seeds, in words
SLOWEST_SHOWN = 10  # recordings, in `about`
REST_WANTED = 0.995  # exact receipts wanted among the others


def percent(share: float, digits: int = 0) -> str:
    """A share as people write it: 0.05 -> "5 %"."""
    return f"{100 * share:.{digits}f} %"


@dataclass(frozen=True, slots=True)
class Run:
    """One mode of the engine over all samples: `scored[i]` and `measured[i]` belong together."""

    scored: tuple[Scored, ...]
    measured: tuple[Measured, ...]

    def __len__(self) -> int:
        return len(self.scored)

    @property
    def faults(self) -> tuple[str, ...]:
        """Why replays failed."""
        return tuple(m.fault for m in self.measured if m.fault)

    @property
    def counts(self) -> Counts:
        return total(self.scored)

    def items(self) -> FloatArray:
        """(recordings, 3): items right, wrongly billed, missing."""
        rows = [(s.counts.tp, s.counts.fp, s.counts.fn) for s in self.scored]
        return np.array(rows, dtype=np.float64).reshape(-1, 3)

    def times(self) -> FloatArray:
        """(recordings, 2): recorded seconds, processor seconds."""
        return np.array([(m.recorded_s, m.cpu_s) for m in self.measured], dtype=np.float64).reshape(-1, 2)

    def baskets(self, *, video: bool = True) -> Verdicts:
        """Basket probability against exactness of every visit, staff left out; `video=False` leaves out what only
        a camera could have told."""
        return verdicts(
            [
                (i, visit.probability, visit.exact)
                for i, scored in enumerate(self.scored)
                if video or scored.resolvable != "video"
                for visit in scored.visits
                if visit.role != "staff"
            ]
        )

    def lines(self) -> Verdicts:
        """Line probability against exactness of every billed line."""
        return verdicts([(i, line.probability, line.exact) for i, s in enumerate(self.scored) for line in s.lines])


def score_run(samples: Sequence[Sample], measured: Sequence[Measured]) -> Run:
    """Hold each replay against the truth of its sample."""
    scored = tuple(score_receipts(s.truth, m.receipts) for s, m in zip(samples, measured, strict=True))
    return Run(scored, tuple(measured))


@dataclass(frozen=True, slots=True)
class GroupLine:
    """Counts of the recordings that share a case or a case group."""

    key: str
    recordings: int
    counts: Counts
    exact: Interval
    f1: Interval


def by_group(run: Run, key: Callable[[Scored], str], *, seed: int) -> tuple[GroupLine, ...]:
    """One line for each value of `key`, in order of it."""
    lines = []
    for name in sorted({key(s) for s in run.scored}):
        chosen = [i for i, s in enumerate(run.scored) if key(s) == name]
        counts = total(run.scored[i] for i in chosen)
        lines.append(
            GroupLine(
                name,
                len(chosen),
                counts,
                wilson(counts.exact, counts.receipts),
                f1_interval(run.items()[chosen], seed=seed),
            )
        )
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the suite found, ready to be printed, written or drawn."""

    on: str
    rows: tuple[Row, ...]
    groups: tuple[GroupLine, ...]
    cases: tuple[GroupLine, ...]
    basket_bins: tuple[ReliabilityBin, ...]
    line_bins: tuple[ReliabilityBin, ...]
    review: tuple[ReviewPoint, ...]
    curve: ReviewCurve
    about: dict[str, object]


def _ratio(sums: FloatArray) -> FloatArray:
    return np.where(sums[..., 1] > 0, sums[..., 0] / np.maximum(sums[..., 1], 1e-12), np.nan)


def _accuracy_rows(run: Run, on: str, *, seed: int) -> list[Row]:
    reach, counts, items, n = setting(on), run.counts, run.items(), len(run)
    return [
        judged(
            "item F1",
            on,
            counts.f1,
            reach=reach.f1,
            interval=f1_interval(items, seed=seed),
            counted=counts.tp + counts.fn,
            recordings=n,
        ),
        judged(
            "item precision",
            on,
            counts.precision,
            interval=wilson(counts.tp, counts.tp + counts.fp),
            counted=counts.tp + counts.fp,
            recordings=n,
        ),
        judged(
            "item recall",
            on,
            counts.recall,
            interval=wilson(counts.tp, counts.tp + counts.fn),
            counted=counts.tp + counts.fn,
            recordings=n,
        ),
        judged(
            "exact receipts",
            on,
            counts.exact_share,
            reach=reach.exact,
            interval=wilson(counts.exact, counts.receipts),
            counted=counts.receipts,
            recordings=n,
        ),
    ]


def _honesty_rows(run: Run, on: str, *, seed: int) -> list[Row]:
    reach, baskets, lines, n = setting(on), run.baskets(), run.lines(), len(run)
    curve = review_curve(run.baskets(video=False))
    rest_exact, rest = curve.aside(SET_ASIDE)
    return [
        judged(
            "calibration error, baskets",
            on,
            calibration_error(baskets),
            reach=reach.calibration_error,
            side="most",
            interval=calibration_interval(baskets, seed=seed),
            counted=len(baskets),
            recordings=n,
        ),
        judged(
            "calibration error, lines",
            on,
            calibration_error(lines),
            side="most",
            interval=calibration_interval(lines, seed=seed),
            counted=len(lines),
            recordings=n,
        ),
        judged(
            f"exact, {percent(SET_ASIDE)} least sure visits set aside",
            on,
            rest_exact / rest if rest else 1.0,
            reach=reach.rest_exact,
            interval=wilson(rest_exact, rest),
            counted=rest,
            recordings=n,
        ),
        judged(
            f"set aside for {percent(REST_WANTED, 1)} exact among the rest",
            on,
            curve.share_for(REST_WANTED),
            side="most",
            counted=curve.visits,
            recordings=n,
        ),
    ]


def _cost_rows(run: Run, on: str, *, seed: int) -> list[Row]:
    times = run.times()
    return [
        judged(
            "recorded time over CPU time",
            on,
            float(_ratio(times.sum(axis=0))),
            reach=setting(on).speed,
            unit="×",
            interval=bootstrap(times, _ratio, seed=seed),
            recordings=len(run),
        ),
        judged(
            "CPU seconds per recorded minute",
            on,
            float(60 * _ratio(times.sum(axis=0)[::-1])),
            side="most",
            unit="s",
            interval=bootstrap(times, lambda sums: 60 * _ratio(sums[..., ::-1]), seed=seed),
            recordings=len(run),
        ),
    ]


def _baseline_rows(run: Run, baseline: Run, on: str, *, seed: int) -> list[Row]:
    """The baseline's own figures, and what joint inference gains on it, recording by recording."""
    joint, other = run.counts, baseline.counts
    exact = np.array(
        [
            (a.counts.exact, a.counts.receipts, b.counts.exact, b.counts.receipts)
            for a, b in zip(run.scored, baseline.scored, strict=True)
        ],
        dtype=np.float64,
    )
    pairs = np.concatenate((run.items(), baseline.items()), axis=1)
    gain = bootstrap(pairs, lambda s: f1_of_totals(s[..., :3]) - f1_of_totals(s[..., 3:]), seed=seed)
    exact_gain = bootstrap(exact, lambda s: _ratio(s[..., :2]) - _ratio(s[..., 2:]), seed=seed)
    n = len(run)
    return [
        judged(
            "item F1, sequential baseline",
            on,
            other.f1,
            interval=f1_interval(baseline.items(), seed=seed),
            counted=other.tp + other.fn,
            recordings=n,
            kind="baseline",
        ),
        judged(
            "exact receipts, sequential baseline",
            on,
            other.exact_share,
            interval=wilson(other.exact, other.receipts),
            counted=other.receipts,
            recordings=n,
            kind="baseline",
        ),
        judged("item F1, joint minus sequential", on, joint.f1 - other.f1, interval=gain, recordings=n),
        judged(
            "exact receipts, joint minus sequential",
            on,
            joint.exact_share - other.exact_share,
            interval=exact_gain,
            recordings=n,
        ),
    ]


def seeds_text(seeds: Iterable[int | None]) -> str:
    """Seeds as ranges, "0-19, 40" (how many between which, when they are scattered); empty when there are none."""
    known = sorted({seed for seed in seeds if seed is not None})
    starts = [s for i, s in enumerate(known) if i == 0 or known[i - 1] != s - 1]
    ends = [s for i, s in enumerate(known) if i == len(known) - 1 or known[i + 1] != s + 1]
    if len(starts) > RANGES_SHOWN:
        return f"{len(known)} between {known[0]} and {known[-1]}"
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))


def _inexact(run: Run) -> list[dict[str, object]]:
    """Where to look first: every visit that was not exact, the surest on top."""
    wrong = [(s.name, v) for s in run.scored for v in s.visits if not v.exact]
    wrong.sort(key=lambda pair: (-pair[1].probability, pair[0], pair[1].shopper))
    return [{"recording": name, "shopper": v.shopper, "probability": v.probability} for name, v in wrong]


def _slowest(run: Run) -> list[dict[str, object]]:
    """The recordings that cost most processor time for each recorded second."""
    pairs = [(m.recorded_s / m.cpu_s, s.name) for s, m in zip(run.scored, run.measured, strict=True) if m.cpu_s > 0]
    return [{"recording": name, "times_real_time": round(speed, 1)} for speed, name in sorted(pairs)[:SLOWEST_SHOWN]]


def report(run: Run, on: str, *, baseline: Run | None = None, seed: int = 0) -> Report:
    """All claims of one setting; `seed` draws the bootstrap."""
    rows = _accuracy_rows(run, on, seed=seed) + _honesty_rows(run, on, seed=seed) + _cost_rows(run, on, seed=seed)
    rows.append(judged("replays that failed", on, float(len(run.faults)), reach=0.0, side="most", recordings=len(run)))
    if baseline is not None:
        rows += _baseline_rows(run, baseline, on, seed=seed)
    decidable = run.baskets(video=False)
    return Report(
        on=on,
        rows=(*rows, *published(on)),
        groups=by_group(run, lambda s: s.group, seed=seed),
        cases=by_group(run, lambda s: s.case, seed=seed),
        basket_bins=reliability(run.baskets()),
        line_bins=reliability(run.lines()),
        review=review_table(decidable),
        curve=review_curve(decidable),
        about={
            "setting": setting(on).title,
            "recordings": len(run),
            "incomplete": sum(not m.complete for m in run.measured),
            "recorded_s": round(float(run.times()[:, 0].sum()), 1),
            "seeds": seeds_text(s.seed for s in run.scored),
            "inexact": _inexact(run),
            "slowest": _slowest(run),
            "interval": "95 %: Wilson for shares; bootstrap over recordings for F1, calibration and times",
        },
    )

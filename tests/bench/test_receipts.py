"""The receipts suite on a handful of recordings whose claims can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.bench.claims import Row
from aisle.bench.measure import Job, Measured, Mode
from aisle.bench.receipts import Report, Run, by_group, percent, report, score_run, seeds_text
from aisle.bench.scoring import ClaimedLine, ClaimedReceipt
from aisle.bench.truth import Sample, Truth

TAKEN = {"1": {"x": 1, "y": 1}}


def sample(
    name: str, case: str, group: str, seed: int, resolvable: str = "weight", staff: tuple[str, ...] = ()
) -> Sample:
    roles = {"1": "customer"} | {s: "staff" for s in staff}
    receipts = TAKEN | {s: {} for s in staff}
    return Sample(Path(name), Truth(name, case, group, resolvable, receipts, roles, seed))


def measured(probability: float, *products: str, cpu_s: float = 0.1, fault: str | None = None) -> Measured:
    receipt = ClaimedReceipt("1", tuple(ClaimedLine(p, 1, probability) for p in products), probability)
    return Measured(Job(Path("r"), Mode()), (receipt,), 30.0, cpu_s, True, fault)


SAMPLES = [
    sample("a-0", "a", "A pick", 0),
    sample("a-1", "a", "A pick", 1),
    sample("b-0", "b", "B crowd", 0),
    sample("v-0", "v", "B crowd", 0, resolvable="video"),
]
JOINT = [measured(0.99, "x", "y"), measured(0.97, "x", "y"), measured(0.9, "x", "y"), measured(0.6, "x", "z")]
SEQUENTIAL = [measured(0.99, "x", "y"), measured(0.97, "x"), measured(0.9, "x"), measured(0.6, "x", "z")]


@pytest.fixture(scope="module")
def found() -> Report:
    return report(score_run(SAMPLES, JOINT), "wrists", baseline=score_run(SAMPLES, SEQUENTIAL), seed=1)


@pytest.fixture(scope="module")
def rows(found: Report) -> dict[str, Row]:
    return {row.name: row for row in found.rows}


VALUES = {
    "item F1": 14 / 16,
    "item precision": 7 / 8,
    "item recall": 7 / 8,
    "exact receipts": 3 / 4,
    "calibration error, baskets": ((0.01 + 0.03) + 0.1 + 0.6) / 4,
    "exact, 5 % least sure visits set aside": 1.0,
    "set aside for 99.5 % exact among the rest": 0.0,
    "recorded time over CPU time": 300.0,
    "CPU seconds per recorded minute": 0.2,
    "replays that failed": 0.0,
    "item F1, sequential baseline": 10 / 14,
    "exact receipts, sequential baseline": 1 / 4,
    "item F1, joint minus sequential": 14 / 16 - 10 / 14,
    "exact receipts, joint minus sequential": 0.5,
}


@pytest.mark.parametrize(("name", "value"), VALUES.items(), ids=VALUES.keys())
def test_value(rows: dict[str, Row], name: str, value: float) -> None:
    assert rows[name].value == pytest.approx(value)


REACHES = {
    "item F1": (0.99, False),
    "exact receipts": (0.975, False),
    "calibration error, baskets": (0.02, False),
    "exact, 5 % least sure visits set aside": (0.995, True),
    "replays that failed": (0.0, True),
    "item F1, sequential baseline": (None, None),
}


@pytest.mark.parametrize(("name", "verdict"), REACHES.items(), ids=REACHES.keys())
def test_verdict(rows: dict[str, Row], name: str, verdict: tuple[float | None, bool | None]) -> None:
    assert (rows[name].reach, rows[name].ok) == verdict


def test_every_share_comes_with_an_interval_round_it(rows: dict[str, Row]) -> None:
    shares = [
        (row.low, row.value, row.high)
        for row in rows.values()
        if row.low is not None and row.high is not None and row.value is not None
    ]
    assert len(shares) >= 10
    assert all(low - 1e-12 <= value <= high + 1e-12 for low, value, high in shares)


def test_video_only_cases_stay_out_of_the_review_curve(found: Report) -> None:
    assert found.curve.visits == 3
    assert sum(b.count for b in found.basket_bins) == 4


def test_staff_count_as_receipts_but_not_as_visits() -> None:
    run = score_run([sample("s", "s", "G staff", 0, staff=("9",))], [measured(0.9, "x", "y")])
    assert run.counts.receipts == 2
    assert len(run.baskets()) == 1


def test_groups_and_cases(found: Report) -> None:
    assert [(g.key, g.recordings, g.counts.exact, g.counts.receipts) for g in found.groups] == [
        ("A pick", 2, 2, 2),
        ("B crowd", 2, 1, 2),
    ]
    assert [c.key for c in found.cases] == ["a", "b", "v"]


def test_published_figures_stand_beside_ours_unjudged(found: Report) -> None:
    theirs = [row for row in found.rows if row.kind == "published"]
    assert {row.name for row in theirs} >= {"item F1, competition winner 2020"}
    assert all(row.ok is None for row in theirs)


def test_a_failed_replay_fails_the_run() -> None:
    run = score_run(SAMPLES[:1], [measured(0.0, cpu_s=0.0, fault="a-0: ValueError: no")])
    row = {r.name: r for r in report(run, "all").rows}["replays that failed"]
    assert (row.value, row.ok) == (1.0, False)


def test_same_seed_same_report(found: Report) -> None:
    again = report(score_run(SAMPLES, JOINT), "wrists", baseline=score_run(SAMPLES, SEQUENTIAL), seed=1)
    assert again.rows == found.rows


def test_about_says_what_it_ran_over(found: Report) -> None:
    assert (found.about["recordings"], found.about["seeds"], found.about["recorded_s"]) == (4, "0-1", 120.0)


def test_about_says_where_to_look_first() -> None:
    slow = [measured(0.9, "x"), measured(0.95, "y", cpu_s=0.6), measured(0.99, "x", "y", cpu_s=0.3)]
    about = report(score_run(SAMPLES[:3], slow), "all").about
    assert about["inexact"] == [
        {"recording": "a-1", "shopper": "1", "probability": 0.95},
        {"recording": "a-0", "shopper": "1", "probability": 0.9},
    ]
    assert about["slowest"] == [
        {"recording": "a-1", "times_real_time": 50.0},
        {"recording": "b-0", "times_real_time": 100.0},
        {"recording": "a-0", "times_real_time": 300.0},
    ]


def test_no_recordings_of_a_group() -> None:
    assert by_group(Run((), ()), lambda s: s.case, seed=0) == ()


SEEDS = {
    "a range": ([0, 1, 2, 3], "0-3"),
    "ranges and one alone": ([9, 0, 1, 5, 1], "0-1, 5, 9"),
    "scattered": (list(range(3, 40, 4)), "10 between 3 and 39"),
    "none known": ([None, None], ""),
}


@pytest.mark.parametrize(("seeds", "text"), SEEDS.values(), ids=SEEDS.keys())
def test_seeds_as_ranges(seeds: list[int | None], text: str) -> None:
    assert seeds_text(seeds) == text


def test_percent() -> None:
    assert (percent(0.05), percent(0.99512, 2)) == ("5 %", "99.51 %")

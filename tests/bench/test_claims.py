"""Verdicts, settings, and other people's figures kept apart from ours."""

from __future__ import annotations

import pytest

from aisle.bench.claims import SETTINGS, Results, Side, judged, published, setting
from aisle.bench.truth import BenchError

VERDICTS: dict[str, tuple[float, float | None, Side, bool | None]] = {
    "reached": (0.99, 0.99, "least", True),
    "short": (0.9899, 0.99, "least", False),
    "small enough": (0.02, 0.02, "most", True),
    "too large": (0.021, 0.02, "most", False),
    "reported only": (0.5, None, "least", None),
    "not a number": (float("nan"), 0.02, "most", False),
}


@pytest.mark.parametrize(("value", "reach", "side", "ok"), VERDICTS.values(), ids=VERDICTS.keys())
def test_verdict(value: float, reach: float | None, side: Side, ok: bool | None) -> None:
    row = judged("m", "wrists", value, reach=reach, side=side)
    assert row.ok is ok
    assert Results(suite="s", rows=(row,)).fell_short is (ok is False)


def test_unknown_setting_lists_those_there_are() -> None:
    with pytest.raises(BenchError, match="--on: found 'hands', must be one of wrists, heads, high"):
        setting("hands")


def test_published_figures_are_marked_and_never_judged() -> None:
    rows = [row for on in SETTINGS for row in published(on)]
    assert rows
    assert all(row.kind == "published" and row.source and row.ok is None and row.reach is None for row in rows)

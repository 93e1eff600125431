"""The pictures are written, and the same figures give the same bytes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aisle.bench.calibration import reliability, review_curve, review_table, verdicts
from aisle.bench.plots import draw
from aisle.bench.receipts import Report
from aisle.bench.truth import BenchError

CLAIMS = verdicts([(i, 0.4 + 0.006 * i, i % 9 > 0) for i in range(100)])
NOBODY = verdicts([])


def found(claims: object = CLAIMS) -> Report:
    known = CLAIMS if claims is CLAIMS else NOBODY
    return Report(
        "wrists",
        (),
        (),
        (),
        reliability(known),
        reliability(known),
        review_table(known),
        review_curve(known),
        {"setting": "hands tracked", "recordings": 100},
    )


def test_both_pictures_in_both_forms(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    written = draw(found(), tmp_path / "pictures")
    assert [p.name for p in written] == [
        "reliability-wrists.png",
        "reliability-wrists.svg",
        "review-curve-wrists.png",
        "review-curve-wrists.svg",
    ]
    assert all(p.stat().st_size > 5000 for p in written)
    first = written[3].read_bytes()
    assert draw(found(), tmp_path / "pictures")[3].read_bytes() == first


def test_nobody_came(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert len(draw(found(NOBODY), tmp_path)) == 4


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(BenchError, match="need matplotlib, which is not installed"):
        draw(found(), tmp_path)

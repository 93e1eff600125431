"""A frame with a single sample must not cost the plate its noise estimate, and so every later change."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.scales.detector import ChangeDetector

LOSSES = {
    "ends two samples into a stride": slice(590, 602),
    "begins one sample before a stride ends": slice(598, 612),
    "two samples within a frame": slice(610, 612),
    "at the very beginning": slice(0, 2),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
def test_a_frame_with_one_sample_costs_no_later_change(loss: slice) -> None:
    rng = np.random.default_rng(1)
    grams = (2000.0 + rng.normal(0.0, 0.8, (60 * 30, 6))).astype(np.float32)
    grams[60 * 20 :, 2] -= 300.0
    grams[loss] = np.nan
    detector = ChangeDetector([6])
    episodes = [*detector.feed(0, grams), *detector.flush()]
    assert np.isfinite(detector.sample_sigma_g()).all()
    assert len(episodes) == 1


def test_a_night_without_samples_is_passed_over() -> None:
    """The grid leaves out the middle of a long silence; what happens after it keeps its time."""
    rng = np.random.default_rng(2)

    def stretch(seconds: int, level: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return (level + rng.normal(0.0, 0.8, (60 * seconds, 4))).astype(np.float32)

    evening = np.concatenate([stretch(20, 2000.0), stretch(10, 1700.0)])
    silent = np.full((60 * 60, 4), np.nan, np.float32)
    morning = np.concatenate([stretch(20, 1700.0), stretch(10, 1450.0)])
    night_s = 8 * 3600
    detector = ChangeDetector([4])
    episodes = detector.feed(0, np.concatenate([evening, silent]))
    resumed_ns = (30 + night_s) * 10**9
    episodes += detector.feed(resumed_ns, np.concatenate([silent, morning])) + detector.flush()
    took = [(e.plateaus[-1].t0_ns * 1e-9, float(e.change(0, len(e.plateaus) - 1)[0].sum())) for e in episodes]
    assert took == [
        (pytest.approx(20.0, abs=0.5), pytest.approx(-1200.0, abs=10.0)),
        (pytest.approx(30 + night_s + 60 + 20.0, abs=0.5), pytest.approx(-1000.0, abs=10.0)),
    ]

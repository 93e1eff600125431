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

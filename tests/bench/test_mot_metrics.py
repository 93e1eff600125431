"""Track measures: by hand, against figures the reference program gave, and what holds for every sequence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.bench.mot_metrics import FloatArray, Moment, box_similarity, floor_similarity, score

BOX = np.array([[0.0, 0.0, 10.0, 10.0]])


def moment(truth: list[int], found: list[int], pairs: dict[tuple[int, int], float]) -> Moment:
    similarity = np.array([[pairs.get((t, f), 0.0) for f in found] for t in truth]).reshape(len(truth), len(found))
    return Moment(np.array(truth, np.int64), np.array(found, np.int64), similarity)


def walk(ids: list[int]) -> list[Moment]:
    """One true person, found under these ids frame by frame (-1: missed)."""
    return [moment([7], [i] if i >= 0 else [], {(7, i): 0.8}) for i in ids]


# found ids -> MOTA, IDF1, switches, missed, false
BY_HAND = {
    "perfect": (walk([1, 1, 1, 1]), 1.0, 1.0, 0, 0, 0),
    "a new id halfway": (walk([1, 1, 2, 2]), 0.75, 0.5, 1, 0, 0),
    "a gap": (walk([1, -1, -1, 1]), 0.5, 2 / 3, 0, 2, 0),
    "a new id after a gap": (walk([1, -1, 2, 2]), 0.5, 4 / 7, 1, 1, 0),
    "nobody there": ([moment([], [1], {}), moment([7], [1], {(7, 1): 0.9})], 0.0, 2 / 3, 0, 0, 1),
    "too far off": ([moment([7], [1], {(7, 1): 0.49})], -1.0, 0.0, 0, 1, 1),
    "nothing at all": ([moment([], [], {})], 1.0, 0.0, 0, 0, 0),
}


@pytest.mark.parametrize(
    ("moments", "mota", "idf1", "switches", "missed", "false"), BY_HAND.values(), ids=BY_HAND.keys()
)
def test_by_hand(moments: list[Moment], mota: float, idf1: float, switches: int, missed: int, false: int) -> None:
    found = score(moments)
    assert (found.mota, found.idf1) == pytest.approx((mota, idf1))
    assert (found.switches, found.missed, found.false) == (switches, missed, false)


def drawn(seed: int, frames: int = 60) -> list[Moment]:
    """People on lines, found with jitter, losses, false ones and ids that change."""
    rng = np.random.default_rng(seed)
    size = np.array([8.0, 20.0])
    starts, speeds = rng.uniform(0, 100, (5, 2)), rng.normal(0, 1, (5, 2))
    names = np.arange(5)
    out = []
    for t in range(frames):
        names = np.where(rng.random(5) < 0.03, rng.integers(0, 12, 5), names)
        at = starts + t * speeds
        true = np.concatenate([at, at + size], axis=1)
        here, kept = rng.random(5) < 0.9, rng.random(5) < 0.8
        ids, first = np.unique(names[kept], return_index=True)
        boxes = (true + rng.normal(0, 1.2, true.shape))[kept][first]
        stray = rng.uniform(0, 100, (1, 2))
        false = np.concatenate([stray, stray + size], axis=1)
        found, every = np.append(ids, 90 + t % 3), np.concatenate([boxes, false])
        out.append(Moment(np.flatnonzero(here), found, box_similarity(true[here], every)))
    return out


# What TrackEval 1.3.0 says of `drawn(seed)` (motmetrics 1.4.0 agrees on the first two and the switches):
# MOTA, IDF1, HOTA, DetA, AssA, switches, missed, false
REFERENCE = {
    "seed 0": (0, 0.385768, 0.540925, 0.378962, 0.417743, 0.344614, 8, 64, 92),
    "seed 1": (1, 0.338462, 0.376812, 0.291737, 0.408286, 0.209399, 10, 65, 97),
    "seed 2": (2, 0.297398, 0.478505, 0.324172, 0.369687, 0.284751, 10, 91, 88),
}


@pytest.mark.parametrize("row", REFERENCE.values(), ids=REFERENCE.keys())
def test_as_the_reference_program(row: tuple[float, ...]) -> None:
    found = score(drawn(int(row[0])))
    measures = (found.mota, found.idf1, found.hota, found.det_a, found.ass_a)
    assert (*measures, found.switches, found.missed, found.false) == pytest.approx(row[1:], abs=1e-6)


@given(st.integers(0, 100_000))
@settings(max_examples=15, deadline=None)
def test_laws(seed: int) -> None:
    moments = drawn(seed, 20)
    found = score(moments)
    assert found.mota <= 1.0 and 0.0 <= found.idf1 <= 1.0 and 0.0 <= found.hota <= 1.0
    assert found.id_tp + found.id_fn == found.objects
    assert found.hota <= max(found.det_a, found.ass_a) + 1e-9
    renamed = score([Moment(m.truth + 40, 1000 - m.found, m.similarity) for m in moments])
    assert (renamed.idf1, renamed.hota) == pytest.approx((found.idf1, found.hota))
    perfect = [Moment(m.truth, m.truth, np.eye(len(m.truth))) for m in moments]
    ideal = score(perfect)
    assert (ideal.mota, ideal.idf1, ideal.hota) == pytest.approx((1.0, 1.0, 1.0))


BOXES = {
    "the same": ([0.0, 0.0, 10.0, 10.0], 1.0),
    "half": ([0.0, 0.0, 10.0, 5.0], 0.5),
    "a third": ([5.0, 0.0, 15.0, 10.0], 1 / 3),
    "beside": ([10.0, 0.0, 20.0, 10.0], 0.0),
    "empty": ([3.0, 3.0, 3.0, 3.0], 0.0),
}


@pytest.mark.parametrize(("other", "share"), BOXES.values(), ids=BOXES.keys())
def test_overlap(other: list[float], share: float) -> None:
    assert box_similarity(BOX, np.array([other]))[0, 0] == pytest.approx(share)


def test_places_match_within_a_distance() -> None:
    here: FloatArray = np.array([[0.0, 0.0]])
    there = np.array([[0.3, 0.4], [1.0, 0.0], [0.0, 0.0]])
    assert floor_similarity(here, there, 0.5)[0] == pytest.approx([0.5, 0.0, 1.0])


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"shape \(1, 1\).*\(1, 2\)"):
        score([Moment(np.array([1]), np.array([1, 2]), np.zeros((1, 1)))])

"""The tracking suite's parts: the baseline, the merge, the scores, what is left out and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from aisle.bench.bytetrack import ByteTrack
from aisle.bench.mot_metrics import FloatArray
from aisle.bench.tracking import judge_tracking
from aisle.bench.tracking_campus import NearestMerge
from aisle.bench.tracking_crowd import Noise, crowded_shop
from aisle.bench.tracking_load import TrackingLoad
from aisle.bench.tracking_peer import byte_track_of, peer_python
from aisle.bench.tracking_pictures import BoxFrame, BoxNoise, judged_boxes, kept, made_boxes, read_mot
from aisle.bench.tracking_score import score_floor_tracks
from aisle.bench.truth import BenchError, BrokenRunError

BOX = np.array([[100.0, 100.0, 150.0, 250.0]])


def ids_of(scores: list[float], step_px: float = 4.0) -> list[int]:
    """One box moving to the right with these scores (0: not found): the ids it gets."""
    tracker = ByteTrack()
    out = []
    for i, score in enumerate(scores):
        found = score > 0
        ids = tracker.step(BOX[:found] + step_px * i * np.array([1.0, 0.0, 1.0, 0.0]), np.full(int(found), score))
        out += ids.tolist() or [-2]
    return out


# As the package `trackers` 2.6.1 answers with its defaults.
BYTES = {
    "counts from the second frame": ([0.9, 0.9, 0.9], [-1, 0, 0]),
    "unsure boxes keep a track": ([0.9, 0.9, 0.3, 0.3, 0.9], [-1, 0, 0, 0, 0]),
    "unsure boxes begin none": ([0.5, 0.5, 0.5], [-1, -1, -1]),
    "sure enough to match, not to begin": ([0.65, 0.65], [-1, -1]),
    "found again after a gap": ([0.9, 0.9, 0.9, 0, 0, 0.9], [-1, 0, 0, -2, -2, 0]),
    "an immature track ends at once": ([0.9, 0, 0.9, 0.9], [-1, -2, -1, 0]),
}


@pytest.mark.parametrize(("scores", "ids"), BYTES.values(), ids=BYTES.keys())
def test_byte_track(scores: list[float], ids: list[int]) -> None:
    assert ids_of(scores) == ids


def test_byte_track_forgets_after_a_second() -> None:
    assert ids_of([0.9] * 3 + [0] * 29 + [0.9], 0.0)[-1] == 0
    assert ids_of([0.9] * 3 + [0] * 31 + [0.9, 0.9], 0.0)[-2:] == [-1, 1]


def places(*points: tuple[float, float]) -> FloatArray:
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def test_nearest_tracks_of_two_views_are_one_person() -> None:
    merge = NearestMerge()
    a, b = np.array([4, 5]), np.array([9])
    ids, there = merge.step([(a, places((0.0, 0.0), (5.0, 5.0))), (b, places((0.4, 0.0)))])
    assert ids.tolist() == [0, 1]
    assert there == pytest.approx(places((0.2, 0.0), (5.0, 5.0)))
    later, _ = merge.step([(a[:0], places()), (b, places((3.0, 0.0)))])
    assert later.tolist() == [0]  # who was joined stays joined
    far, _ = merge.step([(np.array([6]), places((9.0, 9.0))), (b, places((3.0, 0.0)))])
    assert far.tolist() == [0, 2]


def test_scores_on_the_floor() -> None:
    truth = [(np.array([1, 2]), places((0.0, 0.0), (3.0, 0.0)))] * 10
    found = [(np.array([7, 8]), places((0.06, 0.08), (3.0, 0.0)))] * 5
    swapped = [(np.array([8, 7]), places((0.06, 0.08), (3.0, 0.0)))] * 5
    scores = score_floor_tracks(truth, found + swapped, seconds=60.0)
    assert scores.error_median_m == pytest.approx(0.05, abs=0.051)
    assert scores.error_p90_m == pytest.approx(0.1)
    assert scores.switches_per_10_min == 20.0
    assert (scores.tracks.mota, scores.tracks.idf1) == (0.9, 0.5)
    with pytest.raises(ValueError, match="9 frames found for 10"):
        score_floor_tracks(truth, found + swapped[:4], 60.0)


def street() -> list[BoxFrame]:
    return [
        BoxFrame(
            np.array([1, 2]),
            np.array([[50.0 + i, 50, 90 + i, 150], [300.0 - i, 60, 345 - i, 170]]),
            BOX[:0],
            BOX[:0, 0],
        )
        for i in range(30)
    ]


def test_made_boxes_are_seeded_and_near_the_truth() -> None:
    one, again, other = (made_boxes(street(), seed, BoxNoise(), (640, 480)) for seed in (1, 1, 2))
    assert all(np.array_equal(a.boxes_px, b.boxes_px) for a, b in zip(one, again, strict=True))
    assert any(a.boxes_px.shape != b.boxes_px.shape for a, b in zip(one, other, strict=True))
    exact = made_boxes(street(), 1, BoxNoise(jitter=0.0, missed=0.0, clutter=0.0), (640, 480))
    assert judged_boxes(exact, [(f.truth[np.argsort(f.boxes_px[:, 0])], f.boxes_px) for f in exact]).missed == 0


def test_only_named_boxes_are_judged() -> None:
    frames = made_boxes(street(), 1, BoxNoise(missed=0.0, clutter=0.0), (640, 480))
    ids = [np.full(len(f.boxes_px), -1) for f in frames]
    assert judged_boxes(frames, kept(frames, ids)).missed == 60


def test_faulty_truth_is_told(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text("1,1,10,10,20,40,1\n2,1,ten,10,20,40,1\n")
    with pytest.raises(BenchError, match=r"gt\.txt, line 2"):
        read_mot(path)


def test_the_simulated_shop_is_seeded() -> None:
    one, again = (crowded_shop(4, people=2, minutes=0.05, noise=Noise(clutter=1.0)) for _ in range(2))
    assert one.present.any() and len(one.seen) == len(one.t) == 30
    for a, b in zip(one.seen, again.seen, strict=True):
        assert {name: seen.boxes_px.tobytes() for name, seen in a.items()} == {
            name: seen.boxes_px.tobytes() for name, seen in b.items()
        }


def test_suite_says_what_it_leaves_out() -> None:
    results = judge_tracking(TrackingLoad(parts=("campus", "pictures")), lambda *_: None, environ={})
    assert results.rows == ()
    assert set(results.about) == {"seed", "minutes", "peer", "campus", "pictures"}


def test_suite_wants_data_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="holds no mot/tud-campus"):
        judge_tracking(TrackingLoad(parts=("pictures",), data=tmp_path), lambda *_: None, environ={})


def test_unknown_parts_are_refused() -> None:
    with pytest.raises(BenchError, match=r"'roof'.*floor, campus, pictures"):
        TrackingLoad(parts=("roof",))


PEERS = {
    "named": (Path("/a"), {"AISLE_PEERS": "/b"}, Path("/a")),
    "by the environment": (None, {"AISLE_PEERS": "/b"}, Path("/b")),
    "none": (None, {}, None),
}


@pytest.mark.parametrize(("named", "environ", "python"), PEERS.values(), ids=PEERS.keys())
def test_which_peer(named: Path | None, environ: dict[str, str], python: Path | None) -> None:
    assert peer_python(named, environ) == python


def test_a_python_without_the_peer_is_told() -> None:
    with pytest.raises(BrokenRunError, match="must be a Python that has `trackers`"):
        byte_track_of(Path(sys.executable), [[(BOX, np.ones(1))]], {})
    with pytest.raises(BrokenRunError, match="no-such-python"):
        byte_track_of(Path("/no-such-python"), [], {})

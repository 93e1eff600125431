"""What the people tracker makes of people."""

import math

import numpy as np
import pytest

from aisle.simulation.dynamics import Dynamics, rough_tracks
from aisle.simulation.people import Body, Person
from aisle.simulation.tracks import Frames, track

BODY = Body(1.75, 0.58, 0.1, 1.0, 1.0, 1.0, 1.0, 1)


def crowd(count: int) -> list[Person]:
    return [
        Person(str(k), "customer", BODY, 2.0, (x, 0.0), 58.0, [(2.0, x, 0.0), (58.0, x, 1.0)], [(2.0, 1.0)])
        for k, x in enumerate(0.3 * np.arange(count))
    ]


def watch(dynamics: Dynamics, count: int = 3, seed: int = 0) -> Frames:
    return track(crowd(count), 60.0, dynamics, np.random.default_rng(seed))


def test_clean_tracks_keep_their_ids_and_lie_near_the_truth() -> None:
    frames = watch(Dynamics())
    assert frames.links == {"0": "0", "1": "1", "2": "2"}
    assert 600 <= len(frames.t) <= 900
    x = frames.heads_m[frames.seen[:, 0], 0, 0]
    assert abs(float(x.mean())) < 0.06
    assert not frames.seen[frames.t < 2.0].any()


def test_rough_tracks_break_and_name_who_entered() -> None:
    seeds = [watch(rough_tracks(Dynamics()), seed=k) for k in range(4)]
    broken = sum(len(f.links) for f in seeds)
    assert broken > 12
    assert all(set(f.links.values()) == {"0", "1", "2"} for f in seeds)
    for f in seeds:
        assert all(f.id_at(j, 0.0) == str(j) for j in range(3))
        assert all(f.id_at(j, math.inf) == names[-1][1] for j, names in enumerate(f.ids))


@pytest.mark.parametrize(
    ("dynamics", "missing"),
    [
        pytest.param(Dynamics(wrist_missing=0.0), (0.0, 0.0), id="none"),
        pytest.param(Dynamics(), (0.1, 0.2), id="default"),
        pytest.param(rough_tracks(Dynamics()), (0.25, 0.35), id="rough"),
        pytest.param(Dynamics(wrist_missing=1.0), (1.0, 1.0), id="heads only"),
    ],
)
def test_wrists_go_missing(dynamics: Dynamics, missing: tuple[float, float]) -> None:
    frames = watch(dynamics)
    share = np.isnan(frames.wrists_m[frames.seen][..., 0]).mean()
    assert missing[0] <= share <= missing[1]
    assert (frames.wrist_scores[np.isnan(frames.wrists_m[..., 0])] == 0).all()
    assert not np.isnan(frames.heads_m[frames.seen]).any()


def test_nobody_in_the_shop_is_no_trouble() -> None:
    assert watch(Dynamics(), count=0).heads_m.shape[1:] == (0, 3)

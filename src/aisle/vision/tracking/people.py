"""What the floor tracker says after every slot of time, and how it becomes a tracker's reading."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.sensing.readings import TrackReading
from aisle.store.model import FloatArray


@dataclass(frozen=True, slots=True)
class FloorPeople:
    """n people at `t_ns`, as parallel arrays, in order of their arrival; NaN where a point is not known.

    `positions_m` is the body on the floor with covariance `cov`, `heads_m` the middle of the head with the probability
    `head_scores` that it is where it is said to be.  `wrists_m[:, k]` keeps to one hand of the person (0 left, 1 right
    as far as the way they walk tells); `wrist_sigma_m` is the standard deviation per axis (root mean square), and
    `holding` the probability that the hand holds something (NaN: nobody could say).  `confidence` is the probability
    that somebody is there, `identity` that it is still who came in under this id, `statures_m` the height of the
    middle of the head when upright.
    """

    t_ns: int
    ids: tuple[str, ...]
    positions_m: FloatArray  # (n, 2)
    cov: FloatArray  # (n, 2, 2)
    velocities_m_s: FloatArray  # (n, 2)
    heads_m: FloatArray  # (n, 3)
    head_scores: FloatArray  # (n,)
    wrists_m: FloatArray  # (n, 2, 3)
    wrist_sigma_m: FloatArray  # (n, 2)
    wrist_scores: FloatArray  # (n, 2)
    holding: FloatArray  # (n, 2)
    confidence: FloatArray  # (n,)
    identity: FloatArray  # (n,)
    statures_m: FloatArray  # (n,)
    seen: npt.NDArray[np.bool_]  # (n,) by any camera in this slot; False while they are only carried on

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Swap:
    """At `t_ns` the people with these ids may have taken each other's place, with that probability.

    The likelier story is the one told by the ids from then on.
    """

    t_ns: int
    a: str
    b: str
    probability: float


@dataclass(frozen=True, slots=True)
class Found:
    """At `t_ns` somebody lost was found again and goes on under the old id; `probability` that it is them."""

    t_ns: int
    person: str
    probability: float
    gap_s: float


@dataclass(frozen=True, slots=True)
class Lost:
    """At `t_ns` nobody had seen this person for a while; `at_exit`: they were last seen on their way out."""

    t_ns: int
    person: str
    at_exit: bool


TrackEvent = Swap | Found | Lost


def track_reading(
    people: FloorPeople,
    device: str,
    received_ns: int,
    least_wrist_score: float = 0.1,
    wrist_error_m: float = 0.0,
) -> TrackReading:
    """The slot as the reading every tracker gives; wrists less sure than `least_wrist_score` are left out.

    `wrist_error_m` is what the detector's wrists are off by in every picture alike, per axis: no number of pictures
    averages it away, so the tracker cannot know of it.
    """
    wrists = np.where((people.wrist_scores >= least_wrist_score)[..., None], people.wrists_m, np.nan)
    hidden = np.isnan(wrists[..., 0])
    scores = np.where(hidden, 0.0, people.wrist_scores)
    holding = np.where(hidden, np.nan, people.holding)
    sigma = np.where(hidden, np.nan, np.hypot(people.wrist_sigma_m, wrist_error_m))
    return TrackReading(
        device,
        people.t_ns,
        received_ns,
        people.ids,
        people.heads_m.astype(np.float32),
        people.head_scores.astype(np.float32),
        wrists.astype(np.float32),
        scores.astype(np.float32),
        holding.astype(np.float32),
        sigma.astype(np.float32),
    )

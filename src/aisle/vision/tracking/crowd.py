"""Everybody the floor tracker believes in, confirmed or not, as parallel arrays."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from aisle.store.model import FloatArray
from aisle.vision.seen import Flags
from aisle.vision.tracking.motion import STATE

HANDS = 2


@dataclass
class Crowd:
    """n people in order of birth; `ids` are empty until they are confirmed.  Times in seconds.

    `exists` is the probability that there is anybody, `sees` counts sightings per camera, `now` is the probability of
    having been seen by each camera in this slot (NaN: the camera gave no picture), `chance` how probable that was.
    Hands: `wrist` and its covariance in metres, when it was last seen, how sure, and the log odds that it holds
    something.
    """

    serial: npt.NDArray[np.int64]  # (n,)
    ids: npt.NDArray[np.object_]  # (n,) str
    mean: FloatArray  # (n, 8)
    cov: FloatArray  # (n, 8, 8)
    exists: FloatArray  # (n,)
    born_s: FloatArray  # (n,)
    seen_s: FloatArray  # (n,)
    sees: FloatArray  # (n, cameras)
    now: FloatArray  # (n, cameras)
    chance: FloatArray  # (n, cameras)
    look: FloatArray  # (n, d)
    look_weight: FloatArray  # (n,)
    identity: FloatArray  # (n,)
    wrist: FloatArray  # (n, 2, 3)
    wrist_cov: FloatArray  # (n, 2, 3, 3)
    wrist_seen_s: FloatArray  # (n, 2)
    wrist_score: FloatArray  # (n, 2)
    grip: FloatArray  # (n, 2)
    grip_s: FloatArray  # (n, 2) when somebody last said whether it holds something
    heading: FloatArray  # (n, 2) unit vector of the way they face, as far as they walked

    def __len__(self) -> int:
        return len(self.serial)

    @property
    def confirmed(self) -> Flags:
        return np.asarray(self.ids != "", dtype=bool)

    @classmethod
    def empty(cls, cameras: int, looks: int = 0) -> Crowd:
        none = np.zeros(0)
        seen, hand = np.zeros((0, cameras)), np.zeros((0, HANDS))
        return cls(
            np.zeros(0, np.int64),
            np.zeros(0, np.object_),
            np.zeros((0, STATE)),
            np.zeros((0, STATE, STATE)),
            none,
            none,
            none,
            seen,
            seen,
            seen,
            np.zeros((0, looks)),
            none,
            none,
            np.zeros((0, HANDS, 3)),
            np.zeros((0, HANDS, 3, 3)),
            hand,
            hand,
            hand,
            hand,
            np.zeros((0, 2)),
        )

    @classmethod
    def newborn(
        cls,
        serials: npt.NDArray[np.int64],
        mean: FloatArray,
        cov: FloatArray,
        exists: FloatArray,
        t: float,
        like: Crowd,
    ) -> Crowd:
        """People just seen for the first time at `t` seconds; array sizes as in `like`."""
        n, cameras = len(serials), like.sees.shape[1]
        return cls(
            serials,
            np.full(n, "", np.object_),
            mean,
            cov,
            exists,
            np.full(n, t),
            np.full(n, t),
            np.zeros((n, cameras)),
            np.full((n, cameras), np.nan),
            np.zeros((n, cameras)),
            np.zeros((n, like.look.shape[1])),
            np.zeros(n),
            np.ones(n),
            np.zeros((n, HANDS, 3)),
            np.tile(np.eye(3), (n, HANDS, 1, 1)),
            np.full((n, HANDS), -np.inf),
            np.zeros((n, HANDS)),
            np.zeros((n, HANDS)),
            np.full((n, HANDS), -np.inf),
            np.tile((1.0, 0.0), (n, 1)),
        )

    def join(self, other: Crowd) -> None:
        """Add the people of `other` at the end."""
        for f in fields(self):
            setattr(self, f.name, np.concatenate([getattr(self, f.name), getattr(other, f.name)]))

    def keep(self, which: Flags) -> None:
        """Let go of everybody else."""
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name)[which])

    def exchange(self, i: int, j: int) -> None:
        """Let persons i and j keep their places and swap who they are: id, looks, identity, first sighting."""
        for array in (self.ids, self.look, self.look_weight, self.identity, self.born_s, self.serial):
            array[[i, j]] = array[[j, i]]

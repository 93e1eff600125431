"""The words of this room: plateau, episode, change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plateau:
    """A stretch of time on which the plates of an episode stood still.

    Levels are grams per plate relative to the episode's first plateau, so that
    differences between any two plateaus of an episode mean something and
    absolute values (plates are never zeroed) do not.  `head_*` is estimated on
    the first, `tail_*` on the last second or so: drift inside a long plateau
    stays out of the change.
    """

    t0_ns: int
    t1_ns: int
    head_g: FloatArray  # (plates,)
    head_var: FloatArray  # (plates,) g^2
    tail_g: FloatArray  # (plates,)
    tail_var: FloatArray  # (plates,) g^2
    unrest: float  # scatter on the plateau over what the plates' own noise explains; 1 = as quiet as ever

    @property
    def seconds(self) -> float:
        return (self.t1_ns - self.t0_ns) * 1e-9


@dataclass(frozen=True, slots=True)
class Episode:
    """What happened to neighbouring plates of one shelf between two rests.

    `shelf` indexes the shelves in the order the detector was given; the
    episode speaks of plates `first_plate` .. `first_plate + n - 1` (0-based).
    `plateaus` has at least two entries, in time order.  `settled` is False when
    the detector had to close the episode before the plates came to rest.
    `asked` when nothing was noticed, and the plates were compared because a
    hand had been there.
    """

    shelf: int
    first_plate: int
    plateaus: tuple[Plateau, ...]
    settled: bool
    asked: bool = False

    def change(self, before: int, after: int) -> tuple[FloatArray, FloatArray]:
        """Grams (plates,) that came (+) or went (-) between two plateaus, and their variances (plates,)."""
        a, b = self.plateaus[before], self.plateaus[after]
        return b.head_g - a.tail_g, b.head_var + a.tail_var

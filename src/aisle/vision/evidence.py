"""What cameras saw that speaks for or against a story: shelves, things in hands, doubt about who is who.

Values pass from vision to belief.  All likelihoods are natural logarithms and relative: 0 says nothing.  Belief never
takes them at their word: it caps them and always leaves room for the camera being wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aisle.vision.seen import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ShelfSight:
    """One shelf before and after hands were at it.

    `shelf` indexes `Store.shelves`; the pictures compared were taken at `t0_ns` (before the first hand came) and
    `t1_ns` (after the last had left).  Per place along the shelf, `bins_m` (metres, x of `Shelf.local`, ascending):
    `gone` is the log ratio of how probable the pictures are if something that stood there is gone, to how probable
    they are if nothing changed there; `new` the same for something that came.  0 where the place was hidden: what
    nobody saw speaks for nothing.
    """

    shelf: int
    t0_ns: int
    t1_ns: int
    bins_m: FloatArray  # (n,)
    gone: FloatArray  # (n,)
    new: FloatArray  # (n,)

    def __post_init__(self) -> None:
        if not self.bins_m.shape == self.gone.shape == self.new.shape or self.bins_m.ndim != 1 or not len(self.bins_m):
            raise ValueError(
                f"sight of shelf {self.shelf}: bins_m {self.bins_m.shape}, gone {self.gone.shape}, new "
                f"{self.new.shape}; all three have to be (n,), n at least 1"
            )
        if not (np.isfinite(self.gone).all() and np.isfinite(self.new).all()):
            raise ValueError(f"sight of shelf {self.shelf}: log ratios have to be finite, 0 where nothing was seen")
        if np.any(np.diff(self.bins_m) <= 0):
            raise ValueError(f"sight of shelf {self.shelf}: bins_m has to ascend")
        if self.t1_ns < self.t0_ns:
            raise ValueError(f"sight of shelf {self.shelf}: compared with a picture taken before, not after")


@dataclass(frozen=True, slots=True, eq=False)
class ItemSight:
    """A thing seen in somebody's hand, held against the shop's products.

    `track_id` and `hand` (0 left, 1 right) say whose.  `log_likelihoods[i]` is the log ratio of how probable the
    picture is if the thing is `gtins[i]`, to how probable it is if it is any product of the shop, each as likely as
    the next.  `rest` is the same for whatever is not among `gtins`, unknown things included.
    """

    t_ns: int
    track_id: str
    hand: int
    gtins: tuple[str, ...]
    log_likelihoods: FloatArray  # (n,)
    rest: float = 0.0

    def __post_init__(self) -> None:
        if self.hand not in (0, 1):
            raise ValueError(f"item in hand {self.hand} of {self.track_id}: hands are 0 (left) and 1 (right)")
        if self.log_likelihoods.shape != (len(self.gtins),):
            raise ValueError(
                f"item in a hand of {self.track_id}: {len(self.gtins)} gtins need as many log likelihoods, found shape "
                f"{self.log_likelihoods.shape}"
            )
        if not (np.isfinite(self.log_likelihoods).all() and np.isfinite(self.rest)):
            raise ValueError(f"item in a hand of {self.track_id}: log likelihoods have to be finite")


@dataclass(frozen=True, slots=True)
class IdentityDoubt:
    """Two tracks that may have exchanged who is who: with `probability`, from `t_ns` on `a` is who was `b` till then,
    and the other way round."""

    t_ns: int
    a: str
    b: str
    probability: float

    def __post_init__(self) -> None:
        if self.a == self.b:
            raise ValueError(f"doubt about who is who: {self.a!r} cannot be exchanged with itself")
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"doubt about {self.a!r} and {self.b!r}: probability {self.probability} is not in 0 to 1")


Evidence = ShelfSight | ItemSight | IdentityDoubt


def known_at_ns(evidence: Evidence) -> int:
    """The moment from which the evidence can be known."""
    return evidence.t1_ns if isinstance(evidence, ShelfSight) else evidence.t_ns

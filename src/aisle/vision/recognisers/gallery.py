"""The store's product pictures as vectors, and the odds that a crop shows one of them or something else.

How alike a crop and a product are is a `Measure`'s to say: by the nearest of the product's pictures (the gallery
itself), or by what all pictures together teach (`two_covariances`).  The likelihood of a crop's vector under a product
grows exponentially with it - for the nearest picture that is von Mises-Fisher (S. Banerjee et al., "Clustering on the
unit hypersphere using von Mises-Fisher distributions", 2005) - and that of something else is even, at a likeness found
on products that were not enrolled.  Both figures are fitted by maximum likelihood, so that the odds mean what they say
(`fit_odds`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from aisle.vision.seen import FloatArray, Image


class Embedding(Protocol):
    """Turns crops into unit vectors of length `size`."""

    @property
    def size(self) -> int: ...

    def of(self, crops: Sequence[Image]) -> FloatArray:
        """(n, size) of n crops, blue-green-red, of any size; ValueError for an empty one."""


class Measure(Protocol):
    """Says how alike vectors and enrolled products are."""

    def likeness(self, vectors: FloatArray) -> FloatArray:
        """(n, products) of vectors (n, size): the more, the likelier."""


SAME_ITEM = 0.4
"""How alike the errors of two photographs of one product from one shelf are, as found on photographs of groceries."""


@dataclass(frozen=True, slots=True)
class Odds:
    """`sharpness` is how fast likelihood grows with likeness (nats per unit of the measure's, here of cosine),
    `else_like` the likeness of something that is not in the gallery, `else_share` how often that is met."""

    sharpness: float = 20.0
    else_like: float = 0.62
    else_share: float = 0.05


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a crop may show: `gtins` with probabilities, the likeliest first; `unknown` that it is none of them all.

    `log_likelihoods` are those of `gtins` against a product drawn at random, `rest` the same for all others: nats, to
    be added to those of weight.  Those of several pictures of one item are added too, each times `worth_each`.
    """

    gtins: tuple[str, ...]
    probabilities: FloatArray
    unknown: float
    log_likelihoods: FloatArray
    rest: float


class Gallery:
    """Enrolled products; every picture counts by itself: front, back and a new design may stand beside each other."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._gtins: list[str] = []
        self._of: npt.NDArray[np.intp] = np.zeros(0, np.intp)
        self._vectors: FloatArray = np.zeros((0, size))

    @classmethod
    def of(cls, pictures: Mapping[str, Sequence[Image]], embedding: Embedding) -> Gallery:
        """Enrol the pictures of each product (by GTIN)."""
        gallery = cls(embedding.size)
        for gtin, images in pictures.items():
            gallery.enrol(gtin, embedding.of(images))
        return gallery

    @property
    def gtins(self) -> tuple[str, ...]:
        return tuple(self._gtins)

    @property
    def vectors(self) -> FloatArray:
        """(n, size) of all pictures, in the order they were enrolled."""
        return self._vectors

    @property
    def of_product(self) -> npt.NDArray[np.intp]:
        """(n,) which of `gtins` each picture is of."""
        return self._of

    def enrol(self, gtin: str, vectors: FloatArray) -> None:
        """Add pictures (k, size) of a product, new or known."""
        if vectors.ndim != 2 or vectors.shape[1] != self._size:
            raise ValueError(f"product {gtin}: vectors of shape {vectors.shape}, must be (k, {self._size})")
        if gtin not in self._gtins:
            self._gtins.append(gtin)
        number = self._gtins.index(gtin)
        self._of = np.concatenate([self._of, np.full(len(vectors), number, np.intp)])
        self._vectors = np.concatenate([self._vectors, vectors])

    def likeness(self, vectors: FloatArray) -> FloatArray:
        """(n, products) cosine of each vector with the nearest picture of each product."""
        out = np.full((len(vectors), len(self._gtins)), -1.0)
        np.maximum.at(out.T, self._of, (vectors @ self._vectors.T).T)
        return out


class Recogniser:
    """Names what crops show; `odds` belong to the embedding and to the `measure` (without one: the gallery's own)."""

    def __init__(
        self, embedding: Embedding, gallery: Gallery, odds: Odds | None = None, measure: Measure | None = None
    ) -> None:
        self._embedding, self._gallery, self._odds = embedding, gallery, odds or Odds()
        self._measure = measure or gallery

    def recognise(self, crops: Sequence[Image], most: int = 5) -> list[Recognised]:
        """One answer per crop, with the `most` likeliest products named."""
        return self.judge(self._embedding.of(crops), most)

    def judge(self, vectors: FloatArray, most: int = 5) -> list[Recognised]:
        """One answer per vector (n, size) of the embedding."""
        likeness = self._measure.likeness(vectors)
        posterior = posteriors(likeness, self._odds)
        out = []
        for alike, odds in zip(likeness, posterior, strict=True):
            order = np.argsort(-odds[:-1], kind="stable")[:most]
            nats = self._odds.sharpness * alike
            mean = _log_mean(nats) if len(nats) else 0.0
            others = np.delete(nats, order)
            beyond = np.append(others, self._odds.sharpness * self._odds.else_like)
            out.append(
                Recognised(
                    tuple(self._gallery.gtins[i] for i in order),
                    odds[order],
                    float(odds[-1]),
                    nats[order] - mean,
                    _log_mean(beyond) - mean,
                )
            )
        return out


def worth_each(pictures: int) -> float:
    """What the log likelihoods of each of several pictures of one item count for when they are added up.

    Pictures of one item err together, by SAME_ITEM: so n of them are worth n / (1 + (n - 1) * SAME_ITEM).
    """
    return 1.0 / (1.0 + (max(1, pictures) - 1) * SAME_ITEM)


def posteriors(likeness: FloatArray, odds: Odds) -> FloatArray:
    """(n, products + 1) probabilities of each product and, last, of something else; rows sum to 1."""
    n, count = likeness.shape
    logs = np.empty((n, count + 1))
    logs[:, :count] = odds.sharpness * likeness + np.log((1.0 - odds.else_share) / max(1, count))
    logs[:, count] = odds.sharpness * odds.else_like + np.log(odds.else_share)
    logs -= logs.max(axis=1, keepdims=True)
    raised = np.exp(logs)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit_odds(
    likeness: FloatArray, truth: npt.NDArray[np.intp], else_share: float = 0.05, start: Odds | None = None
) -> Odds:
    """The odds that make the truth most probable: `truth` (n,) is the product of each row, -1 for something else.

    The search begins at `start`.  Rows of something else are weighted to be `else_share` of all.  Raises ValueError
    unless both kinds are there.
    """
    alien = truth < 0
    if not alien.any() or alien.all():
        raise ValueError("likeness of enrolled products and of others is needed; found only one kind")
    weights = np.where(alien, else_share / alien.sum(), (1.0 - else_share) / (~alien).sum())
    column = np.where(alien, likeness.shape[1], truth)

    def surprise(x: FloatArray) -> float:
        told = posteriors(likeness, Odds(float(np.exp(x[0])), float(x[1]), else_share))
        return float(-(weights * np.log(np.maximum(1e-12, told[np.arange(len(column)), column]))).sum())

    first = start or Odds(20.0, 0.6)
    best = minimize(surprise, np.array([np.log(first.sharpness), first.else_like]), method="Nelder-Mead")
    return Odds(float(np.exp(best.x[0])), float(best.x[1]), else_share)


def _log_mean(nats: FloatArray) -> float:
    top = float(nats.max())
    return top + float(np.log(np.mean(np.exp(nats - top))))

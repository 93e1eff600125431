"""Enrolled products as Gaussians in a space learnt from the pictures themselves: no network is trained.

The model has two covariances: how products differ from each other (B) and how pictures of one product differ (W).  A
product's place is itself uncertain: of one picture little is known, of twenty much; a product never enrolled is one of
whose place nothing is known.  So few pictures and many, and strangers, are weighed by one rule:

    log p(z | pictures of c) - log p(z | nothing enrolled)

S. Ioffe, "Probabilistic linear discriminant analysis", 2006.  Both covariances are blended with round ones, each worth
a fixed number of pictures or products, and W is measured once more on pictures as if each had been left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh, solve_triangular

from aisle.vision.seen import FloatArray, Indices

MOST_AXES, FRAME_AXES = 384, 600
SAME_SCENE = 0.15
"""How alike two pictures of a product are beyond the product: pictures are often taken in one go."""
PRIOR_DEGREES = 24.0
"""How many differences between pictures of one product the prior within-covariance is worth."""
BETWEEN_DEGREES = 12.0
"""How many products the prior between-covariance is worth, which is round in the space where W is: what is enrolled
differs along few axes only, and the next product will differ along others."""
PRIOR_WITHIN = 0.5
"""The share of all variance that is within products, before any product has two pictures."""


@dataclass(frozen=True, slots=True)
class Space:
    """Axes along which W is the identity and B diagonal.

    z = (x - middle) @ axes, brought to the length the model expects; `between` are B's variances there, the largest
    first.  A picture in strange light lies far out along many axes at once; without its length the rest of it is as the
    model has it (D. Garcia-Romero and C. Y. Espy-Wilson, "Analysis of i-vector length normalization", 2011).
    """

    middle: FloatArray  # (d,)
    axes: FloatArray  # (d, r)
    between: FloatArray  # (r,)

    def __post_init__(self) -> None:
        if self.axes.shape != (len(self.middle), len(self.between)):
            raise ValueError(f"axes {self.axes.shape}, must be ({len(self.middle)}, {len(self.between)})")

    def of(self, vectors: FloatArray) -> FloatArray:
        """(n, r) of vectors (n, d)."""
        z = (vectors - self.middle) @ self.axes
        length = np.linalg.norm(z, axis=1, keepdims=True)
        return np.asarray(z * np.sqrt(np.sum(1.0 + self.between)) / np.maximum(length, 1e-9))


def fit_space(vectors: FloatArray, of: Indices, most_axes: int = MOST_AXES) -> Space:
    """The space of enrolled pictures: `vectors` (n, d), `of` (n,) the number of each one's product, from 0.

    Raises ValueError without two products.
    """
    products, of = np.unique(of, return_inverse=True)
    count = np.bincount(of).astype(np.float64)
    if len(products) < 2:
        raise ValueError(f"found {len(products)} products, two or more are needed to tell how products differ")
    means = _means(vectors, of, count)
    middle = means.mean(axis=0)
    main = _main_axes(vectors - middle, most_axes)
    inside, between = (vectors - means[of]) @ main, (means - middle) @ main
    freedom = float(len(vectors) - len(products))
    total = np.mean(between**2) + (np.sum(inside**2) / inside.shape[1] / freedom if freedom else 0.0)
    within = _within(inside, freedom, max(total, 1e-12))
    spread = between.T @ between / (len(products) - 1) - within * np.mean(1.0 / count)
    root = np.linalg.cholesky(within)
    half = solve_triangular(root, spread, lower=True)
    values, turn = eigh(solve_triangular(root, half.T, lower=True))
    axes = main @ solve_triangular(root.T, turn, lower=False)
    apart = _left_out_spread((vectors - means[of]) @ axes, freedom)
    noise = float(np.mean(1.0 / count))
    values = np.maximum((values + noise) / apart - noise, 0.0)
    order = np.argsort(-values, kind="stable")
    known = float(len(products) - 1)
    blended = known * values + BETWEEN_DEGREES * max(float(values.mean()), 1e-6)
    return Space(middle, (axes / np.sqrt(apart))[:, order], blended[order] / (known + BETWEEN_DEGREES))


@dataclass(frozen=True, slots=True)
class Frame:
    """The axes along which pictures differ at all, so that a space can be fitted to some of them many times."""

    middle: FloatArray  # (d,)
    axes: FloatArray  # (d, r), orthonormal

    def of(self, vectors: FloatArray) -> FloatArray:
        """(n, r) of vectors (n, d)."""
        return np.asarray((vectors - self.middle) @ self.axes)

    def outside(self, space: Space) -> Space:
        """A space fitted in this frame as one of whole vectors."""
        return Space(self.middle + self.axes @ space.middle, self.axes @ space.axes, space.between)


def fit_frame(vectors: FloatArray, most_axes: int = FRAME_AXES) -> Frame:
    """The frame of vectors (n, d), whatever they are of."""
    middle = vectors.mean(axis=0)
    return Frame(middle, _main_axes(vectors - middle, most_axes))


class TwoCovariances:
    """Products in a space; `enrol` adds to them without fitting the space anew."""

    def __init__(self, space: Space, same_scene: float = SAME_SCENE) -> None:
        self._space, self._same_scene = space, same_scene
        self._sums: FloatArray = np.zeros((0, len(space.between)))
        self._count: FloatArray = np.zeros(0)

    @classmethod
    def of(cls, space: Space, vectors: FloatArray, of: Indices, products: int) -> TwoCovariances:
        """Products 0 to `products` - 1 by their pictures' vectors (n, d)."""
        made = cls(space)
        made._sums = np.zeros((products, len(space.between)))
        np.add.at(made._sums, of, space.of(vectors))
        made._count = np.bincount(of, minlength=products).astype(np.float64)
        return made

    def enrol(self, number: int, vectors: FloatArray) -> None:
        """Add pictures (k, d) of product `number`: one there is, or the next one."""
        if number == len(self._count):
            self._sums = np.concatenate([self._sums, np.zeros((1, self._sums.shape[1]))])
            self._count = np.append(self._count, 0.0)
        self._sums[number] += self._space.of(vectors).sum(axis=0)
        self._count[number] += len(vectors)

    def likeness(self, vectors: FloatArray) -> FloatArray:
        """(n, products) log likelihood ratio of each product against one never enrolled, nats per axis.

        A product without pictures is one never enrolled: its ratio is 0.
        """
        z, between = self._space.of(vectors), self._space.between
        worth = self._count / (1.0 + (np.maximum(self._count, 1.0) - 1.0) * self._same_scene)
        gain = between * worth[:, None] / (1.0 + between * worth[:, None])  # (products, r)
        place = gain * self._sums / np.maximum(self._count, 1.0)[:, None]
        variance = 1.0 + between * (1.0 - gain)
        precision = 1.0 / variance
        told = z**2 @ precision.T - 2.0 * z @ (place * precision).T + (place**2 * precision + np.log(variance)).sum(1)
        stranger = (z**2 / (1.0 + between) + np.log1p(between)).sum(axis=1)
        return np.asarray((stranger[:, None] - told) / (2.0 * len(between)))


def _means(vectors: FloatArray, of: Indices, count: FloatArray) -> FloatArray:
    means = np.zeros((len(count), vectors.shape[1]))
    np.add.at(means, of, vectors)
    return np.asarray(means / count[:, None])


def _main_axes(centred: FloatArray, most: int) -> FloatArray:
    """(d, r) orthonormal axes of most variance."""
    n, d = centred.shape
    small = centred @ centred.T if n < d else centred.T @ centred
    side = len(small)
    values, turn = eigh(small, subset_by_index=[max(0, side - most), side - 1])
    kept = values > 1e-9 * max(float(values[-1]), 1e-12)
    kept[-1] = True  # where all vectors are one, an axis along which nothing differs
    values, turn = np.maximum(values[kept][::-1], 1e-12), turn[:, kept][:, ::-1]
    return np.asarray(centred.T @ turn / np.sqrt(values) if n < d else turn)


def _within(inside: FloatArray, freedom: float, total: float) -> FloatArray:
    """(r, r) covariance within products of differences from the products' means (n, r), blended with a round one."""
    r = inside.shape[1]
    blended = (inside.T @ inside + PRIOR_DEGREES * PRIOR_WITHIN * total * np.eye(r)) / (freedom + PRIOR_DEGREES)
    return np.asarray(blended + 1e-9 * total * np.eye(r))


def _left_out_spread(inside: FloatArray, freedom: float) -> FloatArray:
    """(r,) variance within products along axes on which W is one, for pictures W was not learnt from.

    A covariance of many axes fits its own few pictures too well; what each would have been without itself follows from
    the rank-one update (J. Sherman and W. J. Morrison, 1950).
    """
    if freedom <= 0:
        return np.ones(inside.shape[1])
    worth = freedom + PRIOR_DEGREES
    own = np.minimum((inside**2).sum(axis=1) / worth, 0.95)
    told = ((inside / (1.0 - own)[:, None]) ** 2).sum(axis=0)
    return np.asarray((told + PRIOR_DEGREES) / worth)

"""How well a weight change is explained by items standing somewhere: Gaussian likelihoods.

For one item of unknown weight at each tile the change reduces to three numbers
(best weight, its variance, misfit); any product, misplaced item or held item is
then tried against all tiles in one vector operation.  Several items at once use
the first two moments of their shares.  All values are natural-log densities of
the change vector in g^-plates, so explanations of different kinds compare.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from aisle.belief.footprint import Footprints

FloatArray = npt.NDArray[np.float64]
LOG_2PI = float(np.log(2.0 * np.pi))
POOR_FIT = 16.0  # chi-square beyond one per plate at which even the best tile fits badly
SOFTER = 3.5  # then shares are taken as this much less certain ...
SOFT_PRICE = 2.5  # ... at this price in nats
FLOOR_VAR = 0.5  # g^2 per plate: what no model of a shelf knows better


class ChangeFit:
    """One change vector seen through the tiles of its shelf.

    `change_g`, `var_g2` are (plates,) for the shelf's plates `first` .. `first+plates`;
    NaN plates are unknown and ignored, not zero.
    """

    def __init__(self, prints: Footprints, first: int, change_g: FloatArray, var_g2: FloatArray) -> None:
        known = np.isfinite(change_g) & np.isfinite(var_g2)
        self.prints = prints
        self.columns = first + np.flatnonzero(known)
        self.d = change_g[known]
        self.r = var_g2[known] + FLOOR_VAR
        self.n = len(self.d)
        self.sum_g = float(self.d.sum())
        self.sum_var = float(self.r.sum())
        self.largest_g = float(np.max(np.abs(self.d), initial=0.0))
        self.soft = 1.0
        self.base: FloatArray
        self.misfit: FloatArray
        self._tiles()
        if (
            len(self.misfit) and float(self.misfit.min()) > self.n + POOR_FIT
        ):  # footprints here are less sharp than thought
            self.soft = SOFTER
            self._tiles()
            self.base = self.base - SOFT_PRICE

    def _tiles(self) -> None:
        share = self.prints.share[:, self.columns]
        inside = np.flatnonzero(share.sum(axis=1) > 0.97)
        self.row = np.full(len(self.prints.x_m), -1, np.int64)  # tile -> row of the arrays below
        self.row[inside] = np.arange(len(inside))
        w = abs(self.sum_g)  # what a lone item must weigh; scales leak and slope
        f = share[inside]
        r = self.r[None, :] + (self.soft * w * self.prints.leak[inside][:, self.columns]) ** 2
        g = (w / np.sqrt(12.0)) * self.prints.slope[inside][:, self.columns]
        h = (w / np.sqrt(12.0)) * self.prints.swell[inside][:, self.columns]
        p = 1.0 / r
        fp, gp, hp = f * p, g * p, h * p
        ff, fd, dd = (fp * f).sum(1), fp @ self.d, p @ (self.d * self.d)
        fg, dg, gg = (fp * g).sum(1), gp @ self.d, 1.0 + (gp * g).sum(1)
        fh, dh, hh, gh = (fp * h).sum(1), hp @ self.d, 1.0 + (hp * h).sum(1), (gp * h).sum(1)
        # the tile's extent in place and width adds two directions of doubt: invert their 2x2 block
        det = gg * hh - gh * gh
        ff = ff - (hh * fg * fg - 2 * gh * fg * fh + gg * fh * fh) / det
        fd = fd - (hh * fg * dg - gh * (fg * dh + fh * dg) + gg * fh * dh) / det
        dd = dd - (hh * dg * dg - 2 * gh * dg * dh + gg * dh * dh) / det
        self.weight = fd / ff  # (rows,) signed best weight at each tile
        self.weight_var = 1.0 / ff
        self.misfit = misfit = dd - fd * fd / ff
        logdet = np.log(r).sum(1) + np.log(det)
        # density given weight W, variance v: base - ((weight - W)^2 / (weight_var + v) + log1p(v * ff)) / 2
        self.base = -0.5 * (self.n * LOG_2PI + logdet + misfit)

    def one(self, rows: npt.NDArray[np.integer], weight_g: float, var_g2: float, sign: int) -> FloatArray:
        """(rows,) log density if one item of that weight came (+1) or went (-1) at each of the rows."""
        v = self.weight_var[rows] + var_g2
        z = sign * self.weight[rows] - weight_g
        out: FloatArray = self.base[rows] - 0.5 * (z * z / v + np.log(v / self.weight_var[rows]))
        return out

    @classmethod
    def plain(cls, change_g: FloatArray, var_g2: FloatArray) -> ChangeFit:
        """A change without tiles, for densities that ask for no place."""
        self = cls.__new__(cls)
        self.d, self.r, self.n = change_g, var_g2 + FLOOR_VAR, len(change_g)
        return self

    def gaussian(self, mean_g: FloatArray, cov_g2: FloatArray) -> float:
        """Log density if the mean is `mean_g` (n,), with covariance `cov_g2` (n, n) beside the plates' own."""
        c = cov_g2 + np.diag(self.r)
        e = self.d - mean_g
        try:
            chol = np.linalg.cholesky(c)
        except np.linalg.LinAlgError:
            return -np.inf
        z = np.linalg.solve(chol, e)
        return float(-0.5 * (self.n * LOG_2PI + z @ z) - np.log(np.diag(chol)).sum())

    def diagonal(self, mean_g: FloatArray | float, var_g2: FloatArray | float) -> float:
        """Log density with independent plates."""
        v = self.r + var_g2
        e = self.d - mean_g
        return float(-0.5 * np.sum(LOG_2PI + np.log(v) + e * e / v))

    def several(self, mean_g: FloatArray, directions: FloatArray, log_weight: FloatArray, spread: FloatArray) -> float:
        """Log density over arrangements of several items, weighted by `log_weight` (arrangements,).

        `mean_g` (n, arrangements) is the change each would make; `directions`
        (k, n, arrangements) are independent directions of doubt (place, weight),
        `spread` (n,) extra variance per plate.
        """
        p = 1.0 / (self.r + spread)
        k = len(directions)
        seen = np.concatenate([directions, (self.d[:, None] - mean_g)[None]]) * np.sqrt(p)[:, None]
        gram = np.einsum("inm,jnm->ijm", seen, seen)
        at = np.arange(k)
        gram[at, at] += 1.0
        # Woodbury's identity and the determinant lemma: one direction eliminated after the other
        for i in range(k):
            row = gram[i, i + 1 :]
            gram[i + 1 :, i + 1 :] -= row[:, None] * (row / gram[i, i])
        ll = log_weight - 0.5 * (gram[k, k] + np.log(gram[at, at]).sum(axis=0))
        top = float(ll.max())
        return top + float(np.log(np.exp(ll - top).sum())) - 0.5 * (self.n * LOG_2PI - float(np.log(p).sum()))

    def nothing(self) -> float:
        """Log density if no item moved: a little settling, now and then a bigger shift of what leans there."""
        return float(
            np.logaddexp(
                np.log(0.9) + self.diagonal(0.0, 1.5**2),
                np.log(0.1) + self.diagonal(0.0, 6.0**2),
            )
        )

    def anything(self) -> float:
        """Log density if any plate may have changed by anything, or not at all."""
        quiet = -0.5 * (LOG_2PI + np.log(self.r + 4.0) + self.d**2 / (self.r + 4.0))
        return float(np.sum(np.logaddexp(np.log(0.6) + quiet, np.log(0.4) - np.log(900.0))))

    def beyond(self, lo: int, hi: int) -> float:
        """Log density of the plates before `lo` and from `hi` on (counted within the shelf) under what fits them.

        Noise alone where noise explains it, else whatever stands there: no more than two standard deviations off.
        """
        out = (self.columns < lo) | (self.columns >= hi)
        d, r = self.d[out], self.r[out]
        return float(-0.5 * np.sum(LOG_2PI + np.log(r) + np.minimum(d * d / r, 4.0)))

    def temporary(self) -> float:
        """Log density if a hand rested or something was held half lifted: one footprint of any weight, or anything."""
        anything = self.anything()
        if not len(self.base):
            return anything
        flat = self.base + 0.5 * (LOG_2PI + np.log(self.weight_var)) - np.log(1200.0)
        top = float(flat.max())
        footprint = top + float(np.log(np.exp(flat - top).mean()))
        return float(np.logaddexp(np.log(0.3) + anything, np.log(0.7) + footprint))

    def slid(self) -> float:
        """Log density if something was pushed along the shelf: plates change, their sum hardly."""
        n = self.n
        if n < 2:
            return -np.inf
        # covariance of w grams pushed: w^2 (1 - 11^T / n) + (w / 100)^2 11^T / n, a diagonal and one direction
        var = np.array([40.0, 120.0, 360.0, 1000.0])[:, None] ** 2
        diagonal = self.r + var
        direction = (0.01**2 - 1.0) * var[:, 0] / n
        p = 1.0 / diagonal
        scale = 1.0 + direction * p.sum(axis=1)
        quad = (p * self.d**2).sum(axis=1) - direction * (p @ self.d) ** 2 / scale
        ll = -0.5 * (n * LOG_2PI + np.log(diagonal).sum(axis=1) + np.log(scale) + quad)
        return float(np.logaddexp.reduce(ll)) + math.log(0.25)

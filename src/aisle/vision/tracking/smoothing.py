"""Afterwards one knows better: tracks smoothed with what came later (for truth, clips and training, not for tills).

H. E. Rauch, F. Tung, C. T. Striebel, "Maximum likelihood estimates of linear dynamic systems", AIAA Journal 3, 1965.
"""

from __future__ import annotations

import numpy as np

from aisle.store.model import FloatArray
from aisle.vision.tracking.motion import Motion


def smoothed(motion: Motion, times_s: FloatArray, means: FloatArray, covs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Means (n, 8) and covariances (n, 8, 8) of one person at `times_s` (n,), ascending, given all of the track.

    `means` and `covs` are what the filter said at these times.  Raises ValueError when times do not ascend.
    """
    if len(times_s) > 1 and not (np.diff(times_s) > 0).all():
        raise ValueError("times_s do not ascend; a track has one state per moment, in order")
    mean, cov = means.copy(), covs.copy()
    for k in range(len(times_s) - 2, -1, -1):
        F, Q = motion.step(float(times_s[k + 1] - times_s[k]), np.hypot(means[k : k + 1, 2], means[k : k + 1, 3]))
        ahead = F @ covs[k] @ F.T + Q[0]
        G = np.linalg.solve(ahead, F @ covs[k]).T
        mean[k] = means[k] + G @ (mean[k + 1] - F @ means[k])
        cov[k] = covs[k] + G @ (cov[k + 1] - ahead) @ G.T
        cov[k] = (cov[k] + cov[k].T) / 2.0
    return mean, cov

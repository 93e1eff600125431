"""What a hand held before and after: log ratios that it took something, put something down, or did both.

Empty before and full after speaks for a take, the reverse for a put, the same before and after for neither.  Frames
err together, so many of them say little more than a few; and now and then a hand is simply seen wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.belief.people import Track

FloatArray = npt.NDArray[np.float64]

ACTS = ("take", "put", "swap")
# P(held before, held after | act): rows are acts, nothing last; columns (no, no), (no, yes), (yes, no), (yes, yes)
_CONTENT = np.array(
    [
        (0.06, 0.74, 0.02, 0.18),  # take: the thing may vanish in a bag at once, or join another in the hand
        (0.06, 0.02, 0.74, 0.18),  # put
        (0.04, 0.08, 0.08, 0.80),  # swap
        (0.56, 0.05, 0.05, 0.34),  # nothing: seldom changes hands just then
    ]
)


@dataclass(frozen=True, slots=True)
class GripSettings:
    """Seconds and shares."""

    window_s: float = 1.5  # before and after a change in which a hand's content counts
    alike: float = 0.4  # how much frames err together
    frame_most: float = 2.5  # log odds one frame can give
    wrong: float = 0.03  # a hand's content is told wrong all through
    temper: float = 0.55  # exponent of what comes of it: hands also change their content unseen


def content(track: Track, t0: float, t1: float, settings: GripSettings) -> FloatArray:
    """(2,) log odds that each hand held something between t0 and t1 seconds; 0 where nobody saw."""
    out = np.zeros(2)
    if track.grip is None:
        return out
    a, b = track.span(t0, t1)
    p = np.clip(track.grip[a:b, :, 0], 0.01, 0.99)
    for hand in (0, 1):
        seen = p[np.isfinite(p[:, hand]), hand]
        if len(seen):
            odds = np.clip(np.log(seen / (1.0 - seen)), -settings.frame_most, settings.frame_most)
            out[hand] = odds.mean() * len(seen) / (1.0 + (len(seen) - 1) * settings.alike)
    return out


def ratios(before: FloatArray, after: FloatArray, settings: GripSettings) -> FloatArray:
    """(hands, acts) log ratio of each of `ACTS` to nothing, from log odds of content before and after (hands,)."""
    b, a = 1.0 / (1.0 + np.exp(-before)), 1.0 / (1.0 + np.exp(-after))
    wrong = settings.wrong
    b, a = wrong + (1.0 - 2.0 * wrong) * b, wrong + (1.0 - 2.0 * wrong) * a
    seen = np.stack([(1 - b) * (1 - a), (1 - b) * a, b * (1 - a), b * a], axis=-1)
    fit = seen @ _CONTENT.T
    return np.asarray(settings.temper * np.log(fit[:, :3] / fit[:, 3:]))


def gripped(track: Track, hands: FloatArray | None, t0: float, t1: float, settings: GripSettings) -> FloatArray | None:
    """(acts,) log ratios that this person took, put or swapped something between t0 and t1; None when nobody looked.

    `hands` (2, bins) are the log ratios that each hand reached there: the one that did is the one to look at.
    """
    if track.grip is None:
        return None
    before = content(track, t0 - settings.window_s, t0, settings)
    after = content(track, t1, t1 + settings.window_s, settings)
    if not before.any() and not after.any():
        return None
    each = ratios(before, after, settings)
    share = hand_shares(hands)
    return np.asarray(np.log(share @ np.exp(each)))


def hand_shares(hands: FloatArray | None) -> FloatArray:
    """(2,) how probably it was the left or the right hand that reached; sums to one."""
    if hands is None:
        return np.array([0.5, 0.5])
    best = hands.max(axis=1)
    share = np.exp(np.clip(best - best.max(), -30.0, 0.0)) + 0.02
    return np.asarray(share / share.sum())

"""What changed on a shelf between two pictures of it: what is gone, what is new, what only stands elsewhere now.

Two settled pictures of one place are brought to one light and one position; what then still differs, shadows left out,
is grouped into upright blobs.  Which of the two pictures shows the thing and which the empty place is told by two
signs: a thing has an outline where it stands, an empty place goes on as its surroundings do (P. Spagnolo et al.,
"An abandoned/removed objects detection algorithm", 2006), and a thing has more texture than a board or a wall.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from aisle.vision.seen import Bytes, Float32, FloatArray, Image

Kind = Literal["gone", "new", "moved"]
STIRRED_PX = 1.0  # a thing that moved less has not been touched


@dataclass(frozen=True, slots=True)
class Comparing:
    """What counts as a change; grey levels, shares of the region's height or area, log ratios."""

    apart: float = 12.0  # grey levels
    jiggle_px: float = 2.0  # how far the whole region may have shifted
    shade: float = 0.45  # log brightness a shadow may change
    smooth: float = 0.035  # spread of that log between neighbours up to which it is light and no thing
    close: float = 0.05  # gaps within a thing, of the region's height
    bridge: float = 0.35  # of a blob's usual height: what is thinner may be a bridge between two things
    gap: float = 0.08  # of the region's height: how wide such a bridge is at least
    least_height: float = 0.12  # of the region's height
    least_area: float = 0.002  # of the region
    same: float = 0.85  # correlation from which a thing found elsewhere is the same
    reach: float = 0.15  # of the region's height: how far a thing is looked for
    outline_weight: float = 2.2
    texture_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class PlaceChange:
    """One thing that came, went or moved: `box` x0, y0, x1, y1 in the region's pixels, `probability` of the kind."""

    kind: Kind
    box: tuple[int, int, int, int]
    probability: float
    shift_px: tuple[float, float] = (0.0, 0.0)  # moved: from before to after


def compared(before: Image, after: Image, comparing: Comparing | None = None) -> tuple[PlaceChange, ...]:
    """The changes from one settled picture of a region to a later one of the same size, from left to right.

    Raises ValueError when the sizes differ.
    """
    if before.shape != after.shape:
        raise ValueError(f"after: found {after.shape}, must be {before.shape} as before")
    c = comparing or Comparing()
    after = lit_as(before, brought(before, after, c.jiggle_px))
    changed = differing(before, after, c)
    told = (_told(before, after, changed, box, c) for box in grouped(changed, c))
    return tuple(_one_move([change for change in told if change is not None]))


def _one_move(changes: list[PlaceChange]) -> list[PlaceChange]:
    """The two ends of a thing that was pushed aside are one change."""
    out: list[PlaceChange] = []
    for change in changes:
        last = out[-1] if out else None
        if (
            last is not None
            and last.kind == change.kind == "moved"
            and math.dist(last.shift_px, change.shift_px) <= 2.0
        ):
            a, b = last.box, change.box
            box = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
            out[-1] = PlaceChange("moved", box, max(last.probability, change.probability), last.shift_px)
        else:
            out.append(change)
    return out


def brought(before: Image, after: Image, most_px: float) -> Image:
    """The later picture shifted on to the earlier, when a shift of no more than `most_px` explains it."""
    grey = [cv2.cvtColor(p, cv2.COLOR_BGR2GRAY).astype(np.float32) for p in (before, after)]
    if min(grey[0].shape) < 16:
        return after
    window = cv2.createHanningWindow((grey[0].shape[1], grey[0].shape[0]), cv2.CV_32F)
    (x, y), response = cv2.phaseCorrelate(grey[0], grey[1], window)
    if response < 0.3 or not 0.3 < math.hypot(x, y) <= most_px:
        return after
    shift = np.array([[1.0, 0.0, -x], [0.0, 1.0, -y]])
    size = (after.shape[1], after.shape[0])
    return np.asarray(cv2.warpAffine(after, shift, size, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


def lit_as(before: Image, after: Image) -> Image:
    """The later picture in the earlier one's light: each channel divided by the median of its ratios."""
    ratio = (after.astype(np.float32) + 4.0) / (before.astype(np.float32) + 4.0)
    gains = np.clip(np.median(ratio.reshape(-1, 3), axis=0), 0.3, 3.0)
    return np.asarray(np.clip(after / gains, 0, 255), dtype=np.uint8)


def differing(before: Image, after: Image, comparing: Comparing) -> Bytes:
    """(h, w) 255 where the pictures, already in one light and place, show different things."""
    apart = cv2.absdiff(before, after).max(axis=2)
    logs = np.log(after.astype(np.float32) + 12.0) - np.log(before.astype(np.float32) + 12.0)
    tone = logs.mean(axis=2)
    mean = cv2.blur(tone, (5, 5))
    spread = np.sqrt(np.maximum(cv2.blur(tone * tone, (5, 5)) - mean * mean, 0.0))
    light = (spread < comparing.smooth) & (np.abs(mean) < comparing.shade)
    found = np.where((apart > comparing.apart) & ~light, 255, 0).astype(np.uint8)
    opened = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    size = max(3, round(comparing.close * before.shape[0]))
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((size, size), np.uint8)), dtype=np.uint8)


def grouped(changed: Bytes, comparing: Comparing) -> list[tuple[int, int, int, int]]:
    """Boxes of upright things, from left to right: what changed above and below one another is one."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(changed, connectivity=8)
    specks = 0.15 * comparing.least_area * changed.size
    parts = [(int(x), int(y), int(x + w), int(y + h), int(a)) for x, y, w, h, a in stats[1:count] if a >= specks]
    joined: list[tuple[int, int, int, int, int]] = []
    for part in sorted(parts, key=lambda p: (-(p[2] - p[0]), p)):
        for i, other in enumerate(joined):
            shared = min(part[2], other[2]) - max(part[0], other[0])
            if shared > 0.5 * (part[2] - part[0]):
                low = (min(part[0], other[0]), min(part[1], other[1]))
                high = (max(part[2], other[2]), max(part[3], other[3]))
                joined[i] = (*low, *high, part[4] + other[4])
                break
        else:
            joined.append(part)
    tall, area = comparing.least_height * changed.shape[0], comparing.least_area * changed.size
    large = [(x0, y0, x1, y1) for x0, y0, x1, y1, a in joined if y1 - y0 >= tall and a >= area]
    return sorted(part for box in large for part in _parted(changed, box, comparing))


def _parted(changed: Bytes, box: tuple[int, int, int, int], comparing: Comparing) -> list[tuple[int, int, int, int]]:
    """The things of a blob that only hang together by a thin bridge, a shadow on the board: cut where it is thin."""
    x0, y0, x1, y1 = box
    heights = np.count_nonzero(changed[y0:y1, x0:x1], axis=0)
    thick = heights >= comparing.bridge * np.percentile(heights, 90)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], thick.astype(np.int8), [0]])))
    runs = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    joined: list[tuple[int, int]] = []
    for a, b in runs:
        if joined and a - joined[-1][1] < comparing.gap * changed.shape[0]:
            joined[-1] = (joined[-1][0], b)
        else:
            joined.append((a, b))
    wide = [(a, b) for a, b in joined if b - a >= comparing.close * changed.shape[0]]
    return [(x0 + a, y0, x0 + b, y1) for a, b in wide] if len(wide) > 1 else [box]


def _told(
    before: Image, after: Image, changed: Bytes, box: tuple[int, int, int, int], comparing: Comparing
) -> PlaceChange | None:
    """Whether the thing in the box moved, went or came; None when it stands there still, only lit otherwise."""
    log_odds = gone_log_odds(before, after, changed, box, comparing)
    gone = log_odds >= 0
    thing, other = (before, after) if gone else (after, before)
    found = _elsewhere(thing, other, box, comparing)
    if found is not None and math.hypot(found[0], found[1]) < STIRRED_PX:
        return None
    if found is not None:
        sign = 1.0 if gone else -1.0
        return PlaceChange("moved", box, found[2], (sign * found[0], sign * found[1]))
    return PlaceChange("gone" if gone else "new", box, 1.0 / (1.0 + math.exp(-abs(log_odds))))


def _elsewhere(
    picture: Image, other: Image, box: tuple[int, int, int, int], comparing: Comparing
) -> tuple[float, float, float] | None:
    """How far, and how surely, what the box shows in one picture stands away from there in the other."""
    x0, y0, x1, y1 = box
    reach = max(2, round(comparing.reach * picture.shape[0]))
    patch = picture[y0:y1, x0:x1]
    left, top = max(0, x0 - reach), max(0, y0 - reach)
    around = other[top : y1 + reach, left : x1 + reach]
    if min(patch.shape[:2]) < 4 or patch.std() < 6.0:
        return None
    match = cv2.matchTemplate(around, patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(match)
    dx, dy = float(left + x - x0), float(top + y - y0)
    return (dx, dy, float(best)) if best >= comparing.same else None


def gone_log_odds(
    before: Image, after: Image, changed: Bytes, box: tuple[int, int, int, int], comparing: Comparing
) -> float:
    """Log odds that the earlier picture shows the thing and the later one the empty place."""
    x0, y0, x1, y1 = box
    pad = 3
    window = (slice(max(0, y0 - pad), y1 + pad), slice(max(0, x0 - pad), x1 + pad))
    mask: Bytes = changed[window]
    within = np.zeros_like(mask)
    within[y0 - window[0].start : y1 - window[0].start, x0 - window[1].start : x1 - window[1].start] = 255
    mask = np.asarray(cv2.bitwise_and(mask, within), dtype=np.uint8)
    ring = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
    inner = mask > 0
    edges = [_edges(picture[window]) for picture in (before, after)]
    outline = math.log((float(edges[0][ring].mean()) + 2.0) / (float(edges[1][ring].mean()) + 2.0))
    texture = math.log((float(edges[0][inner].mean()) + 2.0) / (float(edges[1][inner].mean()) + 2.0))
    return comparing.outline_weight * outline + comparing.texture_weight * texture


def _edges(picture: Image) -> Float32:
    """(h, w) the largest channel's gradient, grey levels a pixel."""
    soft = cv2.GaussianBlur(picture, (3, 3), 0).astype(np.float32)
    x, y = (cv2.Sobel(soft, cv2.CV_32F, dx, dy, ksize=3, scale=0.125) for dx, dy in ((1, 0), (0, 1)))
    return np.asarray(cv2.magnitude(x, y).max(axis=2), dtype=np.float32)


def to_picture(box: tuple[int, int, int, int], back: FloatArray) -> FloatArray:
    """(4,) the box in the camera's picture round a box in a region, `back` (3, 3) mapping region to picture."""
    x0, y0, x1, y1 = box
    corners = np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], dtype=np.float64)
    mapped = cv2.perspectiveTransform(corners, back)[0]
    return np.concatenate([mapped.min(axis=0), mapped.max(axis=0)])

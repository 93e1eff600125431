"""Who of those a detector found stands on the shop's floor, and who is there although no detector found him.

Three things look like shoppers and are not: what always stands there (a chair), what a pane of glass shows of the
street, and reflections in it.  The first does not differ from the background; the others stand on no floor of ours.
The other way round a pair of legs at the picture's edge is a shopper, though no detector knows it: it differs from the
background, in front of the floor.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from aisle.vision.background import BackgroundModel
from aisle.vision.seen import Bytes, Flags, FloatArray, Image

STEP_PX = 2  # the difference is looked at in half size
APART = 16  # grey levels beyond noise from which a pixel differs
SUPPORT = 0.15  # share of a person's box that must differ from the background
KNOWN = 0.4  # share of a box whose background must be known before that is asked
TALL = 3.2  # a standing person's height in widths of a box cut off below the shoulders
LOWER_END = 0.3  # of a box's height, where the feet are looked for
FEET_PIXELS = 12
ON_FLOOR = 0.35  # share of a blob in front of the floor from which it can be part of a person
LEAST_AREA = 0.0010  # of the picture
LEAST_HEIGHT = 0.06  # of the picture's height
SHADE = (-0.45, 0.45)  # log ratio of brightness that a shadow or a patch of light stays within
SMOOTH = 0.11  # spread of that ratio between neighbours, up to which it is light and no thing
LOGS = np.log(np.arange(256.0, dtype=np.float32) + np.float32(12.0))
TINT = 0.28  # log ratio of chromaticity light may have


@dataclass(frozen=True, slots=True)
class Floor:
    """Where in one camera's picture people of the shop stand: corners in pixels, in order round the outline.

    The outline may reach beyond the picture, for people whose feet it does not show.
    """

    corners_px: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if len(self.corners_px) < 3:
            raise ValueError(f"floor: found {len(self.corners_px)} corners, must be 3 or more")

    def contains(self, points_px: FloatArray, slack_px: FloatArray) -> Flags:
        """Which points (n, 2) lie on the floor, or no farther from it than their slack (n,)."""
        ring = np.array(self.corners_px, dtype=np.float32)
        far = [cv2.pointPolygonTest(ring, (float(x), float(y)), True) for x, y in points_px]
        return np.array(far, dtype=np.float64).reshape(-1) >= -slack_px

    def mask(self, size: tuple[int, int], scale: float) -> Bytes:
        """(height, width) 255 on the floor, for a picture scaled by `scale`."""
        out = np.zeros(size, dtype=np.uint8)
        cv2.fillPoly(out, [np.rint(np.array(self.corners_px) * scale).astype(np.int32)], 255)
        return out


@dataclass(frozen=True, slots=True)
class Present:
    """n people, or parts of people, on the floor of one picture."""

    boxes_px: FloatArray  # (n, 4)
    scores: FloatArray  # (n,) the detector's; 0 for blobs
    feet_px: FloatArray  # (n, 2)
    whole: Flags  # (n,) found by a detector, rather than only by its difference from the background
    at_edge: Flags  # (n,) cut by the picture's border
    rejected_px: FloatArray  # (m, 4) people found that are not on the floor, or do not differ from the background

    def __len__(self) -> int:
        return len(self.scores)


def differing(image: Image, model: BackgroundModel) -> Bytes:
    """(height / 2, width / 2) 255 where something is that is not the background, shadows and light left out."""
    half = (image.shape[1] // STEP_PX, image.shape[0] // STEP_PX)
    apart = cv2.resize(model.difference(image), half, interpolation=cv2.INTER_AREA)
    plain, background = model.compared(image)
    logs = cv2.subtract(cv2.LUT(plain, LOGS), cv2.LUT(background, LOGS))
    tone = cv2.transform(logs, np.full((1, 3), 1.0 / 3.0, dtype=np.float32))
    tint = cv2.blur(cv2.max(*(cv2.absdiff(cv2.extractChannel(logs, c), tone) for c in (0, 2))), (5, 5))
    mean = cv2.blur(tone, (5, 5))
    spread = cv2.blur(cv2.multiply(tone, tone), (5, 5)) - mean * mean
    light = (spread < SMOOTH**2) & (mean > SHADE[0]) & (mean < SHADE[1]) & (tint < TINT)
    found = np.where((apart > APART) & ~light, 255, 0).astype(np.uint8)
    opened = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return np.asarray(cv2.morphologyEx(opened, cv2.MORPH_CLOSE, np.ones((7, 5), np.uint8)), dtype=np.uint8)


def present(
    boxes_px: FloatArray, scores: FloatArray, apart: Bytes, clear: Flags | None, floor: Floor, size: tuple[int, int]
) -> Present:
    """People and blobs on the floor: a detector's boxes (n, 4) and scores (n,), `differing`'s map, which of its pixels
    are known (None: none yet), the picture's size (height, width)."""
    feet = np.array([standing(box, size, apart) for box in boxes_px]).reshape(-1, 2)
    slack = 0.08 * (boxes_px[:, 3] - boxes_px[:, 1])
    keep = floor.contains(feet, slack) & _supported(boxes_px, apart, clear)
    blobs = _blobs(apart, boxes_px, floor)
    boxes = np.concatenate([boxes_px[keep], blobs])
    edge = (boxes[:, 0] < 3) | (boxes[:, 1] < 3) | (boxes[:, 2] > size[1] - 4) | (boxes[:, 3] > size[0] - 4)
    return Present(
        boxes_px=boxes,
        scores=np.concatenate([scores[keep], np.zeros(len(blobs))]),
        feet_px=np.array([standing(box, size, apart) for box in boxes]).reshape(-1, 2),
        whole=np.arange(len(boxes)) < int(keep.sum()),
        at_edge=edge,
        rejected_px=boxes_px[~keep],
    )


def standing(box: FloatArray, size: tuple[int, int], apart: Bytes) -> tuple[float, float]:
    """Where a person in the box stands: below what differs from the background at the box's lower end.

    People lean to the side of pictures taken from above, so their feet are seldom in the middle of the box.  When the
    picture's lower edge cuts the box, the place is below the picture, as far as a standing person would reach.
    """
    x0, y0, x1, y1 = (float(v) for v in box)
    if y1 >= size[0] - 4:
        return ((x0 + x1) / 2.0, max(y1, y0 + TALL * (x1 - x0)))
    left, top, right, low = (round(v / STEP_PX) for v in (x0, y0 + (1.0 - LOWER_END) * (y1 - y0), x1, y1))
    rows, columns = np.nonzero(apart[top:low, left:right])
    if len(rows) < FEET_PIXELS:
        return ((x0 + x1) / 2.0, y1)
    lowest = float(np.percentile(rows, 95))
    near = rows >= lowest - max(2.0, 0.3 * (low - top))
    return (STEP_PX * (left + float(columns[near].mean())), STEP_PX * (top + lowest))


def _supported(boxes_px: FloatArray, apart: Bytes, clear: Flags | None) -> Flags:
    """Which boxes differ from the background, or lie where it is not known yet."""
    out = np.ones(len(boxes_px), dtype=np.bool_)
    if clear is None:
        return out
    for i, (x0, y0, x1, y1) in enumerate(np.rint(boxes_px / STEP_PX).astype(int)):
        known = clear[y0:y1, x0:x1]
        if known.size and known.mean() >= KNOWN:
            out[i] = (apart[y0:y1, x0:x1] > 0)[known].mean() >= SUPPORT
    return out


def _blobs(apart: Bytes, boxes_px: FloatArray, floor: Floor) -> FloatArray:
    """Boxes (n, 4) of what differs from the background in front of the floor and is in no person's box."""
    left = apart.copy()
    for x0, y0, x1, y1 in np.rint(boxes_px / STEP_PX).astype(int):
        pad = max(3, (x1 - x0) // 5)
        left[max(0, y0 - pad) : y1 + pad, max(0, x0 - pad) : x1 + pad] = 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(left, connectivity=8)
    ground = floor.mask((left.shape[0], left.shape[1]), 1.0 / STEP_PX)
    out = []
    for label in range(1, count):
        x, y, width, height, area = (int(v) for v in stats[label])
        if area < LEAST_AREA * left.size or height < LEAST_HEIGHT * left.shape[0]:
            continue
        part = labels[y : y + height, x : x + width] == label
        if (ground[y : y + height, x : x + width][part] > 0).mean() >= ON_FLOOR:
            out.append((x, y, x + width, y + height))
    return np.array(out, dtype=np.float64).reshape(-1, 4) * STEP_PX

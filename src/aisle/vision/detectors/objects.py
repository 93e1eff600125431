"""Things found in a picture as parallel arrays, the names of their classes, and the weeding out of doubles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.vision.seen import FloatArray, Indices

COCO = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
    "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
    "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
    "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
    "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone",
    "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear",
    "hair drier", "toothbrush",
)  # fmt: skip
"""The 80 classes of the COCO data set (T.-Y. Lin et al., "Microsoft COCO: common objects in context", 2014)."""


@dataclass(frozen=True, slots=True)
class ObjectsSeen:
    """n things in one picture."""

    boxes_px: FloatArray  # (n, 4): x0, y0, x1, y1
    scores: FloatArray  # (n,) probability
    classes: Indices  # (n,) places in `COCO`, or in the network's own list

    def __post_init__(self) -> None:
        n = len(self.scores)
        if self.boxes_px.shape != (n, 4) or self.classes.shape != (n,):
            raise ValueError(
                f"boxes_px {self.boxes_px.shape}, classes {self.classes.shape}; {n} things need ({n}, 4), ({n},)"
            )

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, which: npt.NDArray[np.bool_] | Indices) -> ObjectsSeen:
        return ObjectsSeen(self.boxes_px[which], self.scores[which], self.classes[which])

    def of(self, name: str) -> ObjectsSeen:
        """Those of one class, by its name."""
        return self[self.classes == COCO.index(name)]


def overlaps(a: FloatArray, b: FloatArray) -> FloatArray:
    """(n, m) shares of the union that n boxes have in common with m boxes: intersection over union."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=2)
    size_a, size_b = (np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None), axis=1) for boxes in (a, b))
    return np.asarray(shared / np.maximum(size_a[:, None] + size_b[None] - shared, 1e-9))


def surest(boxes: FloatArray, scores: FloatArray, most: float, classes: Indices | None = None) -> Indices:
    """Indices of boxes, the surest first, none of which overlaps a surer one (of its class) by more than `most`.

    Greedy non-maximum suppression; among equals the earlier stays, so that the same input gives the same output.
    """
    shared = overlaps(boxes, boxes)
    if classes is not None:
        shared[classes[:, None] != classes[None]] = 0.0
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        if not kept or shared[i, kept].max() <= most:
            kept.append(i)
    return np.array(kept, dtype=np.intp)


def without_doubles(things: ObjectsSeen, most: float) -> ObjectsSeen:
    """Of two things of one class that overlap by more than `most` only the more probable, best first."""
    return things[surest(things.boxes_px, things.scores, most, things.classes)]

"""Trains the shopper network on labelled pictures, writes it as ONNX and scores it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from aisle.learning.augmentation import augmented
from aisle.learning.export import export
from aisle.learning.picture_set import PictureSet, read_pictures
from aisle.learning.shopper_loss import loss
from aisle.learning.shopper_net import ShopperNet
from aisle.learning.shopper_scores import ShopperScores
from aisle.learning.shopper_targets import Targets, targets
from aisle.learning.training_loop import Course, Progress, trained
from aisle.vision.detectors.shopper import ShopperDetector
from aisle.vision.detectors.shopper_layout import SIZE_PX
from aisle.vision.seen import Bytes

MODEL = "shopper.onnx"


COURSE = Course(steps=4000, batch=16, rate=2.5e-3, decay=2e-4)


def train_shopper(
    pictures: Sequence[Path],
    out: Path,
    how: Course = COURSE,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> ShopperNet:
    """Train on one or more picture sets; the network, its checkpoints and its curve go to the folder `out`.

    Raises PictureSetError for a set that cannot be read.
    """
    torch.manual_seed(how.seed)
    sets = [read_pictures(folder, SIZE_PX) for folder in pictures]
    where = [(s, i) for s in sets for i in range(len(s.labels))]

    def loss_of(net: ShopperNet, batch: tuple[Bytes, list[Targets]]) -> tuple[Tensor, dict[str, float]]:
        return loss(net(torch.from_numpy(batch[0])), batch[1])

    net = trained(ShopperNet(), how, out, lambda step: _batch(where, step, how), loss_of, tell=tell)
    export_shopper(net, out / MODEL)
    return net


def export_shopper(net: ShopperNet, path: Path) -> None:
    """Write the network as ONNX; the number of pictures stays open."""
    export(net, torch.zeros((1, SIZE_PX[1], SIZE_PX[0], 4), dtype=torch.uint8), path, ("picture", "told"))


def scored(detector: ShopperDetector, pictures: PictureSet, with_background: bool = True) -> dict[str, ShopperScores]:
    """Scores by view, and "all"; in pixels of the network."""
    out: dict[str, ShopperScores] = {"all": ShopperScores()}
    for i, label in enumerate(pictures.labels):
        background = pictures.backgrounds[i] if with_background else None
        seen = detector.detect([pictures.images[i]], [background])[0]
        s = float(pictures.scale[i])
        for name in ("all", label.view or "unnamed"):
            out.setdefault(name, ShopperScores()).add([p.scaled(s) for p in label.people], seen)
    return out


def _batch(where: Sequence[tuple[PictureSet, int]], step: int, how: Course) -> tuple[Bytes, list[Targets]]:
    rng = np.random.default_rng([how.seed, step])
    inputs: list[Bytes] = []
    wanted = []
    for n in rng.integers(len(where), size=how.batch).tolist():
        pictures, i = where[n]
        picture, warp = augmented(pictures.images[i], pictures.backgrounds[i], float(pictures.scale[i]), rng)
        inputs.append(picture)
        wanted.append(targets(pictures.labels[i].people, warp, SIZE_PX))
    return np.stack(inputs), wanted

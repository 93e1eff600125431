"""Trains the wrist network on people cut out of labelled pictures.

A person's own wrists are to be found, those of others left alone.  Hidden ones too: who reaches into a shelf hides the
hand from most cameras, and where it is follows from shoulder and elbow; the score says how surely.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from aisle.learning.augmentation import relit
from aisle.learning.export import export
from aisle.learning.picture_set import LabelledPerson, PictureSetError, read_labels
from aisle.learning.shopper_loss import focal
from aisle.learning.shopper_scores import ShopperScores
from aisle.learning.shopper_training import Progress
from aisle.learning.wrist_net import WristNet
from aisle.store.model import FloatArray
from aisle.vision.detectors.difference import difference
from aisle.vision.pose.wrists import HOLDING, OFFSET, SIDE_PX, STRIDE, WRIST, cutouts, head_mark
from aisle.vision.seen import Bytes, Float32, PeopleDetector

MODEL = "wrists.onnx"
ROOM = 1.4
"""People are kept with so much more about them, to be moved and turned in training."""
KEPT_PX = round(SIDE_PX * ROOM)
LEAST_VISIBLE = 0.2
SEEN_SIGMA, HIDDEN_SIGMA = 1.1, 1.8
"""Cells about a wrist that count as nearly right: wider where it is hidden."""


@dataclass(frozen=True)
class CutOuts:
    """People cut out of pictures: `images` and `backgrounds` (n, kept, kept, 3), `people` in cut-out pixels."""

    images: Bytes
    backgrounds: Bytes
    people: tuple[LabelledPerson, ...]


@dataclass(frozen=True, slots=True)
class WristTraining:
    """How to train: `steps` batches, the rate a cosine."""

    steps: int = 2500
    batch: int = 64
    rate: float = 2e-3
    decay: float = 2e-4
    seed: int = 1
    threads: int = 2


def read_cutouts(folders: Sequence[Path]) -> CutOuts:
    """Everybody in some picture sets of whom enough shows; PictureSetError for pictures that are missing."""
    images: list[Bytes] = []
    backgrounds: list[Bytes] = []
    people: list[LabelledPerson] = []
    for folder in folders:
        for label in read_labels(folder):
            chosen = [p for p in label.people if p.visible >= LEAST_VISIBLE and p.head_visible]
            if not chosen:
                continue
            pictures = [_read(folder / name) for name in (label.file, label.background)]
            for person, warp in zip(chosen, _kept(np.array([p.box for p in chosen], np.float64)), strict=True):
                for picture, out in zip(pictures, (images, backgrounds), strict=True):
                    out.append(np.asarray(cv2.warpAffine(picture, warp, (KEPT_PX, KEPT_PX)), np.uint8))
                people.append(_in(person, warp))
    if not people:
        raise PictureSetError(f"{', '.join(map(str, folders))}: nobody in the pictures of whom enough shows")
    return CutOuts(np.stack(images), np.stack(backgrounds), tuple(people))


def _read(path: Path) -> Bytes:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise PictureSetError(f"{path}: no readable picture")
    return np.asarray(picture, np.uint8)


def train_wrists(
    pictures: Sequence[Path],
    out: Path,
    how: WristTraining,
    tell: Callable[[Progress], None] = lambda progress: None,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> WristNet:
    """Train on the people of one or more picture sets; the network goes to `out/wrists.onnx`."""
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(how.threads)
    torch.manual_seed(how.seed)
    data = read_cutouts(pictures)
    net = WristNet()
    mean = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
    )
    optimiser = torch.optim.AdamW(net.parameters(), lr=how.rate, weight_decay=how.decay)
    began = monotonic_s()
    net.train()
    with ThreadPoolExecutor(1) as ahead:
        following = ahead.submit(_batch, data, 0, how)
        for step in range(how.steps):
            inputs, heat, ask, told = following.result()
            following = ahead.submit(_batch, data, step + 1, how)
            for group in optimiser.param_groups:
                group["lr"] = how.rate * min(1.0, (step + 1) / 100) * 0.5 * (1 + np.cos(np.pi * step / how.steps))
            maps = net(torch.from_numpy(inputs))
            loss = focal(maps[:, WRIST], torch.from_numpy(heat), torch.from_numpy(ask))
            if len(told):
                cells = torch.from_numpy(told[:, :3].astype(np.int64))
                at = maps[cells[:, 0], :, cells[:, 1], cells[:, 2]]
                values = torch.from_numpy(told[:, 3:])
                loss = loss + functional.smooth_l1_loss(at[:, OFFSET], values[:, :2], beta=0.1)
                loss = loss + 0.5 * functional.binary_cross_entropy_with_logits(at[:, HOLDING], values[:, 2])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimiser.step()
            mean.update_parameters(net)
            if (step + 1) % 20 == 0:
                left = (monotonic_s() - began) / (step + 1) * (how.steps - step - 1)
                tell(Progress(step + 1, how.steps, float(loss.detach()), left))
            if (step + 1) % 250 == 0 or step + 1 == how.steps:
                export_wrists(mean.module, out / MODEL)
                net.train()
    trained: WristNet = mean.module
    return trained


def export_wrists(net: WristNet, path: Path) -> None:
    """Write the network as ONNX; the number of people stays open."""
    export(net, torch.zeros((1, SIDE_PX, SIDE_PX, 5), dtype=torch.uint8), path, ("cutout", "told"))


def scored_wrists(look: PeopleDetector, folder: Path) -> dict[str, dict[str, float]]:
    """Rates by view, and "all", of a detector with its hands on a picture set, in pixels of the pictures."""
    scores: dict[str, ShopperScores] = {"all": ShopperScores()}
    for label in read_labels(folder):
        image, background = _read(folder / label.file), _read(folder / label.background)
        seen = look.detect([image], [background])[0]
        for view in ("all", label.view or "unnamed"):
            scores.setdefault(view, ShopperScores()).add(label.people, seen)
    return {view: {k: v for k, v in s.rates.items() if "hand" in k or "holding" in k} for view, s in scores.items()}


def _kept(boxes: FloatArray) -> FloatArray:
    maps = cutouts(boxes)
    maps[:, :, 2] += (KEPT_PX - SIDE_PX) / 2
    return maps


def _in(person: LabelledPerson, warp: FloatArray) -> LabelledPerson:
    """The person in cut-out pixels (the map has no turn, one scale)."""
    moved = person.scaled(float(warp[0, 0]))
    x, y = float(warp[0, 2]), float(warp[1, 2])

    def shifted(p: tuple[float, float]) -> tuple[float, float]:
        return (p[0] + x, p[1] + y)

    box = (*shifted(moved.box[:2]), *shifted(moved.box[2:]))
    return LabelledPerson(
        box,
        person.visible,
        person.cut,
        person.parts,
        shifted(moved.head),
        shifted(moved.feet),
        (shifted(moved.wrists[0]), shifted(moved.wrists[1])),
        person.wrists_visible,
        person.holding,
    )


def _batch(data: CutOuts, step: int, how: WristTraining) -> tuple[Bytes, Float32, Float32, Float32]:
    rng = np.random.default_rng([how.seed, step])
    cells = SIDE_PX // STRIDE
    inputs = np.empty((how.batch, SIDE_PX, SIDE_PX, 5), np.uint8)
    heat, ask = np.zeros((how.batch, cells, cells), np.float32), np.ones((how.batch, cells, cells), np.float32)
    told: list[list[float]] = []
    for n, i in enumerate(rng.integers(len(data.people), size=how.batch).tolist()):
        warp = _moved(rng)
        person = data.people[i]
        inputs[n] = _input(data.images[i], data.backgrounds[i], person, warp, rng)
        for point, seen, holds in zip(person.wrists, person.wrists_visible, person.holding, strict=True):
            at = (warp[:, :2] @ np.array(point) + warp[:, 2] + 0.5) / STRIDE
            column, row = np.floor(at).astype(int)
            if not (0 <= row < cells and 0 <= column < cells):
                continue
            y, x = np.mgrid[0:cells, 0:cells]
            sigma = SEEN_SIGMA if seen else HIDDEN_SIGMA
            bell = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2)).astype(np.float32)
            np.maximum(heat[n], bell, out=heat[n])
            told.append([n, row, column, *(at - np.floor(at) - 0.5), float(holds is not None)])
    return inputs, heat, ask, np.array(told, np.float32).reshape(-1, 6)


def _moved(rng: np.random.Generator) -> FloatArray:
    """A random view of a kept cut-out: turned, mirrored, nearer, aside, as boxes of a detector are."""
    zoom = float(np.exp(rng.normal(0.0, 0.10)))
    turn = float(rng.normal(0, 0.12))
    c, s = zoom * np.cos(turn), zoom * np.sin(turn)
    matrix = np.array([[c, -s], [s, c]])
    if rng.random() < 0.5:
        matrix[:, 0] *= -1
    centre = (KEPT_PX - 1) / 2 + rng.normal(0, 0.05 * SIDE_PX, 2)
    return np.concatenate([matrix, ((SIDE_PX - 1) / 2 - matrix @ centre)[:, None]], axis=1)


def _input(
    image: Bytes, background: Bytes, person: LabelledPerson, warp: FloatArray, rng: np.random.Generator
) -> Bytes:
    out = np.empty((SIDE_PX, SIDE_PX, 5), np.uint8)
    size = (SIDE_PX, SIDE_PX)
    moved, empty = (
        np.asarray(cv2.warpAffine(p, warp, size, flags=cv2.INTER_LINEAR), np.uint8) for p in (image, background)
    )
    out[..., :3] = relit(moved, rng, 1.0)
    gain = out[..., :3].mean() / max(1.0, moved.mean())
    known = np.clip(relit(empty, rng, 0.12) * gain, 0, 255).astype(np.uint8)
    out[..., 3] = difference(np.ascontiguousarray(out[..., :3]), known) if rng.random() > 0.12 else 0
    out[..., 4] = head_mark(warp[:, :2] @ np.array(person.head) + warp[:, 2] + rng.normal(0, 1.5, 2))
    return out

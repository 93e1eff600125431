"""Trains the wrist network on people cut out of labelled pictures.

A person's own wrists are to be found, those of others left alone.  Hidden ones too: who reaches into a shelf hides the
hand from most cameras, and where it is follows from shoulder and elbow; the score says how surely.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from aisle.learning.augmentation import relit
from aisle.learning.export import export
from aisle.learning.picture_set import LabelledPerson, PictureSetError, read_labels
from aisle.learning.shopper_loss import focal
from aisle.learning.shopper_scores import ShopperScores
from aisle.learning.training_loop import Course, Progress, trained
from aisle.learning.wrist_net import WristNet
from aisle.store.model import FloatArray
from aisle.vision.detectors.difference import difference
from aisle.vision.pose.wrists import HOLDING, OFFSET, SHOWN, SIDE_PX, SPREAD, STRIDE, WRIST, cutouts, head_mark
from aisle.vision.seen import Bytes, Float32, PeopleDetector

MODEL = "wrists.onnx"
ROOM = 1.4
"""People are kept with so much more about them, to be moved and turned in training."""
KEPT_PX = round(SIDE_PX * ROOM)
LEAST_VISIBLE = 0.2
REACHES_M, REACHES_OFTEN = 0.42, 2.5
"""Whose hand is so far out from the body is drawn so much more often than others: reaches decide receipts."""
SEEN_SIGMA, HIDDEN_SIGMA = 1.1, 1.8
"""Cells about a wrist that count as nearly right: wider where it is hidden."""


@dataclass(frozen=True)
class CutOuts:
    """n people cut out of pictures: `images` and `backgrounds` (n, kept, kept, 3), `people` in cut-out pixels."""

    images: Bytes
    backgrounds: Bytes
    people: tuple[LabelledPerson, ...]
    odds: FloatArray  # (n,) how often each is drawn in training


COURSE = Course(steps=10000, batch=64, rate=2e-3, decay=2e-4, warm_up=200)


def read_cutouts(folders: Sequence[Path]) -> CutOuts:
    """Everybody in some picture sets of whom enough shows; PictureSetError for pictures that are missing."""
    images: list[Bytes] = []
    backgrounds: list[Bytes] = []
    people: list[LabelledPerson] = []
    reaches: list[bool] = []
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
                reaches.append(person.reach_m > REACHES_M)
    if not people:
        raise PictureSetError(f"{', '.join(map(str, folders))}: nobody in the pictures of whom enough shows")
    often = np.where(reaches, REACHES_OFTEN, 1.0)
    return CutOuts(np.stack(images), np.stack(backgrounds), tuple(people), often / often.sum())


def _read(path: Path) -> Bytes:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise PictureSetError(f"{path}: no readable picture")
    return np.asarray(picture, np.uint8)


def train_wrists(
    pictures: Sequence[Path],
    out: Path,
    how: Course = COURSE,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> WristNet:
    """Train on the people of one or more picture sets; the network, its checkpoints and its curve go to `out`."""
    torch.manual_seed(how.seed)
    data = read_cutouts(pictures)
    net = trained(WristNet(), how, out, lambda step: _batch(data, step, how), _loss, tell=tell)
    export_wrists(net, out / MODEL)
    return net


def _loss(net: WristNet, batch: _Batch) -> tuple[Tensor, dict[str, float]]:
    """Where wrists are, by cell; about each of them how far the cell is off (Laplace), and what the hand holds."""
    maps = net(torch.from_numpy(batch.inputs))
    ask = torch.ones(batch.heat.shape)
    where = focal(maps[:, WRIST], torch.from_numpy(batch.heat), ask)
    shown = focal(maps[:, SHOWN], torch.from_numpy(batch.shown), ask)
    cells, values = torch.from_numpy(batch.cells), torch.from_numpy(batch.values)
    at = maps[cells[:, 0], :, cells[:, 1], cells[:, 2]]
    weight = values[:, 3]
    spread = at[:, SPREAD].clamp(-3.0, 3.0)
    off = (at[:, OFFSET] - values[:, :2]).abs().sum(dim=1)
    place = ((off * torch.exp(-spread) + 2.0 * spread) * weight).sum() / weight.sum()
    full = functional.binary_cross_entropy_with_logits(at[:, HOLDING], values[:, 2], weight=weight, reduction="sum")
    full = full / weight.sum()
    told = {"where": where, "shown": shown, "place": place, "holding": full}
    return where + shown + 0.3 * place + 0.5 * full, {name: float(part.detach()) for name, part in told.items()}


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


@dataclass(frozen=True, slots=True)
class _Batch:
    """Inputs, the wanted heat (n, cells, cells) of all wrists and of those that show, and k cells (picture, row,
    column) about wrists with, for each, the way to the wrist (cells), whether that hand is full, how much it counts."""

    inputs: Bytes
    heat: Float32
    shown: Float32
    cells: npt.NDArray[np.int64]
    values: Float32


_NEAR = np.array([(y, x) for y in range(-3, 4) for x in range(-3, 4) if x * x + y * y <= 10])


def _batch(data: CutOuts, step: int, how: Course) -> _Batch:
    rng = np.random.default_rng([how.seed, step])
    n = SIDE_PX // STRIDE
    inputs = np.empty((how.batch, SIDE_PX, SIDE_PX, 5), np.uint8)
    heat, shown = np.zeros((2, how.batch, n, n), np.float32)
    told: dict[tuple[int, int, int], tuple[float, float, float, float]] = {}
    y, x = np.mgrid[0:n, 0:n]
    for k, i in enumerate(rng.choice(len(data.people), size=how.batch, p=data.odds).tolist()):
        warp = _moved(rng)
        person = data.people[i]
        inputs[k] = _input(data.images[i], data.backgrounds[i], person, warp, rng)
        for point, seen, holds in zip(person.wrists, person.wrists_visible, person.holding, strict=True):
            at = (warp[:, :2] @ np.array(point) + warp[:, 2] + 0.5) / STRIDE
            column, row = np.floor(at).astype(int)
            if not (0 <= row < n and 0 <= column < n):
                continue
            sigma = SEEN_SIGMA if seen else HIDDEN_SIGMA
            bell = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * sigma**2)).astype(np.float32)
            for map_ in (heat, shown)[: 1 + seen]:
                np.maximum(map_[k], bell, out=map_[k])
            for r, c in np.add(_NEAR, (row, column)).tolist():
                if not (0 <= r < n and 0 <= c < n):
                    continue
                way = at - (c + 0.5, r + 0.5)
                weight = float(np.exp(-(way @ way) / (2 * sigma**2)))
                if weight > told.get((k, r, c), (0.0,) * 4)[3]:
                    told[k, r, c] = (float(way[0]), float(way[1]), float(holds is not None), weight)
    return _Batch(inputs, heat, shown, np.array(list(told), np.int64), np.array(list(told.values()), np.float32))


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

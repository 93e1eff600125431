"""Trains the package network on pictures of single packages, and measures it on products it has never seen.

Training tells all products apart by a margin (Wang et al., "CosFace", 2018).  What counts afterwards is another thing:
products of other shops are enrolled by two pictures each, half of them not at all, and all others are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from aisle.learning.export import export
from aisle.learning.package_net import PackageNet
from aisle.learning.picture_set import PictureSetError
from aisle.learning.training_loop import Course, Progress, trained
from aisle.vision.recognisers.gallery import Gallery, Odds, fit_odds, posteriors
from aisle.vision.recognisers.packages import LENGTH, SIDE_PX, PackageEmbedding
from aisle.vision.seen import Bytes, Indices

MODEL = "package.onnx"
ENROLLED = 2


@dataclass(frozen=True)
class PackageSet:
    """`pictures` (n, side, side, 3) blue-green-red, `of` (n,) the product of each, `shops` (products,)."""

    pictures: Bytes
    of: Indices
    shops: Indices


COURSE = Course(steps=3000, batch=64, rate=2e-3, decay=5e-4, warm_up=100)
SCALE, MARGIN = 24.0, 0.25
"""CosFace's."""


class _Centres(nn.Module):
    """A vector a product, learnt along with the network."""

    def __init__(self, products: int) -> None:
        super().__init__()
        self.of = nn.Parameter(nn.functional.normalize(torch.randn(products, LENGTH)))

    def forward(self, vectors: Tensor) -> Tensor:
        """Cosines (n, products)."""
        return vectors @ nn.functional.normalize(self.of).T


def read_package_set(folder: Path) -> PackageSet:
    """A set as the simulation writes it; PictureSetError when it is none."""
    try:
        told = json.loads((folder / "products.json").read_text(encoding="utf-8"))
        pictures = np.load(folder / "pictures.npy", mmap_mode="r")
        of = np.array(told["of"], dtype=np.intp)
        shops = np.array([p["shop"] for p in told["products"]], dtype=np.intp)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PictureSetError(
            f"{folder}: no set of packages ({error}); products.json and pictures.npy make one"
        ) from None
    if pictures.ndim != 4 or len(pictures) != len(of) or len(of) == 0 or of.max() >= len(shops):
        raise PictureSetError(
            f"{folder}: {pictures.shape} pictures, {len(of)} labels, {len(shops)} products do not fit"
        )
    return PackageSet(pictures, of, shops)


def train_package(
    folder: Path,
    out: Path,
    how: Course = COURSE,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> PackageNet:
    """Train on one set; the network, its checkpoints and its curve go to the folder `out`."""
    torch.manual_seed(how.seed)
    data = read_package_set(folder)
    net, centres = PackageNet(), _Centres(len(data.shops))

    def loss_of(net: PackageNet, batch: tuple[Bytes, npt.NDArray[np.int64]]) -> tuple[Tensor, dict[str, float]]:
        wanted = torch.from_numpy(batch[1])
        cosine = centres(net(torch.from_numpy(batch[0])))
        right = float((cosine.argmax(dim=1) == wanted).float().mean())
        cosine = cosine - MARGIN * nn.functional.one_hot(wanted, len(data.shops))
        return nn.functional.cross_entropy(SCALE * cosine, wanted), {"right": right}

    net = trained(net, how, out, lambda step: _batch(data, step, how), loss_of, beside=centres, tell=tell)
    export_package(net, out / MODEL)
    return net


def export_package(net: PackageNet, path: Path) -> None:
    """Write the network as ONNX; the number of pictures stays open."""
    export(net, torch.zeros((1, SIDE_PX, SIDE_PX, 3), dtype=torch.uint8), path, ("picture", "vector"))


def scored_package(
    embedding: PackageEmbedding, data: PackageSet, seed: int = 0, resolution_px: Sequence[int] = (96, 48, 24)
) -> tuple[dict[str, dict[str, float]], Odds]:
    """Open-set scores by resolution, shop by shop, and the odds fitted on every other shop (scores are on the rest).

    Of each shop's products half are enrolled, by two pictures in full resolution; all other pictures are asked for.
    """
    rng = np.random.default_rng(seed)
    shops = np.unique(data.shops[data.of])
    plans = {int(shop): _enrolment(data, int(shop), rng) for shop in shops}
    found = {r: {s: _asked(embedding, data, plan, r) for s, plan in plans.items()} for r in resolution_px}
    fitting, rest = [int(s) for s in shops[::2]], [int(s) for s in shops[1::2]] or [int(s) for s in shops]
    odds = _fitted([found[r][s] for r in resolution_px for s in fitting])
    return {f"{r} px": _rates([found[r][s] for s in rest], odds) for r in resolution_px}, odds


def _enrolment(data: PackageSet, shop: int, rng: np.random.Generator) -> tuple[list[int], Indices, Indices]:
    """Enrolled products, the pictures that enrol them, and the pictures asked for."""
    products = np.flatnonzero(data.shops == shop)
    products = products[rng.permutation(len(products))]
    enrolled = products[: (len(products) + 1) // 2].tolist()
    enrol, ask = [], []
    for product in products.tolist():
        mine = np.flatnonzero(data.of == product)
        first = ENROLLED if product in enrolled else 0
        enrol += mine[:first].tolist()
        ask += mine[first:].tolist()
    return enrolled, np.array(enrol, np.intp), np.array(ask, np.intp)


def _asked(
    embedding: PackageEmbedding, data: PackageSet, plan: tuple[list[int], Indices, Indices], resolution_px: int
) -> tuple[npt.NDArray[np.float64], Indices]:
    """Likeness of each picture asked for with each enrolled product, and which it is (-1: none of them)."""
    enrolled, enrol, ask = plan
    gallery = Gallery(embedding.size)
    for product in enrolled:
        mine = [data.pictures[i] for i in enrol if data.of[i] == product]
        gallery.enrol(str(product), embedding.of(mine))
    pictures = [
        np.asarray(cv2.resize(data.pictures[i], (resolution_px,) * 2, interpolation=cv2.INTER_AREA), np.uint8)
        for i in ask
    ]
    vectors = np.concatenate([embedding.of(pictures[i : i + 64]) for i in range(0, len(pictures), 64)])
    number = {product: k for k, product in enumerate(enrolled)}
    return gallery.likeness(vectors), np.array([number.get(int(data.of[i]), -1) for i in ask], np.intp)


def _fitted(parts: Sequence[tuple[npt.NDArray[np.float64], Indices]]) -> Odds:
    """One pair of odds for galleries of several sizes: the median of those of each."""
    each = [fit_odds(likeness, truth) for likeness, truth in parts]
    return Odds(float(np.median([o.sharpness for o in each])), float(np.median([o.else_like for o in each])))


def _rates(parts: Sequence[tuple[npt.NDArray[np.float64], Indices]], odds: Odds) -> dict[str, float]:
    right, sure, told, aliens, refused = [], [], [], 0, 0
    for likeness, truth in parts:
        posterior = posteriors(likeness, odds)
        best = posterior[:, :-1].argmax(axis=1)
        known = truth >= 0
        right += (best[known] == truth[known]).tolist()
        winner = posterior.argmax(axis=1)
        sure += posterior.max(axis=1).tolist()
        told += (np.where(winner == likeness.shape[1], -1, winner) == truth).tolist()
        aliens += int((~known).sum())
        refused += int((winner[~known] == likeness.shape[1]).sum())
    claimed, correct = np.array(sure), np.array(told, dtype=np.float64)
    bins = np.minimum((claimed * 10).astype(int), 9)
    gap = sum(abs(claimed[bins == b].mean() - correct[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins))
    return {
        "likeliest product right": float(np.mean(right)),
        "strangers refused": refused / max(1, aliens),
        "told right, all": float(correct.mean()),
        "calibration error": float(gap),
    }


def _batch(data: PackageSet, step: int, how: Course) -> tuple[Bytes, npt.NDArray[np.int64]]:
    rng = np.random.default_rng([how.seed, step])
    which = rng.integers(len(data.of), size=how.batch)
    return np.stack([_varied(data.pictures[i], rng) for i in which]), data.of[which].astype(np.int64)


def _varied(picture: Bytes, rng: np.random.Generator) -> Bytes:
    """Moved, turned, lit and blurred as small cameras do, a hand over a part of it now and then."""
    side = picture.shape[0]
    zoom = SIDE_PX / side * float(np.exp(rng.uniform(-0.05, 0.25)))
    turn = float(rng.normal(0, 0.12))
    c, s = zoom * np.cos(turn), zoom * np.sin(turn)
    matrix = np.array([[c, -s], [s, c]])
    centre = side / 2 + rng.normal(0, 3.0, 2)
    warp = np.concatenate([matrix, (SIDE_PX / 2 - matrix @ centre)[:, None]], axis=1)
    out = cv2.warpAffine(picture, warp, (SIDE_PX, SIDE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gain = np.exp(rng.normal(0, 0.25)) * np.exp(rng.normal(0, 0.08, 3))
    levels = np.arange(256)[:, None] / 255.0
    table = 255.0 * levels ** float(np.exp(rng.normal(0, 0.2))) * gain + rng.normal(0, 10)
    out = cv2.LUT(np.asarray(out, np.uint8), np.clip(table, 0, 255).astype(np.uint8)[None])
    if rng.random() < 0.3:
        x, y = rng.integers(0, SIDE_PX, 2)
        size = rng.integers(12, 48, 2)
        colour = [float(v) for v in rng.uniform(20, 220, 3)]
        cv2.ellipse(
            out, (int(x), int(y)), (int(size[0]), int(size[1]) // 2), float(rng.uniform(0, 180)), 0, 360, colour, -1
        )
    if rng.random() < 0.6:
        small = int(np.exp(rng.uniform(np.log(18), np.log(SIDE_PX))))
        out = cv2.resize(cv2.resize(out, (small, small), interpolation=cv2.INTER_AREA), (SIDE_PX, SIDE_PX))
    if rng.random() < 0.5:
        noise = rng.normal(0, float(rng.uniform(1, 6)), (SIDE_PX, SIDE_PX, 1)).astype(np.int16)
        out = np.clip(out.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    return np.asarray(out, np.uint8)

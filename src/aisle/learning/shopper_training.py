"""Trains the shopper network on labelled pictures and writes it as ONNX.

The same pictures and seed give the same network.  A run that was interrupted goes on from its last checkpoint.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from aisle.learning.augmentation import augmented
from aisle.learning.export import export
from aisle.learning.picture_set import PictureSet, read_pictures
from aisle.learning.shopper_loss import loss
from aisle.learning.shopper_net import ShopperNet
from aisle.learning.shopper_scores import ShopperScores
from aisle.learning.shopper_targets import Targets, targets
from aisle.vision.detectors.shopper import ShopperDetector
from aisle.vision.detectors.shopper_layout import SIZE_PX
from aisle.vision.seen import Bytes

CHECKPOINT = "checkpoint.pt"
MODEL = "shopper.onnx"
CURVE = "curve.jsonl"


@dataclass(frozen=True, slots=True)
class ShopperTraining:
    """How to train: `steps` batches, the rate rising over `warm_up` and falling as a cosine."""

    steps: int = 4000
    batch: int = 16
    rate: float = 2.5e-3
    warm_up: int = 150
    decay: float = 2e-4
    seed: int = 1
    checkpoint_every: int = 250
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands: `left_s` is the time still needed at the pace so far."""

    step: int
    steps: int
    loss: float
    left_s: float


def train_shopper(
    pictures: Sequence[Path],
    out: Path,
    how: ShopperTraining,
    tell: Callable[[Progress], None] = lambda progress: None,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> ShopperNet:
    """Train on one or more picture sets; the network, its checkpoints and its curve go to the folder `out`.

    Raises PictureSetError for a set that cannot be read.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(how.threads)
    torch.manual_seed(how.seed)
    sets = [read_pictures(folder, SIZE_PX) for folder in pictures]
    where = [(s, i) for s in sets for i in range(len(s.labels))]
    net = ShopperNet()
    mean = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998), use_buffers=True
    )
    weights = [p for p in net.parameters() if p.dim() > 1]
    others = [p for p in net.parameters() if p.dim() <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": weights, "weight_decay": how.decay}, {"params": others, "weight_decay": 0.0}], lr=how.rate
    )
    first = _resumed(out / CHECKPOINT, net, mean, optimiser, how)
    began, smooth = monotonic_s(), float("nan")
    net.train()
    with (out / CURVE).open("a", encoding="utf-8") as curve, ThreadPoolExecutor(1) as ahead:
        next_batch = ahead.submit(_batch, where, first, how)
        for step in range(first, how.steps):
            for group in optimiser.param_groups:
                group["lr"] = how.rate * _rate(step, how)
            inputs, wanted = next_batch.result()
            if step + 1 < how.steps:
                next_batch = ahead.submit(_batch, where, step + 1, how)
            total, parts = loss(net(torch.from_numpy(inputs)), wanted)
            optimiser.zero_grad(set_to_none=True)
            total.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimiser.step()
            mean.update_parameters(net)
            smooth = float(total.detach()) if smooth != smooth else 0.98 * smooth + 0.02 * float(total.detach())
            done = step + 1
            if done % 20 == 0 or done == how.steps:
                pace = (monotonic_s() - began) / (done - first)
                tell(Progress(done, how.steps, smooth, pace * (how.steps - done)))
                curve.write(
                    json.dumps({"step": done, "loss": round(float(total.detach()), 4), **_rounded(parts)}) + "\n"
                )
                curve.flush()
            if done % how.checkpoint_every == 0 or done == how.steps:
                _keep(out / CHECKPOINT, done, net, mean, optimiser, how)
    trained: ShopperNet = mean.module
    export_shopper(trained, out / MODEL)
    return trained


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


def _batch(
    where: Sequence[tuple[PictureSet, int]], step: int, how: ShopperTraining
) -> tuple[npt.NDArray[np.uint8], list[Targets]]:
    rng = np.random.default_rng([how.seed, step])
    inputs: list[Bytes] = []
    wanted = []
    for n in rng.integers(len(where), size=how.batch).tolist():
        pictures, i = where[n]
        picture, warp = augmented(pictures.images[i], pictures.backgrounds[i], float(pictures.scale[i]), rng)
        inputs.append(picture)
        wanted.append(targets(pictures.labels[i].people, warp, SIZE_PX))
    return np.stack(inputs), wanted


def _rate(step: int, how: ShopperTraining) -> float:
    if step < how.warm_up:
        return (step + 1) / how.warm_up
    along = (step - how.warm_up) / max(1, how.steps - how.warm_up)
    return 0.01 + 0.99 * 0.5 * (1.0 + float(np.cos(np.pi * along)))


def _keep(
    path: Path,
    step: int,
    net: ShopperNet,
    mean: torch.optim.swa_utils.AveragedModel,
    optimiser: torch.optim.Optimizer,
    how: ShopperTraining,
) -> None:
    part = path.with_suffix(".part")
    state = {"net": net.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict()}
    torch.save({"step": step, "how": asdict(how), **state}, part)
    part.replace(path)


def _resumed(
    path: Path,
    net: ShopperNet,
    mean: torch.optim.swa_utils.AveragedModel,
    optimiser: torch.optim.Optimizer,
    how: ShopperTraining,
) -> int:
    """The step to go on from: 0 without a checkpoint, or with one that drew other pictures (seed, batch)."""
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    if any(state["how"][name] != getattr(how, name) for name in ("seed", "batch")):
        return 0
    for part, name in ((net, "net"), (mean, "mean"), (optimiser, "optimiser")):
        part.load_state_dict(state[name])
    return int(state["step"])


def _rounded(parts: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in parts.items()}

"""The course of every training here: batches drawn ahead, a rate that rises and falls, averaged weights, checkpoints.

The same data and seed give the same network.  A run that was interrupted goes on from its last checkpoint.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

CHECKPOINT = "checkpoint.pt"
CURVE = "curve.jsonl"
LEAST_RATE = 0.01
"""Of the full rate, at the end."""
_Batch = TypeVar("_Batch")
_Net = TypeVar("_Net", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class Course:
    """How to train: `steps` batches, the rate rising over `warm_up` and falling as a cosine; `decay` of weights.

    `smoothing` is how slowly the averaged weights, which are kept, follow; `clip` bounds the norm of a gradient.
    """

    steps: int
    batch: int
    rate: float
    decay: float
    warm_up: int = 150
    smoothing: float = 0.998
    clip: float = 5.0
    seed: int = 1
    checkpoint_every: int = 250
    threads: int = 2

    def share(self, step: int) -> float:
        """Of the full rate, at a step."""
        if step < self.warm_up:
            return (step + 1) / self.warm_up
        along = (step - self.warm_up) / max(1, self.steps - self.warm_up)
        return LEAST_RATE + (1.0 - LEAST_RATE) * 0.5 * (1.0 + float(np.cos(np.pi * along)))


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands: `left_s` is the time still needed at the pace so far."""

    step: int
    steps: int
    loss: float
    left_s: float


def trained(
    net: _Net,
    course: Course,
    out: Path,
    batch_of: Callable[[int], _Batch],
    loss_of: Callable[[_Net, _Batch], tuple[Tensor, dict[str, float]]],
    *,
    beside: nn.Module | None = None,
    tell: Callable[[Progress], None] = lambda progress: None,
    monotonic_s: Callable[[], float] = time.monotonic,
) -> _Net:
    """The network with averaged weights after the whole course.

    `batch_of` draws the batch of a step, in another thread, one ahead; `loss_of` gives the loss and its parts by name,
    for the curve.  `beside` is trained along and not kept.  Checkpoints and the curve go to the folder `out`.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(course.threads)
    mean = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(course.smoothing), use_buffers=True
    )
    parts = nn.ModuleList([net] if beside is None else [net, beside])
    weights = [p for p in parts.parameters() if p.dim() > 1]
    others = [p for p in parts.parameters() if p.dim() <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": weights, "weight_decay": course.decay}, {"params": others, "weight_decay": 0.0}], lr=course.rate
    )
    state = {"net": net, "mean": mean, "optimiser": optimiser} | ({} if beside is None else {"beside": beside})
    first = _resumed(out / CHECKPOINT, state, course)
    began, smooth = monotonic_s(), float("nan")
    net.train()
    with (out / CURVE).open("a", encoding="utf-8") as curve, ThreadPoolExecutor(1) as ahead:
        following = ahead.submit(batch_of, first)
        for step in range(first, course.steps):
            for group in optimiser.param_groups:
                group["lr"] = course.rate * course.share(step)
            batch = following.result()
            if step + 1 < course.steps:
                following = ahead.submit(batch_of, step + 1)
            loss, told = loss_of(net, batch)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), course.clip)
            optimiser.step()
            mean.update_parameters(net)
            now = float(loss.detach())
            smooth = now if smooth != smooth else 0.98 * smooth + 0.02 * now
            done = step + 1
            if done % 20 == 0 or done == course.steps:
                pace = (monotonic_s() - began) / (done - first)
                tell(Progress(done, course.steps, smooth, pace * (course.steps - done)))
                line = {"step": done, "loss": now, **told}
                curve.write(json.dumps({k: round(v, 4) for k, v in line.items()}) + "\n")
                curve.flush()
            if done % course.checkpoint_every == 0 or done == course.steps:
                _keep(out / CHECKPOINT, done, state, course)
    kept: _Net = mean.module
    return kept


def _keep(path: Path, step: int, state: dict[str, nn.Module | torch.optim.Optimizer], course: Course) -> None:
    part = path.with_suffix(".part")
    torch.save({"step": step, "how": asdict(course)} | {k: v.state_dict() for k, v in state.items()}, part)
    part.replace(path)


def _resumed(path: Path, state: dict[str, nn.Module | torch.optim.Optimizer], course: Course) -> int:
    """The step to go on from: 0 without a checkpoint, or with one that drew other pictures (seed, batch)."""
    if not path.exists():
        return 0
    kept = torch.load(path, weights_only=True)
    if any(kept["how"][name] != getattr(course, name) for name in ("seed", "batch")):
        return 0
    for name, part in state.items():
        part.load_state_dict(kept[name])
    return int(kept["step"])

"""The course of a training: it learns, goes on after an interruption as if there had been none, says how far it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch")

from aisle.learning.training_loop import CHECKPOINT, CURVE, Course, Progress, trained  # noqa: E402

COURSE = Course(steps=60, batch=16, rate=0.05, decay=0.0, warm_up=5, smoothing=0.9, checkpoint_every=20, threads=1)


def net() -> torch.nn.Linear:
    torch.manual_seed(3)
    return torch.nn.Linear(2, 1)


def batch_of(step: int) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.from_numpy(np.random.default_rng([7, step]).normal(size=(16, 2)).astype(np.float32))
    return x, (2.0 * x[:, :1] - x[:, 1:] + 0.5)


def loss_of(line: torch.nn.Linear, batch: tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
    loss = (line(batch[0]) - batch[1]).square().mean()
    return loss, {"squared": float(loss.detach())}


def test_averaged_weights_fit_and_progress_is_told(tmp_path: Path) -> None:
    told: list[Progress] = []
    line = trained(net(), replace(COURSE, steps=200), tmp_path, batch_of, loss_of, tell=told.append)
    assert line.weight.detach().numpy().ravel() == pytest.approx([2.0, -1.0], abs=0.05)
    assert (told[-1].step, told[-1].left_s) == (200, 0.0)
    assert [p.step for p in told] == list(range(20, 201, 20))
    curve = [json.loads(row) for row in (tmp_path / CURVE).read_text().splitlines()]
    assert set(curve[0]) == {"step", "loss", "squared"} and curve[-1]["loss"] < 0.1 * curve[0]["loss"]


def test_an_interrupted_run_gives_the_same_network(tmp_path: Path) -> None:
    whole = trained(net(), COURSE, tmp_path / "whole", batch_of, loss_of)

    def interrupted(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        if step == 47:
            raise KeyboardInterrupt
        return batch_of(step)

    with pytest.raises(KeyboardInterrupt):
        trained(net(), COURSE, tmp_path / "broken", interrupted, loss_of)
    resumed = trained(net(), COURSE, tmp_path / "broken", batch_of, loss_of)
    assert torch.equal(whole.weight, resumed.weight) and torch.equal(whole.bias, resumed.bias)


@pytest.mark.parametrize("change", [{"seed": 2}, {"batch": 8}], ids=["other seed", "other batch"])
def test_a_checkpoint_of_other_pictures_is_not_gone_on_from(tmp_path: Path, change: dict[str, int]) -> None:
    trained(net(), COURSE, tmp_path, batch_of, loss_of)
    asked: list[int] = []

    def counted(step: int) -> tuple[torch.Tensor, torch.Tensor]:
        asked.append(step)
        return batch_of(step)

    trained(net(), replace(COURSE, steps=2, **change), tmp_path, counted, loss_of)
    assert asked == [0, 1]
    assert (tmp_path / CHECKPOINT).exists()


def test_what_is_trained_beside_is_resumed_too(tmp_path: Path) -> None:
    beside = torch.nn.Linear(1, 1)

    def loss_with(
        line: torch.nn.Linear, batch: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, dict[str, float]]:
        return (beside(line(batch[0])) - batch[1]).square().mean(), {}

    trained(net(), replace(COURSE, steps=20), tmp_path, batch_of, loss_with, beside=beside)
    learnt = beside.weight.detach().clone()
    torch.nn.init.zeros_(beside.weight)
    trained(net(), replace(COURSE, steps=20), tmp_path, batch_of, loss_with, beside=beside)
    assert torch.equal(beside.weight, learnt)

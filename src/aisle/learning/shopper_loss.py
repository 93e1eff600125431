"""How wrong the shopper network is about a batch of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from aisle.learning.shopper_targets import Targets
from aisle.vision.detectors.shopper_layout import (
    BOX,
    FEET,
    FEET_SPREAD,
    HAND,
    HAND_OFFSET,
    HEAD,
    HEAD_OFFSET,
    HOLDING,
    OWNER,
)
from aisle.vision.seen import Float32


def loss(told: Tensor, wanted: Sequence[Targets]) -> tuple[Tensor, dict[str, float]]:
    """Sum of the parts' losses for a batch, and the parts."""
    heat = torch.from_numpy(np.stack([t.heat for t in wanted]))
    ask = torch.from_numpy(np.stack([t.ask for t in wanted]))
    parts = {
        "head": focal(told[:, HEAD], heat[:, HEAD], ask[:, HEAD]),
        "hand": focal(told[:, HAND], heat[:, HAND], ask[:, HAND]),
    }
    at_heads, heads = _picked(told, [t.heads for t in wanted])
    at_hands, hands = _picked(told, [t.hands for t in wanted])
    if len(heads):
        parts["box"] = 1.0 * functional.smooth_l1_loss(at_heads[:, BOX], heads[:, 0:4], beta=0.05)
        spread = at_heads[:, FEET_SPREAD].clamp(-5.0, 3.0)
        off = (at_heads[:, FEET] - heads[:, 4:6]).abs().sum(dim=1)
        parts["feet"] = 0.25 * (off * torch.exp(-spread) + 2.0 * spread).mean()
        parts["offset"] = functional.smooth_l1_loss(at_heads[:, HEAD_OFFSET], heads[:, 6:8], beta=0.1)
    if len(hands):
        parts["hand offset"] = functional.smooth_l1_loss(at_hands[:, HAND_OFFSET], hands[:, 0:2], beta=0.1)
        parts["owner"] = functional.smooth_l1_loss(at_hands[:, OWNER], hands[:, 2:4], beta=0.05)
        parts["holding"] = 0.3 * functional.binary_cross_entropy_with_logits(at_hands[:, HOLDING], hands[:, 4])
    total: Tensor = torch.stack(list(parts.values())).sum()
    return total, {name: float(part.detach()) for name, part in parts.items()}


def focal(logits: Tensor, heat: Tensor, ask: Tensor) -> Tensor:
    """Penalty-reduced focal loss (Law and Deng, "CornerNet", 2018, eq. 1)."""
    p = torch.sigmoid(logits).clamp(1e-4, 1 - 1e-4)
    peak = (heat > 0.99).float()
    found = torch.log(p) * (1 - p) ** 2 * peak
    left = torch.log(1 - p) * p**2 * (1 - heat) ** 4 * (1 - peak) * ask
    return -(found.sum() + left.sum()) / peak.sum().clamp(min=1.0)


def _picked(told: Tensor, rows: Sequence[Float32]) -> tuple[Tensor, Tensor]:
    which = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
    flat = np.concatenate(list(rows))
    cells = torch.from_numpy(flat[:, :2].astype(np.int64))
    return told[torch.from_numpy(which), :, cells[:, 0], cells[:, 1]], torch.from_numpy(flat[:, 2:])

"""The package network: a picture of one package in, a unit vector out that is near for pictures of the same product.

A small residual network; its maps are pooled whole and in three bands from top to bottom, for on a package the place of
a colour tells as much as the colour.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from aisle.learning.shopper_net import Residual, convolution
from aisle.vision.recognisers.packages import LENGTH


class PackageNet(nn.Module):
    """(n, 96, 96, 3) bytes, blue-green-red -> (n, 128) unit vectors."""

    def __init__(self, widths: tuple[int, ...] = (24, 48, 80, 128), depths: tuple[int, ...] = (1, 2, 1)) -> None:
        super().__init__()
        self.stem = convolution(3, widths[0], stride=2)
        self.down = nn.Sequential(
            *(
                nn.Sequential(convolution(a, b, stride=2), *(Residual(b) for _ in range(depth)))
                for (a, b), depth in zip(pairwise(widths), depths, strict=True)
            )
        )
        self.tell = nn.Linear(4 * widths[-1], LENGTH)

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.down(self.stem(pictures.permute(0, 3, 1, 2).float() * (1.0 / 64.0) - 2.0))
        bands = x.mean(dim=3)
        thirds = nn.functional.avg_pool1d(bands, 2)
        told: Tensor = self.tell(torch.cat([bands.mean(dim=2), torch.flatten(thirds, 1)], dim=1))
        return told / told.norm(dim=1, keepdim=True).clamp(min=1e-6)

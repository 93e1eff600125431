"""The shopper network: heads, hands, boxes and feet in one look, small enough for a shop's own computer.

An encoder of residual blocks down to 1/32 and a decoder up to 1/4 of the picture; at that scale two heat maps say where
a head or a hand is, and the cell at each peak tells the rest (after Zhou et al., "Objects as Points", 2019): the body's
box and floor point at a head; whose hand it is and whether it holds something at a hand.  The fourth input channel is
how much the picture differs from the empty shop, which is what tells a person from a shelf of bottles.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from aisle.vision.detectors.shopper_layout import CHANNELS


def convolution(a: int, b: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(a, b, size, stride, size // 2, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True))


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = convolution(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(self.first(x)))


class ShopperNet(nn.Module):
    """(n, height, width, 4) bytes, blue-green-red-difference -> (n, 16, height / 4, width / 4).

    `aisle.vision.detectors.shopper_layout` says what the channels mean.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 24, 48, 80, 112), depths: tuple[int, ...] = (0, 2, 2, 1)) -> None:
        super().__init__()
        self.stem = convolution(4, widths[0], stride=2)
        self.down = nn.ModuleList(
            nn.Sequential(convolution(a, b, stride=2), *(Residual(b) for _ in range(depth)))
            for (a, b), depth in zip(pairwise(widths), depths, strict=True)
        )
        self.context = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(widths[-1], widths[-1], 1), nn.Sigmoid())
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in reversed(list(pairwise(widths[1:]))))
        self.mix = nn.ModuleList(convolution(a, a) for a in reversed(widths[1:-1]))
        self.tell = nn.Sequential(convolution(widths[1], 40), convolution(40, 32), nn.Conv2d(32, CHANNELS, 1))
        last = self.tell[-1]
        nn.init.normal_(last.weight, std=0.01)
        nn.init.zeros_(last.bias)
        nn.init.constant_(last.bias[:2], -4.0)

    def forward(self, picture: Tensor) -> Tensor:
        x = self.stem(picture.permute(0, 3, 1, 2).float() * (1.0 / 64.0) - 1.0)
        levels = []
        for stage in self.down:
            x = stage(x)
            levels.append(x)
        x = x * self.context(x)
        for narrow, mix, level in zip(self.up, self.mix, reversed(levels[:-1]), strict=True):
            x = nn.functional.interpolate(narrow(x), scale_factor=2.0, mode="nearest")
            x = mix(x + level)
        told: Tensor = self.tell(x)
        return told

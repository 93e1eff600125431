"""The wrist network: one person cut out of a picture in, a map of their wrists out."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from aisle.learning.shopper_net import Residual, convolution
from aisle.vision.pose.wrists import CHANNELS, SHOWN, WRIST


class WristNet(nn.Module):
    """(n, 96, 96, 5) bytes: blue, green, red, difference, head -> (n, 6, 24, 24).

    Channels: logit of a wrist of this person, seen or guessed; the way to it from the middle of the cell (cells); log
    of how far that may be off; logit of holding something; logit of a wrist that is seen.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96), depths: tuple[int, ...] = (1, 2, 3)) -> None:
        super().__init__()
        self.stem = convolution(5, widths[0], stride=2)
        self.down = nn.ModuleList(
            nn.Sequential(convolution(a, b, stride=2), *(Residual(b) for _ in range(depth)))
            for (a, b), depth in zip(pairwise(widths), depths, strict=True)
        )
        self.up = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in reversed(list(pairwise(widths[1:]))))
        self.mix = nn.ModuleList(convolution(a, a) for a in reversed(widths[1:-1]))
        self.tell = nn.Sequential(convolution(widths[1], 48), nn.Conv2d(48, CHANNELS, 1))
        nn.init.constant_(self.tell[-1].bias[[WRIST, SHOWN]], -3.0)

    def forward(self, cutout: Tensor) -> Tensor:
        x = self.stem(cutout.permute(0, 3, 1, 2).float() * (1.0 / 64.0) - 1.0)
        levels = []
        for stage in self.down:
            x = stage(x)
            levels.append(x)
        for narrow, mix, level in zip(self.up, self.mix, reversed(levels[:-1]), strict=True):
            x = mix(nn.functional.interpolate(narrow(x), scale_factor=2.0, mode="nearest") + level)
        told: Tensor = self.tell(x)
        return told

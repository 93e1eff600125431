"""Weight signals made by hand: noise, steps, ringing, drift, gaps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from aisle.scales.change import Episode
from aisle.scales.detector import ChangeDetector

Samples = npt.NDArray[np.float32]
HZ = 60
T0_NS = 1_767_225_600_000_000_000


class Signal:
    """Samples (n, plates) at 60 Hz, zeroed anywhere, each plate with white noise of `sigma_g`."""

    def __init__(self, seconds: float, plates: int, sigma_g: float = 0.8, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        n = round(seconds * HZ)
        self.t = np.arange(n) / HZ
        self.grams = self.rng.normal(0.0, sigma_g, (n, plates)) + self.rng.uniform(-900, 3000, plates)

    def step(self, plate: int, at_s: float, grams: float, rise_s: float = 0.1, ring: float = 0.0) -> Signal:
        """Something comes (+) or goes (-), complete after `rise_s`; `ring`: first swing as a share of the step."""
        self.grams[:, plate] += grams * np.clip((self.t - at_s) / max(rise_s, 1e-9), 0.0, 1.0)
        after = np.maximum(self.t - at_s - rise_s, 0.0)
        swing = grams * ring * np.exp(-after / 0.25) * np.sin(2 * np.pi * 8.0 * after)
        self.grams[:, plate] += np.where(after > 0, swing, 0.0)
        return self

    def press(self, plate: int, from_s: float, to_s: float, grams: float, waver: float = 0.0) -> Signal:
        """A hand rests: comes and goes."""
        on = np.clip((self.t - from_s) / 0.2, 0.0, 1.0) * np.clip((to_s - self.t) / 0.2, 0.0, 1.0)
        self.grams[:, plate] += on * grams * (1.0 + waver * np.sin(2 * np.pi * 1.3 * self.t))
        return self

    def wander(self, sigma_g: float, tau_s: float = 3.0) -> Signal:
        """Slow noise beside the white one: every plate strays from its level and returns within `tau_s`."""
        keep = np.exp(-1.0 / (HZ * tau_s))
        kicks = self.rng.normal(0.0, sigma_g * np.sqrt(1.0 - keep * keep), self.grams.shape)
        away = np.zeros(self.grams.shape[1])
        for row, kick in zip(self.grams, kicks, strict=True):
            away = keep * away + kick
            row += away
        return self

    def drift(self, grams_per_min: float) -> Signal:
        self.grams += grams_per_min * self.t[:, None] / 60.0
        return self

    def lost(self, from_s: float, to_s: float, plate: int | None = None) -> Signal:
        """No samples: of one plate, or of all."""
        rows = (self.t >= from_s) & (self.t < to_s)
        self.grams[rows, slice(None) if plate is None else plate] = np.nan
        return self

    @property
    def samples(self) -> Samples:
        return self.grams.astype(np.float32)

    def episodes(self, *layout: int, blocks: int = 600) -> list[Episode]:
        """What the detector finds; `layout` are plates per shelf (default: all plates on one shelf)."""
        detector = ChangeDetector(layout or [self.grams.shape[1]])
        out: list[Episode] = []
        for i in range(0, len(self.grams), blocks):
            out += detector.feed(time_of(i), self.samples[i : i + blocks])
        return out + detector.flush()


def time_of(sample: int) -> int:
    return T0_NS + round(sample / HZ * 1e9)


def net(e: Episode) -> float:
    """Grams that came (+) or went (-) over the whole episode."""
    return float(np.nansum(e.change(0, -1)[0]))


def nets(episodes: list[Episode], least_g: float = 15.0) -> list[float]:
    """Net changes worth speaking of, in order of time."""
    changes = [net(e) for e in sorted(episodes, key=lambda e: e.plateaus[-1].t0_ns)]
    return [c for c in changes if abs(c) >= least_g]


def moment(e: Episode) -> float:
    """Seconds since the start at which the last plateau begins."""
    return (e.plateaus[-1].t0_ns - T0_NS) * 1e-9


def printed(episodes: list[Episode]) -> list[tuple[object, ...]]:
    """Everything of some episodes, comparable bit by bit."""
    return [
        (
            e.shelf,
            e.first_plate,
            e.settled,
            *(
                (p.t0_ns, p.t1_ns, p.unrest, *(a.tobytes() for a in (p.head_g, p.head_var, p.tail_g, p.tail_var)))
                for p in e.plateaus
            ),
        )
        for e in episodes
    ]

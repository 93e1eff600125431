"""From the perfect picture to what a shop's camera hands out: blur of motion and lens, exposure, noise, JPEG.

Noise follows the usual sensor model, shot noise of the collected electrons plus read noise (EMVA Standard 1288, section
2), computed where light is linear.  Pictures hold the square root of light, as renderers make them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.scene import FIRST_PERSON, Float32, Picture

Image = npt.NDArray[np.uint8]
_LEAST_BLUR_PX = 0.8
_SPARE_PX = 64


@dataclass(frozen=True, slots=True)
class SensorTraits:
    """One camera's sensor and its settings.

    `exposure` multiplies light, `balance` does so per colour (red, green, blue); `vignetting` is the share of light
    lost in the corners; `full_well_e` are the electrons of a white pixel (fewer: more noise), `read_noise_e` those of
    a dark one; `blur_px` is the lens's point spread (standard deviation); `sharpening` is what it adds at edges.
    """

    exposure: float = 1.0
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    vignetting: float = 0.25
    full_well_e: float = 2500.0
    read_noise_e: float = 6.0
    blur_px: float = 0.55
    sharpening: float = 0.3
    jpeg_quality: int = 85

    def __post_init__(self) -> None:
        if self.exposure <= 0 or min(self.balance) <= 0 or self.full_well_e <= 0:
            raise ValueError(f"{self}: exposure, balance and full_well_e must be more than 0")
        if not 0.0 <= self.vignetting < 1.0:
            raise ValueError(f"vignetting is {self.vignetting}; expected 0 up to below 1")
        if not 1 <= self.jpeg_quality <= 100:
            raise ValueError(f"jpeg_quality is {self.jpeg_quality}; expected 1 to 100")

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> SensorTraits:
        """The sensor of a camera nobody chose with care."""
        warm = float(rng.normal(0.0, 0.06))
        return cls(
            exposure=float(np.exp(rng.normal(0.0, 0.18))),
            balance=(1.0 + warm, 1.0, 1.0 - warm),
            vignetting=float(rng.uniform(0.0, 0.45)),
            full_well_e=float(np.exp(rng.uniform(np.log(500.0), np.log(8000.0)))),
            read_noise_e=float(rng.uniform(2.0, 12.0)),
            blur_px=float(rng.uniform(0.35, 1.0)),
            sharpening=float(rng.uniform(0.0, 0.6)),
            jpeg_quality=int(rng.integers(60, 96)),
        )


class Sensor:
    """A sensor of one size; what costs time is worked out once."""

    def __init__(self, traits: SensorTraits, size_px: tuple[int, int], rng: np.random.Generator) -> None:
        """`rng` makes this sensor's store of noise; pictures then take it from a random place of it."""
        self.traits = traits
        width, height = size_px
        self._size_px = size_px
        y, x = np.mgrid[:height, :width].astype(np.float32)
        square = ((x / max(width - 1, 1) - 0.5) ** 2 + (y / max(height - 1, 1) - 0.5) ** 2) * 2.0
        self._shade = np.sqrt(1.0 - np.float32(traits.vignetting) * square)[:, :, None].astype(np.float32)
        spare = (height + _SPARE_PX, width + _SPARE_PX, 3)
        self._noise = rng.standard_normal(spare, dtype=np.float32)
        self._gain = np.sqrt(np.multiply(traits.balance, traits.exposure)).astype(np.float32)
        self._spread = _spread_table(traits)

    def read(self, rgb: Image, rng: np.random.Generator) -> Image:
        """The picture (h, w, 3) as the sensor gives it.  Raises ValueError for a picture of another size."""
        height, width = rgb.shape[:2]
        if (width, height) != self._size_px:
            raise ValueError(f"picture of {width} x {height}; this sensor has {self._size_px[0]} x {self._size_px[1]}")
        traits = self.traits
        soft = cv2.GaussianBlur(rgb, (0, 0), traits.blur_px) if traits.blur_px > 0 else rgb
        light = np.minimum(soft.astype(np.float32) * (self._shade * self._gain), 255.0)
        left, top = int(rng.integers(_SPARE_PX)), int(rng.integers(_SPARE_PX))
        noise = self._noise[top : top + height, left : left + width]
        light += noise * self._spread[light.astype(np.uint8)]
        if traits.sharpening > 0:
            light += np.float32(traits.sharpening) * (light - cv2.GaussianBlur(light, (0, 0), 1.0))
        return np.asarray(np.clip(light + np.float32(0.5), 0.0, 255.0), dtype=np.uint8)


def jpeg(rgb: Image, quality: int) -> bytes:
    """The picture as a JPEG file."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of shape {rgb.shape} cannot be made a JPEG")
    return bytes(data.tobytes())


def metered(rgb: Image, wanted: float = 0.45) -> float:
    """The exposure that brings the picture's mean level (0 to 1, as shown) to `wanted`, as automatic cameras do."""
    level = float(rgb.mean()) / 255.0
    return float(np.clip((wanted / max(level, 1e-3)) ** 2, 0.1, 10.0))


def averaged(frames: Sequence[Image]) -> Image:
    """One picture from several moments while the shutter is open, averaged where light is linear."""
    if not frames:
        raise ValueError("no frames to average; expected at least one")
    total = sum((frame.astype(np.float32) ** 2 for frame in frames), np.zeros(frames[0].shape, dtype=np.float32))
    return np.sqrt(total / len(frames) + 0.5).astype(np.uint8)


def motion_blurred(now: Picture, before: Picture, open_share: float) -> Image:
    """Smear people and what they carry along their way since the picture `before`.

    `open_share` is the part of the time between the two in which the shutter is open.  Each part of a person and each
    item moves as the middle of its pixels does; what stood still stays sharp.
    """
    rgb = now.rgb.copy()
    if open_share <= 0:
        return rgb
    names, middles = _middles(now.ids)
    names_before, middles_before = _middles(before.ids)
    _, here, there = np.intersect1d(names, names_before, assume_unique=True, return_indices=True)
    ways = (middles[here] - middles_before[there]) * open_share
    for k in np.flatnonzero(np.hypot(*ways.T) >= _LEAST_BLUR_PX):
        _smear(rgb, now, int(names[here[k]]), ways[k])
    return rgb


def _spread_table(traits: SensorTraits) -> Float32:
    """Standard deviation of the noise at each shown level (256,), in levels."""
    level = np.arange(256) / 255.0
    electrons = level**2 * traits.full_well_e
    in_light = np.sqrt(electrons + traits.read_noise_e**2) / traits.full_well_e
    # shown = sqrt(light): its slope grows without bound in the dark, where cameras' curves are straight
    return np.asarray(255.0 * in_light / (2.0 * np.maximum(level, 0.12)), dtype=np.float32)


def _middles(ids: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """For everything but the building: its number (k,), ascending, and the middle of its pixels (k, 2): x, y."""
    flat = np.where(ids >= FIRST_PERSON, ids, 0).astype(np.int64).ravel()
    height, width = ids.shape
    count = np.bincount(flat)
    count[0] = 0
    names = np.flatnonzero(count)
    x = np.bincount(flat, weights=np.tile(np.arange(width), height))[names] / count[names]
    y = np.bincount(flat, weights=np.repeat(np.arange(height), width))[names] / count[names]
    return names, np.stack([x, y], axis=1)


def _smear(rgb: Image, now: Picture, ident: int, way: npt.NDArray[np.float64]) -> None:
    """Draw one thing blurred over `rgb`, in place."""
    shown = now.ids == ident
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    way = way * min(1.0, 24.0 / float(np.hypot(*way)))
    reach = int(np.ceil(np.abs(way).max() / 2)) + 1
    height, width = rgb.shape[:2]
    left, top = max(0, int(columns[0]) - reach), max(0, int(rows[0]) - reach)
    right, bottom = min(width, int(columns[-1]) + 1 + reach), min(height, int(rows[-1]) + 1 + reach)
    mask = shown[top:bottom, left:right].astype(np.float32)[:, :, None]
    colour = (now.rgb[top:bottom, left:right].astype(np.float32) / 255.0) ** 2
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), dtype=np.float32)
    ends = [(round(16 * (reach + s * way[0] / 2)), round(16 * (reach + s * way[1] / 2))) for s in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, shift=4)
    kernel /= kernel.sum()
    cover = cv2.filter2D(mask[:, :, 0], -1, kernel, borderType=cv2.BORDER_REPLICATE)[:, :, None]
    moved = cv2.filter2D(colour * mask, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    under = (rgb[top:bottom, left:right].astype(np.float32) / 255.0) ** 2
    rgb[top:bottom, left:right] = np.sqrt(moved + (1.0 - cover) * under) * 255.0 + 0.5

"""Light that changes: over the day, from cloud to cloud, and a little between any two pictures.

What goes through the whole shop is the renderers' light; what changes from frame to frame is a gain on the finished
picture, so that no background has to be drawn again for it.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.scene import Float32, Light

Image = npt.NDArray[np.uint8]


def lamps_only(lamps_m: Float32) -> Light:
    """White lamps and a little daylight from the door."""
    return Light((0.42, 0.43, 0.45), (0.25, -0.55, 0.8), (0.22, 0.21, 0.19), lamps_m, (0.9, 0.88, 0.82))


def light_at(lamps_m: Float32, hour: float, rng: np.random.Generator) -> Light:
    """The light of an hour of the day (0 to 24): lamps always, daylight through the front between 7 and 20."""
    height = math.sin(math.pi * (hour - 6.5) / 14.0) if 6.5 < hour < 20.5 else 0.0
    bearing = math.pi * (hour - 6.5) / 14.0
    sun = np.array([math.cos(bearing), -0.8, 0.35 + 0.9 * height])
    sun /= np.linalg.norm(sun)
    warm = 1.0 - 0.6 * height
    power = 0.55 * height * float(rng.uniform(0.3, 1.0))
    lamp = float(rng.uniform(0.55, 1.15))
    tone = float(rng.uniform(-0.1, 0.1))  # from neutral white lamps to warm ones
    ambient = 0.28 + 0.2 * lamp * float(rng.uniform(0.6, 1.2)) + 0.12 * height
    return Light(
        (ambient * (1 + 0.3 * tone), ambient, ambient * (1 - 0.3 * tone)),
        (float(sun[0]), float(sun[1]), float(sun[2])),
        (power, power * (1 - 0.12 * warm), power * (1 - 0.3 * warm)),
        lamps_m,
        (lamp * (1 + tone), lamp, lamp * (1 - tone)),
    )


def relit(rgb: Image, gain: float) -> Image:
    """The picture (h, w, 3) under `gain` times as much light; pictures hold the square root of light."""
    return np.asarray(cv2.convertScaleAbs(rgb, alpha=math.sqrt(gain)), dtype=np.uint8)


def unevenly_relit(rgb: Image, rng: np.random.Generator, strength: float = 1.0) -> Image:
    """The picture a while later: a little brighter or darker, warmer or colder, and not everywhere the same."""
    height, width = rgb.shape[:2]
    level = float(np.exp(rng.normal(0.0, 0.05 * strength)))
    colour = np.exp(rng.normal(0.0, 0.012 * strength, 3))
    coarse = np.exp(rng.normal(0.0, 0.05 * strength, (3, 4))).astype(np.float32)
    field = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    gain = (level * colour).astype(np.float32) * field[:, :, None]
    light: Image = np.clip(rgb * np.sqrt(np.maximum(gain, 0.0)), 0.0, 255.0).astype(np.uint8)
    return light

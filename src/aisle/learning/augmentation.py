"""One labelled picture seen in many ways: moved, mirrored, lit otherwise, with a good or bad idea of the empty shop."""

from __future__ import annotations

import cv2
import numpy as np

from aisle.store.model import FloatArray
from aisle.vision.detectors.difference import difference
from aisle.vision.seen import Bytes

UNKNOWN_BACKGROUND = 0.12
"""Share of pictures whose empty shop the network has to do without."""


def augmented(
    image: Bytes,
    background: Bytes,
    scale: float,
    rng: np.random.Generator,
) -> tuple[Bytes, FloatArray]:
    """A random view: the network's input (h, w, 4), and the affine map (2, 3) from label pixels to input pixels.

    `scale` is input pixels per label pixel before anything is moved.
    """
    height, width = image.shape[:2]
    zoom = float(np.exp(rng.uniform(np.log(0.88), np.log(1.35))))
    turn = float(rng.normal(0, 0.07))
    mirror = bool(rng.random() < 0.5)
    centre = np.array([width / 2, height / 2]) + rng.uniform(-0.12, 0.12, 2) * (width, height)
    c, s = zoom * np.cos(turn), zoom * np.sin(turn)
    matrix = np.array([[c, -s], [s, c]])
    if mirror:
        matrix[:, 0] *= -1
    move = np.array([width / 2, height / 2]) - matrix @ centre
    warp = np.concatenate([matrix, move[:, None]], axis=1)
    fill = [float(v) for v in rng.uniform(0, 255, 3)]
    moved, empty = (
        np.asarray(cv2.warpAffine(p, warp, (width, height), flags=cv2.INTER_LINEAR, borderValue=fill), np.uint8)
        for p in (image, background)
    )
    lit = relit(moved, rng, 1.0)
    unlit = relit(empty, np.random.default_rng(rng.integers(2**32)), 0.12)
    out = np.empty((height, width, 4), np.uint8)
    out[..., :3] = lit
    gain = lit.mean() / max(1.0, moved.mean())
    known = np.clip(unlit * gain, 0, 255).astype(np.uint8)
    out[..., 3] = difference(lit, known) if rng.random() >= UNKNOWN_BACKGROUND else 0
    whole = np.concatenate([matrix * scale, move[:, None]], axis=1)
    return out, whole


def relit(picture: Bytes, rng: np.random.Generator, strength: float) -> Bytes:
    """The picture in other light, by other eyes: gain, colour, gamma; at full strength also grey, blur and grain."""
    gain = np.exp(rng.normal(0, 0.22) * strength) * np.exp(rng.normal(0, 0.08, 3) * strength)
    lift = rng.normal(0, 12.0) * strength
    gamma = float(np.exp(rng.normal(0, 0.18) * strength))
    levels = np.arange(256)[:, None] / 255.0
    table = np.clip(255.0 * levels**gamma * gain + lift, 0, 255).astype(np.uint8)
    out = np.asarray(cv2.LUT(picture, table[None]), np.uint8)
    if strength < 1.0:
        return out
    if rng.random() < 0.15:
        grey = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        share = float(rng.uniform(0.4, 1.0))
        out = np.asarray(cv2.addWeighted(grey, share, out, 1.0 - share, 0.0), np.uint8)
    if rng.random() < 0.15:
        out = np.asarray(cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 0.8))), np.uint8)
    if rng.random() < 0.35:
        height, width = out.shape[:2]
        y, x = (int(rng.integers(n - m + 1)) for n, m in zip(_GRAIN.shape[:2], (height, width), strict=True))
        grain = cv2.convertScaleAbs(_GRAIN[y : y + height, x : x + width], alpha=float(rng.uniform(0.02, 0.09)))
        out = np.asarray(cv2.add(out, grain) if rng.random() < 0.5 else cv2.subtract(out, grain), np.uint8)
    return out


_GRAIN = np.random.default_rng(7).normal(0, 60, (512, 768, 3)).astype(np.int16)
"""Sensor noise to cut pieces from: drawing it anew for each picture would cost more than the network."""

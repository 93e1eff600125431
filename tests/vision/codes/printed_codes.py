"""Pictures of codes for tests: clean prints by zxing-cpp's writer, and what cameras do to them."""

from __future__ import annotations

import cv2
import numpy as np
import zxingcpp

from aisle.vision.codes.seen import Image

FORMATS = zxingcpp.BarcodeFormat


def printed(text: str, kind: zxingcpp.BarcodeFormat = FORMATS.EAN13, scale: int = 3, height: int = 120) -> Image:
    """The code in black on white with light all round it, bars upright and `height` pixels long."""
    made = zxingcpp.write_barcode_to_image(
        zxingcpp.create_barcode(text, kind), scale=scale, add_hrt=False, add_quiet_zones=True
    )
    bars = np.array(made, dtype=np.uint8)
    if kind is not FORMATS.QRCode:
        bars = np.repeat(bars[bars.shape[0] // 2][None], height, axis=0)
    return np.pad(bars, 40, constant_values=255)


def dull(picture: Image) -> Image:
    """Dark, and lit from one side."""
    light = np.linspace(0.15, 0.55, picture.shape[1])
    return np.asarray((40 + 0.25 * picture * light), dtype=np.uint8)


def tilted(picture: Image, degrees: float) -> Image:
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.7)
    return np.asarray(cv2.warpAffine(picture, matrix, (width, height), borderValue=255), dtype=np.uint8)


def soft(picture: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 2.0), dtype=np.uint8)

"""Package art drawn from a product's words: what is printed on goods nobody designed.

One brand and kind of package share their art (a family of look-alikes); another flavour has another band, picture and
word, another size only another net weight.  Every package carries the bar code of its own GTIN with `MODULE_PX` texels
a module.  Drawn with OpenCV's own lettering, so that no font has to be found; the same product gives the same bytes.
"""

from __future__ import annotations

import colorsys
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

from aisle.simulation.pictures.shapes import FRONT_SHARE, LID_SHARE, SIDE_SHARE

Art = npt.NDArray[np.uint8]
Colour = tuple[float, float, float]
LABEL_PX = (512, 1024)
"""Height and width of a label."""
MODULE_PX = 2
_LETTERS = cv2.FONT_HERSHEY_DUPLEX
_HEAVY = cv2.FONT_HERSHEY_TRIPLEX
_INK = (18.0, 16.0, 20.0)
_WHITE = (250.0, 250.0, 246.0)
_METAL = (176.0, 178.0, 184.0)


@dataclass(frozen=True, slots=True)
class LabelText:
    """The words on a package: `title` is the product without its size, `net` the size as printed."""

    gtin: str
    brand: str
    title: str
    net: str
    kind: str
    """What look-alikes share besides the brand: the category and the shape."""


@dataclass(frozen=True, slots=True)
class _Family:
    base: Colour
    accent: Colour
    ink: Colour
    style: int
    seed: int


def draw_label(text: LabelText, front_m: tuple[float, float], side_m: float, metal_lid: bool = False) -> Art:
    """The label (512, 1024, 3) RGB of a package with a front of `front_m` (width, height) and sides `side_m` wide."""
    family = _family(text)
    height, width = LABEL_PX
    wrap = round(height * (1.0 - LID_SHARE))
    label = np.empty((height, width, 3), dtype=np.uint8)
    label[:] = np.array(family.base, dtype=np.uint8)
    front, side = round(width * FRONT_SHARE), round(width * SIDE_SHARE)
    wide_px = int(np.clip(wrap * front_m[0] / front_m[1], 140, 900))
    deep_px = int(np.clip(wrap * side_m / front_m[1], 80, 700))
    label[:wrap, :front] = _resized(_front(text, family, wide_px, wrap), front, wrap)
    label[:wrap, front : front + side] = _resized(_facts(text, family, deep_px, wrap), side, wrap)
    back = _resized(_back(text, family, wide_px, wrap), front, wrap)
    _print_code(back, text.gtin)
    label[:wrap, front + side : 2 * front + side] = back
    label[:wrap, 2 * front + side :] = _resized(_spine(text, family, deep_px, wrap), side, wrap)
    label[wrap:, width // 2 :] = np.array(_METAL if metal_lid else family.accent, dtype=np.uint8)
    _write(label, text.brand, (width // 4, (wrap + height) // 2), (width * 0.34, (height - wrap) * 0.6), family.ink)
    grain = np.random.default_rng(zlib.crc32(text.gtin.encode())).normal(0.0, 2.0, (height, width, 1))
    return np.clip(label + grain, 0, 255).astype(np.uint8)


def bar_code(gtin: str) -> Art | None:
    """The bar code of a product's code (h, w), 0 or 255, one column a module, with quiet zones; None for a PLU.

    8 and 13 digits are EAN, 12 digits (UPC) EAN-13 with a leading 0, everything else Code 128.
    """
    if gtin.isdigit() and len(gtin) < 8:
        return None
    if gtin.isdigit() and len(gtin) in (8, 12, 13):
        kind = zxingcpp.BarcodeFormat.EAN8 if len(gtin) == 8 else zxingcpp.BarcodeFormat.EAN13
        made = zxingcpp.create_barcode(gtin.zfill(13) if len(gtin) == 12 else gtin, kind)
    else:
        made = zxingcpp.create_barcode(gtin, zxingcpp.BarcodeFormat.Code128)
    return np.array(zxingcpp.write_barcode_to_image(made, scale=1, add_hrt=False, add_quiet_zones=True), dtype=np.uint8)


def _family(text: LabelText) -> _Family:
    seed = zlib.crc32(f"{text.brand}|{text.kind}".encode())
    rng = np.random.default_rng(seed)
    hue = float(np.random.default_rng(zlib.crc32(text.brand.encode())).random())
    light = bool(rng.random() < 0.3)
    base = _hsv(hue, 0.14, 0.96) if light else _hsv(hue, float(rng.uniform(0.65, 0.9)), float(rng.uniform(0.4, 0.85)))
    accent = _hsv(hue + float(rng.choice([0.5, 0.1, 0.38])), 0.75, 0.93)
    return _Family(base, accent, _hsv(hue, 0.85, 0.22) if light else _WHITE, int(rng.integers(4)), seed)


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    r, g, b = colorsys.hsv_to_rgb(hue % 1.0, saturation, value)
    return (255.0 * r, 255.0 * g, 255.0 * b)


def _flavour(text: LabelText) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(text.title.encode()))


def _front(text: LabelText, family: _Family, width: int, height: int) -> Art:
    panel = _plain(family, width, height)
    _ornament(panel, family)
    rng = _flavour(text)
    hue = float(rng.random())
    _picture(panel, rng, hue)
    _write(panel, text.brand, (width // 2, height * 0.11), (width * 0.88, height * 0.12), family.ink, heavy=True)
    band = _hsv(hue, 0.85, 0.62)
    cv2.rectangle(panel, (0, round(height * 0.25)), (width, round(height * 0.45)), band, -1)
    lines = _two_lines(text.title)
    for n, line in enumerate(lines):
        middle = 0.35 + (n - (len(lines) - 1) / 2) * 0.09
        _write(panel, line, (width // 2, height * middle), (width * 0.9, height * 0.075), _WHITE)
    _write(panel, text.net, (width * 0.74, height * 0.945), (width * 0.42, height * 0.05), family.ink)
    return panel


def _back(text: LabelText, family: _Family, width: int, height: int) -> Art:
    panel = _plain(family, width, height)
    _write(panel, text.brand, (width // 2, height * 0.09), (width * 0.8, height * 0.09), family.ink, heavy=True)
    _write(panel, text.title, (width // 2, height * 0.2), (width * 0.9, height * 0.06), family.ink)
    rng = _flavour(text)
    for row in np.arange(0.28, 0.5, 0.035):
        end = (round(width * float(rng.uniform(0.6, 0.92))), round(height * row))
        cv2.line(panel, (round(width * 0.08), round(height * row)), end, family.ink, max(1, height // 160), cv2.LINE_AA)
    _write(panel, text.net, (width // 2, height * 0.95), (width * 0.6, height * 0.05), family.ink)
    return panel


def _facts(text: LabelText, family: _Family, width: int, height: int) -> Art:
    """A side: the table of nutrients."""
    panel = _plain(family, width, height)
    left, top, right, bottom = (round(width * 0.1), round(height * 0.1), round(width * 0.9), round(height * 0.72))
    cv2.rectangle(panel, (left, top), (right, bottom), _WHITE, -1)
    rng = _flavour(text)
    for y in range(top + height // 16, bottom - 4, max(4, height // 22)):
        cv2.line(panel, (left + 4, y), (left + 4 + int((right - left) * rng.uniform(0.2, 0.5)), y), _INK, 2)
        cv2.line(panel, (right - 4 - int((right - left) * rng.uniform(0.08, 0.2)), y), (right - 4, y), _INK, 2)
    _write(panel, text.net, (width // 2, height * 0.85), (width * 0.8, height * 0.05), family.ink)
    return panel


def _spine(text: LabelText, family: _Family, width: int, height: int) -> Art:
    """The other side: the brand, written upwards."""
    lying = _plain(family, height, width)
    _write(lying, f"{text.brand}  {text.title}", (height // 2, width // 2), (height * 0.9, width * 0.3), family.ink)
    return np.ascontiguousarray(np.rot90(lying))


def _plain(family: _Family, width: int, height: int) -> Art:
    panel = np.empty((height, width, 3), dtype=np.uint8)
    panel[:] = np.array(family.base, dtype=np.uint8)
    return panel


def _ornament(panel: Art, family: _Family) -> None:
    """The brand's own gesture behind the words."""
    height, width = panel.shape[:2]
    if family.style == 0:
        corners = np.array([(0, 0.55), (1, 0.4), (1, 0.75), (0, 0.9)]) * (width, height)
        cv2.fillPoly(panel, [corners.astype(np.int32)], family.accent, cv2.LINE_AA)
    elif family.style == 1:
        cv2.circle(panel, (width // 2, round(height * 0.66)), round(width * 0.42), family.accent, -1, cv2.LINE_AA)
    elif family.style == 2:
        for k in range(5):
            y = round(height * (0.5 + 0.09 * k))
            cv2.rectangle(panel, (0, y), (width, y + round(height * 0.035)), family.accent, -1)
    else:
        cv2.ellipse(
            panel, (width // 2, height), (round(width * 0.7), round(height * 0.42)), 0, 0, 360, family.accent, -1
        )


def _picture(panel: Art, rng: np.random.Generator, hue: float) -> None:
    """A heap of what is inside, so that no front is flat colour."""
    height, width = panel.shape[:2]
    reach, flat = float(rng.uniform(0.05, 0.09)), float(rng.uniform(0.4, 1.0))
    for _ in range(26):
        x = round(width * (0.5 + float(np.clip(rng.normal(0.0, 0.15), -0.35, 0.35))))
        y = round(height * (0.7 + float(rng.normal(0.0, 0.045))))
        across = max(2, round(width * reach * float(rng.uniform(0.7, 1.3))))
        colour = _hsv(hue + float(rng.normal(0, 0.03)), float(rng.uniform(0.45, 0.9)), float(rng.uniform(0.55, 1.0)))
        axes = (across, max(2, round(across * flat)))
        angle = float(rng.uniform(0, 180))
        cv2.ellipse(panel, (x, y), axes, angle, 0, 360, colour, -1, cv2.LINE_AA)
        cv2.ellipse(panel, (x, y), axes, angle, 0, 360, _hsv(hue, 0.9, 0.3), 1, cv2.LINE_AA)


def _two_lines(title: str) -> list[str]:
    """The title in at most two lines of about equal length."""
    words = title.split()
    if len(words) < 2 or len(title) < 11:
        return [title]
    cut = min(range(1, len(words)), key=lambda n: max(len(" ".join(words[:n])), len(" ".join(words[n:]))))
    return [" ".join(words[:cut]), " ".join(words[cut:])]


def _write(
    panel: Art,
    words: str,
    middle: tuple[float, float],
    room: tuple[float, float],
    colour: Colour,
    *,
    heavy: bool = False,
) -> None:
    """Write `words` about `middle`, as large as fits into `room` (width and height in pixels)."""
    if not words:
        return
    face = _HEAVY if heavy else _LETTERS
    (width, height), _ = cv2.getTextSize(words, face, 1.0, 1)
    scale = min(room[0] / max(width, 1), room[1] / max(height, 1))
    stroke = max(1, round(scale * (1.8 if heavy else 1.3)))
    (width, height), _ = cv2.getTextSize(words, face, scale, stroke)
    corner = (round(middle[0] - width / 2), round(middle[1] + height / 2))
    cv2.putText(panel, words, corner, face, scale, colour, stroke, cv2.LINE_AA)


def _print_code(panel: Art, gtin: str) -> None:
    """The bar code on its white field, in whole texels, with the digits below."""
    modules = bar_code(gtin)
    if modules is None:
        return
    height, width = panel.shape[:2]
    room = max(1, min(MODULE_PX, width // modules.shape[1]))
    bars = np.repeat(np.repeat(modules[:1], room, axis=1), round(height * 0.26), axis=0)
    x, y = (width - bars.shape[1]) // 2, round(height * 0.55)
    bottom = y + bars.shape[0]
    cv2.rectangle(panel, (max(0, x - 6), y - 10), (min(width, x + bars.shape[1] + 6), bottom + 34), _WHITE, -1)
    panel[y:bottom, x : x + bars.shape[1]] = bars[:, :, None]
    _write(panel, gtin, (width / 2, bottom + 17), (bars.shape[1] * 0.85, 22), _INK)


def _resized(panel: Art, width: int, height: int) -> Art:
    return np.asarray(cv2.resize(panel, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)

"""What items look like before a scan camera: cut-outs of photographs, or drawn packages with their codes.

A cut-out is a picture (blue-green-red) with how much of each pixel it covers.  Drawn packages have the labels of the
simulated shop; a label with a code is drawn as it is printed, so that its bars can be read.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import zxingcpp

from aisle.simulation.cart.catalogue import Article, Catalogue, Piece
from aisle.simulation.pictures.labels import LABEL_PX, bar_code
from aisle.simulation.pictures.packages import package_of
from aisle.simulation.pictures.shapes import FRONT_SHARE, LID_SHARE, SIDE_SHARE

Image = npt.NDArray[np.uint8]
MODULE_PX = 2
_LETTERS = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True)
class CutOut:
    """A picture (h, w, 3) and its cover (h, w), 0 to 255."""

    image: Image
    cover: Image


def printed_code(text: str, symbology: str) -> Image | None:
    """The code (h, w), 0 or 255, one column a module (QR: one pixel a module); None for what has no bars (PLU)."""
    if symbology == "QRCode":
        made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    elif symbology == "DataBarExpanded":
        body = re.sub(r"^(\d\d)(\d{14})(\d{4})", r"(\1)\2(\3)", text.removeprefix("]e0"))
        made = zxingcpp.create_barcode(body, zxingcpp.BarcodeFormat.DataBarExp)
    else:
        return bar_code(text)
    return np.array(zxingcpp.write_barcode_to_image(made, scale=1, add_hrt=False, add_quiet_zones=True), dtype=np.uint8)


def code_label(text: str, symbology: str, words: str, money: str = "") -> Image:
    """A white label (h, w, 3) as scales and price guns print it: the name, the code with whole pixels a module."""
    modules = printed_code(text, symbology)
    square = symbology == "QRCode"
    if modules is None:
        modules = np.full((30, 100), 255, dtype=np.uint8)
    zoom = 5 if square else MODULE_PX
    bars = np.kron(modules, np.ones((zoom, zoom), np.uint8)).astype(np.uint8)
    if not square and bars.shape[0] < 90:
        bars = np.repeat(bars[bars.shape[0] // 2 : bars.shape[0] // 2 + 1], 96, axis=0) if symbology != (
            "DataBarExpanded"
        ) else np.repeat(bars, 2, axis=0)  # fmt: skip
    label = np.full((bars.shape[0] + 74, bars.shape[1] + 24, 3), 250, dtype=np.uint8)
    label[44 : 44 + bars.shape[0], 12 : 12 + bars.shape[1]] = bars[:, :, None]
    cv2.putText(label, words[:26], (12, 28), _LETTERS, 0.55, (20, 20, 20), 1, cv2.LINE_AA)
    cv2.putText(label, text[:30], (12, label.shape[0] - 10), _LETTERS, 0.42, (30, 30, 30), 1, cv2.LINE_AA)
    if money:
        cv2.putText(label, money, (label.shape[1] - 84, 28), _LETTERS, 0.55, (10, 10, 160), 1, cv2.LINE_AA)
    return label


class Wardrobe:
    """How every article looks; photographs by class where there are any."""

    def __init__(self, catalogue: Catalogue, photographs: dict[str, tuple[Path, ...]] | None = None) -> None:
        """`photographs` maps a class's name to pictures that are shown (not those enrolled)."""
        self._catalogue = catalogue
        self._photographs = photographs or {}
        self._panels: dict[str, tuple[Image, Image]] = {}

    def front(self, piece: Piece, rng: np.random.Generator) -> CutOut:
        """The piece as it is held to be seen."""
        article = self._catalogue.articles.get(piece.code)
        if article is None:
            return _thing(piece, rng)
        pictures = self._photographs.get(article.photograph, ())
        if pictures:
            chosen = cv2.imread(str(pictures[int(rng.integers(len(pictures)))]), cv2.IMREAD_COLOR)
            if chosen is None:
                raise ValueError(f"{pictures[0].parent}: a picture there cannot be read")
            return cut_photograph(np.asarray(chosen, np.uint8), article.scannable, rng)
        if not article.scannable:
            return heap_of(article, rng)
        if article.kind != "package":
            return _tray(heap_of(article, rng))
        return _rounded(self._panel(article)[0], 10)

    def code_side(self, piece: Piece, rng: np.random.Generator) -> CutOut:
        """The piece with its code towards the camera."""
        article = self._catalogue.articles.get(piece.code)
        code, symbology = piece.printed or piece.code, piece.symbology or "EAN13"
        if article is None:
            return _rounded(code_label(code, symbology, "unknown goods"), 4)
        if not piece.printed and article.kind == "package" and article.photograph not in self._photographs:
            return _rounded(self._panel(article)[1], 10)
        label = code_label(code, symbology, article.product.name)
        under = self.front(piece, rng)
        return _stuck_on(under, label)

    def enrolment(self, article: Article, rng: np.random.Generator) -> list[Image]:
        """Pictures (BGR) a shopkeeper takes of a drawn article."""
        piece = Piece(0, article.code, 0.0, 0.0, symbology="EAN13")
        views = [self.front(piece, rng) for _ in range(3)]
        if article.kind == "package":
            views.append(_rounded(self._panel(article)[1], 10))
        return [_on_table(view, rng) for view in views]

    def _panel(self, article: Article) -> tuple[Image, Image]:
        """Front and back of a package's label (BGR)."""
        if article.code not in self._panels:
            art = package_of(article.product).art()
            wrap = round(LABEL_PX[0] * (1.0 - LID_SHARE))
            front, side = round(LABEL_PX[1] * FRONT_SHARE), round(LABEL_PX[1] * SIDE_SHARE)
            self._panels[article.code] = (
                np.ascontiguousarray(art[:wrap, :front, ::-1]),
                np.ascontiguousarray(art[:wrap, front + side : 2 * front + side, ::-1]),
            )
        return self._panels[article.code]


def cut_photograph(photograph: Image, package: bool, rng: np.random.Generator) -> CutOut:
    """Part of a photograph as a cut-out: packages nearly whole, loose goods as a heap of what is in the middle."""
    height, width = photograph.shape[:2]
    share = float(rng.uniform(0.8, 1.0) if package else rng.uniform(0.55, 0.95))
    h, w = int(height * share), int(width * share)
    top, left = int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1))
    image = np.ascontiguousarray(photograph[top : top + h, left : left + w])
    image = np.asarray(cv2.resize(image, (300, 300 * h // w), interpolation=cv2.INTER_AREA), np.uint8)
    return _rounded(image, 18) if package else CutOut(image, _blob(image.shape[0], image.shape[1], rng))


def heap_of(article: Article, rng: np.random.Generator) -> CutOut:
    """A drawn heap of loose goods; the same product has the same colours and shape of pieces."""
    seed = zlib.crc32(f"{article.look}".encode())
    kind, own = np.random.default_rng(seed), np.random.default_rng(zlib.crc32(article.code.encode()))
    side = 280
    image = np.full((side, side, 3), 60, dtype=np.uint8)
    hue = (int(kind.integers(180)) + int(own.integers(-9, 10))) % 180
    flat, size = float(kind.uniform(0.45, 1.0)), int(np.clip(14 * article.net_g**0.28, 24, 110))
    cover = np.zeros((side, side), dtype=np.uint8)
    for _ in range(int(np.clip(26_000 / size**2, 3, 60))):
        x, y = (int(v) for v in np.clip(rng.normal(side / 2, side / 5, 2), size / 2, side - size / 2))
        angle, squash = float(rng.uniform(0, 180)), flat * float(rng.uniform(0.9, 1.1))
        shade = int(np.clip(own.normal(170, 12) + rng.normal(0, 18), 60, 250))
        hsv = np.array([[[hue, int(np.clip(own.normal(190, 14) + rng.normal(0, 10), 60, 255)), shade]]], dtype=np.uint8)
        colour = tuple(int(v) for v in cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0])
        axes = (size // 2, max(3, int(size * squash / 2)))
        cv2.ellipse(image, (x, y), axes, angle, 0, 360, colour, -1, cv2.LINE_AA)
        cv2.ellipse(image, (x, y), axes, angle, 0, 360, tuple(v // 2 for v in colour), 1, cv2.LINE_AA)
        light = (x - axes[0] // 3, y - axes[1] // 3)
        cv2.ellipse(image, light, (axes[0] // 4, axes[1] // 5), angle, 0, 360, (235, 240, 240), -1, cv2.LINE_AA)
        cv2.ellipse(cover, (x, y), axes, angle, 0, 360, 255, -1, cv2.LINE_AA)
    return CutOut(np.asarray(cv2.GaussianBlur(image, (0, 0), 1.0), np.uint8), cover)


def _tray(heap: CutOut) -> CutOut:
    """Goods on a white tray under film, as counters pack them."""
    h, w = heap.image.shape[:2]
    image = np.full((h + 40, w + 90, 3), 232, dtype=np.uint8)
    middle = image[20 : 20 + h, 45 : 45 + w]
    share = heap.cover[:, :, None] / 255.0
    middle[:] = (middle * (1.0 - share) + heap.image * share).astype(np.uint8)
    return _rounded(image, 26)


def _thing(piece: Piece, rng: np.random.Generator) -> CutOut:
    """Something that is not goods: a plain body of one colour, the same for the same thing."""
    own = np.random.default_rng(zlib.crc32((piece.thing or piece.printed).encode()))
    if piece.printed:
        return _rounded(code_label(piece.printed, "EAN13", "goods"), 4)
    h, w = int(own.integers(120, 300)), int(own.integers(110, 260))
    image = np.empty((h, w, 3), dtype=np.uint8)
    image[:] = own.integers(20, 200, 3).astype(np.uint8)
    ramp = np.linspace(0.7, 1.15, w)[None, :, None]
    image = np.clip(image * ramp + rng.normal(0, 3, (h, w, 1)), 0, 255).astype(np.uint8)
    return _rounded(image, int(own.integers(8, 50)))


def _rounded(image: Image, radius: int) -> CutOut:
    h, w = image.shape[:2]
    cover = np.zeros((h, w), dtype=np.uint8)
    r = min(radius, h // 2 - 1, w // 2 - 1)
    cv2.rectangle(cover, (r, r), (w - 1 - r, h - 1 - r), 255, 2 * r)
    cv2.rectangle(cover, (r, r), (w - 1 - r, h - 1 - r), 255, -1)
    return CutOut(image, np.asarray(cv2.GaussianBlur(cover, (0, 0), 1.2), np.uint8))


def _blob(height: int, width: int, rng: np.random.Generator) -> Image:
    """A roundish outline that is not quite regular."""
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    reach = np.full(48, 0.9)
    for k in (2, 3, 5):
        reach += 0.05 * float(rng.normal()) * np.cos(k * angles + float(rng.uniform(0, 6.28)))
    reach = np.clip(reach, 0.6, 1.0)
    points = np.stack([width / 2 * (1 + reach * np.cos(angles)), height / 2 * (1 + reach * np.sin(angles))], axis=1)
    cover = np.zeros((height, width), dtype=np.uint8)
    cv2.fillPoly(cover, [points.astype(np.int32)], 255, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(cover, (0, 0), 2.0), np.uint8)


def _stuck_on(under: CutOut, label: Image) -> CutOut:
    """A label on goods; larger goods than the label show round it."""
    h, w = label.shape[:2]
    scale = max(1.25 * w / under.image.shape[1], 1.25 * h / under.image.shape[0], 1.0)
    size = (int(under.image.shape[1] * scale), int(under.image.shape[0] * scale))
    image = np.asarray(cv2.resize(under.image, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    cover = np.asarray(cv2.resize(under.cover, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    top, left = (image.shape[0] - h) // 2, (image.shape[1] - w) // 2
    image[top : top + h, left : left + w] = label
    cover[top : top + h, left : left + w] = 255
    return CutOut(image, cover)


def _on_table(view: CutOut, rng: np.random.Generator) -> Image:
    """The cut-out on a plain ground, a little turned, as a picture of 320 by 320."""
    side = 320
    ground = np.full((side, side, 3), int(rng.integers(150, 225)), dtype=np.float32)
    h, w = view.image.shape[:2]
    scale = 0.85 * side / max(h, w)
    turn = cv2.getRotationMatrix2D((w / 2, h / 2), float(rng.normal(0, 6)), scale)
    turn[:, 2] += (side / 2 - w / 2, side / 2 - h / 2)
    image = cv2.warpAffine(view.image, turn, (side, side), flags=cv2.INTER_AREA)
    cover = cv2.warpAffine(view.cover, turn, (side, side), flags=cv2.INTER_AREA)[:, :, None] / np.float32(255.0)
    lit = image.astype(np.float32) * float(rng.uniform(0.85, 1.1))
    return np.asarray(np.clip(ground * (1 - cover) + lit * cover, 0, 255), np.uint8)

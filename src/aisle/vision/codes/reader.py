"""Codes read with zxing-cpp, from several versions of a picture until the looks are enough to believe one.

The decoder alone, in one pass, misses a fifth of real photographs and now and then gives digits with a right check
digit that are not on the package, the same ones from several versions of one picture.  So versions are tried in turn,
cheapest first, each code's bars are held against the picture (`bars.py`), and what contradicts itself is not sure.
The work is bounded in pixels, not in seconds: the same picture always gives the same codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import zxingcpp

from aisle.store.barcodes.numbers import compress_upc_e
from aisle.store.barcodes.symbology import DATABARS, EAN_FAMILY, Symbology
from aisle.vision.codes.bars import BarsFit, fit_bars
from aisle.vision.codes.seen import CodeRead, Image, Points
from aisle.vision.codes.tries import TRIES, Try, Version, picture_points

_FORMATS = zxingcpp.BarcodeFormat
SYMBOLOGIES = {
    _FORMATS.EAN13: Symbology.EAN13,
    _FORMATS.ISBN: Symbology.EAN13,
    _FORMATS.EAN8: Symbology.EAN8,
    _FORMATS.UPCA: Symbology.UPCA,
    _FORMATS.UPCE: Symbology.UPCE,
    _FORMATS.DataBarOmni: Symbology.DATABAR,
    _FORMATS.DataBarStk: Symbology.DATABAR,
    _FORMATS.DataBarStkOmni: Symbology.DATABAR,
    _FORMATS.DataBarLtd: Symbology.DATABAR_LIMITED,
    _FORMATS.DataBarExp: Symbology.DATABAR_EXPANDED,
    _FORMATS.DataBarExpStk: Symbology.DATABAR_EXPANDED,
    _FORMATS.QRCode: Symbology.QR,
}
READ_FORMATS: Any = [kind for kind in SYMBOLOGIES if kind != _FORMATS.ISBN]
SHORT = frozenset({Symbology.EAN8, Symbology.UPCE})  # fewer digits and found inside longer codes
SHORTEST_SIDE_PX = 8
ALL_LOOKS_MEGAPIXELS = 40.0  # every try on a still photograph of 1,200 by 1,000
CAMERA_MEGAPIXELS = 1.6  # of a film of 640 by 480: the picture as it is, and one or two tries more
FITS = 2  # places at which one text is held against the bars
# Least likeness of bars that were found (others say nothing), and most darkness beside a short code that is borne out.
LIKE, QUIET = 0.6, 0.5
# Least likeness, share of digits that lead and lead of the worst of a code whose bars are poor but not against it.
SOFT_LIKE, SOFT_LED, SOFT_WORST = 0.85, 0.75, -0.08
CLEARLY = -0.12  # lead of a digit that is clearly another
MANY, MOSTLY = 4, 0.9  # kinds of versions, and share of digits that lead, to believe a code whose bars are bent


@dataclass(slots=True)
class _Candidate:
    """One text at one place while a picture is looked at."""

    symbology: Symbology
    text: str
    quad: Points
    kinds: set[str] = field(default_factory=set)
    fits: list[BarsFit] = field(default_factory=list)

    @property
    def borne_out(self) -> bool:
        """Whether at one place every digit fits the bars better than any other and it is light beside the code."""
        return any(
            fit.led == 1.0 and fit.likeness >= LIKE and (self.symbology not in SHORT or fit.quiet <= QUIET)
            for fit in self.fits
        )

    @property
    def softly(self) -> bool:
        """Whether the bars are like the code's as a whole and no digit is clearly another."""
        return any(f.likeness >= SOFT_LIKE and f.led >= SOFT_LED and f.worst >= SOFT_WORST for f in self.fits)

    @property
    def led(self) -> float:
        return max((fit.led for fit in self.fits), default=0.0)

    @property
    def contradicted(self) -> bool:
        """Whether the bars were found and some digit is clearly another."""
        return bool(self.fits) and all(f.likeness >= LIKE and f.worst < CLEARLY for f in self.fits)

    @property
    def lost(self) -> bool:
        """Whether the bars were not found where the decoder said the code is (it reads slanted codes line by line)."""
        return all(fit.likeness < LIKE for fit in self.fits)

    @property
    def looks(self) -> int:
        return len(self.kinds) + self.borne_out

    def sure(self, rivals: Sequence[_Candidate]) -> bool:
        """Whether the looks are enough to believe it, against the other texts read at the same place."""
        rivals = [rival for rival in rivals if not (rival.contradicted or self.outranks(rival))]
        if any(rival.borne_out or 2 * len(rival.kinds) > self.looks for rival in rivals):
            return False
        if self.symbology is Symbology.QR:
            return True  # its error correction refuses what it cannot repair
        if self.symbology in DATABARS:
            return len(self.kinds) >= 2
        if self.borne_out:
            return len(self.kinds) >= (2 if self.symbology in SHORT else 1)
        if self.symbology in SHORT:
            return False
        if self.softly and len(self.kinds) >= 2:
            return not any(rival.softly for rival in rivals)
        return len(self.kinds) >= MANY and not rivals and (self.led >= MOSTLY or self.lost)

    def outranks(self, rival: _Candidate) -> bool:
        """Whether the rival is explained away: these bars fit and its do not, or it is a piece of this longer code."""
        longer = self.symbology not in SHORT and rival.symbology in SHORT
        shorter = self.symbology in SHORT and rival.symbology not in SHORT
        return self.borne_out and (longer or not (shorter or rival.borne_out))

    def near(self, other: _Candidate) -> bool:
        """Whether both lie at one place: the middle of one is in the other's box."""
        return _holds(self.quad, other.quad) or _holds(other.quad, self.quad)


class ZxingReader:
    """Reads codes with zxing-cpp (a `CodeReader`).

    `most_megapixels` bounds the work on one picture: the pixels of all versions looked at.  The first version is always
    looked at.
    """

    def __init__(self, most_megapixels: float = ALL_LOOKS_MEGAPIXELS, tries: Sequence[Try] = TRIES) -> None:
        if not tries:
            raise ValueError("tries: there must be at least one way to look at a picture")
        self._most_px = most_megapixels * 1e6
        self._tries = tuple(tries)

    def read(self, picture: Image, turn: int = 0) -> tuple[CodeRead, ...]:
        """The codes in the picture, the surest first.

        With little work allowed, the frames of a film take the later tries in turns: `turn` is the frame's number.
        """
        grey = _grey(picture)
        if grey is None:
            return ()
        found: list[_Candidate] = []
        spent = 0
        for attempt in self._in_turn(turn):
            version = attempt.make(grey)
            spent += version.grey.size
            if spent > self._most_px and attempt is not self._tries[0]:
                break
            self._look(grey, version, attempt, found)
            if any(one.sure(_rivals(one, found)) for one in found):
                break
        reads = [_read(one, one.sure(_rivals(one, found))) for one in found]
        return tuple(sorted(reads, key=lambda read: (not read.sure, -read.looks, read.text)))

    def _in_turn(self, turn: int) -> tuple[Try, ...]:
        first, later = self._tries[:1], self._tries[1:]
        start = turn % len(later) if later else 0
        return first + later[start:] + later[:start]

    def _look(self, grey: Image, version: Version, attempt: Try, found: list[_Candidate]) -> None:
        for text, symbology, corners in decode(version.grey, attempt.global_threshold):
            quad = picture_points(version, corners)
            one = _Candidate(symbology, text, quad)
            same = next((c for c in found if (c.text, c.symbology) == (text, symbology) and c.near(one)), None)
            if same is None:
                same = one
                found.append(one)
            same.kinds.add(attempt.kind)
            if symbology in EAN_FAMILY and not same.borne_out and len(same.fits) < FITS:
                printed = compress_upc_e(text) if symbology is Symbology.UPCE else None
                fit = fit_bars(grey, quad, text, printed)
                same.fits += [fit] if fit is not None else []


def decode(grey: Image, global_threshold: bool = False) -> list[tuple[str, Symbology, Points]]:
    """One pass of the decoder over a grey picture: each code's text, symbology and corners (4, 2)."""
    threshold = zxingcpp.Binarizer.GlobalHistogram if global_threshold else zxingcpp.Binarizer.LocalAverage
    barcodes = zxingcpp.read_barcodes(
        np.ascontiguousarray(grey), formats=READ_FORMATS, binarizer=threshold, text_mode=zxingcpp.TextMode.Plain
    )
    out = []
    for barcode in barcodes:
        symbology = SYMBOLOGIES.get(barcode.format)
        if symbology is None or not barcode.text:
            continue
        at = barcode.position
        corners = [(p.x, p.y) for p in (at.top_left, at.top_right, at.bottom_right, at.bottom_left)]
        text, symbology = _normal(barcode.text, symbology, barcode.content_type == zxingcpp.ContentType.GS1)
        out.append((text, symbology, np.array(corners, dtype=np.float64)))
    return out


def _normal(text: str, symbology: Symbology, gs1: bool) -> tuple[str, Symbology]:
    """One text for one code: UPC-A as thirteen digits, which a decoder may call EAN-13; GS1 QR codes marked."""
    if symbology in (Symbology.EAN13, Symbology.UPCA):
        text = text.zfill(13)
        return text, Symbology.UPCA if text[0] == "0" else Symbology.EAN13
    if symbology is Symbology.UPCE:
        return text.zfill(13), symbology
    return (f"]Q3{text}" if symbology is Symbology.QR and gs1 and not text.startswith("]") else text), symbology


def _grey(picture: Image) -> Image | None:
    """The picture in grey and of a size the decoder can take; None when it is no picture or has no room for a code."""
    if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or picture.ndim not in (2, 3):
        return None
    if min(picture.shape[:2]) < SHORTEST_SIDE_PX or (picture.ndim == 3 and picture.shape[2] != 3):
        return None
    grey = picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
    return np.ascontiguousarray(grey)


def _rivals(one: _Candidate, found: Sequence[_Candidate]) -> list[_Candidate]:
    return [other for other in found if other is not one and other.text != one.text and one.near(other)]


def _holds(outer: Points, inner: Points) -> bool:
    middle = inner.mean(axis=0)
    low, high = outer.min(axis=0), outer.max(axis=0)
    room = 0.1 * max(float(np.ptp(outer, axis=0).max()), 1.0)  # a code read on one line has no height
    return bool(np.all(middle >= low - room) and np.all(middle <= high + room))


def _read(one: _Candidate, sure: bool) -> CodeRead:
    corners = tuple((round(float(x), 1), round(float(y), 1)) for x, y in one.quad)
    return CodeRead(one.text, one.symbology, corners, one.looks, sure)

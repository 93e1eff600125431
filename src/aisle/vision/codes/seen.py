"""What a reader of codes gives for one picture: texts with their symbology, place, and how well they are borne out.

Readers stand behind `CodeReader`, so that a test's list or another decoder can take the place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from aisle.store.barcodes.symbology import Symbology

Image = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
Points = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class CodeRead:
    """One code read in one picture.

    `text` is 13 digits of a GTIN (8 of an EAN-8), an element string, or a QR code's text (with `]Q3` when it is GS1).
    `quad_px` are its corners in the picture, from the start of the code's top round to its bottom.  `looks` is how
    many independent looks at this one picture agree on it: the decoder's on unlike versions of the picture.
    `sure` says that the looks were enough to believe it with no other picture.
    """

    text: str
    symbology: Symbology
    quad_px: tuple[tuple[float, float], ...]
    looks: int = 1
    sure: bool = False


class CodeReader(Protocol):
    """Reads the codes in one picture: grey, or three channels in OpenCV's order."""

    def read(self, picture: Image) -> tuple[CodeRead, ...]:
        """The codes seen, the surest first; empty for a picture without or that is no picture (never an error)."""
        ...

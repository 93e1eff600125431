"""Several embeddings as one, and several views of each picture as one vector."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aisle.vision.recognisers.colours import ColourEmbedding
from aisle.vision.recognisers.gallery import Embedding
from aisle.vision.recognisers.networks import unit
from aisle.vision.seen import FloatArray, Image, expect_picture


class Joined:
    """`Embedding` by several, one's vector behind another's, all of equal weight; networks that err differently."""

    def __init__(self, parts: Sequence[Embedding]) -> None:
        if not parts:
            raise ValueError("embeddings to join: found none, must be one or more")
        self._parts = tuple(parts)
        self.size = sum(part.size for part in parts)
        self.identity = _digest([identity_of(part) for part in parts])

    def of(self, crops: Sequence[Image]) -> FloatArray:
        """See `Embedding`."""
        joined = np.concatenate([part.of(crops) for part in self._parts], axis=1)
        return np.asarray(joined / np.sqrt(len(self._parts)))


@dataclass(frozen=True, slots=True)
class View:
    """A part of a picture: `share` of its sides about the middle, perhaps seen in a mirror."""

    share: float = 1.0
    mirrored: bool = False

    def of(self, picture: Image) -> Image:
        height, width = picture.shape[:2]
        h, w = max(1, round(height * self.share)), max(1, round(width * self.share))
        y, x = (height - h) // 2, (width - w) // 2
        seen = picture[y : y + h, x : x + w]
        return np.ascontiguousarray(seen[:, ::-1]) if self.mirrored else seen


VIEWS = (View(), View(share=0.75))
"""The usual views: all of a picture, and its middle, where the thing is, once more and larger."""


class Viewed:
    """`Embedding` by the mean over views of each picture: what a picture says whichever way it is framed."""

    def __init__(self, embedding: Embedding, views: Sequence[View]) -> None:
        if not views:
            raise ValueError("views: found none, must be one or more")
        self._embedding, self._views = embedding, tuple(views)
        self.size = embedding.size
        self.identity = _digest([identity_of(embedding), *(repr(view) for view in views)])

    def of(self, crops: Sequence[Image]) -> FloatArray:
        """See `Embedding`."""
        for i, crop in enumerate(crops):
            expect_picture(crop, f"crop {i}")
        total = sum(self._embedding.of([view.of(crop) for crop in crops]) for view in self._views)
        return unit(np.asarray(total))


def composed(networks: Sequence[Embedding]) -> Viewed:
    """Networks and shades as one, over the usual views; all networks together count as much as shades.

    Networks trained on shapes and textures tell shades badly, and shades tell one apple from another.
    """
    return Viewed(Joined([Joined(networks), ColourEmbedding()] if networks else [ColourEmbedding()]), VIEWS)


def identity_of(embedding: Embedding) -> str:
    """What tells one embedding's vectors from another's, so that kept vectors are used with their own only."""
    return str(getattr(embedding, "identity", type(embedding).__qualname__))


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

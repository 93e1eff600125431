"""What a recogniser says of items shown to the scan camera: right more often than not, and wrong in the usual ways.

Of one showing (a fraction of a second to two, some five pictures a second) errors are of two kinds: those of the whole
showing (the item's bad side, a hand over it, the bag it is in), which more pictures of it do not average away, and
those of each picture.  Scores are log likelihood ratios against a product nobody enrolled.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from aisle.simulation.cart.catalogue import Article, Catalogue, Piece

HZ = 5.0


@dataclass(frozen=True, slots=True)
class LookModel:
    """How good the recogniser is.  All in nats unless said otherwise.

    `produce` and `package`: how much better the right product scores than one nobody enrolled; `alike` how far
    look-alikes stand behind it (loose produce and packages), `other` where chance resemblances stand; `showing` and
    `picture` the standard deviations of the two kinds of error.  `enrolled` is the share of packages with pictures,
    `hidden` the share of showings in which a hand or bag leaves little to see, `behind` that in which something in the
    basket is recognised instead.
    """

    produce: float = 4.2
    package: float = 5.0
    alike: float = 1.9
    alike_package: float = 1.6
    other: float = -2.2
    unknown: float = -3.0
    showing: float = 1.35
    picture: float = 0.8
    enrolled: float = 0.9
    hidden: float = 0.07
    behind: float = 0.02
    named: int = 5

    def knows(self, article: Article) -> bool:
        """Whether the store has pictures of the product."""
        return not article.scannable or zlib.crc32(article.code.encode()) % 1000 < 1000 * self.enrolled


@dataclass(frozen=True, slots=True)
class Sight:
    """One answer of the recogniser: products, the likeliest first, and their nats."""

    t_s: float
    gtins: tuple[str, ...]
    nats: tuple[float, ...]


def showing(
    piece: Piece,
    from_s: float,
    lasts_s: float,
    catalogue: Catalogue,
    model: LookModel,
    inside: list[Piece],
    rng: np.random.Generator,
) -> list[Sight]:
    """What is said of a piece before the camera from `from_s` on; `inside` is what the basket shows behind it."""
    codes, means = _candidates(piece, catalogue, model, inside, rng)
    offsets = means + rng.normal(0.0, model.showing, len(codes))
    hidden = rng.random() < model.hidden
    if hidden:
        offsets = np.minimum(offsets, rng.normal(-0.8, 1.0)) - rng.gamma(1.5, 0.8, len(codes))
    sights = []
    for t in np.arange(from_s, from_s + max(lasts_s, 0.15), 1.0 / HZ):
        scores = offsets + rng.normal(0.0, model.picture, len(codes))
        best = np.argsort(-scores, kind="stable")[: model.named]
        gtins = tuple(codes[i] for i in best)
        sights.append(Sight(float(t + rng.normal(0.0, 0.01)), gtins, tuple(round(float(scores[i]), 3) for i in best)))
    return sights


def empty_hand(
    from_s: float, catalogue: Catalogue, model: LookModel, rng: np.random.Generator
) -> list[Sight]:  # fmt: skip
    """What is said of a hand with nothing in it."""
    return showing(Piece(0, "", 0.0, 0.0), from_s, float(rng.uniform(0.2, 0.7)), catalogue, model, [], rng)


def _candidates(
    piece: Piece, catalogue: Catalogue, model: LookModel, inside: list[Piece], rng: np.random.Generator
) -> tuple[list[str], np.ndarray]:
    article = catalogue.articles.get(piece.code)
    means: dict[str, float] = {}
    if article is not None:
        top = model.package if article.scannable else model.produce
        gap = model.alike_package if article.scannable else model.alike
        known = model.knows(article)
        if known:
            means[article.code] = top
        for other in catalogue.look_alikes(article.code):
            if model.knows(other):
                means[other.code] = top - gap - float(rng.exponential(0.8)) - (0.0 if known else 0.8)
    if inside and rng.random() < model.behind:
        seen = inside[int(rng.integers(len(inside)))]
        if seen.code and model.knows(catalogue.articles[seen.code]):
            means[seen.code] = max(means.get(seen.code, -9.0), float(rng.normal(2.5, 1.0)))
    everything = list(catalogue.articles)
    chance = model.unknown if article is None else model.other
    for at in rng.integers(len(everything), size=6):
        means.setdefault(everything[int(at)], chance)
    return list(means), np.array(list(means.values()))

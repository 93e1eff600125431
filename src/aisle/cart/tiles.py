"""Finding a product by typing a few letters or digits: on the cart itself, in a few milliseconds, the likeliest first.

Every word of what is typed must begin a word of the product's name or brand, its look-up code, or (six digits and more)
its GTIN. Words are compared without case and accents. Where few words begin so, words that hold it count as well
("milch" finds "Vollmilch").
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from aisle.store.model import Product

LONGEST_QUERY = 60  # characters that are looked at
MOST_WORDS = 6
_GTIN_DIGITS = 6
_WORD = re.compile(r"[^\W_]+")
_AFTER_ALL = chr(0x10FFFF)
_EXACT, _CODE, _FIRST, _OTHER, _INSIDE, _NOT = 0, 1, 2, 3, 4, 100

_Tiers = npt.NDArray[np.int64]
"""How well a word fits each product, (N,): less is better, `_NOT` for not at all."""


class TileIndex:
    """The products of a shop by the beginnings of their words. Made once per catalogue; asking changes nothing."""

    def __init__(self, products: Iterable[Product]) -> None:
        """Products not available for carts are left out."""
        self._products = sorted(
            (product for product in products if product.cart.available),
            key=lambda product: (not product.plu, not product.sold_by_weight, folded(product.name), product.gtin),
        )
        self._place = {product.gtin: place for place, product in enumerate(self._products)}
        self._by_plu: dict[str, list[int]] = {}
        words: list[tuple[str, int, int]] = []
        gtins: list[tuple[str, int, int]] = []
        for place, product in enumerate(self._products):
            if product.plu:
                self._by_plu.setdefault(product.plu, []).append(place)
                words.append((product.plu, place, _CODE))
            gtins += [(code, place, _CODE) for code in {product.gtin, product.gtin.lstrip("0")}]
            for turn, word in enumerate(_words(f"{product.name} {product.brand}")):
                words.append((word, place, _FIRST if turn == 0 else _OTHER))
        self._words = _Beginnings(words)
        self._gtins = _Beginnings(gtins)

    def __len__(self) -> int:
        return len(self._products)

    def find(self, typed: str, *, likely: Mapping[str, float] | None = None, most: int = 24) -> tuple[Product, ...]:
        """At most `most` products for what was typed; all loose produce for nothing typed.

        `likely` gives products (by GTIN) a weight, such as what the camera makes of the goods; among those that match
        equally well the heavier come first. Exact look-up codes come before everything.
        """
        heavy = self._heavy(likely or {})
        words = _words(typed[:LONGEST_QUERY])[:MOST_WORDS]
        if not words:
            produce = (place for place, product in enumerate(self._products) if product.plu)
            places = list(dict.fromkeys((*heavy, *produce)))[:most]
            return tuple(self._products[place] for place in places)
        count = len(self._products)
        fits = np.zeros(count, dtype=np.int64)
        for word in words:
            fits += self._fitting(word, most)
        chosen = np.flatnonzero(fits < _NOT)
        turn = np.arange(count, 2 * count, dtype=np.int64)
        turn[heavy] = np.arange(len(heavy))
        keys = fits[chosen] * (2 * count) + turn[chosen]
        if len(chosen) > most:
            first = np.argpartition(keys, most)[:most]
            chosen, keys = chosen[first], keys[first]
        return tuple(self._products[place] for place in chosen[np.argsort(keys)])

    def _heavy(self, weights: Mapping[str, float]) -> list[int]:
        """Places of the products with a weight, the heaviest first."""
        known = ((-weight, self._place[gtin]) for gtin, weight in weights.items() if weight > 0 and gtin in self._place)
        return [place for _, place in sorted(known)]

    def _fitting(self, word: str, enough: int) -> _Tiers:
        tiers: _Tiers = np.full(len(self._products), _NOT, dtype=np.int64)
        found = self._words.beginning(word, tiers)
        if word.isdigit() and len(word) >= _GTIN_DIGITS:
            found += self._gtins.beginning(word, tiers)
        if found < enough and len(word) >= 3 and not word.isdigit():
            self._words.holding(word, tiers)
        tiers[self._by_plu.get(word, [])] = _EXACT
        return tiers


class _Beginnings:
    """Words in order, each with the products that have it and how much it says of them."""

    def __init__(self, entries: list[tuple[str, int, int]]) -> None:
        entries.sort()
        self._keys = [word for word, _, _ in entries]
        self._places = np.array([place for _, place, _ in entries], dtype=np.int64)
        self._tiers = np.array([tier for _, _, tier in entries], dtype=np.int64)
        self._vocabulary = sorted({word for word in self._keys if not word.isdigit()})

    def beginning(self, word: str, tiers: _Tiers, tier: int | None = None) -> int:
        """Note in `tiers` the products with a word that begins with `word`; how many entries there were."""
        low, high = bisect_left(self._keys, word), bisect_right(self._keys, word + _AFTER_ALL)
        np.minimum.at(tiers, self._places[low:high], self._tiers[low:high] if tier is None else tier)
        return high - low

    def holding(self, word: str, tiers: _Tiers) -> None:
        """Note in `tiers` the products with a word that holds `word` somewhere."""
        for known in self._vocabulary:
            if word in known:
                self.beginning(known, tiers, _INSIDE)


def folded(text: str) -> str:
    """A text without case, accents and ligatures, as it is compared."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in apart if not unicodedata.combining(character)).casefold()


def _words(text: str) -> list[str]:
    return _WORD.findall(folded(text))

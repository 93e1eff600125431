"""What a cart has learnt of its products' weights, and of its own scale, in a file that is never half written."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from aisle.belief.basket.weights import ProductWeight, ScaleErrors, WeightBook

_log = logging.getLogger(__name__)
FAULTY = "The scale weighs all goods too {way} by about {percent:.1f} %."


class _Kept(msgspec.Struct, frozen=True):
    products: dict[str, ProductWeight] = {}
    errors: ScaleErrors = ScaleErrors()


class WeightFile:
    """The book of one cart, kept in `path`; a file that cannot be read is told in the log and begun anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        kept = _Kept()
        try:
            kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            pass
        except (OSError, msgspec.MsgspecError) as error:
            _log.warning("%s: cannot be read (%s); weights are learnt anew", path, error)
        self.book = WeightBook(kept.products, kept.errors)

    def learn(self, weighed: Sequence[tuple[str, float]]) -> tuple[str, ...]:
        """Take in the pieces of a finished trip; what is wrong with the scale, in words, once it is sure."""
        for gtin, grams in weighed:
            self.book.weighed(gtin, grams)
        told: tuple[str, ...] = ()
        errors = self.book.errors
        if errors.faulty:
            way = "heavy" if errors.share > 0 else "light"
            told = (FAULTY.format(way=way, percent=100.0 * abs(errors.share)),)
            self.book.errors = ScaleErrors()  # told; after a repair it is judged afresh
        self._keep()
        return told

    def _keep(self) -> None:
        aside = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            data = msgspec.json.encode(_Kept(dict(sorted(self.book.known.items())), self.book.errors))
            with aside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._path)
        except OSError as error:
            _log.warning("%s: cannot be written (%s); what this trip taught is lost", self._path, error)
            aside.unlink(missing_ok=True)

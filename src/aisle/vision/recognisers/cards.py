"""What must be known of an embedding network to use it: its card, a small TOML file beside the model.

The card of `shop.onnx` is `shop.toml`.  `aisle models add` writes it from what the file itself tells; people may edit
it.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from aisle.vision.detectors.sessions import ModelFileError

Channels = Literal["rgb", "bgr"]
Layout = Literal["nchw", "nhwc"]
Fit = Literal["squeeze", "crop", "pad"]
Pool = Literal["none", "mean", "first"]
SUFFIXES = (".onnx", ".tflite")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LARGEST_SIDE_PX = 2048
MOST_OUTPUTS = 8


class CardError(ModelFileError):
    """A card that cannot be used; the message names the file, the field, what was found and what would be right."""


@dataclass(frozen=True, slots=True)
class EmbeddingCard:
    """How pictures go into a network and how its answer becomes a vector.

    A pixel of 0 to 255 is given as (pixel / 255 - mean) / std, channel by channel in the order of `channels`; a network
    whose input is whole numbers takes it as it is (or less 128, where its bytes have signs).  `fit` says how a picture
    of another shape becomes width × height.  `outputs` are names of answers or of inner values (empty: the only
    output); `pool` brings an answer with places to one vector: the mean over them, the first of them, or all as they
    are.  With `root` the square root is taken of each value, negative ones counting as 0: what rectified units tell
    is then less ruled by a few large ones (R. Arandjelović and A. Zisserman, "Three things everyone should know to
    improve object retrieval", 2012).
    """

    width_px: int = 224
    height_px: int = 224
    channels: Channels = "rgb"
    layout: Layout = "nchw"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    fit: Fit = "squeeze"
    outputs: tuple[str, ...] = ()
    pool: Pool = "mean"
    root: bool = False
    sha256: str = ""
    licence: str = ""
    source: str = ""


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "channels": get_args(Channels),
    "layout": get_args(Layout),
    "fit": get_args(Fit),
    "pool": get_args(Pool),
}
_FIELDS = tuple(EmbeddingCard.__dataclass_fields__)


def card_path(model: Path) -> Path:
    """Where the card of a model file lies."""
    return model.with_suffix(".toml")


def read_card(path: Path) -> EmbeddingCard:
    """The card in a file.  Raises CardError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CardError(f"{path}: cannot be read ({error.strerror}); must be the card of a model") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: not TOML in UTF-8 ({error})") from None
    return card_of(table, str(path))


def card_of(table: Mapping[str, Any], where: str) -> EmbeddingCard:
    """The card a TOML table describes; fields that are not there have their defaults.  Raises CardError."""
    for name in table:
        if name not in _FIELDS:
            raise CardError(f"{where}, {name}: no field of a card; those are {', '.join(_FIELDS)}")
    return EmbeddingCard(**{name: _CHECKS[name](value, f"{where}, {name}") for name, value in table.items()})


def write_card(path: Path, card: EmbeddingCard) -> None:
    """Write a card; what is read back is the same card."""
    path.write_text(card_text(card), encoding="utf-8")


def card_text(card: EmbeddingCard) -> str:
    """The card as TOML."""
    return "".join(f"{name} = {_toml(getattr(card, name))}\n" for name in _FIELDS)


def checksum(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits.  Raises ModelFileError."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror}); must be a model file") from None


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    text = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in str(value))
    return f'"{text}"'


def _side(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 8 <= value <= LARGEST_SIDE_PX:
        raise CardError(f"{where}: found {value!r}, must be a whole number from 8 to {LARGEST_SIDE_PX}")
    return value


def _choice(value: Any, where: str) -> str:
    allowed = _CHOICES[where.rsplit(", ", 1)[1]]
    if value not in allowed:
        raise CardError(f"{where}: found {value!r}, must be one of {', '.join(allowed)}")
    return str(value)


def _three(value: Any, where: str) -> tuple[float, ...]:
    spread = where.endswith(", std")
    good = isinstance(value, list) and len(value) == 3
    good = good and all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e6 for v in value)
    if not good or (spread and min(value) <= 0):
        raise CardError(f"{where}: found {value!r}, must be three numbers{' above 0' if spread else ''}, one a channel")
    return tuple(float(v) for v in value)


def _names(value: Any, where: str) -> tuple[str, ...]:
    good = isinstance(value, list) and len(value) <= MOST_OUTPUTS
    if not good or not all(isinstance(v, str) and v for v in value):
        raise CardError(f"{where}: found {value!r}, must be a list of at most {MOST_OUTPUTS} names")
    return tuple(value)


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise CardError(f"{where}: found {value!r}, must be true or false")
    return value


def _digest(value: Any, where: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"([0-9a-fA-F]{64})?", value):
        raise CardError(f"{where}: found {value!r}, must be 64 hexadecimal digits")
    return value.lower()


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise CardError(f"{where}: found {value!r}, must be text in quotes")
    return value


_CHECKS: Mapping[str, Any] = {
    "width_px": _side,
    "height_px": _side,
    "channels": _choice,
    "layout": _choice,
    "mean": _three,
    "std": _three,
    "fit": _choice,
    "outputs": _names,
    "pool": _choice,
    "root": _flag,
    "sha256": _digest,
    "licence": _text,
    "source": _text,
}

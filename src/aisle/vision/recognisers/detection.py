"""What a model file tells of itself: a first card, to be looked over by whoever adds the model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from aisle.vision.detectors.sessions import ModelFileError, open_session
from aisle.vision.recognisers.cards import SUFFIXES, EmbeddingCard, checksum
from aisle.vision.recognisers.networks import NetworkEmbedding, interpreter_of
from aisle.vision.recognisers.taps import onnx_before_classes

USUAL_SIDE_PX = 224
TELLING = ("embed", "feature", "pool", "vector", "global")
"""Parts of names by which networks call what describes a whole picture."""
CLASSIFIER_SIZES = frozenset({1000, 1001, 21841, 21843})
"""Lengths of the lists of classes that public classifiers were trained for (ImageNet's)."""
HALF = (0.5, 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Detected:
    """A card, and what in it was guessed and should be looked over."""

    card: EmbeddingCard
    guesses: tuple[str, ...]


def detected(path: Path) -> Detected:
    """The card a model file suggests.  Raises ModelFileError for what is no network that takes one picture."""
    if path.suffix not in SUFFIXES:
        raise ModelFileError(f"{path}: found a {path.suffix or 'nameless'} file, must be {' or '.join(SUFFIXES)}")
    card = EmbeddingCard(sha256=checksum(path))
    found = _onnx(path, card) if path.suffix == ".onnx" else _lite(path, card)
    return replace(found, card=replace(found.card, root=_rectified(path, found.card)))


def _rectified(path: Path, card: EmbeddingCard) -> bool:
    """Whether the network's answers are never negative, as those of rectified units: their roots are used then."""
    noise = np.random.default_rng(1).integers(0, 255, (4, card.height_px, card.width_px, 3), np.uint8)
    noise[0], noise[1] = 0, 255
    return bool((NetworkEmbedding(path, card).of(list(noise)) >= 0.0).all())


def _onnx(path: Path, card: EmbeddingCard) -> Detected:
    session = open_session(path)
    entries = session.get_inputs()
    shape = list(entries[0].shape) if entries else []
    if len(entries) != 1 or len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise ModelFileError(f"{path}: its inputs are {[list(e.shape) for e in entries]}, must be one picture")
    guesses = []
    layout: Literal["nchw", "nhwc"] = "nchw" if shape[1] == 3 else "nhwc"
    height, width = shape[2:] if layout == "nchw" else shape[1:3]
    if not (isinstance(height, int) and isinstance(width, int)):
        height, width = USUAL_SIDE_PX, USUAL_SIDE_PX
        guesses.append(f"any size is taken; {width} × {height} pixels are given (width_px, height_px)")
    if entries[0].type in ("tensor(float)", "tensor(float16)"):
        guesses.append("pixels are scaled as for ImageNet, red first (mean, std, channels)")
    outputs = [(out.name, list(out.shape)) for out in session.get_outputs()]
    name, told = max(outputs, key=_telling)
    chosen = (name,) if len(outputs) > 1 else ()
    if told and told[-1] in CLASSIFIER_SIZES:
        inner = onnx_before_classes(path.read_bytes(), name)
        chosen = (inner,) if inner is not None else chosen
        what = f"what its last layer is given is used: {inner}" if inner else "its answers are used as they are"
        guesses.append(f"it looks like a classifier; {what} (outputs)")
    elif chosen:
        guesses.append(f"of its outputs {name} is used (outputs)")
    made = replace(card, layout=layout, width_px=width, height_px=height, outputs=chosen)
    return Detected(made, tuple(guesses))


def _telling(output: tuple[str, list[Any]]) -> tuple[bool, int]:
    """A name that says so first; else the answer with the fewest dimensions."""
    name, shape = output
    return any(part in name.lower() for part in TELLING), -len(shape)


def _lite(path: Path, card: EmbeddingCard) -> Detected:
    interpreter = interpreter_of(path, path.read_bytes())
    entries = interpreter.get_input_details()
    shape = [int(v) for v in entries[0]["shape"]] if entries else []
    if len(entries) != 1 or len(shape) != 4 or shape[3] != 3:
        raise ModelFileError(f"{path}: its inputs are {[list(e['shape']) for e in entries]}, must be one picture")
    guesses = []
    if str(entries[0]["dtype"].__name__).startswith("float"):
        guesses.append("pixels are scaled to -1 to 1, red first (mean, std, channels)")
    outputs = [(str(out["name"]), [int(v) for v in out["shape"]]) for out in interpreter.get_output_details()]
    name, told = max(outputs, key=_telling)
    if told and told[-1] in CLASSIFIER_SIZES:
        guesses.append(
            "it looks like a classifier; its answers are used as they are, an inner value is better (outputs)"
        )
    chosen = (name,) if len(outputs) > 1 else ()
    made = replace(card, layout="nhwc", mean=HALF, std=HALF, width_px=shape[2], height_px=shape[1], outputs=chosen)
    return Detected(made, tuple(guesses))

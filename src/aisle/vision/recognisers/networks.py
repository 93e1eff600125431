"""Any embedding network in a file, ONNX or TensorFlow Lite, used as its card says."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from aisle.vision.detectors.sessions import Engine, ModelFileError, open_session
from aisle.vision.recognisers.cards import SUFFIXES, CardError, EmbeddingCard, card_path, card_text, checksum, read_card
from aisle.vision.recognisers.packages import squared
from aisle.vision.recognisers.taps import lite_with_outputs, onnx_with_outputs
from aisle.vision.seen import Float32, FloatArray, Image, expect_picture

BATCH = 16


class Runner(Protocol):
    """Runs a network on pictures (n, height, width, 3) in the card's order of channels, 0 to 255."""

    def run(self, pictures: npt.NDArray[np.uint8]) -> list[Float32]:
        """Each output's answers (n, ...), places before channels where there are places."""


class NetworkEmbedding:
    """`Embedding` by a model file and its card: what each output tells, brought to length 1, one after another.

    Without `card` the one beside the file is read.  Raises ModelFileError where the file is missing, damaged, another
    one than the card's checksum says or no network that takes one picture; CardError where card and file do not fit.
    """

    def __init__(self, path: Path, card: EmbeddingCard | None = None, engine: Engine | None = None) -> None:
        self._card = card or read_card(card_path(path))
        self._runner = _runner(path, self._card, engine)
        self._name = path.name
        digest = hashlib.sha256(f"{checksum(path)}\n{card_text(self._card)}".encode())
        self.identity = digest.hexdigest()[:16]
        probe = np.full((1, self._card.height_px, self._card.width_px, 3), 96, np.uint8)
        self.size = int(self._vectors(probe).shape[1])

    def of(self, crops: Sequence[Image]) -> FloatArray:
        """(n, size) unit vectors of n crops, blue-green-red, of any size; ValueError for an empty one."""
        for i, crop in enumerate(crops):
            expect_picture(crop, f"crop {i}")
        parts = [np.zeros((0, self.size))]
        for start in range(0, len(crops), BATCH):
            parts.append(self._vectors(np.stack([fitted(crop, self._card) for crop in crops[start : start + BATCH]])))
        return np.concatenate(parts)

    def _vectors(self, pictures: npt.NDArray[np.uint8]) -> FloatArray:
        answers = self._runner.run(pictures)
        vectors = [unit(_pooled(answer, self._card)) for answer in answers]
        joined = np.concatenate(vectors, axis=1) / np.sqrt(len(vectors))
        if not np.isfinite(joined).all():
            raise ModelFileError(f"{self._name}: its answer is not finite; mean and std of its card may be wrong")
        return np.asarray(joined)


def fitted(crop: Image, card: EmbeddingCard) -> npt.NDArray[np.uint8]:
    """(height, width, 3) as the card wants it, channels in its order."""
    width, height = card.width_px, card.height_px
    if card.fit == "pad":
        crop = squared(crop, max(width, height))
    elif card.fit == "crop":
        have_h, have_w = crop.shape[:2]
        scale = min(have_w / width, have_h / height)
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        x, y = (have_w - w) // 2, (have_h - h) // 2
        crop = crop[y : y + h, x : x + w]
    shrinking = crop.shape[0] * crop.shape[1] > width * height
    small = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    return np.ascontiguousarray(small[:, :, ::-1] if card.channels == "rgb" else small, dtype=np.uint8)


def unit(vectors: FloatArray) -> FloatArray:
    """Rows brought to length 1; rows of zeros stay."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))


def _pooled(answer: Float32, card: EmbeddingCard) -> FloatArray:
    """(n, d) of (n, d) or (n, places..., d)."""
    values = answer.astype(np.float64)
    if values.ndim > 2 and card.pool != "none":
        places = values.reshape(len(values), -1, values.shape[-1])
        values = places.mean(axis=1) if card.pool == "mean" else places[:, 0]
    values = values.reshape(len(values), -1)
    return np.sqrt(np.maximum(values, 0.0)) if card.root else values


def _runner(path: Path, card: EmbeddingCard, engine: Engine | None) -> Runner:
    if path.suffix not in SUFFIXES:
        raise ModelFileError(f"{path}: found a {path.suffix or 'nameless'} file, must be {' or '.join(SUFFIXES)}")
    if path.suffix == ".onnx":
        return OnnxRunner(path, card, engine)
    return LiteRunner(path, card, 1 if engine is None else max(1, engine.threads))


class OnnxRunner:
    """A network in onnxruntime."""

    def __init__(self, path: Path, card: EmbeddingCard, engine: Engine | None = None) -> None:
        names = card.outputs
        session = open_session(path, engine, card.sha256 or None)
        outside = {out.name for out in session.get_outputs()}
        inner = [name for name in names if name not in outside]
        if inner:
            try:
                session = open_session(path, engine, alter=lambda model: onnx_with_outputs(model, inner))
            except ModelFileError as error:
                raise CardError(f"{card_path(path)}, outputs: found {inner}, no such values ({error})") from None
        outputs = [out for out in session.get_outputs() if out.name in names] if names else session.get_outputs()
        if not names and len(outputs) != 1:
            raise CardError(f"{path}: has outputs {sorted(outside)}; its card must name those to use (outputs)")
        self._names = list(names) or [outputs[0].name]
        entry = _only_input(path, [(one.name, list(one.shape), one.type) for one in session.get_inputs()])
        self._entry, shape, self._kind = entry
        self._card, self._session, self._path = card, session, path
        self._one_by_one = isinstance(shape[0], int) and shape[0] == 1
        size = [3, card.height_px, card.width_px] if card.layout == "nchw" else [card.height_px, card.width_px, 3]
        if any(isinstance(got, int) and got != want for got, want in zip(shape[1:], size, strict=True)):
            raise CardError(f"{path}: its input is {shape}, its card says {size} ({card.layout})")
        if self._kind not in _KINDS:
            raise ModelFileError(f"{path}: its input is {self._kind}, must be one of {', '.join(_KINDS)}")

    def run(self, pictures: npt.NDArray[np.uint8]) -> list[Float32]:
        """See `Runner`."""
        given = scaled(pictures, self._card, _KINDS[self._kind])
        if self._card.layout == "nchw":
            given = np.ascontiguousarray(given.transpose(0, 3, 1, 2))
        batches = [given[i : i + 1] for i in range(len(given))] if self._one_by_one else [given]
        try:
            told = [self._session.run(self._names, {self._entry: batch}) for batch in batches]
        except Exception as error:  # onnxruntime raises its own types
            raise ModelFileError(f"{self._path}: cannot be run ({str(error).splitlines()[0][:200]})") from None
        return [_channels_last(np.concatenate(parts), self._card) for parts in zip(*told, strict=True)]


class LiteRunner:
    """A network in TensorFlow Lite's runtime; it comes with `aisle[litert]`."""

    def __init__(self, path: Path, card: EmbeddingCard, threads: int = 1) -> None:
        self._card = card
        model = verified(path, card)
        interpreter = interpreter_of(path, model, threads)
        if card.outputs:
            model = _tapped(path, model, interpreter, card.outputs)
            interpreter = interpreter_of(path, model, threads)
        self._interpreter = interpreter
        entries = interpreter.get_input_details()
        self._entry, shape, _ = _only_input(path, [(e["index"], [int(v) for v in e["shape"]], "") for e in entries])
        size = [1, card.height_px, card.width_px, 3]
        if shape != size:
            raise CardError(f"{path}: its input is {shape}, its card says {size}")
        self._kind = entries[0]["dtype"]
        self._exits = interpreter.get_output_details()

    def run(self, pictures: npt.NDArray[np.uint8]) -> list[Float32]:
        """See `Runner`."""
        rows: list[list[Float32]] = [[] for _ in self._exits]
        for given in scaled(pictures, self._card, self._kind):
            self._interpreter.set_tensor(self._entry, given[None])
            self._interpreter.invoke()
            for row, exit_ in zip(rows, self._exits, strict=True):
                row.append(_told(self._interpreter.get_tensor(exit_["index"]), exit_["quantization"]))
        return [np.concatenate(row) for row in rows]


def verified(path: Path, card: EmbeddingCard) -> bytes:
    """The file's bytes; ModelFileError when it cannot be read or is not the one the card speaks of."""
    found = checksum(path)
    if card.sha256 and found != card.sha256:
        raise ModelFileError(f"{path}: SHA-256 is {found}, must be {card.sha256}; fetch the file again")
    return path.read_bytes()


def interpreter_of(path: Path, model: bytes, threads: int = 1) -> Any:
    """TensorFlow Lite's interpreter, ready to run.  Raises ModelFileError, also where the runtime is not installed."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise ModelFileError(f"{path}: needs the package ai-edge-litert; install aisle[litert]") from None
    try:
        interpreter = Interpreter(model_content=model, num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [""])[0][:120]
        raise ModelFileError(f"{path}: not a TensorFlow Lite network ({reason})") from None
    return interpreter


def scaled(pictures: npt.NDArray[np.uint8], card: EmbeddingCard, kind: Any) -> npt.NDArray[Any]:
    """Pictures as numbers of the network's kind; see `EmbeddingCard`."""
    if kind == np.uint8:
        return pictures
    if kind == np.int8:
        return (pictures.astype(np.int16) - 128).astype(np.int8)
    mean, std = np.array(card.mean, np.float32), np.array(card.std, np.float32)
    return np.asarray((pictures.astype(np.float32) / np.float32(255) - mean) / std, dtype=kind)


_KINDS: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
}


def _only_input(path: Path, entries: Sequence[tuple[Any, list[Any], str]]) -> tuple[Any, list[Any], str]:
    if len(entries) != 1 or len(entries[0][1]) != 4:
        raise ModelFileError(
            f"{path}: its inputs are {[e[1] for e in entries]}, must be one picture of four dimensions"
        )
    return entries[0]


def _channels_last(answer: npt.NDArray[Any], card: EmbeddingCard) -> Float32:
    if answer.ndim == 4 and card.layout == "nchw":
        answer = answer.transpose(0, 2, 3, 1)
    return np.asarray(answer, np.float32).reshape(len(answer), *answer.shape[1:])


def _tapped(path: Path, model: bytes, interpreter: Any, names: Sequence[str]) -> bytes:
    """The model with the tensors of these names (or their unique beginnings) as outputs."""
    tensors = [(int(t["index"]), str(t["name"])) for t in interpreter.get_tensor_details() if t["shape"].size > 1]
    chosen = []
    for name in names:
        exact = [index for index, known in tensors if known == name]
        found = exact or [index for index, known in tensors if known.startswith(name)]
        if len(found) != 1:
            raise CardError(
                f"{card_path(path)}, outputs: {name!r} names {len(found)} values of {path.name}, must be one"
            )
        chosen += found
    return lite_with_outputs(model, chosen)


def _told(raw: npt.NDArray[Any], quantization: tuple[float, int]) -> Float32:
    if raw.dtype == np.float32:
        return np.asarray(raw)
    step, zero = quantization
    return np.asarray((raw.astype(np.float32) - zero) * (step or 1.0), np.float32)

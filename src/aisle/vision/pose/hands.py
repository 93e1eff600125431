"""The contract of everything that finds hands, and the one place that opens TensorFlow Lite networks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from aisle.vision.seen import FloatArray, Image


@dataclass(frozen=True, slots=True)
class HandsSeen:
    """Two hands for each of n people, in no order; NaN and score 0 where none was found."""

    hands_px: FloatArray  # (n, 2, 2)
    scores: FloatArray  # (n, 2) probability

    def __post_init__(self) -> None:
        n = len(self.scores)
        if self.hands_px.shape != (n, 2, 2) or self.scores.shape != (n, 2):
            raise ValueError(
                f"hands_px {self.hands_px.shape}, scores {self.scores.shape}; {n} people need ({n}, 2, 2), ({n}, 2)"
            )

    @classmethod
    def none(cls, people: int) -> HandsSeen:
        return cls(np.full((people, 2, 2), np.nan), np.zeros((people, 2)))


class HandFinder(Protocol):
    """Finds the hands of people whose boxes are known."""

    def hands(self, image: Image, boxes_px: FloatArray) -> HandsSeen:
        """Hands per box (n, 4) of x0, y0, x1, y1."""


class MissingExtraError(RuntimeError):
    """A network of a kind whose runtime is not installed."""


class LiteNetwork:
    """A TensorFlow Lite network with one picture as its input.

    Raises FileNotFoundError and ValueError for files that are missing or no such network, MissingExtraError where the
    runtime is not installed.
    """

    def __init__(self, model: Path, size_px: tuple[int, int], threads: int = 1) -> None:
        if not model.is_file():
            raise FileNotFoundError(f"{model}: there is no such file; must be a TensorFlow Lite network")
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError:
            raise MissingExtraError(
                f"{model}: TensorFlow Lite networks need the package ai-edge-litert; install aisle[litert]"
            ) from None
        try:
            self._interpreter: Any = Interpreter(model_path=str(model), num_threads=threads)
            self._interpreter.allocate_tensors()
        except ValueError as error:
            raise ValueError(f"{model}: not a TensorFlow Lite network ({str(error).splitlines()[0][:120]})") from None
        entry = self._interpreter.get_input_details()[0]
        shape = tuple(int(v) for v in entry["shape"])
        if shape != (1, size_px[1], size_px[0], 3):
            raise ValueError(f"{model}: its input is {shape}, must be {(1, size_px[1], size_px[0], 3)}")
        self._entry, self._exits = entry, self._interpreter.get_output_details()

    def run(self, picture: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.float32]]:
        """What the network tells of one red-green-blue picture, as floats whatever it computes in."""
        kind = self._entry["dtype"]
        given: npt.NDArray[Any]
        if kind == np.float32:
            given = picture.astype(np.float32) / np.float32(127.5) - np.float32(1.0)
        elif kind == np.int8:
            given = (picture.astype(np.int16) - 128).astype(np.int8)
        else:
            given = picture
        self._interpreter.set_tensor(self._entry["index"], given[None])
        self._interpreter.invoke()
        return [self._told(exit_) for exit_ in self._exits]

    def _told(self, exit_: Any) -> npt.NDArray[np.float32]:
        raw = np.asarray(self._interpreter.get_tensor(exit_["index"]))
        if raw.dtype == np.float32:
            return raw
        scale, zero = exit_["quantization"]
        return np.asarray((raw.astype(np.float32) - zero) * scale, dtype=np.float32)

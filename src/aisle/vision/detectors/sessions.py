"""Opens networks in onnxruntime: one place that chooses where they run and says what is wrong with a model file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import onnxruntime as ort

Provider = Literal["auto", "cpu", "cuda", "openvino"]
PROVIDERS: dict[str, str] = {
    "cuda": "CUDAExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
"""Our name -> onnxruntime's, the quickest first: that is the order in which `auto` looks."""


class ModelFileError(ValueError):
    """A model file that is missing, damaged, or not the network that was expected."""


class ProviderError(ValueError):
    """An execution provider this machine does not have."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Where networks run: the provider and the threads one run may use (0: as many as onnxruntime likes)."""

    provider: Provider = "auto"
    threads: int = 1


def available() -> tuple[str, ...]:
    """Providers of this machine under our names, the quickest first."""
    there = set(ort.get_available_providers())
    return tuple(name for name, theirs in PROVIDERS.items() if theirs in there)


def chosen(provider: Provider) -> str:
    """The provider that `auto` stands for here, or the one named; ProviderError when the machine does not have it."""
    there = available()
    if provider == "auto":
        return there[0]
    if provider not in there:
        raise ProviderError(f"execution provider: found {provider!r}, this machine has {', '.join(there)} (or 'auto')")
    return provider


def open_session(
    path: Path,
    engine: Engine | None = None,
    sha256: str | None = None,
    alter: Callable[[bytes], bytes] | None = None,
) -> ort.InferenceSession:
    """A network ready to run.

    `sha256` (64 hexadecimal digits), when given, must be the file's; `alter` changes what was read.  Raises
    ModelFileError for a file that is missing, damaged or another than expected, ProviderError for a provider the
    machine does not have.
    """
    engine = engine or Engine()
    provider = chosen(engine.provider)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror}); must be an ONNX model file") from None
    if sha256 is not None:
        found = hashlib.sha256(content).hexdigest()
        if found != sha256.lower():
            raise ModelFileError(f"{path}: SHA-256 is {found}, must be {sha256.lower()}; fetch the file again")
    if alter is not None:
        content = alter(content)
    options = ort.SessionOptions()
    options.intra_op_num_threads = engine.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # its warnings speak of graph details nobody can act upon
    if engine.threads == 1:
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    try:
        return ort.InferenceSession(content, options, providers=_list(provider))
    except Exception as error:  # onnxruntime raises its own types, one for each way to be damaged
        reason = str(error).strip().splitlines()[0][:200]
        raise ModelFileError(f"{path}: not a network onnxruntime can run ({reason})") from None


def _list(provider: str) -> list[str]:
    """The provider and, for what it cannot run, the processor."""
    first = PROVIDERS[provider]
    return [first] if provider == "cpu" else [first, PROVIDERS["cpu"]]


def expect_input(path: Path, session: ort.InferenceSession, shape: tuple[int | None, ...]) -> str:
    """The name of the network's only input; ModelFileError when it has not this shape (None: any size)."""
    inputs = session.get_inputs()
    found = [list(one.shape) for one in inputs]
    fits = len(inputs) == 1 and len(inputs[0].shape) == len(shape)
    fits = fits and all(want is None or got == want for want, got in zip(shape, inputs[0].shape, strict=True))
    if not fits:
        raise ModelFileError(f"{path}: its inputs are {found}, must be one of shape {list(shape)} (None: any)")
    return str(inputs[0].name)

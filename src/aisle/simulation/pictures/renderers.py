"""Opens the renderer a machine can have: OpenGL where its libraries are installed, plain arrays everywhere else."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.scene import Renderer

Kind = Literal["auto", "gl", "arrays"]


class NoRendererError(RuntimeError):
    """No renderer of the kind asked for can run here; the message says why in one line."""


def open_renderer(labels: npt.NDArray[np.uint8], kind: Kind = "auto") -> Renderer:
    """A renderer for things with these labels (k, h, w, 3): "gl", "arrays", or "auto" for the first that runs.

    Raises NoRendererError, ValueError for labels of another shape.
    """
    if kind not in ("auto", "gl", "arrays"):
        raise ValueError(f"renderer {kind!r} is not known; these are: auto, gl, arrays")
    missing = ""
    if kind != "arrays":
        try:
            return _gl(labels)
        except NoRendererError as error:
            if kind == "gl":
                raise
            missing = f"{error}; "
    try:
        from aisle.simulation.pictures.raster import ArrayRenderer
    except ImportError as error:
        raise NoRendererError(f"{missing}no array renderer either: {error}; install aisle[sim]") from error
    return ArrayRenderer(labels)


def _gl(labels: npt.NDArray[np.uint8]) -> Renderer:
    try:
        from aisle.simulation.pictures.gl import GlRenderer, NoGraphicsError
    except ImportError as error:
        raise NoRendererError(f"moderngl is not installed ({error}); install aisle[sim]") from error
    try:
        return GlRenderer(labels)
    except NoGraphicsError as error:
        raise NoRendererError(f"{error}; on Debian: apt install libegl1 libgl1 libgl1-mesa-dri") from error

"""numba's compiler with types: what it returns is called like the function it was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compiled at its first call and kept on disk for the next process."""
    return cast(F, njit(cache=True, fastmath=True, error_model="numpy", nogil=True)(function))

"""Names for visits, customers and disputes: they sort by the time they were made, and nobody can guess them."""

from __future__ import annotations

import base64
from collections.abc import Callable

_ALPHABET = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")


class Names:
    """Makes names of 26 letters and digits: 48 bits of milliseconds, then 80 random bits, in Crockford's base 32.

    Source: the layout is that of ULID (github.com/ulid/spec), the bits left-aligned.
    """

    def __init__(self, clock: Callable[[], int], random: Callable[[int], bytes]) -> None:
        self._clock = clock
        self._random = random

    def __call__(self) -> str:
        """A name never made before."""
        milliseconds = self._clock() // 1_000_000
        raw = milliseconds.to_bytes(6, "big") + self._random(10)
        return base64.b32encode(raw).translate(_ALPHABET).decode().rstrip("=")

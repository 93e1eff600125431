"""What reads rows: a function from a query to its rows, in whatever transaction the caller is in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Executable, Row

Fetch = Callable[[Executable], Sequence[Row[Any]]]

"""The rows of `aisle bench cart` about the cart's journal: what writing costs the loop, how soon a long trip is back.

One trip of an hour: the scale twenty times a second, the motion sensor ten times; now and then a scan, a tap, a look.
Written as a running cart writes, cut off without being closed, and opened again.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from aisle.bench.claims import Row, judged
from aisle.cart.journal import CartJournal
from aisle.cart.syncing import SyncBehind
from aisle.sensing.cart.readings import CartReading, LookReading, MotionReading, ScaleReading, ScanReading, TapReading

REACH_S = 3.0  # until a cart that was killed shows its trip again, all in all
FRAME_MS = 1000.0 / 15.0  # what a loop of 15 frames a second has for everything
_ON = "a trip of an hour"
_T0_NS = 1_780_000_000 * 10**9


def judge_journal(seconds: float = 3600.0) -> list[Row]:
    """The rows of the claim, over a trip of so many seconds."""
    readings = list(_trip(seconds))
    with tempfile.TemporaryDirectory() as folder:
        spent, size = _written(Path(folder), readings)
        began = time.perf_counter()
        again = CartJournal(Path(folder), "cart-7", "boot-2", lambda: _T0_NS)
        count = sum(1 for _ in again.readings("trip-1"))
        opened_s = time.perf_counter() - began
        again.close()
    lost = len(readings) - count
    return [
        judged("journal: trip there again after a kill", _ON, opened_s, reach=REACH_S, side="most", unit="s",
               counted=count),
        judged("journal: readings lost by a kill", _ON, float(lost), unit="readings of the last second"),
        judged("journal: writing one reading, p99", _ON, _quantile(spent, 0.99), reach=FRAME_MS, side="most",
               unit="ms", counted=len(spent)),
        judged("journal: writing one reading, longest", _ON, spent[-1], unit="ms", counted=len(spent)),
        judged("journal: size", _ON, size / 1e6, unit="MB"),
    ]  # fmt: skip


def _written(folder: Path, readings: list[CartReading]) -> tuple[list[float], int]:
    """What each reading took to write (ms, in order of size), and the bytes on disk; nothing is closed."""
    journal = CartJournal(folder, "cart-7", "boot-1", lambda: _T0_NS, syncing=SyncBehind)
    journal.begin("trip-1", "cart-7")
    spent = []
    for reading in readings:
        before = time.perf_counter()
        journal.append(reading)
        spent.append(1e3 * (time.perf_counter() - before))
    return sorted(spent), (folder / "trip-1.trip").stat().st_size


def _trip(seconds: float) -> Iterator[CartReading]:
    chance = Random(1)
    for beat in range(round(seconds * 20)):
        t_ns = _T0_NS + beat * 50_000_000 + chance.randrange(9_000_000)
        yield ScaleReading(t_ns, t_ns + 3_000_000, chance.gauss(812.3, 1.5))
        if beat % 2 == 0:
            yield MotionReading(t_ns, t_ns + 4_000_000, chance.random() < 0.3, chance.random())
        if beat % 700 == 350:
            yield ScanReading(t_ns, t_ns + 5_000_000, "4006381333931", "EAN13")
            yield TapReading(t_ns, t_ns + 6_000_000, "quantity", 2)
            yield LookReading(t_ns, t_ns + 7_000_000, ("4006381333931", "4011"), (7.25, -1.5))


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan

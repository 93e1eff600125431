"""The real recording of a real autonomous store: one visit, one take, known to the gram.

The recording is public (its place in the data folder and its source are in docs/benchmark.md); where it is not at
hand the suite says so instead of guessing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from aisle.bench.claims import Row, judged
from aisle.bench.measure import Engine, Mode
from aisle.bench.truth import BenchError, BrokenRunError
from aisle.walkout.outcome import Outcome

RECORDING = Path("nanostore") / "benchmark-1"
TAKEN = {"071142008582": 1}  # what the one shopper took
TAKEN_G = 621.67  # its catalogue weight
WITHIN_G = 5.0  # how near the measured step must come


def real_recording(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the real recording lies; BenchError when AISLE_DATA is not set or does not hold it."""
    folder = environ.get("AISLE_DATA", "")
    if not folder:
        raise BenchError("--real: AISLE_DATA is not set; it must name the data folder (see docs/benchmark.md)")
    path = Path(folder) / RECORDING
    if not path.is_dir():
        raise BenchError(f"--real: AISLE_DATA holds no {RECORDING.as_posix()} (looked for {path})")
    return path


def judge_real(outcome: Outcome) -> tuple[Row, ...]:
    """The claims about the real recording: receipt exact, exactly one event, its step near the item's weight."""
    baskets = [receipt.basket for receipt in outcome.receipts if receipt.basket]
    off = min((abs(abs(event.grams) - TAKEN_G) for event in outcome.events), default=float("inf"))
    lowest = min((receipt.probability for receipt in outcome.receipts), default=0.0)
    return (
        judged("receipt exact", "real", float(baskets == [TAKEN]), reach=1.0, unit="yes/no", recordings=1),
        judged(
            "events beside the one take",
            "real",
            float(abs(len(outcome.events) - 1)),
            reach=0.0,
            side="most",
            recordings=1,
        ),
        judged(f"step off {TAKEN_G} g by", "real", off, reach=WITHIN_G, side="most", unit="g", recordings=1),
        judged("least sure basket's probability", "real", lowest, recordings=1),
    )


def measure_real(engine: Engine, path: Path) -> tuple[Row, ...]:
    """Replay the real recording and judge it; BrokenRunError when the engine cannot replay it."""
    try:
        outcome = engine(path, Mode())
    except Exception as error:
        raise BrokenRunError(f"{path.name}: {type(error).__name__}: {error}") from error
    return judge_real(outcome)

"""Runs the ByteTrack of the `trackers` package, which lives in a Python of its own, as a subprocess.

That package drags in a second OpenCV, so it is never installed beside Aisle: `--peers PYTHON` or AISLE_PEERS names the
interpreter of an environment that has it.  Boxes go in and ids come out as JSON.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from aisle.bench.mot_metrics import FloatArray
from aisle.bench.truth import BrokenRunError

PEERS = "AISLE_PEERS"
LONGEST_S = 600.0
_PROGRAM = """
import json, sys, warnings
warnings.filterwarnings("ignore")
import numpy as np, supervision as sv
from importlib.metadata import version
from trackers import ByteTrackTracker
ask = json.load(sys.stdin)
out = []
for frames in ask["sequences"]:
    tracker = ByteTrackTracker(**ask["settings"])
    answers = []
    for boxes, scores in frames:
        n = len(scores)
        found = sv.Detections(
            xyxy=np.array(boxes, dtype=float).reshape(-1, 4), confidence=np.array(scores, dtype=float),
            class_id=np.arange(n),
        ) if n else sv.Detections.empty()
        tracked = tracker.update(found)
        ids = [-1] * n
        if n and len(tracked):
            for which, ident in zip(tracked.class_id, tracked.tracker_id):
                ids[int(which)] = int(ident)
        answers.append(ids)
    out.append(answers)
json.dump({"version": version("trackers"), "ids": out}, sys.stdout)
"""

Boxes = tuple[FloatArray, FloatArray]
"""One frame's boxes (n, 4) and scores (n,)."""


class PeerAnswer(msgspec.Struct, frozen=True):
    """The package's version, and ids per sequence, frame and box (-1: none)."""

    version: str
    ids: list[list[list[int]]]


def peer_python(named: Path | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The interpreter that has the peer: as named, else by AISLE_PEERS, else none."""
    return named or (Path(environ[PEERS]) if environ.get(PEERS) else None)


def byte_track_of(
    python: Path, sequences: Sequence[Sequence[Boxes]], settings: Mapping[str, float]
) -> tuple[str, list[list[npt.NDArray[np.int64]]]]:
    """Version of the package, and its ids for every box; BrokenRunError when it cannot be run."""
    ask = {
        "sequences": [[(boxes.tolist(), scores.tolist()) for boxes, scores in frames] for frames in sequences],
        "settings": dict(settings),
    }
    try:
        done = subprocess.run(  # the interpreter is the one the user named
            [str(python), "-c", _PROGRAM], input=msgspec.json.encode(ask), capture_output=True, timeout=LONGEST_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BrokenRunError(f"--peers {python}: {error}") from error
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise BrokenRunError(f"--peers {python}: found {' '.join(last)!r}; it must be a Python that has `trackers`")
    answer = msgspec.json.decode(done.stdout, type=PeerAnswer)
    return answer.version, [[np.array(ids, np.int64) for ids in frames] for frames in answer.ids]

"""The suite `tracking`: people on the floor plan and in the picture, against truth and against ByteTrack.

Parts: `floor` (six simulated shoppers and four cameras, detections made from poses), `campus` (real people on the floor
of an auditorium, two cameras), `pictures` (one camera of a street).  The last two want AISLE_DATA and are left out,
saying so, without it; the peer package is run where `--peers` or AISLE_PEERS names a Python that has it, and our own
ByteTrack, which says the same, stands in everywhere.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from aisle.bench.claims import Results, Row, judged
from aisle.bench.mot_metrics import IntArray, MotScores
from aisle.bench.tracking_campus import (
    WITHIN_M,
    Campus,
    byte_track_views,
    floor_tracks,
    made_views,
    merged_tracks,
    read_campus,
)
from aisle.bench.tracking_crowd import Crowded, crowded_shop
from aisle.bench.tracking_load import TrackingLoad
from aisle.bench.tracking_peer import byte_track_of, peer_python
from aisle.bench.tracking_pictures import (
    FPS,
    SIZE_PX,
    BoxFrame,
    BoxNoise,
    byte_track,
    judged_boxes,
    kept,
    made_boxes,
    ours,
    tud_campus,
)
from aisle.bench.tracking_score import FloorFrame, judged_floor, score_floor_tracks
from aisle.bench.truth import BenchError
from aisle.vision.tracking.floor import FloorTracker

ERROR_M, IDF1, SWAPS, CPU_MS, AHEAD = 0.10, 0.97, 1.0, 1.5, 0.05
MADE_RUNS = 10  # the street is short: so many drawings of its boxes
Tell = Callable[[str, float], None]


def judge_tracking(load: TrackingLoad, tell: Tell, environ: Mapping[str, str] = os.environ) -> Results:
    """Measure the parts one after the other; `tell` hears which one and how far it is (0 to 1)."""
    data = load.data or (Path(environ["AISLE_DATA"]) if environ.get("AISLE_DATA") else None)
    peers = peer_python(load.peers, environ)
    about: dict[str, object] = {"seed": load.seed, "minutes": load.minutes}
    if peers is None:
        about["peer"] = "left out: neither --peers nor AISLE_PEERS names a Python that has the package trackers"
    rows: list[Row] = []
    for part in load.parts:
        tell(part, 0.0)
        if part == "floor":
            rows += judge_crowd(crowded_shop(load.seed, minutes=load.minutes), load.minutes * 60.0)
        elif data is None:
            about[part] = "left out: AISLE_DATA is not set"
        elif part == "campus":
            rows += judge_campus(read_campus(_found(data, "campus-auditorium")), load.seed, peers)
        else:
            rows += judge_pictures(tud_campus(_found(data, "tud-campus")), load.seed, peers)
        tell(part, 1.0)
    return Results(suite="tracking", rows=tuple(rows), about=about)


def _found(data: Path, name: str) -> Path:
    folder = data / "mot" / name
    if not folder.is_dir():
        raise BenchError(f"AISLE_DATA: holds no mot/{name} (looked for {folder})")
    return folder


# ---------------------------------------------------------------- simulated
def judge_crowd(shop: Crowded, seconds: float) -> tuple[Row, ...]:
    """The claims about the simulated shop, with the processor time a camera's frame takes."""
    started = time.process_time()
    found = follow(shop)
    spent = time.process_time() - started
    frames = len(shop.t) * len(shop.store.cameras)
    scores = score_floor_tracks(true_places(shop), found, seconds)
    on, n = "poses, 6 shoppers, 4 cameras", scores.tracks.objects
    return (
        judged("floor position error, median", on, scores.error_median_m, reach=ERROR_M, side="most", unit="m"),
        judged("floor position error, 90 %", on, scores.error_p90_m, unit="m"),
        judged("IDF1 on the floor", on, scores.tracks.idf1, reach=IDF1, counted=n),
        judged("identity swaps in 10 min", on, scores.switches_per_10_min, reach=SWAPS, side="most"),
        judged("MOTA on the floor", on, scores.tracks.mota, counted=n),
        judged("processor time a camera frame", on, 1e3 * spent / frames, reach=CPU_MS, side="most", unit="ms"),
    )


def follow(shop: Crowded) -> list[FloorFrame]:
    """What `FloorTracker` makes of the shop's detections."""
    count = itertools.count()
    tracker = FloorTracker.of(shop.store, lambda: str(next(count)))
    out = []
    for t, seen in zip(shop.t.tolist(), shop.seen, strict=True):
        people = tracker.step(round(t * 1e9), seen)
        out.append((np.array([int(p) for p in people.ids], np.int64), people.positions_m))
    return out


def true_places(shop: Crowded) -> list[FloorFrame]:
    """Who is where in the shop, frame by frame."""
    return [(np.flatnonzero(here), places[here]) for here, places in zip(shop.present, shop.places_m, strict=True)]


# --------------------------------------------------------------- auditorium
def judge_campus(campus: Campus, seed: int, peers: Path | None) -> list[Row]:
    """Our floor tracker against ByteTrack in each view and nearest merge, on the same made detections."""
    on = "campus-auditorium, HC3 and HC4"
    views = made_views(campus, seed, BoxNoise())
    mine = judged_floor(campus.floor, floor_tracks(campus, views), WITHIN_M)
    peer = judged_floor(campus.floor, merged_tracks(campus, views, byte_track_views(views)), WITHIN_M)
    rows = [
        judged("IDF1 on the floor", on, mine.idf1, counted=mine.objects),
        judged("MOTA on the floor", on, mine.mota, counted=mine.objects),
        judged("IDF1, ByteTrack per view and nearest merge", on, peer.idf1, counted=peer.objects, kind="baseline"),
        judged("MOTA, ByteTrack per view and nearest merge", on, peer.mota, counted=peer.objects, kind="baseline"),
    ]
    best = peer.idf1
    if peers is not None:
        version, ids = byte_track_of(peers, [_boxes(view) for view in views], {})
        package = judged_floor(campus.floor, merged_tracks(campus, views, ids), WITHIN_M)
        name = f"IDF1, trackers {version} ByteTrack per view and nearest merge"
        rows.append(judged(name, on, package.idf1, counted=package.objects, kind="baseline"))
        best = max(best, package.idf1)
    rows.append(judged("IDF1 ahead of the peer", on, mine.idf1 - best, reach=AHEAD))
    return rows


# ------------------------------------------------------------------- street
def judge_pictures(frames: Sequence[BoxFrame], seed: int, peers: Path | None) -> list[Row]:
    """Our picture tracker against ByteTrack on the boxes that came with the street, and on made ones."""
    drawn = [made_boxes(frames, 1000 * seed + run, BoxNoise(), SIZE_PX) for run in range(MADE_RUNS)]
    rows = []
    for on, sequences in (("tud-campus, its test.txt", [list(frames)]), ("tud-campus, made boxes", drawn)):
        mine = [judged_boxes(s, ours(s, SIZE_PX, FPS)) for s in sequences]
        peer = [judged_boxes(s, kept(s, byte_track(s))) for s in sequences]
        rows += _compared(on, mine, peer, "ByteTrack", reach=True)
        if peers is not None:
            version, ids = byte_track_of(peers, [_boxes(s) for s in sequences], {})
            package = [judged_boxes(s, kept(s, i)) for s, i in zip(sequences, ids, strict=True)]
            rows += _compared(on, mine, package, f"trackers {version} ByteTrack", reach=False)[3:]
    return rows


def _compared(on: str, mine: Sequence[MotScores], peer: Sequence[MotScores], name: str, *, reach: bool) -> list[Row]:
    """Ours, which must not be behind, then the peer's; means over the sequences."""
    rows = []
    for kind, scores in (("measured", mine), ("baseline", peer)):
        for measure in ("mota", "idf1", "hota"):
            value = float(np.mean([getattr(s, measure) for s in scores]))
            bar = float(np.mean([getattr(s, measure) for s in peer])) if kind == "measured" and reach else None
            title = measure.upper() if kind == "measured" else f"{measure.upper()}, {name}"
            counted = sum(s.objects for s in scores)
            rows.append(
                judged(title, on, value, reach=bar, counted=counted, kind="measured")
                if kind == "measured"
                else judged(title, on, value, counted=counted, kind="baseline")
            )
    return rows


def _boxes(frames: Sequence[BoxFrame]) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(frame.boxes_px, frame.scores) for frame in frames]


def same_ids(a: Sequence[IntArray], b: Sequence[IntArray]) -> bool:
    """Whether two trackers named every box of every frame alike."""
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))

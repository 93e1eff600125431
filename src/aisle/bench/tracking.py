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
from aisle.bench.mot_metrics import FloatArray, IntArray, MotScores
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
from aisle.bench.tracking_peer import Boxes, byte_track_of, peer_python
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
MEASURES = ("mota", "idf1", "hota")
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
    on, n = "simulated, 6 shoppers, 4 cameras, detections made from poses", scores.tracks.objects
    return (
        judged("poses: error on the floor, median", on, scores.error_median_m, reach=ERROR_M, side="most", unit="m"),
        judged("poses: error on the floor, 90 %", on, scores.error_p90_m, unit="m"),
        judged("poses: IDF1", on, scores.tracks.idf1, reach=IDF1, counted=n),
        judged("poses: swaps in 10 min", on, scores.switches_per_10_min, reach=SWAPS, side="most"),
        judged("poses: MOTA", on, scores.tracks.mota, counted=n),
        judged("poses: CPU per camera frame", on, 1e3 * spent / frames, reach=CPU_MS, side="most", unit="ms"),
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
    on = "mot/campus-auditorium, HC3 and HC4, detections made from truth"
    views = made_views(campus, seed, BoxNoise())
    mine = judged_floor(campus.floor, floor_tracks(campus, views), WITHIN_M)
    rivals = [("ByteTrack, merged", byte_track_views(views))]
    if peers is not None:
        version, ids = byte_track_of(peers, [_boxes(view) for view in views], {})
        rivals.append((f"trackers {version} ByteTrack, merged", ids))
    theirs = [(name, judged_floor(campus.floor, merged_tracks(campus, views, ids), WITHIN_M)) for name, ids in rivals]
    ahead = mine.idf1 - max(scores.idf1 for _, scores in theirs)
    rows = [judged("auditorium: IDF1 ahead of the peer", on, ahead, reach=AHEAD)]
    rows += _measures("auditorium", on, "", [mine], ("idf1", "mota", "hota"))
    for name, scores in theirs:
        rows += _measures("auditorium", on, name, [scores], ("idf1", "mota", "hota"))
    return rows


# ------------------------------------------------------------------- street
def judge_pictures(frames: Sequence[BoxFrame], seed: int, peers: Path | None) -> list[Row]:
    """Our picture tracker against ByteTrack on the boxes that came with the street, and on made ones.

    Ours is judged as it speaks: with people it carries on for a moment. ByteTrack tells only of people found in the
    frame; rows of their own show ours by that custom.
    """
    drawn = [made_boxes(frames, 1000 * seed + run, BoxNoise(), SIZE_PX) for run in range(MADE_RUNS)]
    streets = (
        ("street", "mot/tud-campus, its test.txt", [list(frames)]),
        ("street, made boxes", "mot/tud-campus, boxes made from truth", drawn),
    )
    rows: list[Row] = []
    for title, on, sequences in streets:
        rivals = [("ByteTrack", [kept(s, byte_track(s)) for s in sequences])]
        if peers is not None:
            version, ids = byte_track_of(peers, [_boxes(s) for s in sequences], {})
            found = [kept(s, i) for s, i in zip(sequences, ids, strict=True)]
            rivals.append((f"trackers {version} ByteTrack", found))
        theirs = [(name, _judged(sequences, found)) for name, found in rivals]
        mine = _judged(sequences, [ours(s, SIZE_PX, FPS) for s in sequences])
        found_only = _judged(sequences, [ours(s, SIZE_PX, FPS, carried=False) for s in sequences])
        rows += _measures(title, on, "", mine, MEASURES, [scores for _, scores in theirs])
        rows += _measures(title, on, "only people found", found_only, MEASURES)
        for name, scores in theirs:
            rows += _measures(title, on, name, scores, MEASURES)
    return rows


def _judged(
    sequences: Sequence[Sequence[BoxFrame]], found: Sequence[Sequence[tuple[IntArray, FloatArray]]]
) -> list[MotScores]:
    return [judged_boxes(s, f) for s, f in zip(sequences, found, strict=True)]


def _measures(
    title: str,
    on: str,
    who: str,
    scores: Sequence[MotScores],
    measures: Sequence[str],
    rivals: Sequence[Sequence[MotScores]] = (),
) -> list[Row]:
    """One row a measure, means over sequences; `who` is empty for ours, which must not be behind any of `rivals`."""

    def mean(of: Sequence[MotScores], measure: str) -> float:
        return float(np.mean([getattr(s, measure) for s in of]))

    return [
        judged(
            f"{title}: {measure.upper()}" + (f", {who}" if who else ""),
            on,
            mean(scores, measure),
            reach=max(mean(rival, measure) for rival in rivals) if rivals else None,
            counted=sum(s.objects for s in scores),
            kind="baseline" if "ByteTrack" in who else "measured",
        )
        for measure in measures
    ]


def _boxes(frames: Sequence[BoxFrame]) -> list[Boxes]:
    return [(frame.boxes_px, frame.scores) for frame in frames]

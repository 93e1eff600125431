"""The part of the suite `vision` that is measured on real pixels: a real shop's cameras, a hand among real bottles.

The footage lies under AISLE_DATA; without it the rows are left out, saying so.  What is true of it was written down by
looking at the frames (`footage.toml`), never by running a tracker.
"""

from __future__ import annotations

import os
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import msgspec
import numpy as np

from aisle.bench.claims import Results, Row, judged
from aisle.bench.truth import BenchError

FOOTAGE_PARTS = ("bottles", "shop", "speed")
INSIDE, FALSE, CHANGES_FOUND, CHANGES_FALSE, BACKGROUND_MS = 0.90, 0.05, 6.0, 1.0, 1.5
LEARN_EVERY = 4  # pictures of the recording the background is learnt from beforehand
BOTTLE_EVERY = 3  # every third picture of the bottles: ten a second
SURE = 0.75  # a change less sure than this is not told
LATE_FRAMES, EARLY_FRAMES = 120, 30  # a change is told so long after (before) its frame at most: the hand must be gone
NEAR_PX = 15.0  # how rough the written boxes are
Tell = Callable[[str, float], None]
Image = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


class CameraTruth(msgspec.Struct, frozen=True):
    """One real camera: the floor's outline, when somebody is inside and in its picture, rough boxes by frame."""

    id: str
    floor: tuple[tuple[float, float], ...]
    inside: tuple[tuple[int, int], ...]
    boxes: tuple[tuple[float, float, float, float, float], ...]

    def shows(self, frame: int) -> bool:
        return any(first <= frame <= last for first, last in self.inside)

    def box(self, frame: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """The rough box between the written ones."""
        table = np.array(self.boxes)
        return np.array([np.interp(frame, table[:, 0], table[:, k]) for k in range(1, 5)])


class ShopTruth(msgspec.Struct, frozen=True):
    session: str
    fps: float
    threshold: tuple[int, int]
    cameras: tuple[CameraTruth, ...]


class OthersTruth(msgspec.Struct, frozen=True):
    file: str
    visits: tuple[tuple[int, int], ...]


class BottlesTruth(msgspec.Struct, frozen=True):
    file: str
    changes: tuple[tuple[int, int], ...]
    region: tuple[tuple[float, float], ...]


class FootageTruth(msgspec.Struct, frozen=True):
    """`footage.toml`."""

    nanostore: ShopTruth
    others: OthersTruth
    bottles: BottlesTruth


@dataclass(frozen=True, slots=True)
class FootageLoad:
    """Which parts are measured, and where annotated frames go (None: nowhere)."""

    parts: Sequence[str] = FOOTAGE_PARTS
    out: Path | None = None

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in FOOTAGE_PARTS]
        if unknown:
            raise BenchError(f"--part: found {unknown[0]!r}, must be one of {', '.join(FOOTAGE_PARTS)}")


def footage_truth() -> FootageTruth:
    text = resources.files("aisle.bench").joinpath("footage.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), FootageTruth)


def judge_footage(load: FootageLoad, tell: Tell, environ: Mapping[str, str] = os.environ) -> Results:
    """Measure the parts one after the other; `tell` hears which one and how far it is (0 to 1)."""
    folder = environ.get("AISLE_DATA", "")
    about: dict[str, object] = {"parts": list(load.parts)}
    rows: list[Row] = []
    if not folder:
        about["footage"] = "left out: AISLE_DATA is not set; it must name the data folder (see docs/data.md)"
        return Results(suite="vision", rows=(), about=about)
    data, truth = Path(folder), footage_truth()
    for part in load.parts:

        def share(done: float, part: str = part) -> None:
            tell(part, done)

        if part == "bottles":
            rows += _bottles(data, truth.bottles, load.out, share)
        elif part == "shop":
            rows += _shop(data, truth, load.out, share)
        else:
            rows += _speed(data, truth.nanostore, share)
        tell(part, 1.0)
    return Results(suite="vision", rows=tuple(rows), about=about)


def frames(path: Path, every: int = 1) -> Iterator[Image]:
    """A film's pictures, every so many; BenchError when it cannot be opened."""
    import cv2

    film = cv2.VideoCapture(str(path))
    if not film.isOpened():
        raise BenchError(f"{path}: cannot be opened as a film; AISLE_DATA must hold it (see docs/data.md)")
    number = 0
    while film.grab():
        if number % every == 0:
            yield np.asarray(film.retrieve()[1], dtype=np.uint8)
        number += 1
    film.release()


# -- bottles ---------------------------------------------------------------------------------------------------------


def matched(truth: Sequence[tuple[int, int]], told: Sequence[tuple[int, int]]) -> tuple[int, int, int]:
    """How many true changes (frame, by how many) were told with the right sign, how many of these with the right
    number, and how many told changes are true of nothing.  Each told change serves one true one, in order of time."""
    left = list(told)
    found = exact = 0
    for frame, number in truth:
        fits = [t for t in left if -EARLY_FRAMES <= t[0] - frame <= LATE_FRAMES and t[1] * number > 0]
        if fits:
            found += 1
            exact += fits[0][1] == number
            left.remove(fits[0])
    return found, exact, len(left)


def _bottles(data: Path, truth: BottlesTruth, out: Path | None, tell: Callable[[float], None]) -> list[Row]:
    from aisle.bench.footage_pictures import save_changes
    from aisle.vision.region_watch import FacingChange, RegionWatch

    watch = RegionWatch("table", truth.region, (312, 180))
    told: list[tuple[int, int]] = []
    shown: list[tuple[int, Image, tuple[FacingChange, ...]]] = []
    spent = 0.0
    pictures = 0
    last = truth.changes[-1][0] + LATE_FRAMES
    for index, picture in enumerate(frames(data / "footage" / truth.file, BOTTLE_EVERY)):
        frame = index * BOTTLE_EVERY
        start = time.process_time()
        changes = watch.update(round(frame / 29.833333 * 1e9), picture)
        spent += time.process_time() - start
        pictures += 1
        sure = tuple(c for c in changes if c.kind != "moved" and c.probability >= SURE)
        told += [
            (frame, number)
            for number in (-sum(c.kind == "gone" for c in sure), sum(c.kind == "new" for c in sure))
            if number
        ]
        if sure:
            shown.append((frame, picture, sure))
        tell(min(1.0, frame / last))
    found, exact, false = matched(truth.changes, told)
    if out is not None:
        save_changes(out / "bottle-picks.jpg", shown)
    on, n = "bottle-picks.mp4", len(truth.changes)
    return [
        judged("takes and returns found", on, float(found), unit=f"of {n}", reach=CHANGES_FOUND, counted=n),
        judged("changes invented", on, float(false), reach=CHANGES_FALSE, side="most"),
        Row(name="takes and returns found with the right number", on=on, value=float(exact), unit=f"of {n}", counted=n),
        Row(name="region watch, time a picture", on=on, value=1e3 * spent / max(1, pictures), unit="ms"),
    ]


# -- the shop --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class CameraScore:
    """One camera's count: frames in which somebody is inside, who he was told to be, and what was told of nobody."""

    inside: int = 0
    told: Counter[int] = field(default_factory=Counter)  # identity number -> frames
    elsewhere: int = 0  # frames with an identity where nobody of the shop is
    others: int = 0  # frames inside with a further person told

    @property
    def identity(self) -> int | None:
        return min(self.told, key=lambda number: (-self.told[number], number), default=None)

    @property
    def share(self) -> float:
        """Of the frames inside, those in which the camera's most frequent identity is at the right place."""
        return max(self.told.values(), default=0) / max(1, self.inside)


def at_place(
    told: np.ndarray[tuple[int, ...], np.dtype[np.float64]], rough: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> bool:
    """Whether a told box is the person of the rough one: they share a fifth, or the told middle lies in the rough."""
    from aisle.vision.detectors.objects import overlaps

    x, y = 0.5 * (told[:2] + told[2:])
    within = rough[0] - NEAR_PX <= x <= rough[2] + NEAR_PX and rough[1] - NEAR_PX <= y <= rough[3] + NEAR_PX
    return bool(within or overlaps(told[None], rough[None])[0, 0] > 0.2)


def _shop(data: Path, truth: FootageTruth, out: Path | None, tell: Callable[[float], None]) -> list[Row]:
    from aisle.bench.footage_pictures import save_sightings
    from aisle.vision.detectors.yolox import YoloX, YoloXPeople
    from aisle.vision.looks.osnet import OsNet
    from aisle.vision.watch.presence import Floor
    from aisle.vision.watch.shop import ShopWatch, WatchedCamera

    shop = truth.nanostore
    films = {c.id: _film(data, shop.session, c.id) for c in shop.cameras}
    detector = YoloXPeople(YoloX(data / "models" / "yolox-nano-416.onnx"), least=0.25)
    looks = OsNet(data / "models" / "osnet-x0.25.onnx")
    watch = ShopWatch([WatchedCamera(c.id, Floor(c.floor)) for c in shop.cameras], detector, looks)
    pictures = {camera: list(frames(path)) for camera, path in films.items()}
    for camera, film in pictures.items():
        watch.learn(camera, film[::LEARN_EVERY])
    length = min(len(film) for film in pictures.values())
    start = time.process_time()
    told = []
    for frame in range(length):
        told.append(watch.step(round(frame / shop.fps * 1e9), {c: film[frame] for c, film in pictures.items()}))
        tell(frame / length)
    spent = time.process_time() - start
    scores = {}
    for one in shop.cameras:
        score = scores[one.id] = CameraScore()
        for frame, seen in enumerate(told):
            known = [(s, watch.identity_of(s.track_id)) for s in seen[one.id]]
            if one.shows(frame):
                score.inside += 1
                right = [i.number for s, i in known if i is not None and at_place(s.box_px, one.box(frame))]
                score.told.update(set(right))
                score.others += len({i.number for _, i in known if i is not None} - set(right)) > 0
            elif not shop.threshold[0] <= frame < shop.threshold[1]:
                score.elsewhere += any(i is not None for _, i in known)
    if out is not None:
        save_sightings(out / "nanostore", pictures, told, watch)
    on = f"nanostore {shop.session}"
    rows = [
        judged(f"frames inside with one identity, camera {camera}", on, score.share, reach=INSIDE, counted=score.inside)
        for camera, score in scores.items()
    ]
    same = len({score.identity for score in scores.values()}) == 1 and None not in {s.identity for s in scores.values()}
    empty = sum(
        not c.shows(f) and not shop.threshold[0] <= f < shop.threshold[1] for c in shop.cameras for f in range(length)
    )
    outside = sum(score.elsewhere for score in scores.values())
    rows += [
        judged("cameras with the same identity", on, float(len(scores) if same else 0), reach=float(len(scores))),
        judged(
            "pictures with a shopper where none is (reflections, chair, street)",
            on,
            outside / max(1, empty),
            reach=FALSE,
            side="most",
            counted=empty,
        ),
        Row(
            name="pictures with a second shopper",
            on=on,
            value=float(sum(s.others for s in scores.values())),
            unit="pictures",
        ),
        Row(
            name="watch with detector and looks, time a picture",
            on=on,
            value=1e3 * spent / (length * len(scores)),
            unit="ms",
        ),
    ]
    return rows


def _film(data: Path, session: str, camera: str) -> Path:
    return data / "nanostore" / "footage" / f"{session}-nodepth-cam{camera}.mp4"


# -- speed -----------------------------------------------------------------------------------------------------------


def _speed(data: Path, shop: ShopTruth, tell: Callable[[float], None]) -> list[Row]:
    """Processor time of one picture on one thread, 640 by 360."""
    from aisle.vision.background import BackgroundModel
    from aisle.vision.detectors.yolox import YoloX

    some = list(frames(_film(data, shop.session, shop.cameras[0].id), 20))
    rows = []
    for name, file in (("YOLOX-nano 416", "yolox-nano-416.onnx"), ("person detector 192", "light-person-192.onnx")):
        network = YoloX(data / "models" / file)
        network.detect_objects(some[:1])
        start = time.process_time()
        network.detect_objects(some)
        spent = 1e3 * (time.process_time() - start) / len(some)
        rows.append(Row(name=f"{name}, time a picture", on="640 x 360, one thread", value=spent, unit="ms"))
        tell(0.5)
    model = BackgroundModel()
    nobody = np.zeros((0, 4))
    for picture in some * 3:
        model.update(picture, nobody)
    start = time.process_time()
    for picture in some * 3:
        model.update(picture, nobody)
    spent = 1e3 * (time.process_time() - start) / (3 * len(some))
    row = judged(
        "background, time a picture", "640 x 360, one thread", spent, unit="ms", reach=BACKGROUND_MS, side="most"
    )
    return [*rows, row]

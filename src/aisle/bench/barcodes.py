"""Codes on real photographs: how many are read, and whether a wrong number is ever believed.

The photographs are the test pictures of zxing-cpp, small and often bad: blurred, tilted, glaring, cut off, and some
with no code at all.  Each is a single picture, so the rule of two frames cannot be used on them; a code counts as
accepted where the reader is sure of it, for which several unlike looks at the one picture must agree (docs/codes.md).
The decoder alone, in one pass, is measured beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from aisle.bench.claims import Row, judged
from aisle.bench.intervals import wilson
from aisle.bench.truth import BenchError
from aisle.vision.codes.reader import CAMERA_MEGAPIXELS, ZxingReader, decode
from aisle.vision.codes.seen import Image

READ_REACH, WRONG_REACH = 0.82, 0.0
FRAME_PX = (640, 480)
ENDINGS = (".png", ".webp", ".jpg")
# Folders of the sample set by what they hold.  ITF, DataMatrix and several codes in a picture are no part of this.
GROUPS = {
    "EAN and UPC": ("ean13-", "ean8-", "upca-", "upce-"),
    "DataBar": ("rss14-", "rssexpanded", "databarltd-"),
    "QR": ("qrcode-",),
    "no code": ("falsepositives-",),
}
ADD_ON = "extension"  # folders whose texts go on with the digits of an add-on, which tills do not need
# Texts of the set which are not the digits printed in the picture (its other pictures of that book have the right one).
MISLABELLED = {("ean13-2", "23.webp"): "9784872348880", ("ean13-2", "28.webp"): "9784872348880"}


@dataclass(frozen=True, slots=True)
class Photograph:
    """One picture, which group it is of, and what stands in it (None: no code)."""

    group: str
    folder: str
    file: Path
    text: str | None

    def right(self, read: str) -> bool:
        """Whether the text read is the code's."""
        if self.text is None:
            return False
        read, text = _bare(read.removeprefix("]Q3")), _bare(self.text)
        return read == text or (ADD_ON in self.folder and len(read) == 13 and text.startswith(read))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was accepted in a photograph, and what one pass of the decoder alone says, with processor times in ms."""

    photograph: Photograph
    accepted: tuple[str, ...]
    alone: tuple[str, ...]
    spent_ms: float

    @property
    def read(self) -> bool:
        return any(map(self.photograph.right, self.accepted))

    @property
    def wrong(self) -> bool:
        return not all(map(self.photograph.right, self.accepted))


def photographs(folder: Path) -> Iterator[Photograph]:
    """The photographs in `folder` (zxing-cpp's samples) that a cart's codes are measured on, in order of name.

    Raises BenchError where the folder is not there.
    """
    if not folder.is_dir():
        raise BenchError(f"{folder}: not found; it must hold zxing-cpp's sample photographs (see docs/data.md)")
    for group, starts in GROUPS.items():
        for sub in sorted(path for path in folder.iterdir() if path.is_dir() and path.name.startswith(starts)):
            for file in sorted(path for path in sub.iterdir() if path.suffix in ENDINGS):
                label = file.with_suffix(".txt")
                text = label.read_text(encoding="utf-8", errors="replace").strip() if label.is_file() else None
                yield Photograph(group, sub.name, file, MISLABELLED.get((sub.name, file.name), text))


def _bare(text: str) -> str:
    """The text without blanks, line ends and FNC1, which the set's texts write in their own ways."""
    return "".join(text.split())


def judge_codes(data: Path, tell: Callable[[float], None], out: Path | None = None) -> list[Row]:
    """Read every photograph under `data`/barcodes; `out` gets a table of what was accepted where."""
    shots = list(photographs(data / "barcodes"))
    reader = ZxingReader()
    outcomes: list[Outcome] = []
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for number, shot in enumerate(shots):
            picture = cv2.imread(str(shot.file), cv2.IMREAD_GRAYSCALE)
            if picture is not None:  # two of the set are one pixel high and no picture to OpenCV
                outcomes.append(look(reader, shot, np.asarray(picture, dtype=np.uint8)))
            tell((number + 1) / len(shots))
        camera = camera_times(shots)
    finally:
        cv2.setNumThreads(threads)
    if out is not None:
        write_table(outcomes, out / "codes.csv")
    return [*code_rows(outcomes), *time_rows("640 x 480, as a camera's frames", camera)]


def look(reader: ZxingReader, shot: Photograph, picture: Image) -> Outcome:
    """Read one photograph, timed, and once more with the decoder alone."""
    start = time.process_time()
    reads = reader.read(picture)
    spent = 1e3 * (time.process_time() - start)
    alone = tuple(text for text, _, _ in decode(picture))
    return Outcome(shot, tuple(read.text for read in reads if read.sure), alone, spent)


def code_rows(outcomes: list[Outcome]) -> list[Row]:
    """The table of claims: shares read by group, wrong ones accepted, and the decoder alone beside them."""
    labelled = [one for one in outcomes if one.photograph.text is not None]
    linear = [one for one in labelled if one.photograph.group != "QR"]
    rows = [_share("codes read", "photographs of EAN, UPC and DataBar", linear, reach=READ_REACH)]
    for group in GROUPS:
        of = [one for one in labelled if one.photograph.group == group]
        if of:
            rows.append(_share("codes read", f"photographs of {group}", of, reach=READ_REACH))
    on = "all photographs, those with no code too"
    wrong = float(sum(one.wrong for one in outcomes))
    rows.append(
        judged("wrong codes accepted", on, wrong, unit="codes", reach=WRONG_REACH, side="most", counted=len(outcomes))
    )
    alone = [any(map(one.photograph.right, one.alone)) for one in linear]
    rows.append(
        judged(
            "codes read, decoder alone in one pass",
            "photographs of EAN, UPC and DataBar",
            sum(alone) / max(1, len(alone)),
            interval=wilson(sum(alone), len(alone)),
            counted=len(alone),
            kind="baseline",
        )
    )
    missed = float(sum(not all(map(one.photograph.right, one.alone)) for one in outcomes))
    rows.append(
        judged(
            "wrong codes given, decoder alone in one pass",
            on,
            missed,
            unit="codes",
            counted=len(outcomes),
            kind="baseline",
        )
    )
    return rows + time_rows(on, [one.spent_ms for one in outcomes])


def time_rows(on: str, times_ms: list[float]) -> list[Row]:
    """Median and 95th percentile of the processor time a picture takes."""
    return [
        judged(f"time a picture, {name}", on, float(np.percentile(times_ms, part)), unit="ms", counted=len(times_ms))
        for name, part in (("median", 50), ("95th percentile", 95))
        if times_ms
    ]


def camera_times(shots: list[Photograph]) -> list[float]:
    """Milliseconds a frame takes with a camera's share of work, on the photographs with no code: the worst case."""
    reader = ZxingReader(CAMERA_MEGAPIXELS)
    times = []
    for turn, shot in enumerate(shot for shot in shots if shot.text is None):
        picture = cv2.imread(str(shot.file), cv2.IMREAD_GRAYSCALE)
        if picture is None:
            continue
        frame = np.asarray(cv2.resize(picture, FRAME_PX), dtype=np.uint8)
        start = time.process_time()
        reader.read(frame, turn)
        times.append(1e3 * (time.process_time() - start))
    return times


def write_table(outcomes: list[Outcome], file: Path) -> None:
    """What was accepted in each photograph, as CSV."""
    import csv

    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as handle:
        table = csv.writer(handle)
        table.writerow(["photograph", "holds", "accepted", "decoder alone", "ms"])
        for one in outcomes:
            name = f"{one.photograph.folder}/{one.photograph.file.name}"
            texts = one.photograph.text or "", " ".join(one.accepted), " ".join(one.alone)
            table.writerow([name, *texts, f"{one.spent_ms:.1f}"])


def _share(name: str, on: str, outcomes: list[Outcome], *, reach: float) -> Row:
    right = sum(one.read for one in outcomes)
    interval = wilson(right, len(outcomes))
    return judged(name, on, right / max(1, len(outcomes)), reach=reach, interval=interval, counted=len(outcomes))

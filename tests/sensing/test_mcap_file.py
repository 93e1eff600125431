"""Recordings in MCAP: what was written comes back; cut off or damaged, what is left comes back."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lz4.frame
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from mcap.reader import make_reader
from mcap.writer import Writer
from msgspec.structs import replace as revised

from aisle.sensing.faults import RecordingError
from aisle.sensing.mcap_file import RecordingWriter
from aisle.sensing.readings import FrameReading, PlateReading, Reading, TrackReading
from aisle.sensing.recordings import open_recording, recording_name
from aisle.store.model import Camera, Facing, Product, Shelf, Store

TIMES = st.integers(0, 2**62)
TEXT = st.text(max_size=8)
FLOATS = st.floats(-1e6, 1e6, width=32) | st.just(float("nan"))

STORE = Store(
    "corner",
    "EUR",
    "Europe/Berlin",
    {"4": Product("4", "Tea", 120.5, 299)},
    (Shelf(1, 1, (0.0, 0.0, 0.5), 0.25, 0.4, (0.0, 0.1, 0.2)),),
    (Facing("4", 1, 1, 0.0, 0.2, (1, 2)),),
    staff=frozenset({"7"}),
)


def arrays(*shape: int) -> st.SearchStrategy[Any]:
    return npst.arrays(np.float32, shape, elements=FLOATS)


@st.composite
def plate_readings(draw: st.DrawFn) -> PlateReading:
    shape = draw(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 3)))
    return PlateReading(
        draw(TEXT), draw(TIMES), draw(TIMES), draw(st.integers(0, 999)), draw(st.floats(1, 1000)), draw(arrays(*shape))
    )


@st.composite
def track_readings(draw: st.DrawFn) -> TrackReading:
    k = draw(st.integers(0, 3))
    return TrackReading(
        draw(TEXT),
        draw(TIMES),
        draw(TIMES),
        tuple(draw(st.lists(TEXT, min_size=k, max_size=k))),
        draw(arrays(k, 3)),
        draw(arrays(k)),
        draw(arrays(k, 2, 3)),
        draw(arrays(k, 2)),
        draw(st.none() | arrays(k, 2)),
        draw(st.none() | arrays(k, 2)),
    )


def frame_readings() -> st.SearchStrategy[FrameReading]:
    devices = TEXT.filter(bool)  # without a name the camera is the device
    return st.builds(FrameReading, devices, TIMES, TIMES, TEXT, st.binary(min_size=1, max_size=300))


def plain(reading: Reading) -> list[Any]:
    fields = [getattr(reading, name) for name in reading.__slots__]
    return [
        type(reading),
        *(
            (f.dtype, f.shape, np.nan_to_num(f, nan=12345.0).tolist()) if isinstance(f, np.ndarray) else f
            for f in fields
        ),
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(plate_readings() | track_readings() | frame_readings(), min_size=1, max_size=8))
def test_what_was_written_comes_back(readings: list[Reading]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.mcap"
        with RecordingWriter(path, STORE) as writer:
            for reading in readings:
                writer.write(reading)
        recording = open_recording(path)
        back = list(recording.readings())
    assert (recording.name, recording.store) == ("day", STORE)
    assert {h.kind for h in recording.health} <= {"missing-collection", "unknown-plate"}
    assert [plain(r) for r in back] == [plain(r) for r in readings]


def written(path: Path, count: int = 40) -> Path:
    grams = np.arange(12 * 2 * 3, dtype=np.float32).reshape(12, 2, 3)
    with RecordingWriter(path, STORE) as writer:
        for k in range(count):
            writer.write(PlateReading("plates-1", 1000 + k, 2000 + k, 1, 60.0, grams + k))
    return path


def test_the_official_reader_reads_it(tmp_path: Path) -> None:
    with written(tmp_path / "a.mcap").open("rb") as file:
        reader = make_reader(file)
        messages = list(reader.iter_messages())
        attachments = [a.name for a in reader.iter_attachments()]
    assert [(s.name, s.encoding, c.topic, m.publish_time, m.log_time) for s, c, m in messages[:1] if s] == [
        ("aisle.PlateBatch", "protobuf", "/plates/1", 1000, 2000)
    ]
    assert len(messages) == 40
    assert attachments == ["store.json"]


def test_an_autocheckout_recording_survives_the_way_through_mcap(small_shop: Any, tmp_path: Path) -> None:
    source = open_recording(small_shop.write(tmp_path / "source", "json"))
    readings = list(source.readings())
    with RecordingWriter(tmp_path / "copy.mcap", source.store) as writer:
        for reading in readings:
            writer.write(reading)
    copy = open_recording(tmp_path / "copy.mcap")
    assert copy.store == source.store
    assert [plain(r) for r in copy.readings()] == [plain(r) for r in readings]


def test_what_was_written_before_an_error_is_kept(tmp_path: Path) -> None:
    reading = PlateReading("plates-1", 1, 2, 1, 60.0, np.zeros((12, 1, 1), np.float32))
    with pytest.raises(KeyError), RecordingWriter(tmp_path / "a.mcap", STORE) as writer:
        writer.write(reading)
        raise KeyError("power cut")
    assert len(list(open_recording(tmp_path / "a.mcap").readings())) == 1


def test_a_file_cut_off_inside_a_chunk_gives_the_chunks_before(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mcap", 2000)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"zstd", data.index(b"zstd") + 4) + 100])
    recording = open_recording(path)
    assert 100 < len(list(recording.readings())) < 2000
    assert [(h.kind, h.where.split()[0], h.grave) for h in recording.health if h.kind != "unknown-plate"] == [
        ("truncated", "a.mcap", True),
        ("missing-collection", "tracks", True),
    ]


@pytest.mark.parametrize("name", ["zstd", "lz4"])
def test_a_chunk_that_holds_more_than_it_claims_is_not_unpacked(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "a.mcap", 20)
    data = path.read_bytes()
    at = data.index(b"zstd")
    size, length = struct.unpack_from("<Q", data, at - 16)[0], struct.unpack_from("<Q", data, at + 4)[0]
    records = zstandard.ZstdDecompressor().decompress(data[at + 12 : at + 12 + length])
    packed = {"zstd": zstandard.compress, "lz4": lz4.frame.compress}[name](records + bytes(1 << 20))
    claimed = data[at - 32 : at - 16] + struct.pack("<QII", size, 0, len(name)) + name.encode()
    content = claimed + struct.pack("<Q", len(packed)) + packed
    path.write_bytes(data[: at - 40] + struct.pack("<Q", len(content)) + content + data[at + 12 + length :])
    recording = open_recording(path)
    with pytest.raises(RecordingError, match=f"holds more .*than the {size} bytes it claims"):
        list(recording.readings())


def test_a_file_cut_off_inside_the_store_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mcap")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"store.json") + 40])
    with pytest.raises(RecordingError, match="where the store should be"):
        open_recording(path)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_never_raises_anything_but_a_recording_error(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "a.mcap", 3)
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(0, 6))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
        assert outcome(path) <= 3


def outcome(path: Path) -> int:
    """Readings that came back; 0 when the file is refused."""
    try:
        return len(list(open_recording(path).readings()))
    except RecordingError:
        return 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.mcap", "a"), ("a.archive.gz", "a"), ("2020-04-22.1.archive", "2020-04-22.1"), ("plain", "plain")],
)
def test_names_of_recordings(name: str, expected: str) -> None:
    assert recording_name(Path("somewhere") / name) == expected


WRITE_A_STORE = """
import sys
from pathlib import Path
from aisle.sensing.mcap_file import RecordingWriter
from aisle.store.model import Product, Store
products = {k: Product(k, k, 1.0) for k in sorted({"b", "a", "c"})}
store = Store("corner", "EUR", "UTC", products, (), (), staff=frozenset(f"track {i}" for i in range(50)))
RecordingWriter(Path(sys.argv[1]), store).close()
"""


def test_the_same_store_gives_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    files = []
    for seed in ("1", "2"):
        files.append(tmp_path / f"{seed}.mcap")
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", WRITE_A_STORE, str(files[-1])], env=environment, timeout=60, check=True)
    assert files[0].read_bytes() == files[1].read_bytes()


# ------------------------------------------------------------ what is checked
NS = 1_000_000_000
T0 = 1_600_000_000 * NS
NAN = np.float32(np.nan)


def half_a_minute(plates: int = 2, hz: float = 60.0) -> list[PlateReading]:
    """Gondola 1, 5 batches a second: plate 1 steady, from plate 2 on 200 g leave after 15 s."""
    rng = np.random.default_rng(4)
    out = []
    for k in range(150):
        grams = rng.normal(1000.0, 1.0, (12, 1, plates)).astype(np.float32)
        grams[:, :, 1:] -= 200.0 * (k >= 75)
        out.append(PlateReading("plates-1", T0 + k * NS // 5, T0 + k * NS // 5, 1, hz, grams))
    return out


def frames() -> list[TrackReading]:
    seen = np.array([[0.1, -0.4, 1.6]], np.float32)
    return [
        TrackReading("tracker", t, t, ("a",), seen, np.ones(1, np.float32), np.zeros((1, 2, 3), np.float32), one)
        for t, one in ((T0 + k * NS // 10, np.ones((1, 2), np.float32)) for k in range(300))
    ]


def spoiled(value: float, every: int) -> list[PlateReading]:
    batches = half_a_minute()
    for batch in batches:
        batch.grams[::every, 0, 1] = value
    return batches


def day(path: Path, readings: list[Reading], store: Store = STORE) -> Path:
    with RecordingWriter(path, store) as writer:
        for reading in readings:
            writer.write(reading)
    return path


UNWEIGHED = replace(STORE, products={"4": replace(STORE.products["4"], weight_g=None)})
LACKS: dict[str, tuple[list[Reading], Store, list[tuple[str, str, bool]]]] = {
    "nothing": ([*half_a_minute(), *frames()], STORE, []),
    "no plates": ([*frames()], STORE, [("missing-collection", "plates", True)]),
    "no plates and none known": ([*frames()], replace(STORE, shelves=(), facings=()), []),
    "plates of another shop": (
        [*frames(), revised(half_a_minute()[0], gondola=8)],
        STORE,
        [("missing-collection", "plates", True)],
    ),
    "empty batches": (
        [*frames(), revised(half_a_minute()[0], grams=np.empty((0, 1, 2), np.float32))],
        STORE,
        [("missing-collection", "plates", True)],
    ),
    "no tracks": ([*half_a_minute()], STORE, [("missing-collection", "tracks", True)]),
    "no tracks, but pictures": ([*half_a_minute(), FrameReading("c", T0, T0, "c", b"jpeg")], STORE, []),
    "infinite": ([*spoiled(np.inf, 1), *frames()], STORE, [("invalid-sample", "gondola 1, shelf 1, plate 2", False)]),
    "absurd": ([*spoiled(-3e38, 2), *frames()], STORE, [("invalid-sample", "gondola 1, shelf 1, plate 2", False)]),
    "more plates than known": (
        [*half_a_minute(4), *frames()],
        STORE,
        [("unknown-plate", f"gondola 1, shelf 1, plate {p}", True) for p in (3, 4)],
    ),
    "no weight": ([*half_a_minute(), *frames()], UNWEIGHED, [("no-weight", "product 4", True)]),
    "no weight, no facing": ([*half_a_minute(), *frames()], replace(UNWEIGHED, facings=()), []),
}


@pytest.mark.parametrize("name", LACKS)
def test_what_a_recording_lacks_is_said(name: str, tmp_path: Path) -> None:
    readings, store, expected = LACKS[name]
    recording = open_recording(day(tmp_path / "a.mcap", readings, store))
    list(recording.readings())
    assert [(h.kind, h.where, h.grave) for h in recording.health] == expected


def test_reading_twice_says_it_once(tmp_path: Path) -> None:
    recording = open_recording(day(tmp_path / "a.mcap", [*spoiled(np.inf, 2)]))
    list(recording.readings())
    once = recording.health
    list(recording.readings())
    assert recording.health == once


def test_absurd_samples_count_as_missing_and_are_told_with_number_and_time(tmp_path: Path) -> None:
    recording = open_recording(day(tmp_path / "a.mcap", [*spoiled(3e38, 2), *frames()]))
    expected = [np.where(b.grams > 1e6, NAN, b.grams) for b in spoiled(3e38, 2)]
    back = [r.grams for r in recording.readings() if isinstance(r, PlateReading)]
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(back, expected, strict=True))
    (entry,) = recording.health
    assert (entry.message, entry.t0_ns, entry.t1_ns) == (
        "a.mcap: gondola 1, shelf 1, plate 2: 900 infinite or absurd samples count as missing",
        T0,
        T0 + 30 * NS,
    )


def test_a_batch_of_an_absurd_rate_is_left_out(tmp_path: Path) -> None:
    batches = half_a_minute()
    recording = open_recording(day(tmp_path / "a.mcap", [*batches, revised(batches[-1], hz=1e-300), *frames()]))
    assert len(list(recording.readings())) == 150 + 300
    (entry,) = recording.health
    assert (entry.kind, entry.grave) == ("corrupt", True)
    assert "1e-300 samples a second; wanted 1 to 10000" in entry.message


def test_a_file_without_a_reading_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        RecordingError, match=r"a\.mcap: not one reading in it; .* aisle\.PlateBatch, aisle\.Tracks and fox"
    ):
        list(open_recording(day(tmp_path / "a.mcap", [])).readings())


def test_a_file_without_a_byte_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mcap").touch()
    with pytest.raises(RecordingError, match="not an MCAP file"):
        open_recording(tmp_path / "a.mcap")


SHELF, FACING, TEA = STORE.shelves[0], STORE.facings[0], STORE.products["4"]
EYE = Camera("north", "", (64, 36), (40.0, 40.0), (31.5, 17.5), (0.0, 0.0, 2.5), (2.0, 0.0, 0.0))
UNSOUND = {
    "plate without width": (replace(STORE, shelves=(replace(SHELF, plate_edges_m=(0.0, 0.0)),)), "ascending borders"),
    "shelf without plates": (replace(STORE, shelves=(replace(SHELF, plate_edges_m=()),)), r"found \[\]; wanted two"),
    "shelf below the first": (replace(STORE, shelves=(replace(SHELF, shelf=0),)), "found 0; wanted a number from 1"),
    "shelf twice": (replace(STORE, shelves=(SHELF, SHELF)), "gondola 1, shelf 1: found 2 times"),
    "unknown product": (replace(STORE, facings=(replace(FACING, gtin="5"),)), r"facing 1 \(5\): gtin: found '5'"),
    "unknown gondola": (replace(STORE, facings=(replace(FACING, gondola=7),)), "found gondola 7, shelf 1; wanted a"),
    "unknown plate": (replace(STORE, facings=(replace(FACING, plates=(2, 3)),)), r"found \[2, 3\]; .* from 1 to 2"),
    "facing without plates": (replace(STORE, facings=(replace(FACING, plates=()),)), r"plates: found \[\]"),
    "camera twice": (replace(STORE, cameras=(EYE, EYE)), "camera north: found 2 times"),
    "camera of ten gigapixels": (
        replace(STORE, cameras=(replace(EYE, size_px=(100_000, 100_000)),)),
        "camera north: size_px: found 100000 x 100000; .* 64 megapixels",
    ),
    "camera without a lens": (replace(STORE, cameras=(replace(EYE, focal_px=(0.0, 1.0)),)), "focal_px: found"),
    "camera with half a lens": (replace(STORE, cameras=(replace(EYE, distortion=(0.1,)),)), "distortion: found 1 num"),
    "facing without width": (replace(STORE, facings=(replace(FACING, x1_m=0.0),)), "x1_m: found 0; wanted more"),
    "product under another name": (
        replace(STORE, products={"4": replace(TEA, gtin="6")}),
        "product 4: gtin: found '6'",
    ),
    "weight below nothing": (replace(STORE, products={"4": replace(TEA, weight_g=-2.0)}), "weight_g: found -2; wanted"),
}


@pytest.mark.parametrize("name", UNSOUND)
def test_an_unsound_store_is_refused(name: str, tmp_path: Path) -> None:
    store, expected = UNSOUND[name]
    with pytest.raises(RecordingError, match=r"a\.mcap: store\.json: .*" + expected):
        open_recording(day(tmp_path / "a.mcap", [*frames()], store))


MISSHAPEN: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no shelves": (lambda s: s.pop("shelves"), "shelves"),
    "a weight in words": (lambda s: s["products"]["4"].update(weight_g="heavy"), "weight_g"),
    "a border that is no number": (lambda s: s["shelves"][0].update(plate_edges_m=[0.0, None]), "plate_edges_m"),
}


@pytest.mark.parametrize("name", MISSHAPEN)
def test_a_misshapen_store_is_refused(name: str, tmp_path: Path) -> None:
    change, field = MISSHAPEN[name]
    store = json.loads(store_attachment(day(tmp_path / "good.mcap", [])))
    change(store)
    with (tmp_path / "a.mcap").open("wb") as file:
        writer = Writer(file)
        writer.start()
        writer.add_attachment(0, 0, "store.json", "application/json", json.dumps(store).encode())
        writer.finish()  # type: ignore[no-untyped-call]
    with pytest.raises(RecordingError, match=rf"an unreadable one \(.*{field}.*where the store should be"):
        open_recording(tmp_path / "a.mcap")


def store_attachment(path: Path) -> bytes:
    with path.open("rb") as file:
        return next(bytes(a.data) for a in make_reader(file).iter_attachments())

"""Recordings in MCAP: what was written comes back; cut off or damaged, what is left comes back."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from mcap.reader import make_reader

from aisle.sensing.faults import RecordingError
from aisle.sensing.mcap_file import RecordingWriter
from aisle.sensing.readings import PlateReading, Reading, TrackReading
from aisle.sensing.recordings import open_recording, recording_name
from aisle.store.model import Facing, Product, Shelf, Store

TIMES = st.integers(0, 2**62)
TEXT = st.text(max_size=8)
FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=False)

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
    )


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
@given(st.lists(plate_readings() | track_readings(), max_size=8))
def test_what_was_written_comes_back(readings: list[Reading]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "day.mcap"
        with RecordingWriter(path, STORE) as writer:
            for reading in readings:
                writer.write(reading)
        recording = open_recording(path)
        back = list(recording.readings())
    assert (recording.name, recording.store, recording.health) == ("day", STORE, ())
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
    assert [(h.kind, h.grave) for h in recording.health] == [("truncated", True)]


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

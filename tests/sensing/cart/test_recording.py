"""Trips in MCAP: what was written comes back in order; cut, flipped or strange, what can be believed comes back."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer

from aisle.sensing.cart.readings import (
    CartReading,
    CartTrip,
    LookReading,
    MotionReading,
    ScaleReading,
    ScanReading,
    TapReading,
)
from aisle.sensing.cart.recording import CartRecording, CartRecordingWriter
from aisle.sensing.faults import RecordingError
from aisle.sensing.mcap_pictures import picture_message
from aisle.sensing.readings import FrameReading

T = 1_780_000_000_000_000_000
MS = 1_000_000
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"
TRIP: tuple[CartReading, ...] = (
    TapReading(T, T + MS, "start"),
    ScaleReading(T + MS, T + 3 * MS, 0.25),
    MotionReading(T + 2 * MS, T + 4 * MS, True, 1.5),
    FrameReading("scan", T + 3 * MS, T + 40 * MS, "scan", JPEG),
    ScanReading(T + 41 * MS, T + 43 * MS, "]e0010400638133393117260101", "DataBarExpanded"),
    TapReading(T + 44 * MS, T + 45 * MS, "plu", "4011"),
    TapReading(T + 46 * MS, T + 47 * MS, "quantity", 3),
    TapReading(T + 48 * MS, T + 49 * MS, "own_bag", True),
    TapReading(T + 50 * MS, T + 51 * MS, "answer", {"prompt": "p1", "choice": "yes"}),
    LookReading(T + 52 * MS, T + 53 * MS, ("4011", "4006381333931"), (3.5, -1.0)),
    FrameReading("usb-2", T + 54 * MS, T + 90 * MS, "basket-1", JPEG),
    TapReading(T + 91 * MS, T + 92 * MS, "pay"),
)
TOPICS = {
    "/cart/screen", "/cart/scale", "/cart/motion", "/cart/camera/scan", "/cart/scanner", "/cart/look",
    "/cart/camera/basket-1",
}  # fmt: skip


def written(path: Path, readings: Iterable[CartReading] = TRIP) -> Path:
    with CartRecordingWriter(path, "cart-7", network=False) as writer:
        for reading in readings:
            writer.write(reading)
    return path


def by_library(
    path: Path,
    messages: Iterable[tuple[str, int, Any]],
    encoding: str = "json",
    compression: CompressionType = CompressionType.ZSTD,
) -> Path:
    """A recording as another program writes it: `messages` are topic, log time and content."""
    with path.open("wb") as out:
        writer = Writer(out, compression=compression)
        writer.start()
        writer.add_metadata("cart", {"cart_id": "c", "network": "present"})
        schema = writer.register_schema("any", "jsonschema", b"{}")
        channels: dict[str, int] = {}
        for topic, log_ns, content in messages:
            if topic not in channels:
                channels[topic] = writer.register_channel(topic, encoding, schema)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            writer.add_message(channels[topic], log_ns, data, log_ns)
        writer.finish()  # type: ignore[no-untyped-call]
    return path


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    trip = CartRecording(written(tmp_path / "trip-1.mcap"))
    assert isinstance(trip, CartTrip)
    assert (trip.name, trip.cart_id, trip.network) == ("trip-1", "cart-7", False)
    assert tuple(trip.readings()) == TRIP
    assert tuple(trip.readings()) == TRIP
    assert trip.health == ()


def test_equal_readings_give_equal_bytes(tmp_path: Path) -> None:
    assert written(tmp_path / "a.mcap").read_bytes() == written(tmp_path / "b.mcap").read_bytes()


def test_any_reader_of_mcap_understands_it(tmp_path: Path) -> None:
    with written(tmp_path / "trip.mcap").open("rb") as file:
        reader = make_reader(file)
        found = [(schema, channel, message) for schema, channel, message in reader.iter_messages()]
        (record,) = reader.iter_metadata()
        summary = reader.get_summary()
    assert (record.name, record.metadata) == ("cart", {"cart_id": "cart-7", "network": "absent"})
    assert {channel.topic for _, channel, _ in found} == TOPICS
    assert {(schema.encoding, channel.message_encoding) for schema, channel, _ in found if schema} == {
        ("jsonschema", "json")
    }
    assert {json.loads(schema.data)["title"] == schema.name for schema, _, _ in found if schema} == {True}
    picture = json.loads(found[3][2].data)
    assert set(picture) == {"timestamp", "frame_id", "data", "format"}
    assert picture["timestamp"] == {"sec": T // 10**9, "nsec": 3 * MS}
    assert summary is not None
    assert {index.compression for index in summary.chunk_indexes} == {"zstd"}


def times() -> st.SearchStrategy[int]:
    return st.integers(T, T + 10**9)


@st.composite
def cart_readings(draw: st.DrawFn) -> CartReading:
    at = (draw(times()), draw(times()))
    return draw(
        st.one_of(
            st.builds(ScaleReading, *map(st.just, at), st.floats(-1e5, 1e5)),
            st.builds(MotionReading, *map(st.just, at), st.booleans(), st.floats(0, 100)),
            st.builds(ScanReading, *map(st.just, at), st.text(min_size=1, max_size=9), st.just("EAN13")),
            st.builds(TapReading, *map(st.just, at), st.just("quantity"), st.integers(1, 99)),
            st.builds(
                FrameReading, st.just("d"), *map(st.just, at), st.just("scan"), st.binary(max_size=40).map(JPEG.__add__)
            ),
        )
    )


@given(readings=st.lists(cart_readings(), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_readings_come_in_order_of_receipt(readings: list[CartReading]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = list(CartRecording(written(Path(folder) / "t.mcap", readings)).readings())
    assert found == sorted(readings, key=lambda reading: reading.received_ns)


def test_a_weight_that_was_invalid_stays_so(tmp_path: Path) -> None:
    (reading,) = CartRecording(written(tmp_path / "t.mcap", [ScaleReading(T, T, math.nan)])).readings()
    assert isinstance(reading, ScaleReading)
    assert math.isnan(reading.grams)


SCALE = ("/cart/scale", T, {"t_ns": T, "grams": 5})
LENIENT: dict[str, tuple[tuple[str, int, Any], CartReading]] = {
    "whole grams": (SCALE, ScaleReading(T, T, 5.0)),
    "fields nobody knows": (("/cart/scale", T, {"t_ns": T, "grams": 1, "unit": "g"}), ScaleReading(T, T, 1.0)),
    "code typed as number": (
        ("/cart/screen", T, {"t_ns": T, "tap": "plu", "value": 4011}),
        TapReading(T, T, "plu", "4011"),
    ),
    "tap without value": (("/cart/screen", T, {"t_ns": T, "tap": "pay"}), TapReading(T, T, "pay")),
    "symbology otherwise written": (
        ("/cart/scanner", T, {"t_ns": T, "code": "1", "symbology": "EAN-13"}),
        ScanReading(T, T, "1", "EAN13"),
    ),
    "symbology nobody knows": (
        ("/cart/scanner", T, {"t_ns": T, "code": "1", "symbology": "Code128"}),
        ScanReading(T, T, "1", "typed"),
    ),
    "picture without time": (
        ("/cart/camera/side", T, {"data": "/9j/", "format": "JPG"}),
        FrameReading("side", T, T, "side", b"\xff\xd8\xff"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("message", "reading"), LENIENT.values(), ids=LENIENT.keys())
def test_what_others_write_otherwise(tmp_path: Path, message: tuple[str, int, Any], reading: CartReading) -> None:
    trip = CartRecording(by_library(tmp_path / "t.mcap", [message]))
    assert list(trip.readings()) == [reading]
    assert trip.health == ()


@pytest.mark.parametrize("compression", CompressionType)
def test_chunks_of_any_compression(tmp_path: Path, compression: CompressionType) -> None:
    assert list(CartRecording(by_library(tmp_path / "t.mcap", [SCALE], compression=compression)).readings()) == [
        ScaleReading(T, T, 5.0)
    ]


def test_pictures_in_protobuf(tmp_path: Path) -> None:
    frame = FrameReading("scan", T, T + MS, "scan", JPEG)
    path = by_library(tmp_path / "t.mcap", [("/cart/camera/scan", T + MS, picture_message(frame))], "protobuf")
    assert list(CartRecording(path).readings()) == [frame]


BAD: dict[str, tuple[str, Any, str]] = {
    "weight in words": ("/cart/scale", {"t_ns": T, "grams": "5"}, "not a message of this topic"),
    "weight not finite": ("/cart/scale", b'{"t_ns": %d, "grams": 1e999}' % T, "not a message of this topic"),
    "weight of tonnes": ("/cart/scale", {"t_ns": T, "grams": 2e6}, "an impossible weight"),
    "no JSON": ("/cart/scale", b"\xff{", "not a message of this topic"),
    "before everything": ("/cart/scale", {"t_ns": 0, "grams": 1}, "an absurd time"),
    "after everything": ("/cart/scale", {"t_ns": 2**62, "grams": 1}, "an absurd time"),
    "time in words": ("/cart/scale", {"t_ns": "now", "grams": 1}, "not a message of this topic"),
    "shaken to pieces": ("/cart/motion", {"t_ns": T, "moving": True, "accel_rms": -1}, "an impossible acceleration"),
    "moving a bit": ("/cart/motion", {"t_ns": T, "moving": 0.5, "accel_rms": 1}, "not a message of this topic"),
    "empty code": ("/cart/scanner", {"t_ns": T, "code": "", "symbology": "EAN13"}, "an impossible code"),
    "unknown tap": ("/cart/screen", {"t_ns": T, "tap": "dance", "value": None}, "an unknown tap"),
    "no pieces": (
        "/cart/screen",
        {"t_ns": T, "tap": "quantity", "value": 0},
        "an impossible value of the tap quantity",
    ),
    "true pieces": ("/cart/screen", {"t_ns": T, "tap": "quantity", "value": True}, "an impossible value of the tap"),
    "bag of words": ("/cart/screen", {"t_ns": T, "tap": "own_bag", "value": "yes"}, "an impossible value of the tap"),
    "look without numbers": ("/cart/look", {"t_ns": T, "gtins": ["1"], "nats": []}, "an impossible look"),
    "a PNG": ("/cart/camera/scan", {"data": "iVBORw0K", "format": "jpeg"}, "not a picture"),
    "called a PNG": ("/cart/camera/scan", {"data": "/9j/", "format": "png"}, "not a picture"),
    "no base64": ("/cart/camera/scan", {"data": "?", "format": "jpeg"}, "not a message of this topic"),
}


@pytest.mark.parametrize(("topic", "content", "what"), BAD.values(), ids=BAD.keys())
def test_a_bad_message_is_told_and_skipped(tmp_path: Path, topic: str, content: Any, what: str) -> None:
    messages = [SCALE, (topic, T + 1, content), (topic, T + 2, content), ("/cart/scale", T + 3, SCALE[2])]
    trip = CartRecording(by_library(tmp_path / "t.mcap", messages))
    assert len(list(trip.readings())) == 2
    (entry,) = trip.health
    assert (entry.kind, entry.where, entry.t0_ns, entry.t1_ns) == ("invalid-sample", topic, T + 1, T + 2)
    assert what in entry.message
    assert "2 such messages" in entry.message


def test_topics_nobody_knows_are_told_once(tmp_path: Path) -> None:
    trip = CartRecording(by_library(tmp_path / "t.mcap", [SCALE, ("/gps", T, {}), ("/gps", T, {}), ("/cart/x", T, {})]))
    assert len(list(trip.readings())) == 1
    assert [entry.where for entry in trip.health] == ["t.mcap, topic /gps", "t.mcap, topic /cart/x"]


def test_a_recording_without_name(tmp_path: Path) -> None:
    with (tmp_path / "t.mcap").open("wb") as out:
        writer = Writer(out)
        writer.start()
        channel = writer.register_channel("/cart/scale", "json", writer.register_schema("s", "jsonschema", b"{}"))
        writer.add_message(channel, T, json.dumps(SCALE[2]).encode(), T)
        writer.finish()  # type: ignore[no-untyped-call]
    trip = CartRecording(tmp_path / "t.mcap")
    assert (trip.cart_id, trip.network, [e.kind for e in trip.health]) == ("", True, ["missing-collection"])


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no file": (lambda path: None, "no such file"),
    "a folder": (lambda path: path.mkdir(), "found a folder"),
    "no MCAP": (lambda path: path.write_bytes(b"hello"), "at byte 0: not an MCAP file"),
    "no cart": (lambda path: by_library(path, [("/plates/1", T, {})]), "found /plates/1; a cart's recording has"),
    "nothing": (lambda path: written(path, []), "found no messages; a cart's recording has"),
}


@pytest.mark.parametrize(("make", "says"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_trip_is_refused(tmp_path: Path, make: Callable[[Path], object], says: str) -> None:
    make(tmp_path / "t.mcap")
    with pytest.raises(RecordingError, match=says):
        CartRecording(tmp_path / "t.mcap")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A trip of a few chunks."""
    pictures = [FrameReading("scan", T + n, T + n, "scan", JPEG + bytes(range(256)) * 450) for n in range(9)]
    scale = [ScaleReading(T + n, T + n, float(n)) for n in range(9)]
    return written(tmp_path_factory.mktemp("trip") / "t.mcap", [*TRIP[:1], *pictures, *scale, *TRIP[1:]]).read_bytes()


def test_a_kill_costs_two_seconds(tmp_path: Path) -> None:
    readings = [ScaleReading(T + n * 50 * MS, T + n * 50 * MS, float(n)) for n in range(200)]
    writer = CartRecordingWriter(tmp_path / "t.mcap", "c", network=True)
    for reading in readings:
        writer.write(reading)
    (tmp_path / "killed.mcap").write_bytes((tmp_path / "t.mcap").read_bytes())
    writer.close()
    kept = list(CartRecording(tmp_path / "killed.mcap").readings())
    assert kept == readings[: len(kept)]
    assert len(kept) >= 160


def test_a_cut_costs_the_last_chunk(recorded: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.mcap").write_bytes(recorded[: len(recorded) // 2])
    trip = CartRecording(tmp_path / "t.mcap")
    assert 0 < len(list(trip.readings())) < 30
    assert [(entry.kind, entry.grave) for entry in trip.health] == [("truncated", True)]


def read_or_refused(data: bytes) -> int:
    """How many readings come out of it; 0 when it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.mcap"
        path.write_bytes(data)
        try:
            trip = CartRecording(path)
            readings = list(trip.readings())
        except RecordingError:
            return 0
    received = [reading.received_ns for reading in readings]
    assert received == sorted(received)
    return len(readings)


@given(cut=st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_a_cut_anywhere_raises_nothing_else(recorded: bytes, cut: float) -> None:
    assert read_or_refused(recorded[: int(cut * len(recorded))]) <= 30


@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_flipped_bytes_raise_nothing_else(recorded: bytes, flips: list[tuple[float, int]]) -> None:
    data = bytearray(recorded)
    for at, change in flips:
        data[int(at * len(data))] ^= change
    assert read_or_refused(bytes(data)) <= 30


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["sec", "prompt", "choice"]), inner),
    max_leaves=4,
)  # fmt: skip
FIELDS = ("t_ns", "grams", "moving", "accel_rms", "code", "symbology", "tap", "value", "data", "timestamp", "format")


@given(
    topic=st.sampled_from(sorted(TOPICS)),
    content=st.dictionaries(st.sampled_from(FIELDS), VALUES | st.sampled_from([T, "plu", "quantity", "/9j/"])),
)
@settings(max_examples=80, deadline=None)
def test_any_message_raises_nothing_else(topic: str, content: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        trip = CartRecording(by_library(Path(folder) / "t.mcap", [(topic, T, content), SCALE]))
        readings = list(trip.readings())
        assert len(readings) + len(trip.health) == 2

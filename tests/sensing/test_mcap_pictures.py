"""Pictures in recordings: any viewer shows them, they come back whole, and damage costs only what it hit."""

from __future__ import annotations

import io
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer
from msgspec.structs import replace as revised

from aisle.sensing.faults import RecordingError
from aisle.sensing.mcap_chunks import ChunkedFile
from aisle.sensing.mcap_file import CHUNK_BYTES, RecordingWriter
from aisle.sensing.mcap_pictures import picture_message, picture_reading, picture_schema
from aisle.sensing.protobuf import delimited, fields, number
from aisle.sensing.readings import FrameReading, PlateReading, Reading
from aisle.sensing.recordings import open_recording
from aisle.store.model import Camera, Device, Store
from aisle.walkout.replay import Replay, ReplayOptions

NS = 1_000_000_000
T0 = 1_600_000_000 * NS
EMPTY = Store("corner", "EUR", "UTC", {}, (), ())


def jpeg(seed: int, size_px: tuple[int, int] = (64, 36)) -> bytes:
    picture = np.random.default_rng(seed).integers(0, 255, (size_px[1], size_px[0], 3), np.uint8)
    return cv2.imencode(".jpg", picture)[1].tobytes()


def picture(k: int, camera: str = "north", size_px: tuple[int, int] = (64, 36)) -> FrameReading:
    t_ns = T0 + k * NS // 10
    return FrameReading("nvr-1", t_ns, t_ns + 40_000_000, camera, jpeg(k, size_px))


def plates(k: int) -> PlateReading:
    return PlateReading("plates-1", T0 + k * NS // 5, T0 + k * NS // 5, 1, 60.0, np.zeros((12, 1, 2), np.float32))


def day(path: Path, readings: list[Any]) -> Path:
    with RecordingWriter(path, EMPTY) as writer:
        for reading in readings:
            writer.write(reading)
    return path


def test_any_viewer_shows_them(tmp_path: Path) -> None:
    with day(tmp_path / "a.mcap", [picture(0), picture(0, "south")]).open("rb") as file:
        found = [
            (s.name, s.encoding, c.topic, c.message_encoding, m.log_time, dict_of(m.data))
            for s, c, m in make_reader(file, validate_crcs=True).iter_messages()
            if s is not None
        ]
    stamp = number(1, T0 // NS) + number(2, 0)
    assert found == [
        (
            "foxglove.CompressedImage",
            "protobuf",
            f"/cameras/{camera}",
            "protobuf",
            T0 + 40_000_000,
            {1: stamp, 2: jpeg(0), 3: b"jpeg", 4: camera.encode()},
        )
        for camera in ("north", "south")
    ]


def dict_of(message: bytes) -> dict[int, int | bytes]:
    return {field: value for field, _, value in fields(message)}


def test_the_schema_describes_the_message_and_the_time_in_it() -> None:
    described: Any = [dict_of(content) for _, _, content in fields(picture_schema()) if isinstance(content, bytes)]
    assert [(d[1], d[2]) for d in described] == [
        (b"google/protobuf/timestamp.proto", b"google.protobuf"),
        (b"foxglove/CompressedImage.proto", b"foxglove"),
    ]
    assert described[1][3] == b"google/protobuf/timestamp.proto"


def library_file(messages: list[bytes]) -> bytes:
    stream = io.BytesIO()
    writer = Writer(stream, chunk_size=1000, compression=CompressionType.ZSTD)
    writer.start("aisle", "aisle")
    writer.add_attachment(0, 0, "store.json", "application/json", b"{}")
    channels = [writer.register_channel(f"/{n}", "json", writer.register_schema(n, "", b""), {"a": n}) for n in "pq"]
    for k, data in enumerate(messages):
        writer.add_message(channels[k % 2], log_time=500 - k, publish_time=k, data=data, sequence=k)
    writer.finish()  # type: ignore[no-untyped-call]
    return stream.getvalue()


def our_file(messages: list[bytes]) -> bytes:
    stream = io.BytesIO()
    writer = ChunkedFile(stream, 1000, "aisle", "aisle")
    writer.attach("store.json", "application/json", b"{}")
    channels = [writer.channel(f"/{n}", "json", writer.schema(n, "", b""), {"a": n}) for n in "pq"]
    for k, data in enumerate(messages):
        writer.message(channels[k % 2], (500 - k, k), data)
    writer.finish()
    return stream.getvalue()


FILES = {"nothing": [], "one message": [b"abc"], "many chunks": [b"x" * (k % 300) for k in range(100)]}


@pytest.mark.parametrize("name", FILES)
def test_what_compresses_is_written_as_the_library_writes_it(name: str) -> None:
    assert our_file(FILES[name]) == library_file(FILES[name])


def chunks(path: Path) -> list[tuple[str, int]]:
    with path.open("rb") as file:
        summary = make_reader(file).get_summary()
    assert summary is not None
    return [(c.compression, c.uncompressed_size) for c in summary.chunk_indexes]


def test_pictures_are_not_compressed_again_and_weights_still_are(tmp_path: Path) -> None:
    pictures: list[Reading] = [picture(k, size_px=(320, 180)) for k in range(4)]
    found = chunks(day(tmp_path / "a.mcap", [*pictures, *(plates(k) for k in range(4000))]))
    assert [c for c, _ in found] == ["", "zstd", "zstd", "zstd"]
    assert sum(size for _, size in found) > 700_000


def test_a_picture_larger_than_a_chunk_has_one_for_itself(tmp_path: Path) -> None:
    large = revised(picture(0), jpeg=bytes(3 * CHUNK_BYTES))
    path = day(tmp_path / "a.mcap", [large, large, picture(1)])
    assert [size > 3 * CHUNK_BYTES for _, size in chunks(path)] == [True, True, False]
    assert list(open_recording(path).readings()) == [large, large, picture(1)]


def test_a_recording_tells_no_passwords(tmp_path: Path) -> None:
    camera = Camera("a", "rtsp://me:geheim@10.0.0.5/x", (64, 36), (1.0, 1.0), (1.0, 1.0), (0.0,) * 3, (0.0,) * 3)
    scales = Device("scales-1", "plates", "mqtt://me:geheim@scales/rack-1", 1)
    path = tmp_path / "a.mcap"
    RecordingWriter(path, replace(EMPTY, cameras=(camera,), devices=(scales,))).close()
    assert b"geheim" not in path.read_bytes()
    assert [c.source for c in open_recording(path).store.cameras] == ["rtsp://10.0.0.5/…"]


def test_pictures_of_cameras_nobody_placed_are_not_looked_at(tmp_path: Path) -> None:
    recording = open_recording(day(tmp_path / "a.mcap", [picture(k) for k in range(30)]))
    outcome = Replay(recording, ReplayOptions()).run()
    assert outcome.receipts == ()
    assert any("30 pictures were not looked at" in h.message for h in outcome.health)


def test_a_flipped_byte_costs_one_chunk(tmp_path: Path) -> None:
    path = day(tmp_path / "a.mcap", [picture(k, size_px=(320, 180)) for k in range(8)])
    data = bytearray(path.read_bytes())
    data[data.index(jpeg(0, (320, 180))) + 1000] ^= 1
    path.write_bytes(bytes(data))
    recording = open_recording(path)
    assert list(recording.readings()) == [picture(k, size_px=(320, 180)) for k in range(4, 8)]
    assert [(h.kind, h.grave) for h in recording.health if h.where != "tracks"] == [("corrupt", True)]


def test_a_cut_costs_the_last_chunk(tmp_path: Path) -> None:
    path = day(tmp_path / "a.mcap", [picture(k, size_px=(320, 180)) for k in range(8)])
    data = path.read_bytes()
    path.write_bytes(data[: data.index(jpeg(7, (320, 180))) + 10])
    recording = open_recording(path)
    assert list(recording.readings()) == [picture(k, size_px=(320, 180)) for k in range(4)]
    assert [h.kind for h in recording.health if h.where != "tracks"] == ["truncated"]


FOREIGN = {
    "no time in it": (delimited(2, b"j") + delimited(3, b"jpeg"), "/cam", "", ("/cam", "/cam", 7)),
    "a frame id": (delimited(2, b"j") + delimited(3, b"JPG") + delimited(4, b"x"), "/cam", "", ("x", "x", 7)),
    "our topic": (delimited(2, b"j") + delimited(3, b"jpg"), "/cameras/x/y", "nvr", ("nvr", "x/y", 7)),
    "seconds only": (
        delimited(1, number(1, 2)) + delimited(2, b"j") + delimited(3, b"jpeg"),
        "/cam",
        "d",
        ("d", "/cam", 2 * NS),
    ),
    "unknown fields": (
        number(9, 1) + delimited(2, b"j") + delimited(3, b"jpeg") + delimited(8, b""),
        "/c",
        "d",
        ("d", "/c", 7),
    ),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_pictures_of_others_are_read(name: str) -> None:
    message, topic, device, expected = FOREIGN[name]
    reading = picture_reading(message, topic, device, (9, 7))
    assert (reading.device, reading.camera, reading.t_ns, reading.received_ns, reading.jpeg) == (*expected, 9, b"j")


NONE = {
    "another format": (delimited(2, b"p") + delimited(3, b"png"), "format 'png'; wanted jpeg"),
    "no format": (delimited(2, b"p"), "format ''"),
    "no picture": (delimited(3, b"jpeg"), "0 bytes"),
    "no time": (delimited(1, number(1, 1 << 63)) + delimited(2, b"p") + delimited(3, b"jpeg"), "a time that is one"),
    "broken off": (picture_message(picture(0))[:-1], "a field of 5 bytes"),
    "broken off in a number": (b"\x80", "breaks off"),
    "a wire type that is none": (b"\x0b", "unknown wire type 3"),
    "format in no text": (delimited(2, b"p") + delimited(3, b"\xff"), "utf-8"),
}


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_picture_is_told(name: str) -> None:
    message, expected = NONE[name]
    with pytest.raises(ValueError, match=expected):
        picture_reading(message, "/cameras/a", "", (1, 1))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.binary(max_size=8).map(lambda cut: picture_message(picture(0))[:60] + cut))
def test_no_message_raises_anything_but_a_value_error(message: bytes) -> None:
    try:
        reading = picture_reading(message, "/cameras/a", "", (1, 1))
    except ValueError:
        return
    assert reading.jpeg


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_never_raises_anything_but_a_recording_error(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = day(Path(folder) / "a.mcap", [picture(0), plates(1), picture(2, "south")])
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

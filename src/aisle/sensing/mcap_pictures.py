"""How a camera's pictures stand in MCAP files: as foxglove.CompressedImage, which every viewer shows.

The message holds when the picture was taken, the camera and the JPEG; MCAP's own log time is when it was received, and
the channel says on which device.  See docs/decisions/0116-pictures-in-recordings.md.
"""

from __future__ import annotations

from aisle.sensing.protobuf import delimited, fields, file_descriptor, number
from aisle.sensing.readings import FrameReading

PICTURE_SCHEMA = "foxglove.CompressedImage"
PICTURE_TOPIC = "/cameras/"
JPEG_FORMATS = ("jpeg", "jpg")
LATEST_NS = (1 << 63) - 1
_NS = 1_000_000_000
_TIME_SCHEMA, _TIME_FILE = "google.protobuf.Timestamp", "google/protobuf/timestamp.proto"
_INT64, _INT32, _STRING, _MESSAGE, _BYTES = 3, 5, 9, 11, 12
_TIME_FIELDS = (("seconds", 1, _INT64, ""), ("nanos", 2, _INT32, ""))
_PICTURE_FIELDS = (
    ("timestamp", 1, _MESSAGE, _TIME_SCHEMA),
    ("data", 2, _BYTES, ""),
    ("format", 3, _STRING, ""),
    ("frame_id", 4, _STRING, ""),
)


def picture_message(reading: FrameReading) -> bytes:
    """A picture as a foxglove.CompressedImage message; what it leaves out is in the channel and the log time."""
    seconds, nanos = divmod(reading.t_ns, _NS)
    return b"".join(
        (
            delimited(1, number(1, seconds) + number(2, nanos)),
            delimited(2, reading.jpeg),
            delimited(3, b"jpeg"),
            delimited(4, reading.camera.encode()),
        )
    )


def picture_reading(message: bytes, topic: str, device: str, times: tuple[int, int]) -> FrameReading:
    """The picture in a foxglove.CompressedImage message; ValueError when it is none, or none in JPEG.

    `times` are the log and publish time of MCAP's record: when it was received, and when it was taken if the message
    does not say.  The topic names the camera; the message's frame id does where the topic is not one of ours.
    `device` may be empty: then the camera is its own device.
    """
    received_ns, t_ns = times
    jpeg, form, frame_id = b"", "", ""
    for field, _, value in fields(message):
        if not isinstance(value, bytes):
            continue
        if field == 1:
            stamp = {inner: n for inner, _, n in fields(value) if isinstance(n, int)}
            t_ns = stamp.get(1, 0) * _NS + stamp.get(2, 0)
        elif field == 2:
            jpeg = value
        elif field == 3:
            form = value.decode()
        elif field == 4:
            frame_id = value.decode()
    if form.lower() not in JPEG_FORMATS:
        raise ValueError(f"a picture of the format {form[:20]!r}; wanted jpeg")
    if not jpeg or max(t_ns, received_ns) > LATEST_NS:
        raise ValueError(f"a picture of {len(jpeg)} bytes at {t_ns} ns; wanted a JPEG and a time that is one")
    camera = topic.removeprefix(PICTURE_TOPIC) if topic.startswith(PICTURE_TOPIC) else frame_id or topic
    return FrameReading(device or camera, t_ns, received_ns, camera, jpeg)


def picture_schema() -> bytes:
    """The FileDescriptorSet of foxglove.CompressedImage with the Timestamp it holds."""
    time = file_descriptor(_TIME_FILE, _TIME_SCHEMA, _TIME_FIELDS)
    picture = file_descriptor("foxglove/CompressedImage.proto", PICTURE_SCHEMA, _PICTURE_FIELDS, (_TIME_FILE,))
    return delimited(1, time) + delimited(1, picture)

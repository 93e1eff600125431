"""How each of a cart's readings stands in a recording: topic, JSON message and JSON Schema.

Reading is strict about meaning and lenient about form: a message that cannot be believed is a `MessageError` with words
for people, never a guess; a picture may come as foxglove.CompressedImage in JSON or in protobuf.
"""

from __future__ import annotations

import json
import math
from typing import Any

import msgspec

from aisle.sensing.cart.readings import (
    TAPS,
    CartReading,
    LookReading,
    MotionReading,
    ScaleReading,
    ScanReading,
    TapReading,
)
from aisle.sensing.mcap_pictures import JPEG_FORMATS, LATEST_NS, PICTURE_SCHEMA, picture_reading
from aisle.sensing.mcap_records import RawMessage
from aisle.sensing.readings import HEAVIEST_G, FrameReading
from aisle.store.barcodes.symbology import Symbology

PREFIX = "/cart/"
CAMERAS = "/cart/camera/"
SCALE, MOTION, SCANNER, SCREEN, LOOK = "/cart/scale", "/cart/motion", "/cart/scanner", "/cart/screen", "/cart/look"
NS = 1_000_000_000
LONGEST_DELAY_NS = 3_600 * NS  # on the cart's one clock no message travels for an hour
HARDEST_SHAKE = 1_000.0  # m/s², a hundred times gravity: a fault of the sensor
LONGEST_CODE = 512
MOST_PIECES = 200
JPEG_START = b"\xff\xd8"
_SYMBOLOGIES = {name.value.lower(): name.value for name in Symbology} | {"qr": "QRCode", "upc": "UPCA"}
_NO_VALUE = frozenset({"start", "remove", "pay", "help"})
_ON_OFF = frozenset({"own_bag", "personal_item", "large_text"})


class MessageError(ValueError):
    """A message that cannot be used: `what` is wrong in general, and what was found and would be right in this one."""

    def __init__(self, what: str, found: str) -> None:
        super().__init__(f"{what}: {found}")
        self.what = what
        self.found = found


class _Scale(msgspec.Struct):
    t_ns: int
    grams: float | None


class _Motion(msgspec.Struct):
    t_ns: int
    moving: bool
    accel_rms: float


class _Scan(msgspec.Struct):
    t_ns: int
    code: str
    symbology: str = ""


class _Tap(msgspec.Struct):
    t_ns: int
    tap: str
    value: Any = None


class _Look(msgspec.Struct):
    t_ns: int
    gtins: tuple[str, ...]
    nats: tuple[float, ...]


class _Stamp(msgspec.Struct):
    sec: int
    nsec: int = 0


class _Picture(msgspec.Struct, kw_only=True):
    timestamp: _Stamp | None = None
    frame_id: str = ""
    data: bytes
    format: str = "jpeg"


_SHAPES: dict[str, type[msgspec.Struct]] = {
    SCALE: _Scale,
    MOTION: _Motion,
    SCANNER: _Scan,
    SCREEN: _Tap,
    LOOK: _Look,
}
_DECODERS = {topic: msgspec.json.Decoder(shape) for topic, shape in _SHAPES.items()}
_PICTURE = msgspec.json.Decoder(_Picture)
_TIME = {"type": "integer", "description": "when it happened, nanoseconds since 1970"}
_SCHEMAS: dict[str, tuple[str, dict[str, Any]]] = {
    SCALE: ("aisle.CartScale", {"t_ns": _TIME, "grams": {"type": ["number", "null"], "description": "null: invalid"}}),
    MOTION: (
        "aisle.CartMotion",
        {"t_ns": _TIME, "moving": {"type": "boolean"}, "accel_rms": {"type": "number", "description": "m/s²"}},
    ),
    SCANNER: ("aisle.CartScan", {"t_ns": _TIME, "code": {"type": "string"}, "symbology": {"type": "string"}}),
    SCREEN: ("aisle.CartTap", {"t_ns": _TIME, "tap": {"type": "string"}, "value": {}}),
    LOOK: (
        "aisle.CartLook",
        {
            "t_ns": _TIME,
            "gtins": {"type": "array", "items": {"type": "string"}},
            "nats": {"type": "array", "items": {"type": "number"}, "description": "against a product nobody enrolled"},
        },
    ),
}
_PICTURE_FIELDS: dict[str, Any] = {
    "timestamp": {"type": "object", "properties": {"sec": {"type": "integer"}, "nsec": {"type": "integer"}}},
    "frame_id": {"type": "string"},
    "data": {"type": "string", "contentEncoding": "base64"},
    "format": {"type": "string"},
}


def is_cart_topic(topic: str) -> bool:
    """Whether messages of this topic are read."""
    return topic in _SHAPES or (topic.startswith(CAMERAS) and len(topic) > len(CAMERAS))


def topic_of(reading: CartReading) -> str:
    """The topic a reading is recorded under."""
    match reading:
        case ScaleReading():
            return SCALE
        case MotionReading():
            return MOTION
        case ScanReading():
            return SCANNER
        case TapReading():
            return SCREEN
        case LookReading():
            return LOOK
        case _:
            return CAMERAS + reading.camera


def message_of(reading: CartReading) -> bytes:
    """The reading as a JSON message; a weight that is NaN stands as null."""
    shape: msgspec.Struct
    match reading:
        case ScaleReading(t_ns, _, grams):
            shape = _Scale(t_ns, grams)
        case MotionReading(t_ns, _, moving, accel_rms):
            shape = _Motion(t_ns, moving, accel_rms)
        case ScanReading(t_ns, _, code, symbology):
            shape = _Scan(t_ns, code, symbology)
        case TapReading(t_ns, _, tap, value):
            shape = _Tap(t_ns, tap, value)
        case LookReading(t_ns, _, gtins, nats):
            shape = _Look(t_ns, gtins, nats)
        case _:
            stamp = _Stamp(*divmod(reading.t_ns, NS))
            shape = _Picture(timestamp=stamp, frame_id=reading.camera, data=reading.jpeg)
    return msgspec.json.encode(shape)


def schema_of(topic: str) -> tuple[str, bytes]:
    """Name and JSON Schema of a topic's messages."""
    name, properties = _SCHEMAS.get(topic, (PICTURE_SCHEMA, _PICTURE_FIELDS))
    schema = {"title": name, "type": "object", "properties": properties}
    return name, json.dumps(schema, ensure_ascii=False, indent=1).encode()


def reading_of(message: RawMessage) -> CartReading:
    """The reading in a message of a cart's topic; raises MessageError when it cannot be believed."""
    topic = message.channel.topic
    received_ns = message.times[0]
    if topic.startswith(CAMERAS):
        reading: CartReading = _frame(message)
    else:
        try:
            shape = _DECODERS[topic].decode(message.data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise MessageError("not a message of this topic", str(error)) from None
        reading = believed(_made(shape, received_ns))
    first_ns, last_ns = sorted((reading.t_ns, received_ns))
    if first_ns < 0 or last_ns > LATEST_NS or last_ns - first_ns > LONGEST_DELAY_NS:
        raise MessageError(
            "an absurd time", f"{reading.t_ns} ns, received at {received_ns} ns; wanted less than an hour between them"
        )
    return reading


def believed(reading: CartReading) -> CartReading:
    """The reading, if a device can have said this; raises MessageError for what none can."""
    match reading:
        case ScaleReading(_, _, grams) if math.isinf(grams) or abs(grams) > HEAVIEST_G:
            raise MessageError("an impossible weight", f"{grams:g} g; wanted a number within ±{HEAVIEST_G:g} g")
        case MotionReading(_, _, _, shake) if not 0 <= shake <= HARDEST_SHAKE:
            raise MessageError("an impossible acceleration", f"{shake:g}; wanted 0 to {HARDEST_SHAKE:g} m/s²")
        case ScanReading(_, _, code) if not 0 < len(code) <= LONGEST_CODE:
            raise MessageError("an impossible code", f"{len(code)} characters; wanted 1 to {LONGEST_CODE}")
        case LookReading(_, _, gtins, nats) if len(gtins) != len(nats) or not all(map(math.isfinite, nats)):
            found = f"{len(gtins)} gtins, {len(nats)} nats"
            raise MessageError("an impossible look", f"{found}; wanted a finite number for each")
    return reading


def _made(shape: msgspec.Struct, received_ns: int) -> CartReading:
    match shape:
        case _Scale(t_ns, grams):
            return ScaleReading(t_ns, received_ns, math.nan if grams is None else grams)
        case _Motion(t_ns, moving, accel_rms):
            return MotionReading(t_ns, received_ns, moving, accel_rms)
        case _Scan(t_ns, code, symbology):
            return ScanReading(t_ns, received_ns, code, symbology_named(symbology))
        case _Look(t_ns, gtins, nats):
            return LookReading(t_ns, received_ns, gtins, nats)
        case _Tap(t_ns, tap, value):
            return TapReading(t_ns, received_ns, tap, _tapped(tap, value))
    raise AssertionError(shape)


def symbology_named(name: str) -> str:
    """One of `Symbology`'s names for what a scanner calls it ("EAN-13"); TYPED, read by its digits, for any other."""
    plain = "".join(c for c in name.lower() if c.isalnum())
    return _SYMBOLOGIES.get(plain, Symbology.TYPED.value)


def _tapped(tap: str, value: object) -> object:
    """The value of a tap in its one form; raises MessageError for a tap that is none or a value it cannot have."""
    if tap not in TAPS:
        raise MessageError("an unknown tap", f"{tap[:40]!r}; wanted one of {', '.join(sorted(TAPS))}")
    if tap in _NO_VALUE:
        return None
    plain_number = isinstance(value, int) and not isinstance(value, bool)
    if tap == "plu" and (plain_number or isinstance(value, str)) and 0 < len(str(value)) <= LONGEST_CODE:
        return str(value)
    if tap == "quantity" and plain_number and 1 <= value <= MOST_PIECES:  # type: ignore[operator]
        return value
    if tap in _ON_OFF and isinstance(value, bool):
        return value
    if tap in ("container", "language") and isinstance(value, str) and value:
        return value
    if tap == "answer" and isinstance(value, dict) and {"prompt", "choice"} <= value.keys():
        return value
    raise MessageError(f"an impossible value of the tap {tap}", json.dumps(value)[:60])


def _frame(message: RawMessage) -> FrameReading:
    channel, times = message.channel, message.times
    camera = channel.topic.removeprefix(CAMERAS)
    device = channel.device or camera
    if channel.encoding == "protobuf":
        try:
            read = picture_reading(message.data, channel.topic, device, times)
        except ValueError as error:
            raise MessageError("not a picture", str(error)) from None
        t_ns, jpeg = read.t_ns, read.jpeg
    else:
        try:
            picture = _PICTURE.decode(message.data)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise MessageError("not a message of this topic", str(error)) from None
        if picture.format.lower() not in JPEG_FORMATS:
            raise MessageError("not a picture", f"format {picture.format[:20]!r}; wanted jpeg")
        stamp, jpeg = picture.timestamp, picture.data
        t_ns = times[1] if stamp is None else stamp.sec * NS + stamp.nsec
    if not jpeg.startswith(JPEG_START):
        raise MessageError("not a picture", f"{len(jpeg)} bytes that do not begin as a JPEG does")
    return FrameReading(device, t_ns, times[0], camera, jpeg)

"""Lines of scales, motion sensors and scanners, and keys as scanners press them."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.sensing.cart.device_lines import identified, motion_line, scale_line, scanner_line
from aisle.sensing.cart.key_events import EVENT, KeyReader
from aisle.sensing.cart.messages import MessageError
from aisle.sensing.cart.readings import MotionReading, ScaleReading, ScanReading
from aisle.store.barcodes.symbology import Symbology

T = 1_780_000_000_000_000_000

WEIGHTS = {
    "plain number": ("1234.5", 1234.5),
    "grams": ("1234.5 g", 1234.5),
    "kilograms": ("1.234kg", 1234.0),
    "CAS, stable": ("ST,GS,+  1.234kg", 1234.0),
    "CAS, moving": ("US,NT,-  0.5kg", -500.0),
    "A&D": ("ST,+00123.45  g", 123.45),
    "Mettler SICS": ("S S      100.00 g", 100.0),
    "Mettler SICS, moving": ("S D       99.9 g", 99.9),
    "Sartorius": ("N     +   123.45 g", 123.45),
    "Dini Argeo": ("ST,GS,    1.234,kg", 1234.0),
    "without a gap": ("wn01.250kg", 1250.0),
    "unstable mark": ("  123.4 g ?".strip(), 123.4),
    "pounds": ("2.5 lb", 2.5 * 453.59237),
    "ounces": ("8 oz", 8 * 453.59237 / 16),
    "below nothing": ("- 12 g", -12.0),
    "JSON": ('{"grams": 12.5}', 12.5),
}


@pytest.mark.parametrize(("line", "grams"), WEIGHTS.values(), ids=WEIGHTS.keys())
def test_weights(line: str, grams: float) -> None:
    reading = scale_line(line, T)
    assert isinstance(reading, ScaleReading)
    assert reading.grams == pytest.approx(grams)
    assert (reading.t_ns, reading.received_ns) == (T, T)


def test_a_tare_is_no_weight() -> None:
    assert scale_line("ST,TR,+ 0.100kg", T) is None


@pytest.mark.parametrize("line", ["UL,-9999999E+19", "S -", "-------", "LLLLL"])
def test_below_its_range_is_no_weight(line: str) -> None:
    reading = scale_line(line, T)
    assert isinstance(reading, ScaleReading)
    assert math.isnan(reading.grams)


@pytest.mark.parametrize("line", ["OL,+9999999E+19", "OL,GS,+ 0.000kg", "S +", "+++++", "HHHHHH", "Overload"])
def test_above_its_range_is_told(line: str) -> None:
    with pytest.raises(MessageError, match="overloaded"):
        scale_line(line, T)


@pytest.mark.parametrize(
    "line", ["hello", "1,234 kg", "1.2.3", "{", '{"grams": "5"}', '{"grams": 1e9}', "[1]", "kg", "9" * 400]
)
def test_what_is_no_weight(line: str) -> None:
    with pytest.raises(MessageError):
        scale_line(line, T)


@pytest.mark.parametrize("line", ["1 0.35", "true, 0.35", "TRUE;0.35", '{"moving": true, "accel_rms": 0.35}'])
def test_motion(line: str) -> None:
    assert motion_line(line, T) == MotionReading(T, T, True, 0.35)


@pytest.mark.parametrize("line", ["fast", "2 0.3", '{"moving": 1, "accel_rms": 0.35}', '{"moving": true}'])
def test_what_is_no_motion(line: str) -> None:
    with pytest.raises(MessageError):
        motion_line(line, T)


CODES = {
    "thirteen": ("4006381333931", "4006381333931", Symbology.EAN13),
    "twelve": ("036000291452", "036000291452", Symbology.UPCA),
    "eight, EAN": ("40123455", "40123455", Symbology.EAN8),
    "eight, UPC-E": ("04252614", "04252614", Symbology.UPCE),
    "eight, wrong both ways": ("12345678", "12345678", Symbology.TYPED),
    "marked EAN-13": ("]E04006381333931", "4006381333931", Symbology.EAN13),
    "marked EAN-8": ("]E440123455", "40123455", Symbology.EAN8),
    "marked DataBar": ("]e00104006381333931", "]e00104006381333931", Symbology.DATABAR_EXPANDED),
    "marked GS1-128": ("]C10104006381333931", "]C10104006381333931", Symbology.DATABAR_EXPANDED),
    "unmarked elements": ("01040063813339313103001234", "01040063813339313103001234", Symbology.DATABAR_EXPANDED),
    "marked QR": ("]Q1https://id.gs1.org/01/04006381333931", "https://id.gs1.org/01/04006381333931", Symbology.QR),
    "an address": ("https://id.gs1.org/01/04006381333931", "https://id.gs1.org/01/04006381333931", Symbology.QR),
    "look-up code": ("4011", "4011", Symbology.TYPED),
    "another mark": ("]C0ABC-1", "ABC-1", Symbology.TYPED),
}


@pytest.mark.parametrize(("line", "code", "symbology"), CODES.values(), ids=CODES.keys())
def test_codes(line: str, code: str, symbology: Symbology) -> None:
    assert identified(line) == (code, symbology)
    assert scanner_line(line, T) == ScanReading(T, T, code, symbology.value)


@given(line=st.text(min_size=1, max_size=60) | st.from_regex(r"[A-Z]{0,30}[ ,]*[+-]?[0-9.]{0,9}k?g?", fullmatch=True))
@settings(max_examples=200, deadline=None)
def test_any_line_is_read_or_refused(line: str) -> None:
    for read in (scale_line, motion_line, scanner_line):
        try:
            read(line, T)
        except MessageError as error:
            assert error.what


def pressed(*keys: int) -> bytes:
    """Each key pressed and let go, with the synchronisation in between that the kernel sends."""
    return b"".join(
        EVENT.pack(0, 0, *event) for key in keys for event in ((4, 4, 30), (1, key, 1), (0, 0, 0), (1, key, 0))
    )


def held(modifier: int, *keys: int) -> bytes:
    return EVENT.pack(0, 0, 1, modifier, 1) + pressed(*keys) + EVENT.pack(0, 0, 1, modifier, 0)


KEYS = {
    "digits": (pressed(5, 11, 2, 2, 28), b"4011\n"),
    "the keypad's": (pressed(75, 82, 79, 79, 96), b"4011\n"),
    "small and capital letters": (pressed(30) + held(42, 30, 3), b"aA@"),
    "the other shift": (held(54, 18), b"E"),
    "FNC1": (pressed(2) + held(29, 27) + pressed(2), b"1\x1d1"),
    "an address": (pressed(35, 20, 20, 25, 31) + held(42, 39) + pressed(53, 53), b"https://"),
    "keys without a sign": (pressed(1, 58, 59, 103), b""),
}


@pytest.mark.parametrize(("events", "text"), KEYS.values(), ids=KEYS.keys())
def test_keys(events: bytes, text: bytes) -> None:
    assert KeyReader().text(events) == text


@given(cuts=st.lists(st.integers(0, len(pressed(5, 11, 2, 2, 28))), max_size=5))
@settings(deadline=None)
def test_events_may_come_in_pieces(cuts: list[int]) -> None:
    events, reader = pressed(5, 11, 2, 2, 28), KeyReader()
    edges = [0, *sorted(cuts), len(events)]
    assert b"".join(reader.text(events[a:b]) for a, b in pairwise(edges)) == b"4011\n"

"""Element strings and Digital Links give the same fields, whatever marks stand between them."""

from __future__ import annotations

from datetime import date

import pytest

from aisle.store.barcodes.gs1 import read_address, read_date, read_elements

TODAY = date(2026, 11, 27)
STRINGS = {
    "fixed lengths only": (
        "0190012345678908310301223315991231",
        {"01": "90012345678908", "3103": "012233", "15": "991231"},
    ),
    "symbology prefix": ("]e001900123456789083103000500", {"01": "90012345678908", "3103": "000500"}),
    "open length ends at FNC1": (
        "010400638133393110AB12\x1d17261231",
        {"01": "04006381333931", "10": "AB12", "17": "261231"},
    ),
    "FNC1 in front": ("\x1d0104006381333931", {"01": "04006381333931"}),
    "brackets as printed": ("(01)04006381333931(10)AB12", {"01": "04006381333931", "10": "AB12"}),
    "open length at the end": ("01040063813339313922199", {"01": "04006381333931", "3922": "199"}),
}
BROKEN = {
    "check digit": ("0104006381333932", "AI 01 has a wrong check digit"),
    "weight too short": ("01040063813339313103001", "AI 3103 needs 6 digits"),
    "letters in a price": ("01040063813339313922AB", "AI 3922 needs 1 to 15 digits"),
    "no AI": ("0104006381333931XY", "begins with no application identifier"),
    "two GTINs": ("01040063813339310190012345678908", "AI 01 stands there twice"),
}
ADDRESSES = {
    "path and query": (
        "https://id.gs1.org/01/09506000134352/10/ABC?17=261231",
        {"01": "09506000134352", "10": "ABC", "17": "261231"},
    ),
    "a shop's own address": ("https://shop.example/de/01/4006381333931", {"01": "04006381333931"}),
    "weight in the query": (
        "https://id.gs1.org/01/90012345678908?3103=000500",
        {"01": "90012345678908", "3103": "000500"},
    ),
    "upper case": ("HTTPS://ID.GS1.ORG/01/04006381333931", {"01": "04006381333931"}),
    "word for GTIN": ("https://id.gs1.org/gtin/04006381333931", {"01": "04006381333931"}),
    "other queries are no fields": ("https://x.example/01/04006381333931?utm=7&lang=de", {"01": "04006381333931"}),
    "no product": ("http://www.example.com/01", {}),
    "malformed": ("http://[::1/01/04006381333931", {}),
}
DATES = {
    "this century": ("261231", date(2026, 12, 31)),
    "day 00 is the last": ("280200", date(2028, 2, 29)),
    "fifty years on": ("760101", date(2076, 1, 1)),
    "forty-nine years ago": ("770101", date(1977, 1, 1)),
    "no such month": ("261331", None),
    "no such day": ("260230", None),
    "letters": ("26123x", None),
}


@pytest.mark.parametrize(("text", "fields"), STRINGS.values(), ids=STRINGS.keys())
def test_fields_of_an_element_string(text: str, fields: dict[str, str]) -> None:
    assert read_elements(text).fields == fields


@pytest.mark.parametrize(("text", "fault"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_field_is_told(text: str, fault: str) -> None:
    assert fault in "; ".join(read_elements(text).faults)


@pytest.mark.parametrize(("text", "fields"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_fields_of_a_digital_link(text: str, fields: dict[str, str]) -> None:
    assert read_address(text).fields == fields


@pytest.mark.parametrize(("text", "day"), DATES.values(), ids=DATES.keys())
def test_six_digit_date(text: str, day: date | None) -> None:
    assert read_date(text, TODAY) == day

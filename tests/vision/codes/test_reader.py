"""Codes printed by a writer are read as they are, dull, soft, tilted or inverted; anything else gives nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.store.barcodes.symbology import Symbology
from aisle.vision.codes.reader import ZxingReader
from aisle.vision.codes.seen import Image
from aisle.vision.codes.tries import TRIES, as_it_is
from vision.codes.printed_codes import FORMATS, dull, printed, soft, tilted

CODE = "4006381333931"
READER = ZxingReader()
SEEN = {
    "EAN-13": (printed(CODE), CODE, Symbology.EAN13),
    "UPC-A as thirteen digits": (printed("036000291452", FORMATS.UPCA), "0036000291452", Symbology.UPCA),
    "UPC-E unfolded": (printed("04963406", FORMATS.UPCE), "0049000006346", Symbology.UPCE),
    "EAN-8": (printed("96385074", FORMATS.EAN8), "96385074", Symbology.EAN8),
    "QR": (
        printed("https://id.gs1.org/01/04006381333931", FORMATS.QRCode),
        "https://id.gs1.org/01/04006381333931",
        Symbology.QR,
    ),
    "dull": (dull(printed(CODE)), CODE, Symbology.EAN13),
    "soft": (soft(printed(CODE)), CODE, Symbology.EAN13),
    "tilted": (tilted(printed(CODE, height=200), 12.0), CODE, Symbology.EAN13),
    "upside down": (printed(CODE)[::-1, ::-1].copy(), CODE, Symbology.EAN13),
    "on its side": (printed(CODE).T.copy(), CODE, Symbology.EAN13),
    "in colour": (np.repeat(printed(CODE)[..., None], 3, axis=2), CODE, Symbology.EAN13),
}
NO_PICTURES = {
    "empty": np.zeros((0, 0), dtype=np.uint8),
    "one line": np.zeros((1, 100), dtype=np.uint8),
    "floats": np.zeros((100, 100)),
    "four channels": np.zeros((100, 100, 4), dtype=np.uint8),
    "one colour": np.full((60, 80), 128, dtype=np.uint8),
}


@pytest.mark.parametrize(("picture", "text", "symbology"), SEEN.values(), ids=SEEN.keys())
def test_code_is_read_and_sure(picture: Image, text: str, symbology: Symbology) -> None:
    assert [(r.text, r.symbology, r.sure) for r in READER.read(picture)] == [(text, symbology, True)]


@pytest.mark.parametrize("picture", NO_PICTURES.values(), ids=NO_PICTURES.keys())
def test_no_picture_holds_no_code(picture: Image) -> None:
    assert READER.read(picture) == ()


def test_corners_lie_on_the_code() -> None:
    picture = printed(CODE, scale=3)
    dark = np.nonzero((picture < 128).any(axis=0))[0]
    quad = np.array(READER.read(picture)[0].quad_px)
    assert np.abs([quad[:, 0].min() - dark[0], quad[:, 0].max() - dark[-1]]).max() < 6


def test_little_work_takes_later_tries_in_turns() -> None:
    picture = np.full((60, 80), 128, dtype=np.uint8)
    seen: list[str] = []
    spies = [type(t)(t.name, t.kind, lambda g, n=t.name: seen.append(n) or as_it_is(g)) for t in TRIES[:4]]  # type: ignore[func-returns-value]
    reader = ZxingReader(most_megapixels=2.5 * 60 * 80 / 1e6, tries=spies)
    for turn in range(3):
        reader.read(picture, turn)
    assert seen == [n for k in (1, 2, 3) for n in (TRIES[0].name, TRIES[k].name, TRIES[k % 3 + 1].name)]


@settings(max_examples=15, deadline=None)
@given(st.integers(8, 40), st.integers(8, 60), st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 8]))
def test_noise_is_no_code(height: int, width: int, seed: int, grain: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    coarse = np.repeat(np.repeat(noise, grain, axis=0), grain, axis=1)[:200, :200]
    assert not any(read.sure for read in ZxingReader(most_megapixels=0.1).read(coarse))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=40, max_size=60))
def test_random_bars_are_no_product(widths: list[int]) -> None:
    row = np.concatenate([np.full(2 * w, 255 * (k % 2), dtype=np.uint8) for k, w in enumerate(widths)])
    picture = np.pad(np.repeat(row[None], 30, axis=0), 30, constant_values=255)
    assert not any(read.sure for read in ZxingReader(most_megapixels=0.1).read(picture))

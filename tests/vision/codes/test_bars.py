"""Bars bear out the digits they were printed from and no others, also where soft or dull."""

from __future__ import annotations

import numpy as np
import pytest

from aisle.vision.codes.bars import fit_bars, modules_of
from aisle.vision.codes.seen import Image, Points
from vision.codes.printed_codes import FORMATS, dull, printed, soft

CODE = "4006381333931"
WRONG = {
    "two digits exchanged": "4006381339331",
    "another half": "4006381012341",
    "another first digit": "5006381333938",
}
PICTURES = {"clean": printed(CODE), "soft": soft(printed(CODE)), "dull": dull(printed(CODE))}


def corners(picture: Image) -> Points:
    """Where the bars are in a clean picture of the same size."""
    clean = printed(CODE)
    columns = np.nonzero((clean < 128).any(axis=0))[0]
    rows = np.nonzero((clean < 128).any(axis=1))[0]
    left, right, top, bottom = columns[0], columns[-1] + 1, rows[0], rows[-1]
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES.keys())
def test_bars_bear_out_what_was_printed(picture: Image) -> None:
    fit = fit_bars(picture, corners(picture), CODE)
    assert fit is not None and fit.led == 1.0 and fit.likeness > 0.85


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_bars_contradict_other_digits(text: str) -> None:
    fit = fit_bars(printed(CODE), corners(printed(CODE)), text)
    assert fit is not None and fit.led < 1.0 and fit.worst < -0.1


def test_code_with_bars_beside_it_is_not_quiet() -> None:
    whole = fit_bars(printed(CODE), corners(printed(CODE)), CODE)
    quad = corners(printed(CODE))
    half = quad + (quad[[1, 1, 2, 2]] - quad) * np.array([[0.0], [0.5], [0.5], [0.0]]) * -1
    half[1], half[2] = (quad[0] + quad[1]) / 2, (quad[3] + quad[2]) / 2
    piece = fit_bars(printed(CODE), half, "96385074")
    assert whole is not None and piece is not None and whole.quiet < 0.3 < piece.quiet


def test_every_kind_of_code_has_as_many_modules_as_printed() -> None:
    laid = [modules_of(CODE), modules_of("96385074"), modules_of("0049000006346", "04963406"), modules_of("123")]
    assert [len(one[0]) if one else 0 for one in laid] == [95, 67, 51, 0]


def test_upc_e_is_borne_out_by_its_printed_digits() -> None:
    picture = printed("04963406", FORMATS.UPCE)
    columns = np.nonzero((picture < 128).any(axis=0))[0]
    left, right = columns[0], columns[-1] + 1
    quad = np.array([[left, 50], [right, 50], [right, 140], [left, 140]], dtype=np.float64)
    fit = fit_bars(picture, quad, "0049000006346", "04963406")
    assert fit is not None and fit.led == 1.0


def test_places_off_the_picture_are_no_error() -> None:
    quad = np.array([[-500, -500], [900, -500], [900, 900], [-500, 900]], dtype=np.float64)
    fit = fit_bars(np.zeros((50, 50), dtype=np.uint8), quad, CODE)
    assert fit is None or fit.led < 1.0

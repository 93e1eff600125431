"""The cart's suite: what counts as read and as wrong on photographs, and what happens without them."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from aisle.bench.barcodes import Outcome, Photograph, code_rows, judge_codes, photographs
from aisle.bench.cart import CartLoad, judge_cart
from aisle.bench.truth import BenchError
from vision.codes.printed_codes import printed

CODE, OTHER = "4006381333931", "5000213101025"


def shot(text: str | None, folder: str = "ean13-1", group: str = "EAN and UPC") -> Photograph:
    return Photograph(group, folder, Path(folder, "1.png"), text)


COUNTS = {
    "right": (shot(CODE), (CODE,), True, False),
    "nothing": (shot(CODE), (), False, False),
    "another number": (shot(CODE), (OTHER,), False, True),
    "right and another": (shot(CODE), (CODE, OTHER), True, True),
    "something where nothing is": (shot(None, "falsepositives-1", "no code"), (CODE,), False, True),
    "without its add-on": (shot(CODE + "52495", "ean13-extension-1"), (CODE,), True, False),
    "GS1 mark of a QR code": (shot("0104006381333931", "qrcode-2", "QR"), ("]Q30104006381333931",), True, False),
}


@pytest.mark.parametrize(("photograph", "accepted", "read", "wrong"), COUNTS.values(), ids=COUNTS.keys())
def test_what_counts(photograph: Photograph, accepted: tuple[str, ...], read: bool, wrong: bool) -> None:
    outcome = Outcome(photograph, accepted, (), 1.0)
    assert (outcome.read, outcome.wrong) == (read, wrong)


def test_rows_judge_shares_and_wrong_ones() -> None:
    outcomes = [Outcome(shot(CODE), (CODE,), (CODE,), 1.0)] * 9 + [Outcome(shot(CODE), (OTHER,), (), 1.0)]
    rows = {(row.name, row.on): row for row in code_rows(outcomes)}
    read = rows["codes read", "photographs of EAN and UPC"]
    wrong = rows["wrong codes accepted", "all photographs, those with no code too"]
    assert (read.value, read.ok, read.counted, wrong.value, wrong.ok) == (0.9, True, 10, 1.0, False)


def test_photographs_are_read_from_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "barcodes" / "ean13-1"
    folder.mkdir(parents=True)
    cv2.imwrite(str(folder / "1.png"), printed(CODE))
    (folder / "1.txt").write_text(f" {CODE}\n", encoding="utf-8")
    rows = judge_codes(tmp_path, lambda share: None, tmp_path)
    assert rows[0].value == 1.0 and CODE in (tmp_path / "codes.csv").read_text(encoding="utf-8")


def test_without_data_the_parts_on_real_pictures_are_left_out_saying_so() -> None:
    results = judge_cart(CartLoad(parts=("codes", "groceries")), lambda part, share: None, {})
    assert results.rows == ()
    assert str(results.about["left_out"]).startswith("codes, groceries: AISLE_DATA is not set")


def test_unknown_part_is_refused() -> None:
    with pytest.raises(BenchError, match="--part: found 'wheels'"):
        CartLoad(parts=("wheels",))


def test_missing_photographs_are_told(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="must hold zxing-cpp's sample photographs"):
        list(photographs(tmp_path / "barcodes"))

"""GTINs of every length are one number; UPC-E unfolds as printed; a price's verifier is GS1's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.store.barcodes.numbers import (
    Catalogue,
    compress_upc_e,
    expand_upc_e,
    is_gtin,
    is_plu,
    price_verifier,
    usual_gtin,
)
from aisle.store.codes import check_digit

UNFOLDED = {
    "last digit 0": ("04252614", "042100005264"),
    "last digit 3": ("01234531", "012300000451"),
    "last digit 4": ("01234543", "012340000053"),
    "last digit 6": ("04963406", "049000006346"),
    "number system 1": ("12345670", "123456000070"),
}
NO_UPC_E = {"seven digits": "0425261", "number system 2": "24252614", "check digit": "04252615", "letters": "0425261a"}
PLUS = {
    "bananas": ("4011", True),
    "organic bananas": ("94011", True),
    "apples, first of the series": ("3000", True),
    "five-digit series": ("83000", True),
    "too small": ("2999", False),
    "organic of nothing": ("91234", False),
    "three digits": ("401", False),
    "six digits": ("940110", False),
    "other script": ("\u0664\u0660\u0661\u0661", False),
}
VERIFIERS = {"GS1's own example": ("2875", "9"), "five digits": ("14685", "6"), "three digits": ("287", None)}
KNOWN = {
    "as filed": ("4006381333931", "4006381333931"),
    "fourteen digits": ("04006381333931", "4006381333931"),
    "twelve of thirteen": ("036000291452", "0036000291452"),
    "PLU": ("4011", "4011"),
    "not filed": ("5000213101025", None),
    "PLU is no short GTIN": ("04011", None),
}


@pytest.mark.parametrize(("printed", "gtin"), UNFOLDED.values(), ids=UNFOLDED.keys())
def test_upc_e_unfolds_and_folds_again(printed: str, gtin: str) -> None:
    assert (expand_upc_e(printed), compress_upc_e("0" + gtin)) == (gtin, printed)


@pytest.mark.parametrize("printed", NO_UPC_E.values(), ids=NO_UPC_E.keys())
def test_what_is_no_upc_e_does_not_unfold(printed: str) -> None:
    assert expand_upc_e(printed) is None


@given(st.sampled_from("01"), st.integers(0, 999_999))
def test_folding_gives_digits_that_unfold_to_the_same_number(system: str, six: int) -> None:
    candidates = [f"{system}{six:06d}{check}" for check in range(10)]
    unfolded = [long for eight in candidates if (long := expand_upc_e(eight)) is not None]
    assert [expand_upc_e(compress_upc_e(long) or "") for long in unfolded] == unfolded


@pytest.mark.parametrize(("code", "expected"), PLUS.values(), ids=PLUS.keys())
def test_plu_by_its_form(code: str, expected: bool) -> None:
    assert is_plu(code) is expected


@pytest.mark.parametrize(("price", "verifier"), VERIFIERS.values(), ids=VERIFIERS.keys())
def test_verifier_of_a_price(price: str, verifier: str | None) -> None:
    assert price_verifier(price) == verifier


@given(st.integers(0, 99_999), st.integers(0, 4), st.integers(1, 9))
def test_verifier_finds_every_single_wrong_digit(price: int, place: int, step: int) -> None:
    right = f"{price:05d}"
    wrong = right[:place] + str((int(right[place]) + step) % 10) + right[place + 1 :]
    assert price_verifier(wrong) != price_verifier(right)


@pytest.mark.parametrize(("code", "filed"), KNOWN.values(), ids=KNOWN.keys())
def test_catalogue_finds_a_number_in_any_length(code: str, filed: str | None) -> None:
    assert Catalogue(["4006381333931", "0036000291452", "4011"]).find(code) == filed


def test_usual_length_drops_only_zeros_that_do_not_count() -> None:
    assert [usual_gtin(g) for g in ("036000291452", "96385074", "10012345678902")] == [
        "0036000291452",
        "96385074",
        "10012345678902",
    ]


@given(st.text("0123456789", min_size=7, max_size=13))
def test_a_body_with_its_check_digit_is_a_gtin_when_the_length_is_one(body: str) -> None:
    code = body + check_digit(body)
    assert is_gtin(code) == (len(code) in (8, 12, 13, 14) and set(code) != {"0"})

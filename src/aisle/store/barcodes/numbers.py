"""GTINs in their different lengths, the compressed GTIN-12 of UPC-E, and the verifier of a price inside a code.

One product's number is written with 8, 12, 13 or 14 digits; all are the same number with zeros in front (GS1 General
Specifications, sections 3.3 and 7.9).  The shop's files may use any of them, so everything is compared as 14 digits.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from aisle.store.codes import GTIN_LENGTHS, PLU_LENGTHS, check_digit

# Weights of a price's verifier (General Specifications 7.9.2): what a digit counts, by the digit.
_TWO_MINUS = (0, 2, 4, 6, 8, 9, 1, 3, 5, 7)
_THREE = (0, 3, 6, 9, 2, 5, 8, 1, 4, 7)
_FIVE_PLUS = (0, 5, 1, 6, 2, 7, 3, 8, 4, 9)
_FIVE_MINUS = (0, 5, 9, 4, 8, 3, 7, 2, 6, 1)


def all_digits(text: str) -> bool:
    """Whether the text is made of the ten digits 0 to 9 alone, and of at least one."""
    return text.isascii() and text.isdigit()


def is_gtin(text: str) -> bool:
    """Whether the text is a GTIN of any length with the right check digit, and not all zeros."""
    return (
        all_digits(text) and len(text) in GTIN_LENGTHS and text[-1] == check_digit(text[:-1]) and text.strip("0") != ""
    )


def is_plu(text: str) -> bool:
    """Whether the text has the form of a price look-up code: 3000-4999, 8000-8999, or five digits with 8 or 9 in front.

    Five digits are a four-digit code with 9 (organically grown) or 8 (reserved for new attributes) before it, or one
    of the IFPS's five-digit series 83000-84999.
    """
    if not all_digits(text) or len(text) not in PLU_LENGTHS:
        return False
    return text[-4] in "348" if len(text) == 4 else text[0] in "89" and text[1] in "348"


def usual_gtin(gtin: str) -> str:
    """A GTIN as shops write it: 8 digits where it was printed as eight, 13, or 14 when the first of them counts."""
    long = gtin.zfill(14)
    if long.startswith("000000") and len(gtin) == 8:
        return gtin
    return long if long[0] != "0" else long[1:]


def expand_upc_e(printed: str) -> str | None:
    """The GTIN-12 that eight printed UPC-E digits stand for; None when they are none or the check digit is wrong."""
    if not all_digits(printed) or len(printed) != 8 or printed[0] not in "01":
        return None
    system, six, check = printed[0], printed[1:7], printed[7]
    if six[5] in "012":
        body = six[:2] + six[5] + "0000" + six[2:5]
    elif six[5] == "3":
        body = six[:3] + "00000" + six[3:5]
    elif six[5] == "4":
        body = six[:4] + "00000" + six[4]
    else:
        body = six[:5] + "0000" + six[5]
    return system + body + check if is_gtin(system + body + check) else None


def compress_upc_e(gtin12: str) -> str | None:
    """The eight UPC-E digits printed for a GTIN-12 (13 digits with 0 in front too); None when it has no such form."""
    twelve = gtin12[1:] if len(gtin12) == 13 and gtin12[0] == "0" else gtin12
    if len(twelve) != 12 or twelve[0] not in "01" or not is_gtin(twelve):
        return None
    maker, item = twelve[1:6], twelve[6:11]
    forms = (maker[:2] + item[2:] + maker[2], maker[:3] + item[3:] + "3", maker[:4] + item[4] + "4", maker + item[4])
    printed = (twelve[0] + six + twelve[11] for six in forms)
    return next((eight for eight in printed if expand_upc_e(eight) == twelve), None)


def price_verifier(price: str) -> str | None:
    """The verifier of a price of four or five digits (7.9.3, 7.9.4); None for any other length.

    >>> price_verifier("2875")
    '9'
    """
    if not all_digits(price) or len(price) not in (4, 5):
        return None
    d = [int(digit) for digit in price]
    if len(price) == 4:
        return str(3 * (_TWO_MINUS[d[0]] + _TWO_MINUS[d[1]] + _THREE[d[2]] + _FIVE_MINUS[d[3]]) % 10)
    total = _FIVE_PLUS[d[0]] + _TWO_MINUS[d[1]] + _FIVE_MINUS[d[2]] + _FIVE_PLUS[d[3]] + _TWO_MINUS[d[4]]
    return str(_FIVE_MINUS.index(-total % 10))


class Catalogue:
    """The codes of a shop's products, found whatever length a GTIN is written with.

    `others` are further codes a product is known by, each with the code the shop's files keep it under.
    """

    __slots__ = ("_by_key",)

    def __init__(self, codes: Iterable[str] = (), others: Iterable[tuple[str, str]] = ()) -> None:
        self._by_key: dict[str, str] = {}
        for code, filed in chain(((code, code) for code in codes), others):
            self._by_key.setdefault(same_number(code), filed)

    def find(self, code: str) -> str | None:
        """The code as the shop's files write it, or None when the shop has no such product."""
        return self._by_key.get(same_number(code))

    def __contains__(self, code: str) -> bool:
        return same_number(code) in self._by_key

    def __len__(self) -> int:
        return len(self._by_key)


def same_number(code: str) -> str:
    """What codes have in common that are one number written with different lengths."""
    return code.zfill(14) if all_digits(code) and len(code) in GTIN_LENGTHS else code

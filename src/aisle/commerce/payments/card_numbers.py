"""No card number ever comes into Aisle: what looks like one is refused before anything is kept or passed on.

Numbers on payment cards have 12 to 19 digits (ISO/IEC 7812-1), often written in groups. Tokens of providers never look
like that, so no check digit is asked for: a mistyped card number is refused as well.
"""

from __future__ import annotations

import re

from aisle.commerce.payments.port import CardNumberError

_DIGITS_IN_A_ROW = re.compile(r"(?<![0-9A-Za-z])(?:[0-9][ .\-/]?){11,18}[0-9](?![0-9A-Za-z])")


def looks_like_card_number(text: str) -> bool:
    """Whether `text` holds 12 to 19 digits that stand on their own, grouped or not."""
    return _DIGITS_IN_A_ROW.search(text) is not None


def refuse_card_numbers(*texts: str) -> None:
    """Raises CardNumberError if any text looks like a card number. The error does not repeat the text."""
    if any(looks_like_card_number(text) for text in texts):
        raise CardNumberError(
            "found 12 to 19 digits, which look like a card number; expected a token from the provider's own form or "
            "terminal. The digits were neither kept nor passed on."
        )

"""Who shops with the cart, and how they want its screen: the few things a trip must remember of them.

`Surface` folds the taps that are about the screen itself; the session folds those about goods.
"""

from __future__ import annotations

import msgspec

from aisle.sensing.cart.readings import TapReading


class Shopper(msgspec.Struct, frozen=True, omit_defaults=True):
    """The shopper of a trip: a known customer, or a guest (no `customer_id`).

    `email` is where the receipt goes, empty for nowhere; `card_token` the provider's token of a card shown on the cart;
    `code` the phone's entry code where the shop could not be asked whose it is.
    """

    customer_id: str = ""
    name: str = ""
    email: str = ""
    member: bool = False
    card_token: str = ""
    code: str = ""


GUEST = Shopper()


class Surface(msgspec.Struct, frozen=True):
    """The screen's own state: its language, the size of its text, and what the shopper is doing.

    `mode` is "", "own_bag" or "personal_item".
    """

    language: str = "en"
    large_text: bool = False
    mode: str = ""


def after_tap(surface: Surface, tap: TapReading) -> Surface:
    """The surface after a touch. Taps about goods leave it as it is."""
    match tap.tap, tap.value:
        case "language", str(language):
            return msgspec.structs.replace(surface, language=language[:16])
        case "large_text", bool(large):
            return msgspec.structs.replace(surface, large_text=large)
        case ("own_bag" | "personal_item") as mode, bool(on):
            return msgspec.structs.replace(surface, mode=mode if on else "")
        case "pay", _:
            return msgspec.structs.replace(surface, mode="")
    return surface

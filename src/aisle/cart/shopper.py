"""Who shops with the cart, and how they want its screen: the few things a trip must remember of them.

`Surface` folds the taps that are about the screen itself; the session folds those about goods.
"""

from __future__ import annotations

import msgspec

from aisle.cart.trip import PromptKind, Trip
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
    """The screen's own state: language, size of text, what the shopper is doing, told prompts already put away.

    `mode` is "", "own_bag" or "personal_item".
    """

    language: str = "en"
    large_text: bool = False
    mode: str = ""
    put_away: frozenset[str] = frozenset()


_FOR_THE_SCREEN = frozenset({PromptKind.UNKNOWN_CODE.value, PromptKind.NOT_FOR_CART.value})


def after_tap(surface: Surface, tap: TapReading, trip: Trip) -> Surface:
    """The surface after a touch. Taps about goods leave it as it is."""
    match tap.tap, tap.value:
        case "language", str(language):
            return msgspec.structs.replace(surface, language=language[:16])
        case "large_text", bool(large):
            return msgspec.structs.replace(surface, large_text=large)
        case ("own_bag" | "personal_item") as mode, bool(on):
            return msgspec.structs.replace(surface, mode=mode if on else "")
        case "answer", {"prompt": str(prompt_id)}:
            told = {p.prompt_id for p in trip.prompts if p.kind.value in _FOR_THE_SCREEN}
            if prompt_id in told:
                return msgspec.structs.replace(surface, put_away=surface.put_away | {prompt_id})
    return surface

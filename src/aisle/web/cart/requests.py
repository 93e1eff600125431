"""What may be asked of a cart: touches with their values, sign-ins and acts of staff, checked field by field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from aisle.cart.staff import ActKind
from aisle.web.requests import Body, Name

_CLEAN = r"^[^\x00-\x1f\x7f]*$"
Code = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
Language = Annotated[
    str, StringConstraints(min_length=2, max_length=16, pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")
]
Email = Annotated[
    str, StringConstraints(max_length=254, pattern=r"^([^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{3,189})?$")
]
Reason = Annotated[str, StringConstraints(max_length=200, pattern=_CLEAN)]
Token = Annotated[str, StringConstraints(max_length=200, pattern=_CLEAN)]


class Bare(Body):
    """A touch that says nothing more."""

    tap: Literal["help", "pay"]
    value: None = None


class Removing(Body):
    """Something leaves: the line it was, or nothing where the next scan says what it is."""

    tap: Literal["remove"]
    value: Name | None = None


class Typing(Body):
    """A look-up code typed, or a product chosen by its tile."""

    tap: Literal["plu"]
    value: Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z_-]+$")]


class Counting(Body):
    """So many of what was just scanned or typed."""

    tap: Literal["quantity"]
    value: Annotated[int, Field(ge=1, le=200)]


class Switching(Body):
    """Own things go in or come out (true ... false), or the size of the text."""

    tap: Literal["own_bag", "personal_item", "large_text"]
    value: bool


class Speaking(Body):
    """The screen's language."""

    tap: Literal["language"]
    value: Language


class Containing(Body):
    """The container the goods lie in, by its name."""

    tap: Literal["container"]
    value: Name


class Reply(Body):
    """The answer to a question: its prompt, and the answer's value."""

    prompt: Name
    choice: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_CLEAN)]


class Answering(Body):
    """A question of the screen answered."""

    tap: Literal["answer"]
    value: Reply


Touch = Annotated[
    Bare | Removing | Typing | Counting | Switching | Speaking | Containing | Answering, Field(discriminator="tap")
]


def value_of(touch: Any) -> object:
    """A touch's value as the cart takes it: plain."""
    return touch.value.model_dump() if isinstance(touch, Answering) else touch.value


class SigningIn(Body):
    """A shopper begins: by a phone's code, or as a guest. All may be left empty."""

    code: Annotated[str, StringConstraints(max_length=500, pattern=_CLEAN)] = ""
    email: Email = ""
    card: Token = ""
    language: Language | None = None


class Paying(Body):
    """Another card, or another address for the receipt."""

    card: Token = ""
    email: Email | None = None


class StaffSigningIn(Body):
    """A member of staff: number and PIN, or the code of a badge (`number.secret`) as `pin` with no number."""

    number: Annotated[str, StringConstraints(max_length=16, pattern=r"^[0-9A-Za-z-]*$")] = ""
    pin: Annotated[str, StringConstraints(min_length=1, max_length=96, pattern=r"^[\x21-\x7e]+$")]


class Acting(Body):
    """What a member of staff puts right; see `aisle.cart.staff.StaffAct`."""

    kind: ActKind
    about: Annotated[str, StringConstraints(max_length=64, pattern=_CLEAN)] = ""
    reason: Reason = ""
    gtin: Annotated[str, StringConstraints(max_length=32, pattern=r"^[0-9A-Za-z_-]*$")] = ""
    quantity: Annotated[int, Field(ge=0, le=999)] = 1
    grams: Annotated[int, Field(ge=1, le=100_000)] | None = None
    price_minor: Annotated[int, Field(ge=0, le=10_000_000)] | None = None

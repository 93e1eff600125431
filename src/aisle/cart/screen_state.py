"""What the cart's screen shows, as one frozen document: words and amounts ready to be read, nothing left to reckon.

It is sent as JSON on every change; pages only lay it out. `state` is one of the screen's five words: "sure", "unsure",
"checking", "saved", "error". Amounts are texts in the shopper's language; `minor` says the same to programs.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Mark = Literal["sure", "unsure", "checking", "saved", "error"]


class SavingText(msgspec.Struct, frozen=True):
    """A saving below its line: why, and how much."""

    label: str
    amount: str


class ScreenLine(msgspec.Struct, frozen=True):
    """One line of the live receipt.

    `detail` says how the amount comes about ("0.912 kg × 1.69/kg"); `note` what is open about the line. `before` is the
    amount without savings where there are any. `picture` is a path on this server, empty where nobody took one.
    """

    line_id: str
    gtin: str
    name: str
    quantity: int
    amount: str
    minor: int | None
    state: Mark = "sure"
    detail: str = ""
    note: str = ""
    before: str = ""
    savings: tuple[SavingText, ...] = ()
    picture: str = ""
    grams: int | None = None


class LastItem(msgspec.Struct, frozen=True):
    """What came last, shown large."""

    line_id: str
    name: str
    label: str
    amount: str
    detail: str = ""
    picture: str = ""


class Tile(msgspec.Struct, frozen=True):
    """Something to choose by name and picture. `value` is what the tap says; `price` that of a piece or kilogram."""

    value: str
    name: str
    price: str = ""
    picture: str = ""
    likely: bool = False


class Question(msgspec.Struct, frozen=True):
    """An open prompt in words: `title`, the reason in one sentence, and equal answers.

    `tell` is for what needs no answer. `search`: a product found by name answers it too.
    """

    prompt_id: str
    kind: str
    title: str
    reason: str
    state: Mark
    answers: tuple[Tile, ...] = ()
    search: bool = False
    number: bool = False
    tell: bool = False
    gtin: str = ""


class HintText(msgspec.Struct, frozen=True):
    """What would save money, in words."""

    text: str
    gtins: tuple[str, ...] = ()
    picture: str = ""


class Deal(msgspec.Struct, frozen=True):
    """An offer: a product with its price now and before, or the offer's own words."""

    promotion_id: str
    gtin: str
    name: str
    offer: str
    price: str = ""
    before: str = ""
    picture: str = ""
    near: str = ""


class Notice(msgspec.Struct, frozen=True):
    """One sentence about the cart or the trip as a whole."""

    kind: str
    text: str
    state: Mark = "sure"


class TotalText(msgspec.Struct, frozen=True):
    """The total so far, what was saved, and the line below it."""

    amount: str
    minor: int
    currency: str
    note: str
    state: Mark = "sure"
    saved: str = ""
    saved_minor: int = 0
    items: str = ""


class StaffView(msgspec.Struct, frozen=True):
    """What a signed-in member of staff sees besides: items to look at, and what else waits for a person."""

    name: str
    audit: tuple[AuditItem, ...] = ()
    flags: tuple[str, ...] = ()


class AuditItem(msgspec.Struct, frozen=True):
    """One thing the audit wants looked at, and why; `line_id` where it is about a line."""

    audit_id: str
    text: str
    line_id: str = ""


class ScreenState(msgspec.Struct, frozen=True):
    """Everything on the screen at one moment.

    `revision` counts the changes of this cart's screen. `mode` is "", "own_bag" or "personal_item" while the shopper
    puts in what is their own. `cannot_scan`: scanning failed twice in a row, so offer other ways. `faults` are for
    staff, as devices told them.
    """

    revision: int
    phase: str
    trip_id: str
    cart_id: str
    store: str
    language: str
    large_text: bool
    shopper: str
    total: TotalText
    lines: tuple[ScreenLine, ...] = ()
    last: LastItem | None = None
    questions: tuple[Question, ...] = ()
    hints: tuple[HintText, ...] = ()
    deals: tuple[Deal, ...] = ()
    notices: tuple[Notice, ...] = ()
    mode: str = ""
    cannot_scan: bool = False
    help_called: bool = False
    age_check: int = 0
    staff: StaffView | None = None
    receipt: str = ""
    faults: tuple[str, ...] = ()
    t_ns: int = 0

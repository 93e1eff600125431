"""What members of staff put right on a trip: acts with a reason, and the trip as it stands after them.

A person who looks knows more than any scale, so an act stands over what the cart believes, line by line, until another
act. Acts are journalled as they are; the same trip and the same acts give the same result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import msgspec

from aisle.cart.pricing import product_of
from aisle.cart.trip import Trip, TripLine
from aisle.store.model import Store

ActKind = Literal[
    "signed_in",
    "signed_out",
    "set_quantity",
    "set_price",
    "remove_line",
    "add_line",
    "resolve_prompt",
    "resolve_audit",
    "clear_flag",
    "void",
    "transfer",
    "start_over",
    "device_checked",
]
REASONED: frozenset[str] = frozenset(
    {"set_quantity", "set_price", "remove_line", "add_line", "void", "transfer", "start_over"}
)
"""Acts that change what is charged, and so need a reason."""
ENDING: frozenset[str] = frozenset({"void", "transfer", "start_over"})


class StaffAct(msgspec.Struct, frozen=True, omit_defaults=True):
    """One act of a member of staff. `about` is a line, prompt, flag or audit item; `gtin` the product of an added line.

    `quantity` pieces or, for goods sold by weight, `grams`; `price_minor` is for one piece or a whole weighed line.
    """

    act_id: str
    kind: ActKind
    by: str
    t_ns: int
    about: str = ""
    reason: str = ""
    gtin: str = ""
    quantity: int = 1
    grams: int | None = None
    price_minor: int | None = None


class StaffActError(ValueError):
    """An act that cannot be done: `code` for programs, and what was found and would be right."""

    def __init__(self, code: str, message: str, found: str, expected: str) -> None:
        super().__init__(message)
        self.code = code
        self.found = found
        self.expected = expected


def check_act(act: StaffAct, trip: Trip, store: Store) -> None:
    """Raises StaffActError when the act has no reason though it needs one, or is about nothing on this trip."""
    if act.kind in REASONED and not act.reason.strip():
        raise StaffActError("reason_missing", "This needs a reason.", "nothing", "a reason in a few words")
    lines = {line.line_id: line for line in trip.lines}
    if act.kind in ("set_quantity", "set_price", "remove_line") and act.about not in lines:
        raise StaffActError("line_unknown", "This trip has no such line.", act.about or "nothing", "a line's id")
    if act.kind == "set_quantity" and not 0 <= act.quantity <= 999:
        raise StaffActError("quantity_invalid", "That is no number of pieces.", str(act.quantity), "0 to 999")
    if act.kind == "set_quantity" and lines[act.about].grams is not None and act.quantity != 1:
        raise StaffActError("quantity_invalid", "Goods sold by weight are one.", str(act.quantity), "1, or remove it")
    if act.kind == "set_price" and (act.price_minor is None or not 0 <= act.price_minor <= 10_000_000):
        raise StaffActError("price_invalid", "That is no price.", str(act.price_minor), "0 to 10000000 minor units")
    if act.kind == "add_line":
        _check_added(act, store)
    if act.kind == "resolve_prompt" and act.about not in {prompt.prompt_id for prompt in trip.open_prompts}:
        raise StaffActError("prompt_unknown", "No such question is open.", act.about or "nothing", "a prompt's id")
    if act.kind == "clear_flag" and act.about not in trip.flags:
        raise StaffActError("flag_unknown", "Nothing of that kind is open.", act.about, "one of the trip's flags")


def after_staff(trip: Trip, acts: Sequence[StaffAct], store: Store) -> Trip:
    """The trip as it stands after what staff have put right. Acts before a "start_over" count no more."""
    if not acts:
        return trip
    begin = max((place + 1 for place, act in enumerate(acts) if act.kind == "start_over"), default=0)
    lines = {line.line_id: line for line in trip.lines}
    gone, resolved, cleared = set[str](), dict[str, StaffAct](), set[str]()
    for act in acts[begin:]:
        line = lines.get(act.about)
        match act.kind:
            case "set_quantity" if line is not None:
                lines[act.about] = replace(line, quantity=act.quantity, proven_quantity=act.quantity, probability=1.0)
                (gone.add if act.quantity == 0 else gone.discard)(act.about)
            case "set_price" if line is not None:
                lines[act.about] = replace(line, label_minor=act.price_minor, off_percent=None)
            case "remove_line":
                gone.add(act.about)
            case "add_line":
                lines[act.act_id] = _added(act, store)
            case "resolve_prompt":
                resolved[act.about] = act
            case "clear_flag":
                cleared.add(act.about)
            case "resolve_audit" if act.about.startswith("flag:"):
                cleared.add(act.about.removeprefix("flag:"))
    prompts = tuple(
        replace(prompt, cleared_ns=resolved[prompt.prompt_id].t_ns, answer=f"staff:{resolved[prompt.prompt_id].by}")
        if prompt.prompt_id in resolved and prompt.cleared_ns is None
        else prompt
        for prompt in trip.prompts
    )
    kept = tuple(line for line_id, line in lines.items() if line_id not in gone)
    return replace(trip, lines=kept, prompts=prompts, flags=trip.flags - cleared)


def _check_added(act: StaffAct, store: Store) -> None:
    product = product_of(store, act.gtin)
    if product is None:
        raise StaffActError("product_unknown", "This shop has no such product.", act.gtin or "nothing", "a GTIN or PLU")
    if product.sold_by_weight and act.grams is None and act.price_minor is None:
        raise StaffActError("weight_missing", f"{product.name} is sold by weight.", "no weight", "its grams")
    if not 1 <= act.quantity <= 999 or (act.grams is not None and not 1 <= act.grams <= 100_000):
        raise StaffActError("quantity_invalid", "That is no amount.", str(act.quantity), "1 to 999 pieces, or grams")


def _added(act: StaffAct, store: Store) -> TripLine:
    product = product_of(store, act.gtin)
    by_weight = product is not None and product.sold_by_weight
    return TripLine(
        act.act_id,
        act.gtin,
        1 if by_weight else act.quantity,
        1.0,
        act.t_ns,
        grams=act.grams if by_weight else None,
        label_minor=act.price_minor,
    )

"""What may be asked of the API: the bodies of requests, checked field by field before anybody acts on them.

Bounds are those of what can be carried out of a shop and kept in a database; unknown fields are refused, because they
are nearly always misspelt ones.
"""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from aisle.visits.events import BasketLine
from aisle.web.problems import ProblemError

LONGEST_NS = 2**63 - 1
_CLEAN = r"^[^\x00-\x1f\x7f]*$"

Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_CLEAN)]
Text = Annotated[str, StringConstraints(max_length=1000, pattern=_CLEAN)]
Gtin = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z_-]+$")]
Moment = Annotated[int, Field(ge=0, le=LONGEST_NS, description="Unix time in nanoseconds.")]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Minor = Annotated[int, Field(ge=0, le=10**12, description="Minor units of the shop's currency.")]

VisitId = Annotated[str, Path(min_length=1, max_length=64, pattern=_CLEAN)]
CustomerId = Annotated[str, Path(min_length=1, max_length=64, pattern=_CLEAN)]
Limit = Annotated[int, Query(ge=1, le=200, description="So many at most.")]
Cursor = Annotated[
    str | None, Query(max_length=200, pattern=_CLEAN, description="`next` of the page before; none for the first.")
]


class Body(BaseModel):
    """A request's body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Entering(Body):
    """Somebody at a gate: with a phone's code, a card's token, as a guest of a visit, as staff, or let in by hand."""

    way: Literal["code", "card", "guest", "staff", "manual"]
    gate_id: Name
    code: Annotated[str, StringConstraints(max_length=500, pattern=_CLEAN)] | None = None
    token: Annotated[str, StringConstraints(max_length=200, pattern=_CLEAN)] | None = None
    host_visit_id: Name | None = None
    staff_id: Name | None = None

    def needed(self, field: str) -> str:
        """A field this way of entering needs. Raises a 422 problem where it is missing."""
        value: str | None = getattr(self, field)
        if not value:
            raise ProblemError(
                422, "request_invalid", f"Entering by {self.way} needs {field}.", found="nothing", expected=field
            )
        return value


class Line(Body):
    """One line of a basket as the core believes it; `proven_quantity` is how many are proven (without it: all)."""

    line_id: Name
    gtin: Gtin
    quantity: Annotated[int, Field(ge=-(2**31), le=2**31)]
    probability: Share = 1.0
    taken_at_ns: Moment
    weight_g: Annotated[int, Field(ge=-(2**31), le=2**31)] | None = None
    label_minor: Minor | None = None
    proven_quantity: Annotated[int, Field(ge=0, le=2**31)] | None = None

    def told(self) -> BasketLine:
        """The same for the desk."""
        return BasketLine(**self.model_dump())


class Revising(Body):
    """The whole basket, each time it changed; `source_revision` counts up and an older one is refused."""

    source_revision: Annotated[int, Field(ge=0, le=LONGEST_NS)]
    lines: Annotated[tuple[Line, ...], Field(max_length=500)]
    probability: Share = 1.0
    risk_minor: Minor = 0
    complete: bool = True


class Leaving(Body):
    """A shopper went out through a gate."""

    gate_id: Name | None = None
    at_ns: Moment | None = None
    everybody: bool = False


class Tracking(Body):
    """A track of the floor belongs to a visit: the person at the gate, a guest, or somebody who slipped in behind."""

    track: Name
    how: Literal["gate", "guest", "tailgate", "reentry"] = "gate"


class Resolving(Body):
    """A person's word on who slipped in behind a visit."""

    track: Name
    belongs: bool


class Presenting(Body):
    """A coupon's code."""

    code: Name


class Asking(Body):
    """Units of a line asked back, by the shopper or by staff for them."""

    line_id: Name
    quantity: Annotated[int, Field(ge=-(2**31), le=2**31)] = 1
    reason: Text = ""


class Deciding(Body):
    """A person's decision on a dispute."""

    granted: bool
    why: Text = ""


class Finding(Body):
    """Whether a claim was right, as came out later."""

    right: bool


class Answering(Body):
    """What a person saw: the lines as they really are; quantity 0 takes a line away."""

    lines: Annotated[tuple[Line, ...], Field(max_length=500)]
    note: Text = ""


class Registering(Body):
    """A new customer. `card_token` is the provider's one-time token for a card; a card number is refused."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_CLEAN)]
    email: Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")]
    locale: Annotated[str, StringConstraints(max_length=16, pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$")] = (
        "en-GB"
    )
    member: bool = True
    card_token: Annotated[str, StringConstraints(max_length=200, pattern=_CLEAN)] | None = None


class KeepingCard(Body):
    """A card for later payments, as the one-time token of the provider's form."""

    card_token: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_CLEAN)]


class Paying(Body):
    """A card for a debt: the provider's one-time token; the card on file without it."""

    card_token: Annotated[str, StringConstraints(max_length=200, pattern=_CLEAN)] | None = None

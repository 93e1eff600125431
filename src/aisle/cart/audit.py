"""Whether a trip is looked at before it goes, and how: green, one question on the screen, or a short check by a person.

An audit is a chain of rules with early exit. Rules of cause come first: a check that was done, faults of the cart's
devices, money in doubt. Then those that spare: a first purchase (nobody is told), a check the time before. Then those
that weigh, from which the rate of a draw follows. The draw is an HMAC under the shop's secret over the trip's id:
nobody outside can foretell it, asking again does not change it, and the shop can prove it afterwards.

Defaults follow published engines of retailers' self-scanning (see docs/lane.md). Presume error, not theft: small
differences are simply paid, and no rule looks at who somebody is.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Literal

import msgspec

from aisle.cart.doubts import Doubt, Worth, best_question, doubts, faults_of
from aisle.cart.trip import Trip
from aisle.commerce.pricing.priced import PricedBasket

Outcome = Literal["green", "question", "check"]
CheckKind = Literal["sight", "sample", "full"]
Verdict = Literal["clean", "small", "serious"]


class StoreRisk(StrEnum):
    """How much this shop loses, as its settings say."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class AuditPolicy:
    """The numbers of the rules; amounts in minor units.

    `rates`: share of trips without any cause that are checked, by the store's risk; `most_rate` caps what rules make
    of it. A sight check looks at all of at most `sight_most` pieces; a sample at `sample_share` of them, at least
    `sample_least`, at most `sample_most`. A doubt up to `small_minor` is let go. Above `full_minor` in doubt, or where
    the last check found a difference above `serious_minor`, everything is looked at.
    """

    risk: StoreRisk = StoreRisk.NORMAL
    rates: Mapping[StoreRisk, float] = field(
        default_factory=lambda: {StoreRisk.LOW: 0.01, StoreRisk.NORMAL: 0.03, StoreRisk.HIGH: 0.08}
    )
    most_rate: float = 0.5
    sight_most: int = 4
    sample_share: Fraction = Fraction(3, 10)
    sample_least: int = 1
    sample_most: int = 10
    small_minor: int = 150
    serious_minor: int = 1_000
    full_minor: int = 5_000
    quiet_g: float = 30.0
    stickers_from: int = 2
    stickers_factor: float = 1.5
    large_minor: int = 10_000
    large_pieces: int = 40
    large_factor: float = 1.5
    tiny_minor: int = 500
    tiny_factor: float = 0.5
    theft_categories: frozenset[str] = frozenset()
    theft_factor: float = 1.5
    by_sight_factor: float = 1.5
    serious_factor: float = 5.0
    clean_factor: float = 0.7
    clean_from: int = 3
    spare_first: bool = True


class History(msgspec.Struct, frozen=True):
    """What the shop knows of a payer's earlier trips; `known` False: nobody it knows.

    `since_check` counts the trips after the last check (0: it was the last trip), `clean_run` the latest checks that
    were all clean.
    """

    known: bool = False
    trips: int = 0
    checks: int = 0
    last: Verdict | None = None
    since_check: int = 0
    clean_run: int = 0


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a decision rests on. `asked`: the prompts already put as questions at the lane.

    `checked` is what a person has found in this basket (GTIN -> pieces, 1 for a weighed line), None when nobody looked.
    """

    trip: Trip
    priced: PricedBasket
    history: History
    worth: Worth
    asked: frozenset[str] = frozenset()
    checked: Mapping[str, int] | None = None

    @property
    def pieces(self) -> dict[str, int]:
        """What is in the basket: GTIN -> pieces, every weighed line one."""
        return self._counted((line.gtin, line.quantity) for line in self.trip.lines)

    @property
    def checked_pieces(self) -> dict[str, int]:
        """What a person has found in it, the same way."""
        return self._counted((self.checked or {}).items())

    def _counted(self, goods: Iterable[tuple[str, int]]) -> dict[str, int]:
        found: dict[str, int] = {}
        for code, quantity in goods:
            product = self.worth.product(code)
            gtin = product.gtin if product is not None else code
            found[gtin] = found.get(gtin, 0) + quantity
        return found


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one rule said: its name, why in words for staff, and by how much it moved the rate or what is in doubt."""

    rule: str
    why: str
    factor: float = 1.0
    minor: int = 0


class Piece(msgspec.Struct, frozen=True):
    """One piece to look at: the `number`-th of a line, counted from 1."""

    line_id: str
    gtin: str
    number: int


class Audit(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is done with a trip. `cause`: for a reason, not by the draw. `rate` is that of the draw, 0 where none was.

    `prompt_id` is the question to be put, `check` how a person looks, at `pieces`.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...] = ()
    cause: bool = False
    rate: float = 0.0
    stake_minor: int = 0
    prompt_id: str | None = None
    check: CheckKind | None = None
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said:
    """What a rule makes of the chain: goes on with `factor`, or ends it with an outcome."""

    reason: Reason
    end: Outcome | None = None
    prompt_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    """A case with what is in doubt, worked out once for all rules."""

    case: Case
    policy: AuditPolicy
    doubts: tuple[Doubt, ...]
    faults: tuple[str, ...]

    @property
    def stake_minor(self) -> int:
        return round(sum(doubt.stake_minor for doubt in self.doubts))


Rule = Callable[[_Look], _Said | None]


def audit(case: Case, policy: AuditPolicy, secret: bytes) -> Audit:
    """What is done with this trip. Pure: the same case, policy and secret always give the same."""
    found = doubts(case.trip, case.priced, case.worth, policy.quiet_g)
    look = _Look(case, policy, found, faults_of(case.trip))
    reasons: list[Reason] = []
    rate = policy.rates[policy.risk]
    for rule in CHAIN:
        said = rule(look)
        if said is None:
            continue
        reasons.append(said.reason)
        rate *= said.reason.factor
        if said.end is not None:
            return _ended(look, said, tuple(reasons), secret)
    rate = min(rate, policy.most_rate)
    drawn = draw(secret, case.trip.trip_id) < rate and bool(case.trip.lines)
    if not drawn:
        return Audit("green", tuple(reasons), False, rate, look.stake_minor)
    reasons.append(Reason("draw", "drawn by lot"))
    kind, pieces = how(look.case, policy, found, secret)
    return Audit("check", tuple(reasons), False, rate, look.stake_minor, None, kind, pieces)


def draw(secret: bytes, trip_id: str) -> float:
    """A number from 0 until before 1 that nobody without the secret can foretell (HMAC-SHA256 over the trip's id)."""
    digest = hmac.digest(secret, b"draw\0" + trip_id.encode("utf-8", "replace"), hashlib.sha256)
    return int.from_bytes(digest[:6], "big") / 2**48


def how(case: Case, policy: AuditPolicy, found: Sequence[Doubt], secret: bytes) -> tuple[CheckKind, tuple[Piece, ...]]:
    """Which kind of check, and at which pieces: those in doubt first, the others as the secret shuffles them."""
    pieces = [
        Piece(line.line_id, line.gtin, number) for line in case.trip.lines for number in range(1, line.quantity + 1)
    ]
    stake = sum(doubt.stake_minor for doubt in found)
    if case.history.last == "serious" or stake > policy.full_minor:
        return "full", tuple(pieces)
    if len(pieces) <= policy.sight_most:
        return "sight", tuple(pieces)
    doubtful = {doubt.line_id: -doubt.stake_minor for doubt in found if doubt.line_id is not None}
    ranked = sorted(
        pieces,
        key=lambda piece: (
            doubtful.get(piece.line_id, 0.0) if piece.number == 1 else 0.0,
            _shuffled(secret, case.trip.trip_id, piece),
        ),
    )
    wanted = math.ceil(policy.sample_share * len(pieces))
    return "sample", tuple(ranked[: max(policy.sample_least, min(policy.sample_most, wanted))])


def verdict(minor: int, policy: AuditPolicy) -> Verdict:
    """What a check's difference means: `minor` is what had been missing on the receipt (negative: charged too much)."""
    if minor <= 0:
        return "clean"
    return "serious" if minor > policy.serious_minor else "small"


def _ended(look: _Look, said: _Said, reasons: tuple[Reason, ...], secret: bytes) -> Audit:
    if said.end == "check":
        kind, pieces = how(look.case, look.policy, look.doubts, secret)
        return Audit("check", reasons, True, 0.0, look.stake_minor, None, kind, pieces)
    return Audit(said.end or "green", reasons, said.end == "question", 0.0, look.stake_minor, said.prompt_id)


def _shuffled(secret: bytes, trip_id: str, piece: Piece) -> bytes:
    named = f"piece\0{trip_id}\0{piece.line_id}\0{piece.number}".encode("utf-8", "replace")
    return hmac.digest(secret, named, hashlib.sha256)


def _was_checked(look: _Look) -> _Said | None:
    """A person has looked at just these goods, or at more of them."""
    if look.case.checked is None:
        return None
    checked = look.case.checked_pieces
    if any(count > checked.get(gtin, 0) for gtin, count in look.case.pieces.items()):
        return _Said(Reason("changed", "goods came in after the check"), "check")
    return _Said(Reason("checked", "a person has looked at it"), "green")


def _faulty(look: _Look) -> _Said | None:
    if not look.faults or not look.case.trip.lines:
        return None
    return _Said(Reason("fault", "; ".join(look.faults)), "check")


def _in_doubt(look: _Look) -> _Said | None:
    """Money in doubt: let go where it is little, else asked about once, else looked at.

    The question stands until it is answered, however often the cart asks; there is no second one.
    """
    stake, best = look.stake_minor, best_question(look.doubts)
    if not look.doubts:
        return None
    why = ", ".join(dict.fromkeys(doubt.what for doubt in look.doubts))
    if stake <= look.policy.small_minor:
        return _Said(Reason("small", why, minor=stake))
    first = best is not None and (not look.case.asked or best.prompt_id in look.case.asked)
    if best is not None and first and stake - best.stake_minor <= look.policy.small_minor:
        return _Said(Reason("question", best.what, minor=stake), "question", best.prompt_id)
    return _Said(Reason("doubt", why, minor=stake), "check")


def _first(look: _Look) -> _Said | None:
    history = look.case.history
    if not (look.policy.spare_first and history.known and history.trips == 0):
        return None
    return _Said(Reason("first purchase", "spared"), "green")


def _last_time(look: _Look) -> _Said | None:
    """Never twice in a row without cause."""
    history = look.case.history
    if history.last is None or history.last == "serious" or history.since_check > 0:
        return None
    return _Said(Reason("checked last time", f"and it was {history.last}"), "green")


def _record(look: _Look) -> _Said | None:
    history, policy = look.case.history, look.policy
    if history.last == "serious":
        return _Said(Reason("history", "the last check found a difference", policy.serious_factor))
    if history.clean_run >= policy.clean_from:
        return _Said(Reason("history", f"{history.clean_run} clean checks in a row", policy.clean_factor))
    return None


def _size(look: _Look) -> _Said | None:
    total, policy = look.case.priced.total_minor, look.policy
    count = sum(line.quantity for line in look.case.trip.lines)
    if total >= policy.large_minor or count >= policy.large_pieces:
        return _Said(Reason("size", f"{count} pieces for {total}", policy.large_factor))
    if total <= policy.tiny_minor:
        return _Said(Reason("size", f"{count} pieces for {total}", policy.tiny_factor))
    return None


def _category(look: _Look) -> _Said | None:
    products = (look.case.worth.product(line.gtin) for line in look.case.trip.lines)
    named = sorted({p.category for p in products if p is not None} & look.policy.theft_categories)
    return _Said(Reason("category", ", ".join(named), look.policy.theft_factor)) if named else None


def _stickers(look: _Look) -> _Said | None:
    count = sum(line.quantity for line in look.case.trip.lines if line.off_percent)
    if count < look.policy.stickers_from:
        return None
    return _Said(Reason("stickers", f"{count} clearance stickers", look.policy.stickers_factor))


def _by_sight(look: _Look) -> _Said | None:
    count = sum(line.quantity for line in look.case.trip.lines if line.by_sight)
    return _Said(Reason("by sight", f"{count} by sight alone", look.policy.by_sight_factor)) if count else None


CHAIN: tuple[Rule, ...] = (
    _was_checked, _faulty, _in_doubt, _first, _last_time, _record, _size, _category, _stickers, _by_sight,
)  # fmt: skip

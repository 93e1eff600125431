"""The nightly question: do the shop's books and the payment provider's agree, hold by hold?

`compare` is pure: it holds what the ledger says was captured and given back of each hold against the provider's own
list, and names every difference. `look` gathers both sides.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from aisle.commerce.money import Money
from aisle.commerce.payments.ledger import CLEARING, Entry, Posting, unbalanced
from aisle.commerce.payments.port import Hold, PaymentProvider, UnknownPaymentError


@dataclass(frozen=True, slots=True)
class Taken:
    """What the ledger says of one hold: captured and given back (minor units), and when it was last touched."""

    hold_id: str
    visit_id: str
    currency: str
    captured: int
    refunded: int
    last_at_ns: int


@dataclass(frozen=True, slots=True)
class Difference:
    """One hold, or one entry, on which the books do not agree.

    `kind`: "missing at provider", "missing in ledger", "captured differs", "refunded differs", "currency differs",
    "left open" (the visit is over, but its hold still binds the customer's money) or "unbalanced" (an entry of the
    ledger that does not add up to nothing). Amounts are minor units; `ledger` and `provider` say what each has.
    """

    kind: str
    hold_id: str
    visit_id: str
    currency: str
    ledger: int
    provider: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The outcome: how much was compared, what each side took in all by currency, and every difference."""

    provider: str
    holds: int
    ledger_minor: Mapping[str, int]
    provider_minor: Mapping[str, int]
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        return not self.differences

    def to_json(self) -> str:
        """The report for programs."""
        return json.dumps({**asdict(self), "agrees": self.agrees}, indent=2, sort_keys=True)

    def to_text(self) -> str:
        """The report for people, one line per difference."""
        lines = [f"{self.holds} {'hold' if self.holds == 1 else 'holds'} compared with {self.provider}."]
        for currency in sorted({*self.ledger_minor, *self.provider_minor}):
            ours, theirs = self.ledger_minor.get(currency, 0), self.provider_minor.get(currency, 0)
            lines.append(f"Taken less given back: ledger {Money(ours, currency)}, provider {Money(theirs, currency)}.")
        lines += [_sentence(difference) for difference in self.differences]
        lines.append(f"{len(self.differences)} differences." if self.differences else "The books agree.")
        return "\n".join(lines)


def taken(postings: Iterable[Posting]) -> dict[str, Taken]:
    """What was captured and given back of each hold, read from the postings on the clearing account."""
    found: dict[str, Taken] = {}
    for posting in postings:
        if posting.account != CLEARING:
            continue
        entry = Entry.parse(posting.correlation)
        before = found.get(entry.hold_id) or Taken(entry.hold_id, entry.visit_id, posting.currency, 0, 0, 0)
        is_refund = entry.kind == "refund"
        found[entry.hold_id] = Taken(
            entry.hold_id,
            before.visit_id,
            before.currency,
            before.captured + (0 if is_refund else posting.minor),
            before.refunded - (posting.minor if is_refund else 0),
            max(before.last_at_ns, posting.at_ns),
        )
    return found


def compare(
    provider: str,
    postings: Sequence[Posting],
    holds: Iterable[Hold],
    over: Collection[str],
) -> Reconciliation:
    """Hold the ledger against a provider's holds.

    `postings` are all postings of every visit in question, `holds` the provider's holds of the same visits, `over` the
    visits that are settled, refunded, abandoned or refused, so that no hold of theirs should still bind money. Money
    that moves while both sides are read shows as a difference once; a second run an hour later clears it.
    """
    ours, theirs = taken(postings), {hold.hold_id: hold for hold in holds}
    differences = [
        Difference("unbalanced", "", Entry.parse(correlation).visit_id, currency, minor, 0)
        for (correlation, currency), minor in unbalanced(postings).items()
    ]
    for hold_id in sorted({*ours, *theirs}):
        differences += _differences(ours.get(hold_id), theirs.get(hold_id), over)
    return Reconciliation(
        provider,
        len({*ours, *theirs}),
        _sums((one.currency, one.captured - one.refunded) for one in ours.values()),
        _sums((one.held.currency, one.captured.minor - one.refunded.minor) for one in theirs.values()),
        tuple(differences),
    )


def look(
    provider: PaymentProvider, postings: Sequence[Posting], since_ns: int, over: Collection[str]
) -> Reconciliation:
    """Ask the provider for its holds since a moment and compare. `postings` must be whole for every visit in them.

    Holds made before `since_ns` of which the ledger has postings after it are asked for one by one. Ledger entries that
    were last touched before it are left out, unless the provider lists their hold.
    """
    listed = {hold.hold_id: hold for hold in provider.holds(since_ns)}
    ours = taken(postings)
    for hold_id, one in ours.items():
        if hold_id not in listed and one.last_at_ns >= since_ns:
            listed |= _asked(provider, hold_id)
    old = {hold_id for hold_id, one in ours.items() if one.last_at_ns < since_ns and hold_id not in listed}
    recent = [posting for posting in postings if Entry.parse(posting.correlation).hold_id not in old]
    return compare(provider.name, recent, listed.values(), over)


def _asked(provider: PaymentProvider, hold_id: str) -> dict[str, Hold]:
    try:
        return {hold_id: provider.hold(hold_id)}
    except UnknownPaymentError:
        return {}


def _differences(ours: Taken | None, theirs: Hold | None, over: Collection[str]) -> list[Difference]:
    """What is wrong with one hold; at least one side knows it."""
    if theirs is None:
        assert ours is not None
        kept = ours.captured - ours.refunded
        return [Difference("missing at provider", ours.hold_id, ours.visit_id, ours.currency, kept, 0)]
    currency, visit_id = theirs.held.currency, theirs.reference if ours is None else ours.visit_id
    found: list[tuple[str, int, int]] = []
    if ours is None:
        if theirs.captured.minor:
            found.append(("missing in ledger", 0, theirs.captured.minor - theirs.refunded.minor))
    elif ours.currency != currency:
        found.append(("currency differs", ours.captured, theirs.captured.minor))
    else:
        if ours.captured != theirs.captured.minor:
            found.append(("captured differs", ours.captured, theirs.captured.minor))
        if ours.refunded != theirs.refunded.minor:
            found.append(("refunded differs", ours.refunded, theirs.refunded.minor))
    if theirs.status == "held" and visit_id in over:
        found.append(("left open", 0, theirs.held.minor))
    return [Difference(kind, theirs.hold_id, visit_id, currency, mine, its) for kind, mine, its in found]


def _sums(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for currency, minor in amounts:
        sums[currency] = sums.get(currency, 0) + minor
    return sums


def _sentence(difference: Difference) -> str:
    what = f"hold {difference.hold_id} of visit {difference.visit_id}" if difference.hold_id else difference.visit_id
    ours, theirs = (Money(minor, difference.currency) for minor in (difference.ledger, difference.provider))
    return f"{difference.kind}: {what}: ledger {ours}, provider {theirs}"

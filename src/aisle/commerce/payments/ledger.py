"""The shop's books: what each movement of money means, as postings that always add up to nothing.

Double entry: every function here returns postings of one correlation whose amounts sum to zero; a debit is positive, a
credit negative. Pure, and everything is taken from what was stored when the basket was priced: a refund gives back the
line's own stored shares of sales, tax and deposit, to the unit, however many parts it comes in.

Accounts: `receivable` (what customers are to pay), `coupons` (what manufacturers are to pay for their coupons),
`clearing` (what the payment provider has taken and will pay out), `debts` (what customers did not pay when asked),
`bad_debts` (what they never will), `deposits` (what is owed for returned packaging), `sales:C@R` and `refunds:C@R` per
tax category C and rate R, `tax:A:C@R` per authority A.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from aisle.commerce.money import Money, allocate, rounded
from aisle.commerce.pricing.priced import PricedBasket

RECEIVABLE = "receivable"
COUPONS = "coupons"
CLEARING = "clearing"
DEBTS = "debts"
BAD_DEBTS = "bad_debts"
DEPOSITS = "deposits"
_SALES = "sales:"
_REFUNDS = "refunds:"


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry: `minor` units on an account, debits positive. `correlation` names the entry (`Entry`)."""

    correlation: str
    account: str
    minor: int
    currency: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What a correlation says: the visit, what happened, and the provider's hold and refund where there is one.

    `kind`: "sale", "payment", "owed", "debt_paid", "written_off" or "refund".
    """

    visit_id: str
    kind: str
    hold_id: str = ""
    refund_id: str = ""

    def __str__(self) -> str:
        parts = (self.visit_id, self.kind, self.hold_id, self.refund_id)
        if any("/" in part for part in parts):
            raise ValueError(f"found a '/' in one of {parts}; expected ids without it")
        return "/".join(parts).rstrip("/")

    @classmethod
    def parse(cls, correlation: str) -> Entry:
        """The entry a correlation names. Raises ValueError for text that names none."""
        parts = correlation.split("/")
        if not 2 <= len(parts) <= 4:
            raise ValueError(
                f"found the correlation {correlation!r}; expected visit/kind, visit/kind/hold or with refund"
            )
        return cls(*parts)


class LedgerError(ValueError):
    """A priced basket or a refund whose parts do not add up; nothing may be posted for it."""


def sale(visit_id: str, priced: PricedBasket, at_ns: int) -> tuple[Posting, ...]:
    """What a customer is to pay for a basket, and what that consists of. Raises LedgerError."""
    credits: Counter[str] = Counter()
    for row in line_shares(priced).values():
        credits.update(row)
    amounts = Counter({RECEIVABLE: priced.total_minor, COUPONS: priced.tender_minor})
    amounts.subtract(credits)
    return _entry(Entry(visit_id, "sale"), amounts, priced.currency, at_ns)


def payment(visit_id: str, hold_id: str, amount: Money, at_ns: int) -> tuple[Posting, ...]:
    """A capture: the provider has what the customer was to pay."""
    return _moved(Entry(visit_id, "payment", hold_id), RECEIVABLE, CLEARING, amount, at_ns)


def owed(visit_id: str, amount: Money, at_ns: int) -> tuple[Posting, ...]:
    """The card did not pay: what was to be paid is a debt now."""
    return _moved(Entry(visit_id, "owed"), RECEIVABLE, DEBTS, amount, at_ns)


def debt_paid(visit_id: str, hold_id: str, amount: Money, at_ns: int) -> tuple[Posting, ...]:
    """A debt is paid later, by a hold of its own."""
    return _moved(Entry(visit_id, "debt_paid", hold_id), DEBTS, CLEARING, amount, at_ns)


def written_off(visit_id: str, amount: Money, at_ns: int) -> tuple[Posting, ...]:
    """A debt is given up."""
    return _moved(Entry(visit_id, "written_off"), DEBTS, BAD_DEBTS, amount, at_ns)


def refund(
    visit_id: str,
    hold_id: str,
    refund_id: str,
    priced: PricedBasket,
    parts: Sequence[tuple[str, int]],
    at_ns: int,
    *,
    earlier: Mapping[str, int] | None = None,
) -> tuple[Posting, ...]:
    """Money given back for lines: `parts` are (line id, minor units, tax and deposit included).

    `earlier` says how much of each line was given back before. However a line is given back in parts, the parts of
    each account add up to its share in the sale when the whole line is; the claim on a manufacturer's coupon falls with
    it. Raises LedgerError for more than the customer paid for a line.
    """
    shares = line_shares(priced)
    coupons = {line.line_id: sum(tender.minor for tender in line.tenders) for line in priced.lines}
    given = Counter(earlier or {})
    amounts: Counter[str] = Counter()
    for line_id, minor in parts:
        row = shares.get(line_id, {})
        due = sum(row.values()) - coupons.get(line_id, 0)
        if minor <= 0 or given[line_id] + minor > due:
            raise LedgerError(
                f"found {minor} to give back for line {line_id!r} of visit {visit_id}, after {given[line_id]}; "
                f"expected more than 0 and at most {due} in all"
            )
        amounts.update(_back(row, due, given[line_id], minor))
        given[line_id] += minor
    amounts[CLEARING] -= sum(minor for _, minor in parts)
    return _entry(Entry(visit_id, "refund", hold_id, refund_id), amounts, priced.currency, at_ns)


def line_shares(priced: PricedBasket) -> dict[str, dict[str, int]]:
    """What each line consists of: line id -> account -> minor units, credits counted positive.

    Tax is taken from the basket's tax lines, so that the sums over all lines are those of the receipt: each line draws
    its own tax from the authorities of its category in proportion to what they have left, then each deposit its tax.
    Raises LedgerError when lines, taxes and total do not fit.
    """
    rates = _rates(priced)
    left = {_tax_account(tax.authority, tax.category, tax.share): tax.tax_minor for tax in priced.taxes}
    own: defaultdict[str, list[str]] = defaultdict(list)
    for tax in priced.taxes:
        own[tax.category].append(_tax_account(tax.authority, tax.category, tax.share))
    rows: dict[str, Counter[str]] = {line.line_id: Counter() for line in priced.lines}
    for line in priced.lines:
        net = line.paid_minor - (line.tax_minor if priced.tax_included else 0)
        deposit = line.deposit_minor - (line.deposit_tax_minor if priced.tax_included else 0)
        account = f"{_SALES}{line.tax_category}@{rates.get(line.tax_category, '0')}"
        rows[line.line_id].update({account: net, DEPOSITS: deposit})
    for line in priced.lines:
        rows[line.line_id].update(_draw(left, own[line.tax_category], line.tax_minor))
    for line in priced.lines:
        rows[line.line_id].update(_draw(left, own[line.tax_category], line.deposit_tax_minor))
    _check(priced, rows, left)
    return {line_id: {account: minor for account, minor in row.items() if minor} for line_id, row in rows.items()}


def balances(postings: Iterable[Posting]) -> dict[tuple[str, str], int]:
    """What stands on each (account, currency); accounts that are even are left out."""
    sums: Counter[tuple[str, str]] = Counter()
    for posting in postings:
        sums[posting.account, posting.currency] += posting.minor
    return {account: minor for account, minor in sums.items() if minor}


def unbalanced(postings: Iterable[Posting]) -> dict[tuple[str, str], int]:
    """The (correlation, currency) whose postings do not add up to nothing, and by how much. Empty in sound books."""
    sums: Counter[tuple[str, str]] = Counter()
    for posting in postings:
        sums[posting.correlation, posting.currency] += posting.minor
    return {entry: minor for entry, minor in sums.items() if minor}


def _rates(priced: PricedBasket) -> dict[str, str]:
    """The rate of each tax category: the shares of its authorities together, as decimal text."""
    rates: defaultdict[str, Decimal] = defaultdict(Decimal)
    for tax in priced.taxes:
        rates[tax.category] += Decimal(tax.share)
    return {category: format(rate.normalize(), "f") for category, rate in rates.items()}


def _tax_account(authority: str, category: str, share: str) -> str:
    return f"tax:{authority}:{category}@{format(Decimal(share).normalize(), 'f')}"


def _draw(left: dict[str, int], preferred: Sequence[str], minor: int) -> Counter[str]:
    """Take `minor` out of `left`, from the preferred accounts as far as they reach, then from the others."""
    drawn: Counter[str] = Counter()
    for accounts in (list(preferred), [account for account in left if account not in preferred]):
        there = [left[account] for account in accounts]
        part = min(minor, sum(there))
        if part <= 0:
            continue
        for account, taken in zip(accounts, allocate(part, there), strict=True):
            left[account] -= taken
            drawn[account] += taken
        minor -= part
    return drawn


def _check(priced: PricedBasket, rows: Mapping[str, Counter[str]], left: Mapping[str, int]) -> None:
    if len(rows) != len(priced.lines):
        raise LedgerError("found two lines of one id; expected an id of its own for each line")
    tenders = sum(tender.minor for line in priced.lines for tender in line.tenders)
    if tenders != priced.tender_minor:
        raise LedgerError(f"found coupons of {tenders} on the lines; expected the {priced.tender_minor} of the basket")
    if any(left.values()):
        raise LedgerError(f"found tax that belongs to no line: {dict(left)}; expected the taxes of lines and deposits")
    parts = sum(sum(row.values()) for row in rows.values())
    if parts != priced.total_minor + priced.tender_minor:
        raise LedgerError(
            f"found lines, deposits and taxes of {parts} together; expected the total of {priced.total_minor} and "
            f"{priced.tender_minor} in manufacturers' coupons"
        )


def _back(row: Mapping[str, int], due: int, before: int, minor: int) -> Counter[str]:
    """How `minor` more of the `due` of a line are given back by its accounts, after `before`.

    A manufacturer's coupon paid the rest of the line; it is not claimed for what comes back.
    """
    whole = sum(row.values())
    earlier, now = (rounded(Fraction(whole * part, due)) for part in (before, before + minor))
    weights = list(row.values())
    parts = (b - a for a, b in zip(allocate(earlier, weights), allocate(now, weights), strict=True))
    back = Counter({_given_back_on(account): part for account, part in zip(row, parts, strict=True)})
    back[COUPONS] -= now - earlier - minor
    return back


def _given_back_on(account: str) -> str:
    return _REFUNDS + account.removeprefix(_SALES) if account.startswith(_SALES) else account


def _moved(entry: Entry, source: str, target: str, amount: Money, at_ns: int) -> tuple[Posting, ...]:
    if amount.minor <= 0:
        raise LedgerError(
            f"found {amount} to post as {entry.kind} of visit {entry.visit_id}; expected more than nothing"
        )
    return _entry(entry, {target: amount.minor, source: -amount.minor}, amount.currency, at_ns)


def _entry(entry: Entry, amounts: Mapping[str, int], currency: str, at_ns: int) -> tuple[Posting, ...]:
    """The postings of an entry, debits first, accounts by name."""
    order = sorted((minor < 0, account, minor) for account, minor in amounts.items() if minor)
    return tuple(Posting(str(entry), account, minor, currency, at_ns) for _, account, minor in order)

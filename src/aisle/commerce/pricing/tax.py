"""Tax on a basket: value-added tax inside the prices or sales tax on top of them, exact and split without a remainder.

A tax amount is rounded once, where the shop's law wants it: per line, per rate group (all lines of one tax category) or
per receipt. What was rounded is then shared out by largest remainder, so that the taxes of the lines and deposits add
up to the tax lines of the receipt, and these to its tax. Everything is whole numbers; no float ever touches a tax.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from aisle.commerce.money import allocate, rounded
from aisle.commerce.pricing.priced import TaxLine
from aisle.store.offers import Taxes, TaxRate

LIKE_GOODS = "goods"


@dataclass(frozen=True, slots=True)
class Taxable:
    """One line as the tax office sees it: the category of the goods, the amount that is taxed, the deposit on it.

    Amounts are minor units as the customer pays them: with the tax in it where prices hold it. None is negative.
    """

    category: str
    amount_minor: int
    deposit_minor: int = 0


@dataclass(frozen=True, slots=True)
class Taxed:
    """The tax of a basket: `lines_minor` and `deposits_minor` run beside the lines asked about.

    Both together add up to the tax of `taxes`, and that to `total_minor`.
    """

    taxes: tuple[TaxLine, ...]
    lines_minor: tuple[int, ...]
    deposits_minor: tuple[int, ...]
    total_minor: int


@dataclass(frozen=True, slots=True)
class _Rule:
    """What the rates of one category come to on one day: the tax in or on an amount is amount × up / down."""

    rank: int  # place among the categories of the table
    rates: tuple[TaxRate, ...]
    shares: tuple[str, ...]  # of the rates, as text
    weights: tuple[int, ...]  # of the rates, in whole numbers
    up: int
    down: int

    def tax(self, amount_minor: int) -> Fraction:
        return Fraction(amount_minor * self.up, self.down)


@dataclass(slots=True)
class _Group:
    """The parts of a basket in one category: (line, is it the deposit?) with their amounts."""

    category: str
    rule: _Rule
    parts: list[tuple[int, bool]]
    amounts: list[int]

    @property
    def amount(self) -> int:
        return sum(self.amounts)


class TaxTable:
    """The taxes of a shop, ready to be asked often."""

    def __init__(self, taxes: Taxes) -> None:
        self.taxes = taxes
        self._rank: dict[str, int] = {}
        for rate in taxes.rates:
            self._rank.setdefault(rate.category, len(self._rank))
        self._rules: dict[tuple[str, dt.date], _Rule] = {}

    def rates(self, category: str, day: dt.date) -> tuple[TaxRate, ...]:
        """The taxes on a category on a day, one per authority, in the order of the table; none: not taxed."""
        return self._rule(category, day).rates

    def tax_lines(self, lines: Sequence[Taxable], day: dt.date) -> Taxed:
        """The tax of a basket on a day. Raises ValueError for a negative amount."""
        groups = sorted(self._groups(lines, day), key=lambda group: group.rule.rank)
        taxes: list[TaxLine] = []
        goods, deposits = [0] * len(lines), [0] * len(lines)
        for group, parts in zip(groups, self._parts(groups), strict=True):
            for (place, is_deposit), minor in zip(group.parts, parts, strict=True):
                (deposits if is_deposit else goods)[place] = minor
            taxes += self._tax_lines(group, sum(parts))
        return Taxed(tuple(taxes), tuple(goods), tuple(deposits), sum(goods) + sum(deposits))

    def _parts(self, groups: Sequence[_Group]) -> list[tuple[int, ...]]:
        """The tax of every part of every group, rounded where the shop's law wants it."""
        match self.taxes.rounding:
            case "line":
                return [tuple(rounded(group.rule.tax(amount)) for amount in group.amounts) for group in groups]
            case "rate":
                totals = [rounded(group.rule.tax(group.amount)) for group in groups]
            case "receipt":
                totals = _rounded_together([group.rule.tax(group.amount) for group in groups])
        return [allocate(total, group.amounts) for total, group in zip(totals, groups, strict=True)]

    def _groups(self, lines: Sequence[Taxable], day: dt.date) -> list[_Group]:
        """The taxed parts of a basket by category; what no rate is for is in none."""
        groups: dict[str, _Group] = {}

        def add(category: str, place: int, is_deposit: bool, amount: int) -> None:
            if amount < 0:
                raise ValueError(f"found an amount of {amount} on line {place + 1}; expected none below 0")
            if not amount:
                return
            group = groups.get(category)
            if group is None:
                group = groups[category] = _Group(category, self._rule(category, day), [], [])
            group.parts.append((place, is_deposit))
            group.amounts.append(amount)

        like_goods = self.taxes.deposit_category == LIKE_GOODS
        for place, line in enumerate(lines):
            add(line.category, place, False, line.amount_minor)
            add(line.category if like_goods else self.taxes.deposit_category, place, True, line.deposit_minor)
        return [group for group in groups.values() if group.rule.rates]

    def _tax_lines(self, group: _Group, tax: int) -> list[TaxLine]:
        """The tax of a group, shared out among the authorities."""
        rule = group.rule
        net = group.amount - tax if self.taxes.included else group.amount
        return [
            TaxLine(group.category, rate.authority, share, net, minor)
            for rate, share, minor in zip(rule.rates, rule.shares, allocate(tax, rule.weights), strict=True)
        ]

    def _rule(self, category: str, day: dt.date) -> _Rule:
        rule = self._rules.get((category, day))
        if rule is None:
            rule = self._rules[category, day] = self._made_rule(category, day)
        return rule

    def _made_rule(self, category: str, day: dt.date) -> _Rule:
        by_authority: dict[str, TaxRate] = {}
        for rate in self.taxes.rates:
            if rate.category == category and _valid(rate, day):
                held = by_authority.setdefault(rate.authority, rate)
                if (rate.starts or dt.date.min) >= (held.starts or dt.date.min):
                    by_authority[rate.authority] = rate
        rates = tuple(by_authority.values())
        shares = [Fraction(rate.share) for rate in rates]
        down = math.lcm(*(share.denominator for share in shares))
        weights = tuple(int(share * down) for share in shares)
        up = sum(weights)
        texts = tuple(f"{rate.share.normalize():f}" for rate in rates)
        return _Rule(self._rank.get(category, 0), rates, texts, weights, up, down + up if self.taxes.included else down)


def _valid(rate: TaxRate, day: dt.date) -> bool:
    return (rate.starts is None or rate.starts <= day) and (rate.ends is None or day <= rate.ends)


def _rounded_together(taxes: Sequence[Fraction]) -> list[int]:
    """Whole numbers for exact taxes: their sum is rounded once and shared out by largest remainder."""
    if not taxes:
        return []
    down = math.lcm(*(tax.denominator for tax in taxes))
    return list(allocate(rounded(sum(taxes, Fraction(0))), [int(tax * down) for tax in taxes]))

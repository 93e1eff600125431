"""The books: every entry adds up to nothing, and refunds undo a sale to the unit."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.commerce.money import Money
from aisle.commerce.payments import ledger
from aisle.commerce.payments.ledger import Entry, LedgerError, Posting
from aisle.commerce.pricing.priced import PricedBasket, PricedLine, Saving, TaxLine
from aisle.commerce.pricing.tax import Taxable, TaxTable
from aisle.store.offers import Taxes, TaxRate

DAY = dt.date(2026, 11, 22)
US = (
    TaxRate("food", Decimal("0.01"), "county"),
    TaxRate("candy", Decimal("0.0625"), "state"),
    TaxRate("candy", Decimal("0.0125"), "county"),
    TaxRate("candy", Decimal("0.00875"), "city"),
    TaxRate("deposit", Decimal("0.05"), "state"),
)
EU = (
    TaxRate("food", Decimal("0.07"), "DE"),
    TaxRate("candy", Decimal("0.19"), "DE"),
    TaxRate("deposit", Decimal("0.19"), "DE"),
)


@st.composite
def baskets(draw: st.DrawFn) -> PricedBasket:
    """Any priced basket that keeps the promises of `PricedBasket`: both kinds of tax, each rounding, deposits."""
    included = draw(st.booleans())
    taxes = TaxTable(
        Taxes(
            included,
            draw(st.sampled_from([US, EU])),
            draw(st.sampled_from(["line", "rate", "receipt"])),
            draw(st.sampled_from(["", "goods", "deposit", "candy"])),
        )
    )
    goods = draw(
        st.lists(
            st.tuples(st.sampled_from(["food", "candy", "free"]), st.integers(0, 2_000), st.sampled_from([0, 8, 25])),
            max_size=6,
        )
    )
    taxed = taxes.tax_lines([Taxable(*one) for one in goods], DAY)
    lines = []
    for n, (category, paid, deposit) in enumerate(goods):
        tax, deposit_tax = taxed.lines_minor[n], taxed.deposits_minor[n]
        coupon = draw(st.integers(0, max(0, paid - 1)))
        tenders = (Saving("c1", "coupon", "manufacturer", coupon),)[: coupon > 0]
        amounts = (1, paid, paid, paid, (), category, tax, deposit, deposit_tax)
        lines.append(PricedLine(f"l{n}", "4006381333931", "goods", *amounts, tenders=tenders))
    gross = sum(line.paid_minor + line.deposit_minor for line in lines) + (0 if included else taxed.total_minor)
    tender = sum(saving.minor for line in lines for saving in line.tenders)
    fixed = ("EUR", tuple(lines), gross - tender, 0, taxed.total_minor, included, taxed.taxes)
    return PricedBasket(*fixed, tender_minor=tender)


def cost(priced: PricedBasket, line_id: str) -> int:
    """What the customer paid for a line, tax and deposit included."""
    coupons = sum(saving.minor for line in priced.lines if line.line_id == line_id for saving in line.tenders)
    return sum(ledger.line_shares(priced)[line_id].values()) - coupons


@given(baskets())
def test_a_sale_balances_and_asks_for_the_total(priced: PricedBasket) -> None:
    postings = ledger.sale("v1", priced, 7)
    on = ledger.balances(postings)
    assert ledger.unbalanced(postings) == {}
    assert on.get((ledger.RECEIVABLE, "EUR"), 0) == priced.total_minor
    assert on.get((ledger.COUPONS, "EUR"), 0) == priced.tender_minor
    assert {posting.at_ns for posting in postings} <= {7}


@given(baskets())
def test_a_sale_owes_the_authorities_what_the_receipt_says(priced: PricedBasket) -> None:
    on = ledger.balances(ledger.sale("v1", priced, 0))
    owed = {account: -minor for (account, _), minor in on.items() if account.startswith("tax:")}
    said: dict[str, int] = {}
    for tax in priced.taxes:
        account = f"tax:{tax.authority}:{tax.category}@{Decimal(tax.share).normalize():f}"
        said[account] = said.get(account, 0) + tax.tax_minor
    assert owed == {account: minor for account, minor in said.items() if minor}


@given(baskets(), st.data())
def test_refunds_balance_and_undo_the_sale_in_any_parts(priced: PricedBasket, data: st.DataObject) -> None:
    left = {line.line_id: cost(priced, line.line_id) for line in priced.lines}
    given_back: dict[str, int] = {}
    postings: list[Posting] = [*ledger.sale("v1", priced, 0)]
    order = data.draw(st.permutations([line_id for line_id, minor in left.items() if minor] * 2))
    for n, line_id in enumerate(order):
        last = line_id not in order[n + 1 :]
        minor = left[line_id] if last else data.draw(st.integers(1, max(1, left[line_id] - 1)))
        parts = [(line_id, minor)] if minor else []
        entry = ledger.refund("v1", "h1", f"r{n}", priced, parts, n, earlier=given_back)
        assert ledger.unbalanced(entry) == {}
        postings += entry
        left[line_id] -= minor
        given_back[line_id] = given_back.get(line_id, 0) + minor
    on = ledger.balances(postings)
    assert on.get((ledger.CLEARING, "EUR"), 0) == -priced.total_minor
    assert {account for account, _ in on if account.startswith("tax:") or account == ledger.DEPOSITS} == set()
    sales = {account.removeprefix("sales:"): -m for (account, _), m in on.items() if account.startswith("sales:")}
    refunds = {account.removeprefix("refunds:"): m for (account, _), m in on.items() if account.startswith("refunds:")}
    assert sales == refunds


def basket() -> PricedBasket:
    line = PricedLine("l1", "4006381333931", "cola", 2, 214, 428, 428, (), "drinks", 68, 50, 8)
    taxes = (TaxLine("drinks", "DE", "0.19", 402, 76),)
    return PricedBasket("EUR", (line,), 478, 0, 76, True, taxes, 50)


def test_a_sale_in_full() -> None:
    assert {posting.account: posting.minor for posting in ledger.sale("v1", basket(), 7)} == {
        "receivable": 478,
        "sales:drinks@0.19": -360,
        "deposits": -42,
        "tax:DE:drinks@0.19": -76,
    }


def couponed(minor: int) -> PricedBasket:
    """A line of 400 without tax, of which a manufacturer's coupon pays `minor`."""
    tenders = (Saving("c1", "coupon", "manufacturer", minor),)
    line = PricedLine("l1", "4006381333931", "oats", 1, 400, 400, 400, tax_category="food", tenders=tenders)
    return PricedBasket("USD", (line,), 400 - minor, minor, 0, False, tender_minor=minor)


def test_a_coupon_is_claimed_and_no_longer_when_the_goods_come_back() -> None:
    priced = couponed(100)
    sold = ledger.sale("v1", priced, 1)
    back = ledger.refund("v1", "h1", "r1", priced, [("l1", 150)], 2)
    assert {posting.account: posting.minor for posting in sold} == {
        "receivable": 300, "coupons": 100, "sales:food@0": -400,
    }  # fmt: skip
    assert {posting.account: posting.minor for posting in back} == {
        "refunds:food@0": 200, "clearing": -150, "coupons": -50,
    }  # fmt: skip


def test_what_a_coupon_paid_alone_is_not_given_back_to_the_customer() -> None:
    priced = couponed(400)
    assert ledger.unbalanced(ledger.sale("v1", priced, 1)) == {}
    with pytest.raises(LedgerError, match="at most 0 in all"):
        ledger.refund("v1", "h1", "r1", priced, [("l1", 1)], 2)


def test_a_paid_visit_leaves_nothing_receivable() -> None:
    postings = (*ledger.sale("v1", basket(), 1), *ledger.payment("v1", "h1", Money(478, "EUR"), 2))
    on = ledger.balances(postings)
    assert (ledger.RECEIVABLE, "EUR") not in on
    assert on[ledger.CLEARING, "EUR"] == 478


@pytest.mark.parametrize(
    ("rest", "account", "minor"),
    [
        pytest.param((), "debts", 478, id="still owed"),
        pytest.param(ledger.debt_paid("v1", "h2", Money(478, "EUR"), 3), "clearing", 478, id="paid later"),
        pytest.param(ledger.written_off("v1", Money(478, "EUR"), 3), "bad_debts", 478, id="given up"),
    ],
)
def test_a_debt_goes_where_it_belongs(rest: tuple[Posting, ...], account: str, minor: int) -> None:
    postings = (*ledger.sale("v1", basket(), 1), *ledger.owed("v1", Money(478, "EUR"), 2), *rest)
    on = ledger.balances(postings)
    assert {name: m for (name, _), m in on.items() if m > 0} == {account: minor}


@pytest.mark.parametrize(
    ("parts", "earlier"),
    [
        pytest.param([("l1", 479)], {}, id="more than the line cost"),
        pytest.param([("l1", 300), ("l1", 300)], {}, id="twice, together too much"),
        pytest.param([("l1", 200)], {"l1": 300}, id="too much after earlier refunds"),
        pytest.param([("l1", 0)], {}, id="nothing"),
        pytest.param([("l1", -1)], {}, id="less than nothing"),
        pytest.param([("l9", 1)], {}, id="no such line"),
    ],
)
def test_a_refund_that_cannot_be_is_not_posted(parts: list[tuple[str, int]], earlier: dict[str, int]) -> None:
    with pytest.raises(LedgerError, match="to give back for line"):
        ledger.refund("v1", "h1", "r1", basket(), parts, 0, earlier=earlier)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"total_minor": 477}, "found lines, deposits and taxes of 478", id="total"),
        pytest.param({"tender_minor": 1}, "found coupons of 0", id="coupons"),
        pytest.param({"taxes": ()}, "found lines, deposits and taxes of 402", id="no tax lines"),
        pytest.param({"taxes": (TaxLine("drinks", "DE", "0.19", 402, 99),)}, "belongs to no line", id="too much tax"),
        pytest.param({"lines": basket().lines * 2}, "two lines of one id", id="a line twice"),
    ],
)
def test_a_basket_that_does_not_add_up_is_not_posted(change: dict[str, object], message: str) -> None:
    fields = {name: getattr(basket(), name) for name in PricedBasket.__struct_fields__}
    with pytest.raises(LedgerError, match=message):
        ledger.sale("v1", PricedBasket(**{**fields, **change}), 0)


@pytest.mark.parametrize("minor", [0, -5])
def test_a_payment_moves_something(minor: int) -> None:
    with pytest.raises(LedgerError):
        ledger.payment("v1", "h1", Money(minor, "EUR"), 0)


@pytest.mark.parametrize(
    "entry",
    [Entry("v1", "sale"), Entry("v1", "payment", "h1"), Entry("v1", "refund", "h1", "r1")],
    ids=lambda entry: entry.kind,
)
def test_a_correlation_names_its_entry(entry: Entry) -> None:
    assert Entry.parse(str(entry)) == entry


def test_an_id_with_a_slash_is_refused() -> None:
    with pytest.raises(ValueError, match="expected ids without it"):
        str(Entry("v/1", "sale"))


@pytest.mark.parametrize("text", ["v1", "v1/refund/h1/r1/more"])
def test_what_names_no_entry_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="found the correlation"):
        Entry.parse(text)

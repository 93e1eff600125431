"""What stands on a receipt: in every state, with every kind of line, and never more than is so."""

from __future__ import annotations

import msgspec
import pytest

from aisle.commerce.pricing.priced import Saving
from aisle.commerce.receipts.receipt import Payment, Receipt, Refunded
from aisle.commerce.receipts.sheet import ReceiptError, Row, lay_out, line_url
from commerce.receipts.samples import ALL, AMERICAN, CORRECTED, EMPTY, EUROS, FINAL, OWED, PENDING, VISA, at

NBSP = "\u00a0"


def test_a_settled_receipt_says_all_there_is() -> None:
    sheet = lay_out(FINAL, "en-GB")
    assert (sheet.store, sheet.number, sheet.headline, sheet.saved) == (
        "Mill Lane Market", "Visit 3F7Q", "€10.61", "€1.24 saved",
    )  # fmt: skip
    assert sheet.when == "Sunday, 22 November 2026, 18:41 to 18:57"
    assert sheet.notes == ("Paid with Visa ending 4242.",)
    assert [entry.detail for entry in sheet.entries] == ["0.486 kg × 3.99/kg", "2 × 1.89", "", "6 × 0.39"]
    assert [entry.amount for entry in sheet.entries] == ["1.94", "3.78", "2.29", "2.34"]
    assert [entry.sure for entry in sheet.entries] == ["sure", "99% sure", "97% sure", "checked by a person"]
    assert [row.amount for entry in sheet.entries for row in entry.savings] == ["−0.60", "−0.30", "−0.34"]
    assert [row.label for entry in sheet.entries for row in entry.savings] == [
        "2 for 3.18", "Member price", "Price went down while you shopped",
    ]  # fmt: skip
    assert (sheet.entries[3].deposit, sheet.entries[3].deposit_detail) == (Row("Deposit", "1.50"), "6 × 0.25")
    assert sheet.entries[0].dispute_url == "https://shop.example/receipt/3F7Q?line=tomatoes"
    assert sheet.sums == (Row("Total", "€10.61", "total"), Row("You saved", "€1.24", "saved"))
    assert sheet.taxes == (
        Row("includes VAT 7% on 6.64", "0.47", "fine"), Row("includes VAT 19% on 2.82", "0.68", "fine"),
    )  # fmt: skip
    assert sheet.payments == (Row("Visa ending 4242", "€10.61"),)


def test_tax_on_top_stands_between_subtotal_and_total() -> None:
    sheet = lay_out(AMERICAN, "en-US")
    assert [(row.label, row.amount) for row in sheet.sums] == [
        ("Subtotal", "6.98"), ("$1 off", "−1.00"),
        ("Massachusetts 6.25% on 5.98", "0.37"), ("Manufacturer coupons", "−0.50"),
        ("Total", "$5.85"), ("You saved", "$1.50"),
    ]  # fmt: skip
    assert sheet.taxes == ()


def minor(amount: str) -> int:
    """A printed amount of two decimals, in cents."""
    return int("".join(character for character in amount.replace("−", "-") if character in "-0123456789"))


@pytest.mark.parametrize("receipt", [FINAL, AMERICAN, EMPTY, PENDING], ids=["euros", "dollars", "nothing", "pending"])
def test_what_is_printed_adds_up_to_the_total(receipt: Receipt) -> None:
    sheet = lay_out(receipt, "en-US")
    lines = [entry.amount for entry in sheet.entries]
    savings = [row.amount for entry in sheet.entries for row in entry.savings]
    deposits = [entry.deposit.amount for entry in sheet.entries if entry.deposit]
    between = [row.amount for row in sheet.sums if row.label.startswith(("$1 off", "Massachusetts", "Manufacturer"))]
    [total] = [row.amount for row in sheet.sums if row.tone == "total"]
    assert sum(minor(amount) for amount in lines + savings + deposits + between) == minor(total)


def test_an_offer_on_the_whole_order_stands_once() -> None:
    shares = [(Saving("o", "5 off from 50", "order", share),) for share in (1, 2, 3, 4)]
    lines = tuple(msgspec.structs.replace(line, savings=share) for line, share in zip(EUROS.lines, shares, strict=True))
    sheet = lay_out(msgspec.structs.replace(FINAL, priced=msgspec.structs.replace(EUROS, lines=lines)), "en")
    assert [entry.savings for entry in sheet.entries] == [()] * 4
    assert sheet.sums[:2] == (Row("Subtotal", "10.71"), Row("5 off from 50", "−0.10", "saved"))


def test_coupons_have_their_names() -> None:
    lines = tuple(
        msgspec.structs.replace(line, tenders=(Saving("m", "50 c off Soda", "manufacturer", 25),))
        for line in AMERICAN.priced.lines * 2
    )
    named = msgspec.structs.replace(AMERICAN, priced=msgspec.structs.replace(AMERICAN.priced, lines=lines))
    some = msgspec.structs.replace(named, priced=msgspec.structs.replace(named.priced, tender_minor=80))
    assert Row("50 c off Soda (manufacturer coupon)", "−0.50", "saved") in lay_out(named, "en").sums
    assert "Manufacturer coupons" not in str(lay_out(named, "en").sums)
    assert Row("Manufacturer coupons", "−0.30", "saved") in lay_out(some, "en").sums


def test_coupons_without_a_name_stand_together() -> None:
    nameless = (Saving("m", "", "manufacturer", 50),)
    lines = tuple(msgspec.structs.replace(line, tenders=nameless) for line in AMERICAN.priced.lines)
    receipt = msgspec.structs.replace(AMERICAN, priced=msgspec.structs.replace(AMERICAN.priced, lines=lines))
    assert Row("Manufacturer coupons", "−0.50", "saved") in lay_out(receipt, "en").sums


def test_a_pending_receipt_says_what_waits_and_that_nothing_was_charged() -> None:
    sheet = lay_out(PENDING, "en-US")
    assert sheet.notes == (
        "Nothing has been charged yet.",
        "2 lines are being checked by a person: Oat drink and Basil pesto.",
        "You need not do anything. The final receipt follows, and only what is proven is charged.",
    )
    assert [entry.waits for entry in sheet.entries] == [False, False, True, False]
    assert sheet.waiting == ("Basil pesto",)
    assert sheet.sums[0].label == "Total so far, not charged"
    assert (sheet.action, {entry.dispute_url for entry in sheet.entries}) == (None, {""})


def test_a_pending_receipt_without_names_still_speaks() -> None:
    sheet = lay_out(msgspec.structs.replace(PENDING, waiting=("gone",), waiting_names={}), "en")
    assert sheet.notes[1] == "Your visit is being checked by a person."


def test_a_corrected_receipt_says_what_came_back() -> None:
    sheet = lay_out(CORRECTED, "en-GB")
    assert (sheet.headline, sheet.notes[0]) == ("€8.62", "€1.99 came back to Visa ending 4242.")
    assert sheet.entries[2].came_back == ("1 came back on 23 Nov 2026: 1.99",)
    assert [(row.label, row.amount) for row in sheet.payments] == [
        ("Visa ending 4242", "€10.61"), ("Came back to Visa ending 4242", "−€1.99"), ("Paid in the end", "€8.62"),
    ]  # fmt: skip


def test_a_refund_counts_before_its_payment_is_known() -> None:
    receipt = msgspec.structs.replace(CORRECTED, payments=(VISA,))
    assert (receipt.came_back_minor, lay_out(receipt, "en").headline) == (199, "€8.62")


def test_an_owed_receipt_says_what_is_open_and_where_to_pay() -> None:
    part = msgspec.structs.replace(OWED, payments=(Payment("visa", "4242", 61, VISA.at_ns),))
    sheet = lay_out(part, "en")
    assert (sheet.headline, sheet.alarm) == ("€10.00", True)
    assert sheet.action is not None
    assert (sheet.action.label, sheet.action.url) == ("Pay €10.00", "https://shop.example/pay/abc")
    assert sheet.payments[-1] == Row("Still to pay", "€10.00", "total")


def test_an_empty_visit_is_said_kindly() -> None:
    sheet = lay_out(EMPTY, "en")
    assert (sheet.headline, sheet.notes) == ("€0.00", ("You took nothing, so nothing was charged.",))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param({"dropped": ("Pesto",)}, "Pesto was not yours in the end; it is not charged.", id="one dropped"),
        pytest.param({"dropped": ("A", "B")}, "A and B were not yours in the end; they are not charged.", id="two"),
        pytest.param(
            {"payments": (VISA, Payment("amex", "0005", 9, 1))},
            "Paid with Visa ending 4242 and American Express ending 0005.",
            id="two cards",
        ),
        pytest.param({"payments": (Payment("", "4242", 9, 1),)}, "Paid with the card ending 4242.", id="no brand"),
    ],
)
def test_notes(change: dict[str, object], said: str) -> None:
    assert lay_out(msgspec.structs.replace(FINAL, **change), "en").notes[-1] == said


def test_a_visit_past_midnight_names_both_days() -> None:
    receipt = msgspec.structs.replace(FINAL, left_at_ns=at("2026-11-22T23:10:00+00:00"))
    assert lay_out(receipt, "en-GB").when == "Sunday, 22 November 2026, 18:41 to Monday, 23 November 2026, 00:10"


def test_taxes_with_the_same_words_are_told_apart_by_category() -> None:
    taxes = tuple(msgspec.structs.replace(tax, share="0.07", net_minor=100) for tax in FINAL.priced.taxes)
    receipt = msgspec.structs.replace(FINAL, priced=msgspec.structs.replace(FINAL.priced, taxes=taxes))
    assert [row.label for row in lay_out(receipt, "en").taxes] == [
        "includes VAT 7% on 1.00 (food)", "includes VAT 7% on 1.00 (other)",
    ]  # fmt: skip


def test_several_refunds_of_a_line_are_all_told() -> None:
    refunds = (Refunded("penne", 1, 159, VISA.at_ns), Refunded("penne", 1, 159, VISA.at_ns))
    sheet = lay_out(msgspec.structs.replace(CORRECTED, refunds=refunds), "de")
    assert sheet.entries[1].came_back == ("1 zurück am 22.11.2026: 1,59",) * 2


@pytest.mark.parametrize("language", ["en-GB", "de-AT", "fr-FR", "es-MX", "ja-JP"])
@pytest.mark.parametrize("receipt", ALL.values(), ids=ALL)
def test_every_state_is_told_in_every_language(receipt: Receipt, language: str) -> None:
    sheet = lay_out(receipt, language)
    assert sheet.title
    assert all(sheet.notes)
    assert "{" not in str(sheet)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/r", "https://a.example/r?line=l%201%26x"),
        ("https://a.example/r?t=1", "https://a.example/r?t=1&line=l%201%26x"),
        ("", ""),
    ],
)
def test_a_link_names_its_line(url: str, expected: str) -> None:
    assert line_url(url, "l 1&x") == expected


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//evil.example/x", "https:", "receipt/1"])
def test_links_lead_to_the_web_or_nowhere(url: str) -> None:
    with pytest.raises(ReceiptError, match="https://"):
        line_url(url, "l")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_an_unknown_time_zone_is_named(zone: str) -> None:
    with pytest.raises(ReceiptError, match="expected one such as Europe/Berlin"):
        lay_out(msgspec.structs.replace(FINAL, time_zone=zone), "en")

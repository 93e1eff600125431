"""From a code's text to what it means in this shop: the order in which its possible meanings are tried.

A code the shop's own files hold is that product.  Then come the forms that only look like products (stickers, coupons),
then numbers with a weight or price inside, then plain GTINs.  Look-up codes of produce are short and are told apart by
length before anything is read as GS1 data, where "4011" would pass for the beginning of a field.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from aisle.store.barcodes.coupons import coupon_of_global_number, coupon_of_gtin, read_terms
from aisle.store.barcodes.gs1 import (
    LONGEST,
    Elements,
    is_address,
    is_element_string,
    read_address,
    read_date,
    read_elements,
)
from aisle.store.barcodes.meaning import (
    CouponCode,
    CouponKind,
    Details,
    Meaning,
    MeasureCode,
    PriceCode,
    ProductCode,
    StickerCode,
    UnknownCode,
)
from aisle.store.barcodes.numbers import Catalogue, all_digits, expand_upc_e, is_gtin, is_plu, usual_gtin
from aisle.store.barcodes.rules import GRAMS_PER_POUND, CodeRules, Match, NumberRule, minor_units
from aisle.store.barcodes.symbology import DATABARS, Scan, Symbology
from aisle.store.codes import GTIN_LENGTHS, check_digit

BLANKS = " \t\r\n"  # not str.strip: it would take FNC1 away
GRAMS_PER_OUNCE = GRAMS_PER_POUND / 16
# ISO 4217 numbers of the currencies a price with a currency (AI 393n) can be checked against.
CURRENCY_NUMBERS = {
    "036": "AUD", "124": "CAD", "203": "CZK", "208": "DKK", "348": "HUF", "376": "ILS", "392": "JPY", "554": "NZD",
    "578": "NOK", "702": "SGD", "752": "SEK", "756": "CHF", "826": "GBP", "840": "USD", "978": "EUR", "985": "PLN",
}  # fmt: skip


def interpret(scan: Scan, rules: CodeRules, catalogue: Catalogue, today: date) -> Meaning:
    """What the scanned code means: always one meaning, never an error.

    `today` settles the century of two-digit years.
    """
    text = scan.text.strip(BLANKS)
    if len(text) > LONGEST:
        return UnknownCode(text[:40], f"the code is {len(text)} characters long; no code on goods has over {LONGEST}")
    if is_address(text):
        return _of_elements(text, read_address(text), rules, catalogue, today)
    if is_element_string(text) or (scan.symbology in DATABARS and not is_gtin(text)):
        return _of_elements(text, read_elements(text), rules, catalogue, today)
    if not all_digits(text):
        known = catalogue.find(text)
        return (
            ProductCode(known, True) if known is not None else UnknownCode(text, "the code is neither digits nor GS1")
        )
    return _of_digits(text, scan.symbology, rules, catalogue)


def _of_digits(text: str, symbology: Symbology, rules: CodeRules, catalogue: Catalogue) -> Meaning:
    if len(text) < 6:
        return _of_plu(text, catalogue)
    sticker = _of_rules(text, rules.stickers, rules, catalogue)
    if sticker is not None:
        return sticker
    if len(text) == 8 and symbology in (Symbology.UPCE, Symbology.TYPED):
        long = expand_upc_e(text)
        if long is not None and (symbology is Symbology.UPCE or not is_gtin(text) or long in catalogue):
            return _of_gtin(long, rules, catalogue)
        if symbology is Symbology.UPCE:
            return UnknownCode(text, "the eight digits are no UPC-E: number system or check digit is wrong")
    if len(text) not in GTIN_LENGTHS:
        return UnknownCode(text, f"{len(text)} digits: a GTIN has 8, 12, 13 or 14, a PLU 4 or 5")
    if not is_gtin(text):
        return UnknownCode(text, f"check digit {text[-1]}, must be {check_digit(text[:-1])}")
    return _of_gtin(text, rules, catalogue)


def _of_plu(text: str, catalogue: Catalogue) -> Meaning:
    known = catalogue.find(text)
    if known is None and not is_plu(text):
        return UnknownCode(text, "no PLU: those are 3000 to 4999 and 8000 to 8999, with 9 in front where organic")
    return ProductCode(known or text, known is not None, plu=True, organic=len(text) == 5 and text[0] == "9")


def _of_gtin(gtin: str, rules: CodeRules, catalogue: Catalogue) -> Meaning:
    known = catalogue.find(gtin)
    if known is not None:
        return ProductCode(known, True)
    usual = usual_gtin(gtin)
    if len(usual) == 13:
        coupon = coupon_of_gtin(usual)
        if coupon is not None:
            return coupon
        inside = _of_rules(usual, rules.all_numbers, rules, catalogue)
        if inside is not None:
            return inside
    if _restricted(usual):
        return UnknownCode(gtin, "a number some shop gave to itself, which this shop's files lack and no rule reads")
    return ProductCode(usual, False)


def _restricted(usual: str) -> bool:
    """Whether the number is for restricted circulation: 02, 04 and 20-29 of thirteen digits, 0 and 2 of eight."""
    return usual[0] in "02" if len(usual) == 8 else len(usual) == 13 and (usual[:2] in ("02", "04") or usual[0] == "2")


def _of_rules(digits: str, tried: tuple[NumberRule, ...], rules: CodeRules, catalogue: Catalogue) -> Meaning | None:
    """The meaning under the first rule whose item the shop has, else under the first that fits; None when none does."""
    first: Meaning | None = None
    broken: UnknownCode | None = None
    for rule in tried:
        found = rule.match(digits.zfill(13) if len(digits) == 12 else digits)
        if found is None:
            continue
        meaning = _of_match(digits, rule, found, rules, catalogue)
        if isinstance(meaning, UnknownCode):
            broken = broken or meaning
        elif getattr(meaning, "known", None) is not None:
            return meaning
        else:
            first = first or meaning
    return first or broken


def _of_match(digits: str, rule: NumberRule, found: Match, rules: CodeRules, catalogue: Catalogue) -> Meaning:
    sticker = rule in rules.stickers
    if found.fault is not None:
        return UnknownCode(digits, found.fault)
    if found.value == 0 and rule.kind != "none":
        return UnknownCode(digits, f"the {'discount' if sticker else 'weight or price'} inside the code is zero")
    items = _items(digits.zfill(13) if len(digits) == 12 else digits, rule, found.item)
    known = next((code for code in map(catalogue.find, items) if code is not None), None)
    price = rule.minor(found.value, rules.currency) if rule.kind == "price" else None
    if rule.kind == "price" and price is None:
        return UnknownCode(digits, f"the price inside the code is no whole amount of {rules.currency}")
    if sticker:
        percent = rule.scaled(found.value) if rule.kind == "percent" else None
        if percent is not None and percent > 100:
            return UnknownCode(digits, f"a discount of {percent} %")
        return StickerCode(digits, items if found.item else (), percent, price, known if found.item else None)
    if price is not None:
        return PriceCode(items, price, known)
    if rule.kind == "count":
        return MeasureCode(items, count=found.value, known=known)
    return MeasureCode(items, grams=rule.scaled(found.value), known=known)


def _items(digits: str, rule: NumberRule, item: str) -> tuple[str, ...]:
    """Codes the item may be filed under: its own GTIN, the code with no value in it, a PLU or number of the shop."""
    candidates = [item] if is_gtin(item) else [rule.without_value(digits)]
    bare = item.lstrip("0")
    candidates += [bare] if is_plu(bare) else []
    candidates += [item, bare]
    return tuple(dict.fromkeys(code for code in candidates if code))


def _of_elements(text: str, elements: Elements, rules: CodeRules, catalogue: Catalogue, today: date) -> Meaning:
    coupon = _coupon(elements, today)
    if coupon is not None:
        return coupon
    gtin = elements.get("01")
    money_faults = [fault for fault in elements.faults if fault.startswith(("AI 01", "AI 3"))]
    if gtin is None or money_faults:
        faults = money_faults or list(elements.faults)
        return UnknownCode(text[:80], "; ".join(faults[:3]) or "the code names no product: it has no AI 01")
    details = _details(elements, today)
    grams, price = _net_grams(elements), _price(elements, rules)
    if isinstance(price, str):
        return UnknownCode(text[:80], price)
    if grams is None and price is None:
        found = _of_gtin(gtin, rules, catalogue)
        return replace(found, details=details) if isinstance(found, ProductCode | MeasureCode | PriceCode) else found
    if price == 0:
        return UnknownCode(text[:80], "the price inside the code is zero")
    items = tuple(dict.fromkeys((usual_gtin(gtin), gtin[1:13] + check_digit(gtin[1:13]))))
    known = next((code for code in map(catalogue.find, items) if code is not None), None)
    if grams is None:
        return UnknownCode(text[:80]) if price is None else PriceCode(items, price, known, details)
    return MeasureCode(items, grams, details.pieces, price, known, details)


def _coupon(elements: Elements, today: date) -> CouponCode | None:
    terms = elements.get("8110")
    if terms is not None:
        return CouponCode(CouponKind.US_8110, terms, terms=read_terms(terms, today))
    paperless, number = elements.get("8112"), elements.get("255")
    if paperless is not None:
        return CouponCode(CouponKind.US_8112, paperless)
    return coupon_of_global_number(number) if number is not None else None


def _details(elements: Elements, today: date) -> Details:
    pieces = elements.get("30") or elements.get("37")
    return Details(
        elements.get("10"),
        elements.get("21"),
        read_date(elements.get("15") or "", today),
        read_date(elements.get("17") or "", today),
        int(pieces) if pieces else None,
    )


def _net_grams(elements: Elements) -> Decimal | None:
    """The net weight: AI 310n in kilograms, 320n in pounds, 357n in ounces; None when there is none or it is zero."""
    for first, unit in (("310", Decimal(1000)), ("320", GRAMS_PER_POUND), ("357", GRAMS_PER_OUNCE)):
        found = elements.measured(first)
        if found is not None and int(found[0]) > 0:
            return Decimal(int(found[0])).scaleb(-found[1]) * unit
    return None


def _price(elements: Elements, rules: CodeRules) -> int | str | None:
    """The price in minor units (AI 392n, or 393n with its currency), a complaint, or None when the code has none."""
    with_currency, bare = elements.measured("393"), elements.measured("392")
    if with_currency is not None:
        number, amount = with_currency[0][:3], with_currency[0][3:]
        if CURRENCY_NUMBERS.get(number) != rules.currency or not amount:
            return f"the price is in currency {number}, must be in {rules.currency}"
        bare = amount, with_currency[1]
    if bare is None:
        return None
    price = minor_units(int(bare[0]), bare[1], rules.currency)
    return price if price is not None else f"the price inside the code is no whole amount of {rules.currency}"

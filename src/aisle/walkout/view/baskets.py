"""Baskets as cards: who has what, what it costs at the tag, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence

from babel.numbers import get_currency_symbol

from aisle.store.prices import format_amount
from aisle.walkout.view.canvas import Canvas, Rect
from aisle.walkout.view.moment import BasketLine, BasketNow, Moment
from aisle.walkout.view.theme import (
    BODY,
    CARD,
    GAP,
    HAIRLINE,
    INK,
    INK_FAINT,
    INK_SOFT,
    LEAD,
    LIKELY,
    NAME,
    NOW_FILL,
    NOW_TEXT,
    ON_INK,
    RADIUS,
    SMALL,
    STAFF,
    STRONG,
    SUNKEN,
    SURE,
    TEXT,
    UNSURE_FILL,
    UNSURE_MARK,
    UNSURE_TEXT,
    person_colour,
)  # fmt: skip

COLUMNS = 5
NARROWEST = 230.0
ROOMY = 275.0  # from here on a card has room for longer words
ROW = 24.0
HEAD, FOOT = 46.0, 44.0
PAD = 14.0


def draw_baskets(canvas: Canvas, rect: Rect, moment: Moment) -> None:
    """As many cards as have room: those in the store first, by number; then those who left, latest first."""
    baskets = shown_first(moment.baskets)
    if not baskets:
        canvas.fill(rect, CARD, RADIUS)
        canvas.frame(rect, HAIRLINE, RADIUS)
        canvas.text(rect.middle, "Nobody has been in the store yet", INK_FAINT, BODY, align="middle")
        return
    columns = max(1, min(COLUMNS, max(2, len(baskets)), int((rect.width + GAP) // (NARROWEST + GAP))))
    rows = 1 if len(baskets) <= columns or rect.height < 2 * (HEAD + FOOT + 2 * ROW) + GAP else 2
    width = (rect.width - GAP * (columns - 1)) / columns
    height = (rect.height - GAP * (rows - 1)) / rows
    for k, basket in enumerate(baskets[: rows * columns]):
        row, column = divmod(k, columns)
        card = Rect(rect.x + column * (width + GAP), rect.y + row * (height + GAP), width, height)
        _draw_card(canvas, card, basket, moment.store.currency)


def shown_first(baskets: Sequence[BasketNow]) -> list[BasketNow]:
    """In the store, then gone, then staff."""
    order = {"in the store": 0, "left": 1, "staff": 2}
    return sorted(baskets, key=lambda b: (order[b.place], b.number if b.place != "left" else -b.number))


def amount(minor: int, currency: str) -> str:
    """An amount with its currency's sign, such as €6.37."""
    sign = "−" if minor < 0 else ""
    return f"{sign}{get_currency_symbol(currency, locale='en')}{format_amount(abs(minor), currency)}"


def percent(probability: float) -> str:
    """A probability as people read it; never 100 %."""
    share = min(probability, 0.999) * 100
    return f"{share:.1f} %" if share >= 99 else f"{share:.0f} %"


def _draw_card(canvas: Canvas, card: Rect, basket: BasketNow, currency: str) -> None:
    canvas.fill(card, CARD, RADIUS)
    canvas.frame(card, HAIRLINE, RADIUS)
    gone = basket.place != "in the store"
    _draw_head(canvas, card, basket)
    room = int((card.height - HEAD - FOOT) // ROW)
    lines = basket.lines
    if len(lines) > room:
        lines = lines[-(room - 1) :]  # the newest ones
    y = card.y + HEAD + ROW / 2
    if len(lines) < len(basket.lines):
        canvas.text((card.x + PAD, y), f"and {len(basket.lines) - len(lines)} before", INK_FAINT, SMALL)
        y += ROW
    for line in lines:
        _draw_line(canvas, card, y, line, currency, gone)
        y += ROW
    if not basket.lines:
        canvas.text((card.x + PAD, y), "No receipt" if basket.place == "staff" else "Nothing yet", INK_FAINT, BODY)
    if basket.place != "staff":
        _draw_foot(canvas, card, basket, currency)


def _draw_head(canvas: Canvas, card: Rect, basket: BasketNow) -> None:
    y = card.y + 25
    staff = basket.place == "staff"
    canvas.disc((card.x + PAD + 11, y), 11.5, STAFF if staff else person_colour(basket.number))
    canvas.text((card.x + PAD + 11, y), str(basket.number), ON_INK, BODY, STRONG, "middle")
    word, colour, fill = {
        "in the store": ("In the store" if card.width >= ROOMY else "Inside", NOW_TEXT, NOW_FILL),
        "left": ("Left", INK_SOFT, SUNKEN),
        "staff": ("Staff", INK_SOFT, SUNKEN),
    }[basket.place]
    chip = canvas.chip((card.right - PAD, y), word, colour, fill, align="right")
    canvas.text(
        (card.x + PAD + 32, y), basket.ident, INK, LEAD, STRONG, room=card.width - 2 * PAD - 32 - chip - 8
    )  # fmt: skip


def _draw_line(canvas: Canvas, card: Rect, y: float, line: BasketLine, currency: str, gone: bool) -> None:
    doubtful = line.probability < LIKELY
    ink = UNSURE_TEXT if doubtful else INK_SOFT if gone else INK
    right = card.right - PAD
    right -= canvas.text((right, y), format_amount(line.price_minor, currency), ink, BODY, TEXT, "right") + 10
    if line.probability < SURE:
        right -= canvas.text((right, y), percent(line.probability), UNSURE_TEXT, SMALL, TEXT, "right") + 10
    x = card.x + PAD
    if line.quantity > 1:
        x += canvas.text((x, y), f"{line.quantity} ×", INK_FAINT, BODY) + 6
    canvas.text((x, y), line.name, ink, BODY, NAME, room=right - x)


def _draw_foot(canvas: Canvas, card: Rect, basket: BasketNow, currency: str) -> None:
    y = card.bottom - FOOT
    canvas.line([(card.x, y), (card.right, y)], HAIRLINE)
    y += FOOT / 2
    sure = basket.probability >= LIKELY
    total = canvas.text(
        (card.right - PAD, y), amount(basket.total_minor, currency), INK, LEAD, STRONG, align="right"
    )  # fmt: skip
    said = f"{percent(basket.probability)} sure"
    width = canvas.text((card.x + PAD, y), said, INK_SOFT if sure else UNSURE_TEXT, SMALL, NAME)
    left, right = card.x + PAD + width + 10, card.right - PAD - total - 14
    if right - left > 30:
        bar = Rect(left, y - 2.5, min(right - left, 110.0), 5.0)
        canvas.fill(bar, SUNKEN if sure else UNSURE_FILL, 2.5)
        full = Rect(bar.x, bar.y, max(5.0, bar.width * basket.probability), bar.height)
        canvas.fill(full, INK_SOFT if sure else UNSURE_MARK, 2.5)

"""The dark theme: colours by what they mean, type sizes, spaces; the same values as the shop's screens.

Colours are blue-green-red as OpenCV draws them.
"""

from __future__ import annotations

Colour = tuple[int, int, int]


def _bgr(code: str) -> Colour:
    return (int(code[5:7], 16), int(code[3:5], 16), int(code[1:3], 16))


PAPER, CARD, SUNKEN, PICTURE = _bgr("#0f1213"), _bgr("#181c1d"), _bgr("#22282a"), _bgr("#262c2e")
HAIRLINE, EDGE = _bgr("#2b3234"), _bgr("#7b8587")
INK, INK_SOFT, INK_FAINT, ON_INK = _bgr("#f0f3f1"), _bgr("#b9c1bf"), _bgr("#97a19f"), _bgr("#101415")
UNSURE_TEXT, UNSURE_FILL, UNSURE_MARK = _bgr("#f2c374"), _bgr("#31250d"), _bgr("#d39a35")
NOW_TEXT, NOW_FILL, NOW_MARK = _bgr("#9dbdff"), _bgr("#17264a"), _bgr("#6f9df5")
ERROR_TEXT, ERROR_FILL, ERROR_MARK = _bgr("#ffa59d"), _bgr("#421a17"), _bgr("#f0665c")
GOOD_MARK = _bgr("#46b77a")

PEOPLE: tuple[Colour, ...] = tuple(
    _bgr(code)
    for code in (
        "#4cc9f0", "#f79256", "#a7e163", "#e48ce8", "#ffdf5d", "#ff7d98", "#5fe3c0", "#a9adff", "#d8bd98", "#f4f1de",
    )
)  # fmt: skip
"""Told apart at a glance on dark ground and over pictures; person n has colour (n - 1) modulo their count."""
STAFF = INK_FAINT

SMALL, BODY, LEAD, TITLE = 13, 15, 17, 22  # type, in units of a picture 1920 wide
TEXT, NAME, STRONG = 400, 500, 650  # weights
RADIUS, RADIUS_CHIP = 12.0, 6.0
GAP = 16.0
SURE = 0.99  # what is at least so probable is not remarked on
LIKELY = 0.90  # below it, an item is shown as doubtful


def person_colour(number: int) -> Colour:
    """The colour of the person with this number, counted from 1 in order of appearance."""
    return PEOPLE[(number - 1) % len(PEOPLE)]

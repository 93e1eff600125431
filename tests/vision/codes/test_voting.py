"""A code is believed over pictures, by catalogue and scale, and misreads that come again and again are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.store.barcodes.numbers import Catalogue
from aisle.store.barcodes.rules import CodeRules
from aisle.store.barcodes.symbology import Symbology
from aisle.vision.codes.seen import CodeRead
from aisle.vision.codes.voting import Support, Votes, by_catalogue, vote

MS = 1_000_000
HERE = ((10.0, 10.0), (210.0, 10.0), (210.0, 80.0), (10.0, 80.0))
INSIDE = ((100.0, 20.0), (200.0, 20.0), (200.0, 70.0), (100.0, 70.0))
ELSEWHERE = ((400.0, 300.0), (600.0, 300.0), (600.0, 380.0), (400.0, 380.0))
CAN, OTHER, PIECE = "4006381333931", "5000213101025", "96385074"


def seen(text: str = CAN, sure: bool = True, at: tuple[tuple[float, float], ...] = HERE) -> CodeRead:
    """One read; eight digits are an EAN-8."""
    return CodeRead(text, Symbology.EAN8 if len(text) == 8 else Symbology.EAN13, at, 2 if sure else 1, sure)


def known(*texts: str) -> Callable[[CodeRead], Support]:
    return lambda read: Support.KNOWN if read.text in texts else Support.UNKNOWN


def against(read: CodeRead) -> Support:
    return Support.AGAINST


def film(
    pictures: Sequence[Sequence[CodeRead]], support: Callable[[CodeRead], Support], every_ms: int = 70
) -> list[tuple[int, str]]:
    """The number of the picture at which each text was believed."""
    votes: Votes = ()
    out = []
    for number, reads in enumerate(pictures):
        votes, believed = vote(votes, (number + 1) * every_ms * MS, reads, support)
        out += [(number, one.text) for one in believed]
    return out


FILMS = {
    "known: at once": ([[seen()]], known(CAN), [(0, CAN)]),
    "known and not sure: at once": ([[seen(sure=False)]], known(CAN), [(0, CAN)]),
    "unknown: at the second picture": ([[seen()], [seen()], [seen()]], known(), [(1, CAN)]),
    "unknown and never sure: at the fourth": ([[seen(sure=False)]] * 5, known(), [(3, CAN)]),
    "unknown, once": ([[seen()], [], []], known(), []),
    "the scale is against it: at the second": ([[seen()], [seen()]], against, [(1, CAN)]),
    "twice in one picture is once": ([[seen(), seen()]], known(), []),
    "two codes taking turns at one place": ([[seen()], [seen(OTHER)], [seen()], [seen(OTHER)]], known(), []),
    "the known one of two at a place": ([[seen(OTHER)], [seen()]], known(CAN), [(1, CAN)]),
    "two codes at two places": (
        [[seen(), seen(OTHER, at=ELSEWHERE)]] * 2,
        known(),
        [(1, CAN), (1, OTHER)],
    ),
    "a piece of a longer code": ([[seen(PIECE, at=INSIDE), seen()], [seen(PIECE, at=INSIDE)]], known(PIECE), []),
    "a short code not sure": ([[seen(PIECE, sure=False)]] * 6, known(PIECE), []),
    "a short code, known and sure": ([[seen(PIECE)]], known(PIECE), [(0, PIECE)]),
    "believed once while it stays in view": ([[seen()]] * 20, known(CAN), [(0, CAN)]),
}


@pytest.mark.parametrize(("pictures", "support", "expected"), FILMS.values(), ids=FILMS.keys())
def test_when_a_code_is_believed(
    pictures: Sequence[Sequence[CodeRead]], support: Callable[[CodeRead], Support], expected: list[tuple[int, str]]
) -> None:
    assert film(pictures, support) == expected


def test_shown_again_after_it_was_out_of_sight() -> None:
    pictures = [[seen()], *[[]] * 20, [seen()]]
    assert film(pictures, known(CAN)) == [(0, CAN), (21, CAN)]


def test_pictures_far_apart_do_not_bear_each_other_out() -> None:
    assert film([[seen()], [seen()]], known(), every_ms=1600) == []


def test_a_picture_of_the_past_counts_for_nothing() -> None:
    votes, _ = vote((), 100 * MS, [seen()], known())
    assert vote(votes, 90 * MS, [seen()], known()) == (votes, ())


FILED = by_catalogue(CodeRules("EUR"), Catalogue([CAN, "4210"]), date(2026, 11, 27))
SUPPORTED = {
    "a product of the shop": (seen(sure=False), Support.KNOWN),
    "not of the shop": (seen(OTHER), Support.UNKNOWN),
    "a price inside, sure": (seen("2242100003996"), Support.KNOWN),
    "a price inside, not sure": (seen("2242100003996", sure=False), Support.UNKNOWN),
}


@pytest.mark.parametrize(("read", "expected"), SUPPORTED.values(), ids=SUPPORTED.keys())
def test_what_the_catalogue_says(read: CodeRead, expected: Support) -> None:
    assert FILED(read) is expected


@given(st.lists(st.lists(st.sampled_from([CAN, OTHER, PIECE]), max_size=2), max_size=12))
def test_nothing_unknown_is_believed_from_one_picture(shown: list[list[str]]) -> None:
    pictures = [[seen(text, at=HERE if text != OTHER else ELSEWHERE) for text in texts] for texts in shown]
    believed = film(pictures, known())
    assert all(sum(text in texts for texts in shown[: at + 1]) >= 2 for at, text in believed)

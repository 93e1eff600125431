"""When a code seen by the camera is believed: agreement over pictures, the shop's catalogue, and the scale.

One picture can give a wrong number whose check digit is right: a check digit lets one in ten random misreads pass, and
glare or fat print makes the same misread in picture after picture.  A misread has next to no chance of being a number
this shop sells, though: 20,000 products are one in 50 million of the thirteen-digit numbers.  So

- a code the shop knows is believed at once, unless the scale speaks against it;
- any other is believed when two pictures gave it, both bearing it out, or `UNBORNE` pictures when the bars were
  never clear;
- short codes (EAN-8, UPC-E), which are found inside longer ones, must be borne out even when known, and are not
  believed where a longer code was read at the same place;
- while two different codes are read at one place about as often, neither is believed.

`vote` is pure: state in, state out, time as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from aisle.store.barcodes.interpret import interpret
from aisle.store.barcodes.meaning import MeasureCode, PriceCode, ProductCode
from aisle.store.barcodes.numbers import Catalogue
from aisle.store.barcodes.rules import CodeRules
from aisle.store.barcodes.symbology import Scan, Symbology
from aisle.vision.codes.seen import CodeRead

WINDOW_NS = 1_500_000_000  # pictures that bear each other out lie no further apart
APART_NS = 1_000_000_000  # unseen for so long, the same code is shown anew
BORNE, UNBORNE = 2, 4  # pictures needed where the bars bear the code out, and where they do not
SHORT = frozenset({Symbology.EAN8, Symbology.UPCE})


class Support(Enum):
    """What the shop knows of a code."""

    UNKNOWN = "not in the catalogue"
    KNOWN = "in the catalogue, and the scale does not speak against it"
    AGAINST = "in the catalogue, but the scale says it is something else"


@dataclass(frozen=True, slots=True)
class Vote:
    """One code within the window: when it was seen, in how many pictures it was sure, where, and whether it counted."""

    text: str
    symbology: Symbology
    seen_ns: tuple[int, ...]
    sure: int
    box_px: tuple[float, float, float, float]
    believed: bool = False


@dataclass(frozen=True, slots=True)
class Believed:
    """A code the cart acts on, from `pictures` pictures."""

    t_ns: int
    text: str
    symbology: Symbology
    pictures: int


Votes = tuple[Vote, ...]


def vote(
    votes: Votes, t_ns: int, reads: Sequence[CodeRead], support: Callable[[CodeRead], Support]
) -> tuple[Votes, tuple[Believed, ...]]:
    """The votes after one more picture, and the codes believed because of it, each once for a showing.

    `t_ns` is the picture's time; a picture not newer than the last counts for nothing.
    """
    if any(seen >= t_ns for one in votes for seen in one.seen_ns[-1:]):
        return votes, ()
    kept = {(one.text, one.symbology): one for one in (_aged(one, t_ns) for one in votes) if one.seen_ns}
    for read in reads:
        key = read.text, read.symbology
        before = kept.get(key) or Vote(read.text, read.symbology, (), 0, _box(read))
        if before.seen_ns[-1:] == (t_ns,):
            continue  # twice in one picture is one look
        kept[key] = replace(before, seen_ns=(*before.seen_ns, t_ns), sure=before.sure + read.sure, box_px=_box(read))
    believed = []
    for read in reads:
        key = read.text, read.symbology
        one = kept[key]
        rivals = [other for other in kept.values() if other.text != one.text and _meet(one.box_px, other.box_px)]
        if not one.believed and _enough(one, rivals, support(read)):
            kept[key] = replace(one, believed=True)
            believed.append(Believed(t_ns, one.text, one.symbology, len(one.seen_ns)))
    return tuple(kept.values()), tuple(believed)


def by_catalogue(rules: CodeRules, catalogue: Catalogue, today: date) -> Callable[[CodeRead], Support]:
    """What the shop's files know of a code, for `vote` where no scale speaks.

    A weight or price inside a code can be misread while the item is right, so such a code is known only where sure.
    """

    def support(read: CodeRead) -> Support:
        meaning = interpret(Scan(read.text, read.symbology), rules, catalogue, today)
        inside = isinstance(meaning, MeasureCode | PriceCode) and meaning.known is not None and read.sure
        return Support.KNOWN if inside or (isinstance(meaning, ProductCode) and meaning.known) else Support.UNKNOWN

    return support


def _enough(one: Vote, rivals: Sequence[Vote], support: Support) -> bool:
    if one.symbology in SHORT and (not one.sure or any(rival.symbology not in SHORT for rival in rivals)):
        return False
    known = support is Support.KNOWN
    contested = any(_weight(rival) * 2 >= _weight(one) for rival in rivals)
    if contested and not (known and one.sure):
        return False
    return known or one.sure >= BORNE or (one.symbology not in SHORT and len(one.seen_ns) >= UNBORNE)


def _weight(one: Vote) -> int:
    return len(one.seen_ns) + 2 * one.sure


def _aged(one: Vote, t_ns: int) -> Vote:
    """The vote without pictures older than the window; believed codes stay so until they have been out of sight."""
    if one.believed:
        return replace(one, seen_ns=one.seen_ns[-1:] if t_ns - one.seen_ns[-1] <= APART_NS else ())
    recent = tuple(seen for seen in one.seen_ns if t_ns - seen <= WINDOW_NS)
    return replace(one, seen_ns=recent, sure=min(one.sure, len(recent)))


def _box(read: CodeRead) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in read.quad_px], [y for _, y in read.quad_px]
    return min(xs), min(ys), max(xs), max(ys)


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether the boxes overlap, a little room around each (a code read on one line has no height)."""
    room = 0.1 * max(one[2] - one[0], one[3] - one[1], other[2] - other[0], other[3] - other[1], 1.0)
    across = one[0] <= other[2] + room and other[0] <= one[2] + room
    return across and one[1] <= other[3] + room and other[1] <= one[3] + room

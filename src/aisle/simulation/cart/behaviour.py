"""How people shop with a cart when nothing special happens: everything here a cart must take without a word.

One call of `ordinary` gets one product off the list into the basket, several pieces of it perhaps, and says how many
pieces those were.
"""

from __future__ import annotations

from dataclasses import dataclass

from aisle.simulation.cart.catalogue import Article, Piece
from aisle.simulation.cart.stage import Manner, Stage


@dataclass(frozen=True, slots=True)
class Habits:
    """How often shoppers do what.  Shares per product unless said otherwise.

    `late_scan`: placed first, scanned then; `together`: two products scanned one after the other, then placed;
    `fumble`: the scanner reads a piece twice; `several`: more than one piece of a product; `typed_after`: the look-up
    code is typed when the goods are in already; `rolling`: the cart rolls while something is placed; `dropped`: let
    fall from a hand's breadth; `arranging`, `leaning`, `pausing`: per product, between two of them.
    """

    late_scan: float = 0.06
    together: float = 0.06
    fumble: float = 0.012
    several: float = 0.15
    typed_after: float = 0.25
    rolling: float = 0.05
    dropped: float = 0.16
    arranging: float = 0.08
    leaning: float = 0.05
    pausing: float = 0.08
    walk_s: float = 17.0


def between_goods(stage: Stage, habits: Habits) -> None:
    """The way from one shelf to the next, and what hands do meanwhile."""
    stage.walk(stage.about(habits.walk_s, 0.55, 90.0))
    stage.wait(stage.about(2.5, 0.6, 25.0))
    if stage.chance(habits.leaning):
        seconds = stage.about(3.0, 0.6, 20.0)
        stage.lean(seconds, stage.about(700.0, 0.7, 4000.0) * (1.0 if stage.chance(0.85) else -0.4))
        stage.wait(seconds * stage.between(0.4, 1.1))
    if stage.chance(habits.arranging) and stage.basket:
        arrange(stage)
    if stage.chance(habits.pausing):
        stage.wait(stage.about(15.0, 0.7, 120.0))


def arrange(stage: Stage) -> None:
    """Move things about: a hand in the basket, now and then a piece lifted and laid elsewhere."""
    stage.rummage(stage.about(2.0, 0.5, 6.0))
    if stage.chance(0.3):
        lift_and_back(stage, stage.between(0.6, 4.0))


def lift_and_back(stage: Stage, held_s: float) -> None:
    """Lift a piece and put the same one back."""
    pieces = list(stage.basket.values())
    piece = pieces[int(stage.rng.integers(len(pieces)))]
    stage.lift(piece, seen=0.2)
    stage.wait(held_s)
    stage.place(piece, seen=0.25)


def manner(stage: Stage, piece: Piece, habits: Habits) -> Manner:
    """How a piece is put down; nobody drops eggs or glass."""
    careful = piece.gross_g > 1600.0
    return "dropped" if not careful and stage.chance(habits.dropped) else "gently"


def ordinary(stage: Stage, habits: Habits) -> int:
    """One product in the ordinary way; returns how many pieces (bags of loose goods) went in."""
    article = stage.article()
    if article.kind == "kg":
        return loose_by_weight(stage, article, habits)
    if article.kind == "piece":
        return loose_by_piece(stage, article, habits)
    if article.kind != "package":
        return scan_and_place(stage, (stage.stock.piece(article),), habits)
    if stage.chance(habits.together):
        other = stage.packaged()
        pieces = (stage.stock.piece(article), other)
        for piece in pieces:
            stage.scan(piece)
        stage.wait(stage.about(1.2, 0.5, 5.0))
        stage.place(*pieces, together=stage.chance(0.25))
        return 2
    count = 1
    if stage.chance(habits.several):
        count = 2 + int(stage.rng.geometric(0.62)) - 1
    return scan_and_place(stage, tuple(stage.stock.piece(article) for _ in range(min(count, 6))), habits)


def scan_and_place(stage: Stage, pieces: tuple[Piece, ...], habits: Habits) -> int:
    """One or several pieces of one product: each scanned, or one scanned and the number tapped."""
    if len(pieces) > 1 and stage.chance(0.5):
        several_by_number(stage, pieces)
        return len(pieces)
    if len(pieces) > 1 and stage.chance(0.25):  # each is scanned in the other hand, then all go in
        for piece in pieces:
            stage.scan(piece)
            stage.wait(stage.between(0.3, 1.2))
        stage.place(*pieces, together=stage.chance(0.4))
        return len(pieces)
    for piece in pieces:
        if stage.chance(habits.late_scan):
            placed_then_scanned(stage, piece, habits)
            continue
        stage.scan(piece)
        if stage.chance(habits.fumble):
            stage.wait(stage.between(0.25, 1.4))
            stage.read_again()
        stage.wait(stage.about(0.9, 0.55, 5.0))
        if stage.chance(habits.rolling):
            with stage.rolling():
                stage.place(piece, manner=manner(stage, piece, habits))
        else:
            stage.place(piece, manner=manner(stage, piece, habits))
    return len(pieces)


def placed_then_scanned(stage: Stage, piece: Piece, habits: Habits) -> None:
    """Into the basket first; then the code is turned up and scanned where it lies, or in the hand lifted a little."""
    stage.place(piece, manner=manner(stage, piece, habits))
    stage.wait(stage.about(1.2, 0.5, 4.0))
    if stage.chance(0.4):
        stage.rummage(stage.between(0.5, 1.5))
    stage.scan(piece)
    stage.wait(stage.between(0.5, 1.5))


def several_by_number(stage: Stage, pieces: tuple[Piece, ...]) -> None:
    """One scanned, the number tapped, then all of them in: at once or one after another; or tapped last of all."""
    last = stage.chance(0.15)
    stage.scan(pieces[0])
    if not last:
        stage.tap("quantity", len(pieces))
    stage.wait(stage.about(0.8, 0.4, 3.0))
    stage.place(*pieces, together=len(pieces) <= 4 and stage.chance(0.45))
    if last:
        stage.tap("quantity", len(pieces))


def loose_by_weight(stage: Stage, article: Article, habits: Habits) -> int:
    """A bag of loose goods sold by weight: its code typed before it goes in, or after.

    Where the screen says that the cart cannot weigh, people use the scale beside the shelves and scan its label.
    """
    piece = stage.stock.piece(article)
    if stage.scale_ill():
        labelled = stage.stock.weighed(piece)
        stage.wait(stage.about(12.0, 0.3, 30.0))
        stage.scan(labelled)
        stage.wait(stage.about(1.0, 0.4, 4.0))
        stage.place(labelled)
        return 1
    after = stage.chance(habits.typed_after)
    if not after:
        stage.type_plu(piece)
        stage.wait(stage.about(1.0, 0.5, 5.0))
    stage.place(piece, manner="gently" if stage.chance(0.85) else "dropped")
    if after:
        stage.wait(stage.about(1.0, 0.5, 4.0))
        stage.type_plu(piece)
    return 1


def loose_by_piece(stage: Stage, article: Article, habits: Habits) -> int:
    """Loose pieces: code and number typed, the pieces in one after another or in one bag."""
    count = min(1 + int(stage.rng.geometric(0.45)) - 1, 8)
    pieces = tuple(stage.stock.piece(article) for _ in range(count))
    after = stage.chance(habits.typed_after)
    if not after:
        stage.type_plu(pieces[0])
        stage.tap("quantity", count)
        stage.wait(stage.about(0.8, 0.4, 4.0))
    stage.place(*pieces, together=count > 1 and stage.chance(0.7))
    if after:
        stage.wait(stage.about(0.8, 0.5, 3.0))
        stage.type_plu(pieces[0])
        stage.tap("quantity", count)
    return count

"""Situations of scanning: what was scanned is not what went in, or not in that order, or not that often."""

from __future__ import annotations

from aisle.simulation.cart.behaviour import Habits, manner, placed_then_scanned, scan_and_place, several_by_number
from aisle.simulation.cart.catalogue import Article
from aisle.simulation.cart.situations import situation
from aisle.simulation.cart.stage import Stage


@situation("scanned-together", doubtful=False)
def scanned_together(stage: Stage, habits: Habits) -> int:
    """Two to four products scanned one after the other, then placed together or in another order."""
    pieces = [stage.packaged() for _ in range(2 + int(stage.rng.integers(3)))]
    for piece in pieces:
        stage.scan(piece)
        stage.wait(stage.between(0.3, 1.5))
    order = stage.rng.permutation(len(pieces))
    stage.place(*(pieces[int(i)] for i in order), together=stage.chance(0.4))
    return len(pieces)


@situation("placed-before-scan", doubtful=False)
def placed_before_scan(stage: Stage, habits: Habits) -> int:
    """Put in first and scanned a few seconds later."""
    placed_then_scanned(stage, stage.packaged(), habits)
    return 1


@situation("scanned-left-behind", doubtful=True)
def scanned_left_behind(stage: Stage, habits: Habits) -> int:
    """Scanned, then put back on the shelf without going in."""
    piece = stage.packaged()
    stage.scan(piece)
    stage.doubt("place item", piece.code, from_s=stage.now_s + 2.0)
    stage.wait(stage.between(1.0, 6.0))
    return 0


@situation("forgotten-scan", doubtful=True)
def forgotten_scan(stage: Stage, habits: Habits) -> int:
    """Something goes in that nobody scanned."""
    piece = stage.packaged()
    stage.doubt("scan item", piece.code)
    stage.place(piece, manner=manner(stage, piece, habits))
    return 1


@situation("two-for-one-scan", doubtful=True)
def two_for_one_scan(stage: Stage, habits: Habits) -> int:
    """One scan, two pieces of the product go in, at once or within seconds."""
    article = _weighty(stage)
    pieces = (stage.stock.piece(article), stage.stock.piece(article))
    stage.scan(pieces[0])
    stage.wait(stage.between(0.5, 2.0))
    stage.doubt("check count", article.code)
    stage.place(*pieces, together=stage.chance(0.6))
    return 2


@situation("quantity-then-placed", doubtful=False)
def quantity_then_placed(stage: Stage, habits: Habits) -> int:
    """One piece scanned, the number tapped, all of them put in at once or one after another."""
    article = _weighty(stage)
    pieces = tuple(stage.stock.piece(article) for _ in range(2 + int(stage.rng.integers(4))))
    several_by_number(stage, pieces)
    return len(pieces)


@situation("two-scans-one-placed", doubtful=True)
def two_scans_one_placed(stage: Stage, habits: Habits) -> int:
    """Two pieces of a product scanned, one goes in and the other back on the shelf."""
    article = _weighty(stage)
    pieces = (stage.stock.piece(article), stage.stock.piece(article))
    for piece in pieces:
        stage.scan(piece)
        stage.wait(stage.between(0.8, 2.5))
    stage.place(pieces[0])
    stage.doubt("place item", article.code)
    stage.doubt("check count", article.code)
    return 1


@situation("double-read", doubtful=False)
def double_read(stage: Stage, habits: Habits) -> int:
    """The scanner reads one piece twice while the shopper fumbles; one goes in."""
    piece = stage.packaged()
    stage.scan(piece)
    stage.wait(stage.about(0.7, 0.5, 2.5))
    stage.read_again()
    stage.wait(stage.about(0.9, 0.5, 4.0))
    stage.place(piece)
    return 1


@situation("swapped-for-cheaper", doubtful=True)
def swapped_for_cheaper(stage: Stage, habits: Habits) -> int:
    """A cheaper product is scanned, a dearer one goes in."""
    dear = stage.packaged()
    price = stage.catalogue.articles[dear.code].product.price_minor
    cheap = dear
    for _ in range(60):
        cheap = stage.packaged()
        article = stage.catalogue.articles[cheap.code]
        near = 0.4 < cheap.gross_g / dear.gross_g < 2.5
        if article.product.price_minor < price and near and abs(cheap.gross_g - dear.gross_g) > 12.0:
            break
    stage.scan(cheap)
    stage.wait(stage.about(1.2, 0.4, 4.0))
    stage.doubt("other item", cheap.code)
    stage.doubt("scan item", dear.code)
    stage.doubt("place item", cheap.code)
    stage.place(dear, seen=0.6)
    return 1


@situation("taken-out-with-scan", doubtful=False)
def taken_out_with_scan(stage: Stage, habits: Habits) -> int:
    """The shopper taps "remove", scans what leaves and takes it out."""
    placed = _something_inside(stage, habits)
    pieces = stage.inside()
    piece = pieces[int(stage.rng.integers(len(pieces)))]
    stage.tap("remove")
    if stage.chance(0.5):
        stage.lift(piece)
        stage.scan(piece)
    else:
        stage.scan(piece)
        stage.wait(stage.between(0.4, 1.5))
        stage.lift(piece)
    stage.wait(stage.between(1.0, 4.0))
    return placed - 1


@situation("taken-out-silently", doubtful=True)
def taken_out_silently(stage: Stage, habits: Habits) -> int:
    """Something is taken out and put back on the shelf without a word."""
    placed = _something_inside(stage, habits)
    pieces = stage.inside(("package", "kg", "piece", "weight-code"))
    piece = pieces[int(stage.rng.integers(len(pieces)))]
    stage.doubt("choose removed", piece.code)
    stage.lift(piece)
    stage.wait(stage.between(1.0, 4.0))
    return placed - 1


@situation("exchanged", doubtful=True)
def exchanged(stage: Stage, habits: Habits) -> int:
    """One piece comes out and another goes in within two seconds; only the new one is scanned."""
    placed = _something_inside(stage, habits)
    pieces = stage.inside()
    old = pieces[int(stage.rng.integers(len(pieces)))]
    alike = [a for a in stage.catalogue.look_alikes(old.code) if a.kind == "package"]
    new = stage.stock.piece(alike[int(stage.rng.integers(len(alike)))]) if alike else stage.packaged()
    stage.scan(new)
    stage.wait(stage.between(0.5, 2.0))
    stage.doubt("choose removed", old.code)
    stage.doubt("place item", new.code)
    stage.lift(old, seen=0.4)
    stage.now_s -= 0.1
    stage.place(new)
    return placed


@situation("lifted-and-put-back", doubtful=False)
def lifted_and_put_back(stage: Stage, habits: Habits) -> int:
    """A piece is lifted out, looked at for some seconds and put back."""
    placed = _something_inside(stage, habits)
    pieces = list(stage.basket.values())
    piece = pieces[int(stage.rng.integers(len(pieces)))]
    stage.lift(piece, seen=0.5)
    stage.wait(stage.about(3.0, 0.6, 9.0))
    stage.place(piece, seen=0.5)
    return placed


@situation("put-back-then-again", doubtful=True)
def put_back_then_again(stage: Stage, habits: Habits) -> int:
    """A piece is put back on the shelf without a word; a minute later the same product is scanned and goes in."""
    placed = _something_inside(stage, habits)
    pieces = stage.inside()
    piece = pieces[int(stage.rng.integers(len(pieces)))]
    stage.doubt("choose removed", piece.code)
    stage.lift(piece)
    stage.walk(stage.between(15.0, 60.0))
    stage.wait(2.0)
    again = stage.stock.piece(stage.catalogue.articles[piece.code])
    stage.scan(again)
    stage.wait(stage.about(1.0, 0.4, 4.0))
    stage.place(again)
    return placed


def _weighty(stage: Stage) -> Article:
    """A packaged product that is no heavier than people carry two of in one hand."""
    while True:
        article = stage.catalogue.articles[stage.packaged().code]
        if 25.0 < article.net_g < 1200.0:
            return article


def _something_inside(stage: Stage, habits: Habits) -> int:
    """Make sure that some packaged goods lie in the basket; returns how many went in for it."""
    placed = 0
    while len(stage.inside()) < 2:
        placed += scan_and_place(stage, (stage.packaged(),), habits)
        stage.wait(3.0)
    return placed

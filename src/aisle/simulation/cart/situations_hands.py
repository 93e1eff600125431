"""Situations of hands, bags and wheels: weight in the basket that is nobody's purchase, and weight in motion."""

from __future__ import annotations

from aisle.simulation.cart.behaviour import Habits, scan_and_place
from aisle.simulation.cart.catalogue import Piece
from aisle.simulation.cart.situations import situation
from aisle.simulation.cart.stage import Stage

_OWN = (
    ("phone", 190.0, 0.1),
    ("umbrella", 420.0, 0.25),
    ("keys", 95.0, 0.3),
    ("toy", 160.0, 0.5),
    ("gloves", 120.0, 0.3),
)


@situation("own-bag", doubtful=False, early=True)
def own_bag(stage: Stage, habits: Habits) -> int:
    """The shopper's bag is announced and laid in, at the start or in the middle of the trip."""
    if stage.chance(0.4):  # in the middle: after some shopping
        for _ in range(3):
            scan_and_place(stage, (stage.packaged(),), habits)
            stage.walk(stage.between(6.0, 15.0))
            stage.wait(1.5)
        placed = 3
    else:
        placed = 0
    stage.tap("own_bag", True)
    stage.wait(stage.between(0.8, 3.0))
    stage.place(stage.stock.own("bag", stage.about(160.0, 0.7, 1400.0)))
    stage.wait(stage.between(0.8, 3.0))
    stage.tap("own_bag", False)
    return placed


@situation("personal-item-announced", doubtful=False)
def personal_item_announced(stage: Stage, habits: Habits) -> int:
    """Phone, umbrella or keys are announced as the shopper's own and laid in."""
    stage.tap("personal_item", True)
    stage.wait(stage.between(0.8, 3.0))
    stage.place(_own(stage))
    stage.wait(stage.between(0.8, 2.5))
    stage.tap("personal_item", False)
    return 0


@situation("personal-item-unannounced", doubtful=True)
def personal_item_unannounced(stage: Stage, habits: Habits) -> int:
    """Phone, umbrella or keys are laid in without a word, and stay or are taken out a while later."""
    own = _own(stage)
    stage.doubt("scan item")
    stage.place(own)
    if stage.chance(0.5):
        stage.wait(stage.about(25.0, 0.6, 90.0))
        stage.lift(own)
        stage.clear("scan item", grace_s=20.0)
    return 0


@situation("hand-leaning", doubtful=False)
def hand_leaning(stage: Stage, habits: Habits) -> int:
    """The shopper leans on the rim, or a child pulls at it, for seconds; now and then something is placed meanwhile."""
    seconds = stage.about(7.0, 0.6, 40.0)
    child = stage.chance(0.3)
    stage.lean(seconds, stage.between(300.0, 4000.0) if not child else -stage.between(150.0, 900.0))
    if stage.chance(0.5):
        stage.wait(stage.between(0.2, 0.8) * min(seconds, 6.0))
        piece = stage.packaged()
        stage.scan(piece)
        stage.wait(0.8)
        stage.place(piece)
        stage.wait(seconds * 0.4)
        return 1
    stage.wait(seconds + stage.between(0.5, 2.0))
    return 0


@situation("bag-on-the-rim", doubtful=True)
def bag_on_the_rim(stage: Stage, habits: Habits) -> int:
    """A bag hangs on the rim for half a minute to minutes, shopping goes on, then it is taken off."""
    seconds = stage.about(50.0, 0.6, 200.0)
    stage.doubt("scan item", lasts_s=seconds + 20.0)
    end = stage.now_s + seconds
    stage.hang(stage.about(1100.0, 0.6, 3500.0), seconds)
    placed = 0
    while stage.now_s < end - 25.0:
        stage.walk(stage.between(5.0, 12.0))
        stage.wait(2.0)
        placed += scan_and_place(stage, (stage.packaged(),), habits)
    stage.now_s = max(stage.now_s, end) + 3.0
    return placed


@situation("thrown-in", doubtful=False)
def thrown_in(stage: Stage, habits: Habits) -> int:
    """Scanned and thrown in, with a bounce."""
    piece = stage.packaged()
    while piece.gross_g > 1200.0:
        piece = stage.packaged()
    stage.scan(piece)
    stage.wait(stage.between(0.5, 1.5))
    stage.place(piece, manner="thrown")
    return 1


@situation("placed-while-rolling", doubtful=False)
def placed_while_rolling(stage: Stage, habits: Habits) -> int:
    """Scanned and put in while the cart rolls, over an even floor or a rough one, and rolls on for a while."""
    piece = stage.packaged()
    stage.scan(piece)
    rough = stage.between(1.6, 3.4) if stage.chance(0.5) else 1.0
    with stage.rolling(rough):
        stage.place(piece, manner="dropped" if stage.chance(0.3) else "gently")
        stage.wait(stage.about(4.0, 0.7, 25.0))
    if stage.chance(0.5):
        stage.forces.bumps.append((stage.now_s - 0.5, stage.between(1.0, 3.0)))
    return 1


def _own(stage: Stage) -> Piece:
    thing, grams, spread = _OWN[int(stage.rng.integers(len(_OWN)))]
    return stage.stock.own(thing, stage.about(grams, spread))

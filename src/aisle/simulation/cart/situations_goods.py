"""Situations of goods: loose, labelled in the shop, light, heavy, restricted, or unknown to the shop."""

from __future__ import annotations

from aisle.simulation.cart.behaviour import Habits, loose_by_weight, manner
from aisle.simulation.cart.catalogue import Article, Piece, gtin13
from aisle.simulation.cart.situations import situation
from aisle.simulation.cart.stage import Stage


@situation("produce-typed", doubtful=False)
def produce_typed(stage: Stage, habits: Habits) -> int:
    """A bag of loose produce, its look-up code typed before it goes in or after."""
    return loose_by_weight(stage, _of_kind(stage, "kg"), Habits(typed_after=0.5))


@situation("produce-by-looks", doubtful=True)
def produce_by_looks(stage: Stage, habits: Habits) -> int:
    """Loose produce goes in past the camera, nothing typed: the cart knows it by its looks, or asks with tiles."""
    article = _of_kind(stage, "kg")
    if stage.scale_ill():
        return loose_by_weight(stage, article, habits)
    piece = stage.stock.piece(article)
    start = stage.now_s
    stage.show(piece, stage.now_s, stage.between(0.6, 2.0))
    stage.wait(stage.between(0.6, 1.6))
    stage.place(piece, seen=1.0)
    stage.doubt("choose item", piece.code, from_s=start)
    stage.doubt("scan item", piece.code, from_s=start)
    return 1


@situation("pieces-without-quantity", doubtful=True)
def pieces_without_quantity(stage: Stage, habits: Habits) -> int:
    """Loose pieces sold by number, the code typed but not how many."""
    article = _of_kind(stage, "piece")
    pieces = tuple(stage.stock.piece(article) for _ in range(1 + int(stage.rng.integers(5))))
    stage.type_plu(pieces[0])
    stage.doubt("enter quantity", article.code)
    stage.doubt("check count", article.code)
    stage.wait(stage.between(0.6, 2.0))
    stage.place(*pieces, together=stage.chance(0.7))
    return len(pieces)


@situation("value-in-code", doubtful=False)
def value_in_code(stage: Stage, habits: Habits) -> int:
    """Goods packed in the shop: weight or price stands in the code."""
    kinds = ("weight-code", "price-code", "databar")
    piece = stage.stock.piece(_of_kind(stage, kinds[int(stage.rng.integers(3))]))
    stage.scan(piece)
    stage.wait(stage.about(1.0, 0.4, 4.0))
    stage.place(piece)
    return 1


@situation("clearance-sticker", doubtful=False)
def clearance_sticker(stage: Stage, habits: Habits) -> int:
    """A clearance sticker covers the code; it is scanned in its place."""
    percent = int(stage.rng.choice([20, 25, 30, 50]))
    piece = stage.stock.stickered(stage.packaged(), percent)
    stage.scan(piece)
    stage.wait(stage.about(1.0, 0.4, 4.0))
    stage.place(piece, manner=manner(stage, piece, habits))
    return 1


@situation("unknown-code", doubtful=True)
def unknown_code(stage: Stage, habits: Habits) -> int:
    """A code that is none of this shop, or another shop's own number; tried twice, then the item is left."""
    rng = stage.rng
    if stage.chance(0.5):
        code = gtin13(952_900_000_000 + int(rng.integers(10**8)))
    else:  # a number another shop gave to itself
        code = gtin13(int(rng.choice([200, 240, 270])) * 10**9 + int(rng.integers(10**9)))
    stranger = Piece(0, "", 300.0, 300.0, printed=code)
    stage.doubt("unknown code", lasts_s=90.0)
    stage.scan(stranger)
    stage.wait(stage.between(1.5, 4.0))
    stage.scan(stranger)
    stage.wait(stage.between(2.0, 6.0))
    return 0


@situation("restricted-goods", doubtful=True)
def restricted_goods(stage: Stage, habits: Habits) -> int:
    """Beer or a tagged product, for which a person is needed; or one not sold by cart, scanned and left."""
    while True:
        article = list(stage.catalogue.articles.values())[int(stage.rng.integers(len(stage.catalogue.articles)))]
        product = article.product
        if product.minimum_age or product.cart.security_tag:
            break
    piece = stage.stock.piece(article)
    stage.scan(piece)
    if not product.cart.available:
        stage.doubt("not for cart", article.code, from_s=stage.now_s - 1.0)
        stage.doubt("place item", article.code)
        stage.wait(stage.between(3.0, 8.0))
        return 0
    stage.wait(stage.about(1.2, 0.4, 4.0))
    stage.place(piece, manner=manner(stage, piece, habits))
    return 1


@situation("container-with-tare", doubtful=False)
def container_with_tare(stage: Stage, habits: Habits) -> int:
    """Salad from the bar: container chosen, code typed, the box put in."""
    article = next(a for a in stage.catalogue.articles.values() if a.kind == "container")
    box = article.product.cart.containers[int(stage.rng.integers(len(article.product.cart.containers)))]
    made = stage.stock.piece(article)
    real = box.tare_g + float(stage.rng.normal(0.0, 0.3))
    piece = Piece(made.number, made.code, made.net_g + real, made.net_g, symbology="")
    if stage.chance(0.5):
        stage.tap("container", box.name)
        stage.type_plu(piece)
    else:
        stage.type_plu(piece)
        stage.tap("container", box.name)
    stage.wait(stage.between(0.6, 2.0))
    stage.place(piece)
    return 1


@situation("light-among-heavy", doubtful=False)
def light_among_heavy(stage: Stage, habits: Habits) -> int:
    """Heavy goods first, then something of 8 to 25 g: its weight drowns in the noise of a full cart."""
    heavy = _by_weight(stage, 1400.0, 5200.0)
    stage.scan(heavy)
    stage.wait(1.0)
    stage.place(heavy)
    stage.wait(stage.between(2.0, 5.0))
    light = _by_weight(stage, 8.0, 28.0)
    stage.scan(light)
    stage.wait(stage.about(1.0, 0.4, 3.0))
    stage.place(light, manner="dropped" if stage.chance(0.5) else "gently")
    return 2


@situation("heavy-goods", doubtful=False)
def heavy_goods(stage: Stage, habits: Habits) -> int:
    """Five to ten kilograms in one piece, set down with both hands; the cell creeps afterwards."""
    piece = _by_weight(stage, 4800.0, 11_000.0)
    stage.scan(piece)
    stage.wait(stage.between(1.0, 3.0))
    stage.place(piece)
    stage.wait(stage.between(1.0, 5.0))
    return 1


@situation("same-produce-twice", doubtful=False)
def same_produce_twice(stage: Stage, habits: Habits) -> int:
    """Two or three bags of the same kind, each typed."""
    article = _of_kind(stage, "kg")
    bags = 2 + int(stage.rng.integers(2))
    for _ in range(bags):
        loose_by_weight(stage, article, habits)
        stage.wait(stage.about(4.0, 0.6, 20.0))
    return bags


@situation("multi-pack-or-single", doubtful=True)
def multi_pack_or_single(stage: Stage, habits: Habits) -> int:
    """A single's code is scanned (off the multi-pack's own bottle) and the multi-pack goes in."""
    packs = [a for a in stage.catalogue.articles.values() if "6-pack" in a.product.name]
    pack = packs[int(stage.rng.integers(len(packs)))]
    singles = [
        a
        for a in stage.catalogue.articles.values()
        if a.product.brand == pack.product.brand and a is not pack and 3.0 < pack.net_g / a.net_g < 20.0
        and a.product.name.split()[0] == pack.product.name.split()[0]
    ]  # fmt: skip
    single = singles[int(stage.rng.integers(len(singles)))]
    stage.scan(stage.stock.piece(single))
    stage.wait(stage.between(0.8, 2.5))
    stage.doubt("other item", single.code)
    stage.doubt("check count", single.code)
    stage.doubt("place item", single.code)
    stage.doubt("scan item", pack.code)
    stage.place(stage.stock.piece(pack), seen=0.8)
    return 1


def _of_kind(stage: Stage, kind: str) -> Article:
    """Something people buy of this kind."""
    while True:
        article = stage.article(scannable=kind not in ("kg", "piece", "container"))
        if article.kind == kind:
            return article


def _by_weight(stage: Stage, low_g: float, high_g: float) -> Piece:
    """A packaged piece of a weight between these."""
    fitting = [
        a for a in stage.catalogue.ordinary
        if a.kind == "package" and a.product.weight_g is not None and low_g < a.net_g + a.packaging_g < high_g
    ]  # fmt: skip
    return stage.stock.piece(fitting[int(stage.rng.integers(len(fitting)))])

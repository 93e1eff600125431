"""The lines of a trip as the belief has them: pieces or grams, with what labels and stickers say of their price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from aisle.belief.basket.goods import Goods
from aisle.belief.basket.state import Piece
from aisle.belief.basket.summary import LineOdds, Summary
from aisle.cart.trip import TripLine
from aisle.store.barcodes.meaning import StickerCode
from aisle.store.model import Store

UNWEIGHED_VAR = 1e5  # g²: goods that came in while no scale told their weight


def trip_lines(
    summary: Summary, store: Store, goods: Mapping[str, Goods], stickers: Mapping[int, StickerCode]
) -> tuple[TripLine, ...]:
    """The lines of the likeliest basket; `stickers` are those scanned, by the number of the showing they belong to."""
    return tuple(_line(odds, store, goods, stickers) for odds in summary.lines)


def _line(odds: LineOdds, store: Store, goods: Mapping[str, Goods], stickers: Mapping[int, StickerCode]) -> TripLine:
    first = odds.pieces[0]
    product = store.products.get(odds.gtin)
    label, off = _price(odds.pieces, stickers)
    return TripLine(
        line_id=f"l{first.number}",
        gtin=odds.gtin,
        quantity=odds.count,
        probability=odds.probability,
        taken_at_ns=min(piece.placed_ns for piece in odds.pieces),
        grams=_net(first, goods.get(first.gtin)) if product is not None and product.sold_by_weight else None,
        label_minor=label,
        off_percent=off,
        proven_quantity=odds.proven,
        by_sight=all(not piece.named for piece in odds.pieces),
    )


def _net(piece: Piece, goods: Goods | None) -> int | None:
    """What goods sold by weight weigh without their packaging; None where nothing tells."""
    shown = piece.shown
    if shown is not None and shown.grams is not None:
        return round(shown.grams)
    if piece.var_g >= UNWEIGHED_VAR:
        return None
    tare = shown.tare_g if shown is not None and shown.tare_g is not None else goods.tare_g if goods else 0.0
    return max(1, round(piece.mean_g - tare))


def _price(pieces: Sequence[Piece], stickers: Mapping[int, StickerCode]) -> tuple[int | None, Decimal | None]:
    """A price printed on the goods, and what a clearance sticker takes off."""
    label = off = None
    for piece in pieces:
        if piece.shown is None:
            continue
        label = piece.shown.label_minor if piece.shown.label_minor is not None else label
        off = piece.shown.off_percent if piece.shown.off_percent is not None else off
        sticker = stickers.get(piece.shown.number)
        if sticker is not None:
            label = sticker.price_minor if sticker.price_minor is not None else label
            off = sticker.percent if sticker.percent is not None else off
    return label, off

"""What of a trip is in doubt and how much money hangs on it: the measure behind every question and check at the lane.

A doubt's stake is the expected difference, either way, between what would be charged and what is right (minor units).
It is small where the rival answers cost about the same, whatever their odds: nobody is asked which of two yoghurts at
one price it was. The best question is the one whose answer takes the largest stake away (value of information, R. A.
Howard, 1966).
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aisle.cart.pricing import moment
from aisle.cart.trip import Choice, Prompt, PromptKind, Trip, TripLine
from aisle.commerce.pricing.price_book import PriceBook
from aisle.commerce.pricing.priced import PricedBasket
from aisle.store.model import Product, Store

UNSURE = 0.98  # a line less sure than this is a doubt of its own
_EVEN = 0.5  # the odds of a thing nothing is known of
_USUAL_G = 300.0  # a weight that could not be had
_BY_HAND = frozenset({PromptKind.NOT_FOR_CART, PromptKind.CHECK_AGE, PromptKind.REMOVE_TAG})
_FAULTS = frozenset({PromptKind.SCALE_FAULT, PromptKind.CAMERA_FAULT})
_NOT_ASKED = _BY_HAND | _FAULTS


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing not known: a prompt nobody answered, a line not sure, weight nobody accounts for.

    `askable`: the shopper can clear it up on the screen.
    """

    what: str
    stake_minor: float
    askable: bool
    prompt_id: str | None = None
    line_id: str | None = None
    gtin: str | None = None


class Worth:
    """What things of a shop cost by and large: of pieces by their price, of unknown things by their weight."""

    def __init__(self, store: Store, book: PriceBook) -> None:
        self._book = book
        self._known = {product.plu: product for product in store.products.values() if product.plu} | store.products
        pieces = [p for p in store.products.values() if p.price_minor > 0 and not p.sold_by_weight]
        by_gram = [p.price_minor / p.weight_g for p in pieces if p.weight_g is not None and p.weight_g > 1.0]
        by_gram += [p.price_minor / 1000.0 for p in store.products.values() if p.sold_by_weight and p.price_minor > 0]
        self.minor_per_g = statistics.median(by_gram) if by_gram else 0.5
        self.usual_minor = statistics.median([p.price_minor for p in pieces]) if pieces else 250.0

    def product(self, code: str | None) -> Product | None:
        """The product of a GTIN or look-up code."""
        return self._known.get(code) if code else None

    def piece(self, code: str | None, t_ns: int, grams: float | None = None) -> float:
        """A piece of a product, or so much of one sold by weight; an unknown product by its weight, else the usual."""
        product = self.product(code)
        if product is None:
            return self.unknown(grams)
        price = self._book.shelf(product.gtin, moment(t_ns)) or self.usual_minor
        return price * (grams or _USUAL_G) / 1000.0 if product.sold_by_weight else float(price)

    def unknown(self, grams: float | None) -> float:
        """A thing nobody knows, by its weight."""
        return self.usual_minor if grams is None else abs(grams) * self.minor_per_g


def doubts(trip: Trip, priced: PricedBasket, worth: Worth, quiet_g: float) -> tuple[Doubt, ...]:
    """Everything not known about a trip, the largest stake first. Weight below `quiet_g` is no doubt."""
    paid = {line.line_id: line.paid_minor for line in priced.lines}
    lines = {worth_code(worth, line.gtin): line for line in trip.lines}
    found = [_of_prompt(prompt, lines, worth) for prompt in trip.open_prompts if prompt.kind not in _NOT_ASKED]
    asked = {worth_code(worth, prompt.gtin) for prompt in trip.open_prompts if prompt.gtin}
    found += [
        Doubt("unsure line", (1.0 - line.probability) * paid.get(line.line_id, 0), False, None, line.line_id, line.gtin)
        for line in trip.lines
        if line.probability < UNSURE and worth_code(worth, line.gtin) not in asked
    ]
    weighed_g = sum(prompt.grams or 0.0 for prompt in trip.open_prompts if prompt.kind not in _NOT_ASKED)
    rest_g = abs(trip.unexplained_g) - abs(weighed_g)
    if rest_g > quiet_g:
        found.append(Doubt("unexplained weight", worth.unknown(rest_g), False))
    return tuple(sorted(found, key=lambda doubt: (-doubt.stake_minor, doubt.what, doubt.prompt_id or "")))


def faults_of(trip: Trip) -> tuple[str, ...]:
    """What is wrong with the cart's devices: as the trip says, or as an open prompt does."""
    prompts = (prompt.kind.value for prompt in trip.open_prompts if prompt.kind in _FAULTS)
    return tuple(dict.fromkeys((*trip.faults, *(() if trip.faults else prompts))))


def best_question(found: Sequence[Doubt]) -> Doubt | None:
    """The doubt whose answer on the screen would help most; None when no answer would."""
    return next((doubt for doubt in found if doubt.askable and doubt.prompt_id and doubt.stake_minor > 0), None)


def worth_code(worth: Worth, code: str | None) -> str:
    """A product's GTIN, however a line or prompt names it."""
    product = worth.product(code)
    return product.gtin if product is not None else code or ""


def _of_prompt(prompt: Prompt, lines: Mapping[str, TripLine], worth: Worth) -> Doubt:
    line = lines.get(worth_code(worth, prompt.gtin))
    stake = _stake(prompt, line, worth)
    return Doubt(prompt.kind.value, stake, True, prompt.prompt_id, line.line_id if line else None, prompt.gtin)


def _stake(prompt: Prompt, line: TripLine | None, worth: Worth) -> float:
    one = worth.piece(prompt.gtin, prompt.t_ns, prompt.grams)
    match prompt.kind:
        case PromptKind.CHECK_COUNT | PromptKind.PLACE_ITEM if prompt.options and line is not None:
            return sum(choice.probability * abs(choice.quantity - line.quantity) * one for choice in prompt.options)
        case PromptKind.CHECK_COUNT | PromptKind.PLACE_ITEM:
            return one * (1.0 - line.probability if line is not None and line.probability < UNSURE else _EVEN)
        case PromptKind.ENTER_QUANTITY:
            return one
        case PromptKind.CHOOSE_CONTAINER | PromptKind.WEIGH_AGAIN:
            return one * _EVEN
        case _:
            return _spread(prompt.options, prompt, worth) if prompt.options else worth.unknown(prompt.grams) * _EVEN


def _spread(options: Sequence[Choice], prompt: Prompt, worth: Worth) -> float:
    """The expected distance of the right option's value from that of the likeliest one."""
    values = [_value(choice, prompt, worth) for choice in options]
    total = sum(choice.probability for choice in options)
    odds = [choice.probability or (1.0 / len(options) if total == 0 else 0.0) for choice in options]
    other = max(0.0, 1.0 - sum(odds))
    return sum(p * abs(value - values[0]) for p, value in zip(odds, values, strict=True)) + other * abs(
        worth.unknown(prompt.grams) - values[0]
    )


def _value(choice: Choice, prompt: Prompt, worth: Worth) -> float:
    if choice.code in ("none", "own"):
        return 0.0
    return choice.quantity * worth.piece(choice.code, prompt.t_ns, prompt.grams)

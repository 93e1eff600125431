"""Prompts in words: what we saw or weighed, one plain question, and answers that are all equally easy.

Nothing here accuses: a prompt says what the cart knows, and may be left alone until the lane.
"""

from __future__ import annotations

from collections.abc import Callable

from aisle.cart.pricing import product_of
from aisle.cart.screen_state import Mark, Question, Tile
from aisle.cart.trip import Choice, Prompt, PromptKind, Trip
from aisle.commerce.receipts.words import Tongue, plain
from aisle.store.model import Product, Store

MOST_TILES = 8
MOST_COUNT = 12  # pieces that have a tile of their own
_TELLING = frozenset(
    {
        PromptKind.PLACE_ITEM,
        PromptKind.WEIGH_AGAIN,
        PromptKind.NOT_FOR_CART,
        PromptKind.CHECK_AGE,
        PromptKind.REMOVE_TAG,
        PromptKind.SCALE_FAULT,
        PromptKind.CAMERA_FAULT,
    }
)
_SEARCHABLE = frozenset({PromptKind.SCAN_ITEM, PromptKind.CHOOSE_ITEM, PromptKind.OTHER_ITEM, PromptKind.UNKNOWN_CODE})
_FAULTS = frozenset({PromptKind.SCALE_FAULT, PromptKind.CAMERA_FAULT})
_COUNTED = frozenset({PromptKind.CHECK_COUNT, PromptKind.ENTER_QUANTITY})
_ENDING = {  # answers that stand last, by kind: (choice, words)
    PromptKind.SCAN_ITEM: (("own", "yes_own"), ("none", "yes_nothing")),
    PromptKind.CHOOSE_ITEM: (("own", "yes_own"), ("none", "yes_none")),
    PromptKind.OTHER_ITEM: (("none", "yes_none"),),
    PromptKind.CHOOSE_REMOVED: (("own", "yes_own"), ("none", "yes_nothing")),
    PromptKind.PLACE_ITEM: (("none", "yes_leave_it"),),
    PromptKind.UNKNOWN_CODE: (("none", "yes_seen"),),
    PromptKind.NOT_FOR_CART: (("none", "yes_seen"),),
}

Pictures = Callable[[str], str]
"""The path of a product's picture on the cart's server, empty where there is none."""
PriceText = Callable[[Product], str]


def questions(trip: Trip, store: Store, words: Tongue, pictures: Pictures, price: PriceText) -> tuple[Question, ...]:
    """The open prompts of a trip in words, the oldest question first, what needs no answer behind them."""
    asked = [question(prompt, store, words, pictures, price) for prompt in trip.open_prompts]
    return tuple(sorted(asked, key=lambda one: one.tell))


def question(prompt: Prompt, store: Store, words: Tongue, pictures: Pictures, price: PriceText) -> Question:
    """One prompt in words."""
    product = product_of(store, prompt.gtin) if prompt.gtin else None
    key = prompt.kind.value.replace(" ", "_")
    return Question(
        prompt_id=prompt.prompt_id,
        kind=prompt.kind.value,
        title=_title(key, product, words),
        reason=_reason(key, prompt, product, words),
        state=_mark(prompt.kind),
        answers=_answers(prompt, product, store, words, pictures, price),
        search=prompt.kind in _SEARCHABLE,
        number=prompt.kind is PromptKind.ENTER_QUANTITY,
        tell=prompt.kind in _TELLING,
        gtin=prompt.gtin or "",
    )


def answer_value(prompt: Prompt, option: Choice) -> str:
    """What the "answer" tap carries for an option: the product, with how many of it where that is the question."""
    several = option.quantity != 1 or prompt.kind in _COUNTED
    return f"{option.code}*{option.quantity}" if several else option.code


def _mark(kind: PromptKind) -> Mark:
    if kind in _FAULTS:
        return "error"
    return "checking" if kind is PromptKind.WEIGH_AGAIN else "unsure" if kind not in _TELLING else "sure"


def _title(key: str, product: Product | None, words: Tongue) -> str:
    name = _name(product, words)
    text = words.say(f"ask_{key}", name=name, age=product.minimum_age if product is not None else "")
    return text[:1].upper() + text[1:]


def _reason(key: str, prompt: Prompt, product: Product | None, words: Tongue) -> str:
    name = _name(product, words)
    each = product.weight_g if product is not None else None
    with_grams = f"why_{key}_grams"
    needs_each = "{each}" in words.words.get(with_grams, "")
    if prompt.grams is not None and with_grams in words.words and (each is not None or not needs_each):
        grams = words.count(round(abs(prompt.grams)))
        text = words.say(with_grams, grams=grams, name=name, each=words.count(round(each or 0)))
    else:
        text = words.say(f"why_{key}", name=name)
    return text[:1].upper() + text[1:]


def _name(product: Product | None, words: Tongue) -> str:
    return plain(product.name) if product is not None else words.say("this_item")


def _answers(
    prompt: Prompt, product: Product | None, store: Store, words: Tongue, pictures: Pictures, price: PriceText
) -> tuple[Tile, ...]:
    """Tiles for the options in their order, and the answers that close the question."""
    if prompt.kind is PromptKind.CHOOSE_CONTAINER:
        return tuple(Tile(option.code, plain(option.code)) for option in prompt.options[:MOST_TILES])
    if prompt.kind in _COUNTED and all(option.code == prompt.gtin for option in prompt.options):
        return _counts(prompt, words)
    tiles: list[Tile] = []
    for option in prompt.options:
        found = product_of(store, option.code)
        if found is not None and len(tiles) < MOST_TILES:
            name = plain(found.name) if option.quantity == 1 else f"{option.quantity} × {plain(found.name)}"
            tiles.append(Tile(answer_value(prompt, option), name, price(found), pictures(found.gtin), not tiles))
    ending = [Tile(choice, words.say(key)) for choice, key in _ENDING.get(prompt.kind, ())]
    return (*tiles, *ending)


def _counts(prompt: Prompt, words: Tongue) -> tuple[Tile, ...]:
    """Numbers of pieces as tiles: those that fit the weight, else one to six."""
    chosen = sorted({option.quantity for option in prompt.options}) or list(range(1, 7))
    values = [answer_value(prompt, Choice(prompt.gtin or "", count)) for count in chosen[:MOST_COUNT]]
    return tuple(Tile(value, words.count(count)) for value, count in zip(values, chosen, strict=False))

"""A small shop and trips in it, for tests of the cart's screen."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from aisle.cart.checkout import Due, Settled
from aisle.cart.journal import CartJournal
from aisle.cart.running import RunningCart
from aisle.cart.screen import Screen
from aisle.cart.session import CartSession
from aisle.cart.shopper import Shopper
from aisle.cart.trip import Choice, Phase, Prompt, PromptKind, Trip, TripLine
from aisle.store.model import CartAttributes, Container, Product, Store
from aisle.store.offers import AmountOff, BuyGet, Goods, Promotion

START_NS = 1_774_000_000 * 10**9
TEA, BREAD, WINE, BANANAS, PESTO = (
    "4000000000013", "4000000000020", "4000000000037", "2000000040110", "4000000000044",
)  # fmt: skip


def shop() -> Store:
    """Five products and two offers."""
    bags = (Container("paper bag", 6.0),)
    products = (
        Product(TEA, "Green tea 20 bags", 52.0, 229, brand="Leaf & Lake", category="pantry"),
        Product(BREAD, "Sourdough loaf 750 g", 762.0, 349, category="bakery"),
        Product(WINE, "Red wine 0.75 l", 1243.0, 699, category="wine", minimum_age=16),
        Product(BANANAS, "Bananas", None, 169, category="produce", sold_by_weight=True, plu="4011",
                cart=CartAttributes(containers=bags)),
        Product(PESTO, "Basil pesto", 310.0, 249, category="pantry"),
    )  # fmt: skip
    offers = (
        Promotion("tea", "Three for two", BuyGet(2, 1), Goods(frozenset({TEA}))),
        Promotion("pesto", "Pesto week", AmountOff(50), Goods(frozenset({PESTO}))),
    )
    return replace(Store("Mill Lane Market", "EUR", "UTC", {p.gtin: p for p in products}, (), ()), promotions=offers)


def line(gtin: str, quantity: int = 1, at_s: float = 0.0, **more: object) -> TripLine:
    return TripLine(gtin, gtin, quantity, 0.99, START_NS + round(at_s * 1e9), **more)  # type: ignore[arg-type]


def trip(*lines: TripLine, prompts: tuple[Prompt, ...] = (), **more: object) -> Trip:
    made = Trip("t1", "cart-1", Phase.SHOPPING, START_NS, START_NS, lines=lines, prompts=prompts)
    return replace(made, **more)  # type: ignore[arg-type]


def prompt(kind: PromptKind, gtin: str | None = PESTO, **more: object) -> Prompt:
    options = (Choice(PESTO, 2, 0.6), Choice(PESTO, 1, 0.3))
    return replace(Prompt("p1", kind, START_NS, gtin, options, 618.0), **more)  # type: ignore[arg-type]


class Clock:
    """A clock the test moves."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        return self.now_ns

    def pass_s(self, seconds: float) -> int:
        self.now_ns += round(seconds * 1e9)
        return self.now_ns


class Till:
    """A lane that says what the test wants, in turn; the last word stands."""

    def __init__(self, *words: Settled) -> None:
        self.words = list(words or (Settled("paid", receipt="Paid"),))
        self.asked: list[Due] = []
        self.online = True

    def identify(self, code: str, shown_ns: int) -> Shopper | None:
        return Shopper("c1", "Mira", member=True) if code.startswith("A1.mira") else None

    def settle(self, due: Due) -> Settled:
        self.asked.append(due)
        return self.words.pop(0) if len(self.words) > 1 else self.words[0]


def running(folder: Path, clock: Callable[[], int], store: Store | None = None) -> RunningCart:
    """A cart without a scale, its journal in `folder`."""
    sold = store or shop()
    ids = itertools.count(len(list(folder.glob("*"))) + 1)
    journal = CartJournal(folder, "cart-1", f"boot{next(ids)}", clock)

    def session(trip_id: str) -> CartSession:
        return CartSession(sold, trip_id, "cart-1", weighs=False)

    return RunningCart("cart-1", Screen(sold), journal, session, lambda: f"trip{next(ids)}")

"""A trip by hand for tests: what a shopper does second by second, as the readings a cart's devices would send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from aisle.cart.session import CartSession, CartSettings
from aisle.cart.trip import Prompt, PromptKind, Trip
from aisle.sensing.cart.readings import CartReading, LookReading, MotionReading, ScaleReading, ScanReading, TapReading
from aisle.store.barcodes.rules import NumberRule
from aisle.store.codes import check_digit
from aisle.store.model import CartAttributes, Container, Product, Store

NS = 1_000_000_000
T0 = 1_774_000_000 * NS
NOISE_G = 0.4


def ean(twelve: str) -> str:
    """The thirteen digits whose last is the check digit."""
    return twelve + check_digit(twelve)


MILK, YOGHURT, BEANS, JAM, SOAP, GIN, SALAD, HAM = (ean(f"40063813{n:04d}") for n in range(8))
BANANA, AVOCADO = "4011", "4046"
CHEESE, ROLL = ean("290012000000"), ean("230034000000")
"""Filed as German in-store codes with no value inside: of 29 (kilograms) and of 23 (a price)."""
BOX_G = 12.0

PRODUCTS = {
    product.gtin: product
    for product in (
        Product(MILK, "Milk", 1030.0, 129, weight_sigma_g=60.0),
        Product(YOGHURT, "Yoghurt", 150.0, 59, weight_sigma_g=15.0),
        Product(BEANS, "Beans", 400.0, 99, weight_sigma_g=70.0),
        Product(JAM, "Jam", 340.0, 249, weight_sigma_g=220.0),
        Product(SOAP, "Soap", 95.0, 199, weight_sigma_g=8.0, cart=CartAttributes(available=False)),
        Product(GIN, "Gin", 1190.0, 2490, weight_sigma_g=60.0, minimum_age=18, cart=CartAttributes(security_tag=True)),
        Product(
            SALAD, "Salad", None, 1190, sold_by_weight=True, plu="3000",
            cart=CartAttributes(containers=(Container("box", BOX_G),)),
        ),
        Product(HAM, "Ham", 210.0, 349, weight_sigma_g=15.0, cart=CartAttributes(quantity_required=True)),
        Product(BANANA, "Bananas", None, 199, sold_by_weight=True),
        Product(AVOCADO, "Avocado", 200.0, 149, weight_sigma_g=50.0),
        Product(CHEESE, "Cheese", None, 1990, sold_by_weight=True),
        Product(ROLL, "Roast", None, 2000, sold_by_weight=True),
    )
}  # fmt: skip
STICKER = "97" + "IIIIIIIIIIIII" + "VV" + "K"


def shop(country: str = "DE", number_rules: tuple[NumberRule, ...] = ()) -> Store:
    """A small shop with goods of every kind."""
    return Store(
        "S", "EUR", "UTC", PRODUCTS, (), (), country=country, number_rules=number_rules,
        sticker_rules=(NumberRule("98VVxxxxxxxxK", "percent"), NumberRule(STICKER, "percent")),
    )  # fmt: skip


@dataclass(slots=True)
class Doing:
    """What happens during a trip, in seconds from its start, whichever order it is told in; chained calls read well.

    `silent` and `stuck` are spans in which the cell says nothing, and the very same.
    """

    steps: list[tuple[float, float]] = field(default_factory=list)
    others: list[CartReading] = field(default_factory=list)
    silent: tuple[float, float] = (0.0, 0.0)
    stuck: tuple[float, float] = (0.0, 0.0)

    def put(self, t: float, grams: float) -> Doing:
        """So much more (less, below zero) lies in the basket from now on."""
        self.steps.append((t, grams))
        return self

    def scan(self, t: float, code: str, symbology: str = "EAN13", device: str = "scanner") -> Doing:
        at = _at(t)
        self.others.append(ScanReading(at, at + 5_000_000, code, symbology, device))
        return self

    def tap(self, t: float, tap: str, value: object = None) -> Doing:
        at = _at(t)
        self.others.append(TapReading(at, at + 5_000_000, tap, value))
        return self

    def look(self, t: float, pictures: int = 1, **nats: float) -> Doing:
        """Pictures of one thing; products go by their names."""
        gtins = tuple({p.name.lower(): p.gtin for p in PRODUCTS.values()}[name] for name in nats)
        for n in range(pictures):
            at = _at(t + 0.25 * n)
            self.others.append(LookReading(at, at + 30_000_000, gtins, tuple(nats.values())))
        return self

    def roll(self, t0: float, t1: float) -> Doing:
        for n in range(int((t1 - t0) * 10)):
            at = _at(t0 + n / 10)
            self.others.append(MotionReading(at, at + 5_000_000, True, 0.4))
        end = _at(t1)
        self.others.append(MotionReading(end, end + 5_000_000, False, 0.0))
        return self

    def readings(self, until: float, seed: int = 1) -> list[CartReading]:
        """All of it in order of receipt, with the cell's noise."""
        noise = np.random.default_rng(seed).normal(0.0, NOISE_G, int(until * 20))
        scale: list[CartReading] = []
        for n, off in enumerate(noise.tolist()):
            t = n / 20
            told = min(t, self.stuck[0]) if self.stuck[0] <= t < self.stuck[1] else t
            grams = sum(step for at, step in self.steps if at <= told)
            held = told != t
            scale.append(ScaleReading(_at(t), _at(t) + 4_000_000, round(grams if held else grams + off, 1)))
        kept = [r for r in scale if not _at(self.silent[0]) <= r.t_ns < _at(self.silent[1])]
        others = [r for r in self.others if r.t_ns < _at(until)]
        return sorted([*kept, *others], key=lambda r: r.received_ns)


def session(store: Store | None = None, settings: CartSettings | None = None) -> CartSession:
    """A trip's session as a replay has it: its scale is believed once it speaks."""
    return CartSession(store or shop(), "trip", "cart-7", settings, weighs=False)


def driven(doing: Doing, until: float, store: Store | None = None, seed: int = 1) -> CartSession:
    """The session after all readings up to a second."""
    made = session(store)
    for reading in doing.readings(until, seed):
        made.feed(reading)
    return made


def amounts(trip: Trip) -> dict[str, int]:
    """Pieces, or grams of goods sold by weight, by the product's name."""
    out: dict[str, int] = {}
    for line in trip.lines:
        name = PRODUCTS[line.gtin].name
        out[name] = out.get(name, 0) + (line.quantity if line.grams is None else line.grams)
    return out


def asked(trip: Trip, kind: PromptKind) -> list[Prompt]:
    """The trip's prompts of one kind, cleared ones too."""
    return [prompt for prompt in trip.prompts if prompt.kind is kind]


def kinds(prompts: Sequence[Prompt]) -> list[PromptKind]:
    return [prompt.kind for prompt in prompts]


def _at(t: float) -> int:
    return T0 + int(t * NS)

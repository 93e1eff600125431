"""What simulated people look like: build, skin, hair, and clothes that go together, drawn at random or given.

Colours are sRGB from 0 to 1 here, as a designer picks them; the mesh carries them on in linear light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

Colour = tuple[float, float, float]
HairStyle = Literal["bald", "thin", "short", "curly", "bob", "long", "ponytail", "bun", "cap", "beanie"]
Bag = Literal["backpack", "shoulder"]
Load = Literal["basket", "tote"]
T = TypeVar("T")

LOAD_DROP_M = {"basket": 0.36, "tote": 0.54}
"""From the forearm a load hangs on down to its floor, at the reference stature."""
REFERENCE_M = 1.75
"""Stature at which all lengths of a look and all tables of the body are given."""


@dataclass(frozen=True, slots=True)
class Look:
    """One person's looks.

    `female` 0..1 and `build` -1 (thin) .. 1 (stout) morph the body.  Heights of hems are metres above the floor on a
    body of 1.75 m; `sleeve` and `trouser` are the shares of arm and leg they cover; `slack` is the cut, 0 tight .. 1
    wide.  `skirt_hem_m` wears a skirt instead of trousers; `jacket` is worn open over the top, a coat when its hem
    is low.  `load` hangs on the arm that does not reach first.
    """

    stature_m: float = REFERENCE_M
    arm_m: float = 0.55
    female: float = 0.0
    build: float = 0.0
    skin: Colour = (0.82, 0.62, 0.50)
    hair: Colour = (0.18, 0.12, 0.08)
    hair_style: HairStyle = "short"
    beard: bool = False
    top: Colour = (0.70, 0.20, 0.18)
    sleeve: float = 0.33
    hem_m: float = 0.92
    hood: bool = False
    jacket: Colour | None = None
    jacket_hem_m: float = 0.84
    bottom: Colour = (0.18, 0.22, 0.34)
    trouser: float = 1.0
    slack: float = 0.5
    skirt_hem_m: float | None = None
    shoes: Colour = (0.16, 0.14, 0.13)
    hat: Colour = (0.25, 0.28, 0.22)
    bag: Bag | None = None
    bag_colour: Colour = (0.25, 0.28, 0.22)
    load: Load | None = None
    load_colour: Colour = (0.62, 0.12, 0.12)


@dataclass(frozen=True, slots=True)
class Outfit:
    """Garments that are worn together: colours to choose from, and cuts as ranges or chances."""

    name: str
    tops: tuple[Colour, ...]
    bottoms: tuple[Colour, ...]
    shoes: tuple[Colour, ...]
    sleeves: tuple[float, ...]
    trousers: tuple[float, ...] = (1.0,)
    slack: tuple[float, float] = (0.2, 0.8)
    hem_m: tuple[float, float] = (0.86, 0.96)
    jackets: tuple[Colour, ...] = ()
    jacket_chance: float = 0.0
    jacket_hem_m: tuple[float, float] = (0.80, 0.90)
    skirt_chance: float = 0.0  # of those who are drawn female
    skirt_m: tuple[float, float] = (0.40, 0.58)
    hood: float = 0.0
    dress: bool = False  # the skirt has the colour of the top


WHITE, CREAM, STONE, GREY = (0.88, 0.88, 0.86), (0.85, 0.80, 0.70), (0.66, 0.63, 0.57), (0.50, 0.51, 0.53)
BLACK, CHARCOAL, NAVY, DENIM = (0.10, 0.10, 0.11), (0.22, 0.22, 0.24), (0.12, 0.15, 0.27), (0.22, 0.31, 0.46)
PALE_DENIM, KHAKI, OLIVE, BROWN = (0.45, 0.54, 0.66), (0.55, 0.48, 0.36), (0.30, 0.33, 0.20), (0.32, 0.22, 0.15)
CAMEL, RED, WINE, ROSE = (0.66, 0.49, 0.31), (0.70, 0.16, 0.16), (0.40, 0.11, 0.17), (0.80, 0.52, 0.55)
MUSTARD, ORANGE, GREEN, TEAL = (0.78, 0.60, 0.20), (0.80, 0.40, 0.16), (0.17, 0.40, 0.26), (0.14, 0.44, 0.46)
BLUE, SKY, VIOLET, LILAC = (0.16, 0.28, 0.56), (0.50, 0.66, 0.80), (0.36, 0.22, 0.46), (0.66, 0.58, 0.74)

OUTFITS: tuple[tuple[float, Outfit], ...] = (
    (
        0.30,
        Outfit(
            "everyday",
            (WHITE, GREY, NAVY, RED, MUSTARD, TEAL, SKY, OLIVE, BLACK, ROSE),
            (DENIM, PALE_DENIM, NAVY, BLACK, CHARCOAL),
            (WHITE, BLACK, BROWN, GREY),
            (0.30, 0.36, 0.97),
            jackets=(DENIM, OLIVE, BLACK, NAVY, STONE),
            jacket_chance=0.3,
        ),
    ),
    (
        0.16,
        Outfit(
            "summer",
            (WHITE, SKY, ORANGE, GREEN, BLUE, RED, LILAC, CREAM),
            (KHAKI, STONE, NAVY, PALE_DENIM, OLIVE),
            (WHITE, BROWN, GREY),
            (0.22, 0.30, 0.36),
            trousers=(0.48, 0.52, 0.80),
            skirt_chance=0.45,
        ),
    ),
    (
        0.14,
        Outfit(
            "office",
            (WHITE, SKY, CREAM, LILAC, GREY),
            (CHARCOAL, NAVY, BLACK, KHAKI),
            (BLACK, BROWN),
            (0.97,),
            slack=(0.2, 0.5),
            jackets=(CHARCOAL, NAVY, CAMEL),
            jacket_chance=0.5,
            skirt_chance=0.4,
            skirt_m=(0.46, 0.56),
        ),
    ),
    (
        0.16,
        Outfit(
            "sport",
            (GREY, BLACK, BLUE, WINE, GREEN, VIOLET, ORANGE),
            (BLACK, CHARCOAL, GREY, NAVY),
            (WHITE, BLACK, ORANGE),
            (0.97,),
            slack=(0.1, 0.95),
            hem_m=(0.84, 0.92),
            hood=0.7,
        ),
    ),
    (
        0.16,
        Outfit(
            "cold day",
            (CREAM, GREY, WINE, GREEN, CHARCOAL, MUSTARD),
            (DENIM, BLACK, CHARCOAL, BROWN),
            (BROWN, BLACK),
            (0.97,),
            jackets=(CAMEL, NAVY, BLACK, OLIVE, GREY, WINE),
            jacket_chance=0.95,
            jacket_hem_m=(0.52, 0.80),
            skirt_chance=0.15,
        ),
    ),
    (
        0.08,
        Outfit(
            "dress",
            (WINE, NAVY, TEAL, BLACK, ROSE, MUSTARD, VIOLET),
            (BLACK, NAVY, CHARCOAL),
            (BLACK, BROWN, CREAM),
            (0.25, 0.36, 0.97),
            jackets=(DENIM, CREAM, BLACK),
            jacket_chance=0.3,
            skirt_chance=1.0,
            skirt_m=(0.36, 0.56),
            dress=True,
        ),
    ),
)
SKINS: tuple[Colour, ...] = (
    (0.91, 0.75, 0.66),
    (0.87, 0.68, 0.57),
    (0.80, 0.60, 0.47),
    (0.72, 0.52, 0.39),
    (0.60, 0.42, 0.30),
    (0.47, 0.31, 0.22),
    (0.36, 0.23, 0.17),
)
DARK_HAIR: tuple[Colour, ...] = ((0.07, 0.06, 0.06), (0.13, 0.09, 0.07), (0.20, 0.13, 0.09))
FAIR_HAIR: tuple[Colour, ...] = ((0.30, 0.20, 0.12), (0.45, 0.32, 0.18), (0.66, 0.52, 0.32), (0.42, 0.19, 0.10))
OLD_HAIR: tuple[Colour, ...] = ((0.50, 0.49, 0.47), (0.70, 0.69, 0.67))
WOMEN_HAIR: tuple[tuple[float, HairStyle], ...] = (
    (0.22, "bob"),
    (0.30, "long"),
    (0.18, "ponytail"),
    (0.12, "bun"),
    (0.10, "short"),
    (0.04, "cap"),
    (0.04, "beanie"),
)
MEN_HAIR: tuple[tuple[float, HairStyle], ...] = (
    (0.46, "short"),
    (0.12, "curly"),
    (0.12, "thin"),
    (0.11, "bald"),
    (0.10, "cap"),
    (0.05, "beanie"),
    (0.04, "long"),
)
STAFF_TOP, STAFF_BOTTOM = (0.08, 0.36, 0.30), (0.13, 0.13, 0.15)


def draw_look(rng: np.random.Generator, stature_m: float, arm_m: float, staff: bool = False) -> Look:
    """The looks of somebody of that stature and arm length (shoulder to wrist), metres.

    Short people are more often women, as in any shop.  Staff wear the shop's colours and carry nothing.
    """
    odds = 1.0 / (1.0 + np.exp((stature_m - 1.70) / 0.045))
    woman = bool(rng.random() < odds)
    female = float(np.clip(rng.normal(0.93 if woman else 0.07, 0.07), 0.0, 1.0))
    outfit = _weighted(rng, tuple(o for o in OUTFITS if woman or not o[1].dress))
    skin_at = float(rng.random())
    skin = SKINS[int(skin_at * len(SKINS))]
    old = rng.random() < 0.22
    hair = _pick(rng, OLD_HAIR if old else DARK_HAIR if skin_at > 0.55 or rng.random() < 0.35 else FAIR_HAIR)
    style = _weighted(rng, WOMEN_HAIR if woman else MEN_HAIR)
    top = _dyed(rng, _pick(rng, outfit.tops))
    bottom = _dyed(rng, _pick(rng, outfit.bottoms))
    skirt = float(rng.uniform(*outfit.skirt_m)) if woman and rng.random() < outfit.skirt_chance else None
    jacket = _dyed(rng, _pick(rng, outfit.jackets)) if rng.random() < outfit.jacket_chance else None
    hood = bool(rng.random() < outfit.hood)
    bag: Bag | None = None
    load: Load | None = None
    carried = rng.random(2)
    if carried[0] < 0.36:
        bag = (
            "backpack" if carried[0] < (0.13 if woman else 0.20) else "shoulder" if woman or carried[0] < 0.25 else None
        )
    if carried[1] < 0.55:
        load = "basket" if carried[1] < 0.33 else "tote"
    look = Look(
        stature_m=stature_m,
        arm_m=arm_m,
        female=female,
        build=float(np.clip(rng.normal(0.12, 0.5), -1.0, 1.0)),
        skin=_dyed(rng, skin, 0.05),
        hair=_dyed(rng, hair),
        hair_style=style,
        beard=bool(not woman and rng.random() < 0.28),
        top=top,
        sleeve=float(_pick(rng, outfit.sleeves)) if jacket is None else 0.97,
        hem_m=float(rng.uniform(*outfit.hem_m)),
        hood=hood and jacket is None,
        jacket=jacket,
        jacket_hem_m=float(rng.uniform(*outfit.jacket_hem_m)),
        bottom=top if outfit.dress and skirt is not None else bottom,
        trouser=float(_pick(rng, outfit.trousers)),
        slack=float(rng.uniform(*outfit.slack)) * (1.0 - 0.5 * female),
        skirt_hem_m=skirt,
        shoes=_dyed(rng, _pick(rng, outfit.shoes)),
        hat=_dyed(rng, _pick(rng, (NAVY, BLACK, RED, GREY, OLIVE, CREAM, WINE))),
        bag=bag,
        bag_colour=_dyed(rng, _pick(rng, (BLACK, NAVY, OLIVE, BROWN, CAMEL, GREY, TEAL, WINE))),
        load=load,
        load_colour=_dyed(
            rng, _pick(rng, (RED, BLUE, GREEN, CHARCOAL) if load == "basket" else (CREAM, STONE, TEAL, RED))
        ),
    )
    return _in_uniform(look) if staff else look


def _in_uniform(look: Look) -> Look:
    kept = {name: getattr(look, name) for name in ("female", "build", "skin", "hair", "hair_style", "beard", "shoes")}
    return Look(
        stature_m=look.stature_m,
        arm_m=look.arm_m,
        top=STAFF_TOP,
        sleeve=0.36,
        hem_m=0.88,
        bottom=STAFF_BOTTOM,
        slack=0.4,
        hat=STAFF_TOP,
        **kept,
    )


def _pick(rng: np.random.Generator, of: tuple[T, ...]) -> T:
    return of[int(rng.integers(len(of)))]


def _weighted(rng: np.random.Generator, of: tuple[tuple[float, T], ...]) -> T:
    share = np.cumsum([weight for weight, _ in of])
    return of[min(len(of) - 1, int(np.searchsorted(share, rng.random() * share[-1])))][1]


def _dyed(rng: np.random.Generator, colour: Colour, spread: float = 0.12) -> Colour:
    """No two pieces are dyed quite alike."""
    shade = rng.uniform(1.0 - spread, 1.0 + spread * 0.8) + rng.normal(0.0, 0.2 * spread, 3)
    r, g, b = np.clip(np.array(colour) * shade, 0.02, 0.97)
    return float(r), float(g), float(b)

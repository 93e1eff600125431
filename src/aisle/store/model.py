"""The shop as data: products, floor, fixtures, plates, facings.

Everything below is plain, frozen and already checked; loaders (store folder,
foreign recordings) build it, everybody else only reads it.  Lengths are metres
in the shop's floor frame (x, y on the floor, z up), weights grams, money
integer minor units of the store's currency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from aisle.store.barcodes.rules import CodeRules, NumberRule
from aisle.store.offers import Price, Promotion, Taxes

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Container:
    """What loose goods may lie in on the scale, chosen by the shopper: a paper bag, a salad box."""

    name: str
    tare_g: float


@dataclass(frozen=True, slots=True)
class CartAttributes:
    """What a smart cart has to know of a product, as grocers keep it.

    `available`: may be bought with a cart at all.  `quantity_required`: the shopper says how many.  `tare_g` is the
    packaging of weighed goods, `containers` what the shopper may choose instead.  `security_tag`: a person takes a tag
    off.  `forced_verification`: a person looks at it at the lane.
    """

    available: bool = True
    quantity_required: bool = False
    tare_g: float = 0.0
    containers: tuple[Container, ...] = ()
    security_tag: bool = False
    forced_verification: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """One trade item.

    `weight_g` is the weight of one unit as it stands on the shelf (None: not
    known, such a product can only be told by sight or scan); `weight_sigma_g`
    is the spread between units (None: unknown, the engine uses its prior).
    `price_minor` is the price per unit, per kilogram where `sold_by_weight`; 0
    means that the product has no price of its own and needs a dated one
    (`offers.Price`), which may well be 0 for what is given away.
    `width_m` is the footprint along the shelf, None when nobody measured it.
    `plu` is a look-up code under which it can be typed beside its `gtin`; empty when there is none.
    """

    gtin: str
    name: str
    weight_g: float | None
    price_minor: int = 0
    brand: str = ""
    category: str = ""
    tax_category: str = ""
    weight_sigma_g: float | None = None
    sold_by_weight: bool = False
    minimum_age: int = 0
    deposit_minor: int = 0
    width_m: float | None = None
    plu: str = ""
    cart: CartAttributes = CartAttributes()


@dataclass(frozen=True, slots=True)
class Shelf:
    """One board of a gondola, with its load cells ("plates") side by side.

    `origin_m` is the left front corner in the floor frame as seen by a shopper
    facing the shelf; `rotation_rad` turns the shelf's own x axis (left to
    right) into the floor frame (0: along +x, the shopper stands at -y).
    `plate_edges_m` are the n+1 ascending borders of the n plates along the
    shelf; a shelf on one load cell has n = 1.
    """

    gondola: int
    shelf: int
    origin_m: tuple[float, float, float]
    rotation_rad: float
    depth_m: float
    plate_edges_m: tuple[float, ...]

    @property
    def key(self) -> tuple[int, int]:
        return (self.gondola, self.shelf)

    @property
    def plate_count(self) -> int:
        return len(self.plate_edges_m) - 1

    @property
    def length_m(self) -> float:
        return self.plate_edges_m[-1] - self.plate_edges_m[0]

    def world(self, x_m: float, depth_m: float = 0.0, height_m: float = 0.0) -> tuple[float, float, float]:
        """Floor-frame point: `x_m` along the shelf, `depth_m` behind its front edge, `height_m` above the board."""
        c, s = math.cos(self.rotation_rad), math.sin(self.rotation_rad)
        ox, oy, oz = self.origin_m
        return (ox + c * x_m - s * depth_m, oy + s * x_m + c * depth_m, oz + height_m)

    def local(self, points_m: FloatArray) -> FloatArray:
        """Floor-frame points (..., 3) -> shelf frame (..., 3): along, behind the front edge, above the board."""
        c, s = math.cos(self.rotation_rad), math.sin(self.rotation_rad)
        d = np.asarray(points_m, dtype=np.float64) - np.asarray(self.origin_m)
        out: FloatArray = np.empty_like(d)
        out[..., 0] = c * d[..., 0] + s * d[..., 1]
        out[..., 1] = -s * d[..., 0] + c * d[..., 1]
        out[..., 2] = d[..., 2]
        return out


@dataclass(frozen=True, slots=True)
class Facing:
    """A stretch of shelf where the planogram wants one product to stand.

    `plates` are 1-based plate indices on the shelf the facing touches.
    """

    gtin: str
    gondola: int
    shelf: int
    x0_m: float
    x1_m: float
    plates: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Gate:
    """An entrance or exit: a segment on the floor."""

    gate_id: str
    kind: Literal["entry", "exit", "both"]
    a_m: tuple[float, float]
    b_m: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Zone:
    """A named part of the floor: a ring of corners in metres, either way round.

    `sales`: shoppers may be there; `staff`: only staff; `stock`: goods wait there and are nobody's purchase.
    """

    zone_id: str
    kind: Literal["sales", "staff", "stock"]
    outline_m: tuple[tuple[float, float], ...]


LARGEST_PICTURE_PX = 64_000_000
"""More pixels than any camera of a shop has; a decoded picture of so many takes 192 MB."""
DISTORTION_LENGTHS = (0, 4, 5, 8)


@dataclass(frozen=True, slots=True)
class Camera:
    """A calibrated camera after the pinhole model with Brown-Conrady distortion.

    A floor point X is seen at x = R(rotation_vector) (X - position_m), z forward, x right, y down;
    the rotation vector is Rodrigues' (axis times angle in radians).  `focal_px` is (fx, fy), `centre_px`
    (cx, cy), `distortion` k1, k2, p1, p2[, k3[, k4, k5, k6]] or empty for none.
    Source of the model: D. C. Brown, "Close-range camera calibration", 1971; the order is OpenCV's.
    """

    camera_id: str
    source: str
    size_px: tuple[int, int]
    focal_px: tuple[float, float]
    centre_px: tuple[float, float]
    position_m: tuple[float, float, float]
    rotation_vector: tuple[float, float, float]
    distortion: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """A thing on the network that speaks to the shop: where its readings come from.

    `gondola` is the fixture whose load cells the device reads, None for the others.
    """

    device_id: str
    kind: Literal["plates", "tracker", "scanner", "gate"]
    source: str
    gondola: int | None = None


@dataclass(frozen=True, slots=True)
class Policies:
    """What the shop has decided about who pays.

    `hand_over`: "lifter" (who takes the item from the shelf pays, whoever carries it out) or "holder".
    `return_anywhere`: an item back on any shelf is nobody's, also in the wrong place.
    `party_shares_receipt`: people who came in on one entry get one receipt.
    `charge_only_proven`: in doubt the shopper is charged for no more than is proven.
    """

    hand_over: Literal["lifter", "holder"] = "lifter"
    return_anywhere: bool = True
    party_shares_receipt: bool = True
    charge_only_proven: bool = True


@dataclass(frozen=True)
class Store:
    """Everything the engine may know about the shop before anybody enters.

    `country` (ISO 3166, two letters) is whose rules its codes follow, "" for the one its currency belongs to;
    `number_rules` and `sticker_rules` are its own, see `code_rules`.
    """

    name: str
    currency: str
    time_zone: str
    products: dict[str, Product]
    shelves: tuple[Shelf, ...]
    facings: tuple[Facing, ...]
    gates: tuple[Gate, ...] = ()
    floor_m: tuple[tuple[float, float], ...] = ()
    staff: frozenset[str] = field(default_factory=frozenset)
    zones: tuple[Zone, ...] = ()
    cameras: tuple[Camera, ...] = ()
    devices: tuple[Device, ...] = ()
    prices: tuple[Price, ...] = ()
    promotions: tuple[Promotion, ...] = ()
    taxes: Taxes = field(default_factory=Taxes)
    policies: Policies = field(default_factory=Policies)
    country: str = ""
    number_rules: tuple[NumberRule, ...] = ()
    sticker_rules: tuple[NumberRule, ...] = ()

    @cached_property
    def code_rules(self) -> CodeRules:
        """What codes of the shop's own making mean: its rules, then its country's."""
        return CodeRules(self.currency, self.country or None, self.number_rules, self.sticker_rules)

    @cached_property
    def shelf_at(self) -> dict[tuple[int, int], Shelf]:
        """(gondola, shelf) -> Shelf."""
        return {s.key: s for s in self.shelves}

    @cached_property
    def facings_at(self) -> dict[tuple[int, int], tuple[Facing, ...]]:
        """(gondola, shelf) -> facings from left to right."""
        out: dict[tuple[int, int], list[Facing]] = {s.key: [] for s in self.shelves}
        for f in self.facings:
            out.setdefault((f.gondola, f.shelf), []).append(f)
        return {k: tuple(sorted(v, key=lambda f: (f.x0_m, f.gtin))) for k, v in out.items()}

    @property
    def plate_count(self) -> int:
        return sum(s.plate_count for s in self.shelves)

"""A moment of the example shop with two cameras, three people and what they hold, all made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from aisle.sensing.readings import HealthEntry
from aisle.store.example import example_store
from aisle.store.geometry import look_at
from aisle.store.model import Camera, Store
from aisle.walkout.view.moment import BasketLine, BasketNow, CameraShot, Happening, Moment, PersonThere

NS = 1_000_000_000
T0 = 1_767_258_000 * NS


def camera(name: str, position_m: tuple[float, float, float], target_m: tuple[float, float, float]) -> Camera:
    turned = look_at(position_m, target_m)
    return Camera(name, "0", (640, 360), (400.0, 400.0), (319.5, 179.5), position_m, turned, (-0.1, 0.02, 0.0, 0.0))


NORTH = camera("north", (0.3, 0.3, 2.7), (3.6, 3.2, 0.6))
ABOVE = camera("above", (3.5, 3.0, 3.0), (3.5, 3.0, 0.0))


def shop(*cameras: Camera) -> Store:
    return replace(example_store(), cameras=cameras)


def person(number: int, x_m: float, y_m: float, *, staff: bool = False) -> PersonThere:
    head = np.array([x_m, y_m, 1.65])
    wrists = np.array([[x_m + 0.2, y_m + 0.3, 1.1], [np.nan, np.nan, np.nan]])
    tail = np.array([[x_m - 0.05 * k, y_m - 0.08 * k] for k in range(20, -1, -1)])
    return PersonThere(number, f"p{number}", head, wrists, tail, staff)


def basket(number: int, *lines: BasketLine, left: bool = False, probability: float = 0.97) -> BasketNow:
    return BasketNow(number, f"Shopper {number}", "left" if left else "in the store", lines, probability)


COLA = BasketLine("Cola can 330 ml", 2, 198, 0.999)
CRISPS = BasketLine("Salted crisps 150 g", 1, 189, 0.71)


def moment(*cameras: Camera) -> Moment:
    shots = {c.camera_id: CameraShot(np.full((360, 640, 3), 90, np.uint8), T0 + 9 * NS) for c in cameras}
    return Moment(
        store=shop(*cameras),
        t_ns=T0 + 9 * NS,
        since_s=9.0,
        shots=shots,
        people=(person(1, 2.0, 4.6), person(2, 3.4, 3.6), person(3, 5.0, 1.5, staff=True)),
        baskets=(basket(1, COLA, CRISPS, probability=0.7), basket(2), basket(4, COLA, left=True)),
        happenings=(
            Happening(T0 + 5 * NS, 1, "Cola can 330 ml", 2, 0.999, 1, 3, (2, 3)),
            Happening(T0 + 8 * NS, None, "Salted crisps 150 g", -1, 0.71, 3, 4, (1,)),
        ),
        health=(HealthEntry("gap", "gondola 2", "no samples", T0, None, True, 2),),
        title="monday",
    )

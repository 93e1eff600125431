"""A running cart behind its server, with a lane that says what the test wants."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from aisle.cart.checkout import Settled
from aisle.cart.device_watch import DeviceWatch
from aisle.cart.live import LiveCart
from aisle.cart.staff_list import Member, StaffDoor, hasher
from aisle.web.cart.app import create_cart_app
from cart.screen_kit import Till, running

CARDS = {"tok_visa": "Visa 4242", "tok_declined": "Visa 0341"}


@dataclass
class Kit:
    """A cart, its lane, and the way to ask it."""

    live: LiveCart
    lane: Till
    client: TestClient

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, path: str, body: Any = None, token: str = "") -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.post(path, json={} if body is None else body, headers=headers)

    def tap(self, tap: str, value: object = None) -> Any:
        return self.post("/v1/taps", {"tap": tap, "value": value})

    def begin(self, *codes: str, **body: str) -> None:
        assert self.post("/v1/sign-in", body).status_code == 200
        for code in codes:
            assert self.tap("plu", code).status_code == 200

    def until(self, phase: str, patience_s: float = 5.0) -> dict[str, Any]:
        """The screen as soon as it is in that phase."""
        over = time.monotonic() + patience_s
        while self.live.screen.phase != phase and time.monotonic() < over:
            time.sleep(0.01)
        state: dict[str, Any] = self.get("/v1/screen").json()
        assert state["phase"] == phase
        return state


@contextmanager
def open_kit(folder: Path, *words: Settled, pictures: Path | None = None) -> Iterator[Kit]:
    """A cart of the kit's shop, with the lane's words in turn."""
    lane = Till(*words)
    live = live_cart(folder, lane, pictures)
    live.start()
    with TestClient(create_cart_app(live)) as client:
        yield Kit(live, lane, client)
    live.stop()


def live_cart(folder: Path, lane: Till, pictures: Path | None = None) -> LiveCart:
    """A cart that is not started yet; what it keeps lies in `folder`."""
    cart = running(folder / "trips", time.time_ns)
    ids = itertools.count(1)
    return LiveCart(
        cart,
        time.time_ns,
        lambda: f"act{next(ids)}",
        watch=DeviceWatch(time.time_ns()),
        door=StaffDoor((Member("17", "Ada", hasher().hash("4711")),), time.time_ns),
        checkout=lane,
        pictures=lambda gtin: pictures,
        cards=CARDS,
        last_screen=folder / "screen.json",
    )

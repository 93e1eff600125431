"""A whole simulated trip through a cart's server on a loopback port, and `aisle cart run --simulate` as a command."""

from __future__ import annotations

import io
import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.console import Console

from aisle.bootstrap.cart_serving import serving
from aisle.bootstrap.cart_simulated import (
    NEVER_NS,
    PIN,
    STAFF,
    People,
    RunningClock,
    SimulatedWish,
    differences,
    run_simulated,
)
from aisle.bootstrap.carting import Cart, open_cart
from aisle.cart.config import CartConfig
from aisle.cart.screen_state import ScreenState
from aisle.cart.staff import StaffAct
from aisle.cart.staff_list import add_member
from aisle.sensing.cart.readings import TapReading
from aisle.settings import Settings
from aisle.simulation.cart.catalogue import grocery
from aisle.simulation.cart.trip import Plan, SimulatedTrip, simulate_trip

QUICK, CALM = 1000.0, 4.0


@contextmanager
def simulated(folder: Path, trip: SimulatedTrip, seed: int) -> Iterator[tuple[Cart, str, RunningClock]]:
    clock = RunningClock(trip.truth.start_ns - 10**9, QUICK)
    add_member(folder, STAFF, "Ada", PIN)
    config = CartConfig("cart-7", folder, folder)
    store = grocery(np.random.default_rng(seed)).store
    cart = open_cart(config, store, Settings.model_construct(), clock, weighs=True, silence_ns=NEVER_NS)
    cart.start()
    with serving(cart.live, "127.0.0.1", 0) as there:
        yield cart, there.url, clock
    cart.close()


def ask(url: str, path: str, body: dict[str, Any] | None = None, token: str = "") -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    with urllib.request.urlopen(urllib.request.Request(url + path, data, headers), timeout=20) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def play(trip: SimulatedTrip, cart: Cart, clock: RunningClock, url: str) -> None:
    """Devices speak to the core, fingers to the server; nothing happens before the core has taken in the last."""
    for reading in trip.readings():
        time.sleep(clock.wait_for(reading.received_ns))
        while cart.live.waiting > 8:
            time.sleep(0.001)
        if not isinstance(reading, TapReading):
            cart.live.put(reading)
        elif reading.tap != "start":
            ask(url, "v1/taps", {"tap": reading.tap, "value": reading.value})


class Fingers:
    """A cart reached through its server alone."""

    def __init__(self, url: str) -> None:
        self._url, self._token = url, ""

    @property
    def screen(self) -> ScreenState:
        return msgspec.convert(ask(self._url, "v1/screen"), ScreenState)

    def touch(self, tap: str, value: object = None) -> ScreenState:
        return msgspec.convert(ask(self._url, "v1/taps", {"tap": tap, "value": value}), ScreenState)

    def staff_sign_in(self, number: str, secret: str) -> object:
        found = ask(self._url, "v1/staff/sign-in", {"number": number, "pin": secret})
        self._token = found["token"]
        return found

    def act(self, act: StaffAct) -> ScreenState:
        body = {"kind": act.kind, "about": act.about}
        return msgspec.convert(ask(self._url, "v1/staff/acts", body, self._token), ScreenState)


def test_a_whole_trip_over_http(tmp_path: Path) -> None:
    trip = simulate_trip(grocery(np.random.default_rng(5)), 5, Plan(4))
    with simulated(tmp_path, trip, 5) as (cart, url, clock):
        assert ask(url, "healthz")["ok"]
        clock.start()
        ask(url, "v1/sign-in", {"email": "mira@example.com", "card": "tok_visa"})
        fingers = Fingers(url)
        people = People(trip, fingers, clock, threading.Event())
        people.start()
        play(trip, cart, clock, url)
        clock.start(CALM)
        clock.release()
        over_s = time.monotonic() + 20
        while fingers.screen.phase == "paying" and time.monotonic() < over_s:
            time.sleep(0.05)
        people.stop()
        paid = fingers.screen
    assert paid.phase == "paid"
    assert differences(paid, trip) == []
    assert paid.total.amount in paid.receipt
    (mail,) = (tmp_path / "mail").glob("*.eml")
    assert b"To: mira@example.com" in mail.read_bytes()


def test_the_command_shows_a_trip_from_sign_in_to_receipt(tmp_path: Path) -> None:
    out = Console(file=io.StringIO(), width=100)
    record = tmp_path / "trip.mcap"
    wish = SimulatedWish(40.0, 3, ("restricted-goods",), seed=2, port=0, record=record)
    assert run_simulated(tmp_path / "cart", wish, console=out) == 0
    text = out.file.getvalue()  # type: ignore[attr-defined]
    told = [text.index(part) for part in ("-- shopping", "-- paying", "-- paid", "Paid with Visa")]
    assert told == sorted(told)
    assert record.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("folder", "wish", "told"),
    [
        pytest.param(
            None, SimulatedWish(situations=("flying",)), "situation 'flying' is not known", id="no such situation"
        ),
        pytest.param("store", SimulatedWish(), "is a store folder", id="somebody's store"),
    ],
)
def test_wrong_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str | None, wish: SimulatedWish, told: str
) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "store.toml").touch()
    assert run_simulated(tmp_path / folder if folder else None, wish) == 2
    assert told in capsys.readouterr().err


def test_a_clock_that_runs_faster() -> None:
    now_ns = 100
    clock = RunningClock(5_000, 10.0, lambda: now_ns)
    assert clock() == 5_000
    clock.start()
    now_ns = 1_100
    assert clock() == 15_000
    assert clock.wait_for(25_000) == pytest.approx(1e-6)
    now_ns = 9_000
    assert clock() == 25_000
    assert clock.wait_for(25_000) == 0.0
    clock.release()
    now_ns = 9_001
    assert clock() == 25_010

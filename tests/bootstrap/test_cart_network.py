"""A cart and its shop over a real socket: the catalogue, the lane, and the shop gone and back."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from aisle.bootstrap.cart_network import networked_shop
from aisle.bootstrap.shop import Shop, open_shop
from aisle.cart.doubts import Worth
from aisle.cart.errands import Errand
from aisle.cart.exit import PATIENCE_NS, CartExit, Stage, offer_of
from aisle.cart.purchase import Payer
from aisle.cart.trip import Phase, Trip, TripLine
from aisle.commerce.pricing.till import Till
from aisle.settings import Settings, SettingsError
from aisle.store.example import example_store
from aisle.store.folder import load_store, write_store
from aisle.web.app import create_app
from aisle.web.keys import Caller, Role

NOW_NS = 1_774_000_000 * 10**9


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    write_store(example_store(), tmp_path / "store")
    ids, settings = itertools.count(1), Settings.model_construct(cart_offline_limit_minor=4_000)
    opened = open_shop(tmp_path / "store", settings, lambda: NOW_NS, lambda: f"id{next(ids)}", lambda n: b"s" * n)
    yield opened
    opened.close()


@contextmanager
def served(shop: Shop, port: int) -> Iterator[None]:
    config = uvicorn.Config(create_app(shop.backend), port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_a_cart_of_a_shop_that_comes_and_goes(shop: Shop, tmp_path: Path) -> None:
    key = shop.backend.doorkeeper.keys.add(Caller(Role.DEVICE, "cart-7"), lambda n: b"k" * n)
    port, now = free_port(), itertools.count(NOW_NS, PATIENCE_NS)
    with served(shop, port):
        net = networked_shop(tmp_path / "cart", f"http://127.0.0.1:{port}", key, lambda: NOW_NS)
    assert net.policy.offline_limit_minor == 4_000
    store = load_store(net.store)
    till = Till(store)
    unlocked: list[str] = []
    way_out = CartExit(net.link, net.queue, net.policy, lambda: next(now), unlock=unlocked.append, call=unlocked.append)
    gtin = next(gtin for gtin, product in store.products.items() if not product.sold_by_weight)
    trip = Trip("trip-1", "cart-7", Phase.PAYING, NOW_NS, NOW_NS, (TripLine("a", gtin, 1, 1.0, NOW_NS),))
    offer = offer_of(trip, "lane-1", Payer(card_token="tok_visa"), till, Worth(store, till.book), NOW_NS)
    way_out.offer(offer)
    way_out.beat()
    assert (way_out.state.stage, way_out.state.trusted, unlocked) == (Stage.GONE, True, ["trip-1"])
    assert net.errands.run_once().waiting == 1
    with served(shop, port):
        assert net.errands.run_once() == Errand(1, 0, 0)
    assert [visit.state for visit in shop.desk.visits()] == ["settled"]
    net.close()


def test_before_the_shop_was_ever_reached_there_is_nothing_to_sell(tmp_path: Path) -> None:
    net = networked_shop(tmp_path, f"http://127.0.0.1:{free_port()}", "key", lambda: NOW_NS)
    with pytest.raises(SettingsError, match="expected to reach the shop once"):
        _ = net.store
    net.close()


def test_a_key_goes_to_no_open_address(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="found the address"):
        networked_shop(tmp_path, "http://shop.example", "key", lambda: NOW_NS)

"""A cart that has joined a served shop: its catalogue, its payment and its receipt come over the network."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from aisle.bootstrap.cart_shop import joined
from aisle.bootstrap.carting import open_cart
from aisle.bootstrap.shop import open_shop
from aisle.cart.config import read_config
from aisle.cart.shopper import Shopper
from aisle.settings import Settings, SettingsError
from aisle.store.example import example_store
from aisle.store.folder import load_store, write_store
from aisle.web.app import create_app
from aisle.web.keys import Caller, Role
from loopback import free_port

COLA = "2000000001043"


@contextmanager
def served_shop(folder: Path) -> Iterator[tuple[str, str]]:
    """A shop behind its API: its address, and the key of a cart."""
    write_store(example_store(), folder)
    ids, port = itertools.count(), free_port()
    settings = Settings.model_construct(port=port)
    shop = open_shop(folder, settings, time.time_ns, lambda: f"id{next(ids):06d}", os.urandom)
    key = shop.backend.doorkeeper.keys.add(Caller(Role.DEVICE, "cart-3"), os.urandom)
    server = uvicorn.Server(uvicorn.Config(create_app(shop.backend), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    shop.start()
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}", key
    server.should_exit = True
    thread.join()
    shop.stop()
    shop.close()


def config_file(folder: Path, url: str, key: str) -> Path:
    (folder / "key").write_text(key)
    path = folder / "cart.toml"
    path.write_text(f'cart = "cart-3"\n[shop]\nurl = "{url}"\nkey_file = "key"\n[[camera]]\nsource = "0"\n')
    return path


def test_a_trip_is_paid_in_the_shop(tmp_path: Path) -> None:
    with served_shop(tmp_path / "shop") as (url, key):
        shop = joined(read_config(config_file(tmp_path, url, key)), time.time_ns())
        assert shop is not None
        store = load_store(shop.config.store)
        assert store.products.keys() == example_store().products.keys()
        cart = open_cart(shop.config, store, Settings.model_construct(), time.time_ns, shop=shop)
        cart.start()
        cart.live.sign_in(Shopper(card_token="tok_visa"))
        cart.live.touch("plu", COLA)
        cart.live.touch("pay")
        over_s = time.monotonic() + 20
        while cart.live.screen.phase != "paid" and time.monotonic() < over_s:
            time.sleep(0.05)
        paid = cart.live.screen
        cart.close()
    assert paid.phase == "paid"
    assert "Cola can 330" in paid.receipt
    again = joined(read_config(tmp_path / "cart.toml"), time.time_ns())
    assert again is not None
    assert again.config.store == shop.config.store  # the shop is away: the catalogue of the last time serves


def test_without_the_shop_a_first_start_is_told(tmp_path: Path) -> None:
    config = read_config(config_file(tmp_path, f"http://127.0.0.1:{free_port()}", "key"))
    with pytest.raises(SettingsError, match="no catalogue came"):
        joined(config, time.time_ns())
    (tmp_path / "key").unlink()
    with pytest.raises(SettingsError, match="expected the file with the cart's key"):
        joined(config, time.time_ns())

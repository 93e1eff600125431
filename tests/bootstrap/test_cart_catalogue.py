"""A shop publishes its store folder and its lanes' rules for its carts."""

from __future__ import annotations

import itertools
from pathlib import Path

from aisle.bootstrap.shop import open_shop
from aisle.cart.lane_policy import policy_in
from aisle.cart.sync import CatalogueCopy
from aisle.settings import Settings
from aisle.store.example import example_store
from aisle.store.folder import load_store, write_store

NOW_NS = 1_774_000_000 * 10**9


def test_a_cart_gets_the_shop_as_it_is_and_how_to_behave(tmp_path: Path) -> None:
    write_store(example_store(), tmp_path / "store")
    settings = Settings.model_construct(cart_offline="wait", cart_small_minor=75, cart_watched_categories="wine, tea")
    ids = itertools.count(1)
    versions = []
    for _ in range(2):  # the second start finds it published
        shop = open_shop(tmp_path / "store", settings, lambda: NOW_NS, lambda: f"id{next(ids)}", lambda n: b"s" * n)
        versions.append(shop.backend.catalogue.version)
        copy = CatalogueCopy(tmp_path / "copy")
        copy.apply(shop.backend.catalogue.since(copy.version), NOW_NS)
        assert shop.backend.lane.policy.audit.theft_categories == {"wine", "tea"}
        shop.close()
    folder = copy.folder_of(copy.version)
    assert versions[0] == versions[1] == copy.version
    assert load_store(folder).products == example_store().products
    assert (policy_in(folder).offline, policy_in(folder).audit.small_minor) == ("wait", 75)

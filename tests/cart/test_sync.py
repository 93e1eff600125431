"""The catalogue on the cart: exact deltas, whole versions or none, whatever the power does."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.cart.delta import Delta, DeltaError, FileChange, applied, sha256, told, version_of
from aisle.cart.shop_link import UnreachableError
from aisle.cart.sync import MOST_VERSIONS, CatalogueCopy, Publisher, store_texts
from aisle.store.example import example_store
from aisle.store.folder import load_store, write_store

T0 = 1_774_000_000 * 10**9
V1 = {"products.csv": b"gtin,price\n1,100\n2,200\n3,300\n", "store.toml": b'name = "S"\n'}
V2 = {"products.csv": b"gtin,price\n1,100\n2,250\n3,300\n4,400\n", "store.toml": b'name = "S"\n'}
V3 = {"products.csv": b"gtin,price\n1,100\n", "prices.csv": "gtin,price\nä,1\n".encode()}


class Shop:
    """The shop's end of the link: answers from a publisher, while there is a network."""

    def __init__(self, folder: Path) -> None:
        self.publisher = Publisher(folder, lambda: T0)
        self.asked: list[str] = []
        self.away = False

    def catalogue(self, since: str) -> Delta:
        self.asked.append(since)
        if self.away:
            raise UnreachableError("no network")
        return msgspec.json.decode(msgspec.json.encode(self.publisher.since(since)), type=Delta)

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody asks for {name}")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "published")


def held(copy: CatalogueCopy, version: str | None = None) -> dict[str, bytes]:
    folder = copy.folder_of(version or copy.version)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_from_version_to_version(shop: Shop, tmp_path: Path) -> None:
    copy = CatalogueCopy(tmp_path / "copy")
    versions = []
    for texts in (V1, V2, V3):
        versions.append(shop.publisher.publish(texts))
        assert (copy.update(shop, T0), copy.version, held(copy)) == (True, versions[-1], texts)
    assert shop.asked == ["", versions[0], versions[1]]
    assert len(set(versions)) == 3
    assert CatalogueCopy(tmp_path / "copy").version == versions[-1]


def test_only_what_changed_travels() -> None:
    chance = random.Random(1)
    rows = [f"{n:013d},Product {n},{chance.randint(50, 900)}\n" for n in range(20_000)]
    old = "".join(rows).encode()
    rows[777] = "0000000000777,Product 777,1\n"
    rows.insert(5_000, "new,New,1\n")
    del rows[9_000]
    change = told(old, "".join(rows).encode())
    assert applied(old, change) == "".join(rows).encode()
    assert len(msgspec.json.encode(change)) < 300


@settings(max_examples=200, deadline=None)
@given(
    old=st.lists(st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b"\xff\n", "ä\n".encode()]), max_size=30),
    new=st.lists(st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b"\xff\n", b"x"]), max_size=30),
)
def test_any_two_contents_have_an_exact_delta(old: list[bytes], new: list[bytes]) -> None:
    before, after = b"".join(old), b"".join(new)
    change = msgspec.json.decode(msgspec.json.encode(told(before, after)), type=FileChange)
    assert applied(before, change) == after


@settings(max_examples=100, deadline=None)
@given(parts=st.lists(st.tuples(st.integers(-3, 9), st.integers(-3, 9)) | st.text(max_size=5), max_size=6))
def test_a_change_that_does_not_fit_is_refused(parts: list[Any]) -> None:
    with pytest.raises(DeltaError):
        applied(b"a\nb\nc\n", FileChange(sha256(b"something else"), tuple(parts)))


def lying(delta: Delta, **changes: Any) -> Delta:
    return msgspec.structs.replace(delta, **changes)


@pytest.mark.parametrize(
    ("lie", "found"),
    [
        (lambda d: lying(d, files={**d.files, "products.csv": sha256(b"x")}), "not the hash of its files"),
        (lambda d: lying(d, before="0" * 64), "not the hash of its files"),
        (lambda d: lying(d, changes={}), "another content"),
        (lambda d: lying(d, changes={n: FileChange(c.sha256, ("x",)) for n, c in d.changes.items()}), "SHA-256"),
        (lambda d: named(d, "../evil.toml"), "expected a bare name"),
        (lambda d: named(d, ".hidden"), "expected a bare name"),
    ],
    ids=["another file", "another chain", "a change left out", "another text", "a way out", "a hidden file"],
)
def test_a_delta_that_lies_changes_nothing(
    lie: Callable[[Delta], Delta], found: str, shop: Shop, tmp_path: Path
) -> None:
    copy = CatalogueCopy(tmp_path / "copy")
    shop.publisher.publish(V1)
    copy.update(shop, T0)
    shop.publisher.publish(V2)
    with pytest.raises(DeltaError, match=found):
        copy.apply(lie(shop.publisher.since(copy.version)), T0)
    assert held(copy) == V1


def named(delta: Delta, name: str) -> Delta:
    files = {name: sha256(b"x")}
    return Delta("", version_of("", files), "", T0, files, {name: FileChange(sha256(b"x"), ("x",))})


def test_a_copy_the_shop_does_not_know_gets_everything(shop: Shop, tmp_path: Path) -> None:
    copy = CatalogueCopy(tmp_path / "copy")
    Shop(tmp_path / "another shop").publisher.publish(V2)
    shop.publisher.publish(V3)
    copy.update(shop, T0)
    other = Shop(tmp_path / "published again")
    other.publisher.publish(V1)
    copy.update(other, T0)
    assert held(copy) == V1


def test_a_copy_that_was_damaged_is_asked_for_whole(shop: Shop, tmp_path: Path) -> None:
    copy = CatalogueCopy(tmp_path / "copy")
    shop.publisher.publish(V1)
    copy.update(shop, T0)
    (copy.folder_of(copy.version) / "products.csv").write_bytes(b"damaged\n")
    shop.publisher.publish(V2)
    copy.update(shop, T0)
    assert (shop.asked[-1], held(copy)) == ("", V2)


class PowerCut(BaseException):
    """Nothing more is written."""


@pytest.mark.parametrize("texts", [V2, V3], ids=["a price", "another list of files"])
def test_a_power_cut_at_any_write_leaves_one_version_whole(
    texts: dict[str, bytes], shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shop.publisher.publish(V1)
    newer = shop.publisher.publish(texts)
    expected = {first: V1, newer: texts}
    seen = set[str]()
    for step in range(60):
        folder = tmp_path / f"copy-{step}"
        copy = CatalogueCopy(folder)
        copy.apply(first_of(tmp_path, V1), T0)
        steps = iter(range(step))
        with monkeypatch.context() as patched:
            for name in ("fsync", "replace"):
                patched.setattr(os, name, _until_power_fails(getattr(os, name), steps))
            with suppress(PowerCut):
                copy.update(shop, T0)
        again = CatalogueCopy(folder)
        assert held(again) == expected[again.version]
        seen.add(again.version)
        again.update(shop, T0)
        assert (again.version, held(again), sorted(p.name for p in folder.iterdir() if p.is_dir())) == (
            newer, texts, [newer],
        )  # fmt: skip
    assert seen == {first, newer}


def first_of(tmp_path: Path, texts: dict[str, bytes]) -> Delta:
    publisher = Publisher(tmp_path / "first", lambda: T0)
    publisher.publish(texts)
    return publisher.since("")


def _until_power_fails(real: Callable[..., Any], steps: Any) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        if next(steps, None) is None:
            raise PowerCut
        return real(*given)

    return call


def test_a_trip_keeps_the_version_it_began_with(shop: Shop, tmp_path: Path) -> None:
    copy = CatalogueCopy(tmp_path / "copy")
    first = shop.publisher.publish(V1)
    copy.update(shop, T0)
    copy.pin(first)
    shop.publisher.publish(V2)
    copy.update(shop, T0)
    again = CatalogueCopy(tmp_path / "copy")
    assert (held(again, first), held(again)) == (V1, V2)
    again.unpin()
    with pytest.raises(KeyError):
        again.folder_of(first)


def test_without_network_it_says_how_old_its_prices_are(shop: Shop, tmp_path: Path) -> None:
    copy = CatalogueCopy(tmp_path / "copy")
    shop.publisher.publish(V1)
    assert copy.refresh(shop, T0) == ""
    shop.away = True
    assert copy.refresh(shop, T0 + 3600 * 10**9) == "no network"
    again = CatalogueCopy(tmp_path / "copy")
    assert (again.age_s(T0 + 7200 * 10**9), held(again)) == (7200.0, V1)
    assert again.age_s(T0 - 10**9) == 0.0


def test_what_did_not_change_is_no_version(shop: Shop) -> None:
    assert shop.publisher.publish(V1) == shop.publisher.publish(dict(V1))


def test_the_chain_is_bounded_and_outlives_a_restart(shop: Shop, tmp_path: Path) -> None:
    versions = [shop.publisher.publish({"products.csv": f"{n}\n".encode()}) for n in range(MOST_VERSIONS + 6)]
    again = Publisher(tmp_path / "published", lambda: T0)
    assert again.version == versions[-1]
    assert (again.since(versions[-2]).since, again.since(versions[0]).since) == (versions[-2], "")
    assert len(list((tmp_path / "published").iterdir())) == MOST_VERSIONS + 1


def test_a_store_folder_comes_over_and_loads(shop: Shop, tmp_path: Path) -> None:
    store = example_store()
    write_store(store, tmp_path / "store")
    (tmp_path / "store/aisle.env").write_text("AISLE_SECRET=1\n")
    shop.publisher.publish(store_texts(tmp_path / "store"))
    copy = CatalogueCopy(tmp_path / "copy")
    copy.update(shop, T0)
    loaded = load_store(copy.folder_of(copy.version))
    assert (loaded.products, loaded.promotions, loaded.prices) == (store.products, store.promotions, store.prices)
    assert {"aisle.env", "cameras.toml"} & held(copy).keys() == set()

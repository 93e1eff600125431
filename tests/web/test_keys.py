"""Keys and tokens: who holds them, when they lapse, and that neither file nor forgery opens a door."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aisle.web.keys import TOKEN_DAYS, Caller, KeyFileError, KeyRing, Role, ShopperTokens

DAY_NS = 86_400 * 10**9
GATE = Caller(Role.DEVICE, "gate-1")
ANNA = Caller(Role.OPERATOR, "anna")


def counted(start: int = 0) -> Callable[[int], bytes]:
    state = [start]

    def draw(size: int) -> bytes:
        state[0] += 1
        return bytes([state[0]]) * size

    return draw


def test_a_key_finds_its_holder_and_the_file_does_not_hold_the_key(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.toml")
    key = ring.add(GATE, counted())
    assert KeyRing(tmp_path / "keys.toml").find(key) == GATE
    assert key not in (tmp_path / "keys.toml").read_text()
    assert (tmp_path / "keys.toml").stat().st_mode & 0o077 == 0


def test_a_running_shop_sees_keys_added_and_removed_by_somebody_else(tmp_path: Path) -> None:
    running, other, draw = KeyRing(tmp_path / "k.toml"), KeyRing(tmp_path / "k.toml"), counted()
    assert running.callers() == ()
    gate, anna = other.add(GATE, draw), other.add(ANNA, draw)
    assert (running.find(gate), running.find(anna)) == (GATE, ANNA)
    assert other.remove(GATE) == 1
    assert (running.find(gate), running.find(anna)) == (None, ANNA)


@pytest.mark.parametrize(
    "key", ["", "aisle_device_x", "ü\udc80", "a" * 10_000], ids=["empty", "made up", "no text", "long"]
)
def test_a_key_nobody_holds_finds_nobody(tmp_path: Path, key: str) -> None:
    ring = KeyRing(tmp_path / "keys.toml")
    ring.add(GATE, counted())
    assert ring.find(key) is None


@pytest.mark.parametrize(
    "text",
    ["[[key]", "key = 3", '[[key]]\nrole = "king"\nname = "a"\nsha256 = "b"', '[[key]]\nrole = "device"', "\ufffe\x00"],
    ids=["no TOML", "no table", "no such role", "no digest", "no text"],
)
def test_a_spoilt_key_file_is_told_and_opens_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys.toml").write_text(text)
    with pytest.raises(KeyFileError, match=r"keys\.toml"):
        KeyRing(tmp_path / "keys.toml").find("anything")


def test_a_shopper_token_names_its_customer_until_it_lapses() -> None:
    tokens = ShopperTokens(b"secret")
    token = tokens.issue("c-7 ü", now_ns=DAY_NS * 100)
    assert tokens.find(token, DAY_NS * (100 + TOKEN_DAYS)) == Caller(Role.SHOPPER, "c-7 ü")
    assert tokens.find(token, DAY_NS * (101 + TOKEN_DAYS)) is None


@pytest.mark.parametrize(
    "spoil",
    [lambda t: t[:-1], lambda t: t.replace(".", ".9", 1), lambda t: "x" + t, lambda t: "aisle_s_..", lambda t: t + "é"],
    ids=["cut", "longer life", "another prefix", "empty", "not ASCII"],
)
def test_a_spoilt_token_is_nobodys(spoil: Callable[[str], str]) -> None:
    tokens = ShopperTokens(b"secret")
    assert tokens.find(spoil(tokens.issue("c-7", 0)), 0) is None
    assert ShopperTokens(b"other").find(tokens.issue("c-7", 0), 0) is None

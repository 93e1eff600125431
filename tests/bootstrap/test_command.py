"""`aisle serve`, `aisle keys` and `aisle reconcile`: what they answer when something stands in the way."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aisle.bootstrap.command import run_keys, run_reconcile, run_serve
from aisle.store.command import run_new


@pytest.fixture
def shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "shop"
    assert run_new(folder) == 0
    capsys.readouterr()
    return folder


def test_a_key_is_added_listed_and_removed(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_keys(shop, "add", "device", "gate-1") == 0
    assert capsys.readouterr().out.startswith("aisle_device_")
    assert run_keys(shop, "list", None, None) == 0
    assert capsys.readouterr().out == "device\tgate-1\n"
    assert run_keys(shop, "remove", "device", "gate-1") == 0
    assert run_keys(shop, "remove", "device", "gate-1") == 1


@pytest.mark.parametrize("action", ["add", "remove"])
def test_a_key_needs_a_holder(shop: Path, capsys: pytest.CaptureFixture[str], action: str) -> None:
    assert run_keys(shop, action, "device", None) == 2
    assert f"aisle keys {shop} {action} device gate-1" in capsys.readouterr().err


def test_a_misspelt_folder_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_keys(tmp_path / "shopp", "add", "device", "gate-1") == 2
    assert "found no such folder" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_broken_store_is_told_line_by_line(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "tax.toml").write_text("share = 1\n", encoding="utf-8")
    assert run_serve(shop) == 1
    told = capsys.readouterr().err.splitlines()
    assert [line.count("error:") for line in told] == [1] * len(told)
    assert told[0].startswith("error: tax.toml")


DATABASES = {
    "no address": ("nonsense", "AISLE_DATABASE_URL: found a database that cannot be opened"),
    "a kind we do not speak": ("mysql://nobody@127.0.0.1/x", "AISLE_DATABASE_URL: found a database"),
    "no such place": ("sqlite:////nowhere/at/all.db", "unable to open database file"),
}


@pytest.mark.parametrize(("url", "told"), DATABASES.values(), ids=DATABASES.keys())
def test_a_database_that_cannot_be_opened_is_named(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, url: str, told: str
) -> None:
    monkeypatch.setenv("AISLE_DATABASE_URL", url)
    assert run_reconcile(shop, days=1, json=False) == 1
    assert told in capsys.readouterr().err


def test_an_address_in_use_is_told_before_anything_is_made(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setenv("AISLE_PORT", str(other.getsockname()[1]))
        assert run_serve(shop) == 1
    assert "AISLE_HOST, AISLE_PORT: found 127.0.0.1 and" in capsys.readouterr().err
    assert not (shop / "var").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_shop_that_is_told_to_stop_closes_its_books(shop: Path, how: signal.Signals) -> None:
    command = [sys.executable, "-W", "error", "-c", "from aisle.cli import main; main()", "serve", str(shop)]
    environment = {**os.environ, "AISLE_PORT": "0"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        with contextlib.closing(process.stdout) as said:
            assert "One for the operator" in said.readline()
            address = said.readline().split()[2]
            port = int(address.split(":")[2].partition("/")[0])
            with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
                line.sendall(b"GET /health HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
                assert line.recv(12) == b"HTTP/1.1 200"
            process.send_signal(how)
            assert process.wait(timeout=20) == 0
    assert [path.name for path in (shop / "var").iterdir() if path.name.startswith("visits.db")] == ["visits.db"]

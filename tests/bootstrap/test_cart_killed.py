"""A cart killed in the middle of a trip: the screen is back within three seconds, with every item, and charges once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from aisle.store.example import example_store
from aisle.store.folder import write_store

MILK, COLA, TEA = "2000000005010", "2000000001043", "2000000004129"
BACK_WITHIN_S = 3.0


@contextmanager
def cart_of(store: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program as a shop starts it, and where its screen is."""
    command = [sys.executable, "-m", "aisle", "cart", "run", str(store), "--port", "0", "--quiet"]
    environ = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as program:
        try:
            assert program.stdout is not None
            yield program, "http" + program.stdout.readline().strip().partition("http")[2].rstrip("/")
        finally:
            program.kill()


def ask(url: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def items(state: dict[str, Any]) -> list[tuple[str, int]]:
    return sorted((line["gtin"], line["quantity"]) for line in state["lines"])


@pytest.mark.slow
def test_a_killed_cart_is_back_with_every_item(tmp_path: Path) -> None:
    write_store(example_store(), tmp_path)
    with cart_of(tmp_path) as (program, url):
        ask(url, "/v1/sign-in", {"email": "mira@example.com", "card": "tok_visa"})
        for gtin in (MILK, COLA, TEA):
            before = ask(url, "/v1/taps", {"tap": "plu", "value": gtin})
        program.send_signal(signal.SIGKILL)
        program.wait()
    began_s = time.monotonic()
    with cart_of(tmp_path) as (program, url):
        after = ask(url, "/v1/screen")
        took_s = time.monotonic() - began_s
        assert items(after) == items(before)
        assert (after["trip_id"], after["total"], after["revision"] > before["revision"]) == (
            before["trip_id"], before["total"], True,
        )  # fmt: skip
        assert took_s < BACK_WITHIN_S * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        ask(url, "/v1/taps", {"tap": "pay"})
        program.send_signal(signal.SIGKILL)  # while the lane is asked
        program.wait()
    with cart_of(tmp_path) as (_, url):
        over = time.monotonic() + 60
        state = ask(url, "/v1/screen")
        while state["phase"] != "paid" and time.monotonic() < over:
            time.sleep(0.1)
            state = ask(url, "/v1/screen")
        assert state["phase"] == "paid"
        assert state["total"]["amount"] in state["receipt"]
    with closing(sqlite3.connect(tmp_path / "var" / "carts" / "cart-1" / "shop" / "visits.db")) as books:
        assert books.execute("SELECT state FROM visits").fetchall() == [("settled",)]

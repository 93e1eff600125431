"""A whole shop behind its API, with a clock the test moves, for tests over HTTP."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from aisle.bootstrap.shop import Shop, compose
from aisle.settings import Settings
from aisle.store.example import example_store
from aisle.web.app import create_app
from aisle.web.keys import Caller, Role

START_NS = 1_774_000_000 * 10**9  # 20 March 2026, 9:46 UTC
MILK, COLA, WINE = "2000000005010", "2000000001043", "2000000001142"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now_ns: int = START_NS

    def __call__(self) -> int:
        return self.now_ns

    def pass_s(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


@dataclass
class Kit:
    """A shop, the way to ask it, and a key for each role."""

    shop: Shop
    client: TestClient
    clock: Clock
    keys: dict[Role, str]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def ask(self, role: Role | str, method: str, path: str, json: Any = None, **headers: str) -> Any:
        """A request with a role's key, or with a shopper's token."""
        key = self.keys[role] if isinstance(role, Role) else role
        sent = {"Authorization": f"Bearer {key}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.request(method, path, json=json, headers=sent)

    def customer(self, card_token: str = "tok_visa", email: str = "mira@example.com") -> tuple[str, str]:
        """A customer with a card on file: their id and their phone's token."""
        body = {"name": "Mira", "email": email, "card_token": card_token}
        made = self.ask(Role.ASSOCIATE, "POST", "/v1/customers", body).json()
        return made["customer"]["customer_id"], made["token"]

    def code(self, customer_id: str, token: str) -> str:
        """A fresh entry code on the customer's phone."""
        return str(self.ask(token, "POST", f"/v1/customers/{customer_id}/codes").json()["code"])

    def enter(self, customer_id: str, token: str) -> str:
        """Through the gate; the visit."""
        body = {"way": "code", "gate_id": "entrance", "code": self.code(customer_id, token)}
        return str(self.ask(Role.DEVICE, "POST", "/v1/entries", body).json()["visit_id"])

    def line(self, line_id: str, gtin: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
        """A line of a basket, taken now."""
        return {"line_id": line_id, "gtin": gtin, "quantity": quantity, "taken_at_ns": self.clock(), **more}

    def revise(self, visit_id: str, *lines: dict[str, Any], **more: Any) -> Any:
        """The basket as the core believes it now."""
        body = {"source_revision": next(self.numbers), "lines": lines, **more}
        return self.ask(Role.DEVICE, "PUT", f"/v1/visits/{visit_id}/basket", body)

    def leave(self, visit_id: str) -> Any:
        """Out through the gate."""
        return self.ask(Role.DEVICE, "POST", f"/v1/visits/{visit_id}/leave", {"gate_id": "way-out"})

    def work(self) -> None:
        """Let the shop do what is due."""
        self.shop.beat()
        self.shop.outbox.run_until_idle()


@contextmanager
def open_kit(var: Path, **settings: Any) -> Iterator[Kit]:
    """A shop of the example store under `var`, on SQLite and the sandbox unless `settings` say otherwise."""
    clock, ids, draws = Clock(), itertools.count(1), itertools.count(1)
    chosen = Settings.model_construct(**settings)  # and nothing of this machine's environment
    url = chosen.database_url or f"sqlite:///{var / 'visits.db'}"
    shop = compose(example_store(), var, url, chosen, clock, lambda: f"id{next(ids):06d}", b"s" * 32)
    ring = shop.backend.doorkeeper.keys
    keys = {role: ring.add(Caller(role, f"{role}-1"), lambda size: next(draws).to_bytes(size, "big")) for role in Role}
    with TestClient(create_app(shop.backend)) as client:
        yield Kit(shop, client, clock, keys)
    shop.close()

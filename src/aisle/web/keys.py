"""Who may ask: keys for machines and staff, tokens for shoppers.

A key is 32 random bytes and belongs to a role and a name. The key file holds only SHA-256 digests (a random key needs
no slow hash), so that reading the file opens nothing. Shoppers are many and come and go: theirs are signed tokens which
name the customer and lapse, and nothing is stored for them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from aisle.store.toml_out import heading, table

PREFIX = "aisle"
TOKEN_DAYS = 90
_HEADING = heading("Keys of the HTTP API: role, name and the key's SHA-256. `aisle keys add` makes them.")


class Role(StrEnum):
    """What a caller may do. Operators may do everything."""

    DEVICE = "device"  # gates, trackers, carts: entries, baskets, leaving
    SHOPPER = "shopper"  # one customer's own visits, receipts, codes, disputes
    ASSOCIATE = "associate"  # visits, answers, disputes
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the role, and the device's, person's or customer's id."""

    role: Role
    subject: str


class KeyFileError(Exception):
    """The key file cannot be used; the message says where and why."""


class KeyRing:
    """The keys of a file, read again whenever it changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._callers: dict[str, Caller] = {}

    def find(self, key: str) -> Caller | None:
        """Who holds this key; None when nobody does. Raises `KeyFileError`."""
        self._refresh()
        return self._callers.get(_digest(key))

    def callers(self) -> tuple[Caller, ...]:
        """All holders of keys, in file order."""
        self._refresh()
        return tuple(self._callers.values())

    def add(self, caller: Caller, random_bytes: Callable[[int], bytes]) -> str:
        """Make a key for `caller` and write the file. The key itself is only ever returned here."""
        self._refresh()
        key = f"{PREFIX}_{caller.role.value}_{_text(random_bytes(32))}"
        self._write({**self._callers, _digest(key): caller})
        return key

    def remove(self, caller: Caller) -> int:
        """Take all keys of `caller` out of the file; returns how many there were."""
        self._refresh()
        kept = {digest: holder for digest, holder in self._callers.items() if holder != caller}
        removed = len(self._callers) - len(kept)
        self._write(kept)
        return removed

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._seen, self._callers = None, {}
            return
        seen = (status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            self._callers = _read(self._path)
            self._seen = seen

    def _write(self, callers: dict[str, Caller]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = _HEADING + "".join(
            table("[[key]]", {"role": holder.role.value, "name": holder.subject, "sha256": digest})
            for digest, holder in callers.items()
        )
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=self._path.parent, delete=False) as draft:
            draft.write(text)
        os.chmod(draft.name, 0o600)
        os.replace(draft.name, self._path)
        self._seen = None


class ShopperTokens:
    """Signed tokens: `aisle_s_<customer>.<last day>.<signature>`, HMAC-SHA256 under the shop's secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def issue(self, customer_id: str, now_ns: int) -> str:
        """A token for a customer, good for `TOKEN_DAYS` days."""
        day = now_ns // (86_400 * 10**9) + TOKEN_DAYS
        body = f"{PREFIX}_s_{_text(customer_id.encode())}.{day}"
        return f"{body}.{self._sign(body)}"

    def find(self, token: str, now_ns: int) -> Caller | None:
        """Whose token this is; None when it is forged or has lapsed."""
        body, _, signature = token.rpartition(".")
        if not body.startswith(f"{PREFIX}_s_") or not hmac.compare_digest(
            signature.encode(), self._sign(body).encode()
        ):
            return None
        customer, _, day = body.removeprefix(f"{PREFIX}_s_").partition(".")
        if now_ns // (86_400 * 10**9) > int(day):
            return None
        return Caller(Role.SHOPPER, base64.urlsafe_b64decode(customer + "=" * (-len(customer) % 4)).decode())

    def _sign(self, body: str) -> str:
        return _text(hmac.digest(self._secret, body.encode(), "sha256")[:20])


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _read(path: Path) -> dict[str, Caller]:
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("key", [])
        return {str(entry["sha256"]): Caller(Role(entry["role"]), str(entry["name"])) for entry in entries}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KeyFileError(f"{path}: found {error}; expected the key file that `aisle keys add` writes") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise KeyFileError(f"{path}: a [[key]] has a fault ({error}); expected role, name and sha256") from None

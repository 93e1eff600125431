"""Who of the staff may unlock a cart: numbers with PINs or badges, kept as argon2 hashes only; tries are slowed.

The list is a TOML file that many carts share. A badge is a code `number.secret`; a PIN is typed behind a number. Both
are the same secret to this list.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from aisle.store.problems import Findings, Report, StoreError
from aisle.store.toml_in import read_toml
from aisle.store.toml_out import heading, table

LIST = "staff.toml"
_HEADING = heading("Staff who may unlock carts: number, name and the hash of their PIN. `aisle cart staff` makes them.")
_NUMBER = re.compile(r"[0-9A-Za-z-]{1,16}")
_SECRET = re.compile(r"[!-~]{4,64}")
FREE_TRIES = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 15.0, 900.0
SIGNED_IN_S = 180.0  # without an act


@dataclass(frozen=True, slots=True)
class Member:
    """One member of staff; `secret_hash` is an argon2id hash in PHC notation."""

    number: str
    name: str
    secret_hash: str


class LockedError(Exception):
    """Too many wrong tries; `seconds` until the next one is looked at."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many wrong tries; the next one is looked at in {seconds:.0f} s")
        self.seconds = seconds


@dataclass(slots=True)
class _Session:
    member: Member
    token: str
    until_ns: int


class StaffDoor:
    """Signs staff in on one cart: one at a time, until they sign out or do nothing for a while."""

    def __init__(
        self, members: tuple[Member, ...], clock: Callable[[], int], token: Callable[[], str] = secrets.token_urlsafe
    ) -> None:
        self._members = {member.number: member for member in members}
        self._clock = clock
        self._token = token
        self._hasher = hasher()
        self._nobody = self._hasher.hash("nobody has this")  # unknown numbers take as long as known ones
        self._wrong = 0
        self._locked_until_ns = 0
        self._session: _Session | None = None

    def sign_in(self, number: str, secret: str) -> tuple[Member, str] | None:
        """The member and a token for what follows; None where number and secret do not belong together.

        Raises LockedError while too many wrong tries were made.
        """
        now_ns = self._clock()
        if now_ns < self._locked_until_ns:
            raise LockedError((self._locked_until_ns - now_ns) / 1e9)
        member = self._members.get(number)
        right = _matches(self._hasher, member.secret_hash if member is not None else self._nobody, secret)
        if member is None or not right:
            self._wrong += 1
            if self._wrong >= FREE_TRIES:
                wait_s = min(FIRST_WAIT_S * 2.0 ** (self._wrong - FREE_TRIES), LONGEST_WAIT_S)
                self._locked_until_ns = now_ns + round(wait_s * 1e9)
            return None
        self._wrong = 0
        self._session = _Session(member, self._token(), now_ns + round(SIGNED_IN_S * 1e9))
        return member, self._session.token

    def member(self, token: str) -> Member | None:
        """Who is signed in with this token; being asked keeps them signed in."""
        session = self._session
        now_ns = self._clock()
        if session is None or now_ns > session.until_ns or not secrets.compare_digest(session.token, token):
            return None
        session.until_ns = now_ns + round(SIGNED_IN_S * 1e9)
        return session.member

    @property
    def present(self) -> Member | None:
        """Who is signed in now."""
        session = self._session
        return session.member if session is not None and self._clock() <= session.until_ns else None

    def sign_out(self) -> None:
        """Nobody is signed in any more."""
        self._session = None


def hasher() -> PasswordHasher:
    """Argon2id with what a small computer can spare: 19 MiB, two passes (OWASP's minimum)."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def badge(code: str) -> tuple[str, str] | None:
    """Number and secret of a badge's code; None for any other code."""
    number, dot, secret = code.strip().partition(".")
    return (number, secret) if dot and _NUMBER.fullmatch(number) and _SECRET.fullmatch(secret) else None


def read_staff(folder: Path) -> tuple[Member, ...]:
    """The staff list in a folder, empty where there is none. Raises StoreError with every fault."""
    if not (folder / LIST).exists():
        return ()
    found = Findings(str(folder / LIST))
    fields = read_toml(folder / LIST, found)
    members: dict[str, Member] = {}
    for entry in fields.tables("staff") if fields is not None else []:
        number = entry.text("number", expected="a number of 1 to 16 letters and digits")
        if number in members:
            entry.error("number", f'a second "{number}"', "every number once")
        elif number and not _NUMBER.fullmatch(number):
            entry.error("number", f'"{number}"', "1 to 16 letters, digits or hyphens")
        secret_hash = entry.text("hash", expected="a hash that `aisle cart staff` wrote")
        if secret_hash and not secret_hash.startswith("$argon2id$"):
            entry.error("hash", "a text that is no argon2id hash", "a hash that `aisle cart staff` wrote")
        members[number] = Member(number, entry.text("name", number), secret_hash)
        entry.close()
    if fields is not None:
        fields.close()
    if found.problems:
        raise StoreError(str(folder), Report(tuple(found.problems)))
    return tuple(members.values())


def add_member(folder: Path, number: str, name: str, secret: str) -> None:
    """Put a member into the list in a folder, over one of the same number. Raises ValueError, StoreError, OSError."""
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"found the number {number!r}; expected 1 to 16 letters, digits or hyphens")
    if not _SECRET.fullmatch(secret):
        raise ValueError("found a PIN that is too short or has other signs; expected 4 to 64 letters, digits and signs")
    members = {member.number: member for member in read_staff(folder)}
    members[number] = Member(number, name or number, hasher().hash(secret))
    text = _HEADING + "".join(
        table("[[staff]]", {"number": one.number, "name": one.name, "hash": one.secret_hash})
        for one in members.values()
    )
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, delete=False) as draft:
        draft.write(text)
    os.chmod(draft.name, 0o600)
    os.replace(draft.name, folder / LIST)


def _matches(hasher: PasswordHasher, secret_hash: str, secret: str) -> bool:
    try:
        return hasher.verify(secret_hash, secret[:64])
    except (VerificationError, InvalidHashError):
        return False

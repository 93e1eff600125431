"""Posting a document to a peer: one request, one deadline, and an answer that says what to do next.

Only the standard library is used: one POST needs no client of its own, and nothing more must be kept up to date.
Redirects are not followed, because a token or a signature is meant for one address only.
"""

from __future__ import annotations

import datetime as dt
import http.client
import math
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlsplit

EXCERPT = 500  # characters of a peer's answer that are kept for people
LONGEST_ANSWER = 65_536  # bytes of a peer's answer that are read
LONGEST_WAIT_S = 86_400.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LATER = frozenset({408, 421, 423, 425, 429})  # client errors that time may heal; 409 is each sender's own matter


@dataclass(frozen=True, slots=True)
class Reply:
    """What a peer answered: the status, its headers in lower case, the beginning of its body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def excerpt(self) -> str:
        """The beginning of the body for people."""
        return " ".join(self.body[: 4 * EXCERPT].decode("utf-8", "replace").split())[:EXCERPT]


@dataclass(frozen=True, slots=True)
class Done:
    """The peer has it. `reference` is the peer's name for it where it gave one; `repeated` when it was there before."""

    status: int
    reference: str = ""
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class TryLater:
    """Not now. `after_s`: how long the peer asked to be left alone, None when it said nothing; `why` is for people."""

    why: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Permanent:
    """Never like this: the same request will be refused again. `status` 0 when the peer was never asked."""

    status: int
    excerpt: str


Answer = Done | TryLater | Permanent


class UnreachableError(Exception):
    """No whole answer came: whether the peer has the document is not known."""


class Transport(Protocol):
    """The way to a peer."""

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Post and wait for the answer. Raises UnreachableError."""


@dataclass(frozen=True, slots=True)
class HttpTransport:
    """HTTP/1.1 over the standard library, with certificates checked.

    `timeout_s` holds for connecting and for each read, `deadline_s` for the whole exchange, however slowly it drips.
    """

    timeout_s: float = 10.0
    deadline_s: float = 30.0

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        return self._exchange("POST", url, headers, body, LONGEST_ANSWER)

    def get(self, url: str, headers: Mapping[str, str], longest: int = LONGEST_ANSWER) -> Reply:
        """Ask for a document; at most `longest` bytes of it are read. Raises UnreachableError."""
        return self._exchange("GET", url, headers, None, longest)

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, longest: int) -> Reply:
        parts = urlsplit(url)
        connection = _connection(parts.scheme, parts.hostname or "", parts.port, self.timeout_s)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        ended = threading.Event()
        watch = threading.Timer(self.deadline_s, _cut, (connection, ended))
        watch.daemon = True
        try:
            watch.start()
            connection.connect()
            _still_time(ended)
            connection.request(method, target, body=body, headers=dict(headers))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            reply = Reply(answer.status, found, answer.read(longest))
        except (OSError, http.client.HTTPException) as error:
            raise UnreachableError(_why(error, parts.netloc)) from error
        finally:
            watch.cancel()
            connection.close()
        if ended.is_set():
            raise UnreachableError(f"{parts.netloc} did not answer within {self.deadline_s:g} s")
        return reply


def checked_url(url: str, *, plain_http: bool = False) -> str:
    """`url` when a secret may be sent there: https, or http to this machine, or any http with `plain_http`.

    Raises ValueError for anything else.
    """
    parts = urlsplit(url)
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"found the address {url!r} with no port; expected a number up to 65535") from error
    safe = parts.scheme == "https" or (parts.scheme == "http" and (plain_http or parts.hostname in _LOOPBACK))
    if not safe or not parts.hostname or parts.username or not url.isprintable() or " " in url or not url.isascii():
        raise ValueError(f"found the address {url!r}; expected one such as https://shop.example/hooks")
    return url


def send(transport: Transport, url: str, headers: Mapping[str, str], body: bytes) -> Reply | TryLater:
    """Post; where no whole answer came, say that a later try is due."""
    try:
        return transport.post(url, headers, body)
    except UnreachableError as error:
        return TryLater(str(error))


def classify(reply: Reply, now: dt.datetime) -> Answer:
    """What a status means for the next try.

    2xx: done. 408, 421, 423, 425, 429 and 5xx except 501 and 505: later, honouring Retry-After. The rest, redirects
    too: never like this. Source: RFC 9110, section 15; RFC 6585, section 4.
    """
    if 200 <= reply.status < 300:
        return Done(reply.status)
    if reply.status in _LATER or (reply.status >= 500 and reply.status not in {501, 505}):
        why = f"the peer answered {reply.status}" + (f": {reply.excerpt}" if reply.excerpt else "")
        return TryLater(why, retry_after_s(reply.headers.get("retry-after", ""), now))
    return Permanent(reply.status, reply.excerpt)


def retry_after_s(text: str, now: dt.datetime) -> float | None:
    """The seconds a Retry-After header asks for, as a number or as an HTTP date (RFC 9110, 10.2.3).

    Never negative, a day at most; None when the header is absent or makes no sense.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    try:
        wait_s = (aware - now).total_seconds()
    except OverflowError:
        return None
    return min(max(0.0, float(math.ceil(wait_s))), LONGEST_WAIT_S)


def _connection(scheme: str, host: str, port: int | None, timeout_s: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=timeout_s)


def _still_time(ended: threading.Event) -> None:
    if ended.is_set():
        raise TimeoutError("connecting took the whole time there was")


def _cut(connection: http.client.HTTPConnection, ended: threading.Event) -> None:
    """Ends an exchange that takes too long; the reading thread then sees a closed connection."""
    ended.set()
    with suppress(OSError, AttributeError):
        connection.sock.shutdown(socket.SHUT_RDWR)


def _why(error: Exception, where: str) -> str:
    said = str(error) or type(error).__name__
    return f"{where}: {said[:EXCERPT]}"

"""A load tool for HTTP on loopback: keeps so many connections busy and writes down how long each answer took.

HTTP/1.1 with keep-alive, one request in flight per connection (a closed loop), and light enough to share two cores with
the server it measures. Latencies are those a client sees: from the first byte written to the last byte read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

PATIENCE_S = 30.0  # for answers still out when the time is over
_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Request:
    """One request: method, path with query, headers beside Host and Content-Length, body."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def encoded(self, host: str) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join(lines).encode() + _END + self.body


@dataclass(frozen=True, slots=True)
class Load:
    """What came of a load: requests answered 2xx and otherwise, wall seconds, latency of each (seconds, sorted)."""

    done: int
    failed: int
    seconds: float
    latencies_s: np.ndarray[tuple[int], np.dtype[np.float64]]

    @property
    def per_second(self) -> float:
        return self.done / self.seconds

    def quantile_ms(self, share: float) -> float:
        """The latency that a share of the requests stayed within, in milliseconds."""
        return float(np.quantile(self.latencies_s, share)) * 1e3


def put_load(host: str, port: int, next_request: Callable[[int], Request], *, connections: int, seconds: float) -> Load:
    """Keep `connections` busy for `seconds`; `next_request(k)` makes the k-th request of all."""
    return asyncio.run(_put(host, port, next_request, connections, seconds))


async def _put(host: str, port: int, make: Callable[[int], Request], connections: int, seconds: float) -> Load:
    clients = [_Client(f"{host}:{port}", make, iter_from(k, connections)) for k in range(connections)]
    loop = asyncio.get_running_loop()
    for client in clients:
        await loop.create_connection(lambda client=client: client, host, port)  # type: ignore[misc]
    start = time.perf_counter()
    for client in clients:
        client.go(start + seconds)
    await asyncio.wait_for(asyncio.gather(*(client.finished for client in clients)), seconds + PATIENCE_S)
    took = time.perf_counter() - start
    latencies = np.sort(np.concatenate([np.asarray(client.latencies_s) for client in clients]))
    return Load(sum(c.done for c in clients), sum(c.failed for c in clients), took, latencies)


def iter_from(first: int, step: int) -> Callable[[], int]:
    """A counter: first, first + step, first + 2 steps, …"""
    state = first - step

    def following() -> int:
        nonlocal state
        state += step
        return state

    return following


class _Client(asyncio.Protocol):
    """One connection in a closed loop."""

    def __init__(self, host: str, make: Callable[[int], Request], count: Callable[[], int]) -> None:
        self._host, self._make, self._count = host, make, count
        self._buffer = b""
        self._until = self._sent = 0.0
        self._transport: asyncio.Transport | None = None
        self.latencies_s: list[float] = []
        self.done = self.failed = 0
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def go(self, until: float) -> None:
        self._until = until
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        request = self._make(self._count()).encoded(self._host)
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(_END)
        if not end or len(rest) < _length(head):
            return
        now = time.perf_counter()
        self._buffer = b""
        self.latencies_s.append(now - self._sent)
        if head[9:10] == b"2":
            self.done += 1
        else:
            self.failed += 1
        if now < self._until:
            self._send()
        else:
            self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.failed += 1
            self.finished.set_result(None)

    def _close(self) -> None:
        assert self._transport is not None
        self.finished.set_result(None)
        self._transport.close()


def _length(head: bytes) -> int:
    place = head.lower().find(b"content-length:")
    if place < 0:
        return 0
    return int(head[place + 15 :].split(b"\r\n", 1)[0])

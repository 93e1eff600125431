"""The load tool counts what a server answered, and how long that took."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator

import pytest

from aisle.bench.load import Request, put_load

ANSWERS = {
    b"/good": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"/bad": b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]))
                writer.write(ANSWERS[head.split(b" ")[1]])
        except asyncio.IncompleteReadError:
            writer.close()

    ready: queue.SimpleQueue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = queue.SimpleQueue()

    async def serve() -> None:
        over = asyncio.Event()
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            ready.put((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), over))
            await over.wait()
        await asyncio.sleep(0.05)  # connections that just closed are swept up

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    number, loop, over = ready.get(timeout=5)
    yield number
    loop.call_soon_threadsafe(over.set)
    thread.join()


@pytest.mark.parametrize(("path", "good"), [("/good", True), ("/bad", False)])
def test_answers_are_counted_by_kind(port: int, path: str, good: bool) -> None:
    load = put_load("127.0.0.1", port, lambda k: Request("POST", path, body=b"x" * k), connections=3, seconds=0.1)
    assert (load.done > 3, load.failed > 3) == (good, not good)
    assert len(load.latencies_s) == load.done + load.failed
    assert 0 < load.quantile_ms(0.5) <= load.quantile_ms(0.99) < 1e3 * load.seconds

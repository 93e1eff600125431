"""A cart's screen served in a thread of its own, beside whatever the program does in its main one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aisle.cart.live import LiveCart

STARTS_WITHIN_S = 10.0


class ServeError(Exception):
    """The screen cannot be served; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Served:
    """Where the screen is."""

    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://[{self.host}]:{self.port}/" if ":" in self.host else f"http://{self.host}:{self.port}/"


@contextmanager
def serving(live: LiveCart, host: str, port: int, hosts: frozenset[str] = frozenset()) -> Iterator[Served]:
    """Serve the screen until the block ends. Raises ServeError."""
    import uvicorn

    from aisle.web.cart.app import create_cart_app
    from aisle.web.cart.guards import LOCAL

    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
        door.listen(64)  # who comes before the server is up waits
    except OSError as error:
        door.close()
        raise ServeError(f"{host}, port {port}: {error.strerror or error}; --port 0 takes a free one") from None
    app = create_cart_app(live, hosts=LOCAL | hosts | {host})
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, args=([door],), name="cart-screen", daemon=True)
    thread.start()
    try:
        yield Served(host, door.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(STARTS_WITHIN_S)
        door.close()

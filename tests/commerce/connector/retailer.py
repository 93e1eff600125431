"""A retailer's server on the loopback: keeps what is posted, answers as it was told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aisle.commerce.connector.reading import read_purchase


@dataclass
class Retailer:
    """What the server has seen, and what it does next: answers in order, then 201 with a purchase id."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    purchases: dict[str, str] = field(default_factory=dict)
    drip_s: float = 0.0
    url: str = ""

    def answer(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if self.answers:
            return self.answers.pop(0)
        trip = read_purchase(body).idempotent_shopping_trip_id
        repeated = trip in self.purchases
        bought = self.purchases.setdefault(trip, f"purchase-{len(self.purchases) + 1}")
        return (200 if repeated else 201), {}, b'{"purchaseId": "%s", "new": 1}' % bought.encode()


@contextmanager
def retailer(*answers: tuple[int, dict[str, str], bytes], drip_s: float = 0.0) -> Iterator[Retailer]:
    """A running retailer."""
    state = Retailer(list(answers), drip_s=drip_s)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.requests.append((self.path, headers, body))
            status, more, text = state.answer(body)
            self.send_response(status)
            for name, value in more.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.write(text)

        def write(self, text: bytes) -> None:
            step = 1 if state.drip_s else max(1, len(text))
            for place in range(0, len(text), step):
                self.wfile.write(text[place : place + step])
                self.wfile.flush()
                time.sleep(state.drip_s)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up is what some tests want."""

    server = Server(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

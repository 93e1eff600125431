"""A shop served by a process of its own, to be measured from outside: over HTTP, and by what arrives by mail."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aisle.bench.load import Request
from aisle.bench.truth import BrokenRunError
from aisle.store.example import example_store
from aisle.store.folder import write_store
from aisle.web.keys import Caller, KeyRing, Role

START_S = 30.0


@dataclass(frozen=True, slots=True)
class Served:
    """A shop at work: its port, the key of an operator, and how much processor time its process has used."""

    port: int
    key: str
    process: subprocess.Popen[bytes]

    def request(self, method: str, path: str, body: object = None) -> Request:
        """A request with the operator's key."""
        headers = (("Authorization", f"Bearer {self.key}"), ("Content-Type", "application/json"))
        return Request(method, path, headers, b"" if body is None else json.dumps(body).encode())

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer's document; BrokenRunError when the answer is not 2xx."""
        request = self.request(method, path, body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, request.body, dict(request.headers))
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise BrokenRunError(f"{method} {path} was answered {answer.status}: {text[:300]!r}")
        return json.loads(text) if text else None

    def visit(self, place: int, **customer: str) -> str:
        """A new customer who comes in; the visit's id."""
        body = {
            "name": f"Shopper {place}",
            "email": f"shopper{place}@example.com",
            "card_token": "tok_visa",
            **customer,
        }
        made = self.ask("POST", "/v1/customers", body)["customer"]["customer_id"]
        code = self.ask("POST", f"/v1/customers/{made}/codes")["code"]
        entry = self.ask("POST", "/v1/entries", {"way": "code", "gate_id": "entrance", "code": code})
        return str(entry["visit_id"])


@contextmanager
def serve(folder: Path, **settings: str) -> Iterator[Served]:
    """Serve the example store from `folder`, with settings as `aisle serve` reads them from the environment."""
    write_store(example_store(), folder)
    key = KeyRing(folder / "var" / "keys.toml").add(Caller(Role.OPERATOR, "bench"), os.urandom)
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AISLE_")}
    environment |= {"AISLE_PORT": str(port), **{f"AISLE_{name.upper()}": value for name, value in settings.items()}}
    process = subprocess.Popen(
        [sys.executable, "-m", "aisle", "serve", str(folder)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        served = Served(port, key, process)
        _wait(served)
        yield served
    finally:
        process.terminate()
        _, said = process.communicate(timeout=30)
        if process.returncode not in (0, -15):
            sys.stderr.write(said.decode("utf-8", "replace"))


def free_port() -> int:
    """A port of this machine nobody listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(served: Served) -> None:
    """Until the shop answers."""
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if served.process.poll() is not None:
            said = served.process.stderr.read() if served.process.stderr else b""
            raise BrokenRunError(f"the shop did not start: {said.decode('utf-8', 'replace').strip()[:500]}")
        try:
            served.ask("GET", "/health")
            return
        except OSError:
            time.sleep(0.05)
    raise BrokenRunError(f"the shop did not answer within {START_S:g} s")


@dataclass
class Mailbox:
    """A mail server that takes everything and notes when each mail was whole: address -> seconds (monotonic clock)."""

    port: int = 0
    arrived_s: dict[str, float] = field(default_factory=dict)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mailbox on a loopback port of its own, speaking as much SMTP (RFC 5321) as a sender needs."""
    import socketserver

    box = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 mailbox")
            address = ""
            for raw in self.rfile:
                line = raw.decode("ascii", "replace").strip()
                verb = line[:4].upper()
                if verb == "RCPT":
                    address = line.partition("<")[2].partition(">")[0]
                if verb == "DATA":
                    self._say("354 go on")
                    while self.rfile.readline() not in (b".\r\n", b""):
                        pass
                    box.arrived_s.setdefault(address, time.monotonic())
                self._say("221 bye" if verb == "QUIT" else "250 mailbox")
                if verb == "QUIT":
                    return

        def _say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Session) as server:
        box.port = int(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()

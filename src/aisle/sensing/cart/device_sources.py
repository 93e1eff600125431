"""Where a cart's small devices are plugged in: serial lines, sockets, named pipes, standard input, input events.

Everything is a file descriptor read without blocking; no library stands between the device and the cart.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import termios
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import parse_qsl, urlsplit

BYTES_AT_ONCE = 4096
CONNECT_TIMEOUT_S = 2.0
KINDS = ("serial", "tcp", "unix", "input", "stdin")
EXPECTED = "serial:/dev/ttyUSB0?baud=9600, tcp://HOST:PORT, unix:PATH, input:/dev/input/event3 or stdin:"
STDIN = 0
GRAB = 0x40044590  # EVIOCGRAB of linux/input.h: what the scanner types goes nowhere else
_PARITIES = {"n": 0, "e": termios.PARENB, "o": termios.PARENB | termios.PARODD}
_BITS = {"7": termios.CS7, "8": termios.CS8}
_STOPS = {"1": 0, "2": termios.CSTOPB}
_OPTIONS = {
    "serial": frozenset({"baud", "bits", "parity", "stop", "ask", "ask_hz"}),
    "tcp": frozenset({"ask", "ask_hz"}),
    "unix": frozenset({"ask", "ask_hz"}),
    "input": frozenset[str](),
    "stdin": frozenset[str](),
}


class LinkError(Exception):
    """A device that cannot be reached now, or is gone; trying again later may help."""


class SourceTextError(ValueError):
    """A source nobody understands; the message says what was found and what would be right."""


@dataclass(frozen=True, slots=True)
class DeviceSource:
    """A source text taken apart: `place` is a path, or host and port; `options` stand behind its question mark."""

    kind: str
    place: str = ""
    port: int = 0
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __str__(self) -> str:
        return f"tcp://{self.place}:{self.port}" if self.kind == "tcp" else f"{self.kind}:{self.place}"


def read_source(text: str) -> DeviceSource:
    """What a source text names; raises SourceTextError.

    `ask` is sent to a scale that speaks only when spoken to, `ask_hz` times a second.
    """
    kind, colon, rest = text.strip().partition(":")
    if not colon or kind not in KINDS:
        raise SourceTextError(f"source {text!r}: expected {EXPECTED}")
    rest, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(options.keys() - _OPTIONS[kind])
    if unknown:
        known = ", ".join(sorted(_OPTIONS[kind])) or "none"
        raise SourceTextError(f"source {text!r}: found the option {unknown[0]!r}; expected of {kind}: {known}")
    source = _of_tcp(text, rest, options) if kind == "tcp" else DeviceSource(kind, rest, 0, MappingProxyType(options))
    if kind in ("serial", "unix", "input") and not rest:
        raise SourceTextError(f"source {text!r}: found no path; expected {EXPECTED}")
    if kind == "serial":
        _speed(source), _framing(source)
    asked = options.get("ask_hz", "10")
    if not asked.isascii() or not asked.isdigit() or not 1 <= int(asked) <= 100:
        raise SourceTextError(f"source {text!r}: found ask_hz={asked}; expected a whole number from 1 to 100")
    return source


def _of_tcp(text: str, rest: str, options: dict[str, str]) -> DeviceSource:
    try:
        parts = urlsplit(f"tcp:{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise SourceTextError(f"source {text!r}: expected tcp://HOST:PORT")
    return DeviceSource("tcp", host, port, MappingProxyType(options))


def _speed(source: DeviceSource) -> int:
    baud = source.options.get("baud", "9600")
    speed = getattr(termios, f"B{baud}", None) if baud.isascii() and baud.isdigit() and baud != "0" else None
    if not isinstance(speed, int):
        raise SourceTextError(f"source {source}: found baud={baud}; expected a speed such as 9600 or 115200")
    return speed


def _framing(source: DeviceSource) -> int:
    """Bits, parity and stop bits as the flags of a serial line."""
    flags = 0
    for option, usual, known in (("bits", "8", _BITS), ("parity", "n", _PARITIES), ("stop", "1", _STOPS)):
        value = source.options.get(option, usual)
        if value not in known:
            raise SourceTextError(f"source {source}: found {option}={value}; expected {' or '.join(known)}")
        flags |= known[value]
    return flags


class Link:
    """An open device: bytes as they come.  `owned`: closing the link closes the descriptor."""

    def __init__(self, fd: int, owned: bool = True) -> None:
        self._fd = fd
        self._owned = owned
        os.set_blocking(fd, False)

    def fileno(self) -> int:
        return self._fd

    def read(self) -> bytes | None:
        """What has come, empty when nothing has; None when the other side has closed.  Raises LinkError when gone."""
        try:
            return os.read(self._fd, BYTES_AT_ONCE) or None
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LinkError(error.strerror or str(error)) from None

    def write(self, data: bytes) -> None:
        """Send a few bytes; what the device does not take is dropped.  Raises LinkError when it is gone."""
        try:
            os.write(self._fd, data)
        except BlockingIOError:
            return
        except OSError as error:
            raise LinkError(error.strerror or str(error)) from None

    def close(self) -> None:
        """Let go of the device; closing twice is harmless."""
        if self._owned and self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def open_link(source: DeviceSource) -> Link:
    """Reach the device; raises LinkError when it is not there."""
    try:
        if source.kind == "stdin":
            return Link(STDIN, owned=False)
        if source.kind == "tcp":
            return _connected(socket.create_connection((source.place, source.port), CONNECT_TIMEOUT_S))
        if source.kind == "unix":
            return _local(source.place)
        return _serial(source) if source.kind == "serial" else _input(source.place)
    except OSError as error:
        raise LinkError(error.strerror or str(error)) from None


def _connected(line: socket.socket) -> Link:
    if line.family != socket.AF_UNIX:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return Link(line.detach())


def _local(path: str) -> Link:
    """A named pipe, opened for both directions so that it outlives its writers, or a socket."""
    mode = os.stat(path).st_mode
    if stat.S_ISSOCK(mode):
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(CONNECT_TIMEOUT_S)
            line.connect(path)
        except OSError:
            line.close()
            raise
        return _connected(line)
    if not stat.S_ISFIFO(mode):
        raise LinkError("neither a socket nor a named pipe")
    return Link(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))


def _input(path: str) -> Link:
    """An input device; a pipe in its place, or one somebody else has grabbed, is read all the same."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with contextlib.suppress(OSError):
        fcntl.ioctl(fd, GRAB, 1)
    return Link(fd)


def _serial(source: DeviceSource) -> Link:
    fd = os.open(source.place, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        attributes = termios.tcgetattr(fd)
        speed = _speed(source)
        control: list[bytes | int] = [0] * len(attributes[6])
        control[termios.VMIN] = 1
        flags = termios.CREAD | termios.CLOCAL | _framing(source)
        raw: list[int | list[bytes | int]] = [0, 0, flags, 0, speed, speed, control]
        termios.tcsetattr(fd, termios.TCSANOW, raw)
        termios.tcflush(fd, termios.TCIFLUSH)
    except termios.error as error:
        os.close(fd)
        raise LinkError(f"no serial line ({error.args[-1]})") from None
    return Link(fd)

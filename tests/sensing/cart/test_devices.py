"""Devices while they run, on real ptys, sockets and pipes: read, lost, found again, closed."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.sensing.cart.device_sources import DeviceSource, LinkError, SourceTextError, open_link, read_source
from aisle.sensing.cart.devices import FIRST_WAIT_S, LONGEST_LINE, LiveDevice, open_motion, open_scale, open_scanner
from aisle.sensing.cart.key_events import EVENT
from aisle.sensing.cart.readings import CartReading, MotionReading, ScaleReading, ScanReading
from loopback import free_port

T = 1_780_000_000_000_000_000


def clock() -> int:
    return T


class Steady:
    """Seconds that pass by themselves, so many at each look."""

    def __init__(self, step_s: float = 0.05) -> None:
        self.now_s = 0.0
        self.step_s = step_s

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


@pytest.fixture
def pty() -> Iterator[tuple[int, str]]:
    """A serial line: the device's end, and the path of the cart's."""
    device, cart = os.openpty()
    tty.setraw(cart)
    yield device, os.ttyname(cart)
    os.close(cart)
    try:
        os.close(device)
    except OSError:
        return


def first(device: LiveDevice, tries: int = 100) -> CartReading:
    """The first reading that comes."""
    return next(found[0] for _ in range(tries) if (found := device.poll(0.1)))


def opened(device: LiveDevice) -> LiveDevice:
    device.poll(0.0)
    assert device.state.trouble == ""
    return device


def test_a_scale_on_a_serial_line(pty: tuple[int, str]) -> None:
    with opened(open_scale(f"serial:{pty[1]}?baud=19200&parity=e&bits=7&stop=2", clock)) as scale:
        os.write(pty[0], b"\x02ST,GS,+  1.234kg\r\nST,GS,+  1.23")
        assert first(scale) == ScaleReading(T, T, 1234.0)
        os.write(pty[0], b"5kg\r\n")
        assert first(scale) == ScaleReading(T, T, 1235.0)
        assert scale.state.readings == 2
        assert scale.take_health() == ()


def test_a_scale_that_wants_to_be_asked(pty: tuple[int, str]) -> None:
    with opened(open_scale(f"serial:{pty[1]}?ask=SI%0D%0A&ask_hz=20", clock)) as scale:
        assert os.read(pty[0], 99) == b"SI\r\n"
        os.write(pty[0], b"S S 100.00 g\r\n")
        assert first(scale) == ScaleReading(T, T, 100.0)


def test_a_line_pulled_out(pty: tuple[int, str]) -> None:
    with opened(open_scale(f"serial:{pty[1]}", clock)) as scale:
        os.close(pty[0])
        assert scale.poll(0.1) == []
        (entry,) = scale.take_health()
        assert (entry.kind, entry.where, entry.t0_ns, entry.t1_ns, entry.grave) == ("dead", "scale", T, None, True)
        assert pty[1] in entry.message


def test_motion_over_tcp_lost_and_found_again() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    with closing(server), open_motion(f"tcp://127.0.0.1:{server.getsockname()[1]}", clock, steady=Steady()) as motion:
        opened(motion)
        line, _ = server.accept()
        line.sendall(b'{"t_ns": %d, "moving": false, "accel_rms": 0.02}\n' % (T - 5))
        assert first(motion) == MotionReading(T - 5, T, False, 0.02)
        line.close()
        motion.poll(3 * FIRST_WAIT_S)
        again, _ = server.accept()
        with closing(again):
            again.sendall(b"1 1.5\n")
            assert first(motion) == MotionReading(T, T, True, 1.5)
        lost, found = motion.take_health()
        assert (lost.t1_ns, found.t1_ns, motion.state.connections) == (None, T, 2)
        assert "there again" in found.message


def test_a_scanner_on_a_socket_of_this_machine(tmp_path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(tmp_path / "scanner"))
        server.listen()
        with opened(open_scanner(f"unix:{tmp_path / 'scanner'}", clock)) as scanner:
            line, _ = server.accept()
            with closing(line):
                line.sendall(b"]E04006381333931\r")
                assert first(scanner) == ScanReading(T, T, "4006381333931", "EAN13")


def test_a_pipe_outlives_its_writers(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with opened(open_scale(f"unix:{tmp_path / 'pipe'}", clock)) as scale:
        for grams in (1.0, 2.0):
            (tmp_path / "pipe").write_bytes(b"%g\n" % grams)
            assert first(scale) == ScaleReading(T, T, grams)
        assert scale.state.connections == 1


def test_a_scanner_that_types(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "event3")
    keep = os.open(tmp_path / "event3", os.O_RDWR)
    with opened(open_scanner(f"input:{tmp_path / 'event3'}", clock)) as scanner:
        os.write(keep, b"".join(EVENT.pack(1, 2, 1, key, value) for key in (5, 11, 2, 2, 28) for value in (1, 0)))
        assert first(scanner) == ScanReading(T, T, "4011", "typed")
    os.close(keep)


def test_a_code_may_end_with_silence(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with opened(open_scanner(f"unix:{tmp_path / 'pipe'}", clock, steady=Steady())) as scanner:
        (tmp_path / "pipe").write_bytes(b"4006381333931")
        assert first(scanner) == ScanReading(T, T, "4006381333931", "EAN13")


def test_standard_input_ends_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    out, into = os.pipe()
    monkeypatch.setattr("aisle.sensing.cart.device_sources.STDIN", out)
    os.write(into, b"5 g\n6 g")
    os.close(into)
    with open_scale("stdin:", clock) as scale:
        assert [r.grams for r in scale.readings() if isinstance(r, ScaleReading)] == [5.0, 6.0]
        assert (scale.state.over, scale.state.trouble) == (True, "the input has ended")
    os.close(out)


def test_waits_grow_while_nobody_answers() -> None:
    steady = Steady()
    with open_scale(f"tcp://127.0.0.1:{free_port()}", clock, steady=steady) as scale:
        tries = []
        for _ in range(3):
            before = scale._wait_s
            steady.now_s += before
            scale.poll(0.0)
            tries.append(scale._wait_s / before)
        assert tries == [2.0, 2.0, 2.0]
        assert [entry.kind for entry in scale.take_health()] == ["dead"]
        assert "refused" in scale.state.trouble


def test_a_silent_scale_is_opened_anew(pty: tuple[int, str]) -> None:
    with open_scale(f"serial:{pty[1]}", clock, steady=Steady(0.5)) as scale:
        scale.poll(20.0)
        assert scale.state.connections > 1
        assert [entry.message.partition("): ")[2] for entry in scale.take_health()] == [
            "silent for 5 s; it is tried again"
        ]


def test_lines_nobody_understands_are_told_and_counted(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with opened(open_scale(f"unix:{tmp_path / 'pipe'}", clock)) as scale:
        (tmp_path / "pipe").write_bytes(b"boot\nboot\n\xff\n" + b"9" * 4000 + b"\n7\n")
        assert first(scale) == ScaleReading(T, T, 7.0)
        assert scale.state.unread == 4
        assert {entry.kind for entry in scale.take_health()} == {"invalid-sample"}


def test_a_line_without_end_is_let_go(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with opened(open_scale(f"unix:{tmp_path / 'pipe'}", clock)) as scale:
        (tmp_path / "pipe").write_bytes(b"x" * (LONGEST_LINE + 1))
        scale.poll(0.1)
        scale.poll(0.1)
        assert ["without an end" in entry.message for entry in scale.take_health()] == [True]


def test_an_overload_is_told_with_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with opened(open_scale(f"unix:{tmp_path / 'pipe'}", clock)) as scale:
        (tmp_path / "pipe").write_bytes(b"OL,+9999999E+19\nOL,+9999999E+19\n5\n")
        assert first(scale) == ScaleReading(T, T, 5.0)
        assert [(e.kind, e.t0_ns, e.t1_ns) for e in scale.take_health()] == [
            ("saturated", T, None),
            ("saturated", T, T),
        ]


@given(
    data=st.binary(max_size=200) | st.from_regex(rb"([A-Z]{0,3}[+-]?[0-9.]{1,6}[kg]{0,2}[\r\n]){0,9}", fullmatch=True)
)
@settings(max_examples=60, deadline=None)
def test_any_bytes_raise_nothing(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(f"{folder}/pipe")
        for opener in (open_scale, open_motion, open_scanner):
            with opened(opener(f"unix:{folder}/pipe", clock)) as device:
                Path(f"{folder}/pipe").write_bytes(data + b"\n")
                device.poll(0.0)
                assert device.state.trouble == ""


def test_closing_ends_a_poll(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    scale = opened(open_scale(f"unix:{tmp_path / 'pipe'}", clock))
    found: list[list[CartReading]] = []
    thread = threading.Thread(target=lambda: found.append(scale.poll(30.0)))
    thread.start()
    began = time.monotonic()
    scale.close()
    thread.join(5.0)
    assert (found, time.monotonic() - began < 2.0) == ([[]], True)
    scale.close()


SOURCES: dict[str, tuple[str, DeviceSource]] = {
    "serial": ("serial:/dev/ttyUSB0?baud=9600", DeviceSource("serial", "/dev/ttyUSB0", 0, {"baud": "9600"})),
    "tcp": ("tcp://scale.local:4001", DeviceSource("tcp", "scale.local", 4001, {})),
    "IPv6": ("tcp://[::1]:4001", DeviceSource("tcp", "::1", 4001, {})),
    "unix": ("unix:/run/scale", DeviceSource("unix", "/run/scale", 0, {})),
    "input": ("input:/dev/input/event3", DeviceSource("input", "/dev/input/event3", 0, {})),
    "stdin": ("stdin:", DeviceSource("stdin", "", 0, {})),
}  # fmt: skip


@pytest.mark.parametrize(("text", "source"), SOURCES.values(), ids=SOURCES.keys())
def test_sources(text: str, source: DeviceSource) -> None:
    found = read_source(text)
    assert (found.kind, found.place, found.port, dict(found.options)) == (
        source.kind,
        source.place,
        source.port,
        dict(source.options),
    )


WRONG = {
    "no kind": ("/dev/ttyUSB0", "expected serial:"),
    "another kind": ("usb:1", "expected serial:"),
    "no path": ("serial:", "found no path"),
    "strange speed": ("serial:/dev/x?baud=fast", "found baud=fast; expected a speed"),
    "speed nobody has": ("serial:/dev/x?baud=12345", "found baud=12345"),
    "parity": ("serial:/dev/x?parity=odd", "found parity=odd; expected n or e or o"),
    "option misspelt": ("serial:/dev/x?baut=9600", "found the option 'baut'"),
    "no port": ("tcp://host", "expected tcp://HOST:PORT"),
    "port in words": ("tcp://host:scale", "expected tcp://HOST:PORT"),
    "asked too often": ("tcp://host:1?ask=W&ask_hz=1000", "from 1 to 100"),
}


@pytest.mark.parametrize(("text", "says"), WRONG.values(), ids=WRONG.keys())
def test_sources_nobody_understands(text: str, says: str) -> None:
    with pytest.raises(SourceTextError, match=says):
        read_source(text)


UNREACHABLE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "not there": ("serial:{}", lambda path: None),
    "no serial line": ("serial:{}", lambda path: path.write_text("")),
    "no pipe": ("unix:{}", lambda path: path.write_text("")),
    "a socket nobody serves": ("unix:{}", lambda path: socket.socket(socket.AF_UNIX).bind(str(path))),
    "a folder": ("input:{}", lambda path: None),
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize(("source", "make"), UNREACHABLE.values(), ids=UNREACHABLE.keys())
def test_what_cannot_be_reached(tmp_path: Path, source: str, make: Callable[[Path], object]) -> None:
    make(tmp_path / "x")
    with pytest.raises(LinkError):
        open_link(read_source(source.format(tmp_path / "x")))

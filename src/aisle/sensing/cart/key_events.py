"""What a scanner types that pretends to be a keyboard, read from Linux's input events and not from a terminal.

`struct input_event` and the codes of keys are those of linux/input.h and linux/input-event-codes.h; keys stand as on
the American keyboard, which is what scanners come set to.
"""

from __future__ import annotations

import struct

EVENT = struct.Struct("@llHHi")  # seconds and microseconds, type, code, value
_KEY = 1  # EV_KEY
_RELEASED = 0
_SHIFTS, _CONTROLS = frozenset({42, 54}), frozenset({29, 97})
_ENDS = frozenset({28, 96, 15})  # Enter, the keypad's Enter, Tab
_GROUP_SEPARATOR = 27  # with Ctrl: Ctrl+] is how FNC1 is typed

_ROWS = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
)
_LAST_ROW = ((43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),)
_KEYPAD = dict(zip(range(71, 84), "789-456+1230.", strict=True)) | {55: "*", 98: "/", 57: " "}
_PLAIN = {first + at: c for first, row, _ in (*_ROWS, *_LAST_ROW) for at, c in enumerate(row)} | _KEYPAD
_SHIFTED = {first + at: c for first, _, row in (*_ROWS, *_LAST_ROW) for at, c in enumerate(row)} | _KEYPAD


class KeyReader:
    """Turns the bytes of an input device into lines of text; keep one for each connection."""

    def __init__(self) -> None:
        self._rest = b""
        self._held: set[int] = set()

    def text(self, data: bytes) -> bytes:
        """What these events typed, Enter as a line's end; events cut in two wait for their other half."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        typed = (self._typed(*event[2:]) for event in EVENT.iter_unpack(data[:whole]))
        return "".join(typed).encode()

    def _typed(self, kind: int, code: int, value: int) -> str:
        if kind != _KEY:
            return ""
        if code in _SHIFTS or code in _CONTROLS:
            (self._held.discard if value == _RELEASED else self._held.add)(code)
            return ""
        if value == _RELEASED:
            return ""
        if code in _ENDS:
            return "\n"
        if self._held & _CONTROLS:
            return "\x1d" if code == _GROUP_SEPARATOR else ""
        return (_SHIFTED if self._held & _SHIFTS else _PLAIN).get(code, "")

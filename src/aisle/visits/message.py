"""The number of a message, by which a repeat is known: what devices send, journals keep and desks remember."""

from __future__ import annotations

import msgspec


class MessageId(msgspec.Struct, frozen=True):
    """A device's number for a message: the device, its start, and a count since then. A repeat carries the same."""

    device_id: str
    boot_id: str
    seq: int

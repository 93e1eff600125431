"""The shop's rules for its lanes as a file of the catalogue: every cart goes by them, also without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from aisle.cart.audit import AuditPolicy
from aisle.cart.lane import LanePolicy

FILE = "lane.toml"


class _Told(msgspec.Struct, frozen=True):
    """What a cart has to know: the rules of cause and of carts offline. Rates and lots are the shop's own."""

    offline: Literal["trust", "wait"] = "trust"
    offline_limit_minor: int = 5_000
    small_minor: int = 150
    quiet_g: float = 30.0


def policy_text(policy: LanePolicy) -> bytes:
    """The file's content."""
    told = _Told(policy.offline, policy.offline_limit_minor, policy.audit.small_minor, policy.audit.quiet_g)
    lines = (f"{name} = {msgspec.json.encode(value).decode()}" for name, value in msgspec.structs.asdict(told).items())
    return (
        "# How carts behave at the lane; written by the shop from its settings.\n" + "\n".join(lines) + "\n"
    ).encode()


def policy_in(folder: Path) -> LanePolicy:
    """The rules in a copy of the catalogue; the defaults where there are none. Raises ValueError for a damaged file."""
    try:
        told = msgspec.toml.decode((folder / FILE).read_bytes(), type=_Told)
    except FileNotFoundError:
        told = _Told()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"{folder / FILE}: found {error}; expected what the shop publishes") from error
    audit = AuditPolicy(small_minor=told.small_minor, quiet_g=told.quiet_g)
    return LanePolicy(audit, told.offline, told.offline_limit_minor)

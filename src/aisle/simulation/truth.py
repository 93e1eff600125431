"""The truth of a simulated recording, kept apart from the recording itself.

The JSON has the fields benchmarks expect: `receipts` maps the track id a
shopper got at the entrance to {gtin: quantity}, staff and empty-handed shoppers
with an empty one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aisle.simulation.plates import Gondola
from aisle.simulation.world import Deed, World


@dataclass(frozen=True, slots=True)
class Truth:
    """Who really had what.

    `resolvable` names what an engine needs to know it: "weight+head", "hands" (wrists), "staff list", or "video"
    (neither weights nor tracks tell).  `links` maps every track id to the id its person entered with.
    """

    name: str
    case: str
    group: str
    resolvable: str
    seed: int
    noise: str
    t0: float
    duration_s: float
    roles: dict[str, str]
    receipts: dict[str, dict[str, int]]
    links: dict[str, str]
    events: tuple[dict[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values, in the order of the fields."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, "events": list(self.events)}


def receipts_of(world: World) -> dict[str, dict[str, int]]:
    """What each person owes: items they lifted that never came back to a shelf nor fell; staff owe nothing."""
    receipts: dict[str, dict[str, int]] = {who.ident: {} for who in world.people}
    paying = {who.ident for who in world.people if who.role == "customer"}
    for item in world.stock.items:
        if item.owner in paying and item.owner is not None:
            lines = receipts[item.owner]
            lines[item.product.gtin] = lines.get(item.product.gtin, 0) + 1
    return {who: dict(sorted(lines.items())) for who, lines in receipts.items()}


def events_of(world: World, gondolas: dict[int, Gondola], t0: float) -> tuple[dict[str, Any], ...]:
    """The deeds in order of time, as plain values."""
    return tuple(_event(deed, gondolas, t0) for deed in sorted(world.deeds, key=lambda d: d.t))


def _event(deed: Deed, gondolas: dict[int, Gondola], t0: float) -> dict[str, Any]:
    spot, item = deed.spot, deed.item
    plates: list[int] | None = None
    if spot is not None:
        shares = gondolas[spot.gondola].boards[spot.shelf].footprint(spot.x_m, item.width_m if item else 0.08)
        plates = [p + 1 for p, share in enumerate(shares) if share > 0.02]
    event: dict[str, Any] = {
        "kind": deed.kind,
        "t": round(deed.t, 3),
        "timestamp": t0 + round(deed.t, 3),
        "target_id": deed.person,
        "barcode": item.product.gtin if item else None,
        "item": item.ident if item else None,
        "grams": round(item.grams, 2) if item else None,
        "gondola": spot.gondola if spot else None,
        "shelf": spot.shelf if spot else None,
        "plates": plates,
    }
    if deed.to is not None:
        event["to"] = deed.to
    if deed.lasts_s is not None:
        event["dur"] = round(deed.lasts_s, 2)
    return event

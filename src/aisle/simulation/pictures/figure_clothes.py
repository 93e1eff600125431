"""What simulated people wear and carry: top, jacket or coat, trousers or skirt, shoes, bags, straps, baskets."""

from __future__ import annotations

import numpy as np

from aisle.simulation.pictures.figure_body import Field, Tube, union, upright
from aisle.simulation.pictures.figure_head import add_hand
from aisle.simulation.pictures.figure_looks import LOAD_DROP_M
from aisle.simulation.pictures.figure_mesh import CLOTH, SKIN, MeshBuilder, Of, Surface, rigid
from aisle.simulation.pictures.figure_skeleton import BONE, BONES, SIDES, body_weights, smooth, unit
from aisle.simulation.pictures.scene import BAG
from aisle.store.model import FloatArray

LEATHER = 0.0


def add_clothes(b: MeshBuilder) -> None:
    """Everything worn, and the limbs and neck that show."""
    look, torso = b.look, b.body.torso
    tucked = look.skirt_hem_m is not None and look.jacket is None
    shell = look.jacket or look.top
    inner = _hanging(b, 0.006 if tucked else 0.010, tucked)
    rings = np.r_[np.linspace(1.478, 1.37, 9), np.linspace(1.34, 1.035 if tucked else look.hem_m, 9)]

    def front(p: FloatArray) -> FloatArray:  # under a jacket only the front needs to be there
        out: FloatArray = inner(p) - 0.09 * smooth(0.10, 0.14, np.abs(p[:, 0]) + 0.5 * np.maximum(0.05 - p[:, 1], 0))
        return out

    b.loft(
        torso, rings, 28, Surface(look.top), front if look.jacket else inner, weights=lambda p: _loose(b, p, 0.03, 0.5)
    )
    if look.jacket:
        _jacket(b)
    _collar(b, shell)
    w = 0.020 if look.jacket else 0.006 if tucked else 0.011
    end = min(look.sleeve * b.bones.arm_m, b.bones.arm_m - 0.005)
    for s, k in SIDES:
        arm = b.body.tubes["arm" + s]
        places = np.linspace(-0.035, end, 7 + int(8 * look.sleeve))
        b.loft(arm, places, 13, Surface(shell), _sleeve(arm, w, look.slack), hem=0.5)
        add_hand(b, s, end - 0.03)
        _shoe(b, s, k)
        _leg(b, s)
    if look.skirt_hem_m is None:
        seat = 0.008 + 0.008 * look.slack
        b.loft(torso, np.linspace(1.06, 0.80, 8), 22, Surface(look.bottom), seat, hem=None)
    else:
        _skirt(b, look.skirt_hem_m)
    b.loft(torso, np.linspace(1.43, 1.61, 6), 14, Surface(look.skin, SKIN), 0, torso, hem=None)


def _hanging(b: MeshBuilder, w: float, tucked: bool) -> Of:
    """Ease of a top that hangs from chest and belly instead of following the waist."""

    def ease(p: FloatArray) -> FloatArray:
        hang = (0.012 - 0.004 * b.look.female) * smooth(1.28, 1.12, p[:, 2]) * (not tucked)
        crease = 0.0035 * np.sin(p[:, 2] * 75 + 9 * p[:, 0] + 2 * np.sin(p[:, 1] * 30)) * smooth(1.3, 1.05, p[:, 2])
        flare = 0.012 * smooth(1.0, 0.9, p[:, 2]) * (not tucked)
        lying = w * (1 - 0.5 * smooth(1.33, 1.41, p[:, 2]))  # on the shoulders cloth lies flat
        out: FloatArray = (lying + hang + crease) * smooth(1.487, 1.44, p[:, 2]) + 0.005 + flare
        return out

    return ease


def _sleeve(arm: Tube, w: float, slack: float) -> Of:
    def ease(p: FloatArray) -> FloatArray:
        t = (p - arm.origin) @ arm.frame[0]
        wide = (
            w * (0.5 + 0.5 * smooth(0.0, 0.10, t))
            + 0.004
            + 0.010 * slack * smooth(0.05, 0.2, t)
            + 0.004 * np.sin(t * 110) * smooth(0.0, 0.1, t)
        )
        # the seam sinks under the top, so that a shoulder has one line
        out: FloatArray = wide * smooth(-0.045, 0.02, t) - 0.012 * smooth(0.0, -0.035, t)
        return out

    return ease


def _jacket(b: MeshBuilder) -> None:
    """Worn open: its front dips under the top's.  Below the hips it hangs like a skirt instead of following legs."""
    look, torso = b.look, b.body.torso
    hem = look.jacket_hem_m
    base = _hanging(b, 0.024, False)

    def ease(p: FloatArray) -> FloatArray:
        edge = 0.055 + 0.02 * smooth(1.1, 0.9, p[:, 2])
        out: FloatArray = base(p) - 0.06 * smooth(edge + 0.012, edge - 0.012, np.abs(p[:, 0])) * (p[:, 1] > 0)
        return out

    field: Field | None = None
    if hem < 0.84:
        field = _tails(b, hem)

    rings = np.r_[np.linspace(1.478, 1.37, 9), np.linspace(1.34, hem, 9 + int(14 * (0.9 - hem)))]
    made = Surface(look.jacket or look.top)
    b.loft(torso, rings, 32, made, ease, field, lambda p: _loose(b, p, 0.10, 0.8), hem=0.85, at_least_m=0.30)


def _tails(b: MeshBuilder, hem: float) -> Field:
    """The body, and from the hips down one bell round both legs."""
    a, ahead = (float(v) for v in b.body.torso.at(np.array([0.93]))[:2, 0])
    flare = 0.03 + 0.06 * (0.9 - hem)
    rows = [
        (hem - 0.1, a + flare + 0.005, ahead + flare + 0.015, 0.0, -0.015, 2.3),
        (hem, a + flare, ahead + flare + 0.01, 0.0, -0.015, 2.3),
        (0.90, a + 0.016, ahead + 0.020, 0.0, -0.018, 2.3),
        (1.02, a - 0.010, ahead + 0.008, 0.0, -0.010, 2.3),
        (1.08, a - 0.04, ahead - 0.03, 0.0, 0.0, 2.3),
    ]
    bell = upright(rows)

    def field(p: FloatArray) -> FloatArray:
        return union(b.body(p), bell(p) + 0.022, 0.02)

    return field


def _collar(b: MeshBuilder, colour: tuple[float, float, float]) -> None:
    """A roll round the neck, or a hood lying on the back."""
    look = b.look
    a, ahead, _, off, _ = (float(v) for v in b.body.torso.at(np.array([1.475]))[:, 0])
    thick = 0.020 if look.jacket or look.hood else 0.007
    rows = [
        (1.452, a + 0.018 + thick, ahead + 0.012 + thick, 0, off, 2),
        (1.475, a + 0.006 + thick, ahead + 0.004 + thick, 0, off, 2),
        (1.494 + thick, a - 0.008, ahead - 0.008, 0, off + 0.002, 2),
    ]
    ring = upright(rows, blur=0.006)
    tone = np.array(colour) * 0.93
    b.loft(ring, np.linspace(1.453, 1.493 + thick, 5), 18, Surface(tone), 0, ring, hem=0.85)
    if look.hood:
        lying = [
            (1.33, 0.02, 0.012, 0.0, -0.105, 2.0),
            (1.36, 0.075, 0.03, 0.0, -0.112, 2.2),
            (1.42, 0.105, 0.045, 0.0, -0.100, 2.2),
            (1.47, 0.090, 0.045, 0.0, -0.082, 2.2),
            (1.50, 0.03, 0.02, 0.0, -0.075, 2.0),
        ]
        hood = upright(lying, blur=0.01)
        b.loft(hood, np.linspace(1.335, 1.495, 8), 16, Surface(tone), 0, hood, rigid("chest"), 0)


def _leg(b: MeshBuilder, s: str) -> None:
    look, leg = b.look, b.body.tubes["leg" + s]
    if look.skirt_hem_m is None:

        def cut(p: FloatArray) -> FloatArray:
            wide = np.interp(p[:, 2], [0.05, 0.3, 0.5, 0.75, 0.95], [0.042, 0.022, 0.022, 0.016, 0.004])
            crease = np.sin(p[:, 2] * 70 + 14 * p[:, 1]) * smooth(0.62, 0.4, p[:, 2])
            out: FloatArray = 0.007 + look.slack * wide + 0.0035 * crease
            return out

        places = np.linspace(-0.045, 0.04 + 0.845 * look.trouser - 0.03, 10 + int(10 * look.trouser))
        b.loft(leg, places, 14, Surface(look.bottom), cut, hem=0.6)
    start = -0.02 if look.skirt_hem_m is not None else 0.845 * look.trouser
    if start < 0.8:
        b.loft(leg, np.linspace(start, 0.865, 12), 12, Surface(look.skin, SKIN), 0, leg, hem=None)


def _skirt(b: MeshBuilder, hem: float) -> None:
    """Hangs from the hips; wide between the legs so that a squat does not split it."""
    torso = b.body.torso
    wide = 0.035 + 0.11 * (0.92 - hem)
    a, ahead = torso.at(np.array([0.92]))[:2, 0]
    rows = [
        (hem, a + wide, ahead + wide + 0.02, 0, -0.01, 2.2),
        (0.90, a + 0.024, ahead + 0.036, 0, -0.018, 2.3),
        (1.06, a - 0.004, ahead + 0.025, 0, -0.008, 2.4),
    ]
    skirt = upright(rows)

    def pleats(p: FloatArray) -> FloatArray:
        out: FloatArray = 0.008 * np.sin(10 * np.arctan2(p[:, 1], p[:, 0])) * smooth(0.95, 0.6, p[:, 2])
        return out

    def weights(p: FloatArray) -> FloatArray:
        return _upper_legs(body_weights(b.bones, p, 0.13))

    places = np.linspace(1.055, hem + 0.005, 10)
    b.loft(skirt, places, 26, Surface(b.look.bottom), pleats, skirt, weights, hem=0.9)


def _loose(b: MeshBuilder, p: FloatArray, soft: float, share: float) -> FloatArray:
    """What hangs over the hips: `share` of what would go with the thighs goes half as far."""
    w = _upper_legs(body_weights(b.bones, p, soft))
    for s, _ in SIDES:
        w[:, BONE["hip" + s]] += share * w[:, BONE["thigh" + s]]
        w[:, BONE["thigh" + s]] *= 1 - share
    return w


def _upper_legs(w: FloatArray) -> FloatArray:
    """Skirts go with the thighs, never with the lower legs."""
    for s, _ in SIDES:
        for name in ("knee", "calf", "foot", "toe"):
            w[:, BONE["thigh" + s]] += w[:, BONE[name + s]]
            w[:, BONE[name + s]] = 0
    return w


def _shoe(b: MeshBuilder, s: str, k: float) -> None:
    x = b.bones.at("foot" + s)[0] + k * 0.012
    rows = [
        (-0.085, 0.012, 0.020, 0, 0.035, 2.6),
        (-0.07, 0.032, 0.042, 0, 0.045, 2.6),
        (-0.02, 0.037, 0.052, 0, 0.053, 2.4),
        (0.04, 0.040, 0.045, 0, 0.046, 2.4),
        (0.10, 0.048, 0.035, 0, 0.035, 2.5),
        (0.15, 0.046, 0.027, 0, 0.028, 2.5),
        (0.185, 0.030, 0.020, 0, 0.022, 2.4),
        (0.195, 0.012, 0.010, 0, 0.018, 2.4),
    ]
    tube = Tube((x, 0, 0), (0, 1, 0), (1, 0, 0), (0, 0, 1), rows, 0.010)
    upper = np.array(b.look.shoes)

    def standing(p: FloatArray) -> FloatArray:  # cut flat by the floor
        out: FloatArray = np.maximum(tube(p), 0.001 - p[:, 2])
        return out

    def paint(p: FloatArray) -> FloatArray:
        out: FloatArray = np.where(p[:, 2:] < 0.010, np.array((0.60, 0.58, 0.56)), upper)
        return out

    def weights(p: FloatArray) -> FloatArray:
        w = np.zeros((len(p), len(BONES)))
        w[:, BONE["toe" + s]] = smooth(0.085, 0.135, p[:, 1])
        w[:, BONE["foot" + s]] = 1 - w[:, BONE["toe" + s]]
        return w

    b.loft(tube, np.linspace(-0.083, 0.193, 12), 12, Surface(upper, LEATHER), 0, standing, weights, 0, paint)


# ----------------------------------------------------------------------- bags
def add_bags(b: MeshBuilder) -> None:
    """Bag on the back or at the hip with its straps, and what hangs on the arm."""
    look = b.look
    made = Surface(look.bag_colour, CLOTH, BAG)
    thick = 0.034 if look.jacket else 0.022
    if look.bag == "backpack":
        rows = [(1.02, 0.09, 0.04, 0, 0, 3), (1.06, 0.14, 0.075, 0, 0, 4), (1.2, 0.145, 0.08, 0, 0, 4),
                (1.36, 0.13, 0.065, 0, 0.015, 3), (1.42, 0.07, 0.03, 0, 0.03, 3)]  # fmt: skip
        bag = upright(rows, (0, -0.205 - 0.03 * max(look.build, 0.0), 0), 0.015)
        b.loft(bag, np.linspace(1.022, 1.418, 10), 16, made, 0, bag, rigid("chest"), 0)
        for k in (1.0, -1.0):
            x = k * np.array([0.10, 0.115, 0.122, 0.122, 0.120, 0.118, 0.125, 0.135, 0.14])
            z = np.array([1.34, 1.40, 1.42, 1.42, 1.39, 1.33, 1.25, 1.19, 1.15])
            _strap(b, x, np.array([-1, -0.9, -0.4, 0.4, 0.9, 1, 1, 0.8, 0.3]), z, thick, made, 0.045)
    elif look.bag == "shoulder":
        rows = [(0.80, 0.02, 0.08, 0, 0, 3), (0.83, 0.045, 0.14, 0, 0, 4), (0.98, 0.05, 0.14, 0, 0, 4),
                (1.05, 0.02, 0.12, 0, 0, 3)]  # fmt: skip
        bag = upright(rows, (-0.20 - 0.02 * max(look.build, 0.0), -0.10, 0), 0.01)
        held = _upper_legs(body_weights(b.bones, np.array([[-0.05, 0.0, 0.99]])))

        def hip(p: FloatArray) -> FloatArray:
            return np.repeat(held, len(p), 0)

        b.loft(bag, np.linspace(0.802, 1.048, 8), 14, Surface(look.bag_colour, LEATHER, BAG), 0, bag, hip, 0)
        x = np.array([-0.17, -0.13, -0.07, 0.0, 0.06, 0.105, 0.11, 0.105, 0.06, 0.0, -0.07, -0.13, -0.17])
        y = np.array([0.5, 1, 1, 1, 1, 0.9, 0.0, -0.9, -1, -1, -1, -1, -0.5])
        z = np.array([1.04, 1.10, 1.18, 1.26, 1.34, 1.41, 1.44, 1.41, 1.34, 1.26, 1.18, 1.10, 1.04])
        _strap(b, x, y, z, thick, Surface(np.array(look.bag_colour) * 0.8, LEATHER, BAG), 0.035)
    if look.load == "basket":
        _basket(b)
    elif look.load == "tote":
        _tote(b)


def _strap(
    b: MeshBuilder, x: FloatArray, y: FloatArray, z: FloatArray, ease: float, surface: Surface, width_m: float
) -> None:
    """A band over the clothes: points near (x, z) on the front (y = 1), the back (-1) or on top between."""
    n = max(6, round(len(x) * (0.5 + b.detail)))
    at, to = np.linspace(0, 1, len(x)), np.linspace(0, 1, n)
    x, y, z = (np.interp(to, at, v) for v in (x, y, z))
    high = z > 1.36
    origins = np.stack([np.where(high, x, x * 0.8), np.full(n, -0.015), np.minimum(z, 1.36)], 1)
    side = np.sqrt(np.maximum(1 - y * y, 0))
    rays = unit(np.stack([np.where(high, 0.0, np.sign(x) * side + 0.5 * x), y, np.where(high, side, 0.0)], 1))

    def worn(p: FloatArray) -> FloatArray:
        return b.body.trunk(p) - ease

    r = b.cast(worn, origins, rays, np.full(n, 0.4))
    path = origins + r[:, None] * rays
    b.band(path, b.gradient(worn, path), width_m, 0.012, surface, lambda p: body_weights(b.bones, p))


def _basket(b: MeshBuilder) -> None:
    """A shop's hand basket, open on top, with a handle over the middle."""
    drop = LOAD_DROP_M["basket"]
    profile = [(-drop + 0.20, 0.150, 0.215), (-drop + 0.19, 0.143, 0.207), (-drop + 0.10, 0.132, 0.192),
               (-drop, 0.118, 0.175), (-drop, 0.02, 0.03), (-drop + 0.012, 0.02, 0.03), (-drop + 0.012, 0.112, 0.168),
               (-drop + 0.10, 0.126, 0.186), (-drop + 0.20, 0.140, 0.205), (-drop + 0.20, 0.150, 0.215)]  # fmt: skip
    shade = (1, 1, 1, 0.9, 0.6, 0.45, 0.45, 0.6, 0.85, 1)
    b.cup(profile, (0, 0, 0), 5, 20, Surface(b.look.load_colour, LEATHER, BAG), rigid("load"), shade)
    turn = np.linspace(0, np.pi, 9)
    path = np.stack([0.146 * np.cos(turn), np.zeros(9), -drop + 0.19 + (drop - 0.175) * np.sin(turn) ** 0.7], 1)
    out = unit(np.stack([np.cos(turn), np.zeros(9), np.sin(turn) + 0.01], 1))
    b.band(path, out, 0.022, 0.012, Surface((0.12, 0.12, 0.13), LEATHER, BAG), rigid("load"))


def _tote(b: MeshBuilder) -> None:
    """A cloth bag with two handles."""
    drop = LOAD_DROP_M["tote"]
    profile = [(-drop + 0.36, 0.045, 0.19), (-drop + 0.25, 0.07, 0.19), (-drop + 0.08, 0.085, 0.185),
               (-drop, 0.06, 0.17), (-drop, 0.01, 0.02), (-drop + 0.02, 0.01, 0.02), (-drop + 0.02, 0.05, 0.16),
               (-drop + 0.25, 0.06, 0.18), (-drop + 0.36, 0.040, 0.185), (-drop + 0.36, 0.045, 0.19)]  # fmt: skip
    shade = (1, 1, 1, 0.9, 0.6, 0.45, 0.45, 0.6, 0.8, 1)
    b.cup(profile, (0, 0, 0), 2.6, 16, Surface(b.look.load_colour, CLOTH, BAG), rigid("load"), shade)
    for x in (0.03, -0.03):
        y = np.array([0.10, 0.075, 0.04, 0.0, -0.04, -0.075, -0.10])
        z = np.array([-drop + 0.35, -0.10, -0.02, 0.005, -0.02, -0.10, -drop + 0.35])
        path = np.stack([x * (0.4 - z / drop), y, z], 1)
        b.band(path, np.tile((1.0, 0, 0), (7, 1)), 0.022, 0.008, Surface(b.look.load_colour, CLOTH, BAG), rigid("load"))

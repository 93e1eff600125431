"""Short scenes, one hard thing each: the exam questions of a walk-out shop.

A scene is a function that sends people into a `Stage`; `SCENES` lists them with
the group they count in and what is needed to resolve them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from aisle.simulation import acts
from aisle.simulation.people import Person
from aisle.simulation.stage import Stage
from aisle.simulation.stock import Item
from aisle.simulation.world import Script
from aisle.store.model import Facing

Play = Callable[[Stage], None]


@dataclass(frozen=True, slots=True)
class Scene:
    kind: str
    group: str
    resolvable: str
    about: str
    play: Play


SCENES: dict[str, Scene] = {}


def scene(group: str, resolvable: str = "weight+head") -> Callable[[Play], Play]:
    """Register a scene; its docstring says what happens."""

    def register(play: Play) -> Play:
        SCENES[play.__name__] = Scene(play.__name__, group, resolvable, (play.__doc__ or "").strip(), play)
        return play

    return register


# ----------------------------------------------------------------- one person
@scene("single shopper")
def one_item(s: Stage) -> None:
    """One shopper, one item."""
    f = s.facing()
    s.enter(lambda a: s.pick(a, f))


@scene("single shopper")
def short_list(s: Stage) -> None:
    """One shopper, three to five products, sometimes two of one."""

    def errand(a: Person) -> Script:
        chosen: list[Facing] = []
        for _ in range(s.several(3, 5)):
            chosen.append(s.facing(*chosen))
            yield from s.pick(a, chosen[-1], 2 if s.chance(0.2) else 1)

    s.enter(errand)


@scene("single shopper")
def only_looks(s: Stage) -> None:
    """Touches, weighs up, leaves with nothing."""

    def errand(a: Person) -> Script:
        for _ in range(s.several(2, 3)):
            f = s.facing()
            item = s.front(f)[0]
            spot = item.spot or s.place(f)
            yield from acts.approach(s.world, a, spot)
            if s.chance(0.5):
                yield from acts.weigh_up(s.world, a, item)
            else:
                yield from acts.touch(s.world, a, spot, s.several(1, 2))

    s.enter(errand)


@scene("quantity")
def several_of_one(s: Stage) -> None:
    """Two to four units of one product."""
    f = s.facing()
    s.enter(lambda a: s.pick(a, f, s.several(2, 4)))


@scene("quantity")
def both_hands(s: Stage) -> None:
    """Two products at once, one in each hand."""
    f = s.facing()
    n = s.near(f, 0.1, 0.5)

    def errand(a: Person) -> Script:
        left, right = s.front(f)[0], s.front(n)[0]
        yield from acts.approach(s.world, a, left.spot or s.place(f))
        yield from acts.take_with_both_hands(s.world, a, left, right)

    s.enter(errand)


@scene("quantity")
def last_ones(s: Stage) -> None:
    """Somebody empties a facing nearly sold out; the next one finds nothing and takes something else."""
    f = s.facing()
    for item in s.world.stock.standing(f.gtin, f)[2:]:
        item.spot = None
    s.world.stock.start = tuple((i, spot) for i, spot in s.world.stock.start if i.spot is not None)

    def second(b: Person) -> Script:
        yield from acts.approach(s.world, b, s.place(f))
        yield from s.pick(b, s.facing(f))

    s.enter(lambda a: s.pick(a, f, 2))
    s.enter(second, 14.0)


@scene("quantity")
def other_facing(s: Stage) -> None:
    """The same product from the two places where it stands."""
    by_product: dict[str, list[Facing]] = {}
    for f in s.facings():
        by_product.setdefault(f.gtin, []).append(f)
    twice = [fs for fs in by_product.values() if len(fs) > 1]
    places = twice[int(s.rng.integers(len(twice)))] if twice else [s.facing()]

    def errand(a: Person) -> Script:
        for f in places[:2]:
            yield from s.pick(a, f)

    s.enter(errand)


# ------------------------------------------------------------------- put back
@scene("put back")
def back_where_it_was(s: Stage) -> None:
    """Takes two products, returns one to its place later, keeps the other."""

    def errand(a: Person) -> Script:
        f = s.facing()
        n = s.facing(f)
        yield from s.pick(a, f)
        item = a.held[-1]
        yield from s.pick(a, n)
        yield from s.put(a, item, s.place(f))

    s.enter(errand)


@scene("put back")
def back_elsewhere(s: Stage) -> None:
    """Leaves an item among others on another shelf and takes one of those."""

    def errand(a: Person) -> Script:
        f = s.facing()
        n = s.facing(f)
        yield from s.pick(a, f)
        yield from s.put(a, a.held[-1], s.place(n))
        if s.chance(0.6):
            yield from acts.take(s.world, a, s.front(n))

    s.enter(errand)


@scene("put back")
def stray_is_taken(s: Stage) -> None:
    """One leaves an item in a wrong place, the next takes it from there."""
    f = s.facing()
    n = s.facing(f)
    strays: list[Item] = []

    def first(a: Person) -> Script:
        yield from s.pick(a, f)
        strays.append(a.held[-1])
        yield from s.put(a, a.held[-1], s.place(n))

    def second(b: Person) -> Script:
        while not strays or strays[0].spot is None:
            yield from acts.pause(s.world, b, 0.8, 1.2)
        yield from acts.approach(s.world, b, strays[0].spot)
        yield from acts.take(s.world, b, strays)

    s.enter(first)
    s.enter(second, 9.0)


@scene("put back")
def swaps(s: Stage) -> None:
    """Takes one, compares, puts it back for its neighbour."""

    def errand(a: Person) -> Script:
        f = s.facing()
        n = s.near(f, 0.0, 0.5)
        yield from s.pick(a, f)
        item = a.held[-1]
        yield from acts.pause(s.world, a, 0.5, 2.0)
        yield from s.put(a, item, s.place(f))
        yield from s.pick(a, n)

    s.enter(errand)


@scene("put back", "video")
def left_on_the_floor(s: Stage) -> None:
    """Takes three, drops one: pays two."""

    def errand(a: Person) -> Script:
        chosen: list[Facing] = []
        for _ in range(3):
            chosen.append(s.facing(*chosen))
            yield from s.pick(a, chosen[-1])
        yield from acts.drop(s.world, a, a.held[int(s.rng.integers(len(a.held)))])

    s.enter(errand)


# ---------------------------------------------------------------- disturbance
@scene("disturbance")
def leans(s: Stage) -> None:
    """Props on a board, then takes something from it."""
    f = s.facing()

    def errand(a: Person) -> Script:
        yield from acts.approach(s.world, a, s.place(f))
        yield from acts.lean(s.world, a, s.place(f), float(s.rng.uniform(1.5, 5.0)))
        yield from s.pick(a, f)

    s.enter(errand)


@scene("disturbance")
def hand_rests(s: Stage) -> None:
    """A hand rests on goods for some seconds; then takes one, or not."""
    f = s.facing()

    def errand(a: Person) -> Script:
        yield from acts.approach(s.world, a, s.place(f))
        yield from acts.hold(s.world, a, s.place(f), float(s.rng.uniform(3.0, 9.0)), float(s.rng.uniform(60, 420)))
        if s.chance(0.5):
            yield from s.pick(a, f)

    s.enter(errand)


@scene("disturbance")
def half_lifted(s: Stage) -> None:
    """Holds an item half lifted, lets it down, takes another product."""
    f = s.facing(heavier_than=80.0)

    def errand(a: Person) -> Script:
        yield from acts.approach(s.world, a, s.place(f))
        lifted = float(s.rng.uniform(0.3, 0.7)) * (s.product(f).weight_g or 0.0)
        yield from acts.hold(s.world, a, s.place(f), float(s.rng.uniform(2.0, 6.0)), -lifted)
        yield from s.pick(a, s.facing(f))

    s.enter(errand)


@scene("disturbance")
def pushes_aside(s: Stage) -> None:
    """Slides an item to the next plate, then takes one of the neighbours."""
    f = s.facing()

    def errand(a: Person) -> Script:
        item = s.front(f)[0]
        yield from acts.approach(s.world, a, item.spot or s.place(f))
        yield from acts.slide(s.world, a, item, float(s.rng.choice([-1, 1]) * s.rng.uniform(0.05, 0.13)))
        yield from s.pick(a, s.near(f, 0.0, 0.6))

    s.enter(errand)


@scene("disturbance")
def gondola_shaken(s: Stage) -> None:
    """The gondola trembles while somebody picks from it."""
    f = s.facing()

    def errand(a: Person) -> Script:
        yield from acts.approach(s.world, a, s.place(f))
        for _ in range(4):
            acts.sway(s.world, f.gondola, s.world.now + float(s.rng.uniform(-1.0, 2.5)))
        yield from s.pick(a, f)
        yield from s.pick(a, s.facing(f, gondola=f.gondola))

    s.enter(errand)


# ------------------------------------------------------------- several people
@scene("several people")
def side_by_side(s: Stage) -> None:
    """Two people, neighbouring products, the same moment."""
    f = s.facing()
    n = s.near(f, 0.3, 0.8)
    _together(s, f, n, (0.0, 0.7))


@scene("several people")
def same_product(s: Stage) -> None:
    """Two people each take one of the same product within half a second."""
    f = s.facing()
    _together(s, f, f, (0.0, 0.5))


@scene("several people")
def two_boards(s: Stage) -> None:
    """Two people, two boards of one gondola, the same moment."""
    f = s.facing()
    _together(s, f, s.near(f, 0.2, 1.2, same_shelf=False), (0.0, 0.5))


@scene("several people", "hands")
def reaches_across(s: Stage) -> None:
    """Each takes what stands in front of the other."""
    f = s.facing()
    n = s.near(f, 0.3, 0.6)
    gap = (n.x0_m + n.x1_m - f.x0_m - f.x1_m) / 2
    _together(s, f, n, (0.4, 1.5), gap if abs(gap) <= 0.7 else 0.0)


def _together(s: Stage, f: Facing, n: Facing, apart_s: tuple[float, float], crossed_m: float = 0.0) -> None:
    meeting = s.meet(2)
    gap = float(s.rng.uniform(*apart_s))

    def errand(facing: Facing, aside: float | None, delay: float) -> Callable[[Person], Script]:
        def run(who: Person) -> Script:
            item = s.front(facing)[0]
            yield from acts.approach(s.world, who, item.spot or s.place(facing), aside)
            yield from meeting.come(who)
            items = [item] if item.spot is not None else s.front(facing)
            yield from acts.take(s.world, who, items, at=meeting.at + 1.0 + delay)

        return run

    sides = (crossed_m, -crossed_m) if crossed_m else ((-0.25, 0.25) if f is n else (None, None))
    s.enter(errand(f, sides[0], 0.0))
    s.enter(errand(n, sides[1], gap), 2.0)


@scene("several people", "hands")
def reaches_past(s: Stage) -> None:
    """Somebody stands before the goods doing nothing, another reaches past."""
    f = s.facing()
    meeting = s.meet(2)
    spot = s.place(f)

    def idle(b: Person) -> Script:
        yield from acts.approach(s.world, b, spot, 0.02, 0.34)
        yield from meeting.come(b)
        yield from acts.pause(s.world, b, 3.0, 5.0)

    def errand(a: Person) -> Script:
        yield from acts.approach(s.world, a, spot, float(s.rng.choice([-0.5, 0.5])))
        yield from meeting.come(a)
        yield from acts.take(s.world, a, s.front(f))

    s.enter(idle)
    s.enter(errand, 2.5)


@scene("several people")
def given_to_another(s: Stage) -> None:
    """One takes and gives it to another, who keeps it: who lifted it pays."""
    _give(s, puts_back=False)


@scene("several people")
def given_and_put_back(s: Stage) -> None:
    """One takes and gives it to another, who puts it back: nobody pays."""
    _give(s, puts_back=True)


def _give(s: Stage, puts_back: bool) -> None:
    f = s.facing()
    meeting, given = s.meet(2), []

    def giver(a: Person) -> Script:
        yield from s.pick(a, f)
        yield from meeting.come(a)
        item = a.held[-1]
        yield from acts.hand_over(s.world, a, partner[0], item)
        given.append(item)

    partner: list[Person] = []

    def taker(b: Person) -> Script:
        partner.append(b)
        yield from acts.approach(s.world, b, s.place(f), float(s.rng.choice([-0.6, 0.6])))
        yield from meeting.come(b)
        while not given:
            yield s.world.now + 0.1
        if puts_back:
            yield from s.put(b, given[0], s.place(f))
        yield from s.pick(b, s.facing(f))

    s.enter(giver)
    s.enter(taker, 1.5)


@scene("several people")
def crowd_at_one_gondola(s: Stage) -> None:
    """Four to six people at one gondola, two or three things each, some put back."""
    gondola = s.facing().gondola

    def errand(a: Person) -> Script:
        for _ in range(s.several(2, 3)):
            f = s.facing(gondola=gondola)
            yield from s.pick(a, f)
            if a.held and s.chance(0.2):
                yield from s.put(a, a.held[-1], s.place(f))

    for k in range(s.several(4, 6)):
        s.enter(errand, 1.5 * k)


@scene("several people")
def busy_shop(s: Stage) -> None:
    """Three or four people all over the shop, three to five things each, some left in wrong places."""

    def errand(a: Person) -> Script:
        for _ in range(s.several(3, 5)):
            yield from s.pick(a, s.facing(), 2 if s.chance(0.15) else 1)
            if a.held and s.chance(0.15):
                yield from s.put(a, a.held[-1], s.place(s.facing()))

    for k in range(s.several(3, 4)):
        s.enter(errand, float(s.rng.uniform(1.5, 4.0)) * k)


# ---------------------------------------------------------------------- staff
@scene("staff", "staff list")
def restocking(s: Stage) -> None:
    """Staff fill a facing; afterwards a customer buys from it."""
    f = s.facing()
    _staff_fills(s, f)
    s.enter(lambda a: s.pick(a, f, s.several(1, 2)), 22.0)


@scene("staff", "staff list")
def restocking_beside_shopper(s: Stage) -> None:
    """Staff fill a facing while a customer picks from the same gondola."""
    f = s.facing()
    n = s.near(f, 0.4, 1.2, same_shelf=False)
    _staff_fills(s, f)
    s.enter(lambda a: s.pick(a, n), 3.0)


@scene("staff", "staff list")
def staff_tidies(s: Stage) -> None:
    """A customer strays an item, staff carry it back to its place, the customer takes another."""
    f = s.facing()
    n = s.facing(f)
    strays: list[Item] = []

    def customer(a: Person) -> Script:
        yield from s.pick(a, f)
        strays.append(a.held[-1])
        yield from s.put(a, a.held[-1], s.place(n))
        yield from s.pick(a, s.facing(f, n))

    def tidy(b: Person) -> Script:
        while not strays or strays[0].spot is None:
            yield from acts.pause(s.world, b, 0.8, 1.2)
        yield from acts.approach(s.world, b, strays[0].spot)
        yield from acts.take(s.world, b, strays)
        yield from s.put(b, strays[0], s.place(f))

    s.enter(customer)
    s.enter(tidy, 8.0, "staff")


def _staff_fills(s: Stage, f: Facing) -> None:
    def errand(b: Person) -> Script:
        spot = s.place(f)
        yield from acts.approach(s.world, b, spot)
        items = [s.world.stock.new_item(s.product(f)) for _ in range(s.several(3, 5))]
        width = 0.3 * (f.x1_m - f.x0_m)
        for item in items:
            at = replace(spot, x_m=spot.x_m + float(s.rng.uniform(-width, width)))
            yield from acts.restock(s.world, b, [item], at)

    s.enter(errand, 0.0, "staff")


# -------------------------------------------------------------------- sensors
@scene("sensors")
def batches_lost(s: Stage) -> None:
    """A short list while the gondolas' messages get lost now and then."""
    s.world.dynamics = replace(s.world.dynamics, batch_loss=0.02, burst_loss_per_min=1.0)
    short_list(s)


@scene("sensors", "weight+head")
def tracker_blinks(s: Stage) -> None:
    """Two people shop while the tracker loses sight of them again and again."""
    s.world.dynamics = replace(s.world.dynamics, dropout_per_min=14.0, dropout_s=(0.4, 1.5))
    short_list(s)
    short_list(s)

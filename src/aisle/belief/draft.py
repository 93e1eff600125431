"""One explanation of one event: who did what, and what of the world is different afterwards."""

from __future__ import annotations

from typing import NamedTuple

from aisle.belief.scene import Scene
from aisle.belief.state import Held, Item, Key, ShelfState, Stray, Value


class Act(NamedTuple):
    """One person, one product, taken (-1) or put on the shelf (+1)."""

    who: str
    sign: int
    gtin: str | None
    quantity: int
    how: str  # "facing", "stray", "relabelled", "home", "elsewhere", "restock", "unknown"


class Draft(NamedTuple):
    """One explanation: joint score, acts, and what it does to the world."""

    score: float
    acts: tuple[Act, ...]
    put: tuple[tuple[str, Item], ...] = ()  # (who gives it up, item)
    stray: Item | None = None  # the item now standing where it should not
    home: Item | None = None  # the item now standing where it should
    taken: Stray | None = None  # the stray that was taken
    relabel: tuple[int, str] | None = None
    why: str = ""


def after(scene: Scene, d: Draft, held: dict[str, Held], shelf: ShelfState) -> tuple[tuple[Key, Value], ...]:
    """The variables an explanation changes, as they are afterwards."""
    now: dict[str, tuple[Item, ...]] = {}
    for who, item in d.put:
        now[who] = tuple(i for i in now.get(who, held[who].items) if i is not item)
    for act in d.acts:
        if act.sign < 0 and act.who in held and act.who not in scene.staff:
            now[act.who] = now.get(act.who, held[act.who].items) + _lifted(scene, d, act)
    out: list[tuple[Key, Value]] = [(("p", who), Held(items, scene.t_s)) for who, items in now.items()]
    state = shelf
    if d.stray is not None:
        state = state.plus(scene.standing(d.stray))
    if d.home is not None:
        state = state.home(scene.standing(d.home))
    if d.taken is not None:
        state = state.minus(d.taken)
    if d.relabel is not None:
        state = state.relabel(*d.relabel)
    if state is not shelf:
        out.append((("s", scene.board.index), state))
    return tuple(out)


def _lifted(scene: Scene, d: Draft, act: Act) -> tuple[Item, ...]:
    if d.taken is not None:
        old = d.taken.item
        return (Item(old.gtin, old.weight_g, old.var_g2, scene.event),)
    if act.gtin is None:
        return (Item(None, abs(scene.fit.sum_g), scene.fit.sum_var, scene.event),)
    return scene.lifted(scene.board.store.products[act.gtin], act.quantity, alone=len(d.acts) == 1)

"""The terminal while a filmed shop runs: its clock, cameras, people, baskets with their odds, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from aisle.store.model import Store
from aisle.store.prices import format_amount
from aisle.walkout.view.baskets import percent, shown_first
from aisle.walkout.view.camera_panel import camera_fault
from aisle.walkout.view.floor_plan import gondola_outlines
from aisle.walkout.view.moment import BasketNow, Moment, PersonThere
from aisle.walkout.view.side_panels import clock, current
from aisle.walkout.view.theme import LIKELY, SURE, person_colour

BESIDE_M = 0.9
"""Somebody this near a gondola stands at it."""
WIDE = 96
"""Columns of a terminal in which baskets stand beside cameras and people."""
LATEST = 4
FAULTS = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a filmed shop has come: `frames` by camera, of `duration_s` seconds, in `elapsed_s` on the wall clock."""

    frames: Mapping[str, int]
    duration_s: float
    elapsed_s: float

    def left_s(self, since_s: float) -> float | None:
        """How long it will still take, None while nobody can say."""
        return self.elapsed_s * (self.duration_s / since_s - 1.0) if since_s > 1.0 else None


def screen(moment: Moment, progress: Progress, columns: int = 100) -> RenderableType:
    """Everything at one moment, about 25 lines high; people stand beside the cameras where there are few `columns`."""
    beside_all = columns >= WIDE
    grid = Table.grid(expand=True, padding=(0, 2))
    grid.add_column(ratio=3)
    grid.add_column(ratio=4 if beside_all else 3)
    cameras, people, baskets = _cameras(moment, progress), _people(moment), _baskets(moment)
    grid.add_row(*((Group(cameras, Text(), people), baskets) if beside_all else (cameras, people)))
    rest = (_latest(moment), _faults(moment))
    parts = (grid, Text(), *rest) if beside_all else (grid, Text(), baskets, Text(), *rest)
    return Panel(Group(_head(moment, progress), Text(), *parts), title=moment.store.name)


def line(moment: Moment, progress: Progress) -> str:
    """The same in one line, for logs and pipes."""
    people = sum(not p.staff for p in moment.people)
    things = sum(n.quantity for b in moment.baskets for n in b.lines)
    return (
        f"{moment.since_s:3.0f} s of {progress.duration_s:.0f} s: {people} in the store, {things} taken, "
        f"{_said(progress.left_s(moment.since_s))}"
    )


def _said(left_s: float | None) -> str:
    return "" if left_s is None else f"{max(0.0, left_s):.0f} s left"


def _head(moment: Moment, progress: Progress) -> RenderableType:
    row = Table.grid(padding=(0, 2))
    now = clock(moment.t_ns, moment.store.time_zone).strftime("%H:%M:%S")
    bar = ProgressBar(total=progress.duration_s, completed=moment.since_s, width=30)
    pace = f"{moment.since_s / max(progress.elapsed_s, 1e-9):.1f} × as fast as life"
    row.add_row(
        Text(now, style="bold"),
        bar,
        Text(f"{moment.since_s:.0f} of {progress.duration_s:.0f} s"),
        Text(_said(progress.left_s(moment.since_s)), style="cyan"),
        Text(pace, style="dim"),
    )
    return row


def _table(title: str, *columns: str) -> Table:
    table = Table(box=None, title=title, title_justify="left", title_style="bold", pad_edge=False, expand=True)
    for name in columns:
        table.add_column(name, no_wrap=True, header_style="dim")
    return table


def _cameras(moment: Moment, progress: Progress) -> Table:
    table = _table("Cameras", "camera", "frames", "a second", "")
    for camera, count in progress.frames.items():
        wrong = camera_fault(camera, moment.health, moment.t_ns)
        state = Text(wrong.kind, style="red") if wrong else Text("well", style="green")
        rate = f"{count / max(progress.elapsed_s, 1e-9):.1f}"
        table.add_row(camera, f"{count}", rate, state)
    return table


def _people(moment: Moment) -> Table:
    table = _table("People found", "", "on the floor", "")
    for person in sorted(moment.people, key=lambda p: p.number):
        x, y = float(person.head_m[0]), float(person.head_m[1])
        where = beside(moment.store, person)
        table.add_row(_badge(person.number), f"{x:.1f} m, {y:.1f} m", f"staff {where}" if person.staff else where)
    if not moment.people:
        table.add_row("", Text("nobody", style="dim"), "")
    return table


def beside(store: Store, person: PersonThere) -> str:
    """The gondola somebody stands at, "" when at none."""
    near = {
        gondola: float(np.linalg.norm(np.maximum(np.maximum(o.min(0) - p, p - o.max(0)), 0.0)))
        for p in (person.head_m[:2],)
        for gondola, o in gondola_outlines(store).items()
    }
    gondola = min(near, key=lambda g: near[g]) if near else None
    return f"at gondola {gondola}" if gondola is not None and near[gondola] < BESIDE_M else ""


def _badge(number: int) -> Text:
    blue, green, red = person_colour(number)
    return Text(f" {number} ", style=f"black on rgb({red},{green},{blue})")


def _baskets(moment: Moment) -> Table:
    table = _table("Baskets", "", "in it", "sure", moment.store.currency)
    for column in table.columns[2:]:
        column.justify = "right"
    table.columns[1].ratio = 1
    for basket in shown_first(moment.baskets):
        table.add_row(*_basket(basket, moment.store.currency))
    if not moment.baskets:
        table.add_row("", Text("nobody has been in the store yet", style="dim"), "", "")
    return table


def _basket(basket: BasketNow, currency: str) -> tuple[RenderableType, ...]:
    if basket.place == "staff":
        return _badge(basket.number), Text("staff", style="dim"), "", ""
    said = "left with nothing" if basket.place == "left" else "nothing yet"
    names = Text("\n").join(Text(f"{n.quantity} × {n.name}") for n in basket.lines) or Text(said, style="dim")
    odds = Text("\n").join(_odds(n.probability) for n in basket.lines) or _odds(basket.probability)
    total = Text(format_amount(basket.total_minor, currency) if basket.lines else "")
    if basket.place == "left":
        names.stylize("dim")
        total.append("\nleft", style="dim")
    return _badge(basket.number), names, odds, total


def _odds(probability: float) -> Text:
    style = "green" if probability >= SURE else "yellow" if probability >= LIKELY else "red"
    return Text(percent(probability), style=style)


def _latest(moment: Moment) -> RenderableType:
    text = Text()
    for happening in moment.happenings[-LATEST:][::-1]:
        at = clock(happening.t_ns, moment.store.time_zone).strftime("%H:%M:%S")
        text.append(f"{at}  ", style="dim")
        text.append_text(_badge(happening.number) if happening.number is not None else Text(" ? ", style="yellow"))
        verb = "took" if happening.quantity > 0 else "put back"
        text.append(f" {verb} {abs(happening.quantity)} × {happening.name}  ")
        text.append_text(_odds(happening.probability))
        text.append("\n")
    return text


def _faults(moment: Moment) -> RenderableType:
    now = current(moment.health, moment.t_ns)
    if not now:
        return Text("Sensors: all well", style="dim")
    said = [Text(f"{e.kind}: {e.where}", style="red" if e.grave else "yellow", overflow="ellipsis") for e in now]
    return Text("\n").join(said[:FAULTS])

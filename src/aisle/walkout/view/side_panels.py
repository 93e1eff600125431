"""What just happened, and what is wrong: the two lists beside the plan."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from aisle.sensing.readings import HealthEntry
from aisle.walkout.view.baskets import percent
from aisle.walkout.view.canvas import Canvas, Rect
from aisle.walkout.view.moment import Happening, Moment
from aisle.walkout.view.theme import (
    BODY,
    CARD,
    ERROR_MARK,
    ERROR_TEXT,
    GOOD_MARK,
    HAIRLINE,
    INK,
    INK_FAINT,
    INK_SOFT,
    LEAD,
    NAME,
    ON_INK,
    RADIUS,
    SMALL,
    STRONG,
    SURE,
    TEXT,
    UNSURE_MARK,
    UNSURE_TEXT,
    person_colour,
)  # fmt: skip

HEAD, ROW, PAD = 46.0, 27.0, 16.0
NS = 1_000_000_000


def draw_happenings(canvas: Canvas, rect: Rect, moment: Moment) -> None:
    """The latest takes and returns, newest first."""
    _draw_head(canvas, rect, "Latest", f"{len(moment.happenings)} so far")
    room = max(0, int((rect.height - HEAD - 6) // ROW))
    y = rect.y + HEAD + ROW / 2
    for happening in tuple(reversed(moment.happenings))[:room]:
        _draw_happening(canvas, rect, y, happening, moment)
        y += ROW
    if not moment.happenings:
        canvas.text((rect.x + PAD, y), "Nothing taken yet", INK_FAINT, BODY)


def draw_health(canvas: Canvas, rect: Rect, moment: Moment) -> None:
    """What is wrong now, the grave first; or that nothing is."""
    now = current(moment.health, moment.t_ns)
    word = "all well" if not now else f"{len(now)} to look at"
    _draw_head(canvas, rect, "Sensors", word)
    room = max(0, int((rect.height - HEAD - 6) // ROW))
    y = rect.y + HEAD + ROW / 2
    for entry in now[:room]:
        canvas.disc((rect.x + PAD + 4, y), 4.5, ERROR_MARK if entry.grave else UNSURE_MARK)
        x = rect.x + PAD + 18
        x += canvas.text((x, y), entry.kind, ERROR_TEXT if entry.grave else UNSURE_TEXT, BODY, NAME) + 10
        canvas.text((x, y), entry.where, INK_SOFT, BODY, TEXT, room=rect.right - PAD - x)
        y += ROW
    if not now:
        canvas.disc((rect.x + PAD + 4, y), 4.5, GOOD_MARK)
        store = moment.store
        said = f"{store.plate_count} plates, {len(store.cameras)} camera{'s' * (len(store.cameras) != 1)}"
        canvas.text((rect.x + PAD + 18, y), said, INK_SOFT, BODY)


def current(health: tuple[HealthEntry, ...], t_ns: int) -> list[HealthEntry]:
    """Entries that hold at this moment, or always; the grave first."""
    holding = [
        e for e in health if (e.t0_ns is None or e.t0_ns <= t_ns) and (e.t1_ns is None or t_ns <= e.t1_ns)
    ]  # fmt: skip
    return sorted(holding, key=lambda e: (not e.grave, -(e.t0_ns or 0)))


def clock(t_ns: int, time_zone: str) -> dt.datetime:
    """The shop's time of day."""
    return dt.datetime.fromtimestamp(t_ns // NS, dt.UTC).astimezone(ZoneInfo(time_zone))


def _draw_head(canvas: Canvas, rect: Rect, title: str, aside: str) -> None:
    canvas.fill(rect, CARD, RADIUS)
    canvas.frame(rect, HAIRLINE, RADIUS)
    canvas.text((rect.x + PAD, rect.y + 24), title, INK, LEAD, STRONG)
    canvas.text((rect.right - PAD, rect.y + 24), aside, INK_FAINT, SMALL, align="right")


def _draw_happening(canvas: Canvas, rect: Rect, y: float, happening: Happening, moment: Moment) -> None:
    x = rect.x + PAD
    time = clock(happening.t_ns, moment.store.time_zone).strftime("%H:%M:%S")
    canvas.text((x, y), time, INK_FAINT, SMALL)
    x += 66
    if happening.number is None:
        canvas.ring((x + 9, y), 8.5, UNSURE_MARK)
        canvas.text((x + 9, y), "?", UNSURE_TEXT, SMALL, STRONG, "middle")
    else:
        canvas.disc((x + 9, y), 9.5, person_colour(happening.number))
        canvas.text((x + 9, y), str(happening.number), ON_INK, SMALL, STRONG, "middle")
    x += 28
    right = rect.right - PAD
    if happening.probability < SURE:
        right -= canvas.text((right, y), percent(happening.probability), UNSURE_TEXT, SMALL, TEXT, "right") + 10
    verb = "took" if happening.quantity > 0 else "put back"
    x += canvas.text((x, y), verb, INK_SOFT, BODY) + 6
    count = abs(happening.quantity)
    if count > 1:
        x += canvas.text((x, y), f"{count} ×", INK_SOFT, BODY) + 6
    canvas.text((x, y), happening.name, INK, BODY, NAME, room=right - x)

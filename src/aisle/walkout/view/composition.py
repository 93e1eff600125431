"""The whole picture of a moment: a head line, cameras over baskets on the left, the plan over two lists on the right.

`compose` is pure: the same moment gives the same picture, byte for byte, on the same version of OpenCV.
"""

from __future__ import annotations

import math

from aisle.store.model import Camera
from aisle.vision.seen import Image
from aisle.walkout.view.baskets import draw_baskets
from aisle.walkout.view.camera_panel import draw_camera
from aisle.walkout.view.canvas import Canvas, Rect
from aisle.walkout.view.floor_plan import draw_floor_plan, plan_height
from aisle.walkout.view.moment import Moment
from aisle.walkout.view.side_panels import clock, draw_happenings, draw_health
from aisle.walkout.view.theme import (
    BODY,
    CARD,
    GAP,
    GOOD_MARK,
    HAIRLINE,
    INK,
    INK_FAINT,
    INK_SOFT,
    LEAD,
    NOW_FILL,
    NOW_MARK,
    NOW_TEXT,
    PAPER,
    RADIUS,
    STRONG,
    SUNKEN,
    TITLE,
)  # fmt: skip

WIDTH, HEIGHT = 1920.0, 1080.0  # design units
HEAD = 64.0
SIDE = 600.0  # the right column
LOWEST_BASKETS, LOWEST_LIST = 210.0, 130.0
NEARLY = 0.88  # of the largest possible size: for that, more columns leave the baskets more room


def compose(moment: Moment, width_px: int = 1920) -> Image:
    """The picture of the moment, (h, w, 3) blue-green-red, 16:9 and `width_px` wide.

    Raises ValueError for a width below 480, at which nothing can be read.
    """
    if width_px < 480:
        raise ValueError(f"width_px is {width_px}; at least 480 is needed for text that can be read")
    canvas = Canvas((WIDTH, HEIGHT), PAPER, width_px / WIDTH)
    _draw_head(canvas, moment)
    body = Rect(GAP, HEAD + GAP, WIDTH - 2 * GAP, HEIGHT - HEAD - 2 * GAP)
    left = Rect(body.x, body.y, body.width - SIDE - GAP, body.height)
    right = Rect(left.right + GAP, body.y, SIDE, body.height)
    cameras = moment.store.cameras
    if cameras:
        below = _draw_cameras(canvas, left, cameras, moment)
        plan = _plan_card(right, plan_height(moment.store, SIDE - 2 * GAP))
        _draw_plan(canvas, plan, moment)
        lists = Rect(right.x, plan.bottom + GAP, right.width, right.bottom - plan.bottom - GAP)
    else:
        below = left.y + (left.height - GAP) * 0.66
        _draw_plan(canvas, Rect(left.x, left.y, left.width, below - left.y), moment)
        lists = right
    draw_baskets(canvas, Rect(left.x, below + GAP, left.width, left.bottom - below - GAP), moment)
    high = max(LOWEST_LIST, (lists.height - GAP) * 0.35)
    draw_happenings(canvas, Rect(lists.x, lists.y, lists.width, lists.height - high - GAP), moment)
    draw_health(canvas, Rect(lists.x, lists.bottom - high, lists.width, high), moment)
    return canvas.image


def camera_grid(count: int, room: Rect, shape: float) -> tuple[int, int]:
    """(columns, rows) in which `count` pictures of width / height `shape` come out largest, or nearly: rather wide."""

    def size(columns: int) -> float:
        rows = math.ceil(count / columns)
        width = (room.width - GAP * (columns - 1)) / columns
        height = (room.height - GAP * (rows - 1)) / rows
        return min(width, height * shape)

    best = max(size(c) for c in range(1, count + 1))
    columns = max(c for c in range(1, count + 1) if size(c) >= NEARLY * best)
    return columns, math.ceil(count / columns)


def _draw_cameras(canvas: Canvas, left: Rect, cameras: tuple[Camera, ...], moment: Moment) -> float:
    """All cameras in a grid; gives where it ends."""
    shape = max(camera.size_px[0] / camera.size_px[1] for camera in cameras)
    room = Rect(left.x, left.y, left.width, left.height - LOWEST_BASKETS - GAP)
    columns, rows = camera_grid(len(cameras), room, shape)
    width = (room.width - GAP * (columns - 1)) / columns
    height = min(width / shape, (room.height - GAP * (rows - 1)) / rows)
    for k, camera in enumerate(cameras):
        row, column = divmod(k, columns)
        rect = Rect(room.x + column * (width + GAP), room.y + row * (height + GAP), width, height)
        draw_camera(canvas, rect, camera, moment)
    return room.y + rows * (height + GAP) - GAP


def _plan_card(right: Rect, wanted: float) -> Rect:
    """The plan's card: as high as the floor's shape asks for, but the two lists keep their room."""
    height = min(wanted + 2 * GAP, right.height - 2 * (LOWEST_LIST + GAP) - 40)
    return Rect(right.x, right.y, right.width, height)


def _draw_plan(canvas: Canvas, card: Rect, moment: Moment) -> None:
    canvas.fill(card, CARD, RADIUS)
    canvas.frame(card, HAIRLINE, RADIUS)
    draw_floor_plan(canvas, card.inset(GAP), moment)


def _draw_head(canvas: Canvas, moment: Moment) -> None:
    y = HEAD / 2
    canvas.fill(Rect(0, 0, WIDTH, HEAD), CARD)
    canvas.line([(0, HEAD), (WIDTH, HEAD)], HAIRLINE)
    x = GAP + 4
    x += canvas.text((x, y), moment.store.name, INK, TITLE, STRONG) + 16
    word, colour, fill, dot = {
        "live": ("Live", NOW_TEXT, NOW_FILL, NOW_MARK),
        "replay": ("Replay", INK_SOFT, SUNKEN, INK_SOFT),
        "plan": ("Plan", INK_SOFT, SUNKEN, GOOD_MARK),
    }[moment.source]
    x += canvas.chip((x, y), word, colour, fill, dot=dot) + 16
    canvas.text((x, y), moment.title, INK_FAINT, BODY, room=520)
    if moment.source == "plan":
        return
    right = WIDTH - GAP - 4
    now = clock(moment.t_ns, moment.store.time_zone)
    right -= canvas.text((right, y), now.strftime("%H:%M:%S"), INK, TITLE, STRONG, "right") + 16
    right -= canvas.text((right, y), now.strftime("%a %d %b %Y"), INK_SOFT, LEAD, align="right") + 24
    there = sum(not person.staff for person in moment.people)
    said = f"{there} shopper{'s' * (there != 1)} in the store · {moment.since_s:.1f} s"
    canvas.text((right, y), said, INK_FAINT, BODY, align="right")

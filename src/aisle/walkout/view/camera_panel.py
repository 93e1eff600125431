"""A camera's picture with the people in it: boxes, hands and footprints, all projected from the floor plan.

Boxes come from where people are in the shop, not from any detector, so they can be drawn for every recording that has
cameras; a box through a shelf is somebody behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from aisle.sensing.readings import HealthEntry
from aisle.store.geometry import project
from aisle.store.model import Camera, FloatArray
from aisle.walkout.view.canvas import Canvas, Rect, circle
from aisle.walkout.view.moment import BasketNow, CameraShot, Moment, PersonThere
from aisle.walkout.view.theme import (
    BODY,
    CARD,
    ERROR_FILL,
    ERROR_TEXT,
    HAIRLINE,
    INK,
    INK_FAINT,
    ON_INK,
    PAPER,
    PICTURE,
    RADIUS,
    SMALL,
    STAFF,
    STRONG,
    UNSURE_FILL,
    UNSURE_TEXT,
    Colour,
    person_colour,
)  # fmt: skip

WIDTH_M, CROWN_M = 0.5, 0.12  # of a person; from the middle of the head to its top
FOOT_M = 0.27  # radius of the ring on the floor
STALE_S = 1.0
HEALTH_KINDS = ("frozen", "dark", "covered", "moved", "frame-loss")
RECENT_S = 10.0


class Fit(NamedTuple):
    """Pixels of a camera -> design units of its panel."""

    rect: Rect
    per_px: float

    def at(self, pixels: FloatArray) -> FloatArray:
        return np.asarray((pixels + 0.5) * self.per_px + (self.rect.x, self.rect.y))


def draw_camera(canvas: Canvas, rect: Rect, camera: Camera, moment: Moment) -> None:
    """The camera's panel inside `rect`; the picture keeps its shape."""
    canvas.fill(rect, PICTURE, RADIUS)
    shot = moment.shots.get(camera.camera_id)
    picture = fitted(rect, camera.size_px)
    if shot is None:
        canvas.text(rect.middle, "no picture", INK_FAINT, BODY, align="middle")
    else:
        canvas.picture(shot.image, picture, RADIUS)
    fit = Fit(picture, picture.width / camera.size_px[0])
    inner = canvas.inside(picture)
    items = {basket.number: basket for basket in moment.baskets}
    for person in _far_to_near(camera, moment.people):
        _draw_person(inner, fit, camera, person, items.get(person.number))
    canvas.frame(rect, HAIRLINE, RADIUS, 1.5)
    _draw_label(canvas, rect, camera, shot, moment)


def fitted(rect: Rect, size_px: tuple[int, int]) -> Rect:
    """The largest rectangle of the picture's shape in the middle of `rect`."""
    per_px = min(rect.width / size_px[0], rect.height / size_px[1])
    width, height = size_px[0] * per_px, size_px[1] * per_px
    return Rect(rect.x + (rect.width - width) / 2, rect.y + (rect.height - height) / 2, width, height)


def person_box(camera: Camera, head_m: FloatArray) -> FloatArray | None:
    """(4,) x0, y0, x1, y1 in pixels round an upright body of WIDTH_M under a head, None when not in the picture."""
    if not np.isfinite(head_m).all():
        return None
    ring = circle((float(head_m[0]), float(head_m[1])), WIDTH_M / 2, 12)
    heights = (0.0, 0.5 * float(head_m[2]), float(head_m[2]) + CROWN_M)
    crown = circle((float(head_m[0]), float(head_m[1])), WIDTH_M / 5, 12)
    body = np.concatenate([np.column_stack([crown if z == heights[2] else ring, np.full(12, z)]) for z in heights])
    pixels = project(camera, body)
    if not np.isfinite(pixels).all():
        return None
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    size = np.asarray(camera.size_px, dtype=np.float64) - 1
    if np.any(high < 0) or np.any(low > size):
        return None
    seen = np.prod(np.minimum(high, size) - np.maximum(low, 0)) / max(float(np.prod(high - low)), 1e-9)
    if seen < 0.15:
        return None
    return np.concatenate([np.maximum(low, 0), np.minimum(high, size)])


def _far_to_near(camera: Camera, people: Sequence[PersonThere]) -> list[PersonThere]:
    here = np.asarray(camera.position_m)
    return sorted(people, key=lambda p: -float(np.nan_to_num(np.linalg.norm(p.head_m - here), nan=1e9)))


def _draw_person(canvas: Canvas, fit: Fit, camera: Camera, person: PersonThere, basket: BasketNow | None) -> None:
    box = person_box(camera, person.head_m)
    if box is None:
        return
    colour = STAFF if person.staff else person_colour(person.number)
    x, y = float(person.head_m[0]), float(person.head_m[1])
    feet = project(camera, np.column_stack([circle((x, y), FOOT_M, 36), np.zeros(36)]))
    if np.isfinite(feet).all():
        canvas.polygon(fit.at(feet), colour, 0.22)
        canvas.line(fit.at(feet), colour, 2.0, closed=True)
    low, high = fit.at(box.reshape(2, 2))
    frame = Rect(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))
    _corners(canvas, frame, colour)
    _draw_hands(canvas, fit, camera, person, colour)
    _draw_tag(canvas, fit.rect, frame, _said(person, basket), colour)


def _said(person: PersonThere, basket: BasketNow | None) -> str:
    if person.staff:
        return f"{person.number} · staff"
    count = sum(line.quantity for line in basket.lines) if basket else 0
    return f"{person.number}" if not count else f"{person.number} · {count} item{'s' * (count > 1)}"


def _corners(canvas: Canvas, box: Rect, colour: Colour) -> None:
    """A thin frame with strong corners: the eye finds the person, the picture stays free."""
    canvas.frame(box, colour, 6.0, 1.0, 0.7)
    arm = min(16.0, box.width / 3, box.height / 3)
    for x, dx in ((box.x, arm), (box.right, -arm)):
        for y, dy in ((box.y, arm), (box.bottom, -arm)):
            canvas.line([(x + dx, y), (x, y), (x, y + dy)], PAPER, 4.5, 0.5)
            canvas.line([(x + dx, y), (x, y), (x, y + dy)], colour, 2.5)


def _draw_hands(canvas: Canvas, fit: Fit, camera: Camera, person: PersonThere, colour: Colour) -> None:
    head, *hands = fit.at(project(camera, np.concatenate([person.head_m[None], person.wrists_m])))
    for hand in hands:
        if np.isfinite(hand).all():
            at = (float(hand[0]), float(hand[1]))
            canvas.disc(at, 6.0, PAPER, 0.6)
            canvas.disc(at, 4.5, colour)
            canvas.ring(at, 4.5, INK, 1.2)
    if np.isfinite(head).all():
        canvas.ring((float(head[0]), float(head[1])), 4.0, colour, 1.6, 0.9)


def _draw_tag(canvas: Canvas, rect: Rect, box: Rect, said: str, colour: Colour) -> None:
    width = canvas.width_of(said, SMALL, STRONG) + 14
    x = min(max(box.x - 1, rect.x + 4), rect.right - width - 4)
    y = box.y - 24 if box.y - 26 > rect.y else min(box.y + 4, rect.bottom - 26)
    canvas.fill(Rect(x, y, width, 21), colour, 5.0)
    canvas.text((x + 7, y + 10.5), said, ON_INK, SMALL, STRONG)


def _draw_label(canvas: Canvas, rect: Rect, camera: Camera, shot: CameraShot | None, moment: Moment) -> None:
    x, y = rect.x + 10, rect.y + 22
    x += canvas.chip((x, y), camera.camera_id, INK, CARD, alpha=0.82) + 6
    wrong = camera_fault(camera.camera_id, moment.health, moment.t_ns)
    if wrong is not None:
        canvas.chip((x, y), wrong.kind, ERROR_TEXT, ERROR_FILL, alpha=0.92)
    elif shot is not None and (age := (moment.t_ns - shot.t_ns) * 1e-9) > STALE_S:
        canvas.chip((x, y), f"{age:.1f} s old", UNSURE_TEXT, UNSURE_FILL, alpha=0.92)


def camera_fault(camera_id: str, health: Iterable[HealthEntry], t_ns: int) -> HealthEntry | None:
    """What is wrong with the camera at this moment, None when nothing is known to be."""
    for entry in health:
        mine = entry.camera == camera_id and entry.kind in HEALTH_KINDS
        if mine and (entry.t0_ns is None or entry.t0_ns <= t_ns) and (entry.t1_ns is None or t_ns <= entry.t1_ns):
            return entry
    return None

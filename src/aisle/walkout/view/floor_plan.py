"""The floor plan from above: walls, fixtures, gates, cameras with what they see, people with their tails and hands."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, QhullError

from aisle.store.geometry import at_height
from aisle.store.model import Camera, FloatArray, Gate, Shelf, Store
from aisle.walkout.view.canvas import Canvas, Rect, circle
from aisle.walkout.view.moment import Happening, Moment, PersonThere
from aisle.walkout.view.theme import (
    BODY,
    CARD,
    EDGE,
    GOOD_MARK,
    HAIRLINE,
    INK,
    INK_FAINT,
    INK_SOFT,
    NOW_MARK,
    ON_INK,
    PAPER,
    SMALL,
    STAFF,
    STRONG,
    SUNKEN,
    UNSURE_MARK,
    Colour,
    person_colour,
)  # fmt: skip

BODY_M = 0.16  # drawn radius of a person
FRESH_S = 4.0  # a happening glows so long
VIEW_M = 1.3  # how far a camera's field of view is drawn


class Plan:
    """Metres on the floor -> design units in a rectangle; north (+y) is up."""

    def __init__(self, store: Store, rect: Rect) -> None:
        points = _outline_points(store)
        low, high = points.min(axis=0), points.max(axis=0)
        size = np.maximum(high - low, 1.0)
        self.per_m = float(min(rect.width / size[0], rect.height / size[1]))
        spare = (rect.width - self.per_m * size[0]) / 2, (rect.height - self.per_m * size[1]) / 2
        self._x0 = rect.x + spare[0] - self.per_m * float(low[0])
        self._y0 = rect.bottom - spare[1] + self.per_m * float(low[1])
        self.low_m, self.high_m = low, high

    def at(self, points_m: npt.ArrayLike) -> FloatArray:
        """(n, 2 or more) metres -> (n, 2) design units."""
        p = np.atleast_2d(np.asarray(points_m, dtype=np.float64))
        return np.stack([self._x0 + self.per_m * p[:, 0], self._y0 - self.per_m * p[:, 1]], axis=1)

    def one(self, x_m: float, y_m: float) -> tuple[float, float]:
        """One point."""
        x, y = self.at([[x_m, y_m]])[0]
        return (float(x), float(y))


def plan_height(store: Store, width: float) -> float:
    """How high a plan of that width wants to be."""
    size = np.maximum(np.ptp(_outline_points(store), axis=0), 1.0)
    return float(width * size[1] / size[0])


def _outline_points(store: Store) -> FloatArray:
    """What must be on the plan: the floor, else everything that stands there."""
    if store.floor_m:
        return np.asarray(store.floor_m, dtype=np.float64)
    points = [corner for shelf in store.shelves for corner in footprint(shelf)]
    points += [np.asarray(camera.position_m[:2]) for camera in store.cameras]
    if not points:
        return np.array([[0.0, 0.0], [5.0, 5.0]])
    around = np.array(points)
    return np.stack([around.min(axis=0) - 1.5, around.max(axis=0) + 1.5])


def footprint(shelf: Shelf) -> FloatArray:
    """(4, 2) corners of a shelf on the floor: front left, front right, back right, back left."""
    left, right = shelf.plate_edges_m[0], shelf.plate_edges_m[-1]
    corners = [(left, 0.0), (right, 0.0), (right, shelf.depth_m), (left, shelf.depth_m)]
    return np.array([shelf.world(x, d)[:2] for x, d in corners])


def gondola_outlines(store: Store) -> dict[int, FloatArray]:
    """Gondola -> (k, 2) hull of its shelves on the floor."""
    corners: dict[int, list[FloatArray]] = {}
    for shelf in store.shelves:
        corners.setdefault(shelf.gondola, []).append(footprint(shelf))
    out = {}
    for gondola, found in corners.items():
        points = np.concatenate(found)
        try:
            out[gondola] = points[ConvexHull(points).vertices]
        except (QhullError, ValueError):
            out[gondola] = points
    return out


def draw_floor_plan(canvas: Canvas, rect: Rect, moment: Moment) -> None:
    """The whole plan inside `rect`."""
    store = moment.store
    plan = Plan(store, rect)
    canvas = canvas.inside(rect.inset(-3.0))
    _draw_ground(canvas, plan, store)
    for camera in store.cameras:
        _draw_field(canvas, plan, camera)
    _draw_fixtures(canvas, plan, store)
    for gate in store.gates:
        _draw_gate(canvas, plan, gate)
    for happening in moment.happenings:
        _draw_glow(canvas, plan, store, happening, (moment.t_ns - happening.t_ns) * 1e-9)
    for camera in store.cameras:
        _draw_camera(canvas, plan, camera)
    for person in moment.people:
        _draw_tail(canvas, plan, person)
    for person in moment.people:
        _draw_person(canvas, plan, person)
    _draw_measure(canvas, rect, plan)


def _draw_ground(canvas: Canvas, plan: Plan, store: Store) -> None:
    floor = store.floor_m or [
        (plan.low_m[0], plan.low_m[1]), (plan.high_m[0], plan.low_m[1]),
        (plan.high_m[0], plan.high_m[1]), (plan.low_m[0], plan.high_m[1]),
    ]  # fmt: skip
    canvas.polygon(plan.at(floor), PAPER)
    for x in range(math.ceil(plan.low_m[0]), math.floor(plan.high_m[0]) + 1):
        for y in range(math.ceil(plan.low_m[1]), math.floor(plan.high_m[1]) + 1):
            canvas.disc(plan.one(x, y), 1.2, HAIRLINE)
    for zone in store.zones:
        if zone.kind != "sales":
            corners = plan.at(zone.outline_m)
            canvas.polygon(corners, SUNKEN, 0.6)
            canvas.dashes(np.concatenate([corners, corners[:1]]), EDGE, 1.0)
            low, high = corners.min(axis=0), corners.max(axis=0)
            middle = (float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2)
            canvas.text(middle, zone.zone_id, INK_FAINT, SMALL, align="middle", room=float(high[0] - low[0]) - 8)
    canvas.line(plan.at(floor), EDGE, 3.0, closed=True)


def _draw_fixtures(canvas: Canvas, plan: Plan, store: Store) -> None:
    for gondola, outline in gondola_outlines(store).items():
        corners = plan.at(outline)
        canvas.polygon(corners, SUNKEN)
        canvas.line(corners, HAIRLINE, 1.5, closed=True)
        middle = corners.mean(axis=0)
        canvas.text((float(middle[0]), float(middle[1])), str(gondola), INK_SOFT, BODY, 500, "middle")
    fronts = {(s.gondola, tuple(map(tuple, np.round(footprint(s)[:2], 3)))) for s in store.shelves}
    for _, front in sorted(fronts):
        canvas.line(plan.at(front), EDGE, 2.0)


def _draw_gate(canvas: Canvas, plan: Plan, gate: Gate) -> None:
    a, b = plan.at([gate.a_m, gate.b_m])
    along = (b - a) / max(float(np.linalg.norm(b - a)), 1e-9)
    across = np.array([-along[1], along[0]]) * 7
    canvas.line([a, b], CARD, 5.0)
    for post in (a, b):
        canvas.line([post - across, post + across], INK_SOFT, 2.5)
    word = {"entry": "In", "exit": "Out", "both": "In · Out"}[gate.kind]
    inward = np.asarray(plan.one(*((plan.low_m + plan.high_m) / 2))) - (a + b) / 2
    inward /= max(float(np.linalg.norm(inward)), 1e-9)
    side = across / 7 * (1.0 if across @ inward > 0 else -1.0)
    x, y = (a + b) / 2 + side * 16
    canvas.text((float(x), float(y)), word, INK_SOFT, SMALL, 500, "middle")


def field_of_view(camera: Camera, far_m: float = VIEW_M) -> FloatArray:
    """(k, 2) where the camera's view lies on the plan: towards the left and right edge of its picture, `far_m` away at
    most, and round for one that looks straight down."""
    width, height = camera.size_px
    pixels = np.array([[u, (height - 1) * v] for v in (0.75, 0.4) for u in np.linspace(0, width - 1, 9)])
    ground = at_height(camera, pixels, 0.0)[:, :2] - np.asarray(camera.position_m[:2])
    ground = ground[np.isfinite(ground).all(axis=1)]
    if len(ground) < 3:
        return np.zeros((0, 2))
    length = np.linalg.norm(ground, axis=1, keepdims=True)
    reach = ground * np.minimum(1.0, far_m / np.maximum(length, 1e-9))
    middle = reach.mean(axis=0)
    if np.linalg.norm(middle) < 0.35 * far_m:
        return np.asarray(np.asarray(camera.position_m[:2]) + circle((0.0, 0.0), min(far_m, float(length.max()))))
    turn = np.arctan2(middle[1], middle[0])
    angles = np.angle(np.exp(1j * (np.arctan2(ground[:, 1], ground[:, 0]) - turn)))
    sweep = turn + np.linspace(angles.min(), angles.max(), 12)
    arc = far_m * np.stack([np.cos(sweep), np.sin(sweep)], axis=1)
    return np.asarray(np.concatenate([np.zeros((1, 2)), arc]) + np.asarray(camera.position_m[:2]))


def _draw_field(canvas: Canvas, plan: Plan, camera: Camera) -> None:
    field = field_of_view(camera)
    if len(field):
        canvas.polygon(plan.at(field), NOW_MARK, 0.10)


def _draw_camera(canvas: Canvas, plan: Plan, camera: Camera) -> None:
    at = plan.one(*camera.position_m[:2])
    canvas.disc(at, 5.5, PAPER)
    canvas.disc(at, 4.0, NOW_MARK)


def _draw_glow(canvas: Canvas, plan: Plan, store: Store, happening: Happening, age_s: float) -> None:
    shelf = store.shelf_at.get((happening.gondola, happening.shelf))
    if shelf is None or not 0 <= age_s <= FRESH_S:
        return
    edges = shelf.plate_edges_m
    plates = [p for p in happening.plates if 0 < p < len(edges)] or [1, len(edges) - 1]
    left, right = edges[min(plates) - 1], edges[max(plates)]
    corners = [shelf.world(x, d)[:2] for x, d in ((left, 0), (right, 0), (right, shelf.depth_m), (left, shelf.depth_m))]
    colour = UNSURE_MARK if happening.quantity > 0 else GOOD_MARK
    if happening.number is not None:
        colour = person_colour(happening.number)
    strength = 1.0 - age_s / FRESH_S
    canvas.polygon(plan.at(corners), colour, 0.25 + 0.6 * strength)


def _colour(person: PersonThere) -> Colour:
    return STAFF if person.staff else person_colour(person.number)


def _draw_tail(canvas: Canvas, plan: Plan, person: PersonThere) -> None:
    tail = _smooth(plan.at(person.tail_m)) if len(person.tail_m) else np.zeros((0, 2))
    pieces = min(6, max(1, len(tail) - 1))
    edges = np.linspace(0, len(tail) - 1, pieces + 1).astype(int)
    for k, (first, last) in enumerate(itertools.pairwise(edges)):
        canvas.line(tail[first : last + 1], _colour(person), 2.5, 0.15 + 0.6 * (k + 1) / pieces)


def _smooth(points: FloatArray) -> FloatArray:
    """Each point the mean of itself and up to three on both sides; the ends stay."""
    sums = np.cumsum(np.concatenate([np.zeros((1, 2)), points]), axis=0)
    at = np.arange(len(points))
    reach = np.minimum(np.minimum(at, len(points) - 1 - at), 3)
    return np.asarray((sums[at + reach + 1] - sums[at - reach]) / (2 * reach + 1)[:, None])


def _draw_person(canvas: Canvas, plan: Plan, person: PersonThere) -> None:
    if not np.isfinite(person.head_m[:2]).all():
        return
    colour = _colour(person)
    x, y = plan.one(float(person.head_m[0]), float(person.head_m[1]))
    for wrist in person.wrists_m:
        if np.isfinite(wrist[:2]).all():
            hand = plan.one(float(wrist[0]), float(wrist[1]))
            canvas.line([(x, y), hand], colour, 2.5, 0.8)
            canvas.disc(hand, 4.5, colour)
    radius = max(11.0, BODY_M * plan.per_m)
    canvas.disc((x, y), radius + 2.5, PAPER)
    canvas.disc((x, y), radius, colour)
    canvas.text((x, y), str(person.number), ON_INK, BODY, STRONG, "middle")


def _draw_measure(canvas: Canvas, rect: Rect, plan: Plan) -> None:
    """One metre, for the eye."""
    x, y = plan.one(float(plan.low_m[0]), float(plan.high_m[1]))
    x, y = x + 14.0, y + 18.0
    canvas.line([(x, y - 4), (x, y), (x + plan.per_m, y), (x + plan.per_m, y - 4)], INK_FAINT, 1.5)
    canvas.text((x + plan.per_m / 2, y - 9), "1 m", INK, 12, align="middle")

"""A simulated shop full of people, as detectors would see it: the poses of the simulator through cameras, no pixels.

This measures the tracker alone.  The scripts of the simulator's shoppers give the truth; a body is a column that hides
what is behind it, gondolas are boxes, and detections are made from what is left to be seen, with noise, slow errors,
guessed feet, drops and clutter.  Figures from here are called "poses" in every table, for no picture was looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from aisle.simulation import acts
from aisle.simulation.dynamics import Dynamics
from aisle.simulation.floor import Fixture, fixtures_of
from aisle.simulation.shopping import Taste
from aisle.simulation.stage import Stage
from aisle.simulation.world import Script, World
from aisle.store.example import example_store
from aisle.store.geometry import look_at, project
from aisle.store.model import Camera, FloatArray, Store
from aisle.vision.seen import PeopleSeen

BODY_RADIUS_M = 0.20
SHELF_TOP_M = 0.30  # a gondola reaches so far above its highest board
LOOK_SIZE = 32


@dataclass(frozen=True, slots=True)
class Noise:
    """How the made detections err.

    `head_px`, `foot_px`, `hand_px` are white (standard deviation, at the picture's scale); `slow_m` wanders over two
    seconds, per person and camera; `foot_hidden` is how far a guessed foot is off, as a share of the box's height.
    `missed` of the clear people are not found; the more of them is hidden the fewer are.  `clutter` false boxes a
    picture, `look` the standard deviation of a look's direction (cosine of two looks of one person about
    1 / (1 + look^2)), `look_size` 0 for no looks.
    """

    head_px: float = 1.5
    foot_px: float = 3.0
    hand_px: float = 2.5
    slow_m: float = 0.03
    foot_hidden: float = 0.10
    missed: float = 0.03
    clutter: float = 0.1
    hand_missed: float = 0.2
    look: float = 0.55
    look_size: int = LOOK_SIZE


@dataclass(frozen=True)
class Crowded:
    """A simulated stretch: `t` (f,) seconds, k people with `present` (f, k), body `places_m` (f, k, 2), `heads_m`
    (f, k, 3), `wrists_m` (f, k, 2, 3), and `seen[f][camera_id]` the made detections."""

    store: Store
    t: FloatArray
    present: npt.NDArray[np.bool_]
    places_m: FloatArray
    heads_m: FloatArray
    wrists_m: FloatArray
    seen: tuple[dict[str, PeopleSeen], ...]


def corner_rig(store: Store, size_px: tuple[int, int] = (640, 360), height_m: float = 2.7) -> tuple[Camera, ...]:
    """Four cameras in the corners of a store's floor looking at its middle, with the distortion of a cheap lens."""
    xs, ys = [p[0] for p in store.floor_m], [p[1] for p in store.floor_m]
    low, high = (min(xs), min(ys)), (max(xs), max(ys))
    middle = ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2, 0.7)
    focal = 0.52 * size_px[0]
    rig = []
    for number, (x, y) in enumerate(((low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1]))):
        place = (x + math.copysign(0.15, middle[0] - x), y + math.copysign(0.15, middle[1] - y), height_m)
        rig.append(
            Camera(
                f"corner-{number + 1}",
                "simulated",
                size_px,
                (focal, focal),
                ((size_px[0] - 1) / 2, (size_px[1] - 1) / 2),
                place,
                look_at(place, middle),
                (-0.12, 0.015, 0.0, 0.0),
            )
        )
    return tuple(rig)


def crowded_shop(
    seed: int, *, people: int = 6, minutes: float = 10.0, fps: float = 10.0, noise: Noise | None = None
) -> Crowded:
    """`people` shoppers at a time in the example shop for `minutes`, who leaves is followed by the next.

    The same arguments give the same arrays.
    """
    rng = np.random.default_rng([0x7AC4, seed])
    store = example_store()
    store = replace(store, cameras=corner_rig(store))
    world = _shopped(store, people, minutes * 60.0, rng)
    t = np.arange(int(minutes * 60.0 * fps)) / fps + 5.0
    return watched(world, store, t, noise or Noise(), rng)


def _shopped(store: Store, people: int, seconds: float, rng: np.random.Generator) -> World:
    world = World.of(store, Dynamics(), rng)
    stage = Stage(world, calm_s=0.0)
    taste = Taste.of(store, rng)

    def turn(number: int) -> Script:
        while world.now < seconds:
            who = yield from acts.come_in(world)
            yield from acts.pause(world, who, 0.1, 0.6)
            for gtin in taste.shopping_list(rng):
                places = [f for f in store.facings if f.gtin == gtin and world.stock.standing(gtin, f)]
                if places:
                    yield from stage.pick(who, places[int(rng.integers(len(places)))])
                    yield from acts.pause(world, who, 0.5, 4.0)
            yield from acts.leave(world, who)
            yield world.now + float(rng.uniform(1.0, 4.0))

    for number in range(people):
        world.start(2.5 * number + float(rng.uniform(0, 1)), turn(number))
    world.run()
    return world


def watched(world: World, store: Store, t: FloatArray, noise: Noise, rng: np.random.Generator) -> Crowded:
    """Everybody in a world that has run, at the moments `t` (seconds), as the store's cameras see them."""
    k, f = len(world.people), len(t)
    present = np.zeros((f, k), dtype=bool)
    places, heads = np.full((f, k, 2), np.nan), np.full((f, k, 3), np.nan)
    wrists = np.full((f, k, 2, 3), np.nan)
    for j, who in enumerate(world.people):
        a, b = np.searchsorted(t, (who.t_in, who.t_out))
        if b > a:
            pose = who.pose(t[a:b], phase=float(rng.uniform(0, 6.28)))
            present[a:b, j], places[a:b, j] = True, pose.feet_m
            heads[a:b, j], wrists[a:b, j] = pose.head_m, pose.wrists_m
    faces = rng.normal(0, 1, (k, max(noise.look_size, 1)))
    faces /= np.linalg.norm(faces, axis=1, keepdims=True)
    fixtures = fixtures_of(store)
    tops = {s.gondola: 0.0 for s in store.shelves}
    for s in store.shelves:
        tops[s.gondola] = max(tops[s.gondola], s.origin_m[2] + SHELF_TOP_M)
    seen: list[dict[str, PeopleSeen]] = [{} for _ in range(f)]
    for camera in store.cameras:
        eye = _Watch(camera, noise, rng, fixtures, tops)
        for i, found in enumerate(eye.detections(t, present, places, heads, wrists, faces)):
            seen[i][camera.camera_id] = found
    return Crowded(store, t, present, places, heads, wrists, tuple(seen))


class _Watch:
    """One camera's made detections."""

    def __init__(
        self,
        camera: Camera,
        noise: Noise,
        rng: np.random.Generator,
        fixtures: tuple[Fixture, ...],
        tops: dict[int, float],
    ) -> None:
        self.camera, self.noise, self.rng = camera, noise, rng
        self.fixtures, self.tops = fixtures, tops
        self.eye = np.asarray(camera.position_m)

    def detections(
        self,
        t: FloatArray,
        present: npt.NDArray[np.bool_],
        places: FloatArray,
        heads: FloatArray,
        wrists: FloatArray,
        faces: FloatArray,
    ) -> Iterator[PeopleSeen]:
        k = places.shape[1]
        slow = [self._wander(t) for _ in range(k)]
        drift = np.stack(slow, axis=1) if k else np.zeros((len(t), 0, 2))  # (f, k, 2) head and foot alike, metres
        for i in range(len(t)):
            who = np.flatnonzero(present[i])
            yield self._picture(places[i, who], heads[i, who], wrists[i, who], drift[i, who], faces[who])

    def _wander(self, t: FloatArray) -> FloatArray:
        knots = np.arange(t[0], t[-1] + 4.0, 2.0)
        values = self.rng.normal(0, self.noise.slow_m, (len(knots), 2))
        return np.stack([np.interp(t, knots, values[:, d]) for d in range(2)], axis=1)

    def _picture(
        self, places: FloatArray, heads: FloatArray, wrists: FloatArray, drift: FloatArray, faces: FloatArray
    ) -> PeopleSeen:
        noise, rng, n = self.noise, self.rng, len(places)
        shares = np.linspace(0.0, 1.0, 7)
        foot = np.concatenate([places, np.zeros((n, 1))], axis=1)
        column = foot[:, None] + shares[:, None] * (heads - foot)[:, None]  # (n, 7, 3) from foot to head
        clear = self._clear(column.reshape(-1, 3), np.repeat(np.arange(n), 7), places, heads).reshape(n, 7)
        pixels = project(self.camera, column.reshape(-1, 3)).reshape(n, 7, 2)
        inside = self._inside(pixels)
        visible = clear & inside
        share = visible.mean(axis=1)
        head_there = visible[:, 5:].any(axis=1)
        chance = (1.0 - noise.missed) * np.clip(1.6 * share + 0.25 * head_there - 0.15, 0.0, 1.0)
        found = np.flatnonzero((rng.random(n) < chance) & (share > 0.2))
        seen = self._boxes(found, pixels, visible, drift, heads, faces)
        hands = self._hands(found, wrists, places, heads)
        return self._cluttered(replace_hands(seen, *hands))

    def _inside(self, pixels: FloatArray) -> npt.NDArray[np.bool_]:
        w, h = self.camera.size_px
        with np.errstate(invalid="ignore"):
            return np.asarray(
                (pixels[..., 0] >= 0) & (pixels[..., 0] < w) & (pixels[..., 1] >= 0) & (pixels[..., 1] < h)
            )

    def _clear(
        self, points: FloatArray, owner: npt.NDArray[np.intp], places: FloatArray, heads: FloatArray
    ) -> npt.NDArray[np.bool_]:
        """Whether points (m, 3) are seen past the bodies (other than their owner's) and the gondolas."""
        way = points - self.eye
        flat = np.hypot(way[:, 0], way[:, 1])
        clear = np.ones(len(points), dtype=bool)
        for j in range(len(places)):
            to = places[j] - self.eye[:2]
            along = np.clip((way[:, :2] @ to) / np.maximum(flat**2, 1e-9), 0.0, 1.0)
            near = np.hypot(*(along[:, None] * way[:, :2] - to).T)
            height = self.eye[2] + along * way[:, 2]
            hidden = (near < BODY_RADIUS_M) & (height < heads[j, 2] + 0.12) & (along < 0.97) & (owner != j)
            clear &= ~hidden
        steps = np.linspace(0.05, 0.97, 24)
        samples = self.eye + steps[:, None, None] * way
        for fixture in self.fixtures:
            blocked = (fixture.distance(samples[..., :2]) < 0) & (samples[..., 2] < self.tops[fixture.gondola])
            clear &= ~blocked.any(axis=0)
        return clear

    def _boxes(
        self,
        found: npt.NDArray[np.intp],
        pixels: FloatArray,
        visible: npt.NDArray[np.bool_],
        drift: FloatArray,
        heads: FloatArray,
        faces: FloatArray,
    ) -> PeopleSeen:
        noise, rng, m = self.noise, self.rng, len(found)
        column, shown = pixels[found], visible[found]
        away = np.linalg.norm(heads[found] - self.eye, axis=1)
        scale = self.camera.focal_px[0] / np.maximum(away, 0.3)  # pixels a metre
        head, foot = column[:, 6], column[:, 0]
        tall = np.maximum(np.linalg.norm(head - foot, axis=1), 0.3 * scale)
        slow = drift[found] * scale[:, None]
        head_px = head + slow + rng.normal(0, noise.head_px, (m, 2))
        foot_shown = shown[:, :2].all(axis=1)
        foot_sigma = np.where(foot_shown, noise.foot_px, np.maximum(noise.foot_hidden * tall, noise.foot_px))
        foot_px = foot + slow + rng.normal(0, 1, (m, 2)) * foot_sigma[:, None]
        head_px[~shown[:, 5:].any(axis=1)] = np.nan
        points = np.where(shown[..., None], column, np.nan)
        half = 0.24 * scale[:, None]
        low, high = np.nanmin(points, axis=1) - half, np.nanmax(points, axis=1) + half
        edge = np.asarray(self.camera.size_px, dtype=np.float64) - 1.0
        boxes = np.concatenate([np.clip(low, 0, edge), np.clip(high, 0, edge)], axis=1)
        boxes += rng.normal(0, 2.0, boxes.shape)
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 2.0)
        looks = np.zeros((m, 0))
        if noise.look_size:
            looks = faces[found] + rng.normal(0, noise.look / math.sqrt(noise.look_size), (m, noise.look_size))
            looks /= np.linalg.norm(looks, axis=1, keepdims=True)
        return PeopleSeen(
            boxes,
            np.clip(rng.normal(0.85, 0.08, m), 0.3, 0.99),
            head_px,
            np.where(np.isfinite(head_px[:, 0]), noise.head_px + 0.015 * scale, np.nan),
            foot_px,
            foot_sigma + 0.015 * scale,
            np.full((m, 2, 2), np.nan),
            np.full((m, 2), np.nan),
            np.zeros((m, 2)),
            np.full((m, 2), np.nan),
            looks,
        )

    def _hands(
        self, found: npt.NDArray[np.intp], wrists: FloatArray, places: FloatArray, heads: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        noise, rng, m = self.noise, self.rng, len(found)
        points = wrists[found].reshape(-1, 3)
        pixels = project(self.camera, points).reshape(m, 2, 2) if m else np.zeros((0, 2, 2))
        clear = self._clear(points, np.repeat(found, 2), places, heads).reshape(m, 2)
        behind = rng.random((m, 2)) < noise.hand_missed  # also: hidden by their own body
        shown = clear & self._inside(pixels) & ~behind
        pixels = np.where(shown[..., None], pixels + rng.normal(0, noise.hand_px, pixels.shape), np.nan)
        scores = np.where(shown, np.clip(rng.normal(0.75, 0.12, (m, 2)), 0.2, 0.98), 0.0)
        turned = rng.random(m) < 0.5
        pixels[turned], scores[turned] = pixels[turned][:, ::-1], scores[turned][:, ::-1]
        return pixels, scores

    def _cluttered(self, seen: PeopleSeen) -> PeopleSeen:
        """False boxes among the true ones, in mixed order."""
        noise, rng = self.noise, self.rng
        count = int(rng.poisson(noise.clutter))
        w, h = self.camera.size_px
        middle = rng.uniform(0, 1, (count, 2)) * (w, h)
        tall = rng.uniform(0.15, 0.5, count) * h
        size = np.stack([0.4 * tall, tall], axis=1)
        boxes = np.concatenate([middle - size / 2, middle + size / 2], axis=1)
        looks = rng.normal(0, 1, (count, seen.looks.shape[1]))
        looks /= np.maximum(np.linalg.norm(looks, axis=1, keepdims=True), 1e-9)
        false = PeopleSeen(
            boxes,
            np.clip(rng.normal(0.45, 0.12, count), 0.1, 0.9),
            middle - np.stack([np.zeros(count), 0.42 * tall], axis=1),
            np.full(count, 3.0),
            middle + np.stack([np.zeros(count), 0.5 * tall], axis=1),
            np.full(count, 5.0),
            np.full((count, 2, 2), np.nan),
            np.full((count, 2), np.nan),
            np.zeros((count, 2)),
            np.full((count, 2), np.nan),
            looks,
        )
        both = PeopleSeen(*(np.concatenate([getattr(seen, s), getattr(false, s)]) for s in PeopleSeen.__slots__))
        return both[rng.permutation(len(both))]


def replace_hands(seen: PeopleSeen, hands_px: FloatArray, scores: FloatArray) -> PeopleSeen:
    """The same people with these wrists (m, 2, 2) and scores (m, 2)."""
    return replace(seen, hands_px=hands_px, hand_scores=scores)

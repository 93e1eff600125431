"""Training sets: pictures of people in shops nobody has seen, each with its view's background and its truth.

Many shops, each with several cameras, each with a handful of moments.  A background is the same view without people,
taken at another moment: with its own noise, slightly other light, and now and then a few goods that stand otherwise.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.bustle import bustling
from aisle.simulation.pictures.daylight import light_at, unevenly_relit
from aisle.simulation.pictures.fittings import Decor
from aisle.simulation.pictures.frame_truth import FrameTruth, frame_truth
from aisle.simulation.pictures.packages import label_set
from aisle.simulation.pictures.random_shop import random_shop
from aisle.simulation.pictures.renderers import Kind, open_renderer
from aisle.simulation.pictures.rigs import SIZE_PX, RigKind, some_view
from aisle.simulation.pictures.scene import Light, Picture, Renderer, Scene
from aisle.simulation.pictures.sensor import Sensor, SensorTraits, metered, motion_blurred
from aisle.simulation.pictures.staging import Staging
from aisle.store.geometry import project
from aisle.store.model import Camera, FloatArray

VIEWS: dict[str, tuple[RigKind, float, tuple[float, float]]] = {
    "corner": ("ceiling", 0.52, (62.0, 100.0)),
    "down": ("straight-down", 0.30, (78.0, 112.0)),
    "aisle": ("aisle", 0.13, (58.0, 90.0)),
    "shelf-edge": ("shelf-edge", 0.05, (75.0, 110.0)),
}
"""Name of a view -> its mounts, its share of all pictures, its field of view in degrees."""
VIEWS_PER_SHOP = 5
PICTURES_PER_VIEW = 13
PER_SHOP = VIEWS_PER_SHOP * PICTURES_PER_VIEW
PEOPLE_PER_SHOP = 8
SECONDS = 70.0
_COUNTS = (0.07, 0.19, 0.22, 0.19, 0.13, 0.09, 0.07, 0.04)
"""Odds of 0, 1, ... 7 people in a picture."""
BACKGROUND_MOVED = 0.3
MOVED_WHILE_OPEN = 0.2
"""Share of the pictures that are smeared by motion; all need not be, since most shutters are quick."""
_SHUTTER_S = 0.05
_REACHING, _HOLDING = 1.0, 0.35
"""What somebody who reaches, or holds something, adds to the odds of a moment."""
LABEL_SIDE_PX = 128
"""Labels are made this high: what such pictures can show of them is less."""
TRUTH_FILE = "truth.jsonl"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture of a set, its background and what it shows; images are BGR."""

    image: npt.NDArray[np.uint8]
    background: npt.NDArray[np.uint8]
    camera: Camera
    view: str
    shop: int
    t: float
    truth: FrameTruth


@dataclass(frozen=True, slots=True)
class _Order:
    """The pictures one shop has to give: `count` from number `first` on."""

    out: Path
    seed: int
    shop: int
    first: int
    count: int
    size_px: tuple[int, int]
    kind: Kind


def write_picture_set(
    out: Path,
    count: int,
    seed: int,
    *,
    size_px: tuple[int, int] = SIZE_PX,
    kind: Kind = "auto",
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write `count` pictures with backgrounds and `truth.jsonl` under `out`.

    `out/pictures/NNNNNN.jpg` and `out/backgrounds/NNNNNN.jpg` belong together; each line of the truth is one JSON
    object (`line_of`).  The same arguments write the same files, in one process or in `jobs`.
    Raises ValueError for a count below 1.
    """
    if count < 1:
        raise ValueError(f"count is {count}: at least one picture is needed")
    for folder in ("pictures", "backgrounds"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    orders = [
        _Order(out, seed, shop, first, min(PER_SHOP, count - first), size_px, kind)
        for shop, first in enumerate(range(0, count, PER_SHOP))
    ]
    done = 0
    with (out / TRUTH_FILE).open("w", encoding="utf-8") as lines, ExitStack() as held:
        if jobs > 1 and len(orders) > 1:
            pool = held.enter_context(multiprocessing.get_context("spawn").Pool(min(jobs, len(orders)), _alone))
            written: Iterable[list[str]] = pool.imap(_write_shop, orders)
        else:
            written = map(_write_shop, orders)
        for shop_lines in written:
            lines.writelines(shop_lines)
            lines.flush()
            done += len(shop_lines)
            if progress is not None:
                progress(done, count)


def _alone() -> None:
    """Each process is one of several: no threads of its own."""
    cv2.setNumThreads(1)


def _write_shop(order: _Order) -> list[str]:
    """Write the pictures of one shop; returns its lines of the truth."""
    rng = np.random.default_rng([0x1E6, order.seed, order.shop])
    lines = []
    for k, shot in enumerate(shop_shots(order.shop, order.seed, size_px=order.size_px, kind=order.kind)):
        if k == order.count:
            break
        name = f"{order.first + k:06d}.jpg"
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(68, 93))]
        for folder, image in (("pictures", shot.image), ("backgrounds", shot.background)):
            if not cv2.imwrite(str(order.out / folder / name), image, quality):
                raise OSError(f"{order.out / folder / name} could not be written")
        lines.append(json.dumps(line_of(shot, name)) + "\n")
    return lines


def line_of(shot: Shot, name: str) -> dict[str, Any]:
    """One picture's truth as plain values."""
    return {
        "file": f"pictures/{name}",
        "background": f"backgrounds/{name}",
        "view": shot.view,
        "shop": shot.shop,
        "t": round(shot.t, 3),
        "camera": asdict(shot.camera),
        "people": [person.as_json() for person in shot.truth.people],
    }


def shop_shots(shop: int, seed: int, *, size_px: tuple[int, int] = SIZE_PX, kind: Kind = "auto") -> Iterator[Shot]:
    """All `PER_SHOP` pictures of one shop: a new layout, new goods, new people, several cameras."""
    rng = np.random.default_rng([0x9C7, seed, shop])
    store = random_shop(rng, f"Shop {shop}")
    world = bustling(store, PEOPLE_PER_SHOP, SECONDS, rng)
    full, layers = label_set(store)
    labels = np.stack([cv2.resize(a, (2 * LABEL_SIDE_PX, LABEL_SIDE_PX), interpolation=cv2.INTER_AREA) for a in full])
    decor = Decor.drawn(rng)
    shelved = [item.ident for item in world.stock.items if item.spot is not None]
    loose = rng.choice(shelved, min(len(shelved), 40), replace=False).tolist() if shelved else []
    staging = Staging(world, layers, rng, decor=decor, loose=loose)
    renderer = open_renderer(labels, kind)
    names = list(VIEWS)
    odds = [VIEWS[name][1] for name in names]
    track = _Whereabouts.of(staging)
    for number in range(VIEWS_PER_SHOP):
        name = names[int(rng.choice(len(names), p=odds))]
        mounts, _, fov = VIEWS[name]
        camera = some_view(
            store,
            mounts,
            rng,
            camera_id=f"shop-{shop}-view-{number}",
            size_px=size_px,
            fov_deg=float(rng.uniform(*fov)),
            ceiling_m=decor.ceiling_m,
        )
        light = light_at(staging.lamps_m, float(rng.uniform(6.0, 22.0)), rng)
        look = _Look.drawn(renderer, camera, replace(staging.empty(0.0), light=light), rng)
        for _ in range(PICTURES_PER_VIEW):
            yield _shot(staging, look, track, loose, rng, name, shop)


@dataclass(frozen=True, slots=True)
class _Look:
    """What stays the same through a view."""

    renderer: Renderer
    camera: Camera
    sensor: Sensor
    light: Light

    @classmethod
    def drawn(cls, renderer: Renderer, camera: Camera, empty: Scene, rng: np.random.Generator) -> _Look:
        """A camera that has set its exposure to the empty shop, more or less well."""
        traits = SensorTraits.drawn(rng)
        exposure = metered(renderer.render(camera, empty).rgb, float(rng.uniform(0.32, 0.64)))
        traits = replace(traits, exposure=float(np.clip(traits.exposure * exposure, 0.2, 6.0)))
        return cls(renderer, camera, Sensor(traits, camera.size_px, rng), empty.light)

    def render(self, scene: Scene) -> Picture:
        return self.renderer.render(self.camera, replace(scene, light=self.light))

    def taken(self, rgb: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """BGR, as OpenCV writes it."""
        return np.ascontiguousarray(self.sensor.read(rgb, rng)[:, :, ::-1])


def _shot(
    staging: Staging,
    look: _Look,
    track: _Whereabouts,
    loose: list[int],
    rng: np.random.Generator,
    view: str,
    shop: int,
) -> Shot:
    wanted = int(rng.choice(len(_COUNTS), p=np.array(_COUNTS) / sum(_COUNTS)))
    t, people = track.moment(look.camera, wanted, rng)
    missing = [i for i in loose if rng.random() < 0.15]
    staged = staging.at(t, without=missing, people=people)
    picture = look.render(staged.scene)
    rgb = picture.rgb
    if people and rng.random() < MOVED_WHILE_OPEN:
        earlier = look.render(staging.at(t - _SHUTTER_S, without=missing, people=people).scene)
        rgb = motion_blurred(picture, earlier, float(rng.uniform(0.3, 1.0)))
    moved = rng.random() < BACKGROUND_MOVED
    before = float(rng.uniform(0.0, SECONDS)) if moved else t
    away = [i for i in loose if (rng.random() < 0.1) != (i in missing)] if moved else missing
    empty = look.render(staging.empty(before, without=away))
    return Shot(
        image=look.taken(rgb, rng),
        background=look.taken(unevenly_relit(empty.rgb, rng, float(rng.uniform(0.2, 1.6))), rng),
        camera=look.camera,
        view=view,
        shop=shop,
        t=t,
        truth=frame_truth(look.camera, staged, picture),
    )


@dataclass(frozen=True, slots=True)
class _Whereabouts:
    """Where everybody is on a grid of moments: (moments,), (people, moments, 2), who is inside, and how much who does
    is worth a picture: most while a hand is among goods, less while it holds what was taken."""

    t: FloatArray
    feet_m: FloatArray
    inside: npt.NDArray[np.bool_]
    worth: FloatArray

    @classmethod
    def of(cls, staging: Staging) -> _Whereabouts:
        people = staging.world.people
        t = np.arange(0.5, SECONDS, 0.25)
        feet = np.stack([who.pose(t, 0.0).feet_m for who in people])
        inside = np.stack([(t >= who.t_in) & (t < who.t_out) for who in people])
        worth = np.zeros(inside.shape)
        for k, moment in enumerate(t):
            for person, _ in staging.holding(float(moment)):
                worth[person, k] = _HOLDING
        for j, who in enumerate(people):
            for reach in who.reaches:
                a, b = np.searchsorted(t, (reach.t_there - 0.2, reach.t_leave + 0.2))
                worth[j, a : max(b, a + 1)] = _REACHING
        return cls(t, feet, inside, worth)

    def moment(self, camera: Camera, wanted: int, rng: np.random.Generator) -> tuple[float, frozenset[int]]:
        """A moment at which about `wanted` people are in the picture, and who is shown: those and nobody else.

        Most moments are such that somebody in the picture reaches or holds something, which most people mostly do not,
        and where a reaching hand is decides receipts; people well inside the picture are preferred, because too many
        would be cut otherwise.
        """
        n, m = self.inside.shape
        points = np.concatenate([self.feet_m.reshape(-1, 2), np.full((n * m, 1), 1.0)], axis=1)
        pixels = project(camera, points).reshape(n, m, 2) / np.asarray(camera.size_px)
        with np.errstate(invalid="ignore"):
            seen = ((pixels > -0.05) & (pixels < 1.05)).all(axis=2) & self.inside
            well = ((pixels > 0.12) & (pixels < 0.88)).all(axis=2) & self.inside
        weight = np.where(seen.sum(axis=0) >= wanted, 1.0, 1e-4) * (0.02 + np.minimum(well.sum(axis=0), 4))
        if wanted and rng.random() < 0.75:
            weight = weight * (0.05 + (well * self.worth).sum(axis=0))
        at = int(rng.choice(m, p=weight / weight.sum()))
        liking = rng.random(n) + 1.2 * well[:, at] + 0.6 * self.worth[:, at]
        near = [int(j) for j in np.argsort(-liking) if seen[j, at]]
        return float(self.t[at] + rng.uniform(-0.125, 0.125)), frozenset(near[:wanted])

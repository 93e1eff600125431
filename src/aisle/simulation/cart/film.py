"""What the scan camera films: the basket from above its handle, and what hands hold before it.

Pictures are put together from cut-outs: the basket and what lies in it, the item on its way past the camera, the hand
that holds it.  The item blurs with its movement, the camera adds exposure, colour, noise and JPEG.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from aisle.sensing.cart.readings import SCAN_CAMERA
from aisle.sensing.readings import FrameReading
from aisle.simulation.cart.catalogue import Catalogue
from aisle.simulation.cart.faults import Clock
from aisle.simulation.cart.item_art import CutOut, Wardrobe
from aisle.simulation.cart.photographs import Album, open_album, photographed, write_enrolled
from aisle.simulation.cart.stage import Shown
from aisle.simulation.cart.trip import SimulatedTrip
from aisle.simulation.pictures.sensor import Sensor, SensorTraits

Image = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
WIDTH, HEIGHT = 640, 480
IDLE_PICTURES = 4
"""Pictures of an unchanged scene that take turns while nothing is before the camera: most of a film shows nothing."""
COMING_S = 0.35
"""How long an item takes to come before the camera, and to leave it."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a cut-out is: its middle in pixels, its scale, how far it is turned and tilted."""

    x: float
    y: float
    scale: float
    turn_deg: float
    tilt: float = 0.0


@dataclass(frozen=True, slots=True)
class Passing:
    """One showing as it will be filmed: poses on arrival, while held, on leaving, and the hand's place on the item."""

    t0_s: float
    t1_s: float
    view: CutOut | None
    start: Pose
    held: Pose
    end: Pose
    grip: tuple[float, float]
    wobble: tuple[float, float]

    def pose(self, t_s: float) -> Pose:
        """Smoothly from start to held, swaying, then to the end."""
        into = min(max((t_s - (self.t0_s - COMING_S)) / COMING_S, 0.0), 1.0)
        out = min(max((t_s - self.t1_s) / COMING_S, 0.0), 1.0)
        sway_x = 7.0 * math.sin(5.1 * t_s + self.wobble[0]) + 3.0 * math.sin(11.3 * t_s)
        sway_y = 5.0 * math.sin(4.3 * t_s + self.wobble[1])
        a, b = _smooth(into), _smooth(out)
        mid = _between(self.start, self.held, a)
        at = _between(mid, self.end, b)
        return Pose(at.x + sway_x, at.y + sway_y, at.scale, at.turn_deg + 2.0 * math.sin(3.0 * t_s), at.tilt)


class ScanCamera:
    """Films trips of one store: `frames` for each trip, `write_enrolment` once for the store folder."""

    def __init__(self, catalogue: Catalogue, photographs: Path | None = None) -> None:
        """Raises ValueError where the folder of photographs holds no class."""
        self._album: Album | None = open_album(photographs) if photographs is not None else None
        self.catalogue = catalogue if self._album is None else photographed(catalogue, self._album)
        self._wardrobe = Wardrobe(self.catalogue, self._album.shown if self._album is not None else None)

    def write_enrolment(self, images: Path, rng: np.random.Generator, only: Collection[str] | None = None) -> None:
        """Write `images/<code>/*.jpg` for every product, or for those whose codes are in `only`."""
        if self._album is not None:
            write_enrolled(self.catalogue, self._album, images)
        for article in self.catalogue.articles.values():
            if only is not None and article.code not in only:
                continue
            if article.photograph and self._album is not None:
                continue
            folder = images / article.code
            folder.mkdir(parents=True, exist_ok=True)
            for number, image in enumerate(self._wardrobe.enrolment(article, rng)):
                (folder / f"drawn-{number}.jpg").write_bytes(_jpeg(image, 88))

    def frames(self, trip: SimulatedTrip, fps: float = 8.0, idle_fps: float | None = None) -> Iterator[FrameReading]:
        """The pictures of one trip in order of receipt.  `idle_fps`: how many while nothing is before the camera."""
        rng = np.random.default_rng([0xF117, zlib.crc32(trip.name.encode()), trip.truth.seed])
        yield from _Film(trip, self._wardrobe, rng).frames(fps, idle_fps or fps)


class _Film:
    """One trip being filmed."""

    def __init__(self, trip: SimulatedTrip, wardrobe: Wardrobe, rng: np.random.Generator) -> None:
        self._trip, self._wardrobe, self._rng = trip, wardrobe, rng
        traits = SensorTraits.drawn(rng)
        self._quality = int(rng.integers(68, 86))
        self._sensor = Sensor(traits, (WIDTH, HEIGHT), rng)
        self._shutter_s = float(rng.uniform(0.004, 0.02))
        self._skin = _SKINS[int(rng.integers(len(_SKINS)))]
        self._sleeve = rng.integers(20, 210, 3).astype(float)
        self._empty = _basket(rng)
        self._lying: dict[int, CutOut] = {}
        self._passings = [self._passing(one) for one in sorted(trip.shown, key=lambda s: s.t_s)]

    def frames(self, fps: float, idle_fps: float) -> Iterator[FrameReading]:
        trip, rng = self._trip, self._rng
        clock = Clock(trip.truth.start_ns, trip.faults)
        dark = [f for f in trip.faults if f.kind in ("power", "camera")]
        scene, inside = self._empty.astype(np.float32), 0
        idle: list[bytes] = []
        moves = [(e.t_ns - trip.truth.start_ns) / 1e9 for e in trip.truth.events]
        t, received, at = 0.2, 0, 0
        while t < trip.lasts_s:
            while at < len(self._passings) and self._passings[at].t1_s + COMING_S < t:
                at += 1
            active = [p for p in self._passings[at : at + 4] if p.t0_s - COMING_S <= t <= p.t1_s + COMING_S]
            past = sum(1 for s in moves if s <= t)
            if past != inside:
                inside, scene = past, self._scene(past)
                idle = []
            if not any(f.t0_s <= t < f.t1_s for f in dark):
                if active:
                    picture = scene.copy()
                    self._draw(picture, active[-1], t)
                    jpeg = self._taken(picture, t)
                else:
                    if len(idle) < IDLE_PICTURES:
                        idle.append(self._taken(scene, t))
                    jpeg = idle[int(rng.integers(len(idle)))]
                now = clock.ns(t)
                received = max(received, now + int(rng.integers(25_000_000, 70_000_000)))
                yield FrameReading(SCAN_CAMERA, now, received, SCAN_CAMERA, jpeg)
            step = (1.0 / fps) * (1.0 + float(rng.normal(0.0, 0.02)))
            if not active:  # slower while nothing comes, but in time for what comes next
                coming = min((p.t0_s - COMING_S - t for p in self._passings[at:]), default=math.inf)
                step = max(step, min(step * fps / idle_fps, coming))
            t += step

    def _taken(self, picture: Float32, t_s: float) -> bytes:
        """The picture as the camera hands it out; the shop's light flickers and changes slowly."""
        light = 1.0 + 0.04 * math.sin(t_s / 17.0) + 0.02 * math.sin(t_s / 3.1)
        rgb = np.ascontiguousarray(np.clip(picture * light, 0, 255).astype(np.uint8)[:, :, ::-1])
        return _jpeg(self._sensor.read(rgb, self._rng)[:, :, ::-1], self._quality)

    def _passing(self, one: Shown) -> Passing:
        rng = self._rng
        view: CutOut | None = None
        if one.piece is not None:
            view = self._wardrobe.code_side(one.piece, rng) if one.code else self._wardrobe.front(one.piece, rng)
        turn = float(rng.normal(0.0, 10.0 if one.code else 28.0))
        scale = float(rng.uniform(0.85, 1.15) if one.code else rng.uniform(0.7, 1.1))
        side = float(rng.choice([-1.0, 1.0]))
        start = Pose(WIDTH / 2 + side * 520.0, HEIGHT + float(rng.uniform(-160, 120)), scale, turn + 35 * side)
        held = Pose(
            WIDTH / 2 + float(rng.normal(0, 45)), HEIGHT / 2 + float(rng.normal(10, 35)), scale, turn,
            float(abs(rng.normal(0.0, 0.06 if one.code else 0.16))),
        )  # fmt: skip
        end = Pose(WIDTH / 2 + float(rng.normal(0, 110)), float(rng.uniform(60, 210)), 0.45 * scale, turn)
        low = 0.42 if one.code else 0.0  # who shows a code holds it free of fingers
        grip = (float(rng.choice([-1.0, 1.0])) * float(rng.uniform(0.3, 0.5)), float(rng.uniform(low, 0.5)))
        wobble = (float(rng.uniform(0, 6.28)), float(rng.uniform(0, 6.28)))
        return Passing(one.t_s, one.t_s + one.lasts_s, view, start, held, end, grip, wobble)

    def _scene(self, past: int) -> Float32:
        """The basket with what lies in it after so many moves."""
        scene = self._empty.astype(np.float32)
        lying: dict[int, str] = {}
        for event in self._trip.truth.events[:past]:
            if event.kind == "placed":
                lying[event.piece] = event.gtin
            else:
                lying.pop(event.piece, None)
        for piece in [p for p in self._trip.shown if p.piece is not None and p.piece.number in lying]:
            if piece.piece is None or lying.pop(piece.piece.number, None) is None:
                continue
            own = np.random.default_rng([piece.piece.number, self._trip.truth.seed])
            pose = Pose(
                float(own.uniform(130, 510)), float(own.uniform(70, 260)), float(own.uniform(0.28, 0.42)),
                float(own.uniform(-180, 180)),
            )  # fmt: skip
            number = piece.piece.number
            if number not in self._lying:
                self._lying[number] = self._wardrobe.front(piece.piece, own)
            _paste(scene, self._lying[number], pose, 0.72)
        return scene

    def _draw(self, picture: Float32, passing: Passing, t_s: float) -> None:
        now, before = passing.pose(t_s), passing.pose(t_s - self._shutter_s)
        way = (now.x - before.x, now.y - before.y)
        if passing.view is None:
            self._hand(picture, now.x, now.y, 110.0, way)
            return
        h, w = passing.view.image.shape[:2]
        grip = (now.x + passing.grip[0] * w * now.scale, now.y + passing.grip[1] * h * now.scale)
        _paste(picture, passing.view, now, 1.0, way)
        self._hand(picture, grip[0], grip[1], 70.0 + 25.0 * now.scale, way)

    def _hand(self, picture: Float32, x: float, y: float, size: float, way: tuple[float, float]) -> None:
        """A hand from below holding on at (x, y): sleeve, wrist, palm and fingers."""
        layer = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
        cover = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
        aside = 1.0 if x > WIDTH / 2 else -1.0
        root = (int(x + aside * 150), HEIGHT + 60)
        wrist = (int(x + aside * 0.55 * size), int(y + 1.1 * size))
        for image, skin, cloth in ((layer, self._skin, tuple(self._sleeve)), (cover, 255, 255)):
            cv2.line(image, root, wrist, cloth, int(0.95 * size), cv2.LINE_AA)
            cv2.line(
                image, wrist, (int(x + aside * 0.2 * size), int(y + 0.4 * size)), skin, int(0.62 * size), cv2.LINE_AA
            )
            for k in range(4):
                knuckle = (int(x + aside * (0.3 - 0.13 * k) * size), int(y + (0.05 + 0.13 * k) * size))
                tip = (int(x - aside * (0.55 + 0.06 * (k % 2)) * size), int(y + (-0.2 + 0.2 * k) * size))
                cv2.line(image, knuckle, tip, skin, int(0.17 * size), cv2.LINE_AA)
        layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), 1.6), np.uint8)
        box = _box_of(cover)
        if box is not None:
            _blend(picture, layer, cover, box, 1.0, way)


def _smooth(share: float) -> float:
    return share * share * (3.0 - 2.0 * share)


def _between(a: Pose, b: Pose, share: float) -> Pose:
    def mix(p: float, q: float) -> float:
        return p + (q - p) * share

    return Pose(
        mix(a.x, b.x), mix(a.y, b.y), mix(a.scale, b.scale), mix(a.turn_deg, b.turn_deg), mix(a.tilt, b.tilt)
    )  # fmt: skip


def _paste(picture: Float32, view: CutOut, pose: Pose, light: float, way: tuple[float, float] = (0.0, 0.0)) -> None:
    """Draw a cut-out into the picture (in place), tilted away by `tilt`."""
    h, w = view.image.shape[:2]
    c, s = math.cos(math.radians(pose.turn_deg)) * pose.scale, math.sin(math.radians(pose.turn_deg)) * pose.scale
    corners = np.array([(-w / 2, -h / 2), (w / 2, -h / 2), (w / 2, h / 2), (-w / 2, h / 2)], dtype=np.float32)
    tilted = corners * np.array([[1 - pose.tilt, 1 - 0.3 * pose.tilt]] * 2 + [[1.0, 1.0]] * 2, dtype=np.float32)
    turned = tilted @ np.array([[c, s], [-s, c]], dtype=np.float32) + np.array([pose.x, pose.y], dtype=np.float32)
    lo, hi = np.floor(turned.min(axis=0)).astype(int) - 2, np.ceil(turned.max(axis=0)).astype(int) + 3
    x0, y0, x1, y1 = max(lo[0], 0), max(lo[1], 0), min(hi[0], WIDTH), min(hi[1], HEIGHT)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    source = corners + np.array([w / 2, h / 2], dtype=np.float32)
    warp = cv2.getPerspectiveTransform(source, turned - np.array([x0, y0], dtype=np.float32))
    size = (x1 - x0, y1 - y0)
    flags = cv2.INTER_LINEAR if pose.scale > 0.75 else cv2.INTER_AREA
    image = np.asarray(cv2.warpPerspective(view.image, warp, size, flags=flags), np.uint8)
    cover = np.asarray(cv2.warpPerspective(view.cover, warp, size, flags=flags), np.uint8)
    full_image, full_cover = image, cover
    _blend_part(picture[y0:y1, x0:x1], full_image, full_cover, light, way)


def _blend(
    picture: Float32, image: Image, cover: Image, box: tuple[int, int, int, int], light: float, way: tuple[float, float]
) -> None:
    x0, y0, x1, y1 = box
    _blend_part(picture[y0:y1, x0:x1], image[y0:y1, x0:x1], cover[y0:y1, x0:x1], light, way)


def _blend_part(part: Float32, image: Image, cover: Image, light: float, way: tuple[float, float]) -> None:
    share = cover.astype(np.float32)[:, :, None] / np.float32(255.0)
    over = image.astype(np.float32) * np.float32(light) * share
    reach = math.ceil(math.hypot(*way) / 2.0)
    if reach >= 1:
        kernel = np.zeros((2 * reach + 1, 2 * reach + 1), dtype=np.float32)
        ends = [(round(16 * (reach + s * way[0] / 2)), round(16 * (reach + s * way[1] / 2))) for s in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, shift=4)
        kernel /= kernel.sum()
        over = np.asarray(cv2.filter2D(over, -1, kernel), np.float32)
        share = np.asarray(cv2.filter2D(share, -1, kernel), np.float32).reshape(*share.shape[:2], 1)
    part *= 1.0 - share
    part += over


def _box_of(cover: Image) -> tuple[int, int, int, int] | None:
    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    if not len(rows):
        return None
    return (
        max(0, int(columns[0]) - 12), max(0, int(rows[0]) - 12),
        min(WIDTH, int(columns[-1]) + 13), min(HEIGHT, int(rows[-1]) + 13),
    )  # fmt: skip


def _basket(rng: np.random.Generator) -> Image:
    """The empty basket from its handle: floor of the shop through a wire grid, the rim, the far wall."""
    floor = np.asarray(float(rng.uniform(90, 180)) * rng.uniform(0.88, 1.08, 3), np.float32)
    picture = np.empty((HEIGHT, WIDTH, 3), dtype=np.float32)
    picture[:] = floor
    tile = int(rng.integers(90, 150))
    for x in range(int(rng.integers(tile)), WIDTH, tile):
        cv2.line(picture, (x, 0), (x, HEIGHT), tuple((floor * 0.8).tolist()), 2, cv2.LINE_AA)
    for y in range(int(rng.integers(tile)), HEIGHT, tile):
        cv2.line(picture, (0, y), (WIDTH, y), tuple((floor * 0.8).tolist()), 2, cv2.LINE_AA)
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 2.5), np.float32)
    picture *= np.linspace(0.75, 1.05, HEIGHT, dtype=np.float32)[:, None, None]
    wire = float(rng.uniform(120, 210))
    step = int(rng.integers(26, 44))
    for k in range(-20, 40):
        far, near = WIDTH / 2 + (k - 10) * step * 0.6, WIDTH / 2 + (k - 10) * step * 1.3
        cv2.line(picture, (int(far), 30), (int(near), HEIGHT), (wire, wire, wire * 1.02), 2, cv2.LINE_AA)
    for y in np.cumsum(np.linspace(0.55, 1.4, 16)) * step:
        cv2.line(picture, (0, int(30 + y)), (WIDTH, int(30 + y)), (wire * 0.93,) * 3, 2, cv2.LINE_AA)
    rim = tuple(float(v) for v in rng.integers(20, 200, 3))
    cv2.rectangle(picture, (0, 0), (WIDTH, 28), rim, -1)
    cv2.line(picture, (0, HEIGHT - 4), (WIDTH, HEIGHT - 4), rim, 16, cv2.LINE_AA)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _jpeg(bgr: Image, quality: int) -> bytes:
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(bgr), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"a picture of shape {bgr.shape} cannot be made a JPEG")
    return bytes(data.tobytes())


_SKINS = (
    (150.0, 175.0, 220.0),
    (120.0, 150.0, 200.0),
    (80.0, 110.0, 160.0),
    (50.0, 70.0, 110.0),
    (135.0, 165.0, 225.0),
)

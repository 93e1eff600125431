"""What of a camera's standing picture has to be drawn again: nothing, some rectangles, or all of it.

Pure bookkeeping, the same for both renderers: it compares the things that stand still with those drawn last time.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aisle.simulation.pictures.drawlist import Things, places
from aisle.simulation.pictures.lamplight import LampGrid, lamp_grid
from aisle.simulation.pictures.openness import Openness, openness_of
from aisle.simulation.pictures.scene import Light, Scene, Thing
from aisle.store.model import Camera

LARGEST_SHARE = 0.4
"""When the rectangles fill more of the picture than this, all of it is drawn."""
_MARGIN_PX = 2
_BLACK = (0.0, 0.0, 0.0)
_DARK = Light(_BLACK, (0.0, 0.0, 1.0), _BLACK, np.zeros((0, 3), dtype=np.float32), _BLACK)
_Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Patch:
    """A rectangle (left, top, width, height) and the things that reach into it."""

    box_px: _Box
    things: Things


@dataclass(frozen=True, slots=True)
class _Drawn:
    things: Things
    rows: npt.NDArray[np.float32]
    light: object
    lamps: LampGrid


class Backdrops:
    """Remembers what each camera's standing picture was drawn from."""

    def __init__(self, layers: int) -> None:
        self._layers = layers
        self._drawn: dict[Camera, _Drawn] = {}
        self._fixed: tuple[Thing, ...] = ()
        self._things = Things.of((), 0)
        self._rows = self._things.rows()
        self._structure: bytes | None = None
        self._lamp_key: object = None
        self.room: Openness = openness_of(self._things)
        self.lamps: LampGrid = lamp_grid(_DARK, self.room)

    def due(self, camera: Camera, scene: Scene) -> tuple[Patch, ...] | None:
        """What to draw before the camera's standing picture is right for the scene; None: it is right."""
        self._take(scene)
        now = _Drawn(self._things, self._rows, _light_key(scene.light), self.lamps)
        before = self._drawn.get(camera)
        self._drawn[camera] = now
        if before is None or before.light != now.light or before.lamps is not now.lamps:
            return (_whole(camera, now.things),)
        if before.rows is now.rows:
            return None
        return _patches(camera, before, now)

    def forget(self, camera: Camera) -> None:
        """The camera's standing picture is gone."""
        self._drawn.pop(camera, None)

    def _take(self, scene: Scene) -> None:
        if self._structure is None or not _same(scene.fixed, self._fixed):
            things = Things.of(scene.fixed, self._layers)
            rows = things.rows()
            self._fixed = scene.fixed
            if self._structure is None or not np.array_equal(rows.view(np.uint32), self._rows.view(np.uint32)):
                self._things, self._rows = things, rows
            building = self._things[self._things.labels < 0]
            structure = building.rows().tobytes()
            if structure != self._structure:
                self._structure, self.room, self._lamp_key = structure, openness_of(building), None
        lamps = np.asarray(scene.light.lamps_m).tobytes()
        if lamps != self._lamp_key:
            self._lamp_key, self.lamps = lamps, lamp_grid(scene.light, self.room)


def _same(a: tuple[Thing, ...], b: tuple[Thing, ...]) -> bool:
    """Whether two scenes hold the very same things: renderers serve several shops, whose versions may be alike."""
    return a is b or (len(a) == len(b) and all(map(operator.is_, a, b)))


def _light_key(light: Light) -> object:
    return (light.ambient, light.sun, light.sun_colour, light.lamp_colour)


def _whole(camera: Camera, things: Things) -> Patch:
    return Patch((0, 0, *camera.size_px), things)


def _patches(camera: Camera, before: _Drawn, now: _Drawn) -> tuple[Patch, ...] | None:
    gone, come = _changes(before.rows, now.rows)
    boxes = [*_boxes(camera, before.things[gone]), *_boxes(camera, now.things[come])]
    if not boxes:
        return None
    joined = _joined(boxes)
    width, height = camera.size_px
    if sum(w * h for _, _, w, h in joined) > LARGEST_SHARE * width * height:
        return (_whole(camera, now.things),)
    found = places(camera, now.things)
    patches = []
    for x, y, w, h in joined:
        x0, y0, x1, y1 = found.boxes_px.T
        touches = found.visible & (x0 <= x + w + 1) & (x1 >= x - 2) & (y0 <= y + h + 1) & (y1 >= y - 2)
        patches.append(Patch((x, y, w, h), now.things[touches]))
    return tuple(patches)


def _changes(
    before: npt.NDArray[np.float32], now: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which rows are not among the others any more, and which are new."""
    old = {row.tobytes() for row in before}
    new = {row.tobytes() for row in now}
    gone = np.array([row.tobytes() not in new for row in before], dtype=bool)
    come = np.array([row.tobytes() not in old for row in now], dtype=bool)
    return gone, come


def _boxes(camera: Camera, things: Things) -> list[_Box]:
    """Whole pixels (left, top, width, height) that cover the visible ones."""
    found = places(camera, things) if len(things) else None
    if found is None:
        return []
    width, height = camera.size_px
    boxes: list[_Box] = []
    for x0, y0, x1, y1 in found.boxes_px[found.visible]:
        left, top = max(0, int(np.floor(x0)) - _MARGIN_PX), max(0, int(np.floor(y0)) - _MARGIN_PX)
        right, bottom = min(width, int(np.ceil(x1)) + 1 + _MARGIN_PX), min(height, int(np.ceil(y1)) + 1 + _MARGIN_PX)
        boxes.append((left, top, right - left, bottom - top))
    return [box for box in boxes if box[2] > 0 and box[3] > 0]


def _joined(boxes: list[_Box]) -> list[_Box]:
    """Boxes that overlap become one."""
    out: list[_Box] = []
    for box in boxes:
        current = box
        apart = False
        while not apart:
            apart = True
            for other in out:
                if _overlap(current, other):
                    out.remove(other)
                    current = _around(current, other)
                    apart = False
                    break
        out.append(current)
    return out


def _overlap(a: _Box, b: _Box) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def _around(a: _Box, b: _Box) -> _Box:
    x, y = min(a[0], b[0]), min(a[1], b[1])
    return (x, y, max(a[0] + a[2], b[0] + b[2]) - x, max(a[1] + a[3], b[1] + b[3]) - y)
